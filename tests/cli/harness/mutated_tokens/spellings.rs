//! The same token written in another way, cut, joined, or with characters changed.

use super::*;

/// Parts in other alphabets, with other endings, and with what does not belong there, each signed as it is written.
pub fn encodings(add: Add<'_>) {
    let signed = |head: &str, payload: &str| {
        let message = format!("{head}.{payload}");
        let signature = sign::signature("access", &RSA_PKCS1_SHA256, &message);
        (message, signature)
    };
    let (head, payload) =
        (encode(header().to_string()), encode(with(access(), "x", Some(json!("???>>>~~~"))).to_string()));
    let plain = |text: &str| text.replace('-', "+").replace('_', "/");
    let padded = |text: &str| format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4));
    for (what, head, payload) in [
        ("the plain alphabet in the payload", head.clone(), plain(&payload)),
        ("padding in the header", padded(&encode(with(header(), "x", Some(json!("1"))).to_string())), payload.clone()),
        (
            "padding in the payload",
            head.clone(),
            BASE64_URL_SAFE.encode(with(access(), "x", Some(json!("12"))).to_string()),
        ),
        ("one = in the header", format!("{head}="), payload.clone()),
        ("four = in the payload", head.clone(), format!("{payload}====")),
        ("a line end in the header", format!("{}\n{}", &head[..8], &head[8..]), payload.clone()),
        ("a space in the payload", head.clone(), format!("{} {}", &payload[..8], &payload[8..])),
        ("a tab in the payload", head.clone(), format!("{}\t{}", &payload[..8], &payload[8..])),
        ("a line end after the header", format!("{head}\n"), payload.clone()),
        ("a line end before the payload", head.clone(), format!("\n{payload}")),
        ("NUL in the payload", head.clone(), format!("{}\u{0}{}", &payload[..8], &payload[8..])),
        ("% escapes in the payload", head.clone(), payload.replace('Q', "%51")),
        ("a character too many in the payload", head.clone(), format!("{payload}A")),
        ("quotes around the payload", head.clone(), format!("\"{payload}\"")),
        ("a letter of another script", head.clone(), payload.replacen('a', "\u{430}", 1)),
        ("the payload not encoded", head.clone(), access().to_string()),
        ("the header not encoded", header().to_string(), payload.clone()),
        ("the payload encoded twice", head.clone(), encode(&payload)),
        ("hexadecimal digits", head.clone(), access().to_string().bytes().map(|byte| format!("{byte:02x}")).collect()),
    ] {
        let (message, signature) = signed(&head, &payload);
        add(format!("encoding: {what}"), format!("{message}.{}", encode(signature)));
    }
    // Bits of the last character that no byte needs.
    for (what, part) in [("header", 0), ("payload", 1), ("signature", 2)] {
        for extra in 1..=3_u8 {
            let claims = (0..3).map(|n| with(access(), "x", Some(json!("x".repeat(n)))));
            for (n, claims) in claims.enumerate() {
                let token = sign::sign(&claims);
                let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
                if !parts[part].len().is_multiple_of(4) {
                    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
                    let last = parts[part].pop().expect("a character");
                    let at = ALPHABET.iter().position(|letter| char::from(*letter) == last).expect("of the alphabet");
                    parts[part].push(char::from(ALPHABET[at | usize::from(extra)]));
                    let changed = if part == 2 {
                        parts.join(".")
                    } else {
                        let (message, signature) = signed(&parts[0], &parts[1]);
                        format!("{message}.{}", encode(signature))
                    };
                    add(format!("encoding: unused bits {extra} at the end of the {what}, {n}"), changed);
                }
            }
        }
    }
}

/// What is around a good token, and what is left of it.
pub fn shapes(add: Add<'_>) {
    let good = sign::sign(&access());
    let parts: Vec<&str> = good.split('.').collect();
    let [head, payload, signature] = parts[..] else { unreachable!() };
    for (what, token) in [
        ("a space before", format!(" {good}")),
        ("a space after", format!("{good} ")),
        ("a line end after", format!("{good}\n")),
        ("line ends of Windows after", format!("{good}\r\n")),
        ("a tab after", format!("{good}\t")),
        ("a no-break space after", format!("{good}\u{a0}")),
        ("a zero-width space after", format!("{good}\u{200b}")),
        ("a byte order mark before", format!("\u{feff}{good}")),
        ("NUL after", format!("{good}\u{0}")),
        ("quotes", format!("\"{good}\"")),
        ("single quotes", format!("'{good}'")),
        ("Bearer", format!("Bearer {good}")),
        ("a header", format!("Authorization: Bearer {good}")),
        ("angle brackets", format!("<{good}>")),
        ("a comma after", format!("{good},")),
        ("twice", format!("{good} {good}")),
        ("two lines", format!("{good}\n{good}")),
        ("joined", format!("{good}{good}")),
        ("a dot after", format!("{good}.")),
        ("a dot before", format!(".{good}")),
        ("two parts", format!("{head}.{payload}")),
        ("no signature", format!("{head}.{payload}.")),
        ("no header", format!(".{payload}.{signature}")),
        ("no payload", format!("{head}..{signature}")),
        ("dots only", "..".to_owned()),
        ("four dots only", "....".to_owned()),
        ("four parts", format!("{head}.{payload}.{signature}.{signature}")),
        ("five parts", format!("{head}.{payload}.{signature}.{head}.{head}")),
        ("two dots between", format!("{head}..{payload}.{signature}")),
        ("a slash for a dot", good.replace('.', "/")),
        ("full-width dots", good.replace('.', "\u{ff0e}")),
        ("the parts in another order", format!("{payload}.{head}.{signature}")),
        ("JSON, flattened", json!({"protected": head, "payload": payload, "signature": signature}).to_string()),
        (
            "JSON, general",
            json!({"payload": payload, "signatures": [{"protected": head, "signature": signature}]}).to_string(),
        ),
        ("the payload alone", payload.to_owned()),
        ("claims alone", access().to_string()),
        ("text", "opaque".to_owned()),
        ("in upper case", good.to_uppercase()),
        ("backwards", good.chars().rev().collect()),
        ("cut by one", good[..good.len() - 1].to_owned()),
        ("cut by four", good[..good.len() - 4].to_owned()),
        ("padded signature", format!("{good}==")),
        ("signature with one =", format!("{good}=")),
        (
            "signature in the plain alphabet",
            format!("{head}.{payload}.{}", signature.replace('-', "+").replace('_', "/")),
        ),
        ("a line end in the signature", format!("{head}.{payload}.{}\n{}", &signature[..76], &signature[76..])),
        ("a space in the signature", format!("{head}.{payload}.{} {}", &signature[..76], &signature[76..])),
        ("a query", format!("?token={good}")),
        ("a fragment after", format!("{good}#x")),
        ("a comment after", format!("{good} # x")),
    ] {
        add(format!("shape: {what}"), token);
    }
}

pub fn signatures(add: Add<'_>) {
    let good = sign::sign(&access());
    let (message, _) = good.rsplit_once('.').expect("a signature");
    let right = sign::signature("access", &RSA_PKCS1_SHA256, message);
    let of = |bytes: &[u8]| format!("{message}.{}", encode(bytes));
    let changed = |at: usize, by: u8| {
        let mut bytes = right.clone();
        bytes[at] ^= by;
        bytes
    };
    let id = sign::sign(&sign::id_claims(NOW));
    for (what, token) in [
        ("of a stranger", of(&sign::signature("stranger", &RSA_PKCS1_SHA256, message))),
        ("by the other key", of(&sign::signature("id", &RSA_PKCS1_SHA256, message))),
        ("of another token", format!("{message}.{}", id.rsplit_once('.').expect("three parts").1)),
        (
            "of the header only",
            of(&sign::signature("access", &RSA_PKCS1_SHA256, message.split('.').next().expect("a header"))),
        ),
        (
            "of the payload only",
            of(&sign::signature("access", &RSA_PKCS1_SHA256, message.split('.').nth(1).expect("a payload"))),
        ),
        ("without the dot", of(&sign::signature("access", &RSA_PKCS1_SHA256, &message.replace('.', "")))),
        (
            "of the decoded parts",
            of(&sign::signature("access", &RSA_PKCS1_SHA256, &format!("{}.{}", header(), access()))),
        ),
        ("backwards", of(&right.iter().rev().copied().collect::<Vec<_>>())),
        ("a zero byte before", of(&[&[0][..], &right].concat())),
        ("a zero byte after", of(&[&right[..], &[0]].concat())),
        ("a byte less", of(&right[1..])),
        ("half", of(&right[..128])),
        ("twice", of(&[&right[..], &right].concat())),
        ("all zero", of(&[0; 256])),
        ("all one", of(&[0xff; 256])),
        ("the number one", of(&[&[0; 255][..], &[1]].concat())),
        ("one byte", of(&[0])),
        ("empty", of(&[])),
        ("as hexadecimal digits", of(right.iter().map(|byte| format!("{byte:02x}")).collect::<String>().as_bytes())),
        ("as text of Base64", of(BASE64_STANDARD.encode(&right).as_bytes())),
        ("very long", of(&[0x41; 40_000])),
    ] {
        add(format!("signature: {what}"), token);
    }
    for at in [0, 1, 31, 64, 127, 128, 200, 254, 255] {
        for by in [1, 0x80] {
            add(format!("signature: bit {by:#x} of byte {at}"), of(&changed(at, by)));
        }
    }
    // What another hand signs, with everything else right.
    for (kind, base) in bases() {
        add(format!("signature: {kind} by a stranger under the pool's kid"), sign_with("stranger", &header(), &base));
    }
}

/// One character changed, at places that a fixed sequence chooses.
pub fn flips(add: Add<'_>) {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for (kind, base) in bases() {
        let good = sign::sign(&base).into_bytes();
        for n in 0..40 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let at = usize::try_from(state % good.len() as u64).expect("a place");
            let mut bytes = good.clone();
            let letters = b"ABCXYZabcxyz0189-_.=+/";
            let letter = letters[usize::try_from((state >> 32) % letters.len() as u64).expect("a letter")];
            bytes[at] = if bytes[at] == letter { b'Q' } else { letter };
            add(
                format!("flip {n} of {kind}: {at} becomes {}", char::from(bytes[at])),
                String::from_utf8(bytes).expect("text"),
            );
        }
    }
}
