//! A real MCP server that takes tokens of the workshop's m2m client alone.

use super::guard::Guard;
use super::ministack::{free_port, mcp_venv};
use super::workshop::{SCOPES, Workshop};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A running MCP server.
pub struct McpServer {
    port: u16,
    guard: Guard,
}

/// A file among the fixtures.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

impl McpServer {
    /// Starts one in this mode (see the fixture). Another process can take the port in between, hence the tries.
    pub fn start(mode: &str, workshop: &Workshop) -> Self {
        let (python, script) = (mcp_venv().join("bin/python"), fixture("mcp_server.py"));
        let mut log = String::new();
        for _ in 0..5 {
            let port = free_port();
            let number = port.to_string();
            let command = [
                python.to_str().expect("a UTF-8 path"),
                script.to_str().expect("a UTF-8 path"),
                &number,
                mode,
                &workshop.jwks_url,
                &workshop.issuer,
                &workshop.m2m.id,
                SCOPES[1],
            ];
            let guard = Guard::start(Guard::dir(), "/dev/null".as_ref(), &command, &[("PYTHONDONTWRITEBYTECODE", "1")]);
            let up = super::poll("the MCP server gets ready", Duration::from_secs(60), || match guard.ended() {
                true => Some(false),
                false => TcpStream::connect(("127.0.0.1", port)).ok().map(|_| !guard.ended()),
            });
            if up {
                return Self { port, guard };
            }
            log = guard.log();
        }
        panic!("the MCP server does not start:\n{log}");
    }

    /// `http://127.0.0.1:PORT/mcp`
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/mcp", self.port)
    }

    /// The requests that came so far, as `METHOD SESSION VERSION`.
    pub fn requests(&self) -> Vec<String> {
        let is_request = |line: &&str| ["POST ", "GET ", "DELETE "].iter().any(|start| line.starts_with(start));
        self.guard.log().lines().filter(is_request).map(String::from).collect()
    }
}
