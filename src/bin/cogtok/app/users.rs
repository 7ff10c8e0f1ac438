//! Who is signed in, as the cache knows it: files of this machine alone, and no secret store.

use cogtok::error::{Error, Hint, Result};
use cogtok::flows::user;
use cogtok::profile::Profile;
use cogtok::profile::words::Username;
use cogtok::store::cache::Entry;

use super::App;
use crate::env;

/// The most users that are named one by one.
const NAMED: usize = 8;

impl App {
    /// The users of the profile's client who have a session or a valid token here: the profile's own first, whatever it has,
    /// then those who were named when they signed in.
    pub fn signed_in(&self, profile: &Profile) -> Vec<Entry> {
        let Ok(own) = user::cache_key(profile) else { return Vec::new() };
        let now = env::now();
        let mut found = self.cache().peek(|key| key.is_like(&own, &["username"]), now, self.deadline());
        found.retain(|entry| entry.key == own || entry.has_session() || !entry.is_over(now));
        let name = |entry: &Entry| entry.key.part("username").unwrap_or_default().to_owned();
        found.sort_by_key(|entry| (entry.key != own, name(entry)));
        found
    }

    /// Takes the one user who is signed in where neither the profile nor an option names one and nobody has come from the
    /// browser. `command` is what is to be run for one of them, such as `logout`; none where it may have options of any kind.
    ///
    /// # Errors
    /// [`Kind::Usage`](cogtok::error::Kind::Usage) where there are several, with the command for each.
    pub fn settle_user(&self, profile: &mut Profile, command: Option<&'static str>) -> Result<()> {
        if profile.user.username.is_some() {
            return Ok(());
        }
        let others = self.others(profile);
        match others.as_slice() {
            [] => Ok(()),
            [only] => {
                profile.user.username = Some(only.clone());
                Ok(())
            }
            several => {
                let of = profile.name.as_ref().map(|name| format!(" to profile `{name}`"));
                let error = Error::usage(format!(
                    "{} users are signed in{}: say whose session is meant",
                    several.len(),
                    of.unwrap_or_default()
                ));
                Err(offers(several, command).into_iter().fold(error, Error::hint))
            }
        }
    }

    /// What to type for each user who is signed in while the profile's own is not, see [`App::settle_user`].
    pub fn for_others(&self, profile: &Profile, command: Option<&'static str>) -> Vec<Hint> {
        offers(&self.others(profile), command)
    }

    /// Those who are signed in where the profile's own user, or who came from the browser, is not.
    fn others(&self, profile: &Profile) -> Vec<Username> {
        let own = profile.user.username.as_ref().map_or("", Username::as_str);
        let entries = self.signed_in(profile);
        let names = entries.iter().map(|entry| entry.key.part("username").unwrap_or_default());
        match names.clone().any(|name| name == own) {
            true => Vec::new(),
            false => names.filter_map(|name| name.parse().ok()).collect(),
        }
    }
}

fn offers(users: &[Username], command: Option<&'static str>) -> Vec<Hint> {
    let offer = |user: &Username| {
        let hint = match command {
            Some(command) => {
                Hint::new("{who} is signed in: `cogtok {command}{p} --username {user}`").fill("command", command)
            }
            None => Hint::new("{who} is signed in: add `--username {user}`"),
        };
        hint.text("who", user).word("user", user)
    };
    users.iter().take(NAMED).map(offer).collect()
}
