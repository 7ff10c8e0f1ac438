//! The identity behind AWS credentials: GetCallerIdentity of the Security Token Service.

use aws_credential_types::Credentials;
use aws_sdk_sts::Client;

use super::admin::Admin;
use super::answer::lacks;
use super::connector::MayPass;
use super::service_error::from_sdk;
use super::sigv4;
use crate::error::Result;
use crate::http::client::HttpClient;
use crate::settings::aws_services::Service;
use crate::settings::profile::{Profile, aws_origin};

const OPERATION: &str = "GetCallerIdentity";

/// AWS credentials that were found, to be used for more than one call.
#[derive(Debug)]
pub struct Signer(Credentials);

/// The caller of a signed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The AWS account.
    pub account: String,
    /// The ARN of the user or role.
    pub arn: String,
}

impl Signer {
    /// Looks for the profile's AWS credentials, once, for at most five seconds.
    ///
    /// # Errors
    /// [`Kind::AwsCredentials`](crate::error::Kind::AwsCredentials) when there are none;
    /// [`Kind::Config`](crate::error::Kind::Config) when no Region is known.
    pub async fn find(wire: &HttpClient, profile: &Profile) -> Result<Self> {
        let region = super::region(profile).await?;
        sigv4::credentials(wire, profile, &region, OPERATION).await.map(Signer)
    }

    /// GetCallerIdentity: who they belong to, which needs no permission.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for GetCallerIdentity.
    pub async fn caller(&self, wire: &HttpClient, profile: &Profile) -> Result<Caller> {
        let region = super::region(profile).await?;
        let shared = super::signed_config(wire, profile, &region).await?;
        // Set explicitly, so that an unchecked `endpoint_url` in ~/.aws/config has no effect.
        let endpoint = profile.endpoint(Service::Sts).map_or_else(|| aws_origin("sts", &region), ToString::to_string);
        let config = aws_sdk_sts::config::Builder::from(&shared)
            .credentials_provider(self.0.clone())
            .retry_classifier(MayPass::of(wire))
            .endpoint_url(endpoint);
        let answer = Client::from_conf(config.build()).get_caller_identity().send().await;
        let answer = answer.map_err(|error| from_sdk(OPERATION, error, wire.redactor()))?;
        Ok(Caller {
            account: answer.account.ok_or_else(|| lacks(OPERATION, "Account"))?,
            arn: answer.arn.ok_or_else(|| lacks(OPERATION, "Arn"))?,
        })
    }

    /// The administrators' API of the profile's pool, signed with these.
    ///
    /// # Errors
    /// As [`Admin::new`].
    pub async fn admin(&self, wire: &HttpClient, profile: &Profile) -> Result<Admin> {
        Admin::signed_with(wire, profile, self.0.clone()).await
    }
}
