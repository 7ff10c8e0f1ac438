//! `cogtok secret init`: secrets in a sealed file instead of the keyring.

use std::path::PathBuf;

use crate::services::config_edit::edit;
use clap::Args;
use cogtok::error::{Error, Result};
use cogtok::secrets::age_store::make_identity;
use cogtok::settings::types::StoreKind;
use cogtok::store::file::why_others_read;

use crate::app::{App, is_there};
use crate::env;
use crate::io::{shell, terminal};

/// Store secrets in an encrypted file, without a keyring
///
/// The file is encrypted with age. With FILE, cogtok creates an X25519 identity there, and COGTOK_SECRET_IDENTITY=FILE
/// opens the secrets: store it apart from them. Without FILE, a passphrase opens them: COGTOK_PASSPHRASE, or what you
/// type, at least 15 characters. An existing secrets file still opens with what it was created with; cogtok creates no
/// other identity for it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok secret init ~/.config/cogtok/identity.txt\n  \
    cogtok secret init        # a passphrase")]
pub struct Init {
    /// Where to make the identity
    file: Option<PathBuf>,
}

pub fn run(app: &App, args: &Init) -> Result<()> {
    app.expect_new_config();
    // The variable's path must be valid in every directory.
    let file =
        args.file.as_deref().map(std::path::absolute).transpose().map_err(|error| Error::usage(error.to_string()))?;
    let sealed = app.secrets_path()?;
    let is_sealed = is_there(&sealed)?;
    if file.is_some() && is_sealed {
        // A new identity would not open the existing file, and a person who confuses the two might delete the right one.
        let sealed = sealed.display();
        return Err(Error::store(format!(
            "{sealed} already exists, and opens with what it was created with: nothing was changed"
        ))
        .hint("to keep using it: set COGTOK_SECRET_IDENTITY or COGTOK_PASSPHRASE to that, and run `cogtok secret init`")
        .hint("to start over, without the secrets in it: move it away"));
    }
    let public = file.as_deref().map(make_identity).transpose().map_err(|error| {
        let way = "name a file where you can write: cogtok secret init FILE";
        if error.advice().is_empty() { error.hint(way) } else { error }
    })?;
    if file.is_none() {
        app.check_given_sealing_key()?;
    }
    let is_made = file.is_none() && !is_sealed && terminal::can_ask();
    if is_made {
        app.use_secrets_file()?;
    } else {
        edit(&app.config_path()?, app.deadline(), |draft| {
            draft.set_secret_store(StoreKind::File);
            Ok(())
        })?;
    }
    terminal::note("cogtok now stores secrets in an encrypted file; those in the keyring stay there, unused");
    match (&file, public) {
        (Some(file), Some(public)) => {
            terminal::note(&format!("the identity {public} is in {}; without it the secrets are lost", file.display()));
            if let Some(why) = why_others_read(file) {
                log::warn!(target: "cogtok", "{}: {why}", file.display());
            }
            let file = file.display().to_string();
            terminal::hint(shell::HERE.assignment("COGTOK_SECRET_IDENTITY", &file));
        }
        _ if is_sealed => terminal::hint(format!(
            "{} already exists: COGTOK_SECRET_IDENTITY or COGTOK_PASSPHRASE, whichever it was created with, opens it",
            sealed.display()
        )),
        _ if is_made => terminal::hint(format!(
            "cogtok asks for the passphrase when it needs a secret; COGTOK_PASSPHRASE answers. The file is {}",
            sealed.display()
        )),
        _ if env::var("COGTOK_SECRET_IDENTITY").is_some() => {
            terminal::note("COGTOK_SECRET_IDENTITY opens it; without the identity that it names the secrets are lost");
        }
        _ => terminal::hint(
            "cogtok takes the passphrase from COGTOK_PASSPHRASE, or asks for it when it stores or needs a secret",
        ),
    }
    Ok(())
}
