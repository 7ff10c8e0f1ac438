//! `cogtok doctor` on the targets of a profile.

use crate::doctor::{hint, is_clean, of, says};
use crate::harness::{Answer, Home, Server, workshop};

const ARN: &str = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/my_agent-AbCdEf1234";

fn targets(home: &Home, settings: &[(&str, &str)]) {
    for (key, value) in settings {
        home.cogtok(["profile", "set", "ws", &format!("targets.{key}"), value]).run().ok();
    }
}

#[test]
fn targets_that_answer_are_ok_and_get_no_token() {
    let (home, api) = (Home::new(), Server::always(Answer::new(401, "text/plain", "no")));
    home.workshop_profile(workshop());
    let url = format!("{}/mcp", api.url());
    targets(&home, &[("api.url", &url), ("api.as", "m2m"), ("again.url", &url), ("again.as", "user")]);
    // The endpoint of the profile takes the place of AWS's.
    targets(&home, &[("agent.url", ARN), ("agent.as", "user")]);
    let output = home.cogtok(["doctor", "--json"]).aws().run();
    let found = of(&output, "target");
    assert_eq!(found.len(), 3, "{found:?}");
    says(&output, "target", "ok", &format!("`api`: {} answers", api.url()));
    says(&output, "target", "ok", &format!("`again`: {} answers", api.url()));
    says(&output, "target", "ok", "`agent`, a runtime in us-west-2: ");
    let asked = api.requests();
    assert_eq!(asked.len(), 1, "each server is asked once");
    assert!(asked[0].header("authorization").is_none(), "{asked:?}");
}

#[test]
fn a_target_that_is_not_reached_fails_and_one_of_this_machine_is_a_warning() {
    let home = Home::new();
    home.workshop_profile(workshop());
    targets(&home, &[("far.url", "https://nowhere.invalid/mcp"), ("far.as", "m2m")]);
    targets(&home, &[("near.url", "http://127.0.0.1:1/mcp"), ("near.as", "m2m")]);
    let output = home.cogtok(["doctor", "--json"]).aws().run();
    output.code(6);
    says(&output, "target", "fail", "`far`: DNS does not know nowhere.invalid");
    says(&output, "target", "warn", "`near`: nothing listens at 127.0.0.1:1: connection refused");
    assert!(hint(&output, "target", "fail").contains("cogtok profile show ws"));
    let offline = home.cogtok(["doctor", "--json", "--offline"]).run();
    says(offline.ok(), "target", "skip", "`far`: skipped: `--offline`");
    says(&offline, "target", "skip", "`near`: skipped: `--offline`");
}

#[test]
fn what_a_target_cannot_mean_is_told_with_the_command_that_mends_it() {
    let home = Home::new();
    let value = "https://me:hunter2hunter2@a.example";
    home.canary(value);
    let targets = |clients: &str, target: &str| {
        home.config(&format!(
            "default_profile = \"ws\"\n[profiles.ws]\n{clients}\n[profiles.ws.targets.t]\n{target}\n"
        ));
        home.cogtok(["doctor", "--offline", "--json"]).run()
    };
    let user = "user_pool_id = \"us-east-1_AbCdEfGhI\"\nuser.client_id = \"web\"";
    let machine = "m2m.client_id = \"m\"\nm2m.token_url = \"https://t.example/oauth2/token\"";
    let url = "url = \"https://a.example\"";
    for (clients, target, status, detail, fixes) in [
        (user, format!("{url}\nas = \"m2m\""), "fail", "`t` takes a machine's token", "profile set ws m2m.client_id"),
        (machine, format!("{url}\nas = \"user\""), "fail", "`t` takes a user's token", "profile set ws user.client_id"),
        (
            &format!("{user}\n{machine}"),
            url.to_owned(),
            "warn",
            "does not say whose",
            "profile set ws targets.t.as m2m",
        ),
        (user, "as = \"user\"".to_owned(), "fail", "`targets.t.url` is not set", "profile set ws targets.t.url"),
        (user, "url = 5".to_owned(), "fail", "`targets.t.url` is not a string", "profile set ws targets.t.url"),
        (user, format!("url = \"{value}\""), "fail", "user name or password", "profile set ws targets.t.url"),
        (
            user,
            "url = \"http://canary.example\"".to_owned(),
            "fail",
            "the value of targets.t.url is refused",
            "profile set ws targets.t.url",
        ),
        (
            user,
            format!("url = \"{ARN}\"\nkind = \"gateway\""),
            "fail",
            "`t` has the kind gateway, but its ARN is that of a runtime",
            "profile unset ws targets.t.kind",
        ),
    ] {
        let output = targets(clients, &target);
        output.code(if status == "fail" { 3 } else { 0 });
        says(&output, "target", status, detail);
        let fixed = hint(&output, "target", status);
        assert!(fixed.contains(fixes), "{fixed}");
        is_clean(&output, &["hunter2hunter2", "canary.example"]);
    }
    let fine = targets(user, url);
    assert_eq!(of(fine.ok(), "target"), [("skip".to_owned(), "`t`: skipped: `--offline`".to_owned())]);
    home.cogtok(["doctor", "--offline"]).run().ok().stdout_has("- skip  target           `t`: skipped");
}
