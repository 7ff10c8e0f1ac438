//! Follows up on a source's values: the client secret that it refers to, the sign-in flow that its client allows, the domain for its
//! prefix, and what is still missing.

use crate::services::import::{issuer, secrets_manager};
use cogtok::aws::admin::Admin;
use cogtok::aws::app_clients::AppClient;
use cogtok::error::{Advice, Error, Kind, Result};
use cogtok::http::client::HttpClient;
use cogtok::oauth::client_bundle::candidates::ProfileCandidate;
use cogtok::settings::aws_services::Service;
use cogtok::settings::keys::Key;
use cogtok::settings::profile::Profile;
use cogtok::settings::profile::partitions::Partition;
use cogtok::settings::redirect_uri::RedirectUri;
use cogtok::settings::types::{ClientId, Region, SecretArn, SecretKind, Transport};

/// Something that a profile lacks, and the command that gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The purpose and the missing thing.
    pub what: String,
    /// The command to type.
    pub command: Advice,
}

/// Reads a secret that the source refers to. If it can't be read, that is reported and the other values still count.
///
/// # Errors
/// The error of the network or the service.
pub async fn follow_secret(wire: &HttpClient, profile: &Profile, found: &mut ProfileCandidate) -> Result<()> {
    let Some(arn) = found.one(Key::SecretArn).map(str::parse::<SecretArn>).transpose()? else { return Ok(()) };
    match secrets_manager::follow(wire, profile, &arn, found).await {
        Ok(()) => Ok(()),
        Err(error) if matches!(error.kind(), Kind::Network | Kind::Usage) => Err(error),
        Err(error) => {
            found.forget(Key::SecretArn);
            found.leave_out(&format!("skipped the secret {arn}: {error}"));
            Ok(())
        }
    }
}

/// Asks Cognito for the app clients' settings, and for a client's secret if none is known. `profile` has the pool. Missing permission is
/// only a warning.
pub async fn look_at_clients(wire: &HttpClient, profile: &Profile, found: &mut ProfileCandidate) {
    let mut admin = None;
    for key in [Key::UserClientId, Key::M2mClientId] {
        let Some(id) = found.one(key).and_then(|id| id.parse::<ClientId>().ok()) else { continue };
        let is_known = match key {
            Key::M2mClientId => found.secret(SecretKind::M2mClient).is_some() || found.one(Key::SecretArn).is_some(),
            _ => found.one(Key::AuthFlow).is_some(),
        };
        let client = match found.clients.iter().position(|client| client.id == id) {
            Some(at) => Ok(found.clients.remove(at)),
            None if is_known || profile.user_pool_id.is_none() => continue,
            None => describe(wire, profile, &mut admin, &id).await,
        };
        match client {
            Ok(client) => take_client(key, client, found),
            Err(error) => {
                found.leave_out(&format!("can't find out what the app client {id} allows: {error}"));
                if error.kind() != Kind::Config {
                    return;
                }
            }
        }
    }
}

async fn describe(
    wire: &HttpClient,
    profile: &Profile,
    admin: &mut Option<Admin>,
    id: &ClientId,
) -> Result<AppClient, Error> {
    let admin = match admin {
        Some(admin) => admin,
        None => admin.insert(Admin::new(wire, profile).await?),
    };
    admin.app_client(id).await
}

fn take_client(key: Key, client: AppClient, found: &mut ProfileCandidate) {
    let origin = "DescribeUserPoolClient";
    match key {
        Key::M2mClientId => {
            if client.is_api_only {
                found.offer(Key::Transport, vec![Transport::Api.to_string()], origin);
            }
            if found.candidates(Key::Scopes).is_empty() && !client.scopes.is_empty() {
                found.offer(Key::Scopes, client.scopes, origin);
            }
        }
        _ => {
            // The redirect URIs that a browser can reach on this machine.
            let is_ours = |url: &&String| RedirectUri::list([url.as_str()]).is_ok();
            let callbacks: Vec<String> = client.callbacks.iter().filter(is_ours).cloned().collect();
            if !callbacks.is_empty() && found.candidates(Key::RedirectUris).is_empty() {
                found.offer(Key::RedirectUris, callbacks, origin);
            }
            match client.flows.first() {
                Some(_) if found.one(Key::AuthFlow).is_some() => {}
                Some(flow) => found.offer(Key::AuthFlow, vec![flow.to_string()], origin),
                None => found
                    .leave_out("the app client allows no sign-in with a user name, so users sign in with the browser"),
            }
        }
    }
    let kind = if key == Key::M2mClientId { SecretKind::M2mClient } else { SecretKind::UserClient };
    let is_referenced = kind == SecretKind::M2mClient && found.one(Key::SecretArn).is_some();
    if let Some(secret) = client.secret.filter(|_| found.secret(kind).is_none() && !is_referenced) {
        found.offer_secret(kind, secret, origin);
    }
}

/// Makes the domain whole. With a Cognito that is not AWS's the pool's discovery document has the address; that it can't be
/// read is only a warning.
pub async fn complete_domain(wire: &HttpClient, profile: &Profile, found: &mut ProfileCandidate) {
    let prefix = std::mem::take(&mut found.prefixes).into_iter().next();
    if !found.candidates(Key::Domain).is_empty() {
        return;
    }
    if let Some(endpoint) = profile.endpoint(Service::CognitoIdp) {
        let Some(pool) = &profile.user_pool_id else { return };
        if let Err(error) = issuer::discover(wire, Some(endpoint), pool, found).await {
            found.leave_out(&format!("can't find out the pool's domain: {error}"));
        }
        return;
    }
    let Some((prefix, origin)) = prefix else { return };
    let region: Option<Region> = found.one(Key::Region).and_then(|region| region.parse().ok());
    let Some(region) = profile.region.clone().or(region) else {
        return found.leave_out(&format!("skipped {origin}: the Region of the domain is not known"));
    };
    match Partition::domain(&prefix, &region) {
        Some(domain) => found.offer(Key::Domain, vec![domain], &origin),
        None => found.leave_out(&format!("skipped {origin}: cogtok does not know the names of domains in {region}")),
    }
}

/// What the profile `name` lacks for its tokens. `is_stored` says which secrets it will have.
pub fn missing(name: &str, found: &ProfileCandidate, is_stored: impl Fn(SecretKind) -> bool) -> Vec<Missing> {
    let has = |key: Key| !found.candidates(key).is_empty();
    let mut missing = Vec::new();
    let mut say = |what: &str, command: Advice| missing.push(Missing { what: what.to_owned(), command });
    let is_for_machines = has(Key::M2mClientId) || has(Key::SecretArn) || has(Key::Scopes);
    let set = |key: Key, value: &'static str| {
        let command = Advice::new("cogtok profile set {name} {key} {value}").word("name", name);
        command.word("key", key.dotted()).fill("value", value)
    };
    if !has(Key::UserClientId) && (has(Key::UserPoolId) || !is_for_machines) {
        say("users' tokens: the app client that users sign in with", set(Key::UserClientId, "ID"));
    }
    if has(Key::UserClientId) && !has(Key::UserPoolId) {
        say("users' tokens: the user pool", set(Key::UserPoolId, "ID"));
    }
    if !is_for_machines {
        return missing;
    }
    let is_referenced = has(Key::SecretArn);
    if !has(Key::M2mClientId) {
        say("machine-to-machine tokens: the app client", set(Key::M2mClientId, "ID"));
    }
    let is_api = found.one(Key::Transport) == Some(Transport::Api.as_str());
    if !has(Key::TokenUrl) && !has(Key::Domain) && !is_api {
        say("machine-to-machine tokens: the token endpoint", set(Key::TokenUrl, "URL"));
    }
    if has(Key::M2mClientId) && !is_referenced && !is_stored(SecretKind::M2mClient) {
        say(
            "machine-to-machine tokens: the client secret",
            Advice::new("cogtok secret set m2m-client -p {name}").word("name", name),
        );
    }
    missing
}
