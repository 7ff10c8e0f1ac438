//! The plan for one profile of an import.

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
    /// Its bindings: a client's secret at the API, and at the domain if there is one.
    pub bindings: Vec<SecretId>,
    pub value: Secret,
    pub origin: String,
    /// The other profiles that use it.
    pub shared_with: Vec<ProfileName>,
}

/// A profile to write, and what to report about it.
pub struct ProfilePlan {
    pub name: ProfileName,
    pub kind: SourceKind,
    pub settings: Vec<Setting>,
    pub secrets: Vec<ToStore>,
    pub targets: Targets,
    /// The existing profile of that name.
    pub before: Option<Settings>,
    /// Whether the profile becomes the default.
    pub is_default: bool,
    pub left_out: Vec<String>,
    pub missing: Vec<Missing>,
    /// What is deleted with the replaced profile.
    pub going: DeletionPlan,
    pub profile: Profile,
}
