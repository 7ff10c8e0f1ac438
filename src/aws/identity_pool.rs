//! Identity pools: GetId and GetCredentialsForIdentity, which trade a user's ID token for AWS credentials. Both are unsigned
//! and few, so they are posted by hand: the service's own SDK would be larger than all of this program's calls together.

use serde_json::{Value, json};

use super::error_response::outcome;
use crate::error::{Error, Result};
use crate::http::client::HttpClient;
use crate::http::retry::{CallFailure, with_retries};
use crate::secret::Secret;
use crate::settings::aws_services::Service;
use crate::settings::profile::{Profile, aws_origin};
use crate::settings::types::{IdentityPoolId, PoolId};

/// AWS credentials of an identity, for about an hour.
#[derive(Debug, Clone)]
pub struct AwsCredentials {
    /// AccessKeyId.
    pub access_key_id: String,
    /// SecretKey.
    pub secret_access_key: Secret,
    /// SessionToken.
    pub session_token: Secret,
    /// Expiration, in seconds since the Unix epoch.
    pub expires_at: u64,
}

/// The identity pool's API for one user.
#[derive(Debug)]
pub struct Identity<'a> {
    wire: &'a HttpClient,
    endpoint: String,
    pool: &'a IdentityPoolId,
    logins: Value,
}

impl<'a> Identity<'a> {
    /// The API at the profile's endpoint, for the user of this ID token.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) when the profile names no user pool.
    pub fn new(
        wire: &'a HttpClient,
        profile: &'a Profile,
        pool: &'a IdentityPoolId,
        id_token: &Secret,
    ) -> Result<Self> {
        let endpoint = match profile.endpoint(Service::CognitoIdentity) {
            Some(endpoint) => endpoint.as_str().to_owned(),
            None => aws_origin("cognito-identity", &pool.region()),
        };
        wire.redactor().hide("", id_token);
        let logins = json!({provider(profile.user_pool_id()?): id_token.expose()});
        Ok(Identity { wire, endpoint, pool, logins })
    }

    /// GetId: the user's identity in the pool, always the same.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for GetId.
    pub async fn id(&self) -> Result<String> {
        let body = json!({"IdentityPoolId": self.pool.as_str(), "Logins": self.logins});
        let answer = self.call("GetId", &body).await?;
        text(&answer, "IdentityId").ok_or_else(|| no("GetId", "IdentityId"))
    }

    /// GetCredentialsForIdentity.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for GetCredentialsForIdentity.
    pub async fn credentials(&self, identity_id: &str) -> Result<AwsCredentials> {
        let operation = "GetCredentialsForIdentity";
        let body = json!({"IdentityId": identity_id, "Logins": self.logins});
        let answer = self.call(operation, &body).await?;
        let credentials = &answer["Credentials"];
        let field = |name: &str| text(credentials, name).ok_or_else(|| no(operation, name));
        let (secret, token) = (Secret::new(field("SecretKey")?), Secret::new(field("SessionToken")?));
        for hidden in [&secret, &token] {
            self.wire.redactor().hide("", hidden);
        }
        // Seconds since the epoch, with or without a fraction.
        let expires_at = credentials["Expiration"].as_f64().filter(|at| (1.0..1e11).contains(at));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
        let expires_at = expires_at.map(|at| at as u64).ok_or_else(|| no(operation, "Expiration"))?;
        if expires_at <= self.wire.now() / 1000 {
            return Err(Error::network(format!("{operation}: the AWS credentials in its answer have already expired"))
                .hint("check this machine's clock; if it is right, try again"));
        }
        Ok(AwsCredentials {
            access_key_id: field("AccessKeyId")?,
            secret_access_key: secret,
            session_token: token,
            expires_at,
        })
    }

    async fn call(&self, operation: &str, body: &Value) -> Result<Value> {
        with_retries(self.wire, || self.post(operation, body)).await.map_err(|failed| failed.error)
    }

    async fn post(&self, operation: &str, body: &Value) -> Result<Value, CallFailure> {
        let request = http::Request::post(format!("{}/", self.endpoint.trim_end_matches('/')))
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("AWSCognitoIdentityService.{operation}"))
            .body(body.to_string().into_bytes())
            .map_err(|why| CallFailure::last(Error::usage(format!("the endpoint is malformed: {why}"))))?;
        let answer = self.wire.exchange(request).await;
        let answer = answer.map_err(|fault| CallFailure::unanswered(fault).context(operation))?;
        let read = |body: &[u8]| serde_json::from_slice(body).ok().filter(Value::is_object);
        outcome(self.wire, ("identity", operation), &answer, read)
    }
}

/// The name under which an identity pool knows a user pool: its issuer without the scheme.
fn provider(pool: &PoolId) -> String {
    let origin = aws_origin("cognito-idp", &pool.region());
    format!("{}/{pool}", origin.trim_start_matches("https://"))
}

fn text(value: &Value, name: &str) -> Option<String> {
    value[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn no(operation: &str, field: &str) -> Error {
    Error::network(format!("{operation}: the answer has no {field}")).hint("check `endpoint_url` and AWS_ENDPOINT_URL")
}
