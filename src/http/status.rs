//! The meaning of an HTTP status without further details. It never decides about a token or a session, since proxies return the same
//! statuses.

use std::fmt;

use crate::error::{Advice, AdviceKind, Error, Kind, chain};

/// The usual cause of a 403 without details.
pub(crate) const FIREWALL: AdviceKind = AdviceKind::AskFirewall;

const LATE: &str = "check the network, and try again";

const THROTTLED: &str = "wait a little and try again";

/// The HTTP status of an answer, as the reason of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Status(u16);

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.0)
    }
}

impl std::error::Error for Status {}

/// Whether a service that answers so may take the same request a moment later. One that lacks what was asked (501) never does.
pub(crate) fn may_pass(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502..=599)
}

/// Whether a gateway, or a server under load, answers so: then nothing is known of what the server can do.
pub(crate) fn is_busy(status: u16) -> bool {
    matches!(status, 408 | 429 | 502..=504)
}

/// Whether the service throttled the request, which was then not carried out.
pub(crate) fn is_throttled(error: &Error) -> bool {
    error.code().is_some_and(|code| is_throttling(code) || code == "LimitExceededException") || of(error) == Some(429)
}

/// Whether a service that is throttling, which passes, answers with this code.
pub(crate) fn is_throttling(code: &str) -> bool {
    matches!(code, "TooManyRequestsException" | "ThrottlingException" | "Throttling" | "SlowDown")
}

/// The HTTP status that is the reason of an error, where there is one.
pub(crate) fn of(error: &Error) -> Option<u16> {
    chain(error).find_map(|cause| cause.downcast_ref().map(|Status(status)| *status))
}

/// The error with the HTTP status of the answer as its reason.
pub(crate) fn because_of(error: Error, status: u16) -> Error {
    error.because(Status(status))
}

/// The error for a host that is overloaded or failed; `when` says when it wants to be asked again.
pub(crate) fn busy(host: &str, status: u16, when: &str) -> Error {
    because_of(Error::network(format!("{host} answered HTTP {status}{when}")).hint(THROTTLED), status)
}

/// The error for an answer to `operation` with this status and no details; `what` describes it. `None` if the status means nothing either.
pub(crate) fn unexplained(operation: &str, status: u16, what: &str) -> Option<Error> {
    let network = |did: &str| Error::network(format!("{operation}: the service {did} ({what})"));
    let refused = || Error::new(Kind::Refused, format!("{operation} was refused without a reason ({what})"));
    let error = match status {
        408 => network("did not get the whole request in time").hint(LATE),
        429 => network("is throttling").hint(THROTTLED),
        500..=599 => network("failed").hint(AdviceKind::TryLaterWithRequestId),
        403 => refused().hint(FIREWALL),
        401 => {
            refused().hint("Cognito and AWS give a reason: check the address, and any proxy or firewall in front of it")
        }
        _ => return None,
    };
    Some(error.with_operation(operation).because(Status(status)))
}

/// The error for an unknown code, if the status says what to do.
pub(crate) fn unknown_code(operation: &str, status: u16, said: &str) -> Option<Error> {
    let advice: Advice = match status {
        408 => LATE.into(),
        429 => THROTTLED.into(),
        500..=599 => AdviceKind::TryFailedServiceLater.into(),
        _ => return None,
    };
    let message = format!("{operation} failed: {said} (HTTP {status})");
    Some(Error::network(message).hint(advice).because(Status(status)))
}
