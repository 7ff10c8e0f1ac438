//! A server that adds the library verifies what comes in; and the five lines of the documentation.

use crate::harness::challenges::PASSWORD;
use crate::harness::{Home, Keyring, http, workshop};
use crate::library::built;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

#[test]
fn a_server_lets_verified_tokens_pass_and_no_others() {
    let (home, workshop) = (Home::new(), workshop());
    let mut command = home.command(built("middleware"));
    command.args([&workshop.endpoint, &workshop.pool_id, &workshop.web.id]);
    let mut server = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the server");
    let mut url = String::new();
    BufReader::new(server.stdout.take().expect("piped")).read_line(&mut url).expect("its address");
    let get = |authorization: Option<&str>| {
        let headers: Vec<(String, String)> =
            authorization.map(|value| ("Authorization".to_owned(), value.to_owned())).into_iter().collect();
        let authority = url.trim().trim_start_matches("http://");
        http::request(authority, "GET", "/who", &headers, b"").expect("an answer")
    };
    let email = workshop.user(PASSWORD);
    let tokens = workshop.sign_in(&email, PASSWORD).unwrap();
    let of = |name: &str| tokens["AuthenticationResult"][name].as_str().unwrap().to_owned();
    let passed = get(Some(&format!("Bearer {}", of("AccessToken"))));
    assert_eq!(passed.status, 200);
    assert!(!passed.body.is_empty());
    assert_eq!(get(None).status, 401);
    assert_eq!(get(Some("Basic YTpi")).status, 401);
    // An ID token is not an access token, and a changed one is none at all.
    assert_eq!(get(Some(&format!("Bearer {}", of("IdToken")))).status, 401);
    let mut forged = of("AccessToken");
    let last = if forged.pop() == Some('A') { 'B' } else { 'A' };
    forged.insert(forged.len() - 8, last);
    assert_eq!(get(Some(&format!("Bearer {forged}"))).status, 401);
    // It ends with its standard input.
    drop(server.stdin.take());
    assert!(server.wait().expect("the server ends").success());
}

#[test]
fn the_five_lines_give_the_token_that_the_program_has() {
    let (home, keyring, workshop) = (Home::new(), Keyring::start(), workshop());
    home.profile("ws", workshop, &workshop.endpoint, &workshop.token_url);
    let set = home.cogtok(["secret", "set", "m2m-client", "-p", "ws"]).stdin(workshop.m2m_secret()).keyring(&keyring);
    set.run().ok();
    let program = built("five_lines");
    let output = home.program(&program, [""; 0]).keyring(&keyring).run();
    let token = output.ok().quiet().stdout.trim().strip_prefix("Authorization: Bearer ").unwrap().to_owned();
    home.cogtok(["token", "m2m", "-p", "ws"]).run().ok().stdout_is(&format!("{token}\n"));
    // What the documentation shows is what runs.
    let source = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/library/five_lines.rs")).unwrap();
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/library.md")).unwrap();
    let main = source.split_once("#[tokio::main").unwrap().1;
    assert!(docs.contains(main.trim()), "docs/library.md shows another program than tests/library/five_lines.rs");
}
