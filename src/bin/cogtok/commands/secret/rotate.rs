//! `cogtok secret rotate`: another secret for an app client, without a moment in which none works.

use std::time::Duration;

use clap::Args;
use cogtok::error::{Error, Kind, Result};
use cogtok::settings::keys::Key;
use cogtok::settings::types::parse_duration;

use crate::app::App;
use crate::io::moment::moment;
use crate::io::terminal;
use crate::services::rotation::{Outcome, Rotation};

/// How long the old secret works by default.
const GRACE: Duration = Duration::from_secs(24 * 60 * 60);

/// Replace the secret of an app client, without downtime
///
/// Cognito adds a second secret, cogtok requests a token with it, and the new secret replaces the old one in the secret
/// store or in Secrets Manager. After the grace period the same command deletes the old secret; before that it says
/// when. Run the command again to continue a rotation that was interrupted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok secret rotate m2m-client -p ws --dry-run\n  \
    cogtok secret rotate m2m-client -p ws\n  \
    cogtok secret rotate m2m-client -p ws --grace 0s --yes")]
pub struct Rotate {
    // Only one kind can be rotated; the argument allows for more.
    /// m2m-client: the secret of the machine-to-machine app client
    #[arg(value_parser = ["m2m-client"], hide_possible_values = true)]
    kind: String,
    /// A Secrets Manager secret that holds the client secret [default: the profile's m2m.secret_arn]
    #[arg(long, value_name = "ARN")]
    secret_arn: Option<String>,
    /// How long the old secret works [default: 24h]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    grace: Option<Duration>,
    /// Say what would be done, and do nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub fn run(app: &App, args: &Rotate) -> Result<()> {
    let profile = app.resolve_region(app.profile(&[(Key::SecretArn, args.secret_arn.clone())])?);
    profile.user_pool_id().map_err(|error| app.without_profile(&profile, error))?;
    let rotation = Rotation::new(app, &profile)?;
    let grace = args.grace.unwrap_or(GRACE);
    if args.dry_run {
        let text: String = rotation.plan(grace)?.iter().map(|step| format!("{step}\n")).collect();
        return terminal::data(&text).map(drop);
    }
    let question = "Rotate the secret of the machine-to-machine client?";
    if !args.yes && !terminal::confirm(question, "add `--yes`, or `--dry-run` to see what would be done")? {
        return Err(Error::new(Kind::Failure, "nothing was changed"));
    }
    match rotation.run(grace)? {
        Outcome::Done => terminal::note("the new secret is in use, and the old one is deleted"),
        Outcome::Grace(until) => {
            let until = u64::try_from(until).map(moment).unwrap_or_default();
            terminal::note(&format!("the new secret is in use, and the old one works until {until}"));
            terminal::hint("delete it then: cogtok secret rotate m2m-client{p}; `--grace 0s` deletes it at once");
        }
    }
    Ok(())
}
