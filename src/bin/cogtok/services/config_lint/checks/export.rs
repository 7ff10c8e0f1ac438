//! The parts of a profile export that a configuration lacks: its mark, and a table of secrets.

use toml::de::{DeTable, DeValue};

use crate::services::config_lint::checks::{Spanned, Walk, as_table, as_text};
use cogtok::error::printable;
use cogtok::settings::types::SecretKind;
use cogtok::store::config::EXPORT_VERSION;

/// What to do about a secret in an unsealed export.
const SEAL: &str = "seal it: cogtok profile export NAME --with-secrets; if others could read the file, change it";

impl Walk<'_> {
    pub(crate) fn mark(&mut self, key: &str, value: &Spanned<DeValue<'_>>) {
        self.number(key, value, EXPORT_VERSION);
    }

    /// The secrets of each profile. `names` are those that the file has.
    pub(crate) fn secrets(&mut self, value: &Spanned<DeValue<'_>>, names: &[&str]) {
        let Some(secrets) = as_table(value) else {
            return self.say("secrets", value.span().start, "is not a table", None);
        };
        for (key, value) in secrets {
            let dotted = format!("secrets.{}", key.get_ref());
            let Some(kinds) = as_table(value) else {
                self.say(&dotted, key.span().start, "is not a table", None);
                continue;
            };
            if !names.contains(&key.get_ref().as_ref()) {
                self.say(&dotted, key.span().start, "belongs to no profile of this file", None);
            }
            self.kinds(&dotted, kinds);
        }
    }

    fn kinds(&mut self, outer: &str, kinds: &DeTable<'_>) {
        for (key, value) in kinds {
            let (dotted, at) = (format!("{outer}.{}", printable(key.get_ref(), 40)), key.span().start);
            match key.get_ref().parse::<SecretKind>() {
                Ok(kind) if !SecretKind::STORED_BY_HAND.contains(&kind) => {
                    self.say(&dotted, at, "is not exported", Some(SEAL.into()));
                }
                Ok(_) if as_text(value).is_none() => self.say(&dotted, at, "is not a string", None),
                Ok(_) => self.say(&dotted, at, "is a secret in plain text", Some(SEAL.into())),
                Err(_) => self.say(&dotted, at, "is not a kind of secret", Some(kinds_known().into())),
            }
        }
    }
}

fn kinds_known() -> String {
    let kinds: Vec<&str> = SecretKind::STORED_BY_HAND.iter().map(|kind| kind.as_str()).collect();
    format!("choose one of {}", kinds.join(", "))
}
