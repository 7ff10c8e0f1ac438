//! Compares the app clients' settings with the profile's.

use crate::services::doctor::hints;
use crate::services::doctor::hints::with;
use crate::services::doctor::{Check, Finding, aws};
use cogtok::aws::app_clients::AppClient;
use cogtok::aws::service_error::advice_for;
use cogtok::error::{Advice, Error, Kind, Result, printable};
use cogtok::oauth::client_credentials;
use cogtok::settings::profile::Profile;
use cogtok::settings::redirect_uri::RedirectUri;
use cogtok::settings::types::{Scopes, Transport};

/// Why nothing that takes a signed call is looked at.
pub(crate) const NO_CREDENTIALS: &str = "skipped: needs AWS credentials";

/// A client or a pool that could not be looked at.
pub(crate) fn unseen(check: Check, error: &Error) -> Finding {
    match aws::not_permitted(error) {
        Some(why) => Finding::skip(check, why),
        None => Finding::of(check, error),
    }
}

/// The users' app client. `has_secret` says whether its secret is stored or supplied.
pub(crate) fn user(profile: &Profile, client: &AppClient, has_secret: bool) -> Vec<Finding> {
    let check = Check::UserClient;
    let fail = |detail: String, hint: Advice| Finding::fail(check, Kind::Config, detail, hint);
    let name = shown(client);
    let mut found = Vec::new();
    if client.is_machine {
        let hint = with(hints::WRONG_CLIENT, "user.client_id");
        let finding = fail(format!("{name} is for machines"), hint);
        if client.flows.is_empty() {
            return vec![Finding { takes_browser: Some(false), ..finding }];
        }
        found.push(finding.softened());
    }
    let flow = profile.user.auth_flow;
    match client.flows.first() {
        _ if client.flows.contains(&flow) => found.push(Finding::ok(check, format!("{name} allows the flow `{flow}`"))),
        Some(other) => {
            let detail = format!("{name} does not allow the profile's flow, `{flow}`");
            found.push(fail(detail, with(hints::FLOW, other.as_str())));
        }
        None => {
            let finding = fail(format!("{name} allows no sign-in with a user name"), hints::NO_FLOW.into());
            found.push(if client.is_for_browsers { finding.softened() } else { finding });
        }
    }
    match (client.secret.is_some(), has_secret) {
        (true, false) => found.push(fail(
            format!("{name} has a secret, but none is stored"),
            Advice::new(hints::STORE).fill("value", "cogtok secret set user-client{p}"),
        )),
        (false, true) => {
            found.push(fail(format!("{name} has no secret, but one would be sent"), hints::NO_SECRET.into()))
        }
        _ => {}
    }
    found.extend(redirects(profile, client, &name));
    let takes_browser = takes_browser(profile, client);
    found.into_iter().map(|finding| Finding { takes_browser: Some(takes_browser), ..finding }).collect()
}

/// Whether users can sign in with the browser; where that is the only way, what is missing for it is a finding of its own.
fn takes_browser(profile: &Profile, client: &AppClient) -> bool {
    let is_registered = |uri: &RedirectUri| client.callbacks.iter().any(|callback| callback == uri.as_str());
    client.is_for_browsers
        && (client.flows.is_empty() || redirect_uris(profile).is_some_and(|uris| uris.iter().any(is_registered)))
}

/// The addresses that a browser comes back to.
fn redirect_uris(profile: &Profile) -> Option<Vec<RedirectUri>> {
    let own = &profile.user.redirect_uris;
    if own.is_empty() { RedirectUri::standard().ok().map(|standard| vec![standard]) } else { Some(own.clone()) }
}

/// The addresses that a browser comes back to, where the profile names some or has a domain to sign in at.
fn redirects(profile: &Profile, client: &AppClient, name: &str) -> Option<Finding> {
    let check = Check::UserClient;
    let own = &profile.user.redirect_uris;
    if !client.is_for_browsers {
        let detail = format!("{name} does not allow the code grant, but the profile has redirect URIs");
        return (!own.is_empty()).then(|| Finding::warn(check, detail, hints::CODE_GRANT));
    }
    profile.domain.as_ref()?;
    let uris = redirect_uris(profile)?;
    let is_registered = |uri: &&RedirectUri| client.callbacks.iter().any(|callback| callback == uri.as_str());
    let missing: Vec<&str> = uris.iter().filter(|uri| !is_registered(uri)).map(RedirectUri::as_str).collect();
    if missing.is_empty() {
        return Some(Finding::ok(
            check,
            format!("{name} redirects the browser to {}", list(uris.iter().map(RedirectUri::as_str))),
        ));
    }
    let usable: Vec<&str> =
        client.callbacks.iter().map(String::as_str).filter(|callback| RedirectUri::list([*callback]).is_ok()).collect();
    let hint = if usable.is_empty() {
        hints::NO_CALLBACKS.into()
    } else {
        usable.iter().enumerate().fold(Advice::new(hints::CALLBACKS), |hint, (at, uri)| {
            let word = if at == 0 { Advice::new("{uri}") } else { Advice::new(" {uri}") };
            hint.then(word.word("uri", uri))
        })
    };
    let detail = format!("{name} does not know the redirect URI {}", missing.join(", "));
    Some(if own.is_empty() || missing.len() < uris.len() {
        Finding::warn(check, detail, hint)
    } else {
        Finding::fail(check, Kind::Config, detail, hint)
    })
}

/// The machine-to-machine client. `scopes` are those that are asked for.
pub(crate) fn machine(profile: &Profile, client: &AppClient, scopes: &Scopes) -> Vec<Finding> {
    let check = Check::M2mClient;
    let fail = |detail: String, hint: Advice| Finding::fail(check, Kind::Config, detail, hint);
    let name = shown(client);
    if !client.is_machine {
        let hint = advice_for("m2m unauthorized_client").unwrap_or_else(|| hints::HELP.into());
        return vec![fail(format!("{name} does not allow client_credentials"), hint)];
    }
    let is_api = profile.m2m.transport == Transport::Api
        || client_credentials::cache_key(profile)
            .is_ok_and(|key| key.part("transport") == Some(Transport::Api.as_str()));
    let mut found = Vec::new();
    if is_api != client.is_api_only {
        let (what, other) = if client.is_api_only {
            ("only GetClientToken, and the profile uses the token endpoint", Transport::Api)
        } else {
            ("client_credentials, and the profile uses GetClientToken", Transport::Endpoint)
        };
        found.push(fail(format!("{name} allows {what}"), with(hints::TRANSPORT, other.as_str())));
    }
    let allowed: Result<Scopes> = Scopes::parse(client.scopes.iter().map(String::as_str));
    let allowed = allowed.unwrap_or_default();
    let missing = scopes.missing_from(&allowed);
    if !missing.is_empty() {
        let detail = format!("{name} does not allow the scope {}", missing.join(", "));
        found.push(fail(detail, Advice::new(hints::SCOPES).listed("value", &allowed)));
    }
    if found.is_empty() {
        let what = match scopes.iter().next() {
            None => format!("may have {}", list(allowed.iter())),
            Some(_) => format!("may have {}", list(scopes.iter())),
        };
        found.push(Finding::ok(check, format!("{name} {what}")));
    }
    found
}

fn shown(client: &AppClient) -> String {
    match &client.name {
        None => format!("app client {}", client.id),
        Some(name) => format!("app client {} ({})", client.id, printable(name, 60)),
    }
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    let items: Vec<&str> = items.collect();
    if items.is_empty() { "no scopes".to_owned() } else { items.join(", ") }
}
