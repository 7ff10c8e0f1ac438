//! Many who edit the configuration at once, and edits that are killed: nothing is lost and nothing is half done.

use crate::harness::{Barrier, Home, Running};
use crate::local_faults::{CALLS, at_each};
use std::collections::BTreeSet;

#[test]
fn a_hundred_mixed_edits_at_once_lose_nothing() {
    let home = Home::new();
    let mut text = "# mine\ndefault_profile = \"keep\" # this one\n\n[profiles.keep]\n".to_string();
    for n in 0..16 {
        text += &format!(
            "\n# set {n}\n[profiles.set{n}]\n\n# unset {n}\n[profiles.unset{n}]\nregion = \"us-east-1\"\ndescription = \"d\" # kept {n}\n"
        );
        text += &format!(
            "\n# old {n}\n[profiles.old{n}] # renamed {n}\nregion = \"us-east-1\" # R{n}\n\n[profiles.gone{n}]\n"
        );
    }
    let path = home.config(&text);
    let mut runs = Vec::new();
    for n in 0..16 {
        let profile = |words: &[&str]| home.cogtok(["profile"]).args(words);
        runs.push(profile(&["create", &format!("new{n}"), "--client-id", "web"]));
        runs.push(profile(&["set", &format!("set{n}"), "region", "us-east-1"]));
        runs.push(profile(&["unset", &format!("unset{n}"), "region"]));
        runs.push(profile(&["rename", &format!("old{n}"), &format!("renamed{n}")]));
        runs.push(profile(&["delete", &format!("gone{n}"), "--yes"]));
        runs.push(profile(&["copy", &format!("set{n}"), &format!("copy{n}")]));
        if n < 4 {
            runs.push(profile(&["use", &format!("set{n}")]));
        }
    }
    assert_eq!(runs.len(), 100);
    let barrier = Barrier::new();
    let running: Vec<_> = runs.into_iter().map(|run| run.barrier(&barrier).spawn()).collect();
    barrier.release(running.len());
    let mut seen = BTreeSet::new();
    while !running.iter().all(Running::ended) {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.parse::<toml::Table>().is_ok(), "half a file:\n{text}");
        seen.insert(text.len());
    }
    for run in running {
        run.wait().ok();
    }
    assert!(seen.len() > 10, "the reader was never there while it was written");
    let kinds = ["new", "set", "unset", "renamed", "copy"];
    let mut expected: Vec<String> = (0..16).flat_map(|n| kinds.map(|kind| format!("{kind}{n}"))).collect();
    expected.push("keep".into());
    expected.sort();
    let names = home.cogtok(["profile", "list", "-o", "text"]).run();
    assert_eq!(names.ok().stdout.lines().collect::<Vec<_>>(), expected);
    let text = std::fs::read_to_string(&path).unwrap();
    let table: toml::Table = text.parse().unwrap();
    for n in 0..16 {
        assert_eq!(table["profiles"][format!("set{n}")]["region"].as_str(), Some("us-east-1"));
        for words in [
            format!("# set {n}\n[profiles.set{n}]\n"),
            format!("# unset {n}\n[profiles.unset{n}]\ndescription = \"d\" # kept {n}\n"),
            format!("# old {n}\n[profiles.renamed{n}] # renamed {n}\nregion = \"us-east-1\" # R{n}\n"),
        ] {
            assert!(text.contains(&words), "{words:?} is lost or has moved:\n{text}");
        }
    }
    // Those that were there keep their order.
    let at = |name: &str| text.find(&format!("[profiles.{name}]")).unwrap();
    let order: Vec<usize> =
        (0..16).flat_map(|n| ["set", "unset", "renamed"].map(|kind| at(&format!("{kind}{n}")))).collect();
    assert!(order.is_sorted(), "{text}");
    assert!(text.starts_with("# mine\ndefault_profile = \"set"), "{text}");
    assert!(text.contains("# this one\n\n[profiles.keep]\n"), "{text}");
}

#[test]
fn an_edit_of_the_shape_killed_anywhere_leaves_the_old_file_or_the_new_one() {
    let home = Home::new();
    let before = "# mine\ndefault_profile = \"a\"\n\n# A\n[profiles.a]\nregion = \"us-east-1\"\n\n[profiles.b]\n";
    let read = || std::fs::read_to_string(home.config_file()).unwrap();
    for words in [&["rename", "a", "c"][..], &["copy", "a", "c"], &["unset", "a", "region"], &["use", "b"]] {
        let edit = || home.cogtok(["profile"]).args(words);
        home.config(before);
        edit().run().ok();
        let after = read();
        assert_ne!(after, before);
        let mut kills = 0;
        for calls in &CALLS[2..] {
            kills += at_each(
                calls,
                "signal=KILL",
                || {
                    home.config(before);
                    edit()
                },
                |n, _| {
                    let left = read();
                    assert!(left == before || left == after, "{words:?} killed at {calls} {n}:\n{left}");
                    if left == before {
                        edit().run().ok();
                        home.assert_swept();
                    }
                    assert_eq!(read(), after);
                },
            );
        }
        assert!(kills >= 6, "{words:?}: {kills} kill points");
    }
}
