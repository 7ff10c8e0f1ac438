//! How findings are printed: a line each, or JSON.

use crate::services::doctor::{Finding, Status};
use serde_json::{Value, json};

use crate::io::terminal;

/// The width where there is no terminal.
const WIDTH: usize = 80;

/// The column where details begin.
const INDENT: usize = 25;

/// One JSON array of objects.
pub fn json(findings: &[Finding], profile: Option<&str>) -> String {
    let objects = findings.iter().map(|finding| {
        json!({
            "check": finding.check.as_str(),
            "status": finding.status.as_str(),
            "detail": finding.detail,
            "hint": finding.hint.as_ref().and_then(|hint| terminal::shown_for(hint, profile)),
        })
    });
    terminal::json(&Value::Array(objects.collect()))
}

/// A line each, with what to do below it.
pub fn text(findings: &[Finding], profile: Option<&str>) -> String {
    let width = comfy_table::Table::new().width().map_or(WIDTH, usize::from).clamp(60, 120);
    let mut text = String::new();
    for finding in findings {
        let (mark, word, color) = match finding.status {
            Status::Ok => ("+", "ok", "32"),
            Status::Warn => ("!", "warn", "33"),
            Status::Fail => ("x", "FAIL", "1;31"),
            Status::Skip => ("-", "skip", "2"),
        };
        let label = terminal::painted(&format!("{mark} {word:<4}"), color);
        let detail = wrapped(&finding.detail, width - INDENT, "");
        let hint = finding
            .hint
            .as_ref()
            .and_then(|hint| terminal::shown_for(hint, profile))
            .map(|hint| wrapped(&format!("-> {hint}"), width - INDENT, "   "));
        let mut lines = detail.into_iter().chain(hint.unwrap_or_default());
        let first = lines.next().unwrap_or_default();
        text += &format!("{label}  {:<15}  {first}\n", finding.check.as_str());
        for line in lines {
            text += &format!("{:INDENT$}{line}\n", "");
        }
    }
    text
}

/// How many of each there are.
pub fn summary(findings: &[Finding]) -> String {
    let count = |status: Status| findings.iter().filter(|finding| finding.status == status).count();
    match count(Status::Warn) {
        0 => "All checks passed.".to_owned(),
        1 => "No failures, 1 warning.".to_owned(),
        warnings => format!("No failures, {warnings} warnings."),
    }
}

/// The text in lines of at most `width` characters, broken between words; all but the first begin with `margin`.
fn wrapped(text: &str, width: usize, margin: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let length = |text: &str| text.chars().count();
    for word in text.split(' ') {
        let mut rest: Vec<char> = word.chars().collect();
        loop {
            let is_first = lines.len() == 1;
            let Some(line) = lines.last_mut() else { break };
            let is_bare = line.is_empty() || (!is_first && line == margin);
            let gap = usize::from(!is_bare);
            if length(line) + gap + rest.len() <= width {
                line.extend(std::iter::repeat_n(' ', gap).chain(rest));
                break;
            }
            if is_bare {
                // A word that is too long for a line is broken.
                let room = width.saturating_sub(length(line)).max(1);
                line.extend(rest.drain(..room.min(rest.len())));
            }
            lines.push(margin.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn lines_break_between_words_and_long_words_where_they_must() {
        assert_eq!(wrapped("one two three", 7, "  "), ["one two", "  three"]);
        assert_eq!(wrapped("abcdefghijkl x", 5, " "), ["abcde", " fghi", " jkl", " x"]);
        assert_eq!(wrapped("", 5, ""), [""]);
        for width in 2..20 {
            let lines = wrapped("a bc def ghijklmnop q \u{fc}berl\u{e4}nge", width, " ");
            assert!(lines.iter().all(|line| line.chars().count() <= width), "{width}: {lines:?}");
        }
    }
}
