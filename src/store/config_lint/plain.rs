//! Secrets in plain text: by the name they stand under, or by their looks.

use super::Finding;
use crate::profile::keys::Key;

/// What to do with a secret in the file.
pub const INSTEAD: &str =
    "take it out and store it: cogtok secret set KIND; change it where others could read the file";

/// Whether a key of this name, which no program reads, would hold a secret.
pub fn is_name_of_a_secret(key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let words = ["secret", "passw", "passphrase", "pwd", "credential", "private_key", "api_key", "apikey", "totp"];
    (words.iter().any(|word| last.contains(word)) && !last.ends_with("arn"))
        || ["refresh_token", "access_token", "id_token"].contains(&last.as_str())
}

/// Whether a value looks like a secret: a key, a token, or as random as what Cognito makes for app clients.
pub fn is_like_a_secret(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("AGE-SECRET-KEY-")
        || text.contains("-----BEGIN")
        || (text.starts_with("eyJ") && text.len() > 40)
        || is_random(text)
        || has_password(text)
}

/// Whether a value is a secret in the place of what a key is for: ids of app clients as AWS makes them never look like one.
pub fn is_misplaced(key: Key, text: &str) -> bool {
    // A name in Secrets Manager may look like anything.
    key != Key::SecretArn && is_like_a_secret(text)
}

/// Letters and digits in turns, and too long for an id or a name.
fn is_random(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric();
    if text.len() < 32 || !text.chars().all(|c| is_word(c) || "+/=_-".contains(c)) {
        return false;
    }
    let turns = text
        .as_bytes()
        .windows(2)
        .filter(|pair| pair.iter().any(u8::is_ascii_digit) && pair.iter().any(u8::is_ascii_alphabetic));
    // A UUID, alone or in a name, has no longer run than twelve.
    let longest = text.split(|c| !is_word(c)).map(str::len).max().unwrap_or_default();
    turns.count() >= 5 && longest >= 14
}

/// A URL with a password in it.
fn has_password(text: &str) -> bool {
    let authority = text.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let user = authority.and_then(|authority| authority.rsplit_once('@')).map(|(user, _)| user);
    user.and_then(|user| user.split_once(':')).is_some_and(|(_, password)| !password.is_empty())
}

/// Secrets in comments: a line that was put out of use is still there to read.
pub fn comments(text: &str) -> Vec<Finding> {
    let found = text.lines().enumerate().filter_map(|(at, line)| {
        let indent = line.len() - line.trim_start().len();
        let (key, value) = line.trim_start().strip_prefix('#')?.split_once('=')?;
        let (key, value) = (key.trim_start_matches('#').trim(), value.trim().trim_matches(['"', '\'']));
        let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "._-\"".contains(c));
        let is_secret = (is_name_of_a_secret(key) && key != "secrets" && value.len() >= 6) || is_like_a_secret(value);
        (is_key && is_secret).then(|| Finding {
            line: at + 1,
            column: indent + 1,
            profile: None,
            key: None,
            message: "this comment holds what looks like a secret".to_owned(),
            hint: Some(INSTEAD.into()),
        })
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cognito_makes_for_app_clients_is_told_apart() {
        // Ids of app clients are 26 lower-case letters and digits, their secrets are longer.
        for id in
            ["1example23456789abcdefghij", "5g7h1j2k3l4m5n6o7p8q9r0s1t", "a1b2c3d4e5f6g7h8i9j0k1l2m3", &"a1".repeat(13)]
        {
            assert!(!is_misplaced(Key::M2mClientId, id) && !is_misplaced(Key::UserClientId, id), "{id}");
        }
        let secret = "1a2b3c4d5e6f7g8h9i0j1k2l3m4n5o6p7q8r9s0t1u2v3w4x5y6z";
        for key in Key::ALL {
            assert_eq!(is_misplaced(*key, secret), *key != Key::SecretArn, "{key:?}");
        }
        for (key, text) in [
            (Key::UserPoolId, "us-gov-west-1_AbCdEfGhI"),
            (Key::IdentityPoolId, "us-east-1:12345678-90ab-cdef-1234-567890abcdef"),
            (Key::Domain, "https://agentic-platform-1a2b3c4d5e6f7a8b9c.auth.us-east-1.amazoncognito.com"),
            (Key::Scopes, "default-m2m-resource-server-1a2b3c/read"),
            (Key::AwsProfile, "AWSAdministratorAccess-123456789012"),
            (Key::Username, "12345678-90ab-cdef-1234-567890abcdef"),
        ] {
            assert!(!is_misplaced(key, text), "{text}");
        }
    }
}
