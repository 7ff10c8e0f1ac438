//! A user pool's discovery document (OpenID Connect Discovery 1.0), which needs no credentials.

use serde_json::Value;

use crate::error::{Error, Result};
use crate::http::client::HttpClient;
use crate::http::retry::{CallFailure, with_retries};
use crate::settings::profile::{aws_origin, issuers};
use crate::settings::types::{Endpoint, PoolId};

const OPERATION: &str = "the discovery document";

/// The used members of a pool's discovery document.
#[derive(Debug, Clone)]
pub struct Document {
    /// `issuer`, as written.
    pub issuer: String,
    /// `token_endpoint`; `None` for a pool without a domain.
    pub token_endpoint: Option<Endpoint>,
}

/// The pool's discovery document. `base` is where the Cognito API is.
///
/// # Errors
/// [`Kind::Network`](crate::error::Kind::Network) without an answer, [`Kind::Config`](crate::error::Kind::Config) when
/// there is no such pool or the document is another pool's.
pub async fn document(wire: &HttpClient, base: &Endpoint, pool: &PoolId) -> Result<Document> {
    let url = base.join(&format!("/{pool}/.well-known/openid-configuration"));
    let document = with_retries(wire, || get(wire, &url)).await.map_err(|failed| failed.error)?;
    let issuer = document["issuer"].as_str().unwrap_or_default();
    if !is_issuer_of(pool, base, issuer) {
        return Err(Error::config(format!("{OPERATION} at {url} is not for the pool {pool}"))
            .hint("check the pool id, its Region and `endpoint_url`"));
    }
    let parse =
        |text: &str| text.parse().map_err(|error: Error| error.context(&format!("{OPERATION}: token_endpoint")));
    let token_endpoint = document["token_endpoint"].as_str().map(parse).transpose()?;
    Ok(Document { issuer: issuer.to_owned(), token_endpoint })
}

/// Whether a document fetched from `base` may name this issuer: at AWS exactly the pool's own (OpenID Connect Discovery 1.0 section 4.3). A
/// local Cognito may name itself or AWS, so only the pool is compared.
fn is_issuer_of(pool: &PoolId, base: &Endpoint, issuer: &str) -> bool {
    let is_at_aws =
        aws_origin("cognito-idp", &pool.region()).parse::<Endpoint>().is_ok_and(|aws| aws.origin() == base.origin());
    if is_at_aws {
        issuers(pool).iter().any(|own| own == issuer)
    } else {
        issuer.rsplit('/').next() == Some(pool.as_str())
    }
}

/// The token endpoint in the pool's discovery document; `None` for a pool without a domain. `base` is the endpoint of the Cognito API.
///
/// # Errors
/// As [`document`].
pub async fn token_endpoint(wire: &HttpClient, base: &Endpoint, pool: &PoolId) -> Result<Option<Endpoint>> {
    document(wire, base, pool).await.map(|document| document.token_endpoint)
}

async fn get(wire: &HttpClient, url: &Endpoint) -> Result<Value, CallFailure> {
    let request = http::Request::get(url.as_str()).header("accept", "application/json").body(Vec::new());
    let request = request.map_err(|why| CallFailure::last(Error::usage(format!("the URL is malformed: {why}"))))?;
    let answer = wire.exchange(request).await.map_err(|fault| CallFailure::unanswered(fault).context(OPERATION))?;
    let status = answer.status().as_u16();
    match (status, serde_json::from_slice::<Value>(answer.body())) {
        (200, Ok(document @ Value::Object(_))) => Ok(document),
        // Any other 4xx did not come from Cognito's discovery.
        (400 | 404, _) => {
            let error = Error::config(format!("there is no discovery document at {url} (HTTP {status})"));
            Err(CallFailure::last(error.hint("check the pool id and its Region")))
        }
        _ => {
            let what = format!("HTTP {status}, {} bytes", answer.body().len());
            Err(CallFailure::strange(OPERATION, status, &what))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_aws_the_issuer_is_the_pools_to_the_letter() {
        let pool: PoolId = "us-east-1_AbCdEfGhI".parse().unwrap();
        let aws: Endpoint = "https://cognito-idp.us-east-1.amazonaws.com".parse().unwrap();
        let local: Endpoint = "http://127.0.0.1:4566".parse().unwrap();
        for (issuer, is_at_aws) in [
            ("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI", true),
            ("https://issuer-cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI", true),
            ("https://cognito-idp.us-east-1.amazonaws.com/x/us-east-1_AbCdEfGhI", false),
            ("https://cognito-idp.eu-west-1.amazonaws.com/us-east-1_AbCdEfGhI", false),
            ("https://evil.example/us-east-1_AbCdEfGhI", false),
            ("http://127.0.0.1:4566/us-east-1_AbCdEfGhI", false),
            ("us-east-1_AbCdEfGhI", false),
        ] {
            assert_eq!(is_issuer_of(&pool, &aws, issuer), is_at_aws, "{issuer}");
            assert!(is_issuer_of(&pool, &local, issuer), "{issuer}");
        }
        for issuer in
            ["", "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI/", "https://x.example/another"]
        {
            assert!(!is_issuer_of(&pool, &aws, issuer) && !is_issuer_of(&pool, &local, issuer), "{issuer}");
        }
    }
}
