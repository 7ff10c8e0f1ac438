//! The targets in a profile export. A target that can't be imported completely is left out: with its address only, it might get the wrong
//! token.

use toml::{Table, Value};

use cogtok::error::{Error, Result, is_unprintable, printable};
use cogtok::oauth::client_bundle::candidates::ProfileCandidate;
use cogtok::settings::targets::{Address, Field, TargetSetting};
use cogtok::settings::types::TargetName;

/// The most targets that are taken of one profile.
const MOST: usize = 100;

/// Reads a profile's targets from an export, and checks each value like typed input.
pub(crate) fn take(targets: &Value, found: &mut ProfileCandidate) {
    let Some(targets) = targets.as_table() else { return found.leave_out("skipped `targets`: it is not a table") };
    let (mut taken, mut too_many) = (0, 0);
    for (name, value) in targets {
        let shown = printable(name, 80);
        let settings = match (name.parse::<TargetName>(), value) {
            (Ok(_), _) if taken == MOST => {
                too_many += 1;
                continue;
            }
            (Ok(name), Value::Table(target)) => settings(&name, target),
            (Ok(_), _) => Err(Error::config("it is not a table")),
            (Err(_), _) => Err(Error::config("it can't be a target's name")),
        };
        match settings {
            Ok(settings) => {
                taken += 1;
                found.targets.extend(settings);
                let fields = value.as_table().into_iter().flat_map(Table::keys);
                for field in fields.filter(|field| Field::ALL.iter().all(|known| known.as_str() != field.as_str())) {
                    let field = printable(field, 80);
                    found.leave_out(&format!("skipped `targets.{shown}.{field}`: it is not a known key"));
                }
            }
            Err(error) => found.leave_out(&format!("skipped `targets.{shown}`: {error}")),
        }
    }
    if too_many > 0 {
        found.leave_out(&format!("skipped {too_many} more targets: {MOST} is the limit"));
    }
}

fn settings(name: &TargetName, target: &Table) -> Result<Vec<TargetSetting>> {
    let mut settings = Vec::new();
    for field in Field::ALL {
        let key = field.as_str();
        let value = match target.get(key) {
            None if field == Field::Url => return Err(Error::config("it has no `url`")),
            None => continue,
            Some(Value::String(text)) if text.chars().any(is_unprintable) => {
                return Err(Error::config(format!("its `{key}` contains control characters")));
            }
            Some(Value::String(text)) => text,
            Some(_) => return Err(Error::config(format!("its `{key}` is not a string"))),
        };
        field.check(value)?;
        let value = match field {
            // As it will be requested: an international host name is shown in ASCII, so it can't look like another.
            Field::Url => value.parse::<Address>()?.to_string(),
            Field::As | Field::Kind => value.clone(),
        };
        settings.push(TargetSetting { target: name.clone(), field, value });
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_taken_as_it_is_meant_or_not_at_all() {
        let text = r#"
            good = { url = "https://a.example/", as = "m2m", odd = 1 }
            plain = { url = "http://a.example" }
            login = { url = "https://me:hunter2@a.example" }
            whose = { url = "https://a.example", as = "me" }
            kind = { url = "https://a.example", kind = 5 }
            escape = { url = "https://a.example", kind = "\u001b[31m" }
            none = { as = "user" }
            flat = "https://a.example"
            letters = { url = "https://\u0430pple.example" }
            "../x" = { url = "https://a.example" }
        "#;
        let mut found = ProfileCandidate::default();
        take(&Value::Table(text.parse().unwrap()), &mut found);
        let taken: Vec<String> =
            found.targets.iter().map(|setting| format!("{} {}", setting.key(), setting.value)).collect();
        let expected = [
            "targets.good.url https://a.example",
            "targets.good.as m2m",
            "targets.letters.url https://xn--pple-43d.example",
        ];
        assert!(taken.len() == 3 && expected.iter().all(|line| taken.iter().any(|taken| taken == line)), "{taken:?}");
        assert_eq!(found.left_out.len(), 9, "{:#?}", found.left_out);
        assert!(found.left_out.iter().all(|why| !why.contains("hunter2") && !why.chars().any(is_unprintable)));
        let many: String = (0..MOST + 7).map(|n| format!("t{n} = {{ url = \"https://a.example\" }}\n")).collect();
        let mut found = ProfileCandidate::default();
        take(&Value::Table(many.parse().unwrap()), &mut found);
        assert_eq!(
            (found.targets.len(), found.left_out),
            (MOST, vec!["skipped 7 more targets: 100 is the limit".to_owned()])
        );
    }
}
