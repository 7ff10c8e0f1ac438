//! The environment of the process: the one place that reads it.

mod aws;
pub mod paths;

use std::ffi::OsString;
use std::path::PathBuf;

use cogtok::error::{Error, Result};
use cogtok::secret::Secret;

pub use aws::aws_environment;
pub use paths::config_path;

/// The command line, program name included.
pub fn args() -> Vec<OsString> {
    std::env::args_os().collect()
}

/// The file of this program.
pub fn program() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| "cogtok".into())
}

/// A variable that is set, not empty and UTF-8.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn var(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A variable that is set, as it is: empty, or not UTF-8.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn raw(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The current directory, only for completing file names.
#[expect(clippy::disallowed_methods, reason = "a shell completes the files of the directory it is in")]
pub fn current_dir() -> Option<PathBuf> {
    std::env::current_dir().ok()
}

/// Refuses variables of ours that are not UTF-8: taken for unset, they would silently change what is done.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn check() -> Result<()> {
    for (name, value) in std::env::vars_os() {
        if let Some(name) = name.to_str().filter(|name| name.starts_with("COGTOK_"))
            && value.to_str().is_none()
        {
            return Err(Error::usage(format!("{name} is not UTF-8")));
        }
    }
    Ok(())
}

/// The names of our variables that are set and not empty.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn ours() -> Vec<String> {
    let set = std::env::vars_os().filter(|(_, value)| !value.is_empty());
    let mut names: Vec<String> = set.filter_map(|(name, _)| name.into_string().ok()).collect();
    names.retain(|name| name.starts_with("COGTOK_"));
    names.sort_unstable();
    names
}

/// A secret from a variable, as CI systems hand them over.
pub fn secret(name: &str) -> Option<Secret> {
    var(name).map(Secret::new)
}

/// Milliseconds since the Unix epoch; an earlier clock counts as 0.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
