//! The place of an app client's secret, with room for its successor.

use cogtok::aws::secrets_manager;
use cogtok::error::{Advice, AdviceKind, Error, Kind, Result, printable};
use cogtok::oauth::client_credentials::{self, Client};
use cogtok::secret::Secret;
use cogtok::secrets::store::SecretId;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{ClientId, SecretArn, SecretKind};

use crate::app::{App, Expected};

/// The place of the secret.
pub enum Place<'a> {
    /// The secret store, under this name.
    Store(&'a App, &'a Profile, SecretId),
    /// Secrets Manager.
    SecretsManager(&'a App, &'a Profile, &'a SecretArn),
}

impl<'a> Place<'a> {
    /// The place for the profile's machine-to-machine client, and that client.
    pub fn of(app: &'a App, profile: &'a Profile) -> Result<(Self, ClientId)> {
        if let Some(arn) = &profile.m2m.secret_arn {
            let wire = app.wire()?;
            let client = app.block_on(client_credentials::client_with_arn(&wire, profile))?;
            return Ok((Place::SecretsManager(app, profile, arn), client.client_id));
        }
        let id = client_credentials::secret_binding(profile)?;
        if app.expected_secret(profile, &id)? == Expected::Never || !app.secrets()?.has(&id)? {
            let kind = Advice::new(AdviceKind::StoreSecret).text("kind", SecretKind::M2mClient);
            return Err(Error::config(format!(
                "the {id} is neither in {} nor in Secrets Manager, so it can't be replaced there",
                app.store_name()
            ))
            .hint(kind));
        }
        let client_id = id.client_id.clone();
        Ok((Place::Store(app, profile, id), client_id))
    }

    /// Its name in a message.
    pub fn name(&self) -> String {
        match self {
            Place::Store(app, ..) => app.store_name().to_owned(),
            Place::SecretsManager(_, _, arn) => format!("Secrets Manager ({arn})"),
        }
    }

    /// The client with the secret that takes over; `None` without one.
    pub fn staged(&self, version: &str) -> Result<Option<Client>> {
        match self {
            Place::Store(app, profile, id) => {
                let secret = app.secrets()?.find(&next(id))?;
                secret.map(|secret| client_credentials::client(profile, secret)).transpose()
            }
            // By its id: the label AWSPENDING may be on a version of somebody else.
            Place::SecretsManager(app, profile, arn) => {
                let wire = app.wire()?;
                app.extend_default_timeout();
                let kept = app.block_on(secrets_manager::get_by_id(&wire, profile, arn, version))?;
                kept.map(|kept| client_credentials::client_of(profile, arn, &kept)).transpose()
            }
        }
    }

    /// Refuses a place where something else takes over already.
    pub fn check_free(&self) -> Result<()> {
        let Place::SecretsManager(app, profile, arn) = self else { return Ok(()) };
        let wire = app.wire()?;
        app.extend_default_timeout();
        let pending = app.block_on(secrets_manager::get_pending(&wire, profile, arn))?;
        let Some(pending) = pending.and_then(|pending| pending.version) else { return Ok(()) };
        // AWS's own rotation leaves the label on the version that has taken over.
        if app.block_on(secrets_manager::get(&wire, profile, arn))?.version.as_ref() == Some(&pending) {
            return Ok(());
        }
        let pending = printable(&pending, 64);
        Err(Error::new(
            Kind::Failure,
            format!("another rotation of the secret {arn} is under way: version {pending} has the label AWSPENDING"),
        )
        .hint(
            Advice::new(
                "let it finish, or take the label away: aws secretsmanager update-secret-version-stage{aws} --secret-id {arn} --version-stage AWSPENDING --remove-from-version-id {version}",
            )
            .word("arn", arn)
            .word("version", &pending),
        ))
    }

    /// Stores the secret that takes over beside the one in use.
    pub fn stage(&self, secret: &Secret, version: &str) -> Result<()> {
        match self {
            Place::Store(app, _, id) => app.secrets()?.set(&next(id), secret),
            Place::SecretsManager(app, profile, arn) => {
                let wire = app.wire()?;
                app.extend_default_timeout();
                app.block_on(async {
                    let kept = secrets_manager::get(&wire, profile, arn).await?;
                    let old = client_credentials::client_of(profile, arn, &kept)?.client_secret;
                    let replaced = kept.text.expose().replace(old.expose(), secret.expose());
                    if !kept.text.expose().contains(old.expose()) {
                        return Err(Error::config(format!(
                            "the secret {arn} has the client secret in a form that can't be replaced"
                        ))
                        .hint("it holds the client secret as a text, or JSON with it"));
                    }
                    secrets_manager::put_pending(&wire, profile, arn, version, &Secret::new(replaced)).await
                })
            }
        }
    }

    /// The secret that took over is the one in use from now on.
    pub fn use_staged(&self, secret: &Secret, version: &str) -> Result<()> {
        match self {
            Place::Store(app, _, id) => app.secrets()?.set(id, secret),
            Place::SecretsManager(app, profile, arn) => {
                let wire = app.wire()?;
                app.extend_default_timeout();
                app.block_on(secrets_manager::make_current(&wire, profile, arn, version))
            }
        }
    }

    /// Whether this is the secret in use.
    pub fn is_in_use(&self, secret: &Secret) -> Result<bool> {
        let current = match self {
            Place::Store(app, _, id) => app.secrets()?.find(id)?,
            Place::SecretsManager(app, profile, _) => {
                let wire = app.wire()?;
                app.extend_default_timeout();
                Some(app.block_on(client_credentials::client_with_arn(&wire, profile))?.client_secret)
            }
        };
        Ok(current.is_some_and(|current| current.expose() == secret.expose()))
    }

    /// Removes the staged successor, after it was promoted or refused.
    pub fn unstage(&self, version: &str) -> Result<()> {
        match self {
            Place::Store(app, _, id) => app.secrets()?.delete(&next(id)).map(drop),
            Place::SecretsManager(app, profile, arn) => {
                let wire = app.wire()?;
                app.extend_default_timeout();
                app.block_on(async {
                    let pending = secrets_manager::get_pending(&wire, profile, arn).await?;
                    match pending.filter(|pending| pending.version.as_deref() == Some(version)) {
                        Some(_) => secrets_manager::drop_pending(&wire, profile, arn, version).await,
                        None => Ok(()),
                    }
                })
            }
        }
    }
}

/// The name of the secret that takes over from another.
pub fn next(id: &SecretId) -> SecretId {
    SecretId { kind: SecretKind::M2mClientNext, ..id.clone() }
}
