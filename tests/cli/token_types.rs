//! Answers and tokens whose fields are of another type than the standards say: understood, or refused in clear words.

use crate::harness::scripted::CLIENT;
use crate::harness::{Answer, Home, Server, jwt, m2m_jwt};
use serde_json::{Value, json};

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// A home whose token endpoint gives this answer each time.
fn home(answer: &Value) -> (Home, Server) {
    let server = Server::always(Answer::json(200, answer));
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    (home, server)
}

/// A machine's token with other claims.
fn token(changes: &Value) -> String {
    let mut claims = json!({"sub": CLIENT, "client_id": CLIENT, "token_use": "access", "scope": "api/read api/write",
        "jti": crate::harness::unique("jti"), "iat": now(), "exp": now() + 600});
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    jwt(&claims)
}

#[test]
fn a_token_with_an_end_of_its_own_is_kept_however_the_answer_writes_its_life() {
    for (life, most) in [
        (json!("3600"), 600),
        (json!(3600.0), 600),
        (json!("120"), 120),
        (json!(120.5), 120),
        (json!("an hour"), 600),
        (json!(true), 600),
        (json!([3600]), 600),
        (json!({"seconds": 3600}), 600),
        (Value::Null, 600),
    ] {
        let answer = json!({"access_token": token(&json!({})), "token_type": "Bearer", "expires_in": life});
        let (home, server) = home(&answer);
        for source in ["network", "cache"] {
            let json = home.scripted_m2m(&["--json", "--min-validity", "30s"]).run().ok().quiet().json();
            let left = json["expires_in"].as_u64().unwrap();
            assert!((most - 20..=most).contains(&left) && json["source"] == source, "{life}: {json}");
        }
        assert_eq!(server.hits(), 1, "{life}");
    }
    // An end with a fraction, as RFC 7519 allows it, is an end.
    let fraction = token(&json!({"exp": f64::from(u32::try_from(now()).unwrap()) + 300.5}));
    let (home, _server) = home(&json!({"access_token": fraction, "token_type": "Bearer", "expires_in": 3600}));
    let left = home.scripted_m2m(&["--json"]).run().ok().json()["expires_in"].as_u64().unwrap();
    assert!((280..=300).contains(&left), "{left}");
}

#[test]
fn a_token_with_a_claim_of_another_type_is_not_served() {
    for (claim, value) in [
        ("sub", json!(7)),
        ("sub", json!([CLIENT])),
        ("sub", Value::Null),
        ("jti", json!({"id": 1})),
        ("jti", json!(true)),
        ("scope", json!(["api/read", "api/write"])),
        ("scope", json!(1)),
        ("exp", json!((now() + 600).to_string())),
        ("exp", Value::Null),
    ] {
        let odd = token(&json!({claim: value}));
        let (home, _server) = home(&json!({"access_token": odd, "token_type": "Bearer", "expires_in": 3600}));
        let output = home.scripted_m2m(&[]).run();
        output.code(6).stdout_is("").stderr_has(&format!("the token's `{claim}` is not "));
    }
}

#[test]
fn an_answer_with_a_field_of_another_type_is_refused_by_its_name() {
    let odd = [json!(7), json!(["a"]), json!({"a": 1}), json!(true)];
    for (field, value) in
        ["access_token", "token_type", "scope"].iter().flat_map(|field| odd.iter().map(move |v| (field, v)))
    {
        let mut answer = json!({"access_token": m2m_jwt(CLIENT, "api/read api/write"), "token_type": "Bearer"});
        answer[field] = value.clone();
        let (home, _server) = home(&answer);
        home.scripted_m2m(&[]).run().code(6).stdout_is("").stderr_has(&format!("`{field}`"));
    }
}

#[test]
fn a_token_without_any_scope_is_served_with_the_warning_of_a_narrowed_one() {
    let mut claims = json!({"sub": CLIENT, "client_id": CLIENT, "token_use": "access", "exp": now() + 3600});
    let warning = "the token lacks scopes that you requested: api/read api/write";
    let mut answer = json!({"access_token": jwt(&claims), "token_type": "Bearer", "expires_in": 3600});
    let (home_of_none, server) = home(&answer);
    // From the cache as well.
    for _ in 0..2 {
        home_of_none.scripted_m2m(&[]).run().ok().stderr_has(warning);
    }
    assert_eq!(server.hits(), 1);
    claims["scope"] = json!("");
    answer["access_token"] = json!(jwt(&claims));
    home(&answer).0.scripted_m2m(&[]).run().ok().stderr_has(warning);
    // An opaque one has what was asked for where the answer does not say otherwise.
    answer["access_token"] = json!("opaque");
    home(&answer).0.scripted_m2m(&[]).run().ok().quiet();
}

#[test]
fn an_answer_without_a_token_is_told_by_what_it_lacks() {
    for (answer, what) in [
        (json!({"token_type": "Bearer", "expires_in": 3600}), "41 bytes, without `access_token`"),
        (json!({"access_token": null, "token_type": "Bearer"}), "without `access_token`"),
        (json!({"access_token": "opaque"}), "without `token_type`"),
        (json!({"access_token": 7, "token_type": "Bearer"}), "`access_token` is not text"),
        (json!({"access_token": "opaque", "token_type": ["Bearer"]}), "`token_type` is not text"),
        (json!([]), "2 bytes, not a JSON object"),
        (json!("opaque"), "not a JSON object"),
    ] {
        let (home, _server) = home(&answer);
        let output = home.scripted_m2m(&[]).run();
        output.code(6).stderr_has("gave no token response (application/json, ").stderr_has(what).stderr_lacks("`.`");
    }
}

#[test]
fn scopes_of_another_type_are_not_a_fault_of_the_address() {
    for scope in [json!(["api/read"]), json!(7), json!({})] {
        let (home, _server) = home(&json!({"access_token": "opaque", "token_type": "Bearer", "scope": scope}));
        let output = home.scripted_m2m(&[]).run();
        output.code(6).stderr_has("gave no token response: its `scope` is not text").stderr_lacks("/oauth2/token");
    }
}

#[test]
fn a_life_that_is_no_whole_number_is_understood() {
    for life in [json!("3600"), json!(3600.0)] {
        let (token, answer) = crate::harness::challenges::signed_in();
        let answer = answer.map_json(|body| body["AuthenticationResult"]["ExpiresIn"] = life).unlike_aws();
        let server = Server::always(answer);
        let home = Home::new();
        home.scripted_user(&server.url());
        let run = || {
            home.cogtok(["token", "user", "-p", "ws"])
                .env("COGTOK_PASSWORD", crate::harness::challenges::PASSWORD)
                .run()
        };
        run().ok().stdout_is(&format!("{token}\n"));
        run().ok().stdout_is(&format!("{token}\n"));
        assert_eq!(server.hits(), 1, "it is cached");
    }
}
