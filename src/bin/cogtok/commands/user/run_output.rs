//! The users of a run as they are handed out.

use cogtok::error::{Error, Kind, Result, printable};
use serde_json::{Value, json};

use super::create_many::FORMS;
use crate::app::App;
use crate::app::options::Output;
use crate::io::table::Columns;
use crate::io::terminal;
use crate::services::journal::run::Run;
use crate::services::journal::{Record, State};

/// How much is printed at once, in bytes.
const PIECE: usize = 64 * 1024;

/// Prints the created users of the run, in the requested form.
///
/// # Errors
/// [`Kind::Store`] when standard output can't be written.
pub fn print(app: &App, run: &mut Run) -> Result<()> {
    let form = app.output(&FORMS)?;
    let seats: Vec<usize> = (0..run.len()).filter(|seat| is_made(run, *seat)).collect();
    if form == Output::Table {
        return in_columns(run, &seats);
    }
    let mut piece = String::new();
    let mut between = "[";
    if form == Output::Csv {
        piece.push_str("username,email,password,groups\n");
    }
    for seat in seats {
        let record = run.record(seat)?;
        match form {
            Output::Csv => piece.push_str(&csv_line(&record)?),
            Output::Json => {
                piece.push_str(between);
                piece.push_str(terminal::json_line(&as_json(&record)).trim_end());
                between = ",\n";
            }
            _ => piece.push_str(&format!("{}\n", printable(&record.username, 200))),
        }
        if piece.len() >= PIECE {
            out(&std::mem::take(&mut piece), run)?;
        }
    }
    if form == Output::Json {
        piece.push_str(if between == "[" { "[]\n" } else { "]\n" });
    }
    out(&piece, run)
}

/// The users as a table: each is read twice, so that very many of them are not in memory.
fn in_columns(run: &mut Run, seats: &[usize]) -> Result<()> {
    let row = |record: &Record| {
        vec![
            printable(&record.username, 128),
            printable(password(record).unwrap_or("(as it was)"), 256),
            printable(&groups(record).join(" "), 128),
        ]
    };
    let mut columns = Columns::new(&["USER", "PASSWORD", "GROUPS"]);
    for seat in seats {
        columns.measure(&row(&run.record(*seat)?));
    }
    let layout = columns.layout();
    let mut piece = layout.header();
    for seat in seats {
        piece.push_str(&layout.row(&row(&run.record(*seat)?)));
        if piece.len() >= PIECE {
            out(&std::mem::take(&mut piece), run)?;
        }
    }
    out(&piece, run)
}

/// The users of a run as JSON lines, each printed as soon as it is made.
#[derive(Debug, Default)]
pub struct Stream {
    /// Why nothing is printed any more; the users are made all the same.
    failed: Option<Error>,
}

impl Stream {
    /// Prints the users who are made already.
    pub fn add_all(&mut self, run: &mut Run) {
        (0..run.len()).for_each(|seat| self.add(run, seat));
    }

    /// Prints the user at this place of the run, if made.
    pub fn add(&mut self, run: &mut Run, seat: usize) {
        if self.failed.is_none() && is_made(run, seat) {
            let printed = run.record(seat).and_then(|record| out(&terminal::json_line(&as_json(&record)), run));
            self.failed = printed.err();
        }
    }

    /// # Errors
    /// What kept a user from being printed.
    pub fn end(self) -> Result<()> {
        self.failed.map_or(Ok(()), Err)
    }
}

fn is_made(run: &Run, seat: usize) -> bool {
    matches!(run.state(seat), State::Done | State::Skipped)
}

fn as_json(record: &Record) -> Value {
    json!({
        "username": record.username,
        "sub": record.sub,
        "email": record.attributes.get("email"),
        "password": password(record),
        "groups": groups(record),
    })
}

fn out(text: &str, run: &Run) -> Result<()> {
    terminal::data(text).map(drop).map_err(|error| {
        error.context(&format!("the passwords are in {}", run.path().display())).hint(
            cogtok::error::Advice::new("print them again: cogtok user create {run}{p} --resume")
                .word("run", &run.head.run),
        )
    })
}

fn password(record: &Record) -> Option<&str> {
    (record.state == State::Done).then_some(record.password.as_str())
}

fn groups(record: &Record) -> Vec<&str> {
    record.group.iter().chain(&record.more_groups).map(String::as_str).collect()
}

/// Values that a spreadsheet would read as formulas were refused earlier, so fields are written unchanged.
fn csv_line(record: &Record) -> Result<String> {
    let email = record.attributes.get("email").map(String::as_str).unwrap_or_default();
    let groups = groups(record).join(";");
    let fields = [record.username.as_str(), email, password(record).unwrap_or_default(), &groups];
    let failed = |why: String| Error::new(Kind::Failure, format!("the list can't be written as CSV: {why}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(fields).map_err(|why| failed(why.to_string()))?;
    let bytes = writer.into_inner().map_err(|why| failed(why.to_string()))?;
    String::from_utf8(bytes).map_err(|why| failed(why.to_string()))
}
