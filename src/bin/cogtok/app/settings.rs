//! Which profile, and its settings: options before variables before the configuration.

use cogtok::error::{Advice, AdviceKind, Error, Kind, Result};
use cogtok::settings::aws_services::Service;
use cogtok::settings::keys::{Key, OLD_VARIABLES, Settings, ValueOrigin};
use cogtok::settings::profile::{AwsEnvironment, Profile};
use cogtok::settings::types::ProfileName;
use cogtok::store::config::{Config, Oddity, list};
use cogtok::store::file::why_others_write;

use super::App;
use crate::env;
use crate::env::aws_environment;
use crate::io::terminal;

impl App {
    /// The profile with the options of the command, the global ones and the variables applied.
    pub fn profile(&self, options: &[(Key, Option<String>)]) -> Result<Profile> {
        let name = self.profile_name()?;
        if let Some(config) = self.config_in_reach()? {
            for oddity in config.oddities(name.as_ref()) {
                log::warn!(target: "cogtok", "{}", about(&oddity));
            }
            if let Some((path, why)) = config.path().and_then(|path| Some((path, why_others_write(path)?))) {
                log::warn!(target: "cogtok", "{} says where secrets go, and {why}", path.display());
            }
        }
        let settings =
            self.settings(name.as_ref(), options).map_err(|error| self.about_profile(name.as_ref(), error))?;
        let mut profile = Profile::resolve(name, &settings, &aws_environment())?;
        self.note_settings(settings);
        profile.m2m.state_dir = self.dirs().state.clone();
        if self.is_inside.get() {
            profile.is_inside_aws_credentials = true;
            profile.aws_profile = profile.aws_profile.filter(|_| profile.is_aws_profile_asked);
        }
        if let Some(endpoint) = profile.endpoint(Service::CognitoIdp) {
            log::info!(target: "cogtok", "the Cognito API is at {endpoint}");
        }
        (self.on_profile)(&profile);
        Ok(profile)
    }

    /// The settings from options, variables and the profile of this name, each from the strongest source.
    pub fn settings(&self, name: Option<&ProfileName>, options: &[(Key, Option<String>)]) -> Result<Settings> {
        let mut settings = self.given_settings(options);
        match name {
            Some(name) => self.config()?.offer(name, &mut settings)?,
            None => offer_old_variables(&mut settings),
        }
        Ok(settings)
    }

    /// The settings from the command's options, the global options and the variables.
    pub fn given_settings(&self, options: &[(Key, Option<String>)]) -> Settings {
        let mut settings = Settings::default();
        for (key, value) in options.iter().chain(&self.global_options()) {
            if let Some(value) = value {
                settings.offer(*key, vec![value.clone()], ValueOrigin::Flag);
            }
        }
        for (key, variable) in Key::ALL.iter().filter_map(|key| key.variable().map(|variable| (*key, variable))) {
            if let Some(value) = env::var(variable) {
                settings.offer(key, vec![value], ValueOrigin::Variable(variable));
            }
        }
        settings
    }

    /// The global options that are settings of a profile.
    pub fn global_options(&self) -> [(Key, Option<String>); 3] {
        [
            (Key::Region, self.global.region.clone()),
            (Key::AwsProfile, self.global.aws_profile.clone()),
            (Key::EndpointUrl, self.global.endpoint_url.clone()),
        ]
    }

    /// A profile without a name, from `found`, the global options and their variables: for calls to AWS before a profile exists.
    pub fn bare_profile(&self, found: &[(Key, Option<&str>)]) -> Result<Profile> {
        let mut settings = Settings::default();
        for (key, value) in self.global_options() {
            if let Some(value) = value {
                settings.offer(key, vec![value], ValueOrigin::Flag);
            }
            if let Some((variable, value)) = key.variable().and_then(|name| Some((name, env::var(name)?))) {
                settings.offer(key, vec![value], ValueOrigin::Variable(variable));
            }
        }
        for (key, value) in found {
            if let Some(value) = value {
                settings.offer(*key, vec![(*value).to_owned()], ValueOrigin::Profile);
            }
        }
        Profile::resolve(None, &settings, &aws_environment())
    }

    /// The global options that are settings of a profile, each with its value and the option or variable that gave it.
    pub fn given_options(&self) -> Vec<(Key, String, &'static str)> {
        let names = ["--region", "--aws-profile", "--endpoint-url"];
        let given = self.global_options().into_iter().zip(names).filter_map(|((key, value), option)| {
            let from_variable = || key.variable().and_then(|name| Some((key, env::var(name)?, name)));
            value.map(|value| (key, value, option)).or_else(from_variable)
        });
        given.collect()
    }

    /// The error for a missing setting; if no profile was chosen, it says that instead.
    pub fn without_profile(&self, profile: &Profile, error: Error) -> Error {
        if profile.name.is_some() || error.kind() != Kind::Config {
            return error;
        }
        if let Some(error) = self.missing_variable(&error) {
            return error;
        }
        let chosen = Error::config(format!("no profile is chosen, and {}", error.message()));
        // A hint for an option that works without a profile stays.
        let of_its_own = error.advice().iter().filter(|hint| !is_for_a_profile(hint));
        let chosen = of_its_own.fold(chosen, |chosen, hint| chosen.hint(hint.clone()));
        self.with_profiles_for(error.setting(), chosen)
    }

    /// The error when no profile is chosen, unless the configuration can't be read: it may have what is missing, so that is the error then.
    pub fn unless_unreadable(&self, error: Error) -> Error {
        match self.config() {
            Ok(_) => error,
            Err(why) => why.hint(format!("without that configuration, {}", error.message())),
        }
    }

    /// The error when no profile is chosen, with how to choose or create one.
    pub fn with_profiles(&self, error: Error) -> Error {
        self.with_profiles_for(None, error)
    }

    /// As [`App::with_profiles`], where this setting is missing.
    pub(super) fn with_profiles_for(&self, setting: Option<&str>, error: Error) -> Error {
        let Ok(names) = self.config().map(Config::names) else { return self.unless_unreadable(error) };
        if names.is_empty() {
            error.hint(self.first_profile(setting))
        } else {
            error.hint(
                Advice::new("choose one with `-p NAME` or `cogtok profile use NAME`: {names}")
                    .text("names", list(&names)),
            )
        }
    }
}

/// Lets the variables of the old scripts replace a profile. They are never combined with one.
pub fn offer_old_variables(settings: &mut Settings) {
    for (key, variable) in OLD_VARIABLES {
        if let Some(value) = env::var(variable) {
            log::info!(target: "cogtok", "{variable} replaces a profile");
            settings.offer(key, vec![value], ValueOrigin::Variable(variable));
        }
    }
}

/// A profile from the configuration and the AWS tools' variables, without options.
pub fn as_written(config: &Config, name: &ProfileName) -> Result<Profile> {
    with_options(config, name, &[])
}

/// A profile from the configuration, without even the AWS tools' variables.
pub fn without_variables(config: &Config, name: &ProfileName) -> Result<Profile> {
    let mut settings = Settings::default();
    config.offer(name, &mut settings)?;
    Profile::resolve(Some(name.clone()), &settings, &AwsEnvironment::default())
}

/// A profile from the configuration, the AWS tools' variables and these options.
pub fn with_options(config: &Config, name: &ProfileName, options: &[(Key, Option<String>)]) -> Result<Profile> {
    let mut settings = Settings::default();
    for (key, value) in options {
        if let Some(value) = value {
            settings.offer(*key, vec![value.clone()], ValueOrigin::Flag);
        }
    }
    config.offer(name, &mut settings)?;
    Profile::resolve(Some(name.clone()), &settings, &aws_environment())
}

/// The warning about an oddity in the configuration, with what to do about it.
pub fn about(oddity: &Oddity) -> String {
    if matches!(oddity, Oddity::Secret(_)) {
        let store = terminal::shown(&Advice::new("; `cogtok secret set KIND{p}` takes them"));
        format!("{oddity}{}", store.unwrap_or_default())
    } else {
        oddity.to_string()
    }
}

/// Whether the advice is to change a profile.
fn is_for_a_profile(advice: &Advice) -> bool {
    use AdviceKind::{ChangeKey, NameTarget, SetDomain, SetKey, SetKeyOrVariable, SetTargetUrl};
    let kinds = [ChangeKey, NameTarget, SetDomain, SetKey, SetKeyOrVariable, SetTargetUrl];
    advice.kind().is_some_and(|kind| kinds.contains(&kind))
}
