//! Answers as AWS's models have them, with every member there and with each optional one not there: the program ends in a
//! documented way, and never in a success without what it was asked for.

use crate::harness::challenges::{CODE, PASSWORD, session_text};
use crate::harness::contract::{full_answer, without_each};
use crate::harness::pool::{JWKS, now};
use crate::harness::scripted::SECRET;
use crate::harness::sign::{self, CLIENT, MACHINE, POOL};
use crate::harness::{Answer, Home, Keyring, Output, Request, Run, Server, promises};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

const NEW_PASSWORD: &str = "Another-Horse-9-Battery";
const IDENTITY_POOL: &str = "us-east-1:11111111-2222-3333-4444-555555555555";
const ARN: &str = "arn:aws:secretsmanager:us-east-1:111122223333:secret:m2m-AbCdEf";

/// The command that renews what a sign-in before it has left.
const RENEWAL: [&str; 4] = ["token", "user", "--force-refresh", "--json"];

/// What one command asks of AWS, and what it prints where all went well.
struct Scene {
    words: &'static [&'static str],
    stdin: String,
    /// Operations with what their answers say; the members that this leaves open get values of the model's types.
    answers: Vec<(&'static str, Value)>,
    /// What a success has to print on standard output.
    prints: &'static str,
}

/// The answers by operation; what one test changes, the server gives at once.
type Answers = Arc<Mutex<BTreeMap<String, Value>>>;

fn answer(answers: &Answers, request: &Request) -> Answer {
    let Some(operation) = request.operation() else {
        return match request.path.as_str() {
            JWKS => Answer::json(200, &sign::jwks()),
            "/oauth2/token" => Answer::token(&sign::sign(&sign::machine_claims(now()))),
            _ => Answer::new(404, "text/plain", "not here"),
        };
    };
    let known = answers.lock().unwrap_or_else(PoisonError::into_inner).get(operation).cloned();
    match known {
        Some(body) => Answer::new(200, "application/x-amz-json-1.1", body.to_string()),
        None => Answer::aws_error("InternalErrorException", &format!("{operation} is not in the scene")),
    }
}

fn tokens() -> Value {
    json!({"AccessToken": sign::sign(&sign::access_claims(now())), "IdToken": sign::sign(&sign::id_claims(now())),
        "TokenType": "Bearer", "ExpiresIn": 3600, "RefreshToken": "refresh-canary-1"})
}

fn user() -> Value {
    let attributes = json!([{"Name": "email", "Value": "alice@example.com"}, {"Name": "sub", "Value": "5f0c1c2e-3b4d-4e5f-8a9b-0c1d2e3f4a5b"}]);
    json!({"Username": "alice", "Attributes": attributes, "UserStatus": "CONFIRMED"})
}

fn shown_user() -> Value {
    let mut user = user();
    user["UserAttributes"] = user["Attributes"].take();
    user.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    user
}

fn group() -> Value {
    json!({"GroupName": "readers", "Precedence": 7})
}

fn none() -> Value {
    json!({})
}

/// The last page of a list: a member that names the next one is left out of what the model has.
fn scenes() -> Vec<Scene> {
    let scene = |words, stdin: &str, prints, answers| Scene { words, stdin: stdin.to_owned(), prints, answers };
    let signed_in = || json!({"AuthenticationResult": tokens(), "ChallengeName": null, "Session": null, "AvailableChallenges": null});
    // A machine that becomes a device has a scene of its own elsewhere.
    let kept = || {
        let mut kept = signed_in();
        kept["AuthenticationResult"]["NewDeviceMetadata"] = Value::Null;
        kept
    };
    let challenged = || {
        json!({"AuthenticationResult": null, "ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": session_text(1),
            "ChallengeParameters": {"USER_ID_FOR_SRP": "alice"}, "AvailableChallenges": null})
    };
    let page = |name: &str, items: Value| json!({name: items, "NextToken": null});
    let client = || {
        json!({"UserPoolClient": {"ClientId": CLIENT, "ClientName": "web", "UserPoolId": POOL, "ClientSecret": null,
            "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"], "AllowedOAuthFlows": ["code"],
            "AllowedOAuthScopes": ["openid"], "CallbackURLs": ["http://127.0.0.1:8484/callback"], "DefaultRedirectURI": "http://127.0.0.1:8484/callback"}})
    };
    let policy = || {
        json!({"UserPool": {"Id": POOL, "Name": "pool", "Domain": "ws", "CustomDomain": null, "Policies": {"PasswordPolicy":
        {"MinimumLength": 8, "RequireUppercase": true, "RequireLowercase": true, "RequireNumbers": true, "RequireSymbols": true}},
        "UsernameAttributes": ["email"], "AliasAttributes": null}})
    };
    vec![
        scene(
            &["user", "show", "alice", "--json"],
            "",
            "\"username\":\"alice\"",
            vec![("AdminGetUser", shown_user()), ("AdminListGroupsForUser", page("Groups", json!([group()])))],
        ),
        scene(
            &["user", "list", "--json"],
            "",
            "[",
            vec![("ListUsers", json!({"Users": [user()], "PaginationToken": null}))],
        ),
        scene(&["group", "list", "--json"], "", "[", vec![("ListGroups", page("Groups", json!([group()])))]),
        scene(
            &["group", "members", "readers", "--json"],
            "",
            "[",
            vec![("ListUsersInGroup", page("Users", json!([user()])))],
        ),
        scene(
            &["group", "create", "readers", "--json"],
            "",
            "readers",
            vec![("CreateGroup", json!({"Group": group()}))],
        ),
        scene(
            &["user", "create", "alice@example.com", "--json"],
            "",
            "\"password\":",
            vec![("AdminCreateUser", json!({"User": user()})), ("AdminSetUserPassword", none())],
        ),
        scene(
            &["profile", "import", POOL, "--name", "new", "--no-secrets"],
            "",
            "",
            vec![
                ("DescribeUserPool", policy()),
                (
                    "ListUserPoolClients",
                    page("UserPoolClients", json!([{"ClientId": CLIENT, "UserPoolId": POOL, "ClientName": "web"}])),
                ),
                ("DescribeUserPoolClient", client()),
            ],
        ),
        scene(
            &["token", "user", "--password-stdin", "--no-cache"],
            PASSWORD,
            "eyJ",
            vec![("InitiateAuth", signed_in())],
        ),
        scene(
            &["token", "user", "--password-stdin", "--no-cache", "--mfa-code", CODE],
            PASSWORD,
            "eyJ",
            vec![("InitiateAuth", challenged()), ("RespondToAuthChallenge", signed_in())],
        ),
        scene(&RENEWAL, "", "eyJ", vec![("InitiateAuth", kept()), ("GetTokensFromRefreshToken", kept())]),
        scene(
            &["token", "verify", "-", "--remote", "--json"],
            &sign::sign(&sign::access_claims(now())),
            "\"verified\":true",
            vec![("GetUser", shown_user())],
        ),
        scene(
            &["token", "m2m", "-p", "api", "--no-cache", "--client-secret-stdin"],
            SECRET,
            "eyJ",
            vec![(
                "GetClientToken",
                json!({"ClientAuthenticationResult": {"AccessToken": sign::sign(&sign::machine_claims(now())), "ExpiresIn": 3600, "TokenType": "Bearer"}}),
            )],
        ),
        scene(
            &["token", "m2m", "-p", "stored", "--no-cache"],
            "",
            "eyJ",
            vec![(
                "GetSecretValue",
                json!({"ARN": ARN, "Name": "m2m", "SecretString": json!({"client_id": MACHINE, "client_secret": SECRET}).to_string(), "SecretBinary": null}),
            )],
        ),
        scene(
            &["password", "forgot"],
            "",
            "",
            vec![(
                "ForgotPassword",
                json!({"CodeDeliveryDetails": {"DeliveryMedium": "EMAIL", "Destination": "a***@e***"}}),
            )],
        ),
        scene(
            &["sign-up", "new@example.com", "--password-stdin"],
            NEW_PASSWORD,
            "",
            vec![(
                "SignUp",
                json!({"UserConfirmed": false, "UserSub": "5f0c1c2e-3b4d-4e5f-8a9b-0c1d2e3f4a5b", "CodeDeliveryDetails": {"DeliveryMedium": "EMAIL"}}),
            )],
        ),
        scene(
            &["sign-up", "new@example.com", "--resend"],
            "",
            "",
            vec![("ResendConfirmationCode", json!({"CodeDeliveryDetails": {"DeliveryMedium": "EMAIL"}}))],
        ),
        scene(&["sign-up", "new@example.com", "--code", CODE], "", "", vec![("ConfirmSignUp", none())]),
        scene(
            &["secret", "list-remote", "--json"],
            "",
            "[",
            vec![(
                "ListUserPoolClientSecrets",
                json!({"ClientSecrets": [{"ClientSecretId": format!("{MACHINE}--1767225600000")}], "NextToken": null}),
            )],
        ),
        scene(
            &["aws-credentials", "--identity-pool-id", IDENTITY_POOL],
            "",
            "\"SecretAccessKey\":",
            vec![
                ("InitiateAuth", signed_in()),
                ("GetId", json!({"IdentityId": "us-east-1:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"})),
                (
                    "GetCredentialsForIdentity",
                    json!({"IdentityId": "us-east-1:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "Credentials":
                {"AccessKeyId": "ASIAEXAMPLE", "SecretKey": "canary/secret/access/key+1", "SessionToken": "canary-session-token-2", "Expiration": now() + 3600}}),
                ),
            ],
        ),
        scene(
            &["profile", "import", "--from", "ssm", "/ws/config", "--name", "new", "--no-secrets"],
            "",
            "",
            vec![(
                "GetParameter",
                json!({"Parameter": {"Name": "/ws/config", "Type": "String", "Value": json!({"COGNITO_M2M_CLIENT_ID": MACHINE,
                "OAUTH_TOKEN_ENDPOINT": "https://ws.example/oauth2/token"}).to_string()}}),
            )],
        ),
    ]
}

/// A home with the profiles of the scenes, anew for each run.
fn home(url: &str) -> Home {
    let home = Home::new();
    for secret in [PASSWORD, NEW_PASSWORD, CODE, SECRET, "refresh-canary-1"] {
        home.canary(secret);
    }
    let pool = format!("user_pool_id = \"{POOL}\"\nendpoint_url = \"{url}\"\n");
    home.config(&format!(
        "version = 1\ndefault_profile = \"ws\"\n\n[profiles.ws]\n{pool}[profiles.ws.user]\nclient_id = \"{CLIENT}\"\n\
         username = \"alice\"\nauth_flow = \"password\"\n[profiles.ws.m2m]\nclient_id = \"{MACHINE}\"\ntoken_url = \"{url}/oauth2/token\"\n\n\
         [profiles.api]\n{pool}[profiles.api.m2m]\nclient_id = \"{MACHINE}\"\n\n\
         [profiles.stored]\n{pool}[profiles.stored.m2m]\nclient_id = \"{MACHINE}\"\ntoken_url = \"{url}/oauth2/token\"\nsecret_arn = \"{ARN}\"\n"
    ));
    home
}

fn run<'h>(home: &'h Home, scene: &Scene, url: &str) -> Run<'h> {
    let run =
        home.cogtok(scene.words).stdin(&scene.stdin).aws().env("AWS_REGION", "us-east-1").env("AWS_ENDPOINT_URL", url);
    let asks_for_password = scene.words[0] == "aws-credentials";
    if asks_for_password { run.env("COGTOK_PASSWORD", PASSWORD) } else { run }
}

/// What a run with these answers came to, after it was found to be in order.
fn tried(scene: &Scene, url: &str, keyring: &Keyring, told: &str) -> Output {
    let home = home(url);
    let is_renewal = scene.words == RENEWAL;
    if is_renewal {
        home.cogtok(["token", "user", "--password-stdin"]).stdin(PASSWORD).keyring(keyring).run().ok();
    }
    let run = run(&home, scene, url);
    let output = if is_renewal { run.keyring(keyring).run() } else { run.run() };
    output.check(matches!(output.code, Some(0..=10)), told);
    let is_true = output.code != Some(0) || output.stdout.contains(scene.prints);
    output.check(is_true, &format!("{told}: a success without its value"));
    output
}

/// What came of one scene: the cases, and the members without which its command fails.
fn play(scene: &Scene, keyring: &Keyring) -> (usize, Vec<String>) {
    let answers: Answers = Answers::default();
    let made = |(operation, said): &(&str, Value)| ((*operation).to_owned(), full_answer(operation, said));
    let full: BTreeMap<String, Value> = scene.answers.iter().map(made).collect();
    let set = |operation: &str, body: &Value| {
        answers.lock().unwrap_or_else(PoisonError::into_inner).insert(operation.to_owned(), body.clone());
    };
    full.iter().for_each(|(operation, body)| set(operation, body));
    let ours = Arc::clone(&answers);
    let server = Server::start(move |request| answer(&ours, request));
    let words = scene.words.join(" ");
    tried(scene, &server.url(), keyring, &format!("{words}, all members")).ok();
    let (mut cases, mut needed) = (1, Vec::new());
    for (operation, body) in &full {
        let asked = server.requests().iter().any(|request| request.operation() == Some(operation));
        assert!(asked, "{words} does not ask for {operation}");
        // The sign-in before a renewal is not what is tried.
        if scene.words == RENEWAL && operation == "InitiateAuth" {
            continue;
        }
        let variants = without_each(operation, body);
        // A short run looks less deep into the largest answers.
        let depth = promises::length(if variants.len() > 60 { 2 } else { 4 }, usize::MAX);
        for (member, changed) in variants.into_iter().filter(|(member, _)| member.split('.').count() <= depth) {
            set(operation, &changed);
            let output = tried(scene, &server.url(), keyring, &format!("{words}, {operation} without {member}"));
            if output.code != Some(0) {
                needed.push(format!("{words}: exit {} without {operation} {member}", output.code.unwrap()));
            }
            cases += 1;
        }
        set(operation, body);
    }
    (cases, needed)
}

#[test]
fn each_optional_member_of_an_answer_may_be_missing() {
    let (scenes, keyring) = (scenes(), Keyring::start());
    let played: Vec<(usize, Vec<String>)> = std::thread::scope(|threads| {
        let all: Vec<_> = scenes.iter().map(|scene| threads.spawn(|| play(scene, &keyring))).collect();
        // All of them first, so that each says what is wrong with it.
        let all: Vec<_> = all.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        all.into_iter().map(|played| played.expect("no panic")).collect()
    });
    let cases: usize = played.iter().map(|(cases, _)| cases).sum();
    assert!(cases >= 150, "{cases} answers");
    let needed: Vec<String> = played.into_iter().flat_map(|(_, needed)| needed).collect();
    promises::held(
        "an answer that lacks an optional member of AWS's model ends in a documented way, never in a false success",
        cases,
    );
    // What is not here is not needed: the command succeeds without it.
    if !promises::is_long() {
        insta::assert_snapshot!(needed.join("\n"), @"
        user list --json: exit 6 without ListUsers Users
        user list --json: exit 6 without ListUsers Users.0.Username
        group list --json: exit 6 without ListGroups Groups
        group list --json: exit 6 without ListGroups Groups.0.GroupName
        group members readers --json: exit 6 without ListUsersInGroup Users
        group members readers --json: exit 6 without ListUsersInGroup Users.0.Username
        group create readers --json: exit 6 without CreateGroup Group
        group create readers --json: exit 6 without CreateGroup Group.GroupName
        user create alice@example.com --json: exit 6 without AdminCreateUser User
        user create alice@example.com --json: exit 6 without AdminCreateUser User.Username
        profile import us-east-1_Example01 --name new --no-secrets: exit 6 without DescribeUserPool UserPool
        profile import us-east-1_Example01 --name new --no-secrets: exit 6 without DescribeUserPool UserPool.Id
        profile import us-east-1_Example01 --name new --no-secrets: exit 6 without DescribeUserPoolClient UserPoolClient
        profile import us-east-1_Example01 --name new --no-secrets: exit 6 without DescribeUserPoolClient UserPoolClient.ClientId
        profile import us-east-1_Example01 --name new --no-secrets: exit 6 without ListUserPoolClients UserPoolClients
        profile import us-east-1_Example01 --name new --no-secrets: exit 6 without ListUserPoolClients UserPoolClients.0.ClientId
        token user --password-stdin --no-cache: exit 6 without InitiateAuth AuthenticationResult
        token user --password-stdin --no-cache: exit 6 without InitiateAuth AuthenticationResult.AccessToken
        token user --password-stdin --no-cache --mfa-code 913572: exit 6 without InitiateAuth ChallengeName
        token user --password-stdin --no-cache --mfa-code 913572: exit 6 without RespondToAuthChallenge AuthenticationResult
        token user --password-stdin --no-cache --mfa-code 913572: exit 6 without RespondToAuthChallenge AuthenticationResult.AccessToken
        token user --force-refresh --json: exit 6 without GetTokensFromRefreshToken AuthenticationResult
        token user --force-refresh --json: exit 6 without GetTokensFromRefreshToken AuthenticationResult.AccessToken
        token m2m -p api --no-cache --client-secret-stdin: exit 6 without GetClientToken ClientAuthenticationResult
        token m2m -p api --no-cache --client-secret-stdin: exit 6 without GetClientToken ClientAuthenticationResult.AccessToken
        token m2m -p stored --no-cache: exit 6 without GetSecretValue SecretString
        secret list-remote --json: exit 6 without ListUserPoolClientSecrets ClientSecrets
        secret list-remote --json: exit 6 without ListUserPoolClientSecrets ClientSecrets.0.ClientSecretId
        aws-credentials --identity-pool-id us-east-1:11111111-2222-3333-4444-555555555555: exit 6 without GetCredentialsForIdentity Credentials
        aws-credentials --identity-pool-id us-east-1:11111111-2222-3333-4444-555555555555: exit 6 without GetCredentialsForIdentity Credentials.AccessKeyId
        aws-credentials --identity-pool-id us-east-1:11111111-2222-3333-4444-555555555555: exit 6 without GetCredentialsForIdentity Credentials.SecretKey
        aws-credentials --identity-pool-id us-east-1:11111111-2222-3333-4444-555555555555: exit 6 without GetCredentialsForIdentity Credentials.SessionToken
        aws-credentials --identity-pool-id us-east-1:11111111-2222-3333-4444-555555555555: exit 6 without GetCredentialsForIdentity Credentials.Expiration
        aws-credentials --identity-pool-id us-east-1:11111111-2222-3333-4444-555555555555: exit 6 without GetId IdentityId
        aws-credentials --identity-pool-id us-east-1:11111111-2222-3333-4444-555555555555: exit 6 without InitiateAuth AuthenticationResult
        aws-credentials --identity-pool-id us-east-1:11111111-2222-3333-4444-555555555555: exit 6 without InitiateAuth AuthenticationResult.AccessToken
        aws-credentials --identity-pool-id us-east-1:11111111-2222-3333-4444-555555555555: exit 6 without InitiateAuth AuthenticationResult.IdToken
        profile import --from ssm /ws/config --name new --no-secrets: exit 6 without GetParameter Parameter
        profile import --from ssm /ws/config --name new --no-secrets: exit 6 without GetParameter Parameter.Value
        ");
    }
}
