//! JSON that a terminal may show.

use std::io::{self, IsTerminal, Write};

use cogtok::error::is_unprintable;
use serde_json::ser::{Formatter, PrettyFormatter};

/// A JSON value as standard output takes it: indented on a terminal, else one line.
pub fn json(value: &serde_json::Value) -> String {
    if !io::stdout().is_terminal() {
        return json_line(value);
    }
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, Indented(PrettyFormatter::new()));
    let _ = serde::Serialize::serialize(value, &mut serializer);
    text.push(b'\n');
    String::from_utf8(text).unwrap_or_default()
}

/// A JSON array as [`json`] prints it, item by item.
#[derive(Debug)]
pub struct JsonArray {
    is_indented: bool,
    is_empty: bool,
}

impl JsonArray {
    /// An array for standard output.
    pub fn new() -> Self {
        JsonArray { is_indented: io::stdout().is_terminal(), is_empty: true }
    }

    /// The text of the next item.
    pub fn item(&mut self, value: &serde_json::Value) -> String {
        let begin = if std::mem::take(&mut self.is_empty) { "[" } else { "," };
        if !self.is_indented {
            return format!("{begin}{}", json_line(value).trim_end());
        }
        // No string has a line end in it.
        let lines: String = json(value).lines().map(|line| format!("\n  {line}")).collect();
        format!("{begin}{lines}")
    }

    /// The text of the end.
    pub fn end(&self) -> &'static str {
        match (self.is_empty, self.is_indented) {
            (true, _) => "[]\n",
            (false, true) => "\n]\n",
            (false, false) => "]\n",
        }
    }
}

/// One JSON value and a line end. Control characters are escaped, which JSON allows in any string.
pub fn json_line(value: &serde_json::Value) -> String {
    let mut line = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut line, Harmless);
    // Serializing a value to memory can't fail.
    let _ = serde::Serialize::serialize(value, &mut serializer);
    line.push(b'\n');
    String::from_utf8(line).unwrap_or_default()
}

/// Compact JSON with control characters escaped.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_unprintable(*c)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

/// Indented JSON with control characters escaped.
struct Indented(PrettyFormatter<'static>);

impl Formatter for Indented {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        Harmless.write_string_fragment(writer, fragment)
    }
}
