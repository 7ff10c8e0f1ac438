//! `cogtok secret set`: a secret into the keyring or the sealed file.

use std::io::IsTerminal;

use clap::Args;
use cogtok::error::{Advice, Error, Result};
use cogtok::secret::Secret;
use cogtok::secrets::store::shaped;
use cogtok::settings::types::SecretKind;
use cogtok::user_pool::totp::Totp;

use super::bindings::receivers;
use super::secret_selector::SecretSelector;
use crate::app::App;
use crate::io::shell::HERE;
use crate::io::terminal;
use crate::io::terminal::Question;

/// Store a secret of the profile
///
/// cogtok asks for the value, or reads it from standard input and drops one line end. The secret is stored for the
/// profile's client and address, and is sent nowhere else. Only a token exchange sends a machine's secret to AWS's own
/// Cognito API as well.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok secret set m2m-client -p ws\n  \
    printf %s \"$SECRET\" | cogtok secret set m2m-client -p ws\n  \
    cogtok secret set password -p ws --username alice@example.com\n  \
    cogtok secret set totp -p ws --username totp@example.com")]
pub struct Set {
    #[command(flatten)]
    which: SecretSelector,
    // Accepted only for a better error message.
    #[arg(hide = true)]
    value: Option<String>,
}

pub fn run(app: &App, args: &Set) -> Result<()> {
    let kind = args.which.kind()?;
    if args.value.is_some() {
        return Err(Error::usage(
            "cogtok takes no secret from the command line: every user of this machine can read it",
        )
        .hint(Advice::new("run `cogtok secret set {kind}{p}` and type it when asked, or pipe it in").text("kind", kind))
        .hint("if that was the real secret, change it: your shell's history may contain it"));
    }
    let (name, bindings) = args.which.find(app)?;
    let Some(binding) = bindings.first() else { return Ok(()) };
    let shaped = |secret: Secret| {
        let secret = shaped(kind, secret)?;
        if kind == SecretKind::Totp {
            Totp::new(&secret)?;
        }
        Ok(secret)
    };
    let secret = if std::io::stdin().is_terminal() {
        terminal::ask_shaped(
            Question::new(format!("Value of the {binding}"), format!("the {binding}")),
            Advice::new("pipe it in: {secret} | cogtok secret set {kind}{p}")
                .text("secret", HERE.printed("SECRET"))
                .text("kind", kind),
            shaped,
        )?
    } else {
        let not_stored = format!("the {kind} secret is not stored");
        shaped(terminal::stdin_secret()?).map_err(|error| error.context(&not_stored))?
    };
    app.with_store(|app| app.keep_secret(Some(&name), &bindings, &secret))?;
    let store = app.secrets()?;
    terminal::note(&format!(
        "stored the {binding} in {}; cogtok sends it only to {}",
        store.name(),
        receivers(&app.profile(&[])?, &bindings)
    ));
    if let Some(username) = args.which.asked_username(app, binding)? {
        app.offer_username(Some(&name), username);
    }
    Ok(())
}
