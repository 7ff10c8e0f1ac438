//! The options that every command takes, and how the values of several are read.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use cogtok::settings::keys::parse_min_validity;
use cogtok::settings::types::parse_duration;

use crate::io::terminal::Color;

/// Options that every command takes.
#[derive(Debug, Default, Clone, Args)]
pub struct Global {
    /// The profile to use; else COGTOK_PROFILE, else the default
    #[arg(short, long, global = true, value_name = "NAME", help_heading = "Global options")]
    pub profile: Option<String>,
    /// The configuration file; else COGTOK_CONFIG, else ~/.config/cogtok/config.toml
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub config: Option<PathBuf>,
    /// The AWS Region; else read from the pool id
    #[arg(long, global = true, value_name = "REGION", help_heading = "Global options")]
    pub region: Option<String>,
    /// The profile of ~/.aws whose credentials sign AWS calls
    #[arg(long, global = true, value_name = "NAME", help_heading = "Global options")]
    pub aws_profile: Option<String>,
    /// Where the AWS APIs are instead of at AWS, such as a local Cognito
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    pub endpoint_url: Option<String>,
    /// How to print the result
    #[arg(short, long, global = true, value_enum, value_name = "FORMAT", help_heading = "Global options")]
    pub output: Option<Output>,
    /// Short for --output json
    #[arg(long, global = true, conflicts_with = "output", help_heading = "Global options")]
    pub json: bool,
    /// Never ask anything
    #[arg(long, global = true, help_heading = "Global options")]
    pub no_input: bool,
    /// Say nothing but errors
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Global options")]
    pub quiet: bool,
    /// Show requests (-v) and their redacted bodies (-vv)
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Global options")]
    pub verbose: u8,
    /// How long the whole call may take, waiting for locks included [default: 30s]
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration, help_heading = "Global options")]
    pub timeout: Option<Duration>,
    /// Certificate authorities to trust besides the system's, as a PEM file
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub ca_bundle: Option<PathBuf>,
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true,
        help_heading = "Global options"
    )]
    pub color: Color,
}

/// `--timeout` of a command for which it means something else by default.
pub fn timeout(help: &'static str) -> clap::Arg {
    let timeout = clap::Arg::new("timeout").long("timeout").global(true).value_name("DURATION").value_parser(duration);
    // Listed where the options of `Global` are.
    timeout.help(help).help_heading("Global options").display_order(10)
}

/// The forms of `--output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// The plain value
    Text,
    /// A table
    Table,
    /// JSON
    Json,
    /// JSON, one object a line
    Jsonl,
    /// Comma-separated values
    Csv,
}

/// A duration option.
pub fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.message().to_owned())
}

/// A value that an option can't do without. One that is empty comes from a variable that is not set, and must stand neither for nothing nor
/// for all: without scopes Cognito grants all that a client may have.
pub fn not_empty(text: &str) -> Result<String, EmptyValue> {
    if text.trim().is_empty() { Err(EmptyValue) } else { Ok(text.to_owned()) }
}

/// The error for an option that names nothing.
#[derive(Debug)]
pub struct EmptyValue;

impl std::error::Error for EmptyValue {}

impl fmt::Display for EmptyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is empty")
    }
}

/// How long a cached token must still be valid, as an option.
pub fn min_validity(text: &str) -> Result<Duration, String> {
    parse_min_validity(text).map_err(|error| error.message().to_owned())
}
