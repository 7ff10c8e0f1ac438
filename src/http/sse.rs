//! Server-sent events (WHATWG HTML, "Server-sent events", section 9.2.6) from the bytes of a body as they come. The known
//! parsers let an event grow without bound; this one does not.

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use crate::error::{Error, Result};

/// The largest event that is taken, in bytes.
pub const MAX_EVENT: usize = 16 * 1024 * 1024;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its type; `message` where the server names none.
    pub name: String,
    /// Its data, lines with `\n` between.
    pub data: String,
    /// The id that it or an event before it has.
    pub id: Option<String>,
}

/// The events of a body: [`push`](Events::push) its parts and take the events that are complete.
///
/// ```
/// # use cogtok::http::sse::Events;
/// let mut events = Events::default();
/// events.push(b"data: Hel")?;
/// assert_eq!(events.next(), None);
/// events.push(b"lo\n\n")?;
/// assert_eq!(events.next().map(|event| event.data).as_deref(), Some("Hello"));
/// # Ok::<(), cogtok::error::Error>(())
/// ```
#[derive(Debug)]
pub struct Events {
    limit: usize,
    line: Vec<u8>,
    is_first_line: bool,
    is_after_cr: bool,
    name: String,
    data: String,
    has_data: bool,
    id: Option<String>,
    last: Option<String>,
    retry: Option<Duration>,
    complete: VecDeque<Event>,
}

impl Default for Events {
    fn default() -> Self {
        Events::up_to(MAX_EVENT)
    }
}

impl Events {
    /// Refuses an event of more than `limit` bytes.
    pub fn up_to(limit: usize) -> Self {
        Events {
            limit,
            line: Vec::new(),
            is_first_line: true,
            is_after_cr: false,
            name: String::new(),
            data: String::new(),
            has_data: false,
            id: None,
            last: None,
            retry: None,
            complete: VecDeque::new(),
        }
    }

    /// Parses the next part of the body. An event that is incomplete at the body's end is dropped, except by [`Events::finish`].
    ///
    /// # Errors
    /// [`Kind::Network`](crate::error::Kind::Network) for an event that is too large; those before it can still be taken.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            // A line ends at its carriage return; the line feed may arrive much later.
            if mem::take(&mut self.is_after_cr) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let part = &bytes[..end.unwrap_or(bytes.len())];
            if self.line.len() + self.data.len() + part.len() > self.limit {
                let limit = self.limit / (1024 * 1024);
                return Err(Error::network(format!("an event of the answer is larger than {limit} MiB")));
            }
            self.line.extend_from_slice(part);
            let Some(end) = end else { return Ok(()) };
            self.is_after_cr = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            self.end_line();
        }
        Ok(())
    }

    /// Whether the last event is incomplete.
    pub fn is_cut(&self) -> bool {
        self.has_data || !(self.line.is_empty() || self.line.starts_with(b":"))
    }

    /// Treats the body's end as the last event's, which the standard would drop.
    pub fn finish(&mut self) {
        if !self.line.is_empty() {
            self.end_line();
        }
        self.dispatch();
    }

    /// The pause before the rest of a stream is requested, if the server named one.
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// The last id of a complete event.
    pub fn last_id(&self) -> Option<&str> {
        self.last.as_deref().filter(|id| !id.is_empty())
    }

    fn end_line(&mut self) {
        let line = mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let line =
            if mem::take(&mut self.is_first_line) { line.strip_prefix('\u{feff}').unwrap_or(&line) } else { &line };
        if line.is_empty() {
            return self.dispatch();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if mem::replace(&mut self.has_data, true) {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            "event" => value.clone_into(&mut self.name),
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.retry = value.parse().ok().map(Duration::from_millis);
            }
            // A comment or an unknown field.
            _ => {}
        }
    }

    fn dispatch(&mut self) {
        let (name, data) = (mem::take(&mut self.name), mem::take(&mut self.data));
        self.last.clone_from(&self.id);
        if mem::take(&mut self.has_data) {
            let name = if name.is_empty() { "message".to_owned() } else { name };
            let id = self.id.clone().filter(|id| !id.is_empty());
            self.complete.push_back(Event { name, data, id });
        }
    }
}

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.complete.pop_front()
    }
}

#[cfg(test)]
#[path = "sse_tests.rs"]
mod tests;
