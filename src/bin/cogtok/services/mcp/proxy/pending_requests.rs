//! The client's unanswered requests. Each gets an answer unless it is cancelled.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::AbortHandle;

use crate::services::mcp::client_message::ClientMessage;
use crate::services::mcp::message::failed;
use crate::services::mcp::proxy::state::State;
use cogtok::error::{Error, Kind};

/// How long a request that the client has given up may go on, so that the server can end it and its connection serve again.
const GRACE: Duration = Duration::from_secs(1);

/// The unanswered requests of one message.
pub struct Open {
    state: Rc<State>,
    shared: Rc<RefCell<Shared>>,
    all: Vec<Value>,
    /// Why there is no answer, where none comes.
    pub why: Error,
}

struct Shared {
    ids: Vec<Value>,
    is_given_up: bool,
    // Without a session, a request is cancelled by closing its connection.
    is_stateless: bool,
    task: Option<AbortHandle>,
}

impl Shared {
    fn answered(&mut self, id: &Value) -> bool {
        let before = self.ids.len();
        self.ids.retain(|open| !is_same(open, id));
        self.ids.len() < before
    }
}

/// Whether a server means this id. Some send a number as text, or as `2.0`, and clients take it.
fn is_same(open: &Value, id: &Value) -> bool {
    let number = |id: &Value| id.as_f64().or_else(|| id.as_str()?.parse::<f64>().ok());
    open == id || number(open).zip(number(id)).is_some_and(|(open, id)| open == id && open.abs() < EXACT)
}

/// The integers below are exact as floating-point numbers.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// All of them, by their ids.
#[derive(Default)]
pub struct AllOpen(RefCell<HashMap<String, Rc<RefCell<Shared>>>>);

impl Open {
    /// The requests of `message`.
    pub fn new(state: &Rc<State>, message: &ClientMessage) -> Self {
        let (ids, is_stateless) = (message.ids.clone(), message.version.is_some());
        let shared = Rc::new(RefCell::new(Shared { ids, is_given_up: false, is_stateless, task: None }));
        let by_id = message.ids.iter().map(|id| (id.to_string(), shared.clone()));
        state.open.0.borrow_mut().extend(by_id);
        let why = Error::new(Kind::Failure, "cogtok ended before the server answered");
        Open { state: state.clone(), shared, all: message.ids.clone(), why }
    }

    /// Returns a function that records which task handles them.
    pub fn task(&self) -> impl FnOnce(AbortHandle) + use<> {
        let shared = self.shared.clone();
        move |task| shared.borrow_mut().task = Some(task)
    }

    /// Whether none waits for an answer.
    pub fn is_empty(&self) -> bool {
        self.shared.borrow().ids.is_empty()
    }

    /// Whether the client wants no answer any more.
    pub fn is_given_up(&self) -> bool {
        self.is_empty() && self.shared.borrow().is_given_up
    }

    /// The one that waits, where it is one.
    pub fn only(&self) -> Option<Value> {
        match self.shared.borrow().ids.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        }
    }

    /// The request of this id has its answer; returns whether it was waiting for one.
    pub fn answered(&self, id: &Value) -> bool {
        self.shared.borrow_mut().answered(id)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut all = self.state.open.0.borrow_mut();
        for id in self.all.iter().map(Value::to_string) {
            // The client may have reused the id.
            if all.get(&id).is_some_and(|open| Rc::ptr_eq(open, &self.shared)) {
                all.remove(&id);
            }
        }
        drop(all);
        for id in std::mem::take(&mut self.shared.borrow_mut().ids) {
            self.state.give(&failed(&id, &self.why).to_string());
        }
    }
}

impl AllOpen {
    /// As [`Open::answered`], for any request of the client.
    pub fn answered(&self, id: &Value) -> bool {
        let open =
            self.0.borrow().values().find(|open| open.borrow().ids.iter().any(|open| is_same(open, id))).cloned();
        open.is_some_and(|open| open.borrow_mut().answered(id))
    }

    /// Cancels the request of this id without an answer; returns whether the server need not be told. `None` if there is no such request.
    pub fn give_up(&self, id: &Value) -> Option<bool> {
        let open = self.0.borrow_mut().remove(&id.to_string())?;
        let mut shared = open.borrow_mut();
        shared.is_given_up = true;
        shared.ids.retain(|open| open != id);
        // A request that is still waiting for its turn is never sent.
        let Some(task) = shared.task.clone() else { return Some(true) };
        let (is_stateless, is_all) = (shared.is_stateless, shared.ids.is_empty());
        drop(shared);
        if is_stateless {
            task.abort();
        } else if is_all {
            tokio::task::spawn_local(async move {
                tokio::time::sleep(GRACE).await;
                task.abort();
            });
        }
        Some(is_stateless)
    }
}
