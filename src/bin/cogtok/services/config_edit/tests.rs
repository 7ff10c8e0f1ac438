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
