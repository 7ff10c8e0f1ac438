//! The keys of runs, in the secret store: one for each run, from its beginning until it is dropped.

use std::path::Path;
use std::time::Instant;

use cogtok::error::{Advice, Error, Kind, Result};
use cogtok::secrets::store::SecretId;
use cogtok::settings::types::SecretKind;

use super::run::{self, Head, Run};
use super::seal::RunKey;
use crate::app::App;

impl App {
    /// Makes the key of a run and stores it; why not, where no secret store can be opened.
    ///
    /// # Errors
    /// What is wrong with the configuration of the store.
    pub fn make_run_key(&self, head: &mut Head) -> Result<Result<RunKey>> {
        let (key, text) = RunKey::generate()?;
        let binding = binding(head)?;
        match self.secrets_noninteractive().and_then(|store| store.set(&binding, &text).map(|()| store.kind())) {
            Ok(kind) => {
                head.seal_in(kind.as_str());
                Ok(Ok(key))
            }
            Err(error) if error.kind() == Kind::Store => Ok(Err(error)),
            Err(error) => Err(error),
        }
    }

    /// Lets the passwords of a run be read.
    ///
    /// # Errors
    /// [`Kind::Store`] where the secret store can't be opened, or does not have the key.
    pub fn unseal(&self, run: &mut Run) -> Result<()> {
        let Some(place) = run.head.sealed_in() else { return Ok(()) };
        let id = run.head.run.clone();
        let store = self.secrets().map_err(|error| error.context(&format!("the passwords of run {id} are sealed")))?;
        let found = store.find(&binding(&run.head)?)?;
        let key = found.as_ref().and_then(RunKey::from_text).ok_or_else(|| {
            let here = store.kind();
            let error =
                Error::store(format!("the key of run {id} is not in {}: its passwords can't be read", store.name()));
            if place == here.as_str() {
                error.hint(Advice::new("drop the run: cogtok user runs forget {run}{p}").text("run", &id))
            } else {
                error.hint(format!("it was stored with COGTOK_SECRET_STORE={place}: set that"))
            }
        })?;
        run.unseal(key);
        Ok(())
    }

    /// Removes a run, with the passwords in it and their key.
    ///
    /// # Errors
    /// As [`run::remove`]. That the key is still stored is only a warning: it opens nothing any more.
    pub fn forget_run(&self, path: &Path, deadline: Instant) -> Result<()> {
        let head = run::remove(path, deadline)?;
        self.forget_run_key(&head);
        Ok(())
    }

    /// Removes the key of a run that is no more.
    pub fn forget_run_key(&self, head: &Head) {
        if head.sealed_in().is_none() {
            return;
        }
        let deleted = binding(head).and_then(|binding| self.secrets()?.delete(&binding));
        if let Err(error) = deleted {
            log::warn!(target: "cogtok", "the key of run {} is still in {}: {error}", head.run, self.store_name());
        }
    }
}

/// What the key of a run is called.
fn binding(head: &Head) -> Result<SecretId> {
    Ok(SecretId { kind: SecretKind::RunKey, client_id: head.run.parse()?, origin: head.origin.clone(), username: None })
}
