//! Frames of an event stream (`application/vnd.amazon.eventstream`), as they come.

use aws_smithy_eventstream::frame::read_message_from;
use aws_smithy_types::event_stream::Message;
use serde_json::Value;

use crate::error::{Error, Result, printable};
use crate::http::client::MAX_ANSWER;
use crate::http::streaming::Streamed;

/// The media type of a stream of events.
pub(crate) const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";

/// What a frame is.
#[derive(Debug)]
pub(crate) enum Frame {
    /// An event: its name and what it carries, an object.
    Event { name: String, value: Value },
    /// What the service reports instead of the next event; the code is spelled as outside of a stream.
    Exception { code: String, message: String },
}

/// The frames of an answer.
#[derive(Debug)]
pub(crate) struct Frames {
    operation: &'static str,
    answer: Streamed,
    unread: Vec<u8>,
}

impl Frames {
    /// Of the answer to `operation`.
    pub fn new(operation: &'static str, answer: Streamed) -> Self {
        Frames { operation, answer, unread: Vec::new() }
    }

    /// The next frame; none at the end of the answer.
    ///
    /// # Errors
    /// [`Kind::Network`](crate::error::Kind::Network) when the stream breaks off, or can't be read.
    pub async fn next(&mut self) -> Result<Option<Frame>> {
        loop {
            if let Some(message) = self.decoded()? {
                return self.frame(&message).map(Some);
            }
            let chunk = self.answer.chunk().await.map_err(|fault| Error::from(fault).context(self.operation))?;
            match chunk {
                Some(chunk) => self.unread.extend(chunk),
                None if self.unread.is_empty() => return Ok(None),
                None => return Err(self.cut_off()),
            }
        }
    }

    /// The error for an answer that ended before it was whole.
    pub fn cut_off(&self) -> Error {
        Error::network(format!("{}: the answer was cut off", self.operation)).hint(TRY_AGAIN)
    }

    /// `text` of the server without the secrets that were sent to it.
    pub fn without_secrets(&self, text: &str) -> String {
        self.answer.without_secrets(text)
    }

    /// The next frame, if it is complete.
    fn decoded(&mut self) -> Result<Option<Message>> {
        let malformed = |why: &str| {
            let why = printable(why, 120);
            Error::network(format!("{}: the answer is not an event stream: {why}", self.operation)).hint(TRY_AGAIN)
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

    fn frame(&self, message: &Message) -> Result<Frame> {
        let header = |name: &str| {
            let header = message.headers().iter().find(|header| header.name().as_str() == name);
            header.and_then(|header| header.value().as_string().ok()).map(|value| value.as_str().to_owned())
        };
        let mut value: Value = serde_json::from_slice(message.payload()).unwrap_or_default();
        let (code, message) = match header(":message-type").as_deref() {
            Some("event") => {
                if let Some(fields) = value.as_object_mut() {
                    // Random padding that hides the length of an encrypted event.
                    fields.remove("p");
                }
                let name = header(":event-type").filter(|_| value.is_object());
                return name.map(|name| Frame::Event { name, value }).ok_or_else(|| {
                    Error::network(format!("{}: an event has no name, or its content is not JSON", self.operation))
                });
            }
            Some("exception") => (header(":exception-type"), value["message"].as_str().map(str::to_owned)),
            _ => (header(":error-code"), header(":error-message")),
        };
        let code = code.unwrap_or_default();
        // The spelling that the same error has outside a stream.
        let mut letters = code.chars();
        let code: String = letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect();
        Ok(Frame::Exception { code, message: message.unwrap_or_default() })
    }
}

const TRY_AGAIN: &str = "check the network and the proxy, then try again";
