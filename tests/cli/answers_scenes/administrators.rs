//! What an administrator asks of a pool.

use super::{NEW_PASSWORD, Scene, none, page, scene, shown_user, user};
use crate::harness::challenges::{CLIENT_SECRET as SECRET, PASSWORD};
use crate::harness::sign::{CLIENT, MACHINE, POOL};
use serde_json::{Value, json};

fn group() -> Value {
    json!({"GroupName": "readers", "Precedence": 7})
}

fn created() -> Vec<(&'static str, Value)> {
    vec![("AdminCreateUser", json!({"User": user()})), ("AdminSetUserPassword", none())]
}

pub fn scenes() -> Vec<Scene> {
    let client = json!({"UserPoolClient": {"ClientId": CLIENT, "ClientName": "web", "UserPoolId": POOL, "ClientSecret": null,
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"], "AllowedOAuthFlows": ["code"],
        "AllowedOAuthScopes": ["openid"], "CallbackURLs": ["http://127.0.0.1:8484/callback"], "DefaultRedirectURI": "http://127.0.0.1:8484/callback"}});
    let pool = json!({"UserPool": {"Id": POOL, "Name": "pool", "Domain": "ws", "CustomDomain": null, "Policies": {"PasswordPolicy":
        {"MinimumLength": 8, "RequireUppercase": true, "RequireLowercase": true, "RequireNumbers": true, "RequireSymbols": true}},
        "UsernameAttributes": ["email"], "AliasAttributes": null}});
    let clients = json!([{"ClientId": CLIENT, "UserPoolId": POOL, "ClientName": "web"}]);
    let secret = json!({"ClientSecretId": format!("{MACHINE}--1767225600000")});
    let new_secret = json!({"ClientSecretId": format!("{MACHINE}--1767225600001")});
    let groups = || ("AdminListGroupsForUser", page("Groups", json!([group()])));
    // An answer without members has nothing to leave out: whoever reads such answers is tried with what they may have more.
    let emptied = |words, operation| scene(words, "", "", vec![(operation, none())]);
    vec![
        scene(
            &["user", "show", "alice", "--json"],
            "",
            "\"username\":\"alice\"",
            vec![("AdminGetUser", shown_user()), groups()],
        ),
        scene(
            &["user", "list", "--json"],
            "",
            "[",
            vec![("ListUsers", json!({"Users": [user()], "PaginationToken": null}))],
        ),
        scene(
            &["user", "list", "--group", "readers", "--json"],
            "",
            "alice",
            vec![("ListUsersInGroup", page("Users", json!([user()])))],
        ),
        scene(&["group", "list", "--json"], "", "[", vec![("ListGroups", page("Groups", json!([group()])))]),
        scene(
            &["group", "members", "readers", "--json"],
            "",
            "[",
            vec![("ListUsersInGroup", page("Users", json!([user()])))],
        ),
        scene(
            &["group", "create", "readers", "--json"],
            "",
            "readers",
            vec![("CreateGroup", json!({"Group": group()}))],
        ),
        emptied(&["group", "delete", "readers", "--yes"], "DeleteGroup"),
        emptied(&["group", "add", "readers", "alice"], "AdminAddUserToGroup"),
        emptied(&["group", "remove", "readers", "alice"], "AdminRemoveUserFromGroup"),
        emptied(&["user", "enable", "alice"], "AdminEnableUser"),
        emptied(&["user", "disable", "alice"], "AdminDisableUser"),
        emptied(&["user", "confirm", "alice"], "AdminConfirmSignUp"),
        emptied(&["user", "sign-out", "alice"], "AdminUserGlobalSignOut"),
        scene(
            &["user", "reset-mfa", "alice"],
            "",
            "",
            vec![
                ("AdminGetUser", {
                    let mut with_factors = shown_user();
                    with_factors["UserMFASettingList"] = json!(["SOFTWARE_TOKEN_MFA", "SMS_MFA"]);
                    with_factors
                }),
                ("AdminSetUserMFAPreference", none()),
                ("AdminDeleteSoftwareToken", none()),
            ],
        ),
        scene(
            &["user", "delete", "alice", "--yes"],
            "",
            "",
            vec![("AdminGetUser", shown_user()), ("AdminDeleteUser", none())],
        ),
        scene(
            &["user", "set-password", "alice", "--password-stdin"],
            NEW_PASSWORD,
            "",
            vec![("AdminSetUserPassword", none())],
        ),
        scene(&["user", "create", "alice@example.com", "--json"], "", "\"password\":", created()),
        // Where it is not said whom Cognito created, cogtok looks.
        scene(&["user", "create", "--count", "2", "--json"], "", "\"password\":", created())
            .also(vec![("AdminGetUser", shown_user())]),
        scene(&["user", "try", "--run", "{run}"], "", "", vec![("InitiateAuth", super::signed_in())])
            .after(&["user", "create", "--count", "2"], "")
            .also(created()),
        scene(&["user", "set-password", "--run", "{run}", "--yes"], "", "", vec![("AdminSetUserPassword", none())])
            .after(&["user", "create", "--count", "2"], "")
            .also(vec![created().remove(0)]),
        scene(
            &["user", "delete", "--run", "{run}", "--yes"],
            "",
            "",
            vec![("AdminGetUser", shown_user()), ("AdminDeleteUser", none())],
        )
        .after(&["user", "create", "--count", "2"], "")
        .also(created()),
        scene(
            &["profile", "import", POOL, "--name", "new", "--no-secrets"],
            "",
            "",
            vec![
                ("DescribeUserPool", pool),
                ("ListUserPoolClients", page("UserPoolClients", clients)),
                ("DescribeUserPoolClient", client),
            ],
        ),
        scene(
            &["secret", "list-remote", "--json"],
            "",
            "[",
            vec![("ListUserPoolClientSecrets", json!({"ClientSecrets": [secret], "NextToken": null}))],
        ),
        scene(
            &["secret", "rotate", "m2m-client", "--yes"],
            "",
            "",
            vec![
                ("ListUserPoolClientSecrets", json!({"ClientSecrets": [secret], "NextToken": null})),
                ("AddUserPoolClientSecret", json!({"ClientSecretDescriptor": new_secret})),
            ],
        )
        .after(&["secret", "set", "m2m-client"], SECRET),
        scene(
            &["token", "user", "--auth-flow", "admin", "--password-stdin", "--no-cache"],
            PASSWORD,
            "eyJ",
            vec![("AdminInitiateAuth", super::signed_in())],
        ),
    ]
}
