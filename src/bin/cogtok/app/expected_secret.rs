//! Whether a secret should be stored, before the store is opened. A profile lists only kinds: for which client and address one was stored,
//! the note of the state folder tells.

use cogtok::error::Result;
use cogtok::secrets::store::SecretId;
use cogtok::settings::profile::Profile;

use super::App;

/// What is known of a secret before its store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// It was stored here, or on another machine as far as the configuration tells: that it is missing is an error.
    Stored,
    /// One of its kind was stored, perhaps for another client.
    Perhaps,
    /// Nothing says that it was ever stored.
    Never,
}

impl App {
    /// What is known of the profile's secret with this binding.
    ///
    /// # Errors
    /// The error of the configuration.
    pub fn expected_secret(&self, profile: &Profile, binding: &SecretId) -> Result<Expected> {
        let config = self.config_in_reach()?;
        let is_of_client = config.is_some_and(|config| config.lists_secret(binding.kind, &binding.client_id));
        let noted = self.secret_places().map(|places| places.read());
        // A store that is named wrongly is an error where it is opened.
        let is_noted = |kind| noted.as_ref().is_some_and(|noted| noted.is_in(kind, binding) == Some(true));
        let is_here = self.store_kind().is_ok_and(is_noted);
        Ok(if is_here || (is_of_client && noted.is_none_or(|noted| noted.allows(binding))) {
            Expected::Stored
        } else if is_of_client || profile.secrets.contains(&binding.kind) {
            Expected::Perhaps
        } else {
            Expected::Never
        })
    }
}
