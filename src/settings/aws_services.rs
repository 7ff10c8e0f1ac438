//! The services of AWS that are asked, and where each is instead of AWS's own address.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::settings::keys::{Key, Settings, ValueOrigin, from_variable};
use crate::settings::types::Endpoint;

macro_rules! services {
    ($($(#[$doc:meta])* $variant:ident = $host:literal, $variable:literal;)+) => {
        /// A service of AWS.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Service { $($(#[$doc])* $variant),+ }

        impl Service {
            /// Every service.
            pub const ALL: &'static [Service] = &[$(Service::$variant),+];

            /// The first label of its host, as in `https://ssm.us-east-1.amazonaws.com`.
            pub const fn host(self) -> &'static str {
                match self { $(Service::$variant => $host),+ }
            }

            /// The variable by which AWS tools name another address for it; AWS_ENDPOINT_URL names one for all.
            pub const fn variable(self) -> &'static str {
                match self { $(Service::$variant => $variable),+ }
            }
        }
    };
}

services! {
    /// User pools.
    CognitoIdp = "cognito-idp", "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER";
    /// Identity pools.
    CognitoIdentity = "cognito-identity", "AWS_ENDPOINT_URL_COGNITO_IDENTITY";
    /// Secrets Manager.
    SecretsManager = "secretsmanager", "AWS_ENDPOINT_URL_SECRETS_MANAGER";
    /// Systems Manager, for its parameters.
    Ssm = "ssm", "AWS_ENDPOINT_URL_SSM";
    /// CloudFormation.
    CloudFormation = "cloudformation", "AWS_ENDPOINT_URL_CLOUDFORMATION";
    /// The Security Token Service.
    Sts = "sts", "AWS_ENDPOINT_URL_STS";
    /// Bedrock's models.
    BedrockRuntime = "bedrock-runtime", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME";
    /// The agents of Bedrock AgentCore.
    BedrockAgentcore = "bedrock-agentcore", "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE";
    /// The settings of Bedrock AgentCore.
    BedrockAgentcoreControl = "bedrock-agentcore-control", "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL";
}

impl Service {
    /// The service as signatures name it (Signature Version 4), where that is not its host's first label.
    pub const fn signing_name(self) -> &'static str {
        match self {
            Service::BedrockRuntime => "bedrock",
            Service::BedrockAgentcoreControl => "bedrock-agentcore",
            other => other.host(),
        }
    }
}

/// Addresses instead of AWS's own: an option or variable of ours wins, then AWS's variables, then the profile.
#[derive(Debug, Clone, Default)]
pub(crate) struct Endpoints {
    of_all: Option<Endpoint>,
    of_one: BTreeMap<Service, Endpoint>,
}

impl Endpoints {
    /// The AWS services' settings and variables, resolved.
    pub fn resolve(settings: &Settings, from_aws: &BTreeMap<Service, (&'static str, String)>) -> Result<Self> {
        let mut endpoints = Endpoints { of_all: settings.get(Key::EndpointUrl)?, of_one: BTreeMap::new() };
        if matches!(settings.origin(Key::EndpointUrl), None | Some(ValueOrigin::Profile)) {
            for (service, variable) in from_aws {
                endpoints.of_one.insert(*service, from_variable(variable)?);
            }
        }
        Ok(endpoints)
    }

    pub fn get(&self, service: Service) -> Option<&Endpoint> {
        self.of_one.get(&service).or(self.of_all.as_ref())
    }
}
