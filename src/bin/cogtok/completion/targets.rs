//! The targets of the profile that the line means, and the keys of their settings.

use clap_complete::CompletionCandidate;
use cogtok::error::printable;
use cogtok::settings::targets::{Address, Field, Target};
use cogtok::settings::types::{TargetKind, TargetName};

use super::command_line::line;

/// The targets for `call http`, with their kinds.
pub fn http() -> Vec<CompletionCandidate> {
    targets(|target| matches!(target.address, Address::Url(_)))
}

/// The targets that are agents.
pub fn runtimes() -> Vec<CompletionCandidate> {
    targets(|target| target.kind == TargetKind::Runtime)
}

/// The targets that are MCP servers.
pub fn gateways() -> Vec<CompletionCandidate> {
    targets(|target| target.kind == TargetKind::Gateway)
}

/// The keys of all their settings, those that have no value included.
pub fn keys() -> Vec<CompletionCandidate> {
    let Some((config, profile)) = line().config().zip(line().profile_name()) else { return Vec::new() };
    let known = config.target_settings(&profile).unwrap_or_default();
    let value = |key: &str| known.iter().find(|setting| setting.key() == key).map(|setting| setting.value.as_str());
    let of_target = |name: TargetName| Field::ALL.map(|field| format!("targets.{name}.{}", field.as_str()));
    let candidate = |key: String| {
        let help = value(&key).map(|value| printable(value, 80).into());
        CompletionCandidate::new(key).help(help)
    };
    config.targets(&profile).into_iter().flat_map(of_target).map(candidate).collect()
}

/// The keys of the settings that they have.
pub fn keys_with_values() -> Vec<CompletionCandidate> {
    keys().into_iter().filter(|key| key.get_help().is_some()).collect()
}

/// Each as a whole.
pub fn whole() -> Vec<CompletionCandidate> {
    let Some((config, profile)) = line().config().zip(line().profile_name()) else { return Vec::new() };
    let candidate = |name: TargetName| {
        let help = config.target(&profile, &name).ok().map(|target| help(&target).into());
        CompletionCandidate::new(format!("targets.{name}")).help(help)
    };
    config.targets(&profile).into_iter().map(candidate).collect()
}

fn help(target: &Target) -> String {
    printable(&format!("{}: {}", target.kind, target.address), 80)
}

fn targets(is_wanted: impl Fn(&Target) -> bool) -> Vec<CompletionCandidate> {
    let Some((config, profile)) = line().config().zip(line().profile_name()) else { return Vec::new() };
    let found = config.targets(&profile).into_iter().filter_map(|name| config.target(&profile, &name).ok());
    let candidate = |target: Target| CompletionCandidate::new(target.name.as_str()).help(Some(help(&target).into()));
    found.filter(is_wanted).map(candidate).collect()
}
