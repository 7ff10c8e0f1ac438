//! The terminal's modes while a question is open, so that a signal or a panic can restore them.

use std::fs::File;
use std::sync::{Mutex, PoisonError};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use crate::io::progress;

static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// While it lives, the terminal's modes are known and can be restored by a signal or a panic.
pub struct Asking;

impl Asking {
    pub fn begin() -> Self {
        let modes = File::open("/dev/tty").ok().and_then(|tty| tcgetattr(tty).ok());
        progress::set_asking(true);
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = modes;
        Asking
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        progress::set_asking(false);
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// `modes`, with each character given as it comes and none shown.
pub fn unbuffered(modes: &Termios) -> Termios {
    let mut modes = modes.clone();
    modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ECHONL);
    modes.special_codes[SpecialCodeIndex::VMIN] = 1;
    modes.special_codes[SpecialCodeIndex::VTIME] = 0;
    modes
}

/// While it lives, the terminal gives each character as it comes and shows none. A Ctrl-D that comes while it still collects lines is a
/// NUL for whoever reads characters.
pub struct Hidden(Option<(File, Termios)>);

impl Hidden {
    pub fn begin() -> Self {
        let hide = || {
            let tty = File::open("/dev/tty").ok()?;
            let before = tcgetattr(&tty).ok()?;
            tcsetattr(&tty, OptionalActions::Now, &unbuffered(&before)).ok()?;
            Some((tty, before))
        };
        Hidden(hide())
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some((tty, before)) = &self.0 {
            let _ = tcsetattr(tty, OptionalActions::Now, before);
        }
    }
}

/// Restores the terminal's modes if a question is open, drops what was typed so far, and gives the question's modes.
pub fn restore_modes() -> Option<Termios> {
    let before = BEFORE.try_lock().ok()?.clone()?;
    let tty = File::open("/dev/tty").ok()?;
    let asking = tcgetattr(&tty).ok();
    let _ = tcsetattr(&tty, OptionalActions::Flush, &before);
    asking
}

/// Restores the mode for asking after a stop.
pub fn resume_asking(asking: Option<Termios>) {
    if let (Some(modes), Ok(tty)) = (asking, File::open("/dev/tty")) {
        let _ = tcsetattr(tty, OptionalActions::Now, &modes);
    }
}
