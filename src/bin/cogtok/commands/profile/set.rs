//! `cogtok profile set`: one key of a profile.

use crate::services::config_edit::edit;
use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Advice, Error, Result};
use cogtok::settings::keys::Key;
use cogtok::settings::secret_detection::{is_like_a_secret, is_misplaced};
use cogtok::settings::targets::parse_key;
use cogtok::settings::types::{ProfileName, Region};

use super::left_behind;
use super::value_checks::{check_aws_profile, refuse_secret, settled};
use crate::app::{App, as_written};
use crate::completion;
use crate::io::terminal;

/// Set a key of a profile
///
/// Without NAME it is the profile in use.
#[derive(Debug, Args)]
#[command(
    override_usage = "cogtok profile set [OPTIONS] [NAME] <KEY> <VALUE>...",
    after_help = "Examples:\n  \
    cogtok profile set user.username alice@example.com\n  \
    cogtok profile set ws user.auth_flow password\n  \
    cogtok profile set ws m2m.scopes api/read api/write\n  \
    cogtok profile set ws targets.tools.url https://gateway.example.com/mcp"
)]
pub struct Set {
    /// The profile's name; else the one in use
    #[arg(add = ArgValueCandidates::new(completion::profiles_and_keys))]
    name: Option<String>,
    /// The key, such as m2m.token_url
    #[arg(add = ArgValueCandidates::new(completion::keys_or_values))]
    key: Option<String>,
    /// The value; several for a list
    #[arg(add = ArgValueCandidates::new(completion::values))]
    value: Vec<String>,
}

/// A setting, and its profile.
struct Setting {
    name: ProfileName,
    key: String,
    value: Vec<String>,
}

impl Setting {
    /// The first word is the name of a profile or else a key.
    fn of(app: &App, args: &Set) -> Result<Self> {
        let is_key =
            |word: &str| Key::ALL.iter().any(|key| key.dotted() == word) || matches!(parse_key(word), Ok(Some(_)));
        let is_name = |word: &str| {
            let name = word.parse::<ProfileName>().ok();
            name.is_some_and(|name| app.config().is_ok_and(|config| config.names().contains(&name)))
        };
        let is_key_alone = |word: &str| is_key(word) && !is_name(word);
        match (&args.name, &args.key, args.value.as_slice()) {
            (Some(key), Some(first), rest) if is_key_alone(key) && (rest.is_empty() || !is_key(first)) => {
                let value = std::iter::once(first).chain(rest).cloned().collect();
                let name = app
                    .existing_profile_name()?
                    .ok_or_else(|| app.with_profiles(Error::config("no profile is chosen")))?;
                Ok(Setting { name, key: key.clone(), value })
            }
            (Some(name), Some(key), value) if !value.is_empty() => {
                Ok(Setting { name: name.parse()?, key: key.clone(), value: value.to_vec() })
            }
            (Some(key), None, _) if is_key_alone(key) => Err(without_value(key)),
            (_, Some(_), _) => Err(needs("<VALUE>...")),
            _ => Err(needs("<KEY> and <VALUE>...")),
        }
    }
}

/// The error for a key without a value.
fn without_value(key: &str) -> Error {
    let set = Advice::new("set it: cogtok profile set{p} {key} VALUE").word("key", key);
    Error::usage(format!("`{key}` needs a value")).hint(set)
}

fn needs(what: &str) -> Error {
    Error::usage(format!("`profile set` needs {what}"))
        .hint("usage: cogtok profile set [OPTIONS] [NAME] <KEY> <VALUE>...")
        .hint("see `cogtok profile set --help`")
}

pub fn run(app: &App, args: &Set) -> Result<()> {
    let args = Setting::of(app, args)?;
    let name = args.name.clone();
    terminal::set_profile(Some(name.as_str()));
    let last = args.key.rsplit('.').next().unwrap_or_default();
    if last.ends_with("secret") || last.ends_with("password") {
        return Err(
            Error::usage("secrets are not stored in the configuration").hint("store it: cogtok secret set KIND{p}")
        );
    }
    if let Some((target, field)) = parse_key(&args.key)? {
        let [value] = args.value.as_slice() else {
            return Err(Error::usage(format!("`{}` takes one value", args.key)));
        };
        // A bad URL gets a better message where it is parsed.
        refuse_secret(&args.key, !value.contains("://") && is_like_a_secret(value))?;
        edit(&app.config_path()?, app.deadline(), |draft| {
            draft.require(&name)?;
            draft.set_target(&name, &target, field, value)
        })?;
        terminal::note(&format!("set `{}` of profile `{name}`", args.key));
        return Ok(());
    }
    let key = Key::parse(&args.key)?;
    if key == Key::Secrets {
        return Err(Error::usage("`cogtok secret set` and `cogtok secret delete` maintain `secrets`"));
    }
    if args.value.len() > 1 && !key.is_list() {
        return Err(Error::usage(format!("`{}` takes one value", key.dotted())));
    }
    refuse_secret(key.dotted(), args.value.iter().any(|value| is_misplaced(key, value)))?;
    // Reads the configuration only for the prefix of a domain: the file may be large.
    let needs_region = key == Key::Domain && args.value.iter().any(|value| !value.contains("://"));
    let values = match needs_region.then(|| region(app, &name)).transpose()? {
        Some(None) => args.value.clone(),
        Some(Some(region)) => settled(key, &args.value, region.as_ref())?,
        None => settled(key, &args.value, None)?,
    };
    let before = left_behind::before(app, &[key]);
    edit(&app.config_path()?, app.deadline(), |draft| {
        draft.require(&name)?;
        draft.set(&name, key, &values)
    })?;
    terminal::note(&format!("set `{}` of profile `{name}`", key.dotted()));
    left_behind::tell(app, before.as_ref(), &[name]);
    if let (Key::AwsProfile, [named]) = (key, args.value.as_slice()) {
        check_aws_profile("`aws_profile`", named);
    }
    Ok(())
}

/// The profile's Region; `None` if it has none or does not exist.
fn region(app: &App, name: &ProfileName) -> Result<Option<Option<Region>>> {
    if let Some(region) = &app.global.region {
        return region.parse().map(|region| Some(Some(region)));
    }
    let config = app.config()?;
    Ok(config.names().contains(name).then(|| as_written(config, name).ok().and_then(|profile| profile.region)))
}
