//! The AWS tools' profiles, and the Regions with Cognito user pools.

use clap_complete::CompletionCandidate;
use cogtok::store::aws_files::AwsFiles;

use super::name_history::offer;
use crate::env;

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
    let aws = env::aws_environment();
    let files = AwsFiles::read(&aws.files).unwrap_or_default();
    offer(files.profiles())
}
