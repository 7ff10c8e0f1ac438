//! `cogtok token user`: a user's access or ID token.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Error, Kind, Result};
use cogtok::flows::challenge::{Answer, Question};
use cogtok::flows::user::{SignIn, Step};
use cogtok::flows::{self, Policy, user};
use cogtok::profile::Profile;
use cogtok::profile::keys::Key;
use cogtok::profile::words::{SecretKind, TokenUse};
use cogtok::secret::Secret;
use cogtok::token::TokenSet;

use super::{Shared, secret_from_stdin};
use crate::app::App;
use crate::{complete, env, interrupt, terminal};

/// Print a user's access token, or the ID token
///
/// The user signs in with SRP, so that the password never leaves this machine, or with the flow the profile names. The
/// token comes from the cache while it is valid; a cached token does not check the password.
#[derive(Debug, Default, Args)]
#[command(after_help = "Examples:\n  \
    cogtok token user -p ws --username alice@example.com\n  \
    printf %s \"$PASSWORD\" | cogtok token user -p ws --username alice@example.com --password-stdin\n  \
    eval $(cogtok token user -p ws --token id --export)")]
pub struct User {
    #[command(flatten)]
    pub shared: Shared,
    /// The user who signs in: name, e-mail address or other alias
    #[arg(long, value_name = "NAME")]
    pub username: Option<String>,
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
    /// Read the new password from standard input, where Cognito asks for one; with --password-stdin its second line
    #[arg(long)]
    new_password_stdin: bool,
    /// How to sign in: srp or password
    #[arg(long, value_name = "FLOW", add = ArgValueCandidates::new(complete::auth_flows))]
    auth_flow: Option<String>,
    /// Which token to print: access or id
    #[arg(long, value_name = "TOKEN", add = ArgValueCandidates::new(complete::tokens))]
    token: Option<String>,
    /// The app client
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The user pool
    #[arg(long, value_name = "ID")]
    user_pool_id: Option<String>,
}

/// What was supplied before anything was asked.
#[derive(Default)]
struct Given {
    password: Option<Secret>,
    new_password: Option<Secret>,
}

pub fn run(app: &App, args: &User) -> Result<()> {
    let mut profile = app.profile(&[
        (Key::Username, args.username.clone()),
        (Key::AuthFlow, args.auth_flow.clone()),
        (Key::Token, args.token.clone()),
        (Key::UserClientId, args.client_id.clone()),
        (Key::UserPoolId, args.user_pool_id.clone()),
    ])?;
    let token = profile.user.token;
    args.shared.begin(token)?;
    let mut given = read_stdin(args)?;
    app.settle_region(&mut profile);
    let key = user::cache_key(&profile).map_err(|error| app.without_profile(&profile, error))?;
    let has_own_secret = args.password_stdin || terminal::can_ask();
    let policy = args.shared.policy(app, &profile, token, has_own_secret);
    let cache = app.cache();
    let served = match flows::cached(&cache, &key, &policy, env::now()) {
        Some(served) => served,
        None => {
            interrupt::watch();
            // Nobody should wait for a lock behind a question.
            if given.password.is_none() && terminal::can_ask() {
                given.password = Some(password(app, &profile)?);
            }
            // The time that a person took to answer does not count.
            let policy = Policy { deadline: app.deadline(), ..policy };
            flows::serve(&cache, &key, &policy, env::now, || obtain(app, &profile, given))?
        }
    };
    let again = match token {
        TokenUse::Access => "user",
        TokenUse::Id => "user --token id",
    };
    args.shared.deliver(app, &profile, &policy, &served, again)
}

fn read_stdin(args: &User) -> Result<Given> {
    Ok(match (args.password_stdin, args.new_password_stdin) {
        (false, false) => Given::default(),
        (true, false) => Given { password: Some(secret_from_stdin()?), ..Given::default() },
        (false, true) => Given { new_password: Some(secret_from_stdin()?), ..Given::default() },
        (true, true) => {
            let both = secret_from_stdin()?;
            let (password, new) = both.expose().split_once('\n').ok_or_else(|| {
                Error::usage("standard input has one line; `--password-stdin --new-password-stdin` takes the password and, in the next line, the new one")
            })?;
            let line = |text: &str| Secret::from_bytes(text.as_bytes().to_vec());
            let password = password.strip_suffix('\r').unwrap_or(password);
            Given { password: Some(line(password)?), new_password: Some(line(new)?) }
        }
    })
}

fn obtain(app: &App, profile: &Profile, given: Given) -> Result<TokenSet> {
    let password = match given.password {
        Some(password) => password,
        None => password(app, profile)?,
    };
    let client_secret = app.stored_secret(profile, &user::secret_binding(profile, SecretKind::UserClient, None)?)?;
    let wire = app.wire()?;
    let mut new_password = given.new_password;
    let (mut sign_in, mut step) = app.block_on(SignIn::start(&wire, profile, client_secret, &password))?;
    loop {
        let question = match step {
            Step::Done(tokens) => return Ok(*tokens),
            Step::Ask(question) => question,
        };
        let answer = answer(&question, new_password.take())?;
        step = app.block_on(sign_in.answer(answer))?;
    }
}

fn password(app: &App, profile: &Profile) -> Result<Secret> {
    let username = profile.username()?;
    let binding = user::secret_binding(profile, SecretKind::Password, Some(username))?;
    match app.stored_secret(profile, &binding)? {
        Some(password) => Ok(password),
        None => terminal::ask_secret(
            &format!("the password of {username}"),
            "add `--password-stdin`, set COGTOK_PASSWORD, or store it once: cogtok secret set password{p}",
        ),
    }
}

fn answer(question: &Question, new_password: Option<Secret>) -> Result<Answer> {
    match question {
        Question::NewPassword { missing_attributes } if !missing_attributes.is_empty() => Err(Error::new(
            Kind::NeedsHuman,
            format!("Cognito wants these attributes with the new password: {}", missing_attributes.join(", ")),
        )
        .hint("an administrator can set them: aws cognito-idp admin-update-user-attributes")),
        Question::NewPassword { .. } => match new_password {
            Some(password) => Ok(Answer::NewPassword(password)),
            None => ask_new_password().map(Answer::NewPassword),
        },
    }
}

fn ask_new_password() -> Result<Secret> {
    let instead = "Cognito answers NEW_PASSWORD_REQUIRED: the password was a temporary one; `--new-password-stdin` takes the new one";
    terminal::ask_new_secret("a new password", instead)
}
