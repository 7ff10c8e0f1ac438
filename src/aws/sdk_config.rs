//! The configuration of the SDK's clients: connector, time-outs and retries.

use std::time::Duration;

use aws_sdk_cognitoidentityprovider::config::Region as SdkRegion;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::error::Result;
use crate::http::client::HttpClient;
use crate::http::limits::{CONNECT_TIMEOUT, MAX_TRIES};
use crate::settings::profile::Profile;
use crate::settings::types::Region;

fn timeouts() -> TimeoutConfig {
    // The connector limits each attempt, since it also sees the body.
    TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(MAX_TRIES).with_initial_backoff(Duration::from_millis(200))
}

/// The SDK would end a try that is silent for some seconds, with an error of its own that names no host and is not tried again.
fn stalls() -> StalledStreamProtectionConfig {
    // The connector limits each attempt.
    StalledStreamProtectionConfig::disabled()
}

fn sdk_region(region: &Region) -> SdkRegion {
    SdkRegion::new(region.as_str().to_owned())
}

/// The base of every SDK client: cogtok's connector, time-outs and retries, credentials if the call is signed, and no look-ups that the
/// call does not need.
pub(crate) async fn signed_config(
    wire: &HttpClient,
    profile: &Profile,
    region: &Region,
) -> Result<aws_config::SdkConfig> {
    let mut loader = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new(region.as_str().to_owned()))
        .http_client(wire.sdk_client())
        .sleep_impl(TokioSleep::new())
        .stalled_stream_protection(stalls())
        .timeout_config(timeouts())
        .retry_config(retries());
    if let Some(name) = &profile.aws_profile {
        loader = loader.profile_name(name);
    }
    loader = loader.credentials_provider(super::credentials::provider(wire, profile, region)?);
    Ok(loader.load().await)
}

/// The base of clients for Cognito's unsigned operations: it looks for no AWS credentials.
pub(crate) fn unsigned_config(wire: &HttpClient, region: &Region) -> aws_sdk_cognitoidentityprovider::config::Builder {
    aws_sdk_cognitoidentityprovider::Config::builder()
        .behavior_version(aws_sdk_cognitoidentityprovider::config::BehaviorVersion::latest())
        .http_client(wire.sdk_client())
        .region(sdk_region(region))
        .sleep_impl(TokioSleep::new())
        .stalled_stream_protection(stalls())
        .timeout_config(timeouts())
        .retry_config(retries())
        .retry_classifier(super::connector::MayPass::of(wire))
}

/// The Region of the profile, else the one that `~/.aws/config` names for its AWS profile; never the metadata service.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) when neither names one.
pub async fn region(profile: &Profile) -> Result<Region> {
    if let Some(region) = &profile.region {
        return Ok(region.clone());
    }
    let mut provider = aws_config::profile::ProfileFileRegionProvider::builder();
    if let Some(name) = &profile.aws_profile {
        provider = provider.profile_name(name);
    }
    let found = aws_config::meta::region::ProvideRegion::region(&provider.build()).await;
    match found {
        Some(region) => region.as_ref().parse(),
        None => profile.region().cloned(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use aws_sdk_cognitoidentityprovider::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};

    #[test]
    fn hosts_are_those_of_the_sdk_in_every_partition() {
        for region in [
            "us-east-1",
            "eu-central-1",
            "mx-central-1",
            "cn-north-1",
            "eusc-de-east-1",
            "us-gov-west-1",
            "us-iso-east-1",
            "us-isob-east-1",
            "eu-isoe-west-1",
            "us-isof-south-1",
        ] {
            let params = Params::builder().region(region).build().unwrap();
            let endpoint = futures_of(DefaultResolver::new().resolve_endpoint(&params));
            assert_eq!(
                crate::settings::profile::aws_origin("cognito-idp", &region.parse().unwrap()),
                endpoint,
                "{region}"
            );
        }
    }

    fn futures_of(endpoint: aws_smithy_runtime_api::client::endpoint::EndpointFuture<'_>) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(endpoint).unwrap().url().to_owned()
    }
}
