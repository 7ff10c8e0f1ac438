//! The rooms of `src` point one way. An import, by `use` or by a path in the code, leads from a room to one that is on the
//! same floor or below, and no circle of imports has more than two files.

mod imports;

use self::imports::{Arrows, BIN, Sources, arrows};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The rooms of the library, from the top floor to the bottom.
const LIBRARY: [&[&str]; 9] = [
    &["lib"],
    &["client"],
    &["oauth", "user_pool"],
    &["aws", "http", "cache", "secrets"],
    &["store"],
    &["token"],
    &["settings"],
    &["error", "secret"],
    &["text"],
];

/// The rooms of the program, all of them above the library.
const PROGRAM: [&[&str]; 10] = [
    &["main"],
    &["advice"],
    &["cli"],
    &["commands"],
    &["args"],
    &["completion"],
    &["services"],
    &["app"],
    &["io"],
    &["env"],
];

/// Arrows that lead up, each with its reason.
const UP: [(&str, &str); 0] = [];

/// Circles of more than two files, by the folder or the type that they are, each with its reason.
const CIRCLES: [(&str, &[&str]); 1] = [(
    "a Client hands out what goes on with it: a sign-in, a verifier, a user's tokens",
    &[
        "client.rs",
        "client/sign_in.rs",
        "client/user_host.rs",
        "client/user_sessions.rs",
        "client/user_token.rs",
        "client/verifier.rs",
    ],
)];

#[test]
fn no_import_leads_to_a_room_above() {
    let arrows = arrows(&sources());
    assert!(arrows.len() > 1000, "only {} arrows were read", arrows.len());
    let known = ("bin/cogtok/commands/token/m2m.rs".to_owned(), "bin/cogtok/app.rs".to_owned());
    assert!(arrows.get(&known).is_some_and(|names| names.contains("App")), "{known:?} was not read");
    let is_known = |from: &str, to: &str| UP.contains(&(from, to));
    let up: Vec<String> = up(&arrows)
        .into_iter()
        .filter(|(from, to)| !is_known(from, to))
        .map(|arrow| {
            let names: Vec<&str> = arrows[&arrow].iter().map(String::as_str).collect();
            format!("{} -> {}: {}", arrow.0, arrow.1, names.join(", "))
        })
        .collect();
    assert!(up.is_empty(), "these lead up:\n{}", up.join("\n"));
    for (from, to) in UP {
        assert!(arrows.contains_key(&(from.to_owned(), to.to_owned())), "{from} does not lead to {to} any more");
    }
}

#[test]
fn no_circle_of_imports_has_more_than_two_files() {
    let circles: Vec<Vec<String>> = circles(&arrows(&sources())).into_iter().filter(|one| one.len() > 2).collect();
    let is_known =
        |circle: &[String]| CIRCLES.iter().any(|(_, files)| circle.iter().all(|one| files.contains(&&**one)));
    let larger: Vec<String> = circles.iter().filter(|one| !is_known(one)).map(|one| one.join(", ")).collect();
    assert!(larger.is_empty(), "these are circles:\n{}", larger.join("\n"));
    for (what, files) in CIRCLES {
        assert!(
            circles.iter().any(|one| one.iter().all(|one| files.contains(&&**one))),
            "{what} is no circle any more"
        );
    }
}

#[test]
fn every_room_has_its_floor() {
    let sources = sources();
    let rooms: BTreeSet<&str> = sources.keys().map(|file| room(file).1).collect();
    let floors: BTreeSet<&str> = LIBRARY.iter().chain(&PROGRAM).flat_map(|floor| floor.iter().copied()).collect();
    assert_eq!(rooms, floors);
}

#[test]
fn what_leads_up_and_what_is_a_circle_is_seen() {
    let sources = |files: &[(&str, &str)]| -> Sources {
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    };
    let found = arrows(&sources(&[
        ("lib.rs", "pub mod error; pub mod settings; pub mod token;"),
        ("settings/mod.rs", "pub mod keys; pub mod types; pub use types::Kind; // use crate::token::Token;"),
        ("settings/keys.rs", "use super::{Kind, types::{self}}; fn f() { let _ = \"crate::token::x\"; types::g() }"),
        ("settings/types.rs", "#[cfg(test)]\nmod tests { use crate::token::Token; }\npub enum Kind {} pub fn g() {}"),
        ("token/mod.rs", "use crate::settings::Kind; pub struct Token;"),
        ("error.rs", "fn f<'a>(x: &'a str) -> char { crate::token::Token; '\"' }"),
        ("bin/cogtok/main.rs", "mod io; use cogtok::token;\nfn f() { token::Token; io::a::b() }"),
        ("bin/cogtok/io/mod.rs", "pub mod a; pub mod c;"),
        ("bin/cogtok/io/a.rs", "use crate::io::c::x as y; pub fn b() {}"),
        ("bin/cogtok/io/c.rs", "pub(crate) use super::d::z; use crate::io::d; pub fn x() {}"),
        ("bin/cogtok/io/d.rs", "pub fn z() { crate::io::a::b() }"),
    ]));
    let has = |from: &str, to: &str| found.contains_key(&(from.to_owned(), to.to_owned()));
    // A name is followed to the file that it is defined in.
    assert!(has("settings/keys.rs", "settings/types.rs") && has("token/mod.rs", "settings/types.rs"), "{found:?}");
    assert!(has("bin/cogtok/main.rs", "token/mod.rs") && has("bin/cogtok/main.rs", "bin/cogtok/io/a.rs"), "{found:?}");
    assert!(!found.keys().any(|(from, to)| from.starts_with("settings/") && to.starts_with("token/")), "{found:?}");
    assert_eq!(up(&found), [("error.rs".to_owned(), "token/mod.rs".to_owned())]);
    let circle = ["bin/cogtok/io/a.rs", "bin/cogtok/io/c.rs", "bin/cogtok/io/d.rs"].map(str::to_owned).to_vec();
    assert_eq!(circles(&found), [circle]);
}

/// All files of `src` but those of tests.
fn sources() -> Sources {
    fn read(root: &Path, folder: &Path, sources: &mut Sources) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(root, &path, sources);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                if !name.ends_with("tests.rs") && !name.contains("/tests/") {
                    sources.insert(name, std::fs::read_to_string(&path).unwrap());
                }
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Sources::new();
    read(&root, &root, &mut sources);
    sources
}

/// Whether a file is the program's, and its room.
fn room(file: &str) -> (bool, &str) {
    let within = file.strip_prefix(BIN);
    let first = within.unwrap_or(file).split('/').next().unwrap_or_default();
    (within.is_some(), first.strip_suffix(".rs").unwrap_or(first))
}

/// How far up a room is.
fn floor(file: &str) -> usize {
    let (is_program, room) = room(file);
    let floors: &[&[&str]] = if is_program { &PROGRAM } else { &LIBRARY };
    let from_top = floors.iter().position(|floor| floor.contains(&room)).unwrap_or_else(|| panic!("{file}: no floor"));
    floors.len() - from_top + if is_program { LIBRARY.len() } else { 0 }
}

fn up(arrows: &Arrows) -> Vec<(String, String)> {
    arrows.keys().filter(|(from, to)| floor(to) > floor(from)).cloned().collect()
}

/// The sets of files that lead to each other.
fn circles(arrows: &Arrows) -> Vec<Vec<String>> {
    let mut next: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, to) in arrows.keys() {
        next.entry(from).or_default().push(to);
    }
    let reach = |from: &str| -> BTreeSet<&str> {
        let (mut seen, mut waiting) = (BTreeSet::new(), next.get(from).cloned().unwrap_or_default());
        while let Some(file) = waiting.pop() {
            if seen.insert(file) {
                waiting.extend(next.get(file).into_iter().flatten());
            }
        }
        seen
    };
    let reached: BTreeMap<&str, BTreeSet<&str>> = next.keys().map(|file| (*file, reach(file))).collect();
    let leads = |from: &str, to: &str| reached.get(from).is_some_and(|all| all.contains(to));
    let circle = |file: &str| -> Vec<String> {
        reached[file].iter().filter(|other| leads(other, file)).map(|other| (*other).to_owned()).collect()
    };
    let found: BTreeSet<Vec<String>> = reached.keys().map(|file| circle(file)).filter(|one| !one.is_empty()).collect();
    found.into_iter().collect()
}
