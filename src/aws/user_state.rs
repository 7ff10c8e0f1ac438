//! The signed part of the Cognito API that changes who may sign in and how: AdminEnableUser, AdminDisableUser,
//! AdminConfirmSignUp, AdminUserGlobalSignOut, AdminSetUserMFAPreference, AdminDeleteSoftwareToken.

use aws_sdk_cognitoidentityprovider::types::{
    EmailMfaSettingsType, SmsMfaSettingsType, SoftwareTokenMfaSettingsType, WebAuthnMfaSettingsType,
};

use super::admin::Admin;
use super::service_error::{code, from_sdk};
use crate::error::Result;

impl Admin {
    /// AdminEnableUser.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for AdminEnableUser.
    pub async fn enable(&self, username: &str) -> Result<()> {
        let request = self.client.admin_enable_user().user_pool_id(self.pool.as_str()).username(username);
        request.send().await.map(drop).map_err(|error| from_sdk("AdminEnableUser", error, self.wire.redactor()))
    }

    /// AdminDisableUser.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for AdminDisableUser.
    pub async fn disable(&self, username: &str) -> Result<()> {
        let request = self.client.admin_disable_user().user_pool_id(self.pool.as_str()).username(username);
        request.send().await.map(drop).map_err(|error| from_sdk("AdminDisableUser", error, self.wire.redactor()))
    }

    /// AdminConfirmSignUp: a user who signed up needs no code any more.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for AdminConfirmSignUp.
    pub async fn confirm(&self, username: &str) -> Result<()> {
        let request = self.client.admin_confirm_sign_up().user_pool_id(self.pool.as_str()).username(username);
        request.send().await.map(drop).map_err(|error| from_sdk("AdminConfirmSignUp", error, self.wire.redactor()))
    }

    /// AdminUserGlobalSignOut: every session of the user ends.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for AdminUserGlobalSignOut.
    pub async fn sign_out(&self, username: &str) -> Result<()> {
        let request = self.client.admin_user_global_sign_out().user_pool_id(self.pool.as_str()).username(username);
        request.send().await.map(drop).map_err(|error| from_sdk("AdminUserGlobalSignOut", error, self.wire.redactor()))
    }

    /// AdminSetUserMFAPreference: turns these second factors off, as UserMFASettingList names them.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for AdminSetUserMFAPreference.
    pub async fn turn_mfa_off(&self, username: &str, factors: &[String]) -> Result<()> {
        let mut request = self.client.admin_set_user_mfa_preference().user_pool_id(self.pool.as_str());
        for factor in factors {
            request = match factor.as_str() {
                "SMS_MFA" => request.sms_mfa_settings(SmsMfaSettingsType::builder().enabled(false).build()),
                "SOFTWARE_TOKEN_MFA" => {
                    request.software_token_mfa_settings(SoftwareTokenMfaSettingsType::builder().enabled(false).build())
                }
                "EMAIL_OTP" | "EMAIL_MFA" => {
                    request.email_mfa_settings(EmailMfaSettingsType::builder().enabled(false).build())
                }
                "WEB_AUTHN_MFA" | "WEB_AUTHN" => {
                    request.web_authn_mfa_settings(WebAuthnMfaSettingsType::builder().enabled(false).build())
                }
                _ => request,
            };
        }
        let answer = request.username(username).send().await;
        answer.map(drop).map_err(|error| from_sdk("AdminSetUserMFAPreference", error, self.wire.redactor()))
    }

    /// AdminDeleteSoftwareToken: removes the user's authenticator app; returns whether there was one.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for AdminDeleteSoftwareToken.
    pub async fn delete_software_token(&self, username: &str) -> Result<bool> {
        let request = self.client.admin_delete_software_token().user_pool_id(self.pool.as_str()).username(username);
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) if code(&error) == "SoftwareTokenMFANotFoundException" => Ok(false),
            Err(error) => Err(from_sdk("AdminDeleteSoftwareToken", error, self.wire.redactor())),
        }
    }
}
