//! The error type: a kind (the exit code), a message in Cognito's terms, and as data the operation, the service's code, the setting, and
//! [`Advice`] on what to do.
//!
//! Messages and advice never contain a secret. Text from a service is a [`ServiceText`](crate::http::service_text::ServiceText), and
//! [`Advice`] keeps own and foreign text apart.

mod advice;
mod advice_kind;
mod printable;

use std::error::Error as StdError;
use std::fmt;

pub use advice::{Advice, AdvicePart, AdviceSaid, AdviceValue};
pub use advice_kind::AdviceKind;
pub(crate) use printable::is_control_or_mark;
pub use printable::{is_unprintable, is_variation_selector, printable};

/// A `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The class of a failure. Each class is one exit code of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum Kind {
    /// Something failed that no other kind describes (exit code 1).
    Failure,
    /// The command line or an input is malformed (2).
    Usage,
    /// The configuration or a profile does not allow it (3).
    Config,
    /// Cognito or AWS refused: wrong password, secret or code; not authorised (4).
    Refused,
    /// A human is needed and there is no terminal (5).
    NeedsHuman,
    /// Network, service or protocol, after retries (6).
    Network,
    /// The local store: keyring, disk or lock (7).
    Store,
    /// A token is invalid (8).
    InvalidToken,
    /// AWS credentials are missing or do not allow the call (9).
    AwsCredentials,
    /// Only a part was done; the rest can be resumed (10).
    Partial,
    /// Interrupted by SIGINT (130).
    Interrupted,
    /// Terminated by SIGTERM (143).
    Terminated,
}

impl Kind {
    /// The process exit code of this class.
    pub const fn exit_code(self) -> u8 {
        match self {
            Kind::Failure => 1,
            Kind::Usage => 2,
            Kind::Config => 3,
            Kind::Refused => 4,
            Kind::NeedsHuman => 5,
            Kind::Network => 6,
            Kind::Store => 7,
            Kind::InvalidToken => 8,
            Kind::AwsCredentials => 9,
            Kind::Partial => 10,
            Kind::Interrupted => 130,
            Kind::Terminated => 143,
        }
    }
}

/// A failure with its class, a message and advice.
///
/// `Display` shows only the message: the advice is data, for a program to word for its own users.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    advice: Vec<Advice>,
    // Boxed, since most errors have none and every result contains the size.
    facts: Option<Box<Facts>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

#[derive(Debug, Clone, Default)]
struct Facts {
    code: Option<String>,
    operation: Option<String>,
    setting: Option<String>,
    is_of_caller: bool,
    is_without_credentials: bool,
}

impl Error {
    /// A failure of the class `kind`. The message starts in lower case and has no full stop.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error { kind, message: message.into(), advice: Vec::new(), facts: None, source: None }
    }
}

#[doc(hidden)]
impl Error {
    /// [`Kind::Usage`] with this message.
    pub fn usage(message: impl Into<String>) -> Self {
        Error::new(Kind::Usage, message)
    }

    /// [`Kind::Config`] with this message.
    pub fn config(message: impl Into<String>) -> Self {
        Error::new(Kind::Config, message)
    }

    /// [`Kind::Store`] with this message.
    pub fn store(message: impl Into<String>) -> Self {
        Error::new(Kind::Store, message)
    }

    /// [`Kind::Network`] with this message.
    pub fn network(message: impl Into<String>) -> Self {
        Error::new(Kind::Network, message)
    }

    /// The same failure for another caller who waited for it, without its source.
    #[must_use]
    pub fn copied(&self) -> Self {
        let (message, advice, facts) = (self.message.clone(), self.advice.clone(), self.facts.clone());
        Error { kind: self.kind, message, advice, facts, source: None }
    }

    /// A failure of this caller alone, such as that its time was over: another one may have better luck with the same request.
    #[must_use]
    pub fn of_caller(mut self) -> Self {
        self.facts.get_or_insert_default().is_of_caller = true;
        self
    }

    /// Whether only this caller failed.
    pub fn is_of_caller(&self) -> bool {
        self.facts.as_ref().is_some_and(|facts| facts.is_of_caller)
    }

    /// A failure to find AWS credentials.
    #[must_use]
    pub fn without_credentials(mut self) -> Self {
        self.facts.get_or_insert_default().is_without_credentials = true;
        self
    }

    /// Whether there were no AWS credentials for the operation, which was then not sent. The kind does not say so: it is that of the cause.
    pub fn is_without_credentials(&self) -> bool {
        self.facts.as_ref().is_some_and(|facts| facts.is_without_credentials)
    }

    /// Adds advice.
    #[must_use]
    pub fn hint(mut self, advice: impl Into<Advice>) -> Self {
        self.advice.push(advice.into());
        self
    }

    /// The same failure with this as its only advice, for a caller that knows better what to do.
    #[must_use]
    pub fn with_hint(mut self, advice: impl Into<Advice>) -> Self {
        self.advice.clear();
        self.hint(advice)
    }

    /// Keeps the code that AWS or OAuth gave, such as `UsernameExistsException`.
    #[must_use]
    pub fn with_code(mut self, code: &str) -> Self {
        self.facts.get_or_insert_default().code = Some(code.into());
        self
    }

    /// Keeps what was called: an operation of AWS, or a grant of OAuth.
    #[must_use]
    pub fn with_operation(mut self, operation: &str) -> Self {
        self.facts.get_or_insert_default().operation = Some(operation.into());
        self
    }

    /// Keeps the dotted key of the profile's setting that it is about.
    #[must_use]
    pub fn with_setting(mut self, dotted: &str) -> Self {
        self.facts.get_or_insert_default().setting = Some(dotted.into());
        self
    }

    /// The same error with another message, for a caller whose user knows things by other names.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// Keeps the error that caused this one.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same failure in another class, for a caller that knows better what it means.
    #[must_use]
    pub fn with_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// The same failure with other advice in the place of `{place}`.
    #[must_use]
    pub fn fill(self, place: &str, advice: impl Into<Advice>) -> Self {
        let with = advice.into();
        self.map_advice(|advice| Some(advice.fill(place, with.clone())))
    }

    /// The same error with `value` for `{place}` in its advice, as one word of a command.
    #[must_use]
    pub fn fill_word(self, place: &str, value: &str) -> Self {
        self.map_advice(|advice| Some(advice.word(place, value)))
    }

    /// The same error with each part of its advice changed by `change`; `None` drops the part.
    #[must_use]
    pub fn map_advice(mut self, change: impl Fn(Advice) -> Option<Advice>) -> Self {
        self.advice = self.advice.into_iter().filter_map(change).collect();
        self
    }

    /// The same failure with `prefix: ` before its message.
    #[must_use]
    pub fn context(mut self, prefix: &str) -> Self {
        self.message = format!("{prefix}: {}", self.message);
        self
    }
}

impl Error {
    /// The class of the failure.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The message, without advice.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The code that AWS or OAuth gave, where one of them refused.
    pub fn code(&self) -> Option<&str> {
        self.facts.as_ref()?.code.as_deref()
    }

    /// The failed operation: an AWS operation (`InitiateAuth`), or words for a request to an OAuth endpoint.
    pub fn operation(&self) -> Option<&str> {
        self.facts.as_ref()?.operation.as_deref()
    }

    /// The dotted key of the profile's setting that it is about, such as `m2m.token_url`.
    pub fn setting(&self) -> Option<&str> {
        self.facts.as_ref()?.setting.as_deref()
    }

    /// The advice, in the order in which it was added.
    pub fn advice(&self) -> &[Advice] {
        &self.advice
    }

    /// Whether this is among its advice.
    pub fn advises(&self, kind: AdviceKind) -> bool {
        self.advice.iter().any(|advice| advice.kind() == Some(kind))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// An error and its sources, the outermost first.
pub fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<std::io::Error>() {
        // `source()` skips the error that it wraps.
        Some(error) => error.get_ref().map(|carried| carried as &(dyn StdError + 'static)),
        None => error.source(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_its_message_and_keeps_the_rest_as_data() {
        let error = Error::config("it is not set")
            .with_code("NotAuthorizedException")
            .with_operation("InitiateAuth")
            .with_setting("user.client_id")
            .hint(AdviceKind::CheckProfile)
            .hint("try again")
            .fill_word("user", "ann");
        assert_eq!(error.to_string(), "it is not set");
        assert_eq!((error.kind(), error.code()), (Kind::Config, Some("NotAuthorizedException")));
        assert_eq!((error.operation(), error.setting()), (Some("InitiateAuth"), Some("user.client_id")));
        assert_eq!(error.advice()[0].kind(), Some(AdviceKind::CheckProfile));
        assert_eq!(error.advice()[1].value("user"), Some("ann"));
        assert!(error.advises(AdviceKind::CheckProfile) && !error.advises(AdviceKind::SignInAgain));
        let error = error.map_advice(|advice| advice.kind().is_none().then_some(advice));
        assert_eq!(error.advice().len(), 1);
        assert_eq!(error.with_hint(AdviceKind::SignInAgain).context("x").to_string(), "x: it is not set");
    }
}
