//! Asks a person for a user name that nothing else gives, and stores it on request.

use cogtok::error::Result;
use cogtok::settings::keys::Key;
use cogtok::settings::types::{ProfileName, Username};

use crate::app::App;
use crate::io::terminal;
use crate::io::terminal::Question;
use crate::services::config_edit::edit;

impl App {
    /// Asks who signs in.
    ///
    /// # Errors
    /// As [`terminal::ask_line`].
    pub fn ask_username(&self) -> Result<Username> {
        let question = Question::new("User name", "the user name");
        terminal::until_taken(|| {
            Ok(terminal::ask_line_once(question.clone(), "add `--username NAME`")?.and_then(|name| name.parse()))
        })
    }

    /// Offers to save the name as the profile's user. That it can't be saved is only a warning.
    pub fn offer_username(&self, name: Option<&ProfileName>, username: &Username) {
        let Some(name) = name.filter(|_| self.may_offer()) else { return };
        let question = format!("Save {username} as this profile's user?");
        let saved = terminal::offer(&question).and_then(|is_wanted| {
            if is_wanted { self.save_setting(name, Key::Username, username.as_str()) } else { Ok(()) }
        });
        if let Err(error) = saved {
            log::warn!(target: "cogtok", "the user name is not saved: {error}");
        }
    }

    /// Gives a key of a profile this value in the configuration.
    ///
    /// # Errors
    /// As [`edit`].
    pub fn save_setting(&self, name: &ProfileName, key: Key, value: &str) -> Result<()> {
        edit(&self.config_path()?, self.deadline(), |draft| draft.set(name, key, &[value.to_owned()]))
    }
}
