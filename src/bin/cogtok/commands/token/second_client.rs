//! The other secret of a machine's app client, while it is rotated.

use cogtok::error::Result;
use cogtok::oauth::client_credentials;
use cogtok::secret::Secret;
use cogtok::secrets::store::SecretId;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::SecretKind;

use crate::app::App;

/// The secrets that may be right where `refused` was not: what is stored by now, and what takes over. None for a secret
/// that was typed or came from a variable, and none where the place can't be looked at: the refusal is what the call ends with.
pub fn others(app: &App, profile: &Profile, refused: &Secret) -> Vec<Secret> {
    let found = if profile.m2m.secret_arn.is_some() { of_secrets_manager(app, profile) } else { stored(app, profile) };
    let found = found.unwrap_or_else(|error| {
        log::info!(target: "cogtok", "cogtok can't see whether the client has another secret: {error}");
        Vec::new()
    });
    found.into_iter().filter(|secret| secret.expose() != refused.expose()).collect()
}

fn stored(app: &App, profile: &Profile) -> Result<Vec<Secret>> {
    if !app.is_from_store(SecretKind::M2mClient) {
        return Ok(Vec::new());
    }
    let id = client_credentials::secret_binding(profile)?;
    let next = SecretId { kind: SecretKind::M2mClientNext, ..id.clone() };
    let store = app.secrets()?;
    Ok([store.find(&id)?, store.find(&next)?].into_iter().flatten().collect())
}

fn of_secrets_manager(app: &App, profile: &Profile) -> Result<Vec<Secret>> {
    let wire = app.wire()?;
    app.block_on(async {
        let current = client_credentials::client_with_arn(&wire, profile).await?;
        let pending = client_credentials::pending_client_with_arn(&wire, profile).await?;
        let secrets = [Some(current), pending].into_iter().flatten().map(|client| client.client_secret);
        Ok(secrets.collect())
    })
}
