//! The error for a profile in use that is not there, with what names it: a variable and the configuration are out of sight.

use cogtok::error::{Advice, Error, Result};
use cogtok::settings::keys::nearest;
use cogtok::settings::types::ProfileName;
use cogtok::store::config::{Config, FIRST_PROFILE, list};

use super::App;
use crate::env;

impl App {
    /// As [`App::profile_name`], of a profile that is there.
    pub fn existing_profile_name(&self) -> Result<Option<ProfileName>> {
        let name = self.profile_name()?;
        match &name {
            Some(known) if !self.config()?.names().contains(known) => Err(self.no_such_profile(known)),
            _ => Ok(name),
        }
    }

    /// The error that this profile in use is not there.
    pub fn no_such_profile(&self, name: &ProfileName) -> Error {
        match self.config() {
            Ok(config) => self.named_by(config, name, config.no_such_profile(name)),
            Err(error) => error,
        }
    }

    /// The error of reading the profile in use; if that is not there, with what names it.
    pub fn about_profile(&self, name: Option<&ProfileName>, error: Error) -> Error {
        let Some((config, name)) = self.config().ok().zip(name) else { return error };
        if error.message() == config.no_such_profile(name).message() {
            self.named_by(config, name, error)
        } else {
            error
        }
    }

    fn named_by(&self, config: &Config, name: &ProfileName, error: Error) -> Error {
        if let Some(homeless) = self.homeless() {
            return error.with_hint(homeless);
        }
        let names = config.names();
        let near = nearest(name.as_str(), names.iter().map(ProfileName::as_str));
        let missing = error.message().to_owned();
        let known = match names.as_slice() {
            [only] => format!("the only profile is {only}"),
            several => format!("the profiles are {}", list(several)),
        };
        if self.global.profile.is_some() {
            return error;
        }
        if env::var("COGTOK_PROFILE").is_some() {
            let error = error.with_message(format!("{missing}, which COGTOK_PROFILE names"));
            return match near {
                Some(near) => error.with_hint(
                    Advice::new(
                        "did you mean `{near}`? set COGTOK_PROFILE to that, or use no profile: {unset}COGTOK_PROFILE",
                    )
                    .text("near", near),
                ),
                None if names.is_empty() => error.with_hint("{unset}COGTOK_PROFILE").hint(FIRST_PROFILE),
                None => error.with_hint(
                    Advice::new("{unset}COGTOK_PROFILE, or set it to another: {known}").text("known", known),
                ),
            };
        }
        let file = config.path().map(|path| format!(" in {}", path.display())).unwrap_or_default();
        let error = error.with_message(format!("{missing}, which `default_profile`{file} names"));
        match near {
            Some(near) => {
                error.with_hint(Advice::new("did you mean `{near}`? cogtok profile use {near}").text("near", near))
            }
            None if names.is_empty() => error.with_hint(FIRST_PROFILE),
            None => {
                error.with_hint(Advice::new("choose another: cogtok profile use NAME; {known}").text("known", known))
            }
        }
    }
}
