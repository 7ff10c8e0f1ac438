//! Requests on their way to one server, with the token.

use std::time::{Duration, Instant};

use cogtok::error::{Error, Result};
use cogtok::http::client::HttpClient;
use cogtok::http::streaming::{Outgoing, Streamed};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Bytes, Incoming};
use tokio::sync::mpsc;
use url::Url;

use super::answer::{Answer, failure};
use super::token_answer::refused;
use super::token_source::TokenSource;
use crate::services::connection_headers::OF_THE_CONNECTION;

/// The most bytes of a request.
const MOST_BYTES: usize = 100 * 1024 * 1024;

/// How far off the deadline of a client that has none is.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The server that requests are handed on to.
pub struct Upstream {
    /// The HTTP client.
    pub wire: HttpClient,
    /// The address that paths are below.
    pub url: Url,
    /// How long an answer, or any part of it, may be in coming.
    pub silence: Duration,
}

/// Forwards a request to the path `below` on the server, with a valid token, and returns its answer.
pub async fn forward(
    tokens: &TokenSource,
    upstream: &Upstream,
    request: Request<Incoming>,
    below: &str,
) -> Response<Answer> {
    let (head, body) = request.into_parts();
    let Some(url) = address(&upstream.url, below, head.uri.query()) else {
        return failure(StatusCode::BAD_REQUEST, "invalid_request", "the path leads away from the server's address");
    };
    let Ok(body) = Limited::new(body, MOST_BYTES).collect().await else {
        return failure(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request", "the request broke off or has over 100 MiB");
    };
    let headers = handed_on(&head.headers);
    let headers = headers.map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
    let Some(headers) = headers.collect::<Option<Vec<_>>>() else {
        return failure(StatusCode::BAD_REQUEST, "invalid_request", "a header is not text");
    };
    let outgoing = Outgoing { method: head.method.to_string(), url, headers, body: body.to_bytes() };
    match send(tokens, upstream, &outgoing).await {
        Ok(answer) => handed_back(answer),
        Err(Failed::Token(error)) => refused(&error),
        Err(Failed::Server(error)) => {
            log::warn!(target: "cogtok", "{}", error.message());
            failure(StatusCode::BAD_GATEWAY, "bad_gateway", error.message())
        }
    }
}

/// The failure.
enum Failed {
    Token(Error),
    Server(Error),
}

/// Sends a request; once more with another token where the server refuses the first.
async fn send(tokens: &TokenSource, upstream: &Upstream, outgoing: &Outgoing) -> Result<Streamed, Failed> {
    let open = async |token: &cogtok::token::Token| {
        upstream.wire.set_deadline(Instant::now() + A_DAY);
        let sent = upstream.wire.open(outgoing.clone(), Some(&token.value), upstream.silence).await;
        sent.map_err(Failed::Server)
    };
    let gone = || Failed::Token(Error::network("there is no token"));
    let token = tokens.token(None).await.map_err(Failed::Token)?.ok_or_else(gone)?;
    let answer = open(&token).await?;
    if answer.status() != 401 {
        return Ok(answer);
    }
    match tokens.token(Some(token.value.clone())).await {
        Ok(Some(other)) => open(&other).await,
        // The server's own refusal says more than the lack of another token.
        Ok(None) | Err(_) => Ok(answer),
    }
}

/// The server's answer, as it comes.
fn handed_back(mut answer: Streamed) -> Response<Answer> {
    let (sender, receiver) = mpsc::channel(1);
    let mut response = Response::new(Answer(receiver));
    *response.status_mut() = StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in answer.headers() {
        let is_length = name == "content-length";
        if (is_length || !OF_THE_CONNECTION.contains(&name))
            && let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value))
        {
            response.headers_mut().append(name, value);
        }
    }
    tokio::task::spawn_local(async move {
        loop {
            let part = match answer.chunk().await {
                Ok(Some(bytes)) => Ok(Bytes::from(bytes)),
                Ok(None) => return,
                Err(why) => Err(std::io::Error::other(why.to_string())),
            };
            let is_last = part.is_err();
            if sender.send(part).await.is_err() || is_last {
                return;
            }
        }
    });
    response
}

/// The headers to forward: all except those of the connection and those that it names.
fn handed_on(headers: &HeaderMap) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
    let named = headers.get_all("connection").iter().filter_map(|value| value.to_str().ok());
    let named: Vec<String> = named.flat_map(|value| value.split(',')).map(|name| name.trim().to_lowercase()).collect();
    headers.iter().filter(move |(name, _)| {
        !OF_THE_CONNECTION.contains(&name.as_str()) && !named.iter().any(|known| known == name.as_str())
    })
}

/// The URL of a path below the server's; `None` if the path leaves it.
fn address(base: &Url, below: &str, query: Option<&str>) -> Option<Url> {
    let mut url = base.clone();
    if !below.is_empty() {
        let root = base.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{root}{below}"));
        if !url.path().starts_with(&format!("{root}/")) {
            return None;
        }
    }
    let all: Vec<&str> = [base.query(), query].into_iter().flatten().filter(|query| !query.is_empty()).collect();
    url.set_query((!all.is_empty()).then(|| all.join("&")).as_deref());
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handed_on_stays_below_the_servers_address() {
        let base: Url = "https://a.example/v1/?q=DEFAULT".parse().unwrap();
        for (below, query, whole) in [
            ("", None, Some("https://a.example/v1/?q=DEFAULT")),
            ("/", None, Some("https://a.example/v1/?q=DEFAULT")),
            ("/things", Some("a=b"), Some("https://a.example/v1/things?q=DEFAULT&a=b")),
            ("/a/../b", None, Some("https://a.example/v1/b?q=DEFAULT")),
            ("/../x", None, None),
            ("/%2e%2e/x", None, None),
            ("//evil.example/x", None, Some("https://a.example/v1//evil.example/x?q=DEFAULT")),
        ] {
            assert_eq!(address(&base, below, query).map(|url| url.to_string()).as_deref(), whole, "{below}");
        }
    }

    #[test]
    fn what_belongs_to_a_connection_stays_with_it() {
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("connection", "close, X-Own"), ("x-own", "1"), ("authorization", "Bearer x"), ("x-a", "1")]
        {
            headers.append(name, HeaderValue::from_static(value));
        }
        assert_eq!(handed_on(&headers).map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["x-a"]);
    }
}
