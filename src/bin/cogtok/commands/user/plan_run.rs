//! The users of a run before any of them is created: those of a count, or of a file.

use std::path::PathBuf;

use clap::Args;
use cogtok::error::{Error, Result, printable};

use crate::app::App;
use crate::services::create_user;
use crate::services::create_users::seats::{self, Numbered, Seat};
use crate::services::journal::plan::Plan;
use crate::services::journal::run::Head;
use crate::services::journal::{IfExists, Record, RunKey, State};
use crate::services::password_generator;
use crate::services::user_file::UserFile;

/// The most users of one run.
const MOST: usize = 1_000_000;

/// Options for who is created.
#[derive(Debug, Args)]
pub struct PlannedUsers {
    /// Create N users: seat-01@example.com and so on
    #[arg(long, value_name = "N", conflicts_with_all = ["email", "username", "password_stdin", "save_password", "resume", "from"])]
    count: Option<usize>,
    /// Create the users of a CSV or JSON Lines file, or of standard input (-): email, username, password, group, groups,
    /// attributes, phone
    #[arg(long, value_name = "FILE", conflicts_with_all = ["email", "username", "password_stdin", "save_password", "resume"])]
    from: Option<PathBuf>,
    /// With `--count`: what the names begin with [default: seat-]
    #[arg(long, value_name = "TEXT", requires = "count")]
    prefix: Option<String>,
    /// With `--count`: the first number [default: 1]
    #[arg(long, value_name = "N", requires = "count")]
    start: Option<usize>,
    /// With `--count`: the domain of the addresses [default: example.com]
    #[arg(long, value_name = "DOMAIN", requires = "count")]
    email_domain: Option<String>,
    /// With `--count`: seat-01 is the user name, for pools whose user names are not e-mail addresses
    #[arg(long, requires = "count")]
    named: bool,
}

impl PlannedUsers {
    /// Whether several users are to be created.
    pub fn is_given(&self) -> bool {
        self.count.is_some() || self.from.is_some()
    }
}

/// The settings that all users of a run have.
#[derive(Debug)]
pub struct Common {
    /// Attributes by name.
    pub attributes: std::collections::BTreeMap<String, String>,
    /// A group to add each to.
    pub group: Option<String>,
    /// Whether the addresses count as verified.
    pub is_verified: bool,
    /// Whether the passwords are permanent.
    pub is_permanent: bool,
    /// Whether Cognito sends its invitation.
    pub invite: bool,
    /// What to do about users that exist already.
    pub if_exists: IfExists,
}

/// Writes the file of the run, with all its users.
pub fn plan(app: &App, planned: &PlannedUsers, common: &Common, head: &Head, key: Option<RunKey>) -> Result<()> {
    let mut plan = Plan::begin(app.dirs().state.as_deref(), head, key)?;
    let mut add = |seat: Seat| {
        if plan.len() >= MOST {
            return Err(Error::usage(format!("a run has at most {MOST} users")));
        }
        plan.add(record(head, common, seat)?)
    };
    match (planned.count, &planned.from) {
        (Some(count), _) => numbered(planned, count, &mut add)?,
        (None, Some(path)) => seats::read(UserFile::open(path, app.deadline())?, add)?,
        (None, None) => return Err(Error::usage("neither `--count` nor `--from` is given")),
    }
    plan.finish()
}

fn numbered(planned: &PlannedUsers, count: usize, add: &mut impl FnMut(Seat) -> Result<()>) -> Result<()> {
    if !(1..=MOST).contains(&count) {
        return Err(Error::usage(format!("`--count` is from 1 to {MOST}")));
    }
    let has_domain = !planned.named || planned.email_domain.is_some();
    let numbered = Numbered {
        prefix: planned.prefix.as_deref().unwrap_or("seat-"),
        start: planned.start.unwrap_or(1),
        count,
        domain: has_domain.then(|| planned.email_domain.as_deref().unwrap_or("example.com")),
        has_names: planned.named,
    };
    if numbered.start.checked_add(count).is_none() {
        return Err(Error::usage(format!("`--start` is at most {}", usize::MAX - count)));
    }
    // All names have the same form, so the first one shows whether they are valid.
    let first = numbered.seat(0);
    if let Err(why) = seats::check(&first) {
        return Err(Error::usage(format!("`{}` can't be the name of a seat: {why}", printable(first.name(), 80))));
    }
    (0..count).try_for_each(|at| add(numbered.seat(at)))
}

fn record(head: &Head, common: &Common, seat: Seat) -> Result<Record> {
    let is_generated = seat.password.is_none();
    let password = match &seat.password {
        Some(password) => password.clone(),
        None => password_generator::generate(password_generator::LENGTH)?,
    };
    let (origin, pool) = (head.origin.clone(), head.user_pool_id.clone());
    let name = seat.name().to_owned();
    let mut record = Record::intent(head.begun_at, origin, pool, name, password.expose().to_owned())?;
    let mut more = common.attributes.clone();
    more.extend(seat.attributes);
    record.state = State::Planned;
    record.is_generated = is_generated;
    record.is_permanent = common.is_permanent;
    record.invite = common.invite;
    record.attributes = create_user::attributes(seat.email.as_deref(), common.is_verified, &more);
    let mut groups: Vec<String> = common.group.iter().cloned().chain(seat.groups).collect();
    groups.dedup();
    let mut groups = groups.into_iter();
    record.group = groups.next();
    record.more_groups = groups.collect();
    Ok(record)
}
