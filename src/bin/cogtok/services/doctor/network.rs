//! The checks that need the network, all at once, each for a few seconds at most.

use std::future::Future;
use std::time::{Duration, Instant};

use crate::services::doctor::probe::reach;
use crate::services::doctor::{Check, Finding, aws, client, hints, pool};
use cogtok::aws::sts::Signer;
use cogtok::error::{Error, Kind, Result};
use cogtok::http::client::HttpClient;
use cogtok::http::transport_error::{ConnectFailure, TransportError, TransportErrorKind};
use cogtok::oauth::client_credentials;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{ClientId, Endpoint, SecretKind, Transport};

/// How long one server may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Seconds by which a clock may be off.
const CLOCK_TOLERANCE: u64 = 60;

/// Seconds from which on AWS refuses signatures.
const CLOCK_LIMIT: u64 = 300;

/// The checks that need the network.
const CHECKS: [Check; 11] = [
    Check::Secret,
    Check::AwsCredentials,
    Check::Clock,
    Check::CognitoApi,
    Check::Domain,
    Check::TokenUrl,
    Check::Discovery,
    Check::SigningKeys,
    Check::UserClient,
    Check::M2mClient,
    Check::SelfSignUp,
];

/// The servers that the profile's tokens come from.
struct Servers([(Check, Option<Endpoint>); 3]);

impl Servers {
    fn of(profile: &Profile) -> Self {
        let is_api = client_credentials::cache_key(profile)
            .is_ok_and(|key| key.part("transport") == Some(Transport::Api.as_str()));
        let is_used = is_api || profile.user.client_id.is_some() || profile.user_pool_id.is_some();
        let api = profile.cognito_idp_origin().ok().filter(|_| is_used).and_then(|origin| origin.parse().ok());
        let token_url = profile.m2m.token_url.clone().filter(|_| !is_api);
        Servers([(Check::CognitoApi, api), (Check::Domain, profile.domain.clone()), (Check::TokenUrl, token_url)])
    }

    /// The first server at the same origin as this one.
    fn first_like(&self, index: usize) -> Option<usize> {
        let origin = self.0[index].1.as_ref()?.origin();
        self.0.iter().position(|(_, server)| server.as_ref().is_some_and(|server| server.origin() == origin))
    }
}

/// The checks of this profile, skipped for the reason given.
pub fn skipped(profile: &Profile, why: &str) -> Vec<Finding> {
    let servers = Servers::of(profile);
    let is_meant = |check: &Check| match check {
        Check::CognitoApi | Check::Domain | Check::TokenUrl => {
            servers.0.iter().any(|(server, endpoint)| server == check && endpoint.is_some())
        }
        Check::Discovery | Check::SigningKeys => profile.user_pool_id.is_some(),
        Check::UserClient => profile.user.client_id.is_some(),
        Check::Secret => profile.m2m.secret_arn.is_some(),
        Check::M2mClient => profile.m2m.client_id.is_some() || profile.m2m.secret_arn.is_some(),
        Check::SelfSignUp => profile.user_pool_id.is_some() && profile.identity_pool_id.is_some(),
        _ => true,
    };
    CHECKS.into_iter().filter(is_meant).map(|check| Finding::skip(check, why)).collect()
}

/// Runs the checks, until `until` at the latest. `has_secret` says which secrets are stored or supplied.
pub async fn network(
    wire: &HttpClient,
    profile: &Profile,
    until: Instant,
    has_secret: impl Fn(SecretKind) -> bool,
) -> Vec<Finding> {
    let servers = Servers::of(profile);
    let probe = |index: usize| {
        let server = servers.0[index].1.as_ref().filter(|_| servers.first_like(index) == Some(index));
        async move {
            match server {
                Some(server) => Some(reach(wire, server, soon(until)).await),
                None => None,
            }
        }
    };
    let signer = async { within(until, Signer::find(wire, profile)).await };
    let (api, domain, token, pool, (aws, clients)) =
        tokio::join!(probe(0), probe(1), probe(2), pool::pool(wire, profile, until), async {
            let signer = signer.await;
            signed(wire, profile, until, &signer, has_secret).await
        });
    let probes = [api, domain, token];
    let outcome = |index: usize| servers.first_like(index).and_then(|first| probes[first].as_ref());
    let offset = probes.iter().flatten().find_map(|probe| probe.as_ref().ok().copied().flatten());
    let mut found = vec![aws, clock(offset)];
    for (index, (check, server)) in servers.0.iter().enumerate() {
        if let (Some(server), Some(outcome)) = (server, outcome(index)) {
            found.push(reached(*check, server, outcome));
        }
    }
    let is_unreached = outcome(0).is_some_and(Result::is_err);
    let dependent = pool.into_iter().chain(clients).map(|finding| {
        let is_of_api = !matches!(finding.check, Check::Secret | Check::TokenUrl);
        match finding.kind {
            Some(Kind::Network | Kind::Usage) if is_unreached && is_of_api => {
                Finding::skip(finding.check, "the Cognito API is not reached")
            }
            _ => finding,
        }
    });
    found.extend(dependent);
    found
}

/// How long a server may take that is asked now.
pub(crate) fn soon(until: Instant) -> Duration {
    PATIENCE.min(until.saturating_duration_since(Instant::now()))
}

pub(crate) async fn within<T>(until: Instant, work: impl Future<Output = Result<T>>) -> Result<T> {
    let patience = soon(until);
    tokio::time::timeout(patience, work).await.unwrap_or_else(|_| {
        let seconds = (patience.as_secs_f64() * 10.0).round() / 10.0;
        Err(Error::network(format!("no answer within {seconds} s")).hint(hints::SILENCE))
    })
}

pub(crate) fn reached(check: Check, server: &Endpoint, outcome: &Result<Option<i64>, TransportError>) -> Finding {
    let fault = match outcome {
        Ok(_) => return Finding::ok(check, format!("{} answers", server.origin())),
        Err(fault) => fault,
    };
    let host = &fault.host;
    let detail = match (fault.cause(), &fault.what) {
        (ConnectFailure::Name, _) => format!("DNS does not know {host}"),
        (ConnectFailure::Closed, _) => format!("nothing listens at {host}: connection refused"),
        (ConnectFailure::Certificate, TransportErrorKind::Connect { reason, .. }) => {
            format!("the certificate of {host} is not trusted: {reason}")
        }
        _ => fault.to_string(),
    };
    let error = Error::from(fault.clone());
    let hint = match fault.what {
        TransportErrorKind::NoAuthorities(_) => hints::first_of(&error),
        _ => hints::about(fault.cause()).into(),
    };
    Finding::fail(check, error.kind(), detail, hint)
}

/// How the clock of a server that answered is ahead of this machine's, in seconds.
fn clock(offset: Option<i64>) -> Finding {
    let check = Check::Clock;
    let Some(offset) = offset else { return Finding::skip(check, "no server sent its time") };
    let (off, way) = (offset.unsigned_abs(), if offset > 0 { "behind" } else { "ahead of" });
    let detail = format!("this machine's clock is {off} s {way} the server's");
    match off {
        0..CLOCK_TOLERANCE => Finding::ok(check, "within a minute of the server's clock"),
        CLOCK_TOLERANCE..CLOCK_LIMIT => Finding::warn(check, detail, hints::CLOCK),
        _ => Finding::fail(check, Kind::Refused, detail, hints::CLOCK),
    }
}

/// The checks with signed calls: the credentials' identity, the secret in Secrets Manager, the clients' settings and who may sign up.
async fn signed(
    wire: &HttpClient,
    profile: &Profile,
    until: Instant,
    signer: &Result<Signer>,
    has_secret: impl Fn(SecretKind) -> bool,
) -> (Finding, Vec<Finding>) {
    let describe = |id: ClientId| async move {
        let Ok(signer) = signer else { return None };
        let look = async { signer.admin(wire, profile).await?.app_client(&id).await };
        Some(within(until, look).await)
    };
    let user = async {
        let check = Check::UserClient;
        let Some(id) = profile.user.client_id.clone() else { return Vec::new() };
        if let Some(why) = not_looked_at(profile, signer) {
            return vec![Finding::skip(check, why)];
        }
        match describe(id).await {
            Some(Ok(seen)) => client::user(profile, &seen, has_secret(SecretKind::UserClient)),
            Some(Err(error)) => vec![client::unseen(check, &error)],
            None => Vec::new(),
        }
    };
    let machine = async {
        let check = Check::M2mClient;
        let (mut found, mut scopes, mut id) = (Vec::new(), profile.m2m.scopes.clone(), profile.m2m.client_id.clone());
        let secret = within(until, async { Ok(aws::secret(wire, profile, signer).await) }).await;
        match secret {
            Ok(Some((finding, bundle))) => {
                found.push(finding);
                if let Some(bundle) = bundle {
                    if let Some(url) = bundle.token_url.filter(|_| profile.m2m.token_url.is_none()) {
                        found.push(reached(Check::TokenUrl, &url, &reach(wire, &url, soon(until)).await));
                    }
                    (scopes, id) = (bundle.scopes, Some(bundle.client_id));
                }
            }
            Ok(None) => {}
            Err(error) => found.push(Finding::of(Check::Secret, &error.context("Secrets Manager"))),
        }
        let Some(id) = id else { return found };
        if let Some(why) = not_looked_at(profile, signer) {
            found.push(Finding::skip(check, why));
            return found;
        }
        match describe(id).await {
            Some(Ok(seen)) => found.extend(client::machine(profile, &seen, &scopes)),
            Some(Err(error)) => found.push(client::unseen(check, &error)),
            None => {}
        }
        found
    };
    let whose = async {
        let asked = within(until, async { Ok(aws::credentials(wire, profile, signer).await) }).await;
        asked.unwrap_or_else(|error| aws::unknown_caller(&error.context("GetCallerIdentity")))
    };
    let sign_up = pool::self_sign_up(wire, profile, until, signer);
    let (whose, user, machine, sign_up) = tokio::join!(whose, user, machine, sign_up);
    (whose, user.into_iter().chain(machine).chain(sign_up).collect())
}

/// Why an app client can't be asked about at all.
fn not_looked_at(profile: &Profile, signer: &Result<Signer>) -> Option<String> {
    if profile.user_pool_id.is_none() {
        return Some("skipped: `user_pool_id` is not set".to_owned());
    }
    signer.is_err().then(|| client::NO_CREDENTIALS.to_owned())
}
