//! A local endpoint: a token for callers with the key in their path, and a proxy to one server that adds the token.

mod answer;
mod forward;
mod guard;
mod token_answer;
mod token_source;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use cogtok::secret::Secret;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Semaphore;
use tokio::task::LocalSet;

use answer::{Answer, failure};
pub use forward::Upstream;
pub use token_source::TokenSource;

/// The most connections at a time, and how long one may be in sending its request.
const MOST: usize = 100;
const PATIENCE: Duration = Duration::from_secs(10);

/// The endpoint's configuration.
pub struct Endpoint {
    /// The port that is listened on.
    pub port: u16,
    /// The first part of every path.
    pub key: Secret,
    /// The server to forward to, if there is one.
    pub upstream: Option<Upstream>,
    /// The channel to the thread that has the tokens.
    pub tokens: TokenSource,
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
                // For example too many open files: some may be closed soon.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    });
}

async fn connection(stream: tokio::net::TcpStream, peer: SocketAddr, endpoint: Rc<Endpoint>) {
    let is_own = stream.local_addr().and_then(|own| guard::is_this_users(peer, own)).map_err(|why| {
        let unknown = format!("cogtok can't tell whose connection this is: {why}");
        log::warn!(target: "cogtok", "{unknown}");
        unknown
    });
    let service = service_fn(move |request: Request<Incoming>| {
        let (endpoint, is_own) = (endpoint.clone(), is_own.clone());
        async move {
            Ok::<_, Infallible>(match is_own {
                Ok(true) => endpoint.answer(request).await,
                Ok(false) => failure(StatusCode::FORBIDDEN, "access_denied", "this endpoint is another user's"),
                Err(unknown) => failure(StatusCode::INTERNAL_SERVER_ERROR, "server_error", &unknown),
            })
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
                token_answer::answer(self.tokens.token(None).await)
            }
            ("token", _) => failure(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", "a token takes GET or POST"),
            (rest, Some(upstream)) if rest == "proxy" || rest.starts_with("proxy/") => {
                let below = rest.trim_start_matches("proxy").to_owned();
                forward::forward(&self.tokens, upstream, request, &below).await
            }
            _ => failure(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address"),
        }
    }
}
