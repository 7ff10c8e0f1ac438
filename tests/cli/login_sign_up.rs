//! `cogtok login --sign-up`: a new user at the terminal, who signs in with the browser right after.

use crate::harness::login::chromium;
use crate::harness::ports::free_port;
use crate::harness::{Home, Keyring, Server, unique, workshop};

const PASSWORD: &str = "Correct-Horse-7-Battery";
/// The code that the local Cognito sends.
const CODE: &str = "123456";

#[test]
fn a_new_user_signs_up_and_is_signed_in() {
    let workshop = workshop();
    let keyring = Keyring::start();
    for names_user in [false, true] {
        let home = Home::new();
        home.canary(PASSWORD);
        let uri = format!("http://127.0.0.1:{}/callback", free_port());
        home.browser_profile(workshop, &uri);
        let email = format!("{}@example.com", unique("new"));
        let browser = home.fake_browser();
        let login = home.cogtok(["login", "--sign-up"]);
        let login = if names_user { login.args(["--username", &email]) } else { login };
        let mut terminal = login.keyring(&keyring).browser(&browser).pty();
        if !names_user {
            terminal.expect("E-mail address: ").send_line(&email);
        }
        terminal.expect("New password: ").expect_no_echo().send_line(PASSWORD);
        terminal.expect("Repeat new password: ").expect_no_echo().send_line(PASSWORD);
        terminal.expect("Code from the message: ").send_line(CODE);
        terminal.expect("confirmed user");
        let page = chromium(&browser.url(), &email, PASSWORD);
        assert_eq!(page["title"], "cogtok: Signed in");
        let session = terminal.wait();
        assert_eq!(session.code, Some(0), "{session:?}");
        assert_eq!(workshop.find_user(&email).unwrap()["UserStatus"], "CONFIRMED");
        let token = home.cogtok(["token", "user", "--endpoint-url", &workshop.endpoint]).keyring(&keyring);
        let token = if names_user { token.args(["--username", &email]) } else { token };
        token.run().ok();
    }
}

#[test]
fn where_nobody_can_sign_in_afterwards_nobody_is_signed_up() {
    let server = Server::canary();
    let home = Home::new();
    home.login_profile(&server.url());
    let output = home.cogtok(["login", "--sign-up"]).run();
    output.code(5).stdout_is("").stderr_has("at a terminal").stderr_has("cogtok sign-up EMAIL -p ws --password-stdin");
    server.assert_untouched();
    // A pool without sign-in pages.
    let pool = Server::always(crate::harness::Answer::new(404, "text/plain", ""));
    home.scripted_user(&pool.url());
    let mut terminal = home.cogtok(["login", "--sign-up", "--username", "a@example.com"]).pty();
    terminal.expect("`domain` is not set");
    assert_eq!(terminal.wait().code, Some(3));
    assert!(pool.requests().iter().all(|request| request.method == "GET"));
}
