//! One token, three verifiers that share no code: cogtok, PyJWT and AWS's own aws-jwt-verify. Where they differ, a list says
//! why.

use crate::harness::ministack::venv;
use crate::harness::mutated_tokens::{self, Mutant, NOW, NOW_FOR_FAKETIME};
use crate::harness::sign::{CLIENT, ISSUER, MACHINE, POOL};
use crate::harness::{Home, need, promises};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The differences that are meant: which tokens, what each verifier says, and the reason.
const DIFFERENCES: &str = include_str!("../fixtures/verdicts/differences.tsv");

/// The package aws-jwt-verify, installed from npm at the first use.
fn aws_jwt_verify() -> PathBuf {
    need("npm", "npm");
    let target = crate::harness::target_dir();
    let lock = File::create(target.join("aws-jwt-verify.lock")).expect("the package's lock file");
    lock.lock().expect("lock");
    let script = include_str!("../fixtures/aws-jwt-verify.sh");
    let done = Command::new("sh").args(["-c", script, "aws-jwt-verify.sh"]).arg(&target).stdin(Stdio::null()).output();
    let done = done.expect("sh");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    target.join("aws-jwt-verify/node_modules/aws-jwt-verify")
}

/// What a program says of each token: `valid`, or why not.
fn judged_by(program: &mut Command, mutants: &[Mutant]) -> Vec<String> {
    let tokens: Vec<&str> = mutants.iter().map(|mutant| mutant.token.as_str()).collect();
    let issuers = [ISSUER.to_owned(), ISSUER.replace("//cognito", "//issuer-cognito")];
    let given = json!({"jwks": mutated_tokens::jwks(), "now": NOW, "pool": POOL, "issuers": issuers,
        "clients": [CLIENT, MACHINE], "tokens": tokens});
    let mut child = program
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program:?}: {error}"));
    let mut stdin = child.stdin.take().expect("piped");
    let writer = std::thread::spawn(move || stdin.write_all(given.to_string().as_bytes()));
    let done = child.wait_with_output().expect("wait");
    writer.join().expect("a thread").expect("write");
    assert!(done.status.success(), "{program:?}: {}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("a list")
}

/// What cogtok says of these tokens.
fn judged_by_cogtok(mutants: &[Mutant]) -> Vec<String> {
    let home = Home::new();
    home.pool_profile("http://127.0.0.1:9");
    let keys = home.plant("keys.json", mutated_tokens::jwks().to_string());
    let keys = keys.to_str().expect("UTF-8");
    let verdict = |mutant: &Mutant| {
        let run = home.cogtok(["token", "verify", "-", "--offline", "--json", "--jwks", keys]).stdin(&mutant.token);
        let output = run.env("TZ", "UTC").under(["faketime", "-f", NOW_FOR_FAKETIME]).run();
        let object: Value = serde_json::from_str(&output.stdout).unwrap_or_default();
        let is_valid = output.code == Some(0);
        output.check(matches!(output.code, Some(0 | 2 | 8)), &mutant.name);
        output.check(is_valid == (object["verified"] == true), &mutant.name);
        if is_valid { "valid".to_owned() } else { output.stderr.lines().next().unwrap_or("refused").to_owned() }
    };
    mutants.iter().map(verdict).collect()
}

/// A line of the list of differences.
struct Difference {
    names: &'static str,
    verdicts: [bool; 3],
    reason: &'static str,
}

impl Difference {
    fn all() -> Vec<Self> {
        let lines = DIFFERENCES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(Difference::read).collect()
    }

    fn read(line: &'static str) -> Self {
        let cells: Vec<&str> = line.split('\t').collect();
        let [names, cogtok, pyjwt, aws, reason] = cells[..] else { panic!("not five cells: {line}") };
        let verdict = |cell: &str| match cell {
            "valid" => true,
            "refused" => false,
            _ => panic!("neither `valid` nor `refused`: {line}"),
        };
        let verdicts = [verdict(cogtok), verdict(pyjwt), verdict(aws)];
        assert!(verdicts != [verdicts[0]; 3], "no difference: {line}");
        assert!(reason.len() > 20 && reason.ends_with('.'), "no reason: {line}");
        Difference { names, verdicts, reason }
    }

    fn is_of(&self, name: &str) -> bool {
        match self.names.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == self.names,
        }
    }
}

#[test]
fn three_verifiers_agree_on_every_token_or_the_reason_is_written_down() {
    need("faketime", "faketime");
    let mutants = mutated_tokens::mutants();
    let names: BTreeSet<&str> = mutants.iter().map(|mutant| mutant.name.as_str()).collect();
    assert!(names.len() == mutants.len() && names.len() >= 500, "{} names of {} tokens", names.len(), mutants.len());
    let mut python = Command::new(venv().join("bin/python"));
    let pyjwt = judged_by(python.args(["-I", "-B", "-c", include_str!("../fixtures/verdicts/pyjwt.py")]), &mutants);
    let mut node = Command::new("node");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/verdicts/aws_jwt_verify.js");
    let node = node.arg(script).arg(aws_jwt_verify());
    let aws = judged_by(node, &mutants);
    let cogtok: Vec<String> = std::thread::scope(|threads| {
        let parts = mutants.chunks(mutants.len().div_ceil(4)).map(|part| threads.spawn(|| judged_by_cogtok(part)));
        let parts: Vec<_> = parts.collect();
        parts.into_iter().flat_map(|part| part.join().expect("no panic")).collect()
    });
    let differences = Difference::all();
    let mut used = BTreeSet::new();
    let mut unexplained = Vec::new();
    let mut agreed = [0, 0];
    for (at, mutant) in mutants.iter().enumerate() {
        let said = [&cogtok[at], &pyjwt[at], &aws[at]];
        let verdicts = said.map(|said| said == "valid");
        if verdicts == [verdicts[0]; 3] {
            agreed[usize::from(verdicts[0])] += 1;
            continue;
        }
        let known = differences.iter().position(|one| one.verdicts == verdicts && one.is_of(&mutant.name));
        match known {
            Some(known) => drop(used.insert(known)),
            None => unexplained.push(format!("{}\n    {}", mutant.name, said.map(String::as_str).join("\n    "))),
        }
    }
    assert!(unexplained.is_empty(), "{} without a reason:\n{}", unexplained.len(), unexplained.join("\n"));
    for (at, one) in differences.iter().enumerate() {
        assert!(used.contains(&at), "no token is any more: {} ({})", one.names, one.reason);
    }
    assert!(agreed[0] >= 300 && agreed[1] >= 30, "refused and accepted by all: {agreed:?}");
    promises::held(
        "a token gets the verdict that PyJWT and aws-jwt-verify give it, or the reason is written down",
        mutants.len(),
    );
}
