//! What a store says of a secret.

use std::time::Duration;

use crate::secret::Secret;

/// How long a store may take where nobody is there to unlock it.
pub const UNATTENDED: Duration = Duration::from_secs(5);

/// What a store has for a binding.
#[derive(Debug)]
pub enum FoundSecret {
    /// The secret itself.
    Secret(Secret),
    /// None; the same secret is there for these other origins, if any.
    Elsewhere(Vec<String>),
}

/// Whether a store has what is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretStatus {
    /// It has.
    Here,
    /// It has the same secret for these other origins.
    Elsewhere(Vec<String>),
    /// It has not.
    Missing,
}

/// What can be seen of a store without unlocking it.
#[derive(Debug)]
pub struct SecretLookup {
    /// Whether it would have to be unlocked first.
    pub is_locked: bool,
    /// Which of the secrets it has, in the order in which they were asked for.
    pub found: Vec<SecretStatus>,
}
