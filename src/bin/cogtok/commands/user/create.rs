//! `cogtok user create`: a user who can sign in at once.

mod delivery;
mod resume;

use std::collections::BTreeMap;

use crate::services::create_user;
use crate::services::create_users::seats::{CSV_TEMPLATE, JSONL_TEMPLATE};
use crate::services::journal::{self, Journal, Record};
use crate::services::password_generator;
use clap::{Args, ValueEnum};
use clap_complete::ArgValueCandidates;
use cogtok::aws::admin::Admin;
use cogtok::error::{Advice, Error, Result, printable};
use cogtok::secret::shape;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::Username;

use self::delivery::{FORMS, hand_over};
use self::resume::{is_run, no_run_to_decide_about, resume_all};
use super::card_file::CardFile;
use super::create_many::{self, Many};
use super::plan_run::Common;
use super::pool_user::note_seen;
use crate::app::App;
use crate::app::options::Output;
use crate::args::token_options::secret_from_stdin;
use crate::io::{signals, terminal};
use crate::{completion, env};

/// Create a user with a random password, verified and ready to sign in
///
/// Without an address, cogtok generates one at example.com. It sends no mail. It writes the password to a private
/// journal before it asks Cognito, so that no password is lost; `--resume` finishes what was interrupted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok user create -p ws\n  \
    cogtok user create alice@example.com -p ws --group admins --json\n  \
    printf %s \"$PW\" | cogtok user create alice@example.com -p ws --password-stdin\n  \
    cogtok user create --count 40 --group class --ttl 3d -p ws -o csv >seats.csv\n  \
    cogtok user create --template >class.csv\n  \
    cogtok user create --from class.csv -p ws --cards cards.html --title Agents\n  \
    cogtok user create -p ws --resume")]
pub struct Create {
    /// The e-mail address; in most pools it is the user name as well. With `--resume` a run, too
    email: Option<String>,
    /// The user name, for pools whose user names are not e-mail addresses
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Leave the password temporary: the user must change it at the first sign-in
    #[arg(long)]
    temporary: bool,
    /// Leave the e-mail address unverified
    #[arg(long)]
    unverified: bool,
    /// Let Cognito send its invitation by e-mail; the password is temporary then
    #[arg(long)]
    invite: bool,
    /// Read the password from standard input instead of generating one
    #[arg(long)]
    password_stdin: bool,
    /// An attribute of the user; repeat it for more
    #[arg(long, value_name = "NAME=VALUE")]
    attribute: Vec<String>,
    /// A group to add the user to
    #[arg(long, value_name = "GROUP", add = ArgValueCandidates::new(completion::groups))]
    group: Option<String>,
    /// What to do when there is such a user already [default: fail]; with `--resume` and a run,
    /// also when cogtok can't tell who created a user
    #[arg(long, value_enum, value_name = "WHAT")]
    if_exists: Option<IfExists>,
    /// Store the password as `secret set password` does, for `token user`
    #[arg(long)]
    save_password: bool,
    /// Finish the users that an earlier call did not finish; with `--group GROUP` one of them, into that group
    #[arg(long, conflicts_with_all = ["password_stdin", "username", "temporary", "unverified", "invite", "attribute"])]
    resume: bool,
    /// With `--resume`: add the user to no group
    #[arg(long, requires = "resume", conflicts_with = "group")]
    no_group: bool,
    /// Print a file for `--from` with its columns and one example line, as CSV or with `-o jsonl`
    #[arg(long, conflicts_with_all = ["email", "username", "temporary", "unverified", "invite", "password_stdin", "attribute", "group", "save_password", "resume", "count", "from", "ttl", "cards"])]
    template: bool,
    #[command(flatten)]
    many: Many,
    #[command(flatten)]
    cards: CardFile,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum IfExists {
    /// Fail
    Fail,
    /// Leave the user unchanged
    Skip,
    /// Give the user a new password
    Reset,
}

pub fn run(app: &App, args: &Create) -> Result<()> {
    if args.template {
        let form = app.output(&[Output::Csv, Output::Jsonl])?;
        let text = if form == Output::Csv { CSV_TEMPLATE } else { JSONL_TEMPLATE };
        return terminal::data(text).map(drop);
    }
    let wants_run = args.many.is_given() || args.resume;
    // An unsupported form must be refused before a user is created.
    app.output(if wants_run { &create_many::FORMS } else { &FORMS })?;
    if args.cards.is_given() && !wants_run {
        return Err(Error::usage("`--cards` is for the users of a run").hint("add `--count 1` for one user"));
    }
    if args.many.has_end() && !args.many.is_given() {
        return Err(Error::usage("`--ttl` is for the users of a run").hint("add `--count 1` for one user"));
    }
    if args.resume && args.if_exists.is_some() && !args.email.as_deref().is_some_and(is_run) {
        return Err(no_run_to_decide_about());
    }
    args.cards.check()?;
    let profile = app.profile(&[])?;
    profile.user_pool_id().map_err(|error| app.without_profile(&profile, error))?;
    signals::watch();
    let state = app.dirs().state.as_deref();
    if args.many.is_given() {
        return create_many::run(app, &args.many, &args.cards, &common(args)?, &profile);
    }
    if args.resume {
        return resume_all(app, args, &profile);
    }
    let mut record = intent(args, &profile)?;
    let journal = Journal::to_add(state, app.deadline())?;
    let if_exists = if_exists(args);
    let interrupted = "interrupted; if the user was created, `cogtok user create{p} --resume` finishes it";
    signals::set_last_words(terminal::shown(&Advice::new(interrupted)));
    let made = app.block_on(async {
        let admin = Admin::new(&app.wire()?, &profile).await?;
        create_user::create(&admin, &journal, &mut record, if_exists).await
    })?;
    note_seen(app, &profile, [record.username.as_str()], record.group.as_deref());
    hand_over(app, args.save_password, &profile, &journal, &record, &made)
}

fn if_exists(args: &Create) -> journal::IfExists {
    match args.if_exists {
        Some(IfExists::Fail) | None => journal::IfExists::Fail,
        Some(IfExists::Skip) => journal::IfExists::Skip,
        Some(IfExists::Reset) => journal::IfExists::Reset,
    }
}

/// The options that apply to every user of a run.
fn common(args: &Create) -> Result<Common> {
    Ok(Common {
        attributes: attributes(args)?,
        group: args.group.clone(),
        is_verified: !args.unverified,
        is_permanent: !args.temporary && !args.invite,
        invite: args.invite,
        if_exists: if_exists(args),
    })
}

fn intent(args: &Create, profile: &Profile) -> Result<Record> {
    let email = match (&args.email, &args.username) {
        (Some(email), _) => Some(email.parse::<Username>()?.to_string()),
        (None, None) => Some(password_generator::example_email()?),
        (None, Some(_)) => None,
    };
    if let Some(email) = email.as_ref().filter(|email| !email.contains('@')) {
        return Err(Error::usage(format!("`{}` is not an e-mail address", printable(email, 80))).hint(
            Advice::new("for a user name that is not an e-mail address: cogtok user create{p} --username {user}")
                .word("user", email),
        ));
    }
    let username: Username = match (&args.username, &email) {
        (Some(username), _) => username.parse()?,
        (None, Some(email)) => email.parse()?,
        (None, None) => return Err(Error::usage("neither an e-mail address nor a user name is given")),
    };
    let more = attributes(args)?;
    let password = if args.password_stdin {
        secret_from_stdin(shape::password)?
    } else {
        password_generator::generate(password_generator::LENGTH)?
    };
    let pool = profile.user_pool_id()?.to_string();
    let begun_at = i64::try_from(env::now() / 1000).unwrap_or_default();
    let mut record = Record::intent(
        begun_at,
        profile.cognito_idp_origin()?,
        pool,
        username.to_string(),
        password.expose().to_owned(),
    )?;
    record.is_generated = !args.password_stdin;
    record.is_permanent = !args.temporary && !args.invite;
    record.invite = args.invite;
    record.attributes = create_user::attributes(email.as_deref(), !args.unverified, &more);
    record.group.clone_from(&args.group);
    record.check_size()?;
    Ok(record)
}

fn attributes(args: &Create) -> Result<BTreeMap<String, String>> {
    let mut more = BTreeMap::new();
    for pair in &args.attribute {
        let (key, value) = pair.split_once('=').ok_or_else(|| {
            Error::usage(format!("`{}` is not NAME=VALUE", printable(pair, 80)))
                .hint("for example --attribute given_name=Alice")
        })?;
        more.insert(key.to_owned(), value.to_owned());
    }
    Ok(more)
}
