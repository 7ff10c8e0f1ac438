//! Server-sent events (WHATWG HTML, "Server-sent events"): the bytes of an answer, in whatever pieces they come, to events.

use std::time::Duration;

use super::fault::What;

/// The most bytes that one event, or one line, may have.
pub const MAX_EVENT: usize = 16 * 1024 * 1024;

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// `event`: its type; empty where none is named, which means `message`.
    pub name: String,
    /// `data`: its lines, joined by line feeds.
    pub data: String,
    /// `id`: the id of the last event, this one's or an earlier one's; none where no event had one.
    pub id: Option<String>,
}

/// Makes events of bytes.
#[derive(Debug, Default)]
pub struct Events {
    // What has come of a line that has not ended.
    line: Vec<u8>,
    // A line ended in CR: an LF that follows at once belongs to it.
    ended_in_cr: bool,
    is_begun: bool,
    name: String,
    data: Option<String>,
    id: Option<String>,
    retry: Option<Duration>,
}

impl Events {
    /// Takes the next bytes and gives the events that end in them. What is left when the bytes end is no event.
    ///
    /// # Errors
    /// [`What::TooLarge`] for an event of more than [`MAX_EVENT`] bytes.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<Vec<Event>, What> {
        let mut events = Vec::new();
        while !bytes.is_empty() {
            if std::mem::take(&mut self.ended_in_cr) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let part = &bytes[..end.unwrap_or(bytes.len())];
            if self.line.len() + part.len() + self.data.as_ref().map_or(0, String::len) > MAX_EVENT {
                return Err(What::TooLarge(MAX_EVENT));
            }
            self.line.extend_from_slice(part);
            let Some(end) = end else { break };
            self.ended_in_cr = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            let line = std::mem::take(&mut self.line);
            events.extend(self.take_line(&line));
        }
        Ok(events)
    }

    /// How long to wait before asking for the rest of a stream that ended, where the server said so.
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// The id of the last event that had one.
    pub fn last_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn take_line(&mut self, line: &[u8]) -> Option<Event> {
        let line = String::from_utf8_lossy(line);
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        let line = if is_first { line.strip_prefix('\u{feff}').unwrap_or(&line) } else { &line };
        if line.is_empty() {
            let name = std::mem::take(&mut self.name);
            return self.data.take().map(|data| Event { name, data, id: self.id.clone() });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()).filter(|id| !id.is_empty()),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.retry = value.parse().ok().map(Duration::from_millis);
            }
            // A comment, or a field that nobody knows.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pieces: &[&[u8]]) -> Vec<Event> {
        let mut events = Events::default();
        pieces.iter().flat_map(|piece| events.feed(piece).unwrap()).collect()
    }

    fn data(text: &str) -> Vec<String> {
        all(&[text.as_bytes()]).into_iter().map(|event| event.data).collect()
    }

    #[test]
    fn every_line_end_and_every_split_gives_the_same_events() {
        let text = "\u{feff}event: message\nid: 7\ndata: grüße\ndata:\ndata:  b\n\n: ping\n\ndata:c\nunknown: x\n\nretry: 5\ndata: lost";
        let wanted = [
            Event { name: "message".into(), data: "grüße\n\n b".into(), id: Some("7".into()) },
            Event { name: String::new(), data: "c".into(), id: Some("7".into()) },
        ];
        for end in ["\n", "\r", "\r\n"] {
            let bytes = text.replace('\n', end).into_bytes();
            assert_eq!(all(&[&bytes]), wanted, "{end:?}");
            for at in 0..bytes.len() {
                assert_eq!(all(&[&bytes[..at], &bytes[at..]]), wanted, "{end:?} at {at}");
            }
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(all(&single), wanted, "{end:?}");
        }
    }

    #[test]
    fn fields_are_read_as_the_standard_has_them() {
        assert_eq!(data("data\n\ndata: \n\n"), ["", ""]);
        assert_eq!(data("event: x\n\n: only a comment\n\n"), Vec::<String>::new());
        assert_eq!(data("data: a\u{feff}\n\n\u{feff}data: b\n\n"), ["a\u{feff}"]);
        let mut events = Events::default();
        events.feed(b"id: 1\nretry: 1500\nretry: 2s\ndata: a\n\nid: x\0y\ndata: b\n\n").unwrap();
        assert_eq!((events.last_id(), events.retry()), (Some("1"), Some(Duration::from_millis(1500))));
        events.feed(b"id\n").unwrap();
        assert_eq!(events.last_id(), None);
    }

    #[test]
    fn an_event_is_bounded_and_a_stream_is_not() {
        let mut events = Events::default();
        let line = [b"data: ".as_slice(), &vec![b'x'; 1024 * 1024], b"\n"].concat();
        for _ in 0..40 {
            assert_eq!(events.feed(&line).unwrap(), []);
            assert_eq!(events.feed(b"\n").unwrap().len(), 1);
            // Comments keep a stream open for as long as it takes.
            assert_eq!(events.feed(&[b":", &line[..], b"\r\n"].concat()).unwrap(), []);
        }
        let mut outcome = Ok(Vec::new());
        for _ in 0..17 {
            outcome = events.feed(&line);
        }
        assert!(matches!(outcome, Err(What::TooLarge(MAX_EVENT))), "{outcome:?}");
    }
}
