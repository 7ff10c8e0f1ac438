//! Checks how names and values of outputs and variables are interpreted.

use crate::oauth::client_bundle::candidates::Candidate;
use crate::oauth::client_bundle::key_mapping::*;
use crate::settings::profile::partitions::Partition;

const POOL: &str = "us-east-1_AbCdEfGhI";
const CLIENT: &str = "1example23456789abcdefghij";

fn taken(pairs: &[(&str, &str)]) -> ProfileCandidate {
    let pairs =
        pairs.iter().map(|(name, value)| Pair { name: (*name).to_owned(), value: Zeroizing::new((*value).to_owned()) });
    let mut found = ProfileCandidate::default();
    take(pairs.collect(), &mut found);
    found
}

fn key_of(name: &str, value: &str) -> Option<Key> {
    taken(&[(name, value)]).settings().next().map(|(key, _)| key)
}

#[test]
fn names_in_every_style_are_known() {
    for (name, value, key) in [
        ("COGNITO_USER_POOL_ID", POOL, Key::UserPoolId),
        ("UserPoolId", POOL, Key::UserPoolId),
        ("cognito_user_pool_id", POOL, Key::UserPoolId),
        ("aws_user_pools_id", POOL, Key::UserPoolId),
        ("AuthUserPoolId3F2A1B9C", POOL, Key::UserPoolId),
        ("ExportsOutputRefPool6BA7E5F2", POOL, Key::UserPoolId),
        ("UserPoolArn", "arn:aws:cognito-idp:us-east-1:111122223333:userpool/us-east-1_AbCdEfGhI", Key::UserPoolId),
        ("Issuer", "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI", Key::UserPoolId),
        ("COGNITO_USER_CLIENT_ID", "web", Key::UserClientId),
        ("COGNITO_CLIENT_ID", "web", Key::UserClientId),
        ("NEXT_PUBLIC_COGNITO_CLIENT_ID", "web", Key::UserClientId),
        ("aws_user_pools_web_client_id", CLIENT, Key::UserClientId),
        ("WebAppClientIdD1A2B3C4", CLIENT, Key::UserClientId),
        ("AgentUserClientId", CLIENT, Key::UserClientId),
        ("COGNITO_M2M_CLIENT_ID", "m2m", Key::M2mClientId),
        ("M2MClientId", CLIENT, Key::M2mClientId),
        ("m2mClientId", CLIENT, Key::M2mClientId),
        ("MachineToMachineClientId", CLIENT, Key::M2mClientId),
        ("m2m.client_id", CLIENT, Key::M2mClientId),
        ("OAUTH_TOKEN_ENDPOINT", "https://ws.example/oauth2/token", Key::TokenUrl),
        ("Anything", "https://ws.auth.us-east-1.amazoncognito.com/oauth2/token", Key::TokenUrl),
        ("HostedUiUrl", "https://ws.auth.us-east-1.amazoncognito.com/login", Key::Domain),
        ("COGNITO_DOMAIN", "auth.example.com", Key::Domain),
        ("M2M_CREDENTIALS_SECRET_ARN", "arn:aws:secretsmanager:us-east-1:1:secret:m-AbCdEf", Key::SecretArn),
        ("COGNITO_M2M_SCOPES", "api/read,api/write", Key::Scopes),
        ("COGNITO_USERNAME", "alice@example.com", Key::Username),
        ("COGTOK_AUTH_FLOW", "password", Key::AuthFlow),
        ("COGTOK_SCOPES", "a/x b/y", Key::Scopes),
        ("IdentityPoolId", "us-east-1:12345678-90ab-cdef-1234-567890abcdef", Key::IdentityPoolId),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566", Key::EndpointUrl),
        ("AWS_REGION", "eu-west-1", Key::Region),
        ("DEV_COGNITO_USER_POOL_ID", POOL, Key::UserPoolId),
        ("COGNITO_CLIENT_ID_DEV", "web", Key::UserClientId),
        ("CognitoClientIdProd2", "web", Key::UserClientId),
        ("COGNITO_STAGING_M2M_CLIENT_ID", "m2m", Key::M2mClientId),
        ("COGNITO_CLIENT_ID_RUNTIME", CLIENT, Key::UserClientId),
        ("OAUTH_TOKEN_ENDPOINT_QA", "https://ws.example/oauth2/token", Key::TokenUrl),
        ("COGNITO_DOMAIN_TEST", "auth.example.com", Key::Domain),
        ("COGNITO_USERNAME_DEV", "alice@example.com", Key::Username),
    ] {
        assert_eq!(key_of(name, value), Some(key), "{name}={value}");
    }
    let scopes = taken(&[("COGNITO_M2M_SCOPES", "[\"api/read\", \"api/write\"]")]);
    assert_eq!(scopes.candidates(Key::Scopes)[0].values, ["api/read", "api/write"]);
}

#[test]
fn what_belongs_to_others_is_passed_over() {
    for (name, value) in [
        ("GOOGLE_CLIENT_ID", CLIENT),
        ("GITHUB_CLIENT_ID", CLIENT),
        ("StripeClientId", "ca_1234"),
        ("GoogleClientSecret", "hunter2hunter2"),
        ("STRIPE_CLIENT_SECRET", "hunter2hunter2"),
        ("DatabaseSecretArn", "arn:aws:secretsmanager:us-east-1:1:secret:db-AbCdEf"),
        ("DBCredentialsSecretArn", "arn:aws:secretsmanager:us-east-1:1:secret:db-AbCdEf"),
        ("DOMAIN", "example.com"),
        ("API_URL", "https://api.example.com/"),
        ("COGNITO_SCOPES", "openid email profile"),
        ("PATH", "/bin:/usr/bin"),
        ("USER", "alice"),
        ("USERNAME", "alice"),
        ("PASSWORD", "hunter2hunter2"),
        ("COGNITO_CLIENT_ID", ""),
        ("COGNITO_CLIENT_ID", "your-client-id"),
        ("COGNITO_CLIENT_ID", "<client id>"),
        ("COGNITO_CLIENT_ID", "${CLIENT}"),
        ("LambdaArn", "arn:aws:lambda:us-east-1:111122223333:function:x"),
        ("Table", "table_name"),
    ] {
        let found = taken(&[(name, value)]);
        assert!(found.is_empty(), "{name}={value}: {found:?}");
    }
}

#[test]
fn a_value_that_cannot_be_is_told_without_it() {
    for (name, value) in [
        ("COGNITO_USER_POOL_ID", "hunter2"),
        ("COGNITO_CLIENT_ID", "hunter2 hunter2"),
        ("COGNITO_CLIENT_ID", "hunter2\u{1b}[31m"),
        ("OAUTH_TOKEN_ENDPOINT", "http://hunter2.example/oauth2/token"),
        ("OAUTH_TOKEN_ENDPOINT", "https://user:hunter2@x.example/oauth2/token"),
        ("COGNITO_DOMAIN", "hunter2/../x y"),
        ("COGNITO_USERNAME", "hunter2\u{202e}"),
    ] {
        let found = taken(&[(name, value)]);
        assert!(found.is_empty(), "{name}: {found:?}");
        assert!(found.left_out.len() == 1 && found.left_out[0].contains(name), "{name}: {:?}", found.left_out);
        assert!(!found.left_out[0].contains("hunter2"), "{:?}", found.left_out);
    }
}

#[test]
fn secrets_are_told_from_settings_and_by_whose_they_are() {
    let found = taken(&[
        ("COGNITO_M2M_CLIENT_SECRET", "machine-secret"),
        ("COGNITO_CLIENT_SECRET", "user-secret"),
        ("COGNITO_PASSWORD", "the-password"),
        ("COGNITO_USERNAME", "alice"),
    ]);
    let value = |kind| found.secret(kind).map(|secret| secret.value.expose());
    assert_eq!(value(SecretKind::M2mClient), Some("machine-secret"));
    assert_eq!(value(SecretKind::UserClient), Some("user-secret"));
    assert_eq!(value(SecretKind::Password), Some("the-password"));
    assert!(!format!("{found:?}").contains("-secret"));
    // The text of a secret: bare names that belong together.
    let bundle = taken(&[
        ("client_id", "m2m"),
        ("client_secret", "machine-secret"),
        ("token_url", "https://x.example/oauth2/token"),
        ("scopes", "a/b"),
    ]);
    let keys: Vec<Key> = bundle.settings().map(|(key, _)| key).collect();
    assert_eq!(keys, [Key::M2mClientId, Key::Scopes, Key::TokenUrl]);
    assert!(bundle.secret(SecretKind::M2mClient).is_some());
    assert!(taken(&[("COGNITO_PASSWORD", "the-password")]).is_empty(), "nobody's password");
}

#[test]
fn the_surest_name_wins_and_equals_are_left_to_the_caller() {
    let mut found = taken(&[("AgentClientId", CLIENT), ("COGNITO_CLIENT_ID", "web")]);
    found.settle(&[Key::UserClientId], |_, _| panic!("one is surer")).unwrap();
    assert_eq!(found.one(Key::UserClientId), Some("web"));
    let mut found = taken(&[("COGNITO_CLIENT_ID", "web"), ("COGNITO_USER_CLIENT_ID", "app")]);
    assert_eq!(found.one(Key::UserClientId), None);
    found.settle(&[Key::UserClientId], |_, candidates| Ok(candidates.len() - 1)).unwrap();
    assert_eq!(found.one(Key::UserClientId), Some("app"));
    assert_eq!(found.left_out.len(), 1);
}

#[test]
fn a_prefix_becomes_the_domain_of_its_region() {
    let domain = |region: &str| Partition::domain("ws", &region.parse().unwrap());
    assert_eq!(domain("us-east-1").as_deref(), Some("https://ws.auth.us-east-1.amazoncognito.com"));
    assert_eq!(domain("us-gov-west-1").as_deref(), Some("https://ws.auth-fips.us-gov-west-1.amazoncognito.com"));
    assert_eq!(domain("cn-north-1"), None);
    assert_eq!(taken(&[("COGNITO_DOMAIN", "workshop-1")]).prefixes[0].0, "workshop-1");
}

#[test]
fn one_environments_pool_goes_with_its_own_client() {
    let [runtime, identity] = ["us-east-1_Runtime00", "us-east-1_Identity0"];
    let other = "2example23456789abcdefghij";
    let flat = [
        ("RUNTIME_POOL_ID", runtime),
        ("RUNTIME_CLIENT_ID", CLIENT),
        (
            "RUNTIME_DISCOVERY_URL",
            "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Runtime00/.well-known/openid-configuration",
        ),
        ("IDENTITY_POOL_ID", identity),
        ("IDENTITY_CLIENT_ID", other),
        ("IDENTITY_CLIENT_SECRET", "identity-secret"),
        ("IDENTITY_TOKEN_ENDPOINT", "https://identity.auth.us-east-1.amazoncognito.com/oauth2/token"),
    ];
    let nested: Vec<(String, &str)> =
        flat.iter().map(|(name, value)| (name.to_lowercase().replacen('_', ".", 1), *value)).collect();
    let nested: Vec<(&str, &str)> = nested.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    for (pairs, is_nested) in [(flat.to_vec(), false), (nested, true)] {
        for (pool, client, has_secret) in [(runtime, CLIENT, false), (identity, other, true)] {
            // With its secret in the same object, a bare `client_id` is a machine's.
            let (key, kind) = if is_nested && has_secret {
                (Key::M2mClientId, SecretKind::M2mClient)
            } else {
                (Key::UserClientId, SecretKind::UserClient)
            };
            let is_meant =
                |candidates: &[Candidate]| candidates.iter().position(|candidate| candidate.values == [pool]);
            let mut asked = taken(&pairs);
            asked
                .settle(&[Key::UserPoolId, Key::UserClientId], |key, candidates| {
                    assert_eq!(key, Key::UserPoolId, "the client follows from the pool");
                    Ok(is_meant(candidates).unwrap())
                })
                .unwrap();
            let mut decided = taken(&pairs);
            decided.decide(Key::UserPoolId, vec![pool.to_owned()], "--user-pool-id").unwrap();
            decided.settle(&[Key::UserClientId], |_, _| panic!("the client follows from the pool")).unwrap();
            for found in [asked, decided] {
                assert_eq!((found.one(Key::UserPoolId), found.one(key)), (Some(pool), Some(client)));
                assert_eq!(found.secret(kind).is_some(), has_secret, "{pool}");
                assert_eq!(found.one(Key::TokenUrl).is_some(), has_secret, "{pool}");
                assert!(found.left_out.iter().any(|why| why.contains("CLIENT_ID") || why.contains("client_id")));
            }
        }
    }
}

const TOKEN_URL: &str = "https://ws.example/oauth2/token";

/// What is left of `pairs` once the source is settled, and what cogtok says of the rest.
fn settled(pairs: &[(&str, &str)]) -> (Vec<Key>, Vec<SecretKind>, Vec<String>) {
    let mut found = taken(pairs);
    found.settle(&[Key::UserPoolId, Key::UserClientId, Key::M2mClientId], |key, _| panic!("{key:?}")).unwrap();
    let keys = found.settings().map(|(key, _)| key).collect();
    let kinds = found.secrets().iter().map(|secret| secret.kind).collect();
    (keys, kinds, found.left_out)
}

#[test]
fn values_of_two_environments_are_not_mixed_where_each_key_has_one_value() {
    let not_with = |origin: &str, taken: &str| format!("skipped {origin}: it does not belong with {taken}");
    for (pool, client) in [
        ("DEV_COGNITO_USER_POOL_ID", "PROD_COGNITO_CLIENT_ID"),
        ("COGNITO_USER_POOL_ID_DEV", "COGNITO_CLIENT_ID_PROD"),
        ("dev.UserPoolId", "prod.ClientId"),
        ("outputs.stage1.UserPoolId", "outputs.stage2.ClientId"),
        ("BlueUserPoolId", "GreenClientId"),
    ] {
        let (keys, _, told) = settled(&[(pool, POOL), (client, CLIENT)]);
        assert_eq!((keys, told), (vec![Key::UserPoolId], vec![not_with(client, pool)]));
    }
    let (keys, kinds, told) = settled(&[
        ("DEV_M2M_CLIENT_ID", CLIENT),
        ("PROD_M2M_CLIENT_SECRET", "the-secret-of-production"),
        ("PROD_TOKEN_URL", TOKEN_URL),
    ]);
    assert_eq!((keys, kinds.len()), (vec![Key::M2mClientId], 0));
    let told_of = |name: &str| told.contains(&not_with(name, "DEV_M2M_CLIENT_ID"));
    assert!(told_of("PROD_M2M_CLIENT_SECRET") && told_of("PROD_TOKEN_URL"), "{told:?}");
    // What names no environment is for all of them.
    let (keys, kinds, told) = settled(&[
        ("COGNITO_USER_POOL_ID", POOL),
        ("DEV_COGNITO_CLIENT_ID", "web"),
        ("COGNITO_CLIENT_SECRET_DEV", "the-secret-of-development"),
        ("COGNITO_DOMAIN", "auth.example.com"),
    ]);
    assert_eq!((keys.len(), kinds, told), (3, vec![SecretKind::UserClient], Vec::new()));
}

#[test]
fn a_pool_that_two_environments_share_stays_with_the_chosen_client() {
    let pairs = [
        ("DEV_COGNITO_USER_POOL_ID", POOL),
        ("DEV_COGNITO_CLIENT_ID", "devs"),
        ("DEV_COGNITO_DOMAIN", "dev.example.com"),
        ("PROD_COGNITO_USER_POOL_ID", POOL),
        ("PROD_COGNITO_CLIENT_ID", "prods"),
        ("PROD_COGNITO_DOMAIN", "prod.example.com"),
    ];
    for (client, domain, pool) in [
        ("devs", "https://dev.example.com", "DEV_COGNITO_USER_POOL_ID"),
        ("prods", "https://prod.example.com", "PROD_COGNITO_USER_POOL_ID"),
    ] {
        let mut asked = taken(&pairs);
        let meant = |candidates: &[Candidate]| candidates.iter().position(|candidate| candidate.values == [client]);
        asked.settle(&[Key::UserPoolId, Key::UserClientId], |_, candidates| Ok(meant(candidates).unwrap())).unwrap();
        let mut decided = taken(&pairs);
        decided.decide(Key::UserClientId, vec![client.to_owned()], "--client-id").unwrap();
        decided.settle(&[Key::UserPoolId], |_, _| panic!("there is one pool")).unwrap();
        for found in [asked, decided] {
            let values = [Key::UserPoolId, Key::UserClientId, Key::Domain].map(|key| found.one(key));
            assert_eq!(values, [Some(POOL), Some(client), Some(domain)]);
            assert_eq!(found.candidates(Key::UserPoolId)[0].origin, pool);
        }
    }
}

#[test]
fn pools_named_by_their_discovery_documents_decide_on_the_client() {
    let url =
        |pool: &str| format!("https://cognito-idp.us-east-1.amazonaws.com/{pool}/.well-known/openid-configuration");
    let [runtime, identity] = ["us-east-1_Runtime00", "us-east-1_Identity0"];
    let (of_runtime, of_identity) = (url(runtime), url(identity));
    let mut found = taken(&[
        ("RUNTIME_DISCOVERY_URL", &of_runtime),
        ("RUNTIME_CLIENT_ID", CLIENT),
        ("IDENTITY_DISCOVERY_URL", &of_identity),
        ("IDENTITY_CLIENT_ID", "2example23456789abcdefghij"),
    ]);
    found.decide(Key::UserPoolId, vec![identity.to_owned()], "--user-pool-id").unwrap();
    found.settle(&[Key::UserClientId], |_, _| panic!("the client follows from the pool")).unwrap();
    assert_eq!(found.one(Key::UserClientId), Some("2example23456789abcdefghij"));
}

#[test]
fn a_secret_is_not_given_to_a_client_of_another_name_nor_passed_over_in_silence() {
    for (secret, says) in [
        ("IDENTITY_CLIENT_SECRET", "cogtok does not know which app client it is of"),
        ("IDENTITY_COGNITO_CLIENT_SECRET", "it does not belong with RUNTIME_CLIENT_ID"),
        ("PARTNER_CLIENT_SECRET", "cogtok does not know which app client it is of"),
    ] {
        let (_, kinds, told) =
            settled(&[("RUNTIME_POOL_ID", POOL), ("RUNTIME_CLIENT_ID", CLIENT), (secret, "hunter2")]);
        assert_eq!((kinds, told), (Vec::new(), vec![format!("skipped {secret}: {says}")]));
    }
    for (password, is_taken) in [("COGNITO_PASSWORD", true), ("COGNITO_PASSWORD_DEV", false), ("COGTOK_PASSWORD", true)]
    {
        let (_, kinds, told) = settled(&[("COGNITO_USERNAME", "alice"), (password, "hunter2hunter2")]);
        assert_eq!((kinds.len() == 1, told.is_empty()), (is_taken, is_taken), "{told:?}");
    }
    // Another product's is none of ours.
    let (_, kinds, told) = settled(&[("RUNTIME_CLIENT_ID", CLIENT), ("STRIPE_CLIENT_SECRET", "hunter2hunter2")]);
    assert_eq!((kinds.len(), told.len()), (0, 0), "{told:?}");
}

#[test]
fn names_that_have_nothing_in_common_are_doubted() {
    let (keys, _, told) = settled(&[("RUNTIME_POOL_ID", POOL), ("IDENTITY_CLIENT_ID", CLIENT)]);
    assert_eq!(keys, [Key::UserPoolId, Key::UserClientId]);
    let says = "`user_pool_id` comes from RUNTIME_POOL_ID and `user.client_id` comes from IDENTITY_CLIENT_ID: check that they \
        belong together";
    assert_eq!(told, [says]);
}
