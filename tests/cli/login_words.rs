//! What `cogtok login` says while it waits for the browser: one fact a sentence.

use crate::harness::{Home, Server};

#[test]
fn each_thing_to_know_is_a_sentence_of_its_own() {
    let (home, server) = (Home::new(), Server::canary());
    home.login_profile(&server.url());
    let browser = home.fake_browser();
    let output = home.cogtok(["login", "--wait", "1s"]).browser(&browser).run();
    output.code(5).stdout_is("").stderr_has("sign in with the browser, within 1 s\n");
    let told: Vec<&str> = output.stderr.lines().take(3).collect();
    assert_eq!(told[0], "sign in with the browser, within 1 s");
    assert!(told[1].starts_with("the browser comes back to http://127.0.0.1:"), "{told:?}");
    assert!(told[1].ends_with("/callback, so it has to run on this machine"), "{told:?}");
    assert_eq!(told[2], "if none opens, open this address:");
}
