//! The keys of runs, in the secret store: one for each run, from its beginning until it is dropped.

use std::time::Instant;

use cogtok::error::{Advice, Error, Kind, Result};
use cogtok::secrets::store::SecretId;
use cogtok::settings::types::{SecretKind, StoreKind};

use super::run::{Head, Run};
use super::seal::RunKey;
use super::{Journal, key_note};
use crate::app::App;

impl App {
    /// Makes the key of a run and stores it; why not, where no secret store can be opened. The caller has the journal open, and
    /// says with [`App::note_run_is_placed`] that the run is in its place.
    ///
    /// # Errors
    /// What is wrong with the configuration of the store; [`Kind::Store`] where the journal can't be written.
    pub fn make_run_key(&self, head: &mut Head) -> Result<Result<RunKey>> {
        let (key, text) = RunKey::generate()?;
        let binding = binding(head)?;
        let store = match self.secrets_noninteractive() {
            Ok(store) => store,
            Err(error) if error.kind() == Kind::Store => return Ok(Err(error)),
            Err(error) => return Err(error),
        };
        // Where no keyring is reachable nothing is stored, and nothing to be noted.
        if store.kind() == StoreKind::Keyring
            && let Err(error) = store.look(std::slice::from_ref(&binding))
        {
            return if error.kind() == Kind::Store { Ok(Err(error)) } else { Err(error) };
        }
        key_note::write(self.dirs().state.as_deref(), head)?;
        match store.set(&binding, &text).map(|()| store.kind()) {
            Ok(kind) => {
                head.seal_in(kind.as_str());
                Ok(Ok(key))
            }
            Err(error) => {
                key_note::remove(self.dirs().state.as_deref(), head);
                if error.kind() == Kind::Store { Ok(Err(error)) } else { Err(error) }
            }
        }
    }

    /// Notes that the run of a key is in its place.
    pub fn note_run_is_placed(&self, head: &Head) {
        if head.sealed_in().is_some() {
            key_note::remove(self.dirs().state.as_deref(), head);
        }
    }

    /// Removes the keys whose runs are not there: a call was killed before the run was in its place, or after it was
    /// removed, or the secret store could not be opened then.
    pub fn forget_orphan_keys(&self) {
        let state = self.dirs().state.as_deref();
        if key_note::without_run(state).is_empty() {
            return;
        }
        // The key of a process that is at work is about to have its run.
        let Ok(_journal) = Journal::to_resume(state, Instant::now()) else { return };
        for head in key_note::without_run(state) {
            let store = self.secrets_noninteractive();
            match binding(&head).and_then(|binding| store?.delete(&binding)) {
                Ok(_) => key_note::remove(state, &head),
                Err(error) => log::debug!(target: "cogtok", "the key of run {} is not deleted: {error}", head.run),
            }
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
                error.hint(Advice::new("forget the run: cogtok user runs forget {run}{p}").text("run", &id))
            } else {
                error.hint(format!("it was stored with COGTOK_SECRET_STORE={place}: set that"))
            }
        })?;
        run.unseal(key);
        Ok(())
    }

    /// Removes a run that this process has opened, with the passwords in it and their key.
    ///
    /// # Errors
    /// As [`Run::remove`]. That the key is still stored is only a warning: it opens nothing any more.
    pub fn forget_run(&self, run: &Run) -> Result<()> {
        let head = &run.head;
        // A disk that is full must not keep a run.
        if let Some(Err(error)) = head.sealed_in().map(|_| key_note::write(self.dirs().state.as_deref(), head)) {
            log::debug!(target: "cogtok", "{error}");
        }
        run.remove()?;
        self.forget_run_key(head);
        Ok(())
    }

    /// Removes the key of a run that is no more.
    pub fn forget_run_key(&self, head: &Head) {
        if head.sealed_in().is_none() {
            return;
        }
        match binding(head).and_then(|binding| self.secrets()?.delete(&binding)) {
            Ok(_) => key_note::remove(self.dirs().state.as_deref(), head),
            Err(error) => {
                log::warn!(target: "cogtok", "the key of run {} is still in {}: {error}", head.run, self.store_name());
            }
        }
    }
}

/// What the key of a run is called.
fn binding(head: &Head) -> Result<SecretId> {
    Ok(SecretId { kind: SecretKind::RunKey, client_id: head.run.parse()?, origin: head.origin.clone(), username: None })
}
