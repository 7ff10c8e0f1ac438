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

/// What differs between two runs.
const MASKS: [(&str, &str); 18] = [
    (r"[^\s`'=]*/(debug|release)/cogtok\b", "[cogtok]"),
    (r"[^\s`'=]*cogtok-home-\w{6}", "[home]"),
    (r"(127\.0\.0\.1|\[::1\]|localhost):\d{2,5}\b", "$1:[port]"),
    (r"\b[a-z]{2}-[a-z]+-\d_[A-Za-z0-9]{9}\b", "[pool]"),
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "[uuid]"),
    // What the harness makes up: names of users, secrets and stacks.
    (r"\b[0-9a-f]{4,8}-[0-9a-f]{12,14}-\d+(-[0-9a-f]{6})?\b", "[unique]"),
    (r"(\[unique\]/other)-[0-9a-f]{6}\b", "$1"),
    (r"\b[A-Za-z0-9]{26}\b", "[client]"),
    (r"\b[0-9a-f]{32}\.json", "[hash].json"),
    (r"\b[0-9a-f]{16}\b", "[record]"),
    (r"\b(cogtok-edit-)\w{6}", "$1[random]"),
    (r"\b(test-)[a-z0-9]{12}(@example\.com)", "$1[random]$2"),
    (r"\b\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?( ?Z|[+-]\d\d:?\d\d)?", "[date]"),
    (r"\b\d\d:\d\d(:\d\d)?( UTC)?\b", "[time]"),
    (r"\b\d+(\.\d+)? (ms|s|min|h)\b", "[n] $2"),
    (r"\b(\d+h )?\d+m( \d+s)?\b|\b\d+s\b", "[left]"),
    (r"\b(process|pid) \d+", "$1 [pid]"),
    (r"/run/user/\d+", "/run/user/[uid]"),
];

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

    /// The exit code and stderr, for an inline snapshot: a whole message is read and reviewed, not a part of it. What differs
    /// between two runs stands between brackets.
    pub fn message(&self) -> String {
        let code = self.code.map_or_else(|| "killed".to_owned(), |code| format!("exit {code}"));
        MASKS.iter().fold(format!("{code}\n{}", self.stderr), |text, (pattern, name)| {
            let pattern = regex_lite::Regex::new(pattern).expect("a pattern");
            pattern.replace_all(&text, *name).into_owned()
        })
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
        let says = |line: &str| {
            line.starts_with("warning: you will have to sign in again when this token expires: no keyring")
        };
        let is_hint =
            |line: &&str| line.starts_with("hint: to hide this") || line.starts_with("hint: to stay signed in");
        let is_said = matches!(lines[..], [note, ref hints @ ..] if says(note) && hints.iter().all(is_hint));
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
