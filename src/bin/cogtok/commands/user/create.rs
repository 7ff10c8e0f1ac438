//! `cogtok user create`: a user who can sign in at once.

use std::collections::BTreeMap;

use crate::services::create_user;
use crate::services::create_user::{Judge, Made, PasswordProof};
use crate::services::create_users::seats::{CSV_TEMPLATE, JSONL_TEMPLATE};
use crate::services::journal::{self, Journal, Record};
use crate::services::password_generator;
use clap::{Args, ValueEnum};
use clap_complete::ArgValueCandidates;
use cogtok::aws::admin::Admin;
use cogtok::error::{Advice, Error, Result, printable};
use cogtok::secret::{Secret, shape};
use cogtok::settings::keys::Key;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{SecretKind, Username};
use cogtok::user_pool::user_token;
use serde_json::json;

use super::card_file::CardFile;
use super::create_many::{self, Many};
use super::find_run;
use super::plan_run::Common;
use super::pool_user::note_seen;
use super::runs;
use crate::app::App;
use crate::app::options::Output;
use crate::args::token_options::secret_from_stdin;
use crate::io::terminal::WriteOutcome;
use crate::io::{signals, terminal};
use crate::{completion, env};

const FORMS: [Output; 3] = [Output::Text, Output::Json, Output::Jsonl];

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
    hand_over(app, args, &profile, &journal, &record, &made)
}

fn no_run_to_decide_about() -> Error {
    let error = Error::usage("`--resume` cannot be used with `--if-exists` where no run is named");
    error.hint("name the run before `--resume`; the runs: cogtok user runs{p}")
}

/// Whether this may be the id of a run, or how one begins: a user's name may look the same.
fn is_run(name: &str) -> bool {
    !name.contains('@') && name.bytes().all(|byte| byte.is_ascii_hexdigit())
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

/// The users who were begun one by one, or a run.
fn resume_all(app: &App, args: &Create, profile: &Profile) -> Result<()> {
    let state = app.dirs().state.as_deref();
    let journal = Journal::to_resume(state, app.deadline())?;
    let records = journal.records()?;
    let (origin, pool) = (profile.cognito_idp_origin()?, profile.user_pool_id()?.as_str());
    // Records of other pools are finished with other profiles.
    let here = || records.iter().filter(|record| record.origin == origin && record.user_pool_id == pool);
    let is_user = |name: &str| here().any(|record| record.username == name);
    let run = match &args.email {
        Some(name) if is_run(name) && !is_user(name) => Some(name.clone()),
        None if here().next().is_none() => find_run::unfinished(app, profile)?,
        _ => None,
    };
    let Some(run) = run else {
        if args.if_exists.is_some() {
            return Err(no_run_to_decide_about());
        }
        if args.cards.is_given() {
            let error = Error::usage("`--cards` is for the users of a run, and no run is to be finished");
            return Err(error.hint("name the run before `--resume`; the runs: cogtok user runs{p}"));
        }
        app.output(&FORMS)?;
        return resume(app, args, profile, &journal);
    };
    drop(journal);
    if args.group.is_some() || args.no_group {
        return Err(Error::usage("the groups of a run can't be changed").hint("create the group that is missing"));
    }
    let decided = args.if_exists.map(|_| if_exists(args));
    create_many::resume(app, &args.many, &args.cards, profile, &run, decided)
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

fn resume(app: &App, args: &Create, profile: &Profile, journal: &Journal) -> Result<()> {
    let (origin, pool) = (profile.cognito_idp_origin()?, profile.user_pool_id()?.as_str());
    let is_wanted = |record: &Record| {
        record.origin == origin
            && record.user_pool_id == pool
            && args.email.as_ref().is_none_or(|email| *email == record.username)
    };
    let (mut records, others): (Vec<Record>, Vec<Record>) = journal.records()?.into_iter().partition(is_wanted);
    if records.is_empty() {
        return runs::elsewhere(app, pool, args.email.as_deref(), &others);
    }
    if args.group.is_some() || args.no_group {
        let [record] = records.as_mut_slice() else {
            let names: Vec<&str> = records.iter().take(5).map(|record| record.username.as_str()).collect();
            let named = printable(&names.join(", "), 300);
            return Err(Error::usage(format!("{} users are to be finished: say whose group it is", records.len()))
                .hint(format!("name one of them before `--resume`: {named}")));
        };
        record.group.clone_from(&args.group);
        journal.write(record)?;
    }
    let admin = app.block_on(async { Admin::new(&app.wire()?, profile).await })?;
    let mut failed = None;
    let proof = PasswordProof::of(app, profile);
    for mut record in records {
        // A user that can't be finished must not block the others.
        let judge = Judge { proof: proof.as_ref(), ..Judge::default() };
        let made = app.block_on(create_user::resume(&admin, journal, &mut record, judge));
        if let Err(error) = made.and_then(|made| hand_over(app, args, profile, journal, &record, &made)) {
            let error = error.context(&record.username);
            if let Some(earlier) = failed.replace(error) {
                log::warn!(target: "cogtok", "{earlier}");
            }
        }
    }
    if args.email.is_none() {
        runs::name_unfinished(app, profile)?;
    }
    failed.map_or(Ok(()), Err)
}

/// Prints the user and, once that is out, forgets the journal's record.
fn hand_over(
    app: &App,
    args: &Create,
    profile: &Profile,
    journal: &Journal,
    record: &Record,
    made: &Made,
) -> Result<()> {
    let user = &made.user;
    let password = made.password.as_ref().map(Secret::expose);
    let email = user.email.as_deref().or(record.attributes.get("email").map(String::as_str));
    let text = match app.output(&FORMS)? {
        form @ (Output::Json | Output::Jsonl) => {
            let json = json!({
                "user_pool_id": record.user_pool_id,
                "username": user.username,
                "sub": user.sub,
                "email": email,
                "password": password,
                "password_is_permanent": made.is_permanent,
                "status": user.status,
            });
            if form == Output::Jsonl { terminal::json_line(&json) } else { terminal::json(&json) }
        }
        _ => {
            let lines = [
                ("user_pool_id", Some(record.user_pool_id.as_str())),
                ("username", Some(user.username.as_str())),
                ("sub", user.sub.as_deref()),
                ("email", email),
                // Whoever gave the password knows it, and this may be the log of a build.
                ("password", password.filter(|_| record.is_generated)),
                ("status", user.status.as_deref()),
            ];
            let shown =
                lines.iter().filter_map(|(name, value)| Some(format!("{name:<13} {}\n", printable((*value)?, 300))));
            shown.collect()
        }
    };
    if args.save_password
        && let Some(password) = &made.password
        && let Err(error) = save(app, profile, &record.username, password)
    {
        // Printing the password matters more than storing it.
        log::warn!(target: "cogtok", "the password is not saved: {error}");
    }
    // If printing failed, nobody has seen the password, so the record stays.
    match terminal::data(&text) {
        Ok(WriteOutcome::Yes) => {
            // The user exists and the password is printed, so a leftover record is not an error.
            if let Err(error) = journal.remove(record) {
                log::warn!(target: "cogtok", "{error}");
            }
            Ok(())
        }
        Ok(WriteOutcome::Nowhere | WriteOutcome::NobodyReads) => {
            log::warn!(target: "cogtok", "the password of {} could not be printed", record.username);
            terminal::hint("print it again: cogtok user create{p} --resume");
            Ok(())
        }
        Err(error) => Err(error
            .context(&format!("the user {} was created, and its password is in the journal", record.username))
            .hint("print it again: cogtok user create{p} --resume")),
    }
}

fn save(app: &App, profile: &Profile, username: &str, password: &Secret) -> Result<()> {
    let username: Username = username.parse()?;
    let binding = user_token::secret_binding(profile, SecretKind::Password, Some(&username)).map_err(|error| {
        error.hint(
            Advice::new("`--save-password` keeps it for the client of `{key}`").text("key", Key::UserClientId.dotted()),
        )
    })?;
    app.keep_secret(profile.name.as_ref(), &[binding], password)
}
