//! What a user, a machine and an agent ask: tokens, their own account, and where a profile comes from.

use super::{ARN, IDENTITY_POOL, NEW_PASSWORD, Scene, kept, none, scene, shown_user, signed_in};
use crate::harness::challenges::{CLIENT_SECRET as SECRET, CODE, PASSWORD, session_text};
use crate::harness::pool::now;
use crate::harness::sign::{self, MACHINE};
use serde_json::{Value, json};

fn challenged() -> Value {
    json!({"AuthenticationResult": null, "ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": session_text(1),
        "ChallengeParameters": {"USER_ID_FOR_SRP": "alice"}, "AvailableChallenges": null})
}

fn exchanged() -> Value {
    json!({"IssuedToken": sign::sign(&sign::access_claims(now())), "IssuedTokenType": "ACCESS_TOKEN", "TokenType": "Bearer",
        "ExpiresIn": 3600})
}

/// What a sign-in asks, or a renewal of a session that an earlier case has left.
fn session() -> Vec<(&'static str, Value)> {
    vec![("InitiateAuth", kept()), ("GetTokensFromRefreshToken", kept()), ("RevokeToken", none())]
}

pub fn scenes() -> Vec<Scene> {
    vec![
        scene(
            &["token", "user", "--password-stdin", "--no-cache"],
            PASSWORD,
            "eyJ",
            vec![("InitiateAuth", signed_in())],
        ),
        scene(
            &["token", "user", "--password-stdin", "--no-cache", "--mfa-code", CODE],
            PASSWORD,
            "eyJ",
            vec![("InitiateAuth", challenged()), ("RespondToAuthChallenge", signed_in())],
        ),
        scene(&["token", "user", "--force-refresh", "--json"], "", "eyJ", vec![("GetTokensFromRefreshToken", kept())])
            .after(&["token", "user", "--password-stdin"], PASSWORD)
            .also(vec![("InitiateAuth", kept())]),
        scene(
            &["token", "exchange", "--subject-token", "-", "--json"],
            &sign::sign(&sign::access_claims(now())),
            "eyJ",
            vec![("GetDerivedToken", exchanged())],
        )
        .env("COGTOK_M2M_CLIENT_SECRET", SECRET),
        scene(
            &["token", "exchange", "--as", "user", "--json"],
            "",
            "eyJ",
            vec![("InitiateAuth", signed_in()), ("GetDerivedToken", exchanged())],
        )
        .env("COGTOK_M2M_CLIENT_SECRET", SECRET)
        .env("COGTOK_PASSWORD", PASSWORD),
        scene(&["logout"], "", "", vec![("RevokeToken", none())])
            .after(&["token", "user", "--password-stdin"], PASSWORD)
            .also(session()),
        scene(&["logout", "--global"], "", "", vec![("GlobalSignOut", none())])
            .after(&["token", "user", "--password-stdin"], PASSWORD)
            .also(session()),
        scene(
            &["password", "confirm", "--code", CODE, "--password-stdin"],
            NEW_PASSWORD,
            "",
            vec![("ConfirmForgotPassword", none())],
        ),
        scene(
            &["password", "change", "--passwords-stdin"],
            &format!("{PASSWORD}\n{NEW_PASSWORD}\n"),
            "",
            vec![("ChangePassword", none())],
        )
        .after(&["token", "user", "--password-stdin"], PASSWORD)
        .also(session()),
        scene(
            &["token", "verify", "-", "--remote", "--json"],
            &sign::sign(&sign::access_claims(now())),
            "\"verified\":true",
            vec![("GetUser", shown_user())],
        ),
        scene(
            &["token", "m2m", "-p", "api", "--no-cache", "--client-secret-stdin"],
            SECRET,
            "eyJ",
            vec![(
                "GetClientToken",
                json!({"ClientAuthenticationResult": {"AccessToken": sign::sign(&sign::machine_claims(now())), "ExpiresIn": 3600, "TokenType": "Bearer"}}),
            )],
        ),
        scene(
            &["token", "m2m", "-p", "stored", "--no-cache"],
            "",
            "eyJ",
            vec![(
                "GetSecretValue",
                json!({"ARN": ARN, "Name": "m2m", "SecretString": json!({"client_id": MACHINE, "client_secret": SECRET}).to_string(), "SecretBinary": null}),
            )],
        ),
        scene(
            &["password", "forgot"],
            "",
            "",
            vec![(
                "ForgotPassword",
                json!({"CodeDeliveryDetails": {"DeliveryMedium": "EMAIL", "Destination": "a***@e***"}}),
            )],
        ),
        scene(
            &["sign-up", "new@example.com", "--password-stdin"],
            NEW_PASSWORD,
            "",
            vec![(
                "SignUp",
                json!({"UserConfirmed": false, "UserSub": "5f0c1c2e-3b4d-4e5f-8a9b-0c1d2e3f4a5b", "CodeDeliveryDetails": {"DeliveryMedium": "EMAIL"}}),
            )],
        ),
        scene(
            &["sign-up", "new@example.com", "--resend"],
            "",
            "",
            vec![("ResendConfirmationCode", json!({"CodeDeliveryDetails": {"DeliveryMedium": "EMAIL"}}))],
        ),
        scene(&["sign-up", "new@example.com", "--code", CODE], "", "", vec![("ConfirmSignUp", none())]),
        scene(
            &["aws-credentials", "--identity-pool-id", IDENTITY_POOL],
            "",
            "\"SecretAccessKey\":",
            vec![
                ("InitiateAuth", signed_in()),
                ("GetId", json!({"IdentityId": "us-east-1:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"})),
                (
                    "GetCredentialsForIdentity",
                    json!({"IdentityId": "us-east-1:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "Credentials":
                {"AccessKeyId": "ASIAEXAMPLE", "SecretKey": "canary/secret/access/key+1", "SessionToken": "canary-session-token-2", "Expiration": now() + 3600}}),
                ),
            ],
        ).env("COGTOK_PASSWORD", PASSWORD),
        scene(
            &["profile", "import", "--from", "ssm", "/ws/config", "--name", "new", "--no-secrets"],
            "",
            "",
            vec![(
                "GetParameter",
                json!({"Parameter": {"Name": "/ws/config", "Type": "String", "Value": json!({"COGNITO_M2M_CLIENT_ID": MACHINE,
                "OAUTH_TOKEN_ENDPOINT": "https://ws.example/oauth2/token"}).to_string()}}),
            )],
        ),
    ]
}
