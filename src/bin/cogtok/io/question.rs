//! A question, with its prompt and the words for an error when nobody can be asked.

/// A question to the person at the terminal.
#[derive(Debug, Clone)]
pub struct Question {
    /// The prompt without its colon: `Password for alice@example.com`.
    pub prompt: String,
    /// The wanted value, as part of a sentence: `the password of alice@example.com`.
    pub what: String,
}

impl Question {
    pub fn new(prompt: impl Into<String>, what: impl Into<String>) -> Self {
        Question { prompt: prompt.into(), what: what.into() }
    }
}

impl From<&str> for Question {
    fn from(text: &str) -> Self {
        Question::new(text, text)
    }
}

impl From<String> for Question {
    fn from(text: String) -> Self {
        Question::new(text.clone(), text)
    }
}

impl From<&String> for Question {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}
