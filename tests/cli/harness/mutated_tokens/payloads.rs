//! Other claims, times, issuers and clients, and payloads that are no claims.

use super::*;

pub fn claims(add: Add<'_>) {
    let values = [
        None,
        Some(json!(null)),
        Some(json!("")),
        Some(json!("x")),
        Some(json!(0)),
        Some(json!(-1)),
        Some(json!(1.5)),
        Some(json!(true)),
        Some(json!([])),
        Some(json!({})),
    ];
    for name in [
        "iss",
        "token_use",
        "client_id",
        "exp",
        "nbf",
        "iat",
        "sub",
        "scope",
        "jti",
        "username",
        "auth_time",
        "version",
        "cognito:groups",
        "aud",
    ] {
        for value in values.clone() {
            let shown = value.as_ref().map_or("absent".to_owned(), ToString::to_string);
            add(format!("{name} {shown}"), sign::sign(&with(access(), name, value)));
        }
        // As the only one of a list, as text, as a number of a text, and once more with other letters.
        let right = access()[name].clone();
        if !right.is_null() {
            add(format!("{name} in a list"), sign::sign(&with(access(), name, Some(json!([right])))));
            let text = right.as_str().map_or(right.to_string(), str::to_owned);
            add(format!("{name} as text"), sign::sign(&with(access(), name, Some(json!(text)))));
            add(format!("{name} in upper case"), sign::sign(&with(access(), name, Some(json!(text.to_uppercase())))));
            add(format!("{name} with a space"), sign::sign(&with(access(), name, Some(json!(format!("{text} "))))));
            let renamed = with(with(access(), name, None), &name.to_uppercase(), Some(right));
            add(format!("{name} under a name in upper case"), sign::sign(&renamed));
        }
    }
    for name in ["aud", "token_use", "exp", "iss", "client_id"] {
        for value in values.clone() {
            let shown = value.as_ref().map_or("absent".to_owned(), ToString::to_string);
            add(
                format!("id: {name} {shown}"),
                sign::sign_with(
                    "id",
                    &json!({"kid": "test-id", "alg": "RS256"}),
                    &with(sign::id_claims(NOW), name, value),
                ),
            );
        }
    }
    for value in ["access", "id", "refresh", "Access", "ID", "access ", "id_token", "access_token", "acces"] {
        for (kind, base) in bases() {
            add(format!("{kind}: token_use {value:?}"), sign::sign(&with(base, "token_use", Some(json!(value)))));
        }
    }
}

pub fn times(add: Add<'_>) {
    let now = i64::try_from(NOW).expect("a number");
    for name in ["exp", "nbf", "iat"] {
        for offset in [-86_400, -3600, -61, -60, -59, -1, 0, 1, 59, 60, 61, 3600, 86_400 * 3650] {
            add(format!("{name} at {offset:+}"), sign::sign(&with(access(), name, Some(json!(now + offset)))));
        }
        for text in [
            "1e400",
            "1e20",
            "1.8e9",
            "1800003600.0",
            "1800003600.5",
            "1799999940.5",
            "1800000060.5",
            "9007199254740993",
            "9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "-0",
            "-1800003600",
            "\"1800003600\"",
            "\"1e10\"",
            "\" 1800003600\"",
            "01800003600",
            "0x6b49d200",
            "1_800_003_600",
            "+1800003600",
            "1800003600000",
        ] {
            let payload = with(access(), name, None).to_string();
            let payload = format!("{{\"{name}\":{text},{}", &payload[1..]);
            add(format!("{name} written {text}"), sign_text("access", &header().to_string(), payload.as_bytes()));
        }
    }
}

pub fn issuers(add: Add<'_>) {
    let updated = ISSUER.replace("//cognito", "//issuer-cognito");
    for issuer in [
        updated.clone(),
        format!("{updated}/"),
        format!("{ISSUER}/"),
        ISSUER.replace("https", "http"),
        ISSUER.replace("https", "HTTPS"),
        ISSUER.replace("us-east-1_Example01", "us-east-1_Example02"),
        ISSUER.replace("us-east-1_Example01", "us-east-1_example01"),
        format!("{ISSUER}0"),
        ISSUER.replace(".com/", ".com:443/"),
        ISSUER.replace("https://", "https://x@"),
        format!("{ISSUER}?x"),
        format!("{ISSUER}#x"),
        format!(" {ISSUER}"),
        format!("{ISSUER}\u{0}"),
        format!("{ISSUER}\n"),
        ISSUER.replace(".com/", ".com.evil.example/"),
        ISSUER.replace("us-east-1.", "us-west-2."),
        ISSUER.replace("_Example01", "%5FExample01"),
        ISSUER.replace('o', "\u{43e}"),
        ISSUER.replace(".amazonaws.com", ".amazonaws.com."),
        "us-east-1_Example01".to_owned(),
        ISSUER.replace("https://", ""),
        ISSUER.replace("https://", "//"),
    ] {
        add(format!("iss {issuer:?}"), sign::sign(&with(access(), "iss", Some(json!(issuer)))));
    }
    add(
        "iss of the updated form, ID token".into(),
        sign::sign(&with(sign::id_claims(NOW), "iss", Some(json!(updated)))),
    );
}

pub fn clients(add: Add<'_>) {
    for client in [
        json!(MACHINE),
        json!("other"),
        json!([CLIENT]),
        json!([CLIENT, "other"]),
        json!(format!("{CLIENT}0")),
        json!(CLIENT.to_uppercase()),
        json!(CLIENT[..CLIENT.len() - 1]),
        json!(format!(" {CLIENT}")),
        json!(format!("{CLIENT}\u{0}")),
        json!({CLIENT: 1}),
        json!(format!("{CLIENT},{MACHINE}")),
    ] {
        add(format!("client_id {}", brief(&client)), sign::sign(&with(access(), "client_id", Some(client.clone()))));
        add(
            format!("id: aud {}", brief(&client)),
            sign::sign(&with(sign::id_claims(NOW), "aud", Some(client.clone()))),
        );
        add(format!("aud of an access token {}", brief(&client)), sign::sign(&with(access(), "aud", Some(client))));
    }
    add("aud of an access token is its client".into(), sign::sign(&with(access(), "aud", Some(json!(CLIENT)))));
    add(
        "aud of an access token is a resource".into(),
        sign::sign(&with(access(), "aud", Some(json!("https://api.example.com")))),
    );
    add(
        "an ID token with client_id as well".into(),
        sign::sign(&with(sign::id_claims(NOW), "client_id", Some(json!("other")))),
    );
    add(
        "an ID token with client_id only".into(),
        sign::sign(&with(with(sign::id_claims(NOW), "client_id", Some(json!(CLIENT))), "aud", None)),
    );
    add(
        "client_id missing, azp and cid instead".into(),
        sign::sign(&with(
            with(with(access(), "client_id", None), "azp", Some(json!(CLIENT))),
            "cid",
            Some(json!(CLIENT)),
        )),
    );
}

pub fn payload_texts(add: Add<'_>) {
    let good = access().to_string();
    let more = |more: &str| format!("{},{more}}}", &good[..good.len() - 1]);
    let less = |less: &str| format!("{{{less},{}", &good[1..]);
    for (what, text) in [
        ("exp twice, the last past", more("\"exp\":1")),
        ("exp twice, the first past", less("\"exp\":1")),
        ("iss twice, the last wrong", more("\"iss\":\"https://evil.example\"")),
        ("iss twice, the first wrong", less("\"iss\":\"https://evil.example\"")),
        ("client_id twice, the last wrong", more("\"client_id\":\"other\"")),
        ("client_id twice, the first wrong", less("\"client_id\":\"other\"")),
        ("token_use twice, the last id", more("\"token_use\":\"id\"")),
        ("token_use twice, the first id", less("\"token_use\":\"id\"")),
        ("sub twice", more("\"sub\":\"other\"")),
        ("a claim escaped", good.replace("\"exp\"", "\"\\u0065xp\"")),
        ("an escaped one beside", more("\"\\u0065xp\":1")),
        ("__proto__", more("\"__proto__\":{\"exp\":1}")),
        ("white space", good.replace(',', " ,\r\n\t ")),
        ("a byte order mark", format!("\u{feff}{good}")),
        ("a form feed", format!("\u{c}{good}")),
        ("a comma too many", format!("{},}}", &good[..good.len() - 1])),
        ("a comment", format!("{good}// x")),
        ("single quotes", good.replace('"', "'")),
        ("garbage after it", format!("{good}x")),
        ("another after it", format!("{good}{good}")),
        ("NUL after it", format!("{good}\u{0}")),
        ("line ends after it", format!("{good}\n\n")),
        ("a list", format!("[{good}]")),
        ("a text", json!(good).to_string()),
        ("a number", "1800003600".to_owned()),
        ("null", "null".to_owned()),
        ("an empty object", "{}".to_owned()),
        ("nothing", String::new()),
        ("half of it", good[..good.len() / 2].to_owned()),
        ("NaN", more("\"x\":NaN")),
        ("Infinity", more("\"x\":-Infinity")),
        ("a control character", more("\"x\":\"\u{1}\"")),
        ("a lone surrogate", more(r#""x":"\ud800""#)),
        ("a pair of surrogates", more(r#""x":"\ud83d\ude00""#)),
        ("other scripts", more("\"x\":\"Grüße 🎻 \u{202e}\"")),
        ("a name with NUL", more(r#""exp\u0000":1"#)),
        ("an empty name", more("\"\":1")),
        ("nested 100 deep", more(&format!("\"x\":{}{}", "[".repeat(100), "]".repeat(100)))),
        ("nested 200 deep", more(&format!("\"x\":{}{}", "[".repeat(200), "]".repeat(200)))),
        ("a large number", more(&format!("\"x\":{}", "9".repeat(400)))),
        ("a number beyond all", more("\"x\":1e999")),
        ("large", more(&format!("\"x\":\"{}\"", "x".repeat(20_000)))),
        ("a thousand claims", more(&(0..1000).map(|n| format!("\"c{n}\":{n}")).collect::<Vec<_>>().join(","))),
    ] {
        add(format!("payload text: {what}"), sign_text("access", &header().to_string(), text.as_bytes()));
    }
    let utf_16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    add("payload in UTF-16".into(), sign_text("access", &header().to_string(), &utf_16));
    for (what, bytes) in [
        ("in a value", b"\"x\":\"\xff\xfe\"".to_vec()),
        ("a long form", b"\"x\":\"\xc0\xaf\"".to_vec()),
        ("a surrogate", b"\"x\":\"\xed\xa0\x80\"".to_vec()),
    ] {
        let payload = [&good.as_bytes()[..good.len() - 1], b",", &bytes, b"}"].concat();
        add(format!("payload is not UTF-8: {what}"), sign_text("access", &header().to_string(), &payload));
    }
}
