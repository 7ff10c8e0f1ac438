//! A secret whose kind can't be noted in the configuration: it is not left where nobody would look for it.

use crate::harness::{Home, Keyring, Run, need};

const CONFIG: &str = "default_profile = \"ws\"\n\n[profiles.ws.user]\nclient_id = \"web\"\nusername = \"alice\"\n\n[profiles.ws.m2m]\nclient_id = \"machine\"\ntoken_url = \"https://token.example/\"\n";

fn home() -> Home {
    let home = Home::new();
    home.config(CONFIG);
    home.canary("given-client-secret");
    home
}

fn set<'h>(home: &'h Home, keyring: &Keyring) -> Run<'h> {
    home.cogtok(["secret", "set", "m2m-client"]).stdin("given-client-secret").keyring(keyring)
}

/// The edit's file can't take its place, though its directory could be written to.
fn unwritten(run: Run<'_>) -> Run<'_> {
    need("strace", "strace");
    let inject = "inject=?rename,?renameat,renameat2:error=EROFS";
    run.under(["strace", "-f", "-qq", "-o", "/dev/null", "-e", inject])
}

fn config(home: &Home) -> String {
    std::fs::read_to_string(home.config_file()).unwrap()
}

#[test]
fn nothing_is_stored_where_the_configuration_is_out_of_reach() {
    let (home, keyring) = (home(), Keyring::start());
    let lock = home.allow(home.config_dir().join("config.toml.lock"));
    std::fs::create_dir(&lock).unwrap();
    let output = set(&home, &keyring).run();
    output.code(7).stderr_has("config.toml can't be written").stderr_has("the secret was not stored");
    output.stderr_has("secrets = [\"m2m-client\"]").stderr_has("COGTOK_M2M_CLIENT_SECRET");
    assert_eq!((keyring.entries().len(), config(&home)), (0, CONFIG.to_owned()));
    // Noted by hand, as the hint says, it needs no more writing.
    home.config(&format!("{CONFIG}\n[profiles.ws]\nsecrets = [\"m2m-client\"]\n"));
    set(&home, &keyring).run().ok();
    assert_eq!(keyring.entries().len(), 1);
}

#[test]
fn what_could_not_be_noted_is_taken_away_again() {
    let (home, keyring) = (home(), Keyring::start());
    let output = unwritten(set(&home, &keyring)).run();
    output.code(7).stderr_has("Read-only file system").stderr_has("the secret is not stored");
    assert_eq!((keyring.entries().len(), config(&home)), (0, CONFIG.to_owned()));
    home.cogtok(["secret", "status"]).keyring(&keyring).run().ok().stdout_has("not stored");
    // What another profile of the client has stays, and that is said.
    home.config(&format!(
        "{CONFIG}\n[profiles.two]\nsecrets = [\"m2m-client\"]\nm2m.client_id = \"machine\"\nm2m.token_url = \"https://token.example/\"\n"
    ));
    insta::assert_snapshot!(unwritten(set(&home, &keyring)).run().message(), @r#"
    exit 7
    error: [home]/.config/cogtok/config.toml can't be written: Read-only file system (os error 30) (profile `ws`)
    hint: make the file and its directory writable, or name another file with `--config FILE`, or another place with XDG_CONFIG_HOME
    hint: the secret is not stored: let this user write there, or note `secrets = ["m2m-client"]` in profile `ws` yourself
    hint: COGTOK_M2M_CLIENT_SECRET supplies the secret without any store
    hint: it is in the keyring anyway
    "#);
    assert_eq!(keyring.entries().len(), 1);
}
