//! Variables: those that override the profile, those of ours that nothing reads, and a token where Bedrock takes none.

use crate::services::doctor::hints;
use crate::services::doctor::hints::with;
use crate::services::doctor::{Check, Finding};
use cogtok::settings::keys::{Key, Settings, ValueOrigin, nearest};

const PREFIX: &str = "COGTOK_";

/// cogtok's variables that are not settings of a profile.
const OTHERS: [&str; 16] = [
    "COGTOK_ACCESS_TOKEN",
    "COGTOK_ACCESS_TOKEN_EXPIRES_AT",
    "COGTOK_COMPLETE",
    "COGTOK_CONFIG",
    "COGTOK_ID_TOKEN",
    "COGTOK_ID_TOKEN_EXPIRES_AT",
    "COGTOK_INSIDE",
    "COGTOK_M2M_CLIENT_SECRET",
    "COGTOK_MFA_CODE",
    "COGTOK_PASSPHRASE",
    "COGTOK_PASSWORD",
    "COGTOK_PROFILE",
    "COGTOK_SECRET_IDENTITY",
    "COGTOK_SECRET_STORE",
    "COGTOK_TIMEOUT",
    "COGTOK_USER_CLIENT_SECRET",
];

/// The variables that choose the profile or change its settings, and unknown names in `ours`. `settings` are the call's settings, `written` the
/// profile's own, `endpoint` the AWS variable for an endpoint and its value. Values are not shown.
pub fn variables(
    ours: &[String],
    settings: &Settings,
    written: &Settings,
    endpoint: Option<(&str, &str)>,
) -> Vec<Finding> {
    let check = Check::Variables;
    let mut found = Vec::new();
    let overrides = |variable: &str, key: Key| {
        let detail = format!("{variable} overrides `{}` of the profile", key.dotted());
        Finding::warn(check, detail, with(hints::UNSET, variable))
    };
    let mut quiet: Vec<&str> = ours.iter().map(String::as_str).filter(|name| *name == "COGTOK_PROFILE").collect();
    for key in Key::ALL.iter().copied() {
        let Some(ValueOrigin::Variable(variable)) = settings.origin(key) else { continue };
        match written.list(key) {
            [] => quiet.push(*variable),
            same if same == settings.list(key) => quiet.push(*variable),
            _ => found.push(overrides(variable, key)),
        }
    }
    if let Some((variable, value)) = endpoint {
        match settings.origin(Key::EndpointUrl) {
            None => quiet.push(variable),
            Some(ValueOrigin::Profile) if settings.list(Key::EndpointUrl) == [value] => quiet.push(variable),
            Some(ValueOrigin::Profile) => found.push(overrides(variable, Key::EndpointUrl)),
            Some(_) => {}
        }
    }
    for (name, near) in unread(ours) {
        found.push(match near {
            Some(near) => Finding::warn(check, misspelled(name, near), with(hints::RENAME, near)),
            None => Finding::warn(check, format!("cogtok does not read {name}"), with(hints::UNSET, name)),
        });
    }
    match (found.is_empty(), quiet.is_empty()) {
        (true, true) => found.push(Finding::ok(check, "none overrides the profile")),
        (_, false) => found.insert(0, Finding::ok(check, format!("in use: {}", quiet.join(", ")))),
        (false, true) => {}
    }
    found
}

/// The names in `ours` that nothing reads, each with the one that was meant where there is one like it.
fn unread(ours: &[String]) -> impl Iterator<Item = (&str, Option<&'static str>)> {
    let known = || Key::ALL.iter().filter_map(|key| key.variable()).chain(OTHERS);
    let unread = ours.iter().filter(move |name| !known().any(|known| known == name.as_str()));
    // The common prefix makes any two names similar.
    let after_prefix = |name: &'static str| name.strip_prefix(PREFIX);
    unread.map(move |name| {
        let own = Key::ALL.iter().filter(|key| is_of_setting(name, **key)).find_map(|key| key.variable());
        if own.is_some() {
            return (name.as_str(), own);
        }
        let near = nearest(name.trim_start_matches(PREFIX), known().filter_map(after_prefix));
        (name.as_str(), near.and_then(|near| known().find(|known| after_prefix(known) == Some(near))))
    })
}

/// Whether a variable is called as a setting is in the configuration, with its table: some of cogtok's variables leave that out.
fn is_of_setting(name: &str, key: Key) -> bool {
    let rest = name.strip_prefix(PREFIX).unwrap_or_default();
    rest == key.dotted().replace('.', "_").to_ascii_uppercase()
}

fn misspelled(name: &str, near: &str) -> String {
    format!("cogtok does not read {name}; did you mean {near}?")
}

/// Likely misspellings in `ours` for settings that are missing.
pub fn slips(ours: &[String]) -> Vec<String> {
    unread(ours).filter_map(|(name, near)| Some(misspelled(name, near?))).collect()
}

/// The content of AWS_BEARER_TOKEN_BEDROCK: Bedrock refuses Cognito's tokens there.
pub fn bedrock_key(is_of_cognito: bool) -> Finding {
    if is_of_cognito {
        Finding::warn(
            Check::BedrockKey,
            "AWS_BEARER_TOKEN_BEDROCK contains a Cognito token, which Bedrock refuses: it accepts only its own keys there",
            hints::BEDROCK,
        )
    } else {
        Finding::ok(Check::BedrockKey, "AWS_BEARER_TOKEN_BEDROCK contains no Cognito token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_from_what_changes_the_profile() {
        let (mut settings, mut written) = (Settings::default(), Settings::default());
        settings.offer(Key::Region, vec!["eu-west-1".into()], ValueOrigin::Variable("COGTOK_REGION"));
        settings.offer(Key::Username, vec!["alice".into()], ValueOrigin::Variable("COGTOK_USERNAME"));
        written.offer(Key::Region, vec!["us-east-1".into()], ValueOrigin::Profile);
        let ours = ["REGION", "USERNAME", "CLIENTID", "PASSWORD", "USER_CLIENT_ID", "M2M_SECRET_ARN"]
            .map(|name| format!("COGTOK_{name}"));
        let aws = Some(("AWS_ENDPOINT_URL", "http://127.0.0.1:1"));
        let details: Vec<String> =
            variables(&ours, &settings, &written, aws).into_iter().map(|finding| finding.detail).collect();
        assert_eq!(
            details,
            [
                "in use: COGTOK_USERNAME, AWS_ENDPOINT_URL",
                "COGTOK_REGION overrides `region` of the profile",
                &format!("cogtok does not read {}; did you mean COGTOK_CLIENT_ID?", ours[2]),
                &format!("cogtok does not read {}; did you mean COGTOK_CLIENT_ID?", ours[4]),
                &format!("cogtok does not read {}; did you mean COGTOK_SECRET_ARN?", ours[5])
            ]
        );
    }
}
