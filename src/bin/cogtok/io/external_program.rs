//! Other people's programs that people name in variables: found by their absolute places, and run without our secrets.

use std::path::{Path, PathBuf};
use std::process::Command;

use cogtok::secret::VARIABLES;

use crate::env;

/// The command in a variable such as BROWSER or EDITOR, split like a shell would. No shell runs it.
pub fn named(words: &str) -> Option<Command> {
    let words = split(words)?;
    let (program, arguments) = words.split_first()?;
    let mut command = Command::new(program);
    command.args(arguments);
    Some(command)
}

#[cfg(not(windows))]
fn split(words: &str) -> Option<Vec<String>> {
    shlex::split(words)
}

/// Splits like Windows: a backslash separates directories, and a path with spaces needs no quotes.
#[cfg(windows)]
fn split(words: &str) -> Option<Vec<String>> {
    if Path::new(words).is_file() { Some(vec![words.to_owned()]) } else { shlex::split(&words.replace('\\', "\\\\")) }
}

/// The same with its program found in the absolute directories of PATH: one that lies in the current directory is not run.
pub fn resolved(command: &Command) -> Option<Command> {
    let name = Path::new(command.get_program());
    let program = match (name.is_absolute(), name.components().count()) {
        (true, _) => at(name)?,
        (false, 1) => in_path(name)?,
        _ => return None,
    };
    Some(with_program(command, &program))
}

/// The same as the person who typed it means it: a program of PATH, or one by its place, seen from here.
#[cfg(windows)]
pub fn typed(command: &Command) -> Option<Command> {
    let name = Path::new(command.get_program());
    let program = match name.components().count() {
        1 => in_path(name)?,
        _ => at(&std::path::absolute(name).ok()?)?,
    };
    Some(with_program(command, &program))
}

#[cfg(not(windows))]
fn at(place: &Path) -> Option<PathBuf> {
    Some(place.to_path_buf())
}

#[cfg(not(windows))]
fn in_path(name: &Path) -> Option<PathBuf> {
    let path = env::var("PATH")?;
    let dirs = std::env::split_paths(&path).filter(|dir| dir.is_absolute());
    dirs.map(|dir| dir.join(name)).find(|program| program.is_file())
}

/// A program may be named without its ending: PATHEXT has those that Windows tries.
#[cfg(windows)]
fn at(place: &Path) -> Option<PathBuf> {
    which::which_in(place, None::<&str>, "").ok()
}

#[cfg(windows)]
fn in_path(name: &Path) -> Option<PathBuf> {
    let path = env::var("PATH")?;
    let dirs = std::env::split_paths(&path).filter(|dir| dir.is_absolute());
    which::which_in(name, std::env::join_paths(dirs).ok(), "").ok()
}

/// The command that runs a script without `#!`: the system can't run it, and `execvp` has the shell do so. `None` where it could not be
/// run for another reason.
#[cfg(unix)]
pub fn by_shell(command: &Command, why: &std::io::Error) -> Option<Command> {
    if why.raw_os_error() != Some(rustix::io::Errno::NOEXEC.raw_os_error()) {
        return None;
    }
    let name = Path::new(command.get_program());
    let may_run = |file: &PathBuf| file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok();
    let script = if command.get_program().as_encoded_bytes().contains(&b'/') {
        name.to_path_buf()
    } else {
        let path = env::raw("PATH")?;
        std::env::split_paths(&path).map(|dir| dir.join(name)).find(may_run)?
    };
    // The shell reads no name as an option, and looks for none in PATH.
    let script = if script.is_absolute() { script } else { Path::new(".").join(script) };
    let mut shell = Command::new("/bin/sh");
    shell.arg(script);
    Some(with_rest(shell, command))
}

/// The same command with another program: an opener may get the address in a variable.
fn with_program(command: &Command, program: &Path) -> Command {
    with_rest(Command::new(program), command)
}

/// The command with the arguments, the directory and the variables of the other as well.
fn with_rest(mut found: Command, command: &Command) -> Command {
    found.args(command.get_args());
    if let Some(dir) = command.get_current_dir() {
        found.current_dir(dir);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => found.env(name, value),
            None => found.env_remove(name),
        };
    }
    found
}

/// Removes cogtok's secrets from the program's environment.
pub fn withhold_secrets(command: &mut Command) {
    for name in VARIABLES {
        command.env_remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_with_another_program_is_the_same_in_all_else() {
        let mut command = Command::new("sh");
        command.args(["-c", "x y"]).env("GIVEN", "a").env_remove("GONE").current_dir("/");
        let found = with_program(&command, Path::new("/bin/sh"));
        assert_eq!(found.get_program(), "/bin/sh");
        assert!(found.get_args().eq(["-c", "x y"]));
        assert!(found.get_envs().eq(command.get_envs()) && found.get_envs().count() == 2);
        assert_eq!(found.get_current_dir(), Some(Path::new("/")));
    }
}
