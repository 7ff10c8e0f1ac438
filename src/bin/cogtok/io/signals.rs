//! How the process ends early: signals and panics. The terminal's modes are restored and an export fails as it should.

#[cfg(unix)]
mod ending;
#[cfg(unix)]
pub mod exec_handoff;
mod heir;

use std::ffi::OsString;
#[cfg(unix)]
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError, mpsc};
use std::time::Duration;

use cogtok::error::Kind;
#[cfg(unix)]
use signal_hook::iterator::Handle;

use crate::io::shell::ExportFailure;
use crate::io::{progress, terminal};

pub use heir::start_heir;

/// The output of a failing export.
static TO_FAIL: Mutex<Option<ExportFailure>> = Mutex::new(None);

/// The exit code for every failure; 0 means the failure's own.
static EXIT_CODE: AtomicU8 = AtomicU8::new(0);

/// The exit code of `exec` where it is cogtok that failed, and not the command.
const EXEC_FAILED: u8 = 125;

/// Whether a program that was started here has the terminal, and with it Ctrl-C.
static IS_LENT: AtomicBool = AtomicBool::new(false);

/// An action before a signal or a panic ends the process.
static LAST_DEED: Mutex<Option<fn()>> = Mutex::new(None);

/// A message when a signal ends the process.
static LAST_WORDS: Mutex<Option<String>> = Mutex::new(None);

/// Whether the first interruption lets running work finish.
static IS_PATIENT: AtomicBool = AtomicBool::new(false);

/// Whether such an interruption came.
static IS_STOPPING: AtomicBool = AtomicBool::new(false);

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets up what must hold from the start: no core file, a panic that only reports its place, and the failing line of an export, even for a
/// malformed command line. `is_exec` says whether the command is `exec`.
pub fn prepare(args: &[OsString], is_exec: bool) {
    *locked(&TO_FAIL) = ExportFailure::of(args);
    if is_exec {
        fail_as(EXEC_FAILED);
    }
    #[cfg(unix)]
    exec_handoff::prepare();
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
        terminal::complain(&format!("this is a bug in cogtok{place}; please report it"));
        end(exit_code(Kind::Failure));
    }));
}

/// Narrows the variables that a failing export empties to those of this token.
pub fn fail_with(name: &str) {
    if let Some(failing) = locked(&TO_FAIL).as_mut() {
        failing.narrow(name);
    }
}

/// Gives every failure from now on this exit code.
pub fn fail_as(code: u8) {
    EXIT_CODE.store(code, Ordering::Relaxed);
}

/// The exit code of a failure of this kind.
pub fn exit_code(kind: Kind) -> u8 {
    match (EXIT_CODE.load(Ordering::Relaxed), kind) {
        // An interruption is not a failure of cogtok.
        (0, kind) | (_, kind @ (Kind::Interrupted | Kind::Terminated)) => kind.exit_code(),
        (code, _) => code,
    }
}

/// Whether the command line is that of `exec`.
pub fn is_exec() -> bool {
    EXIT_CODE.load(Ordering::Relaxed) == EXEC_FAILED
}

/// Sets the message for when a signal ends the process.
pub fn set_last_words(words: Option<String>) {
    *locked(&LAST_WORDS) = words;
}

/// Sets the action before a signal or a panic ends the process.
pub fn set_last_deed(deed: fn()) {
    *locked(&LAST_DEED) = Some(deed);
}

/// The line that makes an `eval` fail with this code; `None` if no such export was requested.
pub fn failing_line(code: u8) -> Option<String> {
    locked(&TO_FAIL).as_ref().map(|failing| failing.line(code))
}

/// Lets running work finish after a first Ctrl-C, see [`is_stopping`]; a second one ends the process.
pub fn set_patient(is_patient: bool) {
    watch();
    IS_PATIENT.store(is_patient, Ordering::SeqCst);
}

/// Whether nothing more is to be begun.
pub fn is_stopping() -> bool {
    IS_STOPPING.load(Ordering::SeqCst)
}

/// Whether a Ctrl-C waits for what is under way.
fn waits() -> bool {
    let waits = IS_PATIENT.load(Ordering::SeqCst) && !IS_STOPPING.swap(true, Ordering::SeqCst);
    if waits {
        terminal::note("stopping after the requests that are under way; Ctrl-C again ends at once");
    }
    waits
}

/// Handles signals from now on. A cached token is served without.
pub fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(start_watching);
}

/// As [`watch`], with every signal that would end the process: where the terminal is not as it was, or a child is to have them. To watch
/// them all takes longer than a request.
pub fn watch_all() {
    watch();
    #[cfg(unix)]
    watch_others();
}

/// Runs `work`, in which another program has the terminal: Ctrl-C is that program's.
pub fn lending_terminal<T>(work: impl FnOnce() -> T) -> T {
    watch_all();
    IS_LENT.store(true, Ordering::SeqCst);
    let result = work();
    #[cfg(unix)]
    [signal_hook::consts::SIGINT, signal_hook::consts::SIGQUIT].into_iter().for_each(exec_handoff::await_handled);
    IS_LENT.store(false, Ordering::SeqCst);
    result
}

/// Ends the process with [`Kind::Network`] and this message after `time`, unless the result is dropped before.
pub fn end_after(time: Duration, words: &str) -> mpsc::Sender<()> {
    let (sender, receiver) = mpsc::channel();
    let words = words.to_owned();
    let _ = std::thread::Builder::new().name("watchdog".to_owned()).spawn(move || {
        if receiver.recv_timeout(time) == Err(mpsc::RecvTimeoutError::Timeout) {
            terminal::complain(&words);
            end(exit_code(Kind::Network));
        }
    });
    sender
}

/// Whether a shell lets this process have the terminal, and so waits for it to end or stop.
#[cfg(unix)]
pub fn has_terminal() -> bool {
    let of_terminal = std::fs::File::open("/dev/tty").ok().and_then(|tty| rustix::termios::tcgetpgrp(tty).ok());
    of_terminal.is_some_and(|group| group == rustix::process::getpgrp())
}

/// Stops this process until it is continued, as Ctrl-Z does.
#[cfg(unix)]
pub fn stop() {
    let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP);
}

/// Adds signals to those that are handled.
#[cfg(unix)]
static WATCHING: OnceLock<Handle> = OnceLock::new();

#[cfg(unix)]
fn watch_others() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let Some(watching) = WATCHING.get() else { return };
        let others: Vec<i32> = ending::others().filter(|signal| !exec_handoff::is_ignored(*signal)).collect();
        exec_handoff::watch(&others);
        for other in others {
            let _ = watching.add_signal(other);
        }
    });
}

#[cfg(unix)]
fn start_watching() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGTSTP};
    use signal_hook::iterator::SignalsInfo;
    use signal_hook::iterator::exfiltrator::WithOrigin;
    let mut watched = vec![SIGHUP, SIGINT, SIGTERM, SIGTSTP];
    // A signal that was ignored at the start stays ignored: `nohup`, and background jobs of a shell.
    watched.retain(|signal| !exec_handoff::is_ignored(*signal));
    exec_handoff::watch(&watched);
    let Ok(mut signals) = SignalsInfo::<WithOrigin>::new(watched) else { return };
    let _ = WATCHING.set(signals.handle());
    let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for origin in signals.forever() {
            let signal = origin.signal;
            if signal == SIGTSTP {
                let asking = terminal::restore_modes();
                stop();
                if let Some(question) = terminal::resume_asking(asking) {
                    terminal::show(&question);
                }
                continue;
            }
            if heir::is_left_to_it(&origin) {
                exec_handoff::handled(signal);
                continue;
            }
            if heir::hand_on(signal) {
                continue;
            }
            if signal == SIGINT && waits() {
                continue;
            }
            let was_asking = terminal::restore_modes().is_some();
            if let Some(words) = locked(&LAST_WORDS).as_ref() {
                terminal::complain(words);
            } else if was_asking {
                terminal::new_line();
            }
            let code = ending::exit_code(signal);
            settle(code);
            if !matches!(signal, SIGHUP | SIGINT | SIGTERM) {
                ending::by_default(signal);
            }
            exit(code);
        }
    });
}

/// The console tells of Ctrl-C and Ctrl-Break.
#[cfg(windows)]
fn start_watching() {
    use tokio::signal::windows::{ctrl_break, ctrl_c};
    let (sender, receiver) = mpsc::channel();
    let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { return };
        runtime.block_on(async {
            let (Ok(mut interrupted), Ok(mut broken)) = (ctrl_c(), ctrl_break()) else { return };
            let _ = sender.send(());
            loop {
                tokio::select! {
                    _ = interrupted.recv() => {}
                    _ = broken.recv() => {}
                }
                if IS_LENT.load(Ordering::SeqCst) || waits() {
                    continue;
                }
                let was_asking = terminal::restore_modes().is_some();
                if let Some(words) = locked(&LAST_WORDS).as_ref() {
                    terminal::complain(words);
                } else if was_asking {
                    terminal::new_line();
                }
                end(Kind::Interrupted.exit_code());
            }
        });
    });
    // From here on no signal is missed. Without a thread, the sender is gone.
    let _ = receiver.recv();
}

/// Ends the process with the code of a child that ran in its place.
#[expect(clippy::disallowed_methods, reason = "a child's exit code has more than eight bits on this system")]
pub fn end_as(code: i32) -> ! {
    std::process::exit(code)
}

fn end(code: u8) -> ! {
    settle(code);
    exit(code)
}

#[expect(clippy::disallowed_methods, reason = "a signal or a panic ends the process from here and nowhere else")]
fn exit(code: u8) -> ! {
    std::process::exit(i32::from(code))
}

/// Leaves the terminal, the run's files and the export as they should be when the process ends with this code.
fn settle(code: u8) {
    terminal::restore_modes();
    progress::erase();
    let deed = locked(&LAST_DEED).take();
    if let Some(deed) = deed {
        deed();
    }
    if let Some(line) = failing_line(code) {
        terminal::last_data(&line);
    }
}
