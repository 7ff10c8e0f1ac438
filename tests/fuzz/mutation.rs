//! Inputs made of the seeds by changing them at random, the same in each short run.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

// Shared with the tests that drive the program.
#[allow(dead_code)]
#[path = "../cli/harness/promises.rs"]
mod promises;

/// Inputs of a short run, and how long a long one takes at the most.
const SHORT: usize = 4000;
const LONG: Duration = Duration::from_secs(300);

/// The largest input.
const MOST_BYTES: usize = 16 * 1024;

/// What is put in: what these formats are made of, and what readers stumble over.
const PIECES: [&str; 48] = [
    "\"",
    "'",
    "`",
    "\\",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ":",
    ",",
    ".",
    "=",
    "==",
    "#",
    ";",
    "$",
    "%",
    "&",
    "?",
    "/",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\0",
    "\u{1b}",
    "\u{7f}",
    "\u{feff}",
    "\u{202e}",
    "\u{2028}",
    "é",
    "🎻",
    "null",
    "true",
    "-1",
    "0",
    "1e400",
    "9999999999999999999999",
    "\\u0000",
    "\\ud800",
    "\\u0065",
    "eyJ",
    "data: ",
    "id: ",
    "[[[[[[[[",
    "{\"a\":",
];

/// A generator of numbers (xorshift), good enough to choose places.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound.max(1) as u64).unwrap()
    }
}

/// Gives `body` every seed of `target`, then changed ones.
pub fn trials(target: &str, body: fn(&[u8])) {
    let seeds = seeds(target);
    let mut hasher = DefaultHasher::new();
    target.hash(&mut hasher);
    let mut numbers = Numbers(hasher.finish() | 1);
    let mut cases = 0;
    for seed in &seeds {
        try_one(body, seed);
        cases += 1;
    }
    let (start, is_long) = (Instant::now(), promises::is_long());
    while if is_long { start.elapsed() < LONG } else { cases < SHORT } {
        let mut input = seeds[numbers.below(seeds.len())].clone();
        for _ in 0..=numbers.below(6) {
            change(&mut input, &seeds, &mut numbers);
        }
        input.truncate(MOST_BYTES);
        try_one(body, &input);
        cases += 1;
    }
    promises::held(
        "any bytes are survived by what reads them, or are refused in words that a terminal may show",
        cases,
    );
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds").join(target);
    let entries = std::fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 3, "few seeds in {}", dir.display());
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn try_one(body: fn(&[u8]), input: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| body(input))).is_err() {
        panic!("with the input b\"{}\"", input.escape_ascii());
    }
}

fn change(input: &mut Vec<u8>, seeds: &[Vec<u8>], numbers: &mut Numbers) {
    let at = numbers.below(input.len() + 1);
    let end = (at + 1 + numbers.below(16)).min(input.len());
    match numbers.below(9) {
        0 if at < input.len() => input[at] ^= 1 << numbers.below(8),
        1 if at < input.len() => input[at] = u8::try_from(numbers.below(256)).unwrap(),
        2 if at < end => drop(input.drain(at..end)),
        3 if at < end => {
            let again = input[at..end].to_vec();
            input.splice(at..at, again);
        }
        4 => input.truncate(at),
        5 => {
            let other = &seeds[numbers.below(seeds.len())];
            let from = numbers.below(other.len() + 1);
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
        6 => {
            let other = &seeds[numbers.below(seeds.len())];
            let from = numbers.below(other.len() + 1);
            let to = (from + 1 + numbers.below(24)).min(other.len());
            input.splice(at..at, other[from..to].iter().copied());
        }
        _ => drop(input.splice(at..at, PIECES[numbers.below(PIECES.len())].bytes())),
    }
}
