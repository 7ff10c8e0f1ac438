//! Token endpoints that answer what is no token, tokens that are no tokens, and texts that mean harm.

use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::shell::SHELLS;
use crate::harness::{Answer, Home, Server, jwt, m2m_jwt};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

const JSON: &str = "application/json";

/// A home whose profile `ws` is at a server that gives these answers, then no more.
fn scripted(answers: impl IntoIterator<Item = Answer>) -> (Home, Server) {
    let (home, server) = (Home::new(), Server::script(answers));
    home.scripted_profile(&server.token_url());
    (home, server)
}

fn tokens_cached(home: &Home) -> usize {
    home.cache_files().keys().filter(|path| path.extension().is_some_and(|e| e == "json")).count()
}

#[test]
fn what_is_no_token_response_is_named_by_type_and_size_and_not_repeated() {
    let good = json!({"access_token": "marker-token", "token_type": "Bearer", "expires_in": 3600}).to_string();
    let with = |key: &str, value: Value| {
        let mut changed: Value = serde_json::from_str(&good).unwrap();
        changed[key] = value;
        changed.to_string()
    };
    let html = "<html>marker</html>".to_string();
    let rows: Vec<(&str, u16, &str, String)> = vec![
        ("HTML", 200, "text/html; charset=utf-8", html.clone()),
        ("HTML that says it is JSON", 200, JSON, html.clone()),
        ("nothing", 200, JSON, String::new()),
        ("nothing of no type", 200, "", String::new()),
        ("truncated", 200, JSON, good[..good.len() - 9].into()),
        ("an array", 200, JSON, format!("[{good}]")),
        ("a string", 200, JSON, "\"marker\"".into()),
        ("null", 200, JSON, "null".into()),
        ("a number", 200, JSON, "7".into()),
        ("good JSON as text", 200, "text/plain", good.clone()),
        ("good JSON as JavaScript", 200, "application/javascript", good.clone()),
        ("good JSON of no type", 200, "", good.clone()),
        ("a token that is a number", 200, JSON, with("access_token", json!(123))),
        ("a token that is null", 200, JSON, with("access_token", json!(null))),
        ("a token that is an object", 200, JSON, with("access_token", json!({"marker": 1}))),
        ("no token", 200, JSON, good.replace("access_token", "marker_token")),
        ("no token type", 200, JSON, good.replace("token_type", "marker_type")),
        ("another token type", 200, JSON, with("token_type", json!("marker"))),
        ("a token type that is a number", 200, JSON, with("token_type", json!(7))),
        ("two tokens", 200, JSON, good.replace('{', "{\"access_token\":\"marker-2\",")),
        ("a byte order mark", 200, JSON, format!("\u{feff}{good}")),
        ("two documents", 200, JSON, format!("{good}{good}")),
        ("a number beyond all numbers", 200, JSON, good.replace("3600", "1e400")),
        ("deep arrays", 200, JSON, "[".repeat(1_000_000)),
        (
            "deep objects beside a token",
            200,
            JSON,
            format!("{},\"marker\":{}", &good[..good.len() - 1], "{\"a\":".repeat(190_000)),
        ),
        ("NUL bytes", 200, JSON, "\0".repeat(100)),
        ("another success", 201, JSON, good.clone()),
        ("no content", 204, JSON, String::new()),
        ("HTML and a refusal", 400, "text/html", html.clone()),
        ("a refusal that is no error", 400, JSON, good.clone()),
        ("a refusal of another shape", 401, JSON, "{\"error\":7}".into()),
        ("a firewall's refusal", 403, JSON, "{\"message\":\"marker\"}".into()),
        ("not found", 404, "text/html", html),
    ];
    for (name, status, kind, body) in rows {
        let size = body.len();
        let (home, server) = scripted([Answer::new(status, kind, body)]);
        let output = home.scripted_m2m(&[]).run();
        // Who says no without an OAuth error has said no all the same.
        let is_refusal = matches!(status, 401 | 403);
        output.code(if is_refusal { 4 } else { 6 });
        output.stderr_has("127.0.0.1").stderr_has("profile `ws`").stderr_lacks("marker");
        if name != "another token type" && size > 0 {
            let says = if is_refusal { "was refused without a reason (" } else { "gave no token response (" };
            output.stderr_has(says).stderr_has(&format!("{size} bytes"));
            output.stderr_has(kind.split(';').next().unwrap());
        }
        output.check(output.stderr.len() < 500, name);
        assert_eq!((server.hits(), tokens_cached(&home)), (1, 0), "{name}");
    }
}

#[test]
fn compressed_answers_are_not_unpacked() {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut gzip = Command::new("gzip").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("gzip");
    let mut input = gzip.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        for _ in 0..64 {
            input.write_all(&[b' '; 1 << 20]).unwrap();
        }
    });
    let bomb = gzip.wait_with_output().unwrap().stdout;
    writer.join().unwrap();
    let (home, server) = scripted([Answer::new(200, JSON, bomb).header("Content-Encoding", "gzip")]);
    let output = home.scripted_m2m(&[]).run();
    output.code(6).stderr_has("gave no token response").within(std::time::Duration::ZERO);
    let header = |name: &str| server.requests()[0].header(name).map(String::from);
    assert_eq!((header("accept-encoding"), tokens_cached(&home)), (None, 0));
}

/// What some shell would obey: each would make the file `pwned` in the working directory.
fn commands() -> Vec<String> {
    let touch = "touch pwned";
    let bare = [";", "&", "|", "&&", "||"].map(|join| format!("x{join}{touch}{join}"));
    let wrapped = [
        format!("$({touch})"),
        format!("({touch})"),
        format!("`{touch}`"),
        format!("';{touch};'"),
        format!("\";{touch};\""),
        format!("\\';{touch};\\'"),
        format!("x'; {touch}; export Y='"),
        format!("x\n{touch}\n"),
        format!("x\r\n{touch}\r\n"),
        "x;touch${IFS}pwned".to_string(),
        "x >pwned".to_string(),
        format!("x\u{1b}\n{touch}"),
    ];
    bare.into_iter().chain(wrapped).collect()
}

#[test]
fn a_token_with_characters_that_a_token_cannot_have_is_neither_printed_nor_cached() {
    let odd = ["*", "a b", "\u{1b}[31m", "\0", "\u{202e}abc", "tok\u{1f600}en", "caf\u{e9}", "=", "", "a\tb", "~=x"];
    let plain = odd.into_iter().map(String::from).chain(commands()).chain(["a".repeat(1_000_000), "a".repeat(40_000)]);
    for token in plain {
        let (home, server) = scripted([Answer::token(&token)]);
        let output = home.scripted_m2m(&[]).run();
        let shown = output.code(6).stderr.contains("characters outside RFC 6750")
            || output.stderr.contains("longer than 32768");
        output.check(shown, "it says why").stderr_lacks("touch").stderr_lacks("aaaa");
        output.stderr_has("127.0.0.1");
        assert_eq!((server.hits(), tokens_cached(&home)), (1, 0), "{token:.40}");
    }
    let surrogate = r#"{"access_token":"a\ud800b","token_type":"Bearer","expires_in":3600}"#;
    let (home, _server) = scripted([Answer::new(200, JSON, surrogate)]);
    home.scripted_m2m(&[]).run().code(6);
    for good in ["a", "aZ09-._~+/==", "a.b.c", &"a".repeat(32_768)] {
        let (home, _server) = scripted([Answer::token(good)]);
        home.scripted_m2m(&[]).run().ok().stdout_is(&format!("{good}\n"));
    }
}

#[test]
fn no_shell_obeys_a_token_quoted_or_not() {
    for shell in SHELLS {
        let home = Home::new();
        // The payloads are real: evaluated as they are, some of them make the file.
        let naive: usize = commands()
            .iter()
            .filter(|payload| {
                let work = tempfile::tempdir().unwrap();
                let run = home.shell(shell, "eval \"$P\"; true").env("P", payload).cwd(work.path());
                let _ = run.redirect("2>/dev/null").run();
                work.path().join("pwned").exists()
            })
            .count();
        assert!(naive >= 4, "{shell}: only {naive} of the payloads do anything");

        let count = commands().len();
        for eval in ["eval $(CALL)", "eval \"$(CALL)\""] {
            let (home, server) = scripted(commands().iter().map(|token| Answer::token(token)));
            let call = eval.replace("CALL", "cogtok token m2m --export --no-cache 2>/dev/null");
            let after =
                if shell == "fish" { "echo $status:$COGTOK_ACCESS_TOKEN." } else { "echo $?:$COGTOK_ACCESS_TOKEN." };
            let script = format!("{call}; {after}\n").repeat(count);
            let run = home.shell(shell, &script).env("COGTOK_M2M_CLIENT_SECRET", "any-secret-of-ci");
            let output = run.env("COGTOK_ACCESS_TOKEN", "stale").run();
            output.ok().stdout_is(&"6:.\n".repeat(count));
            assert_eq!(server.hits(), count, "{shell}");
            assert!(!home.work().join("pwned").exists(), "{shell}: {eval}");
        }
    }
}

#[test]
fn hostile_texts_are_shown_escaped() {
    let evil = "\u{1b}[2J\u{1b}]52;c;aGk=\u{7}\u{9b}31m\r\u{202e}\u{2066}\u{0}\u{7f}\u{3164}\u{e0041}end";
    let rows = [
        json!({"error": "invalid_client", "error_description": evil}),
        json!({"error": evil, "error_description": "x"}),
        json!({"error": "invalid_client", "error_description": "x", "error_uri": evil}),
        json!({"error": evil.repeat(1000), "error_description": evil.repeat(1000)}),
    ];
    for refusal in rows {
        let (home, server) = scripted([Answer::json(400, &refusal), Answer::json(400, &refusal)]);
        // That nothing unprintable is on stderr is asserted of every run.
        let output = home.scripted_m2m(&["-vv"]).run();
        output.check(output.code == Some(4), "refused").check(output.stderr.len() < 6000, "cut");
        if refusal["error_uri"].is_null() {
            output.stderr_has("\\u{1b}[2J").stderr_has("\\u{202e}").stderr_has("\\u{3164}\\u{e0041}end");
        }
        let terminal = home.cogtok(["token", "m2m"]).env("COGTOK_M2M_CLIENT_SECRET", SECRET).pty().wait();
        assert_eq!(terminal.code, Some(4));
        assert!(!terminal.text.contains("\u{1b}[2J") && !terminal.text.contains("\u{1b}]52"), "{:?}", terminal.text);
        assert_eq!(server.hits(), 2);
    }
    for (key, value) in [("token_type", evil), ("scope", evil), ("note", evil)] {
        let mut answer = json!({"access_token": "opaque", "token_type": "bearer", "expires_in": 3600});
        answer[key] = json!(value);
        let (home, _server) = scripted([Answer::json(200, &answer).header("x-amzn-requestid", "a\u{e9}\u{202e}b")]);
        let output = home.scripted_m2m(&["--json", "-vv"]).run();
        if key == "token_type" {
            output.code(6).stderr_has("another type than Bearer");
        } else {
            assert_eq!(output.ok().json()["access_token"], "opaque");
        }
    }
}

#[test]
fn a_server_that_echoes_the_secret_does_not_make_cogtok_repeat_it() {
    let percent: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let id: String = url::form_urlencoded::byte_serialize(CLIENT.as_bytes()).collect();
    let basic = BASE64_STANDARD.encode(format!("{id}:{percent}"));
    let forms = [SECRET.to_string(), percent, basic, BASE64_STANDARD.encode(format!("{CLIENT}:{SECRET}"))];
    for form in &forms {
        let said = format!("wrong: {form}!");
        let header = format!("HTTP/1.1 400 No\r\nContent-Type: {form}\r\nContent-Length: 1\r\n\r\nx");
        let name = format!("{{\"{form}\":1,\"access_token\":\"opaque\",\"token_type\":\"Bearer\"}}");
        let answers = [
            Answer::json(400, &json!({"error": "invalid_client", "error_description": said})),
            Answer::json(400, &json!({"error": form, "error_description": "x"})),
            Answer::json(200, &json!({"access_token": "opaque", "token_type": form, "expires_in": form})),
            Answer::json(400, &json!({"error": "x", "client_id": form, "expires_in": [form]})),
            Answer::new(200, "text/plain", said.clone()),
            Answer::raw(header),
            Answer::redirect(307, &format!("/{form}")),
            Answer::redirect(307, &format!("https://{}.example/", form.replace(['/', '+', '=', '%'], "."))),
            Answer::json(200, &json!({"access_token": "opaque", "token_type": "Bearer"}))
                .header("x-amzn-requestid", form),
            Answer::new(200, JSON, name),
        ];
        for answer in answers {
            let (home, _server) = scripted([answer]);
            // That the secret is in no form on stderr or in a file, the lock's note included, is asserted of every run.
            let output = home.scripted_m2m(&["-vv"]).run();
            output.check(matches!(output.code, Some(0 | 4 | 6)), "refused, broken or fine");
        }
    }
}

#[test]
fn expires_in_of_any_shape_is_survived_and_decides_what_is_cached() {
    // None: not cached. Some(seconds): cached for about so long.
    let opaque: [(&str, Option<u64>); 14] = [
        ("-1", None),
        ("0", None),
        ("\"3600\"", Some(3600)),
        ("\"x\"", None),
        ("3600.5", Some(3600)),
        ("true", None),
        ("[3600]", None),
        ("{}", None),
        ("null", None),
        ("18446744073709551616", Some(86_400)),
        ("3600", Some(3600)),
        ("86401", Some(86_400)),
        ("9223372036854775808", Some(86_400)),
        ("18446744073709551615", Some(86_400)),
    ];
    for (value, kept) in opaque {
        let body = format!("{{\"access_token\":\"opaque\",\"token_type\":\"Bearer\",\"expires_in\":{value}}}");
        let (home, _server) = scripted([Answer::new(200, JSON, body)]);
        let output = home.scripted_m2m(&["--json"]).run();
        let left = output.ok().json()["expires_in"].as_u64();
        match kept {
            None => output.stderr_has("the token does not say how long it is valid").check(left.is_none(), value),
            Some(seconds) => {
                output.quiet().check(left.is_some_and(|left| (seconds - 5..=seconds).contains(&left)), value)
            }
        };
        assert_eq!(tokens_cached(&home), usize::from(kept.is_some()), "{value}");
    }
    let exp = |seconds: u64| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        jwt(&json!({"exp": now + seconds, "scope": "api/read api/write"}))
    };
    for (claim, value, least, most) in [
        (600, "", 590, 600),
        (600, ",\"expires_in\":3600", 590, 600),
        (9000, ",\"expires_in\":600", 590, 600),
        (600, ",\"expires_in\":0", 590, 600),
        (600, ",\"expires_in\":-1", 590, 600),
    ] {
        let body = format!("{{\"access_token\":\"{}\",\"token_type\":\"Bearer\"{value}}}", exp(claim));
        let (home, _server) = scripted([Answer::new(200, JSON, body)]);
        let left = home.scripted_m2m(&["--json"]).run().ok().quiet().json()["expires_in"].as_u64().unwrap();
        assert!((least..=most).contains(&left), "exp in {claim} s{value}: {left}");
        assert_eq!(tokens_cached(&home), 1);
    }
}

#[test]
fn what_an_answer_holds_beyond_a_token_is_ignored_and_not_stored() {
    let granted = m2m_jwt(CLIENT, "api/read api/write");
    let answer = json!({"access_token": granted, "token_type": "bEaReR", "expires_in": 3600, "refresh_token": "refresh-canary-value",
        "id_token": "id-canary-value", "scope": "api/read api/write", "x": {"y": [1, 2]}, "not_before_policy": 0});
    let (home, server) = scripted([Answer::json(200, &answer)]);
    home.canary("refresh-canary-value");
    home.canary("id-canary-value");
    let json = home.scripted_m2m(&["--json"]).run().ok().quiet().json();
    assert_eq!(
        (&json["access_token"], &json["id_token"], &json["token_type"]),
        (&json!(granted), &Value::Null, &json!("Bearer"))
    );
    assert!(json.get("refresh_token").is_none());
    home.scripted_m2m(&[]).run().ok().quiet().stdout_is(&format!("{granted}\n"));
    assert_eq!(server.hits(), 1);

    let narrowed = json!({"access_token": "opaque", "token_type": "Bearer", "expires_in": 3600, "scope": "api/read"});
    let (home, _server) = scripted([Answer::json(200, &narrowed)]);
    let output = home.scripted_m2m(&["--json"]).run();
    output.ok().stderr_has("lacks scopes that you requested: api/write");
    assert_eq!(output.json()["scope"], "api/read");
}
