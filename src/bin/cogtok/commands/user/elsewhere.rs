//! What is to be finished in other pools, where there is nothing to finish in this one.

use cogtok::error::{Advice, Error, Kind, Result, printable};
use cogtok::settings::profile::Profile;

use super::{find_run, runs};
use crate::app::App;
use crate::io::terminal;
use crate::services::journal::Record;

/// The most users and runs that are named one by one.
const NAMED: usize = 5;

/// Names the profiles with records and unfinished runs, if the profile in use has none of the wanted ones.
///
/// # Errors
/// [`Kind::Failure`] where the user who is named has a record, and it is of another pool.
pub fn report(app: &App, profile: &Profile, wanted: Option<&str>, others: &[Record]) -> Result<()> {
    let pool = profile.user_pool_id()?.as_str();
    let is_wanted = |record: &&Record| wanted.is_none_or(|wanted| *wanted == record.username);
    let users = others.iter().filter(is_wanted).map(|record| Elsewhere {
        who: printable(&record.username, 128),
        run: None,
        origin: record.origin.clone(),
        pool: record.user_pool_id.clone(),
    });
    let unfinished = if wanted.is_some() { Vec::new() } else { find_run::all_unfinished(app, profile)?.1 };
    let runs_elsewhere = unfinished.iter().map(|run| Elsewhere {
        who: format!("run {}", run.head.run),
        run: Some(run.head.run.clone()),
        origin: run.head.origin.clone(),
        pool: run.head.user_pool_id.clone(),
    });
    let found: Vec<Elsewhere> = users.chain(runs_elsewhere).collect();
    if found.is_empty() {
        terminal::note("there is nothing to finish");
        return Ok(());
    }
    let places = found.iter().take(NAMED).map(|one| one.way(app));
    let all = (found.len() > NAMED).then(|| Advice::new("all of them: cogtok user runs{p}"));
    let here = if found.iter().all(|one| one.pool == pool) {
        "there is nothing to finish at this endpoint, but there is at another"
    } else {
        "there is nothing to finish in this pool, but there is in another"
    };
    if wanted.is_some() {
        return Err(places.chain(all).fold(Error::new(Kind::Failure, here), Error::hint));
    }
    log::warn!(target: "cogtok", "{here}");
    places.chain(all).for_each(terminal::hint);
    Ok(())
}

/// A user or a run to finish with another profile.
struct Elsewhere {
    who: String,
    run: Option<String>,
    origin: String,
    pool: String,
}

impl Elsewhere {
    /// How to finish it.
    fn way(&self, app: &App) -> Advice {
        match (runs::profile_of(app, &self.origin, &self.pool), &self.run) {
            (Some(profile), None) => {
                let hint = Advice::new("`cogtok user create --resume -p {profile}` finishes {who}");
                hint.word("profile", &profile).text("who", &self.who)
            }
            (Some(profile), Some(run)) => {
                let hint = Advice::new("`cogtok user create {run} --resume -p {profile}` finishes {who}");
                hint.word("run", run).word("profile", &profile).text("who", &self.who)
            }
            (None, _) => {
                let (pool, origin) = (printable(&self.pool, 60), printable(&self.origin, 120));
                Advice::from(format!("{} is of pool {pool} at {origin}, which no profile has", self.who))
            }
        }
    }
}
