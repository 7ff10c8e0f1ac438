//! What a person does next where no check fails: the command that gets a token, or the one that is missing before it.

use cogtok::error::Advice;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::SecretKind;

use crate::app::{App, Expected, variable};
use crate::commands::login;
use crate::commands::secret::bindings::bindings;
use crate::env;
use crate::io::terminal;
use crate::services::doctor::Finding;

const FIRST_PROFILE: &str = "create a profile: cogtok profile import SOURCE";

/// One command, for the profile in use, after these findings.
pub fn next_step(app: &App, found: &[Finding]) -> Advice {
    let Ok(profile) = app.profile(&[]) else { return Advice::new(FIRST_PROFILE) };
    let has_machine = profile.m2m.client_id.is_some() || profile.m2m.secret_arn.is_some();
    if profile.user.client_id.is_some() {
        of_user(&profile, found.iter().find_map(|finding| finding.takes_browser))
    } else if has_machine && !has_machine_secret(app, &profile) {
        Advice::new("store the client secret: cogtok secret set m2m-client{p}")
    } else if has_machine {
        Advice::new("get a token: cogtok token m2m{p}")
    } else {
        without_client(app, &profile)
    }
}

fn of_user(profile: &Profile, takes_browser: Option<bool>) -> Advice {
    if profile.user.username.is_some() {
        Advice::new("get a token: cogtok token user{p}")
    } else if profile.domain.is_some() && takes_browser.unwrap_or_else(|| login::domain::is_for_users(profile)) {
        Advice::new("sign in with the browser: cogtok login{p}")
    } else {
        Advice::new("get a token: cogtok token user{p} --username NAME")
    }
}

fn without_client(app: &App, profile: &Profile) -> Advice {
    let is_first = app.config().is_ok_and(|config| config.names().is_empty());
    if profile.name.is_some() {
        Advice::new("name the app client: cogtok profile set {name} user.client_id ID")
    } else if !is_first {
        Advice::new("choose a profile: cogtok profile use NAME")
    } else if terminal::can_ask() {
        Advice::new("set up a profile: cogtok init")
    } else {
        Advice::new(FIRST_PROFILE)
    }
}

/// Whether the machine's secret is supplied, or is listed as stored: whether it is there is a check of its own.
fn has_machine_secret(app: &App, profile: &Profile) -> bool {
    let kind = SecretKind::M2mClient;
    let is_listed = || {
        let bindings = bindings(profile, kind).unwrap_or_default();
        let expected = bindings.first().map(|binding| app.expected_secret(profile, binding));
        matches!(expected, Some(Ok(Expected::Stored)))
    };
    profile.m2m.secret_arn.is_some() || variable(kind).is_some_and(|name| env::var(name).is_some()) || is_listed()
}
