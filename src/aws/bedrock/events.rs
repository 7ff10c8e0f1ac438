//! The answer of ConverseStream, event by event.

use serde_json::Value;

use super::no;
use crate::aws::event_stream::{Frame, Frames};
use crate::error::Result;
use crate::http::redact::Redactor;
use crate::http::streaming::Streamed;

const OPERATION: &str = "ConverseStream";

/// The answer of ConverseStream.
#[derive(Debug)]
pub struct Events {
    frames: Frames,
    redactor: Redactor,
    has_stopped: bool,
}

impl Events {
    pub(crate) fn new(answer: Streamed, redactor: Redactor) -> Self {
        Events { frames: Frames::new(OPERATION, answer), redactor, has_stopped: false }
    }

    /// The next event: its name and payload; `None` at the end of the answer.
    ///
    /// # Errors
    /// [`Kind::Network`](crate::error::Kind::Network) when the stream breaks off before the model has ended, or can't be read. For errors
    /// that Bedrock reports in the stream, see the table in [`crate::aws::service_error`].
    pub async fn next(&mut self) -> Result<Option<(String, Value)>> {
        match self.frames.next().await? {
            Some(Frame::Event { name, value }) => {
                self.has_stopped |= name == "messageStop";
                Ok(Some((name, value)))
            }
            Some(Frame::Exception { code, message }) => Err(no(OPERATION, None, &code, &message, &self.redactor)),
            None if self.has_stopped => Ok(None),
            None => Err(self.frames.cut_off()),
        }
    }
}
