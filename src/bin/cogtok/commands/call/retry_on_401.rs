//! Whether a cached token that an API no longer takes is worth a new one.

use cogtok::cache::rejected_tokens::RejectedTokens;
use url::Url;

use crate::app::App;
use crate::args::token_args::ObtainedToken;
use crate::env;

/// The renewal of a token for one API.
pub struct Renewal {
    refusals: RejectedTokens,
    key: String,
}

impl Renewal {
    /// The renewal of `got`, after the API at `url` refused it with 401; `None` if it would not help: the token was new, or the API has
    /// just refused a new one.
    pub fn of(app: &App, got: &ObtainedToken, url: &Url) -> Option<Self> {
        if !got.is_cached() {
            return None;
        }
        let refusals = RejectedTokens::new(app.dirs().cache.as_deref());
        let key = format!("{}{}\n{}", app.profile_option(), got.options(), url.origin().ascii_serialization());
        if refusals.is_recent(&key, env::now()) {
            log::info!(target: "cogtok", "401 again, a moment after a new token: cogtok fetches no other within a minute");
            return None;
        }
        log::info!(target: "cogtok", "the API answered 401: renewing the cached token, once");
        Some(Renewal { refusals, key })
    }

    /// Records whether the API also refused the new token.
    pub fn ended(&self, is_refused: bool) {
        if is_refused {
            self.refusals.note(&self.key, env::now());
        }
    }
}
