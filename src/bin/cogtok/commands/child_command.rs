//! A command that this process outlives, to end as it does.

use std::io;
use std::process::{Command, ExitStatus};

use crate::io::signals;

/// Starts it. From now on signals are its own; when it ends, `last_deed` is done and this process ends with its exit code.
///
/// # Errors
/// Why it can't be run, or waited for.
pub fn start(mut command: Command, last_deed: fn()) -> io::Result<()> {
    let mut child = signals::start_heir(|| spawn(&mut command))?;
    let waiter = std::thread::Builder::new().name("child".to_owned()).spawn(move || {
        let code = child.wait().map_or(1, exit_code);
        last_deed();
        signals::end_as(code)
    });
    waiter.map(drop)
}

#[cfg(unix)]
fn spawn(command: &mut Command) -> io::Result<std::process::Child> {
    signals::exec_handoff::with_callers_limits(|| command.spawn())
}

#[cfg(not(unix))]
fn spawn(command: &mut Command) -> io::Result<std::process::Child> {
    command.spawn()
}

/// As a shell has it.
fn exit_code(status: ExitStatus) -> i32 {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal: Option<i32> = None;
    status.code().or(signal.map(|signal| 128 + signal)).unwrap_or(1)
}
