//! How AWS refuses: a code and a message, in JSON with the code in a header or in the body, or in XML.

use serde_json::Value;

use super::service_error::{Refusal, refused};
use super::xml;
use crate::http::client::HttpClient;
use crate::http::retry::CallFailure;

/// The code and the message of an AWS error response; `None` if the answer isn't one.
pub(crate) fn refusal(headers: &http::HeaderMap, status: u16, body: &[u8]) -> Option<(String, String)> {
    if !(400..600).contains(&status) {
        return None;
    }
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| json[name].as_str().map(str::to_owned);
    let named = headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let Some(code) = named.or_else(|| text("__type")).or_else(|| text("code")) else {
        return xml::refusal(std::str::from_utf8(body).ok()?);
    };
    let message = text("message").or_else(|| text("Message")).unwrap_or_default();
    let code = bare(&code);
    (!code.is_empty()).then(|| (code.to_owned(), message))
}

/// The bare error code: services may put a name space before it and a URL after it.
pub(crate) fn bare(code: &str) -> &str {
    code.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default().trim()
}

/// The result of an answer to `operation`. `read` parses the body of a 200; `grant` is the table's prefix for services whose codes have a
/// meaning of their own.
pub(crate) fn outcome<T>(
    wire: &HttpClient,
    (grant, operation): (&str, &str),
    answer: &http::Response<Vec<u8>>,
    read: impl Fn(&[u8]) -> Option<T>,
) -> Result<T, CallFailure> {
    let status = answer.status().as_u16();
    if let Some(read) = Some(answer.body()).filter(|_| status == 200).and_then(|body| read(body)) {
        return Ok(read);
    }
    match refusal(answer.headers(), status, answer.body()) {
        Some((code, message)) => {
            let refusal = Refusal { status: Some(status), grant, operation, code: &code, message: &message };
            Err(CallFailure::refused(refused(&refusal, wire.redactor())))
        }
        None => {
            let what = format!("HTTP {status}, {} bytes", answer.body().len());
            Err(CallFailure::strange(operation, status, &what))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_in_the_header_or_in_the_body() {
        let named = |value: &'static str| {
            let mut headers = http::HeaderMap::new();
            headers.insert("x-amzn-errortype", http::HeaderValue::from_static(value));
            headers
        };
        let body = br#"{"message":"no"}"#;
        let wanted = Some(("AccessDeniedException".to_owned(), "no".to_owned()));
        for header in ["AccessDeniedException", "AccessDeniedException:http://internal.amazon.com/coral/com.amazon/"] {
            assert_eq!(refusal(&named(header), 403, body), wanted);
        }
        let none = http::HeaderMap::new();
        let typed = br#"{"__type":"com.amazon#AccessDeniedException","Message":"no"}"#;
        assert_eq!(refusal(&none, 403, typed), wanted);
        let spaced = br#"{"__type":" com.amazon#AccessDeniedException ","message":"no"}"#;
        assert_eq!(refusal(&none, 403, spaced), wanted);
        assert_eq!(refusal(&none, 403, br#"{"__type":"","message":"no"}"#), None);
        assert_eq!(refusal(&none, 403, body), None);
        assert_eq!(refusal(&named("AccessDeniedException"), 200, body), None);
        assert_eq!(refusal(&named("Broken"), 500, b"<html>"), Some(("Broken".to_owned(), String::new())));
    }

    #[test]
    fn the_code_is_in_xml() {
        let none = http::HeaderMap::new();
        let body = b"<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>no &amp; no</Message></Error></ErrorResponse>";
        assert_eq!(refusal(&none, 400, body), Some(("ValidationError".to_owned(), "no & no".to_owned())));
        assert_eq!(refusal(&none, 200, body), None);
        for other in [&b"<html>"[..], b"<html/>", b"", b"\xff", b"[]", b"<ErrorResponse><Error/></ErrorResponse>"] {
            assert_eq!(refusal(&none, 500, other), None, "{other:?}");
        }
    }
}
