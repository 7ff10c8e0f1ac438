//! Every key of a configuration and its value.

mod export;
mod targets;

use toml::de::{DeTable, DeValue};

use crate::services::config_lint::{Finding, INSTEAD, Lines};
use cogtok::error::{Advice, Result, printable};
use cogtok::settings::keys::{Key, nearest};
use cogtok::settings::secret_detection;
use cogtok::settings::types::{ProfileName, StoreKind};
use cogtok::store::config::{EXPORT_MARK, TARGETS, TOP_LEVEL, VERSION, how_to_set};

type Spanned<T> = toml::Spanned<T>;

/// The table of this name in a table.
pub fn get<'a, 'i>(table: &'a DeTable<'i>, name: &str) -> Option<&'a DeTable<'i>> {
    let (_, value) = table.iter().find(|(key, _)| key.get_ref() == name)?;
    as_table(value)
}

fn as_table<'a, 'i>(value: &'a Spanned<DeValue<'i>>) -> Option<&'a DeTable<'i>> {
    match value.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

fn as_text<'a>(value: &'a Spanned<DeValue<'_>>) -> Option<&'a str> {
    match value.get_ref() {
        DeValue::String(text) => Some(text),
        _ => None,
    }
}

/// The findings so far.
struct Walk<'a> {
    lines: &'a Lines<'a>,
    profile: Option<String>,
    found: Vec<Finding>,
}

/// The problems of a valid TOML configuration, or of a profile export if the file may be one.
pub fn walk(config: &DeTable<'_>, lines: &Lines<'_>, may_be_export: bool) -> Vec<Finding> {
    let is_export = may_be_export && config.keys().any(|key| key.get_ref() == EXPORT_MARK);
    let mut walk = Walk { lines, profile: None, found: Vec::new() };
    let profiles = get(config, "profiles");
    let names: Vec<&str> = profiles.into_iter().flat_map(DeTable::keys).map(|key| key.get_ref().as_ref()).collect();
    for (key, value) in config {
        let (name, at) = (key.get_ref().as_ref(), value.span().start);
        match name {
            EXPORT_MARK if is_export => walk.mark(name, value),
            "secrets" if is_export => walk.secrets(value, &names),
            "profiles" if profiles.is_none() => walk.say(name, at, "is not a table", None),
            "profiles" => {}
            _ if is_export => walk.unknown(name, key.span().start, value, None),
            "version" => walk.number(name, value, VERSION),
            "default_profile" => match as_text(value) {
                None => walk.say(name, at, "is not a string", Some("run `cogtok profile use NAME`".into())),
                Some(text) if names.contains(&text) => {}
                Some(text) => {
                    let known = names.iter().copied().filter(|name| name.parse::<ProfileName>().is_ok());
                    let near = nearest(text, known);
                    let hint = near.map_or("run `cogtok profile use NAME`".into(), did_you_mean);
                    walk.say(name, at, "names a profile that this file does not have", Some(hint));
                }
            },
            "secret_store" => match as_text(value) {
                None => walk.say(name, at, "is not a string", None),
                Some(text) => walk.judge(name, at, text, text.parse::<StoreKind>().map(drop)),
            },
            _ => walk.unknown(name, key.span().start, value, nearest(name, TOP_LEVEL)),
        }
    }
    for (key, value) in profiles.into_iter().flatten() {
        walk.profile(key, value);
    }
    walk.found
}

impl Walk<'_> {
    fn profile(&mut self, key: &Spanned<toml::de::DeString<'_>>, value: &Spanned<DeValue<'_>>) {
        let (name, at) = (key.get_ref().as_ref(), key.span().start);
        self.profile = Some(name.to_owned());
        if name.parse::<ProfileName>().is_err() {
            let rule = "use 1 to 64 letters, digits, dots, hyphens and underscores, the first a letter or digit";
            self.push(
                at,
                None,
                "this can't be a profile's name, so the profile is ignored".to_owned(),
                Some(rule.into()),
            );
        }
        match as_table(value) {
            Some(table) => table.iter().for_each(|(key, value)| {
                if key.get_ref() == TARGETS { self.targets(value) } else { self.key("", key, value) }
            }),
            None => self.push(at, None, "this profile is not a table".to_owned(), None),
        }
        self.profile = None;
    }

    fn key(&mut self, outer: &str, key: &Spanned<toml::de::DeString<'_>>, value: &Spanned<DeValue<'_>>) {
        let dotted = format!("{outer}{}", key.get_ref());
        if let Some(table) = as_table(value).filter(|_| outer.is_empty()) {
            return table.iter().for_each(|(key, value)| self.key(&format!("{dotted}."), key, value));
        }
        match Key::ALL.iter().copied().find(|known| known.dotted() == dotted) {
            Some(known) => self.known(known, value),
            None => {
                let ending = Key::ALL.iter().map(|key| key.dotted()).find(|key| key.ends_with(&format!(".{dotted}")));
                let near = ending.or_else(|| nearest(&dotted, Key::ALL.iter().map(|key| key.dotted())));
                self.unknown(&dotted, key.span().start, value, near);
            }
        }
    }

    fn known(&mut self, key: Key, value: &Spanned<DeValue<'_>>) {
        let (name, at) = (key.dotted(), value.span().start);
        let hint = || Some(how_to_set(key));
        match value.get_ref() {
            DeValue::String(text) => self.text(key, at, text),
            DeValue::Array(items) if key.is_list() => {
                for item in items {
                    match as_text(item) {
                        Some(text) => self.text(key, item.span().start, text),
                        None => self.say(name, item.span().start, "is not a list of strings", hint()),
                    }
                }
            }
            DeValue::Boolean(_) if key.is_bool() => {}
            DeValue::Integer(number) if key.is_number() => {
                let text = i128::from_str_radix(number.as_str(), number.radix()).map(|number| number.to_string());
                self.text(key, at, text.as_deref().unwrap_or(number.as_str()));
            }
            _ if key.is_list() => self.say(name, at, "is not a list of strings", hint()),
            _ if key.is_bool() => self.say(name, at, "is not true or false", hint()),
            _ if key.is_number() => self.say(name, at, "is not a whole number", hint()),
            _ => self.say(name, at, "is not a string", hint()),
        }
    }

    fn text(&mut self, key: Key, at: usize, text: &str) {
        if secret_detection::is_misplaced(key, text) {
            return self.secret(key.dotted(), at, "looks like a secret");
        }
        self.judge(key.dotted(), at, text, key.check(text));
    }

    /// The version of a format.
    fn number(&mut self, key: &str, value: &Spanned<DeValue<'_>>, known: i64) {
        let version = match value.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        let at = value.span().start;
        match version {
            Some(version) if version > known => {
                self.say(key, at, "is that of a newer cogtok", Some("update cogtok".into()));
            }
            Some(_) => {}
            None => self.say(key, at, &format!("is not a number: it is {known}"), None),
        }
    }

    /// Reports an invalid value by the rule that it breaks.
    fn judge(&mut self, key: &str, at: usize, text: &str, result: Result<()>) {
        if let Err(error) = result {
            self.say(key, at, &rule(error.message(), text), None);
        }
    }

    fn unknown(&mut self, key: &str, at: usize, value: &Spanned<DeValue<'_>>, near: Option<&str>) {
        if secret_detection::is_name_of_a_secret(key) {
            return self.secret(key, at, "is a secret, and nothing reads it here");
        }
        if as_text(value).is_some_and(secret_detection::is_like_a_secret) {
            return self.secret(key, value.span().start, "looks like a secret");
        }
        self.say(key, at, "is not a known key", near.map(did_you_mean));
    }

    fn secret(&mut self, key: &str, at: usize, what: &str) {
        let hint = match &self.profile {
            Some(_) => Advice::new(
                "remove it (cogtok profile unset {name} {key}) and store it: cogtok secret set KIND -p {name}",
            )
            .word("key", key),
            None => Advice::new(INSTEAD),
        };
        self.say(key, at, what, Some(hint));
    }

    fn say(&mut self, key: &str, at: usize, what: &str, hint: Option<Advice>) {
        self.push(at, Some(key), format!("`{}` {what}", printable(key, 80)), hint);
    }

    fn push(&mut self, at: usize, key: Option<&str>, message: String, hint: Option<Advice>) {
        let name = self.profile.as_deref().unwrap_or("NAME");
        let hint = hint.map(|hint| hint.word("name", name));
        let key = key.map(str::to_owned);
        self.found.push(Finding { profile: self.profile.clone(), key, hint, ..self.lines.finding(at, message) });
    }
}

fn did_you_mean(near: &str) -> Advice {
    Advice::new("did you mean `{near}`?").text("near", near)
}

/// A parser's message without the value that it starts with, in backquotes.
fn rule(message: &str, value: &str) -> String {
    let limits = [40, 80, 120, 200, 300, usize::MAX];
    let rest = std::iter::once(value).chain(value.split_ascii_whitespace()).find_map(|shown| {
        limits.iter().find_map(|limit| message.strip_prefix(&format!("`{}` ", printable(shown, *limit))))
    });
    let is_clean = |rest: &&str| value.len() < 6 || !rest.contains(value);
    rest.filter(is_clean).map_or_else(|| "has an invalid value".to_owned(), str::to_owned)
}
