//! A filter of ListUsers is checked before it is sent: an endpoint that lists everybody for a malformed one would have
//! everybody deleted.

use crate::harness::{Answer, Home, Server};
use serde_json::json;

fn everybody() -> (Home, Server) {
    let user = json!({"Username": "alice", "UserStatus": "CONFIRMED", "Enabled": true, "UserCreateDate": 1767225600.0,
        "Attributes": []});
    let server = Server::always(Answer::new(200, "application/x-amz-json-1.1", json!({ "Users": [user] }).to_string()));
    let home = Home::new();
    home.config(&format!(
        "version = 1\ndefault_profile = \"ws\"\n[profiles.ws]\nuser_pool_id = \"us-east-1_Scripted0\"\nendpoint_url = \"{}\"\n",
        server.url()
    ));
    (home, server)
}

#[test]
fn a_malformed_filter_reaches_nobody() {
    let (home, server) = everybody();
    for filter in
        ["seat", "email=a@b.c", "", "email = \"a\" or email = \"b\"", "= \"a\"", "email ~ \"a\"", "email = 'a@b.c'"]
    {
        for words in [&["user", "list"][..], &["user", "delete", "--yes"], &["user", "set-password", "--yes"]] {
            let output = home.cogtok(words).args(["--filter", filter]).aws().run();
            output.code(2).stderr_has("is not a filter");
        }
    }
    assert_eq!(server.connections(), 0);
    insta::assert_snapshot!(home.cogtok(["user", "list", "--filter", "email=a@b.c"]).aws().run().message(), @r#"
    exit 2
    error: `email=a@b.c` is not a filter
    hint: the value is in double quotes: --filter 'email = "a@b.c"'
    "#);
    insta::assert_snapshot!(home.cogtok(["user", "delete", "--filter", "email ^= 'seat-'", "--dry-run"]).aws().run().message(), @r#"
    exit 2
    error: `email ^= 'seat-'` is not a filter
    hint: the value is in double quotes: --filter 'email ^= "seat-"'
    "#);
    insta::assert_snapshot!(home.cogtok(["user", "list", "--filter", "seat"]).aws().run().message(), @r#"
    exit 2
    error: `seat` is not a filter
    hint: check `--filter`: one attribute, `=` or `^=`, and a value in double quotes, as in `email ^= "test-"`
    "#);
    home.cogtok(["user", "list", "--filter", "custom:team = \"a\""]).aws().run().ok();
    assert_eq!(server.hits(), 1, "which attributes there are is Cognito's business");
}
