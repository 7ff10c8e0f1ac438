//! The settings of Bedrock AgentCore: GetAgentRuntime and GetGateway.

use serde_json::Value;

use super::sigv4::{Call, call};
use crate::error::{Advice, AdviceKind, Error, Kind, Result};
use crate::http::client::HttpClient;
use crate::settings::aws_services::Service;
use crate::settings::profile::Profile;
use crate::settings::profile::partitions::Partition;
use crate::settings::targets::Address;
use crate::settings::types::Region;

/// A runtime or gateway whose settings can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    is_gateway: bool,
    id: String,
    region: Region,
}

impl Resource {
    /// The runtime or gateway at an address, from its ARN or from a gateway URL that AWS assigned; `None` for any other address.
    pub fn at(address: &Address) -> Option<Self> {
        let url = match address {
            Address::Arn(arn) => {
                return Some(Resource { is_gateway: arn.is_gateway(), id: arn.id().to_owned(), region: arn.region() });
            }
            Address::Url(url) => url.url(),
        };
        let (id, rest) = url.host_str()?.split_once(".gateway.bedrock-agentcore.")?;
        let (region, suffix) = rest.split_once('.')?;
        let region: Region = region.parse().ok()?;
        if suffix != Partition::of(&region).suffix {
            return None;
        }
        let is_id = !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        is_id.then(|| Resource { is_gateway: true, id: id.to_owned(), region })
    }

    /// Whether it is a gateway, not a runtime.
    pub fn is_gateway(&self) -> bool {
        self.is_gateway
    }

    /// The command of the aws CLI that prints the same settings.
    pub fn aws_command(&self) -> String {
        let (operation, option) = if self.is_gateway {
            ("get-gateway", "--gateway-identifier")
        } else {
            ("get-agent-runtime", "--agent-runtime-id")
        };
        format!("aws bedrock-agentcore-control {operation} {option} {} --region {}", self.id, self.region)
    }

    /// GetAgentRuntime or GetGateway, signed with the profile's AWS credentials: the settings as AWS writes them.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for the operation; the advice says what to do if it is not allowed.
    pub async fn settings(&self, wire: &HttpClient, profile: &Profile) -> Result<Value> {
        let (operation, folder) =
            if self.is_gateway { ("GetGateway", "gateways") } else { ("GetAgentRuntime", "runtimes") };
        let request = Call {
            service: Service::BedrockAgentcoreControl,
            operation,
            method: http::Method::GET,
            path: &format!("/{folder}/{}/", self.id),
            region: &self.region,
            headers: &[("accept", "application/json")],
            body: Vec::new(),
        };
        let settings = call(wire, profile, &request, read).await;
        settings.map_err(|error| self.or_pasted(operation, error))
    }

    fn or_pasted(&self, operation: &str, error: Error) -> Error {
        match error.code() {
            Some("AccessDeniedException") => error.hint(
                Advice::new(AdviceKind::ObtainAuthorizerByAction)
                    .text("operation", operation)
                    .text("command", self.aws_command()),
            ),
            None if error.is_without_credentials() || error.kind() == Kind::AwsCredentials => {
                error.hint(Advice::new(AdviceKind::ObtainAuthorizer).text("command", self.aws_command()))
            }
            _ => error,
        }
    }
}

fn read(body: &[u8]) -> Option<Value> {
    let settings: Value = serde_json::from_slice(body).ok()?;
    // An answer without the ARN is not a runtime or gateway, so its other missing members mean nothing.
    ["agentRuntimeArn", "gatewayArn"].iter().any(|arn| settings[*arn].is_string()).then_some(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_known_by_its_arn_or_by_a_gateways_url() {
        let at = |address: &str| Resource::at(&address.parse().unwrap());
        let runtime = at("arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/my_agent-AbCdEf1234").unwrap();
        assert_eq!((runtime.is_gateway(), runtime.id.as_str()), (false, "my_agent-AbCdEf1234"));
        let gateway = at("https://gw-abcdef1234.gateway.bedrock-agentcore.us-west-2.amazonaws.com/mcp").unwrap();
        assert_eq!(gateway, at("arn:aws:bedrock-agentcore:us-west-2:111122223333:gateway/gw-abcdef1234").unwrap());
        for other in ["https://api.example.com/mcp", "https://x.gateway.bedrock-agentcore.evil.example/mcp"] {
            assert_eq!(at(other), None);
        }
    }
}
