//! `cogtok call http` against an API that checks the workshop's tokens: what is sent, what is printed, whose exit code it is.

use crate::completion::offered;
use crate::harness::workshop::SCOPES;
use crate::harness::{Home, Output, Run, api, need, workshop};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

const PASSWORD: &str = "Correct-Horse-7-Battery";

/// A home with the workshop's profile, and a target `api` that takes the machine's token.
fn home() -> Home {
    let home = Home::new();
    home.workshop_profile(workshop());
    home.cogtok(["profile", "set", "ws", "targets.api.url", &api().url("/")]).run().ok();
    home.cogtok(["profile", "set", "ws", "targets.api.as", "m2m"]).run().ok();
    home
}

fn call<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["call", "http"]).args(args).m2m_secret(workshop())
}

/// The same as a user who signs in with a password.
fn call_as<'h>(home: &'h Home, email: &str, args: &[&str]) -> Run<'h> {
    home.canary(PASSWORD);
    call(home, args).args(["--as", "user", "--username", email]).env("COGTOK_PASSWORD", PASSWORD)
}

fn stderr_of(output: &Output) -> String {
    let is_of_session = |line: &&str| {
        line.starts_with("warning: you will have to sign in again")
            || line.contains("cogtok secret init")
            || line.contains("`--no-refresh`")
    };
    output.stderr.lines().filter(|line| !is_of_session(line)).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_token_is_sent_and_the_answer_printed() {
    let home = home();
    for target in ["api/echo?a=1&b=x%20y", &api().url("/echo?a=1&b=x%20y#part")] {
        let echo = call(&home, &[target, "--as", "m2m"]).run();
        let seen = echo.ok().quiet().json();
        assert_eq!((&seen["method"], &seen["path"]), (&json!("GET"), &json!("/echo?a=1&b=x%20y")));
        assert_eq!(seen["claims"]["client_id"], json!(workshop().m2m.id));
        let headers = &seen["headers"];
        assert_eq!(headers["accept"], json!("*/*"));
        assert_eq!(headers["accept-encoding"], json!("identity"));
        assert!(headers["user-agent"].as_str().unwrap().starts_with("cogtok/"), "{headers}");
        assert_eq!(headers.get("content-type"), None);
    }
    // The target says whose token; the options of the token commands still choose.
    let read = call(&home, &["api/echo", "--scope", SCOPES[0], "--no-cache"]).run();
    assert_eq!(read.ok().json()["claims"]["scope"], json!(SCOPES[0]));
    let email = workshop().user(PASSWORD);
    let seen = call_as(&home, &email, &["api/echo"]).run().ok().json();
    assert_eq!(seen["claims"]["token_use"], json!("access"));
    assert_eq!(seen["claims"]["client_id"], json!(workshop().web.id));
    // Without a target that says so, the profile has two kinds of token.
    call(&home, &[&api().url("/echo")]).run().code(2).stderr_has("--as user");
}

#[test]
fn data_method_and_headers_are_as_they_were_given() {
    let home = home();
    let file = home.plant("body.json", r#"{"from": "a file"}"#);
    let file = format!("@{}", file.display());
    let key = home.plant("headers.txt", "X-Api-Key: canary-of-an-api-key\n\nX-Other: 2\n");
    let key = format!("@{}", key.display());
    home.canary("canary-of-an-api-key");
    let post = |args: &[&str]| call(&home, &[&["api/echo"], args].concat()).stdin("from stdin").run().ok().json();
    for (args, method, body, media) in [
        (&["-d", r#"{"a": 1}"#][..], "POST", r#"{"a": 1}"#, Some("application/json")),
        (&["--data", "plain text"], "POST", "plain text", None),
        (&["-d", &file], "POST", r#"{"from": "a file"}"#, Some("application/json")),
        (&["-d", "-"], "POST", "from stdin", None),
        (&["-d", "@-"], "POST", "from stdin", None),
        (&["-d", "{}", "-X", "put"], "PUT", "{}", Some("application/json")),
        (&["-d", "{}", "-H", "content-type: text/x"], "POST", "{}", Some("text/x")),
        (&["-X", "DELETE"], "DELETE", "", None),
        (&["-d", ""], "POST", "", None),
        (&["-X", "PATCH"], "PATCH", "", None),
    ] {
        let seen = post(args);
        assert_eq!((&seen["method"], &seen["body"]), (&json!(method), &json!(body)), "{args:?}");
        assert_eq!(seen["headers"].get("content-type").and_then(|value| value.as_str()), media, "{args:?}");
        if method != "DELETE" {
            assert_eq!(seen["headers"]["content-length"], json!(body.len().to_string()));
        }
    }
    let seen = post(&["-H", "X-Service-ID: demo", "-H", "accept:  text/plain ", "-H", &key]);
    for (name, value) in
        [("x-service-id", "demo"), ("accept", "text/plain"), ("x-api-key", "canary-of-an-api-key"), ("x-other", "2")]
    {
        assert_eq!(seen["headers"][name], json!(value));
    }
    let head = call(&home, &["api/echo", "-X", "HEAD", "-i"]).run();
    head.ok().quiet().stdout_has("HTTP/1.1 200 OK\r\n").check(head.stdout.ends_with("\r\n\r\n"), "no body");
}

#[test]
fn a_refusal_is_explained_and_names_what_mends_it() {
    let home = home();
    let email = workshop().user(PASSWORD);
    // An ID token where an access token is wanted: one API says so, a service of the platform fails.
    let id = call_as(&home, &email, &["api/echo", "--token", "id"]).run();
    id.code(4).stdout_is(r#"{"message": "Unauthorized"}"#);
    let told = stderr_of(&id);
    let first = format!("error: 127.0.0.1:{} answers 401 Unauthorized: no access token (profile `ws`)", api().port);
    assert_eq!(told.lines().next(), Some(first.as_str()), "{told}");
    assert!(told.contains("--token access") && told.contains("what was sent is a user's ID token"), "{told}");
    let platform = call_as(&home, &email, &["api/platform", "--token", "id"]).run();
    platform.code(6).stdout_is("Internal Server Error");
    let told = stderr_of(&platform);
    assert!(told.contains("may have refused the token") && told.contains("--token access"), "{told}");
    let denied = call(&home, &["api/admin"]).run();
    denied.code(4).stderr_has("403 Forbidden: insufficient_scope").stderr_has("/read api/admin'`");
    denied.stderr_has("cogtok token inspect --as m2m -p ws");
    let named = call(&home, &["api/status?code=403&body=forbidden&type=text/plain"]).run();
    named.code(4).stderr_has("answers 403 Forbidden (profile");
    // Not a word of the token's where it is in order.
    let absent = call(&home, &["api/status?code=404&body=%7B%22message%22%3A%22no+such+thing%22%7D"]).run();
    absent.code(1).stdout_is(r#"{"message":"no such thing"}"#).stderr_has("answers 404 Not Found: no such thing");
    absent.stderr_lacks("what was sent").stderr_has("hint: ");
}

#[test]
fn a_token_that_the_api_no_longer_takes_is_renewed_once() {
    let home = home();
    let first = call(&home, &["api/revoke"]).run();
    first.ok();
    let before = home.cogtok(["token", "inspect", "--as", "m2m", "--claim", "jti"]).run().ok().line().to_string();
    let again = call(&home, &["api/echo", "-v"]).run();
    let seen = again.ok().stderr_has("renewing the cached token, once").json();
    assert_ne!(seen["claims"]["jti"], json!(before));
    assert_eq!(again.stderr.matches("/oauth2/token: 200").count(), 1, "{}", again.stderr);
    assert_eq!(again.stderr.matches("/echo: ").count(), 2, "{}", again.stderr);
    let next = call(&home, &["api/echo"]).run().ok().quiet().json();
    assert_eq!(next["claims"]["jti"], seen["claims"]["jti"]);
}

#[test]
fn the_exit_code_is_the_class_of_the_status() {
    let home = home();
    for (status, code) in [
        (200, 0),
        (201, 0),
        (204, 0),
        (400, 1),
        (402, 1),
        (403, 4),
        (404, 1),
        (409, 1),
        (422, 1),
        (424, 1),
        (429, 6),
        (500, 6),
        (502, 6),
        (503, 6),
        (599, 6),
    ] {
        let output = call(&home, &[&format!("api/status?code={status}&body=the+body&type=text/plain")]).run();
        output.code(code).stdout_is(if status == 204 { "" } else { "the body" });
        output.check(output.stderr.is_empty() == (code == 0), "stderr");
        output.check(output.stderr.lines().count() <= 6, "short");
    }
}

#[test]
fn status_and_headers_are_printed_where_they_are_asked_for_and_a_file_takes_the_body() {
    let home = home();
    let shown = call(&home, &["api/status?code=200&body=the+body&type=text/plain", "-i"]).run();
    let (head, body) = shown.ok().quiet().stdout.split_once("\r\n\r\n").expect("a head");
    assert_eq!(body, "the body");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("content-type: text/plain"), "{head}");

    let path = home.allow(home.path("answers/body.txt"));
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    let name = path.to_str().unwrap();
    let written = |args: &[&str]| call(&home, &[args, &["--output-file", name]].concat()).run();
    written(&["api/status?code=200&body=first&type=text/plain"]).ok().quiet().stdout_is("");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "first");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    // A failure's body is not what the file is for.
    written(&["api/status?code=404&body=sorry&type=text/plain"]).code(1).stdout_is("sorry");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "first");
    written(&["api/status?code=200&body=second&type=text/plain", "-i"]).ok().stdout_has("HTTP/1.1 200 OK");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "second");
    let missing = home.path("missing/file");
    let elsewhere = call(&home, &["api/echo", "--output-file", missing.to_str().unwrap(), "-v"]).run();
    elsewhere.code(7).stdout_is("").stderr_has("its directory does not exist").stderr_lacks("GET ");
}

#[test]
fn a_stream_is_printed_as_it_comes() {
    need("curl", "curl");
    let home = home();
    // A token in the cache, so that no secret has to be in a shell's environment.
    call(&home, &["api/echo"]).run().ok();
    // The server sends the next event when the last one was seen behind the pipe.
    let script = format!(
        "set -o pipefail; cogtok call http 'api/events?count=3&name=live' | while read -r line; do printf '%s\\n' \"$line\"; \
         [ -z \"$line\" ] && curl -sS '{}' >/dev/null; done; exit ${{PIPESTATUS[0]}}",
        api().url("/go?name=live")
    );
    let live = home.shell("bash", &script).run();
    live.ok().quiet().stdout_is("data: event 0\n\ndata: event 1\n\ndata: event 2\n\n");
    // A reader that goes away ends it without a word, and a server that would have gone on.
    let head = "set -o pipefail; cogtok call http 'api/big?bytes=2000000000' | head -c 5";
    home.shell("bash", head).run().ok().quiet().stdout_is("xxxxx");
}

#[test]
fn a_terminal_is_shown_what_it_would_obey() {
    let home = home();
    let body = "a%1B%5B2Jb%C2%9Bc%0Ad%09e";
    let args = [&format!("api/status?code=200&type=text/plain&body={body}"), "-i"];
    let session = call(&home, &args.map(|arg| arg as &str)).pty().wait();
    assert_eq!(session.code, Some(0), "{session:?}");
    // What was shown ends with a line end, so that the prompt stands at the beginning of one.
    assert!(session.text.contains("HTTP/1.1 200 OK\n"), "{session:?}");
    assert!(session.text.ends_with("\n\na\\u{1b}[2Jb\\u{9b}c\nd\te\n"), "{session:?}");
    let raw = call(&home, &[args[0]]).run();
    raw.ok().quiet().stdout_is("a\u{1b}[2Jb\u{9b}c\nd\te");
}

#[test]
fn targets_are_found_and_offered_by_their_names() {
    let home = home();
    for (target, code, says) in [
        ("apy/echo", 3, "did you mean `api`?"),
        ("nothing", 3, "targets.nothing.url"),
        ("nothing?next=https://api.example.com/", 3, "targets.nothing.url"),
        ("api.example.com/x", 2, "https://"),
        ("arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/my_agent-AbCdEf1234", 2, "cogtok call runtime arn:"),
        ("arn:aws:bedrock-agentcore:us-west-2:111122223333:gateway/my-gw-abcdef", 2, "cogtok call gateway arn:"),
        ("arn:aws:s3:::bucket", 2, "arn:aws:bedrock-agentcore"),
        ("https://user:pw@api.example.com/", 2, "user name or password"),
    ] {
        call(&home, &[target]).run().code(code).stdout_is("").stderr_has(says);
    }
    insta::assert_snapshot!(Home::new().cogtok(["call", "http", "api"]).run().message(), @"
    exit 3
    error: no profile is chosen, and `api` is the name of a target
    hint: choose one with `-p NAME`; an address begins with https://
    ");
    home.cogtok(["profile", "create", "other", "--client-id", "web"]).run().ok();
    home.cogtok(["profile", "set", "other", "targets.mine.url", "https://api.example.com"]).run().ok();
    let agent = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/my_agent-AbCdEf1234";
    home.cogtok(["profile", "set", "ws", "targets.agent.url", agent]).run().ok();
    let offered = |words: &[&str]| offered(&home, &[words, &[""]].concat());
    let has = |words: &[&str], name: &str| offered(words).iter().any(|(offered, _)| offered == name);
    assert!(has(&["call", "http"], "api") && !has(&["call", "http"], "agent") && !has(&["call", "http"], "mine"));
    assert!(has(&["call", "runtime"], "agent") && !has(&["call", "runtime"], "api"));
    assert!(has(&["-p", "other", "call", "http"], "mine") && has(&["--profile=other", "call", "http"], "mine"));
    assert!(offered(&["call", "http"]).iter().any(|(_, help)| help.contains(&format!("http: {}", api().url("")))));
}
