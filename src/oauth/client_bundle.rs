//! A workshop's secret in Secrets Manager: only the client secret, or a JSON object with the client, its endpoint and scopes. Its names are
//! interpreted as in a file, and none that affects the token is skipped.

pub mod candidates;
pub mod json;
pub mod key_mapping;
pub mod name_normalization;

use serde_json::Value;

use crate::error::{Error, Result, printable};
use crate::oauth::client_bundle::candidates::ProfileCandidate;
use crate::oauth::client_bundle::json::{NO_TEXT, Pairs};
use crate::secret::Secret;
use crate::secret::shape::client_secret;
use crate::settings::keys::Key;
use crate::settings::profile::partitions::Partition;
use crate::settings::types::{ClientId, Endpoint, Region, Scopes, SecretArn, SecretKind};

/// The content of a secret.
#[derive(Debug)]
pub struct Bundle {
    /// The client secret.
    pub client_secret: Secret,
    /// The client that it is of.
    pub client_id: Option<ClientId>,
    /// The token endpoint: its own, or that of the domain.
    pub token_url: Option<Endpoint>,
    /// The scopes; `None` if it has none.
    pub scopes: Option<Scopes>,
    /// The names that mean nothing here.
    pub unknown: Vec<String>,
    /// All its values.
    pub found: ProfileCandidate,
}

/// Parses the secret `arn`. `region` completes a domain that is given as a prefix.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) without a client secret, and for a value that does not fit its name. No value is repeated.
pub fn read(arn: &SecretArn, text: &Secret, region: Option<&Region>) -> Result<Bundle> {
    let trimmed = text.expose().trim_start_matches('\u{feff}').trim();
    let bare = |text: &str| {
        let secret = client_secret(Secret::new(text.to_owned())).map_err(|why| shape(arn, why.message()))?;
        let (client_id, token_url, scopes) = (None, None, None);
        Ok(Bundle {
            client_secret: secret,
            client_id,
            token_url,
            scopes,
            unknown: Vec::new(),
            found: ProfileCandidate::default(),
        })
    };
    match serde_json::from_str::<Value>(trimmed) {
        Ok(value @ Value::Object(_)) => of_client(arn, json::of(value), region),
        Ok(Value::String(secret)) => bare(&secret),
        Ok(Value::Array(_)) => Err(shape(arn, "it is a JSON list")),
        // Anything else is a bare string, unless it was meant to be JSON.
        _ if !trimmed.starts_with(['{', '[', '<']) => bare(trimmed),
        _ => Err(shape(arn, "it is neither JSON nor a bare string")),
    }
}

fn of_client(arn: &SecretArn, Pairs { pairs, odd }: Pairs, region: Option<&Region>) -> Result<Bundle> {
    let mut found = ProfileCandidate::default();
    let mut unknown = key_mapping::take_client(pairs, &mut found);
    let strange = unknown.iter().map(|name| (name.as_str(), NO_TEXT));
    let outer = |name: &str| name.split('.').find(|part| key_mapping::is_of_a_client(part)).map(str::to_owned);
    let mut strange = strange.chain(odd.iter().map(|(name, why)| (name.as_str(), *why)));
    if let Some((name, why)) = strange.find_map(|(name, why)| Some((outer(name)?, why))) {
        let is_a_list = name.to_ascii_lowercase().contains("scope");
        let why = if is_a_list { why } else { "is not a string" };
        return Err(shape(arn, &format!("`{}` {why}", printable(&name, 80))));
    }
    unknown.extend(odd.into_iter().map(|(name, _)| name));
    if let Some(why) = found.refused.first() {
        return Err(shape(arn, why.trim_start_matches("skipped ")));
    }
    if let Some(names) = found.mixed_environments() {
        let [one, other] = names.map(|name| printable(name, 80));
        return Err(shape(arn, &format!("`{one}` and `{other}` belong to different environments")));
    }
    if let (Some((prefix, origin)), true) = (found.prefixes.first(), found.candidates(Key::Domain).is_empty()) {
        let (prefix, origin) = (prefix.clone(), origin.clone());
        if let Some(domain) = region.and_then(|region| Partition::domain(&prefix, region)) {
            found.offer(Key::Domain, vec![domain], &origin);
        }
    }
    let mut secrets = found.secrets().iter().filter(|secret| secret.kind == SecretKind::M2mClient);
    if let (Some(one), Some(other)) =
        (secrets.next(), secrets.find(|other| other.value.expose() != client_secret_of(&found)))
    {
        let [one, other] = [one, other].map(|secret| printable(&secret.origin, 80));
        return Err(shape(arn, &format!("`{one}` and `{other}` are two client secrets")));
    }
    let secret = found.secret(SecretKind::M2mClient).ok_or_else(|| shape(arn, "it has no `client_secret`"))?;
    let client_secret = client_secret(secret.value.clone()).map_err(|why| shape(arn, why.message()))?;
    let domain: Option<Endpoint> = one(arn, &found, Key::Domain)?.and_then(|domain| domain.first()?.parse().ok());
    let token_url = one(arn, &found, Key::TokenUrl)?.and_then(|url| url.first()?.parse().ok());
    let scopes = one(arn, &found, Key::Scopes)?;
    Ok(Bundle {
        client_secret,
        client_id: one(arn, &found, Key::M2mClientId)?.and_then(|id| id.first()?.parse().ok()),
        token_url: token_url.or_else(|| domain.map(|domain| domain.join("/oauth2/token"))),
        scopes: scopes.map(|scopes| Scopes::parse(scopes.iter().map(String::as_str))).transpose()?,
        unknown,
        found,
    })
}

fn client_secret_of(found: &ProfileCandidate) -> &str {
    found.secret(SecretKind::M2mClient).map(|secret| secret.value.expose()).unwrap_or_default()
}

/// The one value that there is for a key: which of several is meant would be a guess.
fn one<'a>(arn: &SecretArn, found: &'a ProfileCandidate, key: Key) -> Result<Option<&'a [String]>> {
    match found.candidates(key) {
        [] => Ok(None),
        [one] => Ok(Some(&one.values)),
        [one, other, ..] => {
            let [one, other] = [one, other].map(|candidate| printable(&candidate.origin, 80));
            Err(shape(arn, &format!("`{one}` and `{other}` give different values for `{}`", key.dotted())))
        }
    }
}

fn shape(arn: &SecretArn, why: &str) -> Error {
    Error::config(format!("the secret {arn} is not usable: {why}")).hint(
        r#"store just the client secret in it, or {"client_id": …, "client_secret": …, "token_url": …, "scopes": …}"#,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Bundle> {
        read(&"arn".parse().unwrap(), &Secret::new(text.to_owned()), Some(&"us-east-1".parse().unwrap()))
    }

    #[test]
    fn scopes_are_a_string_or_a_list() {
        let one =
            parsed(r#"{"client_id":"c","client_secret":"s","token_url":"https://h/oauth2/token","scopes":"a b"}"#)
                .unwrap();
        for same in [r#"["b","a"]"#, r#""b,a""#, r#"" a  b ""#] {
            for name in ["scope", "scopes", "oauth_scopes", "Scope"] {
                let other = parsed(&format!(r#"{{"client_secret":"s","{name}":{same}}}"#)).unwrap();
                assert_eq!(one.scopes, other.scopes, "{name} {same}");
            }
        }
        assert_eq!(one.client_id.unwrap().as_str(), "c");
        assert_eq!(parsed(r#"{"client_secret":"s","scope":""}"#).unwrap().scopes, None);
    }

    #[test]
    fn every_name_of_the_token_endpoint_is_understood() {
        let url = "https://ws.auth.us-east-1.amazoncognito.com/oauth2/token";
        for (name, value) in [
            ("token_url", url),
            ("token_endpoint", url),
            ("tokenEndpointUrl", url),
            ("TokenUri", url),
            ("OAUTH_TOKEN_ENDPOINT", url),
            ("access_token_url", url),
            ("url", url),
            ("domain", "https://ws.auth.us-east-1.amazoncognito.com"),
            ("domain", "ws.auth.us-east-1.amazoncognito.com"),
            ("domain", "ws"),
            ("cognito_domain", "ws"),
        ] {
            let bundle = parsed(&format!(r#"{{"client_id":"c","client_secret":"s","{name}":"{value}"}}"#)).unwrap();
            assert_eq!(bundle.token_url.map(|url| url.to_string()).as_deref(), Some(url), "{name}={value}");
            assert_eq!(bundle.unknown, Vec::<String>::new(), "{name}");
        }
        let bundle = parsed(r#"{"appClientId":"c","appClientSecret":"s","audience":"x","n":7,"note":""}"#).unwrap();
        assert_eq!((bundle.client_id.unwrap().as_str(), bundle.unknown), ("c", vec!["audience".into(), "n".into()]));
    }

    #[test]
    fn a_bare_string_is_the_secret_alone() {
        for bare in ["hunter2", "hunter2\n", "hunter2\r\n", "\"hunter2\"", "\u{feff}hunter2", "12345678"] {
            assert!(parsed(bare).unwrap().client_id.is_none(), "{bare}");
        }
        assert_eq!(parsed("hunter2\r\n").unwrap().client_secret.expose(), "hunter2");
    }

    #[test]
    fn another_shape_is_a_clear_error_that_repeats_nothing() {
        for bad in [
            r#"{"username":"hunter2"}"#,
            r#"["hunter2"]"#,
            r#"{"client_secret":"hunter2""#,
            r#"{"client_secret":7}"#,
            r#"{"client_secret":"hunter2","scopes":7}"#,
            r#"{"client_secret":"hunter2","scope":[7]}"#,
            r#"{"client_secret":"hunter2","scope":{"a":true}}"#,
            r#"{"client_secret":"hunter2","scope":"a\"b"}"#,
            r#"{"client_secret":"hunter2","scope":"a","scopes":"b"}"#,
            r#"{"client_secret":"hunter2","client_id":"a","clientId":"b"}"#,
            r#"{"client_secret":"hunter2","client_id":"a b"}"#,
            r#"{"dev":{"client_id":"a"},"prod":{"client_secret":"hunter2"}}"#,
            r#"{"PROD_CLIENT_SECRET":"hunter2","DEV_CLIENT_ID":"a","DEV_SCOPES":"a/b"}"#,
            r#"{"client_secret":"hunter2","client_id_dev":"a","token_url_prod":"https://h.example/oauth2/token"}"#,
            "<hunter2/>",
            r#"{"client_secret":"hunter2","token_url":"http://evil.example"}"#,
            r#"{"client_secret":"hunter2","domain":"hunter2/../x"}"#,
            "client_id=m\nclient_secret=hunter2",
            "client_secret: hunter2",
            "null",
            "None",
            "",
        ] {
            let error = parsed(bad).err().unwrap_or_else(|| panic!("{bad} is taken"));
            assert!(!error.message().contains("hunter2"), "{error}");
        }
    }
}
