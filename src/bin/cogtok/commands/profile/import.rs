//! `cogtok profile import`: creates a profile from the output of a workshop.

mod apply;
mod collect;
mod existing_secrets;
mod plan;
mod profile_plan;
mod report;
mod shared_export;
mod source;
mod targets;

use std::path::PathBuf;

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Error, Result};
use cogtok::oauth::client_bundle::candidates::ProfileCandidate;
use cogtok::settings::types::ProfileName;

use crate::app::App;
use crate::app::options::Output;
use crate::completion;
use crate::io::terminal;
use crate::services::import::SourceKind;
use collect::CollectedSources;
pub use plan::Choice;
use plan::{ImportPlan, Opener, SecretHandling, TakenNames, Writing};
pub use profile_plan::ProfilePlan;
use source::Opened;
pub use source::located;

const FORMS: [Output; 2] = [Output::Text, Output::Json];

/// The ways on where the profile is there already.
const ALREADY_THERE: &str =
    "add `--replace` to replace it, or `--name NAME` for another; `--dry-run --replace` shows what would change";

/// Create a profile from a workshop's file, secret, stack or pool
///
/// SOURCE is the ARN or name of a Secrets Manager secret, an SSM parameter (`/…`), a CloudFormation stack, a file or
/// standard input (`-`) with `terraform output -json`, NAME=VALUE lines or what `cogtok profile export` wrote, an issuer or
/// discovery URL, or a user pool id. A file that is sealed with age is opened with a passphrase or an identity.
/// What is found and what is still missing is said on standard error. Secrets go to the secret store; one in Secrets
/// Manager stays there and is referred to.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok profile import /agentic-platform/config/dev --name ws\n  \
    cogtok profile import --name ws --copy-secret \\\n    \
    arn:aws:secretsmanager:us-east-1:111122223333:secret:m2m-AbCdEf\n  \
    cogtok profile import my-stack --from stack --dry-run\n  \
    terraform output -json | cogtok profile import - --name ws\n  \
    cogtok profile import .env --name ws --replace\n  \
    cogtok profile import class.age --identity key.txt\n  \
    cogtok profile import us-east-1_AbCdEfGhI --client-id CLIENT")]
pub struct Import {
    /// Where to look
    #[arg(value_hint = clap::ValueHint::AnyPath)]
    source: String,
    /// The profile's name; else one that the source suggests, or those in the export
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The kind of source, where its looks don't tell: secret, ssm, stack, terraform, env, issuer, pool or export
    #[arg(long, value_name = "KIND", add = ArgValueCandidates::new(completion::source_kinds))]
    from: Option<String>,
    /// The user pool, where the source names several
    #[arg(long, value_name = "ID")]
    user_pool_id: Option<String>,
    /// The app client that users sign in with, where there are several
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The machine-to-machine app client, where there are several
    #[arg(long, value_name = "ID")]
    m2m_client_id: Option<String>,
    /// Copy the client secret from Secrets Manager to the secret store: works without AWS credentials from then on
    #[arg(long)]
    copy_secret: bool,
    /// Take no secrets
    #[arg(long, conflicts_with = "copy_secret")]
    no_secrets: bool,
    /// The age identity that opens a sealed file; else COGTOK_SECRET_IDENTITY
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    identity: Option<PathBuf>,
    /// Read the passphrase of a sealed file from standard input; else COGTOK_PASSPHRASE, or it is asked for
    #[arg(long, conflicts_with = "identity")]
    passphrase_stdin: bool,
    /// Replace the profile of that name; cogtok says what it removes
    #[arg(long)]
    replace: bool,
    /// Say what would be written, and change nothing
    #[arg(long)]
    dry_run: bool,
}

impl Import {
    /// The options as a plan.
    fn plan(&self) -> Result<ImportPlan> {
        Ok(ImportPlan {
            source: self.source.clone(),
            kind: self.from.as_deref().map(str::parse).transpose()?,
            opener: match &self.identity {
                Some(file) => Opener::Identity(file.clone()),
                None if self.passphrase_stdin => Opener::Stdin,
                None => Opener::Any,
            },
            choice: Choice {
                user_pool_id: self.user_pool_id.clone(),
                client_id: self.client_id.clone(),
                m2m_client_id: self.m2m_client_id.clone(),
            },
            secrets: match (self.copy_secret, self.no_secrets) {
                (true, _) => SecretHandling::Copy,
                (_, true) => SecretHandling::Skip,
                _ => SecretHandling::Store,
            },
            writing: Writing { replaces: self.replace, is_dry_run: self.dry_run },
            taken_names: TakenNames::Refused,
        })
    }
}

pub fn run(app: &App, args: &Import) -> Result<()> {
    let form = app.output(&FORMS)?;
    if app.global.profile.is_some() {
        return Err(
            Error::usage("`-p` chooses a profile, and this command creates one").hint("name it with `--name NAME`")
        );
    }
    let named: Option<ProfileName> = args.name.as_deref().map(str::parse).transpose()?;
    if let Some(name) = &named {
        terminal::set_profile(Some(name.as_str()));
        check_name(app, name, args.replace)?;
    }
    let plan = args.plan()?;
    let opened = source::open(app, &plan.source, plan.kind, &plan.opener)?;
    let by_variable = match &opened {
        Opened::Text(text) if text.is_opened_by_variable => Some(text.shown.clone()),
        _ => None,
    };
    let mut plans = match opened {
        Opened::Text(text) if text.kind == SourceKind::Export => shared_export::plans(app, &plan, named, &text)?,
        opened => {
            let gathered = collect::gather(app, &plan, opened)?;
            let name = match named {
                Some(name) => name,
                None => suggested(app, &gathered, plan.writing.replaces)?,
            };
            terminal::set_profile(Some(name.as_str()));
            vec![apply::plan(app, name, gathered, plan.secrets)?]
        }
    };
    apply::carry_out(app, &mut plans, plan.writing).map_err(|error| match &by_variable {
        Some(file) => existing_secrets::of_another_passphrase(app, file, error),
        None => error,
    })?;
    report::report(app, &plans, form, plan.writing.is_dry_run)
}

/// The input of a profile, apart from the command line's options.
pub enum Source {
    /// A source by its name, of this kind where that is known.
    Named { source: String, kind: Option<SourceKind>, choice: Choice },
    /// A person's input.
    Typed(ProfileCandidate),
}

/// The profiles to write for a source. None of them replaces an existing one.
///
/// # Errors
/// As the import of that source.
pub fn planned(app: &App, source: Source, named: Option<ProfileName>) -> Result<Vec<ProfilePlan>> {
    let writing = Writing { replaces: false, is_dry_run: false };
    let (source, kind, choice, typed) = match source {
        Source::Named { source, kind, choice } => (source, kind, choice, None),
        Source::Typed(found) => (String::new(), None, Choice::default(), Some(found)),
    };
    let (secrets, taken_names) = (SecretHandling::Store, TakenNames::Numbered);
    let plan = ImportPlan { source, kind, opener: Opener::Any, choice, secrets, writing, taken_names };
    let gathered = match typed {
        Some(found) => CollectedSources { kind: SourceKind::Issuer, found, file_name: None },
        None => match source::open(app, &plan.source, plan.kind, &plan.opener)? {
            Opened::Text(text) if text.kind == SourceKind::Export => {
                return shared_export::plans(app, &plan, named, &text);
            }
            opened => collect::gather(app, &plan, opened)?,
        },
    };
    let name = match named {
        Some(name) => name,
        None => {
            let base = gathered.friendly_name().unwrap_or_else(|| "workshop".to_owned());
            free_name(&base, &app.config()?.names())?
        }
    };
    terminal::set_profile(Some(name.as_str()));
    Ok(vec![apply::plan(app, name, gathered, plan.secrets)?])
}

/// Writes what was planned.
///
/// # Errors
/// The error that prevented the write; then nothing was changed.
pub fn write(app: &App, plans: &mut [ProfilePlan]) -> Result<()> {
    apply::carry_out(app, plans, Writing { replaces: false, is_dry_run: false })
}

/// A name that is not among those taken: `base`, with a number if need be.
fn free_name(base: &str, taken: &[ProfileName]) -> Result<ProfileName> {
    let names = std::iter::once(base.to_owned()).chain((2..).map(|number| format!("{base}-{number}")));
    let mut free = names.filter_map(|name| name.parse::<ProfileName>().ok()).filter(|name| !taken.contains(name));
    free.next().ok_or_else(|| Error::usage("no name is left for the profile").hint("add `--name NAME`"))
}

fn suggested(app: &App, gathered: &CollectedSources, replaces: bool) -> Result<ProfileName> {
    let name = gathered
        .suggested_name()
        .ok_or_else(|| Error::usage("the source suggests no name for the profile").hint("add `--name NAME`"))?;
    let name = name.parse()?;
    check_name(app, &name, replaces).map(|()| name)
}

fn check_name(app: &App, name: &ProfileName, replaces: bool) -> Result<()> {
    if replaces || !app.config()?.names().contains(name) {
        return Ok(());
    }
    Err(Error::config(format!("profile `{name}` already exists")).hint(ALREADY_THERE))
}
