//! The redirect from the hosted pages.

use crate::error::{Error, Result, printable};
use crate::secret::Secret;

/// The parameters of the redirect (RFC 6749 sections 4.1.2 and 4.1.2.1).
pub enum AuthorizationResponse {
    /// A code, to be exchanged for tokens.
    Code(Secret),
    /// An error.
    Refused {
        /// `error`.
        code: String,
        /// `error_description`.
        description: String,
    },
}

impl std::fmt::Debug for AuthorizationResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            AuthorizationResponse::Code(_) => "Code",
            AuthorizationResponse::Refused { .. } => "Refused",
        })
    }
}

/// The values that a genuine redirect contains.
#[derive(Debug, Clone)]
pub struct ExpectedResponse {
    /// `state` (RFC 6749 section 10.12).
    pub state: Secret,
    /// The issuers that an `iss` parameter (RFC 9207) may name; empty for any.
    pub issuers: Vec<String>,
}

impl ExpectedResponse {
    /// Parses the query of a redirect.
    ///
    /// # Errors
    /// [`Kind::Refused`](crate::error::Kind::Refused) with the reason, where it is not the answer to this sign-in.
    pub fn read(&self, query: &str) -> Result<AuthorizationResponse> {
        let refused = |why: String| Err(Error::new(crate::error::Kind::Refused, why));
        let mut values: [Option<String>; 5] = Default::default();
        let names = ["state", "code", "error", "error_description", "iss"];
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let Some(at) = names.iter().position(|known| *known == name) else { continue };
            if values[at].replace(value.into_owned()).is_some() {
                return refused(format!("it has more than one `{name}`"));
            }
        }
        let [state, code, error, description, iss] = values;
        let said = |error: &Option<String>| {
            let said = error.as_ref().map(|error| format!("; it says `{}`", printable(error, 80)));
            said.unwrap_or_default()
        };
        match state {
            Some(state) if state == self.state.expose() => {}
            Some(_) => return refused(format!("its state is another sign-in's{}", said(&error))),
            None => return refused(format!("it has no state{}", said(&error))),
        }
        if let Some(iss) = iss
            && !self.issuers.is_empty()
            && !self.issuers.contains(&iss)
        {
            return refused(format!("it comes from another pool: {}", printable(&iss, 120)));
        }
        match (code, error) {
            (_, Some(code)) => {
                Ok(AuthorizationResponse::Refused { code, description: description.unwrap_or_default() })
            }
            (Some(code), None) if !code.is_empty() => Ok(AuthorizationResponse::Code(Secret::new(code))),
            _ => refused("it has neither a code nor an error".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected() -> ExpectedResponse {
        let issuers = vec!["https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Ours".to_owned()];
        ExpectedResponse { state: Secret::new("right-state".to_owned()), issuers }
    }

    #[test]
    fn only_the_answer_to_this_sign_in_is_taken() {
        let ours = "https%3A%2F%2Fcognito-idp.us-east-1.amazonaws.com%2Fus-east-1_Ours";
        for good in ["code=c&state=right-state".to_owned(), format!("state=right-state&iss={ours}&code=c&other=1")] {
            assert!(
                matches!(expected().read(&good), Ok(AuthorizationResponse::Code(code)) if code.expose() == "c"),
                "{good}"
            );
        }
        for bad in [
            "",
            "code=c",
            "code=c&state=",
            "code=c&state=wrong-state",
            "code=c&state=right-state&state=right-state",
            "code=c&code=d&state=right-state",
            "code=&state=right-state",
            "state=right-state",
            "error=access_denied",
            "error=access_denied&state=wrong-state",
            "code=c&state=right-state&iss=https%3A%2F%2Fcognito-idp.us-east-1.amazonaws.com%2Fus-east-1_Theirs",
            "code=c&state=right-state&iss=",
        ] {
            assert!(expected().read(bad).is_err(), "{bad}");
        }
        let refused = expected().read("error=access_denied&error_description=no+way&state=right-state&code=c");
        assert!(
            matches!(&refused, Ok(AuthorizationResponse::Refused { code, description }) if code == "access_denied" && description == "no way")
        );
    }
}
