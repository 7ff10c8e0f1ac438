//! The targets of an import: those to write, and the existing profile's targets that stay.

use cogtok::settings::targets::TargetSetting;

/// The targets of a profile.
pub struct Targets {
    /// Targets to write.
    pub taken: Vec<TargetSetting>,
    /// The profile's other targets, which stay.
    pub kept: Vec<TargetSetting>,
    /// All targets before the import.
    pub before: Vec<TargetSetting>,
}

impl Targets {
    pub fn new(taken: Vec<TargetSetting>, before: Vec<TargetSetting>) -> Self {
        let is_replaced = |own: &&TargetSetting| taken.iter().any(|setting| setting.target == own.target);
        let kept = before.iter().filter(|own| !is_replaced(own)).cloned().collect();
        Targets { taken, kept, before }
    }

    /// Whether an unknown key of the old profile is deleted with it: all are, except keys of targets that stay.
    pub fn goes(&self, key: &str) -> bool {
        let Some(rest) = key.strip_prefix("targets.") else { return true };
        let name = rest.rsplit_once('.').map_or(rest, |(name, _)| name);
        self.taken.iter().any(|setting| setting.target.as_str() == name)
    }
}
