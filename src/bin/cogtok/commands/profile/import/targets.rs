//! The targets of an import: those that are written, and those of the profile that is there, which stay.

use cogtok::settings::targets::TargetSetting;

/// What becomes of a profile's targets.
pub struct Targets {
    /// What is to be written.
    pub taken: Vec<TargetSetting>,
    /// What the profile says of others, and goes on to say.
    pub kept: Vec<TargetSetting>,
    /// All that it says now.
    pub before: Vec<TargetSetting>,
}

impl Targets {
    pub fn new(taken: Vec<TargetSetting>, before: Vec<TargetSetting>) -> Self {
        let is_replaced = |own: &&TargetSetting| taken.iter().any(|setting| setting.target == own.target);
        let kept = before.iter().filter(|own| !is_replaced(own)).cloned().collect();
        Targets { taken, kept, before }
    }

    /// Whether a key of the old profile that no program reads goes with it: all do but those of targets that stay.
    pub fn goes(&self, key: &str) -> bool {
        let Some(rest) = key.strip_prefix("targets.") else { return true };
        let name = rest.rsplit_once('.').map_or(rest, |(name, _)| name);
        self.taken.iter().any(|setting| setting.target.as_str() == name)
    }
}
