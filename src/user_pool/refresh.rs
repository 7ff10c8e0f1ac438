//! Renewing a session at the Cognito API: GetTokensFromRefreshToken, and REFRESH_TOKEN_AUTH where that is unknown.

use std::collections::HashMap;
use std::error::Error as StdError;

use aws_sdk_cognitoidentityprovider::config::Config;
use aws_sdk_cognitoidentityprovider::types::{AuthFlowType, AuthenticationResultType};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;

use crate::aws::service_error::from_sdk;
use crate::error::{AdviceKind, Error, Kind, Result};
use crate::http::retry::{CallFailure, with_retries};
use crate::http::status::{self, is_throttled};
use crate::http::transport_error::{TransportError, TransportErrorKind, fault_in};
use crate::secret::Secret;
use crate::user_pool::cognito_idp::{AuthenticationResult, Idp};
use crate::user_pool::srp;

/// Why a session was not renewed.
#[derive(Debug)]
pub enum RefreshError {
    /// The session has ended: its refresh token has expired, was revoked or was used already.
    Over(Error),
    /// The server does not renew sessions, or not this one: the session may go on, and only a sign-in helps now.
    Unable(Error),
    /// The refresh token may have been used, and its successor was lost on the way.
    Unknown(Error),
    /// The refresh token was not used.
    Failed(Error),
}

impl RefreshError {
    /// The error, whatever happened to the session.
    pub fn into_error(self) -> Error {
        match self {
            RefreshError::Over(error)
            | RefreshError::Unable(error)
            | RefreshError::Unknown(error)
            | RefreshError::Failed(error) => error,
        }
    }
}

impl Idp {
    /// GetTokensFromRefreshToken; if the server lacks it, REFRESH_TOKEN_AUTH, whose secret hash uses `username`, the pool's own name for
    /// the user. Throttling and failed connections are retried up to three times. `rotates` says whether each renewal returns a new refresh
    /// token, if known: a request that may have reached Cognito is repeated only if it does not.
    ///
    /// # Errors
    /// [`RefreshError`].
    pub async fn renew(
        &self,
        refresh_token: &Secret,
        username: Option<&str>,
        device_key: Option<&str>,
        rotates: Option<bool>,
    ) -> Result<AuthenticationResult, RefreshError> {
        self.wire.redactor().hide("", refresh_token);
        let is_reusable = rotates == Some(false);
        let attempt = || async {
            let renewed = self.renew_once(refresh_token, username, device_key, rotates).await;
            renewed.map_err(|error| {
                let is_undone = error.kind() != Kind::Network || is_limit(&error) || was_not_sent(&error);
                let may_pass = error.kind() == Kind::Network && !is_limit(&error);
                CallFailure {
                    is_transient: may_pass && (is_undone || is_reusable),
                    is_undone,
                    ..CallFailure::last(error)
                }
            })
        };
        with_retries(&self.wire, attempt).await.map_err(|failed| match failed.error {
            error if is_over(&error) => RefreshError::Over(error),
            error if error.code() == Some(CANNOT_RENEW) => RefreshError::Unable(error),
            error if failed.is_undone => RefreshError::Failed(error),
            error => RefreshError::Unknown(error),
        })
    }

    async fn renew_once(
        &self,
        refresh_token: &Secret,
        username: Option<&str>,
        device_key: Option<&str>,
        rotates: Option<bool>,
    ) -> Result<AuthenticationResult> {
        let operation = "GetTokensFromRefreshToken";
        let once = Config::builder().retry_config(RetryConfig::disabled());
        let request = self
            .client
            .get_tokens_from_refresh_token()
            .client_id(self.client_id.as_str())
            .refresh_token(refresh_token.expose())
            .set_client_secret(self.client_secret.as_ref().map(|secret| secret.expose().to_owned()))
            .set_device_key(device_key.map(str::to_owned));
        // A server that has once returned a new refresh token has the operation.
        let may_lack = rotates != Some(true) && self.is_elsewhere;
        let (error, is_lacking) = match request.customize().config_override(once).send().await {
            Ok(answer) => match answer.authentication_result.filter(has_tokens) {
                Some(result) => return self.signed_in(result),
                None => (no_tokens(operation), may_lack),
            },
            Err(error) => {
                let is_lacking = rotates != Some(true) && self.is_lacking(&error) || may_lack && is_unclear(&error);
                (from_sdk(operation, error, self.wire.redactor()), is_lacking)
            }
        };
        if !is_lacking {
            return Err(error);
        }
        log::info!(target: "cogtok", "REFRESH_TOKEN_AUTH is tried instead: {error}");
        self.refresh_token_auth(refresh_token, username, device_key, error).await
    }

    /// Whether the answer may be from a server without the operation. Emulators report that in their own words, with any status; AWS has
    /// the operation, and reports its absence in only one way. An answer about the session or the load does not count.
    fn is_lacking<E: ProvideErrorMetadata + StdError + 'static>(&self, error: &SdkError<E, HttpResponse>) -> bool {
        if fault_in(error).is_some_and(|fault| matches!(fault.what, TransportErrorKind::NotOfAws(_))) {
            return self.is_elsewhere;
        }
        let Some(status) = error.raw_response().map(|response| response.status().as_u16()) else { return false };
        let code = error.code().unwrap_or_default();
        if matches!(code, "UnknownOperationException" | "UnsupportedOperationException") {
            return true;
        }
        self.is_elsewhere && !OF_SESSIONS.contains(&code) && !is_busy(status, code)
    }

    /// `before` is why this is tried.
    async fn refresh_token_auth(
        &self,
        refresh_token: &Secret,
        username: Option<&str>,
        device_key: Option<&str>,
        before: Error,
    ) -> Result<AuthenticationResult> {
        let operation = "InitiateAuth (REFRESH_TOKEN_AUTH)";
        let mut parameters = HashMap::from([("REFRESH_TOKEN".to_owned(), refresh_token.expose().to_owned())]);
        if let (Some(secret), Some(username)) = (&self.client_secret, username) {
            let hash = srp::secret_hash(username, self.client_id.as_str(), secret)?;
            parameters.insert("SECRET_HASH".to_owned(), hash);
        }
        if let Some(device_key) = device_key {
            parameters.insert("DEVICE_KEY".to_owned(), device_key.to_owned());
        }
        let once = Config::builder().retry_config(RetryConfig::disabled());
        let request = self.client.initiate_auth().client_id(self.client_id.as_str());
        let request = request.auth_flow(AuthFlowType::RefreshTokenAuth).set_auth_parameters(Some(parameters));
        match request.customize().config_override(once).send().await {
            Ok(answer) => match answer.authentication_result.filter(has_tokens) {
                Some(result) => self.signed_in(result),
                None => Err(unrenewable(&before, &no_tokens(operation))),
            },
            Err(error) => {
                let is_lacking = self.is_lacking(&error);
                let error = from_sdk(operation, error, self.wire.redactor());
                Err(if is_lacking { unrenewable(&before, &error) } else { error })
            }
        }
    }
}

/// Errors about the session, the caller or the load, from a server that has the operation.
const OF_SESSIONS: [&str; 7] = [
    "NotAuthorizedException",
    "RefreshTokenReuseException",
    "UserNotFoundException",
    "PasswordResetRequiredException",
    "TooManyRequestsException",
    "LimitExceededException",
    "ThrottlingException",
];

/// What Cognito says of a refresh token that never works again, in lower case. Other refusals are about the app client, the user or the
/// server, and after a change there the refresh token works again.
const ENDED: [&str; 3] = ["refresh token has expired", "refresh token has been revoked", "invalid refresh token"];

/// The code of a renewal that the server does not make, whatever is sent.
pub(crate) const CANNOT_RENEW: &str = "CannotRenew";

/// Whether the server, or a gateway in front of it, may take the request later. A gateway has no code; a code of another meaning is the
/// server's own.
fn is_busy(status: u16, code: &str) -> bool {
    let code = code.to_lowercase();
    let is_passing = ["unavailable", "throttl", "toomany", "slowdown", "timeout", "timedout", "busy", "overload"];
    status == 429 || status::is_busy(status) && (code.is_empty() || is_passing.iter().any(|word| code.contains(word)))
}

/// Whether a refusal is neither about the session nor about the client or the user: it may be about the operation.
fn is_unclear<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let message = error.message().unwrap_or_default().to_lowercase();
    let is_known = ENDED.iter().chain(&["secret", "disabled"]).any(|words| message.contains(words));
    error.code() == Some("NotAuthorizedException") && !is_known
}

/// Whether a result has any token: an empty one is from a server that does not know what was asked.
fn has_tokens(result: &AuthenticationResultType) -> bool {
    [&result.access_token, &result.refresh_token].into_iter().flatten().any(|token| !token.is_empty())
}

fn no_tokens(operation: &str) -> Error {
    Error::network(format!("{operation}: the answer has no tokens")).hint("check `endpoint_url` and AWS_ENDPOINT_URL")
}

/// The error for a server that renews no session in either way: the refresh token was not used.
fn unrenewable(first: &Error, second: &Error) -> Error {
    let message = format!("this server does not renew sessions: {}; {}", first.message(), second.message());
    let error = match second.kind() {
        // A firewall may be in the way, which has advice of its own.
        Kind::Refused => second.advice().iter().cloned().fold(Error::new(Kind::Refused, message), Error::hint),
        _ => Error::new(Kind::Failure, message),
    };
    error.with_code(CANNOT_RENEW).hint(AdviceKind::SignInEachTime)
}

/// Whether the user has reached a limit, which is refused for minutes.
fn is_limit(error: &Error) -> bool {
    error.code() == Some("LimitExceededException")
}

/// Whether a failed request is known not to have been carried out.
fn was_not_sent(error: &Error) -> bool {
    is_throttled(error) || (error.code().is_none() && fault_in(error).is_some_and(TransportError::is_unsent))
}

/// Whether Cognito's refusal means that the session has ended, rather than that the request was wrong.
fn is_over(error: &Error) -> bool {
    let message = error.message().to_lowercase();
    match error.code() {
        Some("RefreshTokenReuseException") => true,
        Some("NotAuthorizedException") => ENDED.iter().any(|words| message.contains(words)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cognito_says_of_a_dead_refresh_token_ends_the_session() {
        let is_over = |code: &str, message: &str| is_over(&Error::new(Kind::Refused, message).with_code(code));
        for ended in ["Refresh Token has expired", "Refresh Token has been revoked", "Invalid Refresh Token."] {
            assert!(is_over("NotAuthorizedException", &format!("X was refused: NotAuthorizedException: {ended}")));
        }
        assert!(is_over("RefreshTokenReuseException", "X was refused"));
        for other in [
            "Refresh Token auth flow not enabled for this client",
            "Action GetTokensFromRefreshToken is not supported",
            "Unable to verify secret hash for client x",
            "Client x is configured for secret but secret was not received",
            "User is disabled.",
            "User not authorized",
            "",
        ] {
            assert!(!is_over("NotAuthorizedException", other), "{other}");
        }
        assert!(!is_over("InvalidParameterException", "Invalid Refresh Token"));
    }

    #[test]
    fn a_gateway_and_words_for_a_load_are_busy_and_other_codes_are_not() {
        for status in [502, 503, 504] {
            for code in ["", "ServiceUnavailableException", "ThrottlingException", "SlowDown", "RequestTimeout"] {
                assert!(is_busy(status, code), "{status} {code}");
            }
            for code in ["NotImplemented", "UnknownAction", "CognitoLocal#Unsupported"] {
                assert!(!is_busy(status, code), "{status} {code}");
            }
        }
        assert!(is_busy(429, "Anything") && !is_busy(500, "") && !is_busy(501, "") && !is_busy(403, ""));
    }
}
