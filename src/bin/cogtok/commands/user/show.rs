//! `cogtok user show`: one user as the pool knows it.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::aws::admin::Admin;
use cogtok::error::{Kind, Result, printable};
use cogtok::settings::types::Username;
use serde_json::json;

use super::list;
use super::pool_user::{no_such_user, note_seen, typed};
use crate::app::App;
use crate::app::options::Output;
use crate::completion;
use crate::io::moment::day;
use crate::io::terminal;

const FORMS: [Output; 2] = [Output::Text, Output::Json];

/// Show a user's status, groups, second factors and attributes
///
/// Where the AWS credentials don't allow AdminListGroupsForUser, the groups are left out, and null in JSON.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok user show alice@example.com -p ws\n  \
    cogtok user show alice@example.com --json | jq -r '.groups[]'")]
pub struct Show {
    /// The user: name, e-mail address or sub
    #[arg(add = ArgValueCandidates::new(completion::users))]
    username: String,
}

pub fn run(app: &App, args: &Show) -> Result<()> {
    let form = app.output(&FORMS)?;
    let username: Username = args.username.parse()?;
    let profile = app.profile(&[])?;
    profile.user_pool_id().map_err(|error| app.without_profile(&profile, error))?;
    let (user, groups) = app.block_on(async {
        let admin = Admin::new(&app.wire()?, &profile).await?;
        let user = admin.get(username.as_str()).await?.ok_or_else(|| no_such_user(username.as_str()))?;
        match admin.groups_of(username.as_str()).await {
            Ok(groups) => Ok((user, groups)),
            // Permission to read users does not imply permission to read groups.
            Err(error) if error.kind() == Kind::AwsCredentials => {
                log::warn!(target: "cogtok", "the groups are not shown: {error}");
                Ok((user, None))
            }
            Err(error) => Err(error),
        }
    })?;
    note_seen(app, &profile, [typed(&user)], groups.iter().flatten().map(String::as_str));
    if form == Output::Json {
        let mut json = list::as_json(&user);
        json["groups"] = json!(groups);
        json["mfa"] = json!(user.mfa);
        json["preferred_mfa"] = json!(user.preferred_mfa);
        return terminal::data(&terminal::json(&json)).map(drop);
    }
    let listed = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    // Members that the answer omits are left out.
    let said = [
        ("username", Some(user.username.clone())),
        ("status", user.status.clone()),
        ("enabled", user.is_enabled.map(|is| if is { "yes" } else { "no" }.to_owned())),
        ("created", user.created_at.map(day)),
        ("groups", groups.as_deref().map(listed)),
        ("mfa", user.mfa.as_deref().map(listed)),
    ];
    let mut lines: Vec<(&str, String)> = said.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    lines.extend(user.attributes.iter().map(|(name, value)| (name.as_str(), value.clone())));
    let text: String =
        lines.iter().map(|(name, value)| format!("{:<16} {}\n", printable(name, 60), printable(value, 300))).collect();
    terminal::data(&text).map(drop)
}
