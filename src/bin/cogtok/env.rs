//! The environment of the process: the one place that reads it.

mod aws;
pub mod paths;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::OnceLock;

use cogtok::error::{Error, Result};
use cogtok::secret::Secret;

pub use aws::aws_environment;
pub use paths::{config_path, dirs};

/// What the names of the variables that cogtok may look up begin with; it looks up some others, which everybody has.
const PREFIXES: [&str; 3] = ["COGTOK_", "COGNITO_", "AWS_"];

/// What one look at the whole environment tells. Nothing changes it while the program runs.
struct Variables {
    /// The names that begin with one of [`PREFIXES`].
    names: Vec<String>,
    /// One of ours whose value is not UTF-8.
    not_utf8: Option<String>,
}

/// Looking up a variable walks the whole environment: most are asked for and not there.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
fn variables() -> &'static Variables {
    static VARIABLES: OnceLock<Variables> = OnceLock::new();
    VARIABLES.get_or_init(|| {
        let mut variables = Variables { names: Vec::new(), not_utf8: None };
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str().filter(|name| is_known(name)) else { continue };
            if begins_with(name, "COGTOK_") && value.to_str().is_none() {
                variables.not_utf8 = Some(name.to_owned());
            }
            variables.names.push(name.to_owned());
        }
        variables
    })
}

fn is_known(name: &str) -> bool {
    PREFIXES.iter().any(|prefix| begins_with(name, prefix))
}

fn begins_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|first| is_same(first, prefix))
}

fn may_be_set(name: &str) -> bool {
    !is_known(name) || variables().names.iter().any(|set| is_same(set, name))
}

/// Whether two names are one variable's: Windows ignores their case.
fn is_same(one: &str, other: &str) -> bool {
    if cfg!(windows) { one.eq_ignore_ascii_case(other) } else { one == other }
}

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
    if !may_be_set(name) {
        return None;
    }
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
pub fn check() -> Result<()> {
    match &variables().not_utf8 {
        Some(name) => Err(Error::usage(format!("{name} is not UTF-8"))),
        None => Ok(()),
    }
}

/// The names of our variables that are set and not empty.
pub fn ours() -> Vec<String> {
    let names = variables().names.iter().filter(|name| begins_with(name, "COGTOK_"));
    let names = names.filter(|name| raw(name).is_some_and(|value| !value.is_empty()));
    let mut names: Vec<String> =
        names.map(|name| if cfg!(windows) { name.to_ascii_uppercase() } else { name.clone() }).collect();
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
