//! The values of a source: settings, each with the name it was found under, and secrets.

mod environment;
mod settle;

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::aws::app_clients::AppClient;
use crate::error::{Error, Result, is_unprintable, printable};
use crate::secret::Secret;
use crate::settings::keys::Key;
use crate::settings::secret_detection::is_misplaced;
use crate::settings::targets::TargetSetting;
use crate::settings::types::{Endpoint, SecretKind};

/// A name and its value, as a source has them. The value may be a secret.
#[derive(Debug)]
pub struct Pair {
    /// The name.
    pub name: String,
    /// The value.
    pub value: Zeroizing<String>,
}

/// The keys whose values distinguish a source's environments.
const OF_ENVIRONMENTS: [Key; 3] = [Key::UserPoolId, Key::UserClientId, Key::M2mClientId];

/// A value that a source has for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The value; several for a list.
    pub values: Vec<String>,
    /// Its origin: a name in the source, or the operation that returned it.
    pub origin: String,
    /// Other names with the same value: environments may share one.
    also: Vec<String>,
    /// How sure it is that the value is meant for the key; 0 is the surest.
    rank: u8,
}

impl Candidate {
    /// Its origin, and the other names with the same value.
    fn names(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.origin).chain(&self.also)
    }
}

/// A secret that a source has.
#[derive(Debug)]
pub struct FoundSecret {
    /// Its kind.
    pub kind: SecretKind,
    /// Its value.
    pub value: Secret,
    /// Its origin.
    pub origin: String,
}

/// The values of a source.
#[derive(Debug, Default)]
pub struct ProfileCandidate {
    /// A name for the profile, where the source suggests one.
    pub name: Option<String>,
    /// Prefixes of the pool's domain, each with its origin, where the domain itself does not follow from them.
    pub prefixes: Vec<(String, String)>,
    /// What the source has and a profile can't use, in sentences.
    pub left_out: Vec<String>,
    /// App clients that were looked at already.
    pub clients: Vec<AppClient>,
    /// Its settings of targets.
    pub targets: Vec<TargetSetting>,
    /// Why the value of a known name was not taken.
    pub(crate) refused: Vec<String>,
    /// How many values were understood.
    pub(crate) heard: usize,
    settings: BTreeMap<Key, Vec<Candidate>>,
    secrets: Vec<FoundSecret>,
}

impl ProfileCandidate {
    /// No values, and a name for the profile.
    pub fn named(name: Option<String>) -> Self {
        ProfileCandidate { name, ..ProfileCandidate::default() }
    }

    /// Adds a value for a key, unless the key can't have it or has it already.
    pub fn offer(&mut self, key: Key, values: Vec<String>, origin: &str) {
        self.offer_ranked(key, values, origin, 0);
    }

    pub(crate) fn offer_ranked(&mut self, key: Key, values: Vec<String>, origin: &str, rank: u8) {
        let rule = |value: &String| {
            if value.chars().any(is_unprintable) {
                Some(String::new())
            } else {
                key.check(value).err().map(|error| error.message().to_owned())
            }
        };
        let broken = if values.is_empty() { Some(String::new()) } else { values.iter().find_map(rule) };
        if let Some(rule) = broken {
            // The value is not repeated: under a wrong name it may be a secret.
            let why = rule.split_once("plain http is ").map(|(_, rest)| format!(": plain http is {rest}"));
            let told = format!("skipped {}: it can't be `{}`", printable(origin, 80), key.dotted());
            self.leave_out(&told);
            self.refused.push(told + why.as_deref().unwrap_or_default());
            return;
        }
        if values.iter().any(|value| is_misplaced(key, value)) {
            let told = format!(
                "skipped {}: it looks like a secret, which `{}` is not; are two values swapped?",
                printable(origin, 80),
                key.dotted()
            );
            self.leave_out(&told);
            self.refused.push(told);
            return;
        }
        self.heard += 1;
        let is_url = matches!(key, Key::Domain | Key::TokenUrl | Key::EndpointUrl);
        let plain = |value: String| match value.parse::<Endpoint>() {
            Ok(url) if is_url => url.to_string(),
            _ => value,
        };
        let values: Vec<String> = values.into_iter().map(plain).collect();
        let candidates = self.settings.entry(key).or_default();
        match candidates.iter_mut().find(|candidate| candidate.values == values) {
            Some(same) if same.names().any(|name| name == origin) => same.rank = same.rank.min(rank),
            Some(same) if same.rank <= rank => same.also.push(origin.to_owned()),
            Some(same) => {
                same.rank = rank;
                same.also.insert(0, std::mem::replace(&mut same.origin, origin.to_owned()));
            }
            None => candidates.push(Candidate { values, origin: origin.to_owned(), also: Vec::new(), rank }),
        }
    }

    /// Replaces all values of a key.
    ///
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) for a value that the key can't have.
    pub fn decide(&mut self, key: Key, values: Vec<String>, origin: &str) -> Result<()> {
        if values.iter().any(|value| is_misplaced(key, value)) {
            return Err(Error::usage(format!(
                "{origin}: the value looks like a secret, which `{}` is not",
                key.dotted()
            )));
        }
        values.iter().try_for_each(|value| key.check(value).map_err(|error: Error| error.context(origin)))?;
        let (meant, others): (Vec<_>, Vec<_>) =
            self.candidates(key).iter().cloned().partition(|candidate| candidate.values == values);
        if let Some(meant) = meant.first().filter(|_| OF_ENVIRONMENTS.contains(&key)) {
            self.stay_with(meant, &others);
        }
        self.settings.insert(key, vec![Candidate { values, origin: origin.to_owned(), also: Vec::new(), rank: 0 }]);
        Ok(())
    }

    /// Adds a secret; the first of its kind wins, once the environment is chosen.
    pub fn offer_secret(&mut self, kind: SecretKind, value: Secret, origin: &str) {
        self.heard += 1;
        let bytes = value.expose().as_bytes().to_vec();
        match Secret::from_bytes(bytes) {
            Ok(value) => self.secrets.push(FoundSecret { kind, value, origin: origin.to_owned() }),
            Err(why) => self.leave_out(&format!("skipped the {kind} secret ({}): {why}", printable(origin, 80))),
        }
    }

    /// Notes what is not taken, and why.
    pub fn leave_out(&mut self, why: &str) {
        self.heard += 1;
        if !self.left_out.iter().any(|known| known == why) {
            self.left_out.push(why.to_owned());
        }
    }

    /// The value of a key, where there is one and no other.
    pub fn one(&self, key: Key) -> Option<&str> {
        match self.settings.get(&key).map(Vec::as_slice) {
            Some([only]) => only.values.first().map(String::as_str),
            _ => None,
        }
    }

    /// Whether the source has nothing for a profile.
    pub fn is_empty(&self) -> bool {
        self.settings.is_empty() && self.secrets.is_empty() && self.targets.is_empty() && self.prefixes.is_empty()
    }

    /// The values found for a key.
    pub fn candidates(&self, key: Key) -> &[Candidate] {
        self.settings.get(&key).map_or(&[], Vec::as_slice)
    }

    /// The settings, each with its value and where it was found. [`ProfileCandidate::settle`] comes before.
    pub fn settings(&self) -> impl Iterator<Item = (Key, &Candidate)> {
        self.settings.iter().filter_map(|(key, candidates)| Some((*key, candidates.first()?)))
    }

    /// Leaves a key out.
    pub fn forget(&mut self, key: Key) {
        self.settings.remove(&key);
    }

    /// The secret of this kind.
    pub fn secret(&self, kind: SecretKind) -> Option<&FoundSecret> {
        self.secrets.iter().find(|secret| secret.kind == kind)
    }

    /// The secrets.
    pub fn secrets(&self) -> &[FoundSecret] {
        &self.secrets
    }

    /// Leaves a secret out.
    pub fn forget_secret(&mut self, kind: SecretKind) {
        self.secrets.retain(|secret| secret.kind != kind);
    }
}
