//! The terminal's modes while a question is open, so that a signal or a panic can restore them.

use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use crate::io::progress;

static OPEN: Mutex<Option<Open>> = Mutex::new(None);

/// What stands for no key at all (_POSIX_VDISABLE).
const DISABLED: u8 = if cfg!(target_os = "linux") { 0 } else { 0xff };

/// How often a stopped question went on.
static RESUMED: AtomicU64 = AtomicU64::new(0);

/// An open question.
struct Open {
    before: Termios,
    // What the person was shown since it began.
    shown: String,
}

fn open() -> MutexGuard<'static, Option<Open>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// While it lives, the terminal's modes are known and can be restored by a signal or a panic.
pub struct Asking;

impl Asking {
    pub fn begin() -> Self {
        let modes = File::open("/dev/tty").ok().and_then(|tty| tcgetattr(tty).ok());
        progress::set_asking(true);
        *open() = modes.map(|before| Open { before, shown: String::new() });
        Asking
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        progress::set_asking(false);
        *open() = None;
    }
}

/// Remembers what is shown of the open question, for after a stop.
pub fn note_shown(text: &str) {
    if let Some(open) = open().as_mut() {
        open.shown.push_str(text);
    }
}

/// How often a stopped question went on: then nothing is on the screen of what was typed before.
pub fn times_resumed() -> u64 {
    RESUMED.load(Ordering::SeqCst)
}

/// `modes`, with each character given as it comes and none shown.
pub fn unbuffered(modes: &Termios) -> Termios {
    let mut modes = modes.clone();
    modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ECHONL);
    modes.special_codes[SpecialCodeIndex::VMIN] = 1;
    modes.special_codes[SpecialCodeIndex::VTIME] = 0;
    // Ctrl-\ would end the process and leave the terminal like this.
    modes.special_codes[SpecialCodeIndex::VQUIT] = DISABLED;
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
    let before = OPEN.try_lock().ok()?.as_ref()?.before.clone();
    let tty = File::open("/dev/tty").ok()?;
    let asking = tcgetattr(&tty).ok();
    let _ = tcsetattr(&tty, OptionalActions::Flush, &before);
    asking
}

/// Restores the mode for asking after a stop. Gives the question, which has to be shown again.
pub fn resume_asking(asking: Option<Termios>) -> Option<String> {
    let tty = File::open("/dev/tty").ok()?;
    let _ = tcsetattr(tty, OptionalActions::Now, &asking?);
    RESUMED.fetch_add(1, Ordering::SeqCst);
    open().as_ref().map(|open| open.shown.clone())
}
