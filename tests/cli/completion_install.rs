//! `cogtok completions SHELL --install`: the script where the shell looks for it.

use crate::cache_faults::read_only;
use crate::harness::Home;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const SHELLS: [(&str, &str); 3] = [
    ("bash", "bash-completion/completions/cogtok"),
    ("zsh", "zsh/site-functions/_cogtok"),
    ("fish", "fish/completions/cogtok.fish"),
];

/// Where each shell looks beneath a home without XDG variables; docs/completion.md says the same.
fn usual(shell: &str) -> &'static str {
    if shell == "fish" { ".config" } else { ".local/share" }
}

#[test]
fn the_script_is_put_where_the_shell_looks_and_again_without_harm() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/completion.md")).unwrap();
    for (shell, name) in SHELLS {
        let documented = format!("`~/{}/{name}`", usual(shell));
        assert!(page.contains(&documented), "docs/completion.md does not name {documented}");
        for (data, config, base) in [
            (None, None, usual(shell)),
            (Some("data"), Some("conf"), if shell == "fish" { "conf" } else { "data" }),
            (Some("./data"), Some("conf/../.."), usual(shell)),
        ] {
            let home = Home::new();
            let script = home.cogtok(["completions", shell]).run().ok().stdout.clone();
            let install = || {
                let mut run = home.cogtok(["completions", shell, "--install"]);
                for (variable, value) in [("XDG_DATA_HOME", data), ("XDG_CONFIG_HOME", config)] {
                    run = match value {
                        None => run.env_remove(variable),
                        Some(value) if value.contains('.') => run.env(variable, value),
                        Some(value) => run.env(variable, home.path(value)),
                    };
                }
                run.run()
            };
            let path = home.path(base).join(name);
            for _ in 0..2 {
                let output = install();
                output.ok().stdout_is("").stderr_has(&format!("the script is in {}\n", path.display()));
                assert_eq!(std::fs::read_to_string(&path).unwrap(), script, "{shell}");
                assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
                let neighbours = std::fs::read_dir(path.parent().unwrap()).unwrap().count();
                output.check(neighbours == 1, "nothing is left beside the script");
            }
            std::fs::write(&path, "of an older version").unwrap();
            install().ok();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), script, "{shell}");
        }
    }
}

#[test]
fn install_says_where_the_script_is_and_what_to_do_next() {
    let home = Home::new();
    let install = |shell: &str| home.cogtok(["completions", shell, "--install"]);
    install("bash").run().ok().stderr_has("hint: ").stderr_has("bash-completion");
    install("fish").run().ok().stderr_has("hint: open a new shell");
    for dir in ["data", "data of mine"] {
        let zsh = install("zsh").env("XDG_DATA_HOME", home.path(dir)).run();
        let line = zsh.ok().stderr.split("in ~/.zshrc: ").nth(1).expect("a line for ~/.zshrc");
        let script = format!("{line}; print -r -- $functions[_cogtok] $_comps[cogtok]");
        home.shell("zsh", &script).run().ok().stdout_has("builtin autoload").stdout_has(" _cogtok");
    }
    install("bash").arg("--quiet").run().ok().quiet().stdout_is("");
}

#[test]
fn a_shell_that_has_no_place_for_scripts_or_is_none_is_a_usage_error() {
    let home = Home::new();
    let install = |shell: &str| home.cogtok(["completions", shell, "--install"]).run();
    install("powershell").code(2).stderr_has("hint: add to $PROFILE: cogtok completions powershell | ");
    install("elvish").code(2).stderr_has("hint: add to rc.elv: eval (cogtok completions elvish | slurp)");
    install("fsh").code(2).stderr_has("did you mean `fish`?");
    insta::assert_snapshot!(home.cogtok(["completions"]).run().message(), @"
    exit 2
    error: `completions` needs <SHELL>
    hint: usage: cogtok completions <SHELL>
    hint: see `cogtok completions --help`
    ");
    assert!(!home.path(".local").exists() && !home.path(".config").exists());
}

#[test]
fn a_place_that_cannot_be_written_is_exit_7_and_no_place_says_what_to_set() {
    let home = Home::new();
    for (shell, name) in SHELLS {
        let occupied = home.plant(format!("{}/{}", usual(shell), name.split('/').next().unwrap()), "a file");
        let install = || home.cogtok(["completions", shell, "--install"]);
        install().run().code(7).stderr_has("can't be written: Not a directory").stderr_has(name);
        assert_eq!(std::fs::read_to_string(occupied).unwrap(), "a file");
        let homeless = install().env_remove("XDG_DATA_HOME").env_remove("XDG_CONFIG_HOME").env("HOME", "relative");
        homeless.run().code(7).stderr_has("there is no home directory to install to").stderr_has("set HOME");
    }
}

#[test]
fn a_home_that_can_not_be_written_to_leads_to_another_place() {
    let home = Home::new();
    let dir = home.path("");
    let install = read_only(home.cogtok(["completions", "bash", "--install"]), &dir).run();
    install.code(7).stderr_has("Read-only file system").stderr_has("what `cogtok completions bash` prints");
    let file = home.path("identity.txt");
    let init = read_only(home.cogtok(["secret", "init"]).arg(&file), &dir).run();
    init.code(7)
        .stderr_has("identity.txt can't be written")
        .stderr_has("name a file where you can write: cogtok secret");
    // A file in the place of the home directory.
    let no_home = home.plant("a-file", "x");
    let create = home.cogtok(["profile", "create", "ws", "--client-id", "web"]).env("HOME", &no_home);
    let create = create.env_remove("XDG_CONFIG_HOME").env_remove("XDG_STATE_HOME").env_remove("XDG_DATA_HOME").run();
    create.code(7).stderr_has("config.toml can't be written: ");
    create.stderr_has("name another file with `--config FILE`, or another place with XDG_CONFIG_HOME");
}
