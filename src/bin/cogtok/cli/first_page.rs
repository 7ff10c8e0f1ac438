//! The page of `cogtok --help`, laid out beforehand: clap takes as long for it as for all the rest of the call. A test checks that it is
//! clap's.

use std::ffi::OsString;

use crate::io::shell::{HERE, SystemShell};
use crate::io::terminal_width::terminal_width;

/// The page with its marks.
pub const PAGE: &str = include_str!("first_page.txt");

/// The columns that its lines need.
pub const WIDTH: usize = 80;

/// The page with its marks, where that is what is asked for and the terminal has room for its lines.
pub fn answer(args: &[OsString]) -> Option<&'static str> {
    let is_asked = matches!(args, [_, word] if word == "--help");
    (is_asked && HERE == SystemShell::Posix && terminal_width() >= WIDTH).then_some(PAGE)
}
