//! Asks Cognito whether a token is still valid. It has no introspection endpoint (RFC 7662): GetUser and userInfo replace it, for the
//! tokens that they accept.

use aws_sdk_cognitoidentityprovider::Client;
use serde_json::Value;

use crate::aws::service_error::{from_sdk, said};
use crate::error::{AdviceKind, Error, Kind, Result, printable};
use crate::http::client::HttpClient;
use crate::http::status::unexplained;
use crate::oauth::jwks_uri;
use crate::secret::Secret;
use crate::settings::aws_services::Service;
use crate::settings::profile::Profile;
use crate::settings::types::Endpoint;
use crate::token::error_response::challenge_parameter;

/// The user that GetUser names.
#[derive(Debug)]
pub struct TokenUser {
    /// Username: the user's name in the pool.
    pub username: String,
    /// The attribute `sub`, where the app client may read it.
    pub subject: Option<String>,
}

/// GetUser with an access token that has the scope `aws.cognito.signin.user.admin`.
///
/// # Errors
/// [`Kind::InvalidToken`] if Cognito refuses it: revoked, expired, a deleted user; [`Kind::Network`] if the answer is not GetUser's; else
/// see the table in [`crate::aws::service_error`] for GetUser.
pub async fn get_user(wire: &HttpClient, profile: &Profile, token: &Secret) -> Result<TokenUser> {
    let region = crate::aws::region(profile).await?;
    let mut config = crate::aws::unsigned_config(wire, &region);
    if let Some(endpoint) = profile.endpoint(Service::CognitoIdp) {
        config = config.endpoint_url(endpoint.as_str());
    }
    wire.redactor().hide("", token);
    let answer = Client::from_conf(config.build()).get_user().access_token(token.expose()).send().await;
    let user = answer.map_err(|error| {
        let error = from_sdk("GetUser", error, wire.redactor());
        match error.code() {
            Some(
                "NotAuthorizedException"
                | "UserNotFoundException"
                | "UserNotConfirmedException"
                | "PasswordResetRequiredException",
            ) => refused(error.message()),
            _ => undecided(error),
        }
    })?;
    // The model requires both, and the SDK fills in what an answer lacks. Each user has at least a `sub`.
    if user.username().is_empty() || user.user_attributes().is_empty() {
        return Err(undecided(
            Error::network("GetUser: the answer lacks Username or UserAttributes")
                .hint("check `endpoint_url` and AWS_ENDPOINT_URL"),
        ));
    }
    let subject = user.user_attributes().iter().find(|attribute| attribute.name() == "sub");
    let subject = subject.and_then(|attribute| attribute.value()).map(str::to_owned);
    Ok(TokenUser { username: user.username().to_owned(), subject })
}

/// userInfo (OpenID Connect Core section 5.3) at the pool's domain, with an access token that has the scope `openid`. Gives
/// the `sub` that it names.
///
/// # Errors
/// [`Kind::InvalidToken`] if it refuses the token; [`Kind::Network`] if the answer is not userInfo's.
pub async fn user_info(wire: &HttpClient, domain: &Endpoint, token: &Secret) -> Result<String> {
    wire.redactor().hide("", token);
    let url = domain.join("/oauth2/userInfo");
    let host = printable(url.url().authority(), 120);
    let answer = jwks_uri::get(wire, url.url(), Some(token)).await.map_err(undecided)?;
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let status = answer.status().as_u16();
    match (status, body.get("sub").and_then(Value::as_str)) {
        (200, Some(subject)) => return Ok(subject.to_owned()),
        (200..=399, _) => {
            return Err(Error::network(format!("{host} gave no userInfo (HTTP {status})"))
                .hint("check `domain`: it is the pool's, without a path"));
        }
        _ => {}
    }
    // A proxy may return the same status; only the error code proves that the token was refused (RFC 6750 section 3.1).
    let challenges = answer.headers().get_all("www-authenticate").iter().filter_map(|value| value.to_str().ok());
    let named = challenges.filter_map(|challenge| challenge_parameter(challenge, "error")).next();
    let code = named.or_else(|| body.get("error").and_then(Value::as_str).map(str::to_owned));
    let operation = format!("userInfo at {host}");
    let Some(code) = code else {
        let what = format!("HTTP {status}, {} bytes", answer.body().len());
        let error = unexplained(&operation, status, &what);
        return Err(undecided(error.unwrap_or_else(|| {
            Error::network(format!("{host} gave no userInfo ({what})"))
                .hint("check `domain`: it is the pool's, without a path")
        })));
    };
    let message = format!("{operation} answered HTTP {status}: {}", said(&code, wire.redactor()));
    Err(match code.as_str() {
        "invalid_token" => refused(&message),
        _ => undecided(Error::network(message)),
    })
}

/// The error if nothing was learnt about the token, whatever the cause.
fn undecided(error: Error) -> Error {
    let error = if error.kind() == Kind::Refused { error.with_kind(Kind::Network) } else { error };
    error.hint("cogtok could not check whether the token is still valid")
}

fn refused(message: &str) -> Error {
    Error::new(Kind::InvalidToken, message).hint(AdviceKind::SignInAgainAfterRevocation)
}
