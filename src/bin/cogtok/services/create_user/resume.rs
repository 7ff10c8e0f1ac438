//! Finishing what was left half done: whose a user is who is there, and what is done with the user.

use cogtok::aws::admin::{Admin, User, already_exists};
use cogtok::error::{AdviceKind, Error, Kind, Result};

use super::maker::{Maker, has_other_attributes, is_undecided, maker, reset, undecided};
use super::request_time::earlier_request;
use super::{Made, PasswordProof, Sent, create, created, finish, send, unknown};
use crate::services::journal::{IfExists, Journal, Record, State};

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
                    None => Err(unknown(record, error)),
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
                .with_code(DELETED)
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
            let error = Error::new(Kind::Failure, why).with_code(OF_ANOTHER);
            Err(if record.is_of_run {
                error.hint(AdviceKind::SkipOrResetExistingUser)
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

/// The code of a user who was deleted after cogtok created it.
const DELETED: &str = "Deleted";

/// Whether the message of an error of [`resume`] names the user: cogtok's own messages about one do. The words of a service don't count,
/// which may contain the name by chance.
pub fn names_user(error: &Error) -> bool {
    error.kind() == Kind::Partial || is_undecided(error) || matches!(error.code(), Some(OF_ANOTHER | DELETED))
}

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
