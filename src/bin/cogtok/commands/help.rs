//! `cogtok help TOPIC`: pages of the documentation, from inside the program. Help on a command is the command line's own.

use clap::{Args, Subcommand};
use clap_complete::CompletionCandidate;
use clap_complete::engine::ArgValueCandidates;
use cogtok::error::{Error, Kind, Result, printable};
use cogtok::settings::keys::nearest;

use super::Command;
use crate::app::options::Global;
use crate::io::{pager, terminal};

/// A page of docs/.
pub struct Topic {
    name: &'static str,
    title: &'static str,
    packed: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/topics.rs"));

/// No command or topic is as long as a token.
pub const LONGEST_NAME: usize = 40;

/// The most bytes of a page: more than any has.
const LIMIT: usize = 1024 * 1024;

/// Show the help of a command, or a page of the documentation
///
/// `cogtok help topics` lists the pages, `cogtok help options` the options that every command has.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok help topics\n  \
    cogtok help options\n  \
    cogtok help signing-in\n  \
    cogtok help token m2m")]
pub struct Help {
    /// A topic, or the words of a command
    #[arg(value_name = "TOPIC", add = ArgValueCandidates::new(candidates))]
    words: Vec<String>,
}

pub fn run(args: &Help) -> Result<()> {
    let wanted = args.words.join(" ");
    if wanted == "topics" {
        return terminal::data(&list()).map(drop);
    }
    if wanted == "options" {
        let options = Global::augment_args(clap::Command::new("cogtok")).disable_help_flag(true);
        return terminal::help(&options.help_template("Options of every command\n\n{all-args}").render_help());
    }
    let topic = TOPICS.iter().find(|topic| topic.name == wanted).ok_or_else(|| unknown(&wanted))?;
    let page = miniz_oxide::inflate::decompress_to_vec_with_limit(topic.packed, LIMIT)
        .map_err(|why| Error::new(Kind::Failure, format!("the page can't be unpacked: {why}")))?;
    pager::show(&terminal::emphasized(&String::from_utf8_lossy(&page)))
}

fn list() -> String {
    let width = TOPICS.iter().map(|topic| topic.name.len()).max().unwrap_or_default();
    let lines = TOPICS.iter().map(|topic| format!("  {:width$}  {}\n", topic.name, topic.title));
    format!("Topics of `cogtok help TOPIC`:\n{}", lines.collect::<String>())
}

fn unknown(wanted: &str) -> Error {
    let lists = "`cogtok help topics` lists the topics, `cogtok --help` the commands";
    if wanted.len() > LONGEST_NAME {
        return Error::usage("unknown command or topic (not shown: it may be a token or a secret)").hint(lists);
    }
    let tree = commands();
    let commands = tree.get_subcommands().map(clap::Command::get_name);
    let topics = TOPICS.iter().map(|topic| topic.name).chain(["topics", "options"]);
    let near = nearest(wanted, commands.chain(topics)).map(str::to_owned);
    let error = Error::usage(format!("unknown command or topic `{}`", printable(wanted, LONGEST_NAME)));
    let error = match near {
        Some(name) => error.hint(format!("did you mean `cogtok help {name}`?")),
        None => error,
    };
    error.hint(lists)
}

fn commands() -> clap::Command {
    Command::augment_subcommands(clap::Command::new("cogtok"))
}

fn candidates() -> Vec<CompletionCandidate> {
    let topics = TOPICS.iter().map(|topic| CompletionCandidate::new(topic.name).help(Some(topic.title.into())));
    let commands: Vec<CompletionCandidate> = commands()
        .get_subcommands()
        .map(|command| CompletionCandidate::new(command.get_name()).help(command.get_about().cloned()))
        .collect();
    topics.chain(commands).collect()
}
