//! `cogtok sign-up`: a user who signs up, where the pool allows it.

use std::collections::BTreeMap;

use clap::Args;
use cogtok::error::{Advice, Error, Result, printable};
use cogtok::secret::{Secret, shape};
use cogtok::settings::profile::Profile;
use cogtok::settings::types::Username;
use cogtok::user_pool::cognito_idp::Idp;

use crate::app::App;
use crate::args::token_options::secret_from_stdin;
use crate::commands::mistyped::{Mistyped, Tries};
use crate::commands::password::code::{ask_code, ask_new_password, client, code, sent_to};
use crate::commands::{mistyped, password_policy};
use crate::io::terminal;

/// Sign up at a pool that allows it, without an AWS account
///
/// Cognito sends a code to the address. At a terminal cogtok asks for the code; `--code` confirms it later. `cogtok login
/// --sign-up` signs in afterwards. The hosted pages have a form for this too: `cogtok login` opens them.
#[derive(Debug, Default, Args)]
#[command(after_help = "Examples:\n  \
    cogtok sign-up alice@example.com -p ws\n  \
    printf %s \"$PASSWORD\" | cogtok sign-up alice@example.com --password-stdin\n  \
    cogtok sign-up alice@example.com -p ws --code 123456")]
pub struct SignUp {
    /// The e-mail address; in most pools it is the user name as well
    email: String,
    /// The user name, for pools whose user names are not e-mail addresses
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// An attribute of the user; repeat it for more
    #[arg(long, value_name = "NAME=VALUE")]
    attribute: Vec<String>,
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
    /// Confirm a user who signed up before, with the code from the message
    #[arg(long, value_name = "CODE", conflicts_with_all = ["attribute", "password_stdin", "resend"])]
    code: Option<String>,
    /// Have Cognito send another code to a user who signed up before
    #[arg(long, conflicts_with_all = ["attribute", "password_stdin"])]
    resend: bool,
}

impl SignUp {
    /// That of this address, at a terminal.
    pub fn of(email: String) -> Self {
        SignUp { email, ..SignUp::default() }
    }
}

pub fn run(app: &App, args: &SignUp) -> Result<()> {
    at(app, &app.resolve_region(app.profile(&[])?), args)
}

/// Signs up at the pool of this profile.
pub fn at(app: &App, profile: &Profile, args: &SignUp) -> Result<()> {
    let username: Username = args.username.as_deref().unwrap_or(&args.email).parse()?;
    let attributes = attributes(args)?;
    profile.user_client_id().map_err(|error| app.without_profile(profile, error))?;
    if args.code.is_some() {
        return confirm(app, &client(app, profile)?, &username, args.code.as_deref());
    }
    if args.resend {
        let idp = client(app, profile)?;
        let delivery = app.block_on(idp.resend_code(&username)).map_err(|error| about(error, &username))?;
        terminal::note(&sent_to(delivery.as_ref()));
        terminal::hint(with_code(args));
        return Ok(());
    }
    let mut tries = Tries::all();
    let (mut password, typed): (_, &[Mistyped]) = if args.password_stdin {
        (secret_from_stdin(shape::password)?, &[])
    } else {
        password_policy::show(app, profile, false);
        (tries.first(ask_new_password)?, &[Mistyped::NewPassword])
    };
    let idp = client(app, profile)?;
    let sign_up = |password: &Secret| app.block_on(idp.sign_up(&username, password, &attributes));
    let signed_up = mistyped::until_accepted(&mut password, (typed, tries), sign_up, |password, _| {
        *password = ask_new_password()?;
        Ok(())
    });
    let signed_up = signed_up.map_err(|error| about(error, &username))?;
    if signed_up.is_confirmed {
        terminal::note(&format!("signed up user {username}, who can sign in now"));
        return Ok(());
    }
    let Some(delivery) = &signed_up.delivery else {
        // The pool verifies no address.
        terminal::note(&format!("signed up user {username}; Cognito sent no code"));
        let confirm = Advice::new("an administrator confirms the user: cogtok user confirm {user}{p}");
        terminal::hint(confirm.word("user", username.as_str()));
        return Ok(());
    };
    terminal::note(&format!("signed up user {username}; {}", sent_to(Some(delivery))));
    if terminal::can_ask() && !args.password_stdin {
        return confirm(app, &idp, &username, None).map_err(|error| error.hint(with_code(args)));
    }
    terminal::hint(with_code(args));
    Ok(())
}

fn confirm(app: &App, idp: &Idp, username: &Username, given: Option<&str>) -> Result<()> {
    let typed: &[Mistyped] = if given.is_some() { &[] } else { &[Mistyped::Code] };
    let confirm = |code: &Secret| app.block_on(idp.confirm_sign_up(username, code));
    let mut tries = Tries::all();
    let mut code = tries.first(|| code(given))?;
    let confirmed = mistyped::until_accepted(&mut code, (typed, tries), confirm, |code, _| {
        *code = ask_code()?;
        Ok(())
    });
    confirmed.map_err(|error| about(error, username))?;
    terminal::note(&format!("confirmed user {username}, who can sign in now"));
    Ok(())
}

fn about(error: Error, username: &Username) -> Error {
    error.fill_word("user", username.as_str())
}

/// How to continue the sign-up with the code.
fn with_code(args: &SignUp) -> Advice {
    let email = Advice::new("confirm it with the code: cogtok sign-up {email}{p}{name-option} --code CODE");
    let option = match &args.username {
        Some(name) => Advice::new(" --username {user}").word("user", name),
        None => Advice::new(""),
    };
    email.word("email", &args.email).fill("name-option", option)
}

fn attributes(args: &SignUp) -> Result<BTreeMap<String, String>> {
    let mut attributes = BTreeMap::new();
    if args.email.contains('@') {
        attributes.insert("email".to_owned(), args.email.clone());
    }
    for pair in &args.attribute {
        let (name, value) = pair.split_once('=').ok_or_else(|| {
            Error::usage(format!("`{}` is not NAME=VALUE", printable(pair, 80)))
                .hint("for example --attribute given_name=Alice")
        })?;
        attributes.insert(name.to_owned(), value.to_owned());
    }
    Ok(attributes)
}
