//! The recipes of docs/scripts.md, run as they stand there but for addresses and paths.

use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::shell::path_with_cogtok;
use crate::harness::{Answer, Home, Server, m2m_jwt, need};

/// The recipe in this language.
fn recipe(language: &str) -> &'static str {
    let page = include_str!("../../docs/scripts.md");
    let found = page.split(&format!("\n```{language}\n")).nth(1).and_then(|rest| rest.split("\n```").next());
    found.unwrap_or_else(|| panic!("docs/scripts.md has no block in {language}"))
}

/// A home that has a token of `ws` in its cache, the API that wants it, and that token.
fn prepared() -> (Home, Server, String) {
    let token = m2m_jwt(CLIENT, "api/read api/write");
    let endpoint = Server::always(Answer::token(&token));
    let home = Home::new();
    home.scripted_profile(&endpoint.token_url());
    home.scripted_m2m(&[]).run().ok();
    let wanted = format!("Bearer {token}");
    let api = Server::start(move |request| {
        if request.header("authorization") == Some(&wanted) {
            Answer::new(200, "text/plain", "things")
        } else {
            Answer::new(401, "text/plain", "who are you")
        }
    });
    (home, api, token)
}

fn at(recipe: &str, api: &Server) -> String {
    assert!(recipe.contains("https://api.example.com/"), "{recipe}");
    recipe.replace("https://api.example.com", &api.url())
}

#[test]
fn bash_and_fish() {
    need("curl", "curl");
    let (home, api, token) = prepared();
    for (shell, language) in [("bash", "sh"), ("fish", "fish")] {
        let script = at(recipe(language), &api) + "\nprintf ' [%s]' \"$COGTOK_ACCESS_TOKEN\"\n";
        let hits = api.hits();
        home.shell(shell, &script).run().ok().quiet().stdout_is(&format!("things [{token}]"));
        assert_eq!(api.hits(), hits + 1);
        // Without a token the script stops and says so.
        let lost = home.shell(shell, &script.replace("-p ws", "-p lost")).run();
        lost.check(lost.code != Some(0), "it fails");
        lost.check(!lost.stdout.contains("things"), "nothing was got").stderr_has("no profile `lost`");
    }
}

#[test]
fn a_makefile() {
    need("make", "make");
    let (home, api, token) = prepared();
    let dir = home.allow(home.path("project"));
    std::fs::create_dir(&dir).unwrap();
    let makefile = at(recipe("make"), &api);
    std::fs::write(dir.join("Makefile"), &makefile).unwrap();
    std::fs::write(dir.join("load-test.sh"), "#!/bin/sh\nprintf %s \"$COGTOK_ACCESS_TOKEN\" >seen\n").unwrap();
    std::fs::set_permissions(dir.join("load-test.sh"), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let make = |target: &str| home.program("make", ["-s", target]).env("PATH", path_with_cogtok()).cwd(&dir);
    make("things.json").run().ok().quiet();
    make("load-test").run().ok().quiet();
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
    assert_eq!((read("things.json"), read("seen")), ("things".into(), token));
    std::fs::remove_file(dir.join("things.json")).unwrap();
    std::fs::write(dir.join("Makefile"), makefile.replace("-p ws", "-p lost")).unwrap();
    for target in ["things.json", "load-test"] {
        make(target).run().code(2).stderr_has("no profile `lost`");
    }
}

#[test]
fn a_line_of_cron() {
    let (home, _api, token) = prepared();
    home.cogtok(["cache", "clear"]).run().ok();
    let endpoint = Server::always(Answer::token(&token));
    home.scripted_profile(&endpoint.token_url());
    let identity = home.allow(home.path("identity"));
    home.cogtok(["secret", "init"]).arg(&identity).run().ok();
    let set = home.cogtok(["secret", "set", "m2m-client", "-p", "ws"]).env("COGTOK_SECRET_IDENTITY", &identity);
    set.stdin(SECRET).run().ok();
    let seen = home.allow(home.path("seen"));
    let job =
        home.plant("sync-things", format!("#!/bin/sh\nprintf %s \"$COGTOK_ACCESS_TOKEN\" >'{}'\n", seen.display()));
    std::fs::set_permissions(&job, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let (path, line) = recipe("cron").split_once('\n').unwrap();
    let line = line.splitn(6, ' ').nth(5).unwrap();
    let line = line
        .replace("~/.config/cogtok/identity.txt", identity.to_str().unwrap())
        .replace("/usr/local/bin/sync-things", job.to_str().unwrap())
        .replace(" cogtok ", &format!(" {} ", crate::harness::binary().display()));
    // All that cron gives a job, and where this home is.
    let names = ["HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"];
    let keep = names.map(|name| format!("{name}=\"${name}\"")).join(" ");
    let cron = format!("exec env -i {keep} {path} SHELL=/bin/sh LOGNAME=user /bin/sh -c \"$1\"");
    home.program("sh", ["-c", &cron, "sh", &line]).run().ok().quiet();
    assert_eq!(std::fs::read_to_string(&seen).unwrap(), token);
    assert_eq!(endpoint.hits(), 1);
    let lost = line.replace("-p ws", "-p lost");
    insta::assert_snapshot!(home.program("sh", ["-c", &cron, "sh", &lost]).run().message(), @"
    exit 125
    error: there is no profile `lost`
    hint: the only profile is ws
    ");
}
