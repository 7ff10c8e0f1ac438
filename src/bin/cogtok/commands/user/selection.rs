//! Which users: named, or found in the pool.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::aws::admin::{Admin, User};
use cogtok::error::{Result, printable};
use cogtok::secret::Secret;
use cogtok::settings::types::{Username, parse_duration};
use serde_json::{Value, json};

use super::batch::NAMED;
use super::create_many;
use super::list;
use super::pool_user::typed;
use super::user_file;
use super::user_file::Row;
use crate::app::App;
use crate::io::terminal;
use crate::services::journal::run::Run;
use crate::services::journal::{IfExists, State};
use crate::services::user_filter;
use crate::{completion, env};

/// The users that a command is for.
#[derive(Debug, Args)]
pub struct Selection {
    /// The users: names, e-mail addresses or subs
    #[arg(value_name = "USERNAME", required_unless_present_any = ["from", "run", "group", "filter", "status", "created_before"], add = ArgValueCandidates::new(completion::users))]
    pub usernames: Vec<String>,
    /// The users of a file, or of standard input where it is `-`: CSV with a column `username` or `email`, or JSON lines
    #[arg(long, value_name = "FILE", conflicts_with = "usernames")]
    from: Option<PathBuf>,
    /// The users that a run of `user create` created, as `cogtok user runs` lists it, or how it begins
    #[arg(long, value_name = "RUN", conflicts_with_all = ["usernames", "from", "group", "filter", "status", "created_before"])]
    pub run: Option<String>,
    /// All users of a group
    #[arg(long, value_name = "GROUP", conflicts_with_all = ["usernames", "from"], add = ArgValueCandidates::new(completion::groups))]
    group: Option<String>,
    /// All users that a filter finds, in ListUsers' words
    #[arg(long, value_name = "FILTER", conflicts_with_all = ["usernames", "from", "group"])]
    filter: Option<String>,
    /// Those with this status, such as FORCE_CHANGE_PASSWORD
    #[arg(long, value_name = "STATUS", conflicts_with_all = ["usernames", "from"])]
    status: Option<String>,
    /// Those created longer ago than this, such as 3d
    #[arg(long, value_name = "DURATION", conflicts_with_all = ["usernames", "from"], value_parser = parse_duration)]
    created_before: Option<Duration>,
}

/// The users who were meant.
pub enum Selected {
    /// Named users, as typed.
    Named(Vec<Row>),
    /// As the pool has them.
    Found(Vec<User>),
}

impl Selection {
    /// Refuses impossible combinations before any request.
    ///
    /// # Errors
    /// [`Kind::Usage`](cogtok::error::Kind::Usage).
    pub fn check(&self) -> Result<()> {
        self.usernames.iter().try_for_each(|name| name.parse::<Username>().map(drop))?;
        self.filter.as_deref().map_or(Ok(()), user_filter::check)
    }

    /// The named users, each once; `None` if the users have to be looked up.
    ///
    /// # Errors
    /// [`Kind::Usage`](cogtok::error::Kind::Usage) where the file is malformed.
    pub fn named(&self, app: &App) -> Result<Option<Selected>> {
        if let Some(file) = &self.from {
            return user_file::read(file, app.deadline()).map(Selected::Named).map(Some);
        }
        if let Some(run) = &self.run {
            return of_run(app, run).map(Selected::Named).map(Some);
        }
        let mut seen = BTreeSet::new();
        let names = self.usernames.iter().filter(|name| seen.insert(*name));
        let rows = names.cloned().map(Row::named);
        Ok((!self.usernames.is_empty()).then(|| Selected::Named(rows.collect())))
    }

    /// Looks the users up in the pool.
    pub async fn find(&self, admin: &Admin) -> Result<Selected> {
        let status = self.status.as_deref().map(str::to_ascii_uppercase);
        let by_status = status.as_ref().map(|status| format!("cognito:user_status = \"{}\"", quotable(status)));
        let (mut users, _) = match (&self.group, self.filter.as_ref().or(by_status.as_ref())) {
            (Some(group), _) => admin.members(group, usize::MAX).await?,
            (None, filter) => admin.list(filter.map(String::as_str), usize::MAX).await?,
        };
        // A filter has only one attribute, so the other conditions are checked here.
        users.retain(|user| status.is_none() || user.status == status);
        if let Some(age) = self.created_before {
            let now = i64::try_from(env::now() / 1000).unwrap_or_default();
            let before = now.saturating_sub(i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
            users.retain(|user| user.created_at.is_some_and(|made| made < before));
        }
        Ok(Selected::Found(users))
    }
}

impl Selected {
    /// The names to ask Cognito with.
    pub fn names(&self) -> Vec<String> {
        match self {
            Selected::Named(rows) => rows.iter().map(|row| row.username.clone()).collect(),
            Selected::Found(users) => users.iter().map(|user| user.username.clone()).collect(),
        }
    }

    /// The password that a file has for the user at this place.
    pub fn password(&self, at: usize) -> Option<&Secret> {
        match self {
            Selected::Named(rows) => rows.get(at)?.password.as_ref(),
            Selected::Found(_) => None,
        }
    }

    /// The `sub` that the user at this place has to have.
    pub fn sub(&self, at: usize) -> Option<&str> {
        match self {
            Selected::Named(rows) => rows.get(at)?.sub.as_deref(),
            Selected::Found(_) => None,
        }
    }

    /// The users from the pool.
    pub fn found(&self) -> &[User] {
        match self {
            Selected::Named(_) => &[],
            Selected::Found(users) => users,
        }
    }

    /// Shows the affected users before the question; a single one is named in the question.
    pub fn show(&self) {
        let names = self.shown();
        for name in names.iter().take(NAMED) {
            terminal::note(&format!("  {name}"));
        }
        if names.len() > NAMED {
            terminal::note(&format!("  and {} more: `--dry-run` lists them", names.len() - NAMED));
        }
    }

    /// The readable names, one a line.
    pub fn text(&self) -> String {
        self.shown().into_iter().map(|name| format!("{name}\n")).collect()
    }

    /// The users as `--json` prints them.
    pub fn json(&self) -> Value {
        match self {
            Selected::Named(rows) => rows.iter().map(|row| json!({ "username": row.username })).collect(),
            Selected::Found(users) => users.iter().map(list::as_json).collect(),
        }
    }

    /// The readable names.
    pub fn shown(&self) -> Vec<String> {
        match self {
            Selected::Named(rows) => rows.iter().map(|row| printable(&row.username, 128)).collect(),
            Selected::Found(users) => users.iter().map(|user| printable(typed(user), 128)).collect(),
        }
    }
}

/// The users that a run created, with its passwords, without users that existed before.
fn of_run(app: &App, wanted: &str) -> Result<Vec<Row>> {
    let mut run = create_many::find(app, wanted)?;
    create_many::check_pool(&run, &app.profile(&[])?)?;
    made_by(&mut run)
}

/// As [`of_run`], of a run that is at hand.
///
/// # Errors
/// [`Kind::Store`](cogtok::error::Kind::Store) when it can't be read.
pub fn made_by(run: &mut Run) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for seat in 0..run.len() {
        if !matches!(run.state(seat), State::Created | State::Done) {
            continue;
        }
        let record = run.record(seat)?;
        if run.head.if_exists != IfExists::Reset || !record.was_there {
            let password = Some(Secret::new(record.password.clone()));
            let row = Row::named(record.username.clone());
            rows.push(Row { password, sub: record.sub.clone(), ..row });
        }
    }
    Ok(rows)
}

/// A status as it may be put between quotation marks.
fn quotable(status: &str) -> String {
    status.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}
