//! Reads what failed from an error of the SDK: its own messages are Debug output and words for its parts.

use std::error::Error as StdError;
use std::io;

use aws_config::imds::client::error::ImdsError;
use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::retries::classifiers::{THROTTLING_ERRORS, TRANSIENT_ERRORS};
use aws_sdk_sso::operation::get_role_credentials::GetRoleCredentialsError;
use aws_sdk_sts::error::SdkError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::process::cleaned;
use crate::error::chain;
use crate::http::redact::Redactor;
use crate::http::transport_error::{TransportError, fault_in};

/// Why one source of credentials gave none.
#[derive(Debug)]
pub(super) enum Failure {
    /// The time ran out.
    Slow,
    /// It has none. The text says what is missing.
    Nothing(String),
    /// A request was not answered.
    Unanswered(TransportError),
    /// A request was refused, or the service failed.
    Refused(Refused),
    /// A file can't be read.
    Unreadable(String),
    /// Something else, in the SDK's words.
    Other(String),
}

/// An answer without credentials.
#[derive(Debug, Default)]
pub(super) struct Refused {
    /// The HTTP status, where it is known.
    pub status: Option<u16>,
    /// The service's code.
    pub code: String,
    /// The service's message.
    pub message: String,
}

impl Refused {
    /// The code, the message or the status: whatever there is.
    pub fn said(&self) -> String {
        match (self.code.as_str(), self.message.as_str(), self.status) {
            ("", "", Some(status)) => format!("HTTP {status}"),
            ("", "", None) => "it gave no reason".to_owned(),
            ("", only, _) | (only, "", _) => only.to_owned(),
            (code, message, _) => format!("{code}: {message}"),
        }
    }

    /// Whether the service asks for fewer requests.
    pub fn is_throttling(&self) -> bool {
        self.status == Some(429) || THROTTLING_ERRORS.contains(&self.code.as_str())
    }

    /// Whether the service failed, or one that it asked, rather than refused.
    pub fn is_outage(&self) -> bool {
        let code = self.code.as_str();
        self.status.is_some_and(|status| status == 408 || status >= 500)
            || code == "IDPCommunicationError"
            || TRANSIENT_ERRORS.contains(&code)
    }

    /// Whether the request was signed with a time that is far from the service's.
    pub fn is_of_clock(&self) -> bool {
        self.code == "RequestExpired"
            || ["Signature expired", "Signature not yet current"].iter().any(|words| self.message.starts_with(words))
    }

    /// Whether it is no error of AWS, such as a page of something on the way that answers with 200.
    pub fn is_of_another(&self) -> bool {
        self.status.is_some_and(|status| status < 400)
    }

    /// Whether the service decided.
    pub fn is_refusal(&self) -> bool {
        !(self.is_throttling() || self.is_outage() || self.is_of_another())
    }
}

impl Failure {
    /// What `error` is; without one, the time ran out.
    pub fn of(error: Option<&CredentialsError>, redactor: &Redactor) -> Self {
        let Some(error) = error else { return Failure::Slow };
        if let Some(fault) = fault_in(error) {
            return Failure::Unanswered(fault.clone());
        }
        let last = chain(error).last().map(ToString::to_string).unwrap_or_default();
        let text = cleaned(last.lines().next().unwrap_or_default(), redactor);
        if let Some(refused) = refused(error, redactor) {
            return Failure::Refused(refused);
        }
        if let Some(error) = chain(error).find_map(|error| error.downcast_ref::<io::Error>()) {
            return Failure::Unreadable(error.to_string());
        }
        // A profile's own source is nested in the error of the profile.
        let innermost = chain(error).filter_map(|error| error.downcast_ref::<CredentialsError>()).last();
        match innermost {
            Some(CredentialsError::CredentialsNotLoaded(_)) => Failure::Nothing(text),
            _ => Failure::Other(text),
        }
    }

    /// The text of any failure.
    pub fn said(&self) -> String {
        match self {
            Failure::Slow => String::new(),
            Failure::Unanswered(fault) => fault.to_string(),
            Failure::Refused(refused) => refused.said(),
            Failure::Nothing(text) | Failure::Unreadable(text) | Failure::Other(text) => text.clone(),
        }
    }
}

/// The operation of the Security Token Service that failed, if one did.
pub(super) fn sts_operation(error: &CredentialsError) -> Option<&'static str> {
    let of = |error: &(dyn StdError + 'static)| match () {
        () if error.is::<SdkError<AssumeRoleError>>() => Some("AssumeRole"),
        () if error.is::<SdkError<AssumeRoleWithWebIdentityError>>() => Some("AssumeRoleWithWebIdentity"),
        () => None,
    };
    chain(error).find_map(of)
}

fn refused(error: &CredentialsError, redactor: &Redactor) -> Option<Refused> {
    let clean = |text: Option<&str>| cleaned(text.unwrap_or_default(), redactor);
    let of = |error: &(dyn StdError + 'static)| {
        if let Some(error) = error.downcast_ref::<SdkError<AssumeRoleError>>() {
            return answered(error, redactor);
        }
        if let Some(error) = error.downcast_ref::<SdkError<AssumeRoleWithWebIdentityError>>() {
            return answered(error, redactor);
        }
        if let Some(error) = error.downcast_ref::<SdkError<GetRoleCredentialsError>>() {
            return answered(error, redactor);
        }
        if let Some(ImdsError::ErrorResponse(answer)) = error.downcast_ref::<ImdsError>() {
            return Some(Refused { status: Some(answer.response().status().as_u16()), ..Refused::default() });
        }
        let metadata = error.downcast_ref::<ErrorMetadata>()?;
        Some(Refused { code: clean(metadata.code()), message: clean(metadata.message()), status: None })
    };
    if let Some(refused) = chain(error).find_map(of) {
        return Some(refused);
    }
    // The SDK keeps neither the type nor the answer of these.
    let last = chain(error).last()?.to_string();
    if let Some((_, status)) = last.split_once("from HTTP credential provider: StatusCode(") {
        let status = status.trim_end_matches(')').parse().ok();
        return Some(Refused { status, ..Refused::default() });
    }
    let is_forbidden = last.starts_with("request forbidden: IMDS is disabled");
    is_forbidden.then(|| Refused { status: Some(403), ..Refused::default() })
}

/// An answer of STS or SSO, with the status of the answer.
fn answered<E: ProvideErrorMetadata>(error: &SdkError<E>, redactor: &Redactor) -> Option<Refused> {
    let status = error.raw_response()?.status().as_u16();
    let clean = |text: Option<&str>| cleaned(text.unwrap_or_default(), redactor);
    Some(Refused { status: Some(status), code: clean(error.code()), message: clean(error.message()) })
}

/// What the SDK calls its parts, and what a person knows them as.
const WORDS: [(&str, &str); 7] = [
    ("ProfileFile provider could not be built: ", ""),
    ("invalid full URI for ECS provider", "its address can't be used"),
    ("invalid relative URI for ECS provider", "its address can't be used"),
    ("Incorrect IMDS/IAM configuration: ", ""),
    ("Error retrieving credentials from IMDS: ", ""),
    ("IMDS", "the metadata service"),
    ("WebIdentityToken", "the web identity token"),
];

/// Words of the SDK in ours; `None` for Debug output and for what only somebody who builds with the SDK understands.
pub(super) fn readable(said: &str) -> Option<String> {
    let said = WORDS.iter().fold(said.to_owned(), |said, (from, to)| said.replace(from, to));
    let lower = said.to_ascii_lowercase();
    let is_internal =
        ["cargo", "feature", "provider", "sdk", "orchestrator", " { ", "unhandled", "environment variable not set"]
            .iter()
            .any(|word| lower.contains(word));
    let mut chars = said.chars();
    let first = chars.next().filter(|_| !is_internal)?;
    // A name such as `AWS` keeps its capitals.
    let is_name = chars.clone().next().is_none_or(char::is_uppercase);
    Some(if is_name { said } else { first.to_lowercase().chain(chars).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_text(text: &'static str) -> Failure {
        Failure::of(Some(&CredentialsError::provider_error(text)), &Redactor::default())
    }

    #[test]
    fn debug_output_is_never_repeated() {
        let metadata = ErrorMetadata::builder().code("AccessDenied").message("you may not").build();
        let error = CredentialsError::provider_error(metadata);
        let failure = Failure::of(Some(&error), &Redactor::default());
        assert!(matches!(failure, Failure::Refused(_)));
        assert_eq!(failure.said(), "AccessDenied: you may not");
        let empty = CredentialsError::provider_error(ErrorMetadata::builder().build());
        assert_eq!(Failure::of(Some(&empty), &Redactor::default()).said(), "it gave no reason");
        let said = "Non-success status from HTTP credential provider: StatusCode(502)";
        assert_eq!(of_text(said).said(), "HTTP 502");
    }

    #[test]
    fn what_a_nested_source_lacks_is_no_failure_of_the_profile() {
        let inner = CredentialsError::not_loaded("environment variable not set");
        let failure = Failure::of(Some(&CredentialsError::provider_error(inner)), &Redactor::default());
        assert!(matches!(failure, Failure::Nothing(_)));
        assert!(matches!(Failure::of(None, &Redactor::default()), Failure::Slow));
    }

    #[test]
    fn words_of_the_sdk_become_ours_or_nothing() {
        assert_eq!(
            readable("Expected field `Token` in response").as_deref(),
            Some("expected field `Token` in response")
        );
        assert_eq!(readable("AWS said no").as_deref(), Some("AWS said no"));
        assert_eq!(
            readable("invalid full URI for ECS provider (no host): x").as_deref(),
            Some("its address can't be used (no host): x")
        );
        for internal in [
            "This behavior requires following cargo feature(s) enabled: credentials-login",
            "Response { status: StatusCode(403) }",
            "the credential provider was not enabled",
            "",
        ] {
            assert_eq!(readable(internal), None, "{internal}");
        }
    }
}
