//! AWS WAF's answers to what it lets only a browser do: they come from the firewall, and say nothing about the request.

use std::fmt;

use crate::http::header_text::text;

/// The header that AWS WAF adds to them.
const HEADER: &str = "x-amzn-waf-action";

/// What AWS WAF wants before it lets a request pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WafAction {
    /// The rule action Challenge (HTTP 202): a script that a browser runs.
    Challenge,
    /// The rule action CAPTCHA (HTTP 405): a puzzle.
    Captcha,
}

impl fmt::Display for WafAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WafAction::Challenge => "a browser to run its script",
            WafAction::Captcha => "a CAPTCHA solved",
        })
    }
}

/// What AWS WAF wants with this answer, if it is its own. The statuses are also those of a success and of a wrong address, so the header
/// decides.
pub(crate) fn action<B>(response: &http::Response<B>) -> Option<WafAction> {
    match text(response.headers(), HEADER)?.trim() {
        action if action.eq_ignore_ascii_case("challenge") => Some(WafAction::Challenge),
        action if action.eq_ignore_ascii_case("captcha") => Some(WafAction::Captcha),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_actions_that_ask_for_a_browser_are_seen() {
        let seen = |status: u16, header: Option<&str>| {
            let mut response = http::Response::builder().status(status);
            if let Some(header) = header {
                response = response.header(HEADER, header);
            }
            action(&response.body(()).unwrap())
        };
        assert_eq!(seen(202, Some("challenge")), Some(WafAction::Challenge));
        assert_eq!(seen(405, Some("Captcha")), Some(WafAction::Captcha));
        for (status, header) in [(202, None), (405, None), (403, Some("block")), (200, Some(""))] {
            assert_eq!(seen(status, header), None, "{status} {header:?}");
        }
    }
}
