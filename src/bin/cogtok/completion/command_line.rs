//! The line that is being completed, as far as it is typed: which configuration and which profile it names.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::OnceLock;

use cogtok::settings::keys::{Key, Settings};
use cogtok::settings::profile::Profile;
use cogtok::settings::targets::{Field, parse_key};
use cogtok::settings::types::ProfileName;
use cogtok::store::config::Config;

use crate::{app, env};

static LINE: OnceLock<Line> = OnceLock::new();

/// The words of a line, without the one at the cursor.
#[derive(Debug, Default)]
pub struct Line {
    before: Vec<String>,
    behind: Vec<String>,
    config: OnceLock<Option<Config>>,
}

/// Stores the line for the completers. The word at `index` is completed.
pub fn keep(words: &[OsString], index: usize) {
    let text = |words: &[OsString]| words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let (before, behind) = words.split_at(index.min(words.len()));
    let behind = behind.get(1..).unwrap_or_default();
    let _ = LINE.set(Line { before: text(before), behind: text(behind), config: OnceLock::new() });
}

/// The line that is being completed.
pub fn line() -> &'static Line {
    LINE.get_or_init(Line::default)
}

impl Line {
    /// The value of an option elsewhere in the line: `--name VALUE`, `--name=VALUE` or, for the short form, `-nVALUE`.
    fn option(&self, long: &str, short: Option<&str>) -> Option<&str> {
        let mut found = None;
        for part in [&self.before, &self.behind] {
            let mut words = part.iter().map(String::as_str).take_while(|word| *word != "--");
            while let Some(word) = words.next() {
                let joined = word.strip_prefix(long).and_then(|rest| rest.strip_prefix('='));
                let attached = || short.and_then(|short| word.strip_prefix(short)).filter(|value| !value.is_empty());
                found = match word {
                    word if word == long || Some(word) == short => words.next().or(found),
                    _ => joined.or_else(attached).or(found),
                };
            }
        }
        found
    }

    /// The configuration that the line means.
    pub fn config(&self) -> Option<&Config> {
        let load = || {
            let named = self.option("--config", None).map(PathBuf::from);
            env::config_path(named.as_deref()).and_then(|path| Config::load(&path)).ok()
        };
        self.config.get_or_init(load).as_ref()
    }

    /// The profile that the line means: `-p`, else the one that `profile set NAME` and its like name, else COGTOK_PROFILE,
    /// else the default.
    pub fn profile_name(&self) -> Option<ProfileName> {
        let named = self.option("--profile", Some("-p")).map(str::to_owned);
        let named = named.or_else(|| self.subject().map(str::to_owned)).or_else(|| env::var("COGTOK_PROFILE"));
        match named {
            Some(name) => name.parse().ok(),
            None => self.config()?.default_profile().ok().flatten(),
        }
    }

    /// The profile of the line, without options.
    pub fn profile(&self) -> Option<Profile> {
        app::as_written(self.config()?, &self.profile_name()?).ok()
    }

    /// The settings of that profile in the configuration.
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        if let Some((config, name)) = self.config().zip(self.profile_name()) {
            let _ = config.offer(&name, &mut settings);
        }
        settings
    }

    /// The profile that a command of `profile` is about.
    fn subject(&self) -> Option<&str> {
        let at = self.before.iter().position(|word| word == "profile")?;
        let mut words = self.before.get(at + 1..)?.iter().map(String::as_str);
        words.next().filter(|command| ["set", "unset", "edit"].contains(command))?;
        // The first word may be a key, for the profile in use.
        words.find(|word| !word.starts_with('-')).filter(|word| !Key::ALL.iter().any(|key| key.dotted() == *word))
    }

    /// Whether the completed word is the program after `--`.
    pub fn is_first_after_dashes(&self) -> bool {
        self.before.iter().position(|word| word == "--").is_some_and(|at| at + 1 == self.before.len())
    }

    /// The key whose value is completed in `profile set NAME KEY VALUE…`.
    pub fn key(&self) -> Option<Key> {
        self.before.iter().rev().find_map(|word| Key::ALL.iter().copied().find(|key| key.dotted() == word))
    }

    /// The setting of a target whose value is completed in `profile set NAME targets.TARGET.FIELD VALUE`.
    pub fn field(&self) -> Option<Field> {
        let target = self.before.iter().rev().find_map(|word| parse_key(word).ok().flatten());
        target.map(|(_, field)| field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_of(words: &str) -> Line {
        let words = words.split(' ').map(str::to_owned).collect();
        Line { before: words, behind: Vec::new(), config: OnceLock::new() }
    }

    #[test]
    fn the_profile_is_found_in_every_way_of_naming_it() {
        for words in [
            "cogtok -p ws token m2m --scope",
            "cogtok token m2m --profile ws --scope",
            "cogtok token m2m --profile=ws",
            "cogtok token m2m -pws",
            "cogtok token m2m -p one -p ws",
            "cogtok profile set ws m2m.transport",
        ] {
            assert_eq!(line_of(words).profile_name().unwrap().as_str(), "ws", "{words}");
        }
        let config = line_of("cogtok exec -p ws -- program --config other");
        assert_eq!((config.option("--config", None), config.profile_name().unwrap().as_str()), (None, "ws"));
        assert_eq!(line_of("cogtok -p ws profile set user.token").profile_name().unwrap().as_str(), "ws");
        assert_eq!(line_of("cogtok profile set user.token").subject(), None);
        assert_eq!(line_of("cogtok profile set ws user.token").key(), Some(Key::Token));
        assert_eq!(line_of("cogtok profile set ws targets.tools.as").field(), Some(Field::As));
    }
}
