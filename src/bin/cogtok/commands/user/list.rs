//! `cogtok user list`: the users of the pool.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::aws::admin::{Admin, User};
use cogtok::error::{Error, Kind, Result, printable};
use cogtok::settings::profile::Profile;
use serde_json::{Value, json};

use super::pool_user::{note_seen, typed};
use super::user_file::harmless;
use crate::app::App;
use crate::app::options::Output;
use crate::completion;
use crate::io::moment::day;
use crate::io::table::table;
use crate::io::terminal::{self, WriteOutcome};
use crate::services::user_filter;

const FORMS: [Output; 5] = [Output::Table, Output::Json, Output::Jsonl, Output::Csv, Output::Text];

/// List the users of the pool
///
/// The filter is ListUsers' own: one of email, username, phone_number, name, given_name, family_name, sub,
/// preferred_username, cognito:user_status or status, with = or ^= (begins with), and a value in quotes. A user who was
/// just created or changed may be missing for a moment.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok user list -p ws\n  \
    cogtok user list --filter 'email ^= \"test-\"' -o csv\n  \
    cogtok user list --group class\n  \
    cogtok user list -o jsonl | jq -r 'select(.status == \"CONFIRMED\").email'\n  \
    cogtok user list --json | jq -r '.[].email'")]
pub struct List {
    /// Which users, in ListUsers' words
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// The users of this group alone
    #[arg(long, value_name = "GROUP", conflicts_with = "filter", add = ArgValueCandidates::new(completion::groups))]
    group: Option<String>,
    /// How many users at the most
    #[arg(long, value_name = "N", default_value = "10000")]
    limit: usize,
}

pub fn run(app: &App, args: &List) -> Result<()> {
    args.filter.as_deref().map_or(Ok(()), user_filter::check)?;
    print(app, args.limit, args.group.as_deref(), args.filter.as_deref())
}

/// Prints the users of a group, or of the pool.
pub fn print(app: &App, limit: usize, group: Option<&str>, filter: Option<&str>) -> Result<()> {
    let form = app.output(&FORMS)?;
    if limit == 0 {
        return Err(Error::usage("`--limit` is at least 1"));
    }
    let profile = app.profile(&[])?;
    profile.user_pool_id().map_err(|error| app.without_profile(&profile, error))?;
    if form == Output::Jsonl {
        return stream(app, &profile, limit, group, filter);
    }
    let (users, is_cut) = app.block_on(async {
        let admin = Admin::new(&app.wire()?, &profile).await?;
        match group {
            Some(group) => admin.members(group, limit).await,
            None => admin.list(filter, limit).await,
        }
    })?;
    note_seen(app, &profile, users.iter().map(typed), group);
    warn_of_more(is_cut, limit);
    let text = match form {
        Output::Json => terminal::json(&Value::Array(users.iter().map(as_json).collect())),
        Output::Csv => csv(&users)?,
        Output::Text => users.iter().map(|user| format!("{}\n", printable(&user.username, 200))).collect(),
        _ => in_columns(&users),
    };
    terminal::data(&text).map(drop)
}

/// Prints each page of users as soon as it is there, one JSON object a line: only one page is in memory.
fn stream(app: &App, profile: &Profile, limit: usize, group: Option<&str>, filter: Option<&str>) -> Result<()> {
    let is_cut = app.block_on(async {
        let admin = Admin::new(&app.wire()?, profile).await?;
        let take = |users: Vec<User>| {
            note_seen(app, profile, users.iter().map(typed), group);
            let lines: String = users.iter().map(|user| terminal::json_line(&as_json(user))).collect();
            terminal::data(&lines).map(|outcome| outcome != WriteOutcome::NobodyReads)
        };
        match group {
            Some(group) => admin.members_by_page(group, limit, take).await,
            None => admin.list_by_page(filter, limit, take).await,
        }
    })?;
    warn_of_more(is_cut, limit);
    Ok(())
}

fn warn_of_more(is_cut: bool, limit: usize) {
    if is_cut {
        log::warn!(target: "cogtok", "there are more users: `--limit` is {limit}");
    }
}

/// The users as a table. In pools that sign in by e-mail the user names are `sub` values, which tell a person nothing.
fn in_columns(users: &[User]) -> String {
    let has_names = users.iter().any(|user| user.sub.as_deref() != Some(user.username.as_str()));
    let header = ["EMAIL", "STATUS", "CREATED", "USERNAME"];
    let rows = users.iter().map(|user| {
        let status = user.status.as_deref().unwrap_or("?");
        let status = if user.is_enabled == Some(false) { format!("{status} (disabled)") } else { status.to_owned() };
        let created = user.created_at.map(day).unwrap_or_default();
        let email = user.email.as_deref().unwrap_or_default();
        let mut row = vec![printable(email, 128), printable(&status, 60), created];
        row.extend(has_names.then(|| printable(&user.username, 128)));
        row
    });
    table(&header[..if has_names { 4 } else { 3 }], rows)
}

/// A user as `--json` prints it.
pub fn as_json(user: &User) -> Value {
    json!({
        "username": user.username,
        "sub": user.sub,
        "email": user.email,
        "status": user.status,
        "enabled": user.is_enabled,
        "created_at": user.created_at,
        "attributes": user.attributes,
    })
}

fn csv(users: &[User]) -> Result<String> {
    let failed = |why: String| Error::new(Kind::Failure, format!("the list can't be written as CSV: {why}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = ["username", "sub", "email", "status", "enabled", "created_at"];
    writer.write_record(header).map_err(|why| failed(why.to_string()))?;
    for user in users {
        let record = [
            user.username.as_str(),
            user.sub.as_deref().unwrap_or_default(),
            user.email.as_deref().unwrap_or_default(),
            user.status.as_deref().unwrap_or_default(),
            user.is_enabled.map_or("", |is| if is { "true" } else { "false" }),
            &user.created_at.map(|at| at.to_string()).unwrap_or_default(),
        ];
        writer.write_record(record.map(harmless)).map_err(|why| failed(why.to_string()))?;
    }
    let bytes = writer.into_inner().map_err(|why| failed(why.to_string()))?;
    String::from_utf8(bytes).map_err(|why| failed(why.to_string()))
}
