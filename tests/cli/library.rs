//! The library without the command line: the example program does what a dependent crate would.

use crate::harness::challenges::PASSWORD;
use crate::harness::{Home, target_dir, workshop};

/// The program: Cargo builds examples only where it runs all tests.
fn built() -> std::path::PathBuf {
    let target = target_dir();
    let mut cargo = std::process::Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--example", "library", "--target-dir"]).arg(&target);
    // The place of what is built for a named target is another one.
    cargo.env_remove("CARGO_BUILD_TARGET");
    let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    target.join("debug/examples/library")
}

#[test]
fn a_program_signs_in_verifies_and_shares_a_machines_token_with_no_file_of_its_own() {
    let home = Home::new();
    let program = built();
    let workshop = workshop();
    let email = workshop.user(PASSWORD);
    let args = [&workshop.endpoint, &workshop.pool_id, &workshop.web.id, &email, &workshop.m2m.id];
    let run = home.program(&program, args).stdin(format!("{PASSWORD}\n{}\n", workshop.m2m_secret()));
    let output = run.run();
    let lines: Vec<&str> = output.ok().quiet().stdout.lines().collect();
    let machine = format!("machine {} from ", workshop.m2m.id);
    assert!(lines[0].starts_with("user ") && lines[0].len() > 10, "{lines:?}");
    assert_eq!(
        lines[1..],
        [format!("{machine}network"), format!("{machine}cache"), "forged refused: exit code 8".into()]
    );
    // Nothing was left in the home.
    assert!(home.cache_files().is_empty() && !home.config_file().exists());

    let wrong = home.program(&program, args).stdin("Wrong-Horse-1-Battery\nx\n").run();
    assert_eq!(wrong.code, Some(4));
    wrong.stderr_has("Incorrect username or password");
}
