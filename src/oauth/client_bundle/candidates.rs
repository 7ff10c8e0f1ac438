//! The values of a source: settings, each with the name it was found under, and secrets.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::aws::app_clients::AppClient;
use crate::error::{Error, Result, is_unprintable, printable};
use crate::oauth::client_bundle::name_normalization::group;
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
    /// How sure it is that the value is meant for the key; 0 is the surest.
    rank: u8,
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
            Some(same) if same.rank <= rank => {}
            Some(same) => (same.rank, same.origin) = (rank, origin.to_owned()),
            None => candidates.push(Candidate { values, origin: origin.to_owned(), rank }),
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
        self.settings.insert(key, vec![Candidate { values, origin: origin.to_owned(), rank: 0 }]);
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

    /// Chooses one value for each key: the surest if there is one, else `choose`'s for the keys it is asked about, else the first.
    ///
    /// # Errors
    /// The error of `choose`.
    pub fn settle(&mut self, asked: &[Key], mut choose: impl FnMut(Key, &[Candidate]) -> Result<usize>) -> Result<()> {
        let mut passed_over = Vec::new();
        let keys: Vec<Key> = self.settings.keys().copied().collect();
        for key in keys {
            let candidates = self.candidates(key).to_vec();
            let best = candidates.iter().map(|candidate| candidate.rank).min().unwrap_or_default();
            let surest: Vec<Candidate> =
                candidates.iter().filter(|candidate| candidate.rank == best).cloned().collect();
            let is_asked = asked.contains(&key) && surest.len() > 1;
            let taken = if is_asked { choose(key, &surest)? } else { 0 };
            let Some(taken) = surest.get(taken).cloned() else { continue };
            let others: Vec<Candidate> = candidates.into_iter().filter(|other| *other != taken).collect();
            passed_over.extend(others.iter().map(|other| (other.origin.clone(), key, taken.origin.clone())));
            if key == Key::UserPoolId || is_asked {
                self.stay_with(&taken, &others);
            }
            self.settings.insert(key, vec![taken]);
        }
        let mut seen: Vec<SecretKind> = Vec::new();
        let (kept, others) = std::mem::take(&mut self.secrets).into_iter().partition(|secret| {
            let is_first = !seen.contains(&secret.kind);
            seen.push(secret.kind);
            is_first
        });
        self.secrets = kept;
        for FoundSecret { kind, origin, .. } in others {
            let origin = printable(&origin, 80);
            self.leave_out(&format!("skipped the {kind} secret ({origin}): there is one already"));
        }
        for (origin, key, taken) in passed_over {
            let [origin, taken] = [origin, taken].map(|name| printable(&name, 80));
            self.leave_out(&format!("skipped {origin}: `{}` comes from {taken}", key.dotted()));
        }
        Ok(())
    }

    /// Leaves out what is of other environments than a value that was settled on: one's pool is nothing for another's client.
    fn stay_with(&mut self, taken: &Candidate, others: &[Candidate]) {
        let own = group(&taken.origin);
        let groups: Vec<Vec<String>> = others.iter().map(|other| group(&other.origin)).collect();
        let is_of = |group: &[String], name: &[String]| !group.is_empty() && name.starts_with(group);
        let is_foreign = |name: &[String]| groups.iter().any(|group| *group != own && is_of(group, name));
        if groups.iter().all(|group| *group == own) {
            return;
        }
        let mut left_out = Vec::new();
        for candidates in self.settings.values_mut() {
            let has_own = candidates.iter().any(|candidate| is_of(&own, &group(&candidate.origin)));
            candidates.retain(|candidate| {
                let name = group(&candidate.origin);
                let stays = is_of(&own, &name) || !(has_own || is_foreign(&name));
                if !stays {
                    left_out.push(candidate.origin.clone());
                }
                stays
            });
        }
        self.settings.retain(|_, candidates| !candidates.is_empty());
        let stays = |origin: &str| is_of(&own, &group(origin)) || !is_foreign(&group(origin));
        left_out.extend(self.secrets.iter().map(|secret| &secret.origin).filter(|origin| !stays(origin)).cloned());
        self.secrets.retain(|secret| stays(&secret.origin));
        self.prefixes.retain(|(_, origin)| stays(origin));
        let is_told = |origin: &String| others.iter().all(|other| other.origin != *origin);
        for origin in left_out.into_iter().filter(is_told) {
            let [origin, taken] = [&origin, &taken.origin].map(|name| printable(name, 80));
            self.leave_out(&format!("skipped {origin}: it does not belong with {taken}"));
        }
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
