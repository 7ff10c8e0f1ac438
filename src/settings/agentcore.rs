//! The URLs of Bedrock AgentCore's resources, which follow from their ARNs.

use crate::error::{Error, Result, printable};
use crate::settings::aws_services::Service;
use crate::settings::profile::{Profile, aws_origin};
use crate::settings::types::AgentcoreArn;
use crate::settings::url::Url;

impl AgentcoreArn {
    /// The ARN of the runtime and, of an endpoint's ARN, the endpoint's name: its qualifier.
    pub fn runtime(&self) -> (&str, Option<&str>) {
        match self.as_str().split_once("/runtime-endpoint/") {
            Some((runtime, endpoint)) => (runtime, Some(endpoint)),
            None => (self.as_str(), None),
        }
    }
}

impl Profile {
    /// The URL of a runtime's invocations or of a gateway's MCP endpoint. The profile's endpoint for AgentCore replaces AWS's for a
    /// runtime; a gateway has its own host.
    ///
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) for an ARN that makes no URL.
    pub fn agentcore_url(&self, arn: &AgentcoreArn) -> Result<Url> {
        let (id, region) = (arn.id(), arn.region());
        let text = if arn.is_gateway() {
            format!("{}/mcp", aws_origin(&format!("{id}.gateway.bedrock-agentcore"), &region))
        } else {
            let base = match self.endpoint(Service::BedrockAgentcore) {
                Some(endpoint) => endpoint.as_str().trim_end_matches('/').to_owned(),
                None => aws_origin(Service::BedrockAgentcore.host(), &region),
            };
            // The whole ARN is one path segment.
            let encoded: String = form_urlencoded::byte_serialize(arn.runtime().0.as_bytes()).collect();
            format!("{base}/runtimes/{encoded}/invocations")
        };
        Url::parse(&text)
            .map_err(|why| Error::usage(format!("`{}` does not make a URL: {why}", printable(arn.as_str(), 120))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::keys::Settings;
    use crate::settings::profile::AwsEnvironment;

    #[test]
    fn an_arn_leads_to_the_address_at_aws() {
        let profile = Profile::resolve(None, &Settings::default(), &AwsEnvironment::default()).unwrap();
        let of = |text: &str| profile.agentcore_url(&text.parse().unwrap()).unwrap().to_string();
        let arn = |resource: &str| format!("arn:aws:bedrock-agentcore:us-west-2:111122223333:{resource}");
        assert_eq!(
            of(&arn("gateway/tools-a1b2")),
            "https://tools-a1b2.gateway.bedrock-agentcore.us-west-2.amazonaws.com/mcp"
        );
        let runtime = "https://bedrock-agentcore.us-west-2.amazonaws.com/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-west-2%3A111122223333%3Aruntime%2Fmy_agent-Ab/invocations";
        assert_eq!(of(&arn("runtime/my_agent-Ab")), runtime);
        assert_eq!(of(&arn("runtime/my_agent-Ab/runtime-endpoint/prod")), runtime);
    }

    #[test]
    fn an_endpoints_arn_names_its_runtime_and_itself() {
        let runtime = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/my_agent-Ab";
        let parsed = |text: &str| text.parse::<AgentcoreArn>().unwrap();
        assert_eq!(parsed(runtime).runtime(), (runtime, None));
        assert_eq!(parsed(&format!("{runtime}/runtime-endpoint/prod")).runtime(), (runtime, Some("prod")));
    }
}
