//! Exports: how values become variables, and what is printed instead when there are none.

mod dotenv;
pub mod quote;
mod system_shell;

use std::ffi::OsString;
use std::fmt::Write;

use clap::ValueEnum;
use cogtok::error::{Error, Result};
use cogtok::settings::types::{TokenUse, VarName};
use zeroize::Zeroizing;

pub use dotenv::merged;
pub use quote::quoted;
pub use system_shell::{HERE, SystemShell};

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
    /// `$env:NAME = 'value'`, for Invoke-Expression
    #[value(aliases = ["pwsh"])]
    Powershell,
    /// One JSON object of texts, for `from json | load-env`
    #[value(aliases = ["nu"])]
    Nushell,
    /// `set "NAME=value"`, for Windows' cmd
    Cmd,
    /// For the next steps of the job: masked, and appended to the file of GITHUB_ENV
    GithubActions,
}

/// The variable for a token where `--env-var` names no other.
pub const fn default_name(token: TokenUse) -> &'static str {
    match token {
        TokenUse::Access => "COGTOK_ACCESS_TOKEN",
        TokenUse::Id => "COGTOK_ID_TOKEN",
    }
}

/// The variable that holds the end of a token's life.
pub fn end_name(name: &str) -> String {
    format!("{name}_EXPIRES_AT")
}

/// The variables of `--export-credentials`: those of the old scripts.
pub const CREDENTIALS: [&str; 4] =
    ["COGNITO_M2M_CLIENT_ID", "COGNITO_M2M_CLIENT_SECRET", "COGNITO_TOKEN_URL", "COGNITO_M2M_SCOPES"];

/// A value to assign.
#[derive(Debug)]
pub enum Value {
    /// A value that must not be shown.
    Secret(cogtok::secret::Secret),
    /// A value that may be shown.
    Plain(String),
    /// A time in Unix seconds, where it is known.
    Time(Option<u64>),
}

impl Value {
    fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(match self {
            Value::Secret(secret) => secret.expose().to_owned(),
            Value::Plain(text) => text.clone(),
            Value::Time(end) => end.map(|end| end.to_string()).unwrap_or_default(),
        })
    }

    fn json(&self) -> serde_json::Value {
        match self {
            Value::Time(end) => (*end).into(),
            other => other.text().as_str().into(),
        }
    }
}

/// A variable and what to assign to it.
pub type Variable = (String, Value);

/// The variables of a token: its own, and the one for the end of its life.
pub fn of_token(name: &str, token: &cogtok::token::Token) -> [Variable; 2] {
    let value = Value::Secret(token.value.clone());
    [(name.to_owned(), value), (end_name(name), Value::Time(token.expires_at))]
}

impl Export {
    /// The assignments of these variables: for standard output, or for the file of GITHUB_ENV.
    ///
    /// # Errors
    /// `Kind::Failure` for a value that the form can't carry.
    pub fn assignments(self, variables: &[Variable]) -> Result<Zeroizing<String>> {
        let mut text = Zeroizing::new(String::new());
        if matches!(self, Export::Json | Export::Nushell) {
            let value = |value: &Value| match self {
                Export::Nushell => value.text().as_str().into(),
                _ => value.json(),
            };
            let object = variables.iter().map(|(name, given)| (name.clone(), value(given)));
            *text = crate::io::json::json_line(&serde_json::Value::Object(object.collect()));
            return Ok(text);
        }
        for (name, value) in variables {
            let value = value.text();
            let refused = || {
                Error::new(
                    cogtok::error::Kind::Failure,
                    format!("the value of {name} has characters that this form can't express"),
                )
                .hint("`--export=json` and `--export-credentials=json` can express any")
            };
            // Writing to a String can't fail.
            let _ = match self {
                Export::Sh => writeln!(text, "export {name}={};", quote::sh(&value).ok_or_else(refused)?),
                Export::Dotenv => writeln!(text, "{name}={}", quote::dotenv(&value).ok_or_else(refused)?),
                Export::Powershell => {
                    writeln!(text, "$env:{name} = {}", quote::powershell(&value).ok_or_else(refused)?)
                }
                Export::Cmd => write!(text, "set \"{name}={}\"\r\n", quote::cmd(&value).ok_or_else(refused)?),
                Export::GithubActions => {
                    let delimiter = delimiter()?;
                    // The delimiter is random, so no value can contain it.
                    writeln!(text, "{name}<<{delimiter}\n{}\n{delimiter}", *value)
                }
                Export::Json | Export::Nushell => Ok(()),
            };
        }
        Ok(text)
    }
}

/// The workflow commands that hide the secrets among these variables in the log of GitHub Actions.
pub fn masks(variables: &[Variable]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::new());
    for (_, value) in variables {
        if let Value::Secret(secret) = value {
            // GitHub masks the log line by line.
            for line in secret.expose().lines().filter(|line| !line.trim().is_empty()) {
                let _ = writeln!(text, "::add-mask::{}", quote::workflow_command(line));
            }
        }
    }
    text
}

fn delimiter() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|why| Error::new(cogtok::error::Kind::Failure, format!("no random numbers: {why}")))?;
    Ok(bytes.iter().fold("cogtok_".to_owned(), |text, byte| text + &format!("{byte:02x}")))
}

/// The output of a failing export, so that an `eval` fails and no old value is used.
#[derive(Debug)]
pub struct ExportFailure {
    form: Export,
    names: Vec<String>,
}

impl ExportFailure {
    /// Read from a command line that need not parse: `None` unless it asks for an export that a shell evaluates.
    pub fn of(args: &[OsString]) -> Option<Self> {
        let args: Vec<_> = args.iter().skip(1).map(|arg| arg.to_string_lossy()).collect();
        let options = || args.iter().map(AsRef::as_ref).take_while(|arg: &&str| *arg != "--");
        if options().any(|arg| arg == "--output-file" || arg.starts_with("--output-file=")) {
            return None;
        }
        let asked = options().filter_map(|arg| match arg.split_once('=').unwrap_or((arg, "sh")) {
            (option @ ("--export" | "--export-credentials"), form) => Some((option, form)),
            _ => None,
        });
        let (option, form) = asked.last()?;
        let form = Export::from_str(form, false).unwrap_or(Export::Sh);
        if matches!(form, Export::Json | Export::Dotenv | Export::Nushell | Export::GithubActions) {
            return None;
        }
        if option == "--export-credentials" {
            return Some(ExportFailure { form, names: CREDENTIALS.map(str::to_owned).into() });
        }
        let value_of = |option: &str| {
            let index = options().position(|arg| arg == option);
            let behind = index.and_then(|index| args.get(index + 1)).map(AsRef::as_ref);
            behind.or_else(|| options().find_map(|arg| arg.strip_prefix(option)?.strip_prefix('=')))
        };
        let (access, id) = (default_name(TokenUse::Access), default_name(TokenUse::Id));
        let is_user = args.iter().any(|arg| arg == "user" || arg == "exchange");
        let named = value_of("--env-var").filter(|name| name.parse::<VarName>().is_ok());
        let names = match (named, value_of("--token")) {
            (Some(name), _) => vec![name],
            (_, Some("id")) => vec![id],
            (_, Some("access")) => vec![access],
            // The profile decides which of the two is exported; until it is read, both are emptied.
            _ if is_user => vec![access, id],
            _ => vec![access],
        };
        Some(ExportFailure {
            form,
            names: names.into_iter().flat_map(|name| [name.to_owned(), end_name(name)]).collect(),
        })
    }

    /// Limits the emptied variables to this token's.
    pub fn narrow(&mut self, name: &str) {
        self.names = vec![name.to_owned(), end_name(name)];
    }

    /// Empties the variables; the last command gives the exit code, so that `set -e` stops.
    pub fn line(&self, code: u8) -> String {
        let each = |empty: fn(&str) -> String| self.names.iter().map(|name| empty(name)).collect::<String>();
        match self.form {
            Export::Powershell => {
                let empty = each(|name| format!("$env:{name} = $null; "));
                format!("{empty}throw 'cogtok failed with exit code {code}'\n")
            }
            Export::Cmd => format!("{}cmd /c exit {code}\r\n", each(|name| format!("set \"{name}=\"\r\n"))),
            _ => format!("{}sh -c 'exit {code}';\n", each(|name| format!("export {name}=; "))),
        }
    }
}

#[cfg(test)]
#[path = "shell/tests.rs"]
mod tests;
