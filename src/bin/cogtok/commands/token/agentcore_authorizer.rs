//! How a runtime or gateway of AgentCore is configured, as AWS has it now.

use cogtok::aws::agentcore::Resource;
use cogtok::error::{Advice, Error, Result, printable};
use cogtok::settings::profile::Profile;
use cogtok::settings::targets::Address;
use cogtok::settings::types::{AgentcoreArn, TokenOwner};
use cogtok::token::authorizer::Authorizer;
use cogtok::token::resource_server::{Finding, ResourceServer};
use serde_json::Value;

use crate::app::App;

/// The authorizer of a runtime or gateway.
pub enum Live {
    /// Tokens that this authorizer lets pass.
    Tokens(Authorizer),
    /// Something else than tokens, or everything.
    Otherwise(Vec<Finding>),
}

/// Reads the settings of a runtime or gateway from AWS: `arn` is its ARN, or the name of one of the profile's targets. Also returns the
/// owner of the target's token, if the target names one.
pub fn read(
    app: &App,
    profile: &Profile,
    arn: &str,
    named: Option<ResourceServer>,
) -> Result<(ResourceServer, Live, Option<TokenOwner>)> {
    let (address, owner) = address(app, profile, arn)?;
    let resource = Resource::at(&address).ok_or_else(|| {
        Error::usage(format!("`{}` is neither a runtime nor a gateway of AgentCore", printable(arn, 120)))
            .hint("cogtok can ask AWS only about those; `--authorizer FILE` reads the configuration of any")
    })?;
    let service =
        if resource.is_gateway() { ResourceServer::AgentcoreGateway } else { ResourceServer::AgentcoreRuntime };
    if let Some(named) = named.filter(|named| *named != service) {
        return Err(Error::usage(format!("the ARN is not one for `--for {}`", named.as_str()))
            .hint(Advice::new("it is an {service}: leave `--for` out").text("service", service.as_str())));
    }
    let wire = app.wire()?;
    let settings = app.block_on(resource.settings(&wire, profile))?;
    Ok((service, live(service, &settings)?, owner))
}

fn address(app: &App, profile: &Profile, arn: &str) -> Result<(Address, Option<TokenOwner>)> {
    if arn.starts_with("arn:") {
        return Ok((Address::Arn(arn.parse::<AgentcoreArn>()?), None));
    }
    let name = arn.parse().map_err(|error: Error| error.hint("give an ARN, or the name of a target of the profile"))?;
    let Some(of) = &profile.name else {
        return Err(app.without_profile(profile, Error::config(format!("`{name}` is a target of a profile"))));
    };
    let target = app.config()?.target(of, &name)?;
    Ok((target.address, target.owner))
}

fn live(service: ResourceServer, settings: &Value) -> Result<Live> {
    let kind = settings["authorizerType"].as_str();
    if !settings["authorizerConfiguration"]["customJWTAuthorizer"].is_null() {
        return Authorizer::read(service, settings.to_string().as_bytes()).map(Live::Tokens);
    }
    let signed = "it accepts only requests signed with AWS credentials, and no bearer token";
    let finding = match kind {
        Some("NONE") => Finding {
            rule: "authorizer".to_owned(),
            passes: true,
            detail: "NONE: it accepts every request, and checks no token".to_owned(),
            fix: None,
        },
        None | Some("AWS_IAM") => Finding {
            rule: "authorizer".to_owned(),
            passes: false,
            detail: format!("{}: {signed}", kind.unwrap_or("none set")),
            fix: Some(
                "configure a customJWTAuthorizer (see `cogtok help bedrock`), or call it with AWS credentials: `cogtok aws-credentials{p}`"
                    .into(),
            ),
        },
        Some(other) => {
            return Err(Error::config(format!(
                "its authorizer is {}, whose rules cogtok does not know",
                printable(other, 60)
            ))
            .hint("cogtok can check only a CUSTOM_JWT authorizer"));
        }
    };
    Ok(Live::Otherwise(vec![finding]))
}
