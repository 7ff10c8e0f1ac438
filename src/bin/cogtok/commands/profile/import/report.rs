//! What the import says: what it found and wrote, what it passed over, what is missing still.

use cogtok::error::{Result, printable};
use cogtok::flows::import::SourceKind;
use cogtok::profile::keys::Key;
use cogtok::profile::words::SecretKind;
use serde_json::{Map, Value, json};

use super::write::{Plan, Setting};
use super::{FORMS, Import};
use crate::app::App;
use crate::cli::Output;
use crate::terminal;

/// The widest that the column of values is, so that most lines fit a terminal.
const WIDEST: usize = 32;

pub fn report(app: &App, args: &Import, plans: &[Plan]) -> Result<()> {
    if app.output(&FORMS)? == Output::Json {
        let mut all: Vec<Value> = plans.iter().map(|plan| as_json(args, plan)).collect();
        // An export may hold any number of profiles; every other source makes one.
        let value = match plans {
            [one] if one.kind != SourceKind::Export => all.remove(0),
            _ => Value::Array(all),
        };
        terminal::data(&terminal::json_line(&value))?;
    }
    for plan in plans {
        let name = &plan.name;
        terminal::note(&match (args.dry_run, &plan.before) {
            (true, None) => format!("profile `{name}` would be made:"),
            (true, Some(_)) => format!("profile `{name}` would be replaced:"),
            (false, None) => {
                format!("profile `{name}` is made{}:", if plan.is_default { " and is the default" } else { "" })
            }
            (false, Some(_)) => format!("profile `{name}` is replaced:"),
        });
        table(app, plan);
        let about = if plans.len() > 1 { format!("profile `{name}`: ") } else { String::new() };
        for why in &plan.left_out {
            log::warn!(target: "cogtok", "{about}{why}");
        }
        for missing in &plan.missing {
            terminal::hint(&format!("{about}still missing for {}: {}", missing.what, missing.command));
        }
    }
    match plans {
        _ if args.dry_run => terminal::note("nothing was written (--dry-run)"),
        [plan] => next(plan),
        _ => terminal::hint("choose one: cogtok profile use NAME"),
    }
    Ok(())
}

/// One line a key: its value, where that was found, and what it was before.
fn table(app: &App, plan: &Plan) {
    let before = |key: Key| plan.before.as_ref().map(|settings| settings.list(key).join(" "));
    let widest = plan.settings.iter().map(|setting| shown(&setting.values).chars().count()).max().unwrap_or_default();
    let line = |what: &str, value: &str, note: &str| {
        entry(what, value, note, widest.min(WIDEST)).iter().for_each(|line| terminal::note(line));
    };
    for Setting { key, values, origin } in &plan.settings {
        let change = match before(*key) {
            Some(old) if old == values.join(" ") => ", as before".to_owned(),
            Some(old) if !old.is_empty() => format!(", was {}", printable(&old, 80)),
            Some(_) => ", new".to_owned(),
            None => String::new(),
        };
        line(key.dotted(), &shown(values), &format!("({}{change})", printable(origin, 60)));
    }
    for secret in &plan.secrets {
        let place = app.store_name();
        line(secret.kind.as_str(), &format!("secret, in {place}"), &format!("({})", printable(&secret.origin, 60)));
    }
    if plan.settings.iter().any(|setting| setting.key == Key::SecretArn) {
        line(SecretKind::M2mClient.as_str(), "secret, stays in Secrets Manager", "");
    }
    for key in Key::ALL.iter().filter(|key| plan.settings.iter().all(|setting| setting.key != **key)) {
        match before(*key).filter(|old| !old.is_empty()) {
            Some(old) if *key == Key::Secrets => {
                line(key.dotted(), "", &format!("(was {old}; those of the same client and address stay)"))
            }
            Some(old) => line(key.dotted(), "removed", &format!("(was {})", printable(&old, 80))),
            None => {}
        }
    }
}

/// A line of the list; two where the value is wider than its column.
fn entry(what: &str, value: &str, note: &str, width: usize) -> Vec<String> {
    if value.chars().count() > width && !note.is_empty() {
        return vec![format!("  {what:<17} {value}"), format!("{:20}{note}", "")];
    }
    vec![format!("  {what:<17} {value:<width$}  {note}").trim_end().to_owned()]
}

fn shown(values: &[String]) -> String {
    printable(&values.join(" "), 200)
}

/// The commands that the profile is for.
fn next(plan: &Plan) {
    let has = |key: Key| plan.settings.iter().any(|setting| setting.key == key);
    let name = &plan.name;
    let is_complete = |part: &str| plan.missing.iter().all(|missing| !missing.what.starts_with(part));
    if (has(Key::M2mClientId) || has(Key::SecretArn)) && is_complete("machine") {
        terminal::hint(&format!("a machine's token: cogtok token m2m -p {name}"));
    }
    if has(Key::UserClientId) && is_complete("users") {
        let user = if has(Key::Username) { "" } else { " --username NAME" };
        terminal::hint(&format!("a user's token: cogtok token user -p {name}{user}"));
    }
}

fn as_json(args: &Import, plan: &Plan) -> Value {
    let value = |setting: &Setting| match setting.key.is_list() {
        true => Value::from(setting.values.clone()),
        false => Value::from(setting.values.join(" ")),
    };
    let settings: Map<String, Value> =
        plan.settings.iter().map(|setting| (setting.key.dotted().to_owned(), value(setting))).collect();
    let origins: Map<String, Value> = plan
        .settings
        .iter()
        .map(|setting| (setting.key.dotted().to_owned(), Value::from(setting.origin.as_str())))
        .collect();
    let secrets: Vec<&str> = plan.secrets.iter().map(|secret| secret.kind.as_str()).collect();
    let missing: Vec<Value> =
        plan.missing.iter().map(|missing| json!({"what": missing.what, "command": missing.command})).collect();
    json!({
        "name": plan.name.as_str(),
        "source_kind": plan.kind.as_str(),
        "is_written": !args.dry_run,
        "is_replaced": plan.before.is_some(),
        "settings": settings,
        "origins": origins,
        "stored_secrets": secrets,
        "left_out": plan.left_out,
        "missing": missing,
    })
}
