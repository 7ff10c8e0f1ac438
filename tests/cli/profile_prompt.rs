//! `cogtok profile current --prompt`: a shell's prompt knows the profile, and never suffers from it.

use crate::harness::{Home, need};

fn home() -> Home {
    let home = Home::new();
    home.config("default_profile = \"ws\"\n[profiles.ws]\n[profiles.two]\n");
    home
}

#[test]
fn the_profile_in_use_is_printed_and_nothing_where_there_is_none() {
    let home = home();
    let prompt = || home.cogtok(["profile", "current", "--prompt"]);
    prompt().run().ok().quiet().stdout_is("ws\n");
    prompt().env("COGTOK_PROFILE", "two").run().ok().quiet().stdout_is("two\n");
    prompt().args(["-p", "two"]).run().ok().quiet().stdout_is("two\n");
    for name in ["gone", "../x", "a b"] {
        prompt().env("COGTOK_PROFILE", name).run().ok().quiet().stdout_is("");
    }
    for text in ["", "[profiles.ws]\n", "default_profile = \"gone\"\n", "default_profile = 5\n", "x = \n", "\u{0}"] {
        home.config(text);
        home.allow(home.config_file());
        prompt().run().ok().quiet().stdout_is("");
    }
    let empty = Home::new();
    empty.cogtok(["profile", "current", "--prompt"]).run().ok().quiet().stdout_is("");
    assert!(!empty.config_dir().exists(), "looking makes no files");
    let json = empty.cogtok(["profile", "current", "--prompt", "--json"]).run();
    json.code(2).stderr_has("use -o text");
}

#[test]
fn it_asks_local_files_alone() {
    need("strace", "strace");
    let home = home();
    let log = home.path("tmp/calls");
    let strace = ["strace", "-f", "-qq", "-e", "trace=socket,connect,?fork,?vfork,clone,?clone3,?mkdir,mkdirat", "-o"];
    let under = strace.into_iter().chain([log.to_str().unwrap()]);
    home.cogtok(["profile", "current", "--prompt"]).under(under).run().ok().stdout_is("ws\n");
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "");
}

#[test]
fn the_prompts_of_the_documentation_work() {
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/profiles.md")).unwrap();
    let block = |language: &str| {
        let fence = format!("```{language}\n");
        let blocks = docs.split(&fence).skip(1).filter_map(|rest| rest.split("```").next());
        blocks.filter(|block| block.contains("--prompt")).map(String::from).collect::<String>()
    };
    let home = home();
    let dir = crate::harness::binary().parent().unwrap().to_str().unwrap().to_owned();
    let path = format!("{dir}:{}", std::env::var("PATH").unwrap());
    need("bash", "bash");
    let script = format!("{}\nprintf '%s' \"${{PS1@P}}\"", block("bash"));
    let run = |shell: &str, script: &str| home.program(shell, ["-c", script]).env("PATH", &path);
    run("bash", &script).env("COGTOK_PROFILE", "two").run().ok().stdout_has("two");
    let without = run("bash", &script).env("COGTOK_PROFILE", "gone").run();
    without.ok().quiet().check(!without.stdout.contains("gone"), "no profile, no word");
    need("fish", "fish");
    let script = format!("{}\nfish_right_prompt", block("fish"));
    run("fish", &script).run().ok().stdout_has("ws");
    let toml: toml::Table = block("toml").parse().unwrap();
    let custom = &toml["custom"]["cogtok"];
    let command = custom["command"].as_str().unwrap();
    run("sh", command).run().ok().quiet().stdout_is("ws\n");
    assert_eq!(custom["when"].as_bool(), Some(true));
}
