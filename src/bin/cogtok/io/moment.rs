//! Moments and days as people read them.

/// A moment as people read it, in this machine's time zone.
pub fn moment(seconds: u64) -> String {
    let moment = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    let local = moment.map(|moment| moment.to_zoned(jiff::tz::TimeZone::system()));
    local.map(|local| local.strftime("%Y-%m-%d %H:%M %:z").to_string()).unwrap_or_default()
}

/// A day in UTC, from seconds since the Unix epoch.
pub fn day(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map(|moment| moment.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
}
