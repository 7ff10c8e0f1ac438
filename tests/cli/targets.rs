//! The targets of a profile: set, shown, checked, and kept apart from what no program reads.

use crate::harness::Home;

#[test]
fn a_target_is_set_and_shown_under_its_name() {
    let home = Home::new();
    home.config("# mine\n[profiles.ws] # the one\nuser_pool_id = \"us-east-1_x\"\n");
    let set = |key: &str, value: &str| home.cogtok(["profile", "set", "ws", key, value]).run();
    let arn = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/my_agent-AbCdEf1234";
    set("targets.agent.url", arn).ok();
    set("targets.agent.as", "user").ok();
    set("targets.api-1.url", "https://api.example.com/v1").ok();
    set("targets.api-1.kind", "gateway").ok().stderr_has("`targets.api-1.kind` of profile `ws` is set");
    let text = std::fs::read_to_string(home.config_file()).unwrap();
    assert!(text.starts_with("# mine\n[profiles.ws] # the one\nuser_pool_id = \"us-east-1_x\"\n"), "{text}");
    assert!(text.contains("[profiles.ws.targets.agent]\n"), "{text}");
    let shown = home.cogtok(["profile", "show", "ws"]).run();
    shown.ok().quiet().stdout_has(&format!("targets.agent.url {arn}\n"));
    let json = home.cogtok(["profile", "show", "ws", "--json"]).run().ok().json();
    assert_eq!((&json["targets.agent.as"], &json["targets.api-1.kind"]), (&"user".into(), &"gateway".into()));
}

#[test]
fn what_a_target_cant_have_is_refused_and_nothing_is_written() {
    let home = Home::new();
    let before = "[profiles.ws]\nuser_pool_id = \"us-east-1_x\"\n";
    home.config(before);
    for (key, values, says) in [
        ("targets.agent.url", &["http://api.example.com"][..], "plain http is allowed to this machine"),
        ("targets.agent.url", &["arn:aws:s3:::bucket"], "not the ARN of an AgentCore runtime or gateway"),
        ("targets.agent.url", &["https://u:p@api.example.com"], "a user name or password in it is refused"),
        ("targets.agent.url", &["https://a.example", "https://b.example"], "takes one value"),
        ("targets.agent.as", &["admin"], "use one of user, m2m"),
        ("targets.agent.kind", &["mcp"], "use one of http, runtime, gateway"),
        ("targets.agent.urk", &["https://a.example"], "targets.NAME.url"),
        ("targets.agent", &["https://a.example"], "targets.NAME.url"),
        ("targets.../x.url", &["https://a.example"], "not a target's name"),
        ("targets.a b.url", &["https://a.example"], "not a target's name"),
    ] {
        let refused = home.cogtok(["profile", "set", "ws", key]).args(values).run();
        refused.code(2).stdout_is("").stderr_has(says);
        assert_eq!(std::fs::read_to_string(home.config_file()).unwrap(), before, "{key}");
    }
    home.cogtok(["profile", "set", "other", "targets.a.url", "https://a.example"]).run().code(3);
}

#[test]
fn a_key_that_no_target_has_is_warned_about() {
    let home = Home::new();
    home.config("[profiles.ws.targets.api]\nurl = \"https://api.example.com\"\nulr = \"x\"\n");
    home.cogtok(["profile", "show", "ws"])
        .run()
        .ok()
        .stderr_has("`targets.api.ulr` in the configuration is not a known key");
}
