//! A Secrets Manager secret: `{client_id, client_secret, token_url, scopes}`, or only the client secret.

use crate::services::import::name_from;
use cogtok::aws::secrets_manager::{self, Kept};
use cogtok::error::{Result, printable};
use cogtok::http::client::HttpClient;
use cogtok::oauth::client_bundle;
use cogtok::oauth::client_bundle::Bundle;
use cogtok::oauth::client_bundle::candidates::ProfileCandidate;
use cogtok::settings::keys::Key;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{Scopes, SecretArn, SecretKind};

/// The values of the secret.
///
/// # Errors
/// As [`secrets_manager::get`].
pub async fn read(wire: &HttpClient, profile: &Profile, arn: &SecretArn) -> Result<ProfileCandidate> {
    let mut found = ProfileCandidate::named(suggested(arn));
    found.decide(Key::SecretArn, vec![arn.to_string()], "the secret")?;
    follow(wire, profile, arn, &mut found).await?;
    Ok(found)
}

/// Adds the secret's values. Client, token endpoint and scopes belong to the client secret, so the secret's own values win.
///
/// # Errors
/// As [`secrets_manager::get`].
pub async fn follow(wire: &HttpClient, profile: &Profile, arn: &SecretArn, found: &mut ProfileCandidate) -> Result<()> {
    let Kept { arn: full, text, .. } = secrets_manager::get(wire, profile, arn).await?;
    let region = full.as_ref().unwrap_or(arn).region();
    let bundle = client_bundle::read(arn, &text, profile.region.as_ref().or(region.as_ref()))?;
    let origin = found.candidates(Key::SecretArn).first().map_or("the secret", |arn| arn.origin.as_str()).to_owned();
    merge(full, bundle, &origin, found)
}

fn merge(arn: Option<SecretArn>, bundle: Bundle, origin: &str, found: &mut ProfileCandidate) -> Result<()> {
    if let Some(arn) = arn {
        found.decide(Key::SecretArn, vec![arn.to_string()], origin)?;
    }
    let known = [
        (Key::M2mClientId, bundle.client_id.map(|id| vec![id.to_string()]), "client_id"),
        (Key::TokenUrl, bundle.token_url.map(|url| vec![url.to_string()]), "token_url"),
        (Key::Scopes, bundle.scopes.as_ref().map(listed).filter(|scopes| !scopes.is_empty()), "scopes"),
    ];
    for why in bundle.found.left_out.iter() {
        found.leave_out(&format!("of the secret {why}"));
    }
    for name in &bundle.unknown {
        found.leave_out(&format!("skipped {} of the secret: cogtok does not know this key", printable(name, 80)));
    }
    // Its other values have the same rank as the source's.
    for (key, candidate) in bundle.found.settings().filter(|(key, _)| known.iter().all(|(own, ..)| own != key)) {
        if found.candidates(key).is_empty() {
            found.offer(key, candidate.values.clone(), &format!("{} of the secret", candidate.origin));
        }
    }
    for (key, values, field) in known {
        let Some(values) = values else { continue };
        let field = match bundle.found.candidates(key) {
            [own, ..] => own.origin.as_str(),
            [] => bundle.found.candidates(Key::Domain).first().map_or(field, |domain| domain.origin.as_str()),
        };
        let others: Vec<String> = found
            .candidates(key)
            .iter()
            .filter(|other| sorted(&other.values) != sorted(&values))
            .map(|other| printable(&other.origin, 80))
            .collect();
        for other in others {
            found.leave_out(&format!("skipped {other}: the secret has another `{}`", key.dotted()));
        }
        found.decide(key, values, &format!("{} of the secret", printable(field, 80)))?;
    }
    found.forget_secret(SecretKind::M2mClient);
    found.offer_secret(SecretKind::M2mClient, bundle.client_secret, "the secret");
    Ok(())
}

fn listed(scopes: &Scopes) -> Vec<String> {
    scopes.iter().map(str::to_owned).collect()
}

fn sorted(values: &[String]) -> Vec<&String> {
    let mut values: Vec<&String> = values.iter().collect();
    values.sort();
    values
}

/// The secret's name, without the ending that its ARN has.
fn suggested(arn: &SecretArn) -> Option<String> {
    let text = arn.as_str();
    let name = match text.rsplit_once(":secret:") {
        Some((_, named)) => {
            named.rsplit_once('-').filter(|(_, random)| random.len() == 6).map_or(named, |(name, _)| name)
        }
        None => text,
    };
    name_from(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cogtok::secret::Secret;

    #[test]
    fn what_the_secret_says_wins_and_the_rest_is_told() {
        let mut found = ProfileCandidate::default();
        found.offer(Key::TokenUrl, vec!["https://one.example/oauth2/token".into()], "OAUTH_TOKEN_ENDPOINT");
        found.offer(Key::M2mClientId, vec!["client".into()], "COGNITO_M2M_CLIENT_ID");
        let text = r#"{"client_id":"client","client_secret":"hunter2","token_endpoint":"https://two.example/oauth2/token","x":"1"}"#;
        let bundle = client_bundle::read(&"name".parse().unwrap(), &Secret::new(text.into()), None).unwrap();
        merge(None, bundle, "M2M_CREDENTIALS_SECRET_ARN", &mut found).unwrap();
        assert_eq!(found.one(Key::TokenUrl), Some("https://two.example/oauth2/token"));
        assert_eq!(
            found.left_out,
            [
                "skipped x of the secret: cogtok does not know this key",
                "skipped OAUTH_TOKEN_ENDPOINT: the secret has another `m2m.token_url`"
            ]
        );
        assert_eq!(found.secret(SecretKind::M2mClient).unwrap().value.expose(), "hunter2");
        let arn: SecretArn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:ws/m2m-AbCdEf".parse().unwrap();
        assert_eq!(suggested(&arn).as_deref(), Some("ws-m2m"));
    }
}
