//! The effective values of a profile, with their origins.

use crate::error::Result;
use crate::settings::aws_services::Service;
use crate::settings::keys::{Key, Settings, ValueOrigin};
use crate::settings::profile::{AwsEnvironment, DEFAULT_MIN_VALIDITY, Profile};
use crate::settings::redirect_uri::RedirectUri;
use crate::settings::types::{PoolId, Region, SecretArn};

/// The origin of a profile's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provenance {
    /// A command-line option.
    Option,
    /// This variable of ours, or of the scripts before us.
    Variable(&'static str),
    /// The profile.
    Profile,
    /// Derived from the value of this key.
    ReadFrom(Key),
    /// This variable of the AWS tools.
    AwsVariable(&'static str),
    /// The AWS tools' own configuration files.
    AwsFiles,
    /// The default.
    Default,
}

/// A value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithProvenance {
    /// The key, as it is written in `profile set`.
    pub key: Key,
    /// The AWS service that this is for, where another has another.
    pub service: Option<&'static str>,
    /// The value; several for a list.
    pub values: Vec<String>,
    /// Its origin.
    pub source: Provenance,
}

/// Every value of the profile that `settings` describe, in the order of [`Key::ALL`], the defaults of its sides included.
/// `from_aws_files` is the Region that the AWS tools' files name.
///
/// # Errors
/// As [`Profile::resolve`].
pub fn sources(
    settings: &Settings,
    aws: &AwsEnvironment,
    from_aws_files: Option<&Region>,
) -> Result<Vec<WithProvenance>> {
    let profile = Profile::resolve(None, settings, aws)?;
    let mut found = Vec::new();
    for key in Key::ALL.iter().copied() {
        if key == Key::EndpointUrl {
            found.extend(endpoints(settings, aws));
            continue;
        }
        let given = settings.origin(key).filter(|_| !settings.list(key).is_empty());
        let sourced = match given {
            Some(origin) => Some((settings.list(key).to_vec(), source(origin))),
            None if key == Key::TokenUrl && !has_m2m(&profile) => None,
            None => derived(key, &profile, settings, aws, from_aws_files)?.or_else(|| default(key, &profile)),
        };
        found.extend(sourced.map(|(values, source)| WithProvenance { key, service: None, values, source }));
    }
    Ok(found)
}

fn source(origin: &ValueOrigin) -> Provenance {
    match origin {
        ValueOrigin::Flag => Provenance::Option,
        ValueOrigin::Variable(name) => Provenance::Variable(name),
        ValueOrigin::Profile => Provenance::Profile,
    }
}

/// The values derived from others or from the AWS tools' environment.
fn derived(
    key: Key,
    profile: &Profile,
    settings: &Settings,
    aws: &AwsEnvironment,
    from_aws_files: Option<&Region>,
) -> Result<Option<(Vec<String>, Provenance)>> {
    let one = |value: String, source| Some((vec![value], source));
    Ok(match key {
        Key::Region => {
            let pool: Option<PoolId> = settings.get(Key::UserPoolId)?;
            let arn: Option<SecretArn> = settings.get(Key::SecretArn)?;
            if let Some(pool) = pool {
                one(pool.region().to_string(), Provenance::ReadFrom(Key::UserPoolId))
            } else if let Some(region) = arn.and_then(|arn| arn.region()) {
                one(region.to_string(), Provenance::ReadFrom(Key::SecretArn))
            } else if let Some((name, region)) = &aws.region {
                one(region.clone(), Provenance::AwsVariable(name))
            } else {
                from_aws_files.and_then(|region| one(region.to_string(), Provenance::AwsFiles))
            }
        }
        Key::AwsProfile => aws.profile.clone().and_then(|name| one(name, Provenance::AwsVariable("AWS_PROFILE"))),
        Key::TokenUrl => {
            let domain = profile.domain.as_ref();
            domain.and_then(|domain| one(domain.join("/oauth2/token").to_string(), Provenance::ReadFrom(Key::Domain)))
        }
        _ => None,
    })
}

fn has_m2m(profile: &Profile) -> bool {
    profile.m2m.client_id.is_some() || profile.m2m.secret_arn.is_some()
}

/// The default values, for the kinds of tokens that the profile has.
fn default(key: Key, profile: &Profile) -> Option<(Vec<String>, Provenance)> {
    let (user, m2m) = (&profile.user, &profile.m2m);
    let has_user = user.client_id.is_some();
    let has_m2m = has_m2m(profile);
    let value = match key {
        Key::MinValidity => Some(format!("{}s", DEFAULT_MIN_VALIDITY.as_secs())),
        Key::AuthFlow => has_user.then(|| user.auth_flow.to_string()),
        Key::Token => has_user.then(|| user.token.to_string()),
        Key::RedirectUris => {
            if has_user && profile.domain.is_some() {
                RedirectUri::standard().ok().map(|uri| uri.as_str().to_owned())
            } else {
                None
            }
        }
        Key::AuthMethod => has_m2m.then(|| m2m.auth_method.to_string()),
        Key::Transport => has_m2m.then(|| m2m.transport.to_string()),
        Key::ScopeInQuery => has_m2m.then(|| m2m.scope_in_query.to_string()),
        _ => None,
    };
    value.map(|value| (vec![value], Provenance::Default))
}

/// The endpoints of the AWS APIs: one row if they share an endpoint, else one for each service.
fn endpoints(settings: &Settings, aws: &AwsEnvironment) -> Vec<WithProvenance> {
    let key = Key::EndpointUrl;
    let of = |from_aws: Option<&(&'static str, String)>| match (settings.origin(key), from_aws) {
        (None | Some(ValueOrigin::Profile), Some((name, value))) => {
            Some((value.clone(), Provenance::AwsVariable(name)))
        }
        (Some(origin), _) => settings.list(key).first().map(|value| (value.clone(), source(origin))),
        (None, None) => None,
    };
    let place = |service: &Service| (service.host(), of(aws.endpoints.get(service)));
    let places: Vec<_> = Service::ALL.iter().map(place).collect();
    let is_one = places.windows(2).all(|pair| matches!(pair, [one, other] if one.1 == other.1));
    let rows = places.into_iter().take(if is_one { 1 } else { usize::MAX });
    let row = |(service, place): (&'static str, Option<(String, Provenance)>)| {
        let (value, source) = place?;
        Some(WithProvenance { key, service: Some(service).filter(|_| !is_one), values: vec![value], source })
    };
    rows.filter_map(row).collect()
}
