//! Every block of commands in README.md and docs/ runs, taken from the page, in order, with the ids of a local pool for those
//! of the examples; what can't run says why.

mod place;

use crate::harness::page::{self, Block};
use place::{Place, World};

/// Runs the blocks of a page, in order; panics with all that failed.
fn run(page: &str, effects: impl FnOnce(&Place)) {
    let mut place = Place::new();
    let mut failed = Vec::new();
    for block in page::blocks(page) {
        if block.mark("not run:").is_some() || block.mark("run by ").is_some() {
            continue;
        }
        let is_each = block.mark("each").is_some();
        if block.mark("fresh").is_some() && !is_each {
            place.world = World::new(&place.pool, false);
        }
        let stops = if is_each { each(&place, &block) } else { whole(&place, &block) };
        failed.extend(stops.map(|stop| format!("{page}:{stop}")));
    }
    assert!(failed.is_empty(), "{} of {page} fail:\n\n{}", failed.len(), failed.join("\n\n"));
    effects(&place);
}

fn whole(place: &Place, block: &Block) -> Option<String> {
    place.world.bash(&place.pool, block, block.line, &block.text)
}

/// Each command on a home of its own.
fn each(place: &Place, block: &Block) -> Option<String> {
    let stops = block.commands().into_iter().filter_map(|(line, command)| {
        World::new(&place.pool, block.mark("fresh").is_none()).bash(&place.pool, block, line, &command)
    });
    let stops: Vec<String> = stops.collect();
    (!stops.is_empty()).then(|| stops.join("\n\n"))
}

macro_rules! pages {
    ($($name:ident $page:literal $effects:expr;)*) => {
        const PAGES: &[&str] = &[$($page),*];
        $(#[test]
        fn $name() {
            run($page, $effects);
        })*
    };
}

pages! {
    agents "docs/agents.md" |place| {
        let limit = &place.world.profiles()["profiles"]["ws"]["m2m"]["max_requests_per_hour"];
        assert_eq!(limit.as_integer(), Some(100));
        assert!(place.world.home.state_dir().join("m2m-requests").is_dir());
    };
    readme "README.md" |place| {
        assert_eq!(place.world.profiles()["default_profile"].as_str(), Some("ws"));
        assert!(place.api.requests().iter().any(|request| request.header("authorization").is_some()));
    };
    attendee "docs/attendee.md" |place| {
        // What the page deletes at its end.
        assert!(place.world.profiles().get("profiles").and_then(|all| all.get("ws")).is_none());
    };
    aws_credentials "docs/aws-credentials.md" |_| {};
    bedrock "docs/bedrock.md" |place| {
        let targets = &place.world.profiles()["profiles"]["ws"]["targets"];
        assert_eq!(targets["tools"]["kind"].as_str(), Some("gateway"));
        assert!(place.api.requests().iter().any(|request| request.path.contains("/converse-stream")));
    };
    call "docs/call.md" |place| {
        let paths: Vec<String> = place.api.requests().iter().map(|request| request.path.clone()).collect();
        assert!(paths.iter().any(|path| path == "/v1/things?limit=3"), "{paths:?}");
    };
    ci "docs/ci.md" |place| {
        assert!(place.api.requests().iter().any(|request| request.header("authorization").is_some()));
    };
    cognito_setup "docs/cognito-setup.md" |place| {
        let client = std::fs::read_to_string(place.world.project().join("client.json")).unwrap();
        assert!(client.contains("\"ClientId\""), "{client}");
    };
    completion "docs/completion.md" |_| {};
    doctor "docs/doctor.md" |_| {};
    fleets "docs/fleets.md" |place| {
        assert_eq!(place.world.profiles()["profiles"]["ws"]["m2m"]["scope_in_query"].as_bool(), Some(true));
    };
    install "docs/install.md" |_| {};
    mcp "docs/mcp.md" |_| {};
    migrating "docs/migrating.md" |_| {};
    organiser "docs/organiser.md" |place| {
        let left = place.world.home.cogtok(["user", "runs", "-p", "ws", "--json"]).aws().run();
        left.ok().stdout_is("[]\n");
    };
    performance "docs/performance.md" |_| {};
    profiles "docs/profiles.md" |_| {};
    releasing "docs/releasing.md" |_| {};
    scripts "docs/scripts.md" |_| {};
    secrets "docs/secrets.md" |place| {
        assert!(place.world.home.path(".local/share/cogtok/secrets.age").is_file());
    };
    signing_in "docs/signing-in.md" |_| {};
    tokens "docs/tokens.md" |_| {};
    users "docs/users.md" |place| {
        let listed = place.world.home.cogtok(["user", "list", "-p", "ws", "-o", "json"]).aws().run();
        let listed = listed.ok().json();
        let names: Vec<&str> = listed.as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap()).collect();
        assert!(names.contains(&"bob@example.com") && !names.contains(&"alice@example.com"), "{names:?}");
    };
    verify "docs/verify.md" |_| {};
}

/// Were it otherwise, nothing here would show anything.
#[test]
fn a_command_that_fails_is_told_by_its_line() {
    let place = Place::new();
    let text = "false || true\ncogtok profile show nobody\necho not reached\n";
    let marks = |mark: &str| vec![mark.to_owned()];
    let block = |marks| Block { language: "sh".into(), line: 70, text: text.into(), marks };
    let told = whole(&place, &block(marks("before: true"))).unwrap();
    assert!(told.starts_with("70: exit Some(3), expected 0\n") && told.contains("stopped at line 71"), "{told}");
    assert!(told.contains("no profile `nobody`"), "{told}");
    assert_eq!(whole(&place, &block(marks("exit 3"))), None);
    assert!(each(&place, &block(Vec::new())).unwrap().starts_with("71: exit Some(3)"));
}

/// A page with commands that nobody runs, a reason that is none, a mark that means nothing.
#[test]
fn every_block_runs_or_says_why_not() {
    let mut wrong = Vec::new();
    let (mut run, mut left) = (0, 0);
    for page in page::pages() {
        let blocks = page::blocks(&page);
        if blocks.is_empty() {
            continue;
        }
        if !PAGES.contains(&page.as_str()) {
            wrong.push(format!("{page} has commands, and is not among the pages here"));
        }
        for block in blocks {
            let at = format!("{page}:{}", block.line);
            for mark in &block.marks {
                let known = ["not run: ", "run by ", "fresh", "each", "before: ", "stdin: $", "exit "];
                if !known.iter().any(|word| mark.starts_with(word)) {
                    wrong.push(format!("{at}: `{mark}` means nothing"));
                }
            }
            match (block.mark("not run:"), block.mark("run by ")) {
                (Some(reason), _) if reason.split_whitespace().count() < 3 => wrong.push(format!("{at}: `{reason}`")),
                (Some(_), _) => left += 1,
                (None, Some(file)) => {
                    let text = std::fs::read_to_string(page::root().join(file)).unwrap_or_default();
                    if !text.contains(&page) {
                        wrong.push(format!("{at}: {file} does not read {page}"));
                    }
                }
                (None, None) if !["sh", "bash"].contains(&block.language.as_str()) => {
                    wrong.push(format!("{at}: a block in {} neither runs nor says why", block.language));
                }
                (None, None) => run += 1,
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // What is taken out of the run is to be thought about.
    assert!(run >= 45 && left <= 32, "{run} run, {left} do not");
}
