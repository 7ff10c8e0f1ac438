//! Which setting gave an address that redirects, and how to change it there.

use cogtok::error::{Advice, AdviceKind, Error};
use cogtok::http::redirect::{MovedAddress, moved};
use cogtok::settings::keys::{Key, Settings};
use cogtok::settings::profile::Profile;
use cogtok::settings::profile::domain::oddity;
use cogtok::settings::provenance::{Provenance, sources};

use super::App;
use crate::env::aws_environment;

/// The settings that are addresses, with their options.
const ADDRESSES: [(Key, &str); 3] =
    [(Key::TokenUrl, "--token-url"), (Key::Domain, "--domain"), (Key::EndpointUrl, "--endpoint-url")];

/// An address of the settings, and where the same one is after a redirect.
struct Moved {
    key: Key,
    option: &'static str,
    source: Provenance,
    to: String,
    length: usize,
}

impl App {
    /// Remembers what a profile was resolved from, to find the origin of an address.
    pub(super) fn note_settings(&self, settings: Settings) {
        let mut used = self.used.borrow_mut();
        if !used.contains(&settings) {
            used.push(settings);
        }
    }

    /// The error with how to set the address that a redirect leads to, where that is on the same host and a setting gave the address that
    /// was asked. An error whose advice is about the address already stays as it is.
    pub fn with_moved_address(&self, error: Error) -> Error {
        if !error.advises(AdviceKind::UseMovedAddress) {
            return error;
        }
        let used = self.used.borrow();
        match moved(&error).and_then(|moved| used.iter().rev().find_map(|settings| in_settings(settings, moved))) {
            Some(moved) => instead(error, &moved.advice()),
            None => error,
        }
    }
}

/// The error with better advice on the address that a redirect leads to. Its other advice stays.
pub fn instead(error: Error, better: &Advice) -> Error {
    error.map_advice(|advice| match advice.kind() {
        Some(AdviceKind::UseMovedAddress) => Some(better.clone()),
        _ => Some(advice),
    })
}

/// The longest address of these settings that the one that was asked begins with.
fn in_settings(settings: &Settings, moved: MovedAddress<'_>) -> Option<Moved> {
    let aws = aws_environment();
    let domain = Profile::resolve(None, settings, &aws).ok()?.domain;
    let values = sources(settings, &aws, None).ok()?.into_iter();
    let found = values.filter_map(|value| {
        let (key, option) = ADDRESSES.into_iter().find(|(key, _)| *key == value.key)?;
        // The key that it was derived from is named instead.
        if matches!(value.source, Provenance::ReadFrom(_)) {
            return None;
        }
        // A domain may be written as its prefix only.
        let address = match key {
            Key::Domain => domain.as_ref()?.to_string(),
            _ => value.values.into_iter().next()?,
        };
        let to = base(&address, moved)?;
        // What `profile set` refuses is not recommended.
        if key.check(&to).is_err() || oddity(key, &to).is_some() {
            return None;
        }
        Some(Moved { key, option, source: value.source, to, length: address.len() })
    });
    found.max_by_key(|moved| moved.length)
}

/// Where the address is after the redirect, if what was asked begins with it and what followed is the same there.
fn base(address: &str, MovedAddress { asked, to }: MovedAddress<'_>) -> Option<String> {
    let address = address.trim_end_matches('/');
    let rest = asked.strip_prefix(address).filter(|rest| rest.is_empty() || rest.starts_with(['/', '?']))?;
    let base = match rest {
        // The root of a host has this path also where the setting has none.
        "/" => to.trim_end_matches('/'),
        rest => to.strip_suffix(rest)?,
    };
    (base != address).then(|| base.to_owned())
}

impl Moved {
    fn advice(self) -> Advice {
        let advice = match self.source {
            Provenance::Option => Advice::new("if that is the right address: `{option} {url}`"),
            Provenance::Variable(name) | Provenance::AwsVariable(name) => {
                Advice::new("if that is the right address: set {variable} to {url}").text("variable", name)
            }
            _ => Advice::new(
                "if that is the right address: cogtok profile set {name} {key} {url} || add `{option} {url}`",
            ),
        };
        advice.fill("option", self.option).word("key", self.key.dotted()).word("url", self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_an_address_is_the_same_after_a_redirect() {
        let of = |address: &str, asked: &str, to: &str| base(address, MovedAddress { asked, to });
        let host = "http://h.example";
        for (address, asked, to, base) in [
            ("/oauth2/tok", "/oauth2/tok", "/oauth2/token", Some("/oauth2/token")),
            ("/oauth2/token", "/oauth2/token?scope=a", "/x/token?scope=a", Some("/x/token")),
            ("/x", "/x/p_1/jwks.json", "/y/p_1/jwks.json", Some("/y")),
            ("/x/", "/x/p_1/jwks.json", "/y/p_1/jwks.json", Some("/y")),
            ("", "/", "/cognito/", Some("/cognito")),
            ("/x", "/x/", "/x/y", Some("/x/y")),
            ("/x", "/x/p_1/jwks.json", "/x/p_1/jwks.json/", None),
            ("/x", "/xy/jwks.json", "/z/jwks.json", None),
            ("/x", "/y", "/z", None),
            ("/x", "/x/", "/x", None),
        ] {
            let found = of(&format!("{host}{address}"), &format!("{host}{asked}"), &format!("{host}{to}"));
            assert_eq!(found, base.map(|base| format!("{host}{base}")), "{address} {asked} {to}");
        }
    }
}
