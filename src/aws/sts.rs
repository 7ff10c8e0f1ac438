//! Whose AWS credentials these are: GetCallerIdentity of the Security Token Service.

use aws_credential_types::Credentials;
use aws_smithy_xml::decode::Document;

use super::admin::Admin;
use super::sigv4::{self, Call, ServiceReply};
use super::xml::{is_whole, refusal, texts, walk};
use crate::error::Result;
use crate::http::client::HttpClient;
use crate::settings::aws_services::Service;
use crate::settings::profile::Profile;

const OPERATION: &str = "GetCallerIdentity";

/// AWS credentials that were found, to be used for more than one call.
#[derive(Debug)]
pub struct Signer(Credentials);

/// Who signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The AWS account.
    pub account: String,
    /// The ARN of the user or role.
    pub arn: String,
}

impl Signer {
    /// Looks for the profile's AWS credentials, once, for at most five seconds.
    ///
    /// # Errors
    /// [`Kind::AwsCredentials`](crate::error::Kind::AwsCredentials) when there are none;
    /// [`Kind::Config`](crate::error::Kind::Config) when no Region is known.
    pub async fn find(wire: &HttpClient, profile: &Profile) -> Result<Self> {
        let region = super::region(profile).await?;
        sigv4::credentials(wire, profile, &region, OPERATION).await.map(Signer)
    }

    /// GetCallerIdentity: who they belong to, which needs no permission.
    ///
    /// # Errors
    /// As the table in [`super::service_error`] says for GetCallerIdentity.
    pub async fn caller(&self, wire: &HttpClient, profile: &Profile) -> Result<Caller> {
        let region = super::region(profile).await?;
        let request = Call {
            service: Service::Sts,
            operation: OPERATION,
            method: http::Method::POST,
            path: "/",
            region: &region,
            headers: &[("content-type", "application/x-www-form-urlencoded; charset=utf-8")],
            body: b"Action=GetCallerIdentity&Version=2011-06-15".to_vec(),
        };
        sigv4::call_with(wire, profile, &self.0, &request, read).await
    }

    /// The administrators' API of the profile's pool, signed with these.
    ///
    /// # Errors
    /// As [`Admin::new`].
    pub async fn admin(&self, wire: &HttpClient, profile: &Profile) -> Result<Admin> {
        Admin::signed_with(wire, profile, self.0.clone()).await
    }
}

fn read(status: u16, body: &[u8]) -> ServiceReply<Caller> {
    let Ok(text) = std::str::from_utf8(body) else { return ServiceReply::Strange };
    match status {
        200 => answer(text).map_or(ServiceReply::Strange, ServiceReply::Answer),
        400..=599 => {
            refusal(text).map_or(ServiceReply::Strange, |(code, message)| ServiceReply::Refused(code, message))
        }
        _ => ServiceReply::Strange,
    }
}

fn answer(text: &str) -> Option<Caller> {
    if !is_whole(text, "GetCallerIdentityResponse") {
        return None;
    }
    let mut document = Document::new(text);
    let root = document.root_element().ok()?;
    let mut found = None;
    let walked = walk(root, &["GetCallerIdentityResult"], &mut |result| {
        if let [Some(arn), Some(account)] = texts(result, ["Arn", "Account"])? {
            found = Some(Caller { account, arn });
        }
        Ok(())
    });
    walked.ok().and(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_is_read_and_a_refusal_has_its_code() {
        let text = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
            <UserId>AIDA</UserId><Account>111122223333</Account><Arn>arn:aws:iam::111122223333:user/a</Arn></GetCallerIdentityResult>\
            <ResponseMetadata><RequestId>x</RequestId></ResponseMetadata></GetCallerIdentityResponse>";
        let expected = Caller { account: "111122223333".into(), arn: "arn:aws:iam::111122223333:user/a".into() };
        assert_eq!(answer(text), Some(expected));
        for end in 0..text.len() {
            assert_eq!(answer(&text[..end]), None, "cut at {end}");
        }
        let refused = b"<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>no</Message></Error></ErrorResponse>";
        assert!(matches!(read(403, refused), ServiceReply::Refused(code, _) if code == "InvalidClientTokenId"));
        assert!(matches!(read(200, b"<html/>"), ServiceReply::Strange));
    }
}
