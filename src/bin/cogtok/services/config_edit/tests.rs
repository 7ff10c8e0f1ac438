//! Edits of a text, without a file.

use crate::services::config_edit::*;

fn draft(text: &str) -> ConfigDocument {
    ConfigDocument(text.parse().unwrap())
}

#[test]
fn comments_and_order_survive() {
    let before = "# mine\nversion = 1 # v\ndefault_profile = \"b\" # d\n\n[profiles.b] # B\nregion = \"eu-west-1\" # R\n# end\n\n[profiles.a]\n";
    let mut draft = draft(before);
    draft.set(&"b".parse().unwrap(), Key::Region, &["us-east-1".into()]).unwrap();
    draft.set_default(Some(&"a".parse().unwrap()));
    assert_eq!(draft.0.to_string(), before.replace("eu-west-1", "us-east-1").replace("\"b\" # d", "\"a\" # d"));
}

#[test]
fn a_profile_is_added_set_and_removed() {
    let mut draft = draft("");
    let name = "w.s".parse().unwrap();
    draft.add(&name).unwrap();
    assert!(draft.add(&name).is_err());
    draft.set(&name, Key::Scopes, &["a/b c/d".into()]).unwrap();
    draft.set(&name, Key::UserPoolId, &["us-east-1_x".into()]).unwrap();
    draft.note_secret(&name, SecretKind::M2mClient, true).unwrap();
    draft.note_secret(&name, SecretKind::M2mClient, true).unwrap();
    draft.set_default(Some(&name));
    let expected = "version = 1\ndefault_profile = \"w.s\"\n\n[profiles.\"w.s\"]\nuser_pool_id = \"us-east-1_x\"\nsecrets = [\"m2m-client\"]\n\n[profiles.\"w.s\".m2m]\nscopes = [\"a/b\", \"c/d\"]\n";
    assert_eq!(draft.0.to_string(), expected);
    assert!(draft.set(&name, Key::TokenUrl, &["http://evil.example".into()]).is_err());
    draft.remove(&name).unwrap();
    assert!(draft.names().is_empty() && draft.default_profile().is_none());
    assert!(draft.remove(&name).is_err());
}

#[test]
fn a_default_that_goes_leaves_the_header_of_the_file() {
    let name = "a".parse().unwrap();
    for (header, kept) in [
        ("# mine\n\n# of defaults\n", "# mine\n\n"),
        ("# mine\n\n", "# mine\n\n"),
        ("version = 1\n\n# defaults\n", "version = 1\n"),
    ] {
        let profiles = "[profiles.b]\nregion = \"r\"\n\n[profiles.a]\n";
        let mut draft = draft(&format!("{header}default_profile = \"a\" # the one\n\n{profiles}"));
        draft.remove(&name).unwrap();
        let left = draft.0.to_string();
        assert!(left.starts_with(kept) && !left.contains("default"), "{left}");
        assert_eq!(left.trim_start_matches(kept).trim(), "[profiles.b]\nregion = \"r\"");
    }
}

#[test]
fn what_is_removed_takes_the_comment_right_above_it_and_no_other() {
    let name = "a".parse().unwrap();
    let before =
        "# My workshops.\n\n# A\n[profiles.a]\n# all\n\n# R\nregion = \"r\"\n\n# of both\n\n# B\n[profiles.b]\n";
    let mut unset = draft(before);
    assert!(unset.unset(&name, "region").unwrap());
    let after = "# My workshops.\n\n# A\n[profiles.a]\n# all\n\n# of both\n\n# B\n[profiles.b]\n";
    assert_eq!(unset.0.to_string(), after);
    let mut removed = draft(before);
    removed.remove(&name).unwrap();
    assert_eq!(removed.0.to_string(), "# My workshops.\n\n# of both\n\n# B\n[profiles.b]\n");
    removed.remove(&"b".parse().unwrap()).unwrap();
    assert_eq!(removed.0.to_string(), "# My workshops.\n\n# of both\n\n");
}

mod properties {
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    use super::*;

    /// Keys that accept nearly any value, each with one.
    const SETTINGS: [(Key, &str); 7] = [
        (Key::Region, "eu-west-1"),
        (Key::UserPoolId, "us-east-1_AbCdEfGhI"),
        (Key::UserClientId, "client"),
        (Key::Username, "alice"),
        (Key::M2mClientId, "machine"),
        (Key::TokenUrl, "https://h.example/oauth2/token"),
        (Key::Description, "a workshop"),
    ];

    /// A configuration as people write it: comments, blank lines and spaces where TOML allows them.
    fn written() -> impl Strategy<Value = String> {
        let comment = prop_oneof![Just(String::new()), "# [a-z ]{0,12}\n", Just("\n".to_owned())];
        let name = "[a-c][a-z0-9-]{0,5}";
        let profile =
            (comment.clone(), btree_set(0..SETTINGS.len(), 0..5), vec(comment.clone(), 7), "( # [a-z]{1,5})?");
        (comment, proptest::collection::btree_map(name, profile, 1..4)).prop_map(|(first, profiles)| {
            let mut text = format!("{first}version = 1\n");
            for (name, (above, settings, comments, behind)) in profiles {
                text.push_str(&format!("\n{above}[profiles.{name}]{behind}\n"));
                let mut inner = String::new();
                for (at, comment) in settings.into_iter().zip(comments) {
                    let (key, value) = SETTINGS[at];
                    let line = format!("{comment}{{}} = \"{value}\"{behind}\n");
                    match key.dotted().split_once('.') {
                        None => text.push_str(&line.replace("{}", key.dotted())),
                        Some((table, last)) => {
                            let header = format!("[profiles.{name}.{table}]\n");
                            if !inner.contains(&header) {
                                inner.push_str(&header);
                            }
                            inner.push_str(&line.replace("{}", last));
                        }
                    }
                }
                text.push_str(&inner);
            }
            text
        })
    }

    proptest! {
        #[test]
        fn a_value_is_read_back_and_every_other_line_stays(
            text in written(), which in any::<prop::sample::Index>(), at in 0..SETTINGS.len(), new in "[a-z]{1,8}",
        ) {
            // A repeated table is not valid TOML.
            prop_assume!(text.parse::<DocumentMut>().is_ok());
            let mut draft = draft(&text);
            let names = draft.names();
            let name: ProfileName = names[which.index(names.len())].parse().unwrap();
            let key = SETTINGS[at].0;
            let value = match key {
                Key::TokenUrl => format!("https://{new}.example/"),
                Key::UserPoolId => format!("us-east-1_{new}"),
                Key::Region => "eu-central-1".to_owned(),
                _ => new,
            };
            draft.set(&name, key, std::slice::from_ref(&value)).unwrap();
            let after = draft.0.to_string();
            let read: toml::Table = after.parse().unwrap();
            let profile = read["profiles"][name.as_str()].as_table().unwrap();
            let found = key.dotted().split('.').try_fold(&toml::Value::Table(profile.clone()), |table, part| table.get(part)).cloned();
            prop_assert_eq!(found.as_ref().and_then(toml::Value::as_str), Some(value.as_str()));
            // At most one line differs, and at most that line and its table's header are new.
            let mut left: Vec<&str> = after.lines().collect();
            let mut missing = 0;
            for line in text.lines() {
                match left.iter().position(|other| *other == line) {
                    Some(found) => drop(left.remove(found)),
                    None => missing += 1,
                }
            }
            prop_assert!(missing <= 1, "{}\n---\n{}", text, after);
            prop_assert!(left.iter().filter(|line| !line.trim().is_empty()).count() <= 2, "{}\n---\n{}", text, after);
        }

        #[test]
        fn what_is_set_and_unset_again_leaves_the_file_as_it_was(
            text in written(), which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(),
        ) {
            prop_assume!(text.parse::<DocumentMut>().is_ok());
            let mut draft = draft(&text);
            let names = draft.names();
            let name: ProfileName = names[which.index(names.len())].parse().unwrap();
            let read: toml::Table = text.parse().unwrap();
            let profile = &read["profiles"][name.as_str()];
            let is_there = |key: Key| key.dotted().split('.').try_fold(profile, |table, part| table.get(part)).is_some();
            let missing: Vec<_> = SETTINGS.iter().filter(|(key, _)| !is_there(*key)).collect();
            if missing.is_empty() {
                return Ok(());
            }
            let (key, value) = *missing[at.index(missing.len())];
            draft.set(&name, key, &[value.to_owned()]).unwrap();
            draft.unset(&name, key.dotted()).unwrap();
            let lines = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(lines(&draft.0.to_string()), lines(&text));
        }
    }
}

#[cfg(unix)]
#[test]
fn what_is_not_a_file_is_never_replaced_by_one() {
    for other in ["/dev/null", "/dev/zero", "/dev"] {
        assert!(target(Path::new(other)).is_err(), "{other}");
    }
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("config.toml");
    std::os::unix::fs::symlink("/dev/null", &link).unwrap();
    assert!(target(&link).is_err());
    assert!(target(&dir.path().join("new.toml")).is_ok());
}
