//! Systems Manager's parameters: GetParameter.

use serde_json::{Value, json};

use super::sigv4::{Call, ServiceReply, call};
use crate::error::Result;
use crate::http::client::HttpClient;
use crate::secret::Secret;
use crate::settings::aws_services::Service;
use crate::settings::profile::Profile;
use crate::settings::types::ParameterName;

/// GetParameter, decrypted, signed with the profile's AWS credentials: the parameter's value.
///
/// # Errors
/// As the table in [`super::service_error`] says for GetParameter.
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

fn read(status: u16, body: &[u8]) -> ServiceReply<Secret> {
    let Ok(mut answer) = serde_json::from_slice::<Value>(body) else { return ServiceReply::Strange };
    match (status, answer.pointer_mut("/Parameter/Value").map(Value::take)) {
        (200, Some(Value::String(value))) => return ServiceReply::Answer(Secret::new(value)),
        (400..=599, _) => {}
        _ => return ServiceReply::Strange,
    }
    let text = |name: &str| answer[name].as_str().map(str::to_owned);
    // The code may come with a name space before it.
    match text("__type").map(|code| code.rsplit('#').next().unwrap_or_default().to_owned()) {
        Some(code) => ServiceReply::Refused(code, text("message").or_else(|| text("Message")).unwrap_or_default()),
        None => ServiceReply::Strange,
    }
}
