//! What holds in every run, whatever it was asked. A test says only what is special about its own.

use super::contract;
use super::hints;
use super::home::{Canary, Home};
use super::output::Output;
use super::state;
use super::supervise::Raw;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use std::time::Duration;

/// 64 MiB: what a run may hold at its peak. A debug build's code is some ten times as large as the released program's; how
/// much of it the kernel maps in depends on what is in its page cache.
const MAX_RSS_KIB: u64 = if cfg!(debug_assertions) { 96 } else { 64 } * 1024;

/// The commands that print on stdout although they fail, by design: their verdict is the value. With an option, where that
/// makes them.
const PRINT_ON_FAILURE: [(&[&str], &[&str]); 7] = [
    (&["doctor"], &[]),
    (&["token", "check"], &[]),
    (&["token", "verify"], &["--json", "json"]),
    (&["profile", "lint"], &[]),
    // The body of an HTTP error, and what came before a stream broke off.
    (&["call", "http"], &[]),
    (&["call", "runtime"], &[]),
    // What a tool gives that says it failed.
    (&["call", "gateway"], &["--json", "json"]),
];

/// Whether these arguments are of a command that prints on stdout although it fails.
pub fn prints_on_failure(args: &[std::ffi::OsString]) -> bool {
    let args: Vec<&str> = args.iter().filter_map(|arg| arg.to_str()).collect();
    PRINT_ON_FAILURE.iter().any(|(words, options)| {
        args.windows(words.len()).any(|window| window == *words)
            && (options.is_empty() || options.iter().any(|option| args.contains(option)))
    })
}

/// How a run differs from the common case.
#[derive(Debug, Clone)]
pub struct Expect {
    pub deadline: Duration,
    pub prints_on_failure: bool,
    pub may_be_killed: bool,
    /// Not cogtok itself but a shell or tool around it.
    pub foreign: bool,
    /// `-v`: more lines than an error may have.
    pub verbose: bool,
    /// A warning for each of many: more lines than an error may have.
    pub warns_of_many: bool,
    /// What cogtok was given.
    pub args: Vec<String>,
}

impl Default for Expect {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(30),
            prints_on_failure: false,
            may_be_killed: false,
            foreign: false,
            verbose: false,
            warns_of_many: false,
            args: Vec::new(),
        }
    }
}

/// Asserts the oracles and gives the output.
pub fn judge(home: &Home, expect: &Expect, command_line: &str, raw: Raw) -> Output {
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let output = Output {
        command_line: command_line.into(),
        code: raw.code,
        signal: raw.signal,
        stdout: lossy(&raw.stdout),
        stderr: lossy(&raw.stderr),
        wall: raw.wall,
        starved: raw.starved,
        max_rss_kib: raw.max_rss_kib,
    };
    // The lock is held while the state is judged, so that no other thread of the test starts a run meanwhile.
    let mut state = home.state();
    state.alive -= 1;
    state.killed |= raw.signal.is_some() || raw.overran;
    let mut faults = raw.faults.clone();
    process(expect, &raw, &mut faults);
    text(expect, &raw, &state.canaries, &mut faults);
    if state.alive == 0 {
        state::check(home, &state, raw.code == Some(0), &mut faults);
    }
    drop(state);
    faults.extend(
        contract::noted().iter().map(|broken| format!("O8 AWS would not accept this or another run's {broken}")),
    );
    assert!(faults.is_empty(), "the oracles say:\n  {}\n{}", faults.join("\n  "), output.describe());
    output
}

fn process(expect: &Expect, raw: &Raw, faults: &mut Vec<String>) {
    let success = raw.code == Some(0);
    if !success && !raw.stdout.is_empty() && !expect.prints_on_failure && !expect.foreign {
        faults.push("O1 stdout is not empty though it failed".into());
    }
    if raw.code == Some(101) {
        faults.push("O2 exit 101".into());
    }
    if let Some(signal) = raw.signal
        && !expect.may_be_killed
    {
        faults.push(format!("O2 ended by signal {signal}"));
    }
    if raw.overran || raw.wall > expect.deadline + Duration::from_secs(1) + raw.starved {
        faults.push(format!("O6 took {:?}, the deadline is {:?}", raw.wall, expect.deadline));
    }
    if raw.max_rss_kib > MAX_RSS_KIB && !expect.foreign {
        faults.push(format!("O6 held {} KiB", raw.max_rss_kib));
    }
}

fn text(expect: &Expect, raw: &Raw, canaries: &[Canary], faults: &mut Vec<String>) {
    let stderr = String::from_utf8_lossy(&raw.stderr);
    for sign in ["panicked at", "RUST_BACKTRACE"] {
        if stderr.contains(sign) {
            faults.push(format!("O2 `{sign}` on stderr"));
        }
    }
    for canary in canaries {
        if let Some(form) = find_canary(&raw.stderr, &canary.value) {
            faults.push(format!("O3 {form} on stderr"));
        }
    }
    match std::str::from_utf8(&raw.stderr) {
        Err(_) => faults.push("O4 stderr is not UTF-8".into()),
        Ok(text) => faults.extend(text.chars().find(|c| !printable(*c)).map(|c| format!("O4 {c:?} on stderr"))),
    }
    if !expect.foreign {
        faults.extend(hints::faults(&expect.args, &stderr));
    }
    if raw.code != Some(0) && !expect.foreign && !expect.verbose {
        if stderr.lines().count() > 8 && !expect.warns_of_many {
            faults.push("O7 more than 8 lines on stderr".into());
        }
        let debug =
            ["Some(", "Ok(", "Err(", "Error(", "Error {", " { kind: ", "Os {", "DispatchFailure", "ConnectorError"];
        faults.extend(debug.iter().find(|sign| stderr.contains(*sign)).map(|sign| format!("O7 `{sign}` on stderr")));
    }
}

/// Whether a terminal may be shown this.
pub fn printable(c: char) -> bool {
    match c {
        '\n' | '\t' => true,
        '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => false,
        _ => !c.is_control(),
    }
}

/// In which form `secret` occurs in `bytes`, if it does.
pub fn find_canary(bytes: &[u8], secret: &str) -> Option<String> {
    let short = &secret[..secret.char_indices().nth(4).map_or(secret.len(), |(at, _)| at)];
    forms(secret)
        .into_iter()
        .find(|(_, form)| memmem(bytes, form.as_bytes()))
        .map(|(name, _)| format!("the canary {short}… ({name})"))
}

fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let percent = |unreserved: &dyn Fn(u8) -> bool| {
        let encode = |byte: u8| if unreserved(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        secret.bytes().map(encode).collect::<String>()
    };
    let mut forms = vec![
        ("raw", secret.to_string()),
        ("percent-encoded", percent(&|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))),
        ("percent-encoded", percent(&|byte| byte.is_ascii_alphanumeric() || b"-._*".contains(&byte))),
        ("hex", secret.bytes().map(|byte| format!("{byte:02x}")).collect()),
        ("escaped", secret.escape_debug().to_string()),
    ];
    // The part of the Base64 text that depends on the secret alone, at each of the three alignments: finds `id:secret` for any id.
    for before in 0..3 {
        let mut padded = vec![0; before];
        padded.extend_from_slice(secret.as_bytes());
        let range = (before * 8).div_ceil(6)..padded.len() * 8 / 6;
        forms.push(("Base64", BASE64_STANDARD.encode(&padded)[range.clone()].to_string()));
        forms.push(("Base64 URL", BASE64_URL_SAFE.encode(&padded)[range].to_string()));
    }
    forms
}

fn memmem(hay: &[u8], needle: &[u8]) -> bool {
    let Some((&first, _)) = needle.split_first() else { return false };
    let mut at = 0;
    while let Some(step) = hay[at..].iter().position(|&byte| byte == first) {
        at += step;
        if hay[at..].starts_with(needle) {
            return true;
        }
        at += 1;
    }
    false
}
