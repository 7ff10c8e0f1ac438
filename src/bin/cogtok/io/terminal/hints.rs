//! What to do next, in the words of the command that runs.

use std::sync::{Mutex, OnceLock, PoisonError};

use cogtok::error::Advice;

use super::output_options::manner;
use super::print::say;

/// Turns a hint into what to type, for the profile of this name; none where the command that runs can't do what it says.
pub type Words = fn(&Advice, Option<&str>) -> Option<String>;

/// Turns a hint into a text for whoever runs no command.
pub type GeneralWords = fn(&Advice) -> String;

static ADVICE: OnceLock<(Words, GeneralWords)> = OnceLock::new();

/// The profile that an error is about.
static PROFILE: Mutex<Option<String>> = Mutex::new(None);

/// Says who knows the commands that hints name: they are above this room. Without, a hint is not shown.
pub fn set_advice(words: Words, general: GeneralWords) {
    let _ = ADVICE.set((words, general));
}

/// Names the profile that errors are about from now on.
pub fn set_profile(name: Option<&str>) {
    *PROFILE.lock().unwrap_or_else(PoisonError::into_inner) = name.map(str::to_owned);
}

/// The profile that errors are about.
pub fn profile() -> Option<String> {
    PROFILE.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Says what to do next, which can be silenced.
pub fn hint(hint: impl Into<Advice>) {
    if !manner().is_quiet {
        tell(&hint.into());
    }
}

/// A hint as it is for the command that runs and the profile in use; none where that command can't do what it says.
pub fn shown(hint: &Advice) -> Option<String> {
    shown_for(hint, profile().as_deref())
}

/// As [`shown`], for the profile of this name.
pub fn shown_for(hint: &Advice, profile: Option<&str>) -> Option<String> {
    ADVICE.get().and_then(|(words, _)| words(hint, profile))
}

/// A hint for whoever runs no command, such as the client of an MCP server.
pub fn general(hint: &Advice) -> String {
    ADVICE.get().map(|(_, general)| general(hint)).unwrap_or_default()
}

/// Says a hint, whatever was said about being quiet.
pub fn tell(hint: &Advice) {
    if let Some(text) = shown(hint) {
        say(Some(("hint", "36")), &text);
    }
}
