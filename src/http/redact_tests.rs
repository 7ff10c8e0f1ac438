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
fn a_secret_is_hidden_in_html() {
    let secret = "Quo\"te\\Back/slash+7-'Horse<ü";
    let redactor = Redactor::default();
    redactor.hide("id", &Secret::new(secret.into()));
    let replaced =
        |pairs: &[(&str, &str)]| pairs.iter().fold(secret.to_owned(), |text, (c, name)| text.replace(c, name));
    let named = replaced(&[("\"", "&quot;"), ("<", "&lt;"), ("'", "&#39;")]);
    let numbered = replaced(&[("\"", "&#34;"), ("<", "&#x3C;"), ("'", "&#x27;"), ("/", "&#x2F;"), ("ü", "&#252;")]);
    let all: String = secret.chars().map(|c| format!("&#x{:X};", u32::from(c))).collect();
    let others = replaced(&[("\\", "&bsol;"), ("/", "&sol;"), ("+", "&plus;"), ("<", "&LT;")]);
    let in_json = |text: &str| serde_json::to_string(text).unwrap().trim_matches('"').to_owned();
    for form in [
        in_json(&named),
        in_json(&named).replace('&', "\\u0026"),
        named.replace('&', "&amp;"),
        in_json(secret).replace('"', "&quot;"),
        in_json(secret).replace('\\', "&#92;"),
        named.replace('&', "%26").replace(';', "%3B"),
        named,
        numbered,
        all,
        others,
    ] {
        assert_eq!(redactor.clean(&format!("<{form}>")), "<[redacted]>", "{form}");
    }
    assert_eq!(redactor.clean("& &; &x; &#; &#x; &#99999999; &quot"), "& &; &x; &#; &#x; &#99999999; &quot");
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

#[test]
fn what_is_found_is_hidden_to_its_ends_and_nothing_beside_it() {
    let redactor = Redactor::default();
    assert_eq!(format!("{redactor:?}"), "Redactor");
    for secret in ["hunter2", "2sunder3", "sun", "hunter2sun"] {
        redactor.hide("id", &Secret::new(secret.into()));
    }
    for (text, clean) in [
        ("hunter2", "[redacted]"),
        ("hunter2 hunter2!", "[redacted] [redacted]!"),
        ("hunter2hunter2", "[redacted][redacted]"),
        ("ahunter2sunder3b", "a[redacted]b"),
        ("a%68unter2b\\u0068unter2c", "a[redacted]b[redacted]c"),
        ("sun", "sun"),
        ("hunter", "hunter"),
        ("hhunter2", "h[redacted]"),
        ("100% of hunter2\\", "100% of [redacted]\\"),
        ("\\u{68}unter2\\u{1f3bb}", "[redacted]\\u{1f3bb}"),
        ("hunter2==", "[redacted]"),
        ("hunter2=", "[redacted]"),
        ("ü%hunter2ü", "ü%[redacted]ü"),
    ] {
        assert_eq!(redactor.clean(text), clean);
        assert_eq!(redactor.clean_owned(text.to_owned()), clean);
    }
    redactor.reveal("id", &Secret::new("hunter2".into()));
    redactor.reveal("id", &Secret::new("hunter2sun".into()));
    assert_eq!(redactor.clean("hunter2 2sunder3"), "hunter2 [redacted]");
}

#[test]
fn every_escape_is_read() {
    let redactor = Redactor::default();
    redactor.hide("id", &Secret::new("a\nb\tc\rd\"e\\f/g'h\u{1f3bb}i".into()));
    let rest = "d\\\"e\\\\f\\/g\\'h";
    for form in [
        format!("a\\nb\\tc\\r{rest}\\ud83c\\udfbbi"),
        format!("\\x61\\x0Ab\\x09c\\x0d{rest}\\u{{1f3bb}}i"),
        format!("a\\u000ab\\u{{9}}c\\u{{00000d}}{rest}\u{1f3bb}i"),
        "a%0Ab%09c%0Dd%22e%5cf%2Fg%27h%F0%9F%8E%BBi".to_owned(),
    ] {
        assert_eq!(redactor.clean(&format!("<{form}>")), "<[redacted]>", "{form}");
    }
    // What begins like an escape and is none stands for itself.
    for text in
        ["%", "%2", "%zz", "\\", "\\x", "\\x4", "\\u", "\\u{", "\\u{1f3bb", "\\u{110000}", "\\ud83c\\u0041", "\\ud83cx"]
    {
        redactor.hide("id", &Secret::new(format!("{text}secret")));
        assert_eq!(redactor.clean(&format!("<{text}secret>")), "<[redacted]>");
        assert_eq!(redactor.clean(text), text);
        redactor.reveal("id", &Secret::new(format!("{text}secret")));
    }
}

#[test]
fn of_a_secret_inside_base64_all_is_hidden_that_depends_on_it_alone() {
    for length in 5..24 {
        let secret: String = "pQ7zR2xK9mW4vT6yB8nLcJ1d".chars().take(length).collect();
        for before in ["", "a", "ab", "abc", "abcd"] {
            let redactor = Redactor::default();
            redactor.hide("id", &Secret::new(secret.clone()));
            let text = STANDARD.encode(format!("{before}{secret}~~~"));
            let range = (before.len() * 8).div_ceil(6)..(before.len() + length) * 8 / 6;
            let expected = if range.len() >= SHORTEST_CORE {
                format!("{}[redacted]{}", &text[..range.start], &text[range.end..])
            } else {
                text.clone()
            };
            let padding = expected.replace("[redacted]==", "[redacted]").replace("[redacted]=", "[redacted]");
            assert_eq!(redactor.clean(&text), padding, "{before} {secret}");
        }
    }
}

#[test]
fn of_a_body_only_harmless_values_are_shown() {
    for (given, shown) in [
        ("", "(empty)"),
        (
            r#"{"error":"invalid_grant","error_description":"hunter2"}"#,
            r#"{"error":"invalid_grant","error_description":"[redacted]"}"#,
        ),
        (r#"{"error":"hunter2"}"#, r#"{"error":"[redacted]"}"#),
        (r#"{"error":7}"#, r#"{"error":"[redacted]"}"#),
        (r#"{"__type":"com.amazonaws#Not_Found"}"#, r#"{"__type":"com.amazonaws#Not_Found"}"#),
        (r#"{"type":"word"}"#, r#"{"type":"[redacted]"}"#),
        (
            r#"{"TokenType":"Bearer","expires_in":3600,"x":3600}"#,
            r#"{"TokenType":"Bearer","expires_in":3600,"x":"[redacted]"}"#,
        ),
        (
            r#"{"DesiredDeliveryMediums":["EMAIL"],"x":["a"]}"#,
            r#"{"DesiredDeliveryMediums":["EMAIL"],"x":["[redacted]"]}"#,
        ),
        ("a=b&grant_type=refresh_token", "a=[redacted]&grant_type=refresh_token"),
        ("agrant_type=refresh_token", "(25 bytes)"),
        ("[1]", "(3 bytes)"),
        ("\u{e9}", "(2 bytes)"),
    ] {
        assert_eq!(body(given.as_bytes()), shown);
    }
    assert_eq!(body(&[0xff, 0xfe]), "(2 bytes)");
    let padded = |bytes: usize| format!("{{}}{}", " ".repeat(bytes - 2));
    assert_eq!(body(padded(1_048_576).as_bytes()), "{}");
    assert_eq!(body(padded(1_048_577).as_bytes()), "(1048577 bytes)");
}
