//! The distance between a moment and now, in words.

/// `in 12 min`, `3 h ago`, `now`: the distance of `at` (seconds since the Unix epoch) from `now` (milliseconds).
pub fn relative(at: i64, now: u64) -> String {
    let distance = i128::from(at) - i128::from(now / 1000);
    let seconds = distance.unsigned_abs();
    let (count, unit) = match seconds {
        0 => return "now".to_owned(),
        1..=89 => (seconds, "s"),
        90..=5399 => (seconds.saturating_add(30) / 60, "min"),
        5400..=129_599 => (seconds.saturating_add(1800) / 3600, "h"),
        129_600..=63_071_999 => (seconds.saturating_add(43_200) / 86_400, "d"),
        _ => (seconds / 31_557_600, "y"),
    };
    if distance > 0 { format!("in {count} {unit}") } else { format!("{count} {unit} ago") }
}

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn distances_are_told_in_one_unit() {
        let now = 1_700_000_000_500;
        for (offset, words) in [
            (0, "now"),
            (1, "in 1 s"),
            (-89, "89 s ago"),
            (90, "in 2 min"),
            (720, "in 12 min"),
            (-10_800, "3 h ago"),
            (86_400, "in 24 h"),
            (-172_800, "2 d ago"),
            (63_072_000, "in 1 y"),
        ] {
            assert_eq!(relative(1_700_000_000 + offset, now), words);
        }
        assert!(relative(i64::MAX, now).ends_with(" y"));
        assert!(relative(i64::MIN, u64::MAX).ends_with(" y ago"));
    }
}
