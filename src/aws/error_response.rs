//! How services with REST paths and JSON bodies refuse: the code is in a header, the message in the body.

use serde_json::Value;

/// The code and the message of a refusal; none where the answer is no refusal of AWS.
pub(crate) fn refusal(headers: &http::HeaderMap, status: u16, body: &[u8]) -> Option<(String, String)> {
    if !(400..600).contains(&status) {
        return None;
    }
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    let named = headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let code = named.or_else(|| text("__type")).or_else(|| text("code"))?;
    // A name space may come before it, and the address of an explanation behind.
    let code = code.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default().trim();
    let message = text("message").or_else(|| text("Message")).unwrap_or_default();
    (!code.is_empty()).then(|| (code.to_owned(), message))
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
        assert_eq!(refusal(&none, 403, body), None);
        assert_eq!(refusal(&named("AccessDeniedException"), 200, body), None);
        assert_eq!(refusal(&named("Broken"), 500, b"<html>"), Some(("Broken".to_owned(), String::new())));
    }
}
