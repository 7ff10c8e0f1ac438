//! Every command with a standard stream that is closed or full: nothing is lost without a word, and nothing waits.

use crate::call_gateway_wire::or_hello;
use crate::completion::listed;
use crate::exec::issuing;
use crate::harness::apis::RUNTIME;
use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::{Home, Output, Server, agent, api, m2m_jwt, unique, workshop};
use std::collections::BTreeSet;
use std::time::Duration;

const PASSWORD: &str = "Correct-Horse-7-Battery";

/// What a command gives for its caller to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gives {
    /// Data on standard output.
    Data,
    /// Nothing but its exit code.
    Nothing,
}
use Gives::{Data, Nothing};

/// Every command, in an order in which each has what it needs; EMAIL, MADE, ISSUER, IDENTITY, API and AGENT are filled in.
const COMMANDS: [(&str, Gives); 65] = [
    ("profile create other --client-id web", Nothing),
    ("profile list", Data),
    ("profile list --json", Data),
    ("profile list -o text", Data),
    ("profile show other", Data),
    ("profile show other --json", Data),
    ("profile show other --origin", Data),
    ("profile current", Data),
    ("profile current --prompt", Data),
    ("profile lint --json", Data),
    ("profile set other region us-east-1", Nothing),
    ("profile export other", Data),
    ("profile use other", Nothing),
    ("profile use ws", Nothing),
    ("profile use -", Nothing),
    ("profile use -", Nothing),
    ("profile unset other region", Nothing),
    ("profile edit", Nothing),
    ("profile copy other like", Nothing),
    ("profile rename like other2", Nothing),
    ("profile delete other2 --yes", Nothing),
    ("profile delete other --yes", Nothing),
    ("profile import ISSUER --name imported", Nothing),
    ("profile import ISSUER --name imported --replace --json", Data),
    ("secret init IDENTITY", Nothing),
    ("secret set m2m-client", Nothing),
    ("secret status", Data),
    ("secret status --json", Data),
    ("doctor", Data),
    ("doctor --json --offline", Data),
    ("token m2m", Data),
    ("token m2m --json", Data),
    ("token m2m --header", Data),
    ("token m2m --export=nushell", Data),
    ("header --as m2m", Data),
    ("exec --as m2m -- true", Nothing),
    ("call http API --as m2m", Data),
    ("call runtime AGENT --as m2m --prompt hello", Data),
    ("token user --username EMAIL", Data),
    ("token inspect --username EMAIL", Data),
    ("token inspect --username EMAIL --claim scope", Data),
    ("token verify --username EMAIL", Data),
    ("token verify --username EMAIL --token id --json", Data),
    ("token check --for identity-pool --username EMAIL --token id", Data),
    ("status", Data),
    ("status --json", Data),
    ("cache list", Data),
    ("cache list --json", Data),
    ("cache clear --expired", Nothing),
    ("logout --username EMAIL", Nothing),
    ("user show EMAIL", Data),
    ("user list --limit 3", Data),
    ("user list --limit 3 --json", Data),
    ("user create MADE", Data),
    ("user set-password MADE", Data),
    ("user runs --json", Data),
    ("user delete MADE --yes", Nothing),
    ("secret delete m2m-client", Nothing),
    ("completions bash", Data),
    ("completions fish --install", Nothing),
    ("help exit-codes", Data),
    ("--help", Data),
    ("user create -h", Data),
    ("--version", Data),
    ("", Data),
];

/// Those that need more than this home has, and are tried with their own tests: a browser, a session, an identity pool, a model,
/// an MCP server or client, a terminal, other users and groups, another secret.
const ELSEWHERE: [&str; 31] = [
    "login",
    "token exchange",
    "token revoke",
    "aws-credentials",
    "call model",
    "call gateway",
    "mcp-proxy",
    "init",
    "user enable",
    "user disable",
    "user confirm",
    "user sign-out",
    "user reset-mfa",
    "user try",
    "user reap",
    "group list",
    "group create",
    "group delete",
    "group add",
    "group remove",
    "group members",
    "sign-up",
    "password forgot",
    "password confirm",
    "password change",
    "secret list-remote",
    "secret rotate",
    "mcp install",
    "mcp remove",
    "mcp list",
    "serve",
];

/// Runs them all in one home with this redirection.
fn with(redirect: &str) -> Vec<(&'static str, Gives, Output)> {
    let home = Home::new();
    home.workshop_profile(workshop());
    home.canary_password(PASSWORD);
    let (email, made) = (workshop().user(PASSWORD), format!("{}@example.com", unique("streams")));
    let identity = home.allow(home.path("keys/identity.txt"));
    let identity = identity.to_str().unwrap();
    let issuer = format!("{}/{}", workshop().endpoint, workshop().pool_id);
    let api = api().url("/echo");
    let agent = agent().url(&format!("/runtimes/{}", RUNTIME.replace(':', "%3A").replace('/', "%2F")));
    let run = |(line, gives): (&'static str, Gives)| {
        let words = line.split_whitespace().map(|word| match word {
            "EMAIL" => email.as_str(),
            "MADE" => made.as_str(),
            "ISSUER" => issuer.as_str(),
            "IDENTITY" => identity,
            "API" => api.as_str(),
            "AGENT" => agent.as_str(),
            word => word,
        });
        let mut run =
            home.cogtok(words).aws().env("COGTOK_SECRET_IDENTITY", identity).env("VISUAL", "true").redirect(redirect);
        if line.starts_with("token") {
            run = run.env("COGTOK_PASSWORD", PASSWORD);
        }
        if line.starts_with("secret set") {
            run = run.stdin(workshop().m2m_secret());
        }
        (line, gives, run.timeout(Duration::from_secs(10)).run())
    };
    COMMANDS.into_iter().map(run).collect()
}

#[test]
fn the_table_here_has_every_command() {
    let home = Home::new();
    let (mut known, mut missing) = (BTreeSet::new(), Vec::new());
    for (line, _) in COMMANDS {
        let words =
            line.split_whitespace().take_while(|word| word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
        known.insert(words.take(2).filter(|word| !word.starts_with('-')).collect::<Vec<_>>().join(" "));
    }
    known.extend(ELSEWHERE.map(String::from));
    for (group, _) in listed(&home, &[]) {
        let commands = listed(&home, &[&group]);
        if commands.is_empty() && !known.iter().any(|line| line.starts_with(&group)) {
            missing.push(group.clone());
        }
        let paths = commands.into_iter().map(|(command, _)| format!("{group} {command}"));
        missing.extend(paths.filter(|path| !known.contains(path)));
    }
    assert!(missing.is_empty(), "no row for {missing:?}");
}

#[test]
fn a_full_standard_output_is_exit_7_wherever_there_is_something_to_print() {
    for (line, gives, output) in with(">/dev/full") {
        if gives == Nothing {
            output.ok();
            continue;
        }
        output.code(7).stderr_has("standard output can't be written: No space left on device");
        if line.starts_with("user set-password") {
            // The old password is gone and nobody has seen the new one.
            output.stderr_has("hint: ").stderr_has("cogtok user set-password");
        }
    }
}

#[test]
fn a_closed_standard_output_is_no_error_and_swallows_no_password_without_a_word() {
    for (line, _, output) in with(">&-") {
        output.ok();
        if line.starts_with("user create") && !line.ends_with("-h") {
            output.stderr_has("cogtok user create -p ws --resume");
        }
        if line.starts_with("user set-password") {
            output.stderr_has("cogtok user set-password");
        }
    }
}

#[test]
fn a_proxy_goes_on_where_its_standard_output_leads_nowhere() {
    let (home, _tokens) = issuing(&m2m_jwt(CLIENT, "api/read api/write"));
    for redirect in [">&-", "1<>/dev/null", ">/dev/null"] {
        let server = Server::start(|request| or_hello(request, |_| None));
        let run = home.cogtok(["mcp-proxy", &format!("{}/mcp", server.url())]).env("COGTOK_M2M_CLIENT_SECRET", SECRET);
        // The first line is answered at once, the second by the server.
        let lines = "{\n{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"t\"}}\n";
        run.stdin(lines).redirect(redirect).run().ok().quiet();
        assert_eq!(server.hits(), 1, "{redirect}");
    }
}

#[test]
fn standard_error_closed_or_full_changes_neither_data_nor_exit_code() {
    for redirect in ["2>&-", "2>/dev/full"] {
        for (line, gives, output) in with(redirect) {
            output.ok().check(output.stdout.is_empty() == (gives == Nothing), &format!("what `{line}` gives"));
        }
        let home = Home::new();
        home.cogtok(["token", "m2m"]).redirect(redirect).run().code(3);
        home.cogtok(["tokn"]).redirect(redirect).run().code(2);
    }
}

#[test]
fn with_standard_input_closed_no_command_waits() {
    // What is read is the end of the file at once, so that alone which needs a value misses one.
    let is_fed = |line: &str| ["secret ", "token m2m", "header ", "call "].iter().any(|start| line.starts_with(start));
    for (line, gives, output) in with("<&-") {
        match line {
            "secret set m2m-client" => drop(output.code(2).stderr_has("empty")),
            line if line.starts_with("exec ") => drop(output.code(125).stderr_has("secret")),
            _ if is_fed(line) && output.code != Some(0) => drop(output.code(5).stderr_has("secret")),
            _ => drop(output.ok().check(output.stdout.is_empty() == (gives == Nothing), line)),
        }
        output.within(Duration::from_secs(2));
    }
    let home = Home::new();
    home.workshop_profile(workshop());
    for (words, code) in [
        (&["profile", "delete", "ws"][..], 5),
        (&["user", "delete", "alice@example.com"], 5),
        (&["token", "user", "--username", "alice@example.com"], 5),
        (&["token", "user", "--username", "alice@example.com", "--password-stdin"], 2),
        (&["token", "m2m"], 5),
        (&["token", "m2m", "--client-secret-stdin"], 2),
        (&["user", "create", "--password-stdin"], 2),
        (&["user", "set-password", "alice@example.com", "--ask"], 5),
        (&["user", "set-password", "alice@example.com", "--password-stdin"], 2),
    ] {
        let output = home.cogtok(words).aws().redirect("<&-").run();
        output.code(code).within(Duration::ZERO);
    }
}
