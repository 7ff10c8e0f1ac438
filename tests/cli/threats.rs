//! The pages on security say nothing that no test stands behind: each test that docs/threats.md names is there, and the figures
//! of SECURITY.md are those of tests/promises.tsv, which `tests/run` compares with what it has tried.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const PAGE: &str = include_str!("../../docs/threats.md");
const SECURITY: &str = include_str!("../../SECURITY.md");
const PROMISES: &str = include_str!("../promises.tsv");

/// The sources below a folder of the project.
fn sources(folder: &str) -> Vec<PathBuf> {
    fn read(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                read(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    found
}

/// Whether a file of this name has this test.
fn is_there(file: &str, test: &str) -> bool {
    let named = ["tests/cli", "tests/fuzz", "src"].into_iter().flat_map(sources);
    named.filter(|path| path.file_stem().is_some_and(|stem| stem == file)).any(|path| {
        let text = std::fs::read_to_string(path).expect("a source");
        text.split("#[test]")
            .skip(1)
            .any(|rest| rest.split_once("fn ").is_some_and(|(_, rest)| rest.starts_with(&format!("{test}("))))
    })
}

#[test]
fn every_test_that_the_page_of_threats_names_is_there() {
    let code = PAGE.split('`').skip(1).step_by(2);
    let named: Vec<(&str, &str)> =
        code.filter_map(|code| code.split_once("::")).filter(|(file, _)| *file != "file").collect();
    let lost: Vec<_> = named.iter().filter(|(file, test)| !is_there(file, test)).collect();
    assert!(lost.is_empty(), "no such test: {lost:#?}");
    assert!(named.len() >= 50, "{} tests are named", named.len());
    // Each promise has one: a line that begins with `- ` and what belongs to it.
    for promise in PAGE.split("\n- ").skip(1) {
        let own = promise.split("\n\n").next().unwrap_or_default();
        assert!(own.contains("::"), "no test is named: {own}");
    }
    assert!(!is_there("threats", "no_such_test"));
}

#[test]
fn the_figures_of_the_page_are_those_that_the_suite_is_held_to() {
    let rows: Vec<Vec<&str>> =
        PROMISES.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect()).collect();
    for row in &rows {
        let [promise, short, long] = row[..] else { panic!("not three cells: {row:?}") };
        let line = format!("| {promise} | {short} | {long} |");
        assert!(SECURITY.contains(&line), "SECURITY.md has no line {line}");
        let number = |text: &str| text.parse::<usize>().unwrap_or_else(|_| panic!("no number: {row:?}"));
        assert!(number(short) > 0 && number(short) <= number(long), "{row:?}");
    }
    let figures = SECURITY.split("## Figures").nth(1).expect("the figures").split("\n## ").next().unwrap_or_default();
    assert_eq!(
        figures.lines().filter(|line| line.starts_with("| ")).count(),
        rows.len() + 2,
        "the page has other lines"
    );
    // What the tests note is what the table has.
    let noted: BTreeSet<String> = ["tests/cli", "tests/fuzz"]
        .into_iter()
        .flat_map(sources)
        .filter(|path| !path.ends_with("threats.rs"))
        .flat_map(|path| {
            let text = std::fs::read_to_string(path).expect("a source");
            let promise = |rest: &str| Some(rest.trim_start().strip_prefix('"')?.split_once('"')?.0.to_owned());
            text.split("promises::held(").skip(1).filter_map(promise).collect::<Vec<_>>()
        })
        .collect();
    let listed: BTreeSet<String> = rows.iter().map(|row| row[0].to_owned()).collect();
    assert_eq!(noted, listed);
}
