//! AWS Secrets Manager: GetSecretValue.

use aws_sdk_secretsmanager::Client;

use super::service_error::from_sdk;
use crate::error::{Error, Result};
use crate::http::client::HttpClient;
use crate::http::status::MayPass;
use crate::secret::Secret;
use crate::settings::aws_services::Service;
use crate::settings::profile::{Profile, aws_origin};
use crate::settings::types::SecretArn;

/// A secret as it is kept.
#[derive(Debug)]
pub struct Kept {
    /// Its full ARN, where the answer has it.
    pub arn: Option<SecretArn>,
    /// What it holds.
    pub text: Secret,
}

/// GetSecretValue, signed with the profile's AWS credentials.
///
/// # Errors
/// As the table in [`super::service_error`] says for GetSecretValue; [`Kind::Config`](crate::error::Kind::Config) for a secret of
/// another shape.
pub async fn get(wire: &HttpClient, profile: &Profile, secret: &SecretArn) -> Result<Kept> {
    let region = match secret.region() {
        Some(region) if profile.endpoint(Service::SecretsManager).is_none() => region,
        _ => super::region(profile).await?,
    };
    let shared = super::signed_config(wire, profile, &region).await?;
    // Always said, so that an `endpoint_url` of ~/.aws/config, which nothing here has checked, counts for nothing.
    let endpoint = profile
        .endpoint(Service::SecretsManager)
        .map_or_else(|| aws_origin("secretsmanager", &region), ToString::to_string);
    let config =
        aws_sdk_secretsmanager::config::Builder::from(&shared).retry_classifier(MayPass).endpoint_url(endpoint);
    let operation = "GetSecretValue";
    let answer = Client::from_conf(config.build())
        .get_secret_value()
        .secret_id(secret.as_str())
        .send()
        .await
        .map_err(|error| from_sdk(operation, error, wire.redactor()))?;
    let arn = answer.arn.and_then(|arn| arn.parse().ok());
    match (answer.secret_string, answer.secret_binary) {
        (Some(text), _) => Ok(Kept { arn, text: Secret::new(text) }),
        (None, Some(_)) => Err(Error::config(format!("the secret {secret} is not usable: it is binary"))
            .hint("store the client secret in it as text, or as JSON")),
        (None, None) => Err(Error::network(format!("{operation}: the answer has no secret"))
            .hint("check `endpoint_url` and AWS_ENDPOINT_URL_SECRETS_MANAGER")),
    }
}
