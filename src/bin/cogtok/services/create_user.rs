//! Making a user: the record with its password is in the journal before Cognito is asked, and what was left half done
//! is finished from there.

mod maker;
mod proof;
mod request_time;
mod resume;

use std::collections::BTreeMap;
use std::time::Instant;

use crate::services::journal::{IfExists, Journal, Record, State};
use crate::services::password_generator;
use cogtok::aws::admin::{Admin, CreateUserError, Created, NewUser, User, already_exists};
use cogtok::error::{Advice, AdviceKind, Error, Kind, Result};
use cogtok::secret::Secret;
use cogtok::settings::types::Username;
pub use maker::is_undecided;
pub use proof::PasswordProof;
use request_time::{asked, earlier_request, may_be_under_way, since};
pub use resume::{Judge, is_of_another, names_user, resume};

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
    match ask(admin, journal, record, &username).await {
        Ok(created) => {
            // A user whom somebody else created at the same moment has another password.
            (record.was_there, record.is_of_another) = (!created.is_answered, false);
            Ok(Sent::Created(created.user))
        }
        Err(CreateUserError::Refused(error)) if already_exists(&error) => Ok(Sent::Exists(error)),
        // An earlier request may still be carried out.
        Err(CreateUserError::Refused(error)) if earlier.is_some_and(|asked| may_be_under_way(admin, asked)) => {
            Err(unknown(record, error))
        }
        Err(CreateUserError::Refused(error)) => {
            journal.remove(record)?;
            Err(error)
        }
        // The user may exist, so the record stays.
        Err(CreateUserError::Unknown(error)) => Err(unknown(record, error)),
    }
}

async fn created(admin: &Admin, journal: &Journal, record: &mut Record, user: User) -> Result<Made> {
    record.state = State::Created;
    record.sub.clone_from(&user.sub);
    journal.write(record).map_err(|error| partial(record, error))?;
    finish(admin, journal, record, user).await
}

/// The error where it is not known whether the user was created: the record stays.
fn unknown(record: &Record, error: Error) -> Error {
    error.hint(if record.is_of_run { UNKNOWN_OF_RUN } else { UNKNOWN })
}

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

/// Whether it failed since Cognito refused the name or an attribute, which a run does not change: it always will.
pub fn is_of_values(error: &Error) -> bool {
    error.code() == Some("InvalidParameterException") && error.operation() == Some("AdminCreateUser")
}

/// The error without the advice to give another password on standard input.
pub fn without_policy_advice(error: Error) -> Error {
    use AdviceKind::{ChooseFittingPassword, ChooseFittingPasswordForUser};
    error.map_advice(|advice| {
        let is_about_it = matches!(advice.kind(), Some(ChooseFittingPassword | ChooseFittingPasswordForUser));
        (!is_about_it).then_some(advice)
    })
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
    // What ends a run keeps its kind. Where the journal can't be written, a second try would change a user of whom nothing is noted.
    if record.is_of_run && matches!(error.kind(), Kind::Store | Kind::AwsCredentials | Kind::Config) {
        return error;
    }
    let error = error.with_kind(Kind::Partial);
    // A run says itself whom it is about, that the user is there, and how to go on.
    if record.is_of_run {
        return error;
    }
    let what = format!("the user {} was created, but not finished", record.username);
    error.context(&what).hint("finish it: cogtok user create{p} --resume")
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
