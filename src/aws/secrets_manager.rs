//! AWS Secrets Manager: GetSecretValue, PutSecretValue, UpdateSecretVersionStage.

use aws_sdk_secretsmanager::Client;

use super::connector::{LimitIsLimit, MayPass};
use super::service_error::from_sdk;
use crate::error::{Error, Result};
use crate::http::client::HttpClient;
use crate::secret::Secret;
use crate::settings::aws_services::Service;
use crate::settings::profile::{Profile, aws_origin};
use crate::settings::types::SecretArn;

/// The staging label of the version that is in use.
const CURRENT: &str = "AWSCURRENT";

/// The staging label of a version that is about to be in use.
const PENDING: &str = "AWSPENDING";

/// A secret as Secrets Manager returned it.
#[derive(Debug)]
pub struct Kept {
    /// Its full ARN, where the answer has it.
    pub arn: Option<SecretArn>,
    /// VersionId, where the answer has it.
    pub version: Option<String>,
    /// Its text.
    pub text: Secret,
}

/// GetSecretValue, signed with the profile's AWS credentials.
///
/// # Errors
/// See the table in [`super::service_error`] for GetSecretValue; [`Kind::Config`](crate::error::Kind::Config) for a secret of another
/// shape.
pub async fn get(wire: &HttpClient, profile: &Profile, secret: &SecretArn) -> Result<Kept> {
    get_version(wire, profile, secret, Wanted::Current).await
}

/// As [`get`], for the version with the label AWSPENDING; `None` if no version has it.
///
/// # Errors
/// As [`get`].
pub async fn get_pending(wire: &HttpClient, profile: &Profile, secret: &SecretArn) -> Result<Option<Kept>> {
    if_there(get_version(wire, profile, secret, Wanted::Pending).await)
}

/// As [`get`], for the version of this id, whatever labels it has; none where there is no such version.
///
/// # Errors
/// As [`get`].
pub async fn get_by_id(
    wire: &HttpClient,
    profile: &Profile,
    secret: &SecretArn,
    version: &str,
) -> Result<Option<Kept>> {
    if_there(get_version(wire, profile, secret, Wanted::Id(version)).await)
}

fn if_there(kept: Result<Kept>) -> Result<Option<Kept>> {
    match kept {
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
        kept => kept.map(Some),
    }
}

/// PutSecretValue: another version, with the label AWSPENDING. `version` names it: the same call again changes nothing.
///
/// # Errors
/// See the table in [`super::service_error`] for PutSecretValue.
pub async fn put_pending(
    wire: &HttpClient,
    profile: &Profile,
    secret: &SecretArn,
    version: &str,
    text: &Secret,
) -> Result<()> {
    let request = client(wire, profile, secret).await?.put_secret_value().secret_id(secret.as_str());
    let request = request.client_request_token(version).secret_string(text.expose()).version_stages(PENDING);
    let answer = request.send().await;
    answer.map(drop).map_err(|error| from_sdk("PutSecretValue", error, wire.redactor()))
}

/// UpdateSecretVersionStage: the version of this id is the one in use, and that which was is AWSPREVIOUS.
///
/// # Errors
/// See the table in [`super::service_error`] for UpdateSecretVersionStage.
pub async fn make_current(wire: &HttpClient, profile: &Profile, secret: &SecretArn, version: &str) -> Result<()> {
    let before = get(wire, profile, secret).await?.version;
    if before.as_deref() == Some(version) {
        return Ok(());
    }
    let request = client(wire, profile, secret).await?.update_secret_version_stage().secret_id(secret.as_str());
    let request = request.version_stage(CURRENT).move_to_version_id(version).set_remove_from_version_id(before);
    let answer = request.send().await;
    answer.map(drop).map_err(|error| from_sdk("UpdateSecretVersionStage", error, wire.redactor()))
}

/// UpdateSecretVersionStage: takes the label AWSPENDING from a version.
///
/// # Errors
/// See the table in [`super::service_error`] for UpdateSecretVersionStage.
pub async fn drop_pending(wire: &HttpClient, profile: &Profile, secret: &SecretArn, version: &str) -> Result<()> {
    let request = client(wire, profile, secret).await?.update_secret_version_stage().secret_id(secret.as_str());
    let answer = request.version_stage(PENDING).remove_from_version_id(version).send().await;
    answer.map(drop).map_err(|error| from_sdk("UpdateSecretVersionStage", error, wire.redactor()))
}

async fn client(wire: &HttpClient, profile: &Profile, secret: &SecretArn) -> Result<Client> {
    let region = match secret.region() {
        Some(region) if profile.endpoint(Service::SecretsManager).is_none() => region,
        _ => super::region(profile).await?,
    };
    let shared = super::signed_config(wire, profile, &region).await?;
    // Set explicitly, so that an unchecked `endpoint_url` in ~/.aws/config has no effect.
    let endpoint = profile
        .endpoint(Service::SecretsManager)
        .map_or_else(|| aws_origin("secretsmanager", &region), ToString::to_string);
    let config = aws_sdk_secretsmanager::config::Builder::from(&shared).endpoint_url(endpoint);
    Ok(Client::from_conf(config.retry_classifier(MayPass::of(wire)).retry_classifier(LimitIsLimit).build()))
}

/// Which version of a secret.
#[derive(Debug, Clone, Copy)]
enum Wanted<'a> {
    Current,
    Pending,
    Id(&'a str),
}

async fn get_version(wire: &HttpClient, profile: &Profile, secret: &SecretArn, wanted: Wanted<'_>) -> Result<Kept> {
    let operation = "GetSecretValue";
    let request = client(wire, profile, secret).await?.get_secret_value().secret_id(secret.as_str());
    let request = match wanted {
        Wanted::Current => request,
        Wanted::Pending => request.version_stage(PENDING),
        Wanted::Id(id) => request.version_id(id),
    };
    let answer = request.send().await.map_err(|error| from_sdk(operation, error, wire.redactor()))?;
    let arn = answer.arn.and_then(|arn| arn.parse().ok());
    let version = answer.version_id;
    match (answer.secret_string, answer.secret_binary) {
        (Some(text), _) => Ok(Kept { arn, version, text: Secret::new(text) }),
        (None, Some(_)) => Err(Error::config(format!("the secret {secret} is not usable: it is binary"))
            .hint("store the client secret in it as text, or as JSON")),
        (None, None) => Err(Error::network(format!("{operation}: the answer has no secret"))
            .hint("check `endpoint_url` and AWS_ENDPOINT_URL_SECRETS_MANAGER")),
    }
}
