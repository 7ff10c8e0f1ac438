//! `token m2m --transport api`: GetClientToken, for pools without a domain. The local Cognito has no such operation, so a
//! scripted server answers as AWS documents it.

use crate::harness::scripted::CLIENT;
use crate::harness::{Answer, Home, Run, Server, herd, m2m_jwt, unique, workshop};
use serde_json::{Value, json};

/// A client secret as AWS's model of GetClientToken has it: letters, digits, `_` and `+`.
const SECRET: &str = "scripted_secret+canary42";

fn granted() -> Answer {
    answer(&json!({"AccessToken": m2m_jwt(CLIENT, "api/read api/write"), "ExpiresIn": 3600, "TokenType": "Bearer"}))
}

fn answer(result: &Value) -> Answer {
    Answer::new(200, "application/x-amz-json-1.1", json!({"ClientAuthenticationResult": result}).to_string())
}

/// A profile of a pool without a domain, its API at this server.
fn home_at(server: &Server) -> Home {
    let home = Home::new();
    home.canary(SECRET);
    home.config(&format!(
        "default_profile = \"ws\"\n[profiles.ws]\nuser_pool_id = \"eu-west-1_NoDomain\"\nendpoint_url = \"{}\"\n\
         [profiles.ws.m2m]\nclient_id = \"{CLIENT}\"\nscopes = [\"api/write\", \"api/read\"]\n",
        server.url()
    ));
    home
}

fn m2m<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["token", "m2m"]).args(args).env("COGTOK_M2M_CLIENT_SECRET", SECRET)
}

#[test]
fn without_an_endpoint_the_api_is_asked_once_unsigned() {
    let server = Server::start(|_| granted());
    let home = home_at(&server);
    // Credentials are there, and are not for this.
    let first = m2m(&home, &["-v"]).aws().run();
    first.ok().stderr_has("no token endpoint is known, so GetClientToken is used").stderr_has(&server.url());
    let requests = server.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/"));
    assert_eq!(request.header("x-amz-target"), Some("AWSCognitoIdentityProviderService.GetClientToken"));
    assert_eq!(request.header("content-type"), Some("application/x-amz-json-1.1"));
    for header in ["authorization", "x-amz-date", "x-amz-security-token"] {
        assert_eq!(request.header(header), None);
    }
    assert_eq!(request.json(), json!({"ClientId": CLIENT, "Secret": SECRET, "Scopes": ["api/read", "api/write"]}));
    let cached = m2m(&home, &["--json"]).run().ok().json();
    assert_eq!((&cached["source"], &cached["scope"]), (&json!("cache"), &json!("api/read api/write")));
    assert_eq!(format!("{}\n", cached["access_token"].as_str().unwrap()), first.stdout);
    assert_eq!(server.hits(), 1);
    let vv = m2m(&home, &["--force-refresh", "-vv"]).run();
    vv.ok()
        .stderr_has("GetClientToken")
        .stderr_has("\"Secret\":\"[redacted]\"")
        .stderr_has("\"AccessToken\":\"[redacted]\"");
    home.config(
        &std::fs::read_to_string(home.config_file()).unwrap().replace("scopes = [\"api/write\", \"api/read\"]\n", ""),
    );
    m2m(&home, &[]).run().ok();
    assert_eq!(server.requests()[2].json(), json!({"ClientId": CLIENT, "Secret": SECRET}));
}

#[test]
fn a_known_endpoint_comes_first_and_the_transport_can_be_named() {
    let endpoint = Server::always(Answer::token(&m2m_jwt(CLIENT, "api/read api/write")));
    let api = Server::start(|_| granted());
    let home = home_at(&api);
    let url = endpoint.token_url();
    let count = || (endpoint.hits(), api.hits());
    m2m(&home, &["--token-url", &url]).run().ok();
    assert_eq!(count(), (1, 0));
    m2m(&home, &["--token-url", &url, "--transport", "api"]).run().ok();
    assert_eq!(count(), (1, 1), "another way is another token");
    for args in
        [&["--token-url", &url][..], &["--token-url", &url, "--transport", "endpoint"], &[], &["--transport=api"]]
    {
        assert_eq!(m2m(&home, args).args(["--json"]).run().ok().json()["source"], "cache", "{args:?}");
    }
    home.cogtok(["profile", "set", "ws", "m2m.token_url", &url]).run().ok();
    m2m(&home, &["--no-cache"]).run().ok();
    assert_eq!(count(), (2, 1));
    home.cogtok(["profile", "set", "ws", "m2m.transport", "api"]).run().ok();
    m2m(&home, &["--no-cache"]).run().ok();
    m2m(&home, &["--no-cache"]).env("COGTOK_TRANSPORT", "endpoint").run().ok();
    assert_eq!(count(), (3, 2));
    insta::assert_snapshot!(m2m(&home, &["--transport", "pigeon"]).run().message(), @"
    exit 2
    error: `pigeon` is not a transport: use one of auto, endpoint, api (profile `ws`)
    ");
    home.cogtok(["profile", "set", "ws", "m2m.transport", "pigeon"]).run().code(2);
    home.cogtok(["profile", "set", "ws", "domain", &endpoint.url()]).run().ok();
    home.config(
        &std::fs::read_to_string(home.config_file())
            .unwrap()
            .replace(&format!("token_url = \"{url}\"\n"), "")
            .replace("transport = \"api\"\n", ""),
    );
    m2m(&home, &["--no-cache"]).run().ok();
    assert_eq!(count(), (4, 2), "a domain is an endpoint");
}

#[test]
fn what_is_missing_is_told_before_anything_is_sent() {
    let api = Server::canary();
    let home = home_at(&api);
    insta::assert_snapshot!(m2m(&home, &["--transport", "endpoint"]).run().message(), @"
    exit 3
    error: `m2m.token_url` is not set (profile `ws`)
    hint: run `cogtok profile set ws m2m.token_url VALUE`, or add `--token-url VALUE`
    ");
    home.config(&format!("default_profile = \"ws\"\n[profiles.ws.m2m]\nclient_id = \"{CLIENT}\"\n"));
    insta::assert_snapshot!(m2m(&home, &[]).run().message(), @"
    exit 3
    error: `m2m.token_url` is not set (profile `ws`)
    hint: run `cogtok profile set ws m2m.token_url VALUE`, or add `--token-url VALUE`
    ");
    // What AWS tools happen to use is no reason to send a secret there.
    m2m(&home, &[]).env("AWS_REGION", "eu-west-1").run().code(3).stderr_has("`m2m.token_url` is not set");
    insta::assert_snapshot!(m2m(&home, &["--transport", "api"]).run().message(), @"
    exit 3
    error: no Region is known (profile `ws`)
    hint: add `--region REGION`
    ");
    m2m(&home, &["--transport", "api", "--region", "a/b"]).run().code(2);
    insta::assert_snapshot!(home.cogtok(["token", "m2m", "--transport", "api", "--region", "eu-west-1"]).run().message(), @"
    exit 5
    error: the secret of client scripted+client is needed, and there is no terminal to ask at (profile `ws`)
    hint: store it once: cogtok secret set m2m-client -p ws --region eu-west-1; or set COGTOK_M2M_CLIENT_SECRET, or add `--client-secret-stdin`
    ");
    api.assert_untouched();
}

#[test]
fn each_refusal_has_its_exit_code_and_is_not_repeated() {
    for (code, message, exit, says) in [
        ("NotAuthorizedException", "Invalid client or secret", 4, "a client may have two secrets"),
        ("NotAuthorizedException", "Invalid client or secret", 4, "comes from COGTOK_M2M_CLIENT_SECRET"),
        (
            "InvalidParameterException",
            "Client does not support ALLOW_CLIENT_TOKEN_AUTH flow",
            3,
            "ALLOW_CLIENT_TOKEN_AUTH",
        ),
        ("ResourceNotFoundException", "User pool client scripted does not exist.", 3, "app client id"),
        ("com.amazonaws.cognito#ResourceNotFoundException", "no", 3, "app client id"),
        ("OperationNotEnabledException", "", 1, "Region"),
        ("UnknownOperationException", "", 1, "endpoint_url"),
        ("MissingAuthenticationTokenException", "Missing Authentication Token", 3, "m2m.token_url"),
        ("ForbiddenException", "WAF", 4, ""),
        ("NeverHeardOf", "because of reasons", 1, "because of reasons"),
    ] {
        // Some come from what is before the service, and one from nowhere.
        let server = Server::script([Answer::aws_error(code, message).unlike_aws()]);
        let home = home_at(&server);
        let output = m2m(&home, &[]).run();
        output.code(exit).stderr_has("GetClientToken was refused").stderr_has(says);
        output.stderr_has("(profile `ws`)");
        assert_eq!(server.hits(), 1, "{code}");
    }
    // A server that repeats the secret is not repeated.
    let server =
        Server::always(Answer::aws_error("NotAuthorizedException", &format!("Invalid client or secret {SECRET}")));
    insta::assert_snapshot!(m2m(&home_at(&server), &[]).run().message(), @"
    exit 4
    error: GetClientToken was refused: NotAuthorizedException: Invalid client or secret [redacted] (profile `ws`)
    hint: check that client id, client secret and Region belong together; a client may have two secrets, and this may be the one that was deleted
    hint: the client secret comes from COGTOK_M2M_CLIENT_SECRET, which overrides a stored one: correct the variable, or unset it
    ");
}

#[test]
fn throttling_and_failures_of_the_service_are_tried_again() {
    let busy = |status: u16| Answer::new(status, "text/html", "busy");
    let rows = [
        ("throttled", vec![Answer::aws_error("TooManyRequestsException", "Rate exceeded")]),
        ("internal error", vec![Answer::aws_error("InternalErrorException", "no")]),
        ("500", vec![busy(500), busy(503)]),
        ("closed", vec![Answer::close()]),
    ];
    std::thread::scope(|threads| {
        for (name, mut answers) in rows {
            threads.spawn(move || {
                let wanted = answers.len() + 1;
                // A service's own fault has its status.
                if name == "internal error" {
                    let body = json!({"__type": "InternalErrorException", "message": "no"}).to_string();
                    answers = vec![Answer::new(500, "application/x-amz-json-1.1", body)];
                }
                answers.push(granted());
                let server = Server::script(answers);
                m2m(&home_at(&server), &[]).run().ok();
                assert_eq!(server.hits(), wanted, "{name}");
            });
        }
    });
    let server = Server::always(busy(503));
    m2m(&home_at(&server), &[]).run().code(6);
    assert_eq!(server.hits(), 4);
}

#[test]
fn an_answer_that_is_no_token_is_exit_6_and_nothing_is_kept() {
    for result in [
        json!({"AccessToken": "a;b", "ExpiresIn": 3600, "TokenType": "Bearer"}),
        json!({"AccessToken": "", "ExpiresIn": 3600, "TokenType": "Bearer"}),
        json!({"ExpiresIn": 3600, "TokenType": "Bearer"}),
        json!({"AccessToken": "token", "ExpiresIn": 3600, "TokenType": "DPoP"}),
        json!({"AccessToken": 7, "ExpiresIn": 3600}),
        json!(null),
    ] {
        let server = Server::always(answer(&result).unlike_aws());
        let home = home_at(&server);
        m2m(&home, &[]).run().code(6).stdout_is("").stderr_has("GetClientToken");
        assert!(home.cogtok(["cache", "list", "--json"]).run().ok().json().as_array().unwrap().is_empty(), "{result}");
    }
    for body in ["", "{}", "[]", "<html>", "{\"ClientAuthenticationResult\":"] {
        let server = Server::always(Answer::new(200, "application/x-amz-json-1.1", body).unlike_aws());
        m2m(&home_at(&server), &[]).run().code(6).stdout_is("");
    }
    // How long it lives may be left out or be nonsense: then it is served, and kept if the token says when it ends.
    for (expires_in, source) in [(json!(0), "cache"), (json!(-1), "cache"), (Value::Null, "cache")] {
        let token = m2m_jwt(CLIENT, "api/read api/write");
        let server = Server::always(answer(&json!({"AccessToken": token, "ExpiresIn": expires_in})).unlike_aws());
        let home = home_at(&server);
        m2m(&home, &[]).run().ok();
        assert_eq!(m2m(&home, &["--json"]).run().ok().json()["source"], source, "{expires_in}");
    }
}

#[test]
fn a_hundred_callers_make_one_request() {
    let server = Server::start(|_| granted().delay(std::time::Duration::from_millis(500)));
    let home = home_at(&server);
    let outputs = herd((0..100).map(|_| m2m(&home, &[])));
    for output in &outputs {
        output.ok().quiet().stdout_is(&outputs[0].stdout);
    }
    assert_eq!(server.hits(), 1);
}

#[test]
fn a_secret_that_was_stored_for_the_endpoint_does_not_go_to_the_api_nor_the_other_way() {
    let endpoint = Server::always(Answer::token(&m2m_jwt(CLIENT, "api/read api/write")));
    let api = Server::start(|_| granted());
    let home = home_at(&api);
    let identity = home.allow(home.path("identity"));
    home.cogtok(["secret", "init"]).arg(&identity).run().ok();
    let run = |args: &[&str]| home.cogtok(args).env("COGTOK_SECRET_IDENTITY", &identity);
    run(&["secret", "set", "m2m-client"]).stdin(SECRET).run().ok();
    run(&["token", "m2m"]).run().ok();
    assert_eq!(api.requests()[0].json()["Secret"], SECRET);
    insta::assert_snapshot!(run(&["token", "m2m", "--token-url", &endpoint.token_url()]).run().message(), @"
    exit 3
    error: the m2m-client secret of client scripted+client was stored for http://127.0.0.1:[port], not for http://127.0.0.1:[port]: it is not sent there (profile `ws`)
    hint: if that is right, store it again for the new address: cogtok secret set m2m-client -p ws --token-url http://127.0.0.1:[port]/oauth2/token
    ");
    endpoint.assert_untouched();
    run(&["secret", "set", "m2m-client", "--token-url", &endpoint.token_url()])
        .stdin("another-secret-of-it")
        .run()
        .ok();
    run(&["token", "m2m", "--token-url", &endpoint.token_url()]).run().ok();
    run(&["token", "m2m", "--force-refresh"]).run().ok();
    assert_eq!(api.requests()[1].json()["Secret"], SECRET);
}

#[test]
fn a_secret_of_secrets_manager_without_a_url_is_for_the_api() {
    let api = Server::start(|_| granted());
    let workshop = workshop();
    let home = Home::new();
    let bundle = json!({"client_id": CLIENT, "client_secret": SECRET, "scopes": "api/read"}).to_string();
    let body = json!({"Name": unique("api"), "SecretString": bundle});
    let arn = workshop.ministack.admin("secretsmanager.CreateSecret", &body)["ARN"].as_str().unwrap().to_string();
    let run = || {
        let run = home.cogtok(["token", "m2m", "--json", "--secret-arn", &arn]).aws().canary(SECRET);
        run.env("AWS_ENDPOINT_URL_SECRETS_MANAGER", &workshop.endpoint)
            .env("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", api.url())
    };
    assert_eq!(run().run().ok().json()["source"], "network");
    assert_eq!(run().run().ok().json()["source"], "cache");
    assert_eq!(api.requests()[0].json(), json!({"ClientId": CLIENT, "Secret": SECRET, "Scopes": ["api/read"]}));
    insta::assert_snapshot!(run().args(["--transport", "endpoint"]).run().message(), @"
    exit 3
    error: `m2m.token_url` is not set
    hint: run `cogtok profile set NAME m2m.token_url VALUE`, or add `--token-url VALUE`
    ");
    assert_eq!(api.hits(), 1);
}

#[test]
fn a_cognito_that_does_not_know_the_operation_is_told_as_that() {
    let home = Home::new();
    home.workshop_profile(workshop());
    let output = home.cogtok(["token", "m2m", "-p", "ws", "--transport", "api"]).m2m_secret(workshop()).run();
    output.check(output.code != Some(0), "ministack has no GetClientToken").stderr_has("GetClientToken");
}
