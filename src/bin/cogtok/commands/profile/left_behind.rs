//! What a changed setting leaves in the secret store: a profile that names another app client or address no longer finds it.

use cogtok::error::{Advice, Result};
use cogtok::secrets::store::SecretId;
use cogtok::settings::keys::{Key, Settings};
use cogtok::settings::types::ProfileName;
use cogtok::store::config::Config;

use super::deletion_plan::{DeletionPlan, Sharers};
use crate::app::{App, UnreadableProfile, as_written};
use crate::io::terminal;

/// The keys that say for which client and address secrets are stored.
const BINDING: [Key; 7] =
    [Key::UserPoolId, Key::Region, Key::EndpointUrl, Key::Domain, Key::UserClientId, Key::M2mClientId, Key::TokenUrl];

/// The most secrets that are named.
const NAMED: usize = 5;

/// The configuration before such a key of it changes; `None` where it can't be read, or nothing that is stored was noted.
pub fn before(app: &App, keys: &[Key]) -> Option<Config> {
    let places = app.secret_places().filter(|_| keys.iter().any(|key| BINDING.contains(key)))?;
    if places.read().is_empty() {
        return None;
    }
    Config::load(&app.config_path().ok()?).ok()
}

/// As [`before`], for a change of any key.
pub fn before_any(app: &App) -> Option<Config> {
    before(app, &BINDING)
}

/// Says what stays stored although no profile uses it any more, and how to delete it. The profiles have been changed already.
pub fn tell(app: &App, before: Option<&Config>, names: &[ProfileName]) {
    let Some(before) = before else { return };
    let told = app.config_path().and_then(|path| Config::load(&path)).and_then(|after| {
        names
            .iter()
            .filter(|name| after.names().contains(name))
            .try_for_each(|name| tell_one(app, before, &after, name))
    });
    if let Err(error) = told {
        log::info!(target: "cogtok", "cogtok can't tell what the change leaves stored: {error}");
    }
}

fn tell_one(app: &App, before: &Config, after: &Config, name: &ProfileName) -> Result<()> {
    let (old_values, new_values) = (written(before, name)?, written(after, name)?);
    let is_changed = |key: &&Key| old_values.list(**key) != new_values.list(**key);
    let changed: Vec<Key> = BINDING.iter().filter(is_changed).copied().collect();
    let Ok(old) = as_written(before, name) else { return Ok(()) };
    if changed.is_empty() {
        return Ok(());
    }
    let mut others = Sharers::of(after, name, &old, |_| false);
    match as_written(after, name) {
        Ok(new) => others.known.push(new),
        Err(why) => others.unreadable.push(UnreadableProfile::of(after, name.as_str(), why)),
    }
    let left = DeletionPlan::as_noted(app, &old, &others)?.secrets;
    if left.is_empty() {
        return Ok(());
    }
    terminal::note(&format!("no profile uses what stays stored: {}", in_words(&left)));
    terminal::hint(to_delete(after, name, &changed, &old_values));
    Ok(())
}

fn written(config: &Config, name: &ProfileName) -> Result<Settings> {
    let mut settings = Settings::default();
    config.offer(name, &mut settings)?;
    Ok(settings)
}

fn in_words(secrets: &[SecretId]) -> String {
    let named: Vec<String> =
        secrets.iter().take(NAMED).map(|secret| format!("the {secret} for {}", secret.origin)).collect();
    match secrets.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// The commands that delete it: a profile with the old settings is deleted with all that only it uses.
fn to_delete(config: &Config, name: &ProfileName, changed: &[Key], old: &Settings) -> Advice {
    let names = config.names();
    let is_free = |free: &String| !names.iter().any(|name| name.as_str() == free);
    let free = (1..).map(|n| format!("old-{n}")).find(is_free).unwrap_or_default();
    let copy = Advice::new("to delete it: cogtok profile copy {name} {old}").word("name", name).word("old", &free);
    let restored = changed.iter().fold(copy, |advice, key| {
        let value = old.list(*key).first();
        let restore = match value {
            Some(value) => Advice::new("; cogtok profile set {old} {key} {value}").word("value", value),
            None => Advice::new("; cogtok profile unset {old} {key}"),
        };
        advice.then(restore.word("old", &free).word("key", key.dotted()))
    });
    restored.then(Advice::new("; cogtok profile delete {old} --yes").word("old", &free))
}
