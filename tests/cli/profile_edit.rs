//! `cogtok profile edit`: a private copy in an editor, checked before it takes the place of the configuration, and nothing
//! that was written in it lost.

use crate::harness::{Home, Output, Run};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

const BEFORE: &str = "# mine\ndefault_profile = \"ws\"\n\n[profiles.ws]\nregion = \"us-east-1\" # here\n";

fn home() -> Home {
    let home = Home::new();
    home.config(BEFORE);
    home
}

fn file(home: &Home) -> String {
    std::fs::read_to_string(home.config_file()).unwrap()
}

/// An editor that runs this script, with the file as `$1`.
fn editor(home: &Home, script: &str) -> String {
    let path = home.plant("bin/editor", format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).unwrap();
    path.to_str().unwrap().to_owned()
}

fn edit<'h>(home: &'h Home, script: &str) -> Run<'h> {
    home.cogtok(["profile", "edit"]).env("EDITOR", editor(home, script))
}

/// The copies that are left.
fn copies(home: &Home) -> Vec<PathBuf> {
    let dirs = std::fs::read_dir(home.path("tmp")).unwrap().map(|entry| entry.unwrap().path());
    dirs.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("cogtok-edit-"))
        .map(|dir| dir.join("config.toml"))
        .collect()
}

/// The one copy that is left, which the message names.
fn kept(home: &Home, output: &Output) -> String {
    let copies = copies(home);
    assert_eq!(copies.len(), 1, "{}", output.describe());
    output.stderr_has(copies[0].to_str().unwrap());
    let text = std::fs::read_to_string(&copies[0]).unwrap();
    std::fs::remove_dir_all(copies[0].parent().unwrap()).unwrap();
    text
}

#[test]
fn what_was_edited_takes_the_place_of_the_file() {
    let home = home();
    let modes = home.path("tmp/modes");
    let script = format!("stat -c %a \"$1\" \"${{1%/*}}\" > {}; sed -i s/us-east-1/eu-west-1/ \"$1\"", modes.display());
    let output = edit(&home, &script).run();
    output.ok().stdout_is("").stderr_has(&format!("{} is changed", home.config_file().display()));
    assert_eq!(file(&home), BEFORE.replace("us-east-1", "eu-west-1"));
    assert_eq!(std::fs::read_to_string(&modes).unwrap(), "600\n700\n");
    assert_eq!(copies(&home), Vec::<PathBuf>::new());
    let inode = std::fs::metadata(home.config_file()).unwrap().ino();
    edit(&home, "touch \"$1\"").run().ok().stderr_has("nothing was changed");
    assert_eq!(std::fs::metadata(home.config_file()).unwrap().ino(), inode);
    assert_eq!(copies(&home), Vec::<PathBuf>::new());
    // An editor may put a new file in the place of the old one.
    edit(&home, "echo '# added' | cat \"$1\" - > \"$1.new\"; mv \"$1.new\" \"$1\"").run().ok();
    assert!(file(&home).ends_with("# added\n"));
}

#[test]
fn visual_wins_over_editor_both_are_words_and_none_is_run_from_here() {
    let home = home();
    let marks = home.path("tmp/marks");
    let path = editor(&home, &format!("echo \"$@\" >> {}", marks.display()));
    let run = |visual: &str, other: &str| home.cogtok(["profile", "edit"]).env("VISUAL", visual).env("EDITOR", other);
    run(&format!("{path} --wait 'a b'"), "false").run().ok();
    let said = std::fs::read_to_string(&marks).unwrap();
    assert!(said.starts_with("--wait a b /") && said.ends_with("/config.toml\n"), "{said}");
    run("", &path).run().ok();
    for editor in ["no-such-editor", "./editor", "'unclosed", ""] {
        let output = run(editor, editor).cwd(home.path("bin")).run();
        output.code(if editor.is_empty() { 5 } else { 2 }).stderr_has("VISUAL").stdout_is("");
    }
    assert_eq!(std::fs::read_to_string(&marks).unwrap().lines().count(), 2);
    assert_eq!(file(&home), BEFORE);
}

#[test]
fn the_editor_gets_none_of_our_secrets() {
    let home = home();
    let seen = home.path("tmp/seen");
    let secrets = ["COGTOK_PASSWORD", "COGTOK_M2M_CLIENT_SECRET", "COGTOK_PASSPHRASE", "COGNITO_PASSWORD"];
    let run = edit(&home, &format!("env > {}", seen.display())).canary("canary-in-the-environment");
    secrets.iter().fold(run, |run, name| run.env(name, "canary-in-the-environment")).run().ok();
    let seen = std::fs::read_to_string(seen).unwrap();
    assert!(seen.contains("EDITOR=") && !seen.contains("COGTOK_P") && !seen.contains("COGNITO_P"), "{seen}");
}

#[test]
fn a_mistake_is_told_with_its_place_and_what_was_written_is_kept() {
    let home = home();
    for (line, place, message) in [
        ("broken = ", "6:10", "not valid TOML"),
        ("regoin = \"x\"", "6:1", "`regoin` is not a known key (profile `ws`); did you mean `region`?"),
        (
            "user_pool_id = \"nounderscore\"",
            "6:16",
            "`user_pool_id` is not a user pool id: one looks like us-east-1_AbCdEfGhI",
        ),
        ("aws_profile = 5", "6:15", "`aws_profile` is not a string"),
        ("[profiles.ws]", "6:11", "not valid TOML"),
    ] {
        let output = edit(&home, &format!("echo '{line}' >> \"$1\"")).run();
        output.code(3).stderr_has(&format!("config.toml:{place}: {message}")).stderr_has("hint: what you wrote is in ");
        assert_eq!(kept(&home, &output), format!("{BEFORE}{line}\n"));
        assert_eq!(file(&home), BEFORE);
    }
    // What somebody typed is theirs to keep, in a copy that nobody else can read.
    home.allow(home.path("tmp"));
    home.canary("hunter2hunter2");
    let mut run = edit(&home, "echo \"m2m.client_secret = '$(echo uhagre2uhagre2 | tr a-z n-za-m)'\" >> \"$1\"").run();
    run.code(3).stderr_has("`m2m.client_secret` is a secret").stderr_has("cogtok secret set");
    std::fs::remove_dir_all(copies(&home)[0].parent().unwrap()).unwrap();
    run = edit(&home, ": > \"$1\"").run();
    run.code(3).stderr_has("the file is empty");
    assert_eq!((kept(&home, &run).as_str(), file(&home).as_str()), ("", BEFORE));
    let many = (0..50).map(|n| format!("echo 'odd{n} = 1' >> \"$1\"")).collect::<Vec<_>>().join("\n");
    run = edit(&home, &many).run();
    run.code(3).stderr_has("and 46 more");
}

#[test]
fn what_was_written_outlives_an_answer_that_is_none() {
    let home = home();
    for (answer, code) in [(&b"\xff\n"[..], 3), (b"\x03", 130)] {
        let mut terminal = edit(&home, "echo 'regoin = \"x\"' >> \"$1\"").pty();
        terminal.expect("Edit it again? [y/N]").send(answer);
        let session = terminal.wait();
        assert_eq!((session.code, file(&home).as_str()), (Some(code), BEFORE), "{}", session.text);
        let copies = copies(&home);
        assert_eq!(copies.len(), 1, "{}", session.text);
        let told = format!("what you wrote is in {}", copies[0].display());
        assert!(session.text.contains(&told), "{}", session.text);
        std::fs::remove_dir_all(copies[0].parent().unwrap()).unwrap();
    }
}

#[test]
fn at_a_terminal_it_can_be_edited_again() {
    let home = home();
    let script = "if grep -q regoin \"$1\"; then sed -i s/regoin/domain/ \"$1\"; else echo 'regoin = \"https://d.example\"' >> \"$1\"; fi";
    let mut terminal = edit(&home, script).pty();
    terminal.expect("`regoin` is not a known key").expect("Edit it again? [y/N]").send_line("y");
    let session = terminal.wait();
    assert_eq!(session.code, Some(0), "{}", session.text);
    assert_eq!(file(&home), format!("{BEFORE}domain = \"https://d.example\"\n"));
    home.config(BEFORE);
    let mut terminal = edit(&home, script).pty();
    terminal.expect("Edit it again? [y/N]").send_line("");
    let session = terminal.wait();
    assert_eq!((session.code, file(&home).as_str()), (Some(3), BEFORE), "{}", session.text);
    assert!(session.text.contains("what you wrote is in /"), "{}", session.text);
    assert_eq!(copies(&home).len(), 1);
    let session = edit(&home, script).arg("--no-input").pty().wait();
    assert_eq!(session.code, Some(3), "{}", session.text);
}

#[test]
fn ctrl_c_is_the_editors_while_it_runs() {
    let home = home();
    let mut terminal = edit(&home, "trap : INT; kill -INT 0; sed -i s/us-east-1/eu-west-1/ \"$1\"; echo done").pty();
    terminal.expect("done");
    let session = terminal.wait();
    assert_eq!(session.code, Some(0), "{}", session.text);
    assert_eq!(file(&home), BEFORE.replace("us-east-1", "eu-west-1"));
}

#[test]
fn a_change_that_somebody_made_meanwhile_is_not_overwritten_and_the_edit_is_kept() {
    let home = home();
    let other = "[profiles.other]\n";
    home.allow(home.config_file());
    let script = format!(
        "echo '# edited' >> \"$1\"; printf '{}' > {}",
        other.replace('\n', "\\n"),
        home.config_file().display()
    );
    let output = edit(&home, &script).run();
    output.code(7).stderr_has("was changed by another program just now").stderr_has("diff ");
    assert_eq!((kept(&home, &output), file(&home)), (format!("{BEFORE}# edited\n"), other.to_string()));
    // So it is with our own commands.
    home.config(BEFORE);
    let cogtok = crate::harness::binary();
    let script = format!("echo '# edited' >> \"$1\"; {} profile unset ws region", cogtok.display());
    let output = edit(&home, &script).run();
    output.code(7).stderr_has("was changed by another program");
    assert_eq!(kept(&home, &output), format!("{BEFORE}# edited\n"));
    assert!(!file(&home).contains("region"));
}

#[test]
fn an_editor_that_fails_changes_nothing() {
    let home = home();
    insta::assert_snapshot!(edit(&home, "exit 3").run().message(), @"
    exit 1
    error: nothing was changed: the editor `[home]/bin/editor` ended with exit status: 3
    ");
    assert_eq!(copies(&home), Vec::<PathBuf>::new());
    insta::assert_snapshot!(edit(&home, "kill -9 $$").run().message(), @"
    exit 1
    error: nothing was changed: the editor `[home]/bin/editor` ended with signal: 9 (SIGKILL)
    ");
    let output = edit(&home, "echo '# edited' >> \"$1\"; exit 1").run();
    output.code(1).stderr_has("what it wrote is in ");
    assert_eq!(kept(&home, &output), format!("{BEFORE}# edited\n"));
    insta::assert_snapshot!(edit(&home, "rm \"$1\"").run().message(), @"
    exit 1
    error: nothing was changed: the edited copy [home]/tmp/cogtok-edit-[random]/config.toml can't be read: No such file or directory (os error 2)
    ");
    let output = edit(&home, "printf '\\377' >> \"$1\"").run();
    output.code(1).stderr_has("can't be read");
    assert_eq!(copies(&home).len(), 1, "what is not UTF-8 is not lost either");
    assert_eq!(file(&home), BEFORE);
}

#[test]
fn what_was_wrong_before_is_told_and_does_not_stand_in_the_way() {
    let home = home();
    let odd = format!("{BEFORE}novel = 1\n");
    home.config(&odd);
    let output = edit(&home, "sed -i s/us-east-1/eu-west-1/ \"$1\"").run();
    output.ok().stderr_has("warning: ").stderr_has("`novel` is not a known key");
    assert_eq!(file(&home), odd.replace("us-east-1", "eu-west-1"));
    // A broken file is what an editor is for.
    home.config("[profiles.ws\n");
    home.allow(home.config_file());
    let output = edit(&home, "echo '# still' >> \"$1\"").run();
    output.code(3).stderr_has("not valid TOML");
    kept(&home, &output);
    edit(&home, "sed -i 's/ws$/ws]/' \"$1\"").run().ok();
    assert_eq!(file(&home), "[profiles.ws]\n");
}

#[test]
fn a_link_stays_one_a_first_file_is_made_and_a_newer_one_is_not_opened() {
    let home = Home::new();
    edit(&home, "cat \"$1\" > /dev/null").run().ok().stderr_has("nothing was changed");
    assert!(!home.config_file().exists());
    edit(&home, "echo '[profiles.ws]' >> \"$1\"").run().ok();
    assert_eq!(file(&home), "version = 1\n[profiles.ws]\n");
    let target = home.plant("dotfiles/cogtok.toml", BEFORE);
    let link = home.config_file();
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    edit(&home, "sed -i s/us-east-1/eu-west-1/ \"$1\"").run().ok();
    assert!(link.is_symlink());
    assert_eq!(std::fs::read_to_string(&target).unwrap(), BEFORE.replace("us-east-1", "eu-west-1"));
    let ran = home.path("tmp/ran");
    std::fs::write(&target, format!("version = 2\n{BEFORE}")).unwrap();
    let output = edit(&home, &format!("touch {}", ran.display())).run();
    output.code(7).stderr_has("was written by a newer cogtok");
    assert!(!Path::new(&ran).exists());
}

#[test]
fn without_a_terminal_and_an_editor_the_lack_is_named() {
    let home = home();
    let run = |args: &[&str]| {
        home.cogtok(["profile", "edit"]).args(args).env_remove("EDITOR").env_remove("VISUAL").stdin("").run()
    };
    insta::assert_snapshot!(run(&[]).message(), @"
    exit 5
    error: there is no terminal for an editor
    hint: name an editor that needs no person: VISUAL or EDITOR
    hint: set single keys: cogtok profile set NAME KEY VALUE
    ");
    run(&["--no-input"]).code(5).stderr_has("error: no editor can be opened: this call asks nothing\n");
}
