//! The part of the terminal that asks. Questions go to the terminal device, so that both streams can be captured.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cogtok::error::{Advice, Error, Kind, Result, printable};
use cogtok::secret::{MAX_BYTES, Secret};
use tokio::sync::oneshot;

use crate::io::person::{asking, can_ask, nobody_there};
use crate::io::question::Question;
use crate::io::signals;
use crate::io::standard_input::unreadable;
#[cfg(unix)]
use crate::io::terminal::modes::Hidden;
use crate::io::terminal::modes::{Asking, note_shown};
use crate::io::terminal::typed;
use crate::io::terminal::typed::Until;
use crate::io::terminal::{manner, new_line, note, show};
use crate::io::tries::until_taken;

/// Asks for a secret on the terminal, without showing what is typed; again where nothing was typed.
///
/// # Errors
/// [`Kind::NeedsHuman`] with `instead` as the hint if nobody can be asked, [`Kind::Interrupted`] on Ctrl-C.
pub fn ask_secret(question: impl Into<Question>, instead: impl Into<Advice>) -> Result<Secret> {
    ask_shaped(question, instead, Ok)
}

/// As [`ask_secret`], and asks again where `shaped` does not take what was typed.
///
/// # Errors
/// As [`ask_secret`]; the error of `shaped` for the third answer.
pub fn ask_shaped(
    question: impl Into<Question>,
    instead: impl Into<Advice>,
    shaped: impl Fn(Secret) -> Result<Secret>,
) -> Result<Secret> {
    let (question, instead) = (question.into(), instead.into());
    let named = |error: Error| error.context(&question.what);
    until_taken(|| {
        let typed = ask_secret_once(question.clone(), instead.clone())?;
        Ok(typed.and_then(|typed| shaped(typed).map_err(named)))
    })
}

/// One question of [`until_taken`]: its answer is wrong where nothing was typed.
///
/// # Errors
/// As [`ask_secret`].
pub fn ask_secret_once(question: impl Into<Question>, instead: impl Into<Advice>) -> Result<Result<Secret>> {
    let (Question { prompt, what: question }, instead) = (question.into(), instead.into());
    let nobody = |why: &str| Error::new(Kind::NeedsHuman, why.to_owned()).hint(instead.clone());
    if !can_ask() {
        return Err(nobody(&format!("{question} is needed, and {}", nobody_there())));
    }
    signals::watch_all();
    let _modes = Asking::begin();
    let _clock = asking();
    match read_hidden(&format!("{}: ", printable(&prompt, 300))) {
        Ok(typed) if typed.is_empty() => Ok(Err(nothing(&question))),
        Ok(typed) => Ok(Ok(Secret::new(typed))),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            // Ctrl-C's signal ends the process in a moment.
            Err(Error::new(Kind::Interrupted, "interrupted"))
        }
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            // What ended the input has not ended the line.
            show("\n");
            Err(nobody(nothing(&question).message()))
        }
        Err(error) => Err(nobody(&format!("{question} can't be asked: {error}"))),
    }
}

fn nothing(question: &str) -> Error {
    Error::usage(format!("{question}: nothing was typed"))
}

/// Shows a question, now and again after a stop.
pub fn put(question: &str) {
    note_shown(question);
    show(question);
}

/// As [`put`], as a note that can be turned off.
pub fn put_note(text: &str) {
    if !manner().is_quiet {
        note_shown(&format!("{text}\n"));
        note(text);
    }
}

/// What is typed after a question. The library would show a question first and set the terminal's modes then: what a person pastes in
/// between would be seen, and Ctrl-D would be lost. Its modes would take Ctrl-Z from the terminal.
#[cfg(unix)]
fn read_hidden(question: &str) -> io::Result<String> {
    let _hidden = Hidden::begin();
    put(question);
    let terminal = Uninterrupted(std::fs::File::open("/dev/tty")?);
    let config = rpassword::ConfigBuilder::new().input_reader(terminal).output_discard().build();
    let typed = rpassword::read_password_with_config(config)?;
    show("\n");
    Ok(typed)
}

/// A terminal whose reader goes on after a signal.
#[cfg(unix)]
struct Uninterrupted(std::fs::File);

#[cfg(unix)]
impl io::Read for Uninterrupted {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }
}

#[cfg(not(unix))]
fn read_hidden(question: &str) -> io::Result<String> {
    rpassword::prompt_password(question)
}

/// Asks for a line that may be seen; again where nothing was typed.
///
/// # Errors
/// As [`ask_secret`].
pub fn ask_line(question: impl Into<Question>, instead: impl Into<Advice>) -> Result<String> {
    let (question, instead) = (question.into(), instead.into());
    until_taken(|| ask_line_once(question.clone(), instead.clone()))
}

/// One question of [`until_taken`]: its answer is wrong where nothing was typed.
///
/// # Errors
/// As [`ask_secret`].
pub fn ask_line_once(question: impl Into<Question>, instead: impl Into<Advice>) -> Result<Result<String>> {
    let Question { prompt, what: question } = question.into();
    if !can_ask() {
        return Err(Error::new(Kind::NeedsHuman, format!("{question} is needed, and {}", nobody_there())).hint(instead));
    }
    signals::watch_all();
    let _clock = asking();
    let ask = || put(&format!("{}: ", printable(&prompt, 300)));
    let typed = match typed::read(MAX_BYTES, Until::Line, true, ask) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(nothing(&question).with_kind(Kind::NeedsHuman).hint(instead));
        }
        typed => typed.map_err(unreadable)?,
    };
    Ok(match std::str::from_utf8(&typed).map(str::trim) {
        Ok("") => Err(nothing(&question)),
        Ok(line) => Ok(line.to_owned()),
        Err(_) => Err(Error::usage(format!("{question}: what you typed is not text"))),
    })
}

/// Whether an abandoned question is open whose thread still reads the terminal.
static IS_IN_BACKGROUND: AtomicBool = AtomicBool::new(false);

/// Whether cogtok may offer something: a person is there, and no other question is open.
pub fn can_offer() -> bool {
    can_ask() && !IS_IN_BACKGROUND.load(Ordering::Relaxed)
}

/// Asks for a secret while something else may make the answer unnecessary: then [`stop_asking`] ends it. `None` at the end of input.
pub fn ask_in_background(question: &str) -> oneshot::Receiver<Secret> {
    let question = format!("{}: ", printable(question, 300));
    let (sender, receiver) = oneshot::channel();
    IS_IN_BACKGROUND.store(true, Ordering::Relaxed);
    let _ = std::thread::Builder::new().name("question".to_owned()).spawn(move || {
        let _modes = Asking::begin();
        let typed = read_hidden(&question);
        // After the end of input there are no more answers.
        if let Ok(typed) = typed {
            IS_IN_BACKGROUND.store(false, Ordering::Relaxed);
            let _ = sender.send(Secret::new(typed));
        }
    });
    receiver
}

/// Ends an abandoned question.
pub fn stop_asking() {
    if crate::io::terminal::restore_modes().is_some() {
        new_line();
    }
}

/// Shows an address in full: at the terminal, else on standard error, since it is needed to continue.
pub fn address(url: &str) {
    let line = format!("{url}\n");
    if can_ask() {
        show(&line);
    } else {
        let _ = io::stderr().write_all(line.as_bytes());
    }
}

/// Waits for a fixed time that does not count for the call's deadline; `why` is printed first.
pub fn pause(why: &str, duration: Duration) {
    crate::io::terminal::note(why);
    let _clock = asking();
    std::thread::sleep(duration);
}

/// Asks for a new password twice, and again where the two differ.
///
/// # Errors
/// As [`ask_secret`]; [`Kind::Usage`] when the two differ for the third time.
pub fn ask_new_secret(question: impl Into<Question>, instead: impl Into<Advice>) -> Result<Secret> {
    ask_twice("password", &question.into(), &instead.into(), |_| Ok(()))
}

/// Asks for a new passphrase twice, and again where the two differ or it is too short.
///
/// # Errors
/// As [`ask_new_secret`].
pub fn ask_new_passphrase(question: impl Into<Question>, instead: impl Into<Advice>) -> Result<Secret> {
    ask_twice("passphrase", &question.into(), &instead.into(), check_passphrase)
}

fn ask_twice(
    noun: &str,
    question: &Question,
    instead: &Advice,
    check: impl Fn(&Secret) -> Result<()>,
) -> Result<Secret> {
    let repeat = Question::new(format!("Repeat new {noun}"), format!("{} again", question.what));
    until_taken(|| {
        let typed = ask_secret_once(question.clone(), instead.clone())?;
        let secret = match typed.and_then(|secret| check(&secret).map(|()| secret)) {
            Ok(secret) => secret,
            wrong => return Ok(wrong),
        };
        let repeated = ask_secret_once(repeat.clone(), instead.clone())?;
        let differs = || Error::usage(format!("the {noun}s don't match"));
        Ok(repeated.and_then(|repeated| if secret.expose() == repeated.expose() { Ok(secret) } else { Err(differs()) }))
    })
}

/// The fewest characters of a new passphrase.
pub const LEAST_PASSPHRASE: usize = 15;

/// Refuses a new passphrase that is too short: an attacker with the file can guess without limit.
///
/// # Errors
/// [`Kind::Usage`] with the length.
fn check_passphrase(passphrase: &Secret) -> Result<()> {
    let length = passphrase.expose().chars().count();
    if length >= LEAST_PASSPHRASE {
        return Ok(());
    }
    Err(Error::usage(format!(
        "the passphrase has {length} characters and needs at least {LEAST_PASSPHRASE}: it is all that protects the file"
    ))
    .hint("NIST SP 800-63B-4 asks for 15 characters where a password is the only factor; several words are easy to remember"))
}

/// Asks a question whose answer is yes or no; no where nothing is typed.
///
/// # Errors
/// [`Kind::NeedsHuman`] with `instead` as the hint if nobody can be asked.
pub fn confirm(question: &str, instead: impl Into<Advice>) -> Result<bool> {
    if !can_ask() {
        return Err(
            Error::new(Kind::NeedsHuman, format!("{question} cogtok can't ask that: {}", nobody_there())).hint(instead)
        );
    }
    yes_or_no(question, false)
}

/// Offers something that most people want: yes where Enter is all that is typed. Whoever can't be asked has not agreed.
///
/// # Errors
/// [`Kind::Store`] when standard input can't be read.
pub fn offer(question: &str) -> Result<bool> {
    if can_offer() { yes_or_no(question, true) } else { Ok(false) }
}

fn yes_or_no(question: &str, default: bool) -> Result<bool> {
    signals::watch_all();
    let _modes = Asking::begin();
    put(&format!("{} [{}] ", printable(question, 300), if default { "Y/n" } else { "y/N" }));
    let _clock = asking();
    let mut answer = String::new();
    let count = io::stdin()
        .read_line(&mut answer)
        .map_err(|error| Error::store(format!("standard input can't be read: {error}")))?;
    if count == 0 {
        // What ended the input has not ended the line.
        show("\n");
    }
    Ok(match answer.trim().to_ascii_lowercase().as_str() {
        "" => default && count > 0,
        answer => matches!(answer, "y" | "yes"),
    })
}
