//! Decides who created a user that exists after a call without an answer.

use std::time::Instant;

use cogtok::aws::admin::{Admin, SLACK, User};
use cogtok::error::{Advice, Error, Kind};

use crate::services::journal::Record;

/// The creator of a user whose record is at the point of sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    /// The call of the record.
    Us,
    /// Somebody else, before the call.
    Another,
    /// Unknown.
    Unknown,
}

/// cogtok created the user if the creation date is between the start and the end of the call.
pub fn maker(admin: &Admin, record: &Record, user: &User) -> Maker {
    let Some((asked, made)) = record.asked.zip(user.created_at) else { return Maker::Unknown };
    let by_server = |local: i64| {
        if asked.is_server_time {
            Some(local)
        } else {
            let ahead = admin.server_time(Instant::now())?.saturating_sub(admin.local_time()).div_euclid(1000);
            Some(local.saturating_add(ahead))
        }
    };
    let Some((from, until)) = by_server(asked.from).zip(by_server(asked.until)) else { return Maker::Unknown };
    let (from, until) = (from.saturating_sub(SLACK), until.saturating_add(SLACK));
    match user.is_untouched() {
        _ if asked.is_server_time && made < from => Maker::Another,
        true if (from..=until).contains(&made) => Maker::Us,
        _ => Maker::Unknown,
    }
}

/// Whether the user has other attributes than those that the record has for it.
pub fn has_other_attributes(record: &Record, user: &User) -> bool {
    record
        .attributes
        .iter()
        .any(|(name, ours)| user.attributes.get(name).is_some_and(|theirs| !theirs.eq_ignore_ascii_case(ours)))
}

/// The code of a user whose creator is unknown.
const UNDECIDED: &str = "Undecided";

/// Whether it failed since cogtok can't tell who created the user.
pub fn is_undecided(error: &Error) -> bool {
    error.code() == Some(UNDECIDED)
}

/// The error for a user whose creator is unknown: a person decides.
pub fn undecided(record: &Record, user: &User) -> Error {
    let name = &record.username;
    let at = |seconds: i64| match jiff::Timestamp::from_second(seconds) {
        Ok(moment) => moment.strftime("%F %T UTC").to_string(),
        Err(_) => "another age".to_owned(),
    };
    let made = user.created_at.map_or("Cognito does not say when it was created".to_owned(), |made| {
        format!("it was created at {}", at(made))
    });
    let asked = record.asked.map(|asked| {
        let clock = if asked.is_server_time { "Cognito's clock" } else { "this machine's clock" };
        format!(", and cogtok asked for it between {} and {} by {clock}", at(asked.from), at(asked.until))
    });
    let error = Error::new(
        Kind::Failure,
        format!(
            "cogtok can't tell whether it or someone else created the user {name}, so nothing was changed: {made}{}",
            asked.unwrap_or_default()
        ),
    )
    .with_code(UNDECIDED);
    if record.is_of_run {
        return error
            .hint("add `--if-exists reset` if the user is yours: it gets the password of the run")
            .hint("add `--if-exists skip` if it is not: it stays as it is");
    }
    error.hint(reset(record).fill("why", "if the user is yours, give it a new password")).hint(
        Advice::new("the record stays, with its password; to forget it: cogtok user runs forget {id}{p}")
            .word("id", record.id()),
    )
}

/// The command that gives the user of a record a new password.
pub fn reset(record: &Record) -> Advice {
    let command = if record.username.contains('@') {
        Advice::new("{why}: cogtok user create {user}{p} --if-exists reset")
    } else {
        Advice::new("{why}: cogtok user create --username {user}{p} --if-exists reset")
    };
    command.word("user", &record.username)
}
