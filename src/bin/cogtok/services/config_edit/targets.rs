//! Edits of a profile's targets.

use toml_edit::{Item, Table, Value};

use crate::services::config_edit::{ConfigDocument, set};
use cogtok::error::{Error, Result};
use cogtok::settings::targets::{Field, TargetSetting};
use cogtok::settings::types::{ProfileName, TargetName};
use cogtok::store::config::TARGETS;

impl ConfigDocument {
    /// Sets a field of a profile's target.
    ///
    /// # Errors
    /// As [`ConfigDocument::set`].
    pub fn set_target(&mut self, profile: &ProfileName, target: &TargetName, field: Field, value: &str) -> Result<()> {
        let key = format!("{TARGETS}.{target}");
        field.check(value).map_err(|error| error.context(&format!("{key}.{}", field.as_str())))?;
        let profile = self.profile_mut(profile)?;
        let mut outer = Table::new();
        outer.set_implicit(true);
        let targets = profile.entry(TARGETS).or_insert(Item::Table(outer));
        let targets = targets.as_table_like_mut().ok_or_else(|| not_a_table(TARGETS))?;
        let inner = targets.entry(target.as_str()).or_insert(Item::Table(Table::new()));
        set(inner.as_table_like_mut().ok_or_else(|| not_a_table(&key))?, field.as_str(), Value::from(value));
        Ok(())
    }

    /// Replaces the profile's targets that `settings` name; its other targets stay as written.
    ///
    /// # Errors
    /// As [`ConfigDocument::set`].
    pub fn replace_targets(&mut self, profile: &ProfileName, settings: &[TargetSetting]) -> Result<()> {
        let is_said = |name: &str, field: &str| {
            settings.iter().any(|setting| setting.target.as_str() == name && setting.field.as_str() == field)
        };
        let targets = self.profile_mut(profile)?.get_mut(TARGETS).and_then(Item::as_table_like_mut);
        if let Some(targets) = targets {
            let is_named = |name: &&str| settings.iter().any(|setting| setting.target.as_str() == *name);
            let named: Vec<String> = targets.iter().map(|(name, _)| name).filter(is_named).map(str::to_owned).collect();
            for name in named {
                let Some(target) = targets.get_mut(&name).and_then(Item::as_table_like_mut) else {
                    targets.remove(&name);
                    continue;
                };
                let gone: Vec<String> = target
                    .iter()
                    .map(|(field, _)| field)
                    .filter(|field| !is_said(&name, field))
                    .map(str::to_owned)
                    .collect();
                for field in gone {
                    target.remove(&field);
                }
            }
        }
        settings
            .iter()
            .try_for_each(|TargetSetting { target, field, value }| self.set_target(profile, target, *field, value))
    }
}

fn not_a_table(key: &str) -> Error {
    Error::config(format!("`{key}` is not a table"))
}
