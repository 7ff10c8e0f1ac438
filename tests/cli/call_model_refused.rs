//! `cogtok call model` where a link between the sign-in and the model fails: which one, and how to fix it.

use crate::aws_credentials::{credentials, identity, scripted};
use crate::call_model::{MODEL, converse, converse_stream, event, event_stream};
use crate::harness::signature::frames;
use crate::harness::{Answer, Home, Output, Run, Server};
use serde_json::json;

/// A home whose user has AWS credentials already, and the servers that gave them.
fn with_credentials() -> (Home, Server) {
    let (home, server) = scripted([identity(), credentials("ASIAONE", 3600)]);
    home.cogtok(["aws-credentials", "-p", "ws"]).run().ok();
    (home, server)
}

fn ask<'h>(home: &'h Home, bedrock: &Server, args: &[&str]) -> Run<'h> {
    let run = home.cogtok(["call", "model", MODEL, "hello", "-p", "ws"]).args(args);
    run.env("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", bedrock.url())
}

/// The same with `--stream`: what came before the failure is printed.
fn stream(home: &Home, bedrock: &Server) -> Output {
    ask(home, bedrock, &["--stream"]).prints_on_failure().run()
}

/// An error as services with REST paths write it.
pub fn refusal(status: u16, code: &str, message: &str) -> Answer {
    let kind = format!("{code}:http://internal.amazon.com/coral/com.amazon.bedrock/");
    Answer::json(status, &json!({"message": message})).header("x-amzn-ErrorType", &kind)
}

#[test]
fn each_link_before_the_model_is_named_and_no_model_is_asked() {
    let bedrock = Server::canary();
    let home = Home::new();
    home.scripted_user("http://127.0.0.1:9");
    insta::assert_snapshot!(ask(&home, &bedrock, &[]).run().message(), @"
    exit 3
    error: `identity_pool.id` is not set (profile `ws`)
    hint: run `cogtok profile set ws identity_pool.id VALUE`, or add `--identity-pool-id VALUE`
    ");
    let pool = ["--identity-pool-id", "us-east-1:11111111-2222-3333-4444-555555555555"];
    let out = ask(&home, &bedrock, &pool).run();
    out.code(5).stderr_has("no ID token for the identity pool").stderr_has("the password of alice@example.com");
    for (code, message, exit, hint) in [
        ("NotAuthorizedException", "Token is not from a supported provider of this identity pool.", 3, "its providers"),
        ("NotAuthorizedException", "Invalid login token. Token expired: 1 >= 0", 4, "sign in again"),
        ("InvalidIdentityPoolConfigurationException", "Invalid identity pool configuration.", 3, "no role"),
    ] {
        // GetId needs no role.
        let is_of_role = code == "InvalidIdentityPoolConfigurationException";
        let refused = Answer::aws_error(code, message);
        let (answers, operation) = if is_of_role {
            (vec![identity(), refused], "GetCredentialsForIdentity")
        } else {
            (vec![refused], "GetId")
        };
        let (home, _server) = scripted(answers);
        let out = ask(&home, &bedrock, &[]).run();
        out.code(exit).stdout_is("").stderr_has(&format!("{operation} was refused")).stderr_has(hint);
    }
    bedrock.assert_untouched();
}

#[test]
fn each_refusal_of_bedrock_says_what_mends_it() {
    let (home, _server) = with_credentials();
    let denied = "User: arn:aws:sts::111122223333:assumed-role/ws-user/CognitoIdentityCredentials is not authorized to perform: \
        bedrock:InvokeModel on resource: arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0 because no \
        identity-based policy allows the bedrock:InvokeModel action";
    for (status, code, message, exit, hint) in [
        (403, "AccessDeniedException", denied, 9, "add bedrock:InvokeModel to a policy of the role ws-user"),
        (
            403,
            "AccessDeniedException",
            "You don't have access to the model with the specified model ID.",
            4,
            "someone with aws-marketplace:Subscribe requests it once",
        ),
        (403, "AccessDeniedException", "No.", 4, "`cogtok help bedrock` says what that takes"),
        (
            403,
            "AccessDeniedException",
            "Model access is denied due to IAM user or service role is not authorized to perform the required AWS \
            Marketplace actions (aws-marketplace:ViewSubscriptions, aws-marketplace:Subscribe)",
            4,
            "not subscribed",
        ),
        (
            404,
            "ResourceNotFoundException",
            "Model use case details have not been submitted for this account.",
            4,
            "form",
        ),
        (
            404,
            "ResourceNotFoundException",
            "Could not resolve the foundation model from the provided model identifier.",
            3,
            "--model-region REGION",
        ),
        (
            400,
            "ValidationException",
            "Invocation of model ID amazon.nova-pro-v1:0 with on-demand throughput isn\u{2019}t supported. Retry your \
            request with the ID or ARN of an inference profile that contains this model.",
            3,
            "list-inference-profiles",
        ),
        (400, "ValidationException", "The provided model identifier is invalid.", 3, "--model-region REGION"),
        (400, "ValidationException", "The maximum tokens you requested exceeds the model limit", 2, "--max-tokens"),
        (403, "ExpiredTokenException", "The security token included in the request is expired", 9, "cache clear -p ws"),
        (
            403,
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            9,
            "cache clear",
        ),
        (403, "InvalidSignatureException", "Signature expired: 20260101T000000Z is now earlier than", 9, "clock"),
        (408, "ModelTimeoutException", "Model has timed out in processing the request.", 6, "--max-tokens"),
        (424, "ModelErrorException", "The model returned an error.", 6, "the model failed"),
        (400, "NeverHeardOfException", "something new", 1, "-v"),
    ] {
        for args in [&[][..], &["--stream"]] {
            let refusal = refusal(status, code, message);
            let is_known = code != "NeverHeardOfException";
            let bedrock = Server::script([if is_known { refusal } else { refusal.unlike_aws() }]);
            let out = ask(&home, &bedrock, args).run();
            out.code(exit).stdout_is("").stderr_has("was refused").stderr_has(hint).stderr_has("profile `ws`");
            assert_eq!(bedrock.hits(), 1, "{code}");
        }
    }
}

#[test]
fn what_was_not_done_is_asked_for_again_and_what_may_have_been_is_not() {
    let (home, _server) = with_credentials();
    let busy = || refusal(429, "ThrottlingException", "Too many requests, please wait before trying again.");
    let bedrock = Server::script([busy(), refusal(503, "ServiceUnavailableException", "x"), converse("Hello.")]);
    ask(&home, &bedrock, &[]).run().ok().stdout_is("Hello.\n");
    let bedrock = Server::always(busy());
    stream(&home, &bedrock).code(6).stderr_has("quota");
    assert_eq!(bedrock.hits(), 4);
    let bedrock = Server::always(Answer::close());
    ask(&home, &bedrock, &[]).run().code(6).stdout_is("");
    assert_eq!(bedrock.hits(), 1, "the model may have answered, and is paid for");
    let bedrock = Server::always(Answer::never());
    insta::assert_snapshot!(ask(&home, &bedrock, &["--timeout", "1s"]).run().message(), @"
    exit 6
    error: Converse: no complete answer from 127.0.0.1:[port] within [n] s (profile `ws`)
    hint: try again, or allow more with `--timeout [left]`
    ");
    assert_eq!(bedrock.hits(), 1);
    let elsewhere = Server::canary();
    let bedrock = Server::always(Answer::redirect(307, &elsewhere.url()));
    insta::assert_snapshot!(ask(&home, &bedrock, &[]).run().message(), @"
    exit 6
    error: Converse: redirect refused: 307 from 127.0.0.1:[port] to http://127.0.0.1:[port]/ (profile `ws`)
    hint: use that address itself: cogtok sends data only to the address that you give
    ");
    elsewhere.assert_untouched();
}

#[test]
fn a_stream_that_ends_badly_is_an_error_and_what_came_is_printed() {
    let (home, _server) = with_credentials();
    let whole = converse_stream(&["Hello", ", Alice."]);
    let hello = [
        event("messageStart", json!({"role": "assistant"})),
        event("contentBlockDelta", json!({"delta": {"text": "Hello"}})),
    ];
    let hello = hello.concat();
    let headers =
        |name| [(":exception-type", name), (":content-type", "application/json"), (":message-type", "exception")];
    for (name, message, exit, hint) in [
        ("modelStreamErrorException", "The model failed.", 6, "in the middle of its answer"),
        ("throttlingException", "Too many tokens", 6, "throttling"),
        ("serviceUnavailableException", "x", 6, "busy"),
        ("internalServerException", "x", 6, "Bedrock failed"),
        ("validationException", "x", 2, "another model"),
    ] {
        let exception = frames(&[(&headers(name), json!({"message": message}))]).remove(0);
        let bedrock = Server::always(event_stream([hello.clone(), exception].concat()));
        let out = stream(&home, &bedrock);
        out.code(exit).stdout_is("Hello").stderr_has("ConverseStream was refused").stderr_has(message).stderr_has(hint);
        assert_eq!(bedrock.hits(), 1);
    }
    let error = [(":error-code", "InternalFailure"), (":error-message", "gone"), (":message-type", "error")];
    let bedrock = Server::always(event_stream(frames(&[(&error, json!({}))]).remove(0)));
    stream(&home, &bedrock).code(6).stdout_is("").stderr_has("InternalFailure: gone");

    // Cut at the end of an event, within one, and with the connection.
    for more in [0, 9, 40] {
        let bedrock = Server::always(event_stream([&hello, &whole[..more]].concat()));
        stream(&home, &bedrock).code(6).stdout_is("Hello").stderr_has("was cut off");
    }
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\nContent-Length: 99999\r\n\r\n";
    let bedrock = Server::always(Answer::raw([head.to_vec(), hello.clone()].concat()));
    stream(&home, &bedrock).code(6).stdout_is("Hello").stderr_has("was cut off");
    insta::assert_snapshot!(ask(&home, &bedrock, &["--stream"]).redirect("1<>/dev/null").run().message(), @"
    exit 6
    error: ConverseStream: the answer from 127.0.0.1:[port] was cut off: end of file before message length reached (profile `ws`)
    hint: check the URL, the network and the proxy, then try again
    ");

    // Bytes that changed on the way, and what is no stream at all.
    let mut changed = [hello.clone(), whole].concat();
    changed[hello.len() + 30] ^= 1;
    for (bytes, stdout) in [(changed, "Hello"), (b"<html>not a stream of events</html>".to_vec(), "")] {
        let bedrock = Server::always(event_stream(bytes));
        let out = stream(&home, &bedrock);
        out.code(6).stdout_is(stdout).stderr_has("not an event stream");
    }
    for answer in [Answer::json(200, &json!({})), Answer::new(502, "text/html", "<html>")] {
        let bedrock = Server::always(answer);
        stream(&home, &bedrock).code(6).stdout_is("").stderr_has("not one of Bedrock");
    }
    for body in ["[]", "<html>", ""] {
        let bedrock = Server::always(Answer::new(200, "application/json", body).unlike_aws());
        ask(&home, &bedrock, &[]).run().code(6).stdout_is("").stderr_has("not one of Bedrock");
    }
    // A length that no event has is not waited for, nor is room made for it.
    let endless = Answer::endless(
        &b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\n\r\n\xff\xff\xff\xff\0\0\0\0"[..],
        vec![0; 64 * 1024],
    );
    let bedrock = Server::always(endless);
    stream(&home, &bedrock).code(6).stdout_is("").stderr_has("larger than 1 MiB");
}

#[test]
fn what_cannot_be_asked_is_refused_before_anything_is_sent() {
    let (home, server) = with_credentials();
    let bedrock = Server::canary();
    let call = |args: &[&str]| home.cogtok(["call", "model", "-p", "ws"]).args(args).run();
    call(&["not a model!", "x"]).code(2).stderr_has("is not a model id");
    call(&[MODEL]).code(5).stderr_has("the prompt is needed").stderr_has("`-` reads it from standard input");
    call(&[MODEL, " "]).code(2).stderr_has("the prompt is empty");
    call(&[MODEL, "x", "--max-tokens", "0"]).code(2);
    call(&[MODEL, "x", "--model-region", "no region"]).code(2).stderr_has("is not a Region");
    call(&[MODEL, "x", "-o", "csv"]).code(2);
    let binary = home.cogtok(["call", "model", MODEL, "-", "-p", "ws"]).stdin([0xff, 0xfe]).run();
    binary.code(2).stderr_has("not UTF-8");
    let before = server.hits();
    bedrock.assert_untouched();
    assert_eq!(before, 3);
}

#[test]
fn where_there_is_no_bedrock_the_region_is_suspected() {
    let (home, server) = scripted([identity(), credentials("ASIAONE", 3600)]);
    let text = std::fs::read_to_string(home.config_file()).unwrap();
    home.config(&text.replace(&format!("endpoint_url = \"{}\"\n", server.url()), ""));
    let run =
        home.cogtok(["call", "model", MODEL, "hello", "-p", "ws", "--model-region", "xx-nowhere-9", "--timeout", "5s"]);
    let run = run.env("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", server.url());
    let out = run.env("AWS_ENDPOINT_URL_COGNITO_IDENTITY", server.url()).run();
    out.code(6)
        .stderr_has("bedrock-runtime.xx-nowhere-9.amazonaws.com")
        .stderr_has("Bedrock may not be available in xx-nowhere-9");
}
