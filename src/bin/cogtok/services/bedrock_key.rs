//! AWS_BEARER_TOKEN_BEDROCK, which is for Bedrock's own API keys, and into which Cognito's tokens are put all too easily.

use cogtok::error::Advice;
use cogtok::token::jwt::payload_unverified;

use crate::env;
use crate::io::terminal;

/// The variable.
pub const VARIABLE: &str = "AWS_BEARER_TOKEN_BEDROCK";

const WHY: &str = "Bedrock accepts no Cognito token there, and answers 403: it is for Bedrock's own API keys (see `cogtok help bedrock`)";

/// Warns where the variable holds a token of Cognito: AWS's tools prefer it to any AWS credentials.
pub fn warn() {
    let token = env::secret(VARIABLE);
    if token.is_some_and(|token| is_of_cognito(token.expose())) {
        log::warn!(target: "cogtok", "{VARIABLE} contains a Cognito token, and AWS's tools prefer it to AWS credentials: unset it. {WHY}");
    }
}

/// Warns where a token is about to be put into the variable of this name.
pub fn warn_of(variable: &str) {
    if variable == VARIABLE {
        let instead = terminal::shown(&Advice::new("; `cogtok aws-credentials{p}` gets what it accepts"));
        log::warn!(target: "cogtok", "{WHY}{}", instead.unwrap_or_default());
    }
}

/// Whether this is a token of Cognito.
pub fn is_of_cognito(token: &str) -> bool {
    let claims = payload_unverified(token.trim());
    let issuer = claims.as_ref().and_then(|claims| claims.get("iss")).and_then(|issuer| issuer.as_str());
    issuer.is_some_and(|issuer| {
        issuer.starts_with("https://cognito-idp.") || issuer.starts_with("https://issuer-cognito-idp.")
    })
}
