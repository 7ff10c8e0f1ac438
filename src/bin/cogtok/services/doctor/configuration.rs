//! The configuration file and the profile in use.

use std::path::Path;

use crate::services::config_lint;
use crate::services::doctor::hints;
use crate::services::doctor::hints::with;
use crate::services::doctor::{Check, Finding};
use cogtok::error::{Advice, Error, Kind, Result};
use cogtok::oauth::client_credentials;
use cogtok::settings::keys::{Key, OLD_VARIABLES, Settings, ValueOrigin, nearest};
use cogtok::settings::profile::Profile;
use cogtok::settings::secret_detection::is_misplaced;
use cogtok::settings::types::ProfileName;
use cogtok::store::config::{self, Config};
use cogtok::store::file;

/// The most oddities of the file that are reported.
const MOST: usize = 8;

/// The file: whether it is readable and private, and what it contains that nothing reads.
pub fn configuration(
    path: Result<&Path, &Error>,
    config: Result<&Config, &Error>,
    name: Option<&ProfileName>,
) -> Vec<Finding> {
    let check = Check::Configuration;
    let (path, config) = match (path, config) {
        (Err(error), _) | (_, Err(error)) => return vec![Finding::of(check, error)],
        (Ok(path), Ok(config)) => (path, config),
    };
    let shown = path.display().to_string();
    if config::is_null_device(path) {
        return vec![Finding::ok(check, format!("none: {shown} stands for no configuration"))];
    }
    if file::is_absent(path) {
        return vec![Finding::warn(check, format!("there is no {shown} yet"), config::FIRST_PROFILE)];
    }
    let mut found = match file::permission_problem(path) {
        None => vec![Finding::ok(check, format!("{shown}, readable and private"))],
        Some(why) => {
            let hint = if why == file::FOREIGN { hints::FOREIGN } else { hints::PRIVATE };
            vec![Finding::warn(check, format!("{shown}: {why}"), with(hint, &shown))]
        }
    };
    found.extend(lint_of(path, config, name));
    let unknown = |error: Error| Finding::fail(check, error.kind(), error.message(), hints::SECRET_STORE);
    found.extend(config.secret_store().err().map(unknown));
    found
}

/// The findings of `profile lint` for the profile in use and the whole file, except values, which are checked one by one.
fn lint_of(path: &Path, config: &Config, name: Option<&ProfileName>) -> Vec<Finding> {
    let check = Check::Configuration;
    let Ok(Some(text)) = config::read_text(path) else { return Vec::new() };
    let is_there = name.is_some_and(|name| config.names().contains(name));
    let is_meant = |found: &&config_lint::Finding| match (&found.profile, found.key.as_deref()) {
        (None, Some("secret_store")) => false,
        // The profile's own check reports a broken default that is in use.
        (None, Some("default_profile")) => is_there,
        (None, _) => true,
        (Some(profile), None) => profile.parse::<ProfileName>().is_err(),
        (Some(profile), Some(key)) => {
            name.is_some_and(|name| name.as_str() == profile) && Key::ALL.iter().all(|known| known.dotted() != key)
        }
    };
    let all = config_lint::lint(&text);
    let meant: Vec<_> = all.iter().filter(is_meant).collect();
    let told = |odd: &&config_lint::Finding| {
        let hint = odd.hint.clone().unwrap_or_else(|| config::EDIT.into());
        Finding::warn(check, format!("line {}: {}", odd.line, odd.message), hint)
    };
    let mut found: Vec<Finding> = meant.iter().take(MOST).map(told).collect();
    if let Some(more @ 1..) = meant.len().checked_sub(MOST) {
        found.push(Finding::warn(check, format!("and {more} more"), hints::LINT));
    }
    found
}

/// The profile in use. `named_by` is the source of its name; `is_described` says whether options and variables replace a profile.
pub fn chosen(
    name: Result<Option<&ProfileName>, &Error>,
    named_by: &str,
    config: &Config,
    is_described: bool,
) -> Finding {
    let check = Check::Profile;
    let names = config.names();
    match name {
        Err(error) => Finding::of(check, error),
        Ok(Some(name)) if !names.contains(name) => {
            let error = config.no_such_profile(name);
            let finding = Finding::of(check, &error);
            let choose = Advice::new(hints::CHOOSE).text("value", config::list(&names));
            match nearest(name.as_str(), names.iter().map(ProfileName::as_str)) {
                Some(near) => Finding {
                    hint: Some(Advice::new("did you mean `{near}`? cogtok profile use {near}").word("near", near)),
                    ..finding
                },
                None if names.is_empty() => finding,
                None => Finding { hint: Some(choose), ..finding },
            }
        }
        Ok(Some(name)) => Finding::ok(check, format!("`{name}`, from {named_by}")),
        Ok(None) if is_described => Finding::ok(check, "none; options and variables replace it"),
        Ok(None) if names.is_empty() => Finding::warn(check, "there is none yet", config::FIRST_PROFILE),
        Ok(None) => {
            let hint = Advice::new(hints::CHOOSE).text("value", config::list(&names));
            Finding::warn(check, "none is chosen, so only this machine is checked", hint)
        }
    }
}

/// Reads the profile's values and skips invalid ones. They are not shown: a misplaced value may be a secret.
pub fn values(written: Option<(&Config, &ProfileName)>, settings: &mut Settings) -> Vec<Finding> {
    let mut found = Vec::new();
    for key in Key::ALL.iter().copied() {
        if let Some(Err(error)) = written.map(|(config, name)| config.offer_key(name, key, settings)) {
            found.push(Finding::of(Check::Profile, &error));
            continue;
        }
        if settings.list(key).iter().any(|value| is_misplaced(key, value)) {
            found.push(misplaced(key, settings.origin(key)));
            settings.forget(key);
            continue;
        }
        let wrong = settings.list(key).iter().find_map(|value| key.check(value).err());
        let Some(error) = wrong else { continue };
        let (place, kind, hint) = match settings.origin(key) {
            Some(ValueOrigin::Variable(variable)) => (*variable, error.kind(), with(hints::UNSET, variable)),
            Some(ValueOrigin::Flag) => (key.dotted(), error.kind(), hints::HELP.into()),
            _ => (key.dotted(), Kind::Config, config::how_to_set(key)),
        };
        found.push(Finding::fail(Check::Profile, kind, unvalued(place, error.message()), hint));
        settings.forget(key);
    }
    found
}

/// A value that looks like a secret, which would else be shown with what is looked at next.
fn misplaced(key: Key, origin: Option<&ValueOrigin>) -> Finding {
    let (place, hint) = match origin {
        Some(ValueOrigin::Variable(variable)) => (*variable, with(hints::UNSET, variable)),
        Some(ValueOrigin::Flag) => (key.dotted(), hints::HELP.into()),
        _ => (key.dotted(), with(hints::TAKE_OUT, key.dotted())),
    };
    Finding::fail(Check::Profile, Kind::Config, format!("the value of {place} looks like a secret"), hint)
}

/// Another reason why the profile can't be read, such as an AWS variable.
pub fn unresolved(error: &Error) -> Finding {
    without_value(Check::Profile, error)
}

/// The finding for an error, without the value that it is about.
pub(crate) fn without_value(check: Check, error: &Error) -> Finding {
    let finding = Finding::of(check, error);
    match error.message().split_once(": `") {
        Some((place, _)) => Finding { detail: unvalued(place, error.message()), ..finding },
        None => finding,
    }
}

/// A parser's message, which begins with the value, without it.
fn unvalued(place: &str, message: &str) -> String {
    let verbs = ["` is ", "` can't "];
    let rule = verbs.iter().filter_map(|verb| message.rfind(verb)).max().and_then(|at| message.get(at + 2..));
    match rule {
        Some(rule) => format!("the value of {place} {rule}"),
        None => format!("{place}: {message}"),
    }
}

/// Whether the profile has what its tokens need. `about_variables` says which variable is missing, where they take its place.
pub fn completeness(profile: &Profile, about_variables: impl Fn(&Error) -> Option<Error>) -> Vec<Finding> {
    let check = Check::Profile;
    let mut found = Vec::new();
    let has_machine = profile.m2m.client_id.is_some() || profile.m2m.secret_arn.is_some();
    if profile.user.client_id.is_some() {
        if let Err(error) = profile.user_pool_id() {
            let hint = with(hints::SET, Key::UserPoolId.dotted());
            let unset = || Finding::warn(check, "`user_pool_id` is not set: SRP and verifying tokens need it", hint);
            found.push(about_variables(&error).map_or_else(unset, |error| Finding::of(check, &error)));
        }
    } else if !has_machine {
        found.push(Finding::warn(check, "it names no app client, so there are no tokens to get", hints::FOR_USERS));
    }
    if has_machine && let Err(error) = client_credentials::cache_key(profile) {
        let unset = || Finding::fail(check, error.kind(), error.message(), hints::TOKEN_URL);
        found.push(about_variables(&error).map_or_else(unset, |error| Finding::of(check, &error)));
    }
    found
}

/// Whether settings describe something without a profile.
pub fn is_described(settings: &Settings) -> bool {
    OLD_VARIABLES.iter().any(|(key, _)| !settings.list(*key).is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_shows_a_value_that_it_can_not_have() {
        let value = "canary `x` is \u{1b} a secret";
        for key in Key::ALL.iter().copied() {
            let Err(error) = key.check(value) else { continue };
            let shown = unvalued(key.dotted(), error.message());
            assert!(!shown.contains("canary") && shown.contains(key.dotted()), "{shown}");
        }
        let error = Error::usage("AWS_REGION: `canary b` is not a Region: one looks like us-east-1");
        assert_eq!(unresolved(&error).detail, "the value of AWS_REGION is not a Region: one looks like us-east-1");
    }
}
