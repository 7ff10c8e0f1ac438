//! JSON that a terminal may show.

use std::io::{self, Write};

use cogtok::error::is_unprintable;

/// One JSON value and a line end. Control characters are escaped, which JSON allows in any string.
pub fn json_line(value: &serde_json::Value) -> String {
    let mut line = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut line, Harmless);
    // Nothing can fail: a value has no keys but strings, and memory takes all that is written.
    let _ = serde::Serialize::serialize(value, &mut serializer);
    line.push(b'\n');
    String::from_utf8(line).unwrap_or_default()
}

/// Compact JSON with control characters escaped.
struct Harmless;

impl serde_json::ser::Formatter for Harmless {
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
