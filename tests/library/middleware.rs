//! A server (axum) whose middleware verifies the bearer token of each request and hands its claims on.
//!
//! `middleware ENDPOINT POOL CLIENT`; prints the address that it listens at, and ends with its standard input.

#![allow(clippy::disallowed_methods, clippy::print_stdout)]

use std::io::Read;

use axum::extract::{Extension, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::get};
use cogtok::{Claims, Client, Error, ErrorKind, TokenUse, Verifier};

/// Lets a request pass with the claims of its token (RFC 6750 sections 2.1 and 3).
async fn require_token(State(verifier): State<Verifier>, mut request: Request, next: Next) -> Response {
    let sent = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(token) = sent.and_then(|value| value.strip_prefix("Bearer ")) else {
        return unauthorized("Bearer");
    };
    match verifier.verify(token).await {
        Ok(claims) => {
            request.extensions_mut().insert(claims);
            next.run(request).await
        }
        Err(error) if error.kind() == ErrorKind::InvalidToken => unauthorized("Bearer error=\"invalid_token\""),
        // The keys can't be obtained: nothing is known of the token.
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

fn unauthorized(challenge: &'static str) -> Response {
    let mut response = StatusCode::UNAUTHORIZED.into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response
}

async fn who(Extension(claims): Extension<Claims>) -> String {
    claims.username().or(claims.client_id()).unwrap_or_default().to_owned()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [endpoint, pool, id] = arguments.as_slice() else { return Err(Error::usage("ENDPOINT POOL CLIENT")) };
    let client = Client::builder().endpoint_url(endpoint).user_pool_id(pool).user_client_id(id).build()?;
    let verifier = client.verifier(TokenUse::Access)?;
    let app = Router::new().route("/who", get(who)).layer(from_fn_with_state(verifier, require_token));
    let failed = |error: std::io::Error| Error::new(ErrorKind::Failure, error.to_string());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
    println!("http://{}", listener.local_addr().map_err(failed)?);
    let served = axum::serve(listener, app).with_graceful_shutdown(async {
        let end = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        let _ = end.await;
    });
    served.await.map_err(failed)
}
