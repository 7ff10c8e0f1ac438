//! The token that the options of another command choose.

use cogtok::error::Result;
use cogtok::settings::types::TokenOwner;

use super::m2m::{self, M2m};
use super::user::{self, User};
use crate::app::App;
use crate::args::token_args::{ObtainedToken, TokenArgs};

impl TokenArgs {
    /// Gets the token: from the cache, else as `token user` and `token m2m` do.
    pub fn get(&self, app: &App) -> Result<ObtainedToken> {
        let shared = self.token_options();
        let owner = self.whose(app)?;
        let (_, policy, served) = match owner {
            TokenOwner::User => {
                let mut user = User::default();
                (user.shared, user.username, user.token) = (shared, self.username.clone(), self.token.clone());
                user::serve(app, &user)
            }
            TokenOwner::M2m => {
                let mut m2m = M2m::default();
                (m2m.shared, m2m.scope) = (shared, self.scope.clone());
                m2m::serve(app, &m2m)
            }
        }?;
        Ok(ObtainedToken { served, policy, owner, username: self.username.clone() })
    }
}
