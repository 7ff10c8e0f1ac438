//! Advice as data. Own text and foreign text have different types, so that foreign text is never parsed for placeholders, commands or
//! options.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{AdviceKind, printable};

/// The most characters of foreign text in advice.
const MOST: usize = 300;

/// What to do next: a kind with its values, or text.
///
/// A kind is in this library's terms, and its values say what it is about: `{kind: StoreSecret, kind = "password"}`. A program has a
/// sentence for each kind, with placeholders for the values. Text is a complete sentence that names no command: from a literal it may have
/// placeholders too, from a `String` it is shown as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice(Vec<AdvicePart>);

/// A part of advice; its values fill only this part's placeholders, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvicePart {
    /// The kind or text.
    pub said: AdviceSaid,
    /// Names of places, and what comes there; of several values for one place, the first that can be shown.
    pub values: Vec<(Cow<'static, str>, AdviceValue)>,
}

/// The content of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AdviceSaid {
    /// This is to be done.
    Kind(AdviceKind),
    /// Own text, with placeholders.
    Words(Cow<'static, str>),
    /// Text that is shown as it is.
    Text(String),
}

/// A value, by how it is to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AdviceValue {
    /// One word of a command.
    Word(String),
    /// Several words as one word of a command.
    Listed(String),
    /// One word of a command, always in quotes.
    Quoted(String),
    /// Words that are no part of a command, fit for a terminal.
    Text(String),
    /// Other advice.
    Advice(Advice),
}

impl From<AdviceKind> for Advice {
    fn from(kind: AdviceKind) -> Self {
        Advice::of(AdviceSaid::Kind(kind))
    }
}

impl From<&'static str> for Advice {
    fn from(words: &'static str) -> Self {
        Advice::of(AdviceSaid::Words(Cow::Borrowed(words)))
    }
}

impl From<String> for Advice {
    fn from(text: String) -> Self {
        Advice::of(AdviceSaid::Text(text))
    }
}

impl Advice {
    /// A kind, or text.
    pub fn new(said: impl Into<Advice>) -> Self {
        said.into()
    }

    fn of(said: AdviceSaid) -> Self {
        Advice(vec![AdvicePart { said, values: Vec::new() }])
    }

    /// Sets `{place}` to `value`, as one word of a command.
    #[must_use]
    pub fn word(self, place: &str, value: impl fmt::Display) -> Self {
        self.put(place, AdviceValue::Word(value.to_string()))
    }

    /// As [`Advice::word`], for several words in one.
    #[must_use]
    pub fn listed(self, place: &str, values: impl fmt::Display) -> Self {
        self.put(place, AdviceValue::Listed(values.to_string()))
    }

    /// As [`Advice::word`], always in quotes.
    #[must_use]
    pub fn quoted(self, place: &str, value: impl fmt::Display) -> Self {
        self.put(place, AdviceValue::Quoted(value.to_string()))
    }

    /// Sets `{place}` to `value`, as text for a terminal that is no part of a command.
    #[must_use]
    pub fn text(self, place: &str, value: impl fmt::Display) -> Self {
        self.put(place, AdviceValue::Text(printable(&value.to_string(), MOST)))
    }

    /// Sets `{place}` to other advice.
    #[must_use]
    pub fn fill(self, place: &str, advice: impl Into<Advice>) -> Self {
        self.put(place, AdviceValue::Advice(advice.into()))
    }

    fn put(mut self, place: &str, value: AdviceValue) -> Self {
        for part in &mut self.0 {
            part.values.push((Cow::Owned(place.to_owned()), value.clone()));
        }
        self
    }

    /// Two pieces of advice in one line.
    #[must_use]
    pub fn then(mut self, next: impl Into<Advice>) -> Self {
        self.0.extend(next.into().0);
        self
    }

    /// The kind, of the first part if there are several; `None` for text.
    pub fn kind(&self) -> Option<AdviceKind> {
        match self.0.first().map(|part| &part.said) {
            Some(AdviceSaid::Kind(kind)) => Some(*kind),
            _ => None,
        }
    }

    /// The value at `place`, where it is text of any form.
    pub fn value(&self, place: &str) -> Option<&str> {
        let mut values = self.0.iter().flat_map(|part| &part.values);
        values.find(|(name, _)| name == place).and_then(|(_, value)| match value {
            AdviceValue::Word(text)
            | AdviceValue::Listed(text)
            | AdviceValue::Quoted(text)
            | AdviceValue::Text(text) => Some(text.as_str()),
            AdviceValue::Advice(_) => None,
        })
    }

    /// The parts, in order.
    pub fn parts(&self) -> &[AdvicePart] {
        &self.0
    }
}

#[cfg(test)]
impl Advice {
    /// The content for tests: the kind's name with its values, or the text.
    pub(crate) fn told(&self) -> String {
        let parts = self.0.iter().map(|part| {
            let told = |value: &AdviceValue| match value {
                AdviceValue::Word(text)
                | AdviceValue::Listed(text)
                | AdviceValue::Quoted(text)
                | AdviceValue::Text(text) => text.clone(),
                AdviceValue::Advice(advice) => advice.told(),
            };
            match &part.said {
                AdviceSaid::Kind(kind) => {
                    let values = part.values.iter().map(|(place, value)| format!(" {place}={}", told(value)));
                    format!("{kind:?}{}", values.collect::<String>())
                }
                AdviceSaid::Words(words) => part.values.iter().fold(words.to_string(), |words, (place, value)| {
                    words.replace(&format!("{{{place}}}"), &told(value))
                }),
                AdviceSaid::Text(text) => text.clone(),
            }
        });
        parts.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_is_its_kind_and_its_values() {
        let advice = Advice::new(AdviceKind::StoreSecret).text("kind", "password").word("user", "ann");
        assert_eq!(advice.kind(), Some(AdviceKind::StoreSecret));
        assert_eq!(
            (advice.value("kind"), advice.value("user"), advice.value("none")),
            (Some("password"), Some("ann"), None)
        );
        assert_eq!(Advice::from("try again").kind(), None);
        assert_eq!(Advice::new("{said}").text("said", "no\u{1b}[2J").value("said"), Some("no\\u{1b}[2J"));
    }

    #[test]
    fn a_value_is_of_the_parts_that_were_there() {
        let advice = Advice::new("a {x}").word("x", 1).then("b {x}");
        assert_eq!(advice.parts()[0].values.len(), 1);
        assert!(advice.parts()[1].values.is_empty());
    }

    #[test]
    fn advice_survives_a_file() {
        let advice = Advice::new(AdviceKind::ChangeKey).word("key", "domain").fill("or", "do without").then("!");
        let kept = serde_json::to_string(&advice).unwrap();
        assert_eq!(serde_json::from_str::<Advice>(&kept).unwrap(), advice);
    }
}
