//! A user pool's discovery document (OpenID Connect Discovery 1.0), which needs no credentials.

use serde_json::Value;

use super::http::Wire;
use super::retry::{Failed, with_retries};
use crate::error::{Error, Result};
use crate::profile::words::{Endpoint, PoolId};

const OPERATION: &str = "the discovery document";

/// What a pool's discovery document says.
#[derive(Debug, Clone)]
pub struct Document {
    /// `issuer`, as it stands there.
    pub issuer: String,
    /// `token_endpoint`; none for a pool without a domain.
    pub token_endpoint: Option<Endpoint>,
}

/// The pool's discovery document. `base` is where the Cognito API is.
///
/// # Errors
/// [`Kind::Network`](crate::error::Kind::Network) without an answer, [`Kind::Config`](crate::error::Kind::Config) when
/// there is no such pool or the document is another pool's.
pub async fn document(wire: &Wire, base: &Endpoint, pool: &PoolId) -> Result<Document> {
    let url = base.join(&format!("/{pool}/.well-known/openid-configuration"));
    let document = with_retries(wire, || get(wire, &url)).await?;
    // The issuer is AWS's own wherever the document was fetched from; what counts is the pool.
    let issuer = document["issuer"].as_str().unwrap_or_default();
    if issuer.rsplit('/').next() != Some(pool.as_str()) {
        return Err(Error::config(format!("{OPERATION} at {url} is not one of the pool {pool}"))
            .hint("check the pool id, its Region and `endpoint_url`"));
    }
    let parse =
        |text: &str| text.parse().map_err(|error: Error| error.context(&format!("{OPERATION}: token_endpoint")));
    let token_endpoint = document["token_endpoint"].as_str().map(parse).transpose()?;
    Ok(Document { issuer: issuer.to_owned(), token_endpoint })
}

/// The token endpoint that the pool's discovery document names; none for a pool without a domain. `base` is where the
/// Cognito API is.
///
/// # Errors
/// As [`document`].
pub async fn token_endpoint(wire: &Wire, base: &Endpoint, pool: &PoolId) -> Result<Option<Endpoint>> {
    document(wire, base, pool).await.map(|document| document.token_endpoint)
}

async fn get(wire: &Wire, url: &Endpoint) -> Result<Value, Failed> {
    let request = http::Request::get(url.as_str()).header("accept", "application/json").body(Vec::new());
    let request = request.map_err(|why| Failed::last(Error::usage(format!("the URL is malformed: {why}"))))?;
    let answer = wire.exchange(request).await.map_err(|fault| Failed::unanswered(OPERATION, fault))?;
    let status = answer.status().as_u16();
    match (status, serde_json::from_slice::<Value>(answer.body())) {
        (200, Ok(document @ Value::Object(_))) => Ok(document),
        // What another 4xx means, whoever gave it knows.
        (400 | 404, _) => {
            let error = Error::config(format!("there is no discovery document at {url} (HTTP {status})"));
            Err(Failed::last(error.hint("check the pool id and its Region")))
        }
        _ => {
            let what = format!("HTTP {status}, {} bytes", answer.body().len());
            Err(Failed::strange(OPERATION, status, &what))
        }
    }
}
