//! `cogtok secret init`: secrets in a sealed file instead of the keyring.

use std::path::PathBuf;

use clap::Args;
use cogtok::error::{Error, Result};
use cogtok::profile::words::StoreKind;
use cogtok::store::config_edit::edit;
use cogtok::store::sealed::make_identity;

use crate::app::App;
use crate::{shell, terminal};

/// Keep secrets in one file encrypted with age, for machines without a keyring
///
/// With FILE, an X25519 identity is made there, and COGTOK_SECRET_IDENTITY=FILE opens the secrets: keep it apart from
/// them. Without, a passphrase does: COGTOK_PASSPHRASE, or what is typed when asked.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok secret init ~/.config/cogtok/identity.txt\n  \
    cogtok secret init        # a passphrase")]
pub struct Init {
    /// Where to make the identity
    file: Option<PathBuf>,
}

pub fn run(app: &App, args: &Init) -> Result<()> {
    app.make_config();
    // The variable must mean the same file in every directory.
    let file =
        args.file.as_deref().map(std::path::absolute).transpose().map_err(|error| Error::usage(error.to_string()))?;
    let public = file.as_deref().map(make_identity).transpose()?;
    edit(&app.config_path()?, app.deadline(), |draft| {
        draft.set_secret_store(StoreKind::File);
        Ok(())
    })?;
    terminal::note("secrets are kept in an encrypted file from now on; those in the keyring stay there unused");
    match (&file, public) {
        (Some(file), Some(public)) => {
            terminal::note(&format!("the identity {public} is in {}; without it the secrets are lost", file.display()));
            let value = shell::quoted(&file.display().to_string());
            terminal::hint(&format!("export COGTOK_SECRET_IDENTITY={value}"));
        }
        _ => terminal::hint(
            "the passphrase is taken from COGTOK_PASSPHRASE or asked for when a secret is stored or needed",
        ),
    }
    Ok(())
}
