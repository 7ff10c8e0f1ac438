//! Detects input that can't be a secret: the word that a tool prints for a missing value, a JSON document, a name with its value, a value
//! in quotes or with another system's line end. Messages repeat no value.

use serde_json::Value;

use super::Secret;
use crate::error::{Error, Result};

/// What tools print for a missing value.
const NOTHING: [&str; 7] = ["null", "none", "nil", "<nil>", "undefined", "(null)", "<no value>"];

/// What tools print instead of a secret.
const HIDDEN: [&str; 8] =
    ["[redacted]", "<redacted>", "(redacted)", "[hidden]", "<hidden>", "(hidden)", "(sensitive value)", "<sensitive>"];

/// What to do about a text that holds more than the secret.
const JUST_THE_VALUE: &str = "give just the value, without what is around it";

/// The secret of an app client, without quotes, blanks and line ends around it.
///
/// # Errors
/// [`Kind::Usage`](crate::error::Kind::Usage) for what is none.
pub fn client_secret(secret: Secret) -> Result<Secret> {
    let text = bare(secret.expose());
    not_nothing(text, "client_secret")?;
    one_line(text)?;
    one_value(text)?;
    one_word(text)?;
    Ok(Secret::new(text.to_owned()))
}

/// A client secret that is given for one call only and not stored: it may have any characters, as another maker of secrets than Cognito
/// may have meant.
///
/// # Errors
/// As [`client_secret`], for what can't be one.
pub fn client_secret_of_call(secret: Secret) -> Result<Secret> {
    let text = secret.expose();
    let text = unquoted(text.trim()).unwrap_or_else(|| text.strip_suffix('\r').unwrap_or(text));
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
    one_line(text)?;
    one_value(text)?;
    Ok(Secret::new(text.to_owned()))
}

/// A password, which may be of any characters but line ends. What may be meant only causes a warning.
///
/// # Errors
/// As [`client_secret`].
pub fn password(secret: Secret) -> Result<Secret> {
    let text = secret.expose().trim_end_matches(['\r', '\n']);
    // Cognito would accept `undefined` as a password.
    not_nothing(text, "password").or_else(|error| if text == "undefined" { Ok(()) } else { Err(error) })?;
    one_line(text)?;
    if unquoted(text).is_some() {
        log::warn!(target: "cogtok", "the password begins and ends with quotes, which count as part of it");
    }
    if is_variable(text) {
        log::warn!(target: "cogtok", "the password is the name of a variable that no shell has replaced");
    }
    Ok(Secret::new(text.to_owned()))
}

/// A passphrase that nobody has just typed, without the line ends at its end.
///
/// # Errors
/// As [`client_secret`].
pub fn passphrase(secret: Secret) -> Result<Secret> {
    let text = secret.expose().trim_end_matches(['\r', '\n']);
    not_nothing(text, "passphrase")?;
    one_line(text)?;
    Ok(Secret::new(text.to_owned()))
}

/// What to check about a passphrase that does not open a file, if its shape suggests it.
#[cfg(feature = "file-store")]
pub(crate) fn check_passphrase(passphrase: &Secret) -> Option<&'static str> {
    unquoted(passphrase.expose())
        .map(|_| "check the passphrase: it begins and ends with quotes, which count as part of it")
}

/// A value without quotes, blanks and line ends around it.
fn bare(text: &str) -> &str {
    let text = text.trim();
    unquoted(text).map_or(text, str::trim)
}

fn unquoted(text: &str) -> Option<&str> {
    let inside = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inside('"').or_else(|| inside('\''))
}

fn not_nothing(text: &str, name: &str) -> Result<()> {
    let text = text.trim();
    if text.is_empty() {
        let what = if matches!(name, "password" | "passphrase") { name } else { "secret" };
        return Err(Error::usage(format!("the {what} is empty")));
    }
    if is_one_of(&NOTHING, text) {
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

fn is_one_of(words: &[&str], text: &str) -> bool {
    words.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// One line, and no word that takes the place of the value.
fn one_line(text: &str) -> Result<()> {
    if text.contains(['\n', '\r']) {
        return Err(Error::usage("it has more than one line").hint(JUST_THE_VALUE));
    }
    let word = text.trim();
    if is_one_of(&["true", "false"], word) {
        return Err(Error::usage("it is a yes or no, and not the value")
            .hint("check the name of the value that you ask that tool for"));
    }
    if is_one_of(&HIDDEN, word) || word.chars().all(|c| matches!(c, '*' | '•' | '●')) {
        return Err(Error::usage("it is what a tool prints instead of a secret")
            .hint("check how that tool prints the value itself"));
    }
    Ok(())
}

/// Refuses what contains the value or stands for it: no client secret and no key looks like this.
fn one_value(text: &str) -> Result<()> {
    let lower = text.to_ascii_lowercase();
    if ["basic ", "bearer ", "authorization:"].iter().any(|beginning| lower.starts_with(beginning)) {
        return Err(Error::usage("it is an Authorization header, and not just the value").hint(JUST_THE_VALUE));
    }
    if lower.starts_with("arn:") {
        return Err(Error::usage("it is an ARN, and not the value that it names"));
    }
    if is_variable(text) {
        return Err(Error::usage("it is the name of a variable, and not its value")
            .hint("check the quotes: a shell replaces no variable between single quotes"));
    }
    if [('<', '>'), ('[', ']'), ('(', ')'), ('{', '}')]
        .iter()
        .any(|(open, close)| text.starts_with(*open) && text.ends_with(*close))
    {
        return Err(Error::usage("it is a placeholder in brackets, and not the value"));
    }
    if is_assignment(text) {
        return Err(Error::usage("it is a name with its value, and not just the value").hint(JUST_THE_VALUE));
    }
    Ok(())
}

/// Refuses characters that no client secret has, and those with which a list goes on.
fn one_word(text: &str) -> Result<()> {
    let why = if text.ends_with([',', ';']) {
        "it ends with the comma or semicolon that comes after a value"
    } else if text.contains(char::is_whitespace) {
        "it contains a space, which no client secret has"
    } else if !text.chars().all(|c| c.is_ascii_graphic() || c.is_alphanumeric()) {
        "it contains a character that no client secret has"
    } else {
        return Ok(());
    };
    Err(Error::usage(why).hint(JUST_THE_VALUE))
}

/// Whether a text is the name of a variable, as a shell or a template would replace it.
fn is_variable(text: &str) -> bool {
    let between = |open: &str, close: &str| text.strip_prefix(open)?.strip_suffix(close);
    let named = between("%", "%").or_else(|| between("$env:", "")).or_else(|| between("$", ""));
    named.is_some_and(is_name)
        || [("${", "}"), ("$(", ")"), ("{{", "}}")].iter().any(|(open, close)| between(open, close).is_some())
}

/// Whether a text is a value with its name, as files of settings have it. Base64 may end with `=`.
fn is_assignment(text: &str) -> bool {
    let by = |separator| {
        let (name, value) = text.split_once(separator)?;
        let name = name.trim_end().rsplit(char::is_whitespace).next()?.trim_matches(['"', '\'']);
        let name = name.strip_prefix("$env:").unwrap_or(name);
        is_name(name).then_some((name, value))
    };
    by('=').is_some_and(|(_, value)| !value.chars().all(|c| c == '='))
        || by(':').is_some_and(|(name, value)| {
            value.starts_with(char::is_whitespace) || name.to_ascii_lowercase().contains("secret")
        })
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Shape = fn(Secret) -> Result<Secret>;

    #[test]
    fn what_surrounds_a_secret_is_no_part_of_it() {
        let shapes: [(Shape, &[(&str, &str)]); 6] = [
            (
                client_secret,
                &[
                    ("\"ab1\"", "ab1"),
                    ("'ab1'", "ab1"),
                    ("ab1\r", "ab1"),
                    (" ab1 ", "ab1"),
                    ("ab1=", "ab1="),
                    ("ab1==", "ab1=="),
                    ("\tab+_1\n", "ab+_1"),
                    ("\"ab1\"\r\n", "ab1"),
                    ("a\"b", "a\"b"),
                ],
            ),
            (totp_key, &[("\"JBSW Y3DP\"", "JBSW Y3DP"), ("JBSWY3DP\r", "JBSWY3DP")]),
            (
                password,
                &[("pw\r", "pw"), ("\"pw\"", "\"pw\""), (" pw", " pw"), ("{pw}", "{pw}"), ("undefined", "undefined")],
            ),
            (password, &[("a=b", "a=b"), ("my: pw, it", "my: pw, it"), ("<pw>", "<pw>"), ("Basic pw", "Basic pw")]),
            (password, &[("$PW", "$PW"), ("pw,", "pw,"), ("arn:pw", "arn:pw")]),
            (passphrase, &[("five words, and more\r\n", "five words, and more"), ("\"pw\"", "\"pw\"")]),
        ];
        for (shape, cases) in shapes {
            for (given, kept) in cases {
                assert_eq!(shape(Secret::new((*given).to_owned())).unwrap().expose(), *kept, "{given:?}");
            }
        }
    }

    #[test]
    fn what_is_none_is_refused_without_repeating_it() {
        let shapes: [Shape; 4] = [client_secret, totp_key, password, passphrase];
        for shape in shapes {
            for bad in [
                "null",
                "None",
                "NULL",
                "nil",
                "<nil>",
                "\r",
                "{\"client_secret\":\"hunter2\"}",
                "[\"hunter2\"]",
                "true",
                "[REDACTED]",
                "****",
                "(sensitive value)",
                "hunter2\nhunter2",
            ] {
                let error = shape(Secret::new(bad.to_owned())).unwrap_err();
                assert!(!error.message().contains("hunter2"), "{error}");
            }
        }
        for bad in ["\"\"", "\"null\"", " null\n"] {
            assert!(client_secret(Secret::new(bad.to_owned())).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_client_secret_or_a_key_in_something_longer_is_refused() {
        for (bad, why) in [
            ("client_secret=hunter2", "a name with its value"),
            ("COGNITO_M2M_CLIENT_SECRET = \"hunter2\"", "a name with its value"),
            ("export X='hunter2'", "a name with its value"),
            ("$env:X = 'hunter2'", "a name with its value"),
            ("client_secret: hunter2", "a name with its value"),
            ("ClientSecret:hunter2", "a name with its value"),
            ("\"client_secret\": \"hunter2\"", "a name with its value"),
            ("client_id=id\nclient_secret=hunter2", "more than one line"),
            ("Basic aHVudGVyMg==", "an Authorization header"),
            ("Authorization: Basic aHVudGVyMg==", "an Authorization header"),
            ("arn:aws:secretsmanager:us-east-1:111122223333:secret:ws-AbCdEf", "an ARN"),
            ("$SECRET", "the name of a variable"),
            ("${SECRET}", "the name of a variable"),
            ("%SECRET%", "the name of a variable"),
            ("$env:SECRET", "the name of a variable"),
            ("${{ secrets.SECRET }}", "the name of a variable"),
            ("{{resolve:secretsmanager:ws}}", "the name of a variable"),
            ("<client-secret>", "in brackets"),
        ] {
            for shape in [client_secret, totp_key] {
                let error = shape(Secret::new(bad.to_owned())).unwrap_err();
                assert!(error.message().contains(why), "{bad}: {error}");
            }
        }
        for bad in ["hunter2,", "\"hunter2\",", "hunter2;", "hunter two", "“hunter2”", "hunter2\u{200b}"] {
            assert!(client_secret(Secret::new(bad.to_owned())).is_err(), "{bad}");
        }
    }
}
