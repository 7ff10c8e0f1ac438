//! TAB after `--` of `exec` and `serve`: the shell completes that command as it does without cogtok.

use crate::completion_tab::{SHOW, Way, start};
use crate::harness::Home;

/// A home with a program, and a file for it.
fn home() -> Home {
    let home = Home::new();
    home.config("[profiles.ws]\n");
    let program = home.plant("bin/zz-program", "#!/bin/sh\n");
    std::fs::set_permissions(program, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    home.plant("bin/zz-no-program", "text");
    home.plant("work/zy-notes.txt", "text");
    home
}

#[track_caller]
fn assert_completes(shell: &str, way: Way) {
    let home = home();
    let mut terminal = start(&home, shell, way);
    let dir = home.path("bin");
    terminal.send_line(&match shell {
        "fish" => format!("set --prepend PATH {}", dir.display()),
        _ => format!("PATH=\"{}:$PATH\"", dir.display()),
    });
    terminal.expect("ready> ");
    for (keys, words) in [
        ("cogtok exec -p ws -- zz-p\t", "<-p><ws><--><zz-program>"),
        ("cogtok exec -- zz-program zy-n\t", "<exec><--><zz-program><zy-notes.txt>"),
        ("cogtok exec --renew -- zz-program -x zy-n\t", "<--renew><--><zz-program><-x><zy-notes.txt>"),
        ("cogtok serve -- zz-p\tzy-n\t", "<serve><--><zz-program><zy-notes.txt>"),
        ("cogtok exec -- cogtok tok\tm2m", "<exec><--><cogtok><token><m2m>"),
        ("cogtok exec --as m\t-p ws", "<exec><--as><m2m><-p><ws>"),
    ] {
        terminal.send(keys).send(SHOW).expect(words).expect("ready> ");
    }
    terminal.send_line("exit");
    terminal.wait();
}

#[test]
fn the_command_after_two_dashes_completes_in_bash_with_its_package() {
    assert_completes("bash", Way::Installed);
}

#[test]
fn the_command_after_two_dashes_completes_in_zsh() {
    assert_completes("zsh", Way::Sourced);
    assert_completes("zsh", Way::Installed);
}

#[test]
fn the_command_after_two_dashes_completes_in_fish() {
    assert_completes("fish", Way::Sourced);
}

#[test]
fn bash_without_its_package_completes_programs_and_files() {
    let home = home();
    let mut terminal = start(&home, "bash", Way::Sourced);
    terminal.send_line(&format!("PATH=\"{}:$PATH\"", home.path("bin").display())).expect("ready> ");
    for (keys, words) in [
        ("cogtok exec -p ws -- zz-p\t", "<-p><ws><--><zz-program>"),
        ("cogtok exec -- zz-program zy-n\t", "<exec><--><zz-program><zy-notes.txt>"),
    ] {
        terminal.send(keys).send(SHOW).expect(words).expect("ready> ");
    }
    terminal.send_line("exit");
    terminal.wait();
}

#[test]
fn other_shells_are_offered_programs_and_then_files() {
    let home = home();
    let offered = |words: &[&str]| {
        let run = home.cogtok(["--"]).args(words).env("COGTOK_COMPLETE", "elvish");
        run.env("PATH", home.path("bin")).env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string()).run()
    };
    let programs = offered(&["cogtok", "exec", "--", "zz-"]);
    programs.ok().stdout_has("zz-program");
    programs.check(!programs.stdout.contains("zz-no-program"), "a file that can't be run");
    offered(&["cogtok", "exec", "--", "zz-program", "zy-"]).ok().stdout_has("zy-notes.txt");
    let files = offered(&["cogtok", "exec", "--", "zz-program", "zz-"]);
    files.check(!files.stdout.contains("zz-program"), "a program among files");
}
