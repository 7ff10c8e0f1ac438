//! Whether a person can be asked, and how long one was.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::io::terminal::manner;

/// Milliseconds in which people were asked.
static ASKING: AtomicU64 = AtomicU64::new(0);

/// How long people have been asked in this call.
pub fn time_asking() -> Duration {
    Duration::from_millis(ASKING.load(Ordering::Relaxed))
}

/// Adds the time of its life to [`time_asking`].
pub struct Stopwatch(Instant);

/// Marks the time from now until the result is dropped as waiting for a person.
pub fn asking() -> Stopwatch {
    Stopwatch(Instant::now())
}

impl Drop for Stopwatch {
    fn drop(&mut self) {
        let took = u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX);
        ASKING.fetch_add(took, Ordering::Relaxed);
    }
}

/// Whether a person can be asked: standard input is a terminal and no option forbids it.
pub fn can_ask() -> bool {
    !manner().no_input && io::stdin().is_terminal()
}

/// Why no person can be asked.
pub fn nobody_there() -> &'static str {
    match (manner().no_input, std::fs::File::open("/dev/tty").is_ok()) {
        (true, _) => "this call asks nothing",
        (false, true) => "standard input is not the terminal",
        (false, false) => "there is no terminal to ask at",
    }
}
