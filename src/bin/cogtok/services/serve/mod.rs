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
use http::header::{CONNECTION, RETRY_AFTER};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::LocalSet;

use answer::{Answer, failure};
pub use forward::Upstream;
pub use token_source::TokenSource;

/// The most connections at a time, and how long one may be in sending its request.
const MOST: usize = 100;
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the first connection that is too many waits for a place, and how many others hear at a time that there is none.
const WAIT: Duration = Duration::from_secs(2);
const MOST_REFUSED: usize = 20;

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
        let (places, refusals) = (Arc::new(Semaphore::new(MOST)), Arc::new(Semaphore::new(MOST_REFUSED)));
        let (mut wait, mut is_told) = (WAIT, false);
        loop {
            let Ok((stream, peer)) = listener.accept().await else {
                // For example too many open files: some may be closed soon.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            match tokio::time::timeout(wait, places.clone().acquire_owned()).await {
                Ok(Ok(place)) => {
                    wait = WAIT;
                    let (endpoint, places) = (endpoint.clone(), places.clone());
                    tokio::task::spawn_local(async move {
                        connection(stream, peer, endpoint, places).await;
                        drop(place);
                    });
                }
                Ok(Err(_)) => return,
                Err(_) => {
                    // Those that come next would wait for one another.
                    wait = Duration::ZERO;
                    if !std::mem::replace(&mut is_told, true) {
                        log::warn!(target: "cogtok", "{MOST} connections are in use: more get status 503");
                    }
                    if let Ok(refusal) = refusals.clone().try_acquire_owned() {
                        tokio::task::spawn_local(async move {
                            answer_on(stream, service_fn(|_| async { Ok::<_, Infallible>(crowded()) })).await;
                            drop(refusal);
                        });
                    }
                }
            }
        }
    });
}

/// The answer where there is no place.
fn crowded() -> Response<Answer> {
    let why = format!("{MOST} connections are in use");
    let mut response = failure(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", &why);
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

async fn connection(stream: TcpStream, peer: SocketAddr, endpoint: Rc<Endpoint>, places: Arc<Semaphore>) {
    let is_own = stream.local_addr().and_then(|own| guard::is_this_users(peer, own)).map_err(|why| {
        let unknown = format!("cogtok can't tell whose connection this is: {why}");
        log::warn!(target: "cogtok", "{unknown}");
        unknown
    });
    let service = service_fn(move |request: Request<Incoming>| {
        let (endpoint, is_own, places) = (endpoint.clone(), is_own.clone(), places.clone());
        async move {
            let mut response = match is_own {
                Ok(true) => endpoint.answer(request).await,
                Ok(false) => failure(StatusCode::FORBIDDEN, "access_denied", "this endpoint is another user's"),
                Err(unknown) => failure(StatusCode::INTERNAL_SERVER_ERROR, "server_error", &unknown),
            };
            // At most half of the places are for connections that wait for their next request.
            if places.available_permits() < MOST / 2 {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        }
    });
    answer_on(stream, service).await;
}

async fn answer_on<S>(stream: TcpStream, service: S)
where
    S: HttpService<Incoming, ResBody = Answer, Error = Infallible>,
{
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
