//! What a shell in the foreground hands to what it starts: signals, and no wish for core files.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag::register_conditional_default;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Once};

/// Where the tests run in the background, SIGINT and SIGQUIT may be ignored, and what they start would ignore them as well.
/// A signal that is handled is none of that after an exec; here it does what it would have done.
pub fn as_in_the_foreground() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // A command of `exec` gets the caller's limit back, and some of them die of a signal that leaves a core file.
        let maximum = getrlimit(Resource::Core).maximum;
        setrlimit(Resource::Core, Rlimit { current: Some(0), maximum }).expect("a lower limit");
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            register_conditional_default(signal, Arc::new(AtomicBool::new(true))).expect("a signal handler");
        }
    });
}
