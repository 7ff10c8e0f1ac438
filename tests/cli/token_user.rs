//! `cogtok token user` against the local Cognito: flows, clients, cache, and what goes over the wire.

use crate::harness::oracle::find_canary;
use crate::harness::verify::verify;
use crate::harness::workshop::Client;
use crate::harness::{Answer, Home, Output, Proxy, Run, Server, herd, workshop};
use serde_json::{Value, json};

const PASSWORD: &str = "Correct-Horse-7-Battery";
const WRONG: &str = "Wrong-Donkey-8-Charger";
const NEW: &str = "Another-Horse-9-Battery";

/// A home whose profile `ws` points at a counting proxy.
fn behind(proxy: &Proxy) -> Home {
    let home = Home::new();
    for password in [PASSWORD, WRONG, NEW] {
        home.canary(password);
    }
    home.profile("ws", workshop(), &proxy.url(), &proxy.token_url());
    home
}

fn counted() -> (Home, Proxy) {
    let proxy = Proxy::new(&workshop().endpoint);
    (behind(&proxy), proxy)
}

fn token_user<'h>(home: &'h Home, username: &str, password: &str) -> Run<'h> {
    home.cogtok(["token", "user", "-p", "ws", "--password-stdin", "--username", username]).stdin(password)
}

/// The command that a hint shows in backticks, as somebody would type it.
fn hinted(output: &Output, start: &str) -> Vec<String> {
    let command = output.stderr.split('`').find(|part| part.starts_with(start));
    output.check(command.is_some(), &format!("expected a hint with `{start}…`"));
    command.unwrap_or_default().split(' ').skip(1).map(String::from).collect()
}

fn verified_access(output: &Output, client: &Client) -> Value {
    let claims = verify(output.ok().quiet_but_for_the_session().line(), workshop());
    assert_eq!((&claims["token_use"], &claims["client_id"]), (&json!("access"), &json!(client.id)));
    claims
}

#[test]
fn srp_takes_two_unsigned_requests_on_one_connection_and_the_password_stays_here() {
    let (home, proxy) = counted();
    let email = workshop().user(PASSWORD);
    let claims = verified_access(&token_user(&home, &email, PASSWORD).run(), &workshop().web);
    let sub = &workshop().find_user(&email).unwrap()["Username"];
    assert_eq!(&claims["username"], sub);
    assert_eq!(proxy.log(), ["InitiateAuth", "RespondToAuthChallenge"]);
    assert_eq!(proxy.connections(), 1);
    for request in proxy.requests() {
        assert_eq!(find_canary(&request.body, PASSWORD), None);
        assert_eq!(find_canary(format!("{:?}", request.headers).as_bytes(), PASSWORD), None);
        assert_eq!(request.header("authorization"), None);
    }
    assert!(proxy.requests()[0].text().contains("USER_SRP_AUTH"));
}

#[test]
fn the_password_flow_takes_one_request_and_only_when_it_is_asked_for() {
    let (home, proxy) = counted();
    let email = workshop().user(PASSWORD);
    verified_access(&token_user(&home, &email, PASSWORD).args(["--auth-flow", "password"]).run(), &workshop().web);
    assert_eq!((proxy.log(), proxy.connections()), (vec!["InitiateAuth".into()], 1));
    let request = proxy.requests()[0].json();
    assert_eq!(request["AuthFlow"], "USER_PASSWORD_AUTH");
    assert_eq!(request["AuthParameters"]["PASSWORD"], PASSWORD);
}

#[test]
fn access_and_id_token_come_from_one_sign_in_and_share_one_cache_file() {
    let (home, proxy) = counted();
    let email = workshop().user(PASSWORD);
    verified_access(&token_user(&home, &email, PASSWORD).run(), &workshop().web);
    let id = token_user(&home, &email, PASSWORD).args(["--token", "id"]).run();
    let claims = verify(id.ok().line(), workshop());
    assert_eq!((&claims["token_use"], &claims["aud"]), (&json!("id"), &json!(workshop().web.id)));
    assert_eq!((&claims["email"], &claims["email_verified"]), (&json!(email), &json!(true)));
    assert_eq!(proxy.count("InitiateAuth"), 1);
    let kept = home.cache_files().into_keys().filter(|path| path.extension().is_some_and(|end| end == "json"));
    assert_eq!(kept.count(), 1);

    // The profile's user.token decides where no option does.
    home.cogtok(["profile", "set", "ws", "user.token", "id"]).run().ok();
    home.cogtok(["profile", "set", "ws", "user.username", &email]).run().ok();
    home.cogtok(["token", "user", "-p", "ws"]).run().ok().stdout_is(&id.stdout);
    let access = home.cogtok(["token", "user", "-p", "ws", "--token", "access"]).run();
    assert_ne!(access.ok().stdout, id.stdout);
    assert_eq!(proxy.count("InitiateAuth"), 1);

    let json = home.cogtok(["token", "user", "-p", "ws", "--json"]).run().ok().json();
    assert_eq!(json["id_token"].as_str(), Some(id.line()));
    assert_eq!(json["access_token"].as_str(), Some(access.line()));
    assert_eq!(json["scope"], "aws.cognito.signin.user.admin");
    assert_eq!((&json["source"], &json["profile"]), (&json!("cache"), &json!("ws")));
    assert!(json.get("refresh_token").is_none());
}

#[test]
fn a_client_with_a_secret_gets_the_secret_hash_in_either_flow() {
    let client = &workshop().confidential;
    let secret = client.secret.as_deref().unwrap();
    let (home, proxy) = counted();
    let email = workshop().user(PASSWORD);
    let run = |flow: &str| {
        token_user(&home, &email, PASSWORD).args(["--client-id", &client.id, "--auth-flow", flow, "--no-cache"])
    };
    for flow in ["srp", "password"] {
        verified_access(&run(flow).env("COGTOK_USER_CLIENT_SECRET", secret).run(), client);
        let missing = run(flow).run();
        missing.code(3).stderr_has("the app client has a secret: COGTOK_USER_CLIENT_SECRET supplies it");
        let wrong = run(flow).env("COGTOK_USER_CLIENT_SECRET", "not-this-clients-secret").run();
        wrong.code(4).stderr_has("comes from COGTOK_USER_CLIENT_SECRET").stderr_lacks("not-this-clients-secret");
        wrong.stderr_lacks("secret set user-client");
    }
    assert_eq!(proxy.requests().iter().filter(|request| request.text().contains(secret)).count(), 0);

    // A secret for a client that has none is told as that.
    let public = token_user(&home, &email, PASSWORD).env("COGTOK_USER_CLIENT_SECRET", secret).run();
    public.code(3).stderr_has("the app client has no secret").stderr_has("unset COGTOK_USER_CLIENT_SECRET");
}

#[test]
fn a_flow_that_the_client_does_not_allow_is_exit_3_with_a_command_that_works_as_typed() {
    let email = workshop().user(PASSWORD);
    for (client, refused, flow) in
        [(&workshop().srp_only, "password", "srp"), (&workshop().password_only, "srp", "password")]
    {
        let (home, proxy) = counted();
        home.cogtok(["profile", "set", "ws", "user.client_id", &client.id]).run().ok();
        home.cogtok(["profile", "set", "ws", "user.auth_flow", refused]).run().ok();
        let output = token_user(&home, &email, PASSWORD).run();
        output.code(3).stderr_has("InitiateAuth").stderr_has("profile `ws`");
        assert_eq!(proxy.log(), ["InitiateAuth"], "there is no fallback to another flow");
        let command = hinted(&output, "cogtok profile set");
        assert_eq!(command, ["profile", "set", "ws", "user.auth_flow", flow]);
        home.cogtok(command).run().ok();
        verified_access(&token_user(&home, &email, PASSWORD).run(), client);
    }
}

#[test]
fn a_wrong_password_or_user_is_refused_after_exactly_one_attempt() {
    let email = workshop().user(PASSWORD);
    for (username, password) in [(email.as_str(), WRONG), ("nobody@example.com", PASSWORD)] {
        let (home, proxy) = counted();
        let output = token_user(&home, username, password).run();
        output.code(4).stderr_has("Incorrect username or password").stderr_has("profile `ws`").stderr_has("hint: ");
        assert_eq!((proxy.count("InitiateAuth"), proxy.count("RespondToAuthChallenge")), (1, 1), "{username}");

        let (home, proxy) = counted();
        token_user(&home, username, password).args(["--auth-flow", "password"]).run().code(4);
        assert_eq!(proxy.log(), ["InitiateAuth"], "{username}");
        // What a failure leaves is no token: the right password works at once.
        token_user(&home, &email, PASSWORD).run().ok();
    }
}

#[test]
fn a_cached_token_neither_needs_nor_checks_the_password() {
    let (home, proxy) = counted();
    let email = workshop().user(PASSWORD);
    let token = token_user(&home, &email, PASSWORD).run();
    token_user(&home, &email, WRONG).run().ok().stdout_is(&token.stdout);
    home.cogtok(["token", "user", "-p", "ws", "--username", &email]).run().ok().quiet().stdout_is(&token.stdout);
    assert_eq!(proxy.count("InitiateAuth"), 1);

    // A writer that is slower than cogtok must not meet a closed pipe.
    crate::harness::need("bash", "bash");
    let script = format!(
        "{{ printf slow; sleep 0.2; printf er; }} | cogtok token user -p ws --username '{email}' --password-stdin; \
         printf '%s' \"${{PIPESTATUS[*]}}\""
    );
    home.eval_in("bash", &script).ok().stdout_is(&format!("{}0 0", token.stdout));

    // `--force-refresh` and `--no-cache` do sign in, so they do check it.
    for option in ["--force-refresh", "--no-cache"] {
        token_user(&home, &email, WRONG).arg(option).run().code(4);
        let before = home.cache_files();
        let fresh = token_user(&home, &email, PASSWORD).arg(option).run();
        assert_ne!(fresh.ok().stdout, token.stdout, "{option}");
        // Here, since the next call is served from the cache, which counts that.
        assert_eq!(home.cache_files() == before, option == "--no-cache");
        let is_kept =
            home.cogtok(["token", "user", "-p", "ws", "--username", &email]).run().ok().stdout == fresh.stdout;
        assert_eq!(is_kept, option == "--force-refresh");
    }
    assert_eq!(proxy.count("InitiateAuth"), 5);
}

#[test]
fn thirty_parallel_callers_sign_in_once() {
    let proxy = Proxy::new(&workshop().endpoint).delay(150);
    let home = behind(&proxy);
    let email = workshop().user(PASSWORD);
    let outputs = herd((0..30).map(|_| token_user(&home, &email, PASSWORD)));
    assert!(outputs.iter().all(|output| output.ok().stdout == outputs[0].stdout));
    verified_access(&outputs[0], &workshop().web);
    assert_eq!((proxy.count("InitiateAuth"), proxy.count("RespondToAuthChallenge")), (1, 1));
}

#[test]
fn a_caller_with_the_right_password_does_not_share_the_refusal_of_a_wrong_one() {
    let proxy = Proxy::new(&workshop().endpoint).delay(400);
    let home = behind(&proxy);
    let email = workshop().user(PASSWORD);
    let wrong = token_user(&home, &email, WRONG).spawn();
    crate::harness::poll("the first caller is at work", std::time::Duration::from_secs(10), || {
        (proxy.count("InitiateAuth") == 1).then_some(())
    });
    let right = token_user(&home, &email, PASSWORD).spawn();
    wrong.wait().code(4);
    verified_access(&right.wait(), &workshop().web);
}

#[test]
fn throttling_and_a_lost_first_answer_are_waited_out() {
    let email = workshop().user(PASSWORD);
    let seen = std::sync::atomic::AtomicUsize::new(0);
    let proxy = Proxy::with(&workshop().endpoint, move |request| {
        let first = request.operation() == Some("InitiateAuth");
        match seen.fetch_add(usize::from(first), std::sync::atomic::Ordering::SeqCst) {
            0 if first => Some(Answer::aws_error("TooManyRequestsException", "Rate exceeded")),
            1 if first => Some(Answer::close()),
            _ => None,
        }
    });
    verified_access(&token_user(&behind(&proxy), &email, PASSWORD).run(), &workshop().web);
    assert_eq!((proxy.count("InitiateAuth"), proxy.count("RespondToAuthChallenge")), (3, 1));

    let proxy = Proxy::with(&workshop().endpoint, |_| Some(Answer::aws_error("TooManyRequestsException", "Rate")));
    let output = token_user(&behind(&proxy), &email, PASSWORD).run();
    output.code(6).stderr_has("TooManyRequestsException").stderr_has("throttling");
    assert_eq!(proxy.log(), ["InitiateAuth"; 4]);
}

#[test]
fn a_challenge_is_answered_once_whatever_becomes_of_the_answer() {
    let email = workshop().user(PASSWORD);
    for (answer, code) in [
        (Answer::close(), 6),
        (Answer::aws_error("TooManyRequestsException", "Rate exceeded"), 6),
        (Answer::aws_error("InternalErrorException", "no"), 6),
        (Answer::new(503, "text/html", "<html>"), 6),
    ] {
        let proxy = Proxy::with(&workshop().endpoint, move |request| {
            (request.operation() == Some("RespondToAuthChallenge")).then(|| answer.clone())
        });
        token_user(&behind(&proxy), &email, PASSWORD).run().code(code).stderr_has("RespondToAuthChallenge");
        assert_eq!(proxy.log(), ["InitiateAuth", "RespondToAuthChallenge"]);
    }
}

#[test]
fn a_temporary_password_is_exchanged_for_the_new_one_from_standard_input() {
    for (flow, both) in [("srp", format!("{PASSWORD}\n{NEW}\n")), ("password", format!("{PASSWORD}\r\n{NEW}"))] {
        let (home, proxy) = counted();
        let email = workshop().temporary_user(PASSWORD);
        let run = |stdin: &str| token_user(&home, &email, stdin).args(["--auth-flow", flow]);
        let asked = run(PASSWORD).run();
        asked.code(5).stderr_has("NEW_PASSWORD_REQUIRED").stderr_has("`--new-password-stdin`");
        run(PASSWORD).arg("--new-password-stdin").run().code(2).stderr_has("fewer than the 2 lines");
        assert_eq!(workshop().find_user(&email).unwrap()["UserStatus"], "FORCE_CHANGE_PASSWORD");

        verified_access(&run(&both).arg("--new-password-stdin").run(), &workshop().web);
        workshop().sign_in(&email, NEW).unwrap();
        workshop().sign_in(&email, PASSWORD).unwrap_err();
        let sent = proxy.requests().into_iter().filter(|request| request.text().contains("NEW_PASSWORD\""));
        let sent: Vec<_> = sent.map(|request| request.json()).collect();
        assert_eq!(sent.len(), 1);
        assert!(sent[0]["Session"].is_string(), "the session is handed back: {}", sent[0]);
    }
    // The password from the environment leaves standard input to the new one.
    let (home, _proxy) = counted();
    let email = workshop().temporary_user(PASSWORD);
    let run = home.cogtok(["token", "user", "-p", "ws", "--new-password-stdin", "--username", &email]);
    verified_access(&run.env("COGTOK_PASSWORD", PASSWORD).stdin(format!("{NEW}\n")).run(), &workshop().web);
    workshop().sign_in(&email, NEW).unwrap();
}

#[test]
fn options_alone_stand_in_for_a_profile_and_nothing_else_is_looked_up() {
    let proxy = Proxy::new(&workshop().endpoint);
    let canary = Server::canary();
    let home = Home::new();
    home.canary(PASSWORD);
    let email = workshop().user(PASSWORD);
    let alone = |args: &[&str]| {
        home.cogtok(["token", "user", "--password-stdin", "--username", &email])
            .args(args)
            .stdin(PASSWORD)
            .env_remove("AWS_EC2_METADATA_DISABLED")
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", canary.url())
            .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/credentials", canary.url()))
    };
    let pool = ["--user-pool-id", &workshop().pool_id, "--client-id", &workshop().web.id];
    let served = alone(&pool).env("AWS_ENDPOINT_URL", proxy.url()).run();
    verified_access(&served, &workshop().web);
    assert!(proxy.requests().iter().all(|request| request.header("authorization").is_none()));

    // Neither pool nor Region: no address can be made up, and the metadata service is not asked for one.
    let nowhere = alone(&["--client-id", &workshop().web.id, "--auth-flow", "password"]).run();
    nowhere
        .code(3)
        .stderr_has("no Region is known")
        .stderr_has("add `--region REGION`, or `--user-pool-id`, which begins with it\n");
    let nobody = home.cogtok(["token", "user"]).run();
    nobody.code(3).stderr_has("no profile is chosen").stderr_has("cogtok profile create");
    canary.assert_untouched();
}

#[test]
fn the_region_of_the_aws_configuration_will_do_where_nothing_else_names_one() {
    let internet = Server::always(Answer::new(503, "text/plain", "no way out"));
    let home = Home::new();
    home.canary(PASSWORD);
    home.plant(".aws/config", "[default]\nregion = eu-central-1\nendpoint_url = http://127.0.0.1:1\n");
    let output = home
        .cogtok(["token", "user", "--client-id", "abc", "--username", "alice", "--auth-flow", "password"])
        .args(["--password-stdin", "--timeout", "5s"])
        .stdin(PASSWORD)
        .env("HTTPS_PROXY", internet.url())
        .run();
    output.code(6).stderr_has("cognito-idp.eu-central-1.amazonaws.com");
    let asked = internet.requests();
    assert!(!asked.is_empty(), "nothing was that you asked for");
    for request in asked {
        assert_eq!(
            (request.method.as_str(), request.path.as_str()),
            ("CONNECT", "cognito-idp.eu-central-1.amazonaws.com:443")
        );
    }
}
