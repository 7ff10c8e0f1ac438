//! `cogtok user list`: the users of the pool.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::aws::admin::{Admin, User};
use cogtok::error::{Error, Kind, Result, printable};
use serde_json::{Value, json};

use super::pool_user::{note_seen, typed};
use super::user_file::harmless;
use crate::app::App;
use crate::app::options::Output;
use crate::completion;
use crate::io::moment::day;
use crate::io::table::Columns;
use crate::io::terminal::{self, WriteOutcome};
use crate::services::spool::Spool;
use crate::services::user_filter;

const FORMS: [Output; 5] = [Output::Table, Output::Json, Output::Jsonl, Output::Csv, Output::Text];

/// The columns of CSV.
const CSV: [&str; 6] = ["username", "sub", "email", "status", "enabled", "created_at"];

/// How much is printed at once, in bytes.
const PIECE: usize = 64 * 1024;

/// The most names that are left for completion.
const NOTED: usize = 1000;

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
    /// Only the users of this group
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
    let (mut users, mut seen, mut has_names) = (Spool::default(), Vec::new(), false);
    // JSON lines are printed as they come. Of the other forms all is printed or nothing, and very many users are not held
    // in memory.
    let take = |user: User| {
        has_names |= user.sub.as_deref() != Some(user.username.as_str()) || user.email.is_none();
        if seen.len() < NOTED {
            seen.push(typed(&user).to_owned());
        }
        let user = as_json(&user);
        if form == Output::Jsonl {
            return terminal::data(&terminal::json_line(&user)).map(|outcome| outcome != WriteOutcome::NobodyReads);
        }
        users.add(&user).map(|()| true)
    };
    let is_cut = app.block_on(async {
        let admin = Admin::new(&app.wire()?, &profile).await?;
        match group {
            Some(group) => admin.members(group, limit, take).await,
            None => admin.list(filter, limit, take).await,
        }
    })?;
    note_seen(app, &profile, seen.iter().map(String::as_str), group);
    if is_cut {
        log::warn!(target: "cogtok", "there are more users: `--limit` is {limit}");
    }
    match form {
        Output::Jsonl => Ok(()),
        Output::Table => in_columns(&mut users, has_names),
        form => in_pieces(&mut users, form),
    }
}

/// The users as a table. In pools that sign in by e-mail the user names are `sub` values, which tell a person nothing.
fn in_columns(users: &mut Spool, has_names: bool) -> Result<()> {
    let header = &["EMAIL", "STATUS", "CREATED", "USERNAME"][..if has_names { 4 } else { 3 }];
    let mut columns = Columns::new(header);
    for user in users.values()? {
        columns.measure(&row(&user?, has_names));
    }
    let layout = columns.layout();
    let mut pieces = Pieces::default();
    pieces.add(&layout.header())?;
    for user in users.values()? {
        if pieces.add(&layout.row(&row(&user?, has_names)))? == WriteOutcome::NobodyReads {
            return Ok(());
        }
    }
    pieces.end()
}

fn row(user: &Value, has_names: bool) -> Vec<String> {
    let text = |name: &str| user[name].as_str();
    let status = text("status").unwrap_or("?");
    let is_disabled = user["enabled"] == Value::Bool(false);
    let status = if is_disabled { format!("{status} (disabled)") } else { status.to_owned() };
    let created = user["created_at"].as_i64().map(day).unwrap_or_default();
    let mut row = vec![printable(text("email").unwrap_or_default(), 128), printable(&status, 60), created];
    row.extend(has_names.then(|| printable(text("username").unwrap_or_default(), 128)));
    row
}

/// The users in a form that needs to know none of the others.
fn in_pieces(users: &mut Spool, form: Output) -> Result<()> {
    let (mut pieces, mut array) = (Pieces::default(), terminal::JsonArray::new());
    if form == Output::Csv {
        pieces.add(&csv_line(CSV)?)?;
    }
    for user in users.values()? {
        let user = user?;
        let text = match form {
            Output::Json => array.item(&user),
            Output::Csv => csv_line(CSV.map(|column| match &user[column] {
                Value::String(text) => harmless(text),
                Value::Null => String::new(),
                other => other.to_string(),
            }))?,
            _ => format!("{}\n", printable(user["username"].as_str().unwrap_or_default(), 200)),
        };
        if pieces.add(&text)? == WriteOutcome::NobodyReads {
            return Ok(());
        }
    }
    if form == Output::Json {
        pieces.add(array.end())?;
    }
    pieces.end()
}

/// Text that is printed as much at a time.
#[derive(Debug, Default)]
struct Pieces(String);

impl Pieces {
    fn add(&mut self, text: &str) -> Result<WriteOutcome> {
        self.0.push_str(text);
        if self.0.len() < PIECE { Ok(WriteOutcome::Yes) } else { terminal::data(&std::mem::take(&mut self.0)) }
    }

    fn end(self) -> Result<()> {
        terminal::data(&self.0).map(drop)
    }
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

fn csv_line(fields: [impl AsRef<[u8]>; CSV.len()]) -> Result<String> {
    let failed = |why: String| Error::new(Kind::Failure, format!("the list can't be written as CSV: {why}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(fields).map_err(|why| failed(why.to_string()))?;
    let bytes = writer.into_inner().map_err(|why| failed(why.to_string()))?;
    String::from_utf8(bytes).map_err(|why| failed(why.to_string()))
}
