//! The MCP server that a command names: by its URL, its ARN or as a target of the profile.

use cogtok::error::{Error, Result};
use cogtok::flows::mcp::address;
use cogtok::profile::issuers;
use cogtok::profile::targets::Address;
use cogtok::profile::words::{TargetName, TokenOwner};
use url::Url;

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
        if text.contains("://") || text.starts_with("arn:") {
            let address: Address = text.parse()?;
            return Ok(Server { url: address::endpoint(&address)?, owner: None });
        }
        let name: TargetName =
            text.parse().map_err(|error: Error| error.hint("or give the server's URL: https://HOST/mcp"))?;
        let Some(profile) = app.profile_name()? else {
            return Err(Error::config(format!("`{name}` is the name of a target, and no profile is chosen"))
                .hint("choose one with `-p NAME`, or give the server's URL: https://HOST/mcp"));
        };
        let target = app.config()?.target(&profile, &name)?;
        Ok(Server { url: address::endpoint(&target.address)?, owner: target.owner })
    }
}

/// The issuers of the profile's pool, where it has one.
pub fn known_issuers(app: &App) -> Vec<String> {
    let pool = app.profile(&[]).and_then(|profile| profile.user_pool_id().cloned());
    pool.map(|pool| issuers(&pool).to_vec()).unwrap_or_default()
}
