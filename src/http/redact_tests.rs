use crate::http::redact::*;

#[test]
fn a_password_of_several_users_is_hidden_until_it_is_sent_for_none_of_them() {
    let (redactor, password) = (Redactor::default(), Secret::new("Correct-Horse-7".to_owned()));
    for user in ["ann", "bob", "bob"] {
        redactor.hide(user, &password);
    }
    for (user, is_hidden) in [("cem", true), ("ann", true), ("ann", true), ("bob", false)] {
        redactor.reveal(user, &password);
        assert_eq!(redactor.clean("Correct-Horse-7") == "[redacted]", is_hidden, "{user}");
    }
    assert!(redactor.0.read().unwrap().is_empty());
}

#[test]
fn a_secret_is_hidden_in_every_form() {
    let redactor = Redactor::default();
    redactor.hide("id", &Secret::new("Hunter+2/x".into()));
    let basic = STANDARD.encode("id:Hunter%2B2%2Fx");
    for form in ["Hunter+2/x", "hunter+2/x", "Hunter%2B2%2Fx", "hunter%2b2%2fx", &basic, &STANDARD.encode("Hunter+2/x")]
    {
        assert_eq!(redactor.clean(&format!("<{form}>")), "<[redacted]>", "{form}");
    }
    assert_eq!(redactor.clean("nothing"), "nothing");
    assert_eq!(redactor.clean("%zz \\u12 \\ud800 \\u{zz} \\q %"), "%zz \\u12 \\ud800 \\u{zz} \\q %");
    // A secret that is part of the replacement text must not loop.
    redactor.hide("id", &Secret::new("acte".into()));
    assert_eq!(redactor.clean("an acte"), "an [redacted]");
}

#[test]
fn a_secret_is_hidden_however_its_characters_are_written() {
    let secret = "Hun\"ter\\2/ß+x 9";
    let redactor = Redactor::default();
    redactor.hide("id", &Secret::new(secret.into()));
    let json = serde_json::to_string(secret).unwrap();
    let all_escaped: String = secret.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
    let percent = |keep: &str| -> String {
        let one = |byte: u8| {
            if byte.is_ascii_alphanumeric() || keep.contains(char::from(byte)) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02x}")
            }
        };
        secret.bytes().map(one).collect()
    };
    let escaped = json.trim_matches('"').to_owned();
    for form in [
        escaped.clone(),
        escaped.replace('/', "\\/"),
        all_escaped,
        format!("{secret:?}").trim_matches('"').to_owned(),
        secret.escape_default().to_string(),
        percent(""),
        percent("/"),
        percent("/+\""),
        percent("/").replace("%20", "+"),
        percent("").replace('%', "%25"),
        serde_json::to_string(&escaped).unwrap().trim_matches('"').to_owned(),
        STANDARD.encode(secret),
        STANDARD.encode(secret).trim_end_matches('=').to_owned(),
        URL_SAFE_NO_PAD.encode(format!("id:{secret}")),
        secret.bytes().map(|byte| format!("{byte:02X}")).collect(),
    ] {
        assert_eq!(redactor.clean(&format!("<{form}>")), "<[redacted]>", "{form}");
    }
    // Whatever precedes it in Base64, no revealing part is left.
    for before in ["", "a", "ab", "abc:"] {
        let form = STANDARD.encode(format!("{before}{secret}!"));
        assert!(redactor.clean(&form).contains("[redacted]"), "{form}");
    }
}

#[test]
fn values_are_hidden_unless_known_to_be_harmless() {
    let shown = body(br#"{"AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"PASSWORD":"hunter2"},"New":["hunter2"]}"#);
    assert!(shown.contains("USER_PASSWORD_AUTH") && shown.contains("PASSWORD"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
    let shown = body(b"grant_type=client_credentials&client_secret=hunter2&scope=a%2Fb");
    assert_eq!(shown, "grant_type=client_credentials&client_secret=[redacted]&scope=a/b");
    assert_eq!(body(b"hunter2"), "(7 bytes)");
    assert_eq!(body(b"\"hunter2\""), "(9 bytes)");
}
