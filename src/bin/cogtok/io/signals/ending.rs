//! The signals that end a process which does not handle them: each would leave the terminal of an open question without echo.

use cogtok::error::Kind;
use rustix::process::Signal;
use signal_hook::consts::{SIGINT, SIGTERM};

/// The signals that are left as they are. Some can't be handled, are about a fault of the process itself, or end nothing. Rust ignores
/// SIGPIPE. `signals` has the rest.
const NOT_THESE: &[Signal] = &[
    Signal::KILL,
    Signal::STOP,
    Signal::ILL,
    Signal::BUS,
    Signal::FPE,
    Signal::SEGV,
    Signal::SYS,
    Signal::CHILD,
    Signal::CONT,
    Signal::TSTP,
    Signal::TTIN,
    Signal::TTOU,
    Signal::URG,
    Signal::PIPE,
    Signal::HUP,
    Signal::INT,
    Signal::TERM,
];

/// The signals that mean nothing to a process that does not handle them, but something to a child.
const HARMLESS: &[Signal] = &[
    Signal::WINCH,
    #[cfg(any(target_vendor = "apple", target_os = "freebsd", target_os = "openbsd", target_os = "netbsd"))]
    Signal::INFO,
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    Signal::IO,
];

/// The signals of a program's own choice (SIGRTMIN and so on); the C library has those below for itself.
const REAL_TIME: std::ops::Range<i32> = if cfg!(target_os = "linux") { 35..65 } else { 0..0 };

/// The signals that end a process, without those that have a meaning of their own here.
pub fn others() -> impl Iterator<Item = i32> {
    let named = (1..32).filter_map(Signal::from_named_raw);
    let ending = named.filter(|signal| !NOT_THESE.contains(signal) && !HARMLESS.contains(signal));
    ending.map(Signal::as_raw).chain(REAL_TIME)
}

/// The signals that end nothing, and are of use only to a child.
pub fn harmless() -> impl Iterator<Item = i32> {
    HARMLESS.iter().copied().map(Signal::as_raw)
}

/// The exit code after a signal, which is also the one that a shell gives to a process that a signal ended.
pub fn exit_code(signal: i32) -> u8 {
    match signal {
        SIGINT => Kind::Interrupted.exit_code(),
        SIGTERM => Kind::Terminated.exit_code(),
        other => 128u8.saturating_add(u8::try_from(other).unwrap_or_default()),
    }
}

/// Ends the process by this signal, as if it had not been handled. Returns for a signal that can't be sent again.
pub fn by_default(signal: i32) {
    let _ = signal_hook::low_level::emulate_default_handler(signal);
}
