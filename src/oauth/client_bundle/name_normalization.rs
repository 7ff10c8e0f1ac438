//! How names are written: in any style, with what tools put around them.

/// Words that mark a value as another product's, whatever the name's ending.
const FOREIGN: &str = "apple atlassian auth0 aurora azure bitbucket database db discord dropbox entra facebook github gitlab google idp \
    keycloak langfuse linkedin litellm microsoft mysql notion okta openai paypal postgres rds redis salesforce slack spotify stripe \
    twitch twitter zoom";

/// Words of a name that is certainly Cognito's; the longest first.
const OURS: &str = "clientcredentials credentials nextpublic expopublic reactapp userpools cognito machine service \
    endpoint userpool client hosted region secret server domain scopes issuer oauth2 oauth token scope \
    tfvar name user pool vite auth m2m app arn aws uri url web id";

/// Words that name an environment, with or without a number after them.
const ENVIRONMENTS: &str = "acceptance alpha beta blue canary demo dev develop development green int integration live local nonprod perf \
    pre preprod preview prd prod production qa sandbox sbx stage staging stg test testing tst uat";

/// Words that tools put into a name and that say nothing of its environment; besides those in [`OURS`].
const AROUND: &str = "access auth2 cdk clients cogtok config configuration discovery export exports expo fn getatt \
    infra jwks known login next o oidc openid output outputs password pools prefix public react ref secrets settings \
    ssm stack terraform tf to ui username users value values var well";

/// Placeholder values.
const PLACEHOLDERS: &str = "changeme change-me placeholder replace xxxx your";

/// The letters and digits of a name, in lower case.
pub(crate) fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// A name without its style, without the names around it, and without what the CDK appends.
pub(crate) fn plain(name: &str) -> String {
    letters(without_hash(name.rsplit('.').next().unwrap_or_default()))
}

/// A name as [`plain`] gives it, without the words that name an environment: that of `DEV_CLIENT_ID`, `ClientIdDev` and `ClientId`.
pub(crate) fn core(name: &str) -> String {
    let words = words(without_hash(name.rsplit('.').next().unwrap_or_default()));
    let core: String = words.iter().filter(|word| !is_environment(word)).map(String::as_str).collect();
    if core.is_empty() { plain(name) } else { core }
}

/// A name without the eight characters that the CDK appends.
fn without_hash(name: &str) -> &str {
    let hash = name.len().checked_sub(8).filter(|at| name.is_char_boundary(*at)).map(|at| name.split_at(at));
    let is_hash = |text: &str| {
        text.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b))
            && text.bytes().any(|b| b.is_ascii_digit())
    };
    match hash {
        Some((before, hash)) if is_hash(hash) && before.ends_with(|c: char| c.is_ascii_lowercase()) => before,
        _ => name,
    }
}

/// The words of a name in any style.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let chars: Vec<char> = name.chars().collect();
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let begins = c.is_ascii_uppercase()
            && (before.is_some_and(char::is_ascii_lowercase)
                || (before.is_some_and(char::is_ascii_alphanumeric)
                    && chars.get(at + 1).is_some_and(char::is_ascii_lowercase)));
        if begins || !c.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if let (true, Some(word)) = (c.is_ascii_alphanumeric(), words.last_mut()) {
            word.push(c.to_ascii_lowercase());
        }
    }
    words
}

/// Whether a name consists only of words in [`OURS`].
pub(crate) fn is_ours(plain: &str) -> bool {
    let mut rest = plain;
    while let Some(word) = OURS.split(' ').find(|word| rest.starts_with(word)) {
        rest = &rest[word.len()..];
    }
    rest.is_empty()
}

/// Whether a name is another product's.
pub(crate) fn is_foreign(name: &str) -> bool {
    words(name).iter().any(|word| FOREIGN.split(' ').any(|foreign| foreign == word))
}

/// Whether a value is a placeholder.
pub(crate) fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    value.starts_with(['<', '$', '{']) || PLACEHOLDERS.split(' ').any(|word| lower.starts_with(word))
}

/// Whether a word names an environment.
pub(crate) fn is_environment(word: &str) -> bool {
    let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
    ENVIRONMENTS.split_ascii_whitespace().any(|known| known == stem)
}

/// The words of a name that distinguish it from the same name in another environment, such as `runtime` in `RUNTIME_POOL_ID`,
/// `COGNITO_POOL_ID_RUNTIME` and `runtime.pool_id`. A phrase, such as an operation that returned the value, has none.
pub(crate) fn group(name: &str) -> Vec<String> {
    if name.contains(char::is_whitespace) {
        return Vec::new();
    }
    let (outer, last) = name.rsplit_once('.').unwrap_or(("", name));
    let is_common = |word: &str| [OURS, AROUND].iter().any(|list| list.split_ascii_whitespace().any(|own| own == word));
    let all = words(outer).into_iter().chain(words(without_hash(last)));
    all.filter(|word| !word.is_empty() && !is_common(word)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn capitalized(word: &str) -> String {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + rest
    }

    proptest! {
        #[test]
        fn a_name_is_the_same_in_every_style(names in vec("[a-z]{2,7}", 1..5)) {
            let joined = names.concat();
            let pascal: String = names.iter().map(|word| capitalized(word)).collect();
            let camel = names[0].clone() + &names[1..].iter().map(|word| capitalized(word)).collect::<String>();
            let styles = [
                names.join("_"), names.join("-"), names.join("_").to_ascii_uppercase(), camel.clone(), pascal.clone(),
                format!("outer.{}", names.join("_")), format!("{camel}1A2B3C4D"),
            ];
            for style in &styles {
                prop_assert_eq!(plain(style), joined.clone(), "{}", style);
            }
            for style in [&camel, &pascal, &names.join("_"), &names.join("-")] {
                let found: Vec<String> = words(style).into_iter().filter(|word| !word.is_empty()).collect();
                prop_assert_eq!(&found, &names, "{}", style);
            }
        }

        #[test]
        fn an_environment_is_found_wherever_it_is_in_a_name(environment in "[a-z]{3,7}[0-9]?") {
            let capital = capitalized(&environment);
            let names = [
                format!("{environment}_cognito_user_pool_id"), format!("COGNITO_USER_POOL_ID_{environment}"),
                format!("COGNITO_{environment}_USER_POOL_ID"), format!("{capital}UserPoolId"), format!("{environment}.user_pool_id"),
                format!("outputs.{environment}.UserPoolId1A2B3C4D"), format!("NEXT_PUBLIC_{environment}_COGNITO_USER_POOL_ID"),
            ];
            let is_common = group(&environment).is_empty();
            for name in &names {
                prop_assert!(is_common || group(name) == [environment.as_str()], "{}: {:?}", name, group(name));
            }
        }

        #[test]
        fn any_text_may_be_a_name(name in "\\PC{0,30}") {
            let of_names = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            prop_assert!(plain(&name).chars().all(of_names));
            prop_assert!(group(&name).iter().all(|word| !word.is_empty() && word.chars().all(of_names)));
            let _ = (is_foreign(&name), is_placeholder(&name), is_ours(&core(&name)));
        }
    }
}
