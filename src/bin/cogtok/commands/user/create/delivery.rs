//! The end of `cogtok user create` for one user: the user and the password are printed, and then the journal forgets them.

use cogtok::error::{Advice, Result, printable};
use cogtok::secret::Secret;
use cogtok::settings::keys::Key;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{SecretKind, Username};
use cogtok::user_pool::user_token;
use serde_json::json;

use crate::app::App;
use crate::app::options::Output;
use crate::io::terminal;
use crate::io::terminal::WriteOutcome;
use crate::services::create_user::Made;
use crate::services::journal::{Journal, Record};

/// The forms of a user's output.
pub const FORMS: [Output; 3] = [Output::Text, Output::Json, Output::Jsonl];

/// Prints the user and, once that is out, forgets the journal's record.
pub fn hand_over(
    app: &App,
    saves_password: bool,
    profile: &Profile,
    journal: &Journal,
    record: &Record,
    made: &Made,
) -> Result<()> {
    let user = &made.user;
    let password = made.password.as_ref().map(Secret::expose);
    let email = user.email.as_deref().or(record.attributes.get("email").map(String::as_str));
    let text = match app.output(&FORMS)? {
        form @ (Output::Json | Output::Jsonl) => {
            let json = json!({
                "user_pool_id": record.user_pool_id,
                "username": user.username,
                "sub": user.sub,
                "email": email,
                "password": password,
                "password_is_permanent": made.is_permanent,
                "status": user.status,
            });
            if form == Output::Jsonl { terminal::json_line(&json) } else { terminal::json(&json) }
        }
        _ => {
            let lines = [
                ("user_pool_id", Some(record.user_pool_id.as_str())),
                ("username", Some(user.username.as_str())),
                ("sub", user.sub.as_deref()),
                ("email", email),
                // Whoever gave the password knows it, and this may be the log of a build.
                ("password", password.filter(|_| record.is_generated)),
                ("status", user.status.as_deref()),
            ];
            let shown =
                lines.iter().filter_map(|(name, value)| Some(format!("{name:<13} {}\n", printable((*value)?, 300))));
            shown.collect()
        }
    };
    if saves_password
        && let Some(password) = &made.password
        && let Err(error) = save(app, profile, &record.username, password)
    {
        // Printing the password matters more than storing it.
        log::warn!(target: "cogtok", "the password is not saved: {error}");
    }
    // If printing failed, nobody has seen the password, so the record stays.
    match terminal::data(&text) {
        Ok(WriteOutcome::Yes) => {
            // The user exists and the password is printed, so a leftover record is not an error.
            if let Err(error) = journal.remove(record) {
                log::warn!(target: "cogtok", "{error}");
            }
            Ok(())
        }
        Ok(WriteOutcome::Nowhere | WriteOutcome::NobodyReads) => {
            log::warn!(target: "cogtok", "the password of {} could not be printed", record.username);
            terminal::hint("print it again: cogtok user create{p} --resume");
            Ok(())
        }
        Err(error) => Err(error
            .context(&format!("the user {} was created, and its password is in the journal", record.username))
            .hint("print it again: cogtok user create{p} --resume")),
    }
}

fn save(app: &App, profile: &Profile, username: &str, password: &Secret) -> Result<()> {
    let username: Username = username.parse()?;
    let binding = user_token::secret_binding(profile, SecretKind::Password, Some(&username)).map_err(|error| {
        error.hint(
            Advice::new("`--save-password` keeps it for the client of `{key}`").text("key", Key::UserClientId.dotted()),
        )
    })?;
    app.keep_secret(profile.name.as_ref(), &[binding], password)
}
