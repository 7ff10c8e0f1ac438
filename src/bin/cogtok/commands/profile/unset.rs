//! `cogtok profile unset`: keys of a profile go.

use crate::services::config_edit::edit;
use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Error, Result, printable};
use cogtok::settings::keys::Key;
use cogtok::settings::targets::{parse_key, parse_whole};
use cogtok::settings::types::ProfileName;

use super::left_behind;
use crate::app::App;
use crate::completion;
use crate::io::terminal;

/// Remove keys from a profile
///
/// You can also remove a key that cogtok does not know, such as a mistyped one, and `targets.NAME` removes a whole
/// target. A key that is not set is no error.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok profile unset ws m2m.token_url\n  \
    cogtok profile unset ws region endpoint_url\n  \
    cogtok profile unset ws targets.tools")]
pub struct Unset {
    /// The profile's name
    #[arg(add = ArgValueCandidates::new(completion::profiles))]
    name: String,
    /// The keys, such as m2m.token_url
    #[arg(required = true, add = ArgValueCandidates::new(completion::unset_keys))]
    key: Vec<String>,
}

pub fn run(app: &App, args: &Unset) -> Result<()> {
    let name: ProfileName = args.name.parse()?;
    terminal::set_profile(Some(name.as_str()));
    if args.key.iter().any(|key| key == Key::Secrets.dotted()) {
        return Err(Error::usage("`cogtok secret set` and `cogtok secret delete` maintain `secrets`"));
    }
    let keys: Vec<Key> = args.key.iter().filter_map(|key| Key::parse(key).ok()).collect();
    let before = left_behind::before(app, &keys);
    let removed: Vec<bool> = edit(&app.config_path()?, app.deadline(), |draft| {
        draft.require(&name)?;
        let remove = |key: &String| match draft.unset(&name, key)? {
            true => Ok(true),
            false if parse_whole(key).is_some() => Ok(false),
            false => parse_key(key)?.map_or_else(|| Key::parse(key).map(|_| false), |_| Ok(false)),
        };
        args.key.iter().map(remove).collect()
    })?;
    for (key, was_there) in args.key.iter().zip(removed) {
        let key = printable(key, 80);
        terminal::note(&if was_there {
            format!("removed `{key}` from profile `{name}`")
        } else {
            format!("`{key}` of profile `{name}` was not set")
        });
    }
    left_behind::tell(app, before.as_ref(), &[name]);
    Ok(())
}
