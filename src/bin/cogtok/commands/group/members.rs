//! `cogtok group members`: the users of a group.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::Result;

use super::name::check_name;
use crate::app::App;
use crate::commands::user::list;
use crate::completion;

/// List the users of a group
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok group members class -p ws\n  \
    cogtok group members class -o text | wc -l")]
pub struct Members {
    /// The group
    #[arg(add = ArgValueCandidates::new(completion::groups))]
    group: String,
    /// How many users at the most
    #[arg(long, value_name = "N", default_value = "10000")]
    limit: usize,
}

pub fn run(app: &App, args: &Members) -> Result<()> {
    check_name(&args.group)?;
    list::print(app, args.limit, Some(&args.group), None)
}
