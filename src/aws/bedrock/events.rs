//! The answer of ConverseStream, event by event (`application/vnd.amazon.eventstream`).

use aws_smithy_eventstream::frame::read_message_from;
use aws_smithy_types::event_stream::Message;
use serde_json::Value;

use super::no;
use crate::error::{Error, Result, printable};
use crate::http::client::MAX_ANSWER;
use crate::http::redact::Redactor;
use crate::http::streaming::Streamed;

const OPERATION: &str = "ConverseStream";

/// The media type of a stream of events.
pub(crate) const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";

/// The answer of ConverseStream.
#[derive(Debug)]
pub struct Events {
    answer: Streamed,
    redactor: Redactor,
    unread: Vec<u8>,
    has_stopped: bool,
}

impl Events {
    pub(crate) fn new(answer: Streamed, redactor: Redactor) -> Self {
        Events { answer, redactor, unread: Vec::new(), has_stopped: false }
    }

    /// The next event: its name and payload; `None` at the end of the answer.
    ///
    /// # Errors
    /// [`Kind::Network`](crate::error::Kind::Network) when the stream breaks off before the model has ended, or can't be read. For errors
    /// that Bedrock reports in the stream, see the table in [`crate::aws::service_error`].
    pub async fn next(&mut self) -> Result<Option<(String, Value)>> {
        loop {
            if let Some(message) = self.decoded()? {
                let (name, value) = self.event(&message)?;
                self.has_stopped |= name == "messageStop";
                return Ok(Some((name, value)));
            }
            let chunk = self.answer.chunk().await.map_err(|fault| Error::from(fault).context(OPERATION))?;
            match chunk {
                Some(chunk) => self.unread.extend(chunk),
                None if self.has_stopped && self.unread.is_empty() => return Ok(None),
                None => {
                    return Err(Error::network(format!("{OPERATION}: the answer was cut off"))
                        .hint("check the network and the proxy, then try again"));
                }
            }
        }
    }

    /// The next frame, if it is complete.
    fn decoded(&mut self) -> Result<Option<Message>> {
        let malformed = |why: &str| {
            let why = printable(why, 120);
            Error::network(format!("{OPERATION}: the answer is not an event stream: {why}"))
                .hint("check the network and the proxy, then try again")
        };
        let Some(length) = self.unread.first_chunk::<4>() else { return Ok(None) };
        // The length comes before its checksum, so it is not verified yet.
        let length = u32::from_be_bytes(*length) as usize;
        if length > MAX_ANSWER {
            return Err(malformed("an event is larger than 1 MiB"));
        }
        if self.unread.len() < length {
            return Ok(None);
        }
        let mut frame = &self.unread[..length];
        let message = read_message_from(&mut frame).map_err(|why| malformed(&why.to_string()))?;
        self.unread.drain(..length);
        Ok(Some(message))
    }

    /// The event that a frame is; an exception in it is an error.
    fn event(&self, message: &Message) -> Result<(String, Value)> {
        let header = |name: &str| {
            let header = message.headers().iter().find(|header| header.name().as_str() == name);
            header.and_then(|header| header.value().as_string().ok()).map(|value| value.as_str().to_owned())
        };
        let mut value: Value = serde_json::from_slice(message.payload()).unwrap_or_default();
        let (code, said) = match header(":message-type").as_deref() {
            Some("event") => {
                if let Some(fields) = value.as_object_mut() {
                    // Random padding that hides the length of an encrypted event.
                    fields.remove("p");
                }
                let name = header(":event-type").filter(|_| value.is_object());
                return name.map(|name| (name, value)).ok_or_else(|| {
                    Error::network(format!("{OPERATION}: an event has no name, or its content is not JSON"))
                });
            }
            Some("exception") => (header(":exception-type"), value["message"].as_str().map(str::to_owned)),
            _ => (header(":error-code"), header(":error-message")),
        };
        let code = code.unwrap_or_default();
        // The spelling that the same error has outside a stream.
        let mut letters = code.chars();
        let code: String = letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect();
        Err(no(OPERATION, None, &code, &said.unwrap_or_default(), &self.redactor))
    }
}
