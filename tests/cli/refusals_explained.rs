//! Why an API refused a token: from the token that was sent, with the server's words to choose among what can be so of it.

use crate::exec::issuing;
use crate::harness::pool::now;
use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::{Answer, Home, Output, Server, jwt, m2m_jwt};
use serde_json::{Value, json};
use std::sync::Mutex;

/// What `call http` says where the API gives this answer to this token.
fn told(token: &str, answer: Answer) -> Output {
    let (home, _tokens) = issuing(token);
    let api = Server::always(answer);
    home.cogtok(["call", "http"]).arg(api.url()).env("COGTOK_M2M_CLIENT_SECRET", SECRET).run()
}

fn machine(changes: &Value) -> String {
    let now = now();
    let mut claims = json!({"sub": CLIENT, "token_use": "access", "scope": "api/read api/write", "iat": now, "exp": now + 3600,
        "iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Scripted0", "client_id": CLIENT});
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    jwt(&claims)
}

/// PyJWT says so where the server's clock is behind.
#[test]
fn a_token_that_is_not_yet_valid_is_not_told_as_expired() {
    for token in [machine(&json!({})), machine(&json!({"iat": now() - 1800, "exp": now() + 1800}))] {
        let output = told(&token, Answer::json(401, &json!({"detail": "The token is not yet valid (iat)"})));
        output.code(4).stderr_has("because of iat: ").stderr_has("by this machine's clock").stderr_has("clock seems");
        output.stderr_lacks("expired").stderr_lacks("--force-refresh");
    }
}

/// The words of a token's rules are used for other things as well.
#[test]
fn what_an_api_says_of_something_else_is_not_laid_on_the_token() {
    for (status, said) in [
        (403, "Your subscription has expired"),
        (403, "The issuer of this invoice may not be changed"),
        (403, "Kid accounts are not allowed"),
        (401, "The webhook signature header X-Hub-Signature is missing"),
        (403, "You lack permission in the scope of this project"),
        (401, "missing client id in the request body"),
    ] {
        let output = told(&machine(&json!({})), Answer::json(status, &json!({"message": said})));
        output.code(4).stderr_has(said).stderr_lacks("because of").stderr_has("what was sent is");
    }
}

/// PyJWT and python-jose say so of a token that is over: FastAPI, Flask, Django.
#[test]
fn a_signature_that_has_expired_is_about_exp_and_not_about_the_pools_keys() {
    let detail = || Answer::json(401, &json!({"detail": "Signature has expired"}));
    let output = told(&machine(&json!({})), detail());
    output.code(4).stderr_has("Signature has expired").stderr_has("because of exp").stderr_has("clock");
    output.stderr_lacks("keys must be").stderr_lacks("signature:").stderr_lacks("choose the profile");
    // In its last minute the token is what the server says.
    let output = told(&machine(&json!({"exp": now() + 90})), detail());
    output.code(4).stderr_has("because of exp: `exp` is ").stderr_has("--force-refresh").stderr_lacks("keys must be");
}

#[test]
fn a_route_for_signed_requests_is_told_as_one() {
    for message in [
        "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. \
         Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a \
         'X-Amz-Date' or a 'Date' header. Authorization=Bearer",
        "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): 'x='.",
    ] {
        let answer =
            Answer::json(403, &json!({"message": message})).header("x-amzn-errortype", "IncompleteSignatureException");
        let output = told(&machine(&json!({})), answer);
        output.code(4).stderr_has("IAM").stderr_has("nothing at this path");
        output.stderr_lacks("keys must be").stderr_lacks("because of");
    }
}

#[test]
fn words_never_say_of_the_token_what_is_not_so() {
    let has_scope = Answer::new(403, "text/plain", "")
        .header("WWW-Authenticate", r#"Bearer error="insufficient_scope", scope="api/read""#);
    told(&machine(&json!({})), has_scope).code(4).stderr_lacks("ask for it").stderr_has("what was sent is");
    let malformed = Answer::json(401, &json!({"message": "jwt malformed"}));
    told(&machine(&json!({})), malformed)
        .code(4)
        .stderr_lacks("it is not a JSON Web Token")
        .stderr_has("what was sent is");
    let bad = || Answer::json(401, &json!({"detail": "Signature verification failed"}));
    told(&machine(&json!({})), bad()).code(4).stderr_has("keys must be those of the configured pool");
    // A firewall's 403 is not about the token, and nothing is laid on it.
    let output = told(&machine(&json!({})), Answer::json(403, &json!({"message": "Forbidden"})));
    output.code(4).stderr_lacks("because of").stderr_has("what was sent is");
}

#[test]
fn what_aws_says_may_be_sent_again_is_and_nothing_else() {
    let conflict = || {
        let body = json!({"message": "the session is being used"});
        Answer::json(409, &body)
            .header("x-amzn-errortype", "RetryableConflictException:http://internal.amazon.com/coral/")
    };
    let ask = |answers: Vec<Answer>| {
        let (home, _tokens): (Home, Server) = issuing(&m2m_jwt(CLIENT, "api/read api/write"));
        let answers = Mutex::new(answers);
        let agent = Server::start(move |_| {
            let mut answers = answers.lock().unwrap();
            if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
        });
        let run = home.cogtok(["call", "runtime", &agent.url(), "--prompt", "x"]);
        (run.env("COGTOK_M2M_CLIENT_SECRET", SECRET).run(), agent)
    };
    let (output, agent) = ask(vec![conflict(), conflict(), Answer::json(200, &json!("yes"))]);
    output.ok().stdout_has("yes");
    assert_eq!(agent.hits(), 3);
    let bodies: Vec<_> = agent.requests().iter().map(|request| request.text()).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    let (output, agent) = ask(vec![conflict()]);
    output.code(6).stderr_has("the session is being used").stderr_has("busy");
    assert_eq!(agent.hits(), 4);
    for (status, code, says) in [
        (409, "ConflictException", "try again"),
        (402, "ServiceQuotaExceededException", "quota"),
        (404, "ResourceNotFoundException", "--qualifier"),
    ] {
        let answer = Answer::json(status, &json!({"message": "no"})).header("x-amzn-errortype", code);
        let (output, agent) = ask(vec![answer]);
        output.code(1).stderr_has(says);
        assert_eq!(agent.hits(), 1, "{code}");
    }
}
