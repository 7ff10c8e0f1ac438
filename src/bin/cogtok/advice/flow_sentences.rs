//! The sentences about a sign-in flow where the line or a variable decides on it. The profile's own flow has no effect then, and if it was the
//! app client that was named, it belongs to another client: that one would begin to send the password.

use cogtok::error::AdviceKind;

/// The sentence; `None` for advice that is not about the flow.
#[rustfmt::skip]
pub fn sentence(kind: AdviceKind) -> Option<&'static str> {
    Some(match kind {
        AdviceKind::AllowAdminPasswordFlow => "the app client does not allow this flow: `--auth-flow srp` uses another, or enable ALLOW_ADMIN_USER_PASSWORD_AUTH on the client ?? the app client does not allow this flow: COGTOK_AUTH_FLOW=srp uses another, or enable ALLOW_ADMIN_USER_PASSWORD_AUTH on the client",
        AdviceKind::AllowChoiceFlow => "the app client does not allow this flow: `--auth-flow srp` uses another, or enable ALLOW_USER_AUTH on the client ?? the app client does not allow this flow: COGTOK_AUTH_FLOW=srp uses another, or enable ALLOW_USER_AUTH on the client",
        AdviceKind::AllowCustomFlow => "the app client does not allow this flow: `--auth-flow srp` uses another, or enable ALLOW_CUSTOM_AUTH on the client ?? the app client does not allow this flow: COGTOK_AUTH_FLOW=srp uses another, or enable ALLOW_CUSTOM_AUTH on the client",
        AdviceKind::AllowPasswordFlow => "the app client does not allow this flow: `--auth-flow srp` uses the other one, or enable ALLOW_USER_PASSWORD_AUTH on the client ?? the app client does not allow this flow: COGTOK_AUTH_FLOW=srp uses the other one, or enable ALLOW_USER_PASSWORD_AUTH on the client",
        AdviceKind::AllowSrpFlow => "the app client does not allow this flow: `--auth-flow password` uses the other one, or enable ALLOW_USER_SRP_AUTH on the client ?? the app client does not allow this flow: COGTOK_AUTH_FLOW=password uses the other one, or enable ALLOW_USER_SRP_AUTH on the client",
        AdviceKind::UseAllowedFlow => "the app client does not allow this flow: `--auth-flow FLOW` names another ?? the app client does not allow this flow: COGTOK_AUTH_FLOW=FLOW names another",
        AdviceKind::AllowPasswordFactor => "to allow that: `--preferred-challenge password` ?? to allow that: COGTOK_PREFERRED_CHALLENGE=password",
        AdviceKind::AllowPasswordInClear => "to allow that: `--auth-flow password` ?? to allow that: COGTOK_AUTH_FLOW=password",
        _ => return None,
    })
}
