//! The objects that the fake has on its bus.

use super::{Act, COLLECTION, Item, PROMPT, Prompt, State, locked, object, path};
use std::collections::HashMap;
use std::sync::Arc;
use zbus::fdo;
use zbus::object_server::{ObjectServer, SignalEmitter};
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

const SESSION: &str = "/org/freedesktop/secrets/session/fake";
const ENCRYPTED: &str = "dh-ietf1024-sha256-aes128-cbc-pkcs7";

type Sealed = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

/// `/org/freedesktop/secrets`
pub(super) struct Service(pub(super) Arc<State>);

#[zbus::interface(name = "org.freedesktop.Secret.Service")]
impl Service {
    async fn open_session(&self, algorithm: &str, _input: OwnedValue) -> fdo::Result<(OwnedValue, OwnedObjectPath)> {
        self.0.enter("OpenSession").await?;
        locked(&self.0.calls).push(algorithm.into());
        if algorithm != ENCRYPTED {
            return Err(fdo::Error::NotSupported("secrets travel encrypted here".into()));
        }
        let one = Value::from(vec![1_u8]).try_into().expect("a value");
        Ok((one, object(SESSION)))
    }

    async fn search_items(
        &self,
        attributes: HashMap<String, String>,
    ) -> fdo::Result<(Vec<OwnedObjectPath>, Vec<OwnedObjectPath>)> {
        self.0.enter("SearchItems").await?;
        let is_match =
            |item: &Item| attributes.iter().all(|(name, value)| item.attributes.get(name).is_some_and(|v| v == value));
        let items = locked(&self.0.items);
        let found = items.iter().filter(|(_, item)| is_match(item)).map(|(number, _)| object(&path(*number))).collect();
        Ok(if self.0.prompt().is_some() { (Vec::new(), found) } else { (found, Vec::new()) })
    }

    async fn unlock(&self, objects: Vec<OwnedObjectPath>) -> fdo::Result<(Vec<OwnedObjectPath>, OwnedObjectPath)> {
        self.0.enter("Unlock").await?;
        Ok(match self.0.prompt() {
            Some(_) => (Vec::new(), object(PROMPT)),
            None => (objects, object("/")),
        })
    }

    async fn read_alias(&self, _name: &str) -> fdo::Result<OwnedObjectPath> {
        let act = self.0.enter("ReadAlias").await?;
        Ok(object(if act == Some(Act::Lose) { "/" } else { COLLECTION }))
    }
}

/// The one collection.
pub(super) struct Collection(pub(super) Arc<State>);

#[zbus::interface(name = "org.freedesktop.Secret.Collection")]
impl Collection {
    async fn create_item(
        &self,
        properties: HashMap<String, OwnedValue>,
        secret: Sealed,
        _replace: bool,
        #[zbus(object_server)] server: &ObjectServer,
    ) -> fdo::Result<(OwnedObjectPath, OwnedObjectPath)> {
        let act = self.0.enter("CreateItem").await?;
        let attributes = properties["org.freedesktop.Secret.Item.Attributes"].try_clone().expect("a value");
        let attributes = HashMap::<String, String>::try_from(attributes).expect("attributes").into_iter().collect();
        let (_, parameters, sealed, _) = garbled(act, secret);
        let number = self.0.keep(Item { attributes, parameters, sealed });
        server.at(path(number), Entry { state: Arc::clone(&self.0), number }).await?;
        if act == Some(Act::Lose) {
            locked(&self.0.items).remove(&number);
        }
        Ok((object(&path(number)), object("/")))
    }

    #[zbus(property)]
    async fn locked(&self) -> fdo::Result<bool> {
        self.0.enter("Locked").await?;
        Ok(self.0.prompt().is_some())
    }
}

/// In CBC the initialization vector's first bit is the plain text's.
fn garbled(act: Option<Act>, mut secret: Sealed) -> Sealed {
    if act == Some(Act::Garble) {
        secret.1[0] ^= 1;
    }
    secret
}

/// An item of the collection.
pub(super) struct Entry {
    pub(super) state: Arc<State>,
    pub(super) number: usize,
}

impl Entry {
    /// The entry, unless it is gone or goes now.
    async fn enter(&self, method: &'static str) -> fdo::Result<(Item, Option<Act>)> {
        let act = self.state.enter(method).await?;
        if act == Some(Act::Vanish) {
            locked(&self.state.items).remove(&self.number);
        }
        let item = locked(&self.state.items).get(&self.number).cloned();
        let item = item.ok_or_else(|| fdo::Error::UnknownObject("no such object".into()))?;
        Ok((item, act))
    }
}

#[zbus::interface(name = "org.freedesktop.Secret.Item")]
impl Entry {
    async fn get_secret(&self, session: OwnedObjectPath) -> fdo::Result<(Sealed,)> {
        let (item, act) = self.enter("GetSecret").await?;
        Ok((garbled(act, (session, item.parameters, item.sealed, "application/octet-stream".into())),))
    }

    async fn set_secret(&self, secret: Sealed) -> fdo::Result<()> {
        let (item, act) = self.enter("SetSecret").await?;
        let (_, parameters, sealed, _) = garbled(act, secret);
        locked(&self.state.items).insert(self.number, Item { parameters, sealed, ..item });
        Ok(())
    }

    async fn delete(&self) -> fdo::Result<OwnedObjectPath> {
        self.enter("Delete").await?;
        locked(&self.state.items).remove(&self.number);
        Ok(object("/"))
    }

    #[zbus(property)]
    async fn attributes(&self) -> fdo::Result<HashMap<String, String>> {
        Ok(self.enter("Attributes").await?.0.attributes.into_iter().collect())
    }

    #[zbus(property)]
    async fn locked(&self) -> fdo::Result<bool> {
        Ok(self.state.prompt().is_some())
    }
}

/// The dialog that unlocks.
pub(super) struct Dialog(pub(super) Arc<State>);

#[zbus::interface(name = "org.freedesktop.Secret.Prompt")]
impl Dialog {
    async fn prompt(&self, _window: &str, #[zbus(signal_emitter)] emitter: SignalEmitter<'_>) -> fdo::Result<()> {
        self.0.enter("Prompt").await?;
        let prompt = self.0.prompt();
        if prompt == Some(Prompt::Accept) {
            *locked(&self.0.lock) = None;
        }
        if prompt != Some(Prompt::Stay) {
            Self::completed(&emitter, prompt == Some(Prompt::Dismiss), Value::from("")).await?;
        }
        Ok(())
    }

    #[zbus(signal)]
    async fn completed(emitter: &SignalEmitter<'_>, dismissed: bool, result: Value<'_>) -> zbus::Result<()>;
}
