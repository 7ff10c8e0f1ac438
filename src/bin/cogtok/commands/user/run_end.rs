//! What is said at the end of a run: who was left unchanged, who is missing and why, and how to go on.

use cogtok::error::{Advice, AdviceKind, Error, Kind, Result, printable};

use super::failures::count_others;
use crate::io::{signals, terminal};
use crate::services::create_user;
use crate::services::create_users::{NAMED, Outcome};
use crate::services::journal::State;
use crate::services::journal::run::Run;

/// The error of a run that is not done. A warning says why for each of the first users who failed.
pub fn unfinished(run: &mut Run, outcome: Outcome) -> Error {
    for (name, error) in &outcome.failures {
        let half = if error.kind() == Kind::Partial { "the user was created, but not finished: " } else { "" };
        log::warn!(target: "cogtok", "{}: {half}{error}", printable(name, 128));
    }
    count_others(outcome.failed.saturating_sub(NAMED));
    let (done, total) = (run.count(&[State::Done, State::Skipped]), run.len());
    let hint = Advice::new(way_on(run, &outcome)).word("run", &run.head.run);
    let half = run.count(&[State::Created]);
    let finished = if done == 0 { "none".to_owned() } else { done.to_string() };
    let users = match half {
        0 => terminal::counted_of(done, total, "user"),
        _ => format!("{}, finished {finished}", terminal::counted_of(done + half, total, "user")),
    };
    if signals::is_stopping() {
        return Error::new(Kind::Interrupted, format!("created {users} before you stopped the run")).hint(hint);
    }
    let Outcome { failures, ended_by, .. } = outcome;
    let Some(first) = ended_by.or_else(|| to_report(failures)) else {
        return Error::new(Kind::Partial, format!("created {users}")).hint(hint);
    };
    // A user whom Cognito has created, or may have, is a part of the run.
    let has_begun = run.count(&[State::Intent, State::Created, State::Done]) > 0;
    let kind = if has_begun { Kind::Partial } else { first.kind() };
    first.with_kind(kind).map_advice(of_run).context(&format!("created {users}")).hint(hint)
}

/// The advice as it helps for a run, which takes no `--username`.
fn of_run(advice: Advice) -> Option<Advice> {
    Some(match advice.kind() {
        Some(AdviceKind::NameUserByAddress) => Advice::new(NAME_BY_ADDRESS),
        Some(AdviceKind::NameUser) => Advice::new(NAME_WITHOUT_ADDRESS),
        _ => advice,
    })
}

const NAME_BY_ADDRESS: &str =
    "the pool's user names are e-mail addresses or phone numbers: leave `--named` out, or give addresses in the file";
const NAME_WITHOUT_ADDRESS: &str =
    "the pool's user names are not e-mail addresses: add `--named`, or give a column `username` in the file";

/// The failure whose hints are shown: the first one, but for one that a person has to decide about.
fn to_report(mut failures: Vec<(String, Error)>) -> Option<Error> {
    let at = failures.iter().position(|(_, error)| create_user::is_undecided(error)).unwrap_or_default();
    (at < failures.len()).then(|| failures.swap_remove(at).1)
}

fn way_on(run: &Run, outcome: &Outcome) -> &'static str {
    let done = run.count(&[State::Done, State::Skipped]);
    let refused = outcome.of_file + outcome.of_values;
    let is_hopeless = refused > 0 && done + refused == run.len();
    let is_about_others = outcome.failures.iter().any(|(_, error)| create_user::is_of_another(error));
    // Skipping would give up a user whom Cognito may have created for the run.
    let may_be_ours = run.count(&[State::Intent]) > 0;
    match (is_hopeless, is_about_others && !may_be_ours) {
        // Without its run nothing would delete a user again, and a second one would give other passwords.
        (true, _) if run.count(&[State::Created, State::Done]) > 0 => {
            "keep the run, which has passwords of users, and make another from a file with only the users who failed: cogtok user create --from FILE{p}"
        }
        (true, _) if outcome.of_values > 0 => {
            "the run created no user and has the values that were refused: forget it with `cogtok user runs forget {run}{p}`, then create the users with others"
        }
        (true, _) => {
            "the run created no user and has the password that was refused: forget it with `cogtok user runs forget {run}{p}`, then create the users again from the corrected file"
        }
        (_, true) => {
            "continue, and leave existing users unchanged: cogtok user create {run}{p} --resume --if-exists skip"
        }
        _ => "continue: cogtok user create {run}{p} --resume",
    }
}

/// Names the users who were left unchanged: those who certainly existed before, and those of whom that is not known.
///
/// # Errors
/// [`Kind::Store`] when the run can't be read.
pub fn name_skipped(run: &mut Run) -> Result<()> {
    let (mut before, mut unknown) = (Vec::new(), Vec::new());
    for seat in 0..run.len() {
        if run.state(seat) == State::Skipped {
            let record = run.outline(seat)?;
            let of = if record.is_of_another { &mut before } else { &mut unknown };
            of.push(seat);
        }
    }
    for (seats, one, several) in [
        (before, "left unchanged, since the user existed before", "left unchanged, since the users existed before"),
        (
            unknown,
            "left a user unchanged, and cogtok can't tell whether the run created it",
            "left users unchanged, and cogtok can't tell whether the run created them",
        ),
    ] {
        if seats.is_empty() {
            continue;
        }
        let names = seats.iter().take(NAMED).map(|seat| Ok(printable(&run.outline(*seat)?.username, 128)));
        let names = names.collect::<Result<Vec<_>>>()?.join(", ");
        let more = seats.len().saturating_sub(NAMED);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        terminal::note(&format!("{}: {names}{more}", if seats.len() == 1 { one } else { several }));
    }
    Ok(())
}
