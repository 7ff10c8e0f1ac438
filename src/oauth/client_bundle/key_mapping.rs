//! Maps names and values of outputs and variables to the keys of a profile. A name is recognised by its ending, in any style, and a value
//! by its shape, if that is unmistakable.

use url::Url;
use zeroize::Zeroizing;

use crate::error::printable;
use crate::oauth::client_bundle::candidates::Pair;
use crate::oauth::client_bundle::candidates::ProfileCandidate;
use crate::oauth::client_bundle::name_normalization;
use crate::oauth::client_bundle::name_normalization::{core, is_ours, letters, plain};
use crate::secret::Secret;
use crate::secrets::store::shaped;
use crate::settings::issuer;
use crate::settings::keys::Key;
use crate::settings::secret_detection::is_like_a_secret;
use crate::settings::types::{ClientId, Endpoint, PoolId, Scopes, SecretKind, is_pool_id};

/// Scopes of users' tokens, which no machine may ask for.
const OF_USERS: [&str; 5] = ["openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"];

/// The user pool that a value names: its id, its ARN, or a URL of its issuer.
fn pool_in(value: &str) -> Option<PoolId> {
    if is_pool_id(value) {
        return value.parse().ok();
    }
    if value.starts_with("arn:") && value.contains(":cognito-idp:") {
        return issuer::pool_id(value).ok();
    }
    issuer::parse(value).ok().map(|issuer| issuer.pool)
}

/// The context of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Around {
    /// Anybody's.
    Others,
    /// Anybody's, and a bare `client_id` is a machine's.
    Machine,
    /// The names of one client, and nothing else.
    OneClient,
}

/// Reads `pairs`. Names and values without a meaning are skipped silently: a `.env` is full of them.
pub fn take(pairs: Vec<Pair>, found: &mut ProfileCandidate) {
    // A bare `client_id` is a machine's next to names that only machines have.
    let object = |name: &str| name.rsplit_once('.').map_or("", |(object, _)| object).to_owned();
    let of_machines = ["clientsecret", "tokenurl", "scopes", "scope"];
    let is_bare = |pair: &&Pair| of_machines.contains(&plain(&pair.name).as_str()) && !pair.value.trim().is_empty();
    let machines: Vec<String> = pairs.iter().filter(is_bare).map(|pair| object(&pair.name)).collect();
    // Names next to a user pool in the same environment are Cognito's.
    let pools: Vec<Vec<String>> = pairs
        .iter()
        .filter(|pair| pool_in(pair.value.trim()).is_some())
        .map(|pair| name_normalization::group(&pair.name))
        .filter(|group| !group.is_empty())
        .collect();
    let mut of_unknown_clients = Vec::new();
    for pair in pairs {
        let around = if machines.contains(&object(&pair.name)) { Around::Machine } else { Around::Others };
        let (name, is_secret, before) = (pair.name.clone(), is_client_secret(&pair), found.heard);
        one(pair, around, &pools, found);
        if is_secret && found.heard == before {
            of_unknown_clients.push(name);
        }
    }
    // A secret next to an app client may be meant for it, so it is not passed over in silence.
    if [Key::UserClientId, Key::M2mClientId].iter().any(|key| !found.candidates(*key).is_empty()) {
        for name in of_unknown_clients {
            found.leave_out(&format!(
                "skipped {}: cogtok does not know which app client it is of",
                printable(&name, 80)
            ));
        }
    }
    // Without a user name a password can't be stored.
    if found.secret(SecretKind::Password).is_some() && found.candidates(Key::Username).is_empty() {
        found.forget_secret(SecretKind::Password);
        found.leave_out("skipped a password: there is no user name for it");
    }
}

/// Reads the secret of one machine's client, and returns the names that were not understood: each had a purpose.
pub(crate) fn take_client(pairs: Vec<Pair>, found: &mut ProfileCandidate) -> Vec<String> {
    let mut unknown = Vec::new();
    for pair in pairs {
        let (name, is_empty, before) = (pair.name.clone(), pair.value.trim().is_empty(), found.heard);
        one(pair, Around::OneClient, &[], found);
        if found.heard == before && !is_empty {
            unknown.push(name);
        }
    }
    unknown
}

/// Whether a pair looks like some app client's secret, whoever gave it out.
fn is_client_secret(Pair { name, value }: &Pair) -> bool {
    let text = value.trim();
    let is_reference = text.is_empty() || text.starts_with("arn:") || text.contains("://");
    let is_random = || letters(name).contains("clientsecret") && is_like_a_secret(text);
    let is_named = core(name).ends_with("clientsecret") || is_random();
    is_named && !is_reference && !name_normalization::is_foreign(name)
}

/// Whether what has this name decides which token a machine gets, so that it can't be passed over.
pub(crate) fn is_of_a_client(name: &str) -> bool {
    let core = core(name);
    !name_normalization::is_foreign(name)
        && (is_token_endpoint(&core)
            || ["clientid", "clientsecret", "scope", "scopes", "domain"].iter().any(|tail| core.ends_with(tail)))
}

/// A token endpoint, in other tools' words.
fn is_token_endpoint(plain: &str) -> bool {
    plain.contains("token") && ["url", "uri", "endpoint"].iter().any(|tail| plain.ends_with(tail))
}

/// Whether a name may be one whose value is taken.
pub fn is_known(name: &str) -> bool {
    const TAILS: [&str; 8] =
        ["clientid", "clientsecret", "m2msecret", "poolid", "tokenurl", "tokenendpoint", "scopes", "domain"];
    let (core, whole) = (core(name), letters(name));
    !name_normalization::is_foreign(name)
        && (is_ours(&core)
            || ["cognito", "cogtok"].iter().any(|part| whole.contains(part))
            || TAILS.iter().any(|tail| core.ends_with(tail)))
}

fn one(Pair { name, value }: Pair, around: Around, pools: &[Vec<String>], found: &mut ProfileCandidate) {
    let (plain, core, whole, text) = (plain(&name), core(&name), letters(&name), value.trim());
    // The names around it are those of its own environment.
    let is_one = around == Around::OneClient;
    let is_machine = is_one || (around == Around::Machine && plain == core);
    let is_placeholder = name_normalization::is_placeholder(text);
    if text.is_empty() || name_normalization::is_foreign(&name) {
        return;
    }
    let ends = |tails: &[&str]| tails.iter().any(|tail| core.ends_with(tail));
    let has = |parts: &[&str]| parts.iter().any(|part| whole.contains(part));
    // A name that says its environment is less sure than one that does not.
    let (rank, is_known) = (if is_ours(&plain) { 0 } else { 1 }, is_ours(&core));
    if let Some(variable) = Key::ALL.iter().find(|key| key.variable() == Some(name.as_str())) {
        let values = if variable.is_list() { text.split_ascii_whitespace().collect() } else { vec![text] };
        return found.offer(*variable, values.into_iter().map(str::to_owned).collect(), &name);
    }
    let group = name_normalization::group(&name);
    let is_beside_pool = pools.iter().any(|pool| pool.iter().all(|word| group.contains(word)));
    let is_secret = !text.starts_with("arn:") && !text.contains("://") && ends(&["clientsecret"]);
    let kind = match secret_kind(&core, &ends, &has, is_machine, text) {
        None if is_beside_pool && is_secret => Some(SecretKind::UserClient),
        None if is_one && core == "secret" => Some(SecretKind::M2mClient),
        Some(SecretKind::UserClient) if is_one && !is_of_users(&core) => Some(SecretKind::M2mClient),
        kind => kind,
    };
    if let Some(kind) = kind {
        // A real secret is longer than a placeholder.
        if is_placeholder && text.len() < 40 {
            found.leave_out(&unfilled(&name))
        } else {
            match shaped(kind, Secret::new((*value).clone())) {
                Ok(secret) => found.offer_secret(kind, secret, &name),
                Err(why) => {
                    found.leave_out(&format!("skipped the {kind} secret ({}): {why}", printable(&name, 80)));
                }
            }
        }
        return;
    }
    if is_placeholder && is_known && has(&["cognito", "client", "pool", "domain"]) {
        found.refused.extend(is_one.then(|| unfilled(&name)));
        return found.leave_out(&unfilled(&name));
    }
    if let Some(pool) = pool_in(text) {
        let rank = if ends(&["userpoolid", "poolid"]) { rank } else { 2 };
        return found.offer_ranked(Key::UserPoolId, vec![pool.to_string()], &name, rank);
    }
    if ends(&["userpoolid", "userpoolsid"]) {
        // Whatever its shape: other implementations of pools have other ids.
        return found.offer_ranked(Key::UserPoolId, vec![text.to_owned()], &name, rank);
    }
    let machine = has(&["m2m", "machine", "clientcredentials", "service"]);
    if text.starts_with("arn:") || ends(&["secretname"]) {
        let is_secret = text.contains(":secretsmanager:") || (ends(&["secretname"]) && machine);
        if is_secret && has(&["m2m", "machine", "client", "credential", "oauth", "cognito"]) {
            let rank = if machine { 0 } else { 1 };
            found.offer_ranked(Key::SecretArn, vec![text.to_owned()], &name, rank);
        }
        return;
    }
    if let Some(url) = text.parse::<Endpoint>().ok().filter(|_| text.contains("://")) {
        return a_url(&name, &core, &url, is_one, found);
    }
    if is_token_endpoint(&core) {
        // An invalid address is reported.
        return found.offer(Key::TokenUrl, vec![text.to_owned()], &name);
    }
    if ends(&["scopes", "scope"]) && (machine || is_machine || has(&["oauth", "cognito", "client"])) {
        return scopes(text, &name, is_one, found);
    }
    // What follows may be an environment of any name.
    let is_client = ends(&["client"]) || has(&["cognitoclientid"]);
    if ends(&["clientid", "clientsid"]) || (is_client && is_issued(text)) {
        let is_machines = machine || (is_machine && core == "clientid") || (is_one && !is_of_users(&core));
        let key = if is_machines { Key::M2mClientId } else { Key::UserClientId };
        // One of cogtok's names may have a value of any shape; another name needs one in AWS's form.
        if text.parse::<ClientId>().is_ok() && (is_known || is_one || is_issued(text)) {
            found.offer_ranked(key, vec![text.to_owned()], &name, rank);
        } else if is_known || is_one {
            found.offer(key, vec![text.to_owned()], &name);
        }
        return;
    }
    match core.as_str() {
        "cognitousername" => found.offer_ranked(Key::Username, vec![text.to_owned()], &name, rank),
        "cognitoregion" => found.offer_ranked(Key::Region, vec![text.to_owned()], &name, rank),
        "awsregion" | "region" | "awscognitoregion" => found.offer_ranked(Key::Region, vec![text.to_owned()], &name, 1),
        "awsdefaultregion" => found.offer_ranked(Key::Region, vec![text.to_owned()], &name, 2),
        _ if ends(&["identitypoolid"]) => found.offer(Key::IdentityPoolId, vec![text.to_owned()], &name),
        _ if ends(&["domain", "domainprefix", "domainname", "hosteduiurl"])
            && (is_one || has(&["cognito", "userpool", "auth", "hostedui", "login"])) =>
        {
            domain(text, &name, found);
        }
        _ => {}
    }
}

fn unfilled(name: &str) -> String {
    format!("skipped {}: it is still a placeholder", printable(name, 80))
}

/// Whether the name of a client or its secret says that users sign in with it.
fn is_of_users(plain: &str) -> bool {
    let rest = plain.replace("userpool", "");
    ["user", "web", "spa", "public", "frontend"].iter().any(|word| rest.contains(word))
}

/// Whether a client id looks like those that AWS gives out.
fn is_issued(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn secret_kind(
    plain: &str,
    ends: &dyn Fn(&[&str]) -> bool,
    has: &dyn Fn(&[&str]) -> bool,
    is_machine: bool,
    text: &str,
) -> Option<SecretKind> {
    let is_name = text.starts_with("arn:") || text.contains("://");
    match plain {
        "cognitopassword" | "cogtokpassword" => Some(SecretKind::Password),
        "cogtokm2mclientsecret" => Some(SecretKind::M2mClient),
        "cogtokuserclientsecret" => Some(SecretKind::UserClient),
        _ if is_name || !ends(&["clientsecret", "m2msecret"]) || !(is_ours(plain) || has(&["cognito", "m2m"])) => None,
        "clientsecret" if is_machine => Some(SecretKind::M2mClient),
        _ if has(&["m2m", "machine", "clientcredentials", "service"]) => Some(SecretKind::M2mClient),
        _ => Some(SecretKind::UserClient),
    }
}

/// A URL, by its path and host.
fn a_url(name: &str, plain: &str, url: &Endpoint, is_one: bool, found: &mut ProfileCandidate) {
    let is_hosted = url.url().host_str().is_some_and(|host| host.ends_with(".amazoncognito.com"));
    let is_named = is_one || ["cognito", "hostedui", "userpool", "oauth"].iter().any(|part| plain.contains(part));
    let is_token = url.url().path().ends_with("/oauth2/token");
    if is_token || is_token_endpoint(plain) {
        let rank = if is_token { 0 } else { 1 };
        found.offer_ranked(Key::TokenUrl, vec![url.to_string()], name, rank);
    } else if is_hosted || (is_named && (plain.ends_with("domain") || plain.ends_with("domainurl"))) {
        // A page of the domain: the part before the path.
        let (value, rank) = if is_hosted { (url.origin(), 1) } else { (url.to_string(), 0) };
        found.offer_ranked(Key::Domain, vec![value], name, rank);
    } else if ["awsendpointurl", "cognitoendpointurl", "cognitoendpoint"].contains(&plain) {
        found.offer(Key::EndpointUrl, vec![url.to_string()], name);
    }
}

/// A domain in any form: a URL, a host, or only the prefix.
pub fn domain(text: &str, name: &str, found: &mut ProfileCandidate) {
    let is_label = |text: &str| {
        (1..=63).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
    };
    if text.contains("://") {
        found.offer(Key::Domain, vec![text.to_owned()], name);
    } else if is_label(text) {
        found.heard += 1;
        found.prefixes.push((text.to_owned(), name.to_owned()));
    } else {
        let is_host = Url::parse(&format!("https://{text}/")).is_ok_and(|url| url.host_str() == Some(text));
        let value = if is_host { format!("https://{text}") } else { String::new() };
        found.offer(Key::Domain, vec![value], name);
    }
}

/// Scopes in one text, separated by spaces or commas. Those of users are no machine's, unless nothing but one is meant.
fn scopes(text: &str, name: &str, is_one: bool, found: &mut ProfileCandidate) {
    let is_list = text.starts_with('[') && text.ends_with(']');
    let around: &[char] = if is_list { &[',', '[', ']', '"', '\''] } else { &[','] };
    let text: Zeroizing<String> = Zeroizing::new(text.replace(around, " "));
    match Scopes::parse([text.as_str()]) {
        Ok(scopes) if !is_one && scopes.iter().any(|scope| OF_USERS.contains(&scope)) => {}
        Ok(scopes) => found.offer(Key::Scopes, scopes.iter().map(str::to_owned).collect(), name),
        Err(_) => {
            let why = format!("skipped {}: it is not a list of scopes", printable(name, 80));
            found.leave_out(&why);
            found.refused.push(why);
        }
    }
}

#[cfg(test)]
#[path = "key_mapping_tests.rs"]
mod tests;
