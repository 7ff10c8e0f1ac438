//! How each flow of InitiateAuth begins, and the steps that Cognito's SRP needs.

use std::collections::HashMap;

use aws_sdk_cognitoidentityprovider::types::AuthFlowType;

use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::settings::types::{FirstFactor, PoolId, Username};
use crate::user_pool::cognito_idp::{AuthOutcome, Idp, RawChallenge};
use crate::user_pool::srp::{PasswordVerifierChallenge, SrpClient};

impl Idp {
    /// USER_PASSWORD_AUTH: one request that carries the password.
    ///
    /// # Errors
    /// See the table in [`crate::aws::service_error`] for InitiateAuth.
    pub async fn start_password(&self, username: &Username, password: &Secret) -> Result<AuthOutcome> {
        self.with_password(AuthFlowType::UserPasswordAuth, username, password).await
    }

    /// ADMIN_USER_PASSWORD_AUTH: one signed request that carries the password.
    ///
    /// # Errors
    /// See the table in [`crate::aws::service_error`] for AdminInitiateAuth.
    pub async fn start_admin(&self, username: &Username, password: &Secret) -> Result<AuthOutcome> {
        self.with_password(AuthFlowType::AdminUserPasswordAuth, username, password).await
    }

    async fn with_password(&self, flow: AuthFlowType, username: &Username, password: &Secret) -> Result<AuthOutcome> {
        self.wire.redactor().hide(username.as_str(), password);
        let parameters = HashMap::from([("PASSWORD".to_owned(), password.expose().to_owned())]);
        self.initiate(flow, username, parameters).await
    }

    /// USER_SRP_AUTH: two requests on one connection; the password stays here.
    ///
    /// # Errors
    /// See the table in [`crate::aws::service_error`] for InitiateAuth and RespondToAuthChallenge.
    pub async fn start_srp(&self, pool: &PoolId, username: &Username, password: &Secret) -> Result<AuthOutcome> {
        self.wire.redactor().hide(username.as_str(), password);
        let exchange = SrpClient::start()?;
        let parameters = HashMap::from([("SRP_A".to_owned(), exchange.srp_a())]);
        let outcome = self.initiate(AuthFlowType::UserSrpAuth, username, parameters).await?;
        self.verify_password(&exchange, pool.srp_name(), username, outcome, password, &[]).await
    }

    /// USER_AUTH: with the factor that is preferred, and the password for those that need it; without one, Cognito lets
    /// choose (SELECT_CHALLENGE).
    ///
    /// # Errors
    /// See the table in [`crate::aws::service_error`] for InitiateAuth and RespondToAuthChallenge.
    pub async fn start_choice(
        &self,
        pool: &PoolId,
        username: &Username,
        preferred: Option<FirstFactor>,
        password: Option<&Secret>,
    ) -> Result<AuthOutcome> {
        let mut parameters = HashMap::new();
        if let Some(preferred) = preferred {
            parameters.insert("PREFERRED_CHALLENGE".to_owned(), preferred.challenge().to_owned());
        }
        match (preferred, password) {
            (Some(FirstFactor::PasswordSrp), Some(password)) => {
                self.wire.redactor().hide(username.as_str(), password);
                let exchange = SrpClient::start()?;
                parameters.insert("SRP_A".to_owned(), exchange.srp_a());
                let outcome = self.initiate(AuthFlowType::UserAuth, username, parameters).await?;
                // If the preferred factor is not available, Cognito offers others.
                let instead = ["SELECT_CHALLENGE", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"];
                self.verify_password(&exchange, pool.srp_name(), username, outcome, password, &instead).await
            }
            (Some(FirstFactor::Password), Some(password)) => {
                self.wire.redactor().hide(username.as_str(), password);
                parameters.insert("PASSWORD".to_owned(), password.expose().to_owned());
                self.initiate(AuthFlowType::UserAuth, username, parameters).await
            }
            _ => self.initiate(AuthFlowType::UserAuth, username, parameters).await,
        }
    }

    /// CUSTOM_AUTH: the pool's Lambda triggers ask; with a password, SRP comes first.
    ///
    /// # Errors
    /// See the table in [`crate::aws::service_error`] for InitiateAuth and RespondToAuthChallenge.
    pub async fn start_custom(&self, username: &Username, srp: Option<(&PoolId, &Secret)>) -> Result<AuthOutcome> {
        let Some((pool, password)) = srp else {
            return self.initiate(AuthFlowType::CustomAuth, username, HashMap::new()).await;
        };
        self.wire.redactor().hide(username.as_str(), password);
        let exchange = SrpClient::start()?;
        let parameters =
            HashMap::from([("CHALLENGE_NAME".to_owned(), "SRP_A".to_owned()), ("SRP_A".to_owned(), exchange.srp_a())]);
        let outcome = self.initiate(AuthFlowType::CustomAuth, username, parameters).await?;
        // The triggers may send a challenge first.
        self.verify_password(&exchange, pool.srp_name(), username, outcome, password, &["CUSTOM_CHALLENGE"]).await
    }

    /// Answers a challenge that takes a password: PASSWORD, PASSWORD_SRP, or SELECT_CHALLENGE with one of these chosen.
    ///
    /// # Errors
    /// See the table in [`crate::aws::service_error`] for RespondToAuthChallenge.
    pub async fn respond_password(
        &self,
        pool: &PoolId,
        username: &Username,
        challenge: &RawChallenge,
        chosen: Option<&str>,
        password: &Secret,
    ) -> Result<AuthOutcome> {
        let mut responses: Vec<(String, Secret)> = Vec::new();
        if let Some(chosen) = chosen {
            responses.push(("ANSWER".to_owned(), Secret::new(chosen.to_owned())));
        }
        if chosen.unwrap_or(challenge.name.sent()) != FirstFactor::PasswordSrp.challenge() {
            responses.push(("PASSWORD".to_owned(), password.clone()));
            return self.respond(username, challenge, responses).await;
        }
        self.wire.redactor().hide(username.as_str(), password);
        let exchange = SrpClient::start()?;
        responses.push(("SRP_A".to_owned(), Secret::new(exchange.srp_a())));
        let outcome = self.respond(username, challenge, responses).await?;
        self.verify_password(&exchange, pool.srp_name(), username, outcome, password, &[]).await
    }

    /// Answers DEVICE_SRP_AUTH and the DEVICE_PASSWORD_VERIFIER that follows it: a remembered device proves that it is
    /// the one.
    ///
    /// # Errors
    /// See the table in [`crate::aws::service_error`] for RespondToAuthChallenge.
    pub async fn respond_device(&self, username: &Username, challenge: &RawChallenge) -> Result<AuthOutcome> {
        let device = self.device.as_ref().ok_or_else(|| {
            Error::network(format!("Cognito asks for {}, and cogtok named no device", challenge.name))
        })?;
        let exchange = SrpClient::start()?;
        let responses = vec![("SRP_A".to_owned(), Secret::new(exchange.srp_a()))];
        let outcome = self.respond(username, challenge, responses).await?;
        match outcome {
            AuthOutcome::Challenge(challenge) if challenge.name == "DEVICE_PASSWORD_VERIFIER" => {
                self.prove(&exchange, &device.group_key, Some(&device.key), username, &challenge, &device.password)
                    .await
            }
            other => Ok(other),
        }
    }

    /// Responds to the PASSWORD_VERIFIER after SRP_A. Any other challenge must be in `instead`: a server that can't verify the proof gets
    /// nothing else, no code and no new password. PASSWORD is left to the caller, who knows whether the password may be sent.
    async fn verify_password(
        &self,
        exchange: &SrpClient,
        pool_name: &str,
        username: &Username,
        outcome: AuthOutcome,
        password: &Secret,
        instead: &[&str],
    ) -> Result<AuthOutcome> {
        match outcome {
            AuthOutcome::Challenge(challenge) if challenge.name == "PASSWORD_VERIFIER" => {
                self.prove(exchange, pool_name, None, username, &challenge, password).await
            }
            AuthOutcome::Challenge(challenge)
                if challenge.name != "PASSWORD" && !instead.contains(&challenge.name.sent()) =>
            {
                let name = &challenge.name;
                Err(Error::network(format!(
                    "Cognito asks for {name} where SRP proves the password (PASSWORD_VERIFIER): nothing more was sent"
                ))
                .hint("check `endpoint_url` and AWS_ENDPOINT_URL: this may not be Cognito"))
            }
            other => Ok(other),
        }
    }

    async fn prove(
        &self,
        exchange: &SrpClient,
        pool_name: &str,
        user_id: Option<&str>,
        username: &Username,
        challenge: &RawChallenge,
        password: &Secret,
    ) -> Result<AuthOutcome> {
        let parameter = |name: &str| {
            let value = challenge.parameters.get(name).map(String::as_str);
            value.ok_or_else(|| Error::network(format!("the {} challenge has no {name}", challenge.name)))
        };
        let verifier = PasswordVerifierChallenge {
            srp_b: parameter("SRP_B")?,
            salt: parameter("SALT")?,
            secret_block: parameter("SECRET_BLOCK")?,
            user_id: user_id.map_or_else(|| parameter("USER_ID_FOR_SRP"), Ok)?,
        };
        let proof = exchange.prove(pool_name, &verifier, password, self.wire.now())?;
        let responses = vec![
            ("PASSWORD_CLAIM_SECRET_BLOCK".to_owned(), Secret::new(verifier.secret_block.to_owned())),
            ("PASSWORD_CLAIM_SIGNATURE".to_owned(), Secret::new(proof.signature)),
            ("TIMESTAMP".to_owned(), Secret::new(proof.timestamp)),
        ];
        self.respond(username, challenge, responses).await
    }
}
