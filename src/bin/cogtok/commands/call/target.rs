//! The target of a call: a URL, or a target of the profile. The token is sent there and nowhere else.

use cogtok::aws::agentcore::Resource;
use cogtok::error::{Advice, AdviceKind, Error, Result};
use cogtok::http::redirect::moved;
use cogtok::settings::profile::issuers;
use cogtok::settings::targets::Address;
use cogtok::settings::types::{AgentcoreArn, Endpoint, TargetKind, TargetName, TokenOwner};
use cogtok::token::error_response::{Api, RequestContext};
use url::Url;

use crate::app::{App, instead};

/// A URL and what the profile says about it.
#[derive(Debug)]
pub struct CallTarget {
    pub at: TargetLocation,
    /// The owner of its token, if the profile says so.
    pub owner: Option<TokenOwner>,
    /// Its kind, if it is a target of the profile.
    pub kind: Option<TargetKind>,
    // The argument of `token check --arn`, if AWS can be asked about it.
    arn: Option<String>,
    // The target of exactly this URL.
    target: Option<TargetName>,
}

/// A URL, or what has one.
#[derive(Debug)]
pub enum TargetLocation {
    Url(Url),
    Arn(AgentcoreArn),
}

impl CallTarget {
    /// The place of `text`: a URL, an ARN, or the name of a target with what may follow its URL.
    pub fn find(app: &App, text: &str) -> Result<Self> {
        refuse_line_ends(text, "the address")?;
        if text.starts_with("arn:") {
            return Ok(CallTarget {
                at: TargetLocation::Arn(text.parse()?),
                owner: None,
                kind: None,
                arn: Some(text.to_owned()),
                target: None,
            });
        }
        let end = text.find(['/', '?']).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        // The path after a name may contain a URL: `api?next=https://…`.
        if name.ends_with(':') && rest.starts_with("//") {
            return Ok(CallTarget {
                at: TargetLocation::Url(typed(text)?),
                owner: None,
                kind: None,
                arn: None,
                target: None,
            });
        }
        let name: TargetName =
            name.parse().map_err(|error: Error| error.hint("an address begins with https://, or http://localhost"))?;
        let profile = app.existing_profile_name()?.ok_or_else(|| {
            let error = Error::config(format!("no profile is chosen, and `{name}` is the name of a target"));
            app.unless_unreadable(error.hint("choose one with `-p NAME`; an address begins with https://"))
        })?;
        let target = app.config()?.target(&profile, &name)?;
        let arn = Resource::at(&target.address).map(|_| name.to_string());
        let at = match target.address {
            Address::Url(base) => TargetLocation::Url(below(&base, rest)),
            Address::Arn(arn) if rest.is_empty() => TargetLocation::Arn(arn),
            Address::Arn(_) => return Err(Error::usage(format!("`{name}` is an ARN, which no path can follow"))),
        };
        let target_name = rest.is_empty().then_some(name);
        Ok(CallTarget { at, owner: target.owner, kind: Some(target.kind), arn, target: target_name })
    }

    /// The error with the way to the address that a redirect leads to, where it is on the same host.
    pub fn moved(&self, error: Error) -> Error {
        // The address of the token may have moved as well, and is another setting.
        let is_here = |asked: &str| match &self.at {
            TargetLocation::Url(url) => asked.starts_with(url.as_str()),
            TargetLocation::Arn(_) => true,
        };
        let is_unexplained = error.advises(AdviceKind::UseMovedAddress);
        let Some(to) = moved(&error).filter(|moved| is_unexplained && is_here(moved.asked)).map(|moved| moved.to)
        else {
            return error;
        };
        let hint = match &self.target {
            Some(target) => {
                Advice::new("if that is the right address: cogtok profile set {name} targets.{target}.url {url}")
                    .word("target", target)
            }
            None => Advice::new("if that is the right address, call it: {url}"),
        };
        let hint = hint.word("url", to);
        instead(error, &hint)
    }

    /// The facts for explaining a refusal; `options` select the token for another command.
    pub fn asked(&self, app: &App, api: Api, options: String) -> RequestContext {
        let check = match (&self.arn, api) {
            (Some(arn), _) => format!("--arn {arn}"),
            (None, Api::Runtime) => "--for agentcore-runtime --authorizer FILE".to_owned(),
            (None, _) => "--for agentcore-gateway --authorizer FILE".to_owned(),
        };
        let pool = app.profile(&[]).ok().and_then(|profile| profile.user_pool_id().map(issuers).ok());
        RequestContext { api, check, options, issuers: pool.map(Vec::from).unwrap_or_default() }
    }
}

/// Refuses what would end a line of HTTP, and what URLs would lose in silence.
pub fn refuse_line_ends(text: &str, what: &str) -> Result<()> {
    if text.contains(['\r', '\n', '\0']) {
        Err(Error::usage(format!("{what} has a line end or a NUL byte in it")))
    } else {
        Ok(())
    }
}

/// A URL that was typed, held to the rules of every address that gets a token. It may have a query.
fn typed(text: &str) -> Result<Url> {
    let Ok(mut url) = Url::parse(text) else { return text.parse::<Endpoint>().map(|base| base.url().clone()) };
    url.set_fragment(None);
    let mut base = url.clone();
    base.set_query(None);
    base.as_str().parse::<Endpoint>()?;
    Ok(url)
}

/// The URL with a path and query appended.
fn below(base: &Endpoint, rest: &str) -> Url {
    let rest = rest.split('#').next().unwrap_or_default();
    let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
    let mut url = if path.is_empty() { base.url().clone() } else { base.join(path).url().clone() };
    url.set_query(query);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_name_never_leaves_its_host() {
        let base: Endpoint = "https://api.example.com/v1/".parse().unwrap();
        for (rest, url) in [
            ("", "https://api.example.com/v1/"),
            ("/things", "https://api.example.com/v1/things"),
            ("?q=a b", "https://api.example.com/v1/?q=a%20b"),
            ("/things?q=1#part", "https://api.example.com/v1/things?q=1"),
            ("//evil.example/x", "https://api.example.com/v1//evil.example/x"),
            ("/../../x", "https://api.example.com/x"),
            ("/@evil.example", "https://api.example.com/v1/@evil.example"),
            ("/\\evil.example", "https://api.example.com/v1//evil.example"),
        ] {
            assert_eq!(below(&base, rest).as_str(), url, "{rest}");
        }
    }

    #[test]
    fn a_typed_url_may_have_a_query_and_nothing_that_is_a_secret() {
        assert_eq!(typed("https://a.example/x?q=1#part").unwrap().as_str(), "https://a.example/x?q=1");
        assert_eq!(typed("http://[::1]:8080").unwrap().as_str(), "http://[::1]:8080/");
        for refused in ["http://a.example/?k=hunter2", "https://u:hunter2@a.example", "ftp://a.example", "https://"] {
            let error = typed(refused).unwrap_err();
            assert!(!error.message().contains("hunter2"), "{error}");
        }
    }
}
