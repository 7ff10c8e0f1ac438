//! The form of a filter of ListUsers, which is checked before it is sent: some endpoints list everybody for a malformed one.

use cogtok::error::{Advice, AdviceKind, Error, Result, printable};

/// What people put around a value, or a program that writes for them.
const QUOTES: [char; 8] = ['"', '\'', '`', '\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}'];

/// Refuses what is not an attribute, `=` or `^=`, and a value in double quotation marks. Which attributes there are is Cognito's
/// business.
///
/// # Errors
/// [`Kind::Usage`](cogtok::error::Kind::Usage), with the filter as it is probably meant.
pub fn check(filter: &str) -> Result<()> {
    let malformed = || Error::usage(format!("`{}` is not a filter", printable(filter, 120)));
    let Some((attribute, operator, value)) = parts(filter) else {
        return Err(malformed().hint(AdviceKind::CheckFilter));
    };
    if is_quoted(value) {
        return Ok(());
    }
    let bare = value.trim_matches(QUOTES).replace(['"', '\\'], "");
    let meant = format!("{attribute} {operator} \"{bare}\"");
    Err(malformed().hint(Advice::new("the value is in double quotes: --filter {meant}").quoted("meant", meant)))
}

/// The attribute, the operator and what follows it.
fn parts(filter: &str) -> Option<(&str, &str, &str)> {
    let filter = filter.trim();
    let at = filter.find(['=', '^'])?;
    let (attribute, rest) = filter.split_at(at);
    let attribute = attribute.trim();
    let attribute = attribute.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(attribute);
    let operator = ["^=", "="].into_iter().find(|operator| rest.starts_with(operator))?;
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || ['_', ':', '-', '.'].contains(&c))
    };
    is_name(attribute).then(|| (attribute, operator, rest[operator.len()..].trim()))
}

/// Whether it is one text in double quotation marks, with those inside escaped.
fn is_quoted(value: &str) -> bool {
    const QUOTE: char = '"';
    let mut chars = value.chars();
    if chars.next() != Some(QUOTE) {
        return false;
    }
    let mut is_escaped = false;
    while let Some(c) = chars.next() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            QUOTE => return chars.as_str().is_empty(),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_an_attribute_an_operator_and_a_quoted_value() {
        for good in [
            "email ^= \"test-\"",
            "\"email\" = \"a@b.c\"",
            "status=\"Enabled\"",
            "name = \"No \\\"7\\\" – ünï\" ",
            "cognito:user_status = \"CONFIRMED\"",
            "sub=\"\"",
        ] {
            check(good).unwrap();
        }
        for bad in ["", "seat", "email=a@b.c", "email = \"a", "email = a\"", "email \"a\"", "= \"a\"", "email ^ \"a\""]
        {
            assert_eq!(check(bad).unwrap_err().kind().exit_code(), 2, "{bad}");
        }
        for two in ["email = \"a\" or email = \"b\"", "email = \"a\"\"b\"", "a b = \"c\""] {
            assert_eq!(check(two).unwrap_err().kind().exit_code(), 2, "{two}");
        }
        for other in
            ["status='Enabled'", "email = 'a@b.c'", "email ^= 'a\"", "email = \u{201c}a\u{201d}", "email = `a`"]
        {
            assert_eq!(check(other).unwrap_err().kind().exit_code(), 2, "{other}");
        }
    }
}
