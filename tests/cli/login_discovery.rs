//! `cogtok login` in a profile without a domain: the pool's discovery document names it, or there are no sign-in pages.

use crate::harness::challenges::CLIENT;
use crate::harness::login::{alice, right};
use crate::harness::{Answer, Home, Server};
use serde_json::json;
use url::Url;

const POOL: &str = "us-east-1_Scripted0";

fn home_of(server: &Server) -> Home {
    let home = Home::new();
    home.login_profile(&server.url());
    let text = std::fs::read_to_string(home.config_file()).unwrap();
    let without: Vec<&str> = text.lines().filter(|line| !line.starts_with("domain")).collect();
    home.config(&(without.join("\n") + "\n"));
    home
}

/// The pool's discovery document, which names a token endpoint at `domain` where there is one.
fn document(domain: Option<&str>) -> Answer {
    let mut document = json!({"issuer": format!("https://cognito-idp.us-east-1.amazonaws.com/{POOL}")});
    if let Some(domain) = domain {
        document["token_endpoint"] = json!(format!("{domain}/oauth2/token"));
    }
    Answer::json(200, &document)
}

#[test]
fn the_domain_comes_from_the_pool_and_is_saved() {
    let pages = Server::script([alice()]);
    let url = pages.url();
    let api = Server::start(move |_| document(Some(&url)));
    let home = home_of(&api);
    let mut terminal = home.cogtok(["login", "--no-browser"]).pty();
    terminal.expect("saved ").expect("the pool's domain, in profile `ws`");
    terminal
        .expect("the browser shows an error page at")
        .expect("Paste its full address here (hidden): ")
        .expect_no_echo();
    let text = terminal.text();
    let address = text.lines().find(|line| line.contains("/oauth2/authorize?")).unwrap();
    let address = Url::parse(address).unwrap();
    assert!(address.as_str().starts_with(&pages.url()), "{address}");
    let uri = address.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned();
    terminal.send_line(&format!("{uri}?{}", right(&address)));
    terminal.expect("[Y/n] ").send_line("n").expect("alice@example.com is signed in");
    assert_eq!(terminal.wait().code, Some(0));
    assert!(std::fs::read_to_string(home.config_file()).unwrap().contains(&format!("domain = \"{}", pages.url())));
    assert_eq!(api.hits(), 1);
}

#[test]
fn a_pool_without_pages_is_told_as_that_with_the_command_that_signs_in() {
    let api = Server::start(|_| document(None));
    let home = home_of(&api);
    insta::assert_snapshot!(home.cogtok(["login"]).run().message(), @"
    exit 3
    error: the pool [pool] has no sign-in pages (profile `ws`)
    hint: sign in with user name and password: `cogtok token user -p ws`
    hint: if it has a domain all the same: add `--domain URL`
    ");
    insta::assert_snapshot!(home.cogtok(["login", "-p", "ws"]).run().message(), @"
    exit 3
    error: the pool [pool] has no sign-in pages (profile `ws`)
    hint: sign in with user name and password: `cogtok token user -p ws`
    hint: if it has a domain all the same: add `--domain URL`
    ");
    // What can't be asked is not taken for a pool without pages.
    let down = Server::always(Answer::new(503, "text/plain", "busy"));
    let home = home_of(&down);
    home.cogtok(["login", "--timeout", "3s"])
        .run()
        .code(3)
        .stderr_lacks("no sign-in pages")
        .stderr_has("could not ask the pool");
    assert!(!std::fs::read_to_string(home.config_file()).unwrap().contains(&format!("domain = \"{CLIENT}")));
}
