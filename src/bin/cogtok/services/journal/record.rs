//! What the journal keeps of one user: how far it is, and the password.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use cogtok::error::{Error, Kind, Result, printable};
use cogtok::secret::Secret;
use cogtok::store::state_file::FileContent;

/// How far a user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing was sent, or the server refused: this record created no user.
    Planned,
    /// The server is about to be asked; it may know the user or not.
    Intent,
    /// The user exists, with the password as a temporary one.
    Created,
    /// All steps are done, but the result may not have been printed yet.
    Done,
    /// The user existed and was left unchanged.
    Skipped,
}

/// What to do about a user that exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IfExists {
    /// Fail.
    Fail,
    /// Leave the user alone.
    Skip,
    /// Give it a new password.
    Reset,
}

/// Between which moments the server was asked to make a user, in seconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The first request.
    pub from: i64,
    /// The end of the last request; during the call, its latest possible end.
    pub until: i64,
    /// Whether this is the time of the server's clock, not of this machine's.
    pub is_server_time: bool,
}

/// A user in creation.
#[derive(Clone, Serialize, Deserialize)]
pub struct Record {
    pub(super) id: String,
    /// How far it is.
    pub state: State,
    /// When it was begun, in seconds since the Unix epoch.
    pub begun_at: i64,
    /// When the server was asked.
    #[serde(default)]
    pub asked: Option<Asked>,
    /// The endpoint of the Cognito API.
    pub origin: String,
    /// The pool.
    pub user_pool_id: String,
    /// The user name that was asked for.
    pub username: String,
    /// The user's `sub`, once it is known.
    #[serde(default)]
    pub sub: Option<String>,
    /// The password, in clear: the file is private. A run that is sealed has it beside the record.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub password: String,
    /// Whether the password was generated and may be replaced.
    #[serde(default)]
    pub is_generated: bool,
    /// Whether the password is to be permanent.
    pub is_permanent: bool,
    /// Whether Cognito is to send its invitation.
    pub invite: bool,
    /// Attributes by name.
    pub attributes: BTreeMap<String, String>,
    /// A group to add the user to.
    pub group: Option<String>,
    /// Further groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_groups: Vec<String>,
    /// Whether the user existed before, or may have another password, so that it must be set again.
    #[serde(default)]
    pub was_there: bool,
    /// Whether the user is certainly of somebody else, and got a new password or was left since a person said so. Records of
    /// earlier programs do not say.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_of_another: bool,
    /// Its number in the run; 0 outside a run.
    #[serde(skip)]
    pub seat: usize,
    /// Whether it is one of a run.
    #[serde(skip)]
    pub is_of_run: bool,
    /// Whether the password is another than the one that was planned.
    #[serde(skip)]
    pub(super) is_password_new: bool,
}

/// What may be added to a record while its user is created, and stands around it in the file of a run, in bytes.
const LATER: u64 = 16 * 1024;

impl FileContent for Record {
    const LIMIT: u64 = 1024 * 1024;
    const VERSION: Option<u64> = Some(1);
    const IS_PRETTY: bool = true;
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record").field("username", &self.username).field("state", &self.state).finish_non_exhaustive()
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.password.zeroize();
    }
}

impl Record {
    /// A record of the state [`State::Intent`] under a new, random id.
    ///
    /// # Errors
    /// [`Kind::Failure`] when the operating system has no random bytes.
    pub fn intent(
        begun_at: i64,
        origin: String,
        user_pool_id: String,
        username: String,
        password: String,
    ) -> Result<Self> {
        Ok(Record {
            id: random_id()?,
            state: State::Intent,
            begun_at,
            asked: None,
            origin,
            user_pool_id,
            username,
            sub: None,
            password,
            is_generated: false,
            is_permanent: true,
            invite: false,
            attributes: BTreeMap::new(),
            group: None,
            more_groups: Vec::new(),
            was_there: false,
            is_of_another: false,
            seat: 0,
            is_of_run: false,
            is_password_new: false,
        })
    }

    /// Refuses a record that could not be read again.
    ///
    /// # Errors
    /// [`Kind::Usage`].
    pub fn check_size(&self) -> Result<()> {
        let length = serde_json::to_vec_pretty(self).map(Zeroizing::new).map_or(usize::MAX, |bytes| bytes.len());
        if u64::try_from(length).is_ok_and(|length| length <= Self::LIMIT - LATER) {
            return Ok(());
        }
        let name = printable(&self.username, 128);
        Err(Error::usage(format!("the user {name} has attributes and groups of more than 1 MiB")))
    }

    /// Replaces a generated password.
    pub fn replace_password(&mut self, password: &Secret) {
        self.set_password(password, true);
    }

    pub(super) fn set_password(&mut self, password: &Secret, is_new: bool) {
        self.password.zeroize();
        self.password = password.expose().to_owned();
        self.is_password_new |= is_new;
    }

    /// The name by which a person knows it: sixteen hexadecimal digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether this is an earlier record of the user that `newer` is about.
    pub fn is_older_of_same(&self, newer: &Record) -> bool {
        let same = |of: fn(&Record) -> &str| of(self) == of(newer);
        self.id != newer.id
            && self.begun_at <= newer.begun_at
            && same(|record| &record.origin)
            && same(|record| &record.user_pool_id)
            && same(|record| &record.username)
    }
}

/// Sixteen random hexadecimal digits.
pub(super) fn random_id() -> Result<String> {
    let mut id = [0u8; 8];
    getrandom::fill(&mut id)
        .map_err(|why| Error::new(Kind::Failure, format!("no random bytes from the operating system: {why}")))?;
    Ok(id.iter().map(|byte| format!("{byte:02x}")).collect())
}
