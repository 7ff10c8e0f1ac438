//! AWS's partitions: which Regions have which host names. One table for every host and every issuer, as in AWS's own data
//! (`partitions.json`), which the SDK brings along and a test compares with.

use crate::settings::types::Region;

/// A partition of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// The prefix of its Regions.
    begin: &'static str,
    /// The end of its host names.
    pub suffix: &'static str,
    /// The suffix of its dual-stack endpoints.
    pub dual_stack_suffix: &'static str,
}

const fn row(begin: &'static str, suffix: &'static str, dual_stack_suffix: &'static str) -> Partition {
    Partition { begin, suffix, dual_stack_suffix }
}

/// The partitions, the one of all other Regions last.
const ALL: [Partition; 8] = [
    row("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    row("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
    row("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    row("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    row("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    row("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    row("us-gov-", "amazonaws.com", "api.aws"),
    row("", "amazonaws.com", "api.aws"),
];

impl Partition {
    /// The partition of a Region.
    pub fn of(region: &Region) -> Partition {
        let [.., rest] = ALL;
        ALL.into_iter().find(|partition| region.as_str().starts_with(partition.begin)).unwrap_or(rest)
    }

    /// The domain for a prefix in a Region; `None` if such domains are unknown.
    pub fn domain(prefix: &str, region: &Region) -> Option<String> {
        match Partition::of(region).begin {
            "us-gov-" => Some(format!("https://{prefix}.auth-fips.{region}.amazoncognito.com")),
            "" => Some(format!("https://{prefix}.auth.{region}.amazoncognito.com")),
            _ => None,
        }
    }
}
