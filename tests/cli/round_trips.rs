//! How often a call without a cached token waits for the way to Cognito and back. On a server far away that is all its time.

use crate::harness::challenges::{PASSWORD, challenge, signed_in};
use crate::harness::srp::{Exchange, Verifier};
use crate::harness::tls::{Authority, Certificate};
use crate::harness::{Answer, Home, Server, m2m_jwt};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};

const POOL: &str = "Scripted0";
const USER: &str = "alice@example.com";

/// What passes between a client and a server that says nothing unasked: so what the client says after the server spoke is an
/// answer to it, however slow the machine is.
#[derive(Default)]
struct Turns {
    has_server_spoken: bool,
    round_trips: usize,
}

/// A relay to `upstream` that counts: one round trip for each connection, and one each time the client speaks after the server did.
fn counting(upstream: &Server) -> (Server, Arc<Mutex<Turns>>) {
    let turns = Arc::new(Mutex::new(Turns::default()));
    let (counted, port) = (Arc::clone(&turns), upstream.port());
    let relay = Server::sockets(move |client| {
        let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
        server.set_nodelay(true).unwrap();
        {
            let mut turns = counted.lock().unwrap();
            turns.round_trips += 1;
            turns.has_server_spoken = true;
        }
        let (from, to, turns) = (client.try_clone().unwrap(), server.try_clone().unwrap(), Arc::clone(&counted));
        let forth = std::thread::spawn(move || {
            pass(from, to, || {
                let mut turns = turns.lock().unwrap();
                turns.round_trips += usize::from(std::mem::take(&mut turns.has_server_spoken));
            });
        });
        pass(server, client, || counted.lock().unwrap().has_server_spoken = true);
        forth.join().unwrap();
    });
    (relay, turns)
}

fn pass(mut from: TcpStream, mut to: TcpStream, each: impl Fn()) {
    let mut bytes = [0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        // Before it is passed on: the other side may answer at once.
        each();
        if to.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

fn trusting(home: &Home, authority: &Authority) -> String {
    home.plant("ca.pem", authority.pem()).display().to_string()
}

#[test]
fn a_machines_token_takes_three_round_trips() {
    let authority = Authority::new();
    let server = authority.serve_without_tickets(Certificate::Good, |_| Answer::token(&m2m_jwt("client", "api/read")));
    let (relay, turns) = counting(&server);
    let home = Home::new();
    home.scripted_profile(&format!("https://127.0.0.1:{}/oauth2/token", relay.port()));
    home.scripted_m2m(&["--ca-bundle", &trusting(&home, &authority)]).run().ok();
    // TCP, TLS 1.3, the request.
    assert_eq!(turns.lock().unwrap().round_trips, 3);
}

#[test]
fn a_users_token_takes_four_round_trips() {
    let authority = Authority::new();
    let exchange = Mutex::new(None);
    let server = authority.serve_without_tickets(Certificate::Good, move |request| {
        let mut exchange = exchange.lock().unwrap();
        if let Some(srp_a) = request.json()["AuthParameters"]["SRP_A"].as_str() {
            let begun = Exchange::new(POOL, USER, Verifier::of(POOL, USER, PASSWORD), srp_a);
            let asked = challenge(7, "PASSWORD_VERIFIER", begun.parameters());
            *exchange = Some(begun);
            return asked;
        }
        let is_proven = exchange.take().is_some_and(|begun| begun.is_proven_by(&request.json()["ChallengeResponses"]));
        assert!(is_proven, "{}", request.text());
        signed_in().1
    });
    let (relay, turns) = counting(&server);
    let home = Home::new();
    home.scripted_user(&format!("https://127.0.0.1:{}", relay.port()));
    let bundle = trusting(&home, &authority);
    let run = home.cogtok(["token", "user", "--no-refresh", "--auth-flow", "srp", "--ca-bundle", &bundle]);
    run.env("COGTOK_PASSWORD", PASSWORD).run().ok();
    // TCP, TLS 1.3, InitiateAuth, and RespondToAuthChallenge on the same connection: SRP takes two.
    assert_eq!(turns.lock().unwrap().round_trips, 4);
}
