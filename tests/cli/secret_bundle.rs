//! What a secret of Secrets Manager may hold, and that a file with the same text says the same.

use crate::harness::{Answer, Home, Server, m2m_jwt, unique, workshop};
use crate::import::settings;
use serde_json::{Value, json};

const SECRET: &str = "bundled-secret-canary";

/// A token endpoint that gives what it is asked for.
fn generous() -> Server {
    Server::start(|request| Answer::token(&m2m_jwt("client", &request.form("scope").unwrap_or_default())))
}

fn store(text: &str) -> String {
    let body = json!({"Name": unique("bundle"), "SecretString": text});
    workshop().ministack.admin("secretsmanager.CreateSecret", &body)["ARN"].as_str().unwrap().to_string()
}

#[test]
fn every_door_understands_the_same_names() {
    let server = generous();
    for more in [
        json!({"scope": "api/read", "token_url": server.token_url()}),
        json!({"scopes": ["api/read"], "token_endpoint": server.token_url()}),
        json!({"oauthScopes": "api/read", "TokenUri": server.token_url()}),
        json!({"Scope": "api/read", "domain": server.url()}),
        json!({"scope": "api/read", "cognito_domain": server.url(), "purpose": "tests"}),
    ] {
        let mut text = json!({"client_id": "client", "client_secret": SECRET});
        more.as_object().unwrap().iter().for_each(|(name, value)| text[name] = value.clone());
        let arn = store(&text.to_string());
        let home = Home::new();
        let identity = crate::sealed::init(&home);
        let run = |words: &[&str]| {
            let run = home.cogtok(words).aws().canary(SECRET).env("COGTOK_SECRET_IDENTITY", &identity);
            run.env("AWS_ENDPOINT_URL", &workshop().endpoint)
        };
        let has_unknown = more.get("purpose").is_some();
        let token = run(&["token", "m2m", "--secret-arn", &arn, "--json"]).run();
        assert_eq!(token.ok().json()["scope"], json!("api/read"), "{more}");
        token.check(token.stderr.contains("`purpose` of the secret") == has_unknown, "what is not known is named");
        let referred = run(&["profile", "import", &arn, "--name", "arn"]).run();
        let file = run(&["profile", "import", "-", "--name", "file"]).stdin(text.to_string()).run();
        for out in [referred.ok(), file.ok()] {
            out.check(out.stderr.contains("purpose") == has_unknown, "what is not known is named");
            out.stderr_lacks("missing");
        }
        let [arn, file] = ["arn", "file"].map(|name| settings(&home, name));
        for (key, expected) in [("m2m.client_id", json!("client")), ("m2m.scopes", json!(["api/read"]))] {
            assert_eq!((&arn[key], &file[key]), (&expected, &expected), "{more}");
        }
        for (profile, shown) in [("arn", arn), ("file", file)] {
            let is_known =
                shown["m2m.token_url"] == json!(server.token_url()) || shown["domain"] == json!(server.url());
            assert!(is_known, "{shown}");
            let token = run(&["token", "m2m", "-p", profile, "--no-cache", "--json"]).run();
            assert_eq!(token.ok().json()["scope"], json!("api/read"), "{more}");
        }
    }
    let asked: Vec<Option<String>> = server.requests().iter().map(|request| request.form("scope")).collect();
    assert!(asked.len() == 15 && asked.iter().all(|scope| scope.as_deref() == Some("api/read")), "{asked:?}");
}

#[test]
fn nothing_more_is_granted_where_a_secret_cannot_be_understood() {
    let (home, server) = (Home::new(), generous());
    let url = server.token_url();
    let of_client = |scopes: Value| {
        let mut text = scopes;
        text["client_id"] = json!("client");
        text["client_secret"] = json!(SECRET);
        text["token_url"] = json!(url);
        text.to_string()
    };
    for (text, says) in [
        (of_client(json!({"scope": 7})), "`scope` is neither a string nor a list"),
        (of_client(json!({"scope": {"read": true}})), "`scope"),
        (of_client(json!({"scopes": ["api/read", 7]})), "`scopes` is not a list of strings"),
        (of_client(json!({"scope": "a\"b"})), "scope: it is not a list of scopes"),
        (of_client(json!({"scope": "api/read", "scopes": "api/write"})), "give different values for `m2m.scopes`"),
        (of_client(json!({"token_endpoint": "http://evil.example/"})), "token_endpoint: it can't be"),
        ("null".to_owned(), "no value"),
        ("None".to_owned(), "no value"),
    ] {
        let arn = store(&text);
        let run = home.cogtok(["token", "m2m", "--secret-arn", &arn, "--client-id", "client", "--token-url", &url]);
        let out = run.aws().canary(SECRET).env("AWS_ENDPOINT_URL", &workshop().endpoint).run();
        out.code(3).stderr_has("is not usable").stderr_has(says);
    }
    server.assert_untouched();
}
