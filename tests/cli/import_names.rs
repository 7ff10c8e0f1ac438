//! What a profile is called that comes from a file which names none: after the file, or after the folder of one that every
//! project has.

use crate::harness::Home;

const MACHINE: &str = "COGNITO_M2M_CLIENT_ID=machine\nOAUTH_TOKEN_ENDPOINT=https://127.0.0.1:9/oauth2/token\n";

fn imported(file: &str, text: &str) -> Vec<String> {
    let home = Home::new();
    let path = home.plant(file, text);
    home.cogtok(["profile", "import"]).arg(&path).run().ok();
    let names = home.cogtok(["profile", "list", "-o", "json"]).run().ok().json();
    names.as_array().unwrap().iter().map(|profile| profile["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_file_gives_its_name_and_a_common_one_that_of_its_folder() {
    for (file, name) in [
        ("dev.env", "dev"),
        ("seminar/.env", "seminar"),
        ("seminar/.env.local", "seminar"),
        ("seminar 2/.env", "seminar-2"),
    ] {
        assert_eq!(imported(file, MACHINE), [name], "{file}");
    }
    let json = r#"{"m2m_client_id": {"value": "machine"}, "token_url": {"value": "https://127.0.0.1:9/oauth2/token"}}"#;
    assert_eq!(imported("class/outputs.json", json), ["class"]);
    // A domain that is a name comes first, as everywhere.
    let domain = "COGNITO_DOMAIN=https://seats.auth.us-east-1.amazoncognito.com\n";
    assert_eq!(imported("dev.env", &format!("{MACHINE}{domain}")), ["seats"]);
}

#[test]
fn neither_the_home_directory_nor_standard_input_is_a_name() {
    let home = Home::new();
    let file = home.plant(".env", MACHINE);
    let output = home.cogtok(["profile", "import"]).arg(&file).run();
    output.code(2).stderr_has("suggests no name").stderr_has("--name NAME");
    home.cogtok(["profile", "import", "-"]).stdin(MACHINE).run().code(2).stderr_has("suggests no name");
}
