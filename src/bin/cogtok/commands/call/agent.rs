//! An agent of Bedrock AgentCore Runtime: its address, its log, and the sessions with it.

use cogtok::error::{Error, Kind, Result};
use cogtok::profile::words::TargetKind;
use cogtok::token::jwt::payload_unverified;
use serde_json::Value;
use url::Url;

use super::place::{At, Place};
use crate::app::App;
use crate::commands::token::source::Got;

/// The header with the session, of the request and of the answer.
pub const SESSION: &str = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id";

/// Where an agent is asked.
#[derive(Debug)]
pub struct Agent {
    pub url: Url,
    /// The command that shows its log, where it runs at AWS.
    log: Option<String>,
}

impl Agent {
    /// The agent at a place, of which `typed` is the name. `path` is below its address.
    pub fn at(app: &App, place: &Place, typed: &str, qualifier: Option<&str>, path: Option<&str>) -> Result<Self> {
        let is_gateway = match &place.at {
            At::Arn(arn) => arn.is_gateway(),
            At::Url(_) => place.kind == Some(TargetKind::Gateway),
        };
        if is_gateway {
            return Err(Error::usage("this is a gateway, not a runtime")
                .hint(format!("run `cogtok call gateway {typed}{{p}}`")));
        }
        let (mut url, qualifier, log) = match &place.at {
            At::Url(url) => (url.clone(), qualifier, None),
            At::Arn(arn) => {
                let qualifier = qualifier.or(arn.runtime().1);
                let log = format!(
                    "aws logs tail /aws/bedrock-agentcore/runtimes/{}-{} --since 5m --region {}",
                    arn.id(),
                    qualifier.unwrap_or("DEFAULT"),
                    arn.region()
                );
                let url = app.profile(&[])?.agentcore_url(arn)?;
                (url, qualifier, Some(log))
            }
        };
        let mut whole = url.path().trim_end_matches('/').to_owned();
        if !whole.ends_with("/invocations") {
            whole.push_str("/invocations");
        }
        url.set_path(&whole);
        if let Some(path) = path {
            let below = format!("{}/", url.path());
            url.set_path(&format!("{below}{}", path.trim_start_matches('/')));
            if !url.path().starts_with(&below) {
                return Err(Error::usage("`--path` leads away from the agent's address"));
            }
        }
        if let Some(qualifier) = qualifier {
            url.query_pairs_mut().append_pair("qualifier", qualifier);
        }
        Ok(Agent { url, log })
    }

    /// The error with the command that shows what the agent says of it.
    pub fn point_to_log(&self, error: Error) -> Error {
        self.log.iter().fold(error, |error, log| error.hint(format!("`{log}`")))
    }
}

/// Refuses what can't be the id of a session.
pub fn check_session(id: &str) -> Result<&str> {
    match (33..=256).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(id),
        false => Err(Error::usage("a session id has 33 to 256 letters, digits and signs, and no spaces")
            .hint("a UUID is long enough; without --session-id one is made")),
    }
}

/// The id of a session that there was none of.
pub fn new_session() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|why| Error::new(Kind::Failure, format!("no random numbers: {why}")))?;
    Ok(bytes.iter().fold("cogtok-".to_owned(), |id, byte| id + &format!("{byte:02x}")))
}

/// What a session is kept under: nobody goes on with what another began.
pub fn session_key(app: &App, got: &Got, url: &Url) -> Result<String> {
    let claims = payload_unverified(got.token()?.value.expose()).unwrap_or_default();
    let caller = claims.get("sub").map(Value::to_string).unwrap_or_default();
    Ok(format!("{}\n{caller}\n{url}", app.profile_option()))
}
