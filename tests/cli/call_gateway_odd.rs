//! `cogtok call gateway` and servers that keep to MCP in their own way, or do not speak it at all.

use crate::call_gateway_wire::{gateway, is, or_hello, result, stream, token};
use crate::exec::issuing;
use crate::harness::{Answer, Server};
use crate::mcp_proxy_wire::{HELLO, Talk, call};
use serde_json::{Value, json};

/// A server that answers `tools/call` with this.
fn calling(answer: impl Fn(&Value) -> Answer + Send + Sync + 'static) -> Server {
    Server::start(move |request| or_hello(request, |message| is(message, "tools/call").then(|| answer(message))))
}

const CALL: [&str; 4] = ["call", "t", "--args-json", "{}"];

#[test]
fn an_error_is_one_in_whatever_shape_and_a_result_that_is_none_is_told() {
    let (home, _tokens) = issuing(&token());
    for (member, code, says) in [
        (json!({"error": "boom"}), 1, "the server answers tools/call with error: boom"),
        (json!({"error": {"message": "boom"}}), 1, "the server answers tools/call with error: boom"),
        (json!({"error": ["a", 1]}), 1, "with error: [\"a\",1]"),
        (json!({"error": "boom", "result": {}}), 1, "with error: boom"),
        (json!({"result": null}), 6, "the server's answer to tools/call is not an MCP result: null"),
        (json!({"result": "done"}), 6, "is not an MCP result: \"done\""),
    ] {
        let server = calling(move |message| {
            let mut answer = json!({"jsonrpc": "2.0", "id": message["id"]});
            answer.as_object_mut().unwrap().extend(member.as_object().unwrap().clone());
            Answer::json(200, &answer)
        });
        gateway(&home, &server, &CALL).run().code(code).stdout_is("").stderr_has(says);
    }
    let server = calling(|message| {
        Answer::json(
            200,
            &json!({"id": message["id"], "error": null, "result": {"content": [{"type": "text", "text": "x"}]}}),
        )
    });
    gateway(&home, &server, &CALL).run().ok().stdout_is("x\n");
    // An error that is a word is no answer in JSON-RPC where the status says that it was refused.
    let server = calling(|_| Answer::json(404, &json!({"error": "Not Found"})));
    insta::assert_snapshot!(gateway(&home, &server, &CALL).run().message(), @r#"
    exit 6
    error: the server answers the request with status 404 (profile `ws`)
    hint: check the URL: an MCP endpoint usually ends in /mcp
    hint: it says: {"error":"Not Found"}
    "#);
}

#[test]
fn a_server_that_refuses_the_answer_to_its_question_is_waited_for_all_the_same() {
    let (home, _tokens) = issuing(&token());
    let server = Server::start(|request| {
        or_hello(request, |message| match message["method"].as_str() {
            Some("tools/call") => Some(stream(
                "data: {\"jsonrpc\":\"2.0\",\"id\":\"r\",\"method\":\"roots/list\"}\n\n\
                 data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"done\"}]}}\n\n",
            )),
            None => Some(Answer::new(400, "text/plain", "no roots?")),
            _ => None,
        })
    });
    let output = gateway(&home, &server, &[&CALL[..], &["-v"]].concat()).run();
    output.ok().stdout_is("done\n").stderr_has("the server refused the answer to its request: status 400");
}

#[test]
fn all_that_a_tool_gave_is_printed_also_where_it_failed() {
    let (home, _tokens) = issuing(&token());
    let given = json!({"isError": true, "structuredContent": {"code": 7}, "content": [{"type": "text", "text": "E".repeat(2000)}]});
    let all = given.clone();
    let server = calling(move |message| result(message, &given));
    let output = gateway(&home, &server, &[&CALL[..], &["--json"]].concat()).run();
    output.code(1).stderr_has("the tool `t` failed: EEE");
    assert_eq!(serde_json::from_str::<Value>(&output.stdout).unwrap(), all);
    gateway(&home, &server, &CALL).run().code(1).stdout_is("");
}

#[test]
fn what_is_no_mcp_is_shown_with_what_it_says() {
    let (home, _tokens) = issuing(&token());
    let server = Server::always(Answer::json(200, &json!({"message": "st\u{1b}[2J"})));
    let says = "the server's answer is JSON, but not an MCP message";
    let output = gateway(&home, &server, &["tools"]).run();
    output
        .code(6)
        .stderr_has(says)
        .stderr_has("usually ends in /mcp")
        .stderr_has("it says: {\"message\":\"st\\u001b[2J\"}");
    let mut talk = Talk::begin(&home, &server);
    talk.say(HELLO);
    let told = talk.hear();
    assert_eq!((&told["id"], talk.end()), (&json!(0), Some(0)));
    assert_eq!(told["error"]["message"], says);
    // Among messages it is passed over.
    let server = calling(|_| {
        stream(
            "data: {\"note\":1}\n\ndata: {\"id\":2,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"done\"}]}}\n\n",
        )
    });
    gateway(&home, &server, &CALL).run().ok().stdout_is("done\n");
    let broken = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nxx";
    for (answer, hint) in [
        (Answer::redirect(302, "https://example.com/"), "cogtok does not follow a redirect to another host"),
        (Answer::raw(broken), "the fault is in the server or a proxy"),
    ] {
        let output = gateway(&home, &Server::always(answer), &["tools"]).run();
        output.code(6).stderr_has(hint).stderr_lacks("token endpoint");
    }
}

#[test]
fn an_empty_cursor_is_the_end_of_a_list() {
    let (home, _tokens) = issuing(&token());
    let server = Server::start(|request| {
        or_hello(request, |message| {
            is(message, "tools/list").then(|| result(message, &json!({"tools": [{"name": "t"}], "nextCursor": ""})))
        })
    });
    assert_eq!(gateway(&home, &server, &["tools", "--json"]).run().ok().json(), json!([{"name": "t"}]));
}

#[test]
fn what_is_nested_too_deeply_is_called_that_and_passes_the_proxy_to_the_client_alone() {
    let (home, _tokens) = issuing(&token());
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let answered = deep.clone();
    let server = calling(move |message| {
        let id = &message["id"];
        Answer::new(200, "application/json", format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"x":{answered}}}}}"#))
    });
    gateway(&home, &server, &CALL).run().code(6).stderr_has("too deeply nested").stderr_lacks("not JSON");
    let run = home.cogtok(["mcp-proxy", &format!("{}/mcp", server.url())]);
    let run = run.env("COGTOK_M2M_CLIENT_SECRET", crate::harness::scripted::SECRET).stdin(format!("{}\n", call(1)));
    run.run().ok().quiet().stdout_is(&format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{{\"x\":{deep}}}}}\n"));
    let hits = server.hits();
    let mut talk = Talk::begin(&home, &server);
    talk.say(&format!(r#"{{"jsonrpc":"2.0","method":"tools/call","params":{deep},"id":"a"}}"#));
    let told = talk.hear();
    assert_eq!((&told["id"], &told["error"]["code"]), (&json!("a"), &json!(-32600)));
    assert!(told["error"]["message"].as_str().unwrap().contains("too deeply nested"), "{told}");
    assert_eq!((talk.end(), server.hits()), (Some(0), hits));
}
