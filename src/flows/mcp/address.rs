//! Where the MCP endpoint of a target is.

use url::Url;

use crate::error::{Error, Result, printable};
use crate::profile::words::AgentcoreArn;

/// The URL of the MCP endpoint of a gateway or a runtime, as AgentCore has it.
///
/// # Errors
/// [`Kind::Usage`](crate::error::Kind::Usage) for an ARN that makes no URL.
pub fn endpoint(arn: &AgentcoreArn) -> Result<Url> {
    let shown = || printable(arn.as_str(), 120);
    Url::parse(&of_arn(arn)).map_err(|why| Error::usage(format!("`{}` makes no URL: {why}", shown())))
}

fn of_arn(arn: &AgentcoreArn) -> String {
    let (region, id) = (arn.region(), arn.id());
    let suffix = if arn.as_str().starts_with("arn:aws-cn:") { "amazonaws.com.cn" } else { "amazonaws.com" };
    if arn.is_gateway() {
        return format!("https://{id}.gateway.bedrock-agentcore.{region}.{suffix}/mcp");
    }
    let encoded: String = url::form_urlencoded::byte_serialize(arn.as_str().as_bytes()).collect();
    format!("https://bedrock-agentcore.{region}.{suffix}/runtimes/{encoded}/invocations?qualifier=DEFAULT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_leads_to_the_endpoint_of_agentcore() {
        let of = |text: &str| endpoint(&text.parse().unwrap()).unwrap().to_string();
        assert_eq!(
            of("arn:aws:bedrock-agentcore:us-west-2:111122223333:gateway/tools-a1b2"),
            "https://tools-a1b2.gateway.bedrock-agentcore.us-west-2.amazonaws.com/mcp"
        );
        assert_eq!(
            of("arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/my_agent-Ab"),
            "https://bedrock-agentcore.us-west-2.amazonaws.com/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-west-2%3A111122223333%3Aruntime%2Fmy_agent-Ab/invocations?qualifier=DEFAULT"
        );
    }
}
