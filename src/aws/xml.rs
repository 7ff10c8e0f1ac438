//! The XML of CloudFormation.

use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};

/// Calls `each` with every element below `path`, one name a level.
pub(crate) fn walk(
    mut element: ScopedDecoder<'_, '_>,
    path: &[&str],
    each: &mut dyn FnMut(ScopedDecoder<'_, '_>) -> Result<(), XmlDecodeError>,
) -> Result<(), XmlDecodeError> {
    let Some((name, rest)) = path.split_first() else { return each(element) };
    while let Some(child) = element.next_tag() {
        if child.start_el().matches(name) {
            walk(child, rest, each)?;
        }
    }
    Ok(())
}

/// The texts of the children of these names.
pub(crate) fn texts<const N: usize>(
    mut element: ScopedDecoder<'_, '_>,
    names: [&str; N],
) -> Result<[Option<String>; N], XmlDecodeError> {
    let mut found = [const { None }; N];
    while let Some(mut child) = element.next_tag() {
        if let Some(at) = names.iter().position(|name| child.start_el().matches(name)) {
            found[at] = Some(try_data(&mut child)?.into_owned());
        }
    }
    Ok(found)
}

/// Whether every token can be read, down to the end of the root: the decoder passes over what breaks off.
pub(crate) fn is_whole(text: &str, root: &str) -> bool {
    text.trim_end().ends_with(&format!("</{root}>")) && Document::new(text).all(|token| token.is_ok())
}

/// The code and the message of a refusal.
pub(crate) fn refusal(text: &str) -> Option<(String, String)> {
    let mut document = Document::new(text);
    let root = document.root_element().ok()?;
    let mut found = None;
    let walked = walk(root, &["Error"], &mut |error| {
        if let [Some(code), message] = texts(error, ["Code", "Message"])? {
            found = Some((code, message.unwrap_or_default()));
        }
        Ok(())
    });
    walked.ok().and(found)
}
