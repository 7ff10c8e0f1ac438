//! Profiles to hand to others, as a text that `profile import` takes: the settings that mean the same everywhere and, for a
//! file that is sealed, secrets.

use zeroize::Zeroizing;

use crate::services::config_edit::ConfigDocument;
use cogtok::error::{Error, Result, is_unprintable, printable};
use cogtok::secret::Secret;
use cogtok::settings::keys::{Key, Settings};
use cogtok::settings::targets::{Field, TargetSetting};
use cogtok::settings::types::{Endpoint, ProfileName, SecretKind};

pub use cogtok::store::config::{EXPORT_MARK as MARK, EXPORT_VERSION as VERSION};

/// Settings of this machine or person, which are exported only on request.
pub const OWN: [Key; 2] = [Key::AwsProfile, Key::Username];

/// A profile to hand to others.
#[derive(Debug)]
pub struct Exported {
    /// Its name.
    pub name: ProfileName,
    /// Its settings; `secrets` is never exported.
    pub settings: Settings,
    /// The settings of its targets.
    pub targets: Vec<TargetSetting>,
    /// The keys to leave out.
    pub left_out: Vec<Key>,
    /// The secrets to seal in.
    pub secrets: Vec<(SecretKind, Secret)>,
}

impl Exported {
    fn keys(&self) -> impl Iterator<Item = Key> {
        let is_exported = |key: &Key| *key != Key::Secrets && !self.left_out.contains(key);
        Key::ALL.iter().copied().filter(move |key| is_exported(key) && !self.settings.list(*key).is_empty())
    }

    /// The exported keys with a loopback address, which is a different machine for every recipient.
    pub fn local_addresses(&self) -> Vec<String> {
        let is_local = |value: &str| value.parse::<Endpoint>().is_ok_and(|endpoint| endpoint.is_loopback());
        let urls = self.keys().filter(|key| matches!(key, Key::Domain | Key::EndpointUrl | Key::TokenUrl));
        let urls = urls.filter(|key| self.settings.list(*key).iter().any(|value| is_local(value)));
        let targets = self.targets.iter().filter(|setting| setting.field == Field::Url && is_local(&setting.value));
        urls.map(|key| key.dotted().to_owned()).chain(targets.map(TargetSetting::key)).collect()
    }
}

/// The profiles as text. With secrets, it must be sealed and never stored unsealed.
///
/// # Errors
/// [`Kind::Config`](cogtok::error::Kind::Config) for a value that its key can't have.
pub fn text(profiles: &[Exported]) -> Result<Zeroizing<String>> {
    let mut draft = ConfigDocument::marked(MARK, VERSION);
    for profile in profiles {
        draft.add(&profile.name)?;
        for key in profile.keys() {
            let values = profile.settings.list(key);
            draft.set(&profile.name, key, values).map_err(|error| wrong(&profile.name, key.dotted(), error))?;
        }
        for setting in &profile.targets {
            draft
                .set_target(&profile.name, &setting.target, setting.field, &setting.value)
                .map_err(|error| wrong(&profile.name, &setting.key(), error))?;
        }
    }
    let settings = draft.text();
    let secrets = || profiles.iter().flat_map(|profile| profile.secrets.iter().map(move |secret| (profile, secret)));
    let has_secrets = secrets().next().is_some();
    let what = if has_secrets { "WITH SECRETS: keep it encrypted" } else { "without secrets" };
    let header = format!(
        "# Profiles of cogtok (Amazon Cognito tokens), to share; {what}.\n\
         # To import them: cogtok profile import FILE\n"
    );
    // Allocated at the maximum size, so that no copy of a secret is left behind.
    let room: usize =
        secrets().map(|(profile, (_, secret))| secret.expose().len() * 6 + profile.name.as_str().len()).sum();
    let count = secrets().count();
    let mut text = Zeroizing::new(String::with_capacity(header.len() + settings.len() + room + count * 64));
    text.push_str(&header);
    text.push_str(&settings);
    for profile in profiles.iter().filter(|profile| !profile.secrets.is_empty()) {
        text.push_str(&format!("\n[secrets.{:?}]\n", profile.name.as_str()));
        for (kind, secret) in &profile.secrets {
            text.push_str(kind.as_str());
            text.push_str(" = \"");
            push_escaped(&mut text, secret.expose());
            text.push_str("\"\n");
        }
    }
    Ok(text)
}

fn wrong(name: &ProfileName, key: &str, error: Error) -> Error {
    error
        .with_kind(cogtok::error::Kind::Config)
        .context(&format!("profile `{name}`"))
        .hint(cogtok::settings::keys::how_to_set(key).word("name", name))
}

/// A TOML basic string's inside.
fn push_escaped(text: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            c if is_unprintable(c) && u32::from(c) <= 0xffff => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            c if is_unprintable(c) => text.push_str(&format!("\\U{:08x}", u32::from(c))),
            c => text.push(c),
        }
    }
}

/// The keys to leave out of an export, after checking the ones to keep.
///
/// # Errors
/// [`Kind::Usage`](cogtok::error::Kind::Usage) for a key that is exported anyway, or never.
pub fn left_out(kept: &[String]) -> Result<Vec<Key>> {
    let mut left_out = OWN.to_vec();
    for word in kept {
        let key = Key::parse(word)?;
        if !OWN.contains(&key) {
            let own = OWN.map(Key::dotted).join(" and ");
            return Err(Error::usage(format!("`{}` can't be kept by name", printable(word, 80))).hint(format!(
                "{own} are left out unless kept; `secrets` always is, and everything else is exported"
            )));
        }
        left_out.retain(|other| *other != key);
    }
    Ok(left_out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::import::profile_export;
    use cogtok::settings::keys::ValueOrigin;

    fn exported(name: &str, secret: &str) -> Exported {
        let mut settings = Settings::default();
        for (key, values) in [
            (Key::Description, "Berlin \"west\" \\ #1"),
            (Key::Secrets, "m2m-client"),
            (Key::AwsProfile, "organiser"),
            (Key::Username, "alice@example.com"),
            (Key::EndpointUrl, "http://127.0.0.1:4566"),
            (Key::M2mClientId, "machine"),
            (Key::TokenUrl, "https://ws.example/oauth2/token"),
            (Key::Scopes, "api/read api/write"),
            (Key::ScopeInQuery, "true"),
            (Key::MaxRequestsPerHour, "100"),
        ] {
            settings.offer(key, vec![values.to_owned()], ValueOrigin::Profile);
        }
        let secrets = vec![(SecretKind::M2mClient, Secret::new(secret.to_owned()))];
        let target = |name: &str, field, value: &str| TargetSetting {
            target: name.parse().unwrap(),
            field,
            value: value.to_owned(),
        };
        let targets = vec![
            target("api", Field::Url, "http://127.0.0.1:8090"),
            target("tools", Field::Url, "https://tools.example/mcp"),
            target("tools", Field::As, "m2m"),
            target("tools", Field::Kind, "gateway"),
        ];
        Exported { name: name.parse().unwrap(), settings, targets, left_out: OWN.to_vec(), secrets }
    }

    #[test]
    fn what_is_exported_is_read_again_and_what_is_ones_own_is_left_out() {
        let secret = "a\"b\\c\u{1b}\u{202e}'\tgrüße #\u{10ffff}";
        let profiles = [exported("ws", secret), exported("w.s", secret)];
        assert_eq!(profiles[0].local_addresses(), ["endpoint_url", "targets.api.url"]);
        let text = text(&profiles).unwrap();
        assert!(
            profile_export::is_marked(&text) && !text.contains("organiser") && !text.contains("alice"),
            "{}",
            *text
        );
        let read = profile_export::read(&Secret::new(text.to_string())).unwrap();
        assert!(read.left_out.is_empty(), "{:?}", read.left_out);
        let names: Vec<&str> = read.profiles.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["w.s", "ws"]);
        for (_, found) in &read.profiles {
            assert_eq!(found.secret(SecretKind::M2mClient).unwrap().value.expose(), secret);
            assert!(found.left_out.is_empty(), "{:?}", found.left_out);
            let of = |key| found.candidates(key).first().map(|one| one.values.join(" "));
            for key in Key::ALL.iter().filter(|key| !OWN.contains(key) && **key != Key::Secrets) {
                let given = profiles[0].settings.list(*key);
                assert_eq!(of(*key), (!given.is_empty()).then(|| given.join(" ")), "{}", key.dotted());
            }
            assert_eq!(found.targets, profiles[0].targets);
            assert!(of(Key::Secrets).is_none() && of(Key::Username).is_none());
        }
    }

    #[test]
    fn only_what_is_ones_own_is_kept_by_name() {
        assert_eq!(left_out(&["aws_profile".to_owned()]).unwrap(), [Key::Username]);
        for bad in ["secrets", "region", "nonsense"] {
            assert!(left_out(&[bad.to_owned()]).is_err(), "{bad}");
        }
    }
}
