//! What a browser sign-in sends and takes: the address that is opened, the one exchange, and whose tokens they may be.

use crate::harness::challenges::{CLIENT, CLIENT_SECRET};
use crate::harness::login::{CODE, REFRESH, alice, answer, claims, come_back, parameter, redirect_of, right, sign_in};
use crate::harness::message::Request;
use crate::harness::tls::{Authority, Certificate};
use crate::harness::{Answer, Home, Output, Server, jwt};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Signs in at a server that gives this answer to the exchange.
fn exchange(answer: Answer, args: &[&str]) -> (Output, Server, Home, String) {
    let server = Server::script([answer]);
    let home = Home::new();
    home.login_profile(&server.url());
    let browser = home.fake_browser();
    let (output, page) = sign_in(home.cogtok(["login"]).args(args), &browser);
    let page = String::from_utf8_lossy(&page.body).into_owned();
    (output, server, home, page)
}

/// Nothing was kept of a sign-in.
#[track_caller]
fn assert_nothing_kept(home: &Home) {
    let kept: Vec<_> =
        home.cache_files().into_keys().filter(|path| path.extension().is_some_and(|e| e == "json")).collect();
    assert!(kept.is_empty(), "{kept:?}");
}

#[test]
fn the_address_is_built_here_and_carries_what_was_asked_for() {
    let server = Server::script([alice(), alice()]);
    let home = Home::new();
    let uri = home.login_profile(&server.url());
    let browser = home.fake_browser();
    sign_in(home.cogtok(["login"]), &browser).0.ok();
    let url = browser.url();
    assert!(url.as_str().starts_with(&format!("{}/oauth2/authorize?", server.url())), "{url}");
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", uri.as_str()),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(parameter(&url, name).as_deref(), Some(value), "{url}");
    }
    for (name, length) in [("state", 22), ("nonce", 22), ("code_challenge", 43)] {
        let value = parameter(&url, name).unwrap();
        let is_random = value.len() == length && BASE64_URL_SAFE_NO_PAD.decode(&value).is_ok();
        assert!(is_random && serde_json::from_str::<Value>(&value).is_err(), "{name}={value}");
    }
    for name in ["scope", "identity_provider", "prompt", "login_hint", "lang"] {
        assert_eq!(parameter(&url, name), None, "{name} in {url}");
    }
    // The exchange proves what the address promised (RFC 7636 section 4.6), once.
    let request = &server.requests()[0];
    let verifier = request.form("code_verifier").unwrap();
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    assert_eq!(parameter(&url, "code_challenge"), Some(challenge));
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/oauth2/token"));
    assert_eq!(request.header("authorization"), None);
    let field = |request: &Request, name: &str| request.form(name).unwrap_or_default();
    assert_eq!(field(request, "grant_type"), "authorization_code");
    assert_eq!((field(request, "code").as_str(), field(request, "client_id").as_str()), (CODE, CLIENT));
    assert_eq!(field(request, "redirect_uri"), uri.as_str());
    // Every option has its parameter, and a second sign-in has nothing of the first.
    let again = home.fake_browser();
    let run =
        home.cogtok(["login", "--scope", "openid", "--scope", "api/read email", "--identity-provider", "My Corp&x=y"]);
    let run = run.args(["--prompt", "login", "--login-hint", "alice@example.com", "--lang", "de"]);
    sign_in(run, &again).0.ok();
    let second = again.url();
    for (name, value) in [
        ("scope", "api/read email openid"),
        ("identity_provider", "My Corp&x=y"),
        ("prompt", "login"),
        ("login_hint", "alice@example.com"),
        ("lang", "de"),
    ] {
        assert_eq!(parameter(&second, name).as_deref(), Some(value), "{second}");
    }
    for name in ["state", "nonce", "code_challenge"] {
        assert_ne!(parameter(&url, name), parameter(&second, name), "{name}");
    }
}

#[test]
fn the_log_and_the_browser_get_no_secret() {
    let server = Server::script([alice()]);
    let home = Home::new();
    home.login_profile(&server.url());
    let browser = home.fake_browser();
    let secrets = ["COGTOK_PASSWORD", "COGTOK_PASSPHRASE", "COGTOK_M2M_CLIENT_SECRET", "COGTOK_MFA_CODE"];
    let others = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
    let mut run = home.cogtok(["login", "-vv"]).env("COGTOK_USER_CLIENT_SECRET", CLIENT_SECRET).env("KEPT", "kept");
    for name in secrets.iter().chain(&others) {
        run = run.env(name, "canary-of-the-environment");
    }
    let (output, page) = sign_in(run.canary(CLIENT_SECRET).canary("canary-of-the-environment"), &browser);
    let (url, environment) = (browser.url(), browser.environment());
    assert!(environment.contains("KEPT=kept"), "the rest stays: {environment}");
    for name in secrets.iter().chain(&others).chain(&["COGTOK_USER_CLIENT_SECRET"]) {
        assert!(!environment.contains(name), "{name} is in the browser's environment");
    }
    let request = &server.requests()[0];
    let hidden = [
        ("the code", CODE.to_string()),
        ("the verifier", request.form("code_verifier").unwrap()),
        ("the state", parameter(&url, "state").unwrap()),
        ("the nonce", parameter(&url, "nonce").unwrap()),
        ("the refresh token", REFRESH.to_string()),
    ];
    output.ok().stderr_has("grant_type=authorization_code").stderr_has("/oauth2/token: 200");
    // The address is shown to the person who signs in, and has some of them; the log has none.
    let log: Vec<&str> = output.stderr.lines().filter(|line| *line != url.as_str()).collect();
    for (what, value) in hidden {
        assert!(log.iter().all(|line| !line.contains(&value)), "{what}: {log:?}");
        let page = String::from_utf8_lossy(&page.body);
        assert!(!page.contains(&value), "{what} is on the page");
    }
}

#[test]
fn a_client_with_a_secret_shows_it_at_the_domain_it_was_stored_for_and_at_no_other() {
    let pair = BASE64_STANDARD.encode(format!("{CLIENT}:{CLIENT_SECRET}"));
    let server = Server::script([alice(), alice()]);
    let home = Home::new();
    home.login_profile(&server.url());
    let run = home.cogtok(["login"]).env("COGTOK_USER_CLIENT_SECRET", CLIENT_SECRET).canary(CLIENT_SECRET);
    sign_in(run, &home.fake_browser()).0.ok();
    let request = &server.requests()[0];
    assert_eq!(request.header("authorization"), Some(format!("Basic {pair}").as_str()));
    assert!(request.form("client_secret").is_none() && !request.text().contains(CLIENT_SECRET));
    // Stored, it is bound to the API's origin and to the domain's.
    let identity = home.path("keys/identity");
    home.allow(home.path("keys"));
    std::fs::create_dir(home.path("keys")).unwrap();
    home.cogtok(["secret", "init"]).arg(&identity).run().ok();
    let open = |words: &[&str]| home.cogtok(words).env("COGTOK_SECRET_IDENTITY", &identity);
    home.cogtok(["profile", "set", "ws", "endpoint_url", "http://127.0.0.1:9"]).run().ok();
    let set = open(&["secret", "set", "user-client"]).stdin(CLIENT_SECRET).run();
    set.ok().stderr_has(&format!("http://127.0.0.1:9 and {}", server.url()));
    let status = open(&["secret", "status", "--json"]).run().ok().json();
    let rows = status.as_array().unwrap().iter().filter(|row| row["kind"] == "user-client");
    let origins: Vec<_> = rows.map(|row| (row["origin"].as_str().unwrap(), row["place"].as_str().unwrap())).collect();
    assert_eq!(origins, [("http://127.0.0.1:9", "file"), (server.url().as_str(), "file")]);
    sign_in(open(&["login"]), &home.fake_browser()).0.ok();
    assert_eq!(server.requests()[1].header("authorization"), Some(format!("Basic {pair}").as_str()));
    // Another domain gets nothing, and nobody is asked to sign in there.
    let evil = Server::canary();
    let refused = open(&["login", "--domain", &evil.url()]).env("BROWSER", "sh -c exit").run();
    refused.code(3).stderr_has("not for").stderr_has("secret set user-client");
    evil.assert_untouched();
    open(&["secret", "delete", "user-client"]).run().ok();
    let status = open(&["secret", "status", "--json"]).run().ok().json();
    assert!(!status.to_string().contains("\"file\""), "{status}");
}

#[test]
fn what_the_token_endpoint_refuses_is_told_and_never_tried_again() {
    let refused = |code: &str| Answer::json(400, &json!({"error": code}));
    for (answer, code, says) in [
        (refused("invalid_grant"), 4, "sign in again"),
        (refused("invalid_client"), 4, "secret set user-client"),
        (refused("unauthorized_client"), 3, "code grant"),
        (Answer::new(503, "text/html", "<h1>busy</h1>"), 6, "503"),
        (Answer::new(429, "text/plain", "Rate exceeded").header("Retry-After", "1"), 6, "429"),
        (Answer::new(200, "text/html", "<h1>hello</h1>"), 6, "no token response"),
        (Answer::close(), 6, "was cut off"),
        (Answer::redirect(307, "https://evil.example/"), 6, "redirect refused"),
        (Answer::json(200, &json!({"access_token": "opaque", "token_type": "Bearer"})), 6, "not JSON Web Tokens"),
    ] {
        let (output, server, home, page) = exchange(answer, &[]);
        output.code(code).stdout_is("").stderr_has(says);
        assert_eq!(server.hits(), 1, "a code is sent once");
        assert!(page.contains("Not signed in") && !page.contains("<h1>hello"), "{page}");
        assert_nothing_kept(&home);
    }
}

#[test]
fn tokens_of_another_pool_client_or_sign_in_are_refused_and_not_kept() {
    let (access, id) = claims();
    let ends = id["exp"].as_u64().unwrap();
    let without = |claims: &Value, name: &str| {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove(name);
        claims
    };
    let with = |claims: &Value, name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        claims
    };
    let other = json!("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Another0");
    for (access, id, says) in [
        (with(&access, "iss", other.clone()), id.clone(), "`iss` is https"),
        (access.clone(), with(&id, "iss", other), "`iss` is https"),
        (with(&access, "iss", json!(null)), id.clone(), "`iss` is nothing"),
        (with(&access, "client_id", json!("another")), id.clone(), "`client_id` is another"),
        (access.clone(), with(&id, "azp", json!("another")), "`azp` is another"),
        (with(&access, "token_use", json!("id")), id.clone(), "`token_use` of the access token is id"),
        (access.clone(), with(&id, "token_use", json!("access")), "`token_use` of the ID token is access"),
        (with(&access, "exp", json!(1000)), id.clone(), "the access token has already expired"),
        (access.clone(), with(&id, "aud", json!("another")), "`aud` is another"),
        (access.clone(), with(&id, "aud", json!(["another", CLIENT])), "`aud` is nothing"),
        (access.clone(), with(&id, "nonce", json!("of-another-sign-in")), "`nonce`"),
        (access.clone(), with(&id, "nonce", json!(7)), "`nonce`"),
        (access.clone(), with(&id, "nonce", Value::Null), "`nonce` is nothing"),
        (access.clone(), with(&id, "nonce", json!("")), "`nonce`"),
        (with(&access, "nonce", json!("of-another-sign-in")), id.clone(), "`nonce`"),
        (access.clone(), with(&id, "sub", json!("somebody-else")), "`sub` of the access token is 5f0c1c2e"),
        (access.clone(), without(&id, "sub"), "of the ID token it is nothing"),
        (without(&access, "sub"), id.clone(), "`sub` of the access token is nobody"),
        (access.clone(), with(&id, "exp", json!(ends - 2 * 3600)), "the ID token has already expired"),
        (access.clone(), without(&id, "exp"), "`exp` is nothing"),
    ] {
        let (output, _, home, page) = exchange(answer(&access, &id), &[]);
        output.code(4).stderr_has(says).stderr_has("nothing was stored");
        assert!(page.contains("Not signed in"), "{page}");
        assert_nothing_kept(&home);
    }
    // The nonce of this sign-in is right.
    let server = Server::start(move |_| answer(&access, &id));
    let home = Home::new();
    home.login_profile(&server.url());
    let browser = home.fake_browser();
    let nonce = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let told = nonce.clone();
    let pages = Server::start(move |_| {
        let (access, id) = claims();
        answer(
            &access,
            &json!({"nonce": *told.lock().unwrap(), "iss": id["iss"], "aud": id["aud"], "email": "a@b.c",
                "sub": id["sub"], "exp": id["exp"]}),
        )
    });
    let running = home.cogtok(["login", "--domain", &pages.url()]).browser(&browser).spawn();
    let url = browser.url();
    *nonce.lock().unwrap() = parameter(&url, "nonce").unwrap();
    come_back(&url, &right(&url));
    running.wait().ok().stderr_has("a@b.c is signed in");
    assert_eq!(redirect_of(&url).1, "/callback");
}

/// OpenID Connect Core section 3.1.3.3: nothing else has the nonce.
#[test]
fn where_openid_was_granted_an_answer_without_an_id_token_is_refused() {
    for (granted, args) in
        [("openid aws.cognito.signin.user.admin", &[][..]), ("aws.cognito.signin.user.admin", &["--scope", "openid"])]
    {
        let (mut access, _) = claims();
        access["scope"] = json!(granted);
        let body = json!({"access_token": jwt(&access), "token_type": "Bearer", "expires_in": 3600});
        let (output, _, home, page) = exchange(Answer::json(200, &body), args);
        output.code(4).stderr_has("the answer has no ID token").stderr_has("nothing was stored");
        assert!(page.contains("Not signed in"), "{page}");
        assert_nothing_kept(&home);
    }
}

/// The token's own `exp` counts; without either, the sign-in is refused before anything is stored.
#[test]
fn an_answer_that_gives_the_tokens_no_time_is_no_lost_sign_in() {
    let (access, id) = claims();
    for expires_in in [0, -1] {
        let timeless = answer(&access, &id).map_json(|body| body["expires_in"] = json!(expires_in));
        exchange(timeless, &[]).0.ok().stderr_has("alice@example.com is signed in to profile `ws` until 2");
        let mut endless = access.clone();
        endless.as_object_mut().unwrap().remove("exp");
        let timeless = answer(&endless, &id).map_json(|body| body["expires_in"] = json!(expires_in));
        let (output, _, home, _) = exchange(timeless, &[]);
        output.code(6).stderr_has("neither the answer nor the access token says how long it is valid");
        assert_nothing_kept(&home);
    }
}

/// What `profile set` refuses has no pages either where it comes from elsewhere.
#[test]
fn a_domain_with_a_path_is_not_used_wherever_it_comes_from() {
    let home = Home::new();
    home.login_profile("https://ws.example/oauth2");
    let run = || home.cogtok(["login"]).env("BROWSER", "sh -c 'exit 1'");
    run().run().code(3).stderr_has("is it https://ws.example?").stderr_lacks("/authorize");
    run().env("COGTOK_DOMAIN", "https://x.example.com/oauth2").run().code(2).stderr_has("is it https://x.example.com?");
    home.cogtok(["profile", "set", "ws", "domain", "https://ws.example"]).run().ok();
}

#[test]
fn the_user_that_the_profile_names_is_the_only_one_it_takes() {
    let sub = claims().0["sub"].as_str().unwrap().to_string();
    for name in ["alice@example.com", "ali", &sub] {
        let (output, ..) = exchange(alice(), &["--username", name]);
        output.ok().stderr_has("alice@example.com is signed in to profile `ws` until 2");
    }
    for name in ["bob@example.com", "Alice@example.com", "alice"] {
        let (output, server, home, page) = exchange(alice(), &["--username", name]);
        output
            .code(4)
            .stderr_has(&format!("alice@example.com signed in, but the profile is for {name}"))
            .stderr_has("nothing was stored");
        assert!(page.contains("Not signed in") && page.contains(name), "{page}");
        assert_nothing_kept(&home);
        assert_eq!(server.hits(), 1);
    }
    // The name goes ahead to the pages; a name of the tokens is shown as data.
    let (access, mut id) = claims();
    id["email"] = json!("<b>\u{1b}[31m@example.com");
    let (output, _, _, page) = exchange(answer(&access, &id), &[]);
    output.ok().stderr_has("<b>\\u{1b}[31m@example.com is signed in");
    assert!(page.contains("&lt;b&gt;\\u{1b}[31m@"), "{page}");
    // Without an ID token the access token says who it is, if openid was not granted.
    let mut access = access;
    access["scope"] = json!("aws.cognito.signin.user.admin");
    let access = Answer::json(200, &json!({"access_token": jwt(&access), "token_type": "Bearer", "expires_in": 60}));
    let (output, ..) = exchange(access, &["--username", &sub]);
    output.ok().stderr_has(&format!("{sub} is signed in"));
}

#[test]
fn the_pages_are_opened_over_tls_unless_they_are_on_this_machine() {
    let home = Home::new();
    home.login_profile("https://ws.auth.us-east-1.amazoncognito.com");
    let browser = home.fake_browser();
    let running = home.cogtok(["login", "--wait", "1s"]).browser(&browser).spawn();
    let url = browser.url();
    assert_eq!((url.scheme(), url.host_str()), ("https", Some("ws.auth.us-east-1.amazoncognito.com")));
    running.wait().code(5);
    let run = |domain: &str| home.cogtok(["login", "--domain", domain]).env("BROWSER", "sh -c 'exit 1'").run();
    for domain in [
        "http://ws.example",
        "http://127.0.0.1.evil",
        "file:///etc/passwd",
        "https://u@ws.example",
        "https://ws.example?x",
        "https://ws.example/login",
    ] {
        run(domain).code(2);
    }
    // A pool's own authority is trusted as for every other call.
    let authority = Authority::new();
    let server = authority.serve(Certificate::Good, |_| alice());
    let bundle = home.plant("ca.pem", authority.pem());
    let browser = home.fake_browser();
    let args = ["login", "--domain", &server.url(), "--ca-bundle", bundle.to_str().unwrap()];
    sign_in(home.cogtok(args), &browser).0.ok();
    assert_eq!(browser.url().scheme(), "https");
}

#[test]
fn what_is_missing_is_found_before_anybody_is_asked() {
    let home = Home::new();
    let never = |words: &[&str]| home.cogtok(words).env("BROWSER", "sh -c 'exit 1'").run();
    never(&["login"]).code(3).stderr_has("no profile is chosen");
    home.config(
        "version = 1\n[profiles.a]\nuser_pool_id = \"us-east-1_A\"\n[profiles.a.user]\nclient_id = \"c\"\n\
        [profiles.b]\nuser_pool_id = \"us-east-1_A\"\ndomain = \"https://ws.example\"\n",
    );
    never(&["login", "-p", "a"]).code(3).stderr_has("`domain` is not set").stderr_has("profile set a domain VALUE");
    never(&["login", "-p", "b"]).code(3).stderr_has("`user.client_id` is not set");
    for (option, value) in [
        ("--port", "0"),
        ("--port", "70000"),
        ("--port", "x"),
        ("--prompt", "maybe"),
        ("--scope", "a\"b"),
        ("--wait", "soon"),
    ] {
        never(&["login", "-p", "a", "--domain", "https://ws.example", option, value]).code(2);
    }
    for uri in ["https://ws.example/cb", "http://10.0.0.1:8484/cb", "http://127.0.0.1:8484/cb?x"] {
        home.cogtok(["login", "-p", "a"])
            .env("COGTOK_REDIRECT_URIS", uri)
            .run()
            .code(2)
            .stderr_has("COGTOK_REDIRECT_URIS");
        home.cogtok(["profile", "set", "a", "user.redirect_uris", uri]).run().code(2);
    }
}
