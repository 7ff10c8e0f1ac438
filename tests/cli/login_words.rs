//! What `cogtok login` says while it waits for the browser: one fact a sentence.

use crate::harness::{Home, Server};

#[test]
fn each_thing_to_know_is_a_sentence_of_its_own() {
    let (home, server) = (Home::new(), Server::canary());
    home.login_profile(&server.url());
    let browser = home.fake_browser();
    let output = home.cogtok(["login", "--wait", "1s"]).browser(&browser).run();
    let told: Vec<&str> = output.code(5).stdout_is("").stderr.lines().take(2).collect();
    let begin = "sign in with a browser on this machine, within 1 s: it comes back to http://127.0.0.1:";
    assert!(told[0].starts_with(begin) && told[0].ends_with("/callback"), "{told:?}");
    assert_eq!(told[1], "if none opens, open this address:");
}
