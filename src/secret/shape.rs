//! Detects input that can't be a secret: the word that a tool prints for a missing value, a JSON document, a value in quotes or with
//! another system's line end. Messages repeat no value.

use serde_json::Value;

use super::Secret;
use crate::error::{Error, Result};

/// What tools print for a missing value.
const NOTHING: [&str; 7] = ["null", "none", "nil", "<nil>", "undefined", "(null)", "<no value>"];

/// The secret of an app client, without quotes around it and without a carriage return at its end.
///
/// # Errors
/// [`Kind::Usage`](crate::error::Kind::Usage) for what is none.
pub fn client_secret(secret: Secret) -> Result<Secret> {
    let text = bare(secret.expose());
    not_nothing(text, "client_secret")?;
    Ok(Secret::new(text.to_owned()))
}

/// The key of an authenticator app.
///
/// # Errors
/// As [`client_secret`].
pub fn totp_key(secret: Secret) -> Result<Secret> {
    let text = bare(secret.expose());
    not_nothing(text, "totp")?;
    Ok(Secret::new(text.to_owned()))
}

/// A password, which may be of any characters but spaces and line ends at its end; quotes cause a warning, since they may be meant.
///
/// # Errors
/// As [`client_secret`].
pub fn password(secret: Secret) -> Result<Secret> {
    let text = secret.expose().trim_end_matches(['\r', '\n']);
    // Cognito would accept `undefined` as a password.
    not_nothing(text, "password").or_else(|error| if text == "undefined" { Ok(()) } else { Err(error) })?;
    if unquoted(text).is_some() {
        log::warn!(target: "cogtok", "the password begins and ends with quotes, which count as part of it");
    }
    Ok(Secret::new(text.to_owned()))
}

/// A value without quotes around it and without a carriage return at its end; what else it has, another maker of secrets
/// than Cognito may have meant.
fn bare(text: &str) -> &str {
    unquoted(text.trim()).unwrap_or_else(|| text.strip_suffix('\r').unwrap_or(text))
}

fn unquoted(text: &str) -> Option<&str> {
    let inside = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inside('"').or_else(|| inside('\''))
}

fn not_nothing(text: &str, name: &str) -> Result<()> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::usage("the secret is empty"));
    }
    if NOTHING.iter().any(|word| word.eq_ignore_ascii_case(text)) {
        return Err(Error::usage("it is the word that a tool prints when there is no value")
            .hint("check the name of the value that you ask that tool for"));
    }
    let is_json = text.starts_with(['{', '[']) && serde_json::from_str::<Value>(text).is_ok();
    if is_json {
        Err(Error::usage("it is a JSON document, and not just the value")
            .hint(format!("extract the value, for example with `jq -r .{name}`")))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Shape = fn(Secret) -> Result<Secret>;

    #[test]
    fn what_surrounds_a_secret_is_no_part_of_it() {
        let shapes: [(Shape, &[(&str, &str)]); 3] = [
            (
                client_secret,
                &[
                    ("\"ab1\"", "ab1"),
                    ("'ab1'", "ab1"),
                    ("ab1\r", "ab1"),
                    (" ab1 ", " ab1 "),
                    ("\"ab1\"\r\n", "ab1"),
                    ("a\"b", "a\"b"),
                ],
            ),
            (totp_key, &[("\"JBSW Y3DP\"", "JBSW Y3DP"), ("JBSWY3DP\r", "JBSWY3DP")]),
            (
                password,
                &[("pw\r", "pw"), ("\"pw\"", "\"pw\""), (" pw", " pw"), ("{pw}", "{pw}"), ("undefined", "undefined")],
            ),
        ];
        for (shape, cases) in shapes {
            for (given, kept) in cases {
                assert_eq!(shape(Secret::new((*given).to_owned())).unwrap().expose(), *kept, "{given:?}");
            }
        }
    }

    #[test]
    fn what_is_none_is_refused_without_repeating_it() {
        let shapes: [Shape; 3] = [client_secret, totp_key, password];
        for shape in shapes {
            for bad in
                ["null", "None", "NULL", "nil", "<nil>", "\r", "{\"client_secret\":\"hunter2\"}", "[\"hunter2\"]"]
            {
                let error = shape(Secret::new(bad.to_owned())).unwrap_err();
                assert!(!error.message().contains("hunter2"), "{error}");
            }
        }
        for bad in ["\"\"", "\"null\"", " null\n"] {
            assert!(client_secret(Secret::new(bad.to_owned())).is_err(), "{bad}");
        }
    }
}
