//! InvokeAgentRuntimeCommand of Bedrock AgentCore: what a command in an agent's session prints, and how it ends.

use serde_json::Value;

use super::event_stream::{EVENT_STREAM, Frame, Frames};
use crate::error::{Error, Kind, Result, printable};
use crate::http::streaming::Streamed;

/// The media type of the answer.
pub const MEDIA_TYPE: &str = EVENT_STREAM;

/// The longest command, in bytes.
pub const MOST_BYTES: usize = 65_536;

const OPERATION: &str = "InvokeAgentRuntimeCommand";

/// What comes of a command.
#[derive(Debug, Clone, PartialEq)]
pub enum CommandEvent {
    /// It has begun.
    Started,
    /// It has printed something.
    Output {
        /// On its standard output.
        stdout: String,
        /// On its standard error.
        stderr: String,
    },
    /// It has ended.
    Ended {
        /// Its exit code; -1 where AgentCore could not run it.
        exit_code: i64,
        /// Whether AgentCore ended it, since it took too long.
        has_timed_out: bool,
    },
}

/// The answer of InvokeAgentRuntimeCommand.
#[derive(Debug)]
pub struct CommandEvents {
    frames: Frames,
    has_ended: bool,
}

impl CommandEvents {
    /// Of this answer, which is no failure.
    ///
    /// # Errors
    /// [`Kind::Network`] where it is not a stream of events.
    pub fn new(answer: Streamed) -> Result<Self> {
        let media_type = answer.media_type();
        if media_type != MEDIA_TYPE {
            let media_type = printable(&answer.without_secrets(&media_type), 80);
            return Err(Error::network(format!("{OPERATION}: the answer is not a stream of events (`{media_type}`)"))
                .hint("check the address: this one runs no commands"));
        }
        Ok(CommandEvents { frames: Frames::new(OPERATION, answer), has_ended: false })
    }

    /// The next event, and what AgentCore sent for it; none when the command has ended.
    ///
    /// # Errors
    /// [`Kind::Network`] when the stream breaks off before the command has ended, or can't be read; for what AgentCore reports in the
    /// stream, the kind of the same error outside of one.
    pub async fn next(&mut self) -> Result<Option<(CommandEvent, Value)>> {
        while !self.has_ended {
            let value = match self.frames.next().await? {
                Some(Frame::Event { mut value, .. }) => match value.get_mut("chunk") {
                    Some(chunk) => chunk.take(),
                    None => value,
                },
                Some(Frame::Exception { code, message }) => return Err(self.reported(&code, &message)),
                None => return Err(self.frames.cut_off()),
            };
            // What is none of these is newer than cogtok.
            if let Some(event) = read(&value) {
                self.has_ended = matches!(event, CommandEvent::Ended { .. });
                return Ok(Some((event, value)));
            }
        }
        Ok(None)
    }

    fn reported(&self, code: &str, message: &str) -> Error {
        let kind = match code {
            "AccessDeniedException" => Kind::Refused,
            "ThrottlingException" | "InternalServerException" => Kind::Network,
            _ => Kind::Failure,
        };
        let said = |text: &str, most| printable(&self.frames.without_secrets(text.trim()), most);
        let message = said(message, 300);
        let words = if message.is_empty() { message } else { format!(": {message}") };
        Error::new(kind, format!("{OPERATION}: {}{words}", said(code, 80)))
    }
}

fn read(value: &Value) -> Option<CommandEvent> {
    if let Some(delta) = value.get("contentDelta") {
        let text = |name: &str| delta.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        return Some(CommandEvent::Output { stdout: text("stdout"), stderr: text("stderr") });
    }
    if let Some(stop) = value.get("contentStop") {
        let exit_code = stop.get("exitCode").and_then(Value::as_i64).unwrap_or(-1);
        let has_timed_out = stop.get("status").and_then(Value::as_str) == Some("TIMED_OUT");
        return Some(CommandEvent::Ended { exit_code, has_timed_out });
    }
    value.get("contentStart").map(|_| CommandEvent::Started)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_is_read_by_its_one_member() {
        let output = |stdout: &str, stderr: &str| {
            let (stdout, stderr) = (stdout.to_owned(), stderr.to_owned());
            Some(CommandEvent::Output { stdout, stderr })
        };
        let ended = |exit_code, has_timed_out| Some(CommandEvent::Ended { exit_code, has_timed_out });
        for (value, event) in [
            (json!({"contentStart": {}}), Some(CommandEvent::Started)),
            (json!({"contentDelta": {"stdout": "a"}}), output("a", "")),
            (json!({"contentDelta": {"stdout": "a", "stderr": "b"}}), output("a", "b")),
            (json!({"contentStop": {"exitCode": 2, "status": "COMPLETED"}}), ended(2, false)),
            (json!({"contentStop": {"exitCode": 137, "status": "TIMED_OUT"}}), ended(137, true)),
            (json!({"contentStop": {}}), ended(-1, false)),
            (json!({"somethingNew": {}}), None),
        ] {
            assert_eq!(read(&value), event, "{value}");
        }
    }
}
