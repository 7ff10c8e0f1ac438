//! Commands to type in this system's shell: PowerShell on Windows, a POSIX shell elsewhere.

use super::quote::quoted;

/// A shell that people type commands into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemShell {
    /// `sh` and its like.
    Posix,
    /// PowerShell.
    PowerShell,
}

/// This system's shell.
pub const HERE: SystemShell = if cfg!(windows) { SystemShell::PowerShell } else { SystemShell::Posix };

impl SystemShell {
    /// `value` as one word of a command; `None` if no word can represent it.
    pub fn word(self, value: &str) -> Option<String> {
        if self == SystemShell::Posix {
            return shlex::try_quote(value).ok().map(std::borrow::Cow::into_owned);
        }
        let is_plain = |c: char| c.is_alphanumeric() || r"-._~/\:=+".contains(c);
        // cmd knows only double quotes, and no backslash before them.
        let is_same_in_cmd = !value.contains(['"', '$', '`', '%', '!', '^']) && !value.ends_with('\\');
        Some(match value {
            "" => "''".to_owned(),
            _ if value.chars().all(is_plain) => value.to_owned(),
            _ if is_same_in_cmd => format!("\"{value}\""),
            _ => format!("'{}'", value.replace('\'', "''")),
        })
    }

    /// Sets an environment variable.
    pub fn assignment(self, name: &str, value: &str) -> String {
        match self {
            SystemShell::Posix => format!("export {name}={}", quoted(value)),
            SystemShell::PowerShell => format!("$env:{name} = '{}'", value.replace('\'', "''")),
        }
    }

    /// Removes the variable whose name follows.
    pub const fn unset(self) -> &'static str {
        match self {
            SystemShell::Posix => "unset ",
            SystemShell::PowerShell => "Remove-Item Env:",
        }
    }

    /// Ends the process whose number follows.
    pub const fn end_process(self) -> &'static str {
        match self {
            SystemShell::Posix => "kill ",
            SystemShell::PowerShell => "taskkill /F /PID ",
        }
    }

    /// Writes a variable's value to a pipe.
    pub fn printed(self, variable: &str) -> String {
        match self {
            SystemShell::Posix => format!("printf %s \"${variable}\""),
            SystemShell::PowerShell => format!("$env:{variable}"),
        }
    }

    /// Our own text, which is written for a POSIX shell and its places.
    pub fn example(self, text: &str) -> String {
        if self == SystemShell::Posix {
            return text.to_owned();
        }
        let lines: Vec<String> = text.lines().map(in_powershell).collect();
        lines.join("\n")
    }
}

/// The places that help texts name, and where they are on Windows.
const PLACES: [(&str, &str); 2] = [
    ("~/.config/cogtok/config.toml", r"%APPDATA%\cogtok\config.toml"),
    ("~/.config/cogtok/identity.txt", r"$HOME\cogtok-identity.txt"),
];

fn in_powershell(line: &str) -> String {
    let line = PLACES.iter().fold(line.to_owned(), |line, (here, there)| line.replace(here, there));
    if let Some((before, after)) = line.split_once("eval $(")
        && let Some((command, rest)) = after.split_once(" --export)")
    {
        return format!("{before}{command} --export=powershell | Out-String | Invoke-Expression{rest}");
    }
    match line.split_once("printf %s \"$").and_then(|(before, after)| Some((before, after.split_once('"')?))) {
        Some((before, (name, rest))) => format!("{before}$env:{name}{rest}"),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::SystemShell::{Posix, PowerShell};

    #[test]
    fn a_word_is_one_word_in_powershell() {
        for (value, word) in [
            (r"C:\b\exp.toml", r"C:\b\exp.toml"),
            (r"C:\My Work\exp file.toml", r#""C:\My Work\exp file.toml""#),
            (r"C:\My Work\", r"'C:\My Work\'"),
            ("50% of O'Brien", "'50% of O''Brien'"),
            ("$(calc)", "'$(calc)'"),
            ("a,b", "\"a,b\""),
            ("", "''"),
        ] {
            assert_eq!(PowerShell.word(value).as_deref(), Some(word));
        }
        assert_eq!(Posix.word("a b").as_deref(), Some("'a b'"));
        assert_eq!((Posix.word("a\0b"), Posix.word("")), (None, Some("''".to_owned())));
    }

    #[test]
    fn double_quotes_hold_only_what_cmd_and_powershell_read_alike() {
        for sign in ['"', '$', '`', '%', '!', '^'] {
            let value = format!("a {sign} b");
            assert_eq!(PowerShell.word(&value), Some(format!("'{value}'")));
        }
        for value in ["a b", "a'b", "a;b", "a&b", "a|b", "(a)", "{a}", "@a", "#a", "a\\ b"] {
            assert_eq!(PowerShell.word(value), Some(format!("\"{value}\"")));
        }
        for value in ["a", "é9", "-p", "a.b", "a_b", "~", "/a", "a\\b", "C:", "a=b", "a+b"] {
            assert_eq!(PowerShell.word(value).as_deref(), Some(value));
        }
        assert_eq!(PowerShell.word("a b\\").as_deref(), Some("'a b\\'"));
    }

    #[test]
    fn variables_and_processes_have_their_words() {
        assert_eq!(PowerShell.assignment("X", r"C:\it's"), r"$env:X = 'C:\it''s'");
        assert_eq!(Posix.assignment("X", "/a b"), "export X='/a b'");
        assert_eq!(format!("{}12", PowerShell.end_process()), "taskkill /F /PID 12");
        assert_eq!(format!("{}X", PowerShell.unset()), "Remove-Item Env:X");
        assert_eq!(PowerShell.printed("SECRET"), "$env:SECRET");
        assert_eq!(Posix.assignment("X", "it's"), r"export X='it'\''s'");
        assert_eq!(format!("{}12 {}X", Posix.end_process(), Posix.unset()), "kill 12 unset X");
        assert_eq!(Posix.printed("SECRET"), "printf %s \"$SECRET\"");
    }

    #[test]
    fn examples_are_turned_into_those_of_powershell() {
        let text = "Examples:\n  eval $(cogtok token m2m -p ws --export)\n  printf %s \"$SECRET\" | cogtok secret set m2m-client -p ws\n  cogtok secret init ~/.config/cogtok/identity.txt";
        let expected = "Examples:\n  cogtok token m2m -p ws --export=powershell | Out-String | Invoke-Expression\n  $env:SECRET | cogtok secret set m2m-client -p ws\n  cogtok secret init $HOME\\cogtok-identity.txt";
        assert_eq!(PowerShell.example(text), expected);
        assert_eq!(Posix.example(text), text);
    }
}
