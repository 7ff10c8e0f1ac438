//! Pools that remember devices: this machine becomes one, renews with its key, and proves itself in place of a second
//! factor. The server is scripted with Cognito's documented shapes and checks the proofs.

use crate::harness::challenges::{CLIENT, CODE, PASSWORD, challenge};
use crate::harness::srp::{Exchange, Verifier};
use crate::harness::{Answer, Home, Keyring, Request, Run, Server, jwt};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const DEVICE: &str = "us-east-1_11111111-2222-3333-4444-555555555555";
const GROUP: &str = "-ABCDE1234";

/// What the pool knows of devices.
#[derive(Default)]
struct Pool {
    confirmed: Option<Verifier>,
    exchange: Option<Exchange>,
    /// Whether refresh tokens are refused, so that users have to sign in.
    is_over: bool,
    /// Whether no device is confirmed.
    is_closed: bool,
    /// Sign-ins that a device proved itself in, and those with a code instead.
    proofs: usize,
    codes: usize,
}

fn result(with_device: bool) -> Answer {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let token = jwt(&json!({"token_use": "access", "client_id": CLIENT, "username": "sub", "exp": now + 30,
        "jti": crate::harness::unique("jti")}));
    let mut result = json!({"AccessToken": token, "IdToken": token, "RefreshToken": "refresh-canary-1", "ExpiresIn": 30,
        "TokenType": "Bearer"});
    if with_device {
        result["NewDeviceMetadata"] = json!({"DeviceKey": DEVICE, "DeviceGroupKey": GROUP});
    }
    Answer::json(200, &json!({"AuthenticationResult": result}))
}

fn answer(pool: &mut Pool, request: &Request) -> Answer {
    let body = request.json();
    let parameters = match request.operation() {
        Some("InitiateAuth") => &body["AuthParameters"],
        _ => &body["ChallengeResponses"],
    };
    let key = parameters["DEVICE_KEY"].as_str();
    match (request.operation(), body["ChallengeName"].as_str()) {
        (Some("InitiateAuth"), _) if key == Some(DEVICE) && pool.confirmed.is_none() => {
            Answer::aws_error("ResourceNotFoundException", "Device does not exist.")
        }
        (Some("InitiateAuth"), _) if key == Some(DEVICE) => challenge(1, "DEVICE_SRP_AUTH", json!({"USERNAME": "sub"})),
        (Some("InitiateAuth"), _) => challenge(1, "SOFTWARE_TOKEN_MFA", json!({"USERNAME": "sub"})),
        (_, Some("SOFTWARE_TOKEN_MFA")) => {
            pool.codes += 1;
            result(true)
        }
        (_, Some("DEVICE_SRP_AUTH")) if key == Some(DEVICE) => {
            let verifier = pool.confirmed.clone().expect("confirmed");
            let exchange = Exchange::new(GROUP, DEVICE, verifier, parameters["SRP_A"].as_str().expect("SRP_A"));
            // The device is named, not the user.
            let mut named = exchange.parameters();
            named["USERNAME"] = json!("sub");
            named.as_object_mut().expect("an object").remove("USER_ID_FOR_SRP");
            named["DEVICE_KEY"] = json!(DEVICE);
            pool.exchange = Some(exchange);
            challenge(2, "DEVICE_PASSWORD_VERIFIER", named)
        }
        (_, Some("DEVICE_PASSWORD_VERIFIER")) => match pool.exchange.take() {
            Some(exchange) if exchange.is_proven_by(parameters) && parameters["USERNAME"] == "sub" => {
                pool.proofs += 1;
                result(false)
            }
            _ => Answer::aws_error("NotAuthorizedException", "Incorrect username or password."),
        },
        (Some("ConfirmDevice"), _) if pool.is_closed => {
            Answer::aws_error("InvalidUserPoolConfigurationException", "Devices are off.")
        }
        (Some("RevokeToken"), _) => Answer::json(200, &json!({})),
        (Some("ConfirmDevice"), _) if body["DeviceKey"] == DEVICE && body["AccessToken"].is_string() => {
            pool.confirmed = Some(Verifier::of_device(&body["DeviceSecretVerifierConfig"]));
            Answer::json(200, &json!({"UserConfirmationNecessary": false}))
        }
        (Some("GetTokensFromRefreshToken"), _) => match (pool.is_over, body["DeviceKey"] == DEVICE) {
            (false, true) => result(false),
            _ => Answer::aws_error("NotAuthorizedException", "Invalid Refresh Token"),
        },
        _ => Answer::aws_error("InvalidParameterException", "not scripted"),
    }
}

fn start() -> (Server, Arc<Mutex<Pool>>) {
    let pool: Arc<Mutex<Pool>> = Arc::default();
    let ours = Arc::clone(&pool);
    (Server::start(move |request| answer(&mut ours.lock().unwrap(), request)), pool)
}

fn token_user<'h>(home: &'h Home, keyring: &Keyring, args: &[&str]) -> Run<'h> {
    home.cogtok(["token", "user"]).args(args).env("COGTOK_PASSWORD", PASSWORD).keyring(keyring)
}

fn operations(server: &Server) -> Vec<String> {
    server.requests().iter().map(|request| request.operation().unwrap().to_owned()).collect()
}

#[test]
fn a_new_device_is_confirmed_renews_with_its_key_and_stands_in_for_the_second_factor() {
    let (server, pool) = start();
    let (home, keyring) = (Home::new(), Keyring::start());
    home.scripted_user(&server.url());
    token_user(&home, &keyring, &["--mfa-code", CODE]).run().ok();
    assert_eq!(operations(&server), ["InitiateAuth", "RespondToAuthChallenge", "ConfirmDevice"]);
    let kept = keyring.entries().into_iter().find(|entry| entry["username"].starts_with("device|")).unwrap();
    let device: Value = serde_json::from_str(&kept["secret"]).unwrap();
    assert_eq!((&device["key"], &device["group_key"]), (&json!(DEVICE), &json!(GROUP)));
    home.canary(device["password"].as_str().unwrap());

    token_user(&home, &keyring, &["-vv"]).run().ok();
    assert_eq!(server.requests()[3].json()["DeviceKey"], DEVICE);

    // The session is over; the device is not, so nobody is asked for a code.
    pool.lock().unwrap().is_over = true;
    token_user(&home, &keyring, &["-vv"]).run().ok().stderr_has("the session has expired");
    let log = operations(&server);
    assert_eq!(log[5..], ["InitiateAuth", "RespondToAuthChallenge", "RespondToAuthChallenge"]);
    let state = pool.lock().unwrap();
    assert_eq!((state.proofs, state.codes), (1, 1));
    drop(state);
    pool.lock().unwrap().is_over = false;
    token_user(&home, &keyring, &[]).run().ok();
    assert_eq!(operations(&server).last().unwrap(), "GetTokensFromRefreshToken");
}

#[test]
fn a_device_that_the_pool_has_forgotten_is_new_again() {
    let (server, pool) = start();
    let (home, keyring) = (Home::new(), Keyring::start());
    home.scripted_user(&server.url());
    token_user(&home, &keyring, &["--mfa-code", CODE]).run().ok();
    let mut state = pool.lock().unwrap();
    state.confirmed = None;
    state.is_over = true;
    drop(state);
    token_user(&home, &keyring, &["--mfa-code", CODE]).run().ok();
    let log = operations(&server);
    assert_eq!(
        log[3..],
        ["GetTokensFromRefreshToken", "InitiateAuth", "InitiateAuth", "RespondToAuthChallenge", "ConfirmDevice"]
    );
    assert!(server.requests()[5].json()["AuthParameters"].get("DEVICE_KEY").is_none());
    let state = pool.lock().unwrap();
    assert_eq!((state.proofs, state.codes, state.confirmed.is_some()), (0, 2, true));
}

#[test]
fn a_device_that_can_not_be_kept_is_not_confirmed() {
    let (server, _pool) = start();
    let home = Home::new();
    home.scripted_user(&server.url());
    let run = home.cogtok(["token", "user", "--mfa-code", CODE]).env("COGTOK_PASSWORD", PASSWORD);
    run.run().ok().stderr_has("you will have to sign in again");
    assert_eq!(operations(&server), ["InitiateAuth", "RespondToAuthChallenge"]);
    // Nor is it where nothing is to be kept.
    let keyring = Keyring::start();
    token_user(&home, &keyring, &["--mfa-code", CODE, "--no-refresh", "--no-cache"]).run().ok();
    assert_eq!(operations(&server).len(), 4);
    assert!(keyring.entries().is_empty());
}

/// The places that `status` names for secrets, by kind.
fn secrets(home: &Home) -> Vec<String> {
    let rows = home.cogtok(["status", "--json"]).run().ok().json();
    let secrets = rows[0]["secrets"].as_array().unwrap().iter();
    secrets.map(|secret| secret["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_remembered_device_outlives_a_revoked_session_and_sign_ins_that_keep_none() {
    for way in [&["--no-refresh"][..], &["--no-cache"], &[]] {
        let (server, pool) = start();
        let (home, keyring) = (Home::new(), Keyring::start());
        home.scripted_user(&server.url());
        token_user(&home, &keyring, &["--mfa-code", CODE]).run().ok();
        if way.is_empty() {
            home.cogtok(["token", "revoke"]).keyring(&keyring).run().ok().stderr_has("revoked the refresh token");
            assert_eq!(secrets(&home), ["device"]);
        }
        // Nobody is asked for a code: the device proves itself, however often.
        for _ in 0..2 {
            token_user(&home, &keyring, way).run().ok();
        }
        let state = pool.lock().unwrap();
        assert_eq!((state.codes, state.confirmed.is_some()), (1, true), "{way:?}");
        assert!(state.proofs >= 1, "{way:?}");
        drop(state);
        assert_eq!(operations(&server).iter().filter(|name| *name == "ConfirmDevice").count(), 1, "{way:?}");
        let expected = ["refresh-token", "device"];
        assert_eq!(secrets(&home), expected, "{way:?}");
        // Signing out forgets it.
        home.cogtok(["logout"]).keyring(&keyring).run().ok();
        assert_eq!((keyring.entries().len(), secrets(&home).len()), (0, 0), "{way:?}");
    }
}

#[test]
fn a_device_that_is_not_confirmed_leaves_the_session_and_is_told_as_what_it_is() {
    let (server, pool) = start();
    let (home, keyring) = (Home::new(), Keyring::start());
    home.scripted_user(&server.url());
    pool.lock().unwrap().is_closed = true;
    let output = token_user(&home, &keyring, &["--mfa-code", CODE]).run();
    output.ok().stderr_has("the pool does not remember this device").stderr_has("Devices are off");
    output.stderr_lacks("you will have to sign in again");
    let kept = keyring.entries().into_iter().any(|entry| entry["username"].starts_with("refresh-token|"));
    assert!(kept);
    assert_eq!(secrets(&home), ["refresh-token"]);
    // The key that Cognito gave is sent, as it must.
    token_user(&home, &keyring, &[]).run().ok();
    let last = server.requests().pop().unwrap();
    assert_eq!((last.operation(), &last.json()["DeviceKey"]), (Some("GetTokensFromRefreshToken"), &json!(DEVICE)));
}

#[test]
fn where_the_record_can_not_be_read_the_store_says_which_device_there_is() {
    let (server, pool) = start();
    let (home, keyring) = (Home::new(), Keyring::start());
    home.scripted_user(&server.url());
    token_user(&home, &keyring, &["--mfa-code", CODE]).run().ok();
    let spoil = || {
        let records = std::fs::read_dir(home.state_dir().join("sessions")).unwrap().flatten();
        let mut records = records.map(|file| file.path()).filter(|path| path.extension().unwrap() == "json");
        std::fs::write(home.allow(records.next().unwrap()), "{").unwrap();
        std::fs::remove_dir_all(home.cache_dir()).unwrap();
    };
    spoil();
    token_user(&home, &keyring, &[]).run().ok();
    let last = server.requests().pop().unwrap();
    assert_eq!((last.operation(), &last.json()["DeviceKey"]), (Some("GetTokensFromRefreshToken"), &json!(DEVICE)));
    // It is known from then on, also where the session ends with that.
    assert_eq!(secrets(&home), ["refresh-token", "device"]);
    spoil();
    pool.lock().unwrap().is_over = true;
    token_user(&home, &keyring, &[]).run().ok();
    assert_eq!(secrets(&home), ["refresh-token", "device"]);
    assert_eq!(pool.lock().unwrap().codes, 1);
    home.cogtok(["logout"]).keyring(&keyring).run().ok();
    assert!(keyring.entries().is_empty());
}
