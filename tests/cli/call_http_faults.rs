//! `cogtok call http`: answers that break off, never end or are huge, readers that go away, and disks that are full.

use crate::exec::issuing;
use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::{Answer, Home, Run, Server, api, m2m_jwt, poll, workshop};
use rustix::process::Signal;
use serde_json::json;
use std::time::Duration;

fn call<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["call", "http"]).args(args).env("COGTOK_M2M_CLIENT_SECRET", SECRET)
}

fn home() -> (Home, Server) {
    issuing(&m2m_jwt(CLIENT, "api/read api/write"))
}

/// A chunked answer with this body so far.
fn chunked(media_type: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n",
        body.len()
    )
}

/// Events without end.
fn endless() -> Server {
    Server::always(Answer::endless(chunked("text/event-stream", "data: first\n\n"), "9\r\ndata: x\n\n\r\n"))
}

#[test]
fn an_answer_that_breaks_off_is_exit_6_with_what_came() {
    let (home, _server) = home();
    for (answer, came) in [
        (chunked("text/event-stream", "data: first\n\n"), "data: first\n\n"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".to_string(), "half"),
        (format!("{}zz\r\n", chunked("text/plain", "some")), "some"),
    ] {
        let broken = Server::always(Answer::raw(answer.clone()));
        let output = call(&home, &[&broken.url()]).run();
        output.code(6).stdout_is(came).stderr_has("error: the answer from 127.0.0.1:").stderr_has("hint: ");
        assert_eq!(broken.hits(), 1, "nothing is tried again");
        // A file that was asked for is whole or as it was.
        let path = home.allow(home.path("body"));
        std::fs::write(&path, "old").unwrap();
        call(&home, &[&broken.url(), "--output-file", path.to_str().unwrap()]).run().code(6).stdout_is("");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        let beside: Vec<_> =
            std::fs::read_dir(home.path("")).unwrap().flatten().map(|entry| entry.file_name()).collect();
        assert!(beside.iter().all(|name| !name.to_string_lossy().ends_with(".tmp")), "{beside:?}");
    }
    for answer in [Answer::close(), Answer::raw("no HTTP at all\r\n\r\n"), Answer::raw("HTTP/1.1 200 OK\r\nContent-Le")]
    {
        let output = call(&home, &[&Server::always(answer).url()]).run();
        output.code(6).stdout_is("");
    }
    call(&home, &[&Server::resetting().url()]).run().code(6).stdout_is("");
    // Without a length the end of the connection is the end.
    let plain = Server::always(Answer::raw("HTTP/1.1 200 OK\r\n\r\nall of it"));
    call(&home, &[&plain.url()]).run().ok().quiet().stdout_is("all of it");
    // Of a failure the status is what counts.
    let cut = Server::always(Answer::raw("HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n\r\nhalf"));
    call(&home, &[&cut.url()]).run().code(1).stdout_is("half").stderr_has("answers 404 Not Found");
}

#[test]
fn an_answer_without_end_is_ended_by_a_time_out_and_by_signals() {
    let (home, _server) = home();
    let api = endless();
    let output = call(&home, &[&api.url(), "--timeout", "5s"]).timeout(Duration::from_secs(5)).run();
    output.code(6).stderr_has("5 s").check(output.stdout.starts_with("data: first\n\ndata: x\n\n"), "what came");
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let path = home.allow(home.path(format!("stream-{code}")));
        let mut running = call(&home, &[&api.url()]).redirect(&format!(">'{}'", path.display())).spawn();
        poll("the stream comes", Duration::from_secs(20), || {
            std::fs::metadata(&path).is_ok_and(|file| file.len() > 1000).then_some(())
        });
        running.signal(signal);
        running.wait().code(code).quiet();
    }
    // A silent one, before the head and after it.
    let some = chunked("text/plain", "some");
    let stalled = Answer::raw(format!("{some}4\r\nmore\r\n")).trickle(some.len(), Duration::from_secs(60));
    let stalled = Server::always(stalled);
    for server in [&Server::always(Answer::never()), &stalled] {
        let output = call(&home, &[&server.url(), "--timeout", "1s"]).timeout(Duration::from_secs(1)).run();
        output.code(6).stderr_has("--timeout");
    }
}

#[test]
fn without_a_time_out_a_stream_may_be_longer_than_the_default_one() {
    let (home, _server) = home();
    // 33 events in 33 seconds; the default time-out of everything else is 30 s.
    let events: String = (0..33).map(|number| format!("data: {number:02}\n\n")).collect();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX: {}\r\n", "x".repeat(64));
    let head = format!("{head}Content-Length: {}\r\n\r\n", events.len());
    let pieces = (head.len() + events.len()).div_ceil(10);
    let server = Server::always(Answer::raw(head + &events).trickle(10, Duration::from_millis(33_000 / pieces as u64)));
    let output = call(&home, &[&server.url()]).timeout(Duration::from_secs(60)).run();
    output.ok().quiet().stdout_is(&events).check(output.wall > Duration::from_secs(31), "long enough to tell");
}

#[test]
fn a_huge_answer_and_a_large_upload_need_no_more_memory_than_the_upload() {
    let home = Home::new();
    home.workshop_profile(workshop());
    let call = |args: &[&str]| home.cogtok(["call", "http"]).args(args).args(["--as", "m2m"]).m2m_secret(workshop());
    call(&[&api().url("/big?bytes=400000000")]).redirect(">/dev/null").run().ok().quiet();
    let path = home.allow(home.path("big"));
    call(&[&api().url("/big?bytes=90000000"), "--output-file", path.to_str().unwrap()]).run().ok().quiet();
    assert_eq!(path.metadata().unwrap().len(), 90_000_000);

    let body: Vec<u8> = (0..20_000_000_u32).flat_map(|number| [(number % 251) as u8]).collect();
    let digest = ring::digest::digest(&ring::digest::SHA256, &body);
    let digest: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let file = home.allow(home.path("upload"));
    std::fs::write(&file, &body).unwrap();
    for (data, args) in [(format!("@{}", file.display()), &[][..]), ("-".to_string(), &[]), ("-".to_string(), &["-vv"])]
    {
        let output = call(&[&[api().url("/echo").as_str(), "-d", &data], args].concat()).stdin(&body).run();
        let seen = output.ok().json();
        assert_eq!((&seen["length"], &seen["sha256"]), (&json!(20_000_000), &json!(digest)), "{data}");
    }
    let file = std::fs::File::create(home.path("upload")).unwrap();
    file.set_len(101 * 1024 * 1024).unwrap();
    let data = format!("@{}", home.path("upload").display());
    insta::assert_snapshot!(call(&[&api().url("/echo"), "-d", &data]).run().message(), @"
    exit 2
    error: [home]/upload is larger than 102400 KiB
    ");
}

#[test]
fn a_reader_that_goes_away_is_no_failure_and_a_full_disk_is_one() {
    let (home, _server) = home();
    let api = endless();
    let script = format!("set -o pipefail; cogtok call http {} | head -n 1", api.url());
    // A token in the cache, so that no secret has to be in a shell's environment.
    call(&home, &[&Server::always(Answer::new(200, "text/plain", "")).url()]).run().ok();
    home.shell("bash", &script).run().ok().quiet().stdout_is("data: first\n");
    // Also where nothing comes any more that could not be written.
    let some = chunked("text/event-stream", "data: only\n\n");
    let silent = Answer::raw(format!("{some}x")).trickle(some.len(), Duration::from_secs(60));
    let silent = Server::always(silent);
    let script = format!("set -o pipefail; cogtok call http {} | head -n 1", silent.url());
    let gone = home.shell("bash", &script).timeout(Duration::from_secs(20)).run();
    gone.ok().quiet().stdout_is("data: only\n");
    // A closed one can't be told from the null device, whose caller may wait for how the call ends.
    let whole = Server::always(Answer::raw("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsome"));
    let cut = Server::always(Answer::raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nsome"));
    for nowhere in [">&-", "1<>/dev/null", ">/dev/null"] {
        call(&home, &[&whole.url()]).redirect(nowhere).run().ok().quiet();
        call(&home, &[&cut.url()]).redirect(nowhere).run().code(6).stderr_has("was cut off");
        let endless = call(&home, &[&api.url(), "--timeout", "1s"]).redirect(nowhere).timeout(Duration::from_secs(1));
        endless.run().code(6).stderr_has("--timeout");
    }
    insta::assert_snapshot!(call(&home, &[&api.url()]).redirect(">/dev/full").run().message(), @"
    exit 7
    error: standard output can't be written: No space left on device (os error 28) (profile `ws`)
    ");
    // The status of an answer that nobody reads is still its exit code.
    let failing = Server::always(Answer::new(404, "text/plain", "no"));
    call(&home, &[&failing.url()]).redirect(">&-").run().code(1);
    let words = Answer::new(200, "text/plain", "some words");
    call(&home, &[&Server::always(words).url(), "-i"]).redirect("2>&-").run().ok().stdout_has("some words");
}

#[test]
fn a_pipe_that_nobody_writes_to_ends_with_the_time_out() {
    let (home, _tokens) = issuing(&m2m_jwt(CLIENT, "api/read api/write"));
    let server = Server::canary();
    let fifo = home.allow(home.path("pipe"));
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let (fifo, url) = (fifo.to_str().unwrap(), server.url());
    let at = format!("@{fifo}");
    for words in [
        &["call", "http", &url, "-d", &at][..],
        &["call", "http", &url, "-H", &at],
        &["call", "gateway", &url, "call", "tool", "--args-json", &at],
        &["token", "verify", "-", "--jwks", fifo],
        &["token", "check", "-", "--for", "agentcore-runtime", "--authorizer", fifo],
    ] {
        let run = home.cogtok(words).args(["--timeout", "2s"]).env("COGTOK_M2M_CLIENT_SECRET", SECRET);
        let run = run.env("COGTOK_USER_POOL_ID", "us-east-1_Scripted0");
        let output = run.stdin(m2m_jwt(CLIENT, "api/read")).timeout(Duration::from_secs(30)).run();
        output.code(2).stderr_has("pipe can't be read: nothing came from it in time");
    }
    server.assert_untouched();
}
