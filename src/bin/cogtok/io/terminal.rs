//! Printing and asking. Data goes to standard output and nothing else does; questions go to the terminal device; everything else goes to
//! standard error.

#[cfg(unix)]
pub(crate) mod modes;
#[cfg(not(unix))]
#[path = "terminal/no_modes.rs"]
pub(crate) mod modes;

#[cfg(not(unix))]
#[path = "terminal/no_typed.rs"]
pub(crate) mod typed;
#[cfg(unix)]
pub(crate) mod typed;

mod hints;
mod logger;
mod output_options;
mod print;

pub use crate::io::json::{JsonArray, json, json_line};
pub use crate::io::person::{asking, can_ask, nobody_there, time_asking};
pub use crate::io::prompt::{
    address, ask_in_background, ask_line, ask_line_once, ask_new_passphrase, ask_new_secret, ask_secret,
    ask_secret_once, ask_shaped, can_offer, confirm, offer, pause, put_note, stop_asking,
};
pub use crate::io::question::Question;
pub use crate::io::standard_input::{stdin_hidden_up_to, stdin_lines, stdin_secret, stdin_up_to};
pub use crate::io::stream_output::{Live, nobody_reads};
pub use crate::io::terminal_width::{Size, size};
pub use crate::io::tries::{MOST_TRIES, until_taken, with_tries_counted, with_tries_left};
pub use hints::{hint, profile, set_advice, set_config, set_profile, shown, shown_for, tell};
pub use logger::set_manner;
pub use modes::restore_modes;
#[cfg(unix)]
pub use modes::resume_asking;
pub use output_options::{Color, OutputOptions, give_away, is_given_away, manner, set_color};
#[cfg(all(test, unix))]
pub use print::{MARKS, trimmed};
pub use print::{
    WriteOutcome, aside, ask_again, bytes, can_show, complain, counted, counted_of, data, emphasized, error_bytes,
    help, is_read_by_a_person, last_data, marked, new_line, note, painted, show, shows_data,
};
