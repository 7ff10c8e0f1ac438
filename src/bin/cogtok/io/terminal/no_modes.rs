//! Systems without terminal modes that a signal could leave changed: it only records whether a question is open.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::io::progress;

static IS_OPEN: AtomicBool = AtomicBool::new(false);

/// While it lives, a question is open.
pub struct Asking;

impl Asking {
    pub fn begin() -> Self {
        progress::set_asking(true);
        IS_OPEN.store(true, Ordering::SeqCst);
        Asking
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        progress::set_asking(false);
        IS_OPEN.store(false, Ordering::SeqCst);
    }
}

/// Nothing stops a question here, which would be shown again.
pub fn note_shown(_text: &str) {}

/// Whether a question was open.
pub fn restore_modes() -> Option<()> {
    IS_OPEN.load(Ordering::SeqCst).then_some(())
}
