//! What the file has for a key of a profile that can't be understood as a whole.

use toml::{Table, Value};

use super::{Config, find, lookup};
use crate::settings::keys::Key;
use crate::settings::types::{ProfileName, SecretKind};

/// The value of one key, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// There is none.
    Nothing,
    /// This text.
    Text(String),
    /// Something of another form: it could be meant for anything.
    Unclear,
}

impl Written {
    /// Whether this can be meant for `value`.
    pub fn may_be(&self, value: &str) -> bool {
        match self {
            Written::Nothing => false,
            Written::Text(text) => text.trim() == value,
            Written::Unclear => true,
        }
    }
}

impl Config {
    /// The names of everything under `profiles`, those that no profile can have included.
    pub fn written_names(&self) -> Vec<&str> {
        let profiles = self.table.get("profiles").and_then(Value::as_table);
        profiles.into_iter().flat_map(Table::keys).map(String::as_str).collect()
    }

    /// The value of one key, whatever the rest of the profile is like.
    pub fn written(&self, name: &str, key: Key) -> Written {
        let profiles = self.table.get("profiles").and_then(Value::as_table);
        let Some(profile) = profiles.and_then(|profiles| profiles.get(name)) else { return Written::Nothing };
        let Some(profile) = profile.as_table() else { return Written::Unclear };
        match find(profile, key.dotted()) {
            Ok(Some(Value::String(text))) => Written::Text(text.clone()),
            Ok(Some(_)) | Err(_) => Written::Unclear,
            Ok(None) => Written::Nothing,
        }
    }

    /// The kinds of secrets that a profile lists, whatever the rest of it is like.
    pub fn listed_secrets(&self, name: &ProfileName) -> Vec<SecretKind> {
        let profile = self.profile(name).ok();
        let listed = profile.and_then(|profile| lookup(profile, Key::Secrets.dotted())).and_then(Value::as_array);
        listed.into_iter().flatten().filter_map(|kind| kind.as_str()?.parse().ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_key_is_read_whatever_the_rest_of_the_profile_is_like() {
        let text =
            "[profiles.a]\nregion = 5\nuser.client_id = \" web\"\nm2m = 7\n[profiles.\"b b\"]\nuser.client_id = []\n";
        let config = Config::parse(Path::new("config.toml"), &format!("profiles.c = 1\n{text}")).unwrap();
        assert_eq!(config.written_names(), ["a", "b b", "c"]);
        let written = |name: &str, key: Key| config.written(name, key);
        assert!(written("a", Key::UserClientId).may_be("web") && !written("a", Key::UserClientId).may_be("we"));
        assert_eq!(written("a", Key::M2mClientId), Written::Unclear);
        assert_eq!(written("a", Key::UserPoolId), Written::Nothing);
        assert!(written("b b", Key::UserClientId).may_be("web") && !written("b b", Key::M2mClientId).may_be("web"));
        assert!(written("c", Key::UserClientId).may_be("web") && !written("d", Key::UserClientId).may_be("web"));
    }

    #[test]
    fn a_profile_with_a_value_in_the_place_of_a_table_is_not_one_without_it() {
        let config = Config::parse(Path::new("config.toml"), "[profiles.a]\nuser = 5\n").unwrap();
        let error = config.offer(&"a".parse().unwrap(), &mut Default::default()).unwrap_err();
        assert_eq!(error.to_string(), "`user` is not a table");
    }
}
