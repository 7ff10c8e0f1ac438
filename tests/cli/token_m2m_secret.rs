//! `cogtok token m2m`: where the client secret comes from.

use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::verify::verify;
use crate::harness::workshop::SCOPES;
use crate::harness::{Answer, Home, Keyring, Proxy, Run, Server, m2m_jwt, unique, workshop};
use serde_json::{Value, json};

const WRONG: &str = "wrong-secret-of-the-environment";

/// Takes the one right secret, in either way of authenticating.
fn strict() -> Server {
    let right = "Basic c2NyaXB0ZWQlMkJjbGllbnQ6c2NyaXB0ZWQlMkZzZWNyZXQlMkJjYW5hcnklM0Q0Mg==";
    Server::start(move |request| match request.header("authorization") {
        Some(given) if given == right => Answer::token(&m2m_jwt(CLIENT, "api/read api/write")),
        _ => Answer::json(400, &json!({"error": "invalid_client"})),
    })
}

/// Stores a secret in the local Secrets Manager; gives the ARN.
fn store(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), String::from);
    let body = json!({"Name": unique("m2m"), "SecretString": text});
    workshop().ministack.admin("secretsmanager.CreateSecret", &body)["ARN"].as_str().unwrap().to_string()
}

/// The workshop's client as one bundle whose token endpoint is behind `proxy`.
fn bundle(proxy: &Proxy, scopes: &Value) -> Value {
    let client = &workshop().m2m;
    json!({"client_id": client.id, "client_secret": client.secret, "token_url": proxy.token_url(), "scopes": scopes})
}

/// AWS credentials, and every AWS API behind `proxy`.
trait Through: Sized {
    fn through(self, proxy: &Proxy) -> Self;
}

impl Through for Run<'_> {
    fn through(self, proxy: &Proxy) -> Self {
        self.aws().env("AWS_ENDPOINT_URL", proxy.url()).canary(workshop().m2m_secret())
    }
}

#[test]
fn standard_input_comes_before_the_environment() {
    let (home, server) = (Home::new(), strict());
    home.scripted_profile(&server.token_url());
    home.canary(WRONG);
    for typed in [SECRET.to_string(), format!("{SECRET}\n"), format!("{SECRET}\r\n")] {
        let run = home.cogtok(["token", "m2m", "--no-cache", "--client-secret-stdin"]).stdin(typed);
        run.env("COGTOK_M2M_CLIENT_SECRET", WRONG).run().ok().quiet();
    }
    let plain = || home.cogtok(["token", "m2m", "--no-cache"]);
    plain().env("COGTOK_M2M_CLIENT_SECRET", SECRET).run().ok().quiet();
    let refused = plain().env("COGTOK_M2M_CLIENT_SECRET", WRONG).run();
    refused
        .code(4)
        .stderr_has("invalid_client")
        .stderr_has("comes from COGTOK_M2M_CLIENT_SECRET")
        .stderr_lacks("secret set");
    let refused = plain().arg("--client-secret-stdin").stdin(WRONG).env("COGTOK_M2M_CLIENT_SECRET", SECRET).run();
    refused.code(4).stderr_has("came from standard input").stderr_lacks("secret set").stderr_lacks("COGTOK_M2M");
    assert_eq!(server.hits(), 6);
}

#[test]
fn a_refused_secret_is_told_with_where_it_came_from() {
    let (home, server, keyring) = (Home::new(), strict(), Keyring::start());
    home.scripted_profile(&server.token_url());
    home.canary(WRONG);
    home.cogtok(["secret", "set", "m2m-client"]).keyring(&keyring).stdin(WRONG).run().ok();
    let refused = home.cogtok(["token", "m2m"]).keyring(&keyring).run();
    refused.code(4).stderr_has("comes from the keyring: `cogtok secret set m2m-client -p ws` replaces it");
    refused.stderr_lacks("COGTOK_M2M");
    // A saved password.
    let (workshop, home) = (workshop(), Home::new());
    home.workshop_profile(workshop);
    let email = workshop.user("Correct-Horse-7-Battery");
    let save = home.cogtok(["secret", "set", "password", "--username", &email]).keyring(&keyring);
    save.stdin("Wrong-Horse-7-Battery").canary_password("Wrong-Horse-7-Battery").run().ok();
    let refused = home.cogtok(["token", "user", "--username", &email]).keyring(&keyring).run();
    let command = format!("`cogtok secret set password -p ws --username {email}` replaces it");
    refused.code(4).stderr_has("the password comes from the keyring").stderr_has(&command);
    let given = home.cogtok(["token", "user", "--username", &email, "--password-stdin"]).keyring(&keyring);
    given
        .stdin("Wrong-Horse-7-Battery")
        .run()
        .code(4)
        .stderr_has("came from standard input")
        .stderr_lacks("secret set");
}

#[test]
fn what_cannot_be_a_secret_on_standard_input_is_a_usage_error_that_repeats_nothing() {
    let (home, server) = (Home::new(), strict());
    home.scripted_profile(&server.token_url());
    for (typed, why) in [
        (b"".to_vec(), "empty"),
        (b"\n".to_vec(), "empty"),
        (b"hunter2\0hunter2".to_vec(), "NUL"),
        (b"hunter2\xff".to_vec(), "UTF-8"),
        (vec![b'h'; 70_000], "larger than 65536 bytes"),
    ] {
        let output = home.cogtok(["token", "m2m", "--client-secret-stdin"]).stdin(typed).run();
        output.code(2).stderr_has(why).stderr_lacks("hunter2").stderr_lacks("hhh");
    }
    insta::assert_snapshot!(home.cogtok(["token", "m2m", "--client-secret-stdin"]).redirect("<&-").run().message(), @"
    exit 2
    error: standard input: the secret is empty (profile `ws`)
    hint: nothing came: check that the variable, the file or the command in the pipe gives something
    ");
    for option in ["--client-secret=hunter2", "--client-secret"] {
        let output = home.cogtok(["token", "m2m", option, "hunter2"]).run();
        output.code(2).stderr_has("--client-secret-stdin").stderr_lacks("hunter2");
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn without_any_secret_and_terminal_a_human_is_needed_and_every_way_is_named() {
    let (home, server) = (Home::new(), strict());
    home.scripted_profile(&server.token_url());
    let output = home.cogtok(["token", "m2m"]).run();
    output.code(5).stderr_has("scripted+client").stderr_has("profile `ws`");
    for way in ["cogtok secret set m2m-client -p ws", "COGTOK_M2M_CLIENT_SECRET", "--client-secret-stdin"] {
        output.stderr_has(way);
    }
    server.assert_untouched();
}

#[test]
fn the_keyrings_secret_is_used_and_the_keyring_is_left_alone_by_a_cached_token() {
    let (home, server, keyring) = (Home::new(), strict(), Keyring::start());
    home.scripted_profile(&server.token_url());
    home.cogtok(["secret", "set", "m2m-client", "-p", "ws"]).stdin(SECRET).keyring(&keyring).run().ok();
    let token = home.cogtok(["token", "m2m"]).keyring(&keyring).run();
    token.ok().quiet();
    keyring.stop();
    home.cogtok(["token", "m2m"]).keyring(&keyring).run().ok().quiet().stdout_is(&token.stdout);
    keyring.cont();
    let wrong = home.cogtok(["token", "m2m", "--no-cache"]).keyring(&keyring);
    wrong.canary(WRONG).env("COGTOK_M2M_CLIENT_SECRET", WRONG).run().code(4);
    assert_eq!(server.hits(), 2);
}

#[test]
fn an_arn_is_all_that_a_fresh_home_needs_and_costs_two_requests() {
    let (home, workshop) = (Home::new(), workshop());
    let proxy = Proxy::new(&workshop.endpoint);
    for scopes in [json!(SCOPES.join(" ")), json!(SCOPES)] {
        let arn = store(&bundle(&proxy, &scopes));
        let before = proxy.log().len();
        let run = || home.cogtok(["token", "m2m", "--secret-arn", &arn]);
        let cold = run().through(&proxy).run();
        let claims = verify(cold.ok().quiet().line(), workshop);
        assert_eq!(claims["client_id"], json!(workshop.m2m.id));
        let mut granted: Vec<_> = claims["scope"].as_str().unwrap().split(' ').collect();
        granted.sort_unstable();
        assert_eq!(granted, SCOPES, "{scopes}");
        assert_eq!(proxy.log()[before..], ["GetSecretValue", "/oauth2/token"]);
        let warm = run().env("AWS_ENDPOINT_URL", proxy.url()).run();
        warm.ok().quiet().stdout_is(&cold.stdout);
        assert_eq!(proxy.log().len(), before + 2, "a cached token needs no AWS credentials either");
    }
    let arn = store(&bundle(&proxy, &json!(SCOPES)));
    let narrower = home.cogtok(["token", "m2m", "--scope", SCOPES[0], "--secret-arn", &arn]).through(&proxy).run();
    assert_eq!(verify(narrower.ok().quiet().line(), workshop)["scope"], SCOPES[0], "--scope wins over the secret's");
}

#[test]
fn a_bare_secret_goes_with_the_profiles_client_and_the_profile_may_name_the_arn() {
    let (home, workshop) = (Home::new(), workshop());
    let proxy = Proxy::new(&workshop.endpoint);
    home.profile("ws", workshop, &proxy.url(), &proxy.token_url());
    let set = ["profile", "set", "ws", "m2m.secret_arn", &workshop.secret_arn_bare];
    home.cogtok(set).run().ok();
    let output = home.cogtok(["token", "m2m"]).aws().run();
    assert_eq!(verify(output.ok().quiet().line(), workshop)["client_id"], json!(workshop.m2m.id));
    assert_eq!(proxy.log(), ["GetSecretValue", "/oauth2/token"]);

    let given = home.cogtok(["token", "m2m", "--no-cache", "--client-secret-stdin"]).stdin(workshop.m2m_secret());
    given.run().ok().quiet();
    home.cogtok(["token", "m2m", "--no-cache"]).m2m_secret(workshop).run().ok().quiet();
    assert_eq!(proxy.count("GetSecretValue"), 1, "a secret at hand comes before the ARN");

    let alone = Home::new();
    let output = alone.cogtok(["token", "m2m", "--secret-arn", &workshop.secret_arn_bare]).through(&proxy).run();
    output.code(3).stderr_has("m2m.client_id").stderr_has("--client-id");
}

#[test]
fn a_secret_for_another_client_or_endpoint_than_the_profiles_is_not_sent() {
    let (home, workshop) = (Home::new(), workshop());
    let (proxy, canary) = (Proxy::new(&workshop.endpoint), Server::canary());
    let arn = store(&bundle(&proxy, &json!(SCOPES)));
    let run = |args: &[&str]| home.cogtok(["token", "m2m", "--secret-arn", &arn]).args(args).through(&proxy).run();
    let other_client = run(&["--client-id", "another"]);
    other_client.code(3).stderr_has("another").stderr_has(&workshop.m2m.id).stderr_has("is for client");
    let other_url = run(&["--token-url", &canary.token_url()]);
    other_url.code(3).stderr_has(&canary.token_url()).stderr_has(&proxy.token_url());
    canary.assert_untouched();
    assert_eq!(proxy.count("/oauth2/token"), 0);
    run(&["--client-id", &workshop.m2m.id, "--token-url", &proxy.token_url()]).ok().quiet();

    home.profile("ws", workshop, &proxy.url(), &canary.token_url());
    run(&["-p", "ws"]).code(3).stderr_has("cogtok profile create");
    canary.assert_untouched();
}

#[test]
fn a_secret_of_another_shape_or_none_is_a_configuration_error_without_its_content() {
    let (home, workshop) = (Home::new(), workshop());
    let proxy = Proxy::new(&workshop.endpoint);
    let missing = workshop.secret_arn.replace("m2m-credentials", "no-such-secret");
    let plain_http = json!({"client_id": "c", "client_secret": "hunter2!", "token_url": "http://evil.example/t"});
    home.canary("hunter2!");
    for (arn, says) in [
        (workshop.secret_arn_other.clone(), "has no `client_secret`"),
        (store(&json!("{\"client_secret\": \"hunter2!\"")), "neither JSON nor a bare string"),
        (store(&json!(["hunter2!"])), "JSON list"),
        (store(&json!({"client_secret": 7, "client_id": "hunter2!"})), "`client_secret` is not a string"),
        (store(&json!({"client_secret": "hunter2!", "scopes": [7]})), "`scopes` is not a list of strings"),
        (store(&json!({"client_secret": "hunter2!", "scopes": {}})), "`scopes` is neither a string nor a list"),
        (store(&plain_http), "plain http"),
        (missing, "ResourceNotFoundException"),
    ] {
        let output = home.cogtok(["token", "m2m", "--secret-arn", &arn]).through(&proxy).run();
        output.code(3).stderr_has(says);
    }
    assert_eq!((proxy.count("/oauth2/token"), proxy.log().len()), (0, 8), "no such answer is asked for twice");
}

#[test]
fn aws_credentials_that_are_missing_or_not_allowed_have_their_own_code() {
    let (home, workshop) = (Home::new(), workshop());
    let denied = ["AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException"];
    let proxy = Proxy::new(&workshop.endpoint);
    let run = || {
        home.cogtok(["token", "m2m", "--secret-arn", &workshop.secret_arn]).timeout(std::time::Duration::from_secs(4))
    };
    let none = run().env("AWS_ENDPOINT_URL", proxy.url()).run();
    none.code(9).stderr_has("GetSecretValue").stderr_has("none that cogtok can use").stderr_has("--aws-profile");
    assert!(proxy.log().is_empty());
    for code in denied {
        let server = Server::always(Answer::aws_error(code, "you may not"));
        let output = run().aws().env("AWS_ENDPOINT_URL", server.url()).run();
        output.code(9).stderr_has(code);
        assert_eq!(server.hits(), 1, "{code}");
    }
}

/// Options, variables, and the profile's `endpoint_url`.
type Row<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a str);

#[test]
fn the_endpoint_of_secrets_manager_follows_its_order() {
    let workshop = workshop();
    let (right, canary) = (Proxy::new(&workshop.endpoint), Server::canary());
    let (url, service, any) = (right.url(), "AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL");
    let wrong = canary.url();
    let profile = |home: &Home, endpoint: &str| {
        home.config(&format!(
            "[profiles.ws]\nendpoint_url = \"{endpoint}\"\n\n[profiles.ws.m2m]\nsecret_arn = \"x\"\n"
        ));
    };
    let rows: [Row; 4] = [
        (&["--endpoint-url", &url], &[(service, &wrong), (any, &wrong)], &wrong),
        (&[], &[(service, &url), (any, &wrong)], &wrong),
        (&[], &[(any, &url)], &wrong),
        (&[], &[], &url),
    ];
    for (args, env, in_profile) in rows {
        let home = Home::new();
        profile(&home, in_profile);
        let run = home.cogtok(["token", "m2m", "-p", "ws", "--secret-arn", &workshop.secret_arn]).args(args).aws();
        let run = env.iter().fold(run, |run, (name, value)| run.env(name, value));
        run.run().ok();
        canary.assert_untouched();
    }
    assert_eq!(right.count("GetSecretValue"), 4);
}
