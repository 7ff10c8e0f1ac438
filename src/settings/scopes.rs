//! OAuth scopes.

use std::collections::BTreeSet;
use std::fmt;

use crate::error::{Error, Result, printable};

/// OAuth scopes (RFC 6749 section 3.3), as a set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<String>);

impl Scopes {
    /// Scopes from any number of lists, separated by spaces or, where each of them is of the form that Cognito has, by commas.
    ///
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) for characters that RFC 6749 does not allow in a scope.
    pub fn parse<'a>(lists: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let mut scopes = BTreeSet::new();
        let words = lists.into_iter().flat_map(str::split_ascii_whitespace);
        for scope in words.flat_map(|word| if is_list(word) { word.split(',').collect() } else { vec![word] }) {
            if scope.is_empty() {
                continue;
            }
            if !scope.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)) {
                return Err(Error::usage(format!("`{}` is not a scope (RFC 6749 section 3.3)", printable(scope, 80))));
            }
            scopes.insert(scope.to_owned());
        }
        Ok(Scopes(scopes))
    }

    /// The scopes in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The scopes of `self` that `other` lacks.
    pub fn missing_from<'a>(&'a self, other: &Scopes) -> Vec<&'a str> {
        self.0.iter().filter(|scope| !other.0.contains(*scope)).map(String::as_str).collect()
    }
}

/// Whether a word is a comma-separated list of scopes: since a scope may contain a comma, each part must look like one.
fn is_list(word: &str) -> bool {
    const OF_USERS: [&str; 5] = ["openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"];
    let is_scope = |part: &str| part.contains('/') || OF_USERS.contains(&part);
    word.contains(',') && word.split(',').filter(|part| !part.is_empty()).all(is_scope)
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iter().collect::<Vec<_>>().join(" "))
    }
}
