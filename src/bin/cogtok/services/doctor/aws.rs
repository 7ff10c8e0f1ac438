//! AWS: the Region, whether there are credentials, whose they are, and the secret that only they can read.

use std::error::Error as _;

use crate::services::doctor::hints;
use crate::services::doctor::hints::with;
use crate::services::doctor::{Check, Finding};
use cogtok::aws::sts::Signer;
use cogtok::error::{Error, Kind, Result};
use cogtok::http::client::HttpClient;
use cogtok::oauth::client_credentials;
use cogtok::oauth::client_credentials::Client;
use cogtok::settings::keys::{Key, Settings, ValueOrigin};
use cogtok::settings::profile::Profile;
use cogtok::settings::types::AuthFlow;

/// Why the profile's tokens need AWS credentials; `None` if they don't.
pub(crate) fn need(profile: &Profile) -> Option<&'static str> {
    if profile.m2m.secret_arn.is_some() {
        return Some("the client secret in Secrets Manager");
    }
    let is_admin = profile.user.client_id.is_some() && profile.user.auth_flow == AuthFlow::Admin;
    is_admin.then_some("the flow `admin`")
}

/// The Region and where it comes from. `variable` is the AWS variable that names one.
pub fn region(profile: &Profile, settings: &Settings, variable: Option<&str>) -> Finding {
    let check = Check::Region;
    let Some(region) = &profile.region else {
        let is_needed =
            profile.user.client_id.is_some() || profile.user_pool_id.is_some() || profile.m2m.secret_arn.is_some();
        return match profile.region() {
            Err(error) if is_needed => {
                Finding::fail(check, error.kind(), error.message(), with(hints::REGION, "REGION"))
            }
            _ => Finding::skip(check, "nothing here needs one"),
        };
    };
    let of_arn = || profile.m2m.secret_arn.as_ref().and_then(|arn| arn.region()).is_some();
    let from = match settings.origin(Key::Region) {
        Some(ValueOrigin::Flag) => "--region",
        Some(ValueOrigin::Variable(name)) => name,
        Some(ValueOrigin::Profile) => "the profile",
        None if profile.user_pool_id.is_some() => "the pool id",
        None if of_arn() => "the secret's ARN",
        None => variable.unwrap_or("~/.aws/config"),
    };
    match &profile.user_pool_id {
        Some(pool) if pool.region() != *region => {
            let own = pool.region();
            let detail = format!("{region}, from {from}; but the pool is in {own}");
            let hint = match settings.origin(Key::Region) {
                Some(ValueOrigin::Variable(name)) => with(hints::UNSET, name),
                Some(ValueOrigin::Flag) => hints::NO_REGION.into(),
                _ => with(hints::REGION, own.as_str()),
            };
            Finding::warn(check, detail, hint)
        }
        _ => Finding::ok(check, format!("{region}, from {from}")),
    }
}

/// Whether there are credentials and, where the profile needs them, whose they are.
pub(crate) async fn credentials(wire: &HttpClient, profile: &Profile, signer: &Result<Signer>) -> Finding {
    let check = Check::AwsCredentials;
    let need = need(profile);
    match (signer, need) {
        (Ok(_), None) => {
            Finding::ok(check, "found; the profile's tokens don't need them, so cogtok did not ask whose they are")
        }
        (Ok(signer), Some(_)) => match signer.caller(wire, profile).await {
            Ok(caller) => Finding::ok(check, format!("{} (account {})", caller.arn, caller.account)),
            Err(error) => unknown_caller(&error),
        },
        (Err(error), need) if error.is_without_credentials() && error.source().is_some() => {
            let why = error.source().map(ToString::to_string).unwrap_or_default();
            let hint = error.advice().first().cloned().unwrap_or_else(|| hints::HELP.into());
            match need {
                Some(need) => Finding::fail(check, error.kind(), format!("{why}; {need} needs them"), hint),
                None => {
                    Finding::warn(check, format!("{why}; `user` commands need them, the profile's tokens don't"), hint)
                }
            }
        }
        (Err(error), Some(need)) => {
            let hint = hints::first_of(error);
            Finding::fail(
                check,
                error.kind(),
                format!("cogtok found none that it can use, and {need} needs them"),
                hint,
            )
        }
        (Err(error), None) if error.kind() == Kind::AwsCredentials => {
            let hint = hints::first_of(error);
            let detail = "cogtok found none that it can use: `user` commands need them, the profile's tokens don't";
            Finding::warn(check, detail, hint)
        }
        (Err(error), None) if error.kind() == Kind::Config => Finding::skip(check, format!("skipped: {error}")),
        (Err(error), None) => Finding::of(check, error).softened(),
    }
}

/// The caller behind existing credentials could not be determined. If the network failed, they may still work.
pub(crate) fn unknown_caller(error: &Error) -> Finding {
    let finding = Finding::of(Check::AwsCredentials, error);
    match error.kind() {
        Kind::Network => finding.softened(),
        _ => finding,
    }
}

/// The client in Secrets Manager, where the profile refers to one.
pub(crate) async fn secret(
    wire: &HttpClient,
    profile: &Profile,
    signer: &Result<Signer>,
) -> Option<(Finding, Option<Client>)> {
    let arn = profile.m2m.secret_arn.as_ref()?;
    let detail = |what: &str| format!("the secret {arn} {what}");
    Some(match signer {
        Err(_) => (Finding::skip(Check::Secret, detail("can't be read without AWS credentials")), None),
        Ok(_) => match client_credentials::client_with_arn(wire, profile).await {
            Ok(client) => (Finding::ok(Check::Secret, detail("can be read")), Some(client)),
            Err(error) => (Finding::of(Check::Secret, &error), None),
        },
    })
}

/// Why the app client's settings are unknown; `None` if that is a failure of its own.
pub(crate) fn not_permitted(error: &Error) -> Option<String> {
    matches!(error.kind(), Kind::AwsCredentials | Kind::Refused).then(|| format!("skipped: {error}"))
}
