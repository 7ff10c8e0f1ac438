//! What a pool and its app clients are: DescribeUserPool, ListUserPoolClients, DescribeUserPoolClient.

use std::collections::HashSet;

use super::admin::Admin;
use super::answer::lacks;
use super::service_error::from_sdk;
use crate::error::{Error, Kind, Result};
use crate::secret::Secret;
use crate::settings::types::{AuthFlow, ClientId};

/// The most app clients that ListUserPoolClients gives at once.
const PAGE: i32 = 60;

/// The most pages that are read: a pool may have a thousand clients.
const MAX_PAGES: usize = 50;

/// The settings of a pool, from DescribeUserPool.
#[derive(Debug, Clone)]
pub struct Pool {
    /// Name.
    pub name: Option<String>,
    /// Domain: the prefix.
    pub prefix: Option<String>,
    /// CustomDomain: a host name.
    pub custom_domain: Option<String>,
    /// Whether users may sign up: AdminCreateUserConfig without AllowAdminCreateUserOnly. `None` if the answer has no
    /// AdminCreateUserConfig.
    pub allows_sign_up: Option<bool>,
}

/// The settings of an app client, from DescribeUserPoolClient.
#[derive(Debug)]
pub struct AppClient {
    /// ClientId.
    pub id: ClientId,
    /// ClientName.
    pub name: Option<String>,
    /// ClientSecret.
    pub secret: Option<Secret>,
    /// The sign-in flows that it allows, the best first.
    pub flows: Vec<AuthFlow>,
    /// Whether the hosted pages may sign users in to it: it may use authorization codes (RFC 6749 section 4.1).
    pub is_for_browsers: bool,
    /// Whether it is for machines: it may use client_credentials (RFC 6749 section 4.4), or only GetClientToken.
    pub is_machine: bool,
    /// Whether it may use GetClientToken and not client_credentials.
    pub is_api_only: bool,
    /// CallbackURLs.
    pub callbacks: Vec<String>,
    /// AllowedOAuthScopes.
    pub scopes: Vec<String>,
}

impl Admin {
    /// DescribeUserPool.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for DescribeUserPool.
    pub async fn pool(&self) -> Result<Pool> {
        let operation = "DescribeUserPool";
        let request = self.client.describe_user_pool().user_pool_id(self.pool.as_str());
        let answer = request.send().await.map_err(|error| from_sdk(operation, error, self.wire.redactor()))?;
        let pool = answer.user_pool.ok_or_else(|| lacks(operation, "UserPool"))?;
        // A pool without domains has no domain members, so the id has to show that this is a pool.
        pool.id.as_deref().filter(|id| *id == self.pool.as_str()).ok_or_else(|| lacks(operation, "Id of the pool"))?;
        let allows_sign_up = pool.admin_create_user_config.map(|config| !config.allow_admin_create_user_only);
        Ok(Pool { name: pool.name, prefix: pool.domain, custom_domain: pool.custom_domain, allows_sign_up })
    }

    /// ListUserPoolClients, page by page: id and name of every app client.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for ListUserPoolClients; [`Kind::Network`] when the pages never end.
    pub async fn clients(&self) -> Result<Vec<(ClientId, Option<String>)>> {
        let operation = "ListUserPoolClients";
        let (mut clients, mut pages) = (Vec::new(), Pages::of(operation));
        loop {
            let request = self.client.list_user_pool_clients().user_pool_id(self.pool.as_str()).max_results(PAGE);
            let answer = request.set_next_token(pages.next.clone()).send().await;
            let answer = answer.map_err(|error| from_sdk(operation, error, self.wire.redactor()))?;
            for client in answer.user_pool_clients.ok_or_else(|| lacks(operation, "UserPoolClients"))? {
                let id = client.client_id.ok_or_else(|| lacks(operation, "ClientId"))?;
                let id = id.parse().map_err(|error: Error| error.with_kind(Kind::Network).context(operation))?;
                clients.push((id, client.client_name));
            }
            if !pages.turn(answer.next_token)? {
                return Ok(clients);
            }
        }
    }

    /// DescribeUserPoolClient.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for DescribeUserPoolClient.
    pub async fn app_client(&self, id: &ClientId) -> Result<AppClient> {
        let operation = "DescribeUserPoolClient";
        let request = self.client.describe_user_pool_client().user_pool_id(self.pool.as_str());
        let answer = request.client_id(id.as_str()).send().await;
        let answer = answer.map_err(|error| from_sdk(operation, error, self.wire.redactor()))?;
        let client = answer.user_pool_client.ok_or_else(|| lacks(operation, "UserPoolClient"))?;
        // Absent settings are off or at their default, but only in an answer about this client.
        client
            .client_id()
            .filter(|named| *named == id.as_str())
            .ok_or_else(|| lacks(operation, "ClientId asked for"))?;
        let named = client.explicit_auth_flows();
        let may = |grant: &str| client.allowed_o_auth_flows().iter().any(|flow| flow.as_str() == grant);
        let has_grant = may("client_credentials");
        let is_api_only = !has_grant && named.iter().any(|flow| flow.as_str() == "ALLOW_CLIENT_TOKEN_AUTH");
        // With no flows listed, Cognito allows these two.
        let is_allowed = |flow: &AuthFlow| match named {
            [] => matches!(flow, AuthFlow::Srp | AuthFlow::Custom),
            named => named.iter().any(|name| flow.allowed_as().contains(&name.as_str())),
        };
        let secret = client.client_secret().filter(|secret| !secret.is_empty()).map(str::to_owned).map(Secret::new);
        if let Some(secret) = &secret {
            self.wire.redactor().hide(id.as_str(), secret);
        }
        Ok(AppClient {
            id: id.clone(),
            name: client.client_name().map(str::to_owned),
            secret,
            flows: AuthFlow::ALL.iter().copied().filter(is_allowed).collect(),
            is_for_browsers: may("code"),
            is_machine: has_grant || is_api_only,
            is_api_only,
            callbacks: client.callback_urls().to_vec(),
            scopes: client.allowed_o_auth_scopes().to_vec(),
        })
    }
}

/// The position in a list of many pages.
struct Pages {
    operation: &'static str,
    next: Option<String>,
    seen: HashSet<String>,
}

impl Pages {
    fn of(operation: &'static str) -> Self {
        Pages { operation, next: None, seen: HashSet::new() }
    }

    /// Moves to the page that `token` names; returns whether there is one.
    fn turn(&mut self, token: Option<String>) -> Result<bool> {
        self.next = token;
        match &self.next {
            None => Ok(false),
            Some(token) if self.seen.len() < MAX_PAGES && self.seen.insert(token.clone()) => Ok(true),
            Some(_) => Err(Error::network(format!("{}: the service sends pages without an end", self.operation))
                .hint("check `endpoint_url` and AWS_ENDPOINT_URL")),
        }
    }
}
