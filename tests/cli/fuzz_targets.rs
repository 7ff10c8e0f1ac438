//! The targets of `cargo fuzz` are those that have seeds, a test and a row in the record.

use std::collections::BTreeSet;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// The names in a folder, without their endings.
fn names(dir: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join(dir)).unwrap();
    entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

/// What stands between `before` and `after` on each line that has both.
fn between(text: &str, before: &str, after: &str) -> BTreeSet<String> {
    let found = text.lines().filter_map(|line| Some(line.split_once(before)?.1.split_once(after)?.0.to_owned()));
    found.collect()
}

#[test]
fn every_target_is_built_seeded_tested_and_on_record() {
    let targets = names("fuzz/fuzz_targets");
    assert_eq!(targets.len(), 10, "{targets:?}");
    let manifest: toml::Table = toml::from_str(&text("fuzz/Cargo.toml")).unwrap();
    let built = manifest["bin"].as_array().unwrap().iter().map(|bin| {
        let (name, path) = (bin["name"].as_str().unwrap(), bin["path"].as_str().unwrap());
        assert_eq!(path, format!("fuzz_targets/{name}.rs"));
        name.to_owned()
    });
    assert_eq!(built.collect::<BTreeSet<_>>(), targets, "fuzz/Cargo.toml");
    assert_eq!(names("tests/fuzz/seeds"), targets, "tests/fuzz/seeds");
    let bodies = text("tests/fuzz/library.rs") + &text("tests/fuzz/program.rs");
    assert_eq!(between(&bodies, "trials(\"", "\","), targets, "the tests");
    assert_eq!(between(&text("fuzz/README.md"), "| `", "` |"), targets, "the record in fuzz/README.md");
    for target in &targets {
        let called = text(&format!("fuzz/fuzz_targets/{target}.rs"));
        assert!(called.contains(&format!("::{target}(data)")), "fuzz/fuzz_targets/{target}.rs: {called}");
    }
}

#[test]
fn the_seeds_are_few_and_small() {
    let mut total = 0;
    for target in names("tests/fuzz/seeds") {
        let seeds = std::fs::read_dir(root().join("tests/fuzz/seeds").join(&target)).unwrap();
        let sizes: Vec<u64> = seeds.map(|seed| seed.unwrap().metadata().unwrap().len()).collect();
        assert!(sizes.iter().all(|size| *size <= 16 * 1024), "{target}: larger than the inputs of the tests");
        total += sizes.iter().sum::<u64>();
    }
    assert!(total <= 200 * 1024, "{total} bytes");
}
