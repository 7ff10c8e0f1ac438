//! A command that this process outlives, to end as it does.

use std::ffi::OsStr;
use std::io;
use std::process::{Child, Command};

use cogtok::error::{Error, Kind, printable};

#[cfg(unix)]
use crate::io::external_program;
use crate::io::signals;

#[cfg(windows)]
const NOT_FOUND: &str = "check the spelling and PATH; `echo` and the like belong to cmd: -- cmd /c echo";
#[cfg(not(windows))]
const NOT_FOUND: &str = "check the spelling and PATH; for a script, the interpreter in its first line";

#[cfg(windows)]
const NOT_RUN: &str = "check that it is a program; for a script, name what runs it: -- powershell -File script.ps1";
#[cfg(not(windows))]
const NOT_RUN: &str = "check that it is a program and that you may run it";

/// Starts it. From now on signals are its own; when it ends, `last_deed` is done and this process ends with its exit code.
///
/// # Errors
/// Why it can't be run, or waited for.
pub fn start(mut command: Command, last_deed: fn()) -> io::Result<()> {
    let mut child = signals::start_heir(|| spawn(&mut command))?;
    let waiter = std::thread::Builder::new().name("child".to_owned()).spawn(move || {
        let code = wait(&mut child);
        last_deed();
        signals::end_as(code)
    });
    waiter.map(drop)
}

/// The error for a command that could not be run. cogtok ends with the exit code that shells use.
pub fn not_run(program: &OsStr, why: &io::Error) -> Error {
    let shown = printable(&program.to_string_lossy(), 200);
    let (code, hint) = match why.kind() {
        io::ErrorKind::NotFound => (127, NOT_FOUND),
        _ => (126, NOT_RUN),
    };
    signals::fail_as(code);
    Error::new(Kind::Failure, format!("`{shown}` can't be run: {why}")).hint(hint)
}

#[cfg(unix)]
fn spawn(command: &mut Command) -> io::Result<Child> {
    signals::exec_handoff::with_callers_limits(|| {
        command.spawn().or_else(|why| match external_program::by_shell(command, &why) {
            Some(mut by_shell) => by_shell.spawn(),
            None => Err(why),
        })
    })
}

#[cfg(not(unix))]
fn spawn(command: &mut Command) -> io::Result<Child> {
    command.spawn()
}

/// Waits for the end, and returns the exit code as a shell has it. Where the command alone is stopped, as by Ctrl-Z in a program that reads
/// each key, this process stops as well: else the shell would never get the terminal back. Without one, the command's state is nobody's
/// business but its own.
#[cfg(unix)]
fn wait(child: &mut Child) -> i32 {
    use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
    let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else { return 1 };
    loop {
        match waitpid(Some(pid), WaitOptions::UNTRACED) {
            Ok(Some((_, status))) if status.stopped() => {
                if signals::has_terminal() && !goes_on(pid) {
                    signals::stop();
                    let _ = kill_process(pid, Signal::CONT);
                }
            }
            Ok(Some((_, status))) => {
                let signal = status.terminating_signal().map(|signal| 128 + signal);
                return status.exit_status().or(signal).unwrap_or(1);
            }
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return 1,
        }
    }
}

/// Whether a stopped command goes on by itself: after Ctrl-Z and `fg` this process may go on a moment before it.
#[cfg(unix)]
fn goes_on(pid: rustix::process::Pid) -> bool {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    let changes = WaitIdOptions::CONTINUED | WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    (0..20).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(5));
        matches!(waitid(WaitId::Pid(pid), changes), Ok(Some(_)))
    })
}

#[cfg(not(unix))]
fn wait(child: &mut Child) -> i32 {
    child.wait().ok().and_then(|status| status.code()).unwrap_or(1)
}
