//! Checks what cogtok reports for each error that AWS's models and OAuth define for each call.

use crate::error::Advice;
use crate::error::Kind::{AwsCredentials, Config, Failure, Refused, Usage};
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Models {
    operations: BTreeMap<String, Operation>,
}

#[derive(Deserialize)]
struct Operation {
    service: String,
    unsigned: bool,
    errors: BTreeMap<String, u16>,
}

fn models() -> Models {
    serde_json::from_str(include_str!("../../tests/fixtures/modelled_errors.json")).unwrap()
}

fn grant_of(service: &str) -> &'static str {
    match service {
        "cognito-identity" => "identity",
        "bedrock-runtime" => "bedrock",
        "bedrock-agentcore-control" => "agentcore",
        _ => "",
    }
}

fn said_of(grant: &str, operation: &str, code: &str, message: &str) -> (Kind, String) {
    let refusal = Refusal { status: Some(400), grant, operation, code, message };
    let error = refused(&refusal, &Redactor::default());
    assert!(is_known(&refusal), "{operation}: nothing is known of {code}");
    (error.kind(), error.advice().iter().map(Advice::told).collect::<Vec<_>>().join(" / "))
}

const SECRETS_MANAGER: [&str; 3] = ["GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"];

/// The names of operations in the sources.
fn called() -> BTreeSet<String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let verbs = "Add Admin Associate Change Confirm Converse Create Delete Describe Forgot Get Global Initiate Invoke List Put Resend \
        Respond Revoke Set Sign Stop Update Verify";
    let (mut waiting, mut found) = (vec![root], BTreeSet::new());
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        if path.to_string_lossy().ends_with("tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        // An operation that no SDK calls is named in the documentation of its module.
        let documented = text.lines().filter(|line| line.starts_with("//!"));
        let words = documented.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric()));
        let names = text.split('"').chain(words).filter(|word| {
            let rest = verbs.split_whitespace().find_map(|verb| word.strip_prefix(verb)).unwrap_or_default();
            rest.starts_with(|c: char| c.is_ascii_uppercase()) && rest.chars().all(|c| c.is_ascii_alphanumeric())
        });
        // An XML answer has elements of such names.
        let names = names.filter(|name| !name.ends_with("Response") && !name.ends_with("Result"));
        found.extend(names.map(str::to_owned));
    }
    found
}

#[test]
fn the_errors_of_each_operation_that_cogtok_calls_are_on_record() {
    let (called, models) = (called(), models());
    let unknown: Vec<&String> = called.iter().filter(|name| !models.operations.contains_key(*name)).collect();
    assert_eq!(unknown, [""; 0], "tests/fixtures/README.md says where to find their errors");
    assert!(called.len() > 50, "{called:?}");
}

#[test]
fn each_modelled_error_of_each_operation_is_known_and_speaks_of_what_was_asked() {
    let models = models();
    // The only rows that these operations may use.
    let only: [(&str, &[&str]); 10] = [
        ("GiveAttributes", &["AdminCreateUser", "RespondToAuthChallenge", "AdminRespondToAuthChallenge", "SignUp"]),
        ("CheckFilter", &["ListUsers"]),
        ("AllowClientTokenFlow", &["GetClientToken"]),
        ("CheckEndpointOrNameTokenUrl", &["GetClientToken"]),
        ("CheckM2mClientSecret", &["GetClientToken"]),
        ("client_credentials", &[]),
        ("identity_pool.id", &["GetId", "GetCredentialsForIdentity"]),
        ("CheckSecretArn", &SECRETS_MANAGER),
        ("secret's name", &SECRETS_MANAGER),
        ("FewerTokens", &["Converse", "ConverseStream"]),
    ];
    let beyond = [
        "AccessDeniedException",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "ExpiredTokenException",
        "MissingAuthenticationTokenException",
    ];
    for (name, operation) in &models.operations {
        let mut codes: Vec<&str> = operation.errors.keys().map(String::as_str).collect();
        if operation.service.starts_with("cognito") {
            codes.extend(beyond);
        }
        // Errors of an agent's runtime are classified by their status.
        for code in codes.into_iter().filter(|_| operation.service != "bedrock-agentcore") {
            for message in ["", "1 validation error: Value at 'attribute' failed", "the group has no secret password"] {
                let (kind, hints) = said_of(grant_of(&operation.service), name, code, message);
                let case = format!("{name} {code} {message:?}: {hints}");
                for (words, operations) in only {
                    assert!(!hints.contains(words) || operations.contains(&name.as_str()), "{case}");
                }
                if operation.unsigned || name == "GetClientToken" {
                    let is_about_aws = hints.contains("Credentials") || hints.contains("AWS credentials do");
                    assert!(!is_about_aws && kind != Kind::AwsCredentials, "{case}");
                }
                if operation.service == "cognito-identity" {
                    assert!(!hints.contains("app client id and Region"), "{case}");
                }
                // These calls run while a profile is being created, so there is none to name.
                if name.starts_with("Describe") || name.starts_with("ListUserPool") || name == "GetSecretValue" {
                    assert!(!hints.contains("CheckProfile") && !hints.contains("CheckPoolAndRegion"), "{case}");
                }
                if SECRETS_MANAGER.contains(&name.as_str()) {
                    assert!(!hints.contains("pool") && !hints.contains("CheckProfile"), "{case}");
                }
                assert!(!hints.contains("SkipOrResetExistingUser") || name == "AdminCreateUser", "{case}");
                let is_busy =
                    ["Throttling", "TooManyRequests", "Internal", "Unavailable"].iter().any(|word| code.contains(word));
                assert!(!is_busy || kind == Kind::Network, "{case}");
            }
        }
    }
}

#[test]
fn a_meaning_belongs_to_its_operation() {
    for (grant, operation, code, message, kind, says) in [
        ("", "ListUsers", "InvalidParameterException", "Invalid search attribute: nickname", Usage, "CheckFilter"),
        ("", "AdminCreateUser", "InvalidParameterException", "Attributes did not conform", Usage, "GiveAttributes"),
        ("", "AssociateSoftwareToken", "SoftwareTokenMFANotFoundException", "", Config, "MFA settings"),
        (
            "",
            "RespondToAuthChallenge",
            "SoftwareTokenMFANotFoundException",
            "",
            Failure,
            "no authenticator app registered",
        ),
        (
            "identity",
            "GetId",
            "ResourceNotFoundException",
            "IdentityPool 'us-east-1:1' not found.",
            Config,
            "CheckIdentityPoolOrForgetIdentity",
        ),
        ("", "InitiateAuth (REFRESH_TOKEN_AUTH)", "AccessDeniedException", "no", Refused, "firewall of the pool"),
        ("", "ListUsers", "AccessDeniedException", "no", AwsCredentials, "UsePermittedCredentials"),
        ("", "DescribeUserPool", "InvalidParameterException", "Invalid UserPoolId", Config, "belong together"),
        ("", "GetSecretValue", "ResourceNotFoundException", "Secrets Manager can't find it.", Config, "CheckSecretArn"),
    ] {
        let (was, hints) = said_of(grant, operation, code, message);
        assert_eq!(was, kind, "{operation} {code}: {hints}");
        assert!(hints.contains(says), "{operation} {code}: {hints}");
    }
}

/// RFC 6749 sections 4.1.2.1 and 5.2, OpenID Connect Core 3.1.2.6, RFC 7009 section 2.2.1.
#[test]
fn the_errors_of_oauth_speak_of_the_grant_that_was_used() {
    let token = [
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    ];
    let authorize = [
        "invalid_request",
        "unauthorized_client",
        "access_denied",
        "unsupported_response_type",
        "invalid_scope",
        "server_error",
        "temporarily_unavailable",
        "login_required",
        "interaction_required",
    ];
    let revoke =
        ["invalid_request", "invalid_client", "unauthorized_client", "unsupported_token_type", "invalid_grant"];
    let grants: [(&str, &[&str]); 5] =
        [("m2m", &token), ("code", &token), ("refresh", &token), ("authorize", &authorize), ("revoke", &revoke)];
    for (grant, codes) in grants {
        for code in codes {
            let (_, hints) = said_of(grant, "the request", code, "");
            let is_of_machines =
                ["M2m", "m2m", "client_credentials", "token URL"].iter().any(|word| hints.contains(word));
            assert!(grant == "m2m" || !is_of_machines, "{grant} {code}: {hints}");
        }
    }
}
