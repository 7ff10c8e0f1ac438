//! A request with the profile's token, which is renewed once where the API no longer takes it.

use std::time::Duration;

use cogtok::error::Result;
use cogtok::http::streaming::{Outgoing, Streamed};

use super::retry_on_401::Renewal;
use crate::app::App;
use crate::args::token_args::{ObtainedToken, TokenArgs};

/// How long an answer may be in coming, and how long it may pause, where no time-out was given: an agent thinks for minutes.
pub const SILENCE: Duration = Duration::from_secs(15 * 60);

/// Sends `request` with the token of `source`, and returns the answer when its headers have arrived. If a cached token gets a 401, it is
/// renewed and the request sent once more: a refused request was not carried out. The request is also repeated for AWS errors that allow
/// it. If the API also refused the new token, none is requested for a minute.
///
/// # Errors
/// As obtaining the token; [`Kind::Network`](cogtok::error::Kind::Network) without an answer.
pub fn send(app: &App, source: &TokenArgs, request: &Outgoing) -> Result<(ObtainedToken, Streamed)> {
    send_as(app, source, |_| Ok(request.clone()))
}

/// As [`send`], with a request that depends on whose token it is.
///
/// # Errors
/// As [`send`], and what `request` gives.
pub fn send_as(
    app: &App,
    source: &TokenArgs,
    request: impl FnOnce(&ObtainedToken) -> Result<Outgoing>,
) -> Result<(ObtainedToken, Streamed)> {
    let got = source.get(app)?;
    let request = request(&got)?;
    let answer = open(app, &got, &request)?;
    let renewal = if answer.status() == 401 { Renewal::of(app, &got, &request.url) } else { None };
    let Some(renewal) = renewal else { return Ok((got, answer)) };
    let refused = format!("{} answered 401, and cogtok has no new token", answer.host());
    drop(answer);
    app.extend_default_timeout();
    let got = source.renewed().get(app).map_err(|error| error.context(&refused))?;
    let answer = open(app, &got, &request)?;
    renewal.ended(answer.status() == 401);
    Ok((got, answer))
}

fn open(app: &App, got: &ObtainedToken, request: &Outgoing) -> Result<Streamed> {
    let token = got.token()?.value.clone();
    let wire = app.wire()?;
    app.block_on_streaming(async { wire.open_again(request, Some(&token), SILENCE).await })
}
