//! `cogtok call runtime`: what a runtime and its agent answer when they don't do what was asked, and what is made of it.

use crate::call_runtime::{call, home};
use crate::exec::issuing;
use crate::harness::apis::RUNTIME;
use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::{Answer, Server, m2m_jwt, poll, workshop};
use rustix::process::Signal;
use std::time::Duration;

const PASSWORD: &str = "Correct-Horse-7-Battery";

#[test]
fn what_a_runtime_refuses_is_explained() {
    let home = home();
    let email = workshop().user(PASSWORD);
    home.canary(PASSWORD);
    let as_user = |args: &[&str]| {
        let args = [&["agent", "--prompt", "x", "--as", "user", "--username", &email], args].concat();
        call(&home, &args).env("COGTOK_PASSWORD", PASSWORD).run()
    };
    let stranger = as_user(&[]);
    stranger.code(4).stderr_has("Claim 'client_id' value mismatch with configuration");
    stranger.stderr_has(&format!("add the token's client {} to allowedClients", workshop().web.id));
    stranger.stderr_has("`cogtok token check --arn agent --as user --username ").stdout_has("\"message\"");
    as_user(&["--token", "id"]).code(4).stderr_has("an ID token has no client_id").stderr_has("--token access");
    let ask = |arn: &str, args: &[&str]| call(&home, &[&[arn, "--as", "m2m", "--prompt", "x"], args].concat()).run();
    let signed = ask(&RUNTIME.replace("my_agent", "signed"), &[]);
    signed.code(4).stderr_has("Authorization method mismatch").stderr_has("customJWTAuthorizer");
    let elsewhere = ask(&RUNTIME.replace("111122223333", "444455556666"), &[]);
    elsewhere.code(4).stderr_has("Missing Authentication Token").stderr_has("check the runtime's ARN and its Region");
    ask(RUNTIME, &["--qualifier", "nosuch"]).code(1).stderr_has("No endpoint or agent found");
    let failing = call(&home, &["agent", "--prompt", "fail"]).run();
    failing.code(1).stderr_has("424 Failed Dependency: Received error (500) from runtime");
    failing.stderr_has("the token was accepted, and the agent's own code failed").stderr_lacks("what was sent");
    failing.stderr_has(
        "`aws logs tail /aws/bedrock-agentcore/runtimes/my_agent-AbCdEf1234-DEFAULT --since 5m --region us-west-2`",
    );
    for output in [&stranger, &signed, &elsewhere, &failing] {
        output.check(output.stderr.lines().count() <= 6, "short");
    }
    // A refused call is not what `--continue` goes on with.
    assert!(!home.state_dir().join("agent-sessions").exists());
    for (target, says) in [
        ("arn:aws:bedrock-agentcore:us-west-2:111122223333:gateway/gw-abcdefghij", "cogtok call gateway arn:"),
        ("arn:aws:bedrock-agentcore:us-west-2:1:runtime/x", "looks like arn:aws"),
        ("http://agent.example.com/", "plain http"),
    ] {
        call(&home, &[target, "--prompt", "x"]).run().code(2).stderr_has(says);
    }
    for path in ["../x", "a/../../x", "%2e%2e/x"] {
        call(&home, &["agent", "--as", "m2m", "--path", path])
            .run()
            .code(2)
            .stderr_has("away from the agent's address");
    }
    let session = "-H x-amzn-bedrock-agentcore-runtime-session-id:x";
    call(&home, &[&["agent", "--prompt", "x"], session.split(' ').collect::<Vec<_>>().as_slice()].concat())
        .run()
        .code(2);
}

#[test]
fn a_stream_that_ends_badly_is_told_apart() {
    let home = home();
    // The agent says so itself.
    let failed = call(&home, &["agent", "--prompt", "break"]).run();
    failed.code(1).stderr_has("the agent failed: ValueError: the agent's own fault").stdout_has("Hello ");
    // Without end.
    let path = home.allow(home.path("told"));
    let mut running =
        call(&home, &["agent", "--prompt", "endless"]).redirect(&format!(">'{}'", path.display())).spawn();
    poll("it speaks", Duration::from_secs(20), || {
        std::fs::read_to_string(&path).is_ok_and(|told| told.contains("moremore")).then_some(())
    });
    running.signal(Signal::INT);
    running.wait().code(130).quiet();
    let timed = call(&home, &["agent", "--prompt", "endless", "--timeout", "2s"]).timeout(Duration::from_secs(2)).run();
    timed.code(6).stdout_has("moremore").check(timed.stdout.ends_with('\n'), "its line is ended");
}

#[test]
fn hostile_streams_are_bounded_and_broken_ones_are_exit_6() {
    let (home, _server) = issuing(&m2m_jwt(CLIENT, "api/read api/write"));
    let call = |server: &Server, args: &[&str]| {
        let run = home.cogtok(["call", "runtime", &server.url(), "--prompt", "x"]).args(args);
        run.env("COGTOK_M2M_CLIENT_SECRET", SECRET)
    };
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    let first = "data: \"first\"\n\n";
    let huge = Server::always(Answer::endless(format!("{head}{first}data: "), "x".repeat(65536)));
    let output = call(&huge, &[]).run();
    output.code(6).stdout_is("first\n").stderr_has("an event of the answer is larger than 16 MiB");
    let cut =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 99\r\n\r\n{first}data: \"ha");
    for args in [&[][..], &["--json"]] {
        let output = call(&Server::always(Answer::raw(cut.clone())), args).run();
        output.code(6).stdout_is(if args.is_empty() { "first\n" } else { "\"first\"\n" }).stderr_has("was cut off");
        call(&Server::always(Answer::raw(cut.clone())), args).redirect("1<>/dev/null").run().code(6);
    }
    // A last event without its empty line is printed. Where the connection's end alone is the body's, it may be cut.
    let last = format!("{first}data: \"last\"\n");
    let ended = format!("{}Content-Length: {}\r\n\r\n{last}", &head[..head.len() - 2], last.len());
    let told = home.allow(home.path("told"));
    for (args, out) in [(&[][..], "firstlast\n"), (&["--json"], "\"first\"\n\"last\"\n")] {
        let closed = Server::always(Answer::raw(format!("{head}{last}")));
        call(&closed, args).run().code(6).stdout_is(out).stderr_has("was cut off: it ends in the middle of an event");
        let file = [args, &["--output-file", told.to_str().unwrap()]].concat();
        call(&closed, &file).run().code(6).stdout_is("");
        assert!(!told.exists());
        let whole = call(&Server::always(Answer::raw(ended.clone())), args).run();
        whole.ok().stdout_is(out).stderr_has("warning: the last event of the answer has no empty line after it");
    }
    call(&Server::always(Answer::raw(format!("{head}{first}: bye"))), &[]).run().ok().quiet().stdout_is("first\n");
    call(&Server::always(Answer::raw(format!("{head}{first}dat"))), &[]).run().code(6).stdout_is("first\n");
    // One byte at a time, with every kind of line end and a byte order mark.
    let body =
        "\u{feff}: hello\r\ndata: \"gr\\u00fc\"\r\rdata: \"ße\"\n\nevent: end\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\n";
    let slow =
        Server::always(Answer::new(200, "text/event-stream; charset=utf-8", body).trickle(1, Duration::from_millis(1)));
    call(&slow, &[]).run().ok().quiet().stdout_is("grüße\n{\"a\":\n1}\n");
    call(&slow, &["--json"]).run().ok().quiet().stdout_is("\"gr\\u00fc\"\n\"ße\"\n{\"a\":1}\n");
    // No JSON where JSON is wanted is a string.
    let text = Server::always(Answer::new(200, "text/plain", "not \"JSON\""));
    call(&text, &["--json"]).run().ok().quiet().stdout_is("\"not \\\"JSON\\\"\"\n");
    call(&text, &[]).run().ok().quiet().stdout_is("not \"JSON\"");
    let canary = Server::canary();
    let redirecting = Server::always(Answer::redirect(307, &canary.url()));
    insta::assert_snapshot!(call(&redirecting, &[]).run().message(), @"
    exit 6
    error: redirect refused: 307 from 127.0.0.1:[port] to http://127.0.0.1:[port]/ (profile `ws`)
    hint: if that is the right address, call it: http://127.0.0.1:[port]/
    ");
    canary.assert_untouched();
}
