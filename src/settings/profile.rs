//! A profile: everything that is known of one user pool and its clients before a token is asked for, checked and
//! complete. It holds no secret.

pub mod domain;

pub mod partitions;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Advice, AdviceKind, Error, Result};
use crate::settings::aws_services::{Endpoints, Service};
use crate::settings::keys::{
    Key, Settings, ValueOrigin, from_variable, parse_bool, parse_max_requests, parse_min_validity,
};
use crate::settings::redirect_uri::RedirectUri;
use crate::settings::types::{
    AuthFlow, AuthMethod, ClientId, Endpoint, FirstFactor, IdentityPoolId, PoolId, ProfileName, Region, Scopes,
    SecretArn, SecretKind, TokenUse, Transport, Username,
};
use partitions::Partition;

/// The default for how long a served token must still be valid: AgentCore refuses a token in its last minute, and its user needs time to
/// send it.
pub const DEFAULT_MIN_VALIDITY: Duration = Duration::from_secs(120);

/// The AWS tools' environment variables, for settings that a profile leaves open.
#[derive(Debug, Clone, Default)]
pub struct AwsEnvironment {
    /// AWS_REGION, else AWS_DEFAULT_REGION: the variable and its value, as below.
    pub region: Option<(&'static str, String)>,
    /// For each service its own variable, such as AWS_ENDPOINT_URL_SSM, else AWS_ENDPOINT_URL.
    pub endpoints: BTreeMap<Service, (&'static str, String)>,
    /// AWS_PROFILE.
    pub profile: Option<String>,
    /// If only one of two variables is set that the AWS tools use together, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: that
    /// one, and the missing one.
    pub half_of_pair: Option<(&'static str, &'static str)>,
    /// AWS_WEB_IDENTITY_TOKEN_FILE.
    pub web_identity_token_file: Option<PathBuf>,
    /// `~/.aws/config` and `~/.aws/credentials`, or the files that variables name instead.
    pub files: [Option<AwsFilePath>; 2],
}

/// Where one of the AWS tools' configuration files is.
#[derive(Debug, Clone)]
pub struct AwsFilePath {
    /// The file.
    pub path: PathBuf,
    /// The variable that names it; none for the file in `~/.aws`.
    pub variable: Option<&'static str>,
}

/// The users' side of a profile.
#[derive(Debug, Clone)]
pub struct UserPart {
    /// The app client that users sign in with.
    pub client_id: Option<ClientId>,
    /// The user who signs in.
    pub username: Option<Username>,
    /// The sign-in flow.
    pub auth_flow: AuthFlow,
    /// The first factor to sign in with, in the flow that offers a choice.
    pub preferred_challenge: Option<FirstFactor>,
    /// The token that is wanted.
    pub token: TokenUse,
    /// The redirect URIs for the hosted pages, in the order in which they are tried; empty for the default.
    pub redirect_uris: Vec<RedirectUri>,
}

/// The machine-to-machine side of a profile.
#[derive(Debug, Clone)]
pub struct M2mPart {
    /// The app client.
    pub client_id: Option<ClientId>,
    /// The scopes to request; empty for all that the client may have.
    pub scopes: Scopes,
    /// Whether an option or a variable asks for these scopes, so that they win over those of a secret.
    pub are_scopes_asked: bool,
    /// The token endpoint.
    pub token_url: Option<Endpoint>,
    /// The Secrets Manager secret that holds the client secret, perhaps with client id, URL and scopes.
    pub secret_arn: Option<SecretArn>,
    /// How the client authenticates.
    pub auth_method: AuthMethod,
    /// The endpoint for the token.
    pub transport: Transport,
    /// Whether the token endpoint also gets the scopes in the URL.
    pub scope_in_query: bool,
    /// How many tokens may be asked for in an hour; none for any number.
    pub max_requests_per_hour: Option<u32>,
    /// The state folder, in which they are counted; none where this machine has none.
    pub state_dir: Option<PathBuf>,
}

/// A profile with all overrides applied.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name; `None` if only options and variables describe it.
    pub name: Option<ProfileName>,
    /// The user pool.
    pub user_pool_id: Option<PoolId>,
    /// The Region, from the first of: option, COGTOK_REGION, profile, pool id or ARN, AWS_REGION, AWS_DEFAULT_REGION.
    pub region: Option<Region>,
    /// Whether an option, a variable of ours, the profile, its pool or its ARN names the Region, rather than AWS_REGION.
    pub is_region_asked: bool,
    /// The pool's domain, where the hosted pages and the OAuth endpoints are.
    pub domain: Option<Endpoint>,
    /// The profile of `~/.aws` whose credentials sign admin calls.
    pub aws_profile: Option<String>,
    /// Whether an option, a variable of ours or the profile names it, rather than AWS_PROFILE.
    pub is_aws_profile_asked: bool,
    /// Whether AWS's tools wait for this call: a `credential_process` that it runs learns so from COGTOK_INSIDE, so that it can
    /// refuse to ask in turn.
    pub is_inside_aws_credentials: bool,
    /// As [`AwsEnvironment::half_of_pair`].
    pub half_of_aws_pair: Option<(&'static str, &'static str)>,
    /// AWS_WEB_IDENTITY_TOKEN_FILE.
    pub web_identity_token_file: Option<PathBuf>,
    /// The AWS tools' own configuration files, where they may be.
    pub aws_files: [Option<AwsFilePath>; 2],
    endpoints: Endpoints,
    /// The identity pool that gives AWS credentials for an ID token.
    pub identity_pool_id: Option<IdentityPoolId>,
    /// How long a served token must still be valid.
    pub min_validity: Duration,
    /// The command line's options that determine where secrets are sent; empty for none.
    pub address_options: String,
    /// Whether an option of the command line names the app client, which may be another than the one that secrets are stored for.
    pub is_client_given: bool,
    /// Whether an option or a variable names the sign-in flow or the users' app client, or there is no profile: to change the profile's
    /// flow is of no use then, or is about another client.
    pub is_flow_asked: bool,
    /// The secrets that `secret set` has stored.
    pub secrets: Vec<SecretKind>,
    /// The users' side.
    pub user: UserPart,
    /// The machine-to-machine side.
    pub m2m: M2mPart,
}

impl Profile {
    /// The profile that `settings` describe.
    ///
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) or [`Kind::Config`](crate::error::Kind::Config) for a value that its
    /// key cannot have, naming the key and where the value came from.
    pub fn resolve(name: Option<ProfileName>, settings: &Settings, aws: &AwsEnvironment) -> Result<Self> {
        let user_pool_id: Option<PoolId> = settings.get(Key::UserPoolId)?;
        let secret_arn: Option<SecretArn> = settings.get(Key::SecretArn)?;
        let token_url: Option<Endpoint> = settings.get(Key::TokenUrl)?;
        let asked = match settings.get(Key::Region)? {
            Some(region) => Some(region),
            None => user_pool_id.as_ref().map(PoolId::region).or_else(|| secret_arn.as_ref()?.region()),
        };
        let is_region_asked = asked.is_some();
        let region = match asked {
            Some(region) => Some(region),
            None => aws.region.as_ref().map(from_variable).transpose()?,
        };
        let domain = settings.get_with(Key::Domain, |text| domain::read_for_use(text, region.as_ref()))?;
        let secrets = settings.list(Key::Secrets).iter().filter_map(|kind| kind.parse().ok()).collect();
        let scopes = Scopes::parse(settings.list(Key::Scopes).iter().map(String::as_str))
            .map_err(|error| settings.blame(Key::Scopes, settings.origin(Key::Scopes), error))?;
        let redirect_uris = RedirectUri::list(settings.list(Key::RedirectUris).iter().map(String::as_str))
            .map_err(|error| settings.blame(Key::RedirectUris, settings.origin(Key::RedirectUris), error))?;
        let is_asked = |key| !matches!(settings.origin(key), None | Some(ValueOrigin::Profile));
        let of_flow = [Key::AuthFlow, Key::PreferredChallenge, Key::UserClientId];
        Ok(Profile {
            is_flow_asked: name.is_none() || of_flow.into_iter().any(is_asked),
            name,
            user_pool_id,
            region,
            is_region_asked,
            aws_profile: settings.list(Key::AwsProfile).first().or(aws.profile.as_ref()).cloned(),
            is_aws_profile_asked: settings.origin(Key::AwsProfile).is_some(),
            is_inside_aws_credentials: false,
            half_of_aws_pair: aws.half_of_pair,
            web_identity_token_file: aws.web_identity_token_file.clone(),
            aws_files: aws.files.clone(),
            endpoints: Endpoints::resolve(settings, &aws.endpoints)?,
            identity_pool_id: settings.get(Key::IdentityPoolId)?,
            min_validity: settings.get_with(Key::MinValidity, parse_min_validity)?.unwrap_or(DEFAULT_MIN_VALIDITY),
            address_options: address_options(settings),
            is_client_given: [Key::M2mClientId, Key::UserClientId]
                .iter()
                .any(|key| settings.origin(*key) == Some(&ValueOrigin::Flag)),
            secrets,
            user: UserPart {
                client_id: settings.get(Key::UserClientId)?,
                username: settings.get(Key::Username)?,
                auth_flow: settings.get(Key::AuthFlow)?.unwrap_or(AuthFlow::Srp),
                preferred_challenge: settings.get(Key::PreferredChallenge)?,
                token: settings.get(Key::Token)?.unwrap_or(TokenUse::Access),
                redirect_uris,
            },
            m2m: M2mPart {
                client_id: settings.get(Key::M2mClientId)?,
                scopes,
                are_scopes_asked: is_asked(Key::Scopes),
                token_url: token_url.or_else(|| domain.as_ref().map(|domain| domain.join("/oauth2/token"))),
                secret_arn,
                auth_method: settings.get(Key::AuthMethod)?.unwrap_or(AuthMethod::Basic),
                transport: settings.get(Key::Transport)?.unwrap_or(Transport::Auto),
                scope_in_query: settings.get_with(Key::ScopeInQuery, parse_bool)?.unwrap_or(false),
                max_requests_per_hour: settings.get_with(Key::MaxRequestsPerHour, parse_max_requests)?,
                state_dir: None,
            },
            domain,
        })
    }

    /// The origin of the Cognito API that this profile's user calls go to.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) when no Region is known.
    pub fn cognito_idp_origin(&self) -> Result<String> {
        match self.endpoint(Service::CognitoIdp) {
            Some(endpoint) => Ok(endpoint.origin()),
            None => Ok(aws_origin("cognito-idp", self.region()?)),
        }
    }

    /// The endpoint that replaces AWS's for a service.
    pub fn endpoint(&self, service: Service) -> Option<&Endpoint> {
        self.endpoints.get(service)
    }

    /// The options with which the aws command asks where this profile does, each with a space before it.
    pub fn aws_options(&self) -> String {
        let region = self.region.as_ref().map(ToString::to_string);
        let endpoint = self.endpoint(Service::CognitoIdp).map(ToString::to_string);
        let options = [("--region", region), ("--profile", self.aws_profile.clone()), ("--endpoint-url", endpoint)];
        let given = options.into_iter().filter_map(|(option, value)| {
            let value = value?;
            Some(format!(" {option} {}", shlex::try_quote(&value).ok()?))
        });
        given.collect()
    }

    /// The Region.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) when nothing names one.
    pub fn region(&self) -> Result<&Region> {
        self.region.as_ref().ok_or_else(|| {
            Error::config("no Region is known").with_setting(Key::Region.dotted()).hint(AdviceKind::NameRegionOrPool)
        })
    }

    /// The user pool.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) when the profile has none.
    pub fn user_pool_id(&self) -> Result<&PoolId> {
        self.user_pool_id.as_ref().ok_or_else(|| missing_variable(Key::UserPoolId))
    }

    /// The pool's domain.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) when the profile has none.
    pub fn domain(&self) -> Result<&Endpoint> {
        self.domain.as_ref().ok_or_else(|| missing(Key::Domain))
    }

    /// The app client that users sign in with.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) when the profile has none.
    pub fn user_client_id(&self) -> Result<&ClientId> {
        self.user.client_id.as_ref().ok_or_else(|| missing(Key::UserClientId))
    }

    /// The user who signs in.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) when the profile has none.
    pub fn username(&self) -> Result<&Username> {
        self.user.username.as_ref().ok_or_else(|| missing(Key::Username))
    }
}

fn address_options(settings: &Settings) -> String {
    let keys = [(Key::TokenUrl, "--token-url"), (Key::EndpointUrl, "--endpoint-url"), (Key::Region, "--region")];
    let given = keys.iter().filter(|(key, _)| settings.origin(*key) == Some(&ValueOrigin::Flag));
    given.map(|(key, option)| format!(" {option} {}", settings.list(*key).join(" "))).collect()
}

/// The origin of an AWS service in a Region.
pub fn aws_origin(service: &str, region: &Region) -> String {
    format!("https://{service}.{region}.{}", Partition::of(region).suffix)
}

/// The issuers (`iss`) that a pool's tokens may name: the original one, and that of pools whose IssuerConfiguration has been
/// updated.
pub fn issuers(pool: &PoolId) -> [String; 2] {
    let of = |service| format!("{}/{pool}", aws_origin(service, &pool.region()));
    [of("cognito-idp"), of("issuer-cognito-idp")]
}

/// A setting that a call needs and nothing supplies.
pub fn missing(key: Key) -> Error {
    not_set(key, AdviceKind::SetKey.into())
}

/// As [`missing`], for a call to which nothing but the profile and a variable can give it.
pub fn missing_variable(key: Key) -> Error {
    match key.variable() {
        Some(variable) => not_set(key, Advice::new(AdviceKind::SetKeyOrVariable).text("variable", variable)),
        None => missing(key),
    }
}

fn not_set(key: Key, advice: Advice) -> Error {
    let error = Error::config(format!("`{}` is not set", key.dotted()));
    error.with_setting(key.dotted()).hint(advice.word("key", key.dotted()))
}
