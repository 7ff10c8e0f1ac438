//! AWS Secrets Manager: GetSecretValue, and what a workshop keeps in such a secret.

use aws_sdk_secretsmanager::Client;
use serde_json::Value;

use super::error::from_sdk;
use super::http::Wire;
use super::status::MayPass;
use crate::error::{Error, Result};
use crate::profile::services::Service;
use crate::profile::words::{ClientId, Endpoint, Scopes, SecretArn};
use crate::profile::{Profile, aws_origin};
use crate::secret::Secret;

/// What a secret holds: a client secret, and perhaps the client, endpoint and scopes that go with it.
#[derive(Debug)]
pub struct Bundle {
    /// The secret's full ARN, where the answer has it.
    pub arn: Option<SecretArn>,
    /// `client_secret`, or the whole of a secret that is one bare string.
    pub client_secret: Secret,
    /// `client_id`.
    pub client_id: Option<ClientId>,
    /// `token_url`.
    pub token_url: Option<Endpoint>,
    /// `scopes`: one space-separated string or a list.
    pub scopes: Option<Scopes>,
}

/// GetSecretValue, signed with the profile's AWS credentials.
///
/// # Errors
/// As the table in [`super::error`] says for GetSecretValue; [`Kind::Config`](crate::error::Kind::Config) for a secret of
/// another shape.
pub async fn get(wire: &Wire, profile: &Profile, secret: &SecretArn) -> Result<Bundle> {
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
        (Some(text), _) => parse(secret, Secret::new(text)).map(|bundle| Bundle { arn, ..bundle }),
        (None, Some(_)) => Err(shape(secret, "it is binary")),
        (None, None) => Err(Error::network(format!("{operation}: the answer has no secret"))
            .hint("check `endpoint_url` and AWS_ENDPOINT_URL_SECRETS_MANAGER")),
    }
}

fn parse(arn: &SecretArn, text: Secret) -> Result<Bundle> {
    let fields = match serde_json::from_str::<Value>(text.expose()) {
        Ok(Value::Object(fields)) => fields,
        Ok(Value::String(secret)) => return Ok(bare(Secret::from_bytes(secret.into_bytes())?)),
        Ok(Value::Array(_)) => return Err(shape(arn, "it is a JSON list")),
        // Anything else is a bare string, unless it was meant to be JSON.
        Ok(_) | Err(_) if !text.expose().trim_start().starts_with(['{', '[', '<']) => {
            return Ok(bare(Secret::from_bytes(text.expose().as_bytes().to_vec())?));
        }
        Ok(_) | Err(_) => return Err(shape(arn, "it is neither JSON nor one bare string")),
    };
    let field = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.as_str())),
        Some(_) => Err(shape(arn, &format!("`{name}` is not a string"))),
    };
    let client_secret = field("client_secret")?.ok_or_else(|| shape(arn, "it has no `client_secret`"))?;
    let scopes = match fields.get("scopes") {
        None | Some(Value::Null) => None,
        Some(Value::String(list)) => Some(Scopes::parse([list.as_str()])),
        Some(Value::Array(items)) => {
            let items: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            Some(Scopes::parse(items.ok_or_else(|| shape(arn, "`scopes` is not a list of strings"))?))
        }
        Some(_) => return Err(shape(arn, "`scopes` is neither a string nor a list")),
    };
    let in_field = |name: &'static str| move |error: Error| shape(arn, &format!("`{name}`: {}", error.message()));
    Ok(Bundle {
        arn: None,
        client_secret: Secret::new(client_secret.to_owned()),
        client_id: field("client_id")?.map(str::parse).transpose().map_err(in_field("client_id"))?,
        token_url: field("token_url")?.map(str::parse).transpose().map_err(in_field("token_url"))?,
        scopes: scopes.transpose().map_err(in_field("scopes"))?,
    })
}

fn bare(client_secret: Secret) -> Bundle {
    Bundle { arn: None, client_secret, client_id: None, token_url: None, scopes: None }
}

fn shape(arn: &SecretArn, why: &str) -> Error {
    Error::config(format!("the secret {arn} is not usable: {why}")).hint(
        r#"it holds the client secret alone, or {"client_id": …, "client_secret": …, "token_url": …, "scopes": …}"#,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Bundle> {
        parse(&"arn".parse().unwrap(), Secret::new(text.to_owned()))
    }

    #[test]
    fn scopes_are_a_string_or_a_list() {
        let one =
            parsed(r#"{"client_id":"c","client_secret":"s","token_url":"https://h/oauth2/token","scopes":"a b"}"#)
                .unwrap();
        let other = parsed(r#"{"client_secret":"s","scopes":["b","a"]}"#).unwrap();
        assert_eq!(one.scopes, other.scopes);
        assert_eq!(one.client_id.unwrap().as_str(), "c");
    }

    #[test]
    fn a_bare_string_is_the_secret_alone() {
        for bare in ["hunter2", "hunter2\n", "\"hunter2\"", "12345678"] {
            assert!(parsed(bare).unwrap().client_id.is_none(), "{bare}");
        }
        assert_eq!(parsed("hunter2\n").unwrap().client_secret.expose(), "hunter2");
    }

    #[test]
    fn another_shape_is_a_clear_error_that_repeats_nothing() {
        for bad in [
            r#"{"username":"hunter2"}"#,
            r#"["hunter2"]"#,
            r#"{"client_secret":"hunter2""#,
            r#"{"client_secret":7}"#,
            r#"{"client_secret":"hunter2","scopes":7}"#,
            r#"{"client_secret":"hunter2","scopes":[7]}"#,
            "<hunter2/>",
            r#"{"client_secret":"hunter2","token_url":"http://evil.example"}"#,
            "",
        ] {
            let error = parsed(bad).unwrap_err();
            assert!(!error.message().contains("hunter2"), "{error}");
        }
    }
}
