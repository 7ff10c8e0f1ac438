//! `cogtok help COMMAND…` and `cogtok COMMAND help`: the same as `--help` of that command. They are no commands of clap's tree,
//! which would have to be whole for them.

use std::ffi::OsString;

use super::{WITH_VALUE, tree};

/// The line that asks for the same help with `--help`, where this one asks for help by the word.
pub fn asked(args: &[OsString]) -> Option<Vec<OsString>> {
    let mut words = Vec::new();
    let mut rest = args.iter().skip(1);
    while let Some(word) = rest.next() {
        match word.to_str() {
            Some("--") => break,
            Some(option) if WITH_VALUE.contains(&option) => drop(rest.next()),
            Some(option) if option.starts_with('-') => {}
            _ => words.push(word.clone()),
        }
    }
    let at = words.iter().take(2).position(|word| word == "help")?;
    // A name of something may be `help` as well, behind a command that is no group.
    if at == 1 && !is_group(&words) {
        return None;
    }
    words.retain(|word| word != "help");
    let program = args.first().cloned().unwrap_or_default();
    Some(std::iter::once(program).chain(words).chain([OsString::from("--help")]).collect())
}

fn is_group(words: &[OsString]) -> bool {
    let Some(name) = words.first().and_then(|word| word.to_str()) else { return false };
    let mut tree = tree::whole();
    tree.build();
    tree.find_subcommand(name).is_some_and(clap::Command::has_subcommands)
}
