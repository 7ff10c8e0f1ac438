//! Signed calls (Signature Version 4) of services that are asked one thing: an SDK for each would be larger, and longer in
//! the making, than all that is done with it.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;

use super::error_response::outcome;
use super::service_error::no_credentials;
use crate::error::{Error, Result};
use crate::http::client::HttpClient;
use crate::http::retry::{CallFailure, with_retries};
use crate::settings::aws_services::Service;
use crate::settings::profile::{Profile, aws_origin};
use crate::settings::types::Region;

/// How long AWS credentials may take to be found, as in the SDK.
const CREDENTIALS_PATIENCE: Duration = Duration::from_secs(5);

/// One call, before it is signed.
pub(crate) struct Call<'a> {
    /// The service.
    pub service: Service,
    /// The operation, for messages.
    pub operation: &'static str,
    /// GET or POST.
    pub method: http::Method,
    /// The path, percent-encoded, with the query where there is one.
    pub path: &'a str,
    /// The Region.
    pub region: &'a Region,
    /// Headers of the request, Content-Type among them.
    pub headers: &'a [(&'static str, &'a str)],
    /// The body.
    pub body: Vec<u8>,
}

/// Makes the call with the profile's AWS credentials. `read` understands the body of a 200.
///
/// # Errors
/// See the table in [`super::service_error`] for the operation.
pub(crate) async fn call<T>(
    wire: &HttpClient,
    profile: &Profile,
    call: &Call<'_>,
    read: impl Fn(&[u8]) -> Option<T>,
) -> Result<T> {
    let credentials = credentials(wire, profile, call.region, call.operation).await?;
    let send = || async {
        let request = signed(profile, call, &credentials, wire.now()).map_err(CallFailure::last)?;
        let answer = wire.exchange(request).await;
        let answer = answer.map_err(|fault| CallFailure::unanswered(fault).context(call.operation))?;
        outcome(wire, (grant(call.service), call.operation), &answer, &read)
    };
    with_retries(wire, send).await.map_err(|failed| failed.error)
}

/// The profile's AWS credentials, wanted for `operation`.
///
/// # Errors
/// [`Kind::AwsCredentials`](crate::error::Kind::AwsCredentials) when there are none.
pub(crate) async fn credentials(
    wire: &HttpClient,
    profile: &Profile,
    region: &Region,
    operation: &str,
) -> Result<Credentials> {
    let shared = super::signed_config(wire, profile, region).await?;
    let provider = shared.credentials_provider().ok_or_else(|| no_credentials(operation, None))?;
    let credentials = tokio::time::timeout(CREDENTIALS_PATIENCE, provider.provide_credentials()).await;
    match credentials {
        Ok(Ok(credentials)) => Ok(credentials),
        Ok(Err(error)) => Err(no_credentials(operation, Some(&error))),
        Err(_) => Err(no_credentials(operation, None)),
    }
}

/// The table's prefix for services whose codes have a meaning of their own.
fn grant(service: Service) -> &'static str {
    match service {
        Service::BedrockAgentcoreControl => "agentcore",
        _ => "",
    }
}

/// The call as a signed request, at `now` (milliseconds since the Unix epoch).
///
/// # Errors
/// [`Kind::Usage`](crate::error::Kind::Usage) for a call that can't be one.
pub(crate) fn signed(
    profile: &Profile,
    call: &Call<'_>,
    credentials: &Credentials,
    now: u64,
) -> Result<http::Request<Vec<u8>>> {
    let malformed = |why: &dyn std::fmt::Display| Error::usage(format!("{} can't be signed: {why}", call.operation));
    let endpoint = profile.endpoint(call.service);
    let base = endpoint.map_or_else(|| aws_origin(call.service.host(), call.region), ToString::to_string);
    let url = format!("{}{}", base.trim_end_matches('/'), call.path);
    let identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(call.region.as_str())
        .name(call.service.signing_name())
        .time(SystemTime::UNIX_EPOCH + Duration::from_millis(now))
        .settings(SigningSettings::default())
        .build()
        .map_err(|why| malformed(&why))?
        .into();
    let headers = call.headers.iter().copied();
    let signable = SignableRequest::new(call.method.as_str(), url.as_str(), headers, SignableBody::Bytes(&call.body));
    let signature = signable.and_then(|request| sign(request, &parameters)).map_err(|why| malformed(&why))?;
    let mut request = http::Request::builder().method(call.method.clone()).uri(url.as_str());
    for (name, value) in call.headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(call.body.clone()).map_err(|why| malformed(&why))?;
    signature.into_parts().0.apply_to_request_http1x(&mut request);
    Ok(request)
}
