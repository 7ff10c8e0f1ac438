//! Who is signed in, from the state folder and the cache. It does not open the secret store.

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
    /// The key of the tokens.
    pub key: CacheKey,
    /// The tokens, where the cache has any.
    pub tokens: Option<TokenSet>,
    /// The record of the session.
    pub record: Record,
    /// Whether something is remembered that can't be read.
    pub is_unreadable: bool,
}

impl SignedIn {
    /// The name that the user signed in with; empty where none was given.
    fn name(&self) -> &str {
        self.key.part("username").unwrap_or_default()
    }

    /// The identity in the user's current or earlier tokens.
    pub fn identity(&self) -> Option<Identity> {
        self.tokens.as_ref().and_then(Identity::of).or_else(|| self.record.identity.clone())
    }
}

impl App {
    /// The users of the profile's app client with a session or a valid token on this machine: the profile's own user first, in any case,
    /// then those who were named when they signed in.
    pub fn signed_in(&self, profile: &Profile) -> Vec<SignedIn> {
        let mut found = self.known_users(profile);
        found.retain(|known| known.tokens.is_some() || known.record.current_session().is_some() || known.is_unreadable);
        found
    }

    /// The same, and those of whom there is only a session to be revoked.
    pub fn known_users(&self, profile: &Profile) -> Vec<SignedIn> {
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
                Some(known) if is_over && known.record.current_session().is_none() && entry.key != own => {}
                Some(known) => known.tokens = Some(entry.tokens).filter(TokenSet::has_tokens),
                None => {
                    let record = Record::of_tokens(&entry.tokens).unwrap_or_default();
                    if entry.key == own || record.session.is_some() || !is_over {
                        let tokens = Some(entry.tokens).filter(TokenSet::has_tokens);
                        found.push(SignedIn { key: entry.key, tokens, record, is_unreadable: false });
                    }
                }
            }
        }
        found.retain(|known| known.tokens.is_some() || known.record.session.is_some());
        // An unreadable record does not mean that nobody is signed in.
        if self.sessions().read(&own).is_err() && !found.iter().any(|known| known.key == own) {
            let (key, tokens, record) = (own.clone(), None, Record::default());
            found.push(SignedIn { key, tokens, record, is_unreadable: true });
        }
        found.sort_by_key(|known| (known.key != own, known.name().to_owned()));
        found
    }

    /// Completes the profile with the only user who is signed in, if neither the profile nor an option names one and nobody signed in with
    /// the browser. A user who is named and signed in with the browser, which knew no name yet, is the user of that session. `command` is the command to suggest for one of several users, such as `logout`; `None` for a command with any options.
    ///
    /// # Errors
    /// [`Kind::Usage`](cogtok::error::Kind::Usage) where there are several, with the command for each.
    pub fn resolve_user(&self, mut profile: Profile, command: Option<&'static str>) -> Result<Profile> {
        if let Some(name) = &profile.user.username {
            if self.is_user_of_browser(&profile, name) {
                profile.user.username = None;
            }
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

    /// Whether the session of this user is the one from the browser, and there is none under the name.
    fn is_user_of_browser(&self, profile: &Profile, name: &Username) -> bool {
        let entries = self.known_users(profile);
        let is_own = |known: &&SignedIn| known.name().is_empty() && known.identity().is_some_and(|own| own.is(name));
        entries.iter().all(|known| known.name() != name.as_str()) && entries.iter().any(|known| is_own(&known))
    }

    /// The command for each user who is signed in while the profile's own user is not, see [`App::resolve_user`].
    pub fn for_others(&self, profile: &Profile, command: Option<&'static str>) -> Vec<Advice> {
        offers(&self.others(profile), command)
    }

    /// The users who are signed in while neither the profile's own user nor a user of the browser is.
    fn others(&self, profile: &Profile) -> Vec<Username> {
        let own = profile.user.username.as_ref().map_or("", Username::as_str);
        let entries = self.known_users(profile);
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
