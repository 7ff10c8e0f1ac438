//! The network, as a command sees it: one client, one deadline.

use std::future::Future;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use cogtok::aws;
use cogtok::error::{Error, Kind, Result};
use cogtok::http::client::HttpClient;
use cogtok::http::proxy::EnvironmentProxy;
use cogtok::settings::profile::Profile;
use cogtok::store::within;
use tokio::runtime::Runtime;

use super::{A_DAY, App};
use crate::env;
use crate::io::{progress, signals, terminal};

/// How long after its deadline a call is ended from here: the operation's own time-out comes first.
const MARGIN: Duration = Duration::from_millis(50);

/// How long after its deadline a call that does not look at the clock is ended.
const GRACE: Duration = Duration::from_millis(200);

/// File descriptors that a call with one connection opens, and some more.
#[cfg(unix)]
const NEEDED_DESCRIPTORS: usize = 16;

/// Seconds by which this machine's clock may differ from a server's before it is blamed for a refusal.
const CLOCK_TOLERANCE: i64 = 60;

/// The largest CA bundle that is read, in bytes: those of systems have some 200 kB.
const MAX_BUNDLE: u64 = 4 * 1024 * 1024;

impl App {
    /// The profile with the Region of `~/.aws/config` where nothing else names one, for calls that need it.
    pub fn resolve_region(&self, mut profile: Profile) -> Profile {
        if profile.region.is_none() {
            profile.region = self.block_on(aws::region(&profile)).ok();
        }
        profile
    }

    /// The HTTP client for this call.
    pub fn wire(&self) -> Result<HttpClient> {
        if let Some(wire) = self.wire.get() {
            return Ok(wire.clone());
        }
        let wire = self.new_wire()?.observed_by(progress::waiting);
        Ok(self.wire.get_or_init(|| wire).clone())
    }

    /// Another HTTP client with connections and a deadline of its own, for background work.
    pub fn new_wire(&self) -> Result<HttpClient> {
        let path = self.global.ca_bundle.clone().or_else(|| env::var("AWS_CA_BUNDLE").map(PathBuf::from));
        let bundle = path.as_ref().map(|path| {
            let bytes = within::read(path, MAX_BUNDLE, self.deadline(), |_, _| {});
            let bytes = bytes.map_err(|error| Error::usage(format!("the CA bundle can't be read: {error}")))?;
            if u64::try_from(bytes.len()).is_ok_and(|length| length <= MAX_BUNDLE) {
                Ok(bytes.to_vec())
            } else {
                Err(Error::usage("the CA bundle is larger than 4 MiB"))
            }
        });
        let named = |error: Error| match &path {
            Some(path) => error.context(&path.display().to_string()),
            None => error,
        };
        bundle.transpose().and_then(|bundle| HttpClient::new(bundle, proxy(), env::now, self.deadline())).map_err(named)
    }

    /// Runs what needs the network, until the deadline. Connections stay open from one call to the next.
    pub fn block_on<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.drive(self.within_deadline(work))?
    }

    /// Runs what uses the network in parts, each [within the deadline](App::within_deadline).
    pub fn drive<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        signals::watch();
        Ok(self.runtime()?.block_on(work))
    }

    /// The result of `work`, if it ends before the deadline.
    pub async fn within_deadline<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let deadline = self.deadline();
        if let Some(wire) = self.wire.get() {
            wire.set_deadline(deadline);
        }
        let begun = Instant::now();
        let left = deadline.saturating_duration_since(begun);
        // A server that keeps the only thread busy would keep the deadline from being checked.
        let watchdog = signals::end_after(left + GRACE, &self.no_result());
        let result = tokio::time::timeout(left + MARGIN, work).await;
        drop(watchdog);
        let result = result.unwrap_or_else(|_| {
            // On a busy machine this comes before the request's own time-out.
            let of_request = self.wire.get().and_then(|wire| wire.out_of_time(begun));
            Err(of_request.unwrap_or_else(|| self.late()))
        });
        result.map_err(|error| self.with_clock(self.about_secrets(error)))
    }

    /// What is said where the time has run out.
    pub fn no_result(&self) -> String {
        format!("no result within {} s", self.timeout.as_secs_f32())
    }

    /// The same as an error.
    pub fn late(&self) -> Error {
        Error::network(self.no_result()).hint("try again, or allow more with `--timeout 60s`")
    }

    /// As [`App::block_on`], for what may go on for long as long as something comes: only a time-out that was given ends it.
    pub fn block_on_streaming<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        if self.is_timeout_given {
            return self.block_on(work);
        }
        signals::watch();
        let runtime = self.runtime()?;
        if let Some(wire) = self.wire.get() {
            wire.set_deadline(Instant::now() + A_DAY);
        }
        runtime.block_on(work).map_err(|error| self.with_clock(self.about_secrets(error)))
    }

    /// Waits for a person, whose time does not count for `--timeout`; `None` when `patience` has run out.
    pub fn wait_for_person<T>(
        &self,
        patience: Duration,
        work: impl Future<Output = Result<T>>,
    ) -> Result<Option<Result<T>>> {
        signals::watch();
        let _clock = terminal::asking();
        Ok(self.runtime()?.block_on(async { tokio::time::timeout(patience, work).await.ok() }))
    }

    fn runtime(&self) -> Result<&Runtime> {
        if let Some(runtime) = self.runtime.get() {
            return Ok(runtime);
        }
        check_descriptors()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::new(Kind::Failure, format!("no runtime: {error}")))?;
        Ok(self.runtime.get_or_init(|| runtime))
    }

    /// Blames the clock where it may be the reason for a refusal.
    fn with_clock(&self, error: Error) -> Error {
        match self.clock_is_off() {
            Some(words) if matches!(error.kind(), Kind::Refused | Kind::AwsCredentials) => {
                error.hint(format!("{words}: set it"))
            }
            _ => error,
        }
    }

    /// How this machine's clock differs from that of the server that answered last, where it does.
    pub fn clock_is_off(&self) -> Option<String> {
        let offset = self.wire.get().map_or(0, HttpClient::clock_offset);
        let way = if offset > 0 { "behind" } else { "ahead of" };
        (offset.abs() >= CLOCK_TOLERANCE)
            .then(|| format!("this machine's clock is {} s {way} the server's", offset.abs()))
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // A name look-up on its own thread may never end; the runtime does not wait for it.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The runtime does not survive being out of file descriptors, so it is not begun without some to spare.
#[cfg(unix)]
pub fn check_descriptors() -> Result<()> {
    let spare: std::io::Result<Vec<_>> =
        (0..NEEDED_DESCRIPTORS).map(|_| Ok(rustix::io::dup(std::io::stderr())?)).collect();
    spare.map(drop).map_err(|error| {
        Error::store(format!("no more files can be opened: {error}")).hint("raise the limit: ulimit -n 256")
    })
}

#[cfg(not(unix))]
pub fn check_descriptors() -> Result<()> {
    Ok(())
}

/// The environment's proxy for https, where it names one.
fn proxy() -> Option<EnvironmentProxy> {
    // The first variable that is set wins, as in other tools.
    let set = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, env::raw(name)?)));
    let of_https = set(["HTTPS_PROXY", "https_proxy"]).filter(|(_, value)| !value.is_empty());
    let (name, value) = of_https.or_else(|| set(["ALL_PROXY", "all_proxy"]).filter(|(_, value)| !value.is_empty()))?;
    let exceptions = set(["NO_PROXY", "no_proxy"]).map(|(_, value)| value).unwrap_or_default();
    Some(EnvironmentProxy::new(name, &value, &exceptions.to_string_lossy()))
}
