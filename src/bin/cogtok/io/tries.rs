//! How often a person may answer a question.

use std::cell::Cell;

use cogtok::error::Result;

use crate::io::person::can_ask;
use crate::io::terminal::ask_again;

/// The most answers to one question.
pub const MOST_TRIES: usize = 3;

/// Asks until an answer is taken, at most three times: `ask` gives the reason where the answer was wrong, and fails where there
/// is none.
///
/// # Errors
/// The error of `ask`, or the third reason.
pub fn until_taken<T>(mut ask: impl FnMut() -> Result<Result<T>>) -> Result<T> {
    let shared = LEFT.get();
    let mut left = shared.unwrap_or(MOST_TRIES);
    loop {
        match ask()? {
            Err(wrong) if left > 1 && can_ask() => {
                left -= 1;
                ask_again(wrong.message(), left);
            }
            answer => {
                LEFT.set(shared.map(|_| left));
                LAST.set(left);
                return answer;
            }
        }
    }
}

thread_local! {
    /// The answers that are left to the questions of [`with_tries_left`].
    static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
    /// The answers that the last question left, for [`with_tries_counted`].
    static LAST: Cell<usize> = const { Cell::new(MOST_TRIES) };
}

/// Lets `ask` ask with at most `left` answers in all, and gives how many are left after it, the last one included.
pub fn with_tries_left<T>(left: usize, ask: impl FnOnce() -> T) -> (T, usize) {
    LEFT.set(Some(left));
    let answer = ask();
    (answer, LEFT.take().unwrap_or(left))
}

/// Lets `ask` ask as it does, and gives how many answers its last question left, the last one included.
pub fn with_tries_counted<T>(ask: impl FnOnce() -> T) -> (T, usize) {
    LAST.set(MOST_TRIES);
    let answer = ask();
    (answer, LAST.get())
}
