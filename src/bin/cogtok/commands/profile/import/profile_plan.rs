//! What an import writes for one profile.

use cogtok::secret::Secret;
use cogtok::secrets::store::SecretId;
use cogtok::settings::keys::{Key, Settings};
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{ProfileName, SecretKind};

use super::super::deletion_plan::DeletionPlan;
use super::targets::Targets;
use crate::services::import::SourceKind;
use crate::services::import::enrich::Missing;

/// A setting to be written.
pub struct Setting {
    pub key: Key,
    pub values: Vec<String>,
    pub origin: String,
}

/// A secret to be stored.
pub struct ToStore {
    pub kind: SecretKind,
    /// What it may be used for: a client's secret at the API, and at the domain where there is one.
    pub bindings: Vec<SecretId>,
    pub value: Secret,
    pub origin: String,
    /// The other profiles whose it is as well.
    pub shared_with: Vec<ProfileName>,
}

/// Everything that is to be written, and what is to be said of it.
pub struct ProfilePlan {
    pub name: ProfileName,
    pub kind: SourceKind,
    pub settings: Vec<Setting>,
    pub secrets: Vec<ToStore>,
    pub targets: Targets,
    /// What a profile of that name says now.
    pub before: Option<Settings>,
    /// Whether the profile becomes the default.
    pub is_default: bool,
    pub left_out: Vec<String>,
    pub missing: Vec<Missing>,
    /// What goes with the profile that is replaced.
    pub going: DeletionPlan,
    pub profile: Profile,
}
