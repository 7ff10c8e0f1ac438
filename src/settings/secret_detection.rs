//! Detects secrets in plain text, by their names or their form.

use crate::settings::keys::Key;
use crate::settings::types::is_pool_id;

/// Whether a key of this name, which no program reads, would hold a secret.
pub fn is_name_of_a_secret(key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let words = ["secret", "passw", "passphrase", "pwd", "credential", "private_key", "api_key", "apikey", "totp"];
    (words.iter().any(|word| last.contains(word)) && !last.ends_with("arn"))
        || ["refresh_token", "access_token", "id_token"].contains(&last.as_str())
}

/// Whether a text looks like a secret or contains one: a key, a token, or text as random as Cognito's client secrets. Ids don't count.
pub fn is_like_a_secret(text: &str) -> bool {
    let text = text.trim();
    let words = text.split(|c: char| c.is_whitespace() || "\"'`,;()<>".contains(c));
    is_known(text)
        || has_password(text)
        || words.clone().any(is_random)
        || words.flat_map(|word| word.split([':', '='])).any(|word| {
            let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
            is_made_by_cognito(word) || is_known(word)
        })
}

/// Whether a value is a secret in the place of what a key is for. The key's own grammar decides first; where it would let
/// Cognito's client secrets pass for an id or a name, only these are recognised: nothing else is that long and that random.
pub fn is_misplaced(key: Key, text: &str) -> bool {
    match key {
        Key::Description | Key::AwsProfile => is_like_a_secret(text),
        // A federated user's name is PROVIDER_ID, with an id from the provider.
        Key::Username if !text.contains('_') => is_like_a_secret(text),
        _ if key.check(text).is_ok() => {
            is_known(text) || text.split(|c: char| c.is_whitespace() || "+/?&=#,;".contains(c)).any(is_made_by_cognito)
        }
        _ => is_like_a_secret(text),
    }
}

/// A key or a token of a known form.
fn is_known(text: &str) -> bool {
    text.starts_with("AGE-SECRET-KEY-") || text.contains("-----BEGIN") || (text.starts_with("eyJ") && text.len() > 40)
}

/// Cognito's client secrets: 51 or 52 alternating letters and digits. Its app client ids have 26 characters, and text of only hexadecimal
/// digits is a digest or an id.
fn is_made_by_cognito(text: &str) -> bool {
    (40..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric())
        && !text.bytes().all(|b| b.is_ascii_hexdigit())
        && turns(text) >= 5
}

/// How often a letter and a digit are adjacent.
fn turns(text: &str) -> usize {
    let pairs = text.as_bytes().windows(2);
    pairs.filter(|pair| pair.iter().any(u8::is_ascii_digit) && pair.iter().any(u8::is_ascii_alphabetic)).count()
}

/// Letters and digits in turns, and too long for a name; not the ids that are.
fn is_random(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric();
    if text.len() < 32 || !text.chars().all(|c| is_word(c) || "+/=_-".contains(c)) || is_pool_id(text) {
        return false;
    }
    // The longest run of a UUID, alone or in a name, is twelve.
    let longest = text.split(|c| !is_word(c)).map(str::len).max().unwrap_or_default();
    turns(text) >= 5 && longest >= 14
}

/// A URL with a password in it.
fn has_password(text: &str) -> bool {
    let authority = text.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let user = authority.and_then(|authority| authority.rsplit_once('@')).map(|(user, _)| user);
    user.and_then(|user| user.split_once(':')).is_some_and(|(_, password)| !password.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cognito_makes_for_app_clients_is_told_apart() {
        // App client ids are 26 lower-case letters and digits; their secrets are longer.
        for id in
            ["1example23456789abcdefghij", "5g7h1j2k3l4m5n6o7p8q9r0s1t", "a1b2c3d4e5f6g7h8i9j0k1l2m3", &"a1".repeat(13)]
        {
            assert!(!is_misplaced(Key::M2mClientId, id) && !is_misplaced(Key::UserClientId, id), "{id}");
        }
        let secret = "1a2b3c4d5e6f7g8h9i0j1k2l3m4n5o6p7q8r9s0t1u2v3w4x5y6z";
        for key in Key::ALL {
            assert!(is_misplaced(*key, secret), "{key:?}");
        }
        for words in [
            "m2m 1a2b3c4d5e6f7g8h9i0j1k2l3m4n5o6p7q8r9s0t1u2v3w4x5y6z",
            "secret=1a2b3c4d5e6f7g8h9i0j1k2l3m4n5o6p7q8r9s0t1u2v3w4x5y6z.",
        ] {
            assert!(is_misplaced(Key::Description, words), "{words}");
        }
        for (key, text) in [
            (Key::Scopes, format!("api/read {secret}")),
            (Key::UserClientId, format!("cm4ukvpv8x1gmfafqg6hxfuusd+{secret}")),
            (Key::TokenUrl, format!("https://ws.example.com/oauth2/token/{secret}")),
            (Key::TokenUrl, format!("https://ws.example.com/oauth2/token?client_secret={secret}")),
        ] {
            assert!(is_misplaced(key, &text), "{text}");
        }
    }

    #[test]
    fn what_a_key_is_for_is_no_secret_however_random() {
        for (key, text) in [
            (Key::UserPoolId, "us-gov-west-1_AbCdEfGhI"),
            (Key::UserPoolId, "us-east-1_0e38338e82134edca3dee4424c9f1978"),
            (Key::UserPoolId, "us-east-1_0a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r8s9t0u1v2"),
            (Key::UserPoolId, "local_1a2B3c4D5e6F7g8H9i0J1k2L3m4N5o6P7q"),
            (Key::UserClientId, "0e38338e82134edca3dee4424c9f1978"),
            (Key::UserClientId, "cm4ukvpv8x1gmfafqg6hxfuusd"),
            (Key::M2mClientId, "workshop_1a2b3c4d5e6f7g8h9i0j1k2l3m4n5o6p7q8r"),
            (Key::IdentityPoolId, "us-east-1:12345678-90ab-cdef-1234-567890abcdef"),
            (Key::Domain, "https://agentic-platform-1a2b3c4d5e6f7a8b9c.auth.us-east-1.amazoncognito.com"),
            (Key::TokenUrl, "https://a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r8s9.lambda-url.us-east-1.on.aws/oauth2/token"),
            (Key::Scopes, "default-m2m-resource-server-1a2b3c/read"),
            (Key::Scopes, "0e38338e82134edca3dee4424c9f1978/invoke"),
            (Key::AwsProfile, "AWSAdministratorAccess-123456789012"),
            (Key::Username, "12345678-90ab-cdef-1234-567890abcdef"),
            (Key::Username, "AzureAD_aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3aB4c"),
            (Key::SecretArn, "workshop/m2m-0e38338e82134edca3dee4424c9f1978"),
            (Key::Description, "the pool us-east-1_0e38338e82134edca3dee4424c9f1978 (LocalStack)"),
        ] {
            assert!(!is_misplaced(key, text), "{text}");
        }
    }

    #[test]
    fn a_pool_under_another_name_is_no_secret() {
        assert!(!is_like_a_secret("us-east-1_0e38338e82134edca3dee4424c9f1978"));
    }
}
