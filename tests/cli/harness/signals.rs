//! The signals as a shell in the foreground hands them to what it starts.

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag::register_conditional_default;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Once};

/// Where the tests run in the background, SIGINT and SIGQUIT may be ignored, and what they start would ignore them as well.
/// A signal that is handled is none of that after an exec; here it does what it would have done.
pub fn as_in_the_foreground() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            register_conditional_default(signal, Arc::new(AtomicBool::new(true))).expect("a signal handler");
        }
    });
}
