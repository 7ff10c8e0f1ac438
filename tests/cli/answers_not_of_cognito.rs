//! Answers with a status that Cognito uses as well, from something in front of it: a page that a network shows, a proxy's own error, and
//! AWS WAF's CAPTCHA and Challenge. None counts as Cognito's yes or no.

use crate::harness::login::{alice, sign_in};
use crate::harness::{Answer, Home, Keyring, Server};
use serde_json::json;

#[test]
fn an_error_that_is_no_code_of_oauth_is_not_the_endpoints_refusal() {
    let spring = |status: u16, error: &str| Answer::json(status, &json!({"status": status, "error": error}));
    let m2m = |answer: Answer| {
        let server = Server::always(answer);
        let home = Home::new();
        home.scripted_profile(&server.token_url());
        home.scripted_m2m(&[]).run()
    };
    for error in ["Forbidden", "forbidden", "IP not allowed"] {
        m2m(spring(403, error)).code(4).stderr_has(&format!(": {error})")).stderr_has("AWS WAF");
    }
    m2m(spring(401, "Unauthorized")).code(4).stderr_has("any proxy or firewall in front of it");
    for (status, error) in [(404, "Not Found"), (405, "Method Not Allowed"), (404, "nothing")] {
        let output = m2m(spring(status, error));
        output.code(6).stderr_has(&format!(": {error})")).stderr_has("check the token URL");
    }
    // What looks like a code, with the status of a refusal, is one that this version does not know.
    m2m(spring(400, "slow_down")).code(4).stderr_has("was refused: slow_down").stderr_lacks("WAF");
    // Renewing and revoking.
    let server =
        Server::script([alice(), spring(403, "Forbidden"), spring(403, "Forbidden"), spring(404, "Not Found")]);
    let keyring = Keyring::start();
    let home = Home::new();
    home.login_profile_with(&server.url(), "http://127.0.0.1:9");
    sign_in(home.cogtok(["login"]).keyring(&keyring), &home.fake_browser()).0.ok();
    let renewed = home.cogtok(["token", "user", "--force-refresh"]).keyring(&keyring).run();
    renewed.code(4).stderr_has("AWS WAF").stderr_lacks("cogtok login");
    let revoke = || home.cogtok(["token", "revoke"]).keyring(&keyring).run();
    revoke().code(4).stderr_has("AWS WAF");
    revoke().code(6).stderr_has("does not revoke tokens").stderr_has("Not Found");
}
