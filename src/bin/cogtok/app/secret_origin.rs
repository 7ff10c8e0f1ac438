//! Where the secrets of this call came from. The advice for a refused secret depends on it.

use cogtok::error::{Advice, AdviceKind, Error};
use cogtok::secrets::store::SecretId;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{ClientId, SecretKind, StoreKind};

use super::{App, variable};

/// Where a secret came from.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// Standard input.
    Stdin,
    /// This variable.
    Variable(&'static str),
    /// The secret store, where this command replaces it.
    Store(Advice),
    /// The secret store, for this app client, for which this command stores none: see [`can_store_for`].
    StoreForClient(ClientId),
    /// Secrets Manager, under this ARN.
    SecretsManager(String),
    /// A person.
    Typed,
    /// Nowhere: there is none for the app client, and none can be stored for it, see [`can_store_for`].
    Nowhere,
}

impl App {
    /// Remembers where the secret of this kind that is about to be used came from.
    pub fn note_source(&self, kind: SecretKind, source: SecretSource) {
        let mut sources = self.sources.borrow_mut();
        sources.retain(|(known, _)| *known != kind);
        sources.push((kind, source));
    }

    /// Whether the secret of this kind that was used last came from the secret store.
    pub fn is_from_store(&self, kind: SecretKind) -> bool {
        self.sources.borrow().iter().any(|(known, source)| {
            *known == kind && matches!(source, SecretSource::Store(_) | SecretSource::StoreForClient(_))
        })
    }

    /// Whether a person typed the secret of this kind that was used last.
    pub fn is_typed(&self, kind: SecretKind) -> bool {
        self.sources.borrow().iter().any(|(known, source)| *known == kind && matches!(source, SecretSource::Typed))
    }

    /// The error that a secret is missing from the store; if it stayed in the other one, it says so.
    pub fn not_stored(&self, binding: &SecretId) -> Error {
        let (here, there, other) = match self.store_kind() {
            Ok(StoreKind::File) => ("the secrets file", "the keyring", StoreKind::Keyring),
            _ => ("the keyring", "the secrets file", StoreKind::File),
        };
        if self.secret_places().is_none_or(|places| places.read().is_in(other, binding) != Some(true)) {
            return binding.missing();
        }
        Error::store(format!("the {binding} is in {there}, and secrets now go to {here}"))
            .hint(Advice::new("store it again: {store}").fill("store", binding.command()))
    }

    /// The error with what to do about the secret that was used, where it is about one.
    pub fn about_secrets(&self, error: Error) -> Error {
        self.sources.borrow().iter().fold(error, |error, (kind, source)| {
            error.map_advice(|advice| match advice.kind() {
                Some(known) if Some(known) == if_refused(*kind) => self.if_wrong(*kind, source),
                Some(AdviceKind::OmitUserClientSecret) if *kind == SecretKind::UserClient => if_too_many(*kind, source),
                Some(AdviceKind::StoreUserClientSecret) if matches!(source, SecretSource::Nowhere) => {
                    Some(Advice::new("the app client has a secret: COGTOK_USER_CLIENT_SECRET supplies it"))
                }
                _ => Some(advice),
            })
        })
    }

    /// What to do about a wrong secret; `None` if a person will be asked.
    fn if_wrong(&self, kind: SecretKind, source: &SecretSource) -> Option<Advice> {
        let what = if kind == SecretKind::Password { "password" } else { "client secret" };
        let advice = match source {
            SecretSource::Stdin => Advice::new("the {what} came from standard input: check what is in the pipe"),
            SecretSource::Variable(name) => Advice::new(
                "the {what} comes from {variable}, which overrides a stored one: correct the variable, or unset it",
            )
            .text("variable", name),
            SecretSource::Store(command) => Advice::new("the {what} comes from {store}: `{command}` replaces it")
                .text("store", self.store_name())
                .fill("command", command.clone()),
            SecretSource::StoreForClient(client) => {
                Advice::new("the {what} comes from {store}, where it is stored for client {client}")
                    .text("store", self.store_name())
                    .word("client", client)
            }
            SecretSource::SecretsManager(arn) => {
                Advice::new("the {what} comes from Secrets Manager: check {arn}").text("arn", arn)
            }
            SecretSource::Typed | SecretSource::Nowhere => return None,
        };
        Some(advice.text("what", what))
    }
}

/// Whether `cogtok secret set` for this profile stores a secret for the app client of this call: not without a profile, to which a secret
/// belongs, and not where an option names the client, which may be another than the profile's.
pub fn can_store_for(profile: &Profile) -> bool {
    profile.name.is_some() && !profile.is_client_given
}

/// How to supply a secret of this kind that can't be stored.
pub fn supplied(kind: SecretKind) -> Option<Advice> {
    variable(kind).map(|name| Advice::new("{variable} supplies it").text("variable", name))
}

/// The library's advice for a refused secret of this kind.
fn if_refused(kind: SecretKind) -> Option<AdviceKind> {
    match kind {
        SecretKind::M2mClient => Some(AdviceKind::CheckM2mClientSecret),
        SecretKind::UserClient => Some(AdviceKind::CheckUserClientSecret),
        SecretKind::Password => Some(AdviceKind::CheckPassword),
        _ => None,
    }
}

/// What to do about a secret that the app client does not have.
fn if_too_many(kind: SecretKind, source: &SecretSource) -> Option<Advice> {
    match source {
        SecretSource::Variable(name) => Some(Advice::new("unset {variable}").text("variable", name)),
        SecretSource::Store(_) => {
            Some(Advice::new("`cogtok secret delete {kind}{p}` removes the stored one").text("kind", kind))
        }
        SecretSource::StoreForClient(client) => {
            Some(Advice::new("the secret that was sent is stored for client {client}").word("client", client))
        }
        SecretSource::Stdin | SecretSource::SecretsManager(_) | SecretSource::Typed | SecretSource::Nowhere => None,
    }
}
