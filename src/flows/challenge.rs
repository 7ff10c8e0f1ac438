//! What Cognito may ask on the way into a pool. It knows questions, not terminals: whoever runs the sign-in answers.

use crate::cognito::idp::Challenge;
use crate::error::{Error, Kind, Result, printable};
use crate::secret::Secret;

/// A question of Cognito to the user, as data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// NEW_PASSWORD_REQUIRED: the password so far was a temporary one.
    NewPassword {
        /// Attributes that the pool requires and the user lacks.
        missing_attributes: Vec<String>,
    },
}

/// An answer to a [`Question`].
#[derive(Debug)]
pub enum Answer {
    /// The new password.
    NewPassword(Secret),
}

impl Question {
    /// The question that a challenge asks.
    ///
    /// # Errors
    /// [`Kind::NeedsHuman`] for a challenge that can't be answered here, with its name and its parameters' names.
    pub fn of(challenge: &Challenge) -> Result<Self> {
        match challenge.name.as_str() {
            "NEW_PASSWORD_REQUIRED" => Ok(Question::NewPassword { missing_attributes: missing_attributes(challenge) }),
            name => {
                let mut parameters: Vec<&str> = challenge.parameters.keys().map(String::as_str).collect();
                parameters.sort_unstable();
                let parameters = if parameters.is_empty() { "none".to_owned() } else { parameters.join(", ") };
                Err(Error::new(
                    Kind::NeedsHuman,
                    format!(
                        "Cognito asks for {}, which cogtok can't answer yet (parameters: {})",
                        printable(name, 60),
                        printable(&parameters, 200)
                    ),
                )
                .hint("use a user without this challenge, such as one that `cogtok user create{p}` makes"))
            }
        }
    }
}

impl Answer {
    /// The ChallengeResponses that carry this answer.
    pub fn responses(self) -> Vec<(&'static str, Secret)> {
        match self {
            Answer::NewPassword(password) => vec![("NEW_PASSWORD", password)],
        }
    }
}

/// `requiredAttributes` is a JSON list in a string, each item with the prefix `userAttributes.`.
fn missing_attributes(challenge: &Challenge) -> Vec<String> {
    let list = challenge.parameters.get("requiredAttributes").map(String::as_str).unwrap_or_default();
    let items: Vec<String> = serde_json::from_str(list).unwrap_or_default();
    items.iter().map(|item| item.strip_prefix("userAttributes.").unwrap_or(item).to_owned()).collect()
}
