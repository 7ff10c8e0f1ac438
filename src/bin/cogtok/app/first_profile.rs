//! What to do where there is no profile yet.

use cogtok::error::Advice;
use cogtok::settings::keys::Key;
use cogtok::store::config::{FIRST_PROFILE, is_null_device};

use super::App;
use crate::env;

/// The variables that a machine's token needs without a profile.
const OF_MACHINE: [&str; 3] = ["COGTOK_M2M_CLIENT_ID", "COGTOK_TOKEN_URL", "COGTOK_M2M_CLIENT_SECRET"];

/// Those that a user's token needs.
const OF_USER: [&str; 4] = ["COGTOK_USER_POOL_ID", "COGTOK_CLIENT_ID", "COGTOK_USERNAME", "COGTOK_PASSWORD"];

impl App {
    /// How to create the first profile, with what this missing setting belongs to. Where the configuration is the system's empty file, none
    /// can be created: variables take its place. Nor can one be where there is no place for a configuration.
    pub fn first_profile(&self, setting: Option<&str>) -> Advice {
        if let Some(homeless) = self.homeless() {
            return homeless;
        }
        let is_of_machine = setting.is_some_and(|setting| setting.starts_with("m2m."));
        match self.config_path().ok().filter(|path| is_null_device(path)) {
            Some(file) => instead(setting).text("file", file.display()),
            None if is_of_machine => Advice::new(
                "create one: cogtok profile import SOURCE, or cogtok profile create NAME --m2m-client-id ID --token-url URL",
            ),
            None => FIRST_PROFILE.into(),
        }
    }
}

impl App {
    /// What to do where there is no place for a configuration; `None` where there is one.
    pub(super) fn homeless(&self) -> Option<Advice> {
        let error = env::config_path(self.global.config.as_deref()).err()?;
        let how =
            error.advice().iter().fold(Advice::new(format!("{}: ", error.message())), |all, how| all.then(how.clone()));
        Some(how)
    }
}

/// What takes the place of a profile where there can be none.
fn instead(setting: Option<&str>) -> Advice {
    let key = setting.and_then(|dotted| Key::parse(dotted).ok());
    let own = key.and_then(Key::variable);
    let needed: Vec<&str> = match setting {
        // What comes before the missing one was given.
        Some(dotted) if dotted.starts_with("m2m.") => {
            OF_MACHINE.iter().copied().skip_while(|name| own.is_some_and(|own| own != *name)).collect()
        }
        Some(dotted) if dotted.starts_with("user.") => OF_USER.to_vec(),
        _ => own.into_iter().collect(),
    };
    let needed: Vec<&str> = needed.into_iter().filter(|name| env::secret(name).is_none()).collect();
    match needed.split_last() {
        None => Advice::new("{file} stands for no configuration: name a file with `--config FILE`"),
        Some((last, [])) => Advice::new("{file} stands for no configuration: set {last}").text("last", last),
        Some((last, others)) => Advice::new("{file} stands for no configuration: set {others} and {last}")
            .text("others", others.join(", "))
            .text("last", last),
    }
}
