//! `cogtok profile create`: one more profile in the configuration.

use crate::services::config_edit::edit;
use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Advice, Error, Result};
use cogtok::settings::keys::Key;
use cogtok::settings::secret_detection::is_misplaced;
use cogtok::settings::types::{PoolId, ProfileName};

use super::value_checks::{check_aws_profile, refuse_secret, settled};
use crate::app::App;
use crate::completion;
use crate::env::aws_environment;
use crate::io::terminal;

/// Create a profile; the first one becomes the default
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    cogtok profile create ws --user-pool-id us-east-1_AbCdEfGhI \\\n    \
    --client-id CLIENT --m2m-client-id CLIENT \\\n    \
    --token-url https://ws.auth.us-east-1.amazoncognito.com/oauth2/token \\\n    \
    --scope api/read --scope api/write")]
pub struct Create {
    /// The profile's name
    name: String,
    /// What the profile is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// The user pool
    #[arg(long, value_name = "ID")]
    user_pool_id: Option<String>,
    /// The pool's domain: its URL, its host, or just the prefix
    #[arg(long, value_name = "URL")]
    domain: Option<String>,
    /// The app client that users sign in with
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The user who signs in
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(completion::users))]
    username: Option<String>,
    /// How users sign in: srp, password, user-auth, admin or custom
    #[arg(long, value_name = "FLOW", add = ArgValueCandidates::new(completion::auth_flows))]
    auth_flow: Option<String>,
    /// The token that `token user` prints: access or id
    #[arg(long, value_name = "TOKEN", add = ArgValueCandidates::new(completion::tokens))]
    token: Option<String>,
    /// Where the hosted pages send the browser back to after `cogtok login`; repeat it for others to try
    #[arg(long, value_name = "URI")]
    redirect_uri: Vec<String>,
    /// The machine-to-machine app client
    #[arg(long, value_name = "ID")]
    m2m_client_id: Option<String>,
    /// A scope that `token m2m` asks for; repeat it or separate them by spaces
    #[arg(long, value_name = "SCOPE", add = ArgValueCandidates::new(completion::scopes))]
    scope: Vec<String>,
    /// The token endpoint; else the domain's
    #[arg(long, value_name = "URL")]
    token_url: Option<String>,
    /// The identity pool that gives AWS credentials for an ID token
    #[arg(long, value_name = "ID")]
    identity_pool_id: Option<String>,
    /// The Secrets Manager secret that holds the machine-to-machine client's secret
    #[arg(long, value_name = "ARN")]
    secret_arn: Option<String>,
    /// How that client authenticates: client_secret_basic or client_secret_post
    #[arg(long, value_name = "METHOD", add = ArgValueCandidates::new(completion::auth_methods))]
    auth_method: Option<String>,
    /// Where machine-to-machine tokens are asked for: auto, endpoint or api
    #[arg(long, value_name = "TRANSPORT", add = ArgValueCandidates::new(completion::transports))]
    transport: Option<String>,
    /// How long a cached token must still be valid
    #[arg(long, value_name = "DURATION")]
    min_validity: Option<String>,
}

impl Create {
    fn settings(&self, app: &App) -> Vec<(Key, Vec<String>)> {
        let own = [
            (Key::Description, &self.description),
            (Key::UserPoolId, &self.user_pool_id),
            (Key::Domain, &self.domain),
            (Key::MinValidity, &self.min_validity),
            (Key::UserClientId, &self.client_id),
            (Key::Username, &self.username),
            (Key::AuthFlow, &self.auth_flow),
            (Key::Token, &self.token),
            (Key::M2mClientId, &self.m2m_client_id),
            (Key::TokenUrl, &self.token_url),
            (Key::SecretArn, &self.secret_arn),
            (Key::IdentityPoolId, &self.identity_pool_id),
            (Key::AuthMethod, &self.auth_method),
            (Key::Transport, &self.transport),
        ];
        let own = own.into_iter().map(|(key, value)| (key, value.clone()));
        let single = own.chain(app.global_options()).filter_map(|(key, value)| Some((key, vec![value?])));
        let lists = [(Key::Scopes, &self.scope), (Key::RedirectUris, &self.redirect_uri)];
        let lists =
            lists.into_iter().filter(|(_, values)| !values.is_empty()).map(|(key, values)| (key, values.clone()));
        let mut settings: Vec<_> = single.chain(lists).collect();
        settings.sort_by_key(|(key, _)| *key);
        settings
    }
}

pub fn run(app: &App, args: &Create) -> Result<()> {
    let name: ProfileName = args.name.parse()?;
    let settings = args.settings(app);
    for (key, value) in settings.iter().flat_map(|(key, values)| values.iter().map(move |value| (key, value))) {
        refuse_secret(key.dotted(), is_misplaced(*key, value))?;
        key.check(value).map_err(|error| error.context(key.dotted()))?;
    }
    let first = |key: Key| settings.iter().find(|(own, _)| *own == key).and_then(|(_, values)| values.first().cloned());
    let region = match (first(Key::Region), first(Key::UserPoolId)) {
        (Some(region), _) => Some(region.parse()?),
        (None, Some(pool)) => Some(pool.parse::<PoolId>()?.region()),
        (None, None) => aws_environment().region.and_then(|(_, region)| region.parse().ok()),
    };
    let settings = settings
        .iter()
        .map(|(key, values)| Ok((*key, settled(*key, values, region.as_ref())?)))
        .collect::<Result<Vec<_>>>()?;
    let of_use = [Key::UserClientId, Key::UserPoolId, Key::M2mClientId, Key::SecretArn, Key::Domain];
    // A profile of that name is the first error to report.
    let is_new = !app.config()?.names().contains(&name);
    if is_new && !settings.iter().any(|(key, _)| of_use.contains(key)) {
        return Err(Error::usage("the profile needs a pool or a client")
            .hint("add `--user-pool-id ID --client-id ID` for users, `--m2m-client-id ID --token-url URL` for machines, or `--secret-arn ARN`"));
    }
    let path = app.config_path()?;
    let is_default = edit(&path, app.deadline(), |draft| {
        draft.add(&name)?;
        for (key, values) in &settings {
            draft.set(&name, *key, values)?;
        }
        let is_first = draft.default_profile().is_none() && draft.names().len() == 1;
        if is_first {
            draft.set_default(Some(&name));
        }
        Ok(is_first)
    })?;
    let role = if is_default { " (now the default)" } else { "" };
    terminal::note(&format!("created profile `{name}`{role} in {}", path.display()));
    for named in settings.iter().filter(|(key, _)| *key == Key::AwsProfile).flat_map(|(_, values)| values) {
        check_aws_profile("`aws_profile`", named);
    }
    if settings.iter().any(|(key, _)| *key == Key::M2mClientId) && args.secret_arn.is_none() {
        terminal::hint(
            Advice::new("store the client secret: cogtok secret set m2m-client -p {name}").word("name", name),
        );
    }
    Ok(())
}
