//! The one table from what AWS and OAuth answer to what it means: the kind, and advice on the next step.

mod table;

use table::{Row, TABLE};

use crate::error::AdviceKind::LookUpRequestId;
use crate::error::{Advice, Error, Kind};
use crate::http::redact::Redactor;
use crate::http::service_text::ServiceText;
use crate::http::status::unknown_code;

#[cfg(feature = "aws")]
pub(crate) use super::sdk_error::{code, from_sdk, no_credentials};

/// An error response.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal<'a> {
    /// The HTTP status; `None` if the error did not come as an HTTP response.
    pub status: Option<u16>,
    /// The kind of call, where codes have a meaning of their own: a row `GRANT CODE` comes before a row with the code only.
    pub grant: &'a str,
    /// The name of the AWS operation, or words for the request. A row `OPERATION CODE` comes before all others.
    pub operation: &'a str,
    /// The code that AWS or OAuth gave.
    pub code: &'a str,
    /// The service's message.
    pub message: &'a str,
}

/// The error for a refusal. `redactor` knows the secrets that were sent, since a server may echo them.
pub(crate) fn refused(refusal: &Refusal<'_>, redactor: &Redactor) -> Error {
    let Refusal { status, operation, code, message, .. } = *refusal;
    let row = row_of(refusal);
    let text = match message {
        "" => said(code, redactor).to_string(),
        message => format!("{}: {}", said(code, redactor), said(message, redactor)),
    };
    let code = said(code, redactor).to_string();
    if let Some(error) = status.filter(|_| row.is_none()).and_then(|status| unknown_code(operation, status, &text)) {
        return error.with_code(&code).with_operation(operation_of(refusal.grant, operation));
    }
    let error = Error::new(row.map_or(Kind::Failure, |row| row.kind), format!("{operation} was refused: {text}"))
        .with_code(&code)
        .with_operation(operation_of(refusal.grant, operation));
    match row {
        Some(row) => row.advice().fold(error, Error::hint),
        None => error.hint(LookUpRequestId),
    }
}

/// The name of the operation at AWS or in OAuth.
pub(crate) fn operation_of<'a>(grant: &'a str, operation: &'a str) -> &'a str {
    match grant {
        "m2m" => "client_credentials",
        "code" => "authorization_code",
        "refresh" => "refresh_token",
        "authorize" | "revoke" => grant,
        // `InitiateAuth (REFRESH_TOKEN_AUTH)` counts as `InitiateAuth`.
        _ => operation.split(' ').next().unwrap_or_default(),
    }
}

/// The operations that carry no signature.
const UNSIGNED: [&str; 19] = [
    "AssociateSoftwareToken",
    "ChangePassword",
    "ConfirmDevice",
    "ConfirmForgotPassword",
    "ConfirmSignUp",
    "ForgotPassword",
    "GetClientToken",
    "GetCredentialsForIdentity",
    "GetDerivedToken",
    "GetId",
    "GetTokensFromRefreshToken",
    "GetUser",
    "GlobalSignOut",
    "InitiateAuth",
    "ResendConfirmationCode",
    "RespondToAuthChallenge",
    "RevokeToken",
    "SignUp",
    "VerifySoftwareToken",
];

fn row_of(refusal: &Refusal<'_>) -> Option<&'static Row> {
    let Refusal { grant, operation, code, message, .. } = *refusal;
    // `InitiateAuth (REFRESH_TOKEN_AUTH)` counts as `InitiateAuth`.
    let operation = operation.split(' ').next().unwrap_or_default();
    let signed = if UNSIGNED.contains(&operation) { "unsigned" } else { "" };
    let message = message.to_lowercase();
    let find = |of: &str| {
        TABLE.iter().find(|row| {
            let (is_of, known) = row
                .code
                .split_once(' ')
                .map_or((of.is_empty(), row.code), |(all, known)| (all.split('|').any(|one| one == of), known));
            is_of && known == code && message.contains(row.says)
        })
    };
    [operation, grant, signed].into_iter().filter(|of| !of.is_empty()).find_map(find).or_else(|| find(""))
}

/// Whether the table has a row for it.
pub(crate) fn is_known(refusal: &Refusal<'_>) -> bool {
    row_of(refusal).is_some()
}

/// What to do where a server refuses with this code.
pub fn advice_for(code: &str) -> Option<Advice> {
    TABLE.iter().find(|row| row.code == code).and_then(|row| row.advice().next())
}

/// Text of a server as it may be shown.
pub(crate) fn said(text: &str, redactor: &Redactor) -> ServiceText {
    ServiceText::new(text, redactor)
}

#[cfg(test)]
#[path = "service_error_tests.rs"]
mod tests_of_operations;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_with_several_meanings_is_told_apart_by_its_message() {
        let kind = |code: &str, message: &str| {
            let refusal = Refusal { status: Some(400), grant: "", operation: "InitiateAuth", code, message };
            refused(&refusal, &Redactor::default()).kind()
        };
        assert_eq!(kind("NotAuthorizedException", "Incorrect username or password."), Kind::Refused);
        assert_eq!(
            kind("NotAuthorizedException", "Client x is configured with secret but SECRET_HASH was not received"),
            Kind::Config
        );
        assert_eq!(
            kind("InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled for this client"),
            Kind::Config
        );
        assert_eq!(kind("AccessDeniedException", "anything"), Kind::Refused);
        assert_eq!(kind("NeverHeardOf", ""), Kind::Failure);
    }

    #[test]
    fn a_refusal_names_what_was_called_and_its_code() {
        for (grant, operation, called) in [
            ("", "InitiateAuth (REFRESH_TOKEN_AUTH)", "InitiateAuth"),
            ("identity", "GetId", "GetId"),
            ("m2m", "the token request to example.com", "client_credentials"),
            ("revoke", "the revocation", "revoke"),
        ] {
            for code in ["NotAuthorizedException", "NeverHeardOf"] {
                let refusal = Refusal { status: Some(503), grant, operation, code, message: "" };
                let error = refused(&refusal, &Redactor::default());
                assert_eq!((error.operation(), error.code()), (Some(called), Some(code)));
            }
        }
    }

    #[test]
    fn a_general_row_never_hides_a_special_one() {
        for (index, row) in TABLE.iter().enumerate() {
            let hidden = TABLE[..index].iter().any(|before| before.code == row.code && row.says.contains(before.says));
            assert!(!hidden, "{} {:?} can't be reached", row.code, row.says);
            assert_eq!(row.says, row.says.to_lowercase());
            assert!(row.advice().next().is_some());
        }
    }

    #[test]
    fn an_echoed_secret_is_not_repeated() {
        let redactor = Redactor::default();
        redactor.hide("id", &crate::secret::Secret::new("hunter2".into()));
        let (operation, message) = ("token endpoint", "hunter2 is \u{1b}[1mwrong");
        let refusal = Refusal { status: Some(400), grant: "", operation, code: "invalid_client", message };
        let error = refused(&refusal, &redactor);
        assert_eq!(error.message(), "token endpoint was refused: invalid_client: [redacted] is \\u{1b}[1mwrong");
    }
}
