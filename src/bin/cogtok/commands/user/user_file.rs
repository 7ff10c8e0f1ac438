//! A file that names users, with a password for each where it has that column: CSV, or a JSON object in each line.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::time::Instant;

use cogtok::error::{Error, Result, printable};
use cogtok::secret::{Secret, shape};
use cogtok::settings::types::Username;
use cogtok::store::within;
use zeroize::Zeroizing;

use crate::io::terminal;
use crate::services::create_users::seats::line_of;

/// The most bytes of a file.
const LIMIT: u64 = 64 * 1024 * 1024;

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

/// The users of a file; of standard input where it is `-`.
///
/// # Errors
/// [`Kind::Usage`](cogtok::error::Kind::Usage) with the line that is malformed: then nothing was done with any of them.
pub fn read(path: &Path, deadline: Instant) -> Result<Vec<Row>> {
    let is_stdin = path == Path::new("-");
    let named = if is_stdin { "standard input".to_owned() } else { path.display().to_string() };
    let bytes: Zeroizing<Vec<u8>> = if is_stdin {
        terminal::stdin_hidden_up_to(usize::try_from(LIMIT).unwrap_or(usize::MAX))?.into()
    } else {
        let read = within::read(path, LIMIT, deadline, |_, _| {});
        let bytes = read.map_err(|why| Error::usage(format!("{} can't be read: {why}", printable(&named, 200))))?;
        bytes.to_vec().into()
    };
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LIMIT) {
        return Err(Error::usage(format!("{} has more than 64 MiB", printable(&named, 200))));
    }
    parse(&bytes).map_err(|error| error.context(&printable(&named, 200)))
}

fn parse(bytes: &[u8]) -> Result<Vec<Row>> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::usage("it is not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let rows = if text.trim_start().starts_with('{') { json_lines(text)? } else { csv(text)? };
    let mut lines = BTreeMap::new();
    for (line, row) in &rows {
        row.username.parse::<Username>().map_err(|error| error.context(&format!("line {line}")))?;
        if let Some(earlier) = lines.insert(&row.username, line) {
            let name = printable(&row.username, 128);
            return Err(Error::usage(format!("line {line}: the user {name} is in line {earlier} already")));
        }
    }
    if rows.is_empty() {
        return Err(Error::usage("it names no user"));
    }
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

fn csv(text: &str) -> Result<Vec<(u64, Row)>> {
    let malformed = |line: u64| Error::usage(format!("line {line}: it is not CSV with as many columns in each line"));
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        // The default terminator counts lines wrongly in files with CRLF.
        .terminator(csv::Terminator::Any(b'\n'))
        // So that each record ends with a line.
        .from_reader(text.as_bytes().chain(&b"\n"[..]));
    let header = reader.headers().map_err(|_| malformed(1))?.clone();
    let column = |name: &str| header.iter().position(|known| known.trim().eq_ignore_ascii_case(name));
    let Some(username) = column("username").or_else(|| column("email")) else {
        return Err(Error::usage("its first line names no column `username` or `email`"));
    };
    let (password, recipient) = (column("password"), column("recipient"));
    let (mut rows, mut record) = (Vec::new(), csv::StringRecord::new());
    while reader.read_record(&mut record).map_err(|_| malformed(reader.position().line()))? {
        let line = line_of(&record, reader.position().line());
        if record.len() == 1 && record.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        if record.iter().any(|field| field.contains('\n')) {
            let what = "a field goes on in the next line: a quotation mark may be missing";
            return Err(Error::usage(format!("line {line}: {what}")));
        }
        if record.len() != header.len() {
            return Err(malformed(line));
        }
        let field =
            |column: usize| record.get(column).map(str::trim).filter(|field| !field.is_empty()).map(str::to_owned);
        let username = field(username).ok_or_else(|| Error::usage(format!("line {line}: it has no user name")))?;
        let row = row(line, username, password.and_then(field))?;
        rows.push((line, Row { recipient: recipient.and_then(field), ..row }));
    }
    Ok(rows)
}

fn json_lines(text: &str) -> Result<Vec<(u64, Row)>> {
    let mut rows = Vec::new();
    for (line, text) in (1_u64..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let mut object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(text).map_err(|_| Error::usage(format!("line {line}: it is not one JSON object")))?;
        let mut take = |name: &str| match object.remove(name) {
            Some(serde_json::Value::String(text)) if !text.is_empty() => Some(text),
            _ => None,
        };
        let username = take("username").or_else(|| take("email"));
        let username = username.ok_or_else(|| Error::usage(format!("line {line}: it has no `username`")))?;
        let row = row(line, username, take("password"))?;
        rows.push((line, Row { recipient: take("recipient"), ..row }));
    }
    Ok(rows)
}

fn row(line: u64, username: String, password: Option<String>) -> Result<Row> {
    let password = password.map(Secret::new).map(shape::password).transpose();
    let password = password.map_err(|error| error.context(&format!("line {line}")))?;
    Ok(Row { password, line, ..Row::named(username) })
}

/// A field of CSV that a spreadsheet would take for a formula gets a quote before it.
pub fn harmless(field: &str) -> String {
    let shown = printable(field, 300);
    if shown.trim_start().starts_with(['=', '+', '-', '@']) { format!("'{shown}") } else { shown }
}
