//! Answers to requests.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderValue, Response, StatusCode};
use hyper::body::{Body, Bytes, Frame};
use serde_json::json;
use tokio::sync::mpsc;

/// The body of an answer, as it comes.
pub struct Answer(pub mpsc::Receiver<std::io::Result<Bytes>>);

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

/// A JSON answer that must not be cached.
pub fn json_answer(status: StatusCode, body: &serde_json::Value) -> Response<Answer> {
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
pub fn failure(status: StatusCode, error: &str, description: &str) -> Response<Answer> {
    json_answer(status, &json!({"error": error, "error_description": description}))
}
