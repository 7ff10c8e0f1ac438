//! Variables in the place of a profile: the one that is missing beside those that are set.

use cogtok::error::{AdviceKind, Error};
use cogtok::settings::keys::{Key, OLD_VARIABLES};
use cogtok::settings::types::TokenOwner;
use cogtok::store::config::is_null_device;

use super::App;
use crate::env;

/// The secrets of a machine and of a user, in the old scripts' variable and in cogtok's own.
const OF_MACHINE: (&str, &str) = ("COGNITO_M2M_CLIENT_SECRET", "COGTOK_M2M_CLIENT_SECRET");
const OF_USER: (&str, &str) = ("COGNITO_PASSWORD", "COGTOK_PASSWORD");

/// The variables for a token that are set.
struct SetVariables {
    old: Vec<&'static str>,
    own: Vec<&'static str>,
    /// Whether one of cogtok's own is more than a secret, which may be meant for a profile.
    has_own_setting: bool,
}

impl SetVariables {
    fn of(owner: TokenOwner) -> Self {
        let is_set = |name: &&str| env::secret(name).is_some();
        let settings = || OLD_VARIABLES.iter().filter(move |(key, _)| owner_of(*key) == owner);
        let (old_secret, own_secret) = if owner == TokenOwner::M2m { OF_MACHINE } else { OF_USER };
        let own: Vec<&str> = settings().filter_map(|(key, _)| key.variable()).filter(is_set).collect();
        SetVariables {
            old: settings().map(|(_, name)| *name).chain([old_secret]).filter(is_set).collect(),
            has_own_setting: !own.is_empty(),
            own: own.into_iter().chain(Some(own_secret).filter(is_set)).collect(),
        }
    }
}

/// Whose token needs a setting that the old scripts have a variable for.
const fn owner_of(key: Key) -> TokenOwner {
    match key {
        Key::M2mClientId | Key::TokenUrl | Key::Scopes => TokenOwner::M2m,
        _ => TokenOwner::User,
    }
}

/// The first of the old scripts' variables for this token that is set.
pub fn first_old_variable(owner: TokenOwner) -> Option<&'static str> {
    SetVariables::of(owner).old.first().copied()
}

impl App {
    /// The app client that is missing where no profile names one: a machine's, if only variables for its tokens are set.
    pub fn missing_client(&self) -> Key {
        let is_set = |owner| {
            let set = SetVariables::of(owner);
            !set.old.is_empty() || set.has_own_setting
        };
        if is_set(TokenOwner::M2m) && !is_set(TokenOwner::User) { Key::M2mClientId } else { Key::UserClientId }
    }

    /// The error about a setting that no profile has, as one about its variable, where others for the same token are set.
    pub fn about_variables(&self, error: Error) -> Error {
        match self.missing_variable(&error) {
            Some(named) if matches!(self.profile_name(), Ok(None)) => named,
            _ => error,
        }
    }

    /// As [`App::about_variables`], where no profile is chosen; `None` for any other error.
    pub fn missing_variable(&self, error: &Error) -> Option<Error> {
        let is_not_set = error.advises(AdviceKind::SetKey) || error.advises(AdviceKind::SetKeyOrVariable);
        // The pool's id begins with its Region.
        let is_meant = |key: Key| {
            is_not_set && error.setting() == Some(key.dotted())
                || key == Key::UserPoolId && error.advises(AdviceKind::NameRegionOrPool)
        };
        let (key, old) = OLD_VARIABLES.into_iter().find(|(key, _)| is_meant(*key))?;
        let set = SetVariables::of(owner_of(key));
        let is_old = !set.old.is_empty();
        // What cogtok's own variables lack may be in a configuration that can't be read.
        let is_own = set.has_own_setting && self.config().is_ok();
        let missing = if is_old { old } else { key.variable().filter(|_| is_own)? };
        let names: Vec<&str> = set.old.into_iter().chain(set.own).collect();
        let beside = match names.split_last()? {
            (last, []) => format!("{last} is"),
            (last, others) => format!("{} and {last} are", others.join(", ")),
        };
        let error = Error::config(format!("no profile is chosen, and {missing} is not set, while {beside}"));
        Some(if is_old {
            error.hint(format!("set {missing} as well, or choose a profile with `-p NAME`"))
        } else if self.config_path().is_ok_and(|path| is_null_device(&path)) {
            self.with_profiles_for(Some(key.dotted()), error)
        } else {
            self.with_profiles_for(Some(key.dotted()), error.hint(format!("set {missing} as well")))
        })
    }
}
