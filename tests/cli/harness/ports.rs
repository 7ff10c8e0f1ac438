//! Ports of 127.0.0.1 that the tests of one process don't take from each other.

use super::guard::Guard;
use socket2::{Domain, Socket, Type};
use std::net::{SocketAddr, TcpListener};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

/// Linux hands out those from 32768 on to whoever asks for any port, and to both ends of the tests' own connections.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A free port, for a server that cannot choose one itself. No test of this process gets it again.
pub fn free_port() -> u16 {
    let (_, port) = listener();
    port
}

/// A listener, whose port stays unused when it is gone: connections are refused from then on.
pub fn listener() -> (TcpListener, u16) {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    // Test processes that run at once begin in different places.
    let start = std::process::id().wrapping_mul(397);
    for _ in 0..COUNT {
        let step = u32::from(TAKEN.fetch_add(1, Ordering::Relaxed));
        let port = FIRST + u16::try_from(start.wrapping_add(step) % u32::from(COUNT)).expect("below COUNT");
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            return (listener, port);
        }
    }
    panic!("none of the ports from {FIRST} on is free");
}

/// A port where connections are refused: bound for as long as the tests run, so that nobody can listen there.
pub fn closed_port() -> u16 {
    static BOUND: LazyLock<Socket> = LazyLock::new(|| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("bind");
        socket
    });
    BOUND.local_addr().ok().and_then(|address| address.as_socket()).expect("an address").port()
}

/// The port that a server of the fixtures has chosen and written to the file `port`.
pub fn port_of(guard: &Guard) -> u16 {
    super::poll("a server of the tests gets ready", Duration::from_secs(60), || {
        assert!(!guard.ended(), "it ended:\n{}", guard.log());
        std::fs::read_to_string(guard.dir.join("port")).ok()?.parse().ok()
    })
}
