//! Many machines behind a caching proxy: one request to Cognito, and a token that is kept for as long as it lives.

use crate::harness::nginx::Nginx;
use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::workshop::{Client, SCOPES};
use crate::harness::{Answer, Home, Proxy, Run, Server, herd, jwt, workshop};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A machine of the fleet: a home of its own with this client at this address.
fn machine(client: &Client, token_url: &str) -> Home {
    let home = Home::new();
    home.config(&format!(
        "default_profile = \"ws\"\n[profiles.ws.m2m]\nclient_id = \"{}\"\ntoken_url = \"{token_url}\"\n\
         scopes = [\"{}\", \"{}\"]\nscope_in_query = true\n",
        client.id, SCOPES[1], SCOPES[0]
    ));
    home
}

fn token<'h>(home: &'h Home, client: &Client) -> Run<'h> {
    let secret = client.secret.as_deref().unwrap();
    home.cogtok(["token", "m2m", "--json"]).canary(secret).env("COGTOK_M2M_CLIENT_SECRET", secret)
}

fn exp(token: &Value) -> Value {
    use base64::Engine;
    let payload = token["access_token"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()["exp"].clone()
}

#[test]
fn fifty_machines_that_ask_in_the_same_instant_make_one_request_to_cognito() {
    let cognito = Proxy::new(&workshop().endpoint).delay(500);
    let nginx = Nginx::start(&cognito.url());
    let client = &workshop().m2m;
    let homes: Vec<Home> = (0..50).map(|_| machine(client, &nginx.token_url())).collect();
    let outputs = herd(homes.iter().map(|home| token(home, client)));
    let tokens: Vec<Value> = outputs.iter().map(|output| output.ok().quiet().json()).collect();
    assert_eq!(cognito.count("/oauth2/token"), 1, "{:?}", cognito.log());
    assert_eq!(nginx.requests(), 50, "each machine asked");
    for token in &tokens {
        assert_eq!((&token["access_token"], &token["source"]), (&tokens[0]["access_token"], &json!("network")));
        assert_eq!(token["expires_at"], exp(token));
    }
    // The proxy sees the scopes as they stand in the URL, in one order.
    let request = &cognito.requests()[0];
    assert_eq!(request.path, "/oauth2/token?scope=api.dev%2Fread%20api.dev%2Fwrite");
    assert_eq!(request.form("scope").as_deref(), Some("api.dev/read api.dev/write"));

    // Later, the answer is old: what it says of the token's life is not believed.
    std::thread::sleep(Duration::from_secs(2));
    let late = machine(client, &nginx.token_url());
    let late = token(&late, client).run().ok().json();
    assert_eq!((&late["access_token"], &late["expires_at"]), (&tokens[0]["access_token"], &exp(&tokens[0])));
    assert!(late["expires_in"].as_u64().unwrap() <= 3598, "{late}");
    assert_eq!(cognito.count("/oauth2/token"), 1);
}

#[test]
fn other_scopes_another_client_and_a_wrong_secret_are_other_entries() {
    let cognito = Proxy::new(&workshop().endpoint);
    let nginx = Nginx::start(&cognito.url());
    let (both, read) = (&workshop().m2m, &workshop().m2m_read);
    let ask = |client: &Client, args: &[&str]| {
        let home = machine(client, &nginx.token_url());
        token(&home, client).args(args).run().ok().json()
    };
    let tokens = [ask(both, &[]), ask(both, &["--scope", SCOPES[0]]), ask(read, &["--scope", SCOPES[0]])];
    assert_eq!(cognito.count("/oauth2/token"), 3);
    for (n, first) in tokens.iter().enumerate() {
        for second in &tokens[n + 1..] {
            assert_ne!(first["access_token"], second["access_token"]);
        }
    }
    assert_eq!(ask(both, &["--scope", SCOPES[0]])["access_token"], tokens[1]["access_token"]);
    assert_eq!(cognito.count("/oauth2/token"), 3);
    let wrong = Client { id: both.id.clone(), secret: Some("a-wrong-secret-of-the-client".into()) };
    for requests in [4, 5] {
        let home = machine(&wrong, &nginx.token_url());
        token(&home, &wrong).run().code(4).stderr_has("two secrets");
        assert_eq!(cognito.count("/oauth2/token"), requests, "a refusal is not kept");
    }
    // Without an Authorization header clients can't be told apart: neither cogtok nor the proxy lets it happen.
    let home = machine(both, &nginx.token_url());
    let post = token(&home, both).args(["--auth-method", "client_secret_post"]).run();
    post.code(3).stderr_has("client_secret_basic");
    home.cogtok(["profile", "set", "ws", "m2m.scope_in_query", "false"]).run().ok();
    assert_ne!(token(&home, both).args(["--auth-method", "client_secret_post"]).run().code, Some(0));
    assert_eq!(cognito.count("/oauth2/token"), 5);
}

/// A machine whose endpoint gives this answer, with the scopes in the URL or not.
fn scripted(answer: Value, in_query: bool) -> (Home, Server) {
    let (home, server) = (Home::new(), Server::always(Answer::json(200, &answer)));
    home.scripted_profile(&server.token_url());
    home.cogtok(["profile", "set", "ws", "m2m.scope_in_query", &in_query.to_string()]).run().ok();
    (home, server)
}

#[test]
fn an_old_expires_in_neither_shortens_nor_lengthens_the_life_of_a_token() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    for (life, expires_in, in_query, lives_on) in [
        // The token's own end counts, whatever an old answer says.
        (600, json!(3600), true, 600),
        (3600, json!(70), true, 3600),
        (3600, json!(-5), true, 3600),
        (3600, Value::Null, true, 3600),
        // An answer of now may end it earlier, never later.
        (3600, json!(70), false, 70),
        (600, json!(3600), false, 600),
    ] {
        let token = jwt(&json!({"exp": now + life, "scope": "api/read api/write"}));
        let answer = json!({"access_token": token, "expires_in": expires_in, "token_type": "Bearer"});
        let (home, server) = scripted(answer, in_query);
        let got = home.scripted_m2m(&["--json"]).run().ok().json();
        let end = got["expires_at"].as_u64().unwrap();
        assert!(end.abs_diff(now + lives_on) <= 20, "{life} {expires_in} {in_query}: {}", end.abs_diff(now));
        if in_query {
            assert_eq!(end, now + life);
        }
        let kept = home.scripted_m2m(&["--json", "--min-validity", "20s"]).run().ok().json();
        assert_eq!((&kept["source"], &kept["expires_at"]), (&json!("cache"), &got["expires_at"]));
        assert_eq!(server.hits(), 1);
    }
}

#[test]
fn a_token_that_does_not_say_when_it_ends_is_not_kept_behind_a_cache() {
    let (home, server) = scripted(json!({"access_token": "opaque", "expires_in": 3600, "token_type": "Bearer"}), true);
    for hits in [1, 2] {
        home.scripted_m2m(&[])
            .run()
            .ok()
            .stdout_is("opaque\n")
            .stderr_has("the token does not say how long it is valid");
        assert_eq!(server.hits(), hits);
    }
}

#[test]
fn a_proxy_that_gives_a_token_that_has_expired_is_warned_about_and_nothing_is_kept() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let token = jwt(&json!({"exp": now - 60, "scope": "api/read api/write"}));
    let (home, server) = scripted(json!({"access_token": token, "expires_in": 3600, "token_type": "Bearer"}), true);
    for hits in [1, 2] {
        home.scripted_m2m(&[]).run().ok().stderr_has("the token has already expired");
        assert_eq!(server.hits(), hits);
    }
}

#[test]
fn the_key_is_a_truth_value_and_without_scopes_the_url_stays_as_it_is() {
    let (home, server) = (Home::new(), Server::always(Answer::token("some-token")));
    home.scripted_profile(&server.token_url());
    let set = |value: &str| home.cogtok(["profile", "set", "ws", "m2m.scope_in_query", value]).run();
    set("yes").code(2).stderr_has("neither true nor false");
    set("true").ok();
    let text = std::fs::read_to_string(home.config_file()).unwrap();
    assert!(text.contains("scope_in_query = true\n"), "{text}");
    home.scripted_m2m(&["--scope", "a+b c&d é"]).run().code(2);
    home.scripted_m2m(&["--scope", "x+y a&b=c a%20b"]).run().ok();
    let request = &server.requests()[0];
    assert_eq!(request.path, "/oauth2/token?scope=a%2520b%20a%26b%3Dc%20x%2By");
    assert_eq!(request.form("scope").as_deref(), Some("a%20b a&b=c x+y"));
    home.config(&text.replace("scope_in_query = true", "scope_in_query = \"true\""));
    home.scripted_m2m(&["--no-cache"]).run().ok();
    assert!(server.requests()[1].path.contains("?scope="), "a text will do as well");
    home.config(&text.replace("scopes = [\"api/read\", \"api/write\"]\n", ""));
    home.scripted_m2m(&["--no-cache"]).run().ok();
    assert_eq!(server.requests()[2].path, "/oauth2/token");
    home.config(&text.replace("scope_in_query = true", "scope_in_query = 1"));
    insta::assert_snapshot!(home.scripted_m2m(&[]).run().message(), @"
    exit 3
    error: `m2m.scope_in_query` is not true or false (profile `ws`)
    hint: run `cogtok profile set ws m2m.scope_in_query VALUE`
    ");
    let request =
        home.cogtok(["token", "m2m", "--client-id", CLIENT, "--token-url", &server.token_url(), "--no-cache"]);
    home.config("");
    request
        .env("COGTOK_SCOPE_IN_QUERY", "true")
        .env("COGTOK_SCOPES", "a")
        .env("COGTOK_M2M_CLIENT_SECRET", SECRET)
        .run()
        .ok();
    assert_eq!(server.requests()[3].path, "/oauth2/token?scope=a");
}
