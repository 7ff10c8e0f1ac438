//! Bedrock's models: Converse and ConverseStream, signed with the AWS credentials that an identity pool gave.

mod events;

use std::time::Duration;

use aws_credential_types::Credentials;
use hyper::body::Bytes;
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use super::error_response;
use super::event_stream::EVENT_STREAM;
use super::identity_pool::AwsCredentials;
use super::service_error::{Refusal, is_known, refused, said};
use super::sigv4::{Call, signed};
use crate::error::{Advice, AdviceKind, Error, Result};
use crate::http::client::{HttpClient, MAX_ANSWER};
use crate::http::redact::Redactor;
use crate::http::retry::{CallFailure, with_retries};
use crate::http::status::{may_pass, unexplained};
use crate::http::streaming::Streamed;
use crate::settings::aws_services::Service;
use crate::settings::profile::Profile;
use crate::settings::types::{ModelId, Region};

pub use events::Events;

/// The prefix of Bedrock's rows in the table of service errors.
const BEDROCK: &str = "bedrock";

/// Refusals without any work done, which may succeed a moment later.
const MAY_PASS: [&str; 4] =
    ["ThrottlingException", "ServiceUnavailableException", "ModelNotReadyException", "InternalServerException"];

/// The input of a model.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The model.
    pub model: &'a ModelId,
    /// The user's message.
    pub prompt: &'a str,
    /// `system`: how the model shall answer.
    pub system: Option<&'a str>,
    /// `inferenceConfig.maxTokens`: the longest answer, in tokens.
    pub max_tokens: Option<u32>,
}

impl Question<'_> {
    fn body(&self) -> Vec<u8> {
        let mut body = json!({"messages": [{"role": "user", "content": [{"text": self.prompt}]}]});
        if let Some(system) = self.system {
            body["system"] = json!([{"text": system}]);
        }
        if let Some(most) = self.max_tokens {
            body["inferenceConfig"] = json!({"maxTokens": most});
        }
        body.to_string().into_bytes()
    }
}

/// Bedrock in one Region, for the user whose AWS credentials these are.
#[derive(Debug)]
pub struct Bedrock<'a> {
    wire: &'a HttpClient,
    profile: &'a Profile,
    region: &'a Region,
    credentials: Credentials,
    silence: Duration,
}

impl<'a> Bedrock<'a> {
    /// Bedrock at the profile's endpoint, or in `region`. No answer, and no part of one, may be longer in coming than `silence`.
    pub fn new(
        wire: &'a HttpClient,
        profile: &'a Profile,
        region: &'a Region,
        credentials: &AwsCredentials,
        silence: Duration,
    ) -> Self {
        let (secret, token) = (&credentials.secret_access_key, &credentials.session_token);
        for hidden in [secret, token] {
            wire.redactor().hide("", hidden);
        }
        let credentials = Credentials::new(
            credentials.access_key_id.as_str(),
            secret.expose(),
            Some(token.expose().to_owned()),
            None,
            "identity pool",
        );
        Bedrock { wire, profile, region, credentials, silence }
    }

    /// Converse: the whole answer, as Bedrock writes it.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for Converse.
    pub async fn converse(&self, question: &Question<'_>) -> Result<Value> {
        let operation = "Converse";
        let mut answer = self.ask(operation, "converse", "application/json", question).await?;
        let body = answer.rest(MAX_ANSWER).await.map_err(|fault| Error::from(fault).context(operation))?;
        match serde_json::from_slice(&body) {
            Ok(answer @ Value::Object(_)) => Ok(answer),
            _ => Err(strange(operation, &format!("HTTP 200, {} bytes", body.len()), self.wire.redactor())),
        }
    }

    /// ConverseStream: the answer as it comes.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for ConverseStream.
    pub async fn converse_stream(&self, question: &Question<'_>) -> Result<Events> {
        let operation = "ConverseStream";
        let answer = self.ask(operation, "converse-stream", EVENT_STREAM, question).await?;
        if answer.media_type() != EVENT_STREAM {
            let what = format!("HTTP 200, {}", answer.media_type());
            return Err(strange(operation, &what, self.wire.redactor()));
        }
        Ok(Events::new(answer, self.wire.redactor().clone()))
    }

    async fn ask(
        &self,
        operation: &'static str,
        path: &str,
        accept: &str,
        question: &Question<'_>,
    ) -> Result<Streamed> {
        let path = format!("/model/{}/{path}", segment(question.model));
        let call = Call {
            service: Service::BedrockRuntime,
            operation,
            method: http::Method::POST,
            path: &path,
            region: self.region,
            headers: &[("content-type", "application/json"), ("accept", accept)],
            body: question.body(),
        };
        with_retries(self.wire, || self.send(&call)).await.map_err(|failed| failed.error)
    }

    async fn send(&self, call: &Call<'_>) -> Result<Streamed, CallFailure> {
        let request =
            signed(self.profile, call, &self.credentials, self.wire.now()).map(|request| request.map(Bytes::from));
        let request = request.map_err(CallFailure::last)?;
        let unanswered = |fault| {
            // A request without an answer may have been carried out and billed: only a request that was never sent is repeated.
            let failed = CallFailure::unanswered(fault).context(call.operation);
            CallFailure { is_transient: failed.is_transient && failed.is_undone, ..failed }
        };
        let mut answer =
            self.wire.open_as_it_is(request, self.silence).await.map_err(|fault| self.lost(unanswered(fault)))?;
        let status = answer.status();
        if status == 200 {
            return Ok(answer);
        }
        let body = answer.rest(MAX_ANSWER).await.map_err(unanswered)?;
        let redactor = self.wire.redactor();
        match error_response::refusal(answer.header_map(), status, &body) {
            Some((code, message)) => {
                let error = no(call.operation, Some(status), &code, &message, redactor);
                let (status, grant, operation) = (answer.status(), BEDROCK, call.operation);
                let is_known =
                    is_known(&Refusal { status: Some(status), grant, operation, code: &code, message: &message });
                let is_transient = MAY_PASS.contains(&code.as_str()) || (!is_known && may_pass(status));
                Err(CallFailure { is_transient, ..CallFailure::last(error) })
            }
            None => {
                let what = format!("HTTP {status}, {} bytes", body.len());
                // A gateway's 502 or 504 does not say whether the model ran, which is billed.
                let is_transient = matches!(status, 429 | 503);
                let error = unexplained(call.operation, status, &what).filter(|_| status < 500);
                let error = error.unwrap_or_else(|| strange(call.operation, &what, redactor));
                Err(CallFailure { is_transient, ..CallFailure::last(error) })
            }
        }
    }

    /// If AWS's own host does not exist, the Region is the likeliest reason.
    fn lost(&self, failed: CallFailure) -> CallFailure {
        if !failed.is_undone || self.profile.endpoint(Service::BedrockRuntime).is_some() {
            return failed;
        }
        let hint = Advice::new(AdviceKind::AskOtherModelRegion).text("region", self.region);
        CallFailure { error: failed.error.hint(hint), ..failed }
    }
}

/// A model as one segment of a path (RFC 3986 section 3.3): its colons and slashes are no separators.
fn segment(model: &ModelId) -> String {
    byte_serialize(model.as_str().as_bytes()).collect()
}

/// The error for a refusal, with the role and the action in it where the message names them.
fn no(operation: &str, status: Option<u16>, code: &str, message: &str, redactor: &Redactor) -> Error {
    let error = refused(&Refusal { status, grant: BEDROCK, operation, code, message }, redactor);
    match denied(message) {
        Some((role, action)) => error.hint(format!("add {action} to a policy of the role {role}")),
        None => error,
    }
}

/// The role and the action in IAM's message: `User: arn:…:assumed-role/ROLE/… is not authorized to perform: ACTION on …`.
fn denied(message: &str) -> Option<(String, String)> {
    let is_name = |text: &&str| {
        (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "+=,.@_:-".contains(c))
    };
    let role = message.split_once(":assumed-role/")?.1.split('/').next().filter(is_name)?;
    let action = message.split_once("to perform: ")?.1.split_whitespace().next().filter(is_name)?;
    Some((role.to_owned(), action.to_owned()))
}

fn strange(operation: &str, what: &str, redactor: &Redactor) -> Error {
    let what = said(what, redactor);
    Error::network(format!("{operation}: the answer is not one of Bedrock ({what})"))
        .hint("check `endpoint_url` and AWS_ENDPOINT_URL_BEDROCK_RUNTIME")
}

/// The text of a whole answer; what is not text is left out.
pub fn text(answer: &Value) -> String {
    let blocks = answer["output"]["message"]["content"].as_array();
    blocks.into_iter().flatten().filter_map(|block| block["text"].as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_and_action_are_found_in_what_iam_says() {
        let message = "User: arn:aws:sts::111122223333:assumed-role/ws-user/CognitoIdentityCredentials is not authorized to \
            perform: bedrock:InvokeModel on resource: arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0";
        assert_eq!(denied(message), Some(("ws-user".to_owned(), "bedrock:InvokeModel".to_owned())));
        for other in [
            "",
            "You don't have access to the model with the specified model ID.",
            ":assumed-role/\u{1b}[1m/ to perform: x",
        ] {
            assert_eq!(denied(other), None);
        }
    }

    #[test]
    fn a_model_is_one_segment_of_the_path() {
        let encoded = |model: &str| segment(&model.parse().unwrap());
        assert_eq!(encoded("us.amazon.nova-lite-v1:0"), "us.amazon.nova-lite-v1%3A0");
        assert_eq!(encoded("arn:aws:bedrock:x::y/z_1"), "arn%3Aaws%3Abedrock%3Ax%3A%3Ay%2Fz_1");
    }
}
