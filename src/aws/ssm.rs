//! Systems Manager's parameters: GetParameter.

use serde_json::{Value, json};

use super::sigv4::{Call, call};
use crate::error::Result;
use crate::http::client::HttpClient;
use crate::secret::Secret;
use crate::settings::aws_services::Service;
use crate::settings::profile::Profile;
use crate::settings::types::ParameterName;

/// GetParameter, decrypted, signed with the profile's AWS credentials: the parameter's value.
///
/// # Errors
/// See the table in [`super::service_error`] for GetParameter.
pub async fn parameter(wire: &HttpClient, profile: &Profile, name: &ParameterName) -> Result<Secret> {
    let region = match name.region() {
        Some(region) => region,
        None => super::region(profile).await?,
    };
    let request = Call {
        service: Service::Ssm,
        operation: "GetParameter",
        method: http::Method::POST,
        path: "/",
        region: &region,
        headers: &[("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "AmazonSSM.GetParameter")],
        body: json!({"Name": name.as_str(), "WithDecryption": true}).to_string().into_bytes(),
    };
    call(wire, profile, &request, read).await
}

fn read(body: &[u8]) -> Option<Secret> {
    let mut answer: Value = serde_json::from_slice(body).ok()?;
    match answer.pointer_mut("/Parameter/Value").map(Value::take) {
        Some(Value::String(value)) => Some(Secret::new(value)),
        _ => None,
    }
}
