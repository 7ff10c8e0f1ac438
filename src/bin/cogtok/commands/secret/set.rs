//! `cogtok secret set`: a secret into the keyring or the sealed file.

use std::io::IsTerminal;

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Error, Result};
use cogtok::profile::keys::Key;
use cogtok::profile::words::SecretKind;
use cogtok::secret::Secret;
use cogtok::store::config_edit::edit;

use super::{binding, no_profile};
use crate::app::App;
use crate::{complete, terminal};

/// Store a secret of the profile
///
/// The value is asked for, or read from standard input; one line end behind it is dropped. It is stored for the profile's
/// client and address, and will be sent nowhere else.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok secret set m2m-client -p ws\n  \
    printf %s \"$SECRET\" | cogtok secret set m2m-client -p ws\n  \
    cogtok secret set password -p ws --username alice@example.com")]
pub struct Set {
    /// m2m-client, user-client or password
    #[arg(add = ArgValueCandidates::new(complete::secret_kinds))]
    kind: String,
    /// The user, for a password
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// The token endpoint, for m2m-client
    #[arg(long, value_name = "URL")]
    token_url: Option<String>,
    // Only to say how it is done instead.
    #[arg(hide = true)]
    value: Option<String>,
}

pub fn run(app: &App, args: &Set) -> Result<()> {
    let kind: SecretKind = args.kind.parse()?;
    if args.value.is_some() {
        return Err(Error::usage(
            "the secret is not taken from the command line: every user of this machine can read that",
        )
        .hint(format!("run `cogtok secret set {kind}{{p}}` and type it when asked, or pipe it in"))
        .hint("if that was the real secret, change it: your shell's history may hold it"));
    }
    let mut profile =
        app.profile(&[(Key::Username, args.username.clone()), (Key::TokenUrl, args.token_url.clone())])?;
    if kind != SecretKind::M2mClient {
        app.settle_region(&mut profile);
    }
    let name = profile.name.clone().ok_or_else(no_profile)?;
    let binding = binding(&profile, kind)?;
    let secret = match std::io::stdin().is_terminal() {
        true => terminal::ask_secret(
            &format!("the {binding}"),
            "pipe it in: printf %s \"$SECRET\" | cogtok secret set KIND",
        )?,
        false => Secret::from_bytes(terminal::stdin_bytes()?)?,
    };
    let store = app.secrets()?;
    store.set(&binding, &secret)?;
    edit(&app.config_path()?, app.deadline(), |draft| draft.note_secret(&name, kind, true))?;
    terminal::note(&format!("the {binding} is in {}, to be sent to {} alone", store.name(), binding.origin));
    Ok(())
}
