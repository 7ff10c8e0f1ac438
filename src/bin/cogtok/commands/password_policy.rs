//! What the pool asks of a password, shown before a person types a new one.

use std::time::Duration;

use cogtok::aws::admin::Admin;
use cogtok::aws::users::PasswordPolicy;
use cogtok::error::{Error, Result};
use cogtok::settings::profile::Profile;

use crate::app::App;
use crate::env;
use crate::io::terminal;

/// The longest that a person waits for the policy before the question.
const PATIENCE: Duration = Duration::from_secs(5);

/// Shows the policy where somebody is there and it can be known, which takes AWS credentials. A command that does without
/// them looks for none that nobody named.
pub fn show(app: &App, profile: &Profile, is_signed: bool) {
    if terminal::can_ask() && (is_signed || names_credentials(profile)) {
        print(app.block_on(find(app, profile)));
    }
}

/// As [`show`], for a command that does without AWS credentials, within its own requests.
pub async fn show_meanwhile(app: &App, profile: &Profile) {
    if terminal::can_ask() && names_credentials(profile) {
        print(app.within_deadline(find(app, profile)).await);
    }
}

fn names_credentials(profile: &Profile) -> bool {
    profile.user_pool_id.is_some() && (profile.aws_profile.is_some() || env::var("AWS_ACCESS_KEY_ID").is_some())
}

async fn find(app: &App, profile: &Profile) -> Result<PasswordPolicy> {
    let policy = async { Admin::new(&app.wire()?, profile).await?.password_policy().await };
    let late = |_| Error::network("no answer in time");
    tokio::time::timeout(PATIENCE, policy).await.map_err(late)?
}

fn print(policy: Result<PasswordPolicy>) {
    match policy {
        Ok(policy) => terminal::show(&format!("The pool wants {policy}.\n")),
        Err(why) => log::info!(target: "cogtok", "the pool's password policy is not known: {why}"),
    }
}
