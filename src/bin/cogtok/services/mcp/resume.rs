//! The rest of an answer whose stream ended before it was there. A server may end a stream whenever it likes and give the rest
//! to who asks for what came after the last event (MCP 2025-11-25, "Streamable HTTP", section "Resumability"): one that is
//! polled does nothing else.

use std::time::{Duration, Instant};

use crate::services::mcp::transport::{Incoming, Refusal, Reply};
use cogtok::error::{Error, Result};
use cogtok::http::transport_error::{TransportError, fault_in};

/// How often in a row the rest is asked for in vain. A stream that comes and ends without the answer is not in vain.
const MOST_FAILURES: u32 = 5;

/// The pause before a retry, if the server does not say, and at most.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The position in an answer that comes in parts.
pub struct Resume {
    silence: Duration,
    heard_at: Instant,
    last: Option<String>,
    pause: Option<Duration>,
    failures: u32,
}

impl Resume {
    /// The start of an answer, which may be without an event for `silence`.
    pub fn new(silence: Duration) -> Self {
        Resume { silence, heard_at: Instant::now(), last: None, pause: None, failures: 0 }
    }

    /// A message has come.
    pub fn heard(&mut self) {
        self.heard_at = Instant::now();
    }

    /// Whether an answer that ended in `error` can go on.
    pub fn is_for(error: &Error) -> bool {
        fault_in(error).is_some_and(TransportError::is_transient)
    }

    /// Takes the position from a stream that has ended.
    pub fn ended(&mut self, incoming: &Incoming) {
        let (id, pause) = incoming.resumption();
        if id.is_some() && id != self.last {
            self.last = id;
            self.heard();
        }
        self.pause = pause.or(self.pause);
    }

    /// Waits, and asks with `listen` for what comes after the event that it is given, until the server gives it.
    ///
    /// # Errors
    /// Why the rest can't be requested; `None` without an event id.
    pub async fn rest(&mut self, listen: impl AsyncFn(&str) -> Result<Reply>) -> Result<Box<Incoming>, Option<String>> {
        let last = self.last.clone().ok_or(None)?;
        log::info!(target: "cogtok", "the answer was cut off: asking for the rest");
        loop {
            if self.heard_at.elapsed() > self.silence {
                return Err(Some(format!("no event came for {} s", self.silence.as_secs())));
            }
            let pause = self.pause.unwrap_or(PAUSE) * 2_u32.pow(self.failures);
            tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
            let (why, may_come) = match listen(&last).await {
                Ok(Reply::Messages(rest)) => {
                    self.failures = 0;
                    return Ok(rest);
                }
                Ok(Reply::Refused(Refusal { status, .. })) => {
                    (format!("status {status}"), matches!(status, 429 | 500..))
                }
                Ok(Reply::Taken) => ("the server has none".to_owned(), false),
                Err(error) => (error.message().to_owned(), Self::is_for(&error)),
            };
            self.failures += 1;
            if !may_come || self.failures == MOST_FAILURES {
                return Err(Some(why));
            }
            log::info!(target: "cogtok", "the rest of the answer did not come ({why}): asking again");
        }
    }
}

/// The error for an answer to `method` whose rest can't be obtained.
pub fn no_rest(method: &str, why: &str) -> Error {
    Error::network(format!("the answer to {method} was cut off, and the rest can't be fetched: {why}"))
        .hint("the request may have taken effect: check before you try again")
}
