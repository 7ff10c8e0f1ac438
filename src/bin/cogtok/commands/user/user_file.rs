//! Users by name, with a password for each where a file has one: any number of them, since only some are in memory.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::time::Instant;

use cogtok::error::{Error, Result, printable};
use cogtok::secret::{Secret, shape};
use cogtok::settings::types::Username;
use serde_json::{Map, Value, json};

use crate::services::journal::RunKey;
use crate::services::spool::Spool;
use crate::services::user_file::{Content, Line, UserFile};

/// A user in the file.
#[derive(Debug)]
pub struct Row {
    /// The name, the e-mail address or the sub.
    pub username: String,
    /// The password; `None` if the file has none.
    pub password: Option<Secret>,
    /// Whom a file for the user is sealed for; none where the file does not say.
    pub recipient: Option<String>,
    /// In which line it is; 0 where it is in no file.
    pub line: u64,
}

impl Row {
    /// A user who is in no file.
    pub fn named(username: String) -> Self {
        Row { username, password: None, recipient: None, line: 0 }
    }
}

/// Users by name, each once. Their passwords are sealed with a key that only this process has, as they may be in a temporary
/// file.
#[derive(Debug, Default)]
pub struct Rows {
    spool: Spool,
    key: Option<RunKey>,
    /// The names, by their hashes under a random key.
    names: HashSet<u64>,
    hasher: RandomState,
}

/// What the seal of a password says besides its place.
const SEALED_FOR: &str = "a list of users";

impl Rows {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.spool.len()
    }

    /// Adds a user; says whether the name is new.
    ///
    /// # Errors
    /// [`Kind::Store`](cogtok::error::Kind::Store) when it can't be written.
    pub fn add(&mut self, row: &Row) -> Result<bool> {
        if !self.names.insert(self.hasher.hash_one(&row.username)) && self.line_of(&row.username)?.is_some() {
            return Ok(false);
        }
        let sealed = row.password.as_ref().map(|password| {
            let key = match &self.key {
                Some(key) => key.clone(),
                None => self.key.insert(RunKey::generate()?.0).clone(),
            };
            let sealed = key.seal(SEALED_FOR, self.spool.len(), password.expose());
            sealed.map_err(|why| Error::store(format!("a password can't be sealed: {why}")))
        });
        let (sealed, name, recipient) = (sealed.transpose()?, &row.username, &row.recipient);
        let row = json!({ "name": name, "line": row.line, "sealed": sealed, "recipient": recipient });
        self.spool.add(&row).map(|()| true)
    }

    /// The line of the user of this name.
    fn line_of(&mut self, username: &str) -> Result<Option<u64>> {
        for row in self.iter()? {
            let row = row?;
            if row.username == username {
                return Ok(Some(row.line));
            }
        }
        Ok(None)
    }

    /// The users, from the first on.
    ///
    /// # Errors
    /// [`Kind::Store`](cogtok::error::Kind::Store) when they can't be read; each, as well.
    pub fn iter(&mut self) -> Result<impl Iterator<Item = Result<Row>> + '_> {
        let key = self.key.as_ref();
        let row = move |at: usize, row: &Value| {
            let text = |name: &str| row[name].as_str().map(str::to_owned);
            let open = |sealed: &str| {
                let key = key.ok_or_else(|| Error::store("a temporary file has changed"))?;
                let password = key.open(SEALED_FOR, at, sealed);
                password.map_err(|why| Error::store(format!("a temporary file has changed: {why}")))
            };
            Ok(Row {
                username: text("name").unwrap_or_default(),
                password: row["sealed"].as_str().map(open).transpose()?,
                recipient: text("recipient"),
                line: row["line"].as_u64().unwrap_or_default(),
            })
        };
        Ok(self.spool.values()?.enumerate().map(move |(at, value)| row(at, &value?)))
    }
}

/// The users of a file; of standard input where it is `-`.
///
/// # Errors
/// [`Kind::Usage`](cogtok::error::Kind::Usage) with the line that is malformed: then nothing was done with any of them.
pub fn read(path: &Path, deadline: Instant) -> Result<Rows> {
    let mut file = UserFile::open(path, deadline)?;
    let (mut rows, mut columns) = (Rows::default(), None);
    while let Some(Line { number, content }) = file.next_line()? {
        let row = match content {
            Ok(Content::Header(header)) => {
                columns = Columns::of(&header);
                if columns.is_some() { continue } else { break }
            }
            Ok(Content::Fields(fields)) => columns.as_ref().map_or_else(|| Err(String::new()), |of| of.row(&fields)),
            Ok(Content::Object(object)) => from_object(object),
            Err(what) => Err(what),
        };
        let told = |what: String| Error::usage(format!("line {number}: {what}")).context(file.name());
        let row = Row { line: number, ..row.map_err(told)? };
        row.username.parse::<Username>().map_err(|error| told(error.message().to_owned()))?;
        if !rows.add(&row)? {
            let (name, earlier) = (printable(&row.username, 128), rows.line_of(&row.username)?.unwrap_or_default());
            return Err(told(format!("the user {name} is in line {earlier} already")));
        }
    }
    if rows.len() > 0 {
        return Ok(rows);
    }
    let has_column = columns.is_some();
    let what = if has_column { "it names no user" } else { "its first line names no column `username` or `email`" };
    Err(Error::usage(what).context(file.name()))
}

/// Where the fields of a user are in each line of CSV.
struct Columns {
    count: usize,
    username: usize,
    password: Option<usize>,
    recipient: Option<usize>,
}

impl Columns {
    /// The columns of a header; none where it has no column for the name.
    fn of(header: &[String]) -> Option<Self> {
        let column = |name: &str| header.iter().position(|known| known.trim().eq_ignore_ascii_case(name));
        let username = column("username").or_else(|| column("email"))?;
        let (password, recipient) = (column("password"), column("recipient"));
        Some(Columns { count: header.len(), username, password, recipient })
    }

    fn row(&self, fields: &[String]) -> Result<Row, String> {
        if fields.len() != self.count {
            return Err("it is not CSV with as many columns in each line".to_owned());
        }
        let field = |at: usize| fields.get(at).map(|field| field.trim()).filter(|field| !field.is_empty());
        let field = |at: usize| field(at).map(str::to_owned);
        let username = field(self.username).ok_or("it has no user name")?;
        let password = self.password.and_then(field).map(password).transpose()?;
        Ok(Row { password, recipient: self.recipient.and_then(field), ..Row::named(username) })
    }
}

fn from_object(mut object: Map<String, Value>) -> Result<Row, String> {
    let mut take = |name: &str| match object.remove(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    };
    let username = take("username").or_else(|| take("email")).ok_or("it has no `username`")?;
    let password = take("password").map(password).transpose()?;
    Ok(Row { password, recipient: take("recipient"), ..Row::named(username) })
}

fn password(text: String) -> Result<Secret, String> {
    shape::password(Secret::new(text)).map_err(|error| format!("the password can't be one: {}", error.message()))
}

/// A field of CSV that a spreadsheet would take for a formula gets a quote before it.
pub fn harmless(field: &str) -> String {
    let shown = printable(field, 300);
    if shown.trim_start().starts_with(['=', '+', '-', '@']) { format!("'{shown}") } else { shown }
}
