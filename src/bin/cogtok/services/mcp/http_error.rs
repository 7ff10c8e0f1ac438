//! Errors of an MCP server's HTTP answers.

use crate::services::mcp::message::{OTHER_URL, RpcError, error_in};
use crate::services::mcp::transport::Refusal;
use cogtok::error::{Error, Kind, printable};
use cogtok::secret::Secret;
use cogtok::token::error_response::{ErrorResponse, RequestContext};

/// The error for a request `method` that `asked` refused, sent with `token`, at `now` (milliseconds since the Unix epoch).
pub fn error(method: &str, refusal: &Refusal, token: &Secret, asked: &RequestContext, now: u64) -> Error {
    let Refusal { status, challenge, body } = refusal;
    if matches!(status, 401 | 403) {
        let (status, challenge, body) = (*status, challenge.as_deref(), body.as_bytes());
        return ErrorResponse { status, challenge, error_type: None, media_type: "", body }.refusal(
            asked,
            token.expose(),
            now,
        );
    }
    of_status(method, refusal)
}

/// The error for a request `method` that was refused for another reason than its token.
pub fn of_status(method: &str, refusal: &Refusal) -> Error {
    let Refusal { status, body, .. } = refusal;
    if let Some(answer) = error_in(refusal)
        && let Some(error) = RpcError::in_answer(&answer)
    {
        return error.into_error(method);
    }
    let error = Error::network(format!("the server answers {method} with status {status}"));
    let error = match status {
        404 | 405 => error.hint(OTHER_URL),
        406 => error.hint("the URL is not that of an MCP endpoint with the streamable HTTP transport"),
        429 | 500.. => error.hint("try again"),
        _ => error,
    };
    match printable(body.trim(), 300).as_str() {
        "" => error,
        said if said.starts_with('<') => error,
        said => error.hint(format!("it says: {said}")),
    }
    .with_kind(Kind::Network)
}
