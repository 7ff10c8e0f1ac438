//! What passes between a client and the scripted server.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    /// With the query.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Counts from 0 in the order of acceptance.
    pub connection: usize,
    pub at: Instant,
}

impl Request {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The operation in X-Amz-Target (`InitiateAuth`).
    pub fn operation(&self) -> Option<&str> {
        self.header("x-amz-target")?.rsplit('.').next()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// A field of a form body.
    pub fn form(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(&self.body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

#[derive(Debug, Clone)]
pub(super) enum Payload {
    Http { status: u16, headers: Vec<(String, String)>, body: Vec<u8> },
    Raw(Vec<u8>),
    Endless { head: Vec<u8>, piece: Vec<u8> },
    Close,
    Never,
}

/// What the server does with a request.
#[derive(Debug, Clone)]
pub struct Answer {
    pub(super) payload: Payload,
    pub(super) delay: Duration,
    pub(super) trickle: Option<(usize, Duration)>,
    pub(super) rest: Option<(Arc<AtomicBool>, Vec<u8>)>,
    pub(super) is_like_aws: bool,
}

impl Answer {
    fn of(payload: Payload) -> Self {
        Self { payload, delay: Duration::ZERO, trickle: None, rest: None, is_like_aws: true }
    }

    /// Status, Content-Type, body.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type".to_string(), content_type.to_string())];
        Self::of(Payload::Http { status, headers, body: body.into() })
    }

    /// The same with its body, where that is JSON, changed.
    pub fn map_json(mut self, change: impl FnOnce(&mut Value)) -> Self {
        if let Payload::Http { body, .. } = &mut self.payload
            && let Ok(mut value) = serde_json::from_slice(body)
        {
            change(&mut value);
            *body = value.to_string().into_bytes();
        }
        self
    }

    /// `application/json`
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// An AWS JSON error: `{"__type": code, "message": message}`.
    pub fn aws_error(code: &str, message: &str) -> Self {
        let body = json!({"__type": code, "message": message}).to_string();
        Self::new(400, "application/x-amz-json-1.1", body).header("x-amzn-errortype", code)
    }

    /// A token endpoint's answer with this access token, for an hour.
    pub fn token(access_token: &str) -> Self {
        Self::json(200, &json!({"access_token": access_token, "expires_in": 3600, "token_type": "Bearer"}))
    }

    /// A redirect.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::new(status, "text/plain", "moved").header("Location", location)
    }

    /// These bytes as they are, then the end of the connection.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::of(Payload::Raw(bytes.into()))
    }

    /// `head`, then `piece` again and again for as long as the client reads.
    pub fn endless(head: impl Into<Vec<u8>>, piece: impl Into<Vec<u8>>) -> Self {
        Self::of(Payload::Endless { head: head.into(), piece: piece.into() })
    }

    /// Closes the connection without an answer.
    pub fn close() -> Self {
        Self::of(Payload::Close)
    }

    /// Keeps the connection open and never answers.
    pub fn never() -> Self {
        Self::of(Payload::Never)
    }

    /// Says that AWS would not answer so, which is what the test is about. Any other answer to an operation of AWS is held to its
    /// model.
    pub fn unlike_aws(mut self) -> Self {
        self.is_like_aws = false;
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Payload::Http { headers, .. } = &mut self.payload {
            headers.push((name.into(), value.into()));
        }
        self
    }

    /// Waits before the first byte.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sends this as well when `may` is set.
    pub fn then(mut self, may: &Arc<AtomicBool>, rest: impl Into<Vec<u8>>) -> Self {
        self.rest = Some((may.clone(), rest.into()));
        self
    }

    /// Sends `count` bytes at a time with a pause between.
    pub fn trickle(mut self, count: usize, pause: Duration) -> Self {
        self.trickle = Some((count, pause));
        self
    }
}

/// A token of the right shape with these claims; its signature is none.
pub fn jwt(claims: &Value) -> String {
    let part = |value: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(value);
    let header = json!({"alg": "RS256", "kid": "scripted", "typ": "JWT"}).to_string();
    format!("{}.{}.{}", part(header.as_bytes()), part(claims.to_string().as_bytes()), part(&[0x5a; 256]))
}

/// An access token as Cognito's client-credentials grant issues it, for an hour from now.
pub fn m2m_jwt(client_id: &str, scope: &str) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("clock").as_secs();
    jwt(
        &json!({"sub": client_id, "token_use": "access", "scope": scope, "auth_time": now, "iat": now, "exp": now + 3600,
        "iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Scripted0", "version": 2,
        "jti": super::unique("jti"), "client_id": client_id}),
    )
}
