//! The profile's targets: whether their settings are complete, their tokens available, and their servers reachable. No token is sent.

use std::time::Instant;

use tokio::task::JoinSet;

use crate::services::doctor::configuration::without_value;
use crate::services::doctor::hints;
use crate::services::doctor::hints::with;
use crate::services::doctor::network::{reached, soon};
use crate::services::doctor::probe::reach;
use crate::services::doctor::{Check, Finding};
use cogtok::error::{Error, Kind, Result};
use cogtok::http::client::HttpClient;
use cogtok::http::transport_error::TransportError;
use cogtok::settings::keys::Key;
use cogtok::settings::profile::Profile;
use cogtok::settings::targets::{Address, Target};
use cogtok::settings::types::{Endpoint, ProfileName, TargetKind, TargetName, TokenOwner};
use cogtok::store::config::Config;

const CHECK: Check = Check::Target;

/// The settings of a profile's targets.
#[derive(Debug, Default)]
pub struct Targets(Vec<(TargetName, Result<Target>)>);

impl Targets {
    /// The targets of a profile.
    pub fn of(config: &Config, profile: &ProfileName) -> Self {
        let target = |name: TargetName| {
            let target = config.target(profile, &name);
            (name, target)
        };
        Targets(config.targets(profile).into_iter().map(target).collect())
    }

    fn whole(&self) -> impl Iterator<Item = &Target> {
        self.0.iter().filter_map(|(_, target)| target.as_ref().ok())
    }

    /// The problems of each target's settings, and `asked`'s result for its server.
    fn findings(&self, profile: &Profile, asked: impl Fn(&Target, bool) -> Option<Finding>) -> Vec<Finding> {
        let of_one = |(_, target): &(TargetName, Result<Target>)| match target {
            Err(error) => vec![broken(error)],
            Ok(target) => {
                let mut found: Vec<Finding> = whose(target, profile).into_iter().chain(kind(target)).collect();
                found.extend(asked(target, found.is_empty()));
                found
            }
        };
        self.0.iter().flat_map(of_one).collect()
    }

    /// The problems of the settings; without any, that the servers were not checked and why.
    pub fn skipped(&self, profile: &Profile, why: &str) -> Vec<Finding> {
        self.findings(profile, |target, is_sound| {
            is_sound.then(|| Finding::skip(CHECK, format!("`{}`: {why}", target.name)))
        })
    }

    /// The problems of the settings, and whether the servers can be reached: each is asked once, until `until` at the latest.
    pub async fn network(&self, wire: &HttpClient, profile: &Profile, until: Instant) -> Vec<Finding> {
        let mut asked: Vec<Endpoint> = Vec::new();
        for server in self.whole().filter_map(|target| server(target, profile).ok()) {
            if !asked.iter().any(|other| other.origin() == server.origin()) {
                asked.push(server);
            }
        }
        let mut probes = JoinSet::new();
        for server in asked {
            let wire = wire.clone();
            probes.spawn(async move { (server.origin(), reach(&wire, &server, soon(until)).await) });
        }
        let mut outcomes: Vec<(String, Result<Option<i64>, TransportError>)> = Vec::new();
        while let Some(probe) = probes.join_next().await {
            outcomes.extend(probe);
        }
        self.findings(profile, |target, _| match server(target, profile) {
            Err(error) => Some(broken(&error)),
            Ok(server) => {
                let outcome = outcomes.iter().find(|(origin, _)| *origin == server.origin());
                outcome.map(|(_, outcome)| answered(target, &server, outcome))
            }
        })
    }
}

/// An invalid target. The value is not shown: it may be a secret.
fn broken(error: &Error) -> Finding {
    let finding = without_value(CHECK, error);
    match error.advice().last() {
        Some(hint) => finding.hinting(hint.clone()),
        None => finding,
    }
}

/// Whether the profile has the token that the target takes.
fn whose(target: &Target, profile: &Profile) -> Option<Finding> {
    let name = &target.name;
    let has_user = profile.user.client_id.is_some();
    let has_machine = profile.m2m.client_id.is_some() || profile.m2m.secret_arn.is_some();
    let lacks = |whose: &str, key: Key| {
        let detail = format!("`{name}` takes {whose} token, and the profile has no client for it");
        Some(Finding::fail(CHECK, Kind::Config, detail, with(hints::SET, key.dotted())))
    };
    match target.owner {
        Some(TokenOwner::User) if !has_user => lacks("a user's", Key::UserClientId),
        Some(TokenOwner::M2m) if !has_machine => lacks("a machine's", Key::M2mClientId),
        None if has_user && has_machine => {
            let detail = format!(
                "`{name}` does not say whose token it takes, and the profile has a client for users and one for machines"
            );
            Some(Finding::warn(CHECK, detail, with(hints::WHOSE, name.as_str())))
        }
        _ => None,
    }
}

/// Whether an ARN is of the target's kind.
fn kind(target: &Target) -> Option<Finding> {
    let Address::Arn(arn) = &target.address else { return None };
    let is = if arn.is_gateway() { TargetKind::Gateway } else { TargetKind::Runtime };
    (is != target.kind).then(|| {
        let detail = format!("`{}` has the kind {}, but its ARN is that of a {is}", target.name, target.kind);
        Finding::fail(CHECK, Kind::Config, detail, with(hints::KIND, target.name.as_str()))
    })
}

/// The server of a target.
fn server(target: &Target, profile: &Profile) -> Result<Endpoint> {
    match &target.address {
        Address::Url(url) => Ok(url.clone()),
        Address::Arn(arn) => profile.agentcore_url(arn)?.origin().ascii_serialization().parse(),
    }
}

fn answered(target: &Target, server: &Endpoint, outcome: &Result<Option<i64>, TransportError>) -> Finding {
    let finding = reached(CHECK, server, outcome);
    let place = match &target.address {
        Address::Url(_) => String::new(),
        Address::Arn(arn) => format!(", a {} in {}", target.kind, arn.region()),
    };
    let finding = Finding { detail: format!("`{}`{place}: {}", target.name, finding.detail), ..finding };
    // A server on this machine may be stopped on purpose.
    if server.is_loopback() && outcome.is_err() { finding.softened() } else { finding }
}
