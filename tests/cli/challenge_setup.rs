//! What a pool wants a person to set up on the way in: an authenticator app, an address for codes, a new password with
//! attributes. At a terminal.

use crate::harness::challenges::{CODE, PASSWORD, challenge, sent, session_text, signed_in, totp};
use crate::harness::pty::{Pty, Session};
use crate::harness::state::files;
use crate::harness::verify::verify;
use crate::harness::{Answer, Home, Proxy, Request, Server, workshop};
use qrcode::{Color, EcLevel, QrCode};
use serde_json::{Value, json};

const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn ask(terminal: &mut Pty<'_>, question: &str, answer: &str) {
    terminal.expect(question).expect_no_echo().send_line(answer);
}

#[track_caller]
fn assert_ended(session: &Session, code: u32) {
    assert_eq!(session.code, Some(code), "{session:?}");
    assert!(session.echo && session.canonical, "the terminal's modes are not restored: {session:?}");
}

/// The key on the screen: the one word of 16 or more letters and digits of Base32.
fn key_on(screen: &str) -> String {
    let is_base32 = |word: &&str| word.len() >= 16 && word.chars().all(|c| matches!(c, 'A'..='Z' | '2'..='7'));
    let mut words = screen.split_whitespace().filter(is_base32);
    let key = words.next().unwrap_or_else(|| panic!("no key on the screen:\n{screen}"));
    key.to_string()
}

/// The screen without what colours it.
fn plain(screen: &str) -> String {
    let mut pieces = screen.split("\u{1b}[");
    let first = pieces.next().unwrap_or_default().to_string();
    pieces.fold(first, |text, piece| text + piece.split_once('m').map_or(piece, |(_, rest)| rest))
}

/// Whether a line is one of a picture: two light modules, half blocks, two light modules.
fn is_picture(line: &str) -> bool {
    line.chars().count() > 20 && line.chars().all(|c| matches!(c, ' ' | '\u{2580}' | '\u{2584}' | '\u{2588}'))
}

/// The modules of the code of this width on the screen, row by row.
fn modules_on(screen: &str, width: usize) -> Vec<bool> {
    let lines = screen.lines().filter(|line| is_picture(line));
    let rows = lines.flat_map(|line| {
        let half = |full: char| {
            let inner = line.chars().skip(2).take(width);
            inner.map(|c| c == full || c == '\u{2588}').collect::<Vec<bool>>()
        };
        [half('\u{2580}'), half('\u{2584}')]
    });
    rows.skip(2).take(width).flatten().collect()
}

#[test]
fn an_authenticator_app_is_set_up_with_the_key_on_the_screen_and_nowhere_else() {
    let email = workshop().user(PASSWORD);
    // The local Cognito issues and checks keys, but does not ask for an app by itself.
    let proxy = Proxy::with(&workshop().endpoint, |request: &Request| {
        let is_first = request.operation() == Some("InitiateAuth");
        is_first.then(|| challenge(1, "MFA_SETUP", json!({"MFAS_CAN_SETUP": "[\"SOFTWARE_TOKEN_MFA\"]"})))
    });
    let home = Home::new();
    home.canary(PASSWORD);
    home.profile("ws", workshop(), &proxy.url(), &proxy.token_url());
    home.cogtok(["profile", "set", "ws", "user.username", &email]).run().ok();
    let (token, errors) = (home.allow(home.path("token")), home.path("errors"));
    let script = format!(
        "T=$(cogtok token user -p ws --auth-flow password 2>{}); echo \"code $?\"; printf %s \"$T\" >{}",
        errors.display(),
        token.display()
    );
    let mut terminal = home.shell("bash", &script).env("COGTOK_PASSWORD", PASSWORD).pty_of(24, 80);
    terminal.expect("shows now").expect_no_echo();
    let screen = plain(&terminal.text());
    let key = key_on(&screen);
    let account = email.replace('@', "%40");
    let pool = &workshop().pool_id;
    let uri = format!("otpauth://totp/{account}?secret={key}&issuer={pool}");
    let code = QrCode::with_error_correction_level(&uri, EcLevel::L).unwrap();
    let modules: Vec<bool> = code.to_colors().iter().map(|module| *module == Color::Dark).collect();
    assert_eq!(modules_on(&screen, code.width()), modules, "the picture is not the one of {uri}:\n{screen}");
    // What scrolls away can't be scanned: the code, the key and the question are on the last 24 lines.
    let last: Vec<&str> = screen.lines().rev().take(24).collect();
    assert_eq!(last.iter().filter(|line| is_picture(line)).count(), code.width().div_ceil(2) + 1, "{screen}");
    assert!(screen.lines().all(|line| line.chars().count() <= 80), "it does not fit a terminal:\n{screen}");
    let code = totp(&key);
    home.canary(&code);
    terminal.send_line(&code).expect("[Y/n] ").send_line("n").expect("code 0");
    assert_ended(&terminal.wait(), 0);
    verify(&std::fs::read_to_string(&token).unwrap(), workshop());
    assert_eq!(
        proxy.log(),
        ["InitiateAuth", "AssociateSoftwareToken", "VerifySoftwareToken", "RespondToAuthChallenge"]
    );
    let mut requests = proxy.requests();
    let last = requests.pop().unwrap().json();
    assert_eq!(requests[1].json()["Session"], session_text(1));
    // Every step hands the session of the step before on.
    let sessions = [requests[1].json(), requests[2].json(), last.clone()].map(|body| body["Session"].clone());
    assert!(sessions[0] != sessions[1] && sessions[1] != sessions[2] && sessions[2].is_string(), "{sessions:?}");
    assert_eq!(last["ChallengeResponses"], json!({"USERNAME": email}));
    for (path, content) in files(&home.path("")) {
        assert!(!String::from_utf8_lossy(&content).contains(&key), "the key is in {}", path.display());
    }
}

#[test]
fn a_code_that_is_not_the_apps_is_asked_for_again_with_the_same_key() {
    let (_, done) = signed_in();
    let key = Answer::json(200, &json!({"SecretCode": KEY, "Session": session_text(2)}));
    let wrong = Answer::aws_error("EnableSoftwareTokenMFAException", &format!("Code mismatch: {CODE}"));
    let status = |status: &str| Answer::json(200, &json!({"Status": status, "Session": session_text(3)}));
    let setup =
        challenge(1, "MFA_SETUP", json!({"MFAS_CAN_SETUP": "[\"SOFTWARE_TOKEN_MFA\"]", "USER_ID_FOR_SRP": "sub"}));
    let server = Server::script([setup.clone(), key.clone(), wrong, status("ERROR"), status("SUCCESS"), done]);
    let home = Home::new();
    home.scripted_user(&server.url());
    let run = || home.cogtok(["token", "user", "--header"]).env("COGTOK_PASSWORD", PASSWORD);
    let mut terminal = run().pty();
    ask(&mut terminal, "shows now: ", CODE);
    terminal.expect("Wrong code. 2 tries left.");
    ask(&mut terminal, "shows now: ", "913 572");
    terminal.expect("Wrong code. 1 try left.");
    ask(&mut terminal, "shows now: ", "913 572");
    let session = terminal.wait();
    assert_ended(&session, 0);
    assert_eq!(session.text.matches(KEY).count(), 1, "picture and key are shown once: {session:?}");
    let requests: Vec<Value> = server.requests().iter().map(Request::json).collect();
    assert!(requests[2..5].iter().all(|body| body["UserCode"] == CODE && body["Session"] == session_text(2)));
    assert_eq!((&requests[5]["Session"], sent(&server, 5)), (&json!(session_text(3)), json!({"USERNAME": "sub"})));

    // A code is used up by the first that gets it, so a lost answer is not asked for again.
    let server = Server::script([setup, key, Answer::close(), status("SUCCESS")]);
    let home = Home::new();
    home.scripted_user(&server.url());
    let mut terminal = home.cogtok(["token", "user", "--header"]).env("COGTOK_PASSWORD", PASSWORD).pty();
    ask(&mut terminal, "shows now: ", CODE);
    let session = terminal.wait();
    assert_ended(&session, 6);
    assert!(session.text.contains("VerifySoftwareToken"), "{session:?}");
    assert_eq!(server.hits(), 3);
}

#[test]
fn an_address_for_codes_is_asked_for_where_the_pool_sets_up_e_mail() {
    for (list, choice, options) in [
        ("[\"EMAIL_OTP\"]", None, &[][..]),
        ("[\"SOFTWARE_TOKEN_MFA\",\"EMAIL_OTP\"]", Some("email"), &[]),
        ("[\"SOFTWARE_TOKEN_MFA\",\"EMAIL_OTP\"]", None, &["--mfa-type", "email"]),
    ] {
        let (_, done) = signed_in();
        let code = challenge(2, "EMAIL_OTP", json!({"CODE_DELIVERY_DESTINATION": "a***@h***"}));
        let server = Server::script([challenge(1, "MFA_SETUP", json!({"MFAS_CAN_SETUP": list})), code, done]);
        let home = Home::new();
        home.scripted_user(&server.url());
        let run = home.cogtok(["token", "user", "--header"]).args(options).env("COGTOK_PASSWORD", PASSWORD);
        let mut terminal = run.pty();
        if let Some(choice) = choice {
            terminal.expect("app").expect(": ").send_line(choice);
        }
        terminal.expect("e-mail address").expect(": ").send_line("alice@home.example");
        ask(&mut terminal, "a***@h***", CODE);
        assert_ended(&terminal.wait(), 0);
        // The choice is made here: Cognito learns of it by the address.
        assert_eq!(sent(&server, 1), json!({"USERNAME": "alice@example.com", "EMAIL": "alice@home.example"}));
        assert_eq!(server.requests()[1].json()["ChallengeName"], "MFA_SETUP");
        assert_eq!(sent(&server, 2), json!({"USERNAME": "alice@example.com", "EMAIL_OTP_CODE": CODE}));
        assert_eq!(server.requests()[2].json()["Session"], session_text(2));
    }
}

#[test]
fn missing_attributes_are_asked_for_by_name_unless_an_option_has_them() {
    const NEW: &str = "Another-Horse-9-Battery";
    let (_, done) = signed_in();
    let required = json!(["userAttributes.given_name", "userAttributes.custom:team"]).to_string();
    let server = Server::script([challenge(1, "NEW_PASSWORD_REQUIRED", json!({"requiredAttributes": required})), done]);
    let home = Home::new();
    home.scripted_user(&server.url());
    home.canary(NEW);
    let run = home.cogtok(["token", "user", "--header", "--attribute", "custom:team=blue"]);
    let mut terminal = run.env("COGTOK_PASSWORD", PASSWORD).pty();
    terminal.expect("given_name").expect(": ").send_line("Alice Maria");
    ask(&mut terminal, "New password: ", NEW);
    ask(&mut terminal, "Repeat new password: ", NEW);
    let session = terminal.wait();
    assert_ended(&session, 0);
    assert!(!session.text.contains("custom:team"), "{session:?}");
    assert_eq!(
        sent(&server, 1),
        json!({"USERNAME": "alice@example.com", "NEW_PASSWORD": NEW, "userAttributes.custom:team": "blue",
            "userAttributes.given_name": "Alice Maria"})
    );
}
