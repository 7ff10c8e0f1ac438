//! Results of looking a secret up.

use std::time::Duration;

use crate::secret::Secret;

/// The time limit of a store if nobody is there to unlock it.
pub const UNATTENDED: Duration = Duration::from_secs(5);

/// A store's result for a binding.
#[derive(Debug)]
pub enum FoundSecret {
    /// The secret itself.
    Secret(Secret),
    /// Not stored; the same secret is stored for these other origins, if any.
    Elsewhere(Vec<String>),
}

/// Whether a store has what is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretStatus {
    /// It is stored.
    Here,
    /// The same secret is stored for these other origins.
    Elsewhere(Vec<String>),
    /// It is not stored.
    Missing,
}

/// A view of a store without unlocking it.
#[derive(Debug)]
pub struct SecretLookup {
    /// Whether it would have to be unlocked first.
    pub is_locked: bool,
    /// Which of the secrets it has, in the order in which they were asked for.
    pub found: Vec<SecretStatus>,
}
