//! What a run gave, and the questions tests ask of it.

use serde_json::Value;
use std::time::Duration;

/// The result of a run that has passed every oracle.
#[must_use = "assert something of it: .ok() at least"]
#[derive(Debug, Clone)]
pub struct Output {
    pub command_line: String,
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub wall: Duration,
    /// What a busy machine made it wait for a processor.
    pub starved: Duration,
    /// 0 if the process was too short-lived to be sampled.
    pub max_rss_kib: u64,
}

impl Output {
    /// It took no longer than this and three seconds, for what would take much longer or for ever where it were wrong.
    #[track_caller]
    pub fn within(&self, limit: Duration) -> &Self {
        let limit = limit + Duration::from_secs(3) + self.starved;
        self.check(self.wall < limit, &format!("expected an end within {limit:?}"))
    }

    /// Exit 0.
    #[track_caller]
    pub fn ok(&self) -> &Self {
        self.code(0)
    }

    /// This exit code.
    #[track_caller]
    pub fn code(&self, code: i32) -> &Self {
        self.check(self.code == Some(code), &format!("expected exit {code}"))
    }

    /// stderr contains this text.
    #[track_caller]
    pub fn stderr_has(&self, text: &str) -> &Self {
        self.check(self.stderr.contains(text), &format!("expected on stderr: {text:?}"))
    }

    /// stderr does not contain this text.
    #[track_caller]
    pub fn stderr_lacks(&self, text: &str) -> &Self {
        self.check(!self.stderr.contains(text), &format!("not expected on stderr: {text:?}"))
    }

    /// stderr is empty.
    #[track_caller]
    pub fn quiet(&self) -> &Self {
        self.check(self.stderr.is_empty(), "expected an empty stderr")
    }

    /// stderr says that this machine can't keep a refresh token, and nothing else.
    #[track_caller]
    pub fn keeps_no_session(&self) -> &Self {
        let lines: Vec<&str> = self.stderr.lines().collect();
        let says =
            |line: &str| line.starts_with("no refresh token is kept, so each new token needs a sign-in: no keyring");
        let is_said = matches!(lines[..], [note] if says(note))
            || matches!(lines[..], [note, hint] if says(note) && hint.contains("--no-refresh"));
        self.check(is_said, "expected that no refresh token is kept, and nothing else on stderr")
    }

    /// stderr is empty, or says that this machine can't keep a refresh token.
    #[track_caller]
    pub fn quiet_but_for_the_session(&self) -> &Self {
        if self.stderr.is_empty() { self } else { self.keeps_no_session() }
    }

    /// stdout is exactly this.
    #[track_caller]
    pub fn stdout_is(&self, text: &str) -> &Self {
        self.check(self.stdout == text, &format!("expected on stdout exactly: {text:?}"))
    }

    /// stdout contains this text.
    #[track_caller]
    pub fn stdout_has(&self, text: &str) -> &Self {
        self.check(self.stdout.contains(text), &format!("expected on stdout: {text:?}"))
    }

    /// The one line of stdout, without its newline.
    #[track_caller]
    pub fn line(&self) -> &str {
        let line = self.stdout.strip_suffix('\n').unwrap_or("\n");
        self.check(!line.contains('\n') && !line.is_empty(), "expected one line on stdout");
        line
    }

    /// stdout as one JSON value.
    #[track_caller]
    pub fn json(&self) -> Value {
        let value = serde_json::from_str(&self.stdout);
        self.check(value.is_ok(), "expected JSON on stdout");
        value.expect("checked")
    }

    /// Panics with the whole run if `holds` is false.
    #[track_caller]
    pub fn check(&self, holds: bool, message: &str) -> &Self {
        assert!(holds, "{message}\n{}", self.describe());
        self
    }

    /// The whole run, for a failing test's message.
    pub fn describe(&self) -> String {
        format!(
            "$ {}\nexit {:?}, signal {:?}, {:?}, {} KiB\n--- stdout\n{}\n--- stderr\n{}\n---",
            self.command_line,
            self.code,
            self.signal,
            self.wall,
            self.max_rss_kib,
            self.stdout.escape_debug().to_string().replace("\\n", "\n"),
            self.stderr.escape_debug().to_string().replace("\\n", "\n"),
        )
    }
}
