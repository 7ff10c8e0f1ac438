//! `cogtok aws-credentials`: AWS credentials for a user through an identity pool, as a credential_process prints them.

use std::time::Duration;

use crate::services::aws_credentials::{self, Wanted};
use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::aws::identity_pool;
use cogtok::cache::token_cache::CacheKey;
use cogtok::error::{Error, Result};
use cogtok::settings::keys::Key;
use cogtok::settings::profile::Profile;
use cogtok::user_pool::user_token;
use serde_json::json;

use crate::app::App;
use crate::app::options::{Output, min_validity};
use crate::args::token_args::TokenArgs;
use crate::io::{signals, terminal};
use crate::services::bedrock_key;
use crate::{completion, env};

/// Print AWS credentials for the user, from the identity pool
///
/// For `credential_process` in ~/.aws/config: every AWS SDK and the aws CLI can then call AWS as the user. The user's ID token
/// is traded for credentials of about an hour, which are cached: any number of parallel calls make one request. Nothing is
/// ever asked: sign in before, or store what a sign-in needs.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok profile set ws identity_pool.id \\\n    \
    us-east-1:12345678-90ab-cdef-1234-567890abcdef\n  \
    cogtok aws-credentials -p ws\n\n\
    In ~/.aws/config:\n  \
    [profile bedrock-user]\n  \
    credential_process = /usr/local/bin/cogtok aws-credentials -p ws\n  \
    region = us-east-1")]
pub struct AwsCredentials {
    #[command(flatten)]
    who: OwnerArgs,
    /// How long cached credentials must still be valid [default: 15m]
    #[arg(long, value_name = "DURATION", value_parser = min_validity)]
    min_validity: Option<Duration>,
}

/// The owner of the AWS credentials, and the identity pool.
#[derive(Debug, Args)]
pub struct OwnerArgs {
    /// The user who signs in
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(completion::users))]
    username: Option<String>,
    /// The identity pool
    #[arg(long, value_name = "ID")]
    identity_pool_id: Option<String>,
}

impl OwnerArgs {
    /// The profile with these options, and the cache key of its AWS credentials.
    pub fn profile(&self, app: &App) -> Result<(Profile, CacheKey)> {
        let options = [(Key::Username, self.username.clone()), (Key::IdentityPoolId, self.identity_pool_id.clone())];
        let profile = app.resolve_region(app.profile(&options)?);
        let key = aws_credentials::cache_key(&profile).map_err(|error| app.without_profile(&profile, error))?;
        Ok((profile, key))
    }

    /// AWS credentials that are valid for `min_validity`: from the cache, else for the user's ID token.
    pub fn credentials(
        &self,
        app: &App,
        profile: &Profile,
        key: &CacheKey,
        min_validity: Duration,
    ) -> Result<identity_pool::AwsCredentials> {
        let of_user = user_token::cache_key(profile)?;
        let wanted = Wanted { key, subject: &|| app.subject(&of_user), min_validity };
        aws_credentials::serve(&app.cache(), &wanted, app.deadline(), env::now, |known| {
            signals::watch();
            let got = TokenArgs::id_token_of(self.username.clone()).get(app);
            let got = got.map_err(|error| error.context("no ID token for the identity pool"))?;
            let id_token = got.token()?.value.clone();
            let wire = app.wire()?;
            app.block_on(aws_credentials::obtain(&wire, profile, &id_token, known))
        })
    }
}

pub fn run(app: &App, args: &AwsCredentials) -> Result<()> {
    app.output(&[Output::Json])?;
    if env::var("COGTOK_INSIDE").is_some() {
        return Err(Error::config("`cogtok aws-credentials` was called to get AWS credentials for itself")
            .hint("set the profile's `aws_profile` to one whose credentials do not come from cogtok"));
    }
    app.enter_aws_credentials();
    bedrock_key::warn();
    let (profile, key) = args.who.profile(app)?;
    let min_validity = args.min_validity.unwrap_or(aws_credentials::MIN_VALIDITY);
    let credentials = args.who.credentials(app, &profile, &key, min_validity)?;
    let left = credentials.expires_at.saturating_sub(env::now() / 1000);
    if left < min_validity.as_secs() {
        log::warn!(target: "cogtok", "the AWS credentials are valid for only {left} s");
    }
    let expiration = i64::try_from(credentials.expires_at).ok().and_then(|at| jiff::Timestamp::from_second(at).ok());
    let expiration = expiration.ok_or_else(|| Error::network("the credentials' expiration is out of range"))?;
    terminal::data(&terminal::json(&json!({
        "Version": 1,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key.expose(),
        "SessionToken": credentials.session_token.expose(),
        "Expiration": expiration.to_string(),
    })))
    .map(drop)
}
