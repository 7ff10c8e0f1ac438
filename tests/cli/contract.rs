//! What breaks the contract between cogtok and AWS is found: each of these tests breaks it on purpose.

use crate::harness::contract::{broken_by, not_of_aws};
use crate::harness::{Answer, Request, Server, promises};
use serde_json::{Value, json};
use std::sync::Mutex;

const BEDROCK: &str =
    "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=0";

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Request {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let (method, path, body) = (method.into(), path.into(), body.as_bytes().to_vec());
    Request { method, path, headers, body, connection: 0, at: std::time::Instant::now() }
}

/// A call of a service with X-Amz-Target, signed for a service or not.
fn call(target: &str, signed_for: Option<&str>, body: &Value) -> Request {
    let signature = signed_for.map(|service| {
        format!("AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0")
    });
    let mut headers = vec![("X-Amz-Target", target), ("Content-Type", "application/x-amz-json-1.1")];
    headers.extend(signature.iter().map(|signature| ("Authorization", signature.as_str())));
    request("POST", "/", &headers, &body.to_string())
}

fn cognito(operation: &str, is_signed: bool, body: &Value) -> Vec<String> {
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    broken_by(&call(&target, is_signed.then_some("cognito-idp"), body))
}

/// `fine` with another value for one member breaks the contract in one way.
#[track_caller]
fn each_breaks(operation: &str, is_signed: bool, fine: &Value, others: &[(&str, Value)]) -> usize {
    assert_eq!(cognito(operation, is_signed, fine), [""; 0]);
    for (name, value) in others {
        let mut body = fine.clone();
        body[name] = value.clone();
        let broken = cognito(operation, is_signed, &body);
        assert_eq!(broken.len(), 1, "{operation} {name} {value}: {broken:?}");
    }
    others.len()
}

#[test]
fn a_request_that_aws_would_refuse_is_found() {
    let fine = json!({"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": "abc", "AuthParameters": {"USERNAME": "a"}});
    let mut cases = each_breaks(
        "InitiateAuth",
        false,
        &fine,
        &[
            ("AuthFlow", json!("PASSWORD")),
            ("ClientId", json!(1)),
            ("ClientId", json!("a b")),
            ("ClientId", json!("a".repeat(129))),
            ("AuthParameters", json!({"USERNAME": 1})),
            ("AuthParameters", json!([])),
            ("Session", json!("short")),
            ("Username", json!("a")),
        ],
    );
    assert_eq!(cognito("InitiateAuth", true, &fine), ["InitiateAuth: it is signed"]);
    assert_eq!(cognito("SignInPlease", false, &fine).len(), 1);
    let exchange = json!({"ClientId": "abc", "SubjectToken": "x", "SubjectTokenType": "ACCESS_TOKEN"});
    cases += each_breaks(
        "GetDerivedToken",
        false,
        &exchange,
        &[
            ("SubjectTokenType", json!("urn:ietf:params:oauth:token-type:access_token")),
            ("Audience", json!("x")),
            ("ClientSecret", json!("short")),
        ],
    );
    assert_eq!(cognito("GetDerivedToken", true, &exchange), ["GetDerivedToken: it is signed"]);
    let user = json!({"UserPoolId": "us-east-1_Example01", "Username": "zoë@example.com"});
    cases += each_breaks(
        "AdminGetUser",
        true,
        &user,
        &[
            ("UserPoolId", json!("nonsense")),
            ("Username", json!("two words")),
            ("Username", json!("a\u{a0}b")),
            ("Username", json!("x".repeat(129))),
        ],
    );
    let list = json!({"UserPoolId": "us-east-1_Example01", "Limit": 60});
    cases +=
        each_breaks("ListUsers", true, &list, &[("Limit", json!(61)), ("Limit", json!(-1)), ("Limit", json!("60"))]);
    assert_eq!(cognito("AdminGetUser", false, &user), ["AdminGetUser: it is not signed"]);
    assert_eq!(
        cognito("AdminGetUser", true, &json!({"Username": "a"})),
        ["AdminGetUser: AdminGetUser has no UserPoolId"]
    );
    let other = call("AWSCognitoIdentityProviderService.AdminGetUser", Some("cognito-identity"), &user);
    assert_eq!(broken_by(&other), ["AdminGetUser: it is not signed for cognito-idp"]);
    let mut typed = call("AWSCognitoIdentityProviderService.AdminGetUser", Some("cognito-idp"), &user);
    typed.headers[1].1 = "application/json".to_owned();
    assert_eq!(broken_by(&typed).len(), 1);
    typed.headers[1].1 = "application/x-amz-json-1.1".to_owned();
    typed.path = "/users".to_owned();
    assert_eq!(broken_by(&typed).len(), 1);

    // The services without X-Amz-Target.
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let sts = BEDROCK.replace("bedrock", "sts");
    let query = |body: &str| broken_by(&request("POST", "/", &[form, ("Authorization", &sts)], body));
    assert_eq!(query("Action=GetCallerIdentity&Version=2011-06-15"), [""; 0]);
    let stack = "Action=DescribeStacks&Version=2010-05-15&StackName=ws";
    assert_eq!(query(stack), ["DescribeStacks: it is not signed for cloudformation"]);
    assert_eq!(query("Action=WhoAmI&Version=2011-06-15"), ["STS has no operation WhoAmI"]);
    assert_eq!(query("Action=GetCallerIdentity&Version=2011-06-15&Who=me").len(), 1);
    let talk = r#"{"messages": [{"role": "user", "content": [{"text": "x"}]}]}"#;
    let model =
        |body: &str| broken_by(&request("POST", "/model/eu.nova%3A0/converse", &[("Authorization", BEDROCK)], body));
    assert_eq!(model(talk), [""; 0]);
    for broken in
        [talk.replace("user", "person"), talk.replace("text", "texts"), talk.replace("messages", "message"), "{".into()]
    {
        assert_eq!(model(&broken).len(), 1, "{broken}");
    }
    let unsigned = request("POST", "/model/nova/converse", &[], talk);
    assert_eq!(broken_by(&unsigned), ["Converse: it is not signed"]);
    let runtime = "/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-west-2%3A111122223333%3Aruntime%2Fa/invocations";
    let invoke =
        |query: &str| broken_by(&request("POST", &format!("{runtime}{query}"), &[("Authorization", "Bearer x")], "hi"));
    assert_eq!(invoke("?qualifier=DEFAULT"), [""; 0]);
    assert_eq!(invoke("?version=1"), ["InvokeAgentRuntime: it has no parameter version"]);
    assert_eq!(broken_by(&request("GET", "/oauth2/authorize?client_id=x", &[], "")), [""; 0]);
    promises::held("a request or an answer that breaks AWS's model of the operation is found", cases + 18);
}

#[test]
fn an_answer_that_aws_does_not_give_is_found() {
    let asked = call("AWSCognitoIdentityProviderService.AdminGetUser", Some("cognito-idp"), &json!({}));
    let says = |status, body: &str| not_of_aws(&asked, status, &[], body.as_bytes());
    let mut cases = 0;
    for fine in [
        r#"{"Username": "a"}"#,
        r#"{"Username": "a", "UserStatus": "CONFIRMED", "Enabled": true, "UserCreateDate": 1.5, "UserAttributes": [{"Name": "sub"}]}"#,
    ] {
        assert_eq!(says(200, fine), [""; 0]);
    }
    for bad in [
        "",
        "[]",
        "<html>",
        "{}",
        r#"{"Username": 1}"#,
        r#"{"Username": "a", "Status": "CONFIRMED"}"#,
        r#"{"Username": "a", "UserStatus": "FINE"}"#,
        r#"{"Username": "a", "UserAttributes": [{"Value": "x"}]}"#,
        r#"{"Username": "a", "UserCreateDate": "today"}"#,
    ] {
        assert_eq!(says(200, bad).len(), 1, "{bad}");
        cases += 1;
    }
    for fine in [
        r#"{"__type": "UserNotFoundException", "message": "no"}"#,
        r#"{"__type": "com.amazonaws#ThrottlingException", "Message": "no"}"#,
        r#"{"__type": "InvalidParameterException", "message": "no", "reasonCode": "x"}"#,
        "<html>",
    ] {
        assert_eq!(says(400, fine), [""; 0]);
    }
    for bad in [r#"{"__type": "NoSuchUserException"}"#, r#"{"__type": "UserNotFoundException", "username": "a"}"#] {
        assert_eq!(says(400, bad).len(), 1, "{bad}");
        cases += 1;
    }
    let other = [("x-amzn-errortype".to_owned(), "UsernameExistsException".to_owned())];
    assert_eq!(not_of_aws(&asked, 400, &other, b"{}").len(), 1, "of another operation");
    promises::held("a request or an answer that breaks AWS's model of the operation is found", cases + 1);
}

/// What a panic says.
fn said(panic: Box<dyn std::any::Any + Send>) -> String {
    panic.downcast::<String>().map_or_else(|_| "no text".to_owned(), |text| *text)
}

#[test]
fn the_test_that_breaks_it_fails() {
    let user = json!({"UserPoolId": "us-east-1_Scripted0", "Username": "a"});
    let asked = call("AWSCognitoIdentityProviderService.AdminGetUser", None, &user);
    for (answer, found) in [
        (Answer::json(200, &json!({"Username": "a"})), "AdminGetUser: it is not signed"),
        (Answer::json(200, &json!({"Name": "a"})).unlike_aws(), "AdminGetUser: it is not signed"),
        (Answer::json(200, &json!({"Name": "a"})), "AdminGetUser does not answer so: the answer has no member Name"),
    ] {
        let server = Server::always(answer);
        send(&server.url(), &asked);
        let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(server)));
        let said = said(failed.expect_err("the test fails"));
        assert!(said.contains(found), "{said}");
    }
    // What stands in front of the local Cognito says so at once.
    static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let note = |broken| SEEN.lock().unwrap().extend(broken);
    let front = Server::lasting(note, |_| Answer::json(200, &json!({"Username": "a"})));
    send(&front.url(), &asked);
    assert_eq!(*SEEN.lock().unwrap(), ["AdminGetUser: it is not signed"]);
}

fn send(url: &str, request: &Request) {
    let authority = url.strip_prefix("http://").unwrap();
    crate::harness::http::request(authority, &request.method, &request.path, &request.headers, &request.body).unwrap();
}
