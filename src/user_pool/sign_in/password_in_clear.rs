//! Whether the password itself may be sent, which is the profile's to say.

use super::SignIn;
use crate::error::{AdviceKind, Error, Result};
use crate::http::service_text::ServiceText;
use crate::settings::types::{AuthFlow, FirstFactor};

impl SignIn {
    /// Whether the password itself may be sent. Only the profile decides this, never the server's answer.
    pub(super) fn may_send_password(&self) -> bool {
        match self.profile.user.auth_flow {
            AuthFlow::Password | AuthFlow::Admin => true,
            AuthFlow::UserAuth => {
                self.profile.user.preferred_challenge != Some(FirstFactor::PasswordSrp) && !self.has_proven
            }
            AuthFlow::Srp | AuthFlow::Custom => false,
        }
    }

    /// The factors that the profile allows.
    pub(super) fn allowed(&self, options: Vec<ServiceText>) -> Result<Vec<ServiceText>> {
        let may_be = |option: &ServiceText| *option != FirstFactor::Password.challenge() || self.may_send_password();
        let allowed: Vec<ServiceText> = options.into_iter().filter(may_be).collect();
        if allowed.is_empty() { Err(self.not_in_clear()) } else { Ok(allowed) }
    }

    /// The error for a server that asks for the password in clear where the profile has it proven.
    pub(super) fn not_in_clear(&self) -> Error {
        let flow = self.profile.user.auth_flow;
        let says = match (flow, self.profile.user.preferred_challenge) {
            (AuthFlow::UserAuth, Some(factor)) => format!("`user.preferred_challenge` is {factor}"),
            (AuthFlow::UserAuth, None) => "the sign-in began with SRP".to_owned(),
            _ => format!("`user.auth_flow` is {flow}"),
        };
        let error = Error::config(format!(
            "Cognito asks for the password in clear (PASSWORD), and {says}: the password was not sent"
        ))
        .hint("check `endpoint_url` and AWS_ENDPOINT_URL: a server that asks for this may not be Cognito");
        match flow {
            AuthFlow::UserAuth => error.hint(AdviceKind::AllowPasswordFactor),
            _ => error.hint(AdviceKind::AllowPasswordInClear),
        }
    }
}
