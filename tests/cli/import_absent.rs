//! `cogtok profile import` of what is not there: a file that is missing is told as one, and is not looked for in AWS.

use crate::harness::{Home, Server};

#[test]
fn a_file_that_is_missing_is_told_with_those_beside_it() {
    let (home, aws) = (Home::new(), Server::canary());
    home.plant("Downloads/class-2.age", "x");
    home.plant("Downloads/class.toml", "x");
    home.plant("Downloads/unrelated.pdf", "x");
    home.plant("Downloads/Dev.env", "x");
    let run = |source: &str, more: &[&str]| {
        let run = home.cogtok(["profile", "import", source]).args(more).aws().cwd(home.path("Downloads"));
        run.env("AWS_ENDPOINT_URL", aws.url()).env("AWS_REGION", "us-east-1").run()
    };
    let in_folder = |name: &str| home.path("Downloads").join(name).to_str().unwrap().to_owned();
    for source in
        [in_folder("class.age"), "class.age".to_owned(), "./class.age".to_owned(), "../Downloads/class.age".to_owned()]
    {
        let out = run(&source, &[]);
        out.code(2)
            .stderr_has(&format!("there is no file `{source}`"))
            .stderr_lacks("Region")
            .stderr_lacks("unrelated");
        out.stderr_has("did you mean `").stderr_has("`class-2.age`").stderr_has("`class.toml`").stderr_has("beside it");
    }
    for source in
        [in_folder("parameters"), "outputs.txt".to_owned(), "dev.tfstate".to_owned(), "C:\\x\\class".to_owned()]
    {
        run(&source, &[]).code(2).stderr_has("there is no file `").stderr_lacks("unrelated");
    }
    run(&in_folder("dev.env"), &[]).code(2).stderr_has("did you mean `Dev.env`");
    run("class.age", &["--from", "export"]).code(2).stderr_has("there is no file").stderr_has("`class-2.age`");
    // What a folder's name could have been for as well is said.
    run(&in_folder("config"), &[]).code(2).stderr_has("`--from ssm`");
    aws.assert_untouched();
    // Names of AWS's stay what they are, also where the machine has a folder that begins like them.
    for source in ["/dev/workshop", "/workshop", "/agentic-platform/config/dev", "m2m/credentials"] {
        let out = run(source, &["--timeout", "5s"]);
        out.check(out.code != Some(2), "it is looked for in AWS").stderr_lacks("no file");
    }
    assert!(aws.hits() > 0);
}

#[test]
fn a_file_below_the_home_directory_or_in_a_browsers_words_is_found() {
    let home = Home::new();
    let file = home.plant("Downloads/ws.env", "COGNITO_USER_POOL_ID=us-east-1_AbCdEfGhI\nCOGNITO_CLIENT_ID=web\n");
    let run = |source: &str, name: &str| home.cogtok(["profile", "import", source, "--name", name]).run();
    run("~/Downloads/ws.env", "tilde").ok();
    run(&format!("file://{}", file.to_str().unwrap().replace("ws", "%77s")), "url").ok();
    for source in ["~/Downloads/vs.env", &format!("file://{}", home.path("Downloads/vs.env").to_str().unwrap())] {
        let out = run(source, "absent");
        out.code(2).stderr_has("there is no file `/").stderr_has("did you mean `ws.env`").stderr_lacks("--from");
    }
}

#[test]
fn what_is_likely_is_more_than_the_spelling() {
    let home = Home::new();
    for name in ["class-2.age", "notes.pdf", "readme.txt"] {
        home.plant(format!("Downloads/{name}"), "x");
    }
    let run = |name: &str| home.cogtok(["profile", "import", name]).cwd(home.path("Downloads")).run();
    // The only file of that sort, and one whose name begins like that.
    run("./zz.age").code(2).stderr_has("did you mean `class-2.age` beside it?");
    run("./clas").code(2).stderr_has("did you mean `class-2.age` beside it?");
    run("./zz.json").code(2).stderr_has("there is no file").stderr_lacks("did you mean");
}

#[test]
fn of_many_files_of_one_sort_none_is_offered_unless_its_name_is_near() {
    let home = Home::new();
    let run = |name: &str| home.cogtok(["profile", "import", name]).cwd(home.path("Downloads")).run();
    for name in ["big.toml", "empty.toml"] {
        home.plant(format!("Downloads/{name}"), "x");
    }
    run("./nope.toml").code(2).stderr_has("did you mean `big.toml` or `empty.toml` beside it?");
    home.plant("Downloads/third.toml", "x");
    run("./nope.toml").code(2).stderr_has("there is no file").stderr_lacks("did you mean");
    run("./emty.toml").code(2).stderr_has("did you mean `empty.toml` beside it?");
}

#[test]
fn the_url_of_a_file_needs_its_whole_path() {
    let home = Home::new();
    home.plant("Downloads/ws.toml", "x");
    let run = home.cogtok(["profile", "import", "file://ws.toml"]).cwd(home.path("Downloads"));
    insta::assert_snapshot!(run.run().message(), @"
    exit 2
    error: `file://ws.toml` does not name a file: the URL of a file contains its whole path
    hint: write `file:///` and the path from the root, or the file's name without `file://`
    ");
}

#[test]
fn a_name_that_no_file_can_have_is_a_name_in_aws() {
    let (home, aws) = (Home::new(), Server::canary());
    home.plant("Downloads/team", "x");
    let folder = home.allow(home.path("Downloads/https:"));
    std::fs::create_dir_all(folder.join("pool.example.com")).unwrap();
    let run = |source: &str, more: &[&str]| {
        let run = home.cogtok(["profile", "import", source, "--timeout", "5s"]).args(more).aws();
        let run = run.cwd(home.path("Downloads")).env("AWS_ENDPOINT_URL", aws.url()).env("AWS_REGION", "us-east-1");
        run.run()
    };
    // What would be its folder is a file.
    for (source, more) in [("team/cognito.env", &[][..]), ("./team/cognito", &[]), ("team/cognito", &["--from", "env"])]
    {
        run(source, more).code(2).stderr_has(&format!("there is no file `{source}`")).stderr_lacks("Not a directory");
    }
    aws.assert_untouched();
    let long = format!("workshop/{}", "x".repeat(300));
    for source in ["team/cognito", &long] {
        let before = aws.hits();
        let out = run(source, &[]);
        out.check(out.code != Some(2) && aws.hits() > before, "it is looked for in AWS").stderr_lacks("can't be read");
    }
    run("https://pool.example.com", &[]).stderr_lacks("directory").stderr_lacks("no file");
}
