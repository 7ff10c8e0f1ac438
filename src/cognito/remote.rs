//! Asking Cognito whether a token still counts. It has no introspection endpoint (RFC 7662): GetUser and userInfo stand in,
//! for the tokens that they take.

use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::config::{BehaviorVersion, Config};
use aws_smithy_async::rt::sleep::TokioSleep;
use serde_json::Value;

use super::error::{from_sdk, said};
use super::http::Wire;
use super::jwks;
use crate::error::{Error, Kind, Result, printable};
use crate::profile::Profile;
use crate::profile::services::Service;
use crate::profile::words::Endpoint;
use crate::secret::Secret;

/// GetUser with an access token that has the scope `aws.cognito.signin.user.admin`.
///
/// # Errors
/// [`Kind::InvalidToken`] when Cognito does not take it: revoked, expired, a user who is gone; else as the table in
/// [`super::error`] says for GetUser.
pub async fn get_user(wire: &Wire, profile: &Profile, token: &Secret) -> Result<()> {
    let region = super::region(profile).await?;
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(wire.sdk_client())
        .region(super::sdk_region(&region))
        .sleep_impl(TokioSleep::new())
        .timeout_config(super::timeouts())
        .retry_config(super::retries());
    if let Some(endpoint) = profile.endpoint(Service::CognitoIdp) {
        config = config.endpoint_url(endpoint.as_str());
    }
    wire.redactor().hide("", token);
    let answer = Client::from_conf(config.build()).get_user().access_token(token.expose()).send().await;
    answer.map(drop).map_err(|error| {
        let error = from_sdk("GetUser", error, wire.redactor());
        match error.code() {
            Some(
                "NotAuthorizedException"
                | "UserNotFoundException"
                | "UserNotConfirmedException"
                | "PasswordResetRequiredException",
            ) => refused(error.message()),
            _ => error,
        }
    })
}

/// userInfo (OpenID Connect Core section 5.3) at the pool's domain, with an access token that has the scope `openid`. Gives
/// the `sub` that it names.
///
/// # Errors
/// [`Kind::InvalidToken`] when it is refused; [`Kind::Network`] when the answer is none of userInfo.
pub async fn user_info(wire: &Wire, domain: &Endpoint, token: &Secret) -> Result<String> {
    wire.redactor().hide("", token);
    let url = domain.join("/oauth2/userInfo");
    let host = printable(url.url().authority(), 120);
    let answer = jwks::get(wire, url.url(), Some(token)).await?;
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    match (answer.status().as_u16(), body.get("sub").and_then(Value::as_str)) {
        (200, Some(subject)) => Ok(subject.to_owned()),
        (status @ (400 | 401 | 403), _) => {
            let code = body.get("error").and_then(Value::as_str).unwrap_or("no reason");
            Err(refused(&format!("userInfo at {host} answered HTTP {status}: {}", said(code, wire.redactor()))))
        }
        (status, _) => Err(Error::network(format!("{host} gave no userInfo (HTTP {status})"))
            .hint("check `domain`: it is the pool's, without a path")),
    }
}

fn refused(message: &str) -> Error {
    Error::new(Kind::InvalidToken, message)
        .hint("the token was signed by the pool and does not count any more: sign in again, `cogtok token user{p} --force-refresh`")
}
