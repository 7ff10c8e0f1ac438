//! AssociateSoftwareToken and VerifySoftwareToken: enrolling an authenticator app in the middle of a sign-in.

use aws_sdk_cognitoidentityprovider::config::Config;
use aws_sdk_cognitoidentityprovider::types::VerifySoftwareTokenResponseType;
use aws_smithy_types::retry::RetryConfig;

use crate::aws::service_error::from_sdk;
use crate::error::{Error, Kind, Result};
use crate::secret::Secret;
use crate::user_pool::cognito_idp::{Idp, RawChallenge};

impl Idp {
    /// AssociateSoftwareToken: the challenge with its next session, and the app's key in Base32.
    ///
    /// # Errors
    /// See the table in [`crate::aws::service_error`] for AssociateSoftwareToken.
    pub async fn associate_totp(&self, challenge: &RawChallenge) -> Result<(RawChallenge, Secret)> {
        let operation = "AssociateSoftwareToken";
        let request = self.client.associate_software_token().set_session(challenge.session_text());
        let answer = request.send().await.map_err(|error| from_sdk(operation, error, self.wire.redactor()))?;
        let key = answer.secret_code.ok_or_else(|| Error::network(format!("{operation}: the answer has no key")))?;
        let key = Secret::new(key);
        self.wire.redactor().hide("", &key);
        Ok((challenge.with_session(answer.session), key))
    }

    /// VerifySoftwareToken with a code of the app: the challenge with its next session.
    ///
    /// # Errors
    /// See the table in [`crate::aws::service_error`] for VerifySoftwareToken.
    pub async fn verify_totp(&self, challenge: &RawChallenge, code: &Secret) -> Result<RawChallenge> {
        let operation = "VerifySoftwareToken";
        let request = self
            .client
            .verify_software_token()
            .set_session(challenge.session_text())
            .user_code(code.expose())
            .friendly_device_name("cogtok");
        self.wire.redactor().hide("", code);
        // Session and code can be used once, so an unknown outcome is not retried.
        let once = Config::builder().retry_config(RetryConfig::disabled());
        let sent = request.customize().config_override(once).send().await;
        let answer = sent.map_err(|error| from_sdk(operation, error, self.wire.redactor()))?;
        match answer.status {
            Some(VerifySoftwareTokenResponseType::Success) => Ok(challenge.with_session(answer.session)),
            _ => {
                Err(Error::new(Kind::Refused, "the code is not the app's").with_code("EnableSoftwareTokenMFAException"))
            }
        }
    }
}
