//! The targets of the profile that the line means, and the keys of their settings.

use clap_complete::CompletionCandidate;
use cogtok::error::printable;
use cogtok::profile::targets::{Address, Target};
use cogtok::profile::words::TargetKind;

use super::line::line;

/// Those that `call http` can call, with what each is.
pub fn http() -> Vec<CompletionCandidate> {
    targets(|target| matches!(target.address, Address::Url(_)))
}

/// Those that are agents.
pub fn runtimes() -> Vec<CompletionCandidate> {
    targets(|target| target.kind == TargetKind::Runtime)
}

/// Those that are MCP servers.
pub fn gateways() -> Vec<CompletionCandidate> {
    targets(|target| target.kind == TargetKind::Gateway)
}

/// The keys of the settings that they have.
pub fn keys() -> Vec<CompletionCandidate> {
    let Some((config, profile)) = line().config().zip(line().profile_name()) else { return Vec::new() };
    let settings = config.target_settings(&profile).into_iter();
    settings.map(|(key, value)| CompletionCandidate::new(key).help(Some(printable(&value, 80).into()))).collect()
}

fn targets(is_wanted: impl Fn(&Target) -> bool) -> Vec<CompletionCandidate> {
    let Some((config, profile)) = line().config().zip(line().profile_name()) else { return Vec::new() };
    let found = config.targets(&profile).into_iter().filter_map(|name| config.target(&profile, &name).ok());
    let candidate = |target: Target| {
        let help = printable(&format!("{}: {}", target.kind, target.address), 80);
        CompletionCandidate::new(target.name.as_str()).help(Some(help.into()))
    };
    found.filter(is_wanted).map(candidate).collect()
}
