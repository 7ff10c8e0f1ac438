//! Text from services, made safe to show.

use std::fmt;

use crate::error::printable;
use crate::http::redact::Redactor;

/// The most characters of it that are shown.
const MOST: usize = 300;

/// Text from a service. It is shown only without this call's secrets and control characters, and shortened; it can't be created without a
/// redactor. In a hint's command it is one quoted word ([`Advice::word`](crate::error::Advice::word)).
///
/// ```compile_fail
/// let text = cogtok::http::service_text::ServiceText::from("hunter2".to_owned());
/// ```
///
/// ```compile_fail
/// fn show(text: &cogtok::http::service_text::ServiceText) -> String {
///     text.to_owned().into()
/// }
/// ```
#[derive(Clone)]
pub struct ServiceText {
    sent: String,
    // Secrets that become known later are redacted too.
    redactor: Redactor,
}

impl ServiceText {
    /// The original text, with the redactor of the call.
    #[doc(hidden)]
    pub fn new(sent: impl Into<String>, redactor: &Redactor) -> Self {
        ServiceText { sent: sent.into(), redactor: redactor.clone() }
    }

    /// The original text: to compare it with known words, and to send it back to the same service.
    pub fn sent(&self) -> &str {
        &self.sent
    }

    /// The text without a beginning, where it begins so.
    pub(crate) fn without_prefix(&self, prefix: &str) -> Self {
        let sent = self.sent.strip_prefix(prefix).unwrap_or(&self.sent).to_owned();
        ServiceText { sent, redactor: self.redactor.clone() }
    }

    /// The strings of a JSON array; `None` for anything else.
    pub(crate) fn as_list(&self) -> Vec<Self> {
        let items: Vec<String> = serde_json::from_str(&self.sent).unwrap_or_default();
        items.into_iter().map(|sent| ServiceText { sent, redactor: self.redactor.clone() }).collect()
    }

    /// Several of them in a line.
    #[doc(hidden)]
    pub fn list<'a>(all: impl IntoIterator<Item = &'a ServiceText>) -> String {
        let shown: Vec<String> = all.into_iter().map(ToString::to_string).collect();
        printable(&shown.join(", "), MOST)
    }
}

impl fmt::Display for ServiceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.redactor.clean(&self.sent), MOST))
    }
}

impl fmt::Debug for ServiceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

impl PartialEq for ServiceText {
    fn eq(&self, other: &Self) -> bool {
        self.sent == other.sent
    }
}

impl PartialEq<&str> for ServiceText {
    fn eq(&self, other: &&str) -> bool {
        self.sent == *other
    }
}

impl PartialEq<str> for ServiceText {
    fn eq(&self, other: &str) -> bool {
        self.sent == other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn it_is_shown_clean_and_short_and_hides_what_becomes_known_later() {
        let redactor = Redactor::default();
        let text = ServiceText::new("a\u{1b}[1m hunter2", &redactor);
        redactor.hide("", &Secret::new("hunter2".into()));
        assert_eq!(text.to_string(), "a\\u{1b}[1m [redacted]");
        assert_eq!(format!("{text:?}"), r#""a\\u{1b}[1m [redacted]""#);
        assert!(text.sent().contains("hunter2"));
        assert!(ServiceText::new("x".repeat(5000), &redactor).to_string().chars().count() <= MOST + 1);
        let list = ServiceText::new(r#"["userAttributes.a","b"]"#, &redactor).as_list();
        assert!(list[0].without_prefix("userAttributes.") == "a" && list[1] == "b");
        assert!(ServiceText::new("hunter2", &redactor).as_list().is_empty());
    }

    #[test]
    fn several_are_shown_in_a_short_line() {
        let redactor = Redactor::default();
        redactor.hide("", &Secret::new("hunter2".into()));
        let of = |text: &str| ServiceText::new(text, &redactor);
        assert_eq!(ServiceText::list([&of("a\u{1b}"), &of("hunter2"), &of("c")]), "a\\u{1b}, [redacted], c");
        let long = ServiceText::list([&of(&"x".repeat(200)), &of(&"y".repeat(200))]);
        assert_eq!(long.chars().count(), MOST + 1);
        assert_eq!(ServiceText::list([]), "");
    }

    #[test]
    fn two_are_alike_if_the_same_was_sent() {
        let of = |text: &str| ServiceText::new(text, &Redactor::default());
        assert!(of("a") == of("a") && of("a") == "a" && of("a") == *"a");
        assert!(of("a") != of("b") && of("a") != "b" && of("a") != *"b");
    }
}
