//! `cogtok token check --arn`: how a runtime or gateway of AgentCore is configured is read from AWS, whose side is a server of
//! the test.

use crate::call_model_refused::refusal;
use crate::harness::pool::{now, publisher};
use crate::harness::sign::{self, CLIENT, ISSUER, MACHINE, access_claims, machine_claims};
use crate::harness::signature::Signer;
use crate::harness::{Answer, Home, Run, Server};
use serde_json::{Value, json};

const RUNTIME: &str = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/my_agent-AbCdEf1234";
const GATEWAY: &str = "arn:aws:bedrock-agentcore:eu-west-1:111122223333:gateway/tools-abcdef1234";

/// A home whose pool publishes its keys.
fn pool() -> (Home, Server) {
    let (home, keys) = (Home::new(), publisher());
    home.pool_profile(&keys.url());
    (home, keys)
}

fn check<'h>(home: &'h Home, agentcore: &Server, claims: &Value, args: &[&str]) -> Run<'h> {
    let run = home.cogtok(["token", "check", "-", "-p", "ws"]).args(args).stdin(sign::sign(claims)).aws();
    run.env("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL", agentcore.url())
}

/// GetAgentRuntime's answer, as the API reference has it, with this authorizer.
fn runtime(authorizer: Option<Value>) -> Answer {
    let mut answer = json!({"agentRuntimeArn": RUNTIME, "agentRuntimeName": "my_agent", "agentRuntimeId": "my_agent-AbCdEf1234",
        "agentRuntimeVersion": "3", "createdAt": 1_760_000_000, "lastUpdatedAt": 1_760_000_000, "status": "READY",
        "roleArn": "arn:aws:iam::111122223333:role/agent", "lifecycleConfiguration": {"maxLifetime": 28800},
        "networkConfiguration": {"networkMode": "PUBLIC"}});
    if let Some(authorizer) = authorizer {
        answer["authorizerConfiguration"] = json!({"customJWTAuthorizer": authorizer});
    }
    Answer::json(200, &answer)
}

/// GetGateway's answer.
fn gateway(kind: &str, authorizer: Option<Value>) -> Answer {
    let mut answer = json!({"gatewayArn": GATEWAY, "gatewayId": "tools-abcdef1234", "name": "tools", "status": "READY",
        "gatewayUrl": "https://tools-abcdef1234.gateway.bedrock-agentcore.eu-west-1.amazonaws.com/mcp",
        "createdAt": 1_760_000_000, "updatedAt": 1_760_000_000, "authorizerType": kind, "protocolType": "MCP"});
    if let Some(authorizer) = authorizer {
        answer["authorizerConfiguration"] = json!({"customJWTAuthorizer": authorizer});
    }
    Answer::json(200, &answer)
}

fn jwt_authorizer(client: &str) -> Value {
    json!({"discoveryUrl": format!("{ISSUER}/.well-known/openid-configuration"), "allowedClients": [client]})
}

#[test]
fn an_answer_without_the_arn_is_no_answer_of_aws() {
    let (home, _keys) = pool();
    let agentcore = Server::always(Answer::json(200, &json!({})));
    let output = check(&home, &agentcore, &access_claims(now()), &["--arn", RUNTIME]).run();
    output.code(6).stderr_has("GetAgentRuntime: the answer is not one of AWS");
}

#[test]
fn the_authorizer_that_aws_has_is_the_one_that_counts() {
    let (home, _keys) = pool();
    let agentcore = Server::script([
        runtime(Some(jwt_authorizer(CLIENT))),
        runtime(Some(jwt_authorizer(CLIENT))),
        gateway("CUSTOM_JWT", Some(jwt_authorizer(MACHINE))),
        gateway("CUSTOM_JWT", Some(jwt_authorizer(MACHINE))),
    ]);
    let user = access_claims(now());
    let output = check(&home, &agentcore, &user, &["--arn", RUNTIME]).run();
    output.ok().stdout_has("pass  allowedClients").stderr_has("agentcore-runtime would accept this token");
    check(&home, &agentcore, &machine_claims(now()), &["--arn", RUNTIME, "--for", "agentcore-runtime"])
        .run()
        .code(8)
        .stdout_has("FAIL  allowedClients");
    let machine = check(&home, &agentcore, &machine_claims(now()), &["--arn", GATEWAY, "--json"]).run();
    assert_eq!(machine.ok().json()["service"], "agentcore-gateway");
    insta::assert_snapshot!(check(&home, &agentcore, &user, &["--arn", GATEWAY]).run().message(), @"
    exit 8
    error: agentcore-gateway would refuse this token: allowedClients: `client_id` is [client], expected: [client] (profile `ws`)
    hint: add the token's client to allowedClients, or get the token with a client that is there
    ");
    let requests = agentcore.requests();
    let asked: Vec<_> = requests.iter().map(|request| format!("{} {}", request.method, request.path)).collect();
    let (get_runtime, get_gateway) = ("GET /runtimes/my_agent-AbCdEf1234/", "GET /gateways/tools-abcdef1234/");
    assert_eq!(asked, [get_runtime, get_runtime, get_gateway, get_gateway]);
    let (access_key, secret_key, token) = ("test", "test", None);
    for (range, region) in [(0..2, "us-west-2"), (2..4, "eu-west-1")] {
        let signer = Signer { access_key, secret_key, token, service: "bedrock-agentcore", region };
        signer.signed(&agentcore.url(), &requests[range]);
    }
}

#[test]
fn a_target_of_the_profile_stands_for_its_arn() {
    let (home, _keys) = pool();
    let url = "https://tools-abcdef1234.gateway.bedrock-agentcore.eu-west-1.amazonaws.com/mcp";
    for (key, value) in [
        ("targets.agent.url", RUNTIME),
        ("targets.tools.url", url),
        ("targets.tools.kind", "gateway"),
        ("targets.api.url", "https://api.example.com"),
    ] {
        home.cogtok(["profile", "set", "ws", key, value]).run().ok();
    }
    let agentcore =
        Server::script([runtime(Some(jwt_authorizer(CLIENT))), gateway("CUSTOM_JWT", Some(jwt_authorizer(CLIENT)))]);
    let claims = access_claims(now());
    let ask = |name: &str| check(&home, &agentcore, &claims, &["--arn", name]).run();
    ask("agent").ok().stderr_has("agentcore-runtime");
    ask("tools").ok().stderr_has("agentcore-gateway");
    ask("api").code(2).stderr_has("neither a runtime nor a gateway");
    ask("tool").code(3).stderr_has("did you mean `tools`?");
    ask("no such name").code(2).stderr_has("the name of a target");
    ask("arn:aws:s3:::bucket").code(2).stderr_has("AgentCore runtime or gateway");
    assert_eq!(agentcore.hits(), 2);
}

#[test]
fn what_takes_no_tokens_is_told_in_words() {
    let (home, keys) = pool();
    let claims = access_claims(now());
    let (iam, none) = (gateway("AWS_IAM", None), gateway("NONE", None));
    for (arn, answer) in [(RUNTIME, runtime(None)), (GATEWAY, iam)] {
        let agentcore = Server::always(answer);
        let output = check(&home, &agentcore, &claims, &["--arn", arn]).run();
        output.code(8).stdout_has("FAIL  authorizer").stderr_has("signed with AWS credentials").stderr_has("customJWT");
        let output = check(&home, &agentcore, &claims, &["--arn", arn, "--json"]).run();
        assert_eq!(output.code(8).json()["accepted"], false);
    }
    let output = check(&home, &Server::always(none), &claims, &["--arn", GATEWAY]).run();
    output.ok().stdout_has("NONE: it accepts every request");
    let other = Server::always(gateway("AUTHENTICATE_ONLY", None));
    insta::assert_snapshot!(check(&home, &other, &claims, &["--arn", GATEWAY]).run().message(), @"
    exit 3
    error: its authorizer is AUTHENTICATE_ONLY, whose rules cogtok does not know (profile `ws`)
    hint: cogtok can check only a CUSTOM_JWT authorizer
    ");
    keys.assert_untouched();
}

#[test]
fn where_aws_does_not_tell_the_action_and_the_way_around_are_named() {
    let (home, keys) = pool();
    let claims = access_claims(now());
    let denied = "User: arn:aws:sts::111122223333:assumed-role/attendee/x is not authorized to perform: bedrock-agentcore:GetGateway";
    let agentcore = Server::always(refusal(403, "AccessDeniedException", denied));
    let output = check(&home, &agentcore, &claims, &["--arn", GATEWAY]).run();
    output.code(9).stdout_is("").stderr_has("bedrock-agentcore:GetGateway").stderr_has("--authorizer FILE");
    output.stderr_has("get-gateway --gateway-identifier tools-abcdef1234 --region eu-west-1");
    let output = check(&home, &agentcore, &claims, &["--arn", RUNTIME]).run();
    output.code(9).stderr_has("bedrock-agentcore:GetAgentRuntime").stderr_has("--agent-runtime-id my_agent-AbCdEf1234");
    let gone = Server::always(refusal(404, "ResourceNotFoundException", "no such runtime"));
    insta::assert_snapshot!(check(&home, &gone, &claims, &["--arn", RUNTIME]).run().message(), @"
    exit 3
    error: GetAgentRuntime was refused: ResourceNotFoundException: no such runtime (profile `ws`)
    hint: check the ARN, and that the AWS credentials belong to its account: `--aws-profile NAME` uses others
    ");
    let without = home.cogtok(["token", "check", "x", "-p", "ws", "--arn", RUNTIME]).run();
    without.code(9).stderr_has("none that cogtok can use").stderr_has("--authorizer FILE");
    for answer in
        [Answer::json(200, &json!([])), Answer::new(200, "text/html", "<html>"), Answer::new(404, "text/html", "")]
    {
        let agentcore = Server::always(answer);
        check(&home, &agentcore, &claims, &["--arn", RUNTIME]).run().code(6).stderr_has("not one of AWS");
    }
    let canary = Server::canary();
    insta::assert_snapshot!(check(&home, &canary, &claims, &["--arn", RUNTIME, "--for", "alb"]).run().message(), @"
    exit 2
    error: the ARN is not one for `--for alb` (profile `ws`)
    hint: it is an agentcore-runtime: leave `--for` out
    ");
    check(&home, &canary, &claims, &["--arn", RUNTIME, "--allowed-client", "x"]).run().code(2);
    canary.assert_untouched();
    keys.assert_untouched();
}
