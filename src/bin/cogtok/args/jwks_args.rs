//! Options for the source of the keys, for commands that check signatures.

use std::path::Path;

use clap::{Args, ValueHint};
use cogtok::client::verification::{KeySource, published_at};
use cogtok::error::{AdviceKind, Error, Kind, Result, printable};
use cogtok::oauth::jwks_uri;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::Endpoint;
use cogtok::token::jwks::KeySet;

use crate::app::App;
use crate::app::options::not_empty;
use crate::args::token_input;

/// The source of the keys for checking a signature.
#[derive(Debug, Args)]
pub struct Keys {
    /// The key set to use: a file, or the address it is published at
    #[arg(long, value_name = "FILE|URL", value_parser = not_empty, value_hint = ValueHint::AnyPath)]
    jwks: Option<String>,
    /// Make no request: the keys come from the cache or from --jwks FILE
    #[arg(long)]
    pub offline: bool,
}

impl Keys {
    /// The key set's URL; `None` if it is in a file.
    fn address(&self, profile: &Profile, issuer: Option<&str>) -> Result<Option<Endpoint>> {
        match self.jwks.as_deref() {
            Some(named) if named.contains("://") => named.parse().map(Some),
            Some(_) => Ok(None),
            None => published_at(profile, issuer).map(Some),
        }
    }

    /// Runs `work` with where the keys are, and with what fetches them.
    pub fn with<T>(
        &self,
        app: &App,
        profile: &Profile,
        issuer: Option<&str>,
        work: impl FnOnce(KeySource<'_>, &dyn Fn() -> Result<KeySet>) -> Result<T>,
    ) -> Result<T> {
        let no_fetch = || Err(Error::new(Kind::Failure, "nothing is fetched"));
        let Some(url) = self.address(profile, issuer)? else {
            let path = Path::new(self.jwks.as_deref().unwrap_or_default());
            let keys = KeySet::parse(&token_input::file(app, path)?)
                .map_err(|error| error.context(&printable(&path.display().to_string(), 120)).with_kind(Kind::Usage))?;
            return work(KeySource::Given(keys), &no_fetch);
        };
        let kept = app.key_sets();
        let source = KeySource::Published { url: &url, kept: &kept, offline: self.offline, deadline: app.deadline() };
        let worked = work(source, &|| {
            let wire = app.wire()?;
            app.block_on(jwks_uri::fetch(&wire, &url))
        });
        worked.map_err(|error| {
            if error.advises(AdviceKind::FetchKeysOnce) {
                let message = format!("{}, and `--offline` forbids fetching them", error.message());
                error.with_message(message)
            } else {
                error
            }
        })
    }
}
