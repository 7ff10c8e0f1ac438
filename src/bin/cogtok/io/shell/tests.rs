use cogtok::secret::Secret;

use crate::io::shell::*;

fn names(line: &str) -> Option<Vec<String>> {
    let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
    let names = ExportFailure::of(&args)?.names;
    Some(names.into_iter().filter(|name| !name.ends_with("_EXPIRES_AT")).collect())
}

fn one(form: Export, value: &str) -> Option<String> {
    let variables = [("T".to_owned(), Value::Secret(Secret::new(value.to_owned())))];
    form.assignments(&variables).ok().map(|text| text.to_string())
}

#[test]
fn whether_an_export_was_asked_for_is_known_without_parsing() {
    assert_eq!(names("cogtok token m2m"), None);
    for form in ["json", "dotenv", "nushell", "nu", "github-actions"] {
        assert_eq!(names(&format!("cogtok token m2m --export={form}")), None, "{form}");
    }
    assert_eq!(names("cogtok token m2m -- --export"), None);
    assert_eq!(names("cogtok token m2m --export --output-file x"), None);
    assert_eq!(names("cogtok tokn m2m --export --what"), Some(vec!["COGTOK_ACCESS_TOKEN".into()]));
    assert_eq!(names("cogtok token m2m --export=nosuch"), Some(vec!["COGTOK_ACCESS_TOKEN".into()]));
    assert_eq!(names("cogtok token user --token id --export"), Some(vec!["COGTOK_ID_TOKEN".into()]));
    assert_eq!(names("cogtok token user --token=access --export"), Some(vec!["COGTOK_ACCESS_TOKEN".into()]));
    assert_eq!(names("cogtok token user --export").map(|names| names.len()), Some(2));
    assert_eq!(names("cogtok token m2m --export --env-var=T"), Some(vec!["T".into()]));
    assert_eq!(names("cogtok token m2m --export --env-var PATH"), Some(vec!["COGTOK_ACCESS_TOKEN".into()]));
    assert_eq!(names("cogtok token m2m --export-credentials"), Some(CREDENTIALS.map(str::to_owned).into()));
    assert_eq!(names("cogtok token m2m --export-credentials=json"), None);
}

#[test]
fn each_form_has_its_assignment_and_its_failure() {
    for (form, assignment, failure) in [
        (Export::Sh, "export T='a'\\''b';\n", "export T=; export T_EXPIRES_AT=; sh -c 'exit 3';\n"),
        (
            Export::Powershell,
            "$env:T = 'a''b'\n",
            "$env:T = $null; $env:T_EXPIRES_AT = $null; throw 'cogtok failed with exit code 3'\n",
        ),
        (Export::Cmd, "set \"T=a'b\"\r\n", "set \"T=\"\r\nset \"T_EXPIRES_AT=\"\r\ncmd /c exit 3\r\n"),
    ] {
        assert_eq!(one(form, "a'b").as_deref(), Some(assignment));
        let mut failing = ExportFailure { form, names: Vec::new() };
        failing.narrow("T");
        assert_eq!(failing.line(3), failure);
    }
    assert_eq!(one(Export::Dotenv, "a b").as_deref(), Some("T='a b'\n"));
    assert_eq!(one(Export::Dotenv, "a/b+c==").as_deref(), Some("T=a/b+c==\n"));
}

#[test]
fn the_end_of_a_life_is_a_number_in_json_and_a_text_everywhere_else() {
    let variables = [("T".to_owned(), Value::Time(Some(7))), ("U".to_owned(), Value::Time(None))];
    let text = |form: Export| form.assignments(&variables).unwrap().to_string();
    assert_eq!(text(Export::Json), "{\"T\":7,\"U\":null}\n");
    assert_eq!(text(Export::Nushell), "{\"T\":\"7\",\"U\":\"\"}\n");
    assert_eq!(text(Export::Sh), "export T='7';\nexport U='';\n");
    assert_eq!(text(Export::Dotenv), "T=7\nU=\n");
}

#[test]
fn what_a_form_would_change_is_refused() {
    for (form, bad) in [
        (Export::Sh, &["a\nb", "a\tb", "a  b", "a\\b", "a*b", "a?", "[a", "é", "a\0"][..]),
        (Export::Dotenv, &["a\nb", "a'b", "a\\ b", "é"]),
        (Export::Powershell, &["a\nb", "\u{2019}", "\u{201b}"]),
        (Export::Cmd, &["a\"b", "%PATH%", "!x!", "a^b", "a\r\nb"]),
    ] {
        for value in bad {
            assert_eq!(one(form, value), None, "{form:?} {value:?}");
        }
    }
}

#[test]
fn no_value_ends_its_entry_in_the_file_of_github_or_begins_another() {
    let hostile = "a\nEOF\nPATH=/evil\nX<<cogtok_\n";
    let text = one(Export::GithubActions, hostile).unwrap();
    let (head, rest) = text.split_once('\n').unwrap();
    let delimiter = head.strip_prefix("T<<").unwrap();
    assert!(delimiter.len() > 32, "{delimiter}");
    assert_eq!(rest, format!("{hostile}\n{delimiter}\n"));
    assert!(!one(Export::GithubActions, hostile).unwrap().contains(delimiter), "each has its own");
    let masked =
        masks(&[("T".into(), Value::Secret(Secret::new("a%\n\nb\rc".into()))), ("U".into(), Value::Plain("p".into()))]);
    assert_eq!(*masked, "::add-mask::a%25\n::add-mask::b%0Dc\n");
}

mod properties {
    use proptest::prelude::*;

    use crate::io::shell::quote;

    proptest! {
        #[test]
        fn a_quoted_word_is_one_word_with_the_same_text(value in "[^\0]{0,40}") {
            prop_assert_eq!(shlex::split(&quote::quoted(&value)), Some(vec![value]));
        }

        #[test]
        fn what_an_export_can_carry_comes_back_the_same(value in "[ -~\t\n\u{e9}]{0,40}") {
            if let Some(word) = quote::sh(&value) {
                prop_assert_eq!(shlex::split(&word), Some(vec![value.clone()]));
                // Without quotes around `$(…)` the shell splits at spaces, joins with single ones, and evaluates that.
                let joined = word.split_whitespace().collect::<Vec<_>>().join(" ");
                prop_assert_eq!(shlex::split(&joined).map(|words| words.concat()), Some(value.clone()));
            }
            if let Some(word) = quote::dotenv(&value) {
                let read = dotenvy::from_read_iter(format!("NAME={word}\n").as_bytes()).next().unwrap().unwrap();
                prop_assert_eq!(read.1, value.clone());
            }
            if let Some(word) = quote::powershell(&value) {
                let inner = word.strip_prefix('\'').and_then(|word| word.strip_suffix('\'')).unwrap();
                prop_assert!(!inner.replace("''", "").contains('\''));
                prop_assert_eq!(inner.replace("''", "'"), value);
            }
        }
    }
}
