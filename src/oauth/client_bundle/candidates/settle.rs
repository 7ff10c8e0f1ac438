//! Chooses among the values of a source, and leaves out what is of other environments than the chosen ones.

use crate::error::{Result, printable};
use crate::oauth::client_bundle::candidates::environment::{Environment, Standing, are_unlike, mixed};
use crate::oauth::client_bundle::candidates::{Candidate, FoundSecret, OF_ENVIRONMENTS, ProfileCandidate};
use crate::oauth::client_bundle::name_normalization::group;
use crate::settings::keys::Key;
use crate::settings::types::SecretKind;

impl ProfileCandidate {
    /// Chooses one value for each key: the surest if there is one, else `choose`'s for the keys it is asked about, else the first. What is of
    /// another environment than a value that was chosen before is left out.
    ///
    /// # Errors
    /// The error of `choose`.
    pub fn settle(&mut self, asked: &[Key], mut choose: impl FnMut(Key, &[Candidate]) -> Result<usize>) -> Result<()> {
        let mut passed_over = Vec::new();
        // The pool and the clients decide on the rest.
        let others = self.settings.keys().filter(|key| !OF_ENVIRONMENTS.contains(key));
        let keys: Vec<Key> = OF_ENVIRONMENTS.iter().chain(others).copied().collect();
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
            self.settings.insert(key, vec![taken.clone()]);
            let is_decisive = key == Key::UserPoolId || is_asked;
            self.stay_with(&taken, if is_decisive { &others } else { &[] });
        }
        self.settle_secrets();
        self.settle_prefixes();
        for (origin, key, taken) in passed_over {
            let [origin, taken] = [origin, taken].map(|name| printable(&name, 80));
            self.leave_out(&format!("skipped {origin}: `{}` comes from {taken}", key.dotted()));
        }
        self.doubt();
        Ok(())
    }

    /// Leaves out what is of other environments than a value that was settled on, and than `others`, which it was preferred to.
    pub(super) fn stay_with(&mut self, taken: &Candidate, others: &[Candidate]) {
        let environment = Environment::of(taken, others);
        // What has no environment in its name is for all, unless this one has its own.
        let stays = |origin: &str, has_own: bool| match environment.standing(origin) {
            Standing::Own => true,
            Standing::Shared => !(has_own && environment.has_rivals()),
            Standing::Foreign => false,
        };
        let is_own = |origin: &str| environment.standing(origin) == Standing::Own;
        let mut left_out = Vec::new();
        for candidates in self.settings.values_mut() {
            let has_own = candidates.iter().flat_map(Candidate::names).any(|name| is_own(name));
            candidates.retain_mut(|candidate| {
                let mut names = candidate.names().filter(|name| stays(name, has_own)).cloned();
                let Some(origin) = names.next() else {
                    left_out.push(candidate.origin.clone());
                    return false;
                };
                (candidate.also, candidate.origin) = (names.collect(), origin);
                true
            });
        }
        self.settings.retain(|_, candidates| !candidates.is_empty());
        let with_own: Vec<SecretKind> =
            self.secrets.iter().filter(|secret| is_own(&secret.origin)).map(|secret| secret.kind).collect();
        self.secrets.retain(|FoundSecret { kind, origin, .. }| {
            let stays = stays(origin, with_own.contains(kind));
            left_out.extend((!stays).then(|| origin.clone()));
            stays
        });
        let has_own = self.prefixes.iter().any(|(_, origin)| is_own(origin));
        self.prefixes.retain(|(_, origin)| {
            let stays = stays(origin, has_own);
            left_out.extend((!stays).then(|| origin.clone()));
            stays
        });
        let is_told = |origin: &String| others.iter().all(|other| other.origin != *origin);
        for origin in left_out.into_iter().filter(is_told) {
            self.leave_out(&foreign(&origin, &taken.origin));
        }
    }

    /// The secrets of the clients and of the user that were chosen, one of each kind.
    fn settle_secrets(&mut self) {
        let mut seen: Vec<SecretKind> = Vec::new();
        let mut left_out = Vec::new();
        for secret in std::mem::take(&mut self.secrets) {
            let FoundSecret { kind, origin, .. } = &secret;
            let owner = match kind {
                SecretKind::M2mClient => Some(Key::M2mClientId),
                SecretKind::UserClient => Some(Key::UserClientId),
                SecretKind::Password | SecretKind::Totp => Some(Key::Username),
                _ => None,
            };
            // A password goes to one user only, so both names say the same.
            let is_exact = owner == Some(Key::Username);
            let differs =
                |name: &String| if is_exact { group(name) != group(origin) } else { are_unlike(name, origin) };
            let owner = owner.and_then(|key| self.candidates(key).first());
            let is_unlike = |owner: &&Candidate| owner.names().all(differs);
            if let Some(owner) = owner.filter(is_unlike) {
                left_out.push(foreign(origin, &owner.origin));
            } else if seen.contains(kind) {
                let origin = printable(origin, 80);
                left_out.push(format!("skipped the {kind} secret ({origin}): there is one already"));
            } else {
                seen.push(*kind);
                self.secrets.push(secret);
            }
        }
        left_out.iter().for_each(|why| self.leave_out(why));
    }

    /// One prefix of a domain.
    fn settle_prefixes(&mut self) {
        let Some((taken, by)) = self.prefixes.first().cloned() else { return };
        for (prefix, origin) in self.prefixes.split_off(1) {
            if prefix != taken {
                let [origin, by] = [&origin, &by].map(|name| printable(name, 80));
                self.leave_out(&format!("skipped {origin}: `{}` comes from {by}", Key::Domain.dotted()));
            }
        }
    }

    /// Notes that the names of two chosen values have nothing in common, so that they may be of two environments.
    fn doubt(&mut self) {
        let keys = OF_ENVIRONMENTS.into_iter().chain([Key::TokenUrl]);
        let chosen: Vec<(Key, &Candidate)> =
            keys.filter_map(|key| Some((key, self.candidates(key).first()?))).collect();
        let are_apart = |one: &Candidate, other: &Candidate| {
            one.names().all(|one| other.names().all(|other| are_unlike(one, other)))
        };
        let apart = chosen.iter().enumerate().find_map(|(at, one)| {
            let other = chosen.iter().skip(at + 1).find(|other| are_apart(one.1, other.1))?;
            Some(
                [one, other]
                    .map(|(key, value)| format!("`{}` comes from {}", key.dotted(), printable(&value.origin, 80))),
            )
        });
        if let Some([one, other]) = apart {
            self.leave_out(&format!("{one} and {other}: check that they belong together"));
        }
    }

    /// Two names of the source that belong to different environments, where nothing was left out for that.
    pub(crate) fn mixed_environments(&self) -> Option<[&str; 2]> {
        let of_settings = self.settings.values().flatten().flat_map(Candidate::names).map(String::as_str);
        let names: Vec<&str> = of_settings.chain(self.secrets.iter().map(|secret| secret.origin.as_str())).collect();
        mixed(&names)
    }
}

fn foreign(origin: &str, taken: &str) -> String {
    let [origin, taken] = [origin, taken].map(|name| printable(name, 80));
    format!("skipped {origin}: it does not belong with {taken}")
}
