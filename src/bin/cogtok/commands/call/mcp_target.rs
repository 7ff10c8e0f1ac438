//! The MCP server that a command names: by its URL, its ARN or as a target of the profile.

use cogtok::error::Result;
use cogtok::token::error_response::{Api, RequestContext};
use url::Url;

use super::target::{CallTarget, TargetLocation};
use crate::app::App;

/// The server's URL and what the profile says about it.
pub struct Server {
    pub url: Url,
    pub place: CallTarget,
    api: Api,
}

impl Server {
    /// The server that `text` names.
    ///
    /// # Errors
    /// [`Kind::Usage`](cogtok::error::Kind::Usage) for what names none, [`Kind::Config`](cogtok::error::Kind::Config) for a
    /// target that the profile does not have.
    pub fn find(app: &App, text: &str) -> Result<Self> {
        let place = CallTarget::find(app, text)?;
        let (url, api) = match &place.at {
            TargetLocation::Url(url) => (url.clone(), Api::Gateway),
            TargetLocation::Arn(arn) => {
                let mut url = app.profile(&[])?.agentcore_url(arn)?;
                if let Some(endpoint) = arn.runtime().1 {
                    url.query_pairs_mut().append_pair("qualifier", endpoint);
                }
                (url, if arn.is_gateway() { Api::Gateway } else { Api::Runtime })
            }
        };
        Ok(Server { url, place, api })
    }

    /// The facts for explaining a refusal; `options` select the token for another command.
    pub fn asked(&self, app: &App, options: String) -> RequestContext {
        self.place.asked(app, self.api, options)
    }
}
