//! `cogtok profile import` of broken and hostile sources, and of services that refuse, lie or never end.

use crate::harness::{Answer, Home, Request, Run, Server, unique, workshop};
use crate::import::{import, settings};
use serde_json::{Value, json};
use std::time::Duration;

pub const POOL: &str = "us-east-1_Scripted0";
pub const AMZ: &str = "application/x-amz-json-1.1";

pub fn at<'h>(home: &'h Home, server: &Server, args: &[&str]) -> Run<'h> {
    home.cogtok(["profile", "import", "--name", "ws", "--region", "us-east-1", "--endpoint-url", &server.url()])
        .args(args)
        .aws()
}

/// Nothing may have been written.
#[track_caller]
pub fn assert_untouched(home: &Home) {
    for dir in home.own_dirs() {
        assert!(!dir.join("config.toml").exists(), "{}", dir.display());
    }
}

fn parameter(value: &str) -> Answer {
    Answer::new(200, AMZ, json!({"Parameter": {"Name": "/x", "Type": "String", "Value": value}}).to_string())
}

pub fn stack_answer(outputs: &str) -> Answer {
    let text = format!(
        "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><Outputs>{outputs}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
    );
    Answer::new(200, "text/xml", text)
}

/// The sources that are signed for, one of each kind.
const SIGNED: [(&str, &str); 4] = [
    ("/workshop/config", "GetParameter"),
    ("m2m/secret", "GetSecretValue"),
    ("stack", "DescribeStacks"),
    (POOL, "DescribeUserPool"),
];

fn signed_args(source: &str) -> Vec<&str> {
    if source == "stack" { vec![source, "--from", "stack"] } else { vec![source] }
}

#[test]
fn a_file_that_is_no_source_is_a_usage_error_that_repeats_nothing() {
    let home = Home::new();
    home.canary("hunter2hunter2");
    let long = format!("COGNITO_CLIENT_ID={}\n", "x".repeat(1 << 20));
    for (text, says) in [
        ("", "standard input: it is empty"),
        ("\u{feff} \r\n", "standard input: it is empty"),
        ("# nothing yet\n", "NAME=VALUE"),
        ("hunter2hunter2", "NAME=VALUE"),
        ("{\"client_secret\": \"hunter2hunter2\"", "not JSON"),
        ("[\"hunter2hunter2\"]", "not an object"),
        ("{}", "the source contains nothing"),
        ("{\"x\": \"hunter2hunter2\"}", "the source contains nothing"),
        ("COGNITO_CLIENT_ID=your-client-id\n", "skipped COGNITO_CLIENT_ID: it is still a placeholder"),
        ("DATABASE_URL=postgres://u:hunter2hunter2@h/\n", "the source contains nothing"),
        (&long, "larger than 1 MiB"),
        (&"[".repeat(100_000), "not JSON"),
        (&format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000)), "not JSON"),
    ] {
        let out = home.cogtok(["profile", "import", "-", "--name", "ws"]).stdin(text).run();
        out.check(matches!(out.code, Some(2 | 3)), "usage or configuration").stderr_has(says).stdout_is("");
        assert_untouched(&home);
    }
    let binary = home.cogtok(["profile", "import", "-", "--name", "ws"]).stdin(b"A=\xff\xfe\n").run();
    binary.code(2).stderr_has("UTF-8");
}

#[test]
fn a_file_of_another_kind_does_not_hang_and_a_link_is_followed() {
    let home = Home::new();
    let fifo = home.path("pipe.env");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    home.allow(&fifo);
    let run = |path: &std::path::Path| home.cogtok(["profile", "import", "--name", "ws", "--replace"]).arg(path);
    insta::assert_snapshot!(run(&fifo).timeout(Duration::from_secs(3)).run().message(), @"
    exit 2
    error: [home]/pipe.env can't be read: it is not a regular file (profile `ws`)
    hint: read a pipe as `-`: … | cogtok profile import - --name NAME
    ");
    insta::assert_snapshot!(run(&home.path("tmp")).run().message(), @"
    exit 2
    error: [home]/tmp can't be read: it is a directory (profile `ws`)
    ");
    insta::assert_snapshot!(run("/dev/zero".as_ref()).timeout(Duration::from_secs(3)).run().message(), @"
    exit 2
    error: /dev/zero can't be read: it is not a regular file (profile `ws`)
    hint: read a pipe as `-`: … | cogtok profile import - --name NAME
    ");
    insta::assert_snapshot!(run("missing.env".as_ref()).run().message(), @"
    exit 2
    error: there is no file `missing.env` (profile `ws`)
    ");
    insta::assert_snapshot!(run("./missing".as_ref()).run().message(), @"
    exit 2
    error: there is no file `./missing` (profile `ws`)
    ");
    let sparse = home.path("sparse.env");
    std::fs::File::create(&sparse).unwrap().set_len(1 << 33).unwrap();
    home.allow(&sparse);
    for kind in ["terraform", "export", "env"] {
        let empty = home.plant("empty", "");
        run(&empty).args(["--from", kind]).run().code(2).stderr_has("empty: it is empty");
    }
    insta::assert_snapshot!(run(&sparse).run().message(), @"
    exit 2
    error: [home]/sparse.env can't be read: it is larger than 1 MiB (profile `ws`)
    ");
    assert_untouched(&home);
    let file = home.plant("real", "COGNITO_CLIENT_ID=web\nAWS_REGION=us-east-1\n");
    let link = home.path("linked.env");
    std::os::unix::fs::symlink(file, &link).unwrap();
    home.allow(&link);
    run(&link).run().ok();
}

#[test]
fn a_source_that_could_be_two_things_is_asked_for_by_kind() {
    let home = Home::new();
    let run = |args: &[&str]| home.cogtok(["profile", "import"]).args(args).aws().run();
    run(&["workshop"])
        .code(2)
        .stderr_has("a stack or a secret")
        .stderr_has("`--from` names the kind: secret, ssm, stack");
    run(&["x", "--from", "nothing"]).code(2).stderr_has("use one of secret, ssm");
    for source in
        ["", "a b", "\u{1b}[31m", "arn:aws:s3:::bucket", "https://evil.example/us-east-1_abc", "http://evil.example/"]
    {
        run(&[source, "--name", "ws"]).code(2);
    }
    run(&["https://ws.auth.us-east-1.amazoncognito.com", "--name", "ws"]).code(2).stderr_has("--domain URL");
    run(&["/workshop/config", "--name", "ws"]).code(3).stderr_has("--region REGION");
    assert_untouched(&home);
}

#[test]
fn hostile_values_of_a_parameter_are_left_out_and_told() {
    let canary = Server::canary();
    let value = json!({
        "COGNITO_USER_POOL_ID": POOL, "COGNITO_USER_CLIENT_ID": "web\u{1b}]0;x\u{7}", "COGNITO_M2M_CLIENT_ID": "a b",
        "COGNITO_DOMAIN": "evil.example/../", "OAUTH_TOKEN_ENDPOINT": "http://evil.example/oauth2/token",
        "COGNITO_USERNAME": "alice\u{202e}", "M2M_CREDENTIALS_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:1:secret:x\n-AbCdEf",
        "\u{1b}[2JCOGNITO_CLIENT_ID": "x\u{0}y", "nested": {"deep": [1, 2, {"x": null}]},
    });
    let no_document = Answer::json(404, &json!({}));
    let server = Server::start(move |request: &Request| match request.operation() {
        Some("GetParameter") => parameter(&value.to_string()),
        _ => no_document.clone(),
    });
    let home = Home::new();
    let out = at(&home, &server, &["/workshop/config"]).run();
    out.ok().stderr_has("skipped OAUTH_TOKEN_ENDPOINT").stderr_has("skipped COGNITO_USER_CLIENT_ID");
    out.stderr_lacks("evil").stderr_has("still missing");
    assert_eq!(
        settings(&home, "ws"),
        json!({"name": "ws", "user_pool_id": POOL, "region": "us-east-1", "endpoint_url": server.url()})
    );
    canary.assert_untouched();
    for bad in ["", "x", "[]", "{", "null", "{}", "{\"a\":1}", &"[".repeat(100_000)] {
        let bad = bad.to_string();
        let (home, server) = (Home::new(), Server::start(move |_| parameter(&bad)));
        at(&home, &server, &["/workshop/config"]).run().code(3);
        assert_untouched(&home);
    }
}

#[test]
fn a_secret_that_is_gone_or_of_another_shape() {
    let ws = workshop();
    let home = Home::new();
    insta::assert_snapshot!(import(&home, &[&ws.secret_arn_other, "--name", "ws"]).run().message(), @r#"
    exit 3
    error: the secret arn:aws:secretsmanager:us-east-1:000000000000:secret:m2m-credentials-[unique]/other is not usable: it has no `client_secret` (profile `ws`)
    hint: store just the client secret in it, or {"client_id": …, "client_secret": …, "token_url": …, "scopes": …}
    "#);
    let make = |value: &str| {
        let body = json!({"Name": unique("import"), "SecretString": value});
        ws.ministack.admin("secretsmanager.CreateSecret", &body)["ARN"].as_str().unwrap().to_string()
    };
    let doomed = make("doomed-client-secret");
    ws.ministack.admin("secretsmanager.DeleteSecret", &json!({"SecretId": doomed, "RecoveryWindowInDays": 7}));
    let out = import(&home, &[&doomed, "--name", "ws"]).run();
    out.code(3).stderr_has("GetSecretValue").stderr_has("scheduled for deletion");
    let http = make(
        "{\"client_id\":\"c\",\"client_secret\":\"http-client-secret\",\"token_url\":\"http://evil.example/oauth2/token\"}",
    );
    insta::assert_snapshot!(import(&home, &[&http, "--name", "ws"]).canary("http-client-secret").run().message(), @r#"
    exit 3
    error: the secret arn:aws:secretsmanager:us-east-1:000000000000:secret:import-[unique] is not usable: token_url: it can't be `m2m.token_url`: plain http is allowed only to this machine (127.0.0.1, [::1], localhost) (profile `ws`)
    hint: store just the client secret in it, or {"client_id": …, "client_secret": …, "token_url": …, "scopes": …}
    "#);
    insta::assert_snapshot!(import(&home, &["no/such/secret", "--name", "ws"]).run().message(), @"
    exit 3
    error: GetSecretValue was refused: ResourceNotFoundException: Secrets Manager can't find the specified secret. (profile `ws`)
    hint: check the secret's name or ARN and its Region (`--region REGION`)
    ");
    insta::assert_snapshot!(import(&home, &["/no/such/parameter", "--name", "ws"]).run().message(), @"
    exit 3
    error: GetParameter was refused: ParameterNotFound: Parameter /no/such/parameter not found (profile `ws`)
    hint: check the parameter's name, its Region (`--region REGION`) and the AWS account (`--aws-profile NAME`)
    ");
    insta::assert_snapshot!(import(&home, &["no-such-stack", "--from", "stack", "--name", "ws"]).run().message(), @"
    exit 3
    error: DescribeStacks was refused: ValidationError: Stack with id no-such-stack does not exist (profile `ws`)
    hint: check the stack's name, its Region (`--region REGION`) and the AWS account (`--aws-profile NAME`)
    ");
    insta::assert_snapshot!(import(&home, &["us-east-1_NoSuchPool", "--name", "ws"]).run().message(), @"
    exit 3
    error: DescribeUserPool was refused: ResourceNotFoundException: User pool us-east-1_NoSuchPool does not exist. (profile `ws`)
    hint: check pool id, app client id and Region: they belong together and to one AWS account
    ");
    assert_untouched(&home);
    // What a parameter refers to and can't be read is told; the rest is still of use.
    let name = format!("/{}", unique("import"));
    let config = json!({"COGNITO_USER_POOL_ID": ws.pool_id, "COGNITO_USER_CLIENT_ID": ws.srp_only.id, "M2M_CREDENTIALS_SECRET_ARN": doomed});
    let parameter = json!({"Name": name, "Value": config.to_string(), "Type": "SecureString"});
    ws.ministack.admin("AmazonSSM.PutParameter", &parameter);
    let out = import(&home, &[&name, "--name", "ws"]).run();
    out.ok().stderr_has(": GetSecretValue was refused");
    let shown = settings(&home, "ws");
    assert_eq!((&shown["user.auth_flow"], &shown["m2m.secret_arn"]), (&json!("srp"), &Value::Null));
    // The bare client secret alone: what else is needed is said.
    let out = import(&home, &[&ws.secret_arn_bare, "--name", "bare", "--m2m-client-id", &ws.m2m.id]).run();
    out.ok().stderr_has("cogtok profile set bare m2m.token_url URL");
    home.cogtok(["profile", "set", "bare", "m2m.token_url", &ws.token_url]).run().ok();
    home.cogtok(["token", "m2m", "-p", "bare"]).aws().run().ok().line();
}

#[test]
fn credentials_that_are_missing_or_not_allowed_are_exit_9() {
    let home = Home::new();
    for (source, operation) in SIGNED {
        let server = Server::canary();
        let run = home.cogtok([
            "profile",
            "import",
            "--name",
            "ws",
            "--region",
            "us-east-1",
            "--endpoint-url",
            &server.url(),
        ]);
        let out = run.args(signed_args(source)).run();
        out.code(9).stderr_has(operation).stderr_has("aws sso login");
        server.assert_untouched();
        let denied = match source {
            "stack" => Answer::new(
                403,
                "text/xml",
                "<ErrorResponse><Error><Code>AccessDenied</Code><Message>User: x is not authorized</Message></Error></ErrorResponse>",
            ),
            _ => Answer::aws_error("AccessDeniedException", "User: x is not authorized to perform this"),
        };
        let server = Server::always(denied);
        at(&home, &server, &signed_args(source)).run().code(9).stderr_has(operation).stderr_has("--aws-profile NAME");
        assert_eq!(server.hits(), 1, "{source}: asked once");
        let request = &server.requests()[0];
        let authorization = request.header("authorization").unwrap();
        assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=test/"), "{authorization}");
    }
    assert_untouched(&home);
}

#[test]
fn services_that_break_off_lie_or_never_end() {
    let canary = Server::canary();
    let rows: Vec<(&str, Answer)> = vec![
        ("a redirect", Answer::redirect(307, &canary.url())),
        ("endless", Answer::endless("HTTP/1.1 200 OK\r\n\r\n{\"x\":\"", vec![b'a'; 1 << 20])),
        ("HTML", Answer::new(200, "text/html", "<html>marker</html>")),
        ("empty", Answer::new(200, AMZ, "")),
        ("null", Answer::new(200, AMZ, "null")),
        ("another type", Answer::new(200, AMZ, "{\"Parameter\":7,\"SecretString\":7,\"UserPool\":7}")),
        ("deep", Answer::new(200, AMZ, "[".repeat(900_000))),
        ("deep XML", Answer::new(200, "text/xml", "<a>".repeat(300_000))),
        ("an error without a code", Answer::new(404, "text/html", "<html>marker</html>")),
    ];
    std::thread::scope(|threads| {
        for (name, answer) in rows {
            threads.spawn(move || {
                for (source, _) in SIGNED {
                    let (home, server) = (Home::new(), Server::always(answer.clone().unlike_aws()));
                    let out = at(&home, &server, &signed_args(source)).timeout(Duration::from_secs(10)).run();
                    out.check(matches!(out.code, Some(6)), name).stderr_lacks("marker");
                    assert_untouched(&home);
                }
            });
        }
    });
    canary.assert_untouched();
    for (source, _) in SIGNED {
        let (home, server) = (Home::new(), Server::always(Answer::never()));
        let run = at(&home, &server, &signed_args(source)).args(["--timeout", "1s"]);
        run.timeout(Duration::from_secs(1)).run().code(6).stderr_has("within ");
    }
    // A service that is busy is asked again.
    let home = Home::new();
    let busy = Answer::aws_error("ThrottlingException", "Rate exceeded");
    let server = Server::start({
        let answers = std::sync::Mutex::new(vec![
            parameter(&json!({"COGNITO_USER_POOL_ID": POOL}).to_string()),
            Answer::new(503, AMZ, "{}"),
            busy,
        ]);
        move |_: &Request| answers.lock().unwrap().pop().unwrap_or_else(|| Answer::json(404, &json!({})))
    });
    at(&home, &server, &["/workshop/config"]).run().ok();
    let asked = server.requests().iter().filter(|request| request.operation() == Some("GetParameter")).count();
    assert_eq!(asked, 3);
}

#[test]
fn pages_without_an_end_are_a_protocol_error() {
    let pool = json!({"UserPool": {"Id": POOL, "Name": "scripted"}});
    for repeats in [true, false] {
        let (home, pool) = (Home::new(), pool.clone());
        let count = std::sync::atomic::AtomicUsize::new(0);
        let server = Server::start(move |request: &Request| match request.operation() {
            Some("DescribeUserPool") => Answer::new(200, AMZ, pool.to_string()),
            _ => {
                let n = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                let token = if repeats { "same".to_string() } else { format!("page-{n}") };
                Answer::new(200, AMZ, json!({"UserPoolClients": [], "NextToken": token}).to_string())
            }
        });
        let out = at(&home, &server, &[POOL]).run();
        out.code(6).stderr_has("the service sends pages without an end");
        assert!(server.hits() <= 60, "{}", server.hits());
        assert_untouched(&home);
    }
}
