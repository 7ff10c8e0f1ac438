//! Rotates the secret of a machine's app client. A record of the next step is written before each step; the new secret is stored before
//! Cognito knows it; and the old one is deleted only after the new one has obtained a token. Whenever the program ends, one secret works,
//! and the next call continues.

mod place;
mod record;

use std::time::Duration;

use cogtok::aws::admin::Admin;
use cogtok::aws::client_secrets::{ClientSecret, MOST};
use cogtok::error::{Advice, Error, Kind, Result};
use cogtok::oauth::client_credentials::{self, Client};
use cogtok::settings::profile::Profile;
use cogtok::settings::types::ClientId;

use crate::app::App;
use crate::env;
use crate::io::moment::moment;
use crate::services::password_generator;
use place::Place;
use record::{Record, Records, State};

/// How often the new secret is tried before it counts as refused: Cognito may need a moment to distribute it.
const PROOFS: u32 = 4;

/// How far a rotation came.
#[derive(Debug)]
pub enum Outcome {
    /// The new secret is in use, and the old one works until the time, in seconds since the Unix epoch.
    Grace(i64),
    /// The new secret is in use, and the old one is deleted.
    Done,
}

/// The rotation of the secret of one app client.
pub struct Rotation<'a> {
    app: &'a App,
    profile: &'a Profile,
    client_id: ClientId,
    admin: Admin,
    place: Place<'a>,
    records: Records,
}

impl<'a> Rotation<'a> {
    /// For the profile's machine-to-machine client. No other process rotates it until this is dropped.
    ///
    /// # Errors
    /// [`Kind::Config`] where the profile has no pool, or its secret is neither in the secret store nor in Secrets Manager.
    pub fn new(app: &'a App, profile: &'a Profile) -> Result<Self> {
        let pool = profile.user_pool_id()?.as_str();
        let (place, client_id) = Place::of(app, profile)?;
        let records = Records::open(app, &profile.cognito_idp_origin()?, pool, client_id.as_str())?;
        let admin = app.block_on(async { Admin::new(&app.wire()?, profile).await })?;
        Ok(Rotation { app, profile, client_id, admin, place, records })
    }

    /// The remaining steps, in words. It sends one request and changes nothing.
    pub fn plan(&self, grace: Duration) -> Result<Vec<String>> {
        let secrets = self.app.block_on(self.admin.client_secrets(&self.client_id))?;
        let record = self.records.read()?;
        let state = record.as_ref().map(|record| record.state);
        if record.is_none() {
            self.refuse_two(&secrets)?;
            self.place.check_free()?;
        }
        let name = self.place.name();
        let mut steps = Vec::new();
        if state.is_none() {
            steps.push(format!("a new secret is stored beside the old one, in {name}"));
        }
        if matches!(state, None | Some(State::Begun)) {
            steps.push(format!("Cognito adds it to client {} (AddUserPoolClientSecret)", self.client_id));
        }
        if !matches!(state, Some(State::InUse)) {
            steps.push("a token is asked for with it; it is deleted again if that is refused".to_owned());
            steps.push(format!("it takes the place of the old one, in {name}"));
        }
        let since = record.filter(|record| record.state == State::InUse).map(|record| record.in_use_since);
        steps.push(format!("the old one is deleted {} (DeleteUserPoolClientSecret)", when(since, grace)));
        Ok(steps)
    }

    /// Does what is left; each request has the time of a call where none was given.
    ///
    /// # Errors
    /// Cognito's refusal: then the new secret is deleted again, and the old one stays in use. After any other error the rotation can be
    /// continued.
    pub fn run(&self, grace: Duration) -> Result<Outcome> {
        let mut record = match self.records.read()? {
            Some(record) => record,
            None => self.begin()?,
        };
        let on = |error: Error| error.hint("run the same command again to continue: nothing is lost");
        if record.state == State::Begun {
            self.add(&mut record).map_err(|error| if error.kind() == Kind::Network { on(error) } else { error })?;
        }
        if record.state == State::Added {
            self.prove(&mut record).map_err(|error| if error.kind() == Kind::Refused { error } else { on(error) })?;
        }
        let until = ends(record.in_use_since, grace);
        if now() < until {
            return Ok(Outcome::Grace(until));
        }
        self.finish(&record).map_err(|error| if error.kind() == Kind::Failure { error } else { on(error) })?;
        Ok(Outcome::Done)
    }

    fn begin(&self) -> Result<Record> {
        let secrets = self.call(self.admin.client_secrets(&self.client_id))?;
        self.refuse_two(&secrets)?;
        self.place.check_free()?;
        let staged_as = password_generator::letters_and_digits(32)?.expose().to_owned();
        let old = secrets.into_iter().map(|secret| secret.id).collect();
        let record = Record { state: State::Begun, old, new: None, staged_as, in_use_since: 0 };
        self.records.write(&record)?;
        Ok(record)
    }

    fn refuse_two(&self, secrets: &[ClientSecret]) -> Result<()> {
        if secrets.len() < MOST {
            return Ok(());
        }
        let message = format!("client {} has two secrets already, and cogtok started no rotation here", self.client_id);
        Err(Error::new(Kind::Failure, message).hint("see which they are: cogtok secret list-remote{p}").hint(
            Advice::new("delete the one that is not in use: aws cognito-idp delete-user-pool-client-secret{aws} --user-pool-id {pool} --client-id {client} --client-secret-id ID")
                .word("client", &self.client_id),
        ))
    }

    /// The new secret is stored, and then Cognito has it.
    fn add(&self, record: &mut Record) -> Result<()> {
        let secret = match self.place.staged(&record.staged_as)? {
            Some(client) => client.client_secret,
            None => {
                let secret = password_generator::letters_and_digits(52)?;
                self.place.stage(&secret, &record.staged_as)?;
                secret
            }
        };
        // An earlier call may have been interrupted after Cognito had it.
        let id = match self.added(record)? {
            Some(id) => id,
            None => match self.call(self.admin.add_client_secret(&self.client_id, &secret)) {
                Ok(added) => added.id,
                Err(error) => match self.added(record) {
                    Ok(Some(id)) => id,
                    Ok(None) if error.kind() != Kind::Network => return Err(self.undo(record, error)),
                    _ => return Err(error),
                },
            },
        };
        record.new = Some(id);
        record.state = State::Added;
        self.records.write(record)
    }

    /// The id of the secret that was not there when the rotation was begun.
    fn added(&self, record: &Record) -> Result<Option<String>> {
        let secrets = self.call(self.admin.client_secrets(&self.client_id))?;
        Ok(secrets.into_iter().map(|secret| secret.id).find(|id| !record.old.contains(id)))
    }

    /// A token is asked for with the new secret, which takes the place of the old one then.
    fn prove(&self, record: &mut Record) -> Result<()> {
        let lost = || Error::store(format!("the new secret is not in {} any more", self.place.name()));
        let Some(client) = self.place.staged(&record.staged_as)? else {
            return Err(self.undo(record, lost().with_kind(Kind::Refused)));
        };
        let mut tries = PROOFS;
        while let Err(error) = self.token(&client) {
            tries -= 1;
            if error.kind() != Kind::Refused {
                return Err(error);
            }
            if tries == 0 {
                // Its advice is about the new secret, which is deleted.
                return Err(self.undo(record, error.map_advice(|_| None)));
            }
            self.app.drive(async { tokio::time::sleep(Duration::from_millis(500)).await })?;
        }
        self.place.use_staged(&client.client_secret, &record.staged_as)?;
        record.state = State::InUse;
        record.in_use_since = now();
        self.records.write(record)
    }

    fn token(&self, client: &Client) -> Result<()> {
        let wire = self.app.wire()?;
        self.call(client_credentials::obtain(&wire, self.profile, client)).map(drop)
    }

    /// The old secrets go, now that the new one is what everybody here reads.
    fn finish(&self, record: &Record) -> Result<()> {
        let staged = self.place.staged(&record.staged_as)?;
        if let Some(staged) = &staged
            && !self.place.is_in_use(&staged.client_secret)?
        {
            return Err(Error::new(Kind::Failure, format!("another secret was put into {}", self.place.name()))
                .hint("store the right one: cogtok secret set m2m-client{p}"));
        }
        let (old, others): (Vec<_>, Vec<_>) = self
            .call(self.admin.client_secrets(&self.client_id))?
            .into_iter()
            .partition(|secret| record.old.contains(&secret.id));
        // It is only removed after the old ones are deleted.
        if staged.is_none() && !old.is_empty() {
            return Err(self.lost(record, &others)?);
        }
        for secret in old {
            self.call(self.admin.delete_client_secret(&self.client_id, &secret.id))?;
        }
        self.place.unstage(&record.staged_as)?;
        self.records.remove()
    }

    /// The error where the new secret was lost before the old one was deleted: the old one may be all that works. Without the new one
    /// at Cognito the rotation has ended.
    fn lost(&self, record: &Record, others: &[ClientSecret]) -> Result<Error> {
        let place = self.place.name();
        if others.is_empty() {
            self.records.remove()?;
            let message =
                format!("the new secret is neither in {place} nor at Cognito any more, so this rotation has ended");
            return Ok(Error::new(Kind::Failure, message)
                .hint("the old one is in use: run the same command again to rotate it"));
        }
        let message = format!("the new secret is no longer in {place}, so cogtok did not delete the old one");
        let id = record.new.as_deref().unwrap_or("ID");
        Ok(Error::new(Kind::Failure, message)
            .hint(
                Advice::new("if nothing uses the new one, delete it, and run the same command again: aws cognito-idp delete-user-pool-client-secret{aws} --user-pool-id {pool} --client-id {client} --client-secret-id {id}")
                    .word("client", &self.client_id)
                    .word("id", id),
            )
            .hint("see which there are: cogtok secret list-remote{p}"))
    }

    /// The error after the new secret was deleted again, or with what is left if that failed.
    fn undo(&self, record: &Record, error: Error) -> Error {
        let undone = || {
            if let Some(id) = self.added(record)? {
                self.call(self.admin.delete_client_secret(&self.client_id, &id))?;
            }
            self.place.unstage(&record.staged_as)?;
            self.records.remove()
        };
        match undone() {
            Ok(()) => error.context("the secret was not rotated, and the old one is in use as before"),
            Err(why) => {
                log::warn!(target: "cogtok", "the new secret is still there: {why}");
                error.hint("the same command tries it again")
            }
        }
    }

    fn call<T>(&self, request: impl Future<Output = Result<T>>) -> Result<T> {
        self.app.extend_default_timeout();
        self.app.block_on(request)
    }
}

/// When the old secret is deleted: from a moment on that is known once the new one is in use.
fn when(in_use_since: Option<i64>, grace: Duration) -> String {
    let until = in_use_since.map(|since| ends(since, grace));
    match until {
        Some(until) if now() < until => {
            u64::try_from(until).map(|until| format!("after {}", moment(until))).unwrap_or_default()
        }
        None if !grace.is_zero() => format!("after {}", span(grace)),
        _ => "at once".to_owned(),
    }
}

fn ends(in_use_since: i64, grace: Duration) -> i64 {
    in_use_since.saturating_add(i64::try_from(grace.as_secs()).unwrap_or(i64::MAX))
}

/// A time in its largest unit that gives a whole number, up to hours.
fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds % 3600, seconds % 60) {
        _ if seconds == 0 => format!("{} ms", time.as_millis()),
        (0, _) => format!("{} h", seconds / 3600),
        (_, 0) => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    }
}

fn now() -> i64 {
    i64::try_from(env::now() / 1000).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grace_is_said_in_whole_units_and_its_end_as_a_moment() {
        for (seconds, said) in
            [(0, "at once"), (86400, "after 24 h"), (129_600, "after 36 h"), (5400, "after 90 min"), (61, "after 61 s")]
        {
            assert_eq!(when(None, Duration::from_secs(seconds)), said);
        }
        let hour = Duration::from_secs(3600);
        assert!(when(Some(now()), hour).starts_with("after 20"), "{}", when(Some(now()), hour));
        assert_eq!(when(Some(now() - 7200), hour), "at once");
    }
}
