use super::*;

fn shown(hint: &Hint, profile: Option<&str>) -> String {
    hint.shown(&Running::any(profile)).unwrap()
}

#[test]
fn what_is_known_stands_in_a_hint_and_the_rest_is_told_in_general() {
    let hint = || Hint::new("aws x{aws} --username {user} --group-name {group}");
    assert_eq!(shown(&hint().word("user", "it's me"), None), "aws x --username \"it's me\" --group-name GROUP");
    assert_eq!(
        shown(&hint().word("user", "\u{1b}[m").fill("aws", " --region eu-west-1".to_owned()), None),
        "aws x --region eu-west-1 --username USERNAME --group-name GROUP"
    );
    assert_eq!(shown(&"run `cogtok x{p}`, {name}".into(), Some("ws")), "run `cogtok x -p ws`, ws");
    assert_eq!(shown(&"run `cogtok x{p}`, {name}".into(), None), "run `cogtok x`, NAME");
}

#[test]
fn nobodys_text_is_a_place_an_option_or_a_command_of_ours() {
    let text = "{p} {name} {pool} `--nothing` || cogtok login ?? x";
    let running = Running {
        profile: Some("ws"),
        config: Some("/tmp/c.toml"),
        places: &[],
        who: &[],
        of_login: &[],
        has_option: &|_| false,
        is_command: &|_| true,
    };
    for hint in [Hint::from(text.to_owned()), Hint::new("it says: {said}").fill("said", text.to_owned())] {
        assert!(hint.shown(&running).unwrap().ends_with(text), "{hint:?}");
    }
    // Values are not parsed again.
    let hint = Hint::new("{one} {two}").fill("one", "{two}".to_owned()).fill("two", "2".to_owned());
    assert_eq!(shown(&hint, None), "{two} 2");
    // JSON in own text is not a placeholder.
    assert_eq!(shown(&r#"an object {"a": 1}, {}"#.into(), None), r#"an object {"a": 1}, {}"#);
}

#[test]
fn a_word_in_a_command_is_quoted() {
    let hint = Hint::new("add `--attribute {name-of}=VALUE`").word("name-of", "x$(id)");
    assert_eq!(shown(&hint, None), "add `--attribute 'x$(id)'=VALUE`");
}

#[test]
fn a_way_that_the_running_command_lacks_is_left_out() {
    let hint = Hint::new("add `--a` || set B || store it: cogtok secret set x --c || use `--d=V`, or `-e F`");
    let with = |options: &[&str]| {
        let running = Running {
            profile: None,
            config: Some("/c d.toml"),
            places: &[],
            who: &[],
            of_login: &[],
            has_option: &|option| options.contains(&option),
            is_command: &|word| word == "secret",
        };
        hint.shown(&running)
    };
    let store = "store it: cogtok --config '/c d.toml' secret set x --c";
    assert_eq!(with(&["--a", "--d", "-e"]).unwrap(), format!("add `--a`, set B, {store}, or use `--d=V`, or `-e F`"));
    assert_eq!(with(&["--d"]).unwrap(), format!("set B, or {store}"));
    let none = Running { has_option: &|_| false, ..Running::any(None) };
    assert_eq!(Hint::new("add `--a`").shown(&none), None);
    assert_eq!(Hint::new("add `--a` ?? do without").shown(&none).unwrap(), "do without");
    assert_eq!(shown(&"add `--a` ?? do without".into(), None), "add `--a`");
}

#[test]
fn a_sign_in_is_for_the_user_and_client_of_the_line() {
    let who = [("--username", "it's me".to_owned()), ("--client-id", "abc".to_owned())];
    let running = Running { who: &who, ..Running::any(Some("ws")) };
    let hint = Hint::new("`cogtok login{p}` or `cogtok token user{p}`, not `cogtok logout{p}`");
    assert_eq!(
        hint.shown(&running).unwrap(),
        "`cogtok login -p ws --username \"it's me\" --client-id abc` or \
         `cogtok token user -p ws --username \"it's me\" --client-id abc`, not `cogtok logout -p ws`"
    );
    let of_login = [("--scope", "openid email".to_owned()), ("--port", "9191".to_owned())];
    let at_login = Running { of_login: &of_login, ..Running::any(Some("ws")) };
    let again = Hint::new("`cogtok login{p} --wait 5m`, not `cogtok token user{p}` or `cogtok login{p} --port N`");
    assert_eq!(
        again.shown(&at_login).unwrap(),
        "`cogtok login -p ws --scope 'openid email' --wait 5m`, not `cogtok token user -p ws` or \
         `cogtok login -p ws --scope 'openid email' --port N`"
    );
    let named = Hint::new("`cogtok login{p} --username {user}`").word("user", "bob");
    assert_eq!(named.shown(&running).unwrap(), "`cogtok login -p ws --client-id abc --username bob`");
}

#[test]
fn a_word_that_begins_as_an_option_does_can_be_run() {
    let at = |ours: &'static str| shown(&Hint::new(ours).word("user", "-x@y.z"), Some("ws"));
    for (ours, runs) in [
        ("`cogtok sign-up {user}{p} --resend`", "`cogtok sign-up -p ws --resend -- -x@y.z`"),
        ("set it: cogtok user set-password {user}{p}", "set it: cogtok user set-password -p ws -- -x@y.z"),
        (
            "add `--group GROUP` to `cogtok user create {user}{p} --resume`; into none: add `--no-group`",
            "add `--group GROUP` to `cogtok user create -p ws --resume -- -x@y.z`; into none: add `--no-group`",
        ),
        ("cogtok user create{p} --username {user}", "cogtok user create -p ws --username=-x@y.z"),
        ("add `--username {user}`", "add `--username=-x@y.z`"),
        ("sign in as {user}: `cogtok login{p}`", "sign in as -x@y.z: `cogtok login -p ws`"),
    ] {
        assert_eq!(at(ours), runs);
    }
    let running = Running { who: &[("--username", "-x".to_owned())], ..Running::any(None) };
    assert_eq!(Hint::new("cogtok login{p}").shown(&running).unwrap(), "cogtok login --username=-x");
}
