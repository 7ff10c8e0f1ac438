//! Whether the completed word is an argument with values of its own, even if none is available now.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};
use clap_complete::ArgValueCandidates;

/// Whether an argument with values of its own follows these words, of which the first is the program's name.
pub fn has_values(tree: &Command, words: &[OsString]) -> bool {
    let mut words = words.iter().skip(1).map(|word| word.to_string_lossy());
    let (mut command, mut filled) = (tree, 0);
    while let Some(word) = words.next() {
        if word == "--" {
            filled += words.by_ref().count();
        } else if word.starts_with('-') && word.len() > 1 {
            // The completed word may be the option's value.
            if takes_next(command, tree, &word) && words.next().is_none() {
                return false;
            }
        } else if let Some(inner) = command.find_subcommand(&*word).filter(|_| filled == 0) {
            command = inner;
        } else {
            filled += 1;
        }
    }
    let is_any_number = |arg: &&Arg| matches!(arg.get_action(), ArgAction::Append);
    let arg = command.get_positionals().nth(filled).or_else(|| command.get_positionals().last().filter(is_any_number));
    arg.is_some_and(|arg| arg.get::<ArgValueCandidates>().is_some())
}

/// Whether the next word is the value of this option.
fn takes_next(command: &Command, tree: &Command, word: &str) -> bool {
    let is_it = |arg: &&Arg| match word.strip_prefix("--") {
        Some(long) => arg.get_long() == Some(long),
        None => word.strip_prefix('-').is_some_and(|short| arg.get_short().is_some_and(|c| short == c.to_string())),
    };
    let option = command.get_arguments().find(is_it).or_else(|| tree.get_arguments().find(is_it));
    option.is_some_and(|arg| arg.get_action().takes_values() && !arg.is_require_equals_set())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_with_values_is_known_behind_options_and_other_arguments() {
        for (line, expected) in [
            ("cogtok profile use", true),
            ("cogtok -p ws --json profile use --timeout 5s", true),
            ("cogtok --config=x profile export one two", true),
            ("cogtok profile set ws", true),
            ("cogtok secret set --username alice", true),
            ("cogtok profile use ws", false),
            ("cogtok profile use -p", false),
            ("cogtok profile create", false),
            ("cogtok profile", false),
            ("cogtok token m2m", false),
            ("cogtok", false),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let mut tree = super::super::command_tree::along(&words);
            tree.build();
            assert_eq!(has_values(&tree, &words), expected, "{line}");
        }
    }
}
