//! The secrets that are sealed in, from the secret store.

use crate::services::export::Exported;
use cogtok::error::{Error, Result};
use cogtok::secret::Secret;
use cogtok::settings::keys::Key;
use cogtok::settings::types::SecretKind;

use crate::app::{App, Expected, as_written};
use crate::commands::secret::bindings::bindings;
use crate::io::terminal;

/// The kinds that are meant where none is named.
pub const CLIENTS: &str = "m2m-client,user-client";

/// The kinds in a list with commas. What was typed is not repeated: it may be a secret.
pub fn kinds(text: &str) -> Result<Vec<SecretKind>> {
    let known = SecretKind::STORED_BY_HAND;
    let kind = |word: &str| {
        word.trim().parse().ok().filter(|kind| known.contains(kind)).ok_or_else(|| {
            let known: Vec<&str> = known.iter().map(|kind| kind.as_str()).collect();
            Error::usage("`--with-secrets` names something that is not a kind of secret")
                .hint(format!("choose one of {}", known.join(", ")))
        })
    };
    text.split(',').map(kind).collect()
}

/// Adds the stored secrets to their profiles. A listed secret that is missing from the store is an error; one that the profile never had is
/// reported only if it was asked for by name.
pub fn gather(app: &App, kinds: &[SecretKind], is_named: bool, profiles: &mut [Exported]) -> Result<()> {
    for exported in profiles.iter_mut() {
        for kind in kinds {
            let about = format!("profile `{}`", exported.name);
            match find(app, exported, *kind).map_err(|error| error.context(&about))? {
                Some(secret) => exported.secrets.push((*kind, secret)),
                None if is_named => terminal::note(&format!("{about}: no {kind} secret is stored")),
                None => {}
            }
        }
        if exported.secrets.iter().any(|(kind, _)| kind.is_of_a_user()) {
            exported.left_out.retain(|key| *key != Key::Username);
        }
    }
    if profiles.iter().any(|exported| !exported.secrets.is_empty()) {
        Ok(())
    } else {
        Err(Error::config("there is no such secret to include")
            .hint("store it first: cogtok secret set m2m-client{p}; or leave `--with-secrets` out"))
    }
}

/// The profile's own secret of this kind; none where it has none.
pub fn find(app: &App, exported: &Exported, kind: SecretKind) -> Result<Option<Secret>> {
    let profile = as_written(app.config()?, &exported.name)?;
    let client_id = match kind {
        SecretKind::M2mClient if profile.m2m.secret_arn.is_some() => {
            terminal::note(&format!("profile `{}`: the m2m-client secret stays in Secrets Manager", exported.name));
            return Ok(None);
        }
        SecretKind::M2mClient => &profile.m2m.client_id,
        _ => &profile.user.client_id,
    };
    let is_of_nameless_user = kind.is_of_a_user() && profile.user.username.is_none();
    if client_id.is_none() || is_of_nameless_user {
        return Ok(None);
    }
    let profile = app.resolve_region(profile);
    let bindings = match bindings(&profile, kind) {
        Err(_) if !profile.secrets.contains(&kind) => return Ok(None),
        found => found?,
    };
    let mut missing = None;
    for binding in &bindings {
        let expected = app.expected_secret(&profile, binding)?;
        if expected == Expected::Never {
            continue;
        }
        if let Some(secret) = app.secrets()?.get(binding, "")? {
            return Ok(Some(secret));
        }
        // The secret may belong to another user: the list has one entry for all users. A machine always has a secret.
        let is_listed =
            expected == Expected::Stored || kind == SecretKind::M2mClient && profile.secrets.contains(&kind);
        let is_missed = is_listed && !kind.is_of_a_user();
        missing = missing.or(is_missed.then_some(binding));
    }
    missing.map_or(Ok(None), |binding| Err(app.not_stored(binding)))
}
