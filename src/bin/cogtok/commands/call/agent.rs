//! An agent of Bedrock AgentCore Runtime: its address, its log, and the sessions with it.

use cogtok::error::{Advice, Error, Kind, Result};
use cogtok::settings::types::TargetKind;
use cogtok::token::jwt::payload_unverified;
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::target::{CallTarget, TargetLocation, refuse_line_ends};
use crate::app::App;
use crate::args::token_args::ObtainedToken;

/// The header with the session, of the request and of the answer.
pub const SESSION: &str = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id";

/// The endpoint of an agent.
#[derive(Debug)]
pub struct Agent {
    pub url: Url,
    /// The command that shows its log, where it runs at AWS.
    log: Option<String>,
}

impl Agent {
    /// The agent at a place, of which `typed` is the name. `path` is below its address.
    pub fn at(app: &App, place: &CallTarget, typed: &str, qualifier: Option<&str>, path: Option<&str>) -> Result<Self> {
        let is_gateway = match &place.at {
            TargetLocation::Arn(arn) => arn.is_gateway(),
            TargetLocation::Url(_) => place.kind == Some(TargetKind::Gateway),
        };
        if is_gateway {
            return Err(Error::usage("this is a gateway, not a runtime")
                .hint(Advice::new("run `cogtok call gateway {target} tools{p}`").word("target", typed)));
        }
        let (mut url, qualifier, log) = match &place.at {
            TargetLocation::Url(url) => (url.clone(), qualifier, None),
            TargetLocation::Arn(arn) => {
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
        complete(&mut url);
        if let Some(path) = path {
            go_below(&mut url, path)?;
        }
        if let Some(qualifier) = qualifier {
            set_qualifier(&mut url, qualifier);
        }
        Ok(Agent { url, log })
    }

    /// Whether the address is that of questions, and not of something below it.
    pub fn takes_questions(&self) -> bool {
        self.url.path().ends_with("/invocations")
    }

    /// The URL of another operation of the same endpoint: `stopruntimesession`, `ws`.
    pub fn beside(&self, name: &str) -> Result<Url> {
        let mut url = self.url.clone();
        let Some(base) = url.path().strip_suffix("/invocations").map(str::to_owned) else {
            return Err(Error::usage("this is not the address of an agent, which ends in /invocations"));
        };
        url.set_path(&format!("{base}/{name}"));
        Ok(url)
    }

    /// Adds the command that shows the agent's log to the error.
    pub fn point_to_log(&self, error: Error) -> Error {
        self.log.iter().fold(error, |error, log| error.hint(format!("`{log}`")))
    }
}

/// Appends `/invocations` to a URL without it.
fn complete(url: &mut Url) {
    let mut whole = url.path().trim_end_matches('/').to_owned();
    if !whole.split('/').any(|part| part == "invocations") {
        whole.push_str("/invocations");
    }
    url.set_path(&whole);
}

/// Appends a path, with its query, to a URL.
fn go_below(url: &mut Url, path: &str) -> Result<()> {
    refuse_line_ends(path, "`--path`")?;
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let below = format!("{}/", url.path());
    url.set_path(&format!("{below}{}", path.trim_start_matches('/')));
    if !url.path().starts_with(&below) {
        return Err(Error::usage("`--path` leads away from the agent's address"));
    }
    if let Some(query) = query {
        let whole = url.query().map_or_else(|| query.to_owned(), |before| format!("{before}&{query}"));
        url.set_query(Some(&whole));
    }
    Ok(())
}

/// Names the endpoint in an address, instead of one that it names already. The rest of its query stays as it is.
fn set_qualifier(url: &mut Url, qualifier: &str) {
    let is_other = |part: &&str| form_urlencoded::parse(part.as_bytes()).all(|(name, _)| name != "qualifier");
    let rest: Vec<&str> = url.query().unwrap_or_default().split('&').filter(is_other).collect();
    let rest = rest.join("&");
    url.set_query(Some(&rest).filter(|rest| !rest.is_empty()).map(String::as_str));
    url.query_pairs_mut().append_pair("qualifier", qualifier);
}

/// Refuses what can't be the id of a session.
pub fn check_session(id: &str) -> Result<&str> {
    if (33..=256).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(id)
    } else {
        Err(Error::usage("a session id has 33 to 256 characters, and no spaces")
            .hint("a UUID is long enough; without --session-id cogtok makes one"))
    }
}

/// The id of a session that there was none of.
pub fn new_session() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|why| Error::new(Kind::Failure, format!("no random numbers: {why}")))?;
    Ok(bytes.iter().fold("cogtok-".to_owned(), |id, byte| id + &format!("{byte:02x}")))
}

/// The key of a stored session: no user continues another user's session.
pub fn session_key(app: &App, got: &ObtainedToken, url: &Url) -> Result<String> {
    let claims = payload_unverified(got.token()?.value.expose()).unwrap_or_default();
    let caller = claims.get("sub").map(Value::to_string).unwrap_or_default();
    Ok(format!("{}\n{caller}\n{url}", app.profile_option()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_completed_and_its_endpoint_replaced() {
        for (typed, path, qualifier, whole) in [
            ("http://[::1]:8080", None, None, "/invocations"),
            ("http://[::1]:8080/a/", None, None, "/a/invocations"),
            ("http://[::1]:8080/a/invocations/", None, None, "/a/invocations"),
            ("http://[::1]:8080/invocations/.well-known/card.json", None, None, "/invocations/.well-known/card.json"),
            ("http://[::1]:8080/my-invocations", None, None, "/my-invocations/invocations"),
            ("http://[::1]:8080/?qualifier=DEFAULT", None, Some("prod"), "/invocations?qualifier=prod"),
            ("http://[::1]:8080/?a=%20+&%71ualifier=x&b", None, Some("p&q"), "/invocations?a=%20+&b&qualifier=p%26q"),
            ("http://[::1]:8080/?qualifier=DEFAULT", None, None, "/invocations?qualifier=DEFAULT"),
            ("http://[::1]:8080", Some("/x?y=1&z=a b"), Some("prod"), "/invocations/x?y=1&z=a%20b&qualifier=prod"),
            ("http://[::1]:8080/?a=1", Some("x?y=1"), None, "/invocations/x?a=1&y=1"),
            ("http://[::1]:8080/?a=1", Some("?y=1"), None, "/invocations/?a=1&y=1"),
        ] {
            let mut url = Url::parse(typed).unwrap();
            complete(&mut url);
            path.map_or(Ok(()), |path| go_below(&mut url, path)).unwrap();
            qualifier.into_iter().for_each(|qualifier| set_qualifier(&mut url, qualifier));
            assert_eq!(url.as_str(), format!("http://[::1]:8080{whole}"), "{typed} {path:?}");
        }
    }
}
