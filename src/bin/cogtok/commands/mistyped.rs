//! Asks a person again for what Cognito refused: a code, a password or a client secret that was typed.

use cogtok::error::{Advice, AdviceKind, Error, Result};

use crate::io::terminal;

/// What was typed wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistyped {
    /// A code from a message.
    Code,
    /// The password that the user has.
    CurrentPassword,
    /// A password that the pool's policy refuses.
    NewPassword,
    /// The secret of a machine's client.
    ClientSecret,
}

impl Mistyped {
    /// What to type again after this refusal.
    fn of(error: &Error) -> Option<Self> {
        match (error.operation().unwrap_or_default(), error.code()?) {
            (_, "CodeMismatchException" | "ExpiredCodeException") => Some(Mistyped::Code),
            (_, "InvalidPasswordException" | "PasswordHistoryPolicyViolationException") => Some(Mistyped::NewPassword),
            // The same code says that the access token is no longer accepted.
            ("ChangePassword", "NotAuthorizedException") => {
                (!error.advises(AdviceKind::RenewUserToken)).then_some(Mistyped::CurrentPassword)
            }
            ("client_credentials", "invalid_client") | ("GetClientToken", "NotAuthorizedException") => {
                Some(Mistyped::ClientSecret)
            }
            _ => None,
        }
    }
}

/// The reason of a refusal, in the few words that a person needs to type it again.
pub fn why(error: &Error) -> &str {
    match (error.code(), Mistyped::of(error)) {
        (Some("CodeMismatchException" | "EnableSoftwareTokenMFAException"), _) => "wrong code",
        (Some("ExpiredCodeException"), _) => "this code has expired or was used already",
        (_, Some(Mistyped::CurrentPassword)) => "the current password is wrong",
        (_, Some(Mistyped::ClientSecret)) => "wrong client id or secret",
        // The message after the exception's name contains the pool's policy.
        (_, Some(Mistyped::NewPassword)) => {
            error.message().split_once("Exception: ").map_or(error.message(), |(_, why)| why)
        }
        _ => error.message(),
    }
}

/// The answers that a person has left, who may give three to a question, whoever finds it wrong.
#[derive(Debug, Clone, Copy)]
pub struct Tries(usize);

impl Tries {
    /// None used so far.
    pub fn all() -> Self {
        Tries(terminal::MOST_TRIES)
    }

    /// Asks for one of the first answers. What could not be one counts.
    pub fn first<T>(&mut self, ask: impl FnOnce() -> T) -> T {
        let (answer, left) = terminal::with_tries_counted(ask);
        self.0 = self.0.min(left);
        answer
    }
}

/// Sends `answers`, and again after `retype` where Cognito refuses one of those that were `typed`, as long as there are `tries`.
///
/// # Errors
/// The error of `send` for what nobody typed, and for the last answer; that of `retype`.
pub fn until_accepted<A, T>(
    answers: &mut A,
    (typed, tries): (&[Mistyped], Tries),
    mut send: impl FnMut(&A) -> Result<T>,
    retype: impl Fn(&mut A, Mistyped) -> Result<()>,
) -> Result<T> {
    let Tries(mut left) = tries;
    loop {
        let error = match send(answers) {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let Some(wrong) = Mistyped::of(&error).filter(|wrong| typed.contains(wrong) && terminal::can_ask()) else {
            return Err(error);
        };
        if left == 1 {
            return Err(error.map_advice(|advice| Some(for_typed(advice))));
        }
        log::info!(target: "cogtok", "{}", error.message());
        left -= 1;
        terminal::ask_again(why(&error), left);
        let (retyped, left_after) = terminal::with_tries_left(left, || retype(answers, wrong));
        retyped?;
        left = left_after;
    }
}

/// The advice without options for what was typed.
fn for_typed(advice: Advice) -> Advice {
    match advice.kind() {
        Some(AdviceKind::ChooseFittingPassword) => {
            Advice::new("the password does not meet the pool's password policy: choose another one")
        }
        _ => advice,
    }
}
