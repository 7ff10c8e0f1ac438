//! The challenges of a sign-in. It has no terminal: the caller responds.

use std::collections::BTreeMap;

use crate::error::{AdviceKind, Error, Kind, Result};
use crate::http::service_text::ServiceText;
use crate::secret::Secret;
use crate::user_pool::cognito_idp::RawChallenge;

/// A challenge as data. Each variant says which [`ChallengeResponse`] it takes.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Challenge {
    /// NEW_PASSWORD_REQUIRED: the password so far was a temporary one. Takes [`ChallengeResponse::NewPassword`].
    NewPassword {
        /// Attributes that the pool requires and the user lacks.
        missing_attributes: Vec<ServiceText>,
    },
    /// A one-time code, from the source in [`CodeFrom`]. Takes [`ChallengeResponse::Code`].
    Code {
        /// The source of the code.
        from: CodeFrom,
        /// The masked destination, or the name of the device that generates it, if Cognito says.
        at: Option<ServiceText>,
    },
    /// SELECT_MFA_TYPE, and MFA_SETUP with a choice: which kind of second factor. Takes [`ChallengeResponse::Choice`].
    SelectMfa {
        /// Whether it is to be set up, rather than used.
        for_setup: bool,
        /// The options, by Cognito's names.
        options: Vec<ServiceText>,
    },
    /// MFA_SETUP with an authenticator app (AssociateSoftwareToken): the key is entered there, and the code that it shows is the
    /// [`ChallengeResponse::Code`] (VerifySoftwareToken).
    EnrolTotp {
        /// The key in Base32, for typing.
        key: Secret,
        /// The same as an `otpauth:` URI, for a QR code.
        uri: Secret,
    },
    /// MFA_SETUP with e-mail: the address that codes are to be sent to. Takes [`ChallengeResponse::EmailAddress`].
    EmailAddress,
    /// PASSWORD, PASSWORD_SRP, and every flow that begins with it: the user's password. Takes [`ChallengeResponse::Password`].
    Password,
    /// SELECT_CHALLENGE: which first factor. Takes [`ChallengeResponse::Choice`].
    SelectFirstFactor {
        /// The factors, by Cognito's names.
        options: Vec<ServiceText>,
    },
    /// CUSTOM_CHALLENGE, from the pool's Lambda triggers. Takes [`ChallengeResponse::Custom`].
    Custom {
        /// The trigger's public parameters.
        parameters: Vec<(ServiceText, ServiceText)>,
    },
}

/// The source of a one-time code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodeFrom {
    /// SOFTWARE_TOKEN_MFA: an authenticator app.
    App,
    /// SMS_MFA: a text message, as the second factor.
    SmsMfa,
    /// SMS_OTP: a text message, as the first factor.
    SmsOtp,
    /// EMAIL_OTP: an e-mail.
    Email,
}

impl CodeFrom {
    /// The name of its challenge.
    const fn challenge(self) -> &'static str {
        match self {
            CodeFrom::App => "SOFTWARE_TOKEN_MFA",
            CodeFrom::SmsMfa => "SMS_MFA",
            CodeFrom::SmsOtp => "SMS_OTP",
            CodeFrom::Email => "EMAIL_OTP",
        }
    }

    /// The key of ChallengeResponses that carries the code.
    const fn response(self) -> &'static str {
        match self {
            CodeFrom::App => "SOFTWARE_TOKEN_MFA_CODE",
            CodeFrom::SmsMfa => "SMS_MFA_CODE",
            CodeFrom::SmsOtp => "SMS_OTP_CODE",
            CodeFrom::Email => "EMAIL_OTP_CODE",
        }
    }
}

/// A response to a [`Challenge`] (RespondToAuthChallenge).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ChallengeResponse {
    /// The new password, and the attributes that were missing.
    NewPassword {
        /// The password.
        password: Secret,
        /// Attributes by name.
        attributes: BTreeMap<String, String>,
    },
    /// The password.
    Password(Secret),
    /// A code.
    Code(Secret),
    /// One of the options, exactly.
    Choice(ServiceText),
    /// An e-mail address.
    EmailAddress(String),
    /// The answer to a custom challenge.
    Custom(Secret),
}

impl Challenge {
    /// The name that Cognito has for it (ChallengeName).
    pub const fn name(&self) -> &'static str {
        match self {
            Challenge::NewPassword { .. } => "NEW_PASSWORD_REQUIRED",
            Challenge::Code { from, .. } => from.challenge(),
            Challenge::SelectMfa { for_setup: false, .. } => "SELECT_MFA_TYPE",
            Challenge::SelectMfa { for_setup: true, .. } | Challenge::EnrolTotp { .. } | Challenge::EmailAddress => {
                "MFA_SETUP"
            }
            Challenge::Password => "PASSWORD",
            Challenge::SelectFirstFactor { .. } => "SELECT_CHALLENGE",
            Challenge::Custom { .. } => "CUSTOM_CHALLENGE",
        }
    }

    /// The challenge as data; `None` for MFA_SETUP with an authenticator app, whose key must be fetched first.
    ///
    /// # Errors
    /// [`Kind::NeedsHuman`] for a challenge that can't be answered here, with its name and its parameters' names.
    pub(crate) fn of(challenge: &RawChallenge) -> Result<Option<Self>> {
        let code = |from, at: &str| Challenge::Code { from, at: challenge.parameter(at) };
        Ok(Some(match challenge.name.sent() {
            "NEW_PASSWORD_REQUIRED" => Challenge::NewPassword { missing_attributes: missing_attributes(challenge) },
            "SOFTWARE_TOKEN_MFA" => code(CodeFrom::App, "FRIENDLY_DEVICE_NAME"),
            "SMS_MFA" => code(CodeFrom::SmsMfa, "CODE_DELIVERY_DESTINATION"),
            "SMS_OTP" => code(CodeFrom::SmsOtp, "CODE_DELIVERY_DESTINATION"),
            "EMAIL_OTP" => code(CodeFrom::Email, "CODE_DELIVERY_DESTINATION"),
            "SELECT_MFA_TYPE" => match list(challenge, "MFAS_CAN_CHOOSE") {
                options if options.is_empty() => return Err(unanswerable(challenge)),
                options => Challenge::SelectMfa { for_setup: false, options },
            },
            "MFA_SETUP" => {
                let named = list(challenge, "MFAS_CAN_SETUP");
                // A phone number can't be set up during a sign-in.
                let can_be = |option: &&ServiceText| **option == SOFTWARE_TOKEN || is_email(option.sent());
                let options: Vec<ServiceText> = named.iter().filter(can_be).cloned().collect();
                match options.as_slice() {
                    [] if !named.is_empty() => return Err(unanswerable(challenge)),
                    [] => return Ok(None),
                    [one] if *one == SOFTWARE_TOKEN => return Ok(None),
                    [_] => Challenge::EmailAddress,
                    _ => Challenge::SelectMfa { for_setup: true, options },
                }
            }
            "PASSWORD" | "PASSWORD_SRP" => Challenge::Password,
            "SELECT_CHALLENGE" => match challenge.available.clone() {
                options if options.is_empty() => return Err(unanswerable(challenge)),
                options => Challenge::SelectFirstFactor { options },
            },
            "CUSTOM_CHALLENGE" => {
                let mut parameters = challenge.shown_parameters();
                parameters.retain(|(name, _)| !OWN_PARAMETERS.contains(&name.sent()));
                Challenge::Custom { parameters }
            }
            _ => return Err(unanswerable(challenge)),
        }))
    }
}

/// The option for an authenticator app.
pub const SOFTWARE_TOKEN: &str = "SOFTWARE_TOKEN_MFA";

/// Parameters that Cognito adds to a custom challenge.
const OWN_PARAMETERS: [&str; 2] = ["USERNAME", "USER_ID_FOR_SRP"];

/// Whether an option of MFA_SETUP or SELECT_MFA_TYPE means e-mail.
pub fn is_email(option: &str) -> bool {
    matches!(option, "EMAIL_OTP" | "EMAIL_MFA")
}

impl ChallengeResponse {
    /// The ChallengeResponses that carry this answer to `question`.
    ///
    /// # Errors
    /// [`Kind::Usage`] when the answer is to another question.
    pub(crate) fn responses(self, question: &Challenge) -> Result<Vec<(String, Secret)>> {
        let one = |name: &str, value: Secret| vec![(name.to_owned(), value)];
        match (question, self) {
            (Challenge::NewPassword { .. }, ChallengeResponse::NewPassword { password, attributes }) => {
                let attributes =
                    attributes.into_iter().map(|(name, value)| (format!("userAttributes.{name}"), Secret::new(value)));
                Ok(one("NEW_PASSWORD", password).into_iter().chain(attributes).collect())
            }
            (Challenge::Code { from, .. }, ChallengeResponse::Code(code)) => Ok(one(from.response(), code)),
            (
                Challenge::SelectMfa { options, .. } | Challenge::SelectFirstFactor { options },
                ChallengeResponse::Choice(choice),
            ) if options.contains(&choice) => Ok(one("ANSWER", Secret::new(choice.sent().to_owned()))),
            (Challenge::EmailAddress, ChallengeResponse::EmailAddress(address)) => {
                Ok(one("EMAIL", Secret::new(address)))
            }
            (Challenge::Custom { .. }, ChallengeResponse::Custom(text)) => Ok(one("ANSWER", text)),
            _ => Err(Error::usage("this does not answer Cognito's challenge")),
        }
    }
}

fn unanswerable(challenge: &RawChallenge) -> Error {
    if challenge.name == "WEB_AUTHN" {
        return Error::new(Kind::NeedsHuman, "Cognito asks for a passkey (WEB_AUTHN), which cogtok can't use")
            .hint(AdviceKind::SignInWithBrowser);
    }
    let parameters = challenge.shown_parameters();
    let parameters = match parameters.as_slice() {
        [] => "none".to_owned(),
        all => ServiceText::list(all.iter().map(|(name, _)| name)),
    };
    let name = &challenge.name;
    Error::new(
        Kind::NeedsHuman,
        format!("Cognito asks for {name}, which cogtok can't answer (parameters: {parameters})"),
    )
    .hint(AdviceKind::UseUserWithoutChallenge)
}

/// A JSON list in a string, as Cognito writes lists in parameters.
fn list(challenge: &RawChallenge, name: &str) -> Vec<ServiceText> {
    challenge.parameter(name).map(|text| text.as_list()).unwrap_or_default()
}

/// `requiredAttributes` lists names with the prefix `userAttributes.`.
fn missing_attributes(challenge: &RawChallenge) -> Vec<ServiceText> {
    let items = list(challenge, "requiredAttributes");
    items.iter().map(|item| item.without_prefix("userAttributes.")).collect()
}
