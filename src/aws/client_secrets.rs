//! The signed part of the Cognito API about the two secrets that an app client may have: ListUserPoolClientSecrets,
//! AddUserPoolClientSecret, DeleteUserPoolClientSecret.

use aws_sdk_cognitoidentityprovider::config::Config;
use aws_smithy_types::retry::RetryConfig;

use super::admin::Admin;
use super::answer::lacks;
use super::service_error::from_sdk;
use crate::error::Result;
use crate::secret::Secret;
use crate::settings::types::ClientId;

/// The most secrets that an app client may have.
pub const MOST: usize = 2;

/// A secret of an app client, without its value.
#[derive(Debug, Clone)]
pub struct ClientSecret {
    /// ClientSecretId.
    pub id: String,
    /// ClientSecretCreateDate, in seconds since the Unix epoch; `None` if the answer omits it.
    pub created_at: Option<i64>,
}

impl Admin {
    /// ListUserPoolClientSecrets: the secrets of an app client, without their values.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for ListUserPoolClientSecrets.
    pub async fn client_secrets(&self, client: &ClientId) -> Result<Vec<ClientSecret>> {
        let operation = "ListUserPoolClientSecrets";
        let request = self.client.list_user_pool_client_secrets().user_pool_id(self.pool.as_str());
        let answer = request.client_id(client.as_str()).send().await;
        let answer = answer.map_err(|error| from_sdk(operation, error, self.wire.redactor()))?;
        let secrets = answer.client_secrets.ok_or_else(|| lacks(operation, "ClientSecrets"))?.into_iter();
        let secret = |id, created_at| ClientSecret { id, created_at };
        secrets
            .map(|one| {
                let created_at = one.client_secret_create_date.map(|date| date.secs());
                let id = one.client_secret_id.ok_or_else(|| lacks(operation, "ClientSecretId"));
                id.map(|id| secret(id, created_at))
            })
            .collect()
    }

    /// AddUserPoolClientSecret, sent once: after an unknown outcome the caller checks with [`Admin::client_secrets`].
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for AddUserPoolClientSecret.
    pub async fn add_client_secret(&self, client: &ClientId, secret: &Secret) -> Result<ClientSecret> {
        let operation = "AddUserPoolClientSecret";
        self.wire.redactor().hide(client.as_str(), secret);
        let request = self.client.add_user_pool_client_secret().user_pool_id(self.pool.as_str());
        let request = request.client_id(client.as_str()).client_secret(secret.expose()).customize();
        let once = Config::builder().retry_config(RetryConfig::disabled());
        let answer = request.config_override(once).send().await;
        let answer = answer.map_err(|error| from_sdk(operation, error, self.wire.redactor()))?;
        let added = answer.client_secret_descriptor.ok_or_else(|| lacks(operation, "ClientSecretDescriptor"))?;
        let created_at = added.client_secret_create_date.map(|date| date.secs());
        let id = added.client_secret_id.ok_or_else(|| lacks(operation, "ClientSecretId"))?;
        Ok(ClientSecret { id, created_at })
    }

    /// DeleteUserPoolClientSecret. Cognito refuses to delete the last secret of an app client.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for DeleteUserPoolClientSecret.
    pub async fn delete_client_secret(&self, client: &ClientId, id: &str) -> Result<()> {
        let request = self.client.delete_user_pool_client_secret().user_pool_id(self.pool.as_str());
        let answer = request.client_id(client.as_str()).client_secret_id(id).send().await;
        answer.map(drop).map_err(|error| from_sdk("DeleteUserPoolClientSecret", error, self.wire.redactor()))
    }
}
