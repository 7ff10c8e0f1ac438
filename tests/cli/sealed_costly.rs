//! Files that take long to open, by whoever made them: refused, or given up at the deadline.

use crate::harness::{Home, Server};
use crate::sealed::{Opener, init, scripted, sealed_file};
use std::time::Duration;

/// A file for so many strangers.
fn sealed_for(count: usize) -> Vec<u8> {
    let stranger = age::x25519::Identity::generate();
    let sealed = age::encrypt(&stranger.to_public(), b"{}").unwrap();
    let text = String::from_utf8_lossy(&sealed).into_owned();
    let stanza: String = text.split_inclusive('\n').skip(1).take(2).collect();
    assert!(stanza.starts_with("-> X25519 "), "{stanza}");
    let (head, rest) = sealed.split_at(text.find('\n').unwrap() + 1);
    [head, stanza.repeat(count - 1).as_bytes(), rest].concat()
}

#[test]
fn a_header_for_thousands_is_refused_at_once() {
    let sealed = sealed_for(8000);
    let home = Home::new();
    let server = scripted(&home);
    let identity = init(&home);
    let file = sealed_file(&home);
    home.plant(file.strip_prefix(home.path("")).unwrap(), &sealed);
    let set = home.cogtok(["secret", "set", "m2m-client", "-p", "ws", "--timeout", "5s"]).stdin("a-secret-of-one");
    let output = Opener::Identity.apply(set, &identity).timeout(Duration::from_secs(5)).run();
    output.code(7).stderr_has("is refused").stderr_has("recipients").within(Duration::from_secs(4));
    assert_eq!((std::fs::read(&file).unwrap() == sealed, server.hits()), (true, 0));

    let shared = home.plant("class.age", &sealed);
    let import = home.cogtok(["profile", "import", shared.to_str().unwrap(), "--timeout", "5s", "--identity"]);
    let output = import.arg(&identity).timeout(Duration::from_secs(5)).run();
    output.code(2).stderr_has("is refused").stderr_has("recipients").within(Duration::from_secs(4));
}

#[test]
fn a_pipe_that_says_nothing_is_waited_for_until_the_deadline() {
    let home = Home::new();
    let server = Server::canary();
    home.scripted_profile(&server.token_url().replace("http://", "https://"));
    let fifo = home.allow(home.path("fifo"));
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let run = home.scripted_m2m(&["--timeout", "1s", "--ca-bundle", fifo.to_str().unwrap()]);
    let output = run.timeout(Duration::from_secs(3)).run();
    output.code(2).stderr_has("the CA bundle can't be read").stderr_has("in time");
}
