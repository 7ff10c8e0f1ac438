//! Which users: named, or found in the pool.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::aws::admin::{Admin, User};
use cogtok::error::Result;
use cogtok::settings::types::{Username, parse_duration};

use super::chosen::Selected;
use super::find_run;
use super::list;
use super::user_file;
use super::user_file::{Row, Rows};
use crate::app::App;
use crate::services::journal::run::Run;
use crate::services::journal::{IfExists, State};
use crate::services::spool::Spool;
use crate::services::user_filter;
use crate::{completion, env};

/// The users that a command is for.
#[derive(Debug, Args)]
pub struct Selection {
    /// The users: names, e-mail addresses or subs
    #[arg(value_name = "USERNAME", required_unless_present_any = ["from", "run", "group", "filter", "status", "created_before"], add = ArgValueCandidates::new(completion::users))]
    pub usernames: Vec<String>,
    #[command(flatten)]
    pub others: Others,
}

/// The users who are not named on the line.
#[derive(Debug, Clone, Args)]
pub struct Others {
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

impl Selection {
    /// Refuses impossible combinations before any request.
    ///
    /// # Errors
    /// [`Kind::Usage`](cogtok::error::Kind::Usage).
    pub fn check(&self) -> Result<()> {
        self.usernames.iter().try_for_each(|name| name.parse::<Username>().map(drop))?;
        self.others.filter.as_deref().map_or(Ok(()), user_filter::check)
    }

    /// The named users, each once; `None` if the users have to be looked up.
    ///
    /// # Errors
    /// [`Kind::Usage`](cogtok::error::Kind::Usage) where the file is malformed.
    pub fn named(&self, app: &App) -> Result<Option<Selected>> {
        if let Some(file) = &self.others.from {
            let rows = user_file::read(file, app.deadline())?;
            return Ok(Some(Selected::Named(Box::new(rows))));
        }
        if let Some(run) = &self.others.run {
            return of_run(app, run).map(Some);
        }
        let mut rows = Rows::default();
        for name in &self.usernames {
            rows.add(&Row::named(name.clone()))?;
        }
        Ok((rows.len() > 0).then(|| Selected::Named(Box::new(rows))))
    }

    /// Looks the users up in the pool.
    pub async fn find(&self, admin: &Admin) -> Result<Selected> {
        let Others { group, filter, status, created_before, .. } = &self.others;
        let status = status.as_deref().map(str::to_ascii_uppercase);
        let by_status = status.as_ref().map(|status| format!("cognito:user_status = \"{}\"", quotable(status)));
        let now = i64::try_from(env::now() / 1000).unwrap_or_default();
        let before = created_before.map(|age| now.saturating_sub(i64::try_from(age.as_secs()).unwrap_or(i64::MAX)));
        let mut users = Spool::default();
        // A filter has only one attribute, so the other conditions are checked here.
        let take = |user: User| {
            let has_status = status.is_none() || user.status == status;
            let is_old = before.is_none_or(|before| user.created_at.is_some_and(|made| made < before));
            if has_status && is_old {
                users.add(&list::as_json(&user))?;
            }
            Ok(true)
        };
        match (group, filter.as_ref().or(by_status.as_ref())) {
            (Some(group), _) => admin.members(group, usize::MAX, take).await?,
            (None, filter) => admin.list(filter.map(String::as_str), usize::MAX, take).await?,
        };
        Ok(Selected::Found(users))
    }
}

/// The users that a run created, without users that existed before.
fn of_run(app: &App, wanted: &str) -> Result<Selected> {
    let run = find_run::find(app, wanted)?;
    find_run::check_pool(&run, &app.profile(&[])?)?;
    made_by(run)
}

/// As [`of_run`], of a run that is at hand.
///
/// # Errors
/// [`Kind::Store`](cogtok::error::Kind::Store) when it can't be read.
pub fn made_by(mut run: Run) -> Result<Selected> {
    let seats = made_in(&mut run)?;
    Ok(Selected::OfRun(Box::new(run), seats))
}

/// The places of the users whom a run created.
///
/// # Errors
/// As [`made_by`].
pub fn made_in(run: &mut Run) -> Result<Vec<usize>> {
    let mut seats = Vec::new();
    for seat in 0..run.len() {
        if !matches!(run.state(seat), State::Created | State::Done) {
            continue;
        }
        let record = run.outline(seat)?;
        if !record.is_of_another && (run.head.if_exists != IfExists::Reset || !record.was_there) {
            seats.push(seat);
        }
    }
    Ok(seats)
}

/// A status as it may be put between quotation marks.
fn quotable(status: &str) -> String {
    status.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}
