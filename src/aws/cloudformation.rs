//! CloudFormation: what a stack gives out, by DescribeStacks.

use aws_smithy_xml::decode::Document;

use super::sigv4::{Call, call};
use super::xml::{is_whole, texts, walk};
use crate::error::Result;
use crate::http::client::HttpClient;
use crate::settings::aws_services::Service;
use crate::settings::profile::Profile;
use crate::settings::types::StackName;

/// DescribeStacks, signed with the profile's AWS credentials: the stack's outputs, key and value.
///
/// # Errors
/// See the table in [`super::service_error`] for DescribeStacks.
pub async fn outputs(wire: &HttpClient, profile: &Profile, stack: &StackName) -> Result<Vec<(String, String)>> {
    let region = match stack.region() {
        Some(region) => region,
        None => super::region(profile).await?,
    };
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", "DescribeStacks")
        .append_pair("Version", "2010-05-15")
        .append_pair("StackName", stack.as_str())
        .finish();
    let request = Call {
        service: Service::CloudFormation,
        operation: "DescribeStacks",
        method: http::Method::POST,
        path: "/",
        region: &region,
        headers: &[("content-type", "application/x-www-form-urlencoded; charset=utf-8")],
        body: body.into_bytes(),
    };
    call(wire, profile, &request, read).await
}

fn read(body: &[u8]) -> Option<Vec<(String, String)>> {
    let text = std::str::from_utf8(body).ok()?;
    if !is_whole(text, "DescribeStacksResponse") {
        return None;
    }
    let mut document = Document::new(text);
    let root = document.root_element().ok()?;
    if !root.start_el().matches("DescribeStacksResponse") {
        return None;
    }
    let (mut outputs, mut stacks, mut is_whole) = (Vec::new(), 0, true);
    let walked = walk(root, &["DescribeStacksResult", "Stacks", "member"], &mut |mut stack| {
        stacks += 1;
        while let Some(child) = stack.next_tag() {
            if !child.start_el().matches("Outputs") {
                continue;
            }
            walk(child, &["member"], &mut |output| {
                match texts(output, ["OutputKey", "OutputValue"])? {
                    [Some(key), Some(value)] => outputs.push((key, value)),
                    _ => is_whole = false,
                }
                Ok(())
            })?;
        }
        Ok(())
    });
    // A stack without outputs has no Outputs member; an answer without a stack is malformed.
    walked.ok().filter(|()| stacks == 1 && is_whole).map(|()| outputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_read_and_nothing_else_is_taken_for_them() {
        let text = "<?xml version=\"1.0\"?><DescribeStacksResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><DescribeStacksResult><Stacks><member>\
            <Tags><member><Key>OutputKey</Key></member></Tags><Outputs><member><OutputKey>A</OutputKey><Description>x</Description><OutputValue>1 &amp; 2</OutputValue></member>\
            <member><OutputKey>B</OutputKey><OutputValue/></member></Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>";
        let expected = [("A".to_owned(), "1 & 2".to_owned()), ("B".to_owned(), String::new())];
        assert_eq!(read(text.as_bytes()).unwrap(), expected);
        for end in 0..text.len() {
            assert!(read(&text.as_bytes()[..end]).is_none(), "cut at {end}");
        }
        for bad in ["", "<html/>", "{}", "not xml <", "<html></DescribeStacksResponse>"] {
            assert!(read(bad.as_bytes()).is_none(), "{bad}");
        }
        let with = |stacks: &str| {
            let text = format!(
                "<DescribeStacksResponse><DescribeStacksResult>{stacks}</DescribeStacksResult></DescribeStacksResponse>"
            );
            read(text.as_bytes())
        };
        let stack = "<member><StackName>s</StackName></member>";
        assert!(with(&format!("<Stacks>{stack}</Stacks>")).unwrap().is_empty());
        let half = "<Stacks><member><Outputs><member><OutputKey>A</OutputKey></member></Outputs></member></Stacks>";
        for bad in ["", "<Stacks/>", &format!("<Stacks>{stack}{stack}</Stacks>"), half] {
            assert!(with(bad).is_none(), "{bad}");
        }
    }
}
