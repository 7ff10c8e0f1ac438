//! Codes of an authenticator app whose key is in the secret store: `token user` answers by itself.

use crate::harness::challenges::{PASSWORD, challenge, python, sent, session_text, signed_in, totp};
use crate::harness::ministack::ministack;
use crate::harness::verify::verify;
use crate::harness::{Answer, Home, Keyring, Proxy, Run, Server, Workshop, need};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock};

const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn pool() -> &'static Workshop {
    static POOL: OnceLock<Workshop> = OnceLock::new();
    POOL.get_or_init(|| {
        let pool = Workshop::provision(ministack());
        let settings = json!({"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
        pool.admin("SetUserPoolMfaConfig", settings);
        pool
    })
}

/// A user with an authenticator app, and the app's key.
fn app_user() -> (String, String) {
    let email = pool().user(PASSWORD);
    let tokens = pool().sign_in(&email, PASSWORD).unwrap();
    let access = &tokens["AuthenticationResult"]["AccessToken"];
    let call = |operation: &str, body| pool().ministack.cognito(operation, &body);
    let key = call("AssociateSoftwareToken", json!({"AccessToken": access}))["SecretCode"].as_str().unwrap().to_owned();
    call("VerifySoftwareToken", json!({"AccessToken": access, "UserCode": totp(&key)}));
    let preference = json!({"Username": email, "SoftwareTokenMfaSettings": {"Enabled": true, "PreferredMfa": true}});
    pool().admin("AdminSetUserMFAPreference", preference);
    (email, key)
}

#[test]
fn a_test_user_with_an_app_gets_tokens_with_nobody_there() {
    let (email, key) = app_user();
    let (home, keyring, proxy) = (Home::new(), Keyring::start(), Proxy::new(&pool().endpoint));
    home.canary(PASSWORD);
    home.canary(&key);
    home.profile("ws", pool(), &proxy.url(), &proxy.token_url());
    let set = |kind: &str, value: &str| {
        home.cogtok(["secret", "set", kind, "-p", "ws", "--username", &email])
            .stdin(value)
            .keyring(&keyring)
            .run()
            .ok();
    };
    set("password", PASSWORD);
    set("totp", &format!("{}\n", key.to_lowercase()));
    let token = |args: &[&str]| {
        let run = home.cogtok(["token", "user", "-p", "ws", "--username", &email]).args(args).keyring(&keyring);
        run.stdin("").run()
    };
    let first = token(&[]);
    let claims = verify(first.ok().line(), pool());
    token(&[]).ok().quiet().stdout_is(&first.stdout);
    let new = token(&["--force-refresh"]);
    assert_ne!(verify(new.ok().quiet().line(), pool())["jti"], claims["jti"]);
    let asked = ["InitiateAuth", "RespondToAuthChallenge", "RespondToAuthChallenge", "GetTokensFromRefreshToken"];
    assert_eq!(proxy.log(), asked);
    let status = home.cogtok(["secret", "status", "--json"]).env("COGTOK_USERNAME", &email).keyring(&keyring).run();
    assert_eq!(status.ok().json()[3]["place"], "keyring");
    // Another user of the profile has no key, and is asked.
    let other = pool().user(PASSWORD);
    let run = home.cogtok(["token", "user", "-p", "ws", "--username", &other]).keyring(&keyring);
    verify(run.env("COGTOK_PASSWORD", PASSWORD).run().ok().line(), pool());
}

/// A home whose user has the key in a sealed file, before a server that keeps the codes it gets.
struct Scripted {
    home: Home,
    server: Server,
    codes: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// `refused` answers come before one that is right.
    fn new(refused: usize) -> Self {
        let codes = Arc::new(Mutex::new(Vec::new()));
        let ours = Arc::clone(&codes);
        let server = Server::start(move |request| match request.operation() {
            Some("InitiateAuth") => challenge(1, "SOFTWARE_TOKEN_MFA", json!({})),
            _ => {
                let mut codes = ours.lock().unwrap();
                codes
                    .push(request.json()["ChallengeResponses"]["SOFTWARE_TOKEN_MFA_CODE"].as_str().unwrap().to_owned());
                if codes.len() > refused {
                    signed_in().1
                } else {
                    Answer::aws_error("CodeMismatchException", "Invalid code received for user")
                }
            }
        });
        let home = Home::new();
        home.scripted_user(&server.url());
        home.canary(KEY);
        let scripted = Self { home, server, codes };
        scripted.home.cogtok(["secret", "init"]).arg(scripted.home.path("identity")).run().ok();
        scripted.run(&["secret", "set", "totp"]).stdin(KEY).run().ok();
        scripted
    }

    fn run(&self, args: &[&str]) -> Run<'_> {
        self.home.cogtok(args).env("COGTOK_SECRET_IDENTITY", self.home.path("identity"))
    }

    fn sign_in(&self) -> Run<'_> {
        // By standard input: a wrapper between the two would have the environment as well.
        self.run(&["token", "user", "--no-cache", "--password-stdin"]).stdin(PASSWORD)
    }
}

/// The codes of the time steps from `first` on, by Python.
fn codes_from(first: u64, count: u64) -> Vec<String> {
    let script = "import base64, hmac, struct, sys\n\
        key, first, count = sys.stdin.read().split()\n\
        for step in range(int(first), int(first) + int(count)):\n    \
            mac = hmac.digest(base64.b32decode(key), struct.pack('>Q', step), 'sha1')\n    \
            at = mac[-1] & 15\n    \
            print(f\"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 10**6:06}\")";
    python(script, &format!("{KEY} {first} {count}")).lines().map(String::from).collect()
}

#[test]
fn no_code_is_used_twice_and_the_next_one_is_waited_for() {
    need("faketime", "faketime");
    let scripted = Scripted::new(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() / 30;
    // Time runs sixty times as fast, and the pauses with it.
    for _ in 0..4 {
        let output = scripted.sign_in().args(["--timeout", "30m"]).under(["faketime", "-f", "+0 x60"]).run();
        output.ok();
    }
    let codes = scripted.codes.lock().unwrap().clone();
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), 4, "{codes:?}");
    let right = codes_from(now, 60);
    let steps: Vec<_> = codes.iter().map(|code| right.iter().position(|right| right == code)).collect();
    assert!(steps.iter().all(Option::is_some) && steps.is_sorted(), "{steps:?}");
    drop(codes);
    // Whoever says how long it may take is not kept waiting for longer.
    let late = scripted.sign_in().args(["--timeout", "1s"]).run();
    if late.code != Some(0) {
        late.code(6).stderr_has("the next one comes in").stderr_has("--timeout");
    }
    assert!(scripted.server.hits() <= 10);
}

#[test]
fn a_refused_code_is_followed_by_one_more_and_then_by_the_reason() {
    need("faketime", "faketime");
    for (refused, code, count) in [(1, 0, 2), (9, 4, 2)] {
        let scripted = Scripted::new(refused);
        let output = scripted.sign_in().args(["--timeout", "30m"]).under(["faketime", "-f", "+0 x60"]).run();
        output.code(code);
        if code == 4 {
            output.stderr_has("CodeMismatchException");
        }
        let codes = scripted.codes.lock().unwrap();
        assert_eq!(codes.len(), count);
        assert_ne!(codes[0], codes[1]);
    }
    // A code that was given is the one that counts.
    let scripted = Scripted::new(0);
    scripted.sign_in().args(["--mfa-code", "123456"]).run().ok();
    assert_eq!(*scripted.codes.lock().unwrap(), ["123456"]);
}

#[test]
fn an_app_is_set_up_with_nobody_there_and_its_key_is_kept_before_cognito_is_told() {
    let (token, done) = signed_in();
    let associated = json!({"SecretCode": KEY, "Session": session_text(2)});
    let verified = json!({"Status": "SUCCESS", "Session": session_text(3)});
    let set_up = || {
        [
            challenge(1, "MFA_SETUP", json!({"MFAS_CAN_SETUP": "[\"SOFTWARE_TOKEN_MFA\"]"})),
            Answer::json(200, &associated),
        ]
    };
    let answers = [&set_up()[..], &[Answer::json(200, &verified), done]].concat();
    let (home, keyring, server) = (Home::new(), Keyring::start(), Server::script(answers));
    home.scripted_user(&server.url());
    home.canary(KEY);
    let run =
        |args: &[&str]| home.cogtok(["token", "user"]).args(args).env("COGTOK_PASSWORD", PASSWORD).keyring(&keyring);
    let output = run(&["--save-totp", "-vv"]).run();
    output.ok().stdout_is(&format!("{token}\n")).stderr_has("set up the authenticator app").stderr_has("the keyring");
    let code = server.requests()[2].json()["UserCode"].as_str().unwrap().to_owned();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() / 30;
    assert!(codes_from(now - 1, 2).contains(&code), "{code}");
    assert_eq!(sent(&server, 3), json!({"USERNAME": "alice@example.com"}));
    let key_of = |keyring: &Keyring| {
        let entries = keyring.entries();
        entries.iter().find(|entry| entry["username"].starts_with("totp|")).map(|entry| entry["secret"].clone())
    };
    assert_eq!(key_of(&keyring).as_deref(), Some(KEY));
    assert!(std::fs::read_to_string(home.config_file()).unwrap().contains("secrets = [\"totp\"]"));

    // An answer that is lost may have been a yes: the key stays.
    let (home, keyring) = (Home::new(), Keyring::start());
    let server = Server::script([&set_up()[..], &[Answer::close()]].concat());
    home.scripted_user(&server.url());
    let run = home.cogtok(["token", "user", "--save-totp"]).env("COGTOK_PASSWORD", PASSWORD).keyring(&keyring);
    run.run().code(6);
    assert_eq!(key_of(&keyring).as_deref(), Some(KEY));

    // Without a place to keep the key nothing is set up.
    let server = Server::script(set_up());
    let home = Home::new();
    home.scripted_user(&server.url());
    insta::assert_snapshot!(home.cogtok(["token", "user", "--save-totp"]).env("COGTOK_PASSWORD", PASSWORD).run().message(), @"
    exit 7
    error: no keyring service is reachable: there is no D-Bus session (wanted: the totp secret of client [client] and user alice@example.com) (profile `ws`)
    hint: log in to a desktop session
    hint: without a keyring: `--mfa-code`, `--mfa-code-stdin` or COGTOK_MFA_CODE supply a code
    hint: or keep secrets in an encrypted file: cogtok secret init --help
    ");
    assert_eq!(server.hits(), 2);
    // Nor is it without the option.
    let server = Server::script(set_up());
    home.scripted_user(&server.url());
    let plain = home.cogtok(["token", "user"]).env("COGTOK_PASSWORD", PASSWORD).run();
    plain.code(5).stderr_has("MFA_SETUP").stderr_has("`--save-totp`");
}

#[test]
fn what_is_no_key_is_not_kept() {
    let (home, keyring) = (Home::new(), Keyring::start());
    home.scripted_user("https://example.com");
    for bad in ["123456", "not a key!", "otpauth://totp/x?issuer=y"] {
        let run = home.cogtok(["secret", "set", "totp"]).canary(bad).stdin(bad).keyring(&keyring);
        run.run().code(2).stderr_has("Base32");
    }
    assert_eq!(keyring.entries().len(), 0);
    let uri = format!("otpauth://totp/Pool:alice?secret={KEY}&issuer=Pool");
    home.cogtok(["secret", "set", "totp"]).stdin(&uri).keyring(&keyring).run().ok().stderr_has("totp secret");
}
