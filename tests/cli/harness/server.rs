//! A scripted HTTP server for what the local Cognito lacks, and for servers that delay, lie, redirect and break off.

use super::contract;
use super::http;
use super::message::{Answer, Payload, Request};
use super::promises;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

type Handler = dyn Fn(&Request) -> Answer + Send + Sync;

pub(super) struct Shared {
    handler: Box<Handler>,
    stop: AtomicBool,
    connections: AtomicUsize,
    pub(super) bytes: Mutex<Vec<u8>>,
    requests: Mutex<Vec<Request>>,
    /// What AWS would not have accepted, or answered.
    broken: Mutex<Vec<String>>,
    /// Requests that it could have refused.
    judged: AtomicUsize,
    /// Where that goes instead, if the server outlives the tests. It records nothing then.
    lasting: Option<fn(Vec<String>)>,
}

impl Shared {
    fn found(&self, broken: Vec<String>) {
        match self.lasting {
            Some(note) => note(broken),
            None => self.broken.lock().unwrap_or_else(PoisonError::into_inner).extend(broken),
        }
    }

    fn judged(&self) {
        if self.lasting.is_some() {
            contract::held(1);
        } else {
            self.judged.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// A server on 127.0.0.1; gone on drop.
pub struct Server {
    address: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

/// A connection, plain or TLS.
pub trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

impl Server {
    /// Answers each request by calling `handler`, on the connection's own thread.
    pub fn start(handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::accept("http", Box::new(handler), |stream, shared, id| serve(stream, &shared, id))
    }

    /// The same for as long as the tests last: what AWS would not have accepted goes to `note` at once.
    pub fn lasting(note: fn(Vec<String>), handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::listen("http", Some(note), Box::new(handler), |stream, shared, id| serve(stream, &shared, id))
    }

    /// Gives these answers in this order; a request too many gets status 599.
    pub fn script(answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers: Mutex<Vec<Answer>> = Mutex::new(answers.into_iter().collect());
        Self::start(move |_| {
            let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
            if answers.is_empty() { Answer::new(599, "text/plain", "the script is over") } else { answers.remove(0) }
        })
    }

    /// Gives this answer to every request.
    pub fn always(answer: Answer) -> Self {
        Self::start(move |_| answer.clone())
    }

    /// A host that nobody may talk to: `.connections()` must stay 0.
    pub fn canary() -> Self {
        Self::always(Answer::new(200, "text/plain", "caught").unlike_aws())
    }

    /// Hands each accepted socket to `handler`: for what is not even HTTP.
    pub fn sockets(handler: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        Self::accept("http", Box::new(|_| Answer::close()), move |stream, _, _| handler(stream))
    }

    /// Reads nothing and closes once a request is there, which makes the kernel send a reset.
    pub fn resetting() -> Self {
        Self::sockets(|stream| drop(stream.peek(&mut [0])))
    }

    pub(super) fn accept(
        scheme: &'static str,
        handler: Box<Handler>,
        serve: impl Fn(TcpStream, Arc<Shared>, usize) + Send + Sync + 'static,
    ) -> Self {
        Self::listen(scheme, None, handler, serve)
    }

    fn listen(
        scheme: &'static str,
        lasting: Option<fn(Vec<String>)>,
        handler: Box<Handler>,
        serve: impl Fn(TcpStream, Arc<Shared>, usize) + Send + Sync + 'static,
    ) -> Self {
        let (listener, port) = super::ports::listener();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let shared = Arc::new(Shared {
            handler,
            stop: AtomicBool::new(false),
            connections: AtomicUsize::new(0),
            bytes: Mutex::default(),
            requests: Mutex::default(),
            broken: Mutex::default(),
            judged: AtomicUsize::new(0),
            lasting,
        });
        let (ours, serve) = (Arc::clone(&shared), Arc::new(serve));
        let listening = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ours.stop.load(Ordering::SeqCst) {
                    break;
                }
                let id = ours.connections.fetch_add(1, Ordering::SeqCst);
                let (shared, serve) = (Arc::clone(&ours), Arc::clone(&serve));
                std::thread::spawn(move || {
                    let _ = stream.set_nodelay(true);
                    serve(stream, shared, id);
                });
            }
        });
        Self { address, scheme, shared, listening: Some(listening) }
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// `http://127.0.0.1:PORT/oauth2/token`
    pub fn token_url(&self) -> String {
        format!("{}/oauth2/token", self.url())
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many complete requests came.
    pub fn hits(&self) -> usize {
        self.requests().len()
    }

    /// Every complete request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Every byte received (after decryption, where there is TLS).
    pub fn bytes(&self) -> Vec<u8> {
        self.shared.bytes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Fails if anybody connected.
    #[track_caller]
    pub fn assert_untouched(&self) {
        let bytes = self.bytes();
        assert_eq!(self.connections(), 0, "somebody connected and sent: {}", String::from_utf8_lossy(&bytes));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        // Whoever comes after this is refused.
        if TcpStream::connect(self.address).is_ok()
            && let Some(listening) = self.listening.take()
        {
            let _ = listening.join();
        }
        let broken = std::mem::take(&mut *self.shared.broken.lock().unwrap_or_else(PoisonError::into_inner));
        if !std::thread::panicking() {
            assert!(broken.is_empty(), "AWS's models do not allow: {broken:#?}");
            let judged = self.shared.judged.load(Ordering::SeqCst);
            if judged > 0 {
                contract::held(judged);
            }
        }
    }
}

/// Serves one connection until either side is done with it.
pub(super) fn serve(mut stream: impl Stream, shared: &Shared, connection: usize) {
    let mut unread = Vec::new();
    while let Ok(Some(request)) = read_request(&mut stream, &mut unread, shared, connection) {
        shared.found(contract::broken_by(&request));
        if contract::is_for_aws(&request) {
            shared.judged();
        }
        if shared.lasting.is_none() {
            shared.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        }
        let answer = super::login::with_nonce(&request, (shared.handler)(&request));
        if let (true, Payload::Http { status, headers, body }) = (answer.is_like_aws, &answer.payload) {
            shared.found(contract::not_of_aws(&request, *status, headers, body));
        }
        let wants_close = request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        if !matches!(give(&mut stream, shared, answer), Ok(true)) || wants_close {
            break;
        }
    }
    let _ = stream.flush();
}

fn read_request(
    stream: &mut impl Stream,
    unread: &mut Vec<u8>,
    shared: &Shared,
    connection: usize,
) -> io::Result<Option<Request>> {
    let mut more = |unread: &mut Vec<u8>| -> io::Result<bool> {
        let mut buffer = [0; 16 * 1024];
        let count = stream.read(&mut buffer)?;
        if shared.lasting.is_none() {
            shared.bytes.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..count]);
        }
        unread.extend_from_slice(&buffer[..count]);
        Ok(count > 0)
    };
    let end = loop {
        if let Some(end) = http::find(unread, b"\r\n\r\n") {
            break end;
        }
        if !more(unread)? {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&unread[..end]).into_owned();
    unread.drain(..end + 4);
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ').map(String::from);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let headers = lines.filter_map(|line| line.split_once(':')).map(|(k, v)| (k.trim().into(), v.trim().into()));
    let headers = headers.collect();
    let mut request = Request { method, path, headers, body: Vec::new(), connection, at: Instant::now() };
    if request.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        while http::unchunk(unread).is_none() {
            if !more(unread)? {
                return Ok(None);
            }
        }
        request.body = http::unchunk(unread).unwrap_or_default();
        unread.clear();
    } else {
        let length = request.header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
        while unread.len() < length {
            if !more(unread)? {
                return Ok(None);
            }
        }
        request.body = unread.drain(..length).collect();
    }
    Ok(Some(request))
}

/// Whether the connection may serve another request.
fn give(stream: &mut impl Stream, shared: &Shared, answer: Answer) -> io::Result<bool> {
    std::thread::sleep(answer.delay);
    let (bytes, keep) = match answer.payload {
        Payload::Http { status, headers, body } => {
            let mut bytes = format!("HTTP/1.1 {status} Scripted\r\n").into_bytes();
            for (name, value) in &headers {
                bytes.extend(format!("{name}: {value}\r\n").into_bytes());
            }
            let told = |name: &str| headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
            if !told("content-length") && !told("transfer-encoding") {
                bytes.extend(format!("Content-Length: {}\r\n", body.len()).into_bytes());
            }
            bytes.extend(b"\r\n");
            bytes.extend(body);
            (bytes, true)
        }
        Payload::Raw(bytes) => (bytes, false),
        Payload::Endless { head, piece } => {
            stream.write_all(&head)?;
            while !shared.stop.load(Ordering::SeqCst) {
                stream.write_all(&piece)?;
            }
            return Ok(false);
        }
        Payload::Close => return Ok(false),
        Payload::Never => {
            while !shared.stop.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(20));
            }
            return Ok(false);
        }
    };
    match answer.trickle {
        None => stream.write_all(&bytes)?,
        Some((count, pause)) => {
            for piece in bytes.chunks(count) {
                stream.write_all(piece)?;
                stream.flush()?;
                std::thread::sleep(pause);
            }
        }
    }
    stream.flush()?;
    if let Some((may, rest)) = answer.rest {
        while !may.load(Ordering::SeqCst) && !shared.stop.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        stream.write_all(&rest)?;
        stream.flush()?;
    }
    Ok(keep)
}
