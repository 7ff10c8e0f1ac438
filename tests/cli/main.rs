//! The test crate: every test drives the real `cogtok` against real services. One module per command.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::exit
)]

mod cache;
mod export;
mod harness;
mod harness_selftest;
mod hostile;
mod local_state;
mod profile;
mod prompt;
mod reference;
mod secret;
mod token_m2m;
mod token_user;
mod user_create;

#[test]
fn every_test_file_is_wired_in() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let main = include_str!("main.rs");
    for entry in std::fs::read_dir(dir).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(module) = name.strip_suffix(".rs") else { continue };
        assert!(
            module == "main" || main.lines().any(|line| line == format!("mod {module};")),
            "tests/cli/{name} is never compiled: add `mod {module};` to tests/cli/main.rs"
        );
    }
}
