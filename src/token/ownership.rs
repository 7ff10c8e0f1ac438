//! Whose tokens an answer has: the checks of OpenID Connect Core sections 3.1.3.7 and 12.2 that need no keys, since the tokens came
//! straight from the endpoint that issued them.

use serde_json::{Map, Value};

use super::{Token, TokenSet, jwt};
use crate::error::{Advice, AdviceKind, Error, Kind, Result, printable};

/// The claims that the tokens of one user of one app client have.
#[derive(Debug)]
pub(crate) struct Owner<'a> {
    /// The issuers that the pool may have; empty where any may be its own.
    pub issuers: Vec<String>,
    /// The app client.
    pub client_id: &'a str,
    /// `sub` of the user who signed in before, at a renewal.
    pub subject: Option<&'a str>,
    /// That user's name in the pool.
    pub username: Option<&'a str>,
    /// Whether each of these claims has to be there: a server that stands in for Cognito may leave some out, or give one token as both.
    pub is_complete: bool,
    /// What to do about tokens of somebody else.
    pub advice: Advice,
}

impl Owner<'_> {
    /// Refuses tokens of another pool, app client or user, and two that are not of the same.
    ///
    /// # Errors
    /// [`Kind::Refused`] with the claim; [`Kind::Network`] for what has no claims where there must be some.
    pub fn check(&self, tokens: &TokenSet) -> Result<()> {
        let access = self.claims(&tokens.access)?;
        let id = tokens.id.as_ref().map(|id| self.claims(id)).transpose()?.flatten();
        if let Some(access) = &access {
            self.check_one(access, "client_id", "access")?;
        }
        if let Some(id) = &id {
            self.check_one(id, "aud", "id")?;
            if let Some(party) = id.get("azp").filter(|party| party.as_str() != Some(self.client_id)) {
                return Err(self.foreign("`azp`", party.as_str()));
            }
            self.check_subjects(text(access.as_ref(), "sub"), text(Some(id), "sub"))?;
        }
        self.check_user(access.as_ref(), id.as_ref())
    }

    /// The error for tokens whose claim `what` is this.
    pub fn foreign(&self, what: &str, is: Option<&str>) -> Error {
        let is = is.map_or_else(|| "nothing".to_owned(), |is| printable(is, 120));
        Error::new(Kind::Refused, format!("the tokens belong to another sign-in: {what} is {is}; nothing was stored"))
            .hint(self.advice.clone())
    }

    fn claims(&self, token: &Token) -> Result<Option<Map<String, Value>>> {
        let claims = jwt::payload_unverified(token.value.expose());
        if claims.is_none() && self.is_complete {
            return Err(Error::network("the tokens are not Cognito's: they are not JSON Web Tokens")
                .hint(AdviceKind::CheckDomain));
        }
        Ok(claims)
    }

    fn check_one(&self, claims: &Map<String, Value>, client: &str, token_use: &str) -> Result<()> {
        let is_ours = |issuer: &str| self.issuers.is_empty() || self.issuers.iter().any(|ours| ours == issuer);
        let fits = |name: &str, is_right: &dyn Fn(&str) -> bool| match claims.get(name) {
            None => !self.is_complete,
            Some(value) => value.as_str().is_some_and(is_right),
        };
        if !self.issuers.is_empty() && !fits("iss", &is_ours) {
            return Err(self.foreign("`iss`", text(Some(claims), "iss")));
        }
        if !fits(client, &|id| id == self.client_id) {
            return Err(self.foreign(&format!("`{client}`"), text(Some(claims), client)));
        }
        match claims.get("token_use") {
            Some(is) if self.is_complete && is.as_str() != Some(token_use) => {
                let which = if token_use == "id" { "ID" } else { token_use };
                Err(self.foreign(&format!("`token_use` of the {which} token"), is.as_str()))
            }
            _ => Ok(()),
        }
    }

    /// Both tokens are the same user's.
    fn check_subjects(&self, access: Option<&str>, id: Option<&str>) -> Result<()> {
        let is_same = match (access, id) {
            (Some(access), Some(id)) => access == id,
            _ => !self.is_complete,
        };
        if is_same {
            return Ok(());
        }
        let one = access.map_or_else(|| "nobody".to_owned(), |sub| printable(sub, 120));
        Err(self.foreign(&format!("`sub` of the access token is {one}, and of the ID token it"), id))
    }

    /// The user is the one who signed in before. A name is compared only where no `sub` is.
    fn check_user(&self, access: Option<&Map<String, Value>>, id: Option<&Map<String, Value>>) -> Result<()> {
        let subject = text(access, "sub").or_else(|| text(id, "sub"));
        let name = text(access, "username").or_else(|| text(id, "cognito:username"));
        match (self.subject, subject, self.username, name) {
            (Some(before), Some(now), ..) if before != now => Err(self.foreign("`sub`", Some(now))),
            (Some(_), Some(_), ..) => Ok(()),
            (.., Some(before), Some(now)) if before != now => Err(self.foreign("`username`", Some(now))),
            _ => Ok(()),
        }
    }
}

fn text<'a>(claims: Option<&'a Map<String, Value>>, name: &str) -> Option<&'a str> {
    claims?.get(name)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;
    use crate::settings::types::Scopes;
    use crate::token::session::RefreshState;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    fn tokens(access: &str, id: Option<&Value>) -> TokenSet {
        let token = |text: &str| Token { value: Secret::new(text.to_owned()), expires_at: None };
        let id = id.map(|id| token(&jwt(id)));
        let (scope, asked, renewal) = (None, Scopes::default(), RefreshState::None);
        TokenSet { access: token(access), id, scope, asked, obtained_at: 0, renewal }
    }

    fn jwt(claims: &Value) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    fn owner(is_complete: bool) -> Owner<'static> {
        Owner {
            issuers: vec!["https://pool".to_owned()],
            client_id: "client",
            subject: Some("sub-1"),
            username: Some("alice"),
            is_complete,
            advice: AdviceKind::CheckProfile.into(),
        }
    }

    fn with(claims: &Value, name: &str, value: Value) -> Value {
        let mut claims = claims.clone();
        claims[name] = value;
        claims
    }

    fn claims() -> (Value, Value) {
        let access = json!({"iss": "https://pool", "client_id": "client", "token_use": "access", "sub": "sub-1",
            "username": "alice"});
        let id = json!({"iss": "https://pool", "aud": "client", "azp": "client", "token_use": "id", "sub": "sub-1",
            "cognito:username": "alice"});
        (access, id)
    }

    #[test]
    fn a_claim_of_another_is_refused_and_named() {
        let (access, id) = claims();
        for is_complete in [true, false] {
            owner(is_complete).check(&tokens(&jwt(&access), Some(&id))).unwrap();
            let of_use = [
                ("token_use", false, "`token_use` of the access token is other;"),
                ("token_use", true, "`token_use` of the ID token is other;"),
            ];
            let of_all = [
                ("iss", false, "`iss` is other;"),
                ("iss", true, "`iss` is other;"),
                ("client_id", false, "`client_id` is other;"),
                ("aud", true, "`aud` is other;"),
                ("azp", true, "`azp` is other;"),
                ("sub", false, "`sub` of the access token is other, and of the ID token it is sub-1;"),
            ];
            for (name, is_of_id, says) in of_all.into_iter().chain(of_use.into_iter().filter(|_| is_complete)) {
                let changed =
                    |claims: &Value, is: bool| if is { with(claims, name, json!("other")) } else { claims.clone() };
                let tokens = tokens(&jwt(&changed(&access, !is_of_id)), Some(&changed(&id, is_of_id)));
                let error = owner(is_complete).check(&tokens).unwrap_err();
                assert!(error.message().contains(says) && error.kind() == Kind::Refused, "{says} {error}");
                assert!(error.advises(AdviceKind::CheckProfile), "{error}");
            }
        }
    }

    #[test]
    fn another_user_is_known_by_the_sub_else_by_the_name() {
        let (access, _) = claims();
        let check =
            |claims: &Value| owner(false).check(&tokens(&jwt(claims), None)).map_err(|e| e.message().to_owned());
        assert!(check(&with(&access, "sub", json!("sub-2"))).unwrap_err().contains("`sub` is sub-2;"));
        check(&with(&access, "username", json!("renamed"))).unwrap();
        let without = json!({"client_id": "client", "username": "bob"});
        assert!(check(&without).unwrap_err().contains("`username` is bob;"));
        check(&with(&without, "username", json!("alice"))).unwrap();
    }

    #[test]
    fn only_what_stands_in_for_cognito_may_leave_claims_out() {
        let empty = json!({});
        owner(false).check(&tokens(&jwt(&empty), Some(&empty))).unwrap();
        owner(false).check(&tokens("opaque", None)).unwrap();
        assert_eq!(owner(true).check(&tokens("opaque", None)).unwrap_err().kind(), Kind::Network);
        assert!(owner(true).check(&tokens(&jwt(&empty), None)).unwrap_err().message().contains("`iss` is nothing"));
        let any = Owner { issuers: Vec::new(), ..owner(true) };
        assert!(any.check(&tokens(&jwt(&empty), None)).unwrap_err().message().contains("`client_id` is nothing"));
    }
}
