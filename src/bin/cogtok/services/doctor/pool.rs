//! The pool: its discovery document and its keys, the identity pool's id, and who may become a user of both.

use std::time::Instant;

use crate::services::doctor::hints;
use crate::services::doctor::hints::with;
use crate::services::doctor::network::within;
use crate::services::doctor::{Check, Finding, client};
use cogtok::aws::app_clients;
use cogtok::aws::sts::Signer;
use cogtok::client::verification;
use cogtok::error::Result;
use cogtok::http::client::HttpClient;
use cogtok::oauth::{discovery, jwks_uri};
use cogtok::settings::aws_services::Service;
use cogtok::settings::profile::{Profile, aws_origin, issuers};
use cogtok::settings::types::PoolId;

/// The pool's discovery document and its keys.
pub(crate) async fn pool(wire: &HttpClient, profile: &Profile, until: Instant) -> Vec<Finding> {
    let Some(pool) = &profile.user_pool_id else { return Vec::new() };
    let base = match profile.endpoint(Service::CognitoIdp) {
        Some(endpoint) => Ok(endpoint.clone()),
        None => aws_origin("cognito-idp", &pool.region()).parse(),
    };
    let document = async { within(until, discovery::document(wire, &base?, pool)).await };
    let keys = async {
        let url = verification::published_at(profile, None)?;
        within(until, jwks_uri::fetch(wire, &url)).await
    };
    let (document, keys) = tokio::join!(document, keys);
    let keys = match keys {
        Ok(keys) => Finding::ok(Check::SigningKeys, format!("{} that can check RS256 signatures", keys.ids().count())),
        Err(error) => Finding::of(Check::SigningKeys, &error),
    };
    vec![issuer(pool, document), keys]
}

fn issuer(pool: &PoolId, document: Result<discovery::Document>) -> Finding {
    let check = Check::Discovery;
    let document = match document {
        Ok(document) => document,
        Err(error) => return Finding::of(check, &error),
    };
    let issuer = &document.issuer;
    if !issuers(pool).contains(issuer) {
        let detail =
            format!("the issuer is {issuer}, not {}: no service accepts its tokens as the pool's", issuers(pool)[0]);
        return Finding::warn(check, detail, hints::ISSUER);
    }
    let endpoint = document.token_endpoint.map_or("no domain".to_owned(), |url| format!("token endpoint {url}"));
    Finding::ok(check, format!("issuer {issuer}, {endpoint}"))
}

/// Whether anybody may sign up at a pool whose users get AWS credentials from an identity pool.
pub(crate) async fn self_sign_up(
    wire: &HttpClient,
    profile: &Profile,
    until: Instant,
    signer: &Result<Signer>,
) -> Option<Finding> {
    let check = Check::SelfSignUp;
    let (pool, _) = (profile.user_pool_id.as_ref()?, profile.identity_pool_id.as_ref()?);
    let Ok(signer) = signer else { return Some(Finding::skip(check, client::NO_CREDENTIALS)) };
    let look = async { signer.admin(wire, profile).await?.pool().await };
    let seen = match within(until, look).await {
        Ok(app_clients::Pool { allows_sign_up, .. }) => allows_sign_up,
        Err(error) => return Some(client::unseen(check, &error)),
    };
    Some(match seen {
        Some(false) => Finding::ok(check, format!("only administrators create users of {pool}")),
        Some(true) => {
            let detail = format!("anyone may sign up at {pool} and get AWS credentials from the identity pool");
            Finding::warn(check, detail, hints::SIGN_UP)
        }
        None => Finding::skip(check, format!("DescribeUserPool does not say who may sign up at {pool}")),
    })
}

/// The form of the identity pool's id.
pub fn identity_pool(profile: &Profile) -> Option<Finding> {
    let check = Check::IdentityPool;
    let pool = profile.identity_pool_id.as_ref()?;
    let lengths: Vec<usize> = pool.as_str().split(':').nth(1).unwrap_or_default().split('-').map(str::len).collect();
    let hex = |c: char| c.is_ascii_hexdigit() || c == '-';
    let is_uuid = lengths == [8, 4, 4, 4, 12] && pool.as_str().split(':').nth(1).is_some_and(|id| id.chars().all(hex));
    Some(if is_uuid {
        Finding::ok(check, format!("{pool} looks like one"))
    } else {
        Finding::warn(check, format!("{pool} is not a Region and a UUID"), with(hints::IDENTITY_POOL, ""))
    })
}
