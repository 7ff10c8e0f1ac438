//! A stored secret goes to the address it was stored for and to no other, whatever points elsewhere.

use crate::harness::{Answer, Home, Keyring, Output, Run, Server, unique};

const SECRET: &str = "bound-to-an-address";

/// How a run is made to point somewhere else; `URL` stands for the other server's address.
enum Pointer {
    Option(&'static str),
    Variable(&'static str),
    Key(&'static str),
}

/// A kind of secret: how it is used, and the server that takes it.
struct Use {
    kind: &'static str,
    create: [&'static str; 4],
    token: &'static [&'static str],
    path: &'static str,
    answer: fn() -> Answer,
}

const M2M: Use = Use {
    kind: "m2m-client",
    create: ["--m2m-client-id", "CLIENT", "--token-url", "URL"],
    token: &["token", "m2m", "--no-cache"],
    path: "/oauth2/token",
    answer: || Answer::token("some-token"),
};

const DOMAIN: Use = Use { create: ["--m2m-client-id", "CLIENT", "--domain", "URL"], path: "", ..M2M };

const USER_CLIENT: Use = Use {
    kind: "user-client",
    create: ["--client-id", "CLIENT", "--endpoint-url", "URL"],
    token: &["token", "user", "--auth-flow", "password", "--password-stdin", "--username", "alice", "--no-cache"],
    path: "",
    answer: || Answer::aws_error("NotAuthorizedException", "no"),
};

const PASSWORD: Use = Use {
    kind: "password",
    token: &["token", "user", "--auth-flow", "password", "--username", "alice", "--no-cache"],
    ..USER_CLIENT
};

impl Use {
    fn serve(&self) -> (Server, String) {
        let server = Server::always((self.answer)());
        let url = format!("{}{}", server.url(), self.path);
        (server, url)
    }
}

impl Pointer {
    fn apply<'h>(&self, run: Run<'h>, url: &str) -> Run<'h> {
        match self {
            Pointer::Option(option) => run.args([option, url]),
            Pointer::Variable(name) => run.env(name, url),
            Pointer::Key(_) => run,
        }
    }
}

/// Runs the command of a hint, the variables before it included, as somebody would who pastes it.
fn paste<'h>(home: &'h Home, hint: &str) -> Run<'h> {
    let command = &hint[hint.find(": ").expect("a label") + 2..];
    let command = &command[command.rfind(": ").map_or(0, |at| at + 2)..];
    let (variables, words) = command.split_once("cogtok ").unwrap_or_else(|| panic!("no command in {hint:?}"));
    let run = home.cogtok(words.split_whitespace());
    variables
        .split_whitespace()
        .filter_map(|word| word.split_once('='))
        .fold(run, |run, (name, value)| run.env(name, value))
}

/// The whole story of one secret that was stored for one address while something points to another.
fn assert_bound(keyring: &Keyring, used: &Use, pointer: &Pointer) {
    let home = Home::new();
    home.canary(SECRET);
    let ((good, good_url), (evil, evil_url)) = (used.serve(), used.serve());
    let client = unique("client").replace('-', "");
    let words = used.create.map(|word| word.replace("CLIENT", &client).replace("URL", &good_url));
    home.cogtok(["profile", "create", "ws", "--region", "us-east-1"]).args(words).run().ok();
    let user: &[&str] = if used.kind == "password" { &["--username", "alice"] } else { &[] };
    let set = home.cogtok(["secret", "set", used.kind]).args(user).stdin(SECRET).keyring(keyring).run();
    set.ok().stderr_has(&format!("only to {}", good.url()));
    let token = || home.cogtok(used.token).stdin("any-password").keyring(keyring);
    let reached = |server: &Server, output: &Output| {
        let holds = server.hits() == 1 && matches!(output.code, Some(0 | 4));
        output.check(holds, "the secret did not arrive");
    };
    reached(&good, &token().run());

    if let Pointer::Key(key) = pointer {
        home.cogtok(["profile", "set", "ws", key, &evil_url]).run().ok();
    }
    let refused = pointer.apply(token(), &evil_url).run();
    refused.code(3).stderr_has(&format!("was stored for {}, not for {}: it is not sent there", good.url(), evil.url()));
    evil.assert_untouched();
    assert_eq!(good.hits(), 1);
    let hint = refused.stderr.lines().find(|line| line.contains("cogtok secret set")).unwrap_or_default();
    refused
        .check(hint.contains(&format!("cogtok secret set {} -p ws", used.kind)), "expected the command that stores it");

    // A variable is still set where the command is pasted; an option is not.
    let pasted = match pointer {
        Pointer::Variable(name) => paste(&home, hint).env(name, &evil_url),
        Pointer::Option(_) | Pointer::Key(_) => paste(&home, hint),
    };
    pasted.stdin(SECRET).keyring(keyring).run().ok().stderr_has(&format!("only to {}", evil.url()));
    reached(&evil, &pointer.apply(token(), &evil_url).run());
}

#[test]
fn the_m2m_secret_stays_with_its_token_endpoint() {
    let keyring = Keyring::start();
    for pointer in
        [Pointer::Key("m2m.token_url"), Pointer::Variable("COGTOK_TOKEN_URL"), Pointer::Option("--token-url")]
    {
        assert_bound(&keyring, &M2M, &pointer);
    }
    for pointer in [Pointer::Key("domain"), Pointer::Variable("COGTOK_DOMAIN"), Pointer::Key("m2m.token_url")] {
        assert_bound(&keyring, &DOMAIN, &pointer);
    }
}

#[test]
fn the_users_secrets_stay_with_their_cognito_api() {
    let keyring = Keyring::start();
    for used in [USER_CLIENT, PASSWORD] {
        for pointer in [
            Pointer::Key("endpoint_url"),
            Pointer::Variable("AWS_ENDPOINT_URL"),
            Pointer::Variable("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"),
            Pointer::Variable("COGTOK_ENDPOINT_URL"),
            Pointer::Option("--endpoint-url"),
        ] {
            assert_bound(&keyring, &used, &pointer);
        }
    }
}

#[test]
fn another_region_is_another_address_and_another_client_has_no_secret() {
    let (home, keyring) = (Home::new(), Keyring::start());
    home.canary(SECRET);
    home.cogtok(["profile", "create", "ws", "--client-id", "web", "--region", "us-east-1", "--username", "alice"])
        .run()
        .ok();
    home.cogtok(["secret", "set", "password"]).stdin(SECRET).keyring(&keyring).run().ok();
    let token = || home.cogtok(["token", "user", "--auth-flow", "password", "--no-input"]).keyring(&keyring);
    let of = |region: &str| format!("https://cognito-idp.{region}.amazonaws.com");
    let refused = token().args(["--region", "eu-west-1"]).run();
    refused.code(3).stderr_has(&format!("was stored for {}, not for {}", of("us-east-1"), of("eu-west-1")));
    // Nobody's secret stands for another client's or user's.
    for args in [["--client-id", "other"], ["--username", "bob"]] {
        let output = token().args(args).run();
        output.code(5).stderr_has("password").stderr_lacks("was stored for");
    }
}

#[test]
fn a_user_without_a_stored_password_is_asked_for_it() {
    let (home, keyring) = (Home::new(), Keyring::start());
    let server = Server::always(Answer::aws_error("NotAuthorizedException", "Incorrect username or password."));
    home.canary(SECRET);
    let words = ["--client-id", "web", "--region", "us-east-1", "--username", "alice", "--endpoint-url", &server.url()];
    home.cogtok(["profile", "create", "ws"]).args(words).run().ok();
    home.cogtok(["secret", "set", "password"]).stdin(SECRET).keyring(&keyring).run().ok();
    let bob = ["token", "user", "--auth-flow", "password", "--username", "bob"];
    let mut terminal = home.cogtok(bob).keyring(&keyring).pty();
    for _ in 0..3 {
        terminal.expect("Password for bob: ").expect_no_echo().send_line("typed-for-bob");
    }
    let session = terminal.wait();
    assert_eq!(session.code, Some(4), "{}", session.text);
    let sent = server.requests()[0].json();
    assert_eq!(sent["AuthParameters"]["PASSWORD"], "typed-for-bob");
}
