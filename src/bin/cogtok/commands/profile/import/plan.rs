//! The command line of an import, read once: what the rest of it works with.

use std::path::PathBuf;

use cogtok::settings::keys::Key;

use crate::services::import::SourceKind;

/// What to import, and how.
pub struct ImportPlan {
    /// Where to look.
    pub source: String,
    /// The kind of source, if an option says it.
    pub kind: Option<SourceKind>,
    /// How to open a sealed file.
    pub opener: Opener,
    /// Which of several is meant.
    pub choice: Choice,
    pub secrets: SecretHandling,
    pub writing: Writing,
    pub taken_names: TakenNames,
}

/// What becomes of a suggested name that another profile has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenNames {
    /// It is refused, unless that profile may be replaced.
    Refused,
    /// A number after it makes it another one.
    Numbered,
}

/// How to open a sealed file, if an option says it.
pub enum Opener {
    /// As the environment or a person supplies it.
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
    /// The settings given by options, each with its key and option.
    pub fn made(&self) -> impl Iterator<Item = (Key, &'static str, &str)> {
        let all = [
            (Key::UserPoolId, "--user-pool-id", &self.user_pool_id),
            (Key::UserClientId, "--client-id", &self.client_id),
            (Key::M2mClientId, "--m2m-client-id", &self.m2m_client_id),
        ];
        all.into_iter().filter_map(|(key, option, value)| Some((key, option, value.as_deref()?)))
    }
}

/// How to handle the source's secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretHandling {
    /// Write them to the secret store; one in Secrets Manager stays there.
    Store,
    /// As [`SecretHandling::Store`], and the one in Secrets Manager is copied.
    Copy,
    /// Skip them.
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
