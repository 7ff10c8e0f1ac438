//! An endpoint of this machine: a token for whoever has the key in its path, and a way to one server that adds the token.

mod forward;
mod guard;
mod token_answer;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use cogtok::error::{Error, Kind, Result};
use cogtok::secret::Secret;
use cogtok::token::Token;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::LocalSet;

pub use forward::Upstream;

/// The most connections at a time, and how long one may be in sending its request.
const MOST: usize = 100;
const PATIENCE: Duration = Duration::from_secs(10);

/// A question for a token.
#[derive(Debug)]
pub struct Ask {
    /// The token that the server has just refused with 401, where it is that.
    pub refused: Option<Secret>,
    /// Where the answer goes; none where there is no other token than the one that was refused.
    pub answer: oneshot::Sender<Result<Option<Token>>>,
}

/// What is served.
pub struct Endpoint {
    /// The port that is listened on.
    pub port: u16,
    /// The first part of every path.
    pub key: Secret,
    /// Where requests are handed on to, where they are.
    pub upstream: Option<Upstream>,
    /// Who has the tokens.
    pub tokens: std::sync::mpsc::Sender<Ask>,
}

/// Serves until the process ends.
pub fn run(listener: std::net::TcpListener, endpoint: Endpoint) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    let endpoint = Rc::new(endpoint);
    LocalSet::new().block_on(&runtime, async move {
        let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
        let places = Arc::new(Semaphore::new(MOST));
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let endpoint = endpoint.clone();
                    tokio::task::spawn_local(async move {
                        connection(stream, peer, endpoint).await;
                        drop(place);
                    });
                }
                // Too many open files, say: they may be closed soon.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    });
}

async fn connection(stream: tokio::net::TcpStream, peer: SocketAddr, endpoint: Rc<Endpoint>) {
    let is_own = stream.local_addr().is_ok_and(|own| guard::is_this_users(peer, own));
    let service = service_fn(move |request: Request<Incoming>| {
        let endpoint = endpoint.clone();
        async move {
            let answer = if is_own {
                endpoint.answer(request).await
            } else {
                failure(StatusCode::FORBIDDEN, "access_denied", "this endpoint is another user's")
            };
            Ok::<_, Infallible>(answer)
        }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(why) = serving.await {
        log::info!(target: "cogtok", "a connection ended: {why}");
    }
}

impl Endpoint {
    async fn answer(&self, request: Request<Incoming>) -> Response<Answer> {
        if let Err(refusal) = guard::check_host(&request, self.port) {
            return refusal;
        }
        let path = request.uri().path().to_owned();
        let Some(rest) = guard::behind_key(&path, &self.key) else {
            return failure(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address");
        };
        match (rest, &self.upstream) {
            ("token", _) if matches!(*request.method(), Method::GET | Method::POST) => {
                token_answer::answer(self.token(None).await)
            }
            ("token", _) => failure(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", "a token takes GET or POST"),
            (rest, Some(upstream)) if rest == "proxy" || rest.starts_with("proxy/") => {
                let below = rest.trim_start_matches("proxy").to_owned();
                forward::forward(self, upstream, request, &below).await
            }
            _ => failure(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address"),
        }
    }

    /// A token that counts; or another one than the one that was refused, none where there is none.
    async fn token(&self, refused: Option<Secret>) -> Result<Option<Token>> {
        let gone = || Error::new(Kind::Failure, "cogtok is stopping");
        let (answer, answered) = oneshot::channel();
        self.tokens.send(Ask { refused, answer }).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

/// The body of an answer, as it comes.
pub struct Answer(mpsc::Receiver<std::io::Result<Bytes>>);

impl Body for Answer {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        self.0.poll_recv(context).map(|part| part.map(|part| part.map(Frame::data)))
    }
}

/// An answer in JSON, which nobody keeps.
fn json_answer(status: StatusCode, body: &serde_json::Value) -> Response<Answer> {
    let (sender, receiver) = mpsc::channel(1);
    let bytes = Bytes::from(body.to_string());
    let length = bytes.len();
    let _ = sender.try_send(Ok(bytes));
    let mut response = Response::new(Answer(receiver));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(http::header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A failure in the form of RFC 6749 section 5.2.
fn failure(status: StatusCode, error: &str, description: &str) -> Response<Answer> {
    json_answer(status, &json!({"error": error, "error_description": description}))
}
