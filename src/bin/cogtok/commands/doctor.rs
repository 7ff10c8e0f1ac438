//! `cogtok doctor`: what could keep the profile from working.

mod report;

use std::time::Duration;

use clap::Args;
use cogtok::error::{Error, Result};
use cogtok::flows::doctor::secrets::Wanted;
use cogtok::flows::doctor::{Check, Finding, aws, configuration, environment, failure, network, pool, secrets, tokens};
use cogtok::profile::Profile;
use cogtok::profile::keys::{Key, Settings};
use cogtok::profile::words::{ClientId, ProfileName, SecretKind};
use cogtok::store::config::Config;

use super::secret::bindings;
use crate::app::{App, aws_environment, offer_old_variables, variable};
use crate::cli::Output;
use crate::{env, terminal};

const FORMS: [Output; 2] = [Output::Text, Output::Json];

/// What the network checks leave of `--timeout`, to tell what they found.
const MARGIN: Duration = Duration::from_millis(100);

/// Find out what keeps a profile from working
///
/// Looks at the configuration, the secret store, AWS credentials, the clock, the network, the pool and its app clients, and
/// says what to type where something is wrong. Nothing is changed, nobody is asked, and no secret is shown: the result can
/// be pasted into a ticket. The exit code is that of the first check that fails.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok doctor -p ws\n  \
    cogtok doctor --offline\n  \
    cogtok doctor --json | jq '.[] | select(.status == \"fail\")'")]
pub struct Doctor {
    /// Leave out what needs the network
    #[arg(long)]
    offline: bool,
}

pub fn run(app: &App, args: &Doctor) -> Result<()> {
    let form = app.output(&FORMS)?;
    let name = app.profile_name();
    let known = name.as_ref().ok().and_then(Option::as_ref);
    let mut found = look(app, args, name.as_ref().map(Option::as_ref));
    found.sort_by_key(|finding| finding.check);
    let profile = known.map(ProfileName::as_str);
    terminal::data(&match form {
        Output::Json => report::json(&found, profile),
        _ => report::text(&found, profile),
    })?;
    match failure(&found) {
        Some(error) => Err(error),
        None if form == Output::Text => {
            terminal::note(&report::summary(&found));
            Ok(())
        }
        None => Ok(()),
    }
}

fn look(app: &App, args: &Doctor, name: Result<Option<&ProfileName>, &Error>) -> Vec<Finding> {
    let (path, config) = (app.config_path(), app.config());
    let known = name.ok().flatten();
    let mut found =
        configuration::configuration(path.as_ref().map(|path| path.as_path()), config.as_ref().copied(), known);
    let config = config.ok();
    let is_there = known.is_none_or(|name| config.is_some_and(|config| config.names().contains(name)));
    let mut settings = app.settings(&[]);
    if name.is_ok_and(|name| name.is_none()) {
        offer_old_variables(&mut settings);
    }
    found.push(match config {
        None if known.is_some() || name.is_err() => Finding::skip(Check::Profile, "the configuration can't be read"),
        config => configuration::chosen(name, named_by(app), config, configuration::is_described(&settings)),
    });
    let config = config.filter(|_| is_there);
    found.extend(configuration::values(
        config.unwrap_or(&Config::default()),
        known.filter(|_| config.is_some()),
        &mut settings,
    ));
    let aws = aws_environment();
    let resolved = match name {
        Ok(name) => Profile::resolve(name.cloned(), &settings, &aws),
        Err(_) => Profile::resolve(None, &settings, &aws),
    };
    match resolved {
        Ok(mut profile) => {
            app.settle_region(&mut profile);
            let is_whole = is_there && name.is_ok() && (config.is_some() || known.is_none());
            found.extend(of_profile(app, args, &profile, is_whole));
            found.push(aws::region(&profile, &settings, aws.region.as_ref().map(|(name, _)| *name)));
        }
        Err(error) => found.push(Finding::of(Check::Profile, &error)),
    }
    let mut written = Settings::default();
    if let (Some(config), Some(name)) = (config, known) {
        Key::ALL.iter().for_each(|key| drop(config.offer_key(name, *key, &mut written)));
    }
    let endpoint = aws.cognito_idp_endpoint.as_ref().map(|(name, _)| *name);
    found.extend(environment::variables(&env::ours(), &settings, &written, endpoint));
    found.extend(env::var("AWS_BEARER_TOKEN_BEDROCK").map(|key| environment::bedrock_key(key.starts_with("eyJ"))));
    found
}

/// Who names the profile.
fn named_by(app: &App) -> &'static str {
    match (&app.global.profile, env::var("COGTOK_PROFILE")) {
        (Some(_), _) => "-p",
        (None, Some(_)) => "COGTOK_PROFILE",
        (None, None) => "`default_profile`",
    }
}

/// What depends on the profile. `is_whole` says whether it could be read.
fn of_profile(app: &App, args: &Doctor, profile: &Profile, is_whole: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    if is_whole && (profile.name.is_some() || profile.user.client_id.is_some() || profile.m2m.client_id.is_some()) {
        found.extend(configuration::completeness(profile));
    }
    let is_listed = |kind: SecretKind, client: &ClientId| {
        profile.secrets.contains(&kind) || app.config().is_ok_and(|config| config.lists_secret(kind, client))
    };
    let mut wanted = Vec::new();
    for kind in SecretKind::STORED_BY_HAND.iter().copied() {
        if kind == SecretKind::M2mClient && profile.m2m.secret_arn.is_some() {
            continue;
        }
        let variable = variable(kind).filter(|name| env::var(name).is_some());
        match bindings(profile, kind) {
            Ok(bindings) => wanted.extend(
                bindings
                    .into_iter()
                    .filter(|binding| variable.is_some() || is_listed(kind, &binding.client_id))
                    .map(|binding| Wanted { binding, variable }),
            ),
            Err(error) if profile.secrets.contains(&kind) => {
                found.push(Finding::skip(Check::Secret, format!("the {kind} secret: {error}")));
            }
            Err(_) => {}
        }
    }
    let seen = app.secrets_to_look_at().and_then(|store| {
        let bindings: Vec<_> = wanted.iter().map(|wanted| wanted.binding.clone()).collect();
        store.look(&bindings)
    });
    found.extend(secrets::secrets(app.store_name(), &seen, &wanted));
    found.extend(pool::identity_pool(profile));
    found.extend(tokens::tokens(profile, &app.cache(), env::now()));
    let has_secret = |kind: SecretKind| wanted.iter().any(|wanted| wanted.binding.kind == kind);
    found.extend(match (args.offline, is_whole) {
        (true, _) => network::skipped(profile, "not looked at: `--offline`"),
        (false, false) => network::skipped(profile, "the profile can't be read"),
        (false, true) => online(app, profile, has_secret),
    });
    found
}

fn online(app: &App, profile: &Profile, has_secret: impl Fn(SecretKind) -> bool) -> Vec<Finding> {
    let until = app.deadline().checked_sub(MARGIN).unwrap_or_else(|| app.deadline());
    let looked = app
        .wire()
        .and_then(|wire| app.block_on(async { Ok(network::network(&wire, profile, until, has_secret).await) }));
    looked.unwrap_or_else(|error| vec![Finding::of(Check::CognitoApi, &error)])
}
