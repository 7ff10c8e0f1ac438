//! The values of the source, and what follows from them.

use std::path::Path;

use cogtok::error::{Advice, Error, Kind, Result, printable};
use cogtok::oauth::client_bundle::candidates::{Candidate, ProfileCandidate};
use cogtok::oauth::client_bundle::json;
use cogtok::settings::issuer::pool_id;
use cogtok::settings::keys::Key;
use cogtok::settings::types::is_pool_id;

use super::plan::{Choice, ImportPlan, SecretHandling};
use super::source::{Opened, Text};
use crate::app::App;
use crate::env;
use crate::io::terminal;
use crate::services::import::{
    SourceKind, cloudformation, enrich, env_file, file_name, issuer, name_from, name_of_file, pool, secrets_manager,
    ssm,
};

/// The most of what was passed over that an error tells.
const TOLD: usize = 4;

/// The values of the new profile so far.
pub struct CollectedSources {
    pub kind: SourceKind,
    pub found: ProfileCandidate,
    /// What the file that was read suggests as a name.
    pub file_name: Option<String>,
}

impl CollectedSources {
    /// A name for the profile that a person likes to type: the domain's before the source's, and no pool's id.
    pub fn friendly_name(&self) -> Option<String> {
        let own = self.found.name.clone().filter(|name| !is_pool_id(name));
        self.domain_label().and_then(name_from).or(own).or_else(|| self.file_name.clone())
    }

    /// The first label of the domain, where it is a name.
    fn domain_label(&self) -> Option<&str> {
        let domain = self.found.one(Key::Domain).or_else(|| self.found.one(Key::TokenUrl));
        let label = domain.and_then(|domain| domain.split("//").nth(1)?.split('.').next());
        label.filter(|label| !label.contains([':', '/']) && label.parse::<u8>().is_err())
    }

    /// A name for the profile: the source's own, else its domain's, that of its file, or its pool's.
    pub fn suggested_name(&self) -> Option<String> {
        let domain = self.found.one(Key::Domain).and_then(|domain| domain.split("//").nth(1)?.split('.').next());
        let domain = domain.filter(|label| !label.contains(':') && label.parse::<u8>().is_err());
        let of_domain = || domain.and_then(name_from);
        let of_pool = || self.found.one(Key::UserPoolId).and_then(name_from);
        self.found.name.clone().or_else(of_domain).or_else(|| self.file_name.clone()).or_else(of_pool)
    }
}

/// The values of the opened source, and those of what it refers to.
pub fn gather(app: &App, plan: &ImportPlan, opened: Opened) -> Result<CollectedSources> {
    let file_name = match &opened {
        Opened::Text(_) => name_of_file(Path::new(&file_name(&plan.source).unwrap_or_else(|| plan.source.clone()))),
        Opened::Network(_) => None,
    };
    let (kind, mut found) = match opened {
        Opened::Text(text) => read_text(text)?,
        Opened::Network(kind) => (kind, ask(app, kind, &plan.source, &plan.choice)?),
    };
    for (key, option, value) in plan.choice.made() {
        found.decide(key, vec![value.to_owned()], option)?;
    }
    if found.is_empty() {
        let nothing = Error::config("the source contains nothing for a profile");
        // What was skipped explains more than what could have been imported.
        let nothing = found.left_out.iter().take(TOLD).fold(nothing, |error, why| error.hint(why.clone()));
        return Err(nothing
            .hint("names like COGNITO_USER_POOL_ID, COGNITO_CLIENT_ID, COGNITO_M2M_CLIENT_ID, COGNITO_DOMAIN and OAUTH_TOKEN_ENDPOINT are known: `cogtok help profiles`"));
    }
    found.settle(&[Key::UserPoolId, Key::UserClientId, Key::M2mClientId], choose)?;
    follow(app, kind, plan.secrets, &mut found)?;
    for (key, value, origin) in app.given_options() {
        found.decide(key, vec![value], origin)?;
    }
    if let Some(endpoint) = env::var("AWS_ENDPOINT_URL").filter(|_| found.one(Key::EndpointUrl).is_none()) {
        found.decide(Key::EndpointUrl, vec![endpoint], "AWS_ENDPOINT_URL")?;
    }
    resolve_region(app, &mut found)?;
    found.settle(&[], |_, _| Ok(0))?;
    Ok(CollectedSources { kind, found, file_name })
}

/// Follows the source's references, if AWS credentials are available or were named.
fn follow(app: &App, kind: SourceKind, handling: SecretHandling, found: &mut ProfileCandidate) -> Result<()> {
    let wire = app.wire()?;
    let base = app.bare_profile(&[Key::EndpointUrl, Key::SecretArn].map(|key| (key, found.one(key))))?;
    let is_signed = matches!(kind, SourceKind::Secret | SourceKind::Parameter | SourceKind::Stack | SourceKind::Pool);
    let may_look = is_signed || base.is_aws_profile_asked || has_aws_credentials();
    match found.one(Key::SecretArn).map(str::parse).transpose()? {
        Some(arn) if handling == SecretHandling::Copy && kind != SourceKind::Secret => {
            app.block_on(secrets_manager::follow(&wire, &base, &arn, found))?;
        }
        Some(_) if may_look && kind != SourceKind::Secret => {
            app.block_on(enrich::follow_secret(&wire, &base, found))?;
        }
        _ => {}
    }
    let of_found = [Key::UserPoolId, Key::EndpointUrl, Key::Region].map(|key| (key, found.one(key)));
    let profile = app.bare_profile(&of_found)?;
    let profile = if may_look { app.resolve_region(profile) } else { profile };
    app.block_on(async {
        if may_look {
            enrich::look_at_clients(&wire, &profile, found).await;
        }
        enrich::complete_domain(&wire, &profile, found).await;
        Ok(())
    })
}

/// Records a Region from elsewhere if nothing in the profile determines it.
fn resolve_region(app: &App, found: &mut ProfileCandidate) -> Result<()> {
    let of_found = [Key::UserPoolId, Key::Region, Key::SecretArn].map(|key| (key, found.one(key)));
    let is_known = found.one(Key::UserPoolId).is_some()
        || of_found[2].1.and_then(|arn| arn.parse::<cogtok::settings::types::SecretArn>().ok()?.region()).is_some();
    if is_known && app.given_options().iter().all(|(key, _, _)| *key != Key::Region) {
        // The pool's id or the ARN has the Region; a different one would mislead.
        found.forget(Key::Region);
        return Ok(());
    }
    let needs_one = found.one(Key::UserClientId).is_some() || found.one(Key::SecretArn).is_some();
    if found.one(Key::Region).is_none()
        && needs_one
        && let Some(region) = app.resolve_region(app.bare_profile(&of_found)?).region
    {
        found.offer(Key::Region, vec![region.to_string()], "the AWS configuration");
    }
    Ok(())
}

/// The values in a file or standard input.
fn read_text(Text { kind, text, shown, .. }: Text) -> Result<(SourceKind, ProfileCandidate)> {
    let found = if kind == SourceKind::Terraform { json::read(&text) } else { env_file::read(&text) };
    found.map(|found| (kind, found)).map_err(|error| error.context(&shown))
}

/// The values of a source in the network.
fn ask(app: &App, kind: SourceKind, source: &str, choice: &Choice) -> Result<ProfileCandidate> {
    let wire = app.wire()?;
    let has_region = source.starts_with("arn:") || matches!(kind, SourceKind::Issuer | SourceKind::Pool);
    let base = if has_region {
        app.bare_profile(&[(Key::SecretArn, Some(source).filter(|_| kind == SourceKind::Secret))])?
    } else {
        let base = app.resolve_region(app.bare_profile(&[])?);
        base.region().map_err(|error| {
            Error::new(error.kind(), format!("no Region is set to look for `{}` in", printable(source, 120)))
                .hint("add `--region REGION`, set AWS_REGION, or give the ARN")
        })?;
        base
    };
    match kind {
        SourceKind::Secret => app.block_on(secrets_manager::read(&wire, &base, &source.parse()?)),
        SourceKind::Parameter => app.block_on(ssm::read(&wire, &base, &source.parse()?)),
        SourceKind::Stack => app.block_on(cloudformation::read(&wire, &base, &source.parse()?)),
        SourceKind::Issuer => app.block_on(issuer::read(&wire, &base, source)),
        SourceKind::Pool => {
            let id = pool_id(source)?;
            let profile = app.bare_profile(&[(Key::UserPoolId, Some(id.as_str()))])?;
            let named = [&choice.client_id, &choice.m2m_client_id].into_iter().flatten();
            let named = named.map(|id| id.parse()).collect::<Result<Vec<_>>>()?;
            app.block_on(pool::read(&wire, &profile, &id, &named))
        }
        SourceKind::Terraform | SourceKind::Env | SourceKind::Export => Err(Error::usage("the source is not a file")),
    }
}

/// Asks the person at the terminal to choose one of several values.
fn choose(key: Key, candidates: &[Candidate]) -> Result<usize> {
    let (what, option) = match key {
        Key::UserPoolId => ("user pool", "--user-pool-id"),
        Key::M2mClientId => ("machine-to-machine app client", "--m2m-client-id"),
        _ => ("app client for users", "--client-id"),
    };
    let which = Advice::new("say which: `{option} ID`").fill("option", option);
    let value = |candidate: &Candidate| candidate.values.first().cloned().unwrap_or_default();
    let shown = |candidate: &Candidate| format!("{} ({})", value(candidate), printable(&candidate.origin, 60));
    if !terminal::can_ask() {
        let list: Vec<String> = candidates.iter().take(10).map(shown).collect();
        let message = format!("the source has more than one {what}: {}", list.join(", "));
        return Err(Error::new(Kind::NeedsHuman, message).hint(which));
    }
    for (number, candidate) in candidates.iter().enumerate() {
        terminal::show(&format!("{:>4}  {}\n", number + 1, printable(&shown(candidate), 300)));
    }
    let question = format!("Which {what}? [1-{}]", candidates.len());
    terminal::until_taken(|| {
        let typed = match terminal::ask_line_once(question.as_str(), which.clone())? {
            Ok(typed) => typed,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let by_number = typed.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let by_number = by_number.filter(|index| *index < candidates.len());
        let chosen = by_number.or_else(|| candidates.iter().position(|candidate| value(candidate) == typed));
        Ok(chosen.ok_or_else(|| {
            Error::usage(format!("`{}` is not one of them", printable(&typed, 80)))
                .hint(Advice::new("or say which: `{option} ID`").fill("option", option))
        }))
    })
}

/// Whether AWS credentials were named, so that looking for them is no surprise.
fn has_aws_credentials() -> bool {
    const NAMES: [&str; 5] = [
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ];
    NAMES.iter().any(|name| env::var(name).is_some())
}
