//! Checks for everything that could keep a profile from working. Each check returns data; none changes anything or asks questions. One file
//! per area; this one has the common parts.

pub mod aws;
pub mod client;
pub mod configuration;
pub mod environment;
mod hints;
pub mod network;
pub mod pool;
pub mod probe;
pub mod secrets;
pub mod targets;
pub mod tokens;

use cogtok::choice;
use cogtok::error::{Advice, Error, Kind, printable};

/// The most characters of a finding's text.
const MOST: usize = 600;

choice!(
    /// How a check ended.
    Status, "status" {
        /// As it should be.
        Ok = "ok",
        /// Not as it should be, but harmless.
        Warn = "warn",
        /// Something fails for it.
        Fail = "fail",
        /// Skipped, for the reason given.
        Skip = "skip",
    }
);

choice!(
    /// The checks, in this order.
    Check, "check" {
        /// The configuration file.
        Configuration = "configuration",
        /// The profile in use, and each of its values.
        Profile = "profile",
        /// The keyring or the secrets file.
        SecretStore = "secret-store",
        /// Each secret that the profile lists.
        Secret = "secret",
        /// Whether there are AWS credentials, and whose.
        AwsCredentials = "aws-credentials",
        /// The Region.
        Region = "region",
        /// This machine's clock against a server's.
        Clock = "clock",
        /// The way to the Cognito API.
        CognitoApi = "cognito-api",
        /// The way to the pool's domain.
        Domain = "domain",
        /// The way to the token endpoint.
        TokenUrl = "token-url",
        /// The pool's discovery document.
        Discovery = "discovery",
        /// The pool's public keys.
        SigningKeys = "signing-keys",
        /// The settings of the users' app client.
        UserClient = "user-client",
        /// The settings of the machine-to-machine app client.
        M2mClient = "m2m-client",
        /// The identity pool's id.
        IdentityPool = "identity-pool",
        /// Whether anybody may sign up to a pool that feeds an identity pool.
        SelfSignUp = "self-sign-up",
        /// Each target of the profile.
        Target = "target",
        /// The user's cached token.
        UserToken = "user-token",
        /// The cached machine-to-machine token.
        M2mToken = "m2m-token",
        /// The key that Bedrock's own tools take from the environment.
        BedrockKey = "bedrock-key",
        /// Variables that override the profile, and those that nothing reads.
        Variables = "variables",
    }
);

/// The result of a check. It contains no secret and no control characters.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The check.
    pub check: Check,
    /// How it ended.
    pub status: Status,
    /// The result.
    pub detail: String,
    /// What to do next.
    pub hint: Option<Advice>,
    /// The class of a failure.
    pub kind: Option<Kind>,
    /// Whether users can sign in with the browser at the app client; none where the check did not see it.
    pub takes_browser: Option<bool>,
}

impl Finding {
    fn new(check: Check, status: Status, detail: &str) -> Self {
        Finding { check, status, detail: printable(detail, MOST), hint: None, kind: None, takes_browser: None }
    }

    /// All is well.
    pub fn ok(check: Check, detail: impl AsRef<str>) -> Self {
        Finding::new(check, Status::Ok, detail.as_ref())
    }

    /// A warning.
    pub fn warn(check: Check, detail: impl AsRef<str>, hint: impl Into<Advice>) -> Self {
        Finding::new(check, Status::Warn, detail.as_ref()).hinting(hint)
    }

    /// A failure.
    pub fn fail(check: Check, kind: Kind, detail: impl AsRef<str>, hint: impl Into<Advice>) -> Self {
        Finding { kind: Some(kind), ..Finding::new(check, Status::Fail, detail.as_ref()).hinting(hint) }
    }

    /// A skipped check.
    pub fn skip(check: Check, why: impl AsRef<str>) -> Self {
        Finding::new(check, Status::Skip, why.as_ref())
    }

    /// The failure for `error`.
    pub fn of(check: Check, error: &Error) -> Self {
        Finding::fail(check, error.kind(), error.message(), hints::first_of(error))
    }

    /// The same as a warning, where nothing fails for it.
    #[must_use]
    pub fn softened(self) -> Self {
        Finding { status: Status::Warn, kind: None, ..self }
    }

    fn hinting(self, hint: impl Into<Advice>) -> Self {
        Finding { hint: Some(hint.into()), ..self }
    }
}

/// The error for these findings: the first failure's kind and hint. `None` without a failure.
pub fn failure(findings: &[Finding]) -> Option<Error> {
    let failed: Vec<&Finding> = findings.iter().filter(|finding| finding.status == Status::Fail).collect();
    let first = failed.first()?;
    let mut names: Vec<&str> = failed.iter().map(|finding| finding.check.as_str()).collect();
    names.dedup();
    let count = failed.len();
    let what = if count == 1 { "one check fails".to_owned() } else { format!("{count} checks fail") };
    let error = Error::new(first.kind.unwrap_or(Kind::Failure), format!("{what}: {}", names.join(", ")));
    Some(first.hint.iter().fold(error, |error, hint| error.hint(hint.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_gives_the_class_and_nothing_obeys_a_terminal() {
        let findings = [
            Finding::warn(Check::Configuration, "x", "y"),
            Finding::fail(Check::Secret, Kind::Store, "a\u{1b}[31mb", "run `cogtok secret set m2m-client{p}`"),
            Finding::of(Check::Clock, &Error::network("off")),
        ];
        let error = failure(&findings).unwrap();
        assert_eq!((error.kind(), error.message()), (Kind::Store, "2 checks fail: secret, clock"));
        assert_eq!(crate::advice::general(&error.advice()[0]), "run `cogtok secret set m2m-client`");
        assert_eq!(findings[1].detail, "a\\u{1b}[31mb");
        assert!(failure(&findings[..1]).is_none());
    }
}
