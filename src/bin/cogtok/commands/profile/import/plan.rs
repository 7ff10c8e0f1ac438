//! The command line of an import, read once: what the rest of it works with.

use std::path::PathBuf;

use cogtok::settings::keys::Key;

use crate::services::import::SourceKind;

/// What is to be imported, and how.
pub struct ImportPlan {
    /// Where to look.
    pub source: String,
    /// The kind of source, where it was said.
    pub kind: Option<SourceKind>,
    /// What opens a sealed file.
    pub opener: Opener,
    /// Which of several is meant.
    pub choice: Choice,
    pub secrets: SecretHandling,
    pub writing: Writing,
}

/// What opens a sealed file, where it was said.
pub enum Opener {
    /// Whatever the environment or a person supplies.
    Any,
    /// The age identity in this file.
    Identity(PathBuf),
    /// The passphrase on standard input.
    Stdin,
}

/// Which pool and clients are meant, where the source names several.
#[derive(Debug, Default)]
pub struct Choice {
    pub user_pool_id: Option<String>,
    pub client_id: Option<String>,
    pub m2m_client_id: Option<String>,
}

impl Choice {
    /// What was chosen, each with its key and its option.
    pub fn made(&self) -> impl Iterator<Item = (Key, &'static str, &str)> {
        let all = [
            (Key::UserPoolId, "--user-pool-id", &self.user_pool_id),
            (Key::UserClientId, "--client-id", &self.client_id),
            (Key::M2mClientId, "--m2m-client-id", &self.m2m_client_id),
        ];
        all.into_iter().filter_map(|(key, option, value)| Some((key, option, value.as_deref()?)))
    }
}

/// What becomes of the source's secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretHandling {
    /// They go to the secret store; one in Secrets Manager stays there.
    Store,
    /// As [`SecretHandling::Store`], and the one in Secrets Manager is copied.
    Copy,
    /// They are not imported.
    Skip,
}

/// How the configuration and the secret store are changed.
#[derive(Debug, Clone, Copy)]
pub struct Writing {
    /// Whether a profile of the name may be replaced.
    pub replaces: bool,
    /// Whether nothing is written.
    pub is_dry_run: bool,
}
