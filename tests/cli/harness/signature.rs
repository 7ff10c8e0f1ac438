//! botocore as the judge of signatures and of event streams.

use super::Request;
use super::ministack::aws_venv;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

/// Who is to have signed, for what.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a> {
    pub access_key: &'a str,
    pub secret_key: &'a str,
    pub token: Option<&'a str>,
    pub service: &'a str,
    pub region: &'a str,
}

impl Signer<'_> {
    /// Fails unless botocore computes the signature that these requests, sent to a server at `url`, carry.
    #[track_caller]
    pub fn signed(&self, url: &str, requests: &[Request]) {
        assert!(!requests.is_empty(), "there is nothing to check");
        assert_eq!(self.verdict(url, requests).as_deref(), Ok("ok\n"));
    }

    /// What botocore says of the signatures: `ok`, or what is wrong.
    pub fn verdict(&self, url: &str, requests: &[Request]) -> Result<String, String> {
        let recorded = requests.iter().map(|request| {
            json!({"method": request.method, "url": format!("{url}{}", request.path), "headers": request.headers,
                "body": BASE64_STANDARD.encode(&request.body), "access_key": self.access_key,
                "secret_key": self.secret_key, "token": self.token, "service": self.service, "region": self.region})
        });
        python(include_str!("../../fixtures/check_sigv4.py"), &recorded.collect())
    }
}

/// Frames of an event stream, one an event: its headers and its payload.
pub fn frames(events: &[(&[(&str, &str)], Value)]) -> Vec<Vec<u8>> {
    let events = events.iter().map(|(headers, payload)| {
        let headers: serde_json::Map<String, Value> =
            headers.iter().map(|(name, value)| ((*name).to_string(), json!(value))).collect();
        json!({"headers": headers, "payload": payload.to_string()})
    });
    let hex = python(include_str!("../../fixtures/event_stream.py"), &events.collect()).expect("frames");
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    hex.lines().map(|line| line.as_bytes().chunks(2).map(byte).collect()).collect()
}

/// What a script prints in the environment of the AWS CLI, or what it complains of.
fn python(script: &str, input: &Value) -> Result<String, String> {
    let mut python = Command::new(aws_venv().join("bin/python"))
        .args(["-I", "-B", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python");
    python.stdin.take().expect("piped").write_all(input.to_string().as_bytes()).expect("write");
    let done = python.wait_with_output().expect("wait");
    if done.status.success() {
        Ok(String::from_utf8(done.stdout).expect("UTF-8"))
    } else {
        Err(String::from_utf8_lossy(&done.stderr).into_owned())
    }
}
