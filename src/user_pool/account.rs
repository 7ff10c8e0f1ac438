//! A user's own account, with unsigned calls: SignUp, ConfirmSignUp, ResendConfirmationCode, ForgotPassword, ConfirmForgotPassword,
//! ChangePassword.

use std::collections::BTreeMap;

use aws_sdk_cognitoidentityprovider::types::{AttributeType, CodeDeliveryDetailsType};

use crate::aws::service_error::from_sdk;
use crate::error::{Error, Result};
use crate::http::service_text::ServiceText;
use crate::secret::Secret;
use crate::settings::types::Username;
use crate::user_pool::cognito_idp::Idp;
use crate::user_pool::srp;

/// The destination of a code.
#[derive(Debug, Clone)]
pub struct CodeDelivery {
    /// DeliveryMedium: `EMAIL` or `SMS`.
    pub medium: Option<ServiceText>,
    /// Destination, most of it hidden by Cognito.
    pub destination: Option<ServiceText>,
}

/// A user who signed up.
#[derive(Debug)]
pub struct SignedUp {
    /// UserSub.
    pub sub: ServiceText,
    /// UserConfirmed: whether the user may sign in without a code.
    pub is_confirmed: bool,
    /// The destination of the confirmation code; `None` if none was sent.
    pub delivery: Option<CodeDelivery>,
}

impl Idp {
    /// SignUp.
    ///
    /// # Errors
    /// See the table in [`crate::aws::service_error`] for SignUp.
    pub async fn sign_up(
        &self,
        username: &Username,
        password: &Secret,
        attributes: &BTreeMap<String, String>,
    ) -> Result<SignedUp> {
        self.wire.redactor().hide(username.as_str(), password);
        let request = self.client.sign_up().client_id(self.client_id.as_str()).username(username.as_str());
        let mut request = request.set_secret_hash(self.secret_hash(username)?).password(password.expose());
        for (name, value) in attributes {
            let attribute = AttributeType::builder().name(name).value(value).build();
            let attribute = attribute.map_err(|why| Error::usage(format!("the attribute is malformed: {why}")))?;
            request = request.user_attributes(attribute);
        }
        let answer = request.send().await.map_err(|error| from_sdk("SignUp", error, self.wire.redactor()))?;
        // The SDK reads an absent one as empty.
        if answer.user_sub.is_empty() {
            return Err(Error::network("SignUp: the answer has no UserSub"));
        }
        Ok(SignedUp {
            sub: ServiceText::new(&answer.user_sub, self.wire.redactor()),
            is_confirmed: answer.user_confirmed,
            delivery: answer.code_delivery_details.map(|details| self.delivery(&details)),
        })
    }

    /// ConfirmSignUp, with the code that Cognito sent.
    ///
    /// # Errors
    /// See the table in [`crate::aws::service_error`] for ConfirmSignUp.
    pub async fn confirm_sign_up(&self, username: &Username, code: &Secret) -> Result<()> {
        self.wire.redactor().hide(username.as_str(), code);
        let request = self.client.confirm_sign_up().client_id(self.client_id.as_str()).username(username.as_str());
        let request = request.set_secret_hash(self.secret_hash(username)?).confirmation_code(code.expose());
        request.send().await.map(drop).map_err(|error| from_sdk("ConfirmSignUp", error, self.wire.redactor()))
    }

    /// ResendConfirmationCode: another code for a user who signed up.
    ///
    /// # Errors
    /// See the table in [`crate::aws::service_error`] for ResendConfirmationCode.
    pub async fn resend_code(&self, username: &Username) -> Result<Option<CodeDelivery>> {
        let request = self.client.resend_confirmation_code().client_id(self.client_id.as_str());
        let request = request.username(username.as_str()).set_secret_hash(self.secret_hash(username)?);
        let answer = request.send().await;
        let answer = answer.map_err(|error| from_sdk("ResendConfirmationCode", error, self.wire.redactor()))?;
        Ok(answer.code_delivery_details.map(|details| self.delivery(&details)))
    }

    /// ForgotPassword: sends a code to the user's verified address.
    ///
    /// # Errors
    /// See the table in [`crate::aws::service_error`] for ForgotPassword.
    pub async fn forgot_password(&self, username: &Username) -> Result<Option<CodeDelivery>> {
        let request = self.client.forgot_password().client_id(self.client_id.as_str()).username(username.as_str());
        let answer = request.set_secret_hash(self.secret_hash(username)?).send().await;
        let answer = answer.map_err(|error| from_sdk("ForgotPassword", error, self.wire.redactor()))?;
        Ok(answer.code_delivery_details.map(|details| self.delivery(&details)))
    }

    /// ConfirmForgotPassword: the new password, with the code that Cognito sent.
    ///
    /// # Errors
    /// See the table in [`crate::aws::service_error`] for ConfirmForgotPassword.
    pub async fn confirm_forgot_password(&self, username: &Username, code: &Secret, password: &Secret) -> Result<()> {
        self.wire.redactor().hide(username.as_str(), password);
        self.wire.redactor().hide(username.as_str(), code);
        let request = self.client.confirm_forgot_password().client_id(self.client_id.as_str());
        let request = request.username(username.as_str()).set_secret_hash(self.secret_hash(username)?);
        let answer = request.confirmation_code(code.expose()).password(password.expose()).send().await;
        answer.map(drop).map_err(|error| from_sdk("ConfirmForgotPassword", error, self.wire.redactor()))
    }

    /// ChangePassword, with the user's access token. The token needs the scope `aws.cognito.signin.user.admin`.
    ///
    /// # Errors
    /// See the table in [`crate::aws::service_error`] for ChangePassword.
    pub async fn change_password(&self, access_token: &Secret, current: &Secret, new: &Secret) -> Result<()> {
        for secret in [access_token, current, new] {
            self.wire.redactor().hide("", secret);
        }
        let request = self.client.change_password().access_token(access_token.expose());
        let answer = request.previous_password(current.expose()).proposed_password(new.expose()).send().await;
        answer.map(drop).map_err(|error| from_sdk("ChangePassword", error, self.wire.redactor()))
    }

    fn secret_hash(&self, username: &Username) -> Result<Option<String>> {
        let hash = |secret| srp::secret_hash(username.as_str(), self.client_id.as_str(), secret);
        self.client_secret.as_ref().map(hash).transpose()
    }

    fn delivery(&self, details: &CodeDeliveryDetailsType) -> CodeDelivery {
        let said = |text: &str| ServiceText::new(text, self.wire.redactor());
        CodeDelivery {
            medium: details.delivery_medium().map(|medium| said(medium.as_str())),
            destination: details.destination().map(said),
        }
    }
}
