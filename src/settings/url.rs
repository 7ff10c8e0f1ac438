//! URLs: those of the `url` crate. Where tokens are only verified, a parser will do that takes plain addresses as they are and
//! refuses what `url` would correct or translate: the keys of a pool are at no other, and it is 26 crates less.

#[cfg(feature = "m2m")]
pub use ::url::{Host, Url};

#[cfg(not(feature = "m2m"))]
pub use plain::{Host, Url};

#[cfg(any(test, not(feature = "m2m")))]
mod plain;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::plain;

    /// Accepted text parses like in `url`, in all its parts.
    fn is_read_alike(text: &str) -> bool {
        let Ok(plain) = plain::Url::parse(text) else { return false };
        let whole = url::Url::parse(text).unwrap_or_else(|why| panic!("{text} is refused by url alone: {why}"));
        assert_eq!((plain.as_str(), plain.to_string()), (whole.as_str(), whole.to_string()));
        assert_eq!((plain.scheme(), plain.username(), plain.path()), (whole.scheme(), whole.username(), whole.path()));
        assert_eq!((plain.query(), plain.fragment()), (whole.query(), whole.fragment()));
        assert_eq!((plain.host_str(), plain.authority()), (whole.host_str(), whole.authority()));
        assert_eq!(plain.origin().ascii_serialization(), whole.origin().ascii_serialization());
        assert_eq!(plain.port_or_known_default(), whole.port_or_known_default());
        let of_url = whole.host().map(|host| host.to_string());
        assert_eq!(plain.host().map(|host| host.to_string()), of_url);
        true
    }

    #[test]
    fn plain_addresses_are_taken() {
        for good in [
            "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI/.well-known/jwks.json",
            "https://Example.COM:443",
            "https://example.com:8443/a/b?c=d&e#f",
            "http://localhost:9229/x/",
            "http://127.0.0.1:4566",
            "http://[::1]:4566/pool",
            "https://user@example.com/",
        ] {
            assert!(is_read_alike(good), "{good}");
        }
    }

    #[test]
    fn what_would_be_corrected_is_refused() {
        for bad in [
            "",
            "https://",
            "https:///a",
            "ftp://a/",
            "//a/b",
            "https:a",
            "HTTPS://a",
            "https://a b/",
            "https://a\\b",
            "https://bücher.de/",
            "https://xn--bcher-kva.de/",
            "http://127.1/",
            "http://0x7f.1/",
            "http://2130706433/",
            "https://a/../b",
            "https://a/%2e%2E/b",
            "https://a:/",
            "https://a:99999/",
            "https://[::1",
            "https://[::ffff:1.2.3.4]/",
            "https://a/\u{1b}",
            "https://a\n/",
            " https://a",
            "https://user:pw@",
            "https://a@b@c/",
            "https://a..b/\t",
            "https://%61/",
            "https://a/?'",
        ] {
            assert!(plain::Url::parse(bad).is_err_and(|why| why.to_string().starts_with("it")), "{bad:?}");
        }
    }

    #[test]
    fn a_host_has_the_bounds_of_dns() {
        let of = |labels: &[usize]| {
            let host: Vec<String> = labels.iter().map(|length| "a".repeat(*length)).collect();
            plain::Url::parse(&format!("https://{}/", host.join("."))).is_ok()
        };
        assert!(of(&[63]) && !of(&[64]));
        assert!(of(&[63, 63, 63, 61]) && !of(&[63, 63, 63, 62]));
    }

    #[test]
    fn an_address_is_joined_as_url_joins_it() {
        let base = "https://example.com/a/b";
        for to in ["/c?d", "//other.example/e", "https://other.example/", "http://example.com:80/"] {
            let (plain, whole) = (plain::Url::parse(base).unwrap(), url::Url::parse(base).unwrap());
            assert_eq!(plain.join(to).unwrap().as_str(), whole.join(to).unwrap().as_str(), "{to}");
        }
        assert!(plain::Url::parse(base).unwrap().join("../c").is_err());
    }

    #[test]
    fn parts_are_set_as_url_sets_them() {
        let text = "https://user@example.com/a?b#c";
        let (mut plain, mut whole) = (plain::Url::parse(text).unwrap(), url::Url::parse(text).unwrap());
        assert_eq!(plain.password(), whole.password());
        assert_eq!(plain.set_username("").and_then(|()| plain.set_password(None)), Ok(()));
        assert_eq!(whole.set_username("").and_then(|()| whole.set_password(None)), Ok(()));
        plain.set_fragment(None);
        whole.set_fragment(None);
        plain.set_path("/d/e");
        whole.set_path("/d/e");
        assert_eq!(plain.as_str(), whole.as_str());
    }

    proptest! {
        #[test]
        fn what_is_taken_is_read_as_url_reads_it(
            text in "https?://([a-zA-Z0-9.@:\\[\\]%_-]{0,14})(/[a-zA-Z0-9.%~!$&'()*+,;=:@_|^\"<> -]{0,8}){0,3}(\\?[a-z=&%'/]{0,5})?(#[a-z`]{0,3})?"
        ) {
            is_read_alike(&text);
        }
    }
}
