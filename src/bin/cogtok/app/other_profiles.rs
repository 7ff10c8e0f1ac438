//! The other profiles of the configuration, for what is deleted unless one of them uses it.

use cogtok::error::{Error, Result, printable};
use cogtok::secrets::store::SecretId;
use cogtok::settings::keys::Key;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::ProfileName;
use cogtok::store::config::{Config, EDIT, Written};

use super::settings::as_written;

/// A profile that can't be understood. What it uses is unknown, but for the app clients and the pool, which may be readable.
#[derive(Debug)]
pub struct UnreadableProfile {
    /// Its name, which may be none that a profile can have.
    pub name: String,
    /// That name, where there is a table of it to write to.
    pub table: Option<ProfileName>,
    /// Why it can't be understood.
    pub why: Error,
    clients: [Written; 2],
    pool: Written,
}

impl UnreadableProfile {
    /// The profile `name` of the configuration, which can't be understood because of `why`.
    pub fn of(config: &Config, name: &str, why: Error) -> Self {
        UnreadableProfile {
            name: name.to_owned(),
            table: config.names().into_iter().find(|known| known.as_str() == name),
            why,
            clients: [Key::UserClientId, Key::M2mClientId].map(|key| config.written(name, key)),
            pool: config.written(name, Key::UserPoolId),
        }
    }

    /// Whether it may use what is stored for this app client.
    pub fn may_use_client(&self, client_id: &str) -> bool {
        self.clients.iter().any(|client| client.may_be(client_id))
    }

    /// Whether it may be of this user pool.
    pub fn may_be_of_pool(&self, pool: &str) -> bool {
        self.pool.may_be(pool)
    }

    /// The error that a secret is not deleted, since this profile may use it.
    pub fn keeps(&self, secret: &SecretId) -> Error {
        let (name, why) = (printable(&self.name, 80), &self.why);
        Error::config(format!("profile `{name}` may use the {secret}, and it can't be read: {why}")).hint(EDIT)
    }
}

/// The profiles of the configuration other than `name`, as it has them. One that can't be understood is there all the same: what it may use
/// is not without an owner.
pub fn other_profiles<'a>(
    config: &'a Config,
    name: &'a ProfileName,
) -> impl Iterator<Item = Result<Profile, Box<UnreadableProfile>>> + 'a {
    let names = config.written_names().into_iter().filter(move |other| *other != name.as_str());
    names.map(|other| {
        let read = other.parse().and_then(|known| as_written(config, &known));
        read.map_err(|why| Box::new(UnreadableProfile::of(config, other, why)))
    })
}
