//! A service that gives AWS credentials, and that is throttling or fails: nobody lacks a right, and the same works later.

use crate::aws_causes_refused::{cognito_was_not_asked, home, signed_in_to_sso, sts_error, told};
use crate::harness::{Answer, Server};

const LATER: &str = "wait a little and try again";

#[test]
fn sso_that_is_throttling_or_fails_is_told_as_such() {
    let cognito = Server::canary();
    let home = signed_in_to_sso(&cognito);
    let throttling = Answer::new(429, "application/json", r#"{"message": "slow down"}"#)
        .header("x-amzn-ErrorType", "TooManyRequestsException");
    let page = |status| Answer::new(status, "text/html", "oops");
    for (answer, says, helps) in [
        (throttling, "SSO is throttling for profile `class` of ~/.aws: TooManyRequestsException: slow down", LATER),
        (page(429), "SSO is throttling for profile `class` of ~/.aws: HTTP 429", LATER),
        (page(500), "SSO failed for profile `class` of ~/.aws: HTTP 500", "try again"),
        (
            page(200),
            "the answer of SSO for profile `class` of ~/.aws is not one of AWS: HTTP 200",
            "check the network and the proxy",
        ),
    ] {
        let sso = Server::always(answer.unlike_aws());
        told(&home, &[("AWS_PROFILE", "class"), ("AWS_ENDPOINT_URL_SSO", &sso.url())], 6, says, helps);
    }
    cognito_was_not_asked(&cognito);
}

#[test]
fn sts_that_is_throttling_or_fails_is_told_as_such() {
    let cognito = Server::canary();
    let home = home(&cognito);
    for (code, message, did, helps) in [
        ("Throttling", "Rate exceeded", "is throttling", LATER),
        ("IDPCommunicationError", "no answer", "failed", "try again"),
    ] {
        let sts = Server::always(sts_error(400, code, message).unlike_aws());
        for (profile, operation) in [("keys", "AssumeRole"), ("web", "AssumeRoleWithWebIdentity")] {
            let says = format!("STS {did} for profile `{profile}` of ~/.aws ({operation}): {code}: {message}");
            told(&home, &[("AWS_PROFILE", profile), ("AWS_ENDPOINT_URL_STS", &sts.url())], 6, &says, helps);
        }
    }
    cognito_was_not_asked(&cognito);
}

#[test]
fn a_container_that_is_throttling_is_told_as_such() {
    let cognito = Server::canary();
    let container = Server::always(Answer::new(429, "text/plain", "no").unlike_aws());
    let uri = format!("{}/credentials", container.url());
    let says = "the container's credentials endpoint is throttling: HTTP 429";
    told(&home(&cognito), &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &uri)], 6, says, LATER);
    cognito_was_not_asked(&cognito);
}
