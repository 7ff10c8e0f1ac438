//! `cogtok exec`: a command with the token in its environment.

mod renew;

use std::ffi::OsString;
use std::io;
use std::process::Command;

use clap::Args;
use clap_complete::ArgValueCompleter;
use cogtok::error::{Error, Result};
use cogtok::secret;
use cogtok::settings::types::VarName;

use crate::app::App;
use crate::args::token_args::TokenArgs;
use crate::commands::child_command;
use crate::completion;
use crate::io::external_program;
use crate::io::shell::{default_name, end_name};
use crate::io::signals;
use crate::services::bedrock_key;

/// Run a command with the token in its environment
///
/// The command gets COGTOK_ACCESS_TOKEN, or COGTOK_ID_TOKEN, and when the token expires, in Unix seconds, in the same
/// variable with _EXPIRES_AT after its name. The command replaces cogtok: signals and the exit code are its own. cogtok
/// does not pass on the variables that contain passwords and client secrets. The token is not renewed while the command
/// runs: with `--min-validity` you say how long that takes.
///
/// With --renew, cogtok stays until the command ends, hands signals on to it and ends with its exit code. COGTOK_TOKEN_FILE names
/// a private file that always contains a fresh token: read it before each request. cogtok replaces the token before it expires.
/// The variables keep the first token. cogtok asks for nothing while the command runs.
///
/// If cogtok can't get a token or fails otherwise, the exit code is 125. It is 127 if there is no such command, and 126
/// if it can't be run.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok exec --as m2m -p ws -- ./call-the-api.sh\n  \
    cogtok exec --as user --token id --env-var ID_TOKEN -- python3 client.py\n  \
    cogtok exec -p ws --min-validity 30m -- make load-test\n  \
    cogtok exec -p ws --renew -- ./all-night.sh")]
pub struct Exec {
    #[command(flatten)]
    source: TokenArgs,
    /// The variable to set instead of COGTOK_ACCESS_TOKEN or COGTOK_ID_TOKEN
    #[arg(long, value_name = "NAME")]
    env_var: Option<String>,
    /// Keep a fresh token in the file that COGTOK_TOKEN_FILE names, as long as the command runs
    #[arg(long)]
    renew: bool,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND", add = ArgValueCompleter::new(completion::commands))]
    command: Vec<OsString>,
}

pub fn run(app: &App, args: &Exec) -> Result<()> {
    // Typed-ahead input is for the command.
    app.offer_nothing();
    app.output(&[crate::app::options::Output::Text])?;
    args.env_var.as_ref().map(|name| name.parse::<VarName>()).transpose()?;
    let Some((program, arguments)) = args.command.split_first() else {
        return Err(Error::usage("there is no command to run"));
    };
    let got = args.source.get(app)?;
    let token = got.token()?;
    let name = args.env_var.as_deref().unwrap_or(default_name(got.kind()));
    bedrock_key::warn_of(name);
    let mut command = Command::new(program);
    command.args(arguments);
    for variable in secret::VARIABLES {
        command.env_remove(variable);
    }
    command.env(name, token.value.expose());
    match token.expires_at {
        Some(end) => command.env(end_name(name), end.to_string()),
        // A variable from an outer `exec` would be wrong.
        None => command.env_remove(end_name(name)),
    };
    if args.renew {
        return renew::run(app, &args.source, &got, command);
    }
    // The file of an outer `exec` may be gone.
    command.env_remove(renew::VARIABLE);
    Err(child_command::not_run(program, &become_it(command)))
}

/// Becomes the command: nothing of this process is left. Comes back with the reason why it could not.
#[cfg(unix)]
fn become_it(mut command: Command) -> io::Error {
    use std::os::unix::process::CommandExt;
    signals::exec_handoff::make_way();
    let why = command.exec();
    match external_program::by_shell(&command, &why) {
        Some(mut by_shell) => by_shell.exec(),
        None => why,
    }
}

/// Waits for the command where a process can't become another one, and ends as it did. Ctrl-C is the command's, which hears
/// of it from the console.
#[cfg(windows)]
fn become_it(command: Command) -> io::Error {
    let Some(mut command) = external_program::typed(&command) else { return io::ErrorKind::NotFound.into() };
    match signals::lending_terminal(|| command.status()) {
        Ok(status) => signals::end_as(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}
