//! Options that do not exist because they would show a secret in the process list, and what to do instead: in the command that runs.

use std::ffi::OsString;

use cogtok::error::{Error, Result};

use super::command_tree;

/// Refuses a line with such an option.
///
/// # Errors
/// [`Kind::Usage`](cogtok::error::Kind::Usage) without the value.
pub fn check(args: &[OsString]) -> Result<()> {
    for arg in args.iter().skip(1).map(|arg| arg.to_string_lossy()).take_while(|arg| arg != "--") {
        let option = arg.split_once('=').map_or(&*arg, |(option, _)| option);
        let Some(instead) = instead(option) else { continue };
        let (path, command) = command_tree::named(args);
        let words: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
        let has_owner = command.get_arguments().any(|argument| argument.get_long() == Some("as"));
        let is_of_user = words.iter().any(|word| *word == "--as=user" || word.starts_with("--username"))
            || words.windows(2).any(|pair| pair[0] == "--as" && pair[1] == "user");
        let line = Line { path: path.trim_start_matches("cogtok").trim_start(), has_owner, is_of_user };
        return Err(Error::usage(format!(
            "cogtok has no `{option}`: every user of this machine can read a command line"
        ))
        .hint(instead(&line))
        .hint("if that was a real secret, change it: your shell's history may contain it"));
    }
    Ok(())
}

/// What matters of the line.
struct Line<'a> {
    /// The command's path, without `cogtok`.
    path: &'a str,
    /// Whether the command takes a user's token or a machine's.
    has_owner: bool,
    /// Whether it says that it takes a user's.
    is_of_user: bool,
}

impl Line<'_> {
    fn is_any_of(&self, paths: &[&str]) -> bool {
        paths
            .iter()
            .any(|path| self.path == *path || self.path.strip_prefix(path).is_some_and(|rest| rest.starts_with(' ')))
    }
}

fn instead(option: &str) -> Option<fn(&Line<'_>) -> &'static str> {
    Some(match option {
        "--password" => password,
        "--new-password" => new_password,
        "--client-secret" => client_secret,
        "--m2m-client-secret" => |_| OF_MACHINE,
        "--user-client-secret" => |_| OF_USERS,
        "--secret" => |_| "`cogtok secret set KIND{p}` reads it from standard input or asks for it",
        "--passphrase" => |_| "`--passphrase-stdin` reads it from standard input || COGTOK_PASSPHRASE supplies it",
        "--refresh-token" => |_| "secrets are read from standard input or asked for",
        _ => return None,
    })
}

const OF_MACHINE: &str = "`cogtok secret set m2m-client{p}` stores it || `--client-secret-stdin` reads it || COGTOK_M2M_CLIENT_SECRET supplies it";

const OF_USERS: &str = "`cogtok secret set user-client{p}` stores it, COGTOK_USER_CLIENT_SECRET supplies it";

fn password(line: &Line<'_>) -> &'static str {
    match line.path {
        "token user" => {
            "`--password-stdin` reads it from standard input, COGTOK_PASSWORD from the environment; without either it is asked for"
        }
        "user create" | "user set-password" => {
            "`--password-stdin` reads it from standard input; without that option cogtok makes a password"
        }
        "login" => "type it at the pool's sign-in page, which the browser shows",
        _ if line.is_any_of(&["sign-up", "password confirm"]) => {
            "`--password-stdin` reads it from standard input; without that option cogtok asks for it"
        }
        "password change" => {
            "`--passwords-stdin` reads the current and the new one from standard input; without that option cogtok asks for both"
        }
        "aws-credentials" => SIGNS_IN,
        _ if line.has_owner => SIGNS_IN,
        _ if line.is_any_of(&["init", "profile", "secret"]) => "`cogtok secret set password{p}` stores it",
        _ => "leave it out: this command needs no password",
    }
}

const SIGNS_IN: &str = "COGTOK_PASSWORD supplies it, `cogtok secret set password{p}` stores it";

fn new_password(line: &Line<'_>) -> &'static str {
    match line.path {
        "token user" => "`--new-password-stdin` reads it from standard input; without that option cogtok asks for it",
        "user create" | "user set-password" | "password change" | "password confirm" => password(line),
        _ if line.is_any_of(&["sign-up"]) => password(line),
        _ => "leave it out: this command sets no password",
    }
}

fn client_secret(line: &Line<'_>) -> &'static str {
    let users = ["token user", "token revoke", "login", "logout", "sign-up", "password", "aws-credentials"];
    if line.is_any_of(&users) || line.has_owner && line.is_of_user {
        OF_USERS
    } else if line.is_any_of(&["token m2m"]) {
        OF_MACHINE
    } else {
        "store it: `cogtok secret set m2m-client{p}` for a machine's client, `cogtok secret set user-client{p}` for that of users"
    }
}
