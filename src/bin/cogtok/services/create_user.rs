//! Making a user: the record with its password is in the journal before Cognito is asked, and what was left half done
//! is finished from there.

mod maker;
mod proof;

use std::collections::BTreeMap;
use std::time::Instant;

use crate::services::journal::{Asked, IfExists, Journal, Record, State};
use crate::services::password_generator;
use cogtok::aws::admin::{Admin, CreateUserError, Created, NewUser, User, already_exists};
use cogtok::error::{Advice, AdviceKind, Error, Kind, Result};
use cogtok::secret::Secret;
use cogtok::settings::types::Username;
pub use maker::is_undecided;
use maker::{Maker, has_other_attributes, maker, reset, undecided};
pub use proof::PasswordProof;

/// A created user.
#[derive(Debug)]
pub struct Made {
    /// The user as the pool knows it.
    pub user: User,
    /// The password; `None` if an existing user was left unchanged.
    pub password: Option<Secret>,
    /// Whether the password is permanent.
    pub is_permanent: bool,
}

/// Makes the user of `record`: AdminCreateUser, then AdminSetUserPassword for a permanent password, then
/// AdminAddUserToGroup for a group. The record is in the journal until the caller removes it, which it does once the
/// result is out of its hands.
///
/// # Errors
/// [`Kind::Partial`] if the user was created and a later step failed, [`Kind::Failure`] if the user exists already; else Cognito's error.
/// The journal keeps nothing unless the outcome is unknown.
pub async fn create(admin: &Admin, journal: &Journal, record: &mut Record, if_exists: IfExists) -> Result<Made> {
    match send(admin, journal, record).await? {
        Sent::Created(user) => created(admin, journal, record, user).await,
        Sent::Exists(error) => match existing(admin, journal, record, if_exists, error).await? {
            Existing::LeftAlone(user) => Ok(Made { user, password: None, is_permanent: false }),
            Existing::ToReset(user) => {
                (record.was_there, record.is_of_another) = (true, true);
                created(admin, journal, record, user).await
            }
        },
    }
}

/// What became of AdminCreateUser.
enum Sent {
    Created(User),
    /// There is such a user already, as this error says; the record is still there.
    Exists(Error),
}

async fn send(admin: &Admin, journal: &Journal, record: &mut Record) -> Result<Sent> {
    let username: Username = record.username.parse()?;
    let earlier = earlier_request(record);
    let unknown = if record.is_of_run { UNKNOWN_OF_RUN } else { UNKNOWN };
    match ask(admin, journal, record, &username).await {
        Ok(created) => {
            // A user whom somebody else created at the same moment has another password.
            (record.was_there, record.is_of_another) = (!created.is_answered, false);
            Ok(Sent::Created(created.user))
        }
        Err(CreateUserError::Refused(error)) if already_exists(&error) => Ok(Sent::Exists(error)),
        // An earlier request may still be carried out.
        Err(CreateUserError::Refused(error)) if earlier.is_some_and(|asked| may_be_under_way(admin, asked)) => {
            Err(error.hint(unknown))
        }
        Err(CreateUserError::Refused(error)) => {
            journal.remove(record)?;
            Err(error)
        }
        // The user may exist, so the record stays.
        Err(CreateUserError::Unknown(error)) => Err(error.hint(unknown)),
    }
}

async fn created(admin: &Admin, journal: &Journal, record: &mut Record, user: User) -> Result<Made> {
    record.state = State::Created;
    record.sub.clone_from(&user.sub);
    journal.write(record).map_err(|error| partial(record, error))?;
    finish(admin, journal, record, user).await
}

/// When an earlier call asked for the user, if Cognito may have carried that out.
fn earlier_request(record: &Record) -> Option<Asked> {
    record.asked.filter(|_| record.state == State::Intent)
}

/// How long after a call Cognito may still carry out its request, in seconds.
const LATE: i64 = 60;

fn may_be_under_way(admin: &Admin, asked: Asked) -> bool {
    let now = if asked.is_server_time { admin.server_time(Instant::now()) } else { Some(admin.local_time()) };
    now.is_none_or(|now| now.div_euclid(1000) <= asked.until.saturating_add(LATE))
}

/// The time of this request, from the beginning of the one before it.
fn since(earlier: Option<Asked>, asked: Asked) -> Asked {
    match earlier {
        None => asked,
        Some(earlier) if earlier.is_server_time == asked.is_server_time => Asked { from: earlier.from, ..asked },
        // Times of different clocks can't be compared.
        Some(earlier) => earlier,
    }
}

/// What to do where it is not known whether a user was created.
const UNKNOWN: &str =
    "cogtok does not know whether Cognito created the user: `cogtok user create{p} --resume` finds out and finishes";
const UNKNOWN_OF_RUN: &str =
    "cogtok does not know whether Cognito created the user: it finds out and finishes when the run continues";

/// AdminCreateUser with the record's password. If the pool's policy refuses a generated one, it is sent once more with one that satisfies
/// the policy.
async fn ask(
    admin: &Admin,
    journal: &Journal,
    record: &mut Record,
    username: &Username,
) -> Result<Created, CreateUserError> {
    let began = Instant::now();
    let earlier = earlier_request(record);
    record.asked = Some(since(earlier, asked(admin, began, admin.deadline())));
    record.state = State::Intent;
    for is_first in [true, false] {
        journal.write(record).map_err(CreateUserError::Refused)?;
        let password = Secret::new(record.password.clone());
        let new = NewUser { username, password: &password, attributes: &record.attributes, invite: record.invite };
        let error = match admin.create(&new, began).await {
            Err(CreateUserError::Refused(error)) if error.code() == Some("InvalidPasswordException") => error,
            Err(CreateUserError::Unknown(error)) => {
                record.asked = Some(since(earlier, asked(admin, began, Instant::now())));
                if let Err(unwritten) = journal.write(record) {
                    log::warn!(target: "cogtok", "{unwritten}");
                }
                return Err(CreateUserError::Unknown(error));
            }
            other => return other,
        };
        satisfy(admin, record, is_first, error).await.map_err(CreateUserError::Refused)?;
    }
    Err(CreateUserError::Refused(Error::new(Kind::Failure, "AdminCreateUser was not tried")))
}

/// The time from `from` until `until`, by the server's clock where that is known.
fn asked(admin: &Admin, from: Instant, until: Instant) -> Asked {
    let seconds = |from: i64, until: i64, is_server_time| Asked {
        from: from.div_euclid(1000),
        until: until.div_euclid(1000).saturating_add(1),
        is_server_time,
    };
    if let Some((from, until)) = admin.server_time(from).zip(admin.server_time(until)) {
        return seconds(from, until, true);
    }
    let (now, at) = (Instant::now(), admin.local_time());
    let millis = |later: Instant, earlier: Instant| {
        i64::try_from(later.saturating_duration_since(earlier).as_millis()).unwrap_or(i64::MAX)
    };
    let local = |moment| at.saturating_add(millis(moment, now)).saturating_sub(millis(now, moment));
    seconds(local(from), local(until), false)
}

/// AdminSetUserPassword with the record's password, and like [`ask`] once again where the policy asks for more.
async fn set_password(admin: &Admin, journal: &Journal, record: &mut Record) -> Result<()> {
    for is_first in [true, false] {
        let password = Secret::new(record.password.clone());
        let error = match admin.set_password(&record.username, &password, record.is_permanent).await {
            Err(error) if error.code() == Some("InvalidPasswordException") => error,
            other => return other,
        };
        satisfy(admin, record, is_first, error).await?;
        journal.write(record)?;
    }
    Err(Error::new(Kind::Failure, "AdminSetUserPassword was not tried"))
}

/// Replaces a refused generated password with one that satisfies the pool's policy; for another password, reports the policy.
async fn satisfy(admin: &Admin, record: &mut Record, is_first: bool, refused: Error) -> Result<()> {
    let policy = admin.password_policy().await;
    // A run takes no password on standard input.
    let refused = if record.is_of_run { without_policy_advice(refused) } else { refused };
    let refused = match &policy {
        _ if record.is_generated || !record.is_of_run => refused,
        _ => refused.with_code(PASSWORD_OF_FILE).hint(
            Advice::new(
                "the password does not meet the pool's password policy: correct the password of {user} in the file",
            )
            .text("user", &record.username),
        ),
    };
    let policy = match policy {
        Ok(policy) => policy,
        Err(_) if record.is_of_run && record.is_generated => return Err(refused.hint(UNSEEN_POLICY)),
        Err(_) => return Err(refused),
    };
    if !record.is_generated || !is_first {
        return Err(refused.hint(format!("the pool wants {policy}")));
    }
    let longer = password_generator::generate(policy.minimum_length)?;
    record.replace_password(&longer);
    Ok(())
}

/// What to do where the pool's policy can't be read.
const UNSEEN_POLICY: &str =
    "cogtok can't read the pool's password policy: `cogtok help cognito-setup` lists the actions for that";

/// The code of a password that is in the file of a run, and that the pool's policy refuses.
const PASSWORD_OF_FILE: &str = "PasswordOfFile";

/// Whether it failed since the pool's policy refuses a password that the run has from its file: it always will.
pub fn is_of_file(error: &Error) -> bool {
    error.code() == Some(PASSWORD_OF_FILE)
}

/// The error without the advice to give another password on standard input.
pub fn without_policy_advice(error: Error) -> Error {
    use AdviceKind::{ChooseFittingPassword, ChooseFittingPasswordForUser};
    error.map_advice(|advice| {
        let is_about_it = matches!(advice.kind(), Some(ChooseFittingPassword | ChooseFittingPasswordForUser));
        (!is_about_it).then_some(advice)
    })
}

/// What decides about a user who may be somebody else's.
#[derive(Debug, Clone, Copy, Default)]
pub struct Judge<'a> {
    /// Tells by the password.
    pub proof: Option<&'a PasswordProof>,
    /// What to do where the user is somebody else's, or nothing tells; none where nobody said.
    pub decided: Option<IfExists>,
    /// Whether this call itself asked for the user, so that nobody else had the time to.
    pub is_of_this_call: bool,
}

/// Completes a journal record. `None` if the user was never created and is no longer wanted: then the record is deleted.
///
/// # Errors
/// As [`create`].
pub async fn resume(admin: &Admin, journal: &Journal, record: &mut Record, judge: Judge<'_>) -> Result<Made> {
    match (record.state, admin.get(&record.username).await?) {
        (State::Planned | State::Skipped | State::Intent, None) if earlier_request(record).is_some() => {
            match send(admin, journal, record).await? {
                Sent::Created(user) => created(admin, journal, record, user).await,
                // The earlier request may have been carried out since the look.
                Sent::Exists(error) => match admin.get(&record.username).await? {
                    Some(user) => judged(admin, journal, record, user, judge).await,
                    None => Err(error.hint(if record.is_of_run { UNKNOWN_OF_RUN } else { UNKNOWN })),
                },
            }
        }
        (State::Planned | State::Skipped | State::Intent, None) => create(admin, journal, record, IfExists::Fail).await,
        // The user may be somebody else's: this call did not create one, so its password must not change.
        (State::Planned | State::Skipped | State::Intent, Some(user)) => {
            judged(admin, journal, record, user, judge).await
        }
        // Somebody deleted and recreated the user: it stays somebody else's, whatever is decided.
        (State::Created | State::Done, Some(user))
            if record.sub.as_ref().zip(user.sub.as_ref()).is_some_and(|(ours, there)| ours != there) =>
        {
            record.is_of_another = true;
            if judge.decided == Some(IfExists::Reset) {
                journal.write(record)?;
            }
            decide(admin, journal, record, user, judge).await
        }
        // Cognito checks a permanent password only at the next sign-in, so it is set again: the record's password is the right one in any
        // case.
        (State::Created | State::Done, Some(user)) => finish(admin, journal, record, user).await,
        (State::Created | State::Done, None) => {
            journal.remove(record)?;
            Err(Error::new(Kind::Failure, format!("the user {} was deleted meanwhile", record.username))
                .hint("cogtok removed its record; create it again: cogtok user create{p}"))
        }
    }
}

/// Takes a user who is there for our own, or leaves it.
async fn judged(admin: &Admin, journal: &Journal, record: &mut Record, user: User, judge: Judge<'_>) -> Result<Made> {
    match maker(admin, record, &user) {
        // Somebody else may have made one of that name in that time, with the same attributes.
        Maker::Us => match proven(admin, judge.proof, record).await {
            Some(false) => {
                let why = format!("someone else created the user {}: nothing was changed", record.username);
                of_another(admin, journal, record, user, judge, why).await
            }
            None if !judge.is_of_this_call || has_other_attributes(record, &user) => {
                decide(admin, journal, record, user, judge).await
            }
            Some(true) | None => take(admin, journal, record, user).await,
        },
        Maker::Another => {
            let why = format!("the user {} was there before: nothing was changed", record.username);
            of_another(admin, journal, record, user, judge, why).await
        }
        Maker::Unknown => {
            // Only the run has a password that was generated for it.
            let is_ours =
                record.is_of_run && record.is_generated && proven(admin, judge.proof, record).await == Some(true);
            if is_ours {
                take(admin, journal, record, user).await
            } else {
                decide(admin, journal, record, user, judge).await
            }
        }
    }
}

/// Does with a user of somebody else what was decided.
async fn of_another(
    admin: &Admin,
    journal: &Journal,
    record: &mut Record,
    user: User,
    judge: Judge<'_>,
    why: String,
) -> Result<Made> {
    match judge.decided {
        Some(IfExists::Fail) | None => {
            journal.remove(record)?;
            let error = Error::new(Kind::Failure, why);
            Err(if record.is_of_run {
                error.with_code(OF_ANOTHER).hint(AdviceKind::SkipOrResetExistingUser)
            } else {
                error.hint(reset(record).fill("why", "to give it a new password"))
            })
        }
        Some(decided) => {
            record.is_of_another = true;
            if decided == IfExists::Reset {
                journal.write(record)?;
            }
            decide(admin, journal, record, user, judge).await
        }
    }
}

/// The code of a user whom somebody else created, of whom Cognito did not say so.
const OF_ANOTHER: &str = "OfAnother";

/// Whether it failed since there is such a user, of somebody else: only a person can decide about that one.
pub fn is_of_another(error: &Error) -> bool {
    already_exists(error) || error.code() == Some(OF_ANOTHER)
}

/// Does with a user of unknown origin what was decided.
async fn decide(admin: &Admin, journal: &Journal, record: &mut Record, user: User, judge: Judge<'_>) -> Result<Made> {
    match judge.decided {
        Some(IfExists::Reset) => take(admin, journal, record, user).await,
        Some(IfExists::Skip) => {
            journal.skip(record)?;
            Ok(Made { user, password: None, is_permanent: false })
        }
        Some(IfExists::Fail) | None => Err(undecided(record, &user)),
    }
}

/// Finishes a user who is there as one of our own.
async fn take(admin: &Admin, journal: &Journal, record: &mut Record, user: User) -> Result<Made> {
    record.was_there = true;
    record.sub.clone_from(&user.sub);
    finish(admin, journal, record, user).await
}

async fn proven(admin: &Admin, proof: Option<&PasswordProof>, record: &Record) -> Option<bool> {
    proof?.is_password_of_user(admin, record).await
}

async fn finish(admin: &Admin, journal: &Journal, record: &mut Record, mut user: User) -> Result<Made> {
    // A user who existed before, or was found by a look-up, may have another password: even a temporary one must replace it.
    if record.is_permanent || record.was_there {
        set_password(admin, journal, record).await.map_err(|error| partial(record, error))?;
        user.status = Some(if record.is_permanent { "CONFIRMED" } else { "FORCE_CHANGE_PASSWORD" }.to_owned());
    }
    for group in record.group.iter().chain(&record.more_groups) {
        let added = admin.add_to_group(&record.username, group).await;
        added.map_err(|error| {
            let error = partial(record, error);
            if record.is_of_run { error } else { error.hint(Advice::new(ANOTHER_GROUP).word("user", &record.username)) }
        })?;
    }
    record.state = State::Done;
    journal.write(record).map_err(|error| partial(record, error))?;
    journal.forget_older(record);
    let password = Some(Secret::new(record.password.clone()));
    Ok(Made { user, password, is_permanent: record.is_permanent })
}

/// How to finish a user whose group is not there. Others may be unfinished as well, with groups of their own.
const ANOTHER_GROUP: &str =
    "into another group: add `--group GROUP` to `cogtok user create {user}{p} --resume`; into none: add `--no-group`";

/// The error for a step that failed after the user was created.
pub fn partial(record: &Record, error: Error) -> Error {
    // A run whose journal can't be written ends: a second try would change a user of whom nothing is noted.
    if record.is_of_run && error.kind() == Kind::Store {
        return error;
    }
    let what = format!("the user {} was created, but not finished", record.username);
    let error = error.with_kind(Kind::Partial).context(&what);
    // A run adds a hint of its own.
    if record.is_of_run { error } else { error.hint("finish it: cogtok user create{p} --resume") }
}

enum Existing {
    LeftAlone(User),
    ToReset(User),
}

async fn existing(
    admin: &Admin,
    journal: &Journal,
    record: &mut Record,
    if_exists: IfExists,
    error: Error,
) -> Result<Existing> {
    if if_exists == IfExists::Fail {
        journal.remove(record)?;
        return Err(error);
    }
    let found = admin.get(&record.username).await.and_then(|user| {
        user.ok_or_else(|| {
            Error::new(Kind::Failure, format!("Cognito says that {} exists and does not find it", record.username))
        })
    });
    let user = match found {
        Ok(user) => user,
        Err(error) => {
            journal.remove(record)?;
            return Err(error);
        }
    };
    match if_exists {
        IfExists::Reset => Ok(Existing::ToReset(user)),
        IfExists::Skip | IfExists::Fail => {
            record.is_of_another = true;
            journal.skip(record)?;
            Ok(Existing::LeftAlone(user))
        }
    }
}

/// The attributes of a new user with this address: the address, marked as verified or not, and `more`, which wins.
pub fn attributes(email: Option<&str>, is_verified: bool, more: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::new();
    if let Some(email) = email {
        attributes.insert("email".to_owned(), email.to_owned());
        attributes.insert("email_verified".to_owned(), is_verified.to_string());
    }
    attributes.extend(more.clone());
    attributes
}
