//! Converts the SDK's errors.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::credentials::cause::Cause;
use super::service_error::{Refusal, operation_of, refused, said};
use crate::error::{AdviceKind, Error, Kind, chain};
use crate::http::redact::Redactor;
use crate::http::status::unexplained;
use crate::http::transport_error::fault_in;

/// The code of an SDK error's answer, where there was one.
pub(crate) fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> &str {
    error.code().unwrap_or_default()
}

/// The error for a signed call without credentials. `failure` is the result of looking for them.
pub(crate) fn no_credentials(operation: &str, failure: Option<&(dyn StdError + 'static)>) -> Error {
    let message = format!("{operation} needs AWS credentials, and there are none that cogtok can use");
    let cause = failure.and_then(|failure| chain(failure).find_map(|error| error.downcast_ref::<Cause>()));
    let Some(cause) = cause else {
        return Error::new(Kind::AwsCredentials, message).hint(AdviceKind::SignInToAws).without_credentials();
    };
    let error = Error::new(cause.kind, format!("{message}: {cause}")).because(cause.to_string());
    cause.hints.iter().fold(error, |error, hint| error.hint(hint.clone())).without_credentials()
}

/// The error for what the SDK reports of `operation`.
pub(crate) fn from_sdk<E>(operation: &str, error: SdkError<E, HttpResponse>, redactor: &Redactor) -> Error
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
{
    failed(operation, error, redactor).with_operation(operation_of("", operation))
}

fn failed<E>(operation: &str, error: SdkError<E, HttpResponse>, redactor: &Redactor) -> Error
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
{
    // What failed is the search for credentials: the operation was never sent.
    if chain(&error).any(|error| error.is::<Cause>()) {
        return no_credentials(operation, Some(&error));
    }
    if let Some(fault) = fault_in(&error) {
        return Error::from(fault.clone()).context(operation);
    }
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    if let Some(code) = error.code() {
        let message = error.message().unwrap_or_default();
        return refused(&Refusal { status, grant: "", operation, code, message }, redactor);
    }
    // When a source of credentials takes too long, the SDK's error has a private type.
    let is_slow = |error: &(dyn StdError + 'static)| error.to_string().starts_with("identity resolver timed out");
    if chain(&error).any(|error| error.is::<CredentialsError>() || is_slow(error)) {
        return no_credentials(operation, Some(&error));
    }
    let reason = said(&chain(&error).last().map(ToString::to_string).unwrap_or_default(), redactor);
    let what = |status: u16| {
        let length = error.raw_response().and_then(|answer| answer.body().bytes()).map_or(0, <[u8]>::len);
        format!("HTTP {status}, {length} bytes")
    };
    if let Some(error) = status.and_then(|status| unexplained(operation, status, &what(status))) {
        return error;
    }
    match error {
        SdkError::TimeoutError(_) => Error::network(format!("{operation}: no answer in time")).hint("try again"),
        SdkError::ResponseError(_) | SdkError::ServiceError(_) => {
            Error::network(format!("{operation}: the answer is not one of AWS: {reason}"))
                .hint("check `endpoint_url` and AWS_ENDPOINT_URL")
        }
        _ => Error::network(format!("{operation}: {reason}")),
    }
}
