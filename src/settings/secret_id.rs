//! Bindings of secrets: their use and the origins that may get them.

use std::fmt;

use crate::error::{Advice, AdviceKind, Error};
use crate::settings::types::{ClientId, SecretKind, Username};

/// A secret's kind and the origins that may get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretId {
    /// The kind of secret.
    pub kind: SecretKind,
    /// The app client it belongs to; of the key of a run, the run.
    pub client_id: ClientId,
    /// The origin it may be sent to.
    pub origin: String,
    /// The user it belongs to, for a password.
    pub username: Option<Username>,
}

impl SecretId {
    /// The name of the entry: kind, client, origin and user.
    pub fn account(&self) -> String {
        let username = self.username.as_ref().map_or("", Username::as_str);
        format!("{}|{}|{}|{username}", self.kind, self.client_id, self.origin)
    }

    /// The error where it should be stored and is not.
    pub fn missing(&self) -> Error {
        Error::store(format!("the {self} is no longer stored"))
            .hint(Advice::new("store it: {store}").fill("store", self.command()))
    }

    /// The command that stores it.
    pub fn command(&self) -> Advice {
        match &self.username {
            Some(username) => Advice::new(AdviceKind::StoreSecretOfUser).text("kind", self.kind).word("user", username),
            None => Advice::new(AdviceKind::StoreSecret).text("kind", self.kind),
        }
    }

    /// The origin of an entry of the same kind, client and user.
    pub fn origin_in<'a>(&self, account: &'a str) -> Option<&'a str> {
        let (origin, username) = self.of_client(account)?;
        (username == self.username.as_ref().map_or("", Username::as_str)).then_some(origin)
    }

    /// The user of an entry of the same kind, client and origin.
    pub fn user_in<'a>(&self, account: &'a str) -> Option<&'a str> {
        let (origin, username) = self.of_client(account)?;
        (origin == self.origin).then_some(username)
    }

    /// The origin and the user of an entry of the same kind and client.
    pub(crate) fn of_client<'a>(&self, account: &'a str) -> Option<(&'a str, &'a str)> {
        let mut parts = account.splitn(4, '|');
        let (kind, client, origin, username) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        (kind == self.kind.as_str() && client == self.client_id.as_str()).then_some((origin, username))
    }
}

impl fmt::Display for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == SecretKind::RunKey {
            return write!(f, "key of run {}", self.client_id);
        }
        write!(f, "{} secret of client {}", self.kind, self.client_id)?;
        match &self.username {
            Some(username) => write!(f, " and user {username}"),
            None => Ok(()),
        }
    }
}
