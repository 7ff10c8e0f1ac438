//! The report of an import: what was found, written and skipped, and what is still missing.

use crate::services::import::SourceKind;
use cogtok::error::{Advice, Result, printable};
use cogtok::secrets::store::SecretId;
use cogtok::settings::keys::Key;
use cogtok::settings::targets::TargetSetting;
use cogtok::settings::types::SecretKind;
use cogtok::store::config::list;
use serde_json::{Map, Value, json};

use super::profile_plan::{ProfilePlan, Setting};
use crate::app::App;
use crate::app::options::Output;
use crate::io::terminal;

/// The widest that the column of values is, so that most lines fit a terminal.
const WIDEST: usize = 32;

/// Reports what was written, or would be in a dry run.
pub fn report(app: &App, plans: &[ProfilePlan], form: Output, is_dry_run: bool) -> Result<()> {
    if form == Output::Json {
        let mut all: Vec<Value> = plans.iter().map(|plan| as_json(plan, is_dry_run)).collect();
        // An export may contain any number of profiles; every other source gives one.
        let value = match plans {
            [one] if one.kind != SourceKind::Export => all.remove(0),
            _ => Value::Array(all),
        };
        terminal::data(&terminal::json(&value))?;
    }
    for plan in plans {
        let name = &plan.name;
        terminal::note(&match (is_dry_run, &plan.before) {
            (true, None) => format!("profile `{name}` would be created:"),
            (true, Some(_)) => format!("profile `{name}` would be replaced:"),
            (false, None) => {
                format!("created profile `{name}`{}:", if plan.is_default { " (now the default)" } else { "" })
            }
            (false, Some(_)) => format!("replaced profile `{name}`:"),
        });
        table(app, plan);
        let about = if plans.len() > 1 { format!("profile `{name}`: ") } else { String::new() };
        for why in &plan.left_out {
            log::warn!(target: "cogtok", "{about}{why}");
        }
        for missing in &plan.missing {
            terminal::hint(
                Advice::new("{about}still missing for {what}: {command}")
                    .text("about", &about)
                    .text("what", &missing.what)
                    .fill("command", missing.command.clone()),
            );
        }
    }
    match plans {
        _ if is_dry_run => terminal::note("nothing was written (--dry-run)"),
        [plan] => next(plan),
        _ => terminal::hint("choose one: cogtok profile use NAME"),
    }
    Ok(())
}

/// A key's old and new value.
struct Row<'a> {
    key: String,
    value: String,
    /// The old value; `None` if there was no profile of the name, empty if it had no value.
    before: Option<String>,
    origin: &'a str,
}

/// The settings, then those of targets.
fn rows(plan: &ProfilePlan) -> Vec<Row<'_>> {
    let before = |key: Key| plan.before.as_ref().map(|settings| settings.list(key).join(" "));
    let settings = plan.settings.iter().map(|Setting { key, values, origin }| Row {
        key: key.dotted().to_owned(),
        value: values.join(" "),
        before: before(*key),
        origin,
    });
    let was = |key: &str| plan.targets.before.iter().find(|setting| setting.key() == key);
    let of_target = |setting: &TargetSetting, origin| {
        let key = setting.key();
        let before = plan.before.as_ref().map(|_| was(&key).map(|old| old.value.clone()).unwrap_or_default());
        Row { key, value: setting.value.clone(), before, origin }
    };
    let taken = plan.targets.taken.iter().map(|setting| of_target(setting, "the export"));
    let kept = plan.targets.kept.iter().map(|setting| of_target(setting, "your own"));
    settings.chain(taken).chain(kept).collect()
}

/// One line for each key: its value, its source, and its old value.
fn table(app: &App, plan: &ProfilePlan) {
    let before = |key: Key| plan.before.as_ref().map(|settings| settings.list(key).join(" "));
    let rows = rows(plan);
    let widest = rows.iter().map(|row| printable(&row.value, 200).chars().count()).max().unwrap_or_default();
    let of_targets = plan.targets.taken.iter().chain(&plan.targets.before).map(|setting| setting.key().len());
    let of_settings = rows.iter().map(|row| row.key.len());
    let keys = of_targets.chain(of_settings).max().unwrap_or_default().clamp(17, 40);
    let line = |what: &str, value: &str, note: &str| {
        entry(what, value, note, (keys, widest.min(WIDEST))).iter().for_each(|line| terminal::note(line));
    };
    for Row { key, value, before, origin } in &rows {
        let change = match before {
            Some(old) if old == value => ", unchanged".to_owned(),
            Some(old) if !old.is_empty() => format!(", was {}", printable(old, 80)),
            Some(_) => ", new".to_owned(),
            None => String::new(),
        };
        line(key, &printable(value, 200), &format!("({}{change})", printable(origin, 60)));
    }
    for secret in &plan.secrets {
        let place = app.store_name();
        let origin = printable(&secret.origin, 60);
        let note = match secret.shared_with.as_slice() {
            [] => format!("({origin})"),
            others => format!("({origin}; also that of {})", list(others)),
        };
        line(secret.kind.as_str(), &format!("secret, in {place}"), &note);
    }
    let is_stored = |kind: SecretKind| plan.secrets.iter().any(|secret| secret.kind == kind);
    for (_, kind) in plan.going.heirs.iter().filter(|(heir, kind)| *heir == plan.name && !is_stored(*kind)) {
        line(kind.as_str(), &format!("secret, stays in {}", app.store_name()), "");
    }
    for (kind, whose) in going(plan) {
        line(kind.as_str(), &format!("secret, removed from {}", app.store_name()), &format!("({whose})"));
    }
    if plan.settings.iter().any(|setting| setting.key == Key::SecretArn) {
        line(SecretKind::M2mClient.as_str(), "secret, stays in Secrets Manager", "");
    }
    for key in Key::ALL.iter().filter(|key| plan.settings.iter().all(|setting| setting.key != **key)) {
        match before(*key).filter(|old| !old.is_empty()) {
            // Secrets are reported separately.
            Some(_) if *key == Key::Secrets => {}
            Some(old) => line(key.dotted(), "removed", &format!("(was {})", printable(&old, 80))),
            None => {}
        }
    }
    for old in plan.targets.before.iter().filter(|old| rows.iter().all(|row| row.key != old.key())) {
        line(&old.key(), "removed", &format!("(was {})", printable(&old.value, 80)));
    }
}

/// The secrets that are deleted with the old profile, each once, and their users.
fn going(plan: &ProfilePlan) -> Vec<(SecretKind, String)> {
    let mut going = Vec::new();
    for SecretId { kind, client_id, username, .. } in &plan.going.secrets {
        let whose = match username {
            Some(username) => format!("of client {client_id} and user {username}"),
            None => format!("of client {client_id}"),
        };
        if !going.contains(&(*kind, whose.clone())) {
            going.push((*kind, whose));
        }
    }
    going
}

/// A line of the list; two where the value is wider than its column.
fn entry(what: &str, value: &str, note: &str, (keys, width): (usize, usize)) -> Vec<String> {
    if value.chars().count() > width && !note.is_empty() {
        return vec![format!("  {what:<keys$} {value}"), format!("{:20}{note}", "")];
    }
    vec![format!("  {what:<keys$} {value:<width$}  {note}").trim_end().to_owned()]
}

/// The commands that the profile is for.
fn next(plan: &ProfilePlan) {
    let has = |key: Key| plan.settings.iter().any(|setting| setting.key == key);
    let name = &plan.name;
    let is_complete = |part: &str| plan.missing.iter().all(|missing| !missing.what.starts_with(part));
    if (has(Key::M2mClientId) || has(Key::SecretArn)) && is_complete("machine") {
        terminal::hint(Advice::new("a machine's token: cogtok token m2m -p {name}").word("name", name));
    }
    if has(Key::UserClientId) && is_complete("users") {
        let hint = if has(Key::Username) {
            "a user's token: cogtok token user -p {name}"
        } else {
            "a user's token: cogtok token user -p {name} --username NAME"
        };
        terminal::hint(Advice::new(hint).word("name", name));
    }
}

fn as_json(plan: &ProfilePlan, is_dry_run: bool) -> Value {
    let list = |key: &str| plan.settings.iter().find(|setting| setting.key.is_list() && setting.key.dotted() == key);
    let value = |row: &Row| match list(&row.key) {
        Some(setting) => Value::from(setting.values.clone()),
        None => Value::from(row.value.as_str()),
    };
    let rows = rows(plan);
    let settings: Map<String, Value> = rows.iter().map(|row| (row.key.clone(), value(row))).collect();
    let origins: Map<String, Value> = rows.iter().map(|row| (row.key.clone(), Value::from(row.origin))).collect();
    let secrets: Vec<&str> = plan.secrets.iter().map(|secret| secret.kind.as_str()).collect();
    let deleted: Vec<&str> = going(plan).iter().map(|(kind, _)| kind.as_str()).collect();
    let missing: Vec<Value> = plan
        .missing
        .iter()
        .map(|missing| json!({"what": missing.what, "command": terminal::shown(&missing.command)}))
        .collect();
    json!({
        "name": plan.name.as_str(),
        "source_kind": plan.kind.as_str(),
        "is_written": !is_dry_run,
        "is_replaced": plan.before.is_some(),
        "settings": settings,
        "origins": origins,
        "stored_secrets": secrets,
        "deleted_secrets": deleted,
        "left_out": plan.left_out,
        "missing": missing,
    })
}
