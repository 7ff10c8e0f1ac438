//! A limit on machine-to-machine token requests, which cost money: `m2m.max_requests_per_hour`.

use crate::error::{Error, Kind, Result};
use crate::http::client::HttpClient;
use crate::settings::keys::{Key, how_to_set};
use crate::settings::profile::Profile;
use crate::settings::types::ClientId;
use crate::store::request_counts::{Permission, RequestCounts};
use crate::token::relative_time::relative;

/// What the first of a month's requests cost, in dollars for a thousand; later ones cost less.
const DOLLARS_PER_THOUSAND: f64 = 2.25;

/// Counts one more request of this client to this origin, where the profile limits them.
///
/// # Errors
/// [`Kind::Network`] where as many were made in the last hour as the profile allows, with what they cost and when the next may be
/// made; [`Kind::Store`] where they can't be counted.
pub(crate) async fn take(wire: &HttpClient, profile: &Profile, client: &ClientId, origin: &str) -> Result<()> {
    let Some(most) = profile.m2m.max_requests_per_hour else { return Ok(()) };
    let key = Key::MaxRequestsPerHour.dotted();
    let Some(dir) = &profile.m2m.state_dir else {
        return Err(Error::store(format!("there is no home directory to count requests in, as `{key}` wants it"))
            .with_setting(key)
            .hint("leave the limit out, or set HOME"));
    };
    let (counts, id) = (RequestCounts::new(dir), format!("{client} {origin}"));
    let (now, deadline) = (wire.now(), wire.deadline());
    let counted = tokio::task::spawn_blocking(move || counts.take(&id, most, now, deadline)).await;
    let counted = counted.map_err(|error| Error::new(Kind::Failure, format!("the work was cancelled: {error}")))?;
    match counted.map_err(|error| error.with_setting(key))? {
        Permission::Granted => Ok(()),
        Permission::Denied { made, next_at } => Err(denied(client, made, most, next_at, now)),
    }
}

fn denied(client: &ClientId, made: u32, most: u32, next_at: u64, now: u64) -> Error {
    let key = Key::MaxRequestsPerHour.dotted();
    // Rounded up: a second too early would be refused again.
    let next_at = i64::try_from(next_at.div_ceil(1000)).unwrap_or(i64::MAX);
    let requests = if made == 1 { "1 token request".to_owned() } else { format!("{made} token requests") };
    Error::network(format!(
        "client {client} has made {requests} in the last hour on this machine, and `{key}` allows {most}: cogtok makes no more"
    ))
    .with_setting(key)
    .hint(format!("they cost up to {}, at $2.25 for 1,000", dollars(made)))
    .hint(format!("the next one is allowed {}", relative(next_at, now)))
    .hint(how_to_set(key))
}

/// What so many requests cost at most: in cents, and in tenths of a cent below one dollar.
fn dollars(requests: u32) -> String {
    let dollars = f64::from(requests) / 1000.0 * DOLLARS_PER_THOUSAND;
    if dollars < 1.0 { format!("${dollars:.3}") } else { format!("${dollars:.2}") }
}

#[cfg(test)]
mod tests {
    use super::dollars;

    #[test]
    fn the_price_is_in_dollars() {
        assert_eq!([1, 3, 100, 1000, 1_000_000].map(dollars), ["$0.002", "$0.007", "$0.225", "$2.25", "$2250.00"]);
    }
}
