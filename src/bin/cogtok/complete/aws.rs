//! What AWS's own tools know: the profiles of `~/.aws`, and the Regions that have Cognito user pools.

use std::collections::BTreeSet;
use std::path::Path;

use clap_complete::CompletionCandidate;
use cogtok::store::file;

use super::seen::offer;
use crate::app;

/// The largest file of AWS's that is read, in bytes.
const LIMIT: u64 = 1024 * 1024;

/// The Regions that have Cognito user pools. Others can be typed.
pub const REGIONS: [&str; 33] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "af-south-1",
    "ap-east-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-gov-west-1",
];

/// The profiles of AWS's configuration and credentials files.
pub fn profiles() -> Vec<CompletionCandidate> {
    let aws = app::aws_environment();
    let mut names = BTreeSet::new();
    if let Some(text) = aws.config_file.as_deref().and_then(text_of) {
        // `[profile NAME]`, and `[default]` alone without the word.
        let section = |name: &str| match name.strip_prefix("profile") {
            Some(rest) if rest.starts_with([' ', '\t']) => Some(rest.trim().to_owned()),
            _ => (name == "default").then(|| name.to_owned()),
        };
        names.extend(sections(&text).filter_map(section));
    }
    if let Some(text) = aws.credentials_file.as_deref().and_then(text_of) {
        names.extend(sections(&text).map(str::to_owned));
    }
    offer(names)
}

fn sections(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| Some(line.trim_start().strip_prefix('[')?.split_once(']')?.0.trim()))
}

fn text_of(path: &Path) -> Option<zeroize::Zeroizing<String>> {
    let bytes = file::read(&path.canonicalize().ok()?, LIMIT).ok()??;
    std::str::from_utf8(&bytes).ok().map(|text| zeroize::Zeroizing::new(text.to_owned()))
}
