//! `cogtok group create`: a new group.

use clap::Args;
use cogtok::aws::admin::Admin;
use cogtok::aws::groups::NewGroup;
use cogtok::error::Result;

use super::list::as_json;
use super::name::check_name;
use crate::app::App;
use crate::app::options::Output;
use crate::commands::user::pool_user::note_seen;
use crate::io::terminal;

const FORMS: [Output; 2] = [Output::Text, Output::Json];

/// Create a group
///
/// The groups of a user are in its tokens, in the claim `cognito:groups`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok group create class -p ws\n  \
    cogtok group create admins -p ws --description 'The hosts' --precedence 1")]
pub struct Create {
    /// The group
    group: String,
    /// What the group is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// The rank among the groups of a user: the lowest comes first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    precedence: Option<i32>,
    /// The IAM role that an identity pool may give the users of the group
    #[arg(long, value_name = "ARN")]
    role_arn: Option<String>,
}

pub fn run(app: &App, args: &Create) -> Result<()> {
    let form = app.output(&FORMS)?;
    check_name(&args.group)?;
    let profile = app.profile(&[])?;
    profile.user_pool_id().map_err(|error| app.without_profile(&profile, error))?;
    let new = NewGroup {
        name: &args.group,
        description: args.description.as_deref(),
        precedence: args.precedence,
        role_arn: args.role_arn.as_deref(),
    };
    let group = app.block_on(async { Admin::new(&app.wire()?, &profile).await?.create_group(&new).await })?;
    note_seen(app, &profile, [], [group.name.as_str()]);
    if form == Output::Json {
        return terminal::data(&terminal::json_line(&as_json(&group))).map(drop);
    }
    terminal::note(&format!("created group {}", group.name));
    Ok(())
}
