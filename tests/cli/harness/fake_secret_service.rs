//! A Secret Service that fails on request, on a private bus of its own.
//!
//! Its half of the key exchange is always 1, which makes the key of every session the same: what a client sealed in one
//! session a later one opens, and the fake needs no cipher to keep secrets and give them back.

mod objects;

use self::objects::{Collection, Dialog, Entry, Service};
use super::{Bus, Run};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::Semaphore;
use zbus::zvariant::{OwnedObjectPath, Value};
use zbus::{Connection, blocking, fdo};

const SERVICE: &str = "/org/freedesktop/secrets";
const COLLECTION: &str = "/org/freedesktop/secrets/collection/fake";
const PROMPT: &str = "/org/freedesktop/secrets/prompt/fake";

/// What a method or property does instead of its duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Never answers.
    Hang,
    /// Answers with an error, in words that no terminal should be shown.
    Refuse,
    /// The whole service leaves the bus without an answer.
    Exit,
    /// The item is deleted before the answer.
    Vanish,
    /// Says that all is well and keeps other bytes than it was given.
    Garble,
    /// Says that all is well and keeps nothing; of `ReadAlias`: there is no default collection.
    Lose,
}

/// What happens when a locked collection asks to be unlocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// The dialog is accepted before the call that showed it has returned.
    Accept,
    /// The dialog is dismissed, likewise.
    Dismiss,
    /// The dialog stays until [`FakeSecretService::accept`].
    Stay,
}

/// An entry: its attributes, and the secret as its client sealed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub attributes: BTreeMap<String, String>,
    parameters: Vec<u8>,
    pub sealed: Vec<u8>,
}

struct State {
    items: Mutex<BTreeMap<usize, Item>>,
    lock: Mutex<Option<Prompt>>,
    acts: Mutex<HashMap<&'static str, Act>>,
    calls: Mutex<Vec<String>>,
    connection: OnceLock<Connection>,
    released: Semaphore,
}

/// The service, with the default collection and nothing in it.
pub struct FakeSecretService {
    state: Arc<State>,
    connection: blocking::Connection,
    bus: Bus,
}

impl FakeSecretService {
    /// Starts one, unlocked.
    pub fn start() -> Self {
        let bus = Bus::start();
        let state = Arc::new(State {
            items: Mutex::default(),
            lock: Mutex::default(),
            acts: Mutex::default(),
            calls: Mutex::default(),
            connection: OnceLock::new(),
            released: Semaphore::new(0),
        });
        let of = || Arc::clone(&state);
        let connection = blocking::connection::Builder::address(bus.address())
            .and_then(|builder| builder.serve_at(SERVICE, Service(of())))
            .and_then(|builder| builder.serve_at(COLLECTION, Collection(of())))
            .and_then(|builder| builder.serve_at(PROMPT, Dialog(of())))
            .and_then(|builder| builder.name("org.freedesktop.secrets"))
            .and_then(blocking::connection::Builder::build)
            .expect("the fake Secret Service is on its bus");
        state.connection.set(connection.inner().clone()).expect("set once");
        Self { state, connection, bus }
    }

    /// From now on `method` (or property) does this.
    pub fn act(&self, method: &'static str, act: Act) {
        locked(&self.state.acts).insert(method, act);
    }

    /// Does its duty again, and answers what it has left unanswered.
    pub fn behave(&self) {
        locked(&self.state.acts).clear();
        *locked(&self.state.lock) = None;
        self.state.released.close();
    }

    /// Locks the collection.
    pub fn lock(&self, prompt: Prompt) {
        *locked(&self.state.lock) = Some(prompt);
    }

    /// Accepts the dialog that stays.
    pub fn accept(&self) {
        *locked(&self.state.lock) = None;
        let body = (false, Value::from(""));
        let prompt = "org.freedesktop.Secret.Prompt";
        self.connection.emit_signal(None::<&str>, PROMPT, prompt, "Completed", &body).expect("a signal");
    }

    /// The methods that were called and the properties that were read, in order; sessions with their algorithm.
    pub fn calls(&self) -> Vec<String> {
        locked(&self.state.calls).clone()
    }

    /// Every entry.
    pub fn items(&self) -> Vec<Item> {
        locked(&self.state.items).values().cloned().collect()
    }

    /// Adds an entry that is like the first one in everything.
    pub fn plant_alike(&self) {
        let item = self.items().first().expect("an entry to copy").clone();
        let number = self.state.keep(item);
        let object = Entry { state: Arc::clone(&self.state), number };
        assert!(self.connection.object_server().at(path(number), object).expect("an object"));
    }

    /// Gives every entry an attribute that cogtok's own never have.
    pub fn estrange(&self, name: &str, value: &str) {
        for item in locked(&self.state.items).values_mut() {
            item.attributes.insert(name.into(), value.into());
        }
    }

    /// For DBUS_SESSION_BUS_ADDRESS.
    pub fn address(&self) -> &str {
        self.bus.address()
    }
}

impl Drop for FakeSecretService {
    fn drop(&mut self) {
        self.state.released.close();
    }
}

impl Run<'_> {
    /// Puts the run on the fake's bus.
    pub fn fake(self, fake: &FakeSecretService) -> Self {
        self.env("DBUS_SESSION_BUS_ADDRESS", fake.address())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn path(number: usize) -> String {
    format!("{COLLECTION}/{number}")
}

fn object(path: &str) -> OwnedObjectPath {
    OwnedObjectPath::try_from(path.to_string()).expect("an object path")
}

impl State {
    /// Notes the call and misbehaves where it should; gives what is left for the method itself to do wrong.
    async fn enter(&self, method: &'static str) -> fdo::Result<Option<Act>> {
        locked(&self.calls).push(method.into());
        let act = locked(&self.acts).get(method).copied();
        match act {
            Some(Act::Hang) => {
                let _ = self.released.acquire().await;
                Err(fdo::Error::Failed("released".into()))
            }
            Some(Act::Refuse) => Err(fdo::Error::AccessDenied("\u{1b}[2Jhostile words of /a/path".into())),
            Some(Act::Exit) => {
                let connection = self.connection.get().expect("connected").clone();
                connection.close().await?;
                Err(fdo::Error::Failed("never seen".into()))
            }
            other => Ok(other),
        }
    }

    fn keep(&self, item: Item) -> usize {
        let mut items = locked(&self.items);
        let number = items.last_key_value().map_or(1, |(last, _)| last + 1);
        items.insert(number, item);
        number
    }

    fn prompt(&self) -> Option<Prompt> {
        *locked(&self.lock)
    }
}
