//! The library without the command line: example programs do what a dependent crate would.

use crate::harness::pool::now;
use crate::harness::scripted::SECRET;
use crate::harness::{Answer, Home, Server, sign, target_dir};

/// The program: Cargo builds examples only where it runs all tests.
pub fn built(name: &str) -> std::path::PathBuf {
    let target = target_dir();
    let mut cargo = std::process::Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--example", name, "--target-dir"]).arg(&target);
    // The place of what is built for a named target is another one.
    cargo.env_remove("CARGO_BUILD_TARGET");
    let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    target.join("debug/examples").join(name)
}

/// A service that gets tokens from a pool of its own, which resets the first connection of all.
fn pool_that_resets_once() -> Server {
    let is_first = std::sync::atomic::AtomicBool::new(true);
    Server::start(move |request| {
        if request.path.ends_with("/jwks.json") {
            return Answer::json(200, &sign::jwks());
        }
        if is_first.swap(false, std::sync::atomic::Ordering::SeqCst) {
            return Answer::new(503, "text/plain", "busy");
        }
        Answer::token(&sign::sign(&sign::machine_claims(now())))
    })
}

#[test]
fn a_thousand_tasks_of_a_service_share_one_token() {
    let home = Home::new();
    let program = built("service");
    for own_cache in [true, false] {
        let server = pool_that_resets_once();
        // A name that has to be looked up takes a thread, which those who wait must not use up.
        let url = server.url().replace("127.0.0.1", "localhost");
        let token_url = format!("{url}/oauth2/token");
        let dir = home.path("service-cache").display().to_string();
        let mut args = vec![url.as_str(), sign::POOL, sign::MACHINE, token_url.as_str()];
        if !own_cache {
            args.push(&dir);
        }
        let output = home.program(&program, args).stdin(format!("{SECRET}\n")).run();
        let lines: Vec<&str> = output.ok().quiet().stdout.lines().collect();
        let verified = format!("verified {}", sign::MACHINE);
        let expected = ["1000 tasks, 1 token", "header authorization", &verified, "as an ID token: exit code 8"];
        assert_eq!(lines, expected);
        let asked = server.requests().iter().filter(|request| request.path == "/oauth2/token").count();
        assert_eq!(asked, 2, "one that failed and one that did not, for all tasks");
    }
}
