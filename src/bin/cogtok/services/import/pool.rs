//! A user pool, by its id: its domain, and its app clients with what each is for.

use crate::services::import::name_from;
use cogtok::aws::admin::Admin;
use cogtok::aws::app_clients::AppClient;
use cogtok::error::{Error, Kind, Result, printable};
use cogtok::http::client::HttpClient;
use cogtok::oauth::client_bundle::candidates::ProfileCandidate;
use cogtok::oauth::client_bundle::key_mapping;
use cogtok::settings::keys::Key;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{ClientId, PoolId};

/// The most app clients that are looked at to see what each is for.
const MOST_CLIENTS: usize = 25;

/// The values of a pool. Of its app clients only those in `clients` are read; all, if that is empty.
///
/// # Errors
/// See the table in [`cogtok::aws::service_error`] for DescribeUserPool, ListUserPoolClients and DescribeUserPoolClient;
/// [`Kind::NeedsHuman`] when there are too many clients to read each.
pub async fn read(
    wire: &HttpClient,
    profile: &Profile,
    pool: &PoolId,
    clients: &[ClientId],
) -> Result<ProfileCandidate> {
    let admin = Admin::new(wire, profile).await?;
    let described = admin.pool().await?;
    let mut found =
        ProfileCandidate::named(described.name.as_deref().and_then(name_from).or_else(|| name_from(pool.as_str())));
    found.offer(Key::UserPoolId, vec![pool.to_string()], "the pool id");
    for domain in [described.custom_domain, described.prefix].into_iter().flatten().filter(|domain| !domain.is_empty())
    {
        key_mapping::domain(&domain, "DescribeUserPool", &mut found);
    }
    let wanted = match clients {
        [] => all(&admin, pool).await?,
        named => named.to_vec(),
    };
    for id in wanted {
        let client = admin.app_client(&id).await?;
        let key = if client.is_machine { Key::M2mClientId } else { Key::UserClientId };
        found.offer(key, vec![client.id.to_string()], &label(&client));
        found.clients.push(client);
    }
    Ok(found)
}

async fn all(admin: &Admin, pool: &PoolId) -> Result<Vec<ClientId>> {
    let listed = admin.clients().await?;
    if listed.len() > MOST_CLIENTS {
        let shown: Vec<String> = listed
            .iter()
            .take(5)
            .map(|(id, name)| match name {
                Some(name) => format!("{} ({id})", printable(name, 40)),
                None => id.to_string(),
            })
            .collect();
        return Err(Error::new(
            Kind::NeedsHuman,
            format!("{pool} has {} app clients: {} and more", listed.len(), shown.join(", ")),
        )
        .hint("choose them: `--client-id ID` for users, `--m2m-client-id ID` for machines"));
    }
    Ok(listed.into_iter().map(|(id, _)| id).collect())
}

fn label(client: &AppClient) -> String {
    let shown = client.name.as_deref().unwrap_or(client.id.as_str());
    format!("app client {}", printable(shown, 60))
}
