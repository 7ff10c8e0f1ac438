//! Runs the checks and passes them what they need from the process.

use std::time::Duration;

use crate::services::doctor::secrets::Wanted;
use crate::services::doctor::targets::Targets;
use crate::services::doctor::{Check, Finding, aws, configuration, environment, network, pool, secrets, tokens};
use cogtok::error::{Error, Result};
use cogtok::secrets::store::SecretId;
use cogtok::settings::aws_services::Service;
use cogtok::settings::keys::{Key, Settings};
use cogtok::settings::profile::{Profile, missing};
use cogtok::settings::types::{ProfileName, SecretKind};
use cogtok::store::config::Config;

use crate::app::{App, Expected, offer_old_variables, variable};
use crate::commands::secret::bindings::bindings;
use crate::env;
use crate::env::aws_environment;
use crate::services::bedrock_key;

/// The part of `--timeout` that the network checks leave for reporting their results.
const MARGIN: Duration = Duration::from_millis(100);

/// Everything, in the order in which it is reported.
pub fn look(app: &App, is_offline: bool, name: Result<Option<&ProfileName>, &Error>) -> Vec<Finding> {
    let (path, config) = (app.config_path(), app.config());
    let known = name.ok().flatten();
    let mut found = configuration::configuration(path.as_deref(), config.as_ref().copied(), known);
    let config = config.ok();
    let mut settings = app.given_settings(&[]);
    if matches!(name, Ok(None)) {
        offer_old_variables(&mut settings);
    }
    let is_missing = |config: &Config| known.filter(|name| !config.names().contains(name));
    // What `-p` names is in sight.
    let missing = config.and_then(is_missing).filter(|_| app.global.profile.is_none());
    found.push(match (config, missing) {
        (None, _) => Finding::skip(Check::Profile, "the configuration can't be read"),
        (Some(_), Some(name)) => Finding::of(Check::Profile, &app.no_such_profile(name)),
        (Some(config), None) => match without_client(app, name, &settings) {
            Some(error) => Finding::of(Check::Profile, &error),
            None => configuration::chosen(name, named_by(app), config, configuration::is_described(&settings)),
        },
    });
    // The profile in its configuration, if both exist.
    let written = config.zip(known).filter(|(config, name)| config.names().contains(name));
    let is_whole = written.is_some() || matches!(name, Ok(None));
    found.extend(configuration::values(written, &mut settings));
    let aws = aws_environment();
    match Profile::resolve(known.cloned(), &settings, &aws) {
        Ok(profile) => {
            let profile = app.resolve_region(profile);
            let targets = written.map(|(config, name)| Targets::of(config, name)).unwrap_or_default();
            found.extend(of_profile(app, is_offline, &profile, is_whole, &targets));
            found.push(if is_whole {
                aws::region(&profile, &settings, aws.region.as_ref().map(|(name, _)| *name))
            } else {
                Finding::skip(Check::Region, "the profile can't be read")
            });
        }
        Err(error) => found.push(configuration::unresolved(&error)),
    }
    let endpoint = aws.endpoints.get(&Service::CognitoIdp).map(|(name, value)| (*name, value.as_str()));
    found.extend(environment::variables(&ours(app), &settings, &alone(written), endpoint));
    let key = env::secret(bedrock_key::VARIABLE);
    found.extend(key.map(|key| environment::bedrock_key(bedrock_key::is_of_cognito(key.expose()))));
    found.sort_by_key(|finding| finding.check);
    found
}

/// The error that variables take the place of a profile, but none of them names the app client.
fn without_client(app: &App, name: Result<Option<&ProfileName>, &Error>, settings: &Settings) -> Option<Error> {
    let has_client = [Key::UserClientId, Key::M2mClientId].iter().any(|key| !settings.list(*key).is_empty());
    let is_meant = matches!(name, Ok(None)) && !has_client && settings.list(Key::SecretArn).is_empty();
    is_meant.then(|| app.missing_variable(&missing(app.missing_client())))?
}

/// The variables of cogtok's that are set, without the name of a profile that `-p` overrides.
fn ours(app: &App) -> Vec<String> {
    let is_in_use = |name: &String| app.global.profile.is_none() || name != "COGTOK_PROFILE";
    env::ours().into_iter().filter(is_in_use).collect()
}

/// The source of the profile's name.
fn named_by(app: &App) -> &'static str {
    match (&app.global.profile, env::var("COGTOK_PROFILE")) {
        (Some(_), _) => "-p",
        (None, Some(_)) => "COGTOK_PROFILE",
        (None, None) => "`default_profile`",
    }
}

/// The profile's settings without options and variables.
fn alone(written: Option<(&Config, &ProfileName)>) -> Settings {
    let mut settings = Settings::default();
    if let Some((config, name)) = written {
        Key::ALL.iter().for_each(|key| drop(config.offer_key(name, *key, &mut settings)));
    }
    settings
}

/// The checks of the profile. `is_whole` says whether it could be read.
fn of_profile(app: &App, is_offline: bool, profile: &Profile, is_whole: bool, targets: &Targets) -> Vec<Finding> {
    let (mut found, wanted) = wanted(app, profile);
    if is_whole && (profile.name.is_some() || profile.user.client_id.is_some() || profile.m2m.client_id.is_some()) {
        found.extend(configuration::completeness(profile, |error| {
            profile.name.is_none().then(|| app.missing_variable(error))?
        }));
    }
    let seen = app.secrets_readonly().and_then(|store| {
        let bindings: Vec<_> = wanted.iter().map(|wanted| wanted.binding.clone()).collect();
        store.look(&bindings)
    });
    found.extend(secrets::secrets(app.store_name(), &seen, &wanted));
    found.extend(pool::identity_pool(profile));
    let has_secret = |kind: SecretKind| wanted.iter().any(|wanted| wanted.binding.kind == kind);
    let of_machine = bindings(profile, SecretKind::M2mClient).unwrap_or_default();
    let is_needed = profile.name.is_some() && profile.m2m.secret_arn.is_none() && !has_secret(SecretKind::M2mClient);
    let never_stored = of_machine.first().filter(|_| is_needed);
    found.extend(tokens::tokens(profile, &app.cache(), never_stored, env::now()));
    let skipped = |why| network::skipped(profile, why).into_iter().chain(targets.skipped(profile, why)).collect();
    found.extend(match (is_offline, is_whole) {
        (true, _) => skipped("skipped: `--offline`"),
        (false, false) => skipped("the profile can't be read"),
        (false, true) => online(app, profile, targets, has_secret),
    });
    found
}

/// The secrets that should be there, and findings about those that can't be looked for.
fn wanted(app: &App, profile: &Profile) -> (Vec<Finding>, Vec<Wanted>) {
    let (mut found, mut wanted) = (Vec::new(), Vec::new());
    for kind in SecretKind::STORED_BY_HAND.iter().copied() {
        if kind == SecretKind::M2mClient && profile.m2m.secret_arn.is_some() {
            continue;
        }
        let variable = variable(kind).filter(|name| env::var(name).is_some());
        match bindings(profile, kind) {
            Ok(bindings) => {
                let is_expected = |binding: &SecretId| {
                    app.expected_secret(profile, binding).is_ok_and(|expected| expected == Expected::Stored)
                };
                let is_wanted = variable.is_some() || bindings.first().is_some_and(is_expected);
                let bindings = bindings.into_iter().filter(|_| is_wanted);
                wanted.extend(bindings.map(|binding| Wanted { binding, variable }));
            }
            Err(error) if profile.secrets.contains(&kind) => {
                found.push(Finding::skip(Check::Secret, format!("the {kind} secret: {error}")));
            }
            Err(_) => {}
        }
    }
    (found, wanted)
}

fn online(app: &App, profile: &Profile, targets: &Targets, has_secret: impl Fn(SecretKind) -> bool) -> Vec<Finding> {
    let until = app.deadline().checked_sub(MARGIN).unwrap_or_else(|| app.deadline());
    let looked = app.wire().and_then(|wire| {
        app.block_on(async {
            let ours = network::network(&wire, profile, until, has_secret);
            let (ours, others) = tokio::join!(ours, targets.network(&wire, profile, until));
            Ok(ours.into_iter().chain(others).collect())
        })
    });
    looked.unwrap_or_else(|error| vec![Finding::of(Check::CognitoApi, &error)])
}
