//! How this process becomes another one: what it changed about itself is as it was, and no signal is lost on the way.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};

static BEFORE: OnceLock<(Mode, Rlimit)> = OnceLock::new();

/// The last signal that came, or 0, and whether this process is about to become another one. Between the two no signal can
/// fall: one that comes before `LEAVING` is set is in `SEEN`, one that comes after ends the process in its own handler.
static SEEN: AtomicUsize = AtomicUsize::new(0);
static LEAVING: AtomicBool = AtomicBool::new(false);

/// Disables core files and makes new files private.
pub fn prepare() {
    let limit = getrlimit(Resource::Core);
    // Whatever the shell's umask, new files are readable for this user only, and always for this user.
    let mask = umask(Mode::from_raw_mode(0o077));
    let _ = BEFORE.set((mask, limit));
    // A core file would contain secrets. A failure here is no reason to stop.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: limit.maximum });
}

/// Undoes [`prepare`], and restores the default handling of signals for the next program.
pub fn make_way() {
    LEAVING.store(true, Ordering::SeqCst);
    await_none(|seen| seen != 0);
    if let Some(signal) = i32::try_from(SEEN.load(Ordering::SeqCst)).ok().filter(|signal| *signal != 0) {
        // The process has no such thread.
        let _ = signal_hook::low_level::emulate_default_handler(signal);
    }
    if let Some((mask, limit)) = BEFORE.get() {
        umask(*mask);
        let _ = setrlimit(Resource::Core, *limit);
    }
}

/// Runs `work`, which starts a program, with the umask and the limit for core files that the caller of this process has.
pub fn with_callers_limits<T>(work: impl FnOnce() -> T) -> T {
    let Some((mask, limit)) = BEFORE.get() else { return work() };
    let own_mask = umask(*mask);
    let own_limit = getrlimit(Resource::Core);
    let _ = setrlimit(Resource::Core, *limit);
    let result = work();
    umask(own_mask);
    let _ = setrlimit(Resource::Core, own_limit);
    result
}

/// Notes that a signal was for another program.
pub fn handled(signal: i32) {
    let seen = usize::try_from(signal).unwrap_or_default();
    let _ = SEEN.compare_exchange(seen, 0, Ordering::SeqCst, Ordering::SeqCst);
}

/// Waits until the handler thread has seen the latest signal, if it was this one.
pub fn await_handled(signal: i32) {
    await_none(|seen| usize::try_from(signal) == Ok(seen));
}

/// Waits up to a second until no such signal is pending.
fn await_none(is_there: impl Fn(usize) -> bool) {
    for _ in 0..100 {
        if !is_there(SEEN.load(Ordering::SeqCst)) {
            break;
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// Keeps count of these signals for [`make_way`].
pub fn watch(signals: &[i32]) {
    use signal_hook::flag::{register_conditional_default, register_usize};
    for signal in signals.iter().copied().filter(|signal| *signal != signal_hook::consts::SIGTSTP) {
        let _ = register_usize(signal, &SEEN, usize::try_from(signal).unwrap_or_default());
        let _ = register_conditional_default(signal, &LEAVING);
    }
}

/// Whether the process was started with this signal ignored. Known only on Linux, from /proc.
pub fn is_ignored(signal: i32) -> bool {
    static IGNORED: OnceLock<u64> = OnceLock::new();
    let mask = *IGNORED.get_or_init(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
    });
    signal > 0 && mask.checked_shr(signal.unsigned_abs() - 1).is_some_and(|rest| rest & 1 == 1)
}
