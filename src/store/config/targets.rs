//! The targets of a profile, as the configuration has them.

use toml::{Table, Value};

use super::{Config, TARGETS};
use crate::error::{Advice, AdviceKind, Error, Result};
use crate::settings::keys::how_to_set;
use crate::settings::keys::nearest;
use crate::settings::targets::{Field, Target, TargetSetting};
use crate::settings::types::{ProfileName, TargetName};

impl Config {
    /// The names of a profile's targets, in alphabetical order, those that can't be used left out.
    pub fn targets(&self, profile: &ProfileName) -> Vec<TargetName> {
        let table = self.profile(profile).ok().and_then(|profile| profile.get(TARGETS)).and_then(Value::as_table);
        table.into_iter().flat_map(Table::keys).filter_map(|name| name.parse().ok()).collect()
    }

    /// The settings of a profile's targets, by name.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) when there is no such profile, or a value is not a string.
    pub fn target_settings(&self, profile: &ProfileName) -> Result<Vec<TargetSetting>> {
        let table = self.profile(profile)?.get(TARGETS).and_then(Value::as_table);
        let mut found = Vec::new();
        for (name, target) in table.into_iter().flatten() {
            let (Ok(name), Some(target)) = (name.parse::<TargetName>(), target.as_table()) else { continue };
            for field in Field::ALL {
                if let Some(value) = text(&name, target, field)? {
                    found.push(TargetSetting { target: name.clone(), field, value });
                }
            }
        }
        Ok(found)
    }

    /// A target of a profile.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) when there is no such profile or target, or the target is not complete.
    pub fn target(&self, profile: &ProfileName, name: &TargetName) -> Result<Target> {
        let targets = self.profile(profile)?.get(TARGETS).and_then(Value::as_table);
        let Some(target) = targets.and_then(|targets| targets.get(name.as_str())).and_then(Value::as_table) else {
            let names = self.targets(profile);
            let error = Error::config(format!("the profile has no target `{name}`"));
            return Err(match nearest(name.as_str(), names.iter().map(TargetName::as_str)) {
                Some(near) if near != name.as_str() => error.hint(format!("did you mean `{near}`?")),
                _ => error.hint(Advice::new(AdviceKind::NameTarget).word("target", name)),
            });
        };
        for field in Field::ALL {
            text(name, target, field)?;
        }
        Target::resolve(name.clone(), |field| target.get(field.as_str()).and_then(Value::as_str).map(str::to_owned))
    }
}

fn text(name: &TargetName, target: &Table, field: Field) -> Result<Option<String>> {
    match target.get(field.as_str()) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => {
            let key = format!("{TARGETS}.{name}.{}", field.as_str());
            Err(Error::config(format!("`{key}` is not a string")).with_setting(&key).hint(how_to_set(&key)))
        }
    }
}
