//! Which codes of an authenticator app were used: Cognito takes each one once.

use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::state_file::{FileContent, StateFile, digest_name};
use crate::error::Result;
use crate::secrets::store::SecretId;

#[derive(Serialize, Deserialize)]
struct LastStep {
    step: u64,
}

impl FileContent for LastStep {
    const LIMIT: u64 = 4096;
}

/// The first time step from `now` on whose code was not used, taken for the caller. A step that is too far off, beyond
/// `latest`, is returned and left to others.
///
/// Without a usable directory this is `now`: then Cognito may refuse the code, and a message explains that.
///
/// # Errors
/// [`Kind::Store`](crate::error::Kind::Store) when another process held the lock until `deadline`.
pub fn take(state_dir: Option<&Path>, key: &SecretId, now: u64, latest: u64, deadline: Instant) -> Result<u64> {
    let Some(dir) = state_dir.map(|dir| dir.join("codes")) else { return Ok(now) };
    let not_noted = |error: &std::io::Error| {
        log::info!(target: "cogtok", "the used codes can't be recorded in {}: {error}", dir.display());
    };
    let file = StateFile::<LastStep>::new(&dir, &digest_name(key.account()));
    let Some(lock) = file.lock_or(deadline, |_, error| not_noted(error))? else { return Ok(now) };
    // A clock that was set back, or a copied file, must not block a user for long.
    let last = lock.file().read().ok().flatten();
    let next = last.map(|last| last.step.saturating_add(1)).filter(|next| next.abs_diff(now) <= 20);
    let step = next.unwrap_or(now).max(now);
    if step <= latest {
        lock.replace(&LastStep { step }).unwrap_or_else(|error| not_noted(&error));
    }
    Ok(step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::types::SecretKind;

    #[test]
    fn no_step_is_given_twice_and_one_that_comes_too_late_is_left_to_others() {
        let dir = tempfile::tempdir().unwrap();
        let binding = SecretId {
            kind: SecretKind::Totp,
            client_id: "client".parse().unwrap(),
            origin: "https://example.com".into(),
            username: Some("alice".parse().unwrap()),
        };
        let take = |now, latest| super::take(Some(dir.path()), &binding, now, latest, Instant::now()).unwrap();
        assert_eq!((take(100, 100), take(100, 101), take(100, 101), take(100, 102)), (100, 101, 102, 102));
        assert_eq!((take(103, 104), take(110, 110)), (103, 110));
        // A clock set back by a day starts over.
        assert_eq!(take(10, 11), 10);
        assert_eq!(super::take(None, &binding, 7, 7, Instant::now()).unwrap(), 7);
    }
}
