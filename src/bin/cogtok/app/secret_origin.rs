//! Where the secrets of this call came from: what to do about one that is refused depends on it.

use cogtok::error::{Error, Hint};
use cogtok::settings::types::SecretKind;

use super::App;

/// Where a secret came from.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// Standard input.
    Stdin,
    /// This variable.
    Variable(&'static str),
    /// The secret store, where this command replaces it.
    Store(Hint),
    /// Secrets Manager, under this ARN.
    SecretsManager(String),
    /// A person.
    Typed,
}

impl App {
    /// Remembers where the secret of this kind that is about to be used came from.
    pub fn note_source(&self, kind: SecretKind, source: SecretSource) {
        let mut sources = self.sources.borrow_mut();
        sources.retain(|(known, _)| *known != kind);
        sources.push((kind, source));
    }

    /// Whether a person typed the secret of this kind that was used last.
    pub fn is_typed(&self, kind: SecretKind) -> bool {
        self.sources.borrow().iter().any(|(known, source)| *known == kind && matches!(source, SecretSource::Typed))
    }

    /// The error with what to do about the secret that was used, where it is about one.
    pub fn about_secrets(&self, error: Error) -> Error {
        self.sources.borrow().iter().fold(error, |error, (kind, source)| {
            let error = error.fill(&format!("secret {kind}"), self.if_wrong(*kind, source));
            error.fill(&format!("no-secret {kind}"), if_too_many(*kind, source))
        })
    }

    /// What to do where the secret is wrong; nothing where a person will see to it.
    fn if_wrong(&self, kind: SecretKind, source: &SecretSource) -> Hint {
        let what = if kind == SecretKind::Password { "password" } else { "client secret" };
        let hint = match source {
            SecretSource::Stdin => Hint::new("the {what} came from standard input: check what is in the pipe"),
            SecretSource::Variable(name) => Hint::new(
                "the {what} is that of {variable}, which comes before a stored one: correct the variable, or unset it",
            )
            .text("variable", name),
            SecretSource::Store(command) => Hint::new("the {what} is the one in {store}: `{command}` replaces it")
                .text("store", self.store_name())
                .fill("command", command.clone()),
            SecretSource::SecretsManager(arn) => {
                Hint::new("the {what} is the one in Secrets Manager: check {arn}").text("arn", arn)
            }
            SecretSource::Typed => Hint::new(""),
        };
        hint.text("what", what)
    }
}

/// What to do where there should be no secret.
fn if_too_many(kind: SecretKind, source: &SecretSource) -> Hint {
    match source {
        SecretSource::Variable(name) => Hint::new("unset {variable}").text("variable", name),
        SecretSource::Store(_) => {
            Hint::new("`cogtok secret delete {kind}{p}` removes the stored one").text("kind", kind)
        }
        SecretSource::Stdin | SecretSource::SecretsManager(_) | SecretSource::Typed => Hint::new(""),
    }
}
