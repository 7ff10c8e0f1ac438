//! Root in the home of another user, as `sudo` with HOME kept and containers have it: nothing stays that locks the user out.

use crate::harness::scripted::SECRET;
use crate::harness::{Answer, Home, Run, Server, m2m_jwt, need, scripted};
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};

const USER: u32 = 54_321;

/// Everything below a directory, and itself.
fn all(dir: &Path) -> Vec<PathBuf> {
    let below = std::fs::read_dir(dir).unwrap().flatten().map(|entry| entry.path());
    let below = below.flat_map(|path| if path.is_dir() && !path.is_symlink() { all(&path) } else { vec![path] });
    [dir.to_path_buf()].into_iter().chain(below).collect()
}

/// A home of another user; none where the tests are not root, who alone can make one.
fn another() -> Option<Home> {
    let home = Home::new();
    all(&home.path("")).iter().try_for_each(|path| lchown(path, Some(USER), Some(USER))).ok()?;
    Some(home)
}

fn assert_all_theirs(home: &Home) {
    for path in all(&home.path("")) {
        let owner = path.symlink_metadata().unwrap().uid();
        assert_eq!(owner, USER, "{}", path.display());
    }
}

fn as_the_user(run: Run<'_>) -> Run<'_> {
    need("setpriv", "util-linux");
    run.under(["setpriv", &format!("--reuid={USER}"), &format!("--regid={USER}"), "--clear-groups"])
}

#[test]
fn what_root_leaves_there_is_the_users_and_serves_both() {
    let Some(home) = another() else { return };
    home.canary(SECRET);
    let server = Server::start(|request| match request.operation() {
        Some("AdminCreateUser") => {
            let name = request.json()["Username"].clone();
            let user = serde_json::json!({"User": {"Username": name, "UserStatus": "FORCE_CHANGE_PASSWORD"}});
            Answer::new(200, "application/x-amz-json-1.1", user.to_string())
        }
        Some("AdminSetUserPassword") => Answer::aws_error("AccessDeniedException", "not authorized"),
        Some(other) => panic!("{other} is not asked for"),
        None => Answer::token(&m2m_jwt(scripted::CLIENT, "api/read")),
    });
    let identity = home.path("identity");
    let cogtok = |words: &[&str]| home.cogtok(words).env("COGTOK_SECRET_IDENTITY", &identity);
    home.cogtok(["secret", "init"]).arg(&identity).run().ok();
    let create = ["profile", "create", "ws", "--user-pool-id", "us-east-1_Example01", "--m2m-client-id"];
    let create = cogtok(&create).args([scripted::CLIENT, "--endpoint-url", &server.url()]);
    create.args(["--token-url", &server.token_url(), "--scope", "api/read"]).run().ok();
    cogtok(&["secret", "set", "m2m-client", "-p", "ws"]).stdin(SECRET).run().ok();
    let token = cogtok(&["token", "m2m", "-p", "ws"]).run().ok().line().to_string();
    cogtok(&["token", "m2m", "-p", "ws"]).run().ok().quiet().stdout_is(&format!("{token}\n"));
    let user = cogtok(&["user", "create", "a@example.com", "-p", "ws"]).aws().run();
    user.code(10).stderr_has("--resume");
    assert_all_theirs(&home);

    // Root finds again what it left there, and so does the user.
    let list = cogtok(&["user", "runs", "--json"]).run().ok().quiet().json();
    assert_eq!(list[0]["username"], "a@example.com");
    let hits = server.hits();
    as_the_user(cogtok(&["token", "m2m", "-p", "ws"])).run().ok().quiet().stdout_is(&format!("{token}\n"));
    assert_eq!(server.hits(), hits);
    as_the_user(cogtok(&["secret", "set", "m2m-client", "-p", "ws"])).stdin(SECRET).run().ok().stderr_lacks("warning");
    as_the_user(cogtok(&["profile", "set", "ws", "region", "us-east-1"])).run().ok();
    as_the_user(cogtok(&["user", "runs"])).run().ok().stdout_has("a@example.com");
    let run = list[0]["run"].as_str().unwrap();
    as_the_user(cogtok(&["user", "runs", "forget", run, "--yes"])).run().ok();
    as_the_user(cogtok(&["token", "m2m", "-p", "ws", "--force-refresh"])).run().ok();
    cogtok(&["cache", "clear"]).run().ok();
    assert_all_theirs(&home);
}

#[test]
fn where_nothing_can_be_given_to_the_user_nothing_is_left() {
    let Some(home) = another() else { return };
    need("setpriv", "util-linux");
    let powerless = |run: Run<'_>| run.under(["setpriv", "--bounding-set=-chown", "--inh-caps=-chown"]).run();
    let create = ["profile", "create", "ws", "--user-pool-id", "us-east-1_Example01", "--client-id", "web"];
    let output = powerless(home.cogtok(create));
    output.code(7).stderr_has(&format!("user {USER}")).stderr_has("run cogtok as that user");
    assert_all_theirs(&home);
    let server = Server::always(Answer::token(&m2m_jwt(scripted::CLIENT, "api/read api/write")));
    let plain = Home::new();
    plain.scripted_profile(&server.token_url());
    let config = plain.config_file();
    let output = powerless(home.scripted_m2m(&["--config", config.to_str().unwrap()]));
    output.ok().stderr_has("can't be cached").stderr_has("run cogtok as that user");
    assert_all_theirs(&home);
}

#[test]
fn what_root_writes_where_a_person_says_is_the_users_too() {
    let Some(home) = another() else { return };
    home.canary(SECRET);
    let server = Server::always(Answer::token(&m2m_jwt(scripted::CLIENT, "api/read api/write")));
    home.scripted_profile(&server.token_url());
    for (key, value) in [("user_pool_id", "us-east-1_Example01"), ("user.client_id", "web")] {
        home.cogtok(["profile", "set", "ws", key, value]).run().ok();
    }
    all(&home.path("")).iter().try_for_each(|path| lchown(path, Some(USER), Some(USER))).unwrap();
    let written = |name: &str| home.allow(home.path(name)).to_str().unwrap().to_owned();
    let theirs = |name: &str, text: &str| {
        let path = home.plant(name, text);
        lchown(&path, Some(USER), Some(USER)).unwrap();
        home.allow(path).to_str().unwrap().to_owned()
    };
    let [token, env, plain, cards, folder] = ["token", "token.env", "ws.toml", "cards.html", "seats"].map(written);
    let seats = theirs("seats.csv", "username,password\nann,Ann-Horse-7-Battery\nbob,Bob-Horse-7-Battery\n");
    // Once where there is nothing yet, and once over what is there.
    for force in [&[][..], &["--force"]] {
        home.scripted_m2m(&["--output-file", &token]).run().ok();
        home.scripted_m2m(&["--export=dotenv", "--output-file", &env]).run().ok();
        home.cogtok(["profile", "export", "ws", "--output-file", &plain]).args(force).run().ok();
        let class = ["profile", "export", "ws", "--seats", &seats, "--output-dir", &folder, "--cards", &cards];
        home.cogtok(class).args(force).run().ok().stderr_has("2 files are in");
        assert_all_theirs(&home);
    }
    as_the_user(home.program("cat", [&token, &plain, &cards])).run().ok().stdout_has("eyJ").stdout_has("[profiles.ws");

    // The configurations of MCP clients, with and without a file before.
    let clients = [
        ("cursor", ".cursor/mcp.json", "{}"),
        ("codex", ".codex/config.toml", ""),
        ("gemini", ".gemini/settings.json", "{}"),
        ("claude-code", ".claude.json", "{}"),
    ];
    for (client, file, empty) in clients {
        let install = [
            "mcp",
            "install",
            "https://gateway.example.com/mcp",
            "--client",
            client,
            "-p",
            "ws",
            "--as",
            "m2m",
            "--edit-file",
        ];
        written(file);
        written(&format!("{file}.before-cogtok"));
        if let (dir, true) = (home.path(file).parent().unwrap(), file.contains('/')) {
            home.allow(dir);
        }
        home.cogtok(install).run().ok();
        assert_all_theirs(&home);
        std::fs::remove_file(home.path(file)).unwrap();
        theirs(file, empty);
        home.cogtok(install).run().ok().stderr_has(".before-cogtok");
        assert_all_theirs(&home);
        as_the_user(home.program("cat", [home.path(file)])).run().ok().stdout_has("mcp-proxy");
    }
}

#[test]
fn a_home_that_is_closed_to_the_user_is_needed_for_nothing_that_variables_say() {
    // Of root, for root alone, where the tests are root.
    let home = Home::new();
    if another().is_none() {
        return;
    }
    home.canary(SECRET);
    home.config("version = 1\n[profiles.ws]\nregion = \"us-east-1\"\n");
    let server = Server::always(Answer::token(&m2m_jwt(scripted::CLIENT, "api/read")));
    let run = |words: &[&str]| {
        let run = home.cogtok(words).env("COGTOK_M2M_CLIENT_ID", scripted::CLIENT).env("COGTOK_SCOPES", "api/read");
        let run = ["CONFIG", "CACHE", "STATE", "DATA"]
            .iter()
            .fold(run, |run, name| run.env_remove(format!("XDG_{name}_HOME")));
        as_the_user(run.env("COGTOK_M2M_CLIENT_SECRET", SECRET).aws())
    };
    let token_url = server.token_url();
    let output = run(&["token", "m2m"]).env("COGTOK_TOKEN_URL", &token_url).run();
    output.ok().stderr_has("XDG_CACHE_HOME").stderr_lacks("config.toml").line();
    // What is missing may be there where it can't be read.
    insta::assert_snapshot!(run(&["token", "m2m"]).run().message(), @"
    exit 7
    error: [home]/.config/cogtok/config.toml can't be read: Permission denied (os error 13)
    hint: HOME belongs to another user: set XDG_CONFIG_HOME to a directory of your own, or HOME to your home
    hint: without that configuration, no profile is chosen, and `m2m.token_url` is not set
    ");
    for words in [
        &["token", "user"][..],
        &["header"],
        &["logout"],
        &["login"],
        &["user", "list"],
        &["group", "list"],
        &["secret", "status"],
        &["profile", "set", "region", "us-east-1"],
        &["profile", "show"],
        &["call", "http", "api/things"],
        &["mcp-proxy", "tools"],
    ] {
        let output = run(words).env_remove("COGTOK_M2M_CLIENT_ID").run();
        let message = output.code(7).message();
        assert!(message.contains("\nerror: [home]/.config/cogtok/config.toml can't be read: "), "{words:?}: {message}");
        assert!(message.contains("\nhint: HOME belongs to another user: set XDG_CONFIG_HOME"), "{words:?}: {message}");
    }
    insta::assert_snapshot!(run(&["token", "m2m", "-p", "ws"]).run().message(), @"
    exit 7
    error: [home]/.config/cogtok/config.toml can't be read: Permission denied (os error 13) (profile `ws`)
    hint: HOME belongs to another user: set XDG_CONFIG_HOME to a directory of your own, or HOME to your home
    ");
    insta::assert_snapshot!(run(&["profile", "list"]).run().message(), @"
    exit 7
    error: [home]/.config/cogtok/config.toml can't be read: Permission denied (os error 13)
    hint: HOME belongs to another user: set XDG_CONFIG_HOME to a directory of your own, or HOME to your home
    ");
    insta::assert_snapshot!(run(&["profile", "create", "x", "--client-id", "c"]).run().message(), @"
    exit 7
    error: [home]/.config/cogtok/config.toml can't be read: Permission denied (os error 13)
    hint: HOME belongs to another user: set XDG_CONFIG_HOME to a directory of your own, or HOME to your home
    ");
    let before = server.hits();
    let create = run(&["user", "create", "--endpoint-url", &server.url()]);
    insta::assert_snapshot!(create.env("COGTOK_USER_POOL_ID", "us-east-1_Example01").run().message(), @"
    exit 7
    error: the journal of new users in [home]/.local/state/cogtok/journal can't be used: Permission denied (os error 13)
    hint: set XDG_STATE_HOME to a directory of your own
    ");
    assert_eq!(server.hits(), before);
    // What can't be looked at is not nothing.
    home.plant(".local/state/cogtok/x", "x");
    std::fs::set_permissions(home.path(".local/state/cogtok"), Permissions::from_mode(0o700)).unwrap();
    for words in [&["user", "runs"][..], &["user", "runs", "-o", "json"]] {
        let output = run(words).run();
        output.code(7).stderr_has(".local/state/cogtok/journal").stderr_has("Permission denied");
    }
    let closed = home.path("closed");
    home.plant("closed/class.toml", "x");
    std::fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
    let class = closed.join("class.toml").to_str().unwrap().to_owned();
    let config = home.allow(home.path("tmp/none.toml"));
    let import = run(&["profile", "import", &class]).env("COGTOK_CONFIG", config).run();
    import.code(2).stderr_has("class.toml can't be read: Permission denied").stderr_lacks("no file");
    // It may be a name in AWS, where nobody is asked unless a person says so.
    let name = closed.join("config").to_str().unwrap().to_owned();
    let import = run(&["profile", "import", &name]).env("COGTOK_CONFIG", home.path("tmp/none.toml")).run();
    import
        .code(2)
        .stderr_has("config can't be read: Permission denied")
        .stderr_has("`--from ssm` looks for a parameter");
}

#[test]
fn what_root_left_before_is_told_with_the_command_that_gives_it_back() {
    let Some(home) = another() else { return };
    home.config("version = 1\ndefault_profile = \"ws\"\n[profiles.ws]\nregion = \"us-east-1\"\n");
    let (dir, file) = (home.config_dir(), home.config_file());
    let give = |path: &Path, owner| lchown(path, Some(owner), Some(owner)).unwrap();
    give(&home.path(".config"), USER);
    for (what, is_dir_theirs) in [(&dir, false), (&file, true)] {
        give(&dir, if is_dir_theirs { USER } else { 0 });
        give(&file, 0);
        for words in [&["profile", "list"][..], &["token", "m2m"]] {
            let output = as_the_user(home.cogtok(words)).run();
            output.code(7).stderr_has("can't be read").stderr_lacks("HOME belongs to another user");
            output.stderr_has(&format!(
                "user 0 created it, perhaps with `sudo`: sudo chown -R \"$USER\" {}",
                what.display()
            ));
        }
    }
}

#[test]
fn a_home_that_can_not_be_entered_is_told_with_the_variable_for_each_folder() {
    if another().is_none() {
        return;
    }
    let answer = crate::harness::challenges::signed_in().1;
    let server =
        Server::always(answer.map_json(|body| body["AuthenticationResult"]["RefreshToken"] = "r".repeat(40).into()));
    let home = Home::new();
    std::fs::set_permissions(home.path(""), Permissions::from_mode(0o700)).unwrap();
    let settings = [
        ("COGTOK_USER_POOL_ID", "us-east-1_Example01"),
        ("COGTOK_CLIENT_ID", "1example23456789abcdefghij"),
        ("COGTOK_USERNAME", "bob"),
        ("COGTOK_AUTH_FLOW", "password"),
        ("COGTOK_PASSWORD", "Bob-Horse-7-Battery"),
    ];
    let run = |words: &[&str]| {
        let run = settings.iter().fold(home.cogtok(words), |run, (name, value)| run.env(name, value));
        as_the_user(run.args(["--endpoint-url", &server.url()])).cwd("/").run()
    };
    let output = run(&["token", "user"]);
    output.ok();
    for (folder, variable) in [("cache", "XDG_CACHE_HOME"), ("state", "XDG_STATE_HOME"), ("data", "XDG_DATA_HOME")] {
        output.check(
            output.stderr.lines().any(|line| line.ends_with(&format!("; {variable} names another place"))),
            folder,
        );
    }
    run(&["cache", "list"]).code(7).stderr_has("XDG_CACHE_HOME names another place");
}

#[test]
fn in_a_directory_of_another_user_root_takes_nothing_and_gives_nothing() {
    if another().is_none() {
        return;
    }
    let (home, server) = crate::harness::scripted::issuing_another_each_time();
    let give = |dir: &Path| all(dir).iter().for_each(|path| lchown(path, Some(USER), Some(USER)).unwrap());
    home.scripted_m2m(&[]).run().ok();
    home.allow(home.cache_dir());
    give(&home.cache_dir());
    let file = home.cache_files().into_keys().find(|path| path.extension().unwrap() == "json").unwrap();
    let before = server.hits();
    let output = home.scripted_m2m(&[]).run();
    output.ok().stderr_has("warning: the cached token in ").stderr_has("it belongs to another user");
    assert_eq!((server.hits(), file.metadata().unwrap().uid()), (before + 1, 0));
    home.scripted_m2m(&[]).run().ok().quiet().stdout_is(&output.stdout);
    // What they can read anyway stays theirs.
    let config = home.config_file();
    lchown(&config, Some(USER), Some(USER)).unwrap();
    home.cogtok(["profile", "set", "ws", "region", "eu-west-1"]).run().ok();
    assert_eq!(config.metadata().unwrap().uid(), USER);
    let out = home.plant("theirs/note", "x");
    give(out.parent().unwrap());
    let token = home.allow(out.with_file_name("token"));
    home.scripted_m2m(&["--output-file", token.to_str().unwrap()]).run().ok();
    assert_eq!(token.metadata().unwrap().uid(), 0);
}
