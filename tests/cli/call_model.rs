//! `cogtok call model`: from a sign-in at the local Cognito to a model, whose side is a server of the test.

use crate::aws_credentials::{asked, signed_in};
use crate::harness::ministack::aws_venv;
use crate::harness::signature::{Signer, frames};
use crate::harness::{Answer, Home, Keyring, Proxy, Run, Server, jwt, workshop};
use serde_json::{Value, json};
use std::io::Write;
use std::sync::{Mutex, mpsc};

pub const MODEL: &str = "us.amazon.nova-lite-v1:0";

/// What Converse answers (API reference of Bedrock, Converse).
pub fn converse(text: &str) -> Answer {
    Answer::json(200, &answer(text))
}

fn answer(text: &str) -> Value {
    json!({"output": {"message": {"role": "assistant", "content": [{"text": text}]}}, "stopReason": "end_turn",
        "usage": {"inputTokens": 3, "outputTokens": 5, "totalTokens": 8}, "metrics": {"latencyMs": 412}})
}

/// An event of ConverseStream, padded as Bedrock does it.
pub fn event(name: &str, mut payload: Value) -> Vec<u8> {
    payload["p"] = json!("abcdefghijkl");
    let headers = [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")];
    frames(&[(&headers, payload)]).remove(0)
}

/// What ConverseStream answers with these pieces of text.
pub fn converse_stream(pieces: &[&str]) -> Vec<u8> {
    let headers = |name| [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")];
    let (start, delta, end) = (headers("messageStart"), headers("contentBlockDelta"), headers("contentBlockStop"));
    let (stop, metadata) = (headers("messageStop"), headers("metadata"));
    let piece = |text: &&str| (&delta[..], json!({"contentBlockIndex": 0, "delta": {"text": text}, "p": "abc"}));
    let mut events: Vec<(&[(&str, &str)], Value)> = vec![(&start, json!({"role": "assistant", "p": "abcdefg"}))];
    events.extend(pieces.iter().map(piece));
    events.push((&end, json!({"contentBlockIndex": 0, "p": ""})));
    events.push((&stop, json!({"stopReason": "max_tokens", "p": "ab"})));
    let usage = json!({"inputTokens": 3, "outputTokens": 5, "totalTokens": 8});
    events.push((&metadata, json!({"usage": usage, "metrics": {"latencyMs": 412}, "p": "abcd"})));
    frames(&events).concat()
}

pub fn event_stream(bytes: Vec<u8>) -> Answer {
    Answer::new(200, "application/vnd.amazon.eventstream", bytes)
}

fn call<'h>(home: &'h Home, keyring: &Keyring, bedrock: &str, args: &[&str]) -> Run<'h> {
    let run = home.cogtok(["call", "model", "-p", "ws"]).args(args);
    run.env("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", bedrock).keyring(keyring)
}

#[test]
fn a_model_answers_the_user_and_the_request_is_signed_as_botocore_signs_it() {
    let proxy = Proxy::new(&workshop().endpoint);
    let (home, keyring) = signed_in(&proxy);
    let bedrock = Server::always(converse("Hello, Alice.\nWhat now?"));
    let ask = |args: &[&str]| call(&home, &keyring, &bedrock.url(), args).run();
    let first = ask(&[MODEL, "Say hello", "-vv"]);
    first.ok().stdout_is("Hello, Alice.\nWhat now?\n").stderr_has("3 tokens in, 5 out, 412 ms");
    ask(&[MODEL, "Say hello", "-q"]).ok().quiet().stdout_is(&first.stdout);
    let whole = ask(&[MODEL, "Say hello", "--json"]);
    assert_eq!(whole.ok().json(), answer("Hello, Alice.\nWhat now?"));
    let more = ["--system", "Answer in French", "--max-tokens", "7"];
    ask(&[&[MODEL, "2 < 3?"], &more[..]].concat()).ok();
    call(&home, &keyring, &bedrock.url(), &[MODEL, "-"]).stdin("from a pipe\n").run().ok();
    for (redirect, code) in [(">/dev/full", 7), (">&-", 0)] {
        let run = call(&home, &keyring, &bedrock.url(), &[MODEL, "x"]).redirect(redirect).run();
        run.code(code).stderr_has(if code == 0 { "tokens in" } else { "standard output can't be written" });
    }
    let arn = "arn:aws:bedrock:eu-west-1:111122223333:inference-profile/eu.amazon.nova-lite-v1:0";
    ask(&[arn, "x"]).ok();
    ask(&[MODEL, "x", "--model-region", "us-west-2"]).ok();
    assert_eq!(asked(&proxy), (1, 1), "the AWS credentials are fetched once");

    let requests = bedrock.requests();
    let sent: Vec<_> = requests.iter().map(|request| request.json()).collect();
    let said = |text: &str| json!({"messages": [{"role": "user", "content": [{"text": text}]}]});
    assert_eq!(sent[0], said("Say hello"));
    let mut with_more = said("2 < 3?");
    with_more["system"] = json!([{"text": "Answer in French"}]);
    with_more["inferenceConfig"] = json!({"maxTokens": 7});
    assert_eq!((&sent[3], &sent[4]), (&with_more, &said("from a pipe\n")));
    assert_eq!(requests[0].path, "/model/us.amazon.nova-lite-v1%3A0/converse");
    let in_path = "arn%3Aaws%3Abedrock%3Aeu-west-1%3A111122223333%3Ainference-profile%2Feu.amazon.nova-lite-v1%3A0";
    assert_eq!(requests[7].path, format!("/model/{in_path}/converse"));
    let given = home.cogtok(["aws-credentials", "-p", "ws"]).keyring(&keyring).run().ok().json();
    let text = |name: &str| given[name].as_str().unwrap();
    for secret in ["SecretAccessKey", "SessionToken"] {
        first.stderr_lacks(text(secret));
    }
    let (access_key, secret_key, token) = (text("AccessKeyId"), text("SecretAccessKey"), Some(text("SessionToken")));
    for (range, region) in [(0..7, "us-east-1"), (7..8, "eu-west-1"), (8..9, "us-west-2")] {
        Signer { access_key, secret_key, token, service: "bedrock", region }.signed(&bedrock.url(), &requests[range]);
    }
}

#[test]
fn a_stream_is_printed_event_by_event() {
    let proxy = Proxy::new(&workshop().endpoint);
    let (home, keyring) = signed_in(&proxy);
    let bytes = converse_stream(&["Grüße", ", ", "Alice."]);
    let whole = || event_stream(bytes.clone());
    let bit_by_bit = whole().trickle(1, std::time::Duration::ZERO);
    let bedrock = Server::script([whole(), bit_by_bit, whole(), whole(), whole()]);
    let ask = |args: &[&str]| call(&home, &keyring, &bedrock.url(), args).arg("--stream").run();
    for _ in 0..2 {
        let output = ask(&[MODEL, "x"]);
        output.ok().stdout_is("Grüße, Alice.\n").stderr_has("3 tokens in, 5 out, 412 ms; cut off");
    }
    let lines = ask(&[MODEL, "x", "--json"]);
    let lines: Vec<Value> = lines.ok().stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0], json!({"messageStart": {"role": "assistant"}}));
    assert_eq!(lines[1]["contentBlockDelta"]["delta"]["text"], "Grüße");
    assert_eq!(lines.last().unwrap()["metadata"]["usage"]["outputTokens"], 5);
    assert_eq!(lines.len(), 7);
    for (redirect, code) in [(">/dev/full", 7), (">&-", 0)] {
        call(&home, &keyring, &bedrock.url(), &[MODEL, "x", "--stream"]).redirect(redirect).run().code(code);
    }
    let requests = bedrock.requests();
    assert_eq!(requests[0].path, "/model/us.amazon.nova-lite-v1%3A0/converse-stream");
    let given = home.cogtok(["aws-credentials", "-p", "ws"]).keyring(&keyring).run().ok().json();
    let text = |name: &str| given[name].as_str().unwrap();
    let (access_key, secret_key, token) = (text("AccessKeyId"), text("SecretAccessKey"), Some(text("SessionToken")));
    let signer = Signer { access_key, secret_key, token, service: "bedrock", region: "us-east-1" };
    signer.signed(&bedrock.url(), &requests);
    let wrong = [
        Signer { secret_key: "of somebody else", ..signer },
        Signer { service: "bedrock-runtime", ..signer },
        Signer { token: Some("another"), ..signer },
    ];
    assert!(wrong.iter().all(|signer| signer.verdict(&bedrock.url(), &requests[..1]).is_err()));
}

#[test]
fn what_has_come_is_shown_before_the_rest_and_a_terminal_obeys_none_of_it() {
    let proxy = Proxy::new(&workshop().endpoint);
    let (home, keyring) = signed_in(&proxy);
    let pieces = converse_stream(&["one", "\u{1b}]52;c;eA==\u{7}\u{202e}two\nthree"]);
    // The first event and the second.
    let length = |at: usize| u32::from_be_bytes(pieces[at..at + 4].try_into().unwrap()) as usize;
    let first = length(0) + length(length(0));
    let (go, gone) = mpsc::channel::<()>();
    let gone = Mutex::new(gone);
    let bedrock = Server::sockets(move |mut socket| {
        let mut read = [0; 16 * 1024];
        std::io::Read::read(&mut socket, &mut read).unwrap();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\nConnection: close\r\n\r\n";
        socket.write_all(&[head.as_bytes(), &pieces[..first]].concat()).unwrap();
        gone.lock().unwrap().recv().unwrap();
        socket.write_all(&pieces[first..]).unwrap();
    });
    let mut terminal = call(&home, &keyring, &bedrock.url(), &[MODEL, "--stream"]).pty();
    terminal.expect("the prompt: ").send_line("count");
    terminal.expect("one");
    go.send(()).unwrap();
    let session = terminal.wait();
    assert_eq!(session.code, Some(0), "{session:?}");
    assert!(session.text.contains("one\\u{1b}]52;c;eA==\\u{7}\\u{202e}two\nthree\n3 tokens in"), "{session:?}");
}

#[test]
fn the_aws_cli_asks_the_same_model_with_cogtok_as_its_credential_process() {
    let proxy = Proxy::new(&workshop().endpoint);
    let (home, keyring) = signed_in(&proxy);
    let bedrock = Server::always(converse("Hello."));
    let cogtok = crate::harness::binary();
    home.plant(
        ".aws/config",
        format!(
            "[profile bedrock-user]\nregion = us-east-1\ncredential_process = {} aws-credentials -p ws\n",
            cogtok.display()
        ),
    );
    let messages = r#"[{"role":"user","content":[{"text":"hello"}]}]"#;
    let aws = home.program(aws_venv().join("bin/aws"), ["--profile", "bedrock-user", "--output", "json"]);
    let aws = aws.args(["bedrock-runtime", "converse", "--model-id", MODEL, "--messages", messages]);
    let aws = aws.env("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", bedrock.url()).keyring(&keyring).run();
    assert_eq!(aws.ok().json()["output"]["message"]["content"][0]["text"], "Hello.");
    call(&home, &keyring, &bedrock.url(), &[MODEL, "hello"]).run().ok();
    let requests = bedrock.requests();
    assert_eq!((&requests[0].path, requests[0].json()), (&requests[1].path, requests[1].json()));
    let key = |at: usize| requests[at].header("authorization").unwrap().split('/').next().unwrap().to_string();
    assert_eq!(key(0), key(1), "both sign with the same credentials");
}

#[test]
fn a_token_of_cognito_where_a_key_of_bedrock_belongs_is_warned_about() {
    let proxy = Proxy::new(&workshop().endpoint);
    let (home, keyring) = signed_in(&proxy);
    let bedrock = Server::always(converse("Hello."));
    let token = jwt(&json!({"token_use": "access", "iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_X"}));
    let warning = "AWS_BEARER_TOKEN_BEDROCK contains a Cognito token";
    let with = |run: Run<'_>, key: &str| run.env("AWS_BEARER_TOKEN_BEDROCK", key).keyring(&keyring).run();
    let model = || call(&home, &keyring, &bedrock.url(), &[MODEL, "x"]);
    let output = with(model(), &token);
    output.ok().stdout_is("Hello.\n").stderr_has(warning).stderr_lacks(&token);
    assert!(!bedrock.requests()[0].header("authorization").unwrap().starts_with("Bearer"));
    let credentials = || home.cogtok(["aws-credentials", "-p", "ws"]);
    with(credentials(), &token).ok().stderr_has(warning);
    let other = jwt(&json!({"iss": "https://issuer.example.com"}));
    for key in ["bedrock-api-key-YmVkcm9jaw==", "eyJ", &other] {
        with(model(), key).ok().stderr_lacks("AWS_BEARER_TOKEN_BEDROCK");
        with(credentials(), key).ok().quiet();
    }
    let variable = ["--env-var", "AWS_BEARER_TOKEN_BEDROCK"];
    let export = home.cogtok(["token", "user", "-p", "ws", "--export"]).args(variable).keyring(&keyring).run();
    export
        .ok()
        .stderr_has("accepts no Cognito token")
        .stderr_has("`cogtok aws-credentials -p ws` gets what it accepts")
        .stdout_has("export AWS_BEARER_TOKEN_BEDROCK=");
    let exec = home.cogtok(["exec", "-p", "ws", "--as", "user"]).args(variable).args(["--", "true"]);
    exec.keyring(&keyring).run().ok().stderr_has("accepts no Cognito token");
}
