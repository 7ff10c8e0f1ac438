//! Parses the plain command lines that scripts use, without clap: building its tree takes longer than serving a cached token. All other
//! lines go to clap. A test checks that both give the same result.

use std::ffi::OsString;

use super::line::Cli;
use crate::app::options::Global;
use crate::args::token_options::TokenOptions;
use crate::commands::Command;
use crate::commands::profile;
use crate::commands::token::{self, m2m::M2m, user::User};
use crate::io::shell::Export;

/// The command that a shell prompt runs.
const PROMPT: [&str; 3] = ["profile", "current", "--prompt"];

/// The command line, where it is `token m2m` or `token user` with nothing but the options that scripts use, each once.
pub fn parse(args: &[OsString]) -> Option<Cli> {
    if args.iter().skip(1).eq(PROMPT) {
        let current = profile::current::Current { prompt: true };
        return Some(Cli { global: Global::default(), command: Command::Profile(profile::Command::Current(current)) });
    }
    let mut words = args.iter().skip(1).map(|arg| arg.to_str());
    if words.next()?? != "token" {
        return None;
    }
    let kind = words.next()??;
    let (mut global, mut shared) = (Global::default(), TokenOptions::default());
    let (mut m2m, mut user) = (M2m::default(), User::default());
    while let Some(word) = words.next() {
        let mut value = || words.next().flatten().filter(|value| !value.starts_with('-')).map(str::to_owned);
        match word? {
            "-p" | "--profile" if global.profile.is_none() => global.profile = Some(value()?),
            "--username" if kind == "user" && user.username.is_none() => user.username = Some(value()?),
            "-q" | "--quiet" if !global.quiet => global.quiet = true,
            "--json" if !global.json => global.json = true,
            "--header" if !shared.header => shared.header = true,
            "--export" if shared.export.is_none() => shared.export = Some(Export::Sh),
            _ => return None,
        }
    }
    let forms = [global.json, shared.header, shared.export.is_some()];
    if forms.iter().filter(|is_asked| **is_asked).count() > 1 {
        return None;
    }
    let command = match kind {
        "m2m" => {
            m2m.shared = shared;
            token::Command::M2m(m2m)
        }
        "user" => {
            user.shared = shared;
            token::Command::User(user)
        }
        _ => return None,
    };
    Some(Cli { global, command: Command::Token(command) })
}

#[cfg(test)]
mod tests {
    use crate::cli::command_tree;

    use super::*;

    const WORDS: [&str; 13] = [
        "-p",
        "ws",
        "--profile",
        "--username",
        "alice",
        "-q",
        "--quiet",
        "--json",
        "--header",
        "--export",
        "--",
        "-",
        "",
    ];

    /// Every command line of these words up to this length.
    fn lines(length: usize) -> Vec<Vec<&'static str>> {
        let mut all = vec![vec![]];
        let mut last = all.clone();
        for _ in 0..length {
            last = last.iter().flat_map(|line| WORDS.map(|word| [line.as_slice(), &[word]].concat())).collect();
            all.extend(last.clone());
        }
        all
    }

    #[test]
    fn it_never_disagrees_with_clap() {
        let mut taken = 0;
        for kind in ["m2m", "user", "other"] {
            for line in lines(3) {
                let words = [&["cogtok", "token", kind], line.as_slice()].concat();
                let args: Vec<OsString> = words.iter().map(OsString::from).collect();
                if let Some(plain) = parse(&args) {
                    let clap = command_tree::parse(&args).unwrap_or_else(|error| panic!("{words:?}: {error}"));
                    assert_eq!(format!("{plain:?}"), format!("{clap:?}"), "{words:?}");
                    taken += 1;
                }
            }
        }
        assert!(taken > 100, "only {taken} lines were taken");
        let args: Vec<OsString> = ["cogtok"].iter().chain(&PROMPT).map(OsString::from).collect();
        let (plain, clap) = (parse(&args).unwrap(), command_tree::parse(&args).unwrap());
        assert_eq!(format!("{plain:?}"), format!("{clap:?}"));
    }

    #[test]
    fn what_is_not_plain_is_claps() {
        for line in
            ["token", "token m2m --scope a", "token m2m -pws", "profile list", "token user --help", "token m2m -v"]
        {
            let args: Vec<OsString> = ["cogtok"].into_iter().chain(line.split(' ')).map(OsString::from).collect();
            assert!(parse(&args).is_none(), "{line}");
        }
    }
}
