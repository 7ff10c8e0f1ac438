//! Each service with tokens that it takes and tokens that it refuses.

use serde_json::{Value, json};

use super::*;
use crate::error::Kind;

use crate::token::sign::{
    self, CLIENT, ISSUER, MACHINE, access_claims, id_claims, jwks, machine_claims, sign, sign_with,
};

const NOW: u64 = 1_700_000_000;

fn of_pool() -> Authorizer {
    let mut authorizer = Authorizer::default();
    authorizer.set_discovery_url(&format!("{ISSUER}{DISCOVERY}"));
    authorizer
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

fn with(claims: Value, name: &str, value: Value) -> Value {
    let mut claims = claims;
    claims[name] = value;
    claims
}

fn findings(consumer: ResourceServer, authorizer: &Authorizer, token: &str) -> Vec<Finding> {
    check(consumer, authorizer, token, NOW * 1000, |_, _| KeySet::parse(jwks().to_string().as_bytes())).unwrap()
}

/// The rule that fails first and its fix; nothing where the token is taken.
fn verdict(consumer: ResourceServer, authorizer: &Authorizer, claims: &Value) -> Option<(String, String)> {
    let findings = findings(consumer, authorizer, &sign(claims));
    let failed = findings.iter().find(|finding| !finding.passes)?;
    let error = refusal(consumer, &findings).unwrap();
    assert_eq!(error.kind(), Kind::InvalidToken);
    assert!(error.message().contains(&failed.rule), "{error}");
    Some((failed.rule.clone(), failed.fix.as_ref().unwrap().told()))
}

#[track_caller]
fn taken(consumer: ResourceServer, authorizer: &Authorizer, claims: &Value) {
    assert_eq!(verdict(consumer, authorizer, claims), None, "{} {claims}", consumer.as_str());
}

#[track_caller]
fn refused(consumer: ResourceServer, authorizer: &Authorizer, claims: &Value, rule: &str, fix: &str) {
    let (broken, how) = verdict(consumer, authorizer, claims).expect("refused");
    assert_eq!(broken, rule, "{} {claims}", consumer.as_str());
    assert!(how.contains(fix), "{how}");
}

#[test]
fn agentcore_compares_all_the_lists_that_are_set() {
    for consumer in [ResourceServer::AgentcoreRuntime, ResourceServer::AgentcoreGateway] {
        assert!(consumer.lacks(&of_pool()).is_some());
        let clients = Authorizer { clients: texts(&["x", CLIENT]), ..of_pool() };
        assert_eq!(consumer.lacks(&clients), None);
        taken(consumer, &clients, &access_claims(NOW));
        refused(consumer, &clients, &id_claims(NOW), "allowedClients", "GetAccessToken");
        refused(consumer, &clients, &machine_claims(NOW), "allowedClients", "add the token's client");
        let audiences = Authorizer { audiences: texts(&[CLIENT]), ..of_pool() };
        taken(consumer, &audiences, &id_claims(NOW));
        refused(consumer, &audiences, &access_claims(NOW), "allowedAudience", "allowedClients instead");
        taken(consumer, &audiences, &with(access_claims(NOW), "aud", json!(["x", CLIENT])));
        refused(
            consumer,
            &audiences,
            &with(access_claims(NOW), "aud", json!("x")),
            "allowedAudience",
            "add the token's audience",
        );
        let both = Authorizer { clients: texts(&[CLIENT]), ..audiences.clone() };
        refused(consumer, &both, &access_claims(NOW), "allowedAudience", "allowedClients");
        refused(consumer, &both, &id_claims(NOW), "allowedClients", "GetAccessToken");
        let scopes = Authorizer { scopes: texts(&["api/write", "x"]), ..of_pool() };
        taken(consumer, &scopes, &machine_claims(NOW));
        refused(consumer, &scopes, &access_claims(NOW), "allowedScopes", "token endpoint");
        refused(
            consumer,
            &scopes,
            &with(machine_claims(NOW), "scope", json!("api/writer")),
            "allowedScopes",
            "AskForScopes",
        );
        refused(consumer, &scopes, &id_claims(NOW), "allowedScopes", "GetAccessToken");
    }
}

#[test]
fn what_holds_for_all_fails_for_all() {
    let authorizer = Authorizer { clients: texts(&[CLIENT]), audiences: texts(&[CLIENT]), ..of_pool() };
    for consumer in ResourceServer::ALL {
        let good = match consumer {
            ResourceServer::ApigatewayRest | ResourceServer::IdentityPool => id_claims(NOW),
            _ => with(access_claims(NOW), "aud", json!(CLIENT)),
        };
        taken(consumer, &authorizer, &good);
        // A token that was just issued may start in this clock's future.
        taken(consumer, &authorizer, &with(good.clone(), "iat", json!(NOW + 60)));
        refused(consumer, &authorizer, &with(good.clone(), "exp", json!(NOW)), "exp", "ReplaceToken");
        taken(consumer, &authorizer, &with(good.clone(), "exp", json!(NOW + 60)));
        let in_its_last_minute = with(good.clone(), "exp", json!(NOW + 59));
        match consumer {
            ResourceServer::AgentcoreRuntime | ResourceServer::AgentcoreGateway => {
                refused(consumer, &authorizer, &in_its_last_minute, "exp", "ReplaceToken");
            }
            _ => taken(consumer, &authorizer, &in_its_last_minute),
        }
        refused(consumer, &authorizer, &with(good.clone(), "exp", json!("soon")), "exp", "ReplaceToken");
        refused(consumer, &authorizer, &with(good.clone(), "iat", json!(NOW + 61)), "iat", "clock");
        refused(consumer, &authorizer, &with(good.clone(), "nbf", json!(NOW + 61)), "nbf", "clock");
        let other = ISSUER.replace("Example", "Another");
        refused(consumer, &authorizer, &with(good.clone(), "iss", json!(other)), "iss", "another pool");
        let updated = ISSUER.replace("//cognito", "//issuer-cognito");
        refused(consumer, &authorizer, &with(good.clone(), "iss", json!(updated)), "iss", "issuer");
        let forged = sign_with("stranger", &json!({"kid": "test-access", "alg": "RS256"}), &good);
        let found = findings(consumer, &authorizer, &forged);
        assert_eq!(found.iter().find(|finding| !finding.passes).unwrap().rule, "signature");
        for token in ["", "opaque", "a.b.c", "a.b.c.d.e"] {
            let found = findings(consumer, &authorizer, token);
            assert_eq!((found.len(), found[0].rule.as_str(), found[0].passes), (1, "format", false), "{token}");
        }
        // A wrong issuer causes no request for keys.
        let foreign = sign(&with(good, "iss", json!("https://evil.example")));
        let found = check(consumer, &authorizer, &foreign, NOW * 1000, |_, _| panic!("asked")).unwrap();
        assert!(found.iter().any(|finding| finding.rule == "signature" && !finding.passes));
    }
}

#[test]
fn an_http_api_looks_at_client_id_only_without_aud() {
    let api = Authorizer { audiences: texts(&[CLIENT, MACHINE]), ..of_pool() };
    let http = ResourceServer::ApigatewayHttp;
    assert!(http.lacks(&of_pool()).is_some());
    for claims in [access_claims(NOW), id_claims(NOW), machine_claims(NOW)] {
        taken(http, &api, &claims);
    }
    refused(http, &api, &with(access_claims(NOW), "aud", json!("https://api.example.com")), "Audience", "Audience");
    refused(http, &api, &with(access_claims(NOW), "client_id", json!("x")), "Audience", "Audience");
    let route = Authorizer { scopes: texts(&["api/write"]), ..api };
    taken(http, &route, &machine_claims(NOW));
    taken(http, &route, &with(with(machine_claims(NOW), "scope", json!("")), "scp", json!(["api/write"])));
    refused(http, &route, &id_claims(NOW), "authorizationScopes", "GetAccessToken");
}

#[test]
fn a_rest_api_takes_access_tokens_only_with_scopes() {
    let rest = ResourceServer::ApigatewayRest;
    assert_eq!(rest.lacks(&of_pool()), None);
    taken(rest, &of_pool(), &id_claims(NOW));
    refused(rest, &of_pool(), &access_claims(NOW), "token_use", "authorization scopes");
    let method = Authorizer { scopes: texts(&["api/read"]), ..of_pool() };
    taken(rest, &method, &access_claims(NOW));
    taken(rest, &method, &machine_claims(NOW));
    refused(rest, &method, &id_claims(NOW), "token_use", "GetAccessToken");
    refused(rest, &method, &with(machine_claims(NOW), "scope", json!("x")), "authorizationScopes", "AskForScopes");
}

#[test]
fn an_identity_pool_takes_id_tokens_of_its_client() {
    let pool = Authorizer { clients: texts(&[CLIENT]), ..of_pool() };
    taken(ResourceServer::IdentityPool, &pool, &id_claims(NOW));
    refused(ResourceServer::IdentityPool, &pool, &access_claims(NOW), "token_use", "GetIdToken");
    refused(ResourceServer::IdentityPool, &pool, &machine_claims(NOW), "token_use", "GetIdToken");
    refused(
        ResourceServer::IdentityPool,
        &pool,
        &with(id_claims(NOW), "aud", json!("x")),
        "aud",
        "identity pool's provider",
    );
}

#[test]
fn a_load_balancer_checks_the_claims_it_is_given() {
    let alb = ResourceServer::Alb;
    taken(alb, &of_pool(), &machine_claims(NOW));
    let config = json!({"Actions": [{"Type": "jwt-validation", "JwtValidationConfig": {"Issuer": ISSUER,
        "JwksEndpoint": format!("{ISSUER}/.well-known/jwks.json"), "AdditionalClaims": [
            {"Format": "single-string", "Name": "client_id", "Values": [MACHINE]},
            {"Format": "space-separated-values", "Name": "scope", "Values": ["api/write"]},
            {"Format": "string-array", "Name": "cognito:groups", "Values": ["readers"]}]}}]});
    let mut read = Authorizer::read(alb, config.to_string().as_bytes()).unwrap();
    refused(alb, &read, &machine_claims(NOW), "cognito:groups", "lacks");
    refused(alb, &read, &access_claims(NOW), "client_id", "lacks");
    read.claims.pop();
    taken(alb, &read, &machine_claims(NOW));
    refused(alb, &read, &with(machine_claims(NOW), "scope", json!("api/read")), "scope", "lacks");
    refused(alb, &Authorizer { audiences: texts(&["x"]), ..of_pool() }, &access_claims(NOW), "aud", "no aud");
}

#[test]
fn configurations_are_read_in_the_spelling_of_every_tool() {
    let url = format!("{ISSUER}{DISCOVERY}");
    let rule = json!({"inboundTokenClaimName": "cognito:groups", "inboundTokenClaimValueType": "STRING_ARRAY",
        "authorizingClaimMatchValue": {"claimMatchOperator": "CONTAINS_ANY",
            "claimMatchValue": {"matchValueStringList": ["readers", "x"]}}});
    let inner =
        json!({"discoveryUrl": url, "allowedClients": [CLIENT], "allowedScopes": ["api/read"], "customClaims": [rule]});
    let wanted = Authorizer {
        clients: texts(&[CLIENT]),
        scopes: texts(&["api/read"]),
        claims: vec![ClaimRule {
            name: "cognito:groups".into(),
            form: ClaimForm::List,
            values: texts(&["readers", "x"]),
        }],
        ..of_pool()
    };
    for json in [
        inner.clone(),
        json!({ "customJWTAuthorizer": inner.clone() }),
        json!({"agentRuntimeArn": "arn", "authorizerConfiguration": {"customJWTAuthorizer": inner.clone()}}),
        json!([{"custom_jwt_authorizer": [{"discovery_url": url, "allowed_clients": [CLIENT], "allowed_scopes": ["api/read"],
            "custom_claims": [rule]}]}]),
        json!({"CustomJWTAuthorizer": {"DiscoveryUrl": url, "AllowedClients": [CLIENT], "AllowedScopes": ["api/read"],
            "CustomClaims": [rule]}}),
    ] {
        assert_eq!(
            Authorizer::read(ResourceServer::AgentcoreGateway, json.to_string().as_bytes()).unwrap(),
            wanted,
            "{json}"
        );
    }
    taken(ResourceServer::AgentcoreRuntime, &wanted, &access_claims(NOW));
    refused(
        ResourceServer::AgentcoreRuntime,
        &wanted,
        &with(access_claims(NOW), "cognito:groups", json!(["y"])),
        "cognito:groups",
        "lacks",
    );
    let bare = Authorizer { clients: texts(&[CLIENT]), ..Authorizer::default() };
    let mut slashed = Authorizer { discovery_url: None, ..bare };
    slashed.set_discovery_url(&format!("{ISSUER}/"));
    refused(ResourceServer::AgentcoreRuntime, &slashed, &access_claims(NOW), "discoveryUrl", DISCOVERY);

    let http = json!({"AuthorizerType": "JWT", "JwtConfiguration": {"Audience": [CLIENT], "Issuer": ISSUER}});
    let read = Authorizer::read(ResourceServer::ApigatewayHttp, http.to_string().as_bytes()).unwrap();
    assert_eq!((read.issuers, read.audiences), (texts(&[ISSUER]), texts(&[CLIENT])));
    let rest = json!({"type": "COGNITO_USER_POOLS", "authorizationScopes": ["api/read"],
        "providerARNs": [format!("arn:aws:cognito-idp:us-east-1:111122223333:userpool/{}", sign::POOL)]});
    let read = Authorizer::read(ResourceServer::ApigatewayRest, rest.to_string().as_bytes()).unwrap();
    assert_eq!((read.issuers, read.scopes), (texts(&[ISSUER]), texts(&["api/read"])));
    let pool = json!({"CognitoIdentityProviders": [{"ProviderName": &ISSUER[8..], "ClientId": CLIENT}]});
    let read = Authorizer::read(ResourceServer::IdentityPool, pool.to_string().as_bytes()).unwrap();
    taken(ResourceServer::IdentityPool, &read, &id_claims(NOW));
    assert_eq!((read.issuers, read.clients), (texts(&[ISSUER]), texts(&[CLIENT])));
    // The client of one provider does not count for another's tokens.
    let crossed = json!({"CognitoIdentityProviders": [{"ProviderName": &ISSUER[8..], "ClientId": "other"},
        {"ProviderName": "cognito-idp.us-east-1.amazonaws.com/us-east-1_Another01", "ClientId": CLIENT}]});
    let read = Authorizer::read(ResourceServer::IdentityPool, crossed.to_string().as_bytes()).unwrap();
    refused(ResourceServer::IdentityPool, &read, &id_claims(NOW), "aud", "identity pool's provider");
    let metadata = format!("{ISSUER}/.well-known/oauth-authorization-server");
    let mut read = Authorizer { clients: texts(&[CLIENT]), ..Authorizer::default() };
    read.set_discovery_url(&metadata);
    taken(ResourceServer::AgentcoreRuntime, &read, &access_claims(NOW));

    for consumer in ResourceServer::ALL {
        for text in [
            "",
            "x",
            "null",
            "{}",
            "[]",
            r#"{"authorizerType":"AWS_IAM"}"#,
            r#"{"discoveryUrl":7,"audience":7,"providerARNs":7,"jwksEndpoint":7,"cognitoIdentityProviders":7}"#,
        ] {
            let error = Authorizer::read(consumer, text.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), Kind::Usage, "{} {text}", consumer.as_str());
        }
        assert!(Authorizer::read(consumer, "[".repeat(100).as_bytes()).is_err());
    }
    let broken = json!({"discoveryUrl": url, "customClaims": [{"inboundTokenClaimName": "x"}]});
    assert!(Authorizer::read(ResourceServer::AgentcoreGateway, broken.to_string().as_bytes()).is_err());
}
