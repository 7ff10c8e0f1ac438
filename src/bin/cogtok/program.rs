//! Other people's programs that people name in variables: found by their absolute places, and run without our secrets.

use std::ffi::OsString;
use std::process::Command;

use cogtok::secret::VARIABLES;

use crate::env;

/// The command in a variable such as BROWSER or EDITOR: words as a shell has them. No shell runs it.
pub fn named(words: &str) -> Option<Command> {
    let words = shlex::split(words)?;
    let (program, arguments) = words.split_first()?;
    let mut command = Command::new(program);
    command.args(arguments);
    Some(command)
}

/// The same with its program found in the absolute directories of PATH: one that lies in the current directory is not run.
#[cfg(unix)]
pub fn resolved(command: &Command) -> Option<Command> {
    let name = std::path::Path::new(command.get_program());
    let program = if name.is_absolute() {
        name.to_path_buf()
    } else if name.components().count() == 1 {
        let path = env::var("PATH")?;
        let dirs = std::env::split_paths(&path).filter(|dir| dir.is_absolute());
        dirs.map(|dir| dir.join(name)).find(|program| program.is_file())?
    } else {
        return None;
    };
    let mut found = Command::new(program);
    found.args(command.get_args().map(OsString::from));
    Some(found)
}

#[cfg(not(unix))]
pub fn resolved(command: &Command) -> Option<Command> {
    let mut found = Command::new(command.get_program());
    found.args(command.get_args().map(OsString::from));
    Some(found)
}

/// Takes our secrets out of what the program gets.
pub fn withhold_secrets(command: &mut Command) {
    for name in VARIABLES {
        command.env_remove(name);
    }
}
