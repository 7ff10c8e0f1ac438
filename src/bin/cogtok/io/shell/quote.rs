//! Quotes a value for each form; `None` if the form can't represent it reliably.

/// A word for a POSIX shell, for commands in messages.
pub fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// A word that bash, dash, zsh and fish all read alike, in `eval "$(…)"` and in `eval $(…)`. The latter splits at spaces and expands globs,
/// and fish interprets backslashes inside quotes.
pub fn sh(value: &str) -> Option<String> {
    let is_kept = is_plain(value) && !value.contains("  ") && !value.contains(['\\', '*', '?', '[']);
    is_kept.then(|| quoted(value))
}

/// A value after `NAME=`: unquoted if every reader accepts that (`docker --env-file` has no quotes), else in single quotes, where readers
/// agree on everything except the quote and the backslash.
pub fn dotenv(value: &str) -> Option<String> {
    if value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=:@%,".contains(&byte)) {
        return Some(value.to_owned());
    }
    (is_plain(value) && !value.contains(['\'', '\\'])).then(|| format!("'{value}'"))
}

/// A verbatim string of PowerShell.
pub fn powershell(value: &str) -> Option<String> {
    is_plain(value).then(|| format!("'{}'", value.replace('\'', "''")))
}

/// The inside of `set "NAME=…"`. cmd has no way to write these characters that holds in every place.
pub fn cmd(value: &str) -> Option<String> {
    (is_plain(value) && !value.contains(['"', '%', '!', '^'])).then(|| value.to_owned())
}

/// A value of a workflow command of GitHub Actions.
pub fn workflow_command(value: &str) -> String {
    value.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn is_plain(value: &str) -> bool {
    value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}
