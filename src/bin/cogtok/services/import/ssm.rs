//! A parameter of Systems Manager: the workshop's JSON object of names and values, or one value.

use zeroize::Zeroizing;

use crate::services::import::name_from;
use cogtok::aws::ssm;
use cogtok::error::{Error, Kind, Result};
use cogtok::http::client::HttpClient;
use cogtok::oauth::client_bundle::candidates::Pair;
use cogtok::oauth::client_bundle::candidates::ProfileCandidate;
use cogtok::oauth::client_bundle::{json, key_mapping};
use cogtok::secret::Secret;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::ParameterName;

/// The values of the parameter.
///
/// # Errors
/// As [`ssm::parameter`]; [`Kind::Config`] for a value of another shape.
pub async fn read(wire: &HttpClient, profile: &Profile, name: &ParameterName) -> Result<ProfileCandidate> {
    let value = ssm::parameter(wire, profile, name).await?;
    let mut found = understand(name, &value)?;
    found.name = suggested(name);
    Ok(found)
}

fn understand(name: &ParameterName, value: &Secret) -> Result<ProfileCandidate> {
    if value.expose().trim_start().starts_with(['{', '[']) {
        return json::read(value).map_err(|error| {
            let error = error.with_kind(Kind::Config).context(&format!("the parameter {name}"));
            error.hint(r#"store one value in it, or a JSON object such as {"COGNITO_USER_POOL_ID": …, "COGNITO_USER_CLIENT_ID": …}"#)
        });
    }
    let last = name.as_str().rsplit('/').next().unwrap_or_default().to_owned();
    let mut found = ProfileCandidate::default();
    key_mapping::take(vec![Pair { name: last, value: Zeroizing::new(value.expose().to_owned()) }], &mut found);
    if found.is_empty() {
        Err(Error::config(format!(
            "the parameter {name} is neither a JSON object nor a value that a profile has"
        ))
        .hint(
            r#"store one value in it, or a JSON object such as {"COGNITO_USER_POOL_ID": …, "COGNITO_USER_CLIENT_ID": …}"#,
        ))
    } else {
        Ok(found)
    }
}

/// `/agentic-platform/config/dev` suggests `agentic-platform-dev`.
fn suggested(name: &ParameterName) -> Option<String> {
    let path = name.as_str().split_once(":parameter").map_or(name.as_str(), |(_, path)| path);
    let words: Vec<&str> = path.split('/').filter(|word| !matches!(*word, "" | "config" | "cognito")).collect();
    name_from(&words.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cogtok::settings::keys::Key;

    #[test]
    fn one_value_is_taken_for_what_it_is() {
        let name = "/workshop/user-pool-id".parse().unwrap();
        let found = understand(&name, &Secret::new("us-east-1_AbCdEfGhI".into())).unwrap();
        assert_eq!(found.one(Key::UserPoolId), Some("us-east-1_AbCdEfGhI"));
        for bad in ["", "hello", "[1]", "{", "{\"a\""] {
            assert_eq!(understand(&name, &Secret::new(bad.into())).unwrap_err().kind(), Kind::Config, "{bad}");
        }
        let arn = "arn:aws:ssm:us-east-1:111122223333:parameter/agentic-platform/config/dev".parse().unwrap();
        assert_eq!(suggested(&arn).as_deref(), Some("agentic-platform-dev"));
    }
}
