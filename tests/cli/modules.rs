//! The Python module and the npm package: programs of both languages that keep a fresh token, with real HTTP clients.

use crate::harness::mcp::fixture;
use crate::harness::ministack::module_venv;
use crate::harness::scripted::{SECRET, issuing_another_each_time};
use crate::harness::{Answer, Home, Request, Run, Server, binary, need};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

fn packaging(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(path)
}

/// A server that takes each token this many times, and says so.
fn using_up(most: usize) -> Server {
    let uses: Mutex<BTreeMap<String, usize>> = Mutex::default();
    Server::start(move |request: &Request| {
        let token = request.header("authorization").unwrap_or_default().to_owned();
        let mut uses = uses.lock().unwrap();
        let used = uses.entry(token).or_default();
        *used += 1;
        let status = if *used > most { 401 } else { 200 };
        Answer::new(status, "text/plain", request.text())
    })
}

/// A run of a program that finds cogtok on PATH, and the secret where a child of it gets it from: none of ours is given another.
fn program<'h>(home: &'h Home, program: PathBuf, args: &[&str]) -> Run<'h> {
    let dir = binary().parent().unwrap().display().to_string();
    let path = format!("{dir}:{}", std::env::var("PATH").unwrap());
    home.program(program, args)
        .env("PATH", path)
        .env("PYTHONPATH", packaging("python/src"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
}

/// A home where the secret is in a file that the profile's keyring is not needed for: the cache has a token.
fn cached() -> (Home, Server) {
    let (home, tokens) = issuing_another_each_time();
    home.cogtok(["token", "m2m", "-p", "ws"]).env("COGTOK_M2M_CLIENT_SECRET", SECRET).run().ok();
    (home, tokens)
}

#[test]
fn the_python_module_gives_the_cached_token_and_explains_what_fails() {
    let (home, tokens) = cached();
    let api = using_up(1000);
    let script = fixture("module.py");
    let run = program(&home, module_venv().join("bin/python"), &[script.to_str().unwrap(), &api.url()]);
    let said = run.run().ok().json();
    let token = said["token"].as_str().unwrap();
    assert_eq!(said["threads"], json!([token]));
    assert_eq!(said["headers"], json!({"Authorization": format!("Bearer {token}")}));
    assert!(!said["repr"].as_str().unwrap().contains(token));
    assert_eq!(said["async"], json!([200, 200, 200, 200, 200]));
    assert_eq!(said["error"][0], 3, "{said}");
    assert!(said["error"][1].as_str().unwrap().contains("nobody"), "{said}");
    assert_eq!(said["wrong"].as_array().map(Vec::len), Some(3), "{said}");
    assert_eq!(tokens.hits(), 1);
}

#[test]
fn ten_lines_of_python_keep_a_fresh_token_with_httpx() {
    let keyring = crate::harness::Keyring::start();
    let (home, tokens) = issuing_another_each_time();
    home.cogtok(["secret", "set", "m2m-client", "-p", "ws"]).keyring(&keyring).stdin(SECRET).run().ok();
    // Three requests to a token, of which there are five.
    let api = using_up(3);
    let script = fixture("fresh_token.py");
    let text = std::fs::read_to_string(&script).unwrap();
    assert_eq!(text.lines().filter(|line| !line.is_empty()).count(), 8);
    let page = include_str!("../../docs/library.md");
    assert!(page.contains(&text), "docs/library.md has another program");
    let run = program(&home, module_venv().join("bin/python"), &[script.to_str().unwrap(), &api.url(), "5"]);
    run.keyring(&keyring).run().ok().stdout_is(&"200\n".repeat(5));
    assert_eq!((tokens.hits(), api.hits()), (2, 6));
}

#[test]
fn boto3_calls_aws_with_the_modules_credentials() {
    let home = Home::new();
    // Stands in for the program: what `aws-credentials` prints is tested with it.
    let answer = r#"{"Version":1,"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"made-up","SessionToken":"made-up-too","Expiration":"2099-01-01T00:00:00Z"}"#;
    let program = home
        .plant("bin/cogtok", format!("#!/bin/sh\n[ \"$1 $2 $3\" = \"aws-credentials -p ws\" ] && echo '{answer}'\n"));
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let sts = Server::always(Answer::new(
        200,
        "text/xml",
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>arn:aws:sts::111122223333:assumed-role/r/s</Arn><UserId>u</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
    ));
    let script = format!(
        "import cogtok; s = cogtok.boto3_session('ws', region_name='us-east-1'); print(s.client('sts', endpoint_url='{}').get_caller_identity()['Account'])",
        sts.url()
    );
    let path = format!("{}:{}", home.path("bin").display(), std::env::var("PATH").unwrap());
    let run = home.program(module_venv().join("bin/python"), ["-c", &script]).env("PATH", path);
    let run = run.env("PYTHONPATH", packaging("python/src")).env("PYTHONDONTWRITEBYTECODE", "1");
    run.run().ok().stdout_is("111122223333\n");
    let request = &sts.requests()[0];
    assert!(request.header("authorization").unwrap().contains("Credential=ASIAEXAMPLE/"));
    assert_eq!(request.header("x-amz-security-token"), Some("made-up-too"));
}

#[test]
fn the_npm_package_gives_the_cached_token_and_a_fetch_that_renews_it() {
    need("node", "nodejs");
    let keyring = crate::harness::Keyring::start();
    let (home, tokens) = issuing_another_each_time();
    home.cogtok(["secret", "set", "m2m-client", "-p", "ws"]).keyring(&keyring).stdin(SECRET).run().ok();
    let api = using_up(2);
    let (script, package) = (fixture("module.js"), packaging("npm/index.js"));
    let args = [script.to_str().unwrap(), package.to_str().unwrap(), &api.url()];
    let said = program(&home, "node".into(), &args).keyring(&keyring).run().ok().json();
    let token = said["token"].as_str().unwrap();
    assert_eq!(
        (&said["many"], &said["headers"]["Authorization"]),
        (&json!([token]), &json!(format!("Bearer {token}")))
    );
    assert_eq!(said["statuses"], json!([200, 200, 200, 200]));
    assert_eq!(said["error"], json!(["CogtokError", 3, true]));
    assert_eq!((tokens.hits(), api.hits()), (2, 5));
    assert!(api.requests().iter().all(|request| request.text() == "hello"));
}
