//! Restricts access: only with the key, only by this machine's name, and only for the same user.

use std::io;
use std::net::{IpAddr, SocketAddr};

use cogtok::secret::Secret;
use http::header::HOST;
use http::{Request, Response, StatusCode};

use super::answer::{Answer, failure};

/// Refuses a request for another host: the page of a stranger whose name leads here would have one (DNS rebinding).
pub fn check_host<B>(request: &Request<B>, port: u16) -> Result<(), Response<Answer>> {
    let is_ours = |host: &str| ["127.0.0.1", "localhost"].iter().any(|name| host == format!("{name}:{port}"));
    let mut hosts = request.headers().get_all(HOST).iter();
    let named = hosts.next().and_then(|host| host.to_str().ok()).unwrap_or_default();
    let target = request.uri().authority().map_or(named, http::uri::Authority::as_str);
    if is_ours(named) && is_ours(target) && hosts.next().is_none() {
        Ok(())
    } else {
        Err(failure(StatusCode::MISDIRECTED_REQUEST, "invalid_request", "this is another host"))
    }
}

/// The path after the key; `None` if it does not start with the key.
pub fn behind_key<'a>(path: &'a str, key: &Secret) -> Option<&'a str> {
    let (first, rest) = path.strip_prefix('/')?.split_once('/')?;
    let (first, key) = (first.as_bytes(), key.expose().as_bytes());
    // Constant time, wherever they differ.
    let differ =
        first.iter().zip(key).fold(first.len() ^ key.len(), |sum, (one, other)| sum | usize::from(one ^ other));
    (std::hint::black_box(differ) == 0).then_some(rest)
}

/// Whether the other end of a connection is a process of this user, on systems that tell: Linux does. A peer that its tables don't name is
/// taken for another user's.
///
/// # Errors
/// Why the tables can't be read: then nothing is known of the peer.
pub fn is_this_users(peer: SocketAddr, own: SocketAddr) -> io::Result<bool> {
    if !peer.ip().is_loopback() {
        return Ok(false);
    }
    #[cfg(target_os = "linux")]
    {
        // A machine without IPv6 has one table.
        let of_ipv6 = match std::fs::read_to_string("/proc/net/tcp6") {
            Err(why) if why.kind() == io::ErrorKind::NotFound => String::new(),
            table => table?,
        };
        let tables = [std::fs::read_to_string("/proc/net/tcp")?, of_ipv6];
        Ok(is_owner(rustix::process::geteuid().as_raw(), &tables, peer, own))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = own;
        Ok(true)
    }
}

/// Whether one of the kernel's tables says that the peer is this user's.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn is_owner(user: u32, tables: &[String], peer: SocketAddr, own: SocketAddr) -> bool {
    tables.iter().find_map(|table| owner(table, peer, own)) == Some(user)
}

/// The user whose socket has this address and is connected to `own`, as the kernel's table has it.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn owner(table: &str, peer: SocketAddr, own: SocketAddr) -> Option<u32> {
    let is = |field: &str, address: SocketAddr| {
        let (ip, port) = field.split_once(':')?;
        let is_port = u16::from_str_radix(port, 16) == Ok(address.port());
        // An IPv4 address is at the end of an IPv6 one, with each four bytes in the machine's order.
        let IpAddr::V4(wanted) = address.ip() else { return Some(false) };
        let word = u32::from_str_radix(ip.get(ip.len().checked_sub(8)?..)?, 16).ok()?;
        Some(is_port && word.to_ne_bytes() == wanted.octets())
    };
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (local, remote) = (fields.next()?, fields.next()?);
        if is(local, peer)? && is(remote, own)? { fields.nth(4)?.parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_the_whole_first_part_of_the_path() {
        let key = Secret::new("abc".to_owned());
        for (path, rest) in [
            ("/abc/token", Some("token")),
            ("/abc/proxy/a/b", Some("proxy/a/b")),
            ("/abc/", Some("")),
            ("/abd/token", None),
            ("/ab/token", None),
            ("/abcd/token", None),
            ("//abc/token", None),
            ("/abc", None),
            ("", None),
        ] {
            assert_eq!(behind_key(path, &key), rest, "{path}");
        }
    }

    #[test]
    fn only_this_machines_names_with_the_port_are_taken() {
        let request = |hosts: &[&str], uri: &str| {
            let mut request = Request::builder().uri(uri);
            for host in hosts {
                request = request.header(HOST, *host);
            }
            check_host(&request.body(()).unwrap(), 80).is_ok()
        };
        assert!(request(&["127.0.0.1:80"], "/x") && request(&["localhost:80"], "/x"));
        for hosts in [&[][..], &["evil.example:80"], &["127.0.0.1"], &["127.0.0.1:81"], &["127.0.0.1:80", "evil:80"]] {
            assert!(!request(hosts, "/x"), "{hosts:?}");
        }
        assert!(!request(&["127.0.0.1:80"], "http://evil.example:80/x"));
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn the_owner_of_a_connection_is_read_from_the_kernels_table() {
        let head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
        let rows = "   0: 0100007F:0050 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 1\n   \
            1: 0100007F:9C40 0100007F:0050 01 00000000:00000000 00:00000000 00000000  1000        0 2\n";
        let (peer, own): (SocketAddr, SocketAddr) =
            ("127.0.0.1:40000".parse().unwrap(), "127.0.0.1:80".parse().unwrap());
        assert_eq!(owner(&format!("{head}{rows}"), peer, own), Some(1000));
        assert_eq!(owner(head, peer, own), None);
        let mapped = "   0: 0000000000000000FFFF00000100007F:9C40 0000000000000000FFFF00000100007F:0050 01 \
            00000000:00000000 00:00000000 00000000  1001        0 2\n";
        assert_eq!(owner(&format!("{head}{mapped}"), peer, own), Some(1001));
        let tables = [String::new(), format!("{head}{mapped}")];
        assert!(is_owner(1001, &tables, peer, own) && !is_owner(1000, &tables, peer, own));
        // Without /proc, and for a peer that is in no table.
        assert!(!is_owner(1001, &[String::new(), String::new()], peer, own));
        assert!(!is_owner(1001, &[head.to_owned()], peer, own));
    }
}
