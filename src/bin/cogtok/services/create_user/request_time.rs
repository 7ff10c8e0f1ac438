//! When Cognito was asked for a user: a request that was not answered may have been carried out in that time, or later.

use std::time::Instant;

use cogtok::aws::admin::Admin;

use crate::services::journal::{Asked, Record, State};

/// When an earlier call asked for the user, if Cognito may have carried that out.
pub fn earlier_request(record: &Record) -> Option<Asked> {
    record.asked.filter(|_| record.state == State::Intent)
}

/// How long after a call Cognito may still carry out its request, in seconds.
const LATE: i64 = 60;

pub fn may_be_under_way(admin: &Admin, asked: Asked) -> bool {
    let now = if asked.is_server_time { admin.server_time(Instant::now()) } else { Some(admin.local_time()) };
    now.is_none_or(|now| now.div_euclid(1000) <= asked.until.saturating_add(LATE))
}

/// The time of this request, from the beginning of the one before it.
pub fn since(earlier: Option<Asked>, asked: Asked) -> Asked {
    match earlier {
        None => asked,
        Some(earlier) if earlier.is_server_time == asked.is_server_time => Asked { from: earlier.from, ..asked },
        // Times of different clocks can't be compared.
        Some(earlier) => earlier,
    }
}

/// The time from `from` until `until`, by the server's clock where that is known.
pub fn asked(admin: &Admin, from: Instant, until: Instant) -> Asked {
    let seconds = |from: i64, until: i64, is_server_time| Asked {
        from: from.div_euclid(1000),
        until: until.div_euclid(1000).saturating_add(1),
        is_server_time,
    };
    if let Some((from, until)) = admin.server_time(from).zip(admin.server_time(until)) {
        return seconds(from, until, true);
    }
    let (now, at) = (Instant::now(), admin.local_time());
    let millis = |later: Instant, earlier: Instant| {
        i64::try_from(later.saturating_duration_since(earlier).as_millis()).unwrap_or(i64::MAX)
    };
    let local = |moment| at.saturating_add(millis(moment, now)).saturating_sub(millis(now, moment));
    seconds(local(from), local(until), false)
}
