//! A pool's domain in any form: its URL, its host, or only the prefix if the Region is known.

use crate::error::{AdviceKind, Error, Result, printable};
use crate::settings::keys::Key;
use crate::settings::profile::partitions::Partition;
use crate::settings::types::{Endpoint, Region};

/// A domain as it is written.
enum Written {
    Whole(Endpoint),
    Prefix(String),
}

/// Whether `text` can be a pool's domain.
///
/// # Errors
/// [`Kind::Usage`](crate::error::Kind::Usage) with the rule.
pub fn check(text: &str) -> Result<()> {
    written(text).map(drop)
}

/// The domain that `text` names.
///
/// # Errors
/// As [`check`]; [`Kind::Config`](crate::error::Kind::Config) for a prefix where the Region is not known, or what domains are
/// called there.
pub fn read(text: &str, region: Option<&Region>) -> Result<Endpoint> {
    let prefix = match written(text)? {
        Written::Whole(endpoint) => return Ok(endpoint),
        Written::Prefix(prefix) => prefix,
    };
    let region = region.ok_or_else(|| {
        Error::config(format!("`{prefix}` is the prefix of a domain, and no Region is known"))
            .hint(AdviceKind::NameRegionOrWholeDomain)
    })?;
    match Partition::domain(&prefix, region) {
        Some(domain) => domain.parse(),
        None => {
            Err(Error::config(format!("what a domain with the prefix `{prefix}` is called in {region} is not known"))
                .hint("give its whole address"))
        }
    }
}

/// As [`read`], for a domain that requests go to: one with a path has no pages and no token endpoint. Only a local Cognito may serve
/// them under a path.
///
/// # Errors
/// As [`read`]; [`Kind::Usage`](crate::error::Kind::Usage) for a path.
pub fn read_for_use(text: &str, region: Option<&Region>) -> Result<Endpoint> {
    let domain = read(text, region)?;
    match oddity(Key::Domain, domain.as_str()) {
        Some(why) if !domain.is_loopback() => Err(Error::usage(why)),
        _ => Ok(domain),
    }
}

fn written(text: &str) -> Result<Written> {
    if text.contains("://") {
        return text.parse().map(Written::Whole);
    }
    let is_label = (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-');
    if is_label {
        return Ok(Written::Prefix(text.to_owned()));
    }
    let host = text.strip_suffix('/').unwrap_or(text);
    let is_host = host.contains('.') && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b));
    match format!("https://{host}").parse() {
        Ok(endpoint) if is_host => Ok(Written::Whole(endpoint)),
        _ => Err(Error::usage(format!(
            "`{}` is not a pool's domain: one looks like https://ws.auth.us-east-1.amazoncognito.com, or is just its prefix",
            printable(text, 120)
        ))),
    }
}

/// An oddity of a valid address, reported when it is set.
pub fn oddity(key: Key, value: &str) -> Option<String> {
    let endpoint = |value: &str| value.parse::<Endpoint>().ok();
    match key {
        Key::Domain => endpoint(value).filter(|url| url.url().path() != "/").map(|url| {
            format!("`domain` has a path, and a pool's domain has none: is it {}?", printable(&url.origin(), 200))
        }),
        Key::TokenUrl => endpoint(value).filter(|url| url.url().path() == "/").map(|url| {
            let origin = printable(&url.origin(), 200);
            format!("`m2m.token_url` has no path, and a pool's token endpoint has one: is it {origin}/oauth2/token?")
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_understood_in_every_form() {
        let region: Region = "us-east-1".parse().unwrap();
        let whole = "https://ws.auth.us-east-1.amazoncognito.com";
        for text in [whole, "ws.auth.us-east-1.amazoncognito.com", "ws", "ws.auth.us-east-1.amazoncognito.com/"] {
            assert_eq!(read(text, Some(&region)).unwrap().to_string(), whole, "{text}");
        }
        assert_eq!(read("auth.example.com", None).unwrap().to_string(), "https://auth.example.com");
        for bad in ["", "a b", "-ws", "WS", "x/../y", "http://evil.example", "user:pw@a.example", "a_b"] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert_eq!(read("ws", None).unwrap_err().kind(), crate::error::Kind::Config);
        assert!(read("ws", Some(&"cn-north-1".parse().unwrap())).is_err());
        assert!(oddity(Key::Domain, &format!("{whole}/login")).unwrap().contains(whole));
        assert!(oddity(Key::TokenUrl, whole).unwrap().contains("/oauth2/token"));
        assert_eq!((oddity(Key::Domain, whole), oddity(Key::TokenUrl, &format!("{whole}/oauth2/token"))), (None, None));
    }

    #[test]
    fn only_a_local_domain_is_used_with_a_path() {
        for path in ["/oauth2", "/login", "/x/"] {
            let error = read_for_use(&format!("https://auth.example.com{path}"), None).unwrap_err();
            assert!(error.message().ends_with("is it https://auth.example.com?"), "{error}");
            let local = format!("http://127.0.0.1:4566{path}");
            assert_eq!(read_for_use(&local, None).unwrap().to_string(), local);
        }
        assert!(
            read_for_use("https://auth.example.com/", None).is_ok() && read_for_use("auth.example.com", None).is_ok()
        );
    }

    #[test]
    fn a_prefix_is_a_label_and_a_host_has_dots() {
        let of = |text: &str, region: &str| read(text, Some(&region.parse().unwrap())).map(|url| url.to_string());
        for prefix in ["a", "a-1", &"a".repeat(63)] {
            assert_eq!(of(prefix, "eu-west-1").unwrap(), format!("https://{prefix}.auth.eu-west-1.amazoncognito.com"));
            let gov = format!("https://{prefix}.auth-fips.us-gov-west-1.amazoncognito.com");
            assert_eq!(of(prefix, "us-gov-west-1").unwrap(), gov);
        }
        for bad in [&"a".repeat(64), "a-", "-a", "A", "ä", "a_b.example", "a b.example", "a.example/b", "a..:"] {
            let error = check(bad).unwrap_err();
            assert!(error.message().contains("is not a pool's domain"), "{error}");
        }
        assert_eq!(of("A-1.example", "eu-west-1").unwrap(), "https://a-1.example");
        assert_eq!(of("cn", "cn-north-1").unwrap_err().kind(), crate::error::Kind::Config);
        let local = "http://localhost:9229";
        assert_eq!((of(local, "eu-west-1").unwrap().as_str(), oddity(Key::Domain, local)), (local, None));
        assert_eq!(
            (oddity(Key::Scopes, local), oddity(Key::Domain, "ws"), oddity(Key::TokenUrl, "ws")),
            (None, None, None)
        );
    }
}
