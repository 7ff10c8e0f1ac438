//! A file of users, one line after the other however many there are: CSV with a header, or a JSON object in each line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, IsTerminal, Read};
use std::path::Path;
use std::time::Instant;

use cogtok::error::{Error, Result, printable};
use cogtok::store::within;
use cogtok::text;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::io::{signals, terminal};

/// The most bytes of a line.
const LONGEST: usize = 1024 * 1024;

/// The most bytes of what can't be read in pieces: what is typed, a pipe, and UTF-16.
const LIMIT: u64 = 64 * 1024 * 1024;

/// What a line contains.
#[derive(Debug)]
pub enum Content {
    /// The names of the columns.
    Header(Vec<String>),
    /// The fields of a user.
    Fields(Zeroizing<Vec<String>>),
    /// A user as JSON.
    Object(Map<String, Value>),
}

/// A line that is not empty.
#[derive(Debug)]
pub struct Line {
    /// Its number, from 1 on.
    pub number: u64,
    /// What it contains, or what is wrong with it.
    pub content: Result<Content, String>,
}

/// A file of users that is being read.
pub struct UserFile {
    /// What it is called in messages.
    name: String,
    input: Box<dyn BufRead>,
    line: Zeroizing<Vec<u8>>,
    number: u64,
    /// Whether the lines are JSON; none before the first of them.
    is_json: Option<bool>,
    has_header: bool,
    csv: Box<Reader>,
}

impl UserFile {
    /// Opens the file at `path`; standard input where that is `-`.
    ///
    /// # Errors
    /// [`Kind::Usage`](cogtok::error::Kind::Usage) where it can't be read.
    pub fn open(path: &Path, deadline: Instant) -> Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self::of("standard input", standard_input()?));
        }
        let name = printable(&path.display().to_string(), 200);
        let unreadable = |why: io::Error| Error::usage(format!("{name} can't be read: {why}"));
        let kind = std::fs::metadata(path).map_err(unreadable)?;
        let input: Box<dyn BufRead> = if kind.is_dir() {
            return Err(Error::usage(format!("{name} can't be read: it is a directory")));
        } else if kind.is_file() {
            Box::new(BufReader::new(File::open(path).map_err(unreadable)?))
        } else {
            // A pipe may have nobody who writes to it.
            let mut bytes = within::read(path, LIMIT, deadline, |_, _| {}).map_err(unreadable)?;
            if u64::try_from(bytes.len()).is_ok_and(|length| length > LIMIT) {
                return Err(too_large(&name));
            }
            Box::new(Cursor::new(std::mem::take(&mut *bytes)))
        };
        let is_json = path.extension().is_some_and(|end| end == "jsonl" || end == "ndjson");
        Ok(UserFile { is_json: is_json.then_some(true), ..Self::of(&name, input) })
    }

    /// A file that is open already.
    pub fn of(name: &str, input: Box<dyn BufRead>) -> Self {
        let csv = ReaderBuilder::new().terminator(Terminator::Any(b'\n')).build();
        UserFile {
            name: name.to_owned(),
            input,
            line: Zeroizing::default(),
            number: 0,
            is_json: None,
            has_header: false,
            csv: Box::new(csv),
        }
    }

    /// What it is called in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The next line that is not empty; none at the end.
    ///
    /// # Errors
    /// [`Kind::Store`](cogtok::error::Kind::Store) when it can't be read, and
    /// [`Kind::Usage`](cogtok::error::Kind::Usage) where it is something else.
    pub fn next_line(&mut self) -> Result<Option<Line>> {
        while self.read_line()? {
            let content = self.content()?;
            if let (Err(what), false, Some(false) | None) = (&content, self.has_header, self.is_json) {
                // Without a header no other line says anything.
                return Err(Error::usage(format!("{}, line {}: {what}", self.name, self.number)));
            }
            let is_empty = |fields: &[String]| matches!(fields, [only] if only.trim().is_empty());
            if !matches!(&content, Ok(Content::Fields(fields)) if is_empty(fields)) {
                return Ok(Some(Line { number: self.number, content }));
            }
        }
        Ok(None)
    }

    /// Reads a line that has something in it.
    fn read_line(&mut self) -> Result<bool> {
        loop {
            self.line.clear();
            let read = self.input.by_ref().take(LONGEST as u64 + 1).read_until(b'\n', &mut self.line);
            if read.map_err(|why| self.unreadable(&why))? == 0 {
                return Ok(false);
            }
            self.number += 1;
            if self.number == 1 && text::is_utf_16(&self.line) {
                self.decode()?;
                continue;
            }
            if self.number == 1 && self.line.starts_with(b"\xef\xbb\xbf") {
                self.line.drain(..3);
            }
            if self.line.len() > LONGEST && !self.line.ends_with(b"\n") {
                self.skip_line()?;
                return Ok(true);
            }
            if self.line.ends_with(b"\n") {
                self.line.pop();
            }
            if self.line.ends_with(b"\r") {
                self.line.pop();
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    /// Reads the rest of a file of UTF-16, to begin again with the same as UTF-8.
    fn decode(&mut self) -> Result<()> {
        let mut bytes = Zeroizing::new(std::mem::take(&mut *self.line));
        let read = self.input.by_ref().take(LIMIT + 1).read_to_end(&mut bytes);
        read.map_err(|why| self.unreadable(&why))?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length > LIMIT) {
            return Err(too_large(&self.name));
        }
        let mut decoded = text::decode(&bytes).ok_or_else(|| Error::usage(format!("{} is not UTF-16", self.name)))?;
        (self.input, self.number) = (Box::new(Cursor::new(std::mem::take(&mut *decoded).into_bytes())), 0);
        Ok(())
    }

    /// Passes over the rest of a line that is too long.
    fn skip_line(&mut self) -> Result<()> {
        loop {
            let piece = self.input.fill_buf().map_err(|why| unreadable(&self.name, &why))?;
            let end = piece.iter().position(|byte| *byte == b'\n');
            let length = end.map_or(piece.len(), |end| end + 1);
            self.input.consume(length);
            if end.is_some() || length == 0 {
                return Ok(());
            }
        }
    }

    fn content(&mut self) -> Result<Result<Content, String>> {
        if self.line.len() > LONGEST {
            return Ok(Err("it has more than 1 MiB".to_owned()));
        }
        // No header begins with a brace.
        let is_json = *self.is_json.get_or_insert_with(|| self.line.trim_ascii_start().starts_with(b"{"));
        let Ok(text) = std::str::from_utf8(&self.line) else { return Ok(Err("it is not UTF-8".to_owned())) };
        if is_json {
            let object = serde_json::from_str(text.trim());
            return Ok(object.map(Content::Object).map_err(|_| "it is not a JSON object".to_owned()));
        }
        if self.has_header {
            return Ok(self.fields().map(|fields| Content::Fields(fields.into())));
        }
        if text.trim_start().starts_with('[') {
            let what = format!("{} is a JSON array: cogtok reads JSON lines, as `-o jsonl` prints them", self.name);
            return Err(Error::usage(what));
        }
        let header = self.fields().and_then(|header| match header.as_slice() {
            [only] if only.contains([';', '\t']) => Err("there is no comma between the columns".to_owned()),
            _ => Ok(header),
        });
        self.has_header = header.is_ok();
        Ok(header.map(Content::Header))
    }

    /// The fields of the line as CSV.
    fn fields(&mut self) -> Result<Vec<String>, String> {
        self.line.push(b'\n');
        let mut text = Zeroizing::new(vec![0; self.line.len()]);
        let mut ends = vec![0; self.line.len()];
        let (result, _, _, count) = self.csv.read_record(&self.line, &mut text, &mut ends);
        if result != ReadRecordResult::Record {
            self.csv.reset();
            return Err("a field goes on in the next line: a quotation mark may be missing".to_owned());
        }
        let mut from = 0;
        let field = |end: &usize| {
            let field = text.get(from..*end).unwrap_or_default();
            from = *end;
            String::from_utf8_lossy(field).into_owned()
        };
        Ok(ends.iter().take(count).map(field).collect())
    }

    fn unreadable(&self, why: &io::Error) -> Error {
        unreadable(&self.name, why)
    }
}

/// Standard input; what is typed is not shown, since passwords may be in it.
fn standard_input() -> Result<Box<dyn BufRead>> {
    signals::watch();
    if !io::stdin().is_terminal() {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let limit = usize::try_from(LIMIT).unwrap_or(usize::MAX);
    let ask = || terminal::put_note("paste the lines, then press Enter and Ctrl-D; they are not shown");
    let typed = terminal::stdin_hidden_up_to(limit, ask)?;
    if typed.len() > limit {
        return Err(too_large("standard input"));
    }
    Ok(Box::new(Cursor::new(typed)))
}

fn too_large(name: &str) -> Error {
    Error::usage(format!("{name} has more than 64 MiB"))
}

fn unreadable(name: &str, why: &io::Error) -> Error {
    Error::store(format!("{name} can't be read: {}", printable(&why.to_string(), 200)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<(u64, String)> {
        let mut file = UserFile::of("it", Box::new(Cursor::new(bytes.to_vec())));
        std::iter::from_fn(|| file.next_line().unwrap())
            .map(|line| {
                let content = match line.content {
                    Ok(Content::Header(fields)) => format!("header {}", fields.join("|")),
                    Ok(Content::Fields(fields)) => fields.join("|"),
                    Ok(Content::Object(object)) => format!("{object:?}"),
                    Err(what) => what,
                };
                (line.number, content)
            })
            .collect()
    }

    #[test]
    fn each_line_has_its_number_and_its_fields_in_any_encoding() {
        let text = "a,b\r\n\r\n\"x, \"\"y\"\"\",\r\n\"\"\r\nz\"q\",\u{10a}\n\"open,\nlast,1";
        let expected = [
            (1, "header a|b"),
            (3, "x, \"y\"|"),
            (5, "z\"q\"|\u{10a}"),
            (6, "a field goes on in the next line: a quotation mark may be missing"),
            (7, "last|1"),
        ];
        let expected: Vec<(u64, String)> = expected.map(|(number, text)| (number, text.to_owned())).into();
        let utf_16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let marked: Vec<u8> = [0xef, 0xbb, 0xbf].into_iter().chain(text.bytes()).collect();
        for bytes in [text.as_bytes(), &utf_16, &marked] {
            assert_eq!(lines(bytes), expected);
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_one_line() {
        let text = ["a\n", &"x".repeat(3 * LONGEST), "\nlast\n"].concat();
        let expected = [(1, "header a"), (2, "it has more than 1 MiB"), (3, "last")];
        assert_eq!(lines(text.as_bytes()), expected.map(|(number, text)| (number, text.to_owned())));
    }
}
