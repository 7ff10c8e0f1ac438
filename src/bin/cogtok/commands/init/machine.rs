//! The first token of a machine.

use cogtok::error::{Advice, Kind, Result};
use cogtok::secrets::store::shaped;
use cogtok::settings::types::SecretKind;

use crate::app::App;
use crate::commands::profile::import::ProfilePlan;
use crate::commands::secret::bindings::bindings;
use crate::commands::token::m2m::{M2m, serve};
use crate::io::moment::moment;
use crate::io::terminal;
use crate::io::terminal::Question;

/// How the import names the secret that a profile lacks.
pub const CLIENT_SECRET: &str = "the client secret";

/// Gets a token for the profile's machine, with its secret asked for and stored where there is none.
pub fn sign_in(app: &mut App, plan: &ProfilePlan) -> Result<()> {
    let kind = SecretKind::M2mClient;
    let profile = app.resolve_region(app.profile(&[])?);
    let is_needed = plan.missing.iter().any(|missing| missing.what.ends_with(CLIENT_SECRET));
    let bindings = bindings(&profile, kind)?;
    let mut tries = 1;
    let served = loop {
        if is_needed {
            let question = Question::new("Client secret", "the client secret");
            let secret = terminal::ask_shaped(question, "", |typed| shaped(kind, typed))?;
            app.with_needed_store(|app| app.keep_secret(Some(&plan.name), &bindings, &secret))?;
            app.reread_config();
        }
        match serve(app, &M2m::default()) {
            Err(error) if is_needed && error.kind() == Kind::Refused && tries < terminal::MOST_TRIES => {
                log::info!(target: "cogtok", "{}", error.message());
                terminal::ask_again("wrong client id or secret", terminal::MOST_TRIES - tries);
                tries += 1;
            }
            served => break served?.2,
        }
    };
    let until = served.tokens.access.expires_at.map(|end| format!(", until {}", moment(end))).unwrap_or_default();
    terminal::note(&format!("cogtok has stored a machine-to-machine token{until}"));
    terminal::hint(Advice::new("print it: cogtok token m2m -p {name}").word("name", &plan.name));
    terminal::hint(Advice::new("call an API with it: cogtok call http URL -p {name}").word("name", &plan.name));
    Ok(())
}
