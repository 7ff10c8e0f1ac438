//! `--seats` and `--run`: for each user of a class a sealed file with the profile, the user's name and password.

use std::path::{Path, PathBuf};

use clap::Args;
use cogtok::error::{Advice, Error, Kind, Result, printable};
use cogtok::secret::Secret;
use cogtok::secrets::age_file::{self, Recipient, Sealing};
use cogtok::settings::keys::{Key, ValueOrigin};
use cogtok::settings::profile::Profile;
use cogtok::settings::types::SecretKind;
use zeroize::Zeroizing;

use super::{Export, absolute, export, secrets, unwritable};
use crate::app::{App, as_written};
use crate::commands::user::card_file::CardPage;
use crate::commands::user::find_run;
use crate::commands::user::user_file::{self, Row};
use crate::io::progress::Progress;
use crate::io::terminal;
use crate::services::cards::Seat;
use crate::services::export::Exported;
use crate::services::journal::State;
use crate::services::password_generator;
use crate::services::seat_folder::{self, NewFile};

/// The file with what opens the others.
const PASSPHRASES: &str = "passphrases.csv";

/// The most users of one export.
const MOST: usize = 10_000;

/// Options for a class.
#[derive(Debug, Args)]
pub struct Class {
    /// Seal a file for each user of a CSV or JSON Lines file, or of standard input (-): username, password, recipient
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, requires = "output_dir", conflicts_with_all = ["all", "output_file", "recipient", "recipients_file", "passphrase_stdin", "armor"])]
    seats: Option<PathBuf>,
    /// As `--seats`, for the users of a run of `user create`
    #[arg(long, value_name = "RUN", requires = "output_dir", conflicts_with_all = ["seats", "all", "output_file", "recipient", "recipients_file", "passphrase_stdin", "armor"])]
    run: Option<String>,
    /// With `--seats` or `--run`: where the files go, with passphrases.csv
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath, conflicts_with = "output_file")]
    pub output_dir: Option<PathBuf>,
    /// With `--seats` or `--run`: write a card for each user to a private HTML file, eight to an A4 page
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, requires = "output_dir")]
    cards: Option<PathBuf>,
    /// With `--cards`: the name of the workshop [default: the profile's name]
    #[arg(long, value_name = "TEXT", requires = "cards")]
    title: Option<String>,
}

impl Class {
    /// What the file of `--seats` is called in messages.
    fn file_name(&self) -> String {
        match &self.seats {
            Some(file) if file.as_os_str() == "-" => "standard input".to_owned(),
            Some(file) => printable(&file.display().to_string(), 200),
            None => String::new(),
        }
    }
}

/// What is handed to one user.
struct Handout {
    row: Row,
    file: String,
    sealing: Sealing,
}

impl Handout {
    fn passphrase(&self) -> Option<&Secret> {
        match &self.sealing {
            Sealing::Passphrase(passphrase) | Sealing::RandomPassphrase(passphrase) => Some(passphrase),
            Sealing::Recipients(_) => None,
        }
    }
}

/// Writes the files; says whether they were asked for.
pub fn run(app: &App, args: &Export) -> Result<bool> {
    let Some(dir) = &args.class.output_dir else { return Ok(false) };
    if args.class.seats.is_none() && args.class.run.is_none() {
        return Err(Error::usage("`--output-dir` is for the users of a class")
            .hint("name them with `--seats FILE` or `--run RUN`; `--output-file FILE` is for one export"));
    }
    seat_folder::check(&absolute(dir)).map_err(|why| unwritable(dir, &why))?;
    let page = args.class.cards.as_deref().map(|path| CardPage {
        path,
        title: args.class.title.as_deref(),
        replaces: args.force,
    });
    page.as_ref().map_or(Ok(()), CardPage::check)?;
    let kinds = match args.with_secrets.as_deref() {
        // Whoever signs in at a client that has a secret needs it.
        None => vec![SecretKind::UserClient],
        Some(kinds) => secrets::kinds(kinds)?,
    };
    if kinds.iter().any(|kind| kind.is_of_a_user()) {
        return Err(Error::usage("the files of a class have the password of the user whom each is for, and no other")
            .hint("choose one of m2m-client, user-client for `--with-secrets`"));
    }
    let left_out = export::left_out(&args.keep)?;
    let mut profiles = super::profiles(app, args, &left_out)?;
    let (Some(mut profile), true) = (profiles.pop(), profiles.is_empty()) else {
        return Err(Error::usage("the files of a class are for one profile"));
    };
    // Each file has that of its own user.
    profile.left_out.retain(|key| *key != Key::Username);
    let written = as_written(app.config()?, &profile.name)?;
    let about = format!("profile `{}`", profile.name);
    written.user_client_id().map_err(|error| error.context(&about))?;
    for kind in kinds {
        let found = secrets::find(app, &profile, kind).map_err(|error| error.context(&about))?;
        profile.secrets.extend(found.map(|secret| (kind, secret)));
    }
    let handouts = handouts(rows(app, args, &written)?, &args.class.file_name())?;
    let names = handouts.iter().map(|handout| handout.file.as_str()).chain([PASSPHRASES]);
    if !args.force
        && let Some(there) = seat_folder::first_there(&absolute(dir), names)
    {
        return Err(there_already(&dir.join(there)));
    }
    let mut files = seal_all(&profile, &handouts)?;
    files.push(NewFile { name: PASSPHRASES.to_owned(), bytes: list(&handouts)? });
    let begun = page.as_ref().map(|page| {
        let option = format!(" -p {}", profile.name);
        let seats = handouts.iter().map(|one| Seat::with_file(&one.row.username, &one.file, one.passphrase(), &option));
        page.begin(page.title.unwrap_or(profile.name.as_str()), seats)
    });
    let begun = begun.transpose()?;
    let placed = seat_folder::put_all(&absolute(dir), &files, args.force).map_err(|why| match why.kind() {
        std::io::ErrorKind::AlreadyExists => there_already(dir),
        _ => unwritable(dir, &why),
    })?;
    if let (Some(page), Some(begun)) = (&page, begun)
        && let Err(error) = page.finish(begun, "with the passphrases")
    {
        placed.take_back();
        return Err(error);
    }
    super::tell_of(std::slice::from_ref(&profile));
    tell(dir, &handouts);
    Ok(true)
}

/// The users of the file or the run, with their passwords.
fn rows(app: &App, args: &Export, profile: &Profile) -> Result<Vec<Row>> {
    let rows = match (&args.class.seats, &args.class.run) {
        (Some(file), _) => {
            let rows: Vec<Row> = user_file::read(file, app.deadline())?.iter()?.collect::<Result<_>>()?;
            if rows.iter().all(|row| row.password.is_none()) {
                return Err(Error::usage(format!("{} has no passwords", args.class.file_name()))
                    .hint("add a column `password`, which `cogtok user create --count 40{p} -o csv` writes"));
            }
            rows
        }
        (None, Some(run)) => rows_of_run(app, run, profile)?,
        (None, None) => Vec::new(),
    };
    if rows.len() > MOST {
        return Err(Error::usage(format!("an export is for {MOST} users at the most")));
    }
    for row in rows.iter().filter(|row| row.password.is_none()) {
        let name = printable(&row.username, 128);
        log::warn!(target: "cogtok", "the file of {name} has no password: cogtok does not know it");
    }
    Ok(rows)
}

fn rows_of_run(app: &App, wanted: &str, profile: &Profile) -> Result<Vec<Row>> {
    let mut run = find_run::find(app, wanted)?;
    if profile.user_pool_id()?.as_str() != run.head.user_pool_id {
        let pool = printable(&run.head.user_pool_id, 60);
        let error = Error::new(Kind::Failure, format!("run {} is of pool {pool}", run.head.run));
        return Err(error.hint("see which profile has that pool: cogtok user runs{p}"));
    }
    app.unseal(&mut run)?;
    let mut rows = Vec::new();
    for seat in 0..run.len() {
        let state = run.state(seat);
        if matches!(state, State::Done | State::Skipped) {
            let record = run.record(seat)?;
            let password = (state == State::Done).then(|| Secret::new(record.password.clone()));
            rows.push(Row { password, ..Row::named(record.username.clone()) });
        }
    }
    let again = || Advice::new("finish it: cogtok user create {run}{p} --resume").word("run", &run.head.run);
    if rows.is_empty() {
        return Err(Error::new(Kind::Failure, format!("run {} has made no user yet", run.head.run)).hint(again()));
    }
    let missing = run.len() - rows.len();
    if missing > 0 {
        let users = if missing == 1 { "one user".to_owned() } else { format!("{missing} users") };
        log::warn!(target: "cogtok", "run {} is not finished: there is no file for {users}", run.head.run);
        terminal::hint(again());
    }
    Ok(rows)
}

/// Each user with the name of the file, and with a passphrase where the row, which is from the file of the name `source`, names no
/// recipient.
fn handouts(rows: Vec<Row>, source: &str) -> Result<Vec<Handout>> {
    let files = seat_folder::file_names(rows.iter().map(|row| row.username.as_str()));
    let handout = |(row, file): (Row, String)| {
        let sealing = match &row.recipient {
            Some(recipient) => {
                let told = |error: Error| error.context(&format!("{source}: line {}", row.line));
                let recipient: Recipient = recipient.parse().map_err(told)?;
                Sealing::Recipients(vec![recipient])
            }
            None => Sealing::RandomPassphrase(password_generator::passphrase()?),
        };
        Ok(Handout { row, file, sealing })
    };
    rows.into_iter().zip(files).map(handout).collect()
}

fn seal_all(profile: &Exported, handouts: &[Handout]) -> Result<Vec<NewFile>> {
    let progress = Progress::new("sealing files", "sealed the files of", handouts.len());
    let file = |(at, one): (usize, &Handout)| {
        progress.at(at, 0, &one.file);
        Ok(NewFile { name: one.file.clone(), bytes: seal(profile, one)?.into() })
    };
    handouts.iter().enumerate().map(file).collect()
}

fn seal(profile: &Exported, handout: &Handout) -> Result<Vec<u8>> {
    let mut settings = profile.settings.clone();
    settings.forget(Key::Username);
    settings.offer(Key::Username, vec![handout.row.username.clone()], ValueOrigin::Profile);
    let password = handout.row.password.iter().map(|password| (SecretKind::Password, password.clone()));
    let own = Exported {
        name: profile.name.clone(),
        settings,
        targets: profile.targets.clone(),
        left_out: profile.left_out.clone(),
        secrets: profile.secrets.iter().cloned().chain(password).collect(),
    };
    age_file::seal(&handout.sealing, export::text(&[own])?.as_bytes(), false)
}

/// `passphrases.csv`: each user with the file and what opens it; nothing where that is the user's own identity.
fn list(handouts: &[Handout]) -> Result<Zeroizing<Vec<u8>>> {
    let failed = |why: String| Error::new(Kind::Failure, format!("the list can't be written as CSV: {why}"));
    // As large as it can become, so that no copy of a passphrase is left behind.
    let room: usize = handouts.iter().map(|one| one.row.username.len() * 2 + one.file.len() + 64).sum();
    let mut text = Zeroizing::new(Vec::with_capacity(room + 64));
    text.extend_from_slice(b"username,file,passphrase\n");
    for one in handouts {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::Any(b',')).from_writer(Vec::new());
        let name = user_file::harmless(&one.row.username);
        writer.write_record([&name, &one.file]).map_err(|why| failed(why.to_string()))?;
        text.extend(writer.into_inner().map_err(|why| failed(why.to_string()))?);
        text.extend_from_slice(one.passphrase().map_or(b"", |passphrase| passphrase.expose().as_bytes()));
        text.push(b'\n');
    }
    Ok(text)
}

fn tell(dir: &Path, handouts: &[Handout]) {
    let files = if handouts.len() == 1 { "1 file is".to_owned() } else { format!("{} files are", handouts.len()) };
    let passphrases = match handouts.iter().filter(|one| one.passphrase().is_some()).count() {
        0 => None,
        1 if handouts.len() == 1 => Some("its passphrase is"),
        1 => Some("the passphrase of one is"),
        all if all == handouts.len() => Some("their passphrases are"),
        _ => Some("the passphrases of some are"),
    };
    let list = passphrases.map(|they| format!("; {they} in {}", dir.join(PASSPHRASES).display()));
    terminal::note(&format!("{files} in {}{}", dir.display(), list.unwrap_or_default()));
    if let Some(first) = handouts.first() {
        let file = dir.join(&first.file);
        terminal::hint(super::for_others("to import one: {import} {file}", &file));
    }
}

/// What is there may be handed out already, with passphrases that are nowhere else.
fn there_already(path: &Path) -> Error {
    Error::store(format!("{} already exists: nothing was exported", path.display()))
        .hint("choose another folder, or add `--force` to replace the files in it")
}
