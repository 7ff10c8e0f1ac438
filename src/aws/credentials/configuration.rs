//! What a profile of the AWS tools' files lacks before any request could be made, and where its credentials begin.

use super::process::PROCESS;
use crate::error::printable;
use crate::store::aws_files::AwsFiles;

/// What is wrong, and what to do about it.
pub(super) type Fault = (String, String);

/// Where a profile's credentials begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// `credential_source = Environment`.
    Environment,
    /// `credential_source = EcsContainer`.
    Container,
    /// `credential_source = Ec2InstanceMetadata`.
    Machine,
    /// A token of an identity provider, for STS.
    WebIdentity,
    /// IAM Identity Center.
    Sso,
    /// `aws login`.
    Login,
    /// A program.
    Process,
    /// Keys, or nothing.
    Keys,
}

/// The values of `credential_source`.
const SOURCES: [(&str, Base); 3] =
    [("Environment", Base::Environment), ("EcsContainer", Base::Container), ("Ec2InstanceMetadata", Base::Machine)];

impl Base {
    /// That of a profile, in the order of the AWS tools.
    pub fn of(files: &AwsFiles, name: &str) -> Self {
        let has = |key: &str| files.get(name, key).is_some();
        if let Some(base) = files.get(name, "credential_source").and_then(source) {
            return base;
        }
        match () {
            () if has("web_identity_token_file") => Base::WebIdentity,
            () if has("sso_session") || has("sso_start_url") => Base::Sso,
            () if has("login_session") => Base::Login,
            () if has(PROCESS) => Base::Process,
            () => Base::Keys,
        }
    }
}

fn source(value: &str) -> Option<Base> {
    SOURCES.iter().find(|(name, _)| name.eq_ignore_ascii_case(value)).map(|(_, base)| *base)
}

/// The profile and those that its `source_profile` leads to, in that order.
///
/// # Errors
/// Why it leads nowhere.
fn chain_of<'a>(files: &'a AwsFiles, name: &'a str) -> Result<Vec<&'a str>, Fault> {
    let mut names = vec![name];
    while let Some(next) = names.last().and_then(|last| files.get(last, "source_profile")) {
        let from = names.last().copied().unwrap_or(name);
        // A profile that names itself as its source uses its own keys.
        if next == from && files.get(next, "aws_access_key_id").is_some() {
            break;
        }
        if names.contains(&next) {
            let all: Vec<String> = names.iter().chain([&next]).map(|name| printable(name, 80)).collect();
            let what = format!("the `source_profile` settings in {} form a loop: {}", files.place(), all.join(" -> "));
            return Err((what, "give one of them access keys, or another source of credentials".to_owned()));
        }
        if !files.has(next) {
            let what = format!(
                "`source_profile` of profile `{}` names `{}`, which {} does not have",
                printable(from, 80),
                printable(next, 80),
                files.place()
            );
            return Err((what, files.instead_of(next)));
        }
        names.push(next);
    }
    Ok(names)
}

/// What is wrong with a profile, or with one that it leads to.
pub(super) fn fault_of(files: &AwsFiles, name: &str) -> Option<Fault> {
    match chain_of(files, name) {
        Ok(names) => fault(files, &names),
        Err(fault) => Some(fault),
    }
}

/// What a profile of the chain lacks, the start of the chain first.
fn fault(files: &AwsFiles, names: &[&str]) -> Option<Fault> {
    let keys = names.iter().rev().find_map(|name| keys(files, name));
    let of_source = || names.iter().rev().find_map(|name| credential_source(files, name));
    let begin = names.last().copied().unwrap_or_default();
    keys.or_else(of_source).or_else(|| role(files, names)).or_else(|| session(files, begin))
}

fn keys(files: &AwsFiles, name: &str) -> Option<Fault> {
    let keys = ["aws_access_key_id", "aws_secret_access_key"];
    let (has, lacks) = match keys.map(|key| files.get(name, key).is_some()) {
        [true, false] => (keys[0], keys[1]),
        [false, true] => (keys[1], keys[0]),
        _ => return None,
    };
    let what = format!("{} has `{has}` and no `{lacks}`", files.profile(name));
    Some((what, format!("run `aws configure --profile {}`", word(name))))
}

fn credential_source(files: &AwsFiles, name: &str) -> Option<Fault> {
    let get = |key: &str| files.get(name, key);
    let profile = files.profile(name);
    if get("web_identity_token_file").is_some() && get("role_arn").is_none() {
        let what = format!("{profile} has `web_identity_token_file` and no `role_arn`");
        return Some((what, "add the role's ARN to it".to_owned()));
    }
    let value = get("credential_source")?;
    if get("source_profile").is_some() {
        let what = format!("{profile} has both `source_profile` and `credential_source`");
        return Some((what, "remove one of them".to_owned()));
    }
    if source(value).is_some() {
        return None;
    }
    let names = SOURCES.map(|(name, _)| format!("`{name}`")).join(", ");
    let what = format!("{profile}: `{}` is not valid for `credential_source`", printable(value, 80));
    Some((what, format!("the values are {names}")))
}

fn role(files: &AwsFiles, names: &[&str]) -> Option<Fault> {
    let get = |name: &str, key: &str| files.get(name, key);
    let name = names.iter().find(|name| get(name, "role_arn").is_some())?;
    let profile = files.profile(name);
    let others = ["source_profile", "credential_source", "web_identity_token_file"];
    if !others.iter().any(|key| get(name, key).is_some()) {
        let what = format!("{profile} assumes a role and names no credentials to do it with");
        return Some((what, "add `source_profile` or `credential_source` to it".to_owned()));
    }
    None
}

/// The MFA code that a role of the chain wants, the one that is assumed first. The SDK asks STS without one.
pub(super) fn mfa_of(files: &AwsFiles, name: &str) -> Option<Fault> {
    let names = chain_of(files, name).ok()?;
    let wanted = |name: &&str| files.get(name, "role_arn").and(files.get(name, "mfa_serial"));
    let (name, device) = names.iter().rev().find_map(|name| Some((*name, wanted(name)?)))?;
    let (profile, device) = (files.profile(name), printable(device, 120));
    let what = format!("{profile} needs an MFA code (from {device}), which cogtok does not ask for");
    Some((what, format!("{} asks for it (AWS CLI v2); then leave the profile out", export(name))))
}

fn session(files: &AwsFiles, name: &str) -> Option<Fault> {
    let get = |key: &str| files.get(name, key);
    let (shown, profile) = (printable(name, 80), files.profile(name));
    let configure = format!("run `aws configure sso --profile {}`", word(name));
    let session = get("sso_session");
    session.or_else(|| get("sso_start_url"))?;
    if let Some(session) = session {
        let session_shown = printable(session, 80);
        if !files.has_session(session) {
            let file = files.config_file();
            let what = format!("profile `{shown}` names the SSO session `{session_shown}`, which {file} does not have");
            return Some((what, configure));
        }
        if let Some(key) = ["sso_start_url", "sso_region"].into_iter().find(|key| get(key).is_some()) {
            let what = format!("{profile} has both `sso_session` and `{key}`");
            return Some((what, format!("remove `{key}` from it: the section [sso-session {session_shown}] has it")));
        }
        if let Some(key) =
            ["sso_start_url", "sso_region"].into_iter().find(|key| files.get_of_session(session, key).is_none())
        {
            let what = format!("the SSO session `{session_shown}` in {} has no `{key}`", files.config_file());
            return Some((what, configure));
        }
    } else if get("sso_region").is_none() {
        return Some((format!("{profile} signs in with SSO and has no `sso_region`"), configure));
    }
    let lacks = ["sso_account_id", "sso_role_name"].into_iter().find(|key| get(key).is_none())?;
    Some((format!("{profile} signs in with SSO and has no `{lacks}`"), configure))
}

/// The profile where the way of `name` begins.
pub(super) fn begin_of<'a>(files: &'a AwsFiles, name: &'a str) -> &'a str {
    chain_of(files, name).ok().and_then(|names| names.last().copied()).unwrap_or(name)
}

/// The command that puts a profile's credentials into the environment, in backticks.
pub(super) fn export(name: &str) -> String {
    let ask = format!("aws configure export-credentials --profile {} --format", word(name));
    if cfg!(windows) { format!("`{ask} powershell | Invoke-Expression`") } else { format!("`eval \"$({ask} env)\"`") }
}

/// A profile's name as one word for a shell.
pub(super) fn word(name: &str) -> String {
    match shlex::try_quote(name) {
        Ok(word) if !name.chars().any(crate::error::is_unprintable) => word.into_owned(),
        _ => "NAME".to_owned(),
    }
}
