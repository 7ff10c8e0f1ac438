//! A token in the form of a token endpoint's answer (RFC 6749 sections 5.1 and 5.2).

use cogtok::error::{Error, Kind, Result};
use cogtok::token::Token;
use http::{Response, StatusCode};
use serde_json::json;

use super::answer::{Answer, failure, json_answer};
use crate::env;

/// The answer with a token, or with why there is none.
pub fn answer(token: Result<Option<Token>>) -> Response<Answer> {
    match token {
        Ok(Some(token)) => {
            let mut body = json!({"access_token": token.value.expose(), "token_type": "Bearer"});
            if let Some(end) = token.expires_at {
                body["expires_in"] = json!(end.saturating_sub(env::now() / 1000));
            }
            json_answer(StatusCode::OK, &body)
        }
        Ok(None) => failure(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "there is no token"),
        Err(error) => refused(&error),
    }
}

/// The answer for a token that can't be obtained.
pub fn refused(error: &Error) -> Response<Answer> {
    log::warn!(target: "cogtok", "{}", error.message());
    let (status, code) = match error.kind() {
        Kind::Network | Kind::Store => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
        Kind::Refused | Kind::NeedsHuman | Kind::Config => (StatusCode::BAD_REQUEST, "invalid_grant"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
    };
    failure(status, code, error.message())
}
