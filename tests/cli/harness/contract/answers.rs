//! What AWS would not answer: so that no test relies on an answer that can't come.

use super::asked;
use super::shapes::Judge;
use crate::harness::message::Request;
use serde_json::Value;

/// What every service may answer, whatever its operation's model has: AWS's common errors, with the names of both spellings.
const COMMON: [&str; 22] = [
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InternalError",
    "InternalFailure",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "OptInRequired",
    "RequestExpired",
    "SerializationException",
    "ServiceUnavailable",
    "SignatureDoesNotMatch",
    "Throttling",
    "ThrottlingException",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "ValidationError",
    "ValidationException",
];

/// What AWS would not answer to this request. What comes from something in between, such as a proxy's page or a redirect, is
/// not judged.
pub fn not_of_aws(request: &Request, status: u16, headers: &[(String, String)], body: &[u8]) -> Vec<String> {
    let Ok(Some(operation)) = asked(request) else { return Vec::new() };
    let header =
        |name: &str| headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let text = |name: &str| json.as_ref()?[name].as_str();
    let code = header("x-amzn-errortype").map(String::as_str).or_else(|| text("__type")).or_else(|| text("code"));
    let mut judge = Judge { shapes: operation.shapes, is_strict: false, broken: Vec::new() };
    match (status, code) {
        (200..=299, _) if operation.is_of("query") => {
            let root = format!("<{}Response", operation.name);
            if !String::from_utf8_lossy(body).contains(&root) {
                judge.broken.push(format!("its answer has no {root}>"));
            }
        }
        (200..=299, _) => {
            let output = operation.shape("output").map(|name| (name, &operation.shapes[name]));
            let is_stream = output.is_some_and(|(_, shape)| shape["payload"].is_string());
            let needs_none = output.is_none_or(|(_, shape)| shape["required"].is_null());
            match (output, json) {
                _ if is_stream => {}
                (None, Some(Value::Object(members))) if members.is_empty() => {}
                (Some((name, _)), Some(body)) => judge.check(name, &body, "the answer"),
                _ if body.is_empty() && needs_none => {}
                _ => judge.broken.push("its answer is not what it gives".to_owned()),
            }
        }
        (400..=599, Some(code)) if !operation.is_of("query") => {
            let bare = code.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default();
            let errors = operation.described["errors"].as_array().into_iter().flatten();
            let is_own = errors.clone().any(|error| error["shape"] == bare);
            if !is_own && !COMMON.contains(&bare) {
                judge.broken.push(format!("it has no error {bare}"));
            }
            let known = &operation.shapes[bare]["members"];
            let always = ["__type", "code", "message", "Message"];
            for name in json.iter().filter_map(Value::as_object).flat_map(|members| members.keys()) {
                if !always.contains(&name.as_str()) && known[name].is_null() {
                    judge.broken.push(format!("its error {bare} has no member {name}"));
                }
            }
        }
        _ => {}
    }
    judge.broken.iter().map(|what| format!("{} does not answer so: {what}", operation.name)).collect()
}
