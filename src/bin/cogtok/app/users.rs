//! Who is signed in, as the state folder and the cache know it: files of this machine alone, and no secret store.

use cogtok::cache::token_cache::CacheKey;
use cogtok::error::{Advice, Error, Result};
use cogtok::settings::profile::Profile;
use cogtok::settings::types::Username;
use cogtok::store::sessions::Record;
use cogtok::token::TokenSet;
use cogtok::token::identity::Identity;
use cogtok::user_pool::user_token;

use super::App;
use crate::env;

/// The most users that are named one by one.
const NAMED: usize = 8;

/// A user who is signed in here.
#[derive(Debug)]
pub struct SignedIn {
    /// What the tokens depend on.
    pub key: CacheKey,
    /// The tokens, where the cache has any.
    pub tokens: Option<TokenSet>,
    /// What is remembered of the session.
    pub record: Record,
    /// Whether something is remembered that can't be read.
    pub is_unreadable: bool,
}

impl SignedIn {
    /// The name that the user signed in with; empty where none was given.
    fn name(&self) -> &str {
        self.key.part("username").unwrap_or_default()
    }

    /// Who it is, as the tokens say, or said.
    pub fn identity(&self) -> Option<Identity> {
        self.tokens.as_ref().and_then(Identity::of).or_else(|| self.record.identity.clone())
    }
}

impl App {
    /// The users of the profile's client who have a session or a valid token here: the profile's own first, whatever it has,
    /// then those who were named when they signed in.
    pub fn signed_in(&self, profile: &Profile) -> Vec<SignedIn> {
        let Ok(own) = user_token::cache_key(profile) else { return Vec::new() };
        let now = env::now();
        let is_ours = |key: &CacheKey| key.is_like(&own, &["username"]);
        let mut found: Vec<SignedIn> = Vec::new();
        for (key, record) in self.sessions().list(is_ours) {
            found.push(SignedIn { key, tokens: None, record, is_unreadable: false });
        }
        for entry in self.cache().peek(is_ours, now, self.deadline()) {
            let is_over = entry.is_over(now);
            match found.iter_mut().find(|known| known.key == entry.key) {
                Some(known) if is_over && known.record.session.is_none() && entry.key != own => {}
                Some(known) => known.tokens = Some(entry.tokens),
                None => {
                    let record = Record::of_tokens(&entry.tokens).unwrap_or_default();
                    if entry.key == own || record.session.is_some() || !is_over {
                        let tokens = Some(entry.tokens);
                        found.push(SignedIn { key: entry.key, tokens, record, is_unreadable: false });
                    }
                }
            }
        }
        found.retain(|known| known.tokens.is_some() || known.record.session.is_some());
        // That it can't be read is not that nobody is there.
        if self.sessions().read(&own).is_err() && !found.iter().any(|known| known.key == own) {
            let (key, tokens, record) = (own.clone(), None, Record::default());
            found.push(SignedIn { key, tokens, record, is_unreadable: true });
        }
        found.sort_by_key(|known| (known.key != own, known.name().to_owned()));
        found
    }

    /// The profile with the one user who is signed in, where neither it nor an option names one and nobody has come from the
    /// browser. `command` is what is to be run for one of them, such as `logout`; none where it may have options of any kind.
    ///
    /// # Errors
    /// [`Kind::Usage`](cogtok::error::Kind::Usage) where there are several, with the command for each.
    pub fn resolve_user(&self, mut profile: Profile, command: Option<&'static str>) -> Result<Profile> {
        if profile.user.username.is_some() {
            return Ok(profile);
        }
        let others = self.others(&profile);
        match others.as_slice() {
            [] => Ok(profile),
            [only] => {
                profile.user.username = Some(only.clone());
                Ok(profile)
            }
            several => {
                let of = profile.name.as_ref().map(|name| format!(" to profile `{name}`"));
                let error = Error::usage(format!(
                    "{} users are signed in{}: choose one",
                    several.len(),
                    of.unwrap_or_default()
                ));
                Err(offers(several, command).into_iter().fold(error, Error::hint))
            }
        }
    }

    /// What to type for each user who is signed in while the profile's own is not, see [`App::resolve_user`].
    pub fn for_others(&self, profile: &Profile, command: Option<&'static str>) -> Vec<Advice> {
        offers(&self.others(profile), command)
    }

    /// Those who are signed in where the profile's own user, or who came from the browser, is not.
    fn others(&self, profile: &Profile) -> Vec<Username> {
        let own = profile.user.username.as_ref().map_or("", Username::as_str);
        let entries = self.signed_in(profile);
        let names = entries.iter().map(SignedIn::name);
        if names.clone().any(|name| name == own) {
            Vec::new()
        } else {
            names.filter_map(|name| name.parse().ok()).collect()
        }
    }
}

fn offers(users: &[Username], command: Option<&'static str>) -> Vec<Advice> {
    let offer = |user: &Username| {
        let hint = match command {
            Some(command) => {
                Advice::new("{who} is signed in: `cogtok {command}{p} --username {user}`").fill("command", command)
            }
            None => Advice::new("{who} is signed in: add `--username {user}`"),
        };
        hint.text("who", user).word("user", user)
    };
    users.iter().take(NAMED).map(offer).collect()
}
