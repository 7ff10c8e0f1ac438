//! What Windows' own tools write, wherever cogtok reads text: UTF-16, byte order marks, CRLF.

use crate::harness::scripted::CLIENT;
use crate::harness::tls::{Authority, Certificate};
use crate::harness::{Answer, Home, Keyring, jwt, m2m_jwt};
use serde_json::json;

/// The forms of one text: as it is, with a mark, and both orders of UTF-16.
fn forms(text: &str) -> [Vec<u8>; 4] {
    let marked = format!("\u{feff}{text}");
    let wide = |bytes_of: fn(u16) -> [u8; 2]| marked.encode_utf16().flat_map(bytes_of).collect();
    [text.into(), marked.clone().into(), wide(u16::to_le_bytes), wide(u16::to_be_bytes)]
}

#[test]
fn a_secret_is_the_text_without_what_marks_its_form() {
    let (home, keyring) = (Home::new(), Keyring::start());
    home.scripted_profile("https://token.example");
    for form in forms("pässword-7\r\n") {
        let run = home.cogtok(["secret", "set", "m2m-client", "-p", "ws"]).stdin(form.clone());
        run.canary("pässword-7").keyring(&keyring).run().ok();
        let entries = keyring.entries();
        assert_eq!((entries.len(), entries[0]["secret"].as_str()), (1, "pässword-7"), "{form:?}");
    }
}

#[test]
fn a_token_and_an_identity_are_read_in_every_form() {
    let token = jwt(&json!({"sub": "someone", "token_use": "access"}));
    let home = Home::new();
    home.canary(&token);
    for form in forms(&format!("{token}\r\n")) {
        home.cogtok(["token", "inspect", "-"]).stdin(form).run().ok().stdout_has("someone");
    }
    home.scripted_profile("https://token.example");
    let made = home.path("made.txt");
    home.cogtok(["secret", "init"]).arg(&made).run().ok();
    let identity = std::fs::read_to_string(&made).unwrap();
    for (number, form) in forms(&identity.replace('\n', "\r\n")).into_iter().enumerate() {
        let name = format!("identity-{number}.txt");
        let file = home.plant(&name, form);
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let run = home.cogtok(["secret", "set", "m2m-client", "-p", "ws"]).env("COGTOK_SECRET_IDENTITY", &file);
        run.stdin("a-secret").run().ok();
    }
}

#[test]
fn files_to_import_and_the_configuration_are_read_in_every_form() {
    let home = Home::new();
    let variables = "COGTOK_REGION=us-east-1\r\nCOGTOK_M2M_CLIENT_ID=machine\r\n";
    for (number, form) in forms(variables).into_iter().enumerate() {
        let (file, name) = (home.plant("w.env", form), format!("n{number}"));
        let run = home.cogtok(["profile", "import", "--name", &name]).arg(&file).run();
        run.ok();
        home.cogtok(["profile", "show", &name]).run().ok().stdout_has("machine");
    }
    for form in forms("[profiles.ws]\r\nregion = \"us-east-1\"\r\n") {
        let file = home.plant("wide.toml", form);
        home.cogtok(["profile", "list", "--config"]).arg(&file).run().ok().stdout_has("ws");
        home.cogtok(["profile", "set", "ws", "region", "eu-west-1", "--config"]).arg(&file).run().ok();
        let text = std::fs::read_to_string(&file).expect("UTF-8");
        assert!(text.contains("region = \"eu-west-1\"\r\n"), "{text:?}");
    }
}

#[test]
fn a_bundle_of_certificates_is_read_in_every_form_with_its_first_certificate() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = authority.serve(Certificate::Good, |_| Answer::token(&m2m_jwt(CLIENT, "api/read api/write")));
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    let pems = format!("{}{}", authority.pem(), other.pem()).replace('\n', "\r\n");
    for (number, form) in forms(&pems).into_iter().enumerate() {
        let file = home.plant(format!("ca-{number}.pem"), form);
        home.scripted_m2m(&["--no-cache", "--ca-bundle"]).arg(&file).run().ok();
        home.scripted_m2m(&["--no-cache"]).env("AWS_CA_BUNDLE", &file).run().ok();
    }
    assert_eq!(server.hits(), 8);
}
