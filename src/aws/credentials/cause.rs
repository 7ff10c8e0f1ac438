//! Why there are no AWS credentials. The SDK hides the cause inside nested errors, or skips it.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};

use super::process::{PROCESS, cleaned, program};
use crate::error::{Advice, AdviceKind, chain, printable};
use crate::http::redact::Redactor;
use crate::store::aws_files::AwsFiles;

/// A little less than the time-outs of the SDK and of cogtok, whose errors say nothing.
const PATIENCE: Duration = Duration::from_millis(4800);

/// Why, and what to do about it.
#[derive(Debug)]
pub struct Cause {
    /// The cause, in words that follow `there are no usable AWS credentials: `.
    pub what: String,
    /// What to do about it; empty if no command helps.
    pub hints: Vec<Advice>,
    source: Option<CredentialsError>,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl StdError for Cause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// Credentials, or why there are none.
#[derive(Debug)]
pub(crate) struct Explained {
    pub inner: SharedCredentialsProvider,
    pub files: AwsFiles,
    /// The profile of `~/.aws` that was named.
    pub named: Option<String>,
    /// If only one of the two key variables is set: that one, and the missing one.
    pub half: Option<(&'static str, &'static str)>,
    pub redactor: Redactor,
}

impl Explained {
    async fn credentials(&self) -> provider::Result {
        let found = tokio::time::timeout(PATIENCE, self.inner.provide_credentials()).await;
        let (cause, error) = match found {
            Ok(Ok(credentials)) => return Ok(credentials),
            Ok(Err(error)) => (self.cause(Some(&error)), Some(error)),
            Err(_) => (self.cause(None), None),
        };
        if let Some(error) = &error {
            let said: Vec<String> = chain(error).map(|error| cleaned(&error.to_string(), &self.redactor)).collect();
            log::info!(target: "cogtok", "no AWS credentials: {}", said.join(": "));
        }
        Err(match cause {
            Some((what, hints)) => CredentialsError::provider_error(Cause { what, hints, source: error }),
            None => error.unwrap_or_else(|| CredentialsError::provider_timed_out(PATIENCE)),
        })
    }

    /// The cause, where it can be determined. Without an error, the time ran out.
    fn cause(&self, error: Option<&CredentialsError>) -> Option<(String, Vec<Advice>)> {
        let files = &self.files;
        let name = self.named.as_deref().unwrap_or("default");
        if self.named.is_some() && !files.has(name) {
            let what = format!("~/.aws has no profile `{}`", printable(name, 80));
            return Some((what, vec![files.instead_of(name).into()]));
        }
        // If no profile was named and no source had credentials, the profile `default` is only one of many.
        let is_silent = error.is_some_and(|error| matches!(error, CredentialsError::CredentialsNotLoaded(_)));
        if let Some((set, unset)) = self.half.filter(|_| self.named.is_none()) {
            return Some((
                format!("{set} is set and {unset} is not"),
                vec![format!("set {unset} as well, or unset {set}").into()],
            ));
        }
        let said = error.map(|error| self.said(error)).unwrap_or_default();
        let of_profile = files.has(name).then(|| self.of_profile(name, error.is_none(), &said)).flatten();
        match of_profile {
            Some(cause) => Some(cause),
            None if is_silent && self.named.is_some() => {
                let what = format!("profile `{}` of ~/.aws has none, and no way to get some", printable(name, 80));
                Some((what, vec![SETTLE.replace("{name}", &word(name)).into()]))
            }
            None if is_silent && !files.has(name) && !files.profiles().is_empty() => {
                let what = "no profile is given, and ~/.aws has no `default`".to_owned();
                Some((what, vec![AdviceKind::SignInToAws.into(), files.list().into()]))
            }
            None if is_silent => None,
            None if said.is_empty() => {
                Some((format!("they took longer than {} s", PATIENCE.as_secs() + 1), Vec::new()))
            }
            None => Some((said, Vec::new())),
        }
    }

    /// The messages of the error chain, the innermost last, without those that add nothing.
    fn said(&self, error: &CredentialsError) -> String {
        let last = chain(error).skip(1).last().map(ToString::to_string).unwrap_or_default();
        cleaned(last.lines().next().unwrap_or_default(), &self.redactor)
    }

    fn of_profile(&self, name: &str, is_slow: bool, said: &str) -> Option<(String, Vec<Advice>)> {
        let files = &self.files;
        let show = |name: &str| printable(name, 80);
        let mut names = vec![name];
        while let Some(next) = names.last().and_then(|last| files.get(last, "source_profile")) {
            let from = names.last().copied().unwrap_or(name);
            // A profile that names itself as its source uses its own keys.
            if next == from && files.get(next, "aws_access_key_id").is_some() {
                break;
            }
            if names.contains(&next) {
                let all: Vec<String> = names.iter().chain([&next]).map(|name| show(name)).collect();
                let what = format!("the `source_profile` settings in ~/.aws form a loop: {}", all.join(" -> "));
                return Some((what, vec!["give one of them access keys, or another source of credentials".into()]));
            }
            if !files.has(next) {
                let what = format!(
                    "`source_profile` of profile `{}` names `{}`, which ~/.aws does not have",
                    show(from),
                    show(next)
                );
                return Some((what, vec![files.instead_of(next).into()]));
            }
            names.push(next);
        }
        // The start of the chain comes first.
        let keys = names.iter().rev().find_map(|name| self.keys(name));
        let begin = names.last().copied().unwrap_or(name);
        let found = keys.or_else(|| self.role(&names)).or_else(|| self.session(begin, said));
        found
            .or_else(|| self.process(begin, is_slow, said))
            .map(|(what, hint)| (what, hint.into_iter().map(Advice::from).collect()))
    }

    fn keys(&self, name: &str) -> Option<(String, Option<String>)> {
        let keys = ["aws_access_key_id", "aws_secret_access_key"];
        let (has, lacks) = match keys.map(|key| self.files.get(name, key).is_some()) {
            [true, false] => (keys[0], keys[1]),
            [false, true] => (keys[1], keys[0]),
            _ => return None,
        };
        let what = format!("profile `{}` of ~/.aws has `{has}` and no `{lacks}`", printable(name, 80));
        Some((what, Some(format!("run `aws configure --profile {}`", word(name)))))
    }

    fn role(&self, names: &[&str]) -> Option<(String, Option<String>)> {
        let get = |name: &str, key: &str| self.files.get(name, key);
        let name = names.iter().find(|name| get(name, "role_arn").is_some())?;
        let shown = printable(name, 80);
        if let Some(device) = get(name, "mfa_serial") {
            let what = format!(
                "profile `{shown}` of ~/.aws needs an MFA code (from {}), which cogtok does not ask for",
                printable(device, 120)
            );
            let ask = format!("aws configure export-credentials --profile {} --format", word(name));
            let ask = if cfg!(windows) {
                format!("{ask} powershell | Invoke-Expression")
            } else {
                format!("eval \"$({ask} env)\"")
            };
            return Some((what, Some(format!("`{ask}` asks for it (AWS CLI v2); then leave the profile out"))));
        }
        let others = ["source_profile", "credential_source", "web_identity_token_file"];
        if !others.iter().any(|key| get(name, key).is_some()) {
            let what = format!("profile `{shown}` of ~/.aws assumes a role and names no credentials to do it with");
            return Some((what, Some("add `source_profile` or `credential_source` to it".to_owned())));
        }
        None
    }

    fn session(&self, name: &str, said: &str) -> Option<(String, Option<String>)> {
        let get = |key: &str| self.files.get(name, key);
        let shown = printable(name, 80);
        if let Some(session) = get("sso_session").filter(|session| !self.files.has_session(session)) {
            let session = printable(session, 80);
            let what =
                format!("profile `{shown}` names the SSO session `{session}`, which ~/.aws/config does not have");
            return Some((what, Some(format!("run `aws configure sso --profile {}`", word(name)))));
        }
        get("sso_session").or_else(|| get("sso_start_url"))?;
        if let Some(lacks) = ["sso_account_id", "sso_role_name"].into_iter().find(|key| get(key).is_none()) {
            let what = format!("profile `{shown}` of ~/.aws signs in with SSO and has no `{lacks}`");
            return Some((what, Some(format!("run `aws configure sso --profile {}`", word(name)))));
        }
        let login = format!("run `aws sso login --profile {}` (AWS CLI v2)", word(name));
        let lower = said.to_ascii_lowercase();
        let (what, hint) = if lower.contains("expired") || lower.contains("unauthorized") {
            (format!("the SSO session of profile `{shown}` has expired"), Some(login))
        } else if ["sso token", "no such file", "sso/cache"].iter().any(|words| lower.contains(words)) {
            (format!("profile `{shown}` is not signed in to SSO"), Some(login))
        } else if said.is_empty() {
            (format!("SSO did not answer in time for profile `{shown}`"), None)
        } else {
            (format!("SSO refused profile `{shown}`: {said}"), None)
        };
        Some((what, hint))
    }

    fn process(&self, name: &str, is_slow: bool, said: &str) -> Option<(String, Option<String>)> {
        let command = self.files.get(name, PROCESS)?;
        let shown = printable(name, 80);
        let of = format!("`credential_process` of profile `{shown}` of ~/.aws");
        // Both for a process that cogtok ran and for one that the SDK ran.
        let why = match said.split_once("exited with code ") {
            _ if is_slow => {
                format!("the program `{}` did not finish within {} s", program(command), PATIENCE.as_secs() + 1)
            }
            Some((_, rest)) => {
                let (status, line) = rest.split_once(". Stderr: ").unwrap_or((rest, ""));
                let status = status.replace("exit status:", "exit code");
                let line = Some(line.trim()).filter(|line| !line.is_empty());
                let line = line.map(|line| format!(": {line}")).unwrap_or_default();
                format!("the program `{}` ended with {}{line}", program(command), status.trim())
            }
            None if said.is_empty() => return None,
            None => said.to_owned(),
        };
        Some((
            format!("{of}: {why}"),
            Some(format!("check that `aws sts get-caller-identity --profile {}` works", word(name))),
        ))
    }
}

const SETTLE: &str = "run `aws configure --profile {name}` or `aws configure sso --profile {name}`";

/// A profile's name as one word for a shell.
fn word(name: &str) -> String {
    match shlex::try_quote(name) {
        Ok(word) if !name.chars().any(crate::error::is_unprintable) => word.into_owned(),
        _ => "NAME".to_owned(),
    }
}

impl ProvideCredentials for Explained {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}
