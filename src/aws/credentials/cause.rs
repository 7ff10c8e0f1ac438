//! Why there are no AWS credentials. The SDK hides the cause inside nested errors, or skips it.

use std::error::Error as StdError;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use tokio::time::Instant;

use super::configuration::{fault_of, word};
use super::failure::{Failure, readable};
use crate::error::{Advice, AdviceKind, Error, Kind, printable};
use crate::http::redact::Redactor;
use crate::store::aws_files::AwsFiles;

/// A little less than the time-outs of the SDK and of cogtok, whose errors say nothing.
const PATIENCE: Duration = Duration::from_millis(4800);

/// How long a failed search stands for those who waited for it. The SDK lets them search one after the other, each within a time that
/// began with the first search.
const SHARED: Duration = Duration::from_secs(1);

/// Why, and what to do about it.
#[derive(Debug, Clone)]
pub struct Cause {
    /// [`Kind::AwsCredentials`], or [`Kind::Network`] if a service could not be asked for them.
    pub kind: Kind,
    /// The cause, in words that follow `there are no usable AWS credentials: `.
    pub what: String,
    /// What to do about it; empty if no command helps.
    pub hints: Vec<Advice>,
}

impl Cause {
    /// A cause on this machine.
    pub(super) fn new(what: String, hints: impl IntoIterator<Item = Advice>) -> Self {
        Cause { kind: Kind::AwsCredentials, what, hints: hints.into_iter().collect() }
    }

    /// A cause in the service that was asked, or on the way to it.
    pub(super) fn of_network(what: String, hints: impl IntoIterator<Item = Advice>) -> Self {
        Cause { kind: Kind::Network, ..Cause::new(what, hints) }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl StdError for Cause {}

/// A place where the AWS tools look for credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Keys in the environment.
    Environment,
    /// A profile of the files.
    Profile,
    /// The variables of a web identity.
    WebIdentity,
    /// The container's endpoint.
    Container,
    /// The machine's metadata service.
    Machine,
}

/// Credentials, or why there are none.
#[derive(Debug)]
pub(crate) struct Explained {
    /// The places in their order. One that has none leads to the next; one that fails ends the search.
    pub sources: Vec<(Source, SharedCredentialsProvider)>,
    pub files: AwsFiles,
    /// The profile of `~/.aws` that was named.
    pub named: Option<String>,
    /// If only one of two variables is set that belong together: that one, and the missing one.
    pub half: Option<(&'static str, &'static str)>,
    /// AWS_WEB_IDENTITY_TOKEN_FILE.
    pub web_identity_token_file: Option<PathBuf>,
    pub redactor: Redactor,
    /// When the last search failed, and why.
    pub failed: Mutex<Option<(Instant, Option<Cause>)>>,
}

impl Explained {
    async fn credentials(&self) -> provider::Result {
        if let Some(cause) = self.just_failed() {
            return Err(error(cause));
        }
        let cause = match self.search().await {
            Ok(credentials) => return Ok(credentials),
            Err(cause) => cause,
        };
        let what = cause.as_ref().map_or("none of the places where the AWS tools look has any", |cause| &cause.what);
        log::info!(target: "cogtok", "no AWS credentials: {what}");
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), cause.clone()));
        Err(error(cause))
    }

    fn just_failed(&self) -> Option<Option<Cause>> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.as_ref().filter(|(at, _)| at.elapsed() < SHARED).map(|(_, cause)| cause.clone())
    }

    /// Asks one source after the other.
    ///
    /// # Errors
    /// Why there are none; nothing where nothing was set up at all.
    async fn search(&self) -> Result<Credentials, Option<Cause>> {
        let end = Instant::now() + PATIENCE;
        for (source, provider) in &self.sources {
            match tokio::time::timeout_at(end, provider.provide_credentials()).await {
                Ok(Ok(credentials)) => return Ok(credentials),
                Ok(Err(CredentialsError::CredentialsNotLoaded(_))) => {}
                Ok(Err(error)) => return Err(Some(self.of_source(*source, Some(&error)))),
                Err(_) => return Err(Some(self.of_source(*source, None))),
            }
        }
        Err(self.of_files().or_else(|| self.nothing()))
    }

    /// Why `source` failed. Without an error, the time ran out.
    fn of_source(&self, source: Source, error: Option<&CredentialsError>) -> Cause {
        if let Some(cause) = self.of_files() {
            return cause;
        }
        let failure = Failure::of(error, &self.redactor);
        match source {
            Source::Environment | Source::Profile => self.of_profile(self.name(), error, &failure),
            Source::WebIdentity => self.of_web_identity(&failure),
            Source::Container => of_container(&failure, None),
            Source::Machine => {
                // Nobody chose this service: it is asked because there was nothing else.
                let why = of_machine(&failure, None).what;
                match self.nothing() {
                    Some(Cause { what, hints, .. }) => Cause::new(format!("{what}; {why}"), hints),
                    None => Cause::new(why, [AdviceKind::SignInToAws.into()]),
                }
            }
        }
    }

    /// The profile that is named, or that the AWS tools use without a name.
    pub(super) fn name(&self) -> &str {
        self.named.as_deref().unwrap_or("default")
    }

    /// What is wrong before any source is asked.
    fn of_files(&self) -> Option<Cause> {
        let files = &self.files;
        if let Some(name) = self.named.as_deref().filter(|name| !files.has(name)) {
            return Some(match files.malformed() {
                Some((line, advice)) => Cause::new(format!("{}: {line}", files.lacks(name)), [advice.into()]),
                None => Cause::new(files.lacks(name), [files.instead_of(name).into()]),
            });
        }
        let (set, unset) = self.half.filter(|_| self.named.is_none())?;
        Some(Cause::new(
            format!("{set} is set and {unset} is not"),
            [format!("set {unset} as well, or unset {set}").into()],
        ))
    }

    /// No source has any. Where nothing was set up at all, there is nothing to say of it.
    fn nothing(&self) -> Option<Cause> {
        let files = &self.files;
        let name = self.name();
        // The SDK takes some incomplete profiles for ones without credentials.
        if let Some((what, hint)) = files.has(name).then(|| fault_of(files, name)).flatten() {
            return Some(Cause::new(what, [hint.into()]));
        }
        if self.named.is_some() {
            let what = format!("{} has none, and no way to get some", files.profile(name));
            return Some(Cause::new(what, [SETTLE.replace("{name}", &word(name)).into()]));
        }
        let sign_in: Advice = AdviceKind::SignInToAws.into();
        if let Some((line, advice)) = files.malformed() {
            return Some(Cause::new(line, [advice.into()]));
        }
        if files.has(name) {
            return Some(Cause::new(format!("no profile is given, and {} has none", files.profile(name)), [sign_in]));
        }
        let has_others = !files.profiles().is_empty();
        has_others.then(|| {
            let what = format!("no profile is given, and {} has no `default`", files.place());
            Cause::new(what, [sign_in, files.list().into()])
        })
    }

    /// What failed at the web identity that the variables describe.
    fn of_web_identity(&self, failure: &Failure) -> Cause {
        let file = self.web_identity_token_file.clone().unwrap_or_default();
        let token = format!(
            "the web identity token in {} (AWS_WEB_IDENTITY_TOKEN_FILE)",
            printable(&file.to_string_lossy(), 200)
        );
        let whose = "the web identity token that AWS_WEB_IDENTITY_TOKEN_FILE names";
        web_identity(&token, whose, "check AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN", failure)
    }
}

const SETTLE: &str = "run `aws configure --profile {name}` or `aws configure sso --profile {name}`";

/// What failed at a web identity: at its `token`, or at STS for `whose`.
pub(super) fn web_identity(token: &str, whose: &str, check: &'static str, failure: &Failure) -> Cause {
    match failure {
        Failure::Unreadable(why) => Cause::new(format!("{token} can't be read: {why}"), [check.into()]),
        _ => of_service("STS", "AssumeRoleWithWebIdentity", whose, failure, check.to_owned()),
    }
}

/// What failed at the container's endpoint; `whose` names the profile that chose it.
pub(super) fn of_container(failure: &Failure, whose: Option<&str>) -> Cause {
    let service = "the container's credentials endpoint";
    let check = "check the variables whose names start with AWS_CONTAINER_: whoever runs the container sets them";
    match failure {
        Failure::Unreadable(why) => Cause::new(
            format!("the file that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names can't be read: {why}"),
            [check.into()],
        ),
        _ => of_service(service, "", whose.unwrap_or_default(), failure, check.to_owned()),
    }
}

/// What failed at the metadata service; `whose` names the profile that chose it.
pub(super) fn of_machine(failure: &Failure, whose: Option<&str>) -> Cause {
    let check = "check that this machine has an IAM role, and that its metadata service is on";
    of_service("the instance metadata service", "", whose.unwrap_or_default(), failure, check.to_owned())
}

/// What a service answered, or that it did not. `whose` names who wants credentials, or is empty.
pub(super) fn of_service(service: &str, operation: &str, whose: &str, failure: &Failure, check: String) -> Cause {
    let for_whom = if whose.is_empty() { String::new() } else { format!(" for {whose}") };
    let after = if operation.is_empty() { String::new() } else { format!(" ({operation})") };
    match failure {
        Failure::Slow => {
            let what = format!("{service} did not answer within {} s{for_whom}{after}", seconds());
            Cause::of_network(what, [check.into()])
        }
        Failure::Unanswered(fault) => {
            let hints = Error::from(fault.clone()).advice().to_vec();
            Cause::of_network(format!("{service} could not be asked{for_whom}{after}: {fault}"), hints)
        }
        Failure::Refused(refused) if refused.is_throttling() => {
            let what = format!("{service} is throttling{for_whom}{after}: {}", refused.said());
            Cause::of_network(what, ["wait a little and try again".into()])
        }
        Failure::Refused(refused) if refused.is_of_another() => Cause::of_network(
            format!("the answer of {service}{for_whom}{after} is not one of AWS: {}", refused.said()),
            ["check the network and the proxy, then try again".into()],
        ),
        Failure::Refused(refused) if refused.is_outage() => {
            Cause::of_network(format!("{service} failed{for_whom}{after}: {}", refused.said()), ["try again".into()])
        }
        Failure::Refused(refused) => {
            let whom = if whose.is_empty() { String::new() } else { format!(" {whose}") };
            Cause::new(format!("{service} refused{whom}{after}: {}", refused.said()), [check.into()])
        }
        Failure::Nothing(said) | Failure::Unreadable(said) | Failure::Other(said) => {
            let why = readable(said).map(|why| format!(": {why}")).unwrap_or_default();
            Cause::new(format!("{service} gave no credentials{for_whom}{why}"), [check.into()])
        }
    }
}

fn error(cause: Option<Cause>) -> CredentialsError {
    cause.map_or_else(CredentialsError::not_loaded_no_source, CredentialsError::provider_error)
}

/// How long credentials may take, in whole seconds.
pub(super) fn seconds() -> u64 {
    PATIENCE.as_secs() + 1
}

impl ProvideCredentials for Explained {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}
