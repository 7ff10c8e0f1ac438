//! Answers as AWS's models have them with more than cogtok knows: all members with several elements in each list, members that a
//! newer API may bring, and new values of what has a fixed set of them.

use crate::answers_scenes::play_all;
use crate::harness::contract::{with_another_value, with_more};
use crate::harness::promises;

#[test]
fn what_a_newer_api_may_bring_besides_is_no_failure() {
    let played = play_all(|operation, answer| {
        let mut variants = with_more(operation, answer);
        // A short run tries the outermost structures one by one, and all of them at once.
        let all = variants.pop();
        variants.truncate(promises::length(4, usize::MAX));
        variants.into_iter().chain(all).collect()
    });
    let failed: Vec<String> = played
        .iter()
        .filter(|played| played.code != 0)
        .map(|it| format!("{}: exit {} with {} {}", it.command, it.code, it.operation, it.what))
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(played.len() >= 100, "{} answers", played.len());
    promises::held("an answer with members that a newer API may bring is a success as without them", played.len());
}

#[test]
fn a_value_that_no_model_has_yet_ends_in_a_documented_way() {
    let played = play_all(|operation, answer| {
        let mut variants = with_another_value(operation, answer);
        variants.truncate(promises::length(12, usize::MAX));
        variants
    });
    assert!(played.len() >= 50, "{} answers", played.len());
    let refused: Vec<String> = played
        .iter()
        .filter(|played| played.code != 0)
        .map(|it| format!("{}: exit {} with a new value of {} {}", it.command, it.code, it.operation, it.what))
        .collect();
    promises::held("a value that AWS's model does not have yet ends in a documented way", played.len());
    // Everywhere else the command succeeds.
    if !promises::is_long() {
        insta::assert_snapshot!(refused.join("\n"), @"
        token user --password-stdin --no-cache --mfa-code 913572: exit 5 with a new value of InitiateAuth ChallengeName
        token exchange --subject-token - --json: exit 6 with a new value of GetDerivedToken IssuedTokenType
        token exchange --subject-token - --json: exit 6 with a new value of GetDerivedToken TokenType
        token exchange --as user --json: exit 6 with a new value of GetDerivedToken IssuedTokenType
        token exchange --as user --json: exit 6 with a new value of GetDerivedToken TokenType
        ");
    }
}
