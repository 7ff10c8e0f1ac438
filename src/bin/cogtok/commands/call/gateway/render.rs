//! Prints a server's answers.

use crate::services::mcp::tool::{Outcome, Tool};
use cogtok::error::{Error, Kind, Result, printable};
use serde_json::Value;

use super::request::Request;
use crate::app::options::Output;
use crate::io::table::table;
use crate::io::terminal;

/// The most characters of a description in the table.
const BRIEF: usize = 70;

/// Prints the tools.
pub fn tools(tools: &[Tool], form: Output) -> Result<()> {
    if form == Output::Json {
        let all = Value::Array(tools.iter().map(|tool| tool.all.clone()).collect());
        return terminal::data(&terminal::json(&all)).map(drop);
    }
    if tools.is_empty() {
        terminal::note("the server has no tools for this token");
        return Ok(());
    }
    let rows = tools.iter().map(|tool| {
        let required: Vec<String> = tool.required().iter().map(|name| printable(name, 60)).collect();
        vec![printable(&tool.name, 128), brief(&tool.description), required.join(", ")]
    });
    terminal::data(&table(&["TOOL", "WHAT IT DOES", "NEEDS"], rows)).map(drop)
}

/// The first sentence, where it is short, else the beginning.
fn brief(description: &str) -> String {
    let line = description.trim().lines().next().unwrap_or_default();
    let sentence = line.split_once(". ").map_or(line, |(sentence, _)| sentence);
    printable(sentence.trim_end_matches('.'), BRIEF)
}

/// Prints a tool's result. A result that reports an error is an error here; its JSON is printed anyway.
pub fn outcome(request: &Request, outcome: &Outcome, form: Output, clean: impl Fn(&str) -> String) -> Result<()> {
    let text = outcome.text();
    if outcome.is_error() {
        let said = match (text.trim(), outcome.structured()) {
            ("", Some(data)) => data.to_string(),
            ("", None) => "it does not say why".to_owned(),
            (text, _) => text.to_owned(),
        };
        if form == Output::Json {
            terminal::data(&terminal::json(&outcome.all))?;
        }
        let message = format!("the tool `{}` failed: {}", request.tool(), printable(&clean(&said), 700));
        return Err(Error::new(Kind::Failure, message));
    }
    if form == Output::Json {
        return terminal::data(&terminal::json(&outcome.all)).map(drop);
    }
    let text = match (text.is_empty(), outcome.structured()) {
        (true, Some(data)) => terminal::json(data),
        _ if terminal::shows_data() => harmless(&text),
        _ => text,
    };
    terminal::data(&text)?;
    let others = outcome.other_kinds();
    if !others.is_empty() {
        let kinds: Vec<String> = others.iter().map(|kind| printable(kind, 40)).collect();
        terminal::note(&format!("the result also has {}: `--json` shows all of it", kinds.join(", ")));
    }
    Ok(())
}

/// Text for a terminal, line by line, with control characters escaped.
fn harmless(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", printable(line, usize::MAX))).collect()
}
