//! Near misses that are told by the command that meets them: a variable of another name, a token of another pool, a profile
//! that was the default.

use crate::harness::pool::publisher;
use crate::harness::{Home, jwt};
use serde_json::json;

#[test]
fn a_misspelled_variable_is_told_where_something_is_missing() {
    let home = Home::new();
    let output = home.cogtok(["token", "m2m"]).env("COGTOK_CLIENT_SECRET", "a-secret-of-nobody").run();
    output.code(3).stderr_has("cogtok does not read COGTOK_CLIENT_SECRET; did you mean COGTOK_M2M_CLIENT_SECRET?");
    output.stderr_lacks("a-secret-of-nobody");
    // The name of a setting with its table is that setting's, however like another variable it is.
    let output = home.cogtok(["token", "user"]).env("COGTOK_USER_CLIENT_ID", "web").run();
    output.code(3).stderr_has("cogtok does not read COGTOK_USER_CLIENT_ID; did you mean COGTOK_CLIENT_ID?");
    // What cogtok reads, or what is like nothing, is not told.
    let output =
        home.cogtok(["token", "m2m"]).env("COGTOK_M2M_CLIENT_SECRET", "x").env("COGTOK_BUILD_CACHE_BUCKET", "1").run();
    output.code(3).stderr_lacks("did you mean");
    // The doctor says what to set instead, and that nobody can get a token.
    let output = home.cogtok(["doctor", "--offline"]).env("COGTOK_CLIENT_SECRET", "a-secret-of-nobody").run();
    output.check(output.stdout.contains("set COGTOK_M2M_CLIENT_SECRET instead"), "what to do");
    output.check(!output.stderr.contains("All checks passed"), "not all is well");
}

#[test]
fn a_token_of_another_pool_names_both_pools_and_the_profile_that_has_it() {
    let server = publisher();
    let home = Home::new();
    home.pool_profile(&server.url());
    let other = "eu-central-1_Elsewhere";
    home.cogtok(["profile", "create", "berlin", "--user-pool-id", other, "--client-id", "web"]).run().ok();
    let issuer = format!("https://cognito-idp.eu-central-1.amazonaws.com/{other}");
    let token = jwt(&json!({"iss": issuer, "token_use": "access", "client_id": "web", "exp": 4_000_000_000_u64}));
    let output = home.verify(&token, &[]).run();
    output.code(8).stderr_has(&format!("NOT verified: issued by {other}; profile `ws` expects "));
    output.stderr_has("profile `berlin` has that pool: cogtok token verify -p berlin");
}

#[test]
fn the_one_profile_that_is_left_is_named_when_the_default_goes() {
    let home = Home::new();
    for name in ["one", "two", "three"] {
        home.cogtok(["profile", "create", name, "--client-id", "web"]).run().ok();
    }
    let delete = |name: &str| home.cogtok(["profile", "delete", name, "--yes"]).run();
    delete("one").ok().stderr_has("cogtok profile use NAME");
    home.cogtok(["profile", "use", "two"]).run().ok();
    delete("two").ok().stderr_has("cogtok profile use three");
    home.cogtok(["profile", "use", "three"]).run().ok();
    delete("three").ok().stderr_lacks("it was the default");
}
