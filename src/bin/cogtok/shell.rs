//! Exports: how a token becomes a variable, and what is printed instead when there is none.

use std::ffi::OsString;
use std::fmt::Write;

use clap::ValueEnum;
use cogtok::profile::words::{TokenUse, VarName};

/// The forms of `--export`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Export {
    /// `export NAME='value';`, which bash, dash, zsh and fish evaluate
    #[value(aliases = ["bash", "dash", "zsh", "fish", "posix"])]
    Sh,
    /// One JSON object of names and values
    Json,
    /// NAME=value lines
    Dotenv,
}

/// The variable for a token where `--env-var` names no other.
pub const fn default_name(token: TokenUse) -> &'static str {
    match token {
        TokenUse::Access => "COGTOK_ACCESS_TOKEN",
        TokenUse::Id => "COGTOK_ID_TOKEN",
    }
}

impl Export {
    /// The assignments of the token and of the end of its life, in Unix seconds.
    pub fn assignments(self, name: &str, value: &str, expires_at: Option<u64>) -> String {
        let end = expires_at.map(|end| end.to_string()).unwrap_or_default();
        match self {
            Export::Sh => format!("export {name}={};\nexport {name}_EXPIRES_AT={};\n", quoted(value), quoted(&end)),
            Export::Dotenv => format!("{name}={value}\n{name}_EXPIRES_AT={end}\n"),
            Export::Json => {
                let mut object = serde_json::Map::new();
                object.insert(name.to_owned(), value.into());
                object.insert(format!("{name}_EXPIRES_AT"), expires_at.into());
                format!("{}\n", serde_json::Value::Object(object))
            }
        }
    }
}

/// What makes an `eval` fail: the variables are emptied, and the last command gives the exit code, so that `set -e`
/// stops and no stale token is used.
pub fn failing_line(names: &[String], code: u8) -> String {
    let mut line = String::new();
    for name in names {
        let _ = write!(line, "export {name}=; export {name}_EXPIRES_AT=; ");
    }
    line + &format!("sh -c 'exit {code}';\n")
}

/// The variables that a failure must empty, read from a command line that need not parse: none unless it asks for an
/// export that a shell evaluates.
pub fn names_to_fail(args: &[OsString]) -> Option<Vec<String>> {
    let args: Vec<String> = args.iter().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    let options = || args.iter().take_while(|arg| *arg != "--");
    let form = options().filter_map(|arg| match arg.as_str() {
        "--export" => Some("sh"),
        arg => arg.strip_prefix("--export="),
    });
    if matches!(form.last()?, "json" | "dotenv") {
        return None;
    }
    let value_of = |option: &str| {
        let index = options().position(|arg| arg == option);
        let behind = index.and_then(|index| args.get(index + 1)).map(String::as_str);
        behind.or_else(|| options().find_map(|arg| arg.strip_prefix(option)?.strip_prefix('=')))
    };
    if let Some(name) = value_of("--env-var").filter(|name| name.parse::<VarName>().is_ok()) {
        return Some(vec![name.to_owned()]);
    }
    let access = default_name(TokenUse::Access).to_owned();
    let id = default_name(TokenUse::Id).to_owned();
    let is_user = args.iter().any(|arg| arg == "user");
    Some(match value_of("--token") {
        Some("id") => vec![id],
        Some("access") => vec![access],
        // The profile may say which one; until it is read, neither may survive.
        _ if is_user => vec![access, id],
        _ => vec![access],
    })
}

/// A word that a POSIX shell takes as it is.
pub fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> Option<Vec<String>> {
        names_to_fail(&line.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn whether_an_export_was_asked_for_is_known_without_parsing() {
        assert_eq!(names("cogtok token m2m"), None);
        assert_eq!(names("cogtok token m2m --export=json"), None);
        assert_eq!(names("cogtok token m2m -- --export"), None);
        assert_eq!(names("cogtok tokn m2m --export --what"), Some(vec!["COGTOK_ACCESS_TOKEN".into()]));
        assert_eq!(names("cogtok token m2m --export=nosuch"), Some(vec!["COGTOK_ACCESS_TOKEN".into()]));
        assert_eq!(names("cogtok token user --token id --export"), Some(vec!["COGTOK_ID_TOKEN".into()]));
        assert_eq!(names("cogtok token user --export").map(|names| names.len()), Some(2));
        assert_eq!(names("cogtok token m2m --export --env-var=T"), Some(vec!["T".into()]));
        assert_eq!(names("cogtok token m2m --export --env-var PATH"), Some(vec!["COGTOK_ACCESS_TOKEN".into()]));
    }

    #[test]
    fn values_are_quoted() {
        assert_eq!(Export::Sh.assignments("T", "a'b", None), "export T='a'\\''b';\nexport T_EXPIRES_AT='';\n");
        assert_eq!(failing_line(&["T".into()], 3), "export T=; export T_EXPIRES_AT=; sh -c 'exit 3';\n");
        assert_eq!(Export::Json.assignments("T", "a", Some(7)), "{\"T\":\"a\",\"T_EXPIRES_AT\":7}\n");
    }
}
