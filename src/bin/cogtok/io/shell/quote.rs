//! A value as a word of each form, and none where the form can't carry it as it is: what is not sure to come back the same
//! is refused.

/// A word that a POSIX shell takes as it is, for commands that a message shows for typing.
pub fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// A word that bash, dash, zsh and fish take alike, in `eval "$(…)"` and in `eval $(…)`. The latter splits at spaces and
/// looks for files, and fish reads a backslash between quotes.
pub fn sh(value: &str) -> Option<String> {
    let is_kept = is_plain(value) && !value.contains("  ") && !value.contains(['\\', '*', '?', '[']);
    is_kept.then(|| quoted(value))
}

/// A value behind `NAME=`: bare where every reader takes it so (`docker --env-file` knows no quotes), else between single
/// quotes, in which readers agree on all but the quote and the backslash.
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
