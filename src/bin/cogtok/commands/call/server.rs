//! The MCP server that a command names: by its URL, its ARN or as a target of the profile.

use cogtok::error::Result;
use cogtok::profile::issuers;
use cogtok::profile::words::TokenOwner;
use url::Url;

use super::place::{At, Place};
use crate::app::App;

/// Where it is, and whose token it takes, where that is known.
pub struct Server {
    pub url: Url,
    pub owner: Option<TokenOwner>,
}

impl Server {
    /// The server that `text` names.
    ///
    /// # Errors
    /// [`Kind::Usage`](cogtok::error::Kind::Usage) for what names none, [`Kind::Config`](cogtok::error::Kind::Config) for a
    /// target that the profile does not have.
    pub fn find(app: &App, text: &str) -> Result<Self> {
        let place = Place::find(app, text)?;
        let url = match place.at {
            At::Url(url) => url,
            At::Arn(arn) => {
                let mut url = app.profile(&[])?.agentcore_url(&arn)?;
                if let Some(endpoint) = arn.runtime().1 {
                    url.query_pairs_mut().append_pair("qualifier", endpoint);
                }
                url
            }
        };
        Ok(Server { url, owner: place.owner })
    }
}

/// The issuers of the profile's pool, where it has one.
pub fn known_issuers(app: &App) -> Vec<String> {
    let pool = app.profile(&[]).and_then(|profile| profile.user_pool_id().cloned());
    pool.map(|pool| issuers(&pool).to_vec()).unwrap_or_default()
}
