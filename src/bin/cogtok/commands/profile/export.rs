//! `cogtok profile export`: profiles to hand to others.

mod class;
mod encrypt;
mod secrets;

use std::path::{Path, PathBuf};

use crate::services::export;
use crate::services::export::Exported;
use crate::services::output_file;
use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Advice, Error, Result, printable};
use cogtok::secrets::age_file;
use cogtok::settings::keys::{Key, Settings};
use cogtok::settings::secret_detection::is_misplaced;
use cogtok::settings::targets::{Field, TargetSetting};
use cogtok::settings::types::ProfileName;

use crate::app::App;
use crate::app::options::Output;
use crate::completion;
use crate::io::terminal;

/// Print profiles for others to import
///
/// The export contains the profile's targets and no secrets. It leaves out the profile of ~/.aws and the user name,
/// which are yours: `--keep` includes them. With --with-secrets it includes the clients' secrets, encrypted with age
/// for recipients or with a passphrase; a password comes with its user name. Others import it with `cogtok profile
/// import FILE`, and `age -d` opens it as well. An encrypted export is printed in ASCII armor.
///
/// With `--seats seats.csv --output-dir seats` cogtok writes a file for each user of a class, with the profile and the user's name
/// and password. Each file has a passphrase of its own, which is in passphrases.csv and on the cards. If the list has a column
/// `recipient`, the file is sealed for that age recipient instead.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok profile export ws > ws.toml\n  \
    cogtok profile export ws --with-secrets --output-file class.age\n  \
    cogtok profile export ws --output-file ws.toml --force\n  \
    cogtok profile export ws --with-secrets=m2m-client,password \\\n    \
    --recipients-file class.txt > class.age\n  \
    cogtok profile export --all --keep aws_profile\n  \
    cogtok profile export ws --seats seats.csv --output-dir seats --cards c.html")]
pub struct Export {
    /// The profiles; else the one in use
    #[arg(add = ArgValueCandidates::new(completion::profiles))]
    names: Vec<String>,
    /// All profiles
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// Include a key that is left out by default: aws_profile or user.username; repeat it for the other
    #[arg(long, value_name = "KEY", add = ArgValueCandidates::new(completion::own_keys))]
    keep: Vec<String>,
    /// Include secrets of these kinds, sealed: m2m-client, user-client, password, totp [default: the clients']
    #[arg(long, value_name = "KINDS", num_args = 0..=1, require_equals = true, default_missing_value = secrets::CLIENTS, add = ArgValueCandidates::new(completion::secret_kinds))]
    with_secrets: Option<String>,
    #[command(flatten)]
    sealing: encrypt::Options,
    /// Write to a new private file, binary unless --armor says otherwise
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    output_file: Option<PathBuf>,
    /// Replace files that are there already
    #[arg(long, requires = "output_file")]
    force: bool,
    /// Seal in ASCII armor, to a file as well
    #[arg(long, requires = "with_secrets")]
    armor: bool,
    #[command(flatten)]
    class: class::Class,
}

pub fn run(app: &App, args: &Export) -> Result<()> {
    app.output(&[Output::Text])?;
    if class::run(app, args)? {
        return Ok(());
    }
    if let Some(path) = &args.output_file {
        output_file::check(&absolute(path)).map_err(|why| unwritable(path, &why))?;
        if !args.force && path.exists() {
            return Err(there_already(path));
        }
    }
    let kinds = args.with_secrets.as_deref().map(secrets::kinds).transpose()?;
    let recipients = args.sealing.recipients()?;
    let left_out = export::left_out(&args.keep)?;
    let mut profiles = profiles(app, args, &left_out)?;
    if let Some(kinds) = &kinds {
        let is_named = args.with_secrets.as_deref() != Some(secrets::CLIENTS);
        secrets::gather(app, kinds, is_named, &mut profiles)?;
    }
    let text = export::text(&profiles)?;
    let bytes = if kinds.is_some() {
        let sealing = args.sealing.sealing(app, recipients)?;
        age_file::seal(&sealing, text.as_bytes(), args.armor || args.output_file.is_none())?
    } else {
        text.as_bytes().to_vec()
    };
    match &args.output_file {
        Some(path) => {
            let put = if args.force { output_file::put } else { output_file::put_new };
            put(&absolute(path), &bytes).map_err(|why| match why.kind() {
                std::io::ErrorKind::AlreadyExists => there_already(path),
                _ => unwritable(path, &why),
            })?;
        }
        None => drop(terminal::data(&String::from_utf8_lossy(&bytes))?),
    }
    tell(args, &profiles);
    Ok(())
}

/// The profiles that are meant, without secrets.
fn profiles(app: &App, args: &Export, left_out: &[Key]) -> Result<Vec<Exported>> {
    let mut profiles = Vec::new();
    for name in names(app, args)? {
        let mut settings = Settings::default();
        app.config()?.offer(&name, &mut settings)?;
        refuse_secrets(&name, &settings, left_out)?;
        for key in app.config()?.unknown_keys(&name) {
            log::warn!(target: "cogtok", "`{}` of `{name}` is not exported: it is not a known key", printable(&key, 80));
        }
        let targets = targets(app, &name)?;
        profiles.push(Exported { name, settings, targets, left_out: left_out.to_vec(), secrets: Vec::new() });
    }
    Ok(profiles)
}

/// The profile's targets that have an address.
fn targets(app: &App, name: &ProfileName) -> Result<Vec<TargetSetting>> {
    let config = app.config()?;
    let mut settings = config.target_settings(name)?;
    for target in config.targets(name) {
        if !settings.iter().any(|setting| setting.target == target && setting.field == Field::Url) {
            log::warn!(target: "cogtok", "`targets.{target}` of `{name}` is not exported: it has no `url`");
            settings.retain(|setting| setting.target != target);
        }
    }
    Ok(settings)
}

fn names(app: &App, args: &Export) -> Result<Vec<ProfileName>> {
    let config = app.config()?;
    let mut names: Vec<ProfileName> = match (args.all, args.names.is_empty()) {
        (true, _) => config.names(),
        (false, false) => args.names.iter().map(|name| name.parse()).collect::<Result<_>>()?,
        (false, true) => app.existing_profile_name()?.into_iter().collect(),
    };
    // A repeated name is exported once.
    let mut seen = Vec::new();
    names.retain(|name| {
        !seen.contains(name) && {
            seen.push(name.clone());
            true
        }
    });
    match names.as_slice() {
        [] if app.config()?.names().is_empty() => Err(app.with_profiles(Error::config("there is no profile yet"))),
        [] => Err(Error::config("no profile is chosen").hint("name one: cogtok profile export NAME, or `--all`")),
        [one] => {
            terminal::set_profile(Some(one.as_str()));
            Ok(names)
        }
        _ => Ok(names),
    }
}

/// Secrets in the profile's text would reach every recipient.
fn refuse_secrets(name: &ProfileName, settings: &Settings, left_out: &[Key]) -> Result<()> {
    let is_exported = |key: &Key| !left_out.contains(key);
    let is_secret = |key: &Key| settings.list(*key).iter().any(|value| is_misplaced(*key, value));
    match Key::ALL.iter().copied().filter(is_exported).find(is_secret) {
        None => Ok(()),
        Some(key) => Err(Error::config(format!("`{}` of profile `{name}` looks like a secret", key.dotted()))
            .hint(
                Advice::new("nothing was exported; remove it: cogtok profile unset {name} {key}")
                    .word("name", name)
                    .word("key", key.dotted()),
            )
            .hint("`--with-secrets` includes the secrets, sealed, from the secret store")),
    }
}

/// Reports what the export contains and what it lacks.
fn tell(args: &Export, profiles: &[Exported]) {
    tell_of(profiles);
    if let Some(path) = &args.output_file {
        terminal::note(&format!("the export is in {}", path.display()));
        terminal::hint(for_others("to import it: {import} {file}", path));
    }
}

/// A hint for those who get this file. They have configurations of their own, so it must not name the one of this line.
fn for_others(hint: &'static str, file: &Path) -> Advice {
    Advice::new(hint).text("import", "cogtok profile import").word("file", file.display())
}

fn tell_of(profiles: &[Exported]) {
    for profile in profiles {
        let has = |key: &&Key| !profile.settings.list(**key).is_empty();
        let own: Vec<&str> = profile.left_out.iter().filter(has).map(|key| key.dotted()).collect();
        if !own.is_empty() {
            terminal::note(&format!(
                "profile `{}`: left out as your own: {} (`--keep KEY` includes it)",
                profile.name,
                own.join(", ")
            ));
        }
        for key in profile.local_addresses() {
            log::warn!(target: "cogtok", "profile `{}`: `{key}` points to this machine", profile.name);
        }
        for (kind, _) in &profile.secrets {
            terminal::note(&format!("profile `{}`: the {kind} secret is included (encrypted)", profile.name));
        }
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// The existing file may contain sealed secrets that exist nowhere else.
fn there_already(path: &Path) -> Error {
    Error::store(format!("{} already exists: nothing was exported", path.display()))
        .hint("choose another name, or add `--force` to replace it")
}

fn unwritable(path: &Path, why: &std::io::Error) -> Error {
    Error::store(format!("{} can't be written: {why}", path.display()))
}
