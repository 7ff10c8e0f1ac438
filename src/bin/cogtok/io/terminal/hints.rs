//! Hints, in the words of the running command.

use std::sync::{Mutex, OnceLock, PoisonError};

use cogtok::error::Advice;

use super::output_options::manner;
use super::print::say;

/// The text of a hint for the profile of this name, in this configuration file if it is not that of the line; `None` if the running command
/// can't do what it says.
pub type Words = fn(&Advice, Option<&str>, Option<&str>) -> Option<String>;

static ADVICE: OnceLock<Words> = OnceLock::new();

/// The profile that an error is about.
static PROFILE: Mutex<Option<String>> = Mutex::new(None);

/// The configuration that hints are about, where it is not that of the line.
static CONFIG: Mutex<Option<String>> = Mutex::new(None);

/// Sets the function that words hints: it knows the commands, which are above this module. Without it, no hint is shown.
pub fn set_advice(words: Words) {
    let _ = ADVICE.set(words);
}

/// Names the profile that errors are about from now on.
pub fn set_profile(name: Option<&str>) {
    *PROFILE.lock().unwrap_or_else(PoisonError::into_inner) = name.map(str::to_owned);
}

/// Names the configuration file that hints are about from now on.
pub fn set_config(file: &str) {
    *CONFIG.lock().unwrap_or_else(PoisonError::into_inner) = Some(file.to_owned());
}

/// The profile that errors are about.
pub fn profile() -> Option<String> {
    PROFILE.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Prints a hint, unless hints are turned off.
pub fn hint(hint: impl Into<Advice>) {
    if !manner().is_quiet {
        tell(&hint.into());
    }
}

/// A hint for the running command and the profile in use; `None` if that command can't do what it says.
pub fn shown(hint: &Advice) -> Option<String> {
    shown_for(hint, profile().as_deref())
}

/// As [`shown`], for the profile of this name.
pub fn shown_for(hint: &Advice, profile: Option<&str>) -> Option<String> {
    let config = CONFIG.lock().unwrap_or_else(PoisonError::into_inner).clone();
    ADVICE.get().and_then(|words| words(hint, profile, config.as_deref()))
}

/// Prints a hint even if output is reduced.
pub fn tell(hint: &Advice) {
    if let Some(text) = shown(hint) {
        say(Some(("hint", "36")), &text);
    }
}
