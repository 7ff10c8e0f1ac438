//! The command that this process outlives: a signal that is sent to this process is the command's.

use std::process::Child;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process};
#[cfg(unix)]
use signal_hook::iterator::SignalsInfo;
#[cfg(unix)]
use signal_hook::iterator::exfiltrator::WithOrigin;
#[cfg(unix)]
use signal_hook::low_level::siginfo::Origin;

use super::{IS_LENT, watch_all};
#[cfg(unix)]
use super::{ending, exec_handoff};

/// The process that gets the signals which would end this one, or 0.
static HEIR: AtomicI32 = AtomicI32::new(0);

/// Whether that process is being started.
static IS_NEAR: AtomicBool = AtomicBool::new(false);

/// Starts a child with `start` and hands signals on to it, including those that arrive during the start. What a key of the terminal sends,
/// Ctrl-C and Ctrl-\, the child gets from there: this process ends after it.
///
/// # Errors
/// The errors of `start`.
pub fn start_heir(start: impl FnOnce() -> std::io::Result<Child>) -> std::io::Result<Child> {
    IS_NEAR.store(true, Ordering::SeqCst);
    watch_all();
    #[cfg(unix)]
    watch_for_heir();
    let started = start();
    if let Ok(child) = &started {
        IS_LENT.store(true, Ordering::SeqCst);
        HEIR.store(i32::try_from(child.id()).unwrap_or_default(), Ordering::SeqCst);
    }
    IS_NEAR.store(false, Ordering::SeqCst);
    started
}

/// The signals that matter only to a child.
#[cfg(unix)]
fn watch_for_heir() {
    let watched = ending::harmless().filter(|signal| !exec_handoff::is_ignored(*signal));
    let Ok(mut signals) = SignalsInfo::<WithOrigin>::new(watched) else { return };
    let _ = std::thread::Builder::new().name("heir".to_owned()).spawn(move || {
        signals.forever().filter(|origin| !is_of_terminal(origin)).for_each(|origin| {
            hand_on(origin.signal);
        });
    });
}

/// Whether the terminal sent it, and so to the child as well.
#[cfg(unix)]
fn is_of_terminal(origin: &Origin) -> bool {
    use signal_hook::consts::{SIGINT, SIGQUIT, SIGWINCH};
    let is_key = matches!(origin.signal, SIGINT | SIGQUIT | SIGWINCH);
    // Ctrl-T.
    #[cfg(any(target_vendor = "apple", target_os = "freebsd", target_os = "openbsd", target_os = "netbsd"))]
    let is_key = is_key || origin.signal == Signal::INFO.as_raw();
    is_key && origin.process.is_none()
}

/// Whether this process caused it, as by a write beyond the limit for files.
#[cfg(unix)]
fn is_own(origin: &Origin) -> bool {
    let own = i32::try_from(std::process::id()).ok();
    origin.process.is_some_and(|sender| Some(sender.pid) == own)
}

/// Whether a signal is not this process's: the program that has the terminal got it from there, or it is only the echo of a call that
/// failed.
#[cfg(unix)]
pub fn is_left_to_it(origin: &Origin) -> bool {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    let is_lent = !IS_NEAR.load(Ordering::SeqCst) && IS_LENT.load(Ordering::SeqCst);
    match origin.signal {
        SIGINT => is_lent && (is_of_terminal(origin) || HEIR.load(Ordering::SeqCst) == 0),
        SIGQUIT if is_of_terminal(origin) => is_lent,
        SIGHUP | SIGTERM => false,
        _ => is_own(origin),
    }
}

/// Sends a signal to the child, where there is one.
#[cfg(unix)]
pub fn hand_on(signal: i32) -> bool {
    while IS_NEAR.load(Ordering::SeqCst) {
        std::thread::park_timeout(std::time::Duration::from_millis(1));
    }
    let heir = Pid::from_raw(HEIR.load(Ordering::SeqCst));
    let Some((heir, signal)) = heir.zip(Signal::from_named_raw(signal)) else { return false };
    let _ = kill_process(heir, signal);
    true
}
