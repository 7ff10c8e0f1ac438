//! The bindings of a profile's secrets.

use cogtok::error::Result;
use cogtok::oauth::{client_credentials, login};
use cogtok::secrets::store::SecretId;
use cogtok::settings::aws_services::Service;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::SecretKind;
use cogtok::user_pool::user_token;

/// The binding of the profile's secret of this kind.
pub fn binding(profile: &Profile, kind: SecretKind) -> Result<SecretId> {
    match kind {
        SecretKind::M2mClient => client_credentials::secret_binding(profile),
        SecretKind::M2mClientNext => client_credentials::secret_binding(profile).map(|id| SecretId { kind, ..id }),
        SecretKind::UserClient => user_token::secret_binding(profile, kind, None),
        _ => user_token::secret_binding(profile, kind, Some(profile.username()?)),
    }
}

/// All that the profile's secret of this kind is bound to: the users' client sends its own to the API and, for a sign-in
/// through the browser, to the pool's domain.
pub fn bindings(profile: &Profile, kind: SecretKind) -> Result<Vec<SecretId>> {
    let mut bindings = vec![binding(profile, kind)?];
    let domain = login::secret_binding(profile).ok().filter(|_| kind == SecretKind::UserClient);
    bindings.extend(domain.filter(|domain| bindings.first() != Some(domain)));
    Ok(bindings)
}

/// Where the profile's secret of this kind is sent, as a message says it: where it is bound to, and, for a token exchange, AWS's own
/// Cognito API.
pub fn receivers(profile: &Profile, bindings: &[SecretId]) -> String {
    let bound = origins(bindings);
    let is_of_machine = bindings.iter().any(|binding| binding.kind == SecretKind::M2mClient);
    let is_exchanged_at_aws = profile.endpoint(Service::CognitoIdp).is_none();
    let is_api = profile.cognito_idp_origin().is_ok_and(|api| bindings.iter().any(|binding| binding.origin == api));
    if is_of_machine && is_exchanged_at_aws && !is_api {
        format!("{bound} and, for a token exchange, to AWS's own Cognito API")
    } else {
        bound
    }
}

/// The origins of bindings, as a message lists them.
pub fn origins(bindings: &[SecretId]) -> String {
    bindings.iter().map(|binding| binding.origin.as_str()).collect::<Vec<_>>().join(" and ")
}
