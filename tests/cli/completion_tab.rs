//! TAB as it is pressed: in bash, zsh and fish on a terminal, with the script where docs/completion.md says.

use crate::harness::Home;
use crate::harness::pty::Pty;
use std::path::Path;

/// To the beginning of the line, so that what was completed becomes the arguments of a command that shows them.
pub const SHOW: &str = "\u{1}printf '<%s>' \r";

/// Takes the line back.
pub const CLEAR: &str = "\u{15}";

/// A description that is harmless unless somebody obeys or passes it on.
const HOSTILE: &str = r#"Tuesday's: $(touch $HOME/ran) `touch $HOME/ran` %F{red} \\e[1m \u001b]0;owned\u0007"#;

/// How the shell gets the script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As the table in docs/completion.md says.
    Sourced,
    /// With `--install`, and what it says to do next.
    Installed,
}

fn home() -> Home {
    let home = Home::new();
    home.config(&format!(
        "[profiles.workshop]\ndescription = \"{HOSTILE}\"\nuser_pool_id = \"us-east-1_AbCdEfGhI\"\n\
         [profiles.workbench]\nuser_pool_id = \"us-east-1_Bench\"\n[profiles.other]\n[profiles.other.m2m]\nscopes = [\"a:b/read\", \"a:b/write\"]\n\
         [profiles.other.user]\nusername = \"t+1@example.com\"\n"
    ));
    home
}

/// What docs/completion.md tells to put into the shell's start-up file.
fn documented(shell: &str) -> String {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/completion.md")).unwrap();
    let row = page.lines().find(|line| line.starts_with(&format!("| {shell} |"))).expect("a row of the table");
    row.split('`').nth(1).expect("code").replace("\\|", "|")
}

/// The shell on a terminal, its start-up file written for this way; the machine's own files are not read.
pub fn start<'h>(home: &'h Home, shell: &str, way: Way) -> Pty<'h> {
    let mut lines = match way {
        Way::Sourced => documented(shell),
        Way::Installed => {
            let installed = home.cogtok(["completions", shell, "--install"]).run();
            let hint = installed.ok().stderr.split("hint: ").nth(1).expect("what to do next");
            hint.strip_prefix("in ~/.zshrc: ").unwrap_or_default().to_string()
        }
    };
    let args: &[&str] = match shell {
        "bash" => {
            if way == Way::Installed {
                let loader = "/usr/share/bash-completion/bash_completion";
                assert!(Path::new(loader).is_file(), "{loader} is missing: apt-get install bash-completion");
                lines = format!("source {loader}");
            }
            home.plant(".bashrc", format!("{lines}\nPS1='ready> '\n"));
            &["--noprofile", "-i"]
        }
        "zsh" => {
            if way == Way::Sourced {
                lines = format!("autoload -U compinit; compinit\n{lines}");
            }
            home.plant(".zshrc", format!("{lines}\nPS1='ready> '\n"));
            &["-d", "-i"]
        }
        _ => {
            home.plant(".config/fish/config.fish", format!("{lines}\nfunction fish_prompt; echo 'ready> '; end\n"));
            &["-i"]
        }
    };
    crate::harness::need(shell, shell);
    let mut terminal = home.program(shell, args).env("PATH", crate::harness::shell::path_with_cogtok()).pty();
    terminal.expect("ready> ");
    terminal
}

#[track_caller]
fn assert_completes(shell: &str, way: Way) {
    let home = home();
    let mut terminal = start(&home, shell, way);
    for (keys, words) in [
        ("cogtok tok\tm2m", "<cogtok><token><m2m>"),
        ("cogtok token m2m -p o\t", "<cogtok><token><m2m><-p><other>"),
        ("cogtok token m2m --profile works\t", "<cogtok><token><m2m><--profile><workshop>"),
        ("cogtok token m2m -p w\tb\t", "<cogtok><token><m2m><-p><workbench>"),
        ("cogtok secret set m2\t", "<cogtok><secret><set><m2m-client>"),
        ("cogtok profile set other m2m.tok\t", "<cogtok><profile><set><other><m2m.token_url>"),
        ("cogtok token user --auth-f\ts\t", "<cogtok><token><user><--auth-flow><srp>"),
        ("cogtok completions po\t", "<cogtok><completions><powershell>"),
        ("cogtok token m2m --profile=o\t", "<cogtok><token><m2m><--profile=other>"),
        ("cogtok token m2m --profile=o\t--json", "<cogtok><token><m2m><--profile=other><--json>"),
        ("cogtok token m2m -p other --export=js\t", "<cogtok><token><m2m><-p><other><--export=json>"),
        ("cogtok --profile=other profile set other user.auth_flow us\t", "<other><user.auth_flow><user-auth>"),
        ("cogtok user list --region eu-central-2\t", "<--region><eu-central-2>"),
        ("cogtok token m2m -p other --scope a:b/r\t", "<--scope><a:b/read>"),
        ("cogtok token m2m --profile=other --scope=a:b/w\t", "<--profile=other><--scope=a:b/write>"),
        ("cogtok token user -p other --username t\t", "<--username><t+1@example.com>"),
        ("cogtok token user -p other --username t+1@\t", "<--username><t+1@example.com>"),
        ("cogtok token user -p other --username t+1@ex\t--json", "<--username><t+1@example.com><--json>"),
        ("cogtok token user -p other --username=t+1@ex\t--json", "<--username=t+1@example.com><--json>"),
    ] {
        terminal.send(keys).send(SHOW).expect(words).expect("ready> ");
    }
    terminal.send_line("exit");
    terminal.wait();
}

#[test]
fn tab_completes_in_bash_with_the_script_alone() {
    assert_completes("bash", Way::Sourced);
}

#[test]
fn tab_completes_in_bash_with_the_script_installed() {
    assert_completes("bash", Way::Installed);
}

#[test]
fn tab_completes_in_zsh_with_the_script_sourced() {
    assert_completes("zsh", Way::Sourced);
}

#[test]
fn tab_completes_in_zsh_with_the_script_installed() {
    assert_completes("zsh", Way::Installed);
}

#[test]
fn tab_completes_in_fish_with_the_script_sourced() {
    assert_completes("fish", Way::Sourced);
}

#[test]
fn tab_completes_in_fish_with_the_script_installed() {
    assert_completes("fish", Way::Installed);
}

#[test]
fn tab_lists_what_there_is_to_choose_from_and_obeys_no_description() {
    for shell in ["bash", "zsh", "fish"] {
        let home = home();
        let mut terminal = start(&home, shell, Way::Sourced);
        // bash wants it twice before it lists, and the others once.
        terminal.send("cogtok token user --auth-flow \t\t").expect("srp").expect("password");
        terminal.send(CLEAR).send("cogtok profile show work\t\t").expect("bench").expect("shop");
        if shell != "bash" {
            terminal.expect("Tuesday's: $(touch $HOME/ran) `touch $HOME/ran` %F{red}");
        }
        terminal.send(CLEAR).send("all shown").send(SHOW).expect("<all><shown>").send_line("exit");
        let session = terminal.wait();
        assert!(!session.text.contains("\u{1b}]0;owned"), "{shell}: {session:?}");
        assert!(!home.path("ran").exists(), "{shell} obeyed a description");
    }
}

#[test]
fn tab_is_silent_where_the_configuration_is_broken() {
    for shell in ["bash", "zsh", "fish"] {
        let home = Home::new();
        home.allow(home.config("[profiles.workshop\n"));
        let mut terminal = start(&home, shell, Way::Sourced);
        terminal.send("cogtok token m2m -p w\t").send(SHOW).expect("<cogtok><token><m2m><-p><w>");
        terminal.send("cogtok tok\tm2m").send(SHOW).expect("<cogtok><token><m2m>").send_line("exit");
        let session = terminal.wait();
        assert!(!session.text.contains("error"), "{shell}: {session:?}");
    }
}
