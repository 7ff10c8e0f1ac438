//! Checks and completes a value before it is written to a profile.

use cogtok::error::{Advice, Error, Result};
use cogtok::settings::keys::Key;
use cogtok::settings::profile::domain;
use cogtok::settings::types::Region;
use cogtok::store::aws_files::AwsFiles;

use crate::env::aws_environment;

/// Refuses a secret where a setting belongs, without repeating it.
pub fn refuse_secret(key: &str, is_secret: bool) -> Result<()> {
    if !is_secret {
        return Ok(());
    }
    let kind = match key {
        "m2m.client_id" => "m2m-client",
        "user.client_id" => "user-client",
        _ => "KIND",
    };
    Err(Error::usage(format!(
        "the value for `{key}` looks like a secret, and secrets are not stored in the configuration"
    ))
    .hint(Advice::new("store it: cogtok secret set {kind}{p}").text("kind", kind))
    .hint("if it is a real one, change it: your shell's history may contain it"))
}

/// The values to store. A domain's prefix becomes its full host, since the Region may change later. A domain with a path is refused,
/// because no sign-in could reach it; other oddities cause a warning.
pub fn settled(key: Key, values: &[String], region: Option<&Region>) -> Result<Vec<String>> {
    let whole = |value: &String| match key {
        Key::Domain if !value.contains("://") => domain::read(value, region).map(|domain| domain.to_string()),
        _ => Ok(value.clone()),
    };
    for why in values.iter().filter_map(|value| domain::oddity(key, value)) {
        match key {
            Key::Domain => return Err(Error::usage(why)),
            _ => log::warn!(target: "cogtok", "{why}"),
        }
    }
    values.iter().map(whole).collect()
}

/// Warns where the AWS tools' files do not have the profile that is named: they are read when AWS is asked.
pub fn check_aws_profile(named_by: &str, name: &str) {
    let aws = aws_environment();
    let Ok(files) = AwsFiles::read(&aws.files) else { return };
    if !files.has(name) {
        log::warn!(target: "cogtok", "{named_by}: {}; {}", files.lacks(name), files.instead_of(name));
    }
}
