//! The issuer's URL of a user pool, and other texts that name one.

use crate::error::{AdviceKind, Error, Result, printable};
use crate::settings::profile::aws_origin;
use crate::settings::profile::partitions::Partition;
use crate::settings::types::{Endpoint, PoolId};
use crate::settings::url::Host;

const WELL_KNOWN: [&str; 3] =
    ["/.well-known/openid-configuration", "/.well-known/jwks.json", "/.well-known/oauth-authorization-server"];

/// An issuer's URL, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// The pool.
    pub pool: PoolId,
    /// The endpoint of the Cognito API, for an issuer on this machine.
    pub endpoint: Option<Endpoint>,
}

/// The issuer that a URL names: the pool's own, or that of a local Cognito, with or without the path of a document.
///
/// # Errors
/// [`Kind::Usage`](crate::error::Kind::Usage) for a URL of anything else.
pub fn parse(text: &str) -> Result<Issuer> {
    let url: Endpoint = text.trim_end_matches('/').parse()?;
    let no_issuer = || {
        Error::usage(format!("`{}` is not the issuer of a user pool", printable(text, 120)))
            .hint("an issuer looks like https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI")
    };
    if url.url().host_str().is_some_and(|host| host.ends_with(".amazoncognito.com")) {
        return Err(no_issuer().hint(AdviceKind::CreateProfileForDomain));
    }
    let path = WELL_KNOWN.iter().find_map(|end| url.url().path().strip_suffix(end)).unwrap_or(url.url().path());
    let pool: PoolId = path.trim_matches('/').parse().map_err(|_| no_issuer())?;
    let host = match url.url().host() {
        Some(Host::Domain(host)) if host != "localhost" => host,
        Some(_) if is_loopback(&url) => {
            let endpoint = url.origin().parse()?;
            return Ok(Issuer { pool, endpoint: Some(endpoint) });
        }
        _ => return Err(no_issuer()),
    };
    let region = pool.region();
    let is_aws = ["cognito-idp", "cognito-idp-fips", "issuer-cognito-idp"].iter().any(|service| {
        let of_aws = aws_origin(service, &region);
        let dual_stack = Partition::of(&region).dual_stack_suffix;
        of_aws.strip_prefix("https://") == Some(host) || host == format!("{service}.{region}.{dual_stack}")
    });
    if is_aws { Ok(Issuer { pool, endpoint: None }) } else { Err(no_issuer()) }
}

fn is_loopback(url: &Endpoint) -> bool {
    match url.url().host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The issuers of a pool's tokens, in the older and the newer form.
#[cfg(feature = "sign-in")]
pub(crate) fn of_pool(pool: &PoolId) -> Vec<String> {
    let region = pool.region();
    let services = ["cognito-idp", "issuer-cognito-idp"];
    services.iter().map(|service| format!("{}/{pool}", aws_origin(service, &region))).collect()
}

/// The user pool that `text` names: its id, or the end of its ARN.
///
/// # Errors
/// [`Kind::Usage`](crate::error::Kind::Usage) for anything else.
pub fn pool_id(text: &str) -> Result<PoolId> {
    match text.strip_prefix("arn:") {
        Some(arn) => arn.rsplit_once("userpool/").map_or(text, |(_, id)| id).parse(),
        None => text.parse(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_of_aws_and_of_this_machine_are_taken_apart() {
        let pool = "us-east-1_AbCdEfGhI";
        for host in [
            "cognito-idp.us-east-1.amazonaws.com",
            "cognito-idp.us-east-1.api.aws",
            "issuer-cognito-idp.us-east-1.amazonaws.com",
        ] {
            for end in ["", "/", "/.well-known/openid-configuration", "/.well-known/jwks.json"] {
                let issuer = parse(&format!("https://{host}/{pool}{end}")).unwrap();
                assert_eq!((issuer.pool.as_str(), issuer.endpoint), (pool, None), "{host} {end}");
            }
        }
        let local = parse(&format!("http://127.0.0.1:4566/{pool}")).unwrap();
        assert_eq!(local.endpoint.unwrap().as_str(), "http://127.0.0.1:4566");
        for bad in [
            "https://cognito-idp.us-east-1.amazonaws.com/",
            "https://cognito-idp.eu-west-1.amazonaws.com/us-east-1_AbCdEfGhI",
            "https://cognito-idp.us-east-1.amazonaws.com.evil.example/us-east-1_AbCdEfGhI",
            "https://evil.example/us-east-1_AbCdEfGhI",
            "http://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI",
            "https://user@cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI",
            "https://ws.auth.us-east-1.amazoncognito.com/oauth2/token",
            "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbC/../../x",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[cfg(feature = "sign-in")]
    #[test]
    fn a_pool_has_an_issuer_of_each_form() {
        let issuers = |pool: &str| of_pool(&pool.parse().unwrap());
        assert_eq!(
            issuers("cn-north-1_AbCdEfGhI"),
            [
                "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_AbCdEfGhI",
                "https://issuer-cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_AbCdEfGhI",
            ]
        );
    }

    #[test]
    fn only_aws_and_this_machine_have_issuers() {
        let pool = "us-gov-west-1_AbCdEfGhI";
        for local in ["http://127.0.0.9:4566", "http://[::1]:4566", "http://localhost:9229", "https://localhost"] {
            let issuer = parse(&format!("{local}/{pool}/")).unwrap();
            assert_eq!((issuer.pool.as_str(), issuer.endpoint.unwrap().as_str()), (pool, local));
        }
        for service in ["cognito-idp", "cognito-idp-fips", "issuer-cognito-idp"] {
            for suffix in ["amazonaws.com", "api.aws"] {
                let issuer = parse(&format!("https://{service}.us-gov-west-1.{suffix}/{pool}")).unwrap();
                assert_eq!(issuer, Issuer { pool: pool.parse().unwrap(), endpoint: None });
            }
        }
        for foreign in ["https://10.0.0.1", "https://[2001:db8::1]", "https://idp.us-gov-west-1.amazonaws.com"] {
            let error = parse(&format!("{foreign}/{pool}")).unwrap_err();
            assert!(error.message().ends_with("is not the issuer of a user pool"), "{error}");
            assert!(!error.advises(AdviceKind::CreateProfileForDomain));
        }
        let error = parse(&format!("https://ws.auth.us-east-1.amazoncognito.com/{pool}")).unwrap_err();
        assert!(error.advises(AdviceKind::CreateProfileForDomain));
    }

    #[test]
    fn a_pool_is_named_by_its_id_or_its_arn() {
        let id = "us-east-1_AbCdEfGhI";
        for good in [id, "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEfGhI"] {
            assert_eq!(pool_id(good).unwrap().as_str(), id);
        }
        for bad in
            ["", "arn:", "arn:aws:cognito-idp:us-east-1:123456789012:us-east-1_AbCdEfGhI", "userpool/us-east-1_A"]
        {
            assert!(pool_id(bad).is_err(), "{bad}");
        }
    }
}
