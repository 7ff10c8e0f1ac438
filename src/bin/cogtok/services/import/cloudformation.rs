//! The outputs of a CloudFormation stack.

use zeroize::Zeroizing;

use crate::services::import::name_from;
use cogtok::aws::cloudformation;
use cogtok::error::Result;
use cogtok::http::client::HttpClient;
use cogtok::oauth::client_bundle::candidates::Pair;
use cogtok::oauth::client_bundle::candidates::ProfileCandidate;
use cogtok::oauth::client_bundle::key_mapping;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::StackName;

/// The values in the stack's outputs.
///
/// # Errors
/// As [`cloudformation::outputs`].
pub async fn read(wire: &HttpClient, profile: &Profile, stack: &StackName) -> Result<ProfileCandidate> {
    let outputs = cloudformation::outputs(wire, profile, stack).await?;
    let pairs = outputs.into_iter().map(|(name, value)| Pair { name, value: Zeroizing::new(value) }).collect();
    // The name in an ARN (…:stack/NAME/ID).
    let name = stack.as_str().split('/').nth(1).unwrap_or(stack.as_str());
    let mut found = ProfileCandidate::named(name_from(name));
    key_mapping::take(pairs, &mut found);
    Ok(found)
}
