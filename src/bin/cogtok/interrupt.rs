//! How the process ends early: signals and panics. The terminal's modes are restored and an export fails as it should.

use std::ffi::OsString;
use std::sync::{Mutex, MutexGuard, Once, PoisonError, mpsc};
use std::time::Duration;

use cogtok::error::{Kind, Result};

use crate::{shell, terminal};

/// The variables that a failing export empties.
static TO_FAIL: Mutex<Option<Vec<String>>> = Mutex::new(None);

/// What to say when a signal ends the process.
static LAST_WORDS: Mutex<Option<String>> = Mutex::new(None);

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets up what must hold before anything else: no core file, a panic that says where and nothing more, and the
/// failing line of an export, which a malformed command line gets too.
pub fn prepare(args: Vec<OsString>) -> Result<Vec<OsString>> {
    *locked(&TO_FAIL) = shell::names_to_fail(&args);
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        // Whatever the shell's umask: what is written here is for this user alone, and for this user in any case.
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
        // A core file would hold secrets. That it can't be forbidden here is no reason to stop.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
        terminal::complain(&format!("this is a bug in cogtok{place}; please report it"));
        end(Kind::Failure.exit_code());
    }));
    Ok(args)
}

/// Narrows the variables that a failing export empties to this one.
pub fn fail_with(name: &str) {
    if let Some(names) = locked(&TO_FAIL).as_mut() {
        *names = vec![name.to_owned()];
    }
}

/// What to say when a signal ends the process from now on.
pub fn set_last_words(words: Option<String>) {
    *locked(&LAST_WORDS) = words;
}

/// The line that makes an `eval` fail with this code; none where no such export was asked for.
pub fn failing_line(code: u8) -> Option<String> {
    locked(&TO_FAIL).as_ref().map(|names| shell::failing_line(names, code))
}

/// Handles signals from now on. A cached token is served without.
pub fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(start_watching);
}

/// Ends the process with [`Kind::Network`] and these words after `time`, unless what this gives is dropped before.
pub fn end_after(time: Duration, words: &str) -> mpsc::Sender<()> {
    let (sender, receiver) = mpsc::channel();
    let words = words.to_owned();
    let _ = std::thread::Builder::new().name("watchdog".to_owned()).spawn(move || {
        if receiver.recv_timeout(time) == Err(mpsc::RecvTimeoutError::Timeout) {
            terminal::complain(&words);
            end(Kind::Network.exit_code());
        }
    });
    sender
}

#[cfg(unix)]
fn start_watching() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGTSTP};
    use signal_hook::iterator::Signals;
    let Ok(mut signals) = Signals::new([SIGHUP, SIGINT, SIGTERM, SIGTSTP]) else { return };
    let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            if signal == SIGTSTP {
                let asking = terminal::restore_modes();
                let _ = signal_hook::low_level::emulate_default_handler(signal);
                terminal::resume_asking(asking);
                continue;
            }
            let was_asking = terminal::restore_modes().is_some();
            if let Some(words) = locked(&LAST_WORDS).as_ref() {
                terminal::complain(words);
            } else if was_asking {
                terminal::new_line();
            }
            end(match signal {
                SIGINT => Kind::Interrupted.exit_code(),
                SIGTERM => Kind::Terminated.exit_code(),
                other => 128u8.saturating_add(u8::try_from(other).unwrap_or_default()),
            });
        }
    });
}

#[cfg(not(unix))]
fn start_watching() {}

#[expect(clippy::disallowed_methods, reason = "a signal or a panic ends the process from here and nowhere else")]
fn end(code: u8) -> ! {
    terminal::restore_modes();
    if let Some(line) = failing_line(code) {
        terminal::last_data(&line);
    }
    std::process::exit(i32::from(code))
}
