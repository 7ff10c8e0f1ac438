//! The targets of a profile.

use toml::de::{DeString, DeValue};

use crate::services::config_lint::checks::{Spanned, Walk, as_table, as_text};
use cogtok::error::{Advice, printable};
use cogtok::settings::keys::how_to_set;
use cogtok::settings::secret_detection;
use cogtok::settings::targets::{Field, nearest_key};
use cogtok::settings::types::TargetName;
use cogtok::store::config::TARGETS;

impl Walk<'_> {
    pub(crate) fn targets(&mut self, value: &Spanned<DeValue<'_>>) {
        match as_table(value) {
            Some(targets) => targets.iter().for_each(|(key, value)| self.target(key, value)),
            None => self.unknown(TARGETS, value.span().start, value, Some("targets.NAME.url")),
        }
    }

    fn target(&mut self, key: &Spanned<DeString<'_>>, value: &Spanned<DeValue<'_>>) {
        let (name, at) = (key.get_ref().as_ref(), key.span().start);
        let dotted = format!("{TARGETS}.{name}");
        let Some(target) = as_table(value) else {
            let meant = match Field::ALL.into_iter().find(|field| field.as_str() == name) {
                Some(field) => format!("{TARGETS}.NAME.{}", field.as_str()),
                None => printable(&format!("{dotted}.{}", Field::Url.as_str()), 80),
            };
            return self.unknown(&dotted, at, value, Some(&meant));
        };
        if name.parse::<TargetName>().is_err() {
            let rule = "use 1 to 64 letters, digits, hyphens and underscores, the first a letter or digit";
            self.say(&dotted, at, "is not a target's name, so it is ignored", Some(rule.into()));
        } else if !target.iter().any(|(field, _)| field.get_ref() == Field::Url.as_str()) {
            let url = format!("{dotted}.{}", Field::Url.as_str());
            self.say(
                &url,
                at,
                "is not set",
                Some(Advice::new("run `cogtok profile set {name} {key} URL`").word("key", &url)),
            );
        }
        for (field, value) in target {
            self.field(&dotted, field, value);
        }
    }

    fn field(&mut self, outer: &str, key: &Spanned<DeString<'_>>, value: &Spanned<DeValue<'_>>) {
        let dotted = format!("{outer}.{}", key.get_ref());
        let Some(field) = Field::ALL.into_iter().find(|field| field.as_str() == key.get_ref()) else {
            let near = nearest_key(&dotted).map(|near| printable(&near, 80));
            return self.unknown(&dotted, key.span().start, value, near.as_deref());
        };
        let at = value.span().start;
        match as_text(value) {
            None => {
                self.say(&dotted, at, "is not a string", Some(how_to_set(&dotted)));
            }
            Some(text) if secret_detection::is_like_a_secret(text) => self.secret(&dotted, at, "looks like a secret"),
            Some(text) => self.judge(&dotted, at, text, field.check(text)),
        }
    }
}
