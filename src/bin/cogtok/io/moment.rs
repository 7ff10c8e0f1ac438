//! Moments and days as people read them.

/// A moment as people read it, in this machine's time zone.
pub fn moment(seconds: u64) -> String {
    i64::try_from(seconds).map(|seconds| local(seconds, "%Y-%m-%d %H:%M %:z")).unwrap_or_default()
}

/// The day of a moment in this machine's time zone, from seconds since the Unix epoch.
pub fn day(seconds: i64) -> String {
    local(seconds, "%Y-%m-%d")
}

fn local(seconds: i64, format: &str) -> String {
    let moment = jiff::Timestamp::from_second(seconds).map(|moment| moment.to_zoned(jiff::tz::TimeZone::system()));
    moment.map(|moment| moment.strftime(format).to_string()).unwrap_or_default()
}
