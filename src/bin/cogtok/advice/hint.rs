//! A hint: one line that says what to do next, with placeholders and alternatives. cogtok's own text and foreign text have different types,
//! so that foreign text is never parsed for placeholders, commands or options.

use std::borrow::Cow;
use std::fmt;

use cogtok::error::{AdviceSaid, is_unprintable};

use super::command_line::CommandLine;
use crate::io::shell::HERE;

/// The most characters of foreign text in a hint.
const MOST: usize = 300;

/// Separates the text for a command that has none of the options named before.
const ELSE: &str = " ?? ";

/// Stands between ways of which one that the running command can't go is left out.
const OR: &str = " || ";

/// A hint.
///
/// It is made from a literal (cogtok's own text), or from a `String`, which is shown as it is. In own text, [`Hint::word`] and
/// [`Hint::fill`] replace `{place}` with a value, which is never parsed again. Each placeholder has a general word for when no value is
/// known:
///
/// - `{p}` is the option that names the profile in use (` -p ws`), with those that say where its pool is and who signs in, `{name}` its
///   name;
/// - `{pool}`, `{user}` and `{group}` are those that it is about, `{aws}` options of the aws command;
/// - `{unset}` and `{end-process}` are what this system's shell has for it.
///
/// A word in backticks that starts with a dash is an option of the running command. An alternative that names an option which the command
/// lacks is left out; ` || ` separates alternatives, and ` ?? ` comes before the text for when none is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// cogtok's own text.
    Ours(Cow<'static, str>),
    /// Text that is shown as it is.
    Told(String),
    /// A word of a command that begins as an option does.
    Dashed(String),
    /// A placeholder without a value.
    Place(Cow<'static, str>),
}

/// The command that runs, as far as a hint depends on it.
pub struct Running<'a> {
    /// The profile in use.
    pub profile: Option<&'a str>,
    /// The configuration file that an option names.
    pub config: Option<&'a str>,
    /// Options of the line that say where the pool is, with their values.
    pub places: &'a [(&'static str, String)],
    /// Options of the line that say who signs in, with their values.
    pub who: &'a [(&'static str, String)],
    /// Options of the line for the browser, where it is the one that signs in with it. One that takes no value has an empty one.
    pub of_login: &'a [(&'static str, String)],
    /// Whether it has this option.
    pub has_option: &'a dyn Fn(&str) -> bool,
    /// Whether a word is the first of a command.
    pub is_command: &'a dyn Fn(&str) -> bool,
}

#[cfg(any(test, fuzzing))]
impl Running<'_> {
    /// A command of which only the profile is known: it has every option.
    pub fn any(profile: Option<&str>) -> Running<'_> {
        let (has_option, is_command) = (&|_: &str| true, &|_: &str| true);
        Running { profile, config: None, places: &[], who: &[], of_login: &[], has_option, is_command }
    }
}

impl From<&'static str> for Hint {
    fn from(ours: &'static str) -> Self {
        Hint(parsed(ours, Cow::Borrowed))
    }
}

impl From<String> for Hint {
    fn from(told: String) -> Self {
        Hint(vec![Piece::Told(told)])
    }
}

#[doc(hidden)]
impl Hint {
    /// Own text with placeholders.
    pub fn new(ours: &'static str) -> Self {
        Hint::from(ours)
    }

    /// Replaces `{place}` with `value` as one shell word; the hint is dropped if a terminal must not show it.
    #[must_use]
    pub fn word(self, place: &str, value: impl fmt::Display) -> Self {
        let value = value.to_string();
        match HERE.word(&value) {
            Some(word) if !value.chars().any(is_unprintable) && value.len() <= MOST => {
                self.put(place, vec![piece_of_word(&value, word)])
            }
            _ => self,
        }
    }

    /// As [`Hint::word`], for several words in one, in double quotes if these change nothing for a shell.
    #[must_use]
    pub fn listed(self, place: &str, values: impl fmt::Display) -> Self {
        let values = values.to_string();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || " ./:_-".contains(c);
        if values.contains(' ') && values.len() <= MOST && values.chars().all(is_plain) {
            self.put(place, vec![Piece::Told(format!("\"{values}\""))])
        } else {
            self.word(place, values)
        }
    }

    /// As [`Hint::word`], always in quotes.
    #[must_use]
    pub fn quoted(self, place: &str, value: impl fmt::Display) -> Self {
        let value = value.to_string();
        if value.chars().any(|c| c == '\'' || is_unprintable(c)) || value.len() > MOST {
            self.word(place, value)
        } else {
            self.put(place, vec![Piece::Told(format!("'{value}'"))])
        }
    }

    /// Replaces `{place}` with another hint.
    #[must_use]
    pub fn fill(self, place: &str, hint: impl Into<Hint>) -> Self {
        self.put(place, hint.into().0)
    }

    /// Two hints in one line.
    #[must_use]
    pub fn then(mut self, next: impl Into<Hint>) -> Self {
        self.0.extend(next.into().0);
        self
    }

    /// A part of advice; `sentence` is the one for its kind.
    pub fn of(said: &AdviceSaid, sentence: Hint) -> Self {
        match said {
            AdviceSaid::Kind(_) => sentence,
            AdviceSaid::Words(Cow::Borrowed(words)) => Hint::from(*words),
            AdviceSaid::Words(Cow::Owned(words)) => Hint(parsed(words, |part| Cow::Owned(part.to_owned()))),
            AdviceSaid::Text(text) => Hint::from(text.clone()),
        }
    }

    fn put(self, place: &str, with: Vec<Piece>) -> Self {
        let pieces = self.0.into_iter().flat_map(|piece| match &piece {
            Piece::Place(name) if *name == place => with.clone(),
            _ => vec![piece],
        });
        Hint(pieces.collect())
    }

    /// The text to show while `running` runs; `None` if every alternative needs an option that it lacks.
    pub fn shown(&self, running: &Running<'_>) -> Option<String> {
        let whole = self.completed(running);
        whole.split(ELSE).into_iter().find_map(|part| {
            let ways =
                part.split(OR).into_iter().filter(|way| way.options().iter().all(|one| (running.has_option)(one)));
            let ways: Vec<String> = ways.map(|way| way.joined(running)).filter(|way| !way.is_empty()).collect();
            match ways.as_slice() {
                [] => None,
                [one] => Some(one.clone()),
                [one, other] => Some(format!("{one}, or {other}")),
                [first @ .., last] => Some(format!("{}, or {last}", first.join(", "))),
            }
        })
    }

    /// Replaces every remaining placeholder with its general word.
    fn completed(&self, running: &Running<'_>) -> Hint {
        // Some advice has an option of its own for where the pool is, and no command takes it twice.
        let names = |option: &str| {
            self.0.iter().any(|piece| match piece {
                Piece::Ours(text) => text.contains(option),
                Piece::Told(text) | Piece::Dashed(text) => text.contains(option),
                Piece::Place(_) => false,
            })
        };
        let not_named = |options: &[(&'static str, String)]| {
            options.iter().filter(|(option, _)| !names(option)).cloned().collect::<Vec<_>>()
        };
        let (places, who) = (not_named(running.places), not_named(running.who));
        let with_who = [places.clone(), who].concat();
        let of_login = [with_who.clone(), not_named(running.of_login)].concat();
        let before = std::iter::once(None).chain(self.0.iter().map(Some));
        let pieces = before.zip(&self.0).flat_map(|(before, piece)| match piece {
            Piece::Place(name) if before.is_some_and(|before| ends_with(before, "cogtok login")) => {
                general(name, running.profile, &of_login)
            }
            Piece::Place(name) if before.is_some_and(|before| ends_with(before, "cogtok token user")) => {
                general(name, running.profile, &with_who)
            }
            Piece::Place(name) => general(name, running.profile, &places),
            piece => vec![piece.clone()],
        });
        Hint(pieces.collect())
    }

    /// The parts between separators in own text.
    fn split(&self, separator: &str) -> Vec<Hint> {
        let mut parts = vec![Vec::new()];
        for piece in &self.0 {
            let Piece::Ours(text) = piece else {
                parts.last_mut().into_iter().for_each(|part: &mut Vec<Piece>| part.push(piece.clone()));
                continue;
            };
            for (index, text) in text.split(separator).enumerate() {
                if index > 0 {
                    parts.push(Vec::new());
                }
                parts.last_mut().into_iter().for_each(|part| part.push(Piece::Ours(Cow::Owned(text.to_owned()))));
            }
        }
        parts.into_iter().map(Hint).collect()
    }

    /// The options of the running command that own text names.
    fn options(&self) -> Vec<String> {
        let (mut options, mut quoted) = (Vec::new(), None::<String>);
        for piece in &self.0 {
            let Piece::Ours(text) = piece else {
                quoted.iter_mut().for_each(|quoted| quoted.push('…'));
                continue;
            };
            for c in text.chars() {
                quoted = match (quoted.take(), c) {
                    (None, '`') => Some(String::new()),
                    (None, _) => None,
                    (Some(quoted), '`') => {
                        let words = quoted.split(' ').filter(|word| word.len() > 1 && *word != "--");
                        let named = words.filter(|word| quoted.starts_with('-') && word.starts_with('-'));
                        options.extend(named.map(|word| word.split(['=', '[']).next().unwrap_or_default().to_owned()));
                        None
                    }
                    (Some(mut quoted), c) => {
                        quoted.push(c);
                        Some(quoted)
                    }
                };
            }
        }
        options
    }

    fn joined(&self, running: &Running<'_>) -> String {
        let mut line = CommandLine::default();
        for piece in &self.0 {
            match piece {
                Piece::Ours(text) => line.ours(text, |text| with_config(text, running)),
                Piece::Told(text) => line.text.push_str(text),
                Piece::Dashed(word) => line.dashed(word),
                Piece::Place(text) => line.text.push_str(text),
            }
        }
        line.end();
        line.text
    }
}

fn piece_of_word(value: &str, word: String) -> Piece {
    if value.starts_with('-') { Piece::Dashed(word) } else { Piece::Told(word) }
}

/// Own text, split at its placeholders: names in lower case between braces.
fn parsed<'a>(ours: &'a str, own: impl Fn(&'a str) -> Cow<'static, str>) -> Vec<Piece> {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    let (mut pieces, mut rest, mut from) = (Vec::new(), ours, 0);
    while let Some(open) = rest[from..].find('{').map(|at| at + from) {
        match rest[open..].find('}').map(|length| &rest[open + 1..open + length]).filter(|name| is_name(name)) {
            Some(name) => {
                pieces.push(Piece::Ours(own(&rest[..open])));
                pieces.push(Piece::Place(own(name)));
                (rest, from) = (&rest[open + name.len() + 2..], 0);
            }
            None => from = open + 1,
        }
    }
    pieces.push(Piece::Ours(own(rest)));
    pieces.retain(|piece| !matches!(piece, Piece::Ours(text) if text.is_empty()));
    pieces
}

/// Whether own text ends with this command.
fn ends_with(piece: &Piece, command: &str) -> bool {
    matches!(piece, Piece::Ours(text) if text.ends_with(command))
}

/// The general word for a placeholder without a value.
fn general(name: &str, profile: Option<&str>, places: &[(&'static str, String)]) -> Vec<Piece> {
    let ours = |text: &'static str| Piece::Ours(Cow::Borrowed(text));
    let told = |text: &str| Piece::Told(text.to_owned());
    let option = || {
        let mut option = profile.map(|name| vec![ours(" -p "), told(name)]).unwrap_or_default();
        for (place, value) in places {
            if value.is_empty() {
                option.push(told(&format!(" {place}")));
                continue;
            }
            let words = HERE.word(value).into_iter();
            option.extend(words.flat_map(|word| [told(&format!(" {place} ")), piece_of_word(value, word)]));
        }
        option
    };
    match name {
        "p" => option(),
        "name" => vec![told(profile.unwrap_or("NAME"))],
        "aws" => Vec::new(),
        "pool" => vec![ours("POOL_ID")],
        "user" => vec![ours("USERNAME")],
        "unset" => vec![ours(HERE.unset())],
        "end-process" => vec![ours(HERE.end_process())],
        other => vec![Piece::Told(other.to_uppercase())],
    }
}

/// Own text with `--config` added to each command, if a configuration was named.
fn with_config(text: &str, running: &Running<'_>) -> String {
    let config = running.config.and_then(|file| HERE.word(file));
    let Some(config) = config.filter(|file| !file.chars().any(is_unprintable)) else { return text.to_owned() };
    let (mut named, mut rest) = (String::new(), text);
    while let Some(at) = rest.find("cogtok ") {
        let (before, after) = rest.split_at(at + "cogtok ".len());
        named.push_str(before);
        let word = after.split(|c: char| !(c.is_ascii_lowercase() || c == '-')).next().unwrap_or_default();
        if (running.is_command)(word) && !word.is_empty() {
            named.push_str(&format!("--config {config} "));
        }
        rest = after;
    }
    named + rest
}

#[cfg(test)]
#[path = "hint_tests.rs"]
mod tests;
