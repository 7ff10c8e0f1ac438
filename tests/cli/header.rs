//! `cogtok header`: its forms, as the programs that read them take them, and that nobody is ever asked.

use crate::exec::issuing;
use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::{Home, Run, Server, m2m_jwt, need, workshop};
use serde_json::json;

const PASSWORD: &str = "Correct-Horse-7-Battery";
/// Every character that a token may have.
const TOKEN: &str = "~aZ09-._~+/aZ09==";

fn header<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["header"]).args(args).env("COGTOK_M2M_CLIENT_SECRET", SECRET)
}

#[test]
fn each_form_holds_the_token_and_nothing_else() {
    let (home, server) = issuing(TOKEN);
    let line = format!("Authorization: Bearer {TOKEN}\n");
    header(&home, &[]).run().ok().quiet().stdout_is(&line);
    header(&home, &["--as", "m2m", "-p", "ws", "--format", "line"]).run().ok().quiet().stdout_is(&line);
    let config = header(&home, &["--format", "curl-config"]).run();
    config.ok().quiet().stdout_is(&format!("header = \"Authorization: Bearer {TOKEN}\"\n"));
    for form in [&["--format", "json"][..], &["--json"], &["-o", "json"], &["--json", "--format=json"]] {
        let json = header(&home, form).run();
        json.ok().quiet();
        assert_eq!(json.json(), json!({"Authorization": format!("Bearer {TOKEN}")}));
        json.line();
    }
    assert_eq!(server.hits(), 1);
    header(&home, &["--json", "--format", "line"]).run().code(2);
    header(&home, &["--format", "yaml"]).run().code(2);
    header(&home, &["-o", "table"]).run().code(2);
}

#[test]
fn curl_sends_what_each_form_says_and_shows_it_to_nobody() {
    need("curl", "curl");
    let (home, _server) = issuing(TOKEN);
    home.canary_token(TOKEN);
    header(&home, &[]).run().ok();
    let api = Server::canary();
    for (n, command) in [
        "curl -sS -K <(cogtok header --format curl-config) URL",
        "curl -sS -H @<(cogtok header) URL",
        "cogtok header --format curl-config | curl -sS -K - URL",
        "curl -sS -H @<(cogtok token m2m --header) URL",
    ]
    .iter()
    .enumerate()
    {
        let script = command.replace("URL", &format!("{}/things", api.url()));
        home.shell("bash", &script).run().ok().quiet().stdout_is("caught");
        let requests = api.requests();
        assert_eq!(requests.len(), n + 1);
        assert_eq!(requests[n].header("authorization"), Some(format!("Bearer {TOKEN}").as_str()), "{command}");
        assert_eq!(requests[n].path, "/things");
    }
}

#[test]
fn nobody_is_asked_even_at_a_terminal() {
    let home = Home::new();
    home.canary(PASSWORD);
    home.workshop_profile(workshop());
    for (args, says) in [
        (&["--as", "user", "--username", "alice@example.com"][..], "set COGTOK_PASSWORD, or store it once"),
        (&["--as", "m2m"], "COGTOK_M2M_CLIENT_SECRET"),
    ] {
        let session = home.cogtok(["header"]).args(args).pty().wait();
        assert_eq!(session.code, Some(5), "{session:?}");
        assert!(session.text.contains(says) && !session.text.contains("Bearer"), "{session:?}");
        home.cogtok(["header"]).args(args).run().code(5).stdout_is("").stderr_has(says);
    }
    let email = workshop().user(PASSWORD);
    let run = home.cogtok(["header", "--as", "user", "--username", &email, "--token", "id", "--json"]);
    let json = run.env("COGTOK_PASSWORD", PASSWORD).run().ok().json();
    assert!(json["Authorization"].as_str().unwrap().starts_with("Bearer eyJ"), "{json}");
}

#[test]
fn a_failure_prints_nothing_and_has_its_own_exit_code() {
    let (home, server) = issuing(&m2m_jwt(CLIENT, "api/read api/write"));
    for (args, code) in [
        (&["-p", "nosuch"][..], 3),
        (&["--as", "user"], 3),
        (&["--scope", "a\"b"], 2),
        (&["--as", "user", "--scope", "a"], 2),
        (&["extra"], 2),
    ] {
        header(&home, args).run().code(code).stdout_is("");
    }
    assert_eq!(server.hits(), 0);
    insta::assert_snapshot!(header(&home, &[]).redirect(">/dev/full").run().message(), @"
    exit 7
    error: standard output can't be written: No space left on device (os error 28) (profile `ws`)
    ");
    let server = Server::canary();
    home.scripted_profile(&server.token_url());
    drop(server);
    header(&home, &["--timeout", "2s"]).run().code(6).stdout_is("");
}
