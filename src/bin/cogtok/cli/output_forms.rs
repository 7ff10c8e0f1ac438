//! The forms of `--output` that each command has.

use std::ffi::OsString;

use cogtok::error::{Error, Result};

use super::help::words;
use crate::app::options::{Global, Output};

use Output::{Csv, Json, Jsonl, Table, Text};

/// The output forms of the command that a line names; empty for a command without any.
pub fn of(args: &[OsString]) -> &'static [Output] {
    let mut named = words(args).map(|word| word.to_str().unwrap_or_default());
    match (named.next().unwrap_or_default(), named.next().unwrap_or_default()) {
        ("user", "list") | ("group", "members") => &[Table, Json, Jsonl, Csv, Text],
        ("profile" | "group", "list") => &[Table, Json, Text],
        // The command itself handles the forms for a single user.
        ("user", "create") => &[Text, Table, Json, Jsonl, Csv],
        ("user", "set-password") => &[Text, Json, Csv],
        ("call", "gateway") => &[Table, Text, Json],
        ("user", "runs") => &[Table, Json, Jsonl],
        ("status", _) | ("cache" | "mcp", "list") | ("secret", "status" | "list-remote") => &[Table, Json],
        ("token", "user" | "m2m" | "exchange" | "inspect" | "verify" | "check")
        | ("user", "show" | "delete" | "reap")
        | ("group", "create")
        | ("profile", "show" | "current" | "lint" | "import")
        | ("cache", "clear")
        | ("call", "runtime" | "model")
        | ("doctor" | "header" | "serve", _) => &[Text, Json],
        ("profile", "export") | ("call", "http") | ("mcp", "install" | "remove") | ("exec" | "mcp-proxy", _) => &[Text],
        ("aws-credentials", _) => &[Json],
        _ => &[],
    }
}

/// The form as it is typed.
pub const fn name(form: Output) -> &'static str {
    match form {
        Text => "text",
        Table => "table",
        Json => "json",
        Jsonl => "jsonl",
        Csv => "csv",
    }
}

/// # Errors
/// [`Kind::Usage`](cogtok::error::Kind::Usage) where the command does not have the form that was asked for.
pub fn check(args: &[OsString], global: &Global) -> Result<()> {
    let forms = of(args);
    let Some(asked) = global.output.or(global.json.then_some(Json)).filter(|_| !forms.is_empty()) else {
        return Ok(());
    };
    if forms.contains(&asked) {
        return Ok(());
    }
    let command: Vec<&str> = words(args).take(2).filter_map(|word| word.to_str()).collect();
    let command = match command.as_slice() {
        [first @ ("exec" | "mcp-proxy" | "header" | "aws-credentials" | "doctor" | "status" | "serve"), ..] => {
            (*first).to_owned()
        }
        words => words.join(" "),
    };
    let all: Vec<String> = forms.iter().map(|form| format!("-o {}", name(*form))).collect();
    let what = match asked {
        Text => "plain text",
        Table => "a table",
        Json => "JSON",
        Jsonl => "JSON lines",
        Csv => "CSV",
    };
    Err(Error::usage(format!("`{command}` can't print {what}")).hint(format!("use {}", all.join(" or "))))
}
