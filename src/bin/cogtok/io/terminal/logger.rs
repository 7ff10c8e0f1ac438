//! The library's log, on standard error.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::output_options::{OutputOptions, settle};
use super::print::say;

/// Settles the manner for the rest of the process, and lets the library's log speak through standard error.
pub fn set_manner(manner: OutputOptions) {
    static LOGGER: Logger = Logger;
    let manner = settle(manner);
    let level = match (manner.is_quiet, manner.verbosity) {
        (true, _) => log::LevelFilter::Off,
        (false, 0) => log::LevelFilter::Warn,
        (false, 1) => log::LevelFilter::Info,
        (false, _) => log::LevelFilter::Debug,
    };
    if log::set_logger(&LOGGER).is_ok() {
        log::set_max_level(level);
    }
}

struct Logger;

impl log::Log for Logger {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        // Other crates may log anything, including passwords.
        metadata.target().split("::").next() == Some("cogtok") && metadata.level() <= log::max_level()
    }

    fn log(&self, record: &log::Record<'_>) {
        static SAID: Mutex<Option<HashSet<String>>> = Mutex::new(None);
        if !self.enabled(record.metadata()) {
            return;
        }
        let text = record.args().to_string();
        if record.level() != log::Level::Warn {
            return say(None, &text);
        }
        let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
        if said.get_or_insert_default().insert(text.clone()) {
            say(Some(("warning", "33")), &text);
        }
    }

    fn flush(&self) {}
}
