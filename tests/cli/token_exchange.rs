//! `cogtok token exchange`: GetDerivedToken, for a token on behalf of a user. The local Cognito has no such operation, so a
//! scripted server answers in the shapes of AWS's model (tests/fixtures/get_derived_token.json).

use crate::harness::challenges::{CLIENT, PASSWORD, signed_in};
use crate::harness::page;
use crate::harness::shell::path_with_cogtok;
use crate::harness::{Answer, Home, Keyring, Request, Run, Server, herd, jwt, m2m_jwt, unique};
use crate::library::built;
use serde_json::{Value, json};

const AGENT: &str = "9example8765432zyxwvutsrqp";
const SECRET: &str = "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmno";
const RESOURCE: &str = "https://api.example.com";

fn seconds() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// What Cognito issues for this request.
fn issued(request: &Request) -> Value {
    let body = request.json();
    let kind = body["RequestedTokenType"].as_str().unwrap();
    let use_ = if kind == "ID_TOKEN" { "id" } else { "access" };
    let mut claims = json!({"sub": "alice", "token_use": use_, "client_id": body["ClientId"], "exp": seconds() + 3600,
        "jti": unique("jti"), "scope": "api/read", "aud": body["Resources"][0]});
    if body["ActorToken"].is_string() {
        claims["act"] = json!({"sub": AGENT, "client_id": AGENT});
    }
    let bearer = if use_ == "id" { "N_A" } else { "Bearer" };
    json!({"IssuedToken": jwt(&claims), "IssuedTokenType": kind, "TokenType": bearer, "ExpiresIn": 3600,
        "Scopes": ["api/read"]})
}

fn answered(body: &Value) -> Answer {
    Answer::new(200, "application/x-amz-json-1.1", body.to_string())
}

/// A Cognito with a user, a machine, and token exchange.
fn cognito() -> Server {
    Server::start(|request| match request.operation() {
        Some("GetDerivedToken") => answered(&issued(request)),
        Some(_) => signed_in().1,
        None => Answer::token(&m2m_jwt(AGENT, "api/read")),
    })
}

/// The profiles `ws` of users and `agent` of a machine, both at this server.
fn home_at(server: &Server) -> Home {
    let home = home_of_shells(server);
    home.canary(SECRET);
    home.canary(PASSWORD);
    home
}

/// The same for a shell, whose programs have the secrets in their environment.
fn home_of_shells(server: &Server) -> Home {
    let home = Home::new();
    let url = server.url();
    home.config(&format!(
        "version = 1\ndefault_profile = \"ws\"\n\
         [profiles.ws]\nuser_pool_id = \"us-east-1_Scripted0\"\nendpoint_url = \"{url}\"\n\
         [profiles.ws.user]\nclient_id = \"{CLIENT}\"\nusername = \"alice@example.com\"\nauth_flow = \"password\"\n\
         [profiles.agent]\nuser_pool_id = \"us-east-1_Scripted0\"\nendpoint_url = \"{url}\"\n\
         [profiles.agent.m2m]\nclient_id = \"{AGENT}\"\ntoken_url = \"{url}/oauth2/token\"\n"
    ));
    home
}

fn exchange<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    let run = home.cogtok(["token", "exchange"]).args(args);
    run.env("COGTOK_PASSWORD", PASSWORD).env("COGTOK_M2M_CLIENT_SECRET", SECRET)
}

/// The exchange of a token on standard input, as the agent.
fn of_stdin<'h>(home: &'h Home, subject: &str, args: &[&str]) -> Run<'h> {
    exchange(home, &["-p", "agent", "--subject-token", "-"]).args(args).stdin(subject)
}

fn derived(server: &Server) -> Vec<Request> {
    let requests = server.requests().into_iter();
    requests.filter(|request| request.operation() == Some("GetDerivedToken")).collect()
}

fn subject() -> String {
    jwt(
        &json!({"sub": "alice", "token_use": "access", "client_id": CLIENT, "exp": seconds() + 3600, "jti": unique("jti")}),
    )
}

#[test]
fn a_users_token_is_exchanged_with_an_actor_unsigned_and_kept() {
    let server = cognito();
    let home = home_at(&server);
    let args = ["--as", "user", "--actor", "agent", "--resource", RESOURCE, "--scope", "api/read", "--json"];
    // Credentials are there, and are not for this.
    let first = exchange(&home, &args).aws().run().ok().json();
    let user = home.cogtok(["token", "user"]).run().ok().line().to_owned();
    let agent = home.cogtok(["token", "m2m", "-p", "agent"]).run().ok().line().to_owned();
    let requests = derived(&server);
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(
        request.json(),
        json!({"ClientId": CLIENT, "SubjectToken": user, "SubjectTokenType": "ACCESS_TOKEN", "ActorToken": agent,
            "ActorTokenType": "ACCESS_TOKEN", "Scopes": ["api/read"], "Resources": [RESOURCE],
            "RequestedTokenType": "ACCESS_TOKEN"})
    );
    assert_eq!(request.header("content-type"), Some("application/x-amz-json-1.1"));
    for header in ["authorization", "x-amz-date", "x-amz-security-token"] {
        assert_eq!(request.header(header), None);
    }
    let names: Vec<&str> = first.as_object().unwrap().keys().map(String::as_str).collect();
    let wanted =
        ["access_token", "issued_token_type", "token_type", "expires_in", "expires_at", "scope", "source", "profile"];
    assert_eq!(names, wanted);
    assert_eq!(first["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    let of = |name: &str| first[name].as_str().unwrap();
    assert_eq!([of("token_type"), of("scope"), of("source"), of("profile")], ["Bearer", "api/read", "network", "ws"]);
    let again = exchange(&home, &args).run().ok().json();
    assert_eq!((&again["source"], &again["access_token"]), (&json!("cache"), &first["access_token"]));
    // For something else, or somebody else, it is another token.
    for (number, other) in [
        &["--as", "user", "--actor", "agent", "--resource", "https://other.example.com"][..],
        &["--as", "user", "--actor", "agent", "--audience", "billing"],
        &["--as", "user", "--resource", RESOURCE],
        &["--as", "user", "--actor", "agent", "--resource", RESOURCE],
        &["-p", "agent", "--as", "m2m"],
    ]
    .into_iter()
    .enumerate()
    {
        exchange(&home, other).run().ok().quiet();
        assert_eq!(derived(&server).len(), 2 + number, "{other:?}");
    }
    exchange(&home, &args).arg("--force-refresh").run().ok();
    assert_eq!(derived(&server).len(), 7);
    let shown = exchange(&home, &args[..6]).run();
    let chain = home.cogtok(["token", "inspect", "-"]).stdin(&shown.ok().stdout).run();
    chain.ok().stdout_has(&format!("actor              sub {AGENT}, client_id {AGENT}"));
}

#[test]
fn a_token_on_standard_input_is_exchanged_by_the_machines_client_in_each_form() {
    let server = cognito();
    let home = home_at(&server);
    let subject = subject();
    let plain = of_stdin(&home, &format!("{subject}\n"), &[]).run();
    let token = plain.ok().quiet().line().to_owned();
    let sent = derived(&server)[0].json();
    let asked = json!({"ClientId": AGENT, "ClientSecret": SECRET, "SubjectToken": subject, "SubjectTokenType": "ACCESS_TOKEN",
        "RequestedTokenType": "ACCESS_TOKEN"});
    assert_eq!(sent, asked);
    of_stdin(&home, &subject, &["--header"]).run().ok().stdout_is(&format!("Authorization: Bearer {token}\n"));
    let exported = of_stdin(&home, &subject, &["--export"]).run();
    exported.ok().stdout_has(&format!("export COGTOK_ACCESS_TOKEN='{token}';"));
    assert_eq!(derived(&server).len(), 1);
    // RFC 8693 calls what was issued the access token, whatever it is.
    let id = of_stdin(&home, &subject, &["--requested-token-type", "id_token", "--json"]).run().ok().json();
    assert_eq!(
        (&id["issued_token_type"], &id["token_type"]),
        (&json!("urn:ietf:params:oauth:token-type:id_token"), &json!("N_A"))
    );
    let exported = of_stdin(&home, &subject, &["--requested-token-type", "id_token", "--export"]).run();
    exported.ok().stdout_has(&format!("export COGTOK_ID_TOKEN='{}';", id["access_token"].as_str().unwrap()));
    assert_eq!(derived(&server).len(), 2);
    // An ID token says that it is one; other types and providers are named.
    let id_token = jwt(&json!({"sub": "alice", "token_use": "id", "aud": CLIENT, "jti": unique("jti")}));
    of_stdin(&home, &id_token, &[]).run().ok();
    assert_eq!(derived(&server)[2].json()["SubjectTokenType"], "ID_TOKEN");
    let uri = "urn:ietf:params:oauth:token-type:saml2";
    of_stdin(&home, "PHNhbWw+", &["--subject-token-type", uri, "--subject-provider", "Corp"]).run().ok();
    let sent = derived(&server)[3].json();
    assert_eq!((&sent["SubjectTokenType"], &sent["SubjectTokenProviderName"]), (&json!("SAML2"), &json!("Corp")));
    let shown = of_stdin(&home, &subject, &["--no-cache", "-vv"]).run();
    shown.ok().stderr_has("GetDerivedToken").stderr_has("\"ClientSecret\":\"[redacted]\"").stderr_lacks(&subject);
    let user = exchange(&home, &["-p", "ws", "--as", "user", "--client", "user"]).run();
    user.ok();
    exchange(&home, &["-p", "ws", "--client", "m2m"]).run().code(3).stderr_has("`m2m.client_id` is not set");
}

#[test]
fn any_number_of_callers_with_the_same_token_make_one_request() {
    let server = Server::start(|request| answered(&issued(request)).delay(std::time::Duration::from_millis(300)));
    let home = home_at(&server);
    let (one, other) = (subject(), subject());
    let outputs = herd((0..12).map(|_| of_stdin(&home, &one, &["--resource", RESOURCE])));
    let first = outputs[0].ok().stdout.clone();
    outputs.iter().for_each(|output| {
        output.ok().stdout_is(&first);
    });
    assert_eq!(server.hits(), 1);
    // Only who has the token gets what was issued for it.
    assert_ne!(of_stdin(&home, &other, &["--resource", RESOURCE]).run().ok().stdout, first);
    assert_eq!(server.hits(), 2);
    let listed = home.cogtok(["cache", "list", "--json"]).run().ok().json();
    let kinds: Vec<&Value> = listed.as_array().unwrap().iter().map(|entry| &entry["kind"]).collect();
    assert_eq!(kinds, [&json!("exchange"), &json!("exchange")]);
    assert_eq!((&listed[0]["profiles"], &listed[0]["client_id"]), (&json!(["agent"]), &json!(AGENT)));
    for text in home.cache_files().values().map(|bytes| String::from_utf8_lossy(bytes).into_owned()) {
        assert!(
            !text.contains(&one) && !text.contains(&other),
            "the cache knows what was exchanged only by its digest"
        );
    }
    home.cogtok(["cache", "clear", "-p", "agent"]).run().ok();
    assert_eq!(home.cogtok(["cache", "list", "--json"]).run().ok().json(), json!([]));
}

#[test]
fn each_refusal_has_its_exit_code_and_advice_and_is_not_repeated() {
    for (code, message, exit, says) in [
        ("NotAuthorizedException", "Token is not valid", 4, "ALLOW_TOKEN_EXCHANGE_IMPERSONATION"),
        ("NotAuthorizedException", "Invalid client or secret", 4, "belong together"),
        (
            "InvalidParameterException",
            "Token exchange is not enabled for the client",
            3,
            "ALLOW_TOKEN_EXCHANGE_DELEGATION",
        ),
        ("ResourceNotFoundException", "User pool client does not exist.", 3, "app client id"),
        ("UserNotFoundException", "User does not exist.", 4, "no longer has the user"),
        ("OperationNotEnabledException", "", 1, "Region"),
        ("ForbiddenException", "", 4, "firewall"),
        ("UserLambdaValidationException", "no", 4, "Lambda"),
        ("UnknownOperationException", "", 1, "endpoint_url"),
        ("MissingAuthenticationTokenException", "", 3, "without AWS credentials"),
        ("AccessDeniedException", "no", 4, "policy or a firewall"),
    ] {
        let server = Server::always(Answer::aws_error(code, message));
        let home = home_at(&server);
        let output = of_stdin(&home, &subject(), &[]).run();
        output.code(exit).stderr_has(&format!("GetDerivedToken was refused: {code}")).stderr_has(says);
        output.stderr_lacks("--aws-profile");
        assert_eq!(server.hits(), 1, "{code}");
    }
    let busy = Answer::aws_error("TooManyRequestsException", "Rate exceeded");
    let server = Server::always(busy);
    of_stdin(&home_at(&server), &subject(), &[]).run().code(6).stderr_has("throttling");
    assert!(server.hits() > 1, "throttling passes");
}

#[test]
fn an_answer_that_is_not_what_was_asked_for_is_not_used() {
    for (change, says) in [
        (json!({"IssuedTokenType": "ID_TOKEN"}), "of another type than access_token"),
        (json!({"IssuedTokenType": null}), "of another type than access_token"),
        (json!({"TokenType": "N_A"}), "of another type than Bearer"),
        (json!({"IssuedToken": ""}), "outside RFC 6750"),
        (json!({"IssuedToken": "a;b"}), "outside RFC 6750"),
    ] {
        let changed = change.clone();
        let server = Server::start(move |request| {
            let mut body = issued(request);
            for (name, value) in changed.as_object().unwrap() {
                body[name] = value.clone();
            }
            answered(&body).unlike_aws()
        });
        let home = home_at(&server);
        of_stdin(&home, &subject(), &[]).run().code(6).stderr_has("GetDerivedToken").stderr_has(says).stdout_is("");
        assert!(home.cache_files().keys().all(|path| path.extension().is_none_or(|it| it != "json")), "{change}");
    }
    // Fewer scopes than were asked for are a warning.
    let server = cognito();
    let output = of_stdin(&home_at(&server), &subject(), &["--scope", "api/read api/write"]).run();
    output.ok().stderr_has("lacks scopes that you requested: api/write");
}

#[test]
fn what_can_not_be_asked_is_told_before_anything_is_sent() {
    let server = Server::canary();
    let home = home_at(&server);
    let token = subject();
    let typed = exchange(&home, &["--subject-token", &token]).run();
    typed.code(2).stderr_has("takes only `-`").stderr_lacks(&token);
    for (args, says) in [
        (&["--audience", "a", "--resource", "b"][..], "cannot be used with"),
        (&["--subject-token", "-", "--as", "user"], "cannot be used with"),
        (&["--subject-token-type", "jwt", "--subject-token", "-"], "is not a token type"),
        (&["--requested-token-type", "saml2", "--subject-token", "-"], "can't issue"),
        (&["--resource", "a b", "--subject-token", "-"], "no audience or resource"),
        (&["--subject-token-type", "saml2"], "the profile's own token is no saml2"),
        (&["--as", "m2m", "--subject-token-type", "id_token"], "no ID token"),
        (&["--scope", "", "--subject-token", "-"], "`--scope` is empty"),
        (&["--client", "somebody", "--subject-token", "-"], "is not a token owner"),
    ] {
        exchange(&home, args).stdin(&token).run().code(2).stderr_has(says);
    }
    exchange(&home, &["--actor", "nobody"]).run().code(3).stderr_has("no profile `nobody`");
    server.assert_untouched();
}

#[test]
fn a_secret_is_not_sent_to_another_address_than_it_was_stored_for() {
    let (domain, elsewhere, keyring) = (cognito(), Server::canary(), Keyring::start());
    let home = home_at(&domain);
    home.cogtok(["secret", "set", "m2m-client", "-p", "agent"]).stdin(SECRET).keyring(&keyring).run().ok();
    let run = |args: &[&str]| {
        let words = ["token", "exchange", "-p", "agent", "--subject-token", "-"];
        home.cogtok(words).args(args).stdin(subject()).keyring(&keyring)
    };
    run(&[]).run().ok();
    assert_eq!(derived(&domain)[0].json()["ClientSecret"], SECRET);
    let output = run(&["--endpoint-url", &elsewhere.url()]).run();
    output.code(3).stderr_has("was stored for").stderr_has("not sent there");
    elsewhere.assert_untouched();
}

#[test]
fn the_library_exchanges_once_for_all_tasks_and_shares_the_programs_cache() {
    let (server, keyring) = (cognito(), Keyring::start());
    let home = home_at(&server);
    home.cogtok(["secret", "set", "m2m-client", "-p", "agent"]).stdin(SECRET).keyring(&keyring).run().ok();
    let subject = subject();
    let program = built("on_behalf");
    let run = || home.program(&program, ["agent", RESOURCE]).stdin(format!("{subject}\n")).keyring(&keyring).run();
    let first = run().ok().quiet().stdout.clone();
    assert!(first.starts_with("50 tasks, 1 token\n"), "{first}");
    assert_eq!(derived(&server).len(), 1);
    let sent = derived(&server)[0].json();
    assert_eq!((&sent["ClientId"], &sent["ClientSecret"]), (&json!(AGENT), &json!(SECRET)));
    run().ok().stdout_is(&first);
    let args = ["--actor", "agent", "--resource", RESOURCE];
    let same = of_stdin(&home, &subject, &args).run();
    assert!(first.ends_with(&same.ok().stdout), "{first}");
    assert_eq!(derived(&server).len(), 1);
}

#[test]
fn the_commands_of_the_page_run() {
    let server = cognito();
    let home = home_of_shells(&server);
    let blocks = page::blocks("docs/agents.md");
    let block = blocks.iter().find(|block| block.mark("run by ").is_some()).unwrap();
    for (line, command) in block.commands() {
        let run = home.program("bash", ["-o", "pipefail", "-c", command.as_str()]).env("PATH", path_with_cogtok());
        let run = run.env("COGTOK_PASSWORD", PASSWORD).env("COGTOK_M2M_CLIENT_SECRET", SECRET).run();
        run.ok().check(!run.stdout.is_empty(), &format!("line {line}"));
    }
}
