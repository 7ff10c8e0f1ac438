//! A real nginx, with the configuration that the documentation shows.

use super::guard::Guard;
use super::http;
use super::ports::free_port;
use std::time::Duration;

/// A caching proxy before a token endpoint.
pub struct Nginx {
    port: u16,
    guard: Guard,
}

impl Nginx {
    /// Before `upstream`, an `http://host:port`.
    pub fn start(upstream: &str) -> Self {
        let is_there = std::env::split_paths(&path_with_sbin()).any(|dir| dir.join("nginx").is_file());
        assert!(is_there, "`nginx` is missing. Install it with: apt-get install nginx-light");
        let page = include_str!("../../../docs/fleets.md");
        let shown =
            page.split("```nginx\n").nth(1).and_then(|rest| rest.split("```").next()).expect("the configuration");
        for _ in 0..5 {
            let (port, dir) = (free_port(), Guard::dir());
            let path = dir.to_str().expect("a UTF-8 path");
            let mut server = shown.to_string();
            for (there, here) in [
                ("/var/cache/nginx/tokens", format!("{path}/cache")),
                ("listen 443 ssl;", format!("listen 127.0.0.1:{port};")),
                ("    ssl_certificate /etc/nginx/tokens.pem;\n", String::new()),
                ("    ssl_certificate_key /etc/nginx/tokens.key;\n", String::new()),
                ("https://ws.auth.us-east-1.amazoncognito.com;", format!("{upstream};")),
            ] {
                assert!(server.contains(there), "docs/fleets.md does not say {there:?}");
                server = server.replace(there, &here);
            }
            let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .iter()
                .map(|name| format!("{name}_temp_path {path}/{name};\n"))
                .collect();
            let whole = format!(
                "daemon off;\nmaster_process off;\npid {path}/pid;\nerror_log stderr;\nevents {{ worker_connections 512; }}\n\
                 http {{\naccess_log {path}/access.log;\n{temporary}{server}}}\n"
            );
            std::fs::write(dir.join("nginx.conf"), whole).expect("write");
            let command = ["nginx", "-p", path, "-e", "stderr", "-c", "nginx.conf"];
            let guard = Guard::start(dir.clone(), "/dev/null".as_ref(), &command, &[("PATH", &path_with_sbin())]);
            let is_up = super::poll("nginx gets ready", Duration::from_secs(20), || {
                let answer = http::get(&format!("http://127.0.0.1:{port}/nothing"));
                match answer {
                    Ok(answer) if answer.status == 404 => Some(!guard.ended()),
                    _ if guard.ended() => Some(false),
                    _ => None,
                }
            });
            if is_up {
                return Self { port, guard };
            }
            assert!(guard.log().contains("Address already in use"), "nginx does not start:\n{}", guard.log());
        }
        panic!("no free port for nginx");
    }

    /// `http://127.0.0.1:PORT/oauth2/token`
    pub fn token_url(&self) -> String {
        format!("http://127.0.0.1:{}/oauth2/token", self.port)
    }

    /// How many requests it got.
    pub fn requests(&self) -> usize {
        let log = std::fs::read_to_string(self.guard.dir.join("access.log")).unwrap_or_default();
        log.lines().filter(|line| line.contains("/oauth2/token")).count()
    }
}

/// Debian keeps nginx where users' PATH may not look.
fn path_with_sbin() -> String {
    format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default())
}
