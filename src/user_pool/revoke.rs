//! RevokeToken and GlobalSignOut: ending sessions at the Cognito API.

use crate::aws::service_error::from_sdk;
use crate::error::Result;
use crate::secret::Secret;
use crate::user_pool::cognito_idp::Idp;

impl Idp {
    /// RevokeToken: ends the session of a refresh token.
    ///
    /// # Errors
    /// See the table in [`crate::aws::service_error`] for RevokeToken.
    pub async fn revoke(&self, refresh_token: &Secret) -> Result<()> {
        self.wire.redactor().hide("", refresh_token);
        let request = self
            .client
            .revoke_token()
            .client_id(self.client_id.as_str())
            .set_client_secret(self.client_secret.as_ref().map(|secret| secret.expose().to_owned()))
            .token(refresh_token.expose());
        request.send().await.map(drop).map_err(|error| from_sdk("RevokeToken", error, self.wire.redactor()))
    }

    /// GlobalSignOut: ends every session of the user whose access token this is. The token needs the scope
    /// `aws.cognito.signin.user.admin`.
    ///
    /// # Errors
    /// See the table in [`crate::aws::service_error`] for GlobalSignOut.
    pub async fn global_sign_out(&self, access_token: &Secret) -> Result<()> {
        self.wire.redactor().hide("", access_token);
        let request = self.client.global_sign_out().access_token(access_token.expose());
        request.send().await.map(drop).map_err(|error| from_sdk("GlobalSignOut", error, self.wire.redactor()))
    }
}
