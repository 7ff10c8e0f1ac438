//! `cogtok aws-credentials`: a user's ID token for AWS credentials, alone and under the real AWS CLI.

use crate::harness::challenges::{CLIENT, PASSWORD};
use crate::harness::ministack::aws_venv;
use crate::harness::{Answer, Home, Keyring, Proxy, Run, Server, herd, jwt, workshop};
use serde_json::{Value, json};
use std::sync::OnceLock;

const POOL: &str = "us-east-1:11111111-2222-3333-4444-555555555555";
const IDENTITY: &str = "us-east-1:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";

/// An identity pool before the workshop's user pool.
pub fn identity_pool() -> &'static str {
    static ID: OnceLock<String> = OnceLock::new();
    ID.get_or_init(|| {
        let provider = json!({"ProviderName": format!("cognito-idp.us-east-1.amazonaws.com/{}", workshop().pool_id),
            "ClientId": workshop().web.id, "ServerSideTokenCheck": false});
        let body = json!({"IdentityPoolName": "bedrock", "AllowUnauthenticatedIdentities": false,
            "CognitoIdentityProviders": [provider]});
        let made = workshop().ministack.admin("AWSCognitoIdentityService.CreateIdentityPool", &body);
        made["IdentityPoolId"].as_str().unwrap().to_owned()
    })
}

/// A home whose profile `ws` has the identity pool and a signed-in user, everything through this proxy.
pub fn signed_in(proxy: &Proxy) -> (Home, Keyring) {
    let (home, keyring) = (Home::new(), Keyring::start());
    let email = workshop().user(PASSWORD);
    home.profile("ws", workshop(), &proxy.url(), &proxy.token_url());
    for (key, value) in [("user.username", email.as_str()), ("identity_pool.id", identity_pool())] {
        home.cogtok(["profile", "set", "ws", key, value]).run().ok();
    }
    let run = home.cogtok(["token", "user", "-p", "ws", "--password-stdin"]).stdin(PASSWORD).keyring(&keyring);
    run.run().ok();
    (home, keyring)
}

fn aws_credentials<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["aws-credentials", "-p", "ws"]).args(args)
}

/// The operations of the identity pool that were asked for.
pub fn asked(proxy: &Proxy) -> (usize, usize) {
    (proxy.count("GetId"), proxy.count("GetCredentialsForIdentity"))
}

#[test]
fn the_credentials_have_the_form_of_a_credential_process_and_come_from_the_cache_the_second_time() {
    let proxy = Proxy::new(&workshop().endpoint);
    let (home, keyring) = signed_in(&proxy);
    let first = aws_credentials(&home, &["-vv"]).keyring(&keyring).run();
    let json = first.ok().json();
    let object = json.as_object().unwrap();
    let names: Vec<&str> = object.keys().map(String::as_str).collect();
    assert_eq!(names, ["Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"]);
    assert_eq!(json["Version"], 1);
    assert!(json["AccessKeyId"].as_str().unwrap().starts_with("ASIA"));
    let expiration = json["Expiration"].as_str().unwrap();
    assert!(expiration.len() == 20 && expiration.ends_with('Z'), "{expiration}");
    for secret in ["SecretAccessKey", "SessionToken"] {
        first.stderr_lacks(json[secret].as_str().unwrap());
    }
    assert_eq!(asked(&proxy), (1, 1));
    let request = proxy.requests().into_iter().find(|request| request.operation() == Some("GetId")).unwrap();
    assert!(request.header("authorization").is_none(), "unsigned");
    let logins = request.json()["Logins"].clone();
    let provider = format!("cognito-idp.us-east-1.amazonaws.com/{}", workshop().pool_id);
    let id_token = logins[&provider].as_str().expect("the provider's name");
    assert_eq!(crate::harness::verify::verify(id_token, workshop())["token_use"], "id");

    for (redirect, code) in [(">/dev/full", 7), (">&-", 0)] {
        aws_credentials(&home, &[]).redirect(redirect).run().code(code);
    }
    // Neither keyring nor network from here on.
    aws_credentials(&home, &[]).run().ok().quiet().stdout_is(&first.stdout);
    assert_eq!(asked(&proxy), (1, 1));
    // New credentials are of the same identity, which is not asked for again.
    let renewed = aws_credentials(&home, &["--min-validity", "11h"]).keyring(&keyring).run();
    assert_ne!(renewed.ok().json()["AccessKeyId"], json["AccessKeyId"]);
    renewed.stderr_has("valid for");
    assert_eq!(asked(&proxy), (1, 2));
}

#[test]
fn the_cache_lists_them_without_showing_them_and_clears_them() {
    let proxy = Proxy::new(&workshop().endpoint);
    let (home, keyring) = signed_in(&proxy);
    let kept = aws_credentials(&home, &[]).keyring(&keyring).run().ok().json();
    home.canary_token(kept["SecretAccessKey"].as_str().unwrap());
    home.canary_token(kept["SessionToken"].as_str().unwrap());
    let list = home.cogtok(["cache", "list", "--json"]).run().ok().json();
    let row = list.as_array().unwrap().iter().find(|row| row["kind"] == "aws").expect("a row").clone();
    assert_eq!((&row["profiles"], &row["identity_pool"]), (&json!(["ws"]), &json!(identity_pool())));
    home.cogtok(["cache", "list"]).run().ok().stdout_has("aws");
    home.cogtok(["cache", "clear", "--expired"]).run().ok().stderr_lacks("AWS");
    home.cogtok(["cache", "clear", "-p", "ws"]).run().ok().stderr_has("removed: AWS credentials of identity pool");
    let list = home.cogtok(["cache", "list", "--json"]).run().ok().json();
    assert!(list.as_array().unwrap().iter().all(|row| row["kind"] != "aws"), "{list}");
}

#[test]
fn fifty_callers_make_one_request_of_each_kind() {
    let proxy = Proxy::new(&workshop().endpoint).delay(100);
    let (home, keyring) = signed_in(&proxy);
    let outputs = herd((0..50).map(|_| aws_credentials(&home, &[]).keyring(&keyring)));
    assert!(outputs.iter().all(|output| output.ok().stdout == outputs[0].stdout));
    assert_eq!(asked(&proxy), (1, 1));
}

#[test]
fn the_aws_cli_calls_aws_as_the_user() {
    let proxy = Proxy::new(&workshop().endpoint);
    let (home, keyring) = signed_in(&proxy);
    let cogtok = crate::harness::binary();
    let config = format!(
        "[profile bedrock-user]\nregion = us-east-1\ncredential_process = {} aws-credentials -p ws\n",
        cogtok.display()
    );
    home.plant(".aws/config", config);
    let aws = |args: &[&str]| {
        let run =
            home.program(aws_venv().join("bin/aws"), ["--profile", "bedrock-user", "--output", "json"]).args(args);
        run.env("AWS_ENDPOINT_URL", proxy.url()).keyring(&keyring).run()
    };
    let caller = aws(&["sts", "get-caller-identity"]);
    let arn = caller.ok().json()["Arn"].as_str().unwrap().to_owned();
    assert!(arn.contains(":assumed-role/") && arn.ends_with("/CognitoIdentityCredentials"), "{arn}");
    aws(&["sts", "get-caller-identity"]).ok();
    assert_eq!(asked(&proxy), (1, 1), "the second call took them from the cache");

    // Signed out, the CLI shows what cogtok says, and is not asked for anything.
    std::fs::remove_dir_all(home.cache_dir()).unwrap();
    let over = home.program(aws_venv().join("bin/aws"), ["--profile", "bedrock-user", "sts", "get-caller-identity"]);
    let over = over.env("AWS_ENDPOINT_URL", proxy.url()).run();
    assert_ne!(over.code, Some(0));
    over.stderr_has("the password of");
}

/// An identity pool that gives these answers, in order, with a user whose ID token is cached.
pub fn scripted(answers: impl IntoIterator<Item = Answer>) -> (Home, Server) {
    let token = jwt(&json!({"token_use": "id", "aud": CLIENT, "exp": 4_000_000_000_u64}));
    let result = json!({"AccessToken": token, "IdToken": token, "ExpiresIn": 3600, "TokenType": "Bearer"});
    let signed_in = Answer::json(200, &json!({"AuthenticationResult": result}));
    let server = Server::script(std::iter::once(signed_in).chain(answers));
    let home = Home::new();
    home.scripted_user(&server.url());
    home.cogtok(["profile", "set", "ws", "identity_pool.id", POOL]).run().ok();
    home.cogtok(["token", "user", "--password-stdin"]).stdin(PASSWORD).run().ok();
    (home, server)
}

pub fn identity() -> Answer {
    Answer::json(200, &json!({"IdentityId": IDENTITY}))
}

pub fn credentials(key: &str, lifetime: u64) -> Answer {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    Answer::json(
        200,
        &json!({"IdentityId": IDENTITY, "Credentials": {"AccessKeyId": key, "SecretKey": "aws-secret-canary",
            "SessionToken": "aws-session-canary", "Expiration": now as f64 + lifetime as f64 + 0.5}}),
    )
}

fn operations(server: &Server) -> Vec<String> {
    server.requests()[1..].iter().map(|request| request.operation().unwrap().to_owned()).collect()
}

#[test]
fn an_identity_that_is_gone_is_asked_for_anew() {
    let gone = Answer::aws_error("ResourceNotFoundException", "Identity not found.");
    let (home, server) =
        scripted([identity(), credentials("ASIAONE", 60), gone, identity(), credentials("ASIATWO", 3600)]);
    // A minute is less than what an SDK wants to have left: served with a warning, and asked for again.
    let first = aws_credentials(&home, &[]).run();
    assert_eq!(first.ok().stderr_has("valid for").json()["AccessKeyId"], "ASIAONE");
    let second = aws_credentials(&home, &[]).run();
    assert_eq!(second.ok().quiet().json()["AccessKeyId"], "ASIATWO");
    let (id, credentials) = ("GetId", "GetCredentialsForIdentity");
    assert_eq!(operations(&server), [id, credentials, credentials, id, credentials]);
    aws_credentials(&home, &[]).run().ok().quiet().stdout_is(&second.stdout);
}

#[test]
fn each_refusal_of_an_identity_pool_says_what_is_wrong() {
    for (code, message, exit, hint) in [
        ("NotAuthorizedException", "Token is not from a supported provider of this identity pool.", 3, "its providers"),
        ("NotAuthorizedException", "Invalid login token. Missing a required claim: aud", 3, "only ID tokens"),
        ("NotAuthorizedException", "Invalid login token. Token expired: 1 >= 0", 4, "sign in again"),
        ("NotAuthorizedException", "Invalid login token. Issuer doesn't match providerName", 3, "user_pool_id"),
        ("InvalidIdentityPoolConfigurationException", "Invalid identity pool configuration.", 3, "no role"),
        ("ResourceNotFoundException", "IdentityPool 'x' not found.", 3, "Region"),
        ("TooBroken", "never heard of", 1, "-v"),
    ] {
        let refused = Answer::aws_error(code, message);
        let answers = match code {
            // GetId needs no role.
            "InvalidIdentityPoolConfigurationException" => vec![identity(), refused],
            "TooBroken" => vec![refused.unlike_aws()],
            _ => vec![refused],
        };
        let asked = 1 + answers.len();
        let (home, server) = scripted(answers);
        let output = aws_credentials(&home, &[]).run();
        output.code(exit).stderr_has(message).stderr_has(hint).stderr_has("profile `ws`");
        assert_eq!(server.hits(), asked, "{code}");
    }
    // What the network and the service get wrong is tried again.
    let throttled = || Answer::aws_error("TooManyRequestsException", "Rate exceeded");
    let (home, server) = scripted([Answer::close(), throttled(), identity(), credentials("ASIA", 3600)]);
    aws_credentials(&home, &[]).run().ok();
    assert_eq!(server.hits(), 5);
}

#[test]
fn answers_that_are_none_are_refused_and_nothing_is_kept() {
    for bad in [
        json!({}),
        json!({"Credentials": {}}),
        json!({"Credentials": {"AccessKeyId": "A", "SecretKey": "S", "SessionToken": "T"}}),
        json!({"Credentials": {"AccessKeyId": "A", "SecretKey": "S", "SessionToken": "T", "Expiration": "soon"}}),
        json!({"Credentials": {"AccessKeyId": "A", "SecretKey": "S", "SessionToken": "T", "Expiration": -1}}),
        json!({"Credentials": {"AccessKeyId": "A", "SecretKey": "S", "SessionToken": "T", "Expiration": 1e300}}),
        json!({"Credentials": {"AccessKeyId": "", "SecretKey": "S", "SessionToken": "T", "Expiration": 2e9}}),
        json!([]),
        Value::Null,
    ] {
        let (home, _server) = scripted([identity(), Answer::json(200, &bad).unlike_aws()]);
        aws_credentials(&home, &[]).run().code(6);
        assert!(
            home.cache_files()
                .keys()
                .all(|path| !path.display().to_string().contains("/aws-")
                    || path.extension().is_some_and(|e| e == "lock"))
        );
    }
    let (home, _server) = scripted([Answer::new(200, "text/html", "<html>").unlike_aws()]);
    insta::assert_snapshot!(aws_credentials(&home, &[]).run().message(), @"
    exit 6
    error: GetId: the answer is not one of AWS (HTTP 200, 6 bytes) (profile `ws`)
    hint: check `endpoint_url` and AWS_ENDPOINT_URL
    ");
}

#[test]
fn nothing_is_asked_and_what_is_missing_is_named() {
    let home = Home::new();
    home.scripted_user("http://127.0.0.1:9");
    let run = || home.cogtok(["aws-credentials", "-p", "ws"]);
    insta::assert_snapshot!(run().run().message(), @"
    exit 3
    error: `identity_pool.id` is not set (profile `ws`)
    hint: run `cogtok profile set ws identity_pool.id VALUE`, or add `--identity-pool-id VALUE`
    ");
    let session = run().args(["--identity-pool-id", POOL]).pty().wait();
    assert_eq!(session.code, Some(5), "{session:?}");
    assert!(session.text.contains("the password of alice@example.com"), "{session:?}");
    insta::assert_snapshot!(run().args(["--identity-pool-id", "not a pool"]).run().message(), @"
    exit 2
    error: `not a pool` is not an identity pool id: one looks like us-east-1:[uuid] (profile `ws`)
    ");
}

/// Signing out forgets what was had for the user's tokens, and says that AWS does not know of it.
#[test]
fn logout_forgets_the_credentials() {
    let proxy = Proxy::new(&workshop().endpoint);
    let (home, keyring) = signed_in(&proxy);
    aws_credentials(&home, &[]).keyring(&keyring).run().ok();
    let out = home.cogtok(["logout", "-p", "ws"]).keyring(&keyring).run();
    out.ok().stderr_has("is signed out").stderr_has("AWS accepts the credentials that cogtok fetched until ");
    let again = aws_credentials(&home, &[]).keyring(&keyring).run();
    again.code(5).stdout_is("");
    assert_eq!(asked(&proxy), (1, 1));
}

#[test]
fn credentials_that_are_valid_still_are_served_where_no_others_can_be_had() {
    let given = |seconds: i64| {
        let end = jiff::Timestamp::now().as_second() + seconds;
        let credentials =
            json!({"AccessKeyId": "ASIAEXAMPLE", "SecretKey": "s", "SessionToken": "t", "Expiration": end});
        Answer::json(200, &json!({"IdentityId": IDENTITY, "Credentials": credentials}))
    };
    let (home, server) = scripted([
        Answer::json(200, &json!({"IdentityId": IDENTITY})),
        given(600),
        Answer::new(500, "text/plain", "down"),
        Answer::new(500, "text/plain", "down"),
        Answer::new(500, "text/plain", "down"),
        Answer::new(500, "text/plain", "down"),
    ]);
    aws_credentials(&home, &[]).run().ok();
    let again = aws_credentials(&home, &[]).run();
    again.ok().stderr_has("the cached ones are used");
    assert_eq!(again.json()["AccessKeyId"], "ASIAEXAMPLE");
    assert!(server.hits() > 2, "others were asked for");
}

#[test]
fn it_is_never_called_through_itself() {
    let home = Home::new();
    home.scripted_user("http://127.0.0.1:9");
    let cogtok = crate::harness::binary();
    let process = format!("credential_process = {} aws-credentials -p ws\n", cogtok.display());
    home.plant(".aws/config", format!("[default]\nregion = us-east-1\n{process}[profile own]\n{process}"));
    for (key, value) in [("identity_pool.id", POOL), ("user.auth_flow", "admin")] {
        home.cogtok(["profile", "set", "ws", key, value]).run().ok();
    }
    let run = || aws_credentials(&home, &[]).env("COGTOK_PASSWORD", PASSWORD);
    let started = std::time::Instant::now();
    insta::assert_snapshot!(run().run().message(), @"
    exit 9
    error: no ID token for the identity pool: AdminInitiateAuth needs AWS credentials, and there are none that cogtok can use: `credential_process` of profile `default` of ~/.aws: the program `[cogtok]` ended with exit code 3: error: `cogtok aws-credentials` was called to get AWS credentials for itself (profile `ws`)
    hint: check that `aws sts get-caller-identity --profile default` works
    ");
    insta::assert_snapshot!(run().args(["--aws-profile", "own"]).run().message(), @"
    exit 9
    error: no ID token for the identity pool: AdminInitiateAuth needs AWS credentials, and there are none that cogtok can use: `credential_process` of profile `own` of ~/.aws: the program `[cogtok]` ended with exit code 3: error: `cogtok aws-credentials` was called to get AWS credentials for itself (profile `ws`)
    hint: check that `aws sts get-caller-identity --profile own` works
    ");
    // What AWS's own variable names is not looked at.
    run().env("AWS_PROFILE", "own").run().code(9);
    assert!(started.elapsed() < std::time::Duration::from_secs(20));
}
