//! `cogtok exec --renew`: a fresh token in a file, as long as the command runs.

use std::process::Command;
use std::time::{Duration, Instant};

use cogtok::error::{Error, Result};
use cogtok::token::Token;

use crate::app::App;
use crate::args::token_args::{ObtainedToken, TokenArgs};
use crate::commands::child_command;
use crate::commands::mcp_proxy::tokens::Tokens;
use crate::env;
#[cfg(windows)]
use crate::io::external_program;
use crate::io::{signals, terminal};
use crate::services::token_file;

/// The variable with the path of the file.
pub const VARIABLE: &str = "COGTOK_TOKEN_FILE";

/// The longest pause after which the clock is read again: a machine that slept has slept through the end of its token.
const LOOK: Duration = Duration::from_secs(10);

/// The shortest and the longest time from one try to the next.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// Runs the command and renews the token until it ends, and this process with it. Comes back with the reason why the command
/// could not be run.
pub fn run(app: &App, source: &TokenArgs, got: &ObtainedToken, mut command: Command) -> Result<()> {
    let (mut token, mut clock) = (got.token()?.clone(), Clock::new());
    let program = command.get_program().to_owned();
    let path = token_file::create(&token.value).map_err(|why| {
        let dir = token_file::dir().map(|dir| format!(" in {}", dir.display())).unwrap_or_default();
        let error = Error::store(format!("the file for the token can't be written{dir}: {why}"));
        if cfg!(unix) { error.hint("set XDG_RUNTIME_DIR to a directory of your own") } else { error }
    })?;
    signals::set_last_deed(token_file::remove);
    command.env(VARIABLE, path);
    terminal::give_away();
    child_command::start(resolved(command), token_file::remove).map_err(|why| {
        token_file::remove();
        child_command::not_run(&program, &why)
    })?;
    let min_validity = got.policy.min_validity;
    let mut tokens = Tokens::new(app, source.relaxed(), None);
    let mut pause = time_to_renewal(&token, min_validity);
    let mut failures = 0;
    // By a clock that was set back a token looks fresh for longer than it is. That holds until there is another.
    let mut untrusted = None;
    loop {
        if wait(&mut clock, pause, &token) {
            untrusted = Some(token.value.clone());
        }
        let renewed = tokens.get_token(untrusted.as_ref()).and_then(|renewed| {
            let Some(renewed) = renewed else { return Ok(()) };
            untrusted = None;
            if renewed.value.expose() != token.value.expose() {
                token_file::replace(&renewed.value)
                    .map_err(|why| Error::store(format!("the file for the token can't be written: {why}")))?;
                token = renewed;
            }
            Ok(())
        });
        pause = match renewed {
            Ok(()) => {
                failures = 0;
                // Without another token, it asks again when it may: one was requested a moment ago.
                if untrusted.is_some() { Some(LONGEST) } else { time_to_renewal(&token, min_validity) }
            }
            Err(error) => {
                failures += 1;
                tokens.allow_another_try();
                let again = after_failure(failures);
                let seconds = again.as_secs();
                log::warn!(target: "cogtok", "the token could not be renewed: {error}; cogtok tries again in {seconds} s");
                Some(again)
            }
        };
    }
}

/// How long the token counts as fresh; half its life if that is shorter than the requested validity. `None` if its life is unknown.
fn time_to_renewal(token: &Token, min_validity: Duration) -> Option<Duration> {
    let left = Duration::from_millis(token.expires_at?.saturating_mul(1000).saturating_sub(env::now()));
    Some(left.checked_sub(min_validity).filter(|fresh| !fresh.is_zero()).unwrap_or(left / 2).max(SHORTEST))
}

/// Twice as long after each failure.
fn after_failure(failures: u32) -> Duration {
    SHORTEST.saturating_mul(1 << (failures - 1).min(10)).min(LONGEST)
}

/// Watches whether the machine's clock is set back.
struct Clock {
    at: Instant,
    showed: u64,
}

impl Clock {
    fn new() -> Self {
        Clock { at: Instant::now(), showed: env::now() }
    }

    /// Whether it was set back by more than a second since the last look.
    fn was_set_back(&mut self) -> bool {
        let before = std::mem::replace(self, Clock::new());
        self.showed.saturating_add(1000) < before.showed.saturating_add(millis(self.at.duration_since(before.at)))
    }
}

/// Waits so long by the clock of the machine; for ever where that is not known. It ends early, and says so, if the clock is set back.
/// Meanwhile a file that is deleted comes back.
fn wait(clock: &mut Clock, pause: Option<Duration>, token: &Token) -> bool {
    let end = pause.map_or(u64::MAX, |pause| env::now().saturating_add(millis(pause)));
    loop {
        if clock.was_set_back() {
            return true;
        }
        let left = end.saturating_sub(env::now());
        if left == 0 {
            return false;
        }
        std::thread::sleep(Duration::from_millis(left).min(LOOK));
        token_file::put_back(&token.value);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The program as the person who typed it means it.
#[cfg(windows)]
fn resolved(command: Command) -> Command {
    external_program::typed(&command).unwrap_or(command)
}

#[cfg(not(windows))]
fn resolved(command: Command) -> Command {
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_fails_is_asked_less_and_less_often() {
        let pauses: Vec<u64> = [1, 2, 3, 6, 7, 40, u32::MAX].map(|failures| after_failure(failures).as_secs()).into();
        assert_eq!(pauses, [1, 2, 4, 32, 60, 60, 60]);
    }

    #[test]
    fn a_clock_that_is_set_back_is_noticed_once() {
        let mut clock = Clock::new();
        assert!(!clock.was_set_back());
        clock.showed += 60_000;
        assert!(clock.was_set_back() && !clock.was_set_back());
        clock.showed -= 60_000;
        assert!(!clock.was_set_back(), "set ahead");
    }
}
