//! Limits the concurrent messages, since each is a connection, and queues the others.

use std::collections::VecDeque;
use std::rc::Rc;

use tokio::task::JoinSet;

use crate::services::mcp::client_message::ClientMessage;
use crate::services::mcp::proxy::pending_requests::Open;
use crate::services::mcp::proxy::request;
use crate::services::mcp::proxy::state::State;
use cogtok::error::{Error, Kind};

/// The most messages of a lane that are on their way at once.
const MOST_IN_FLIGHT: usize = 100;

/// The most that wait, and the most bytes in them.
const MOST_WAITING: usize = 10_000;
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// Messages that take each other's places.
#[derive(Default)]
pub struct RequestQueue {
    running: JoinSet<()>,
    waiting: VecDeque<(ClientMessage, Open)>,
    bytes: usize,
}

impl RequestQueue {
    /// Sends a message, or lets it wait for its turn.
    pub fn take(&mut self, state: &Rc<State>, message: ClientMessage) {
        let mut open = Open::new(state, &message);
        if self.waiting.is_empty() && self.running.len() < MOST_IN_FLIGHT {
            self.start(state, message, open);
        } else if self.waiting.len() < MOST_WAITING && self.bytes + message.bytes.len() <= MOST_BYTES {
            self.bytes += message.bytes.len();
            self.waiting.push_back((message, open));
        } else {
            open.why = Error::new(Kind::Failure, "too many messages are waiting for the server");
            log::warn!(target: "cogtok", "{}: {}", message.method, open.why.message());
        }
    }

    /// Waits until one message has ended, and sends a queued one; `None` if none is in flight.
    pub async fn next(&mut self, state: &Rc<State>) -> Option<()> {
        // The client has already been told how it ended.
        let _ = self.running.join_next().await?;
        while self.running.len() < MOST_IN_FLIGHT
            && let Some((message, open)) = self.waiting.pop_front()
        {
            self.bytes -= message.bytes.len();
            if !open.is_given_up() {
                self.start(state, message, open);
            }
        }
        Some(())
    }

    /// Ends them all: who still waits hears that nothing comes.
    pub async fn end(&mut self) {
        self.waiting.clear();
        self.running.abort_all();
        while self.running.join_next().await.is_some() {}
    }

    fn start(&mut self, state: &Rc<State>, message: ClientMessage, open: Open) {
        let is_run_by = open.task();
        is_run_by(self.running.spawn_local(request::run(state.clone(), message, open)));
    }
}
