//! Answers as AWS's models have them, with each optional member not there: the program ends in a documented way, and never in a
//! success without what it was asked for.

use crate::answers_scenes::play_all;
use crate::harness::contract::without_each;
use crate::harness::promises;

#[test]
fn each_optional_member_of_an_answer_may_be_missing() {
    let played = play_all(|operation, answer| {
        let variants = without_each(operation, answer);
        // A short run looks less deep into the largest answers.
        let depth = promises::length(if variants.len() > 60 { 2 } else { 4 }, usize::MAX);
        variants.into_iter().filter(|(member, _)| member.split('.').count() <= depth).collect()
    });
    promises::held(
        "an answer that lacks an optional member of AWS's model ends in a documented way, never in a false success",
        played.len(),
    );
    assert!(played.len() >= 150, "{} answers", played.len());
    let needed = played.iter().filter(|played| played.code != 0);
    let needed: Vec<String> =
        needed.map(|it| format!("{}: exit {} without {} {}", it.command, it.code, it.operation, it.what)).collect();
    // What is not here is not needed: the command succeeds without it.
    if !promises::is_long() {
        insta::assert_snapshot!(needed.join("\n"), @"
        user list --json: exit 6 without ListUsers Users
        user list --json: exit 6 without ListUsers Users.0.Username
        user list --group readers --json: exit 6 without ListUsersInGroup Users
        user list --group readers --json: exit 6 without ListUsersInGroup Users.0.Username
        group list --json: exit 6 without ListGroups Groups
        group list --json: exit 6 without ListGroups Groups.0.GroupName
        group members readers --json: exit 6 without ListUsersInGroup Users
        group members readers --json: exit 6 without ListUsersInGroup Users.0.Username
        group create readers --json: exit 6 without CreateGroup Group
        group create readers --json: exit 6 without CreateGroup Group.GroupName
        user create alice@example.com --json: exit 6 without AdminCreateUser User
        user create alice@example.com --json: exit 6 without AdminCreateUser User.Username
        user create --count 2 --json: exit 10 without AdminCreateUser User
        user create --count 2 --json: exit 10 without AdminCreateUser User.Username
        user try --run {run}: exit 6 without InitiateAuth AuthenticationResult
        user try --run {run}: exit 6 without InitiateAuth AuthenticationResult.AccessToken
        profile import us-east-1_Example01 --name new --no-secrets: exit 6 without DescribeUserPool UserPool
        profile import us-east-1_Example01 --name new --no-secrets: exit 6 without DescribeUserPool UserPool.Id
        profile import us-east-1_Example01 --name new --no-secrets: exit 6 without ListUserPoolClients UserPoolClients
        profile import us-east-1_Example01 --name new --no-secrets: exit 6 without ListUserPoolClients UserPoolClients.0.ClientId
        profile import us-east-1_Example01 --name new --no-secrets: exit 6 without DescribeUserPoolClient UserPoolClient
        profile import us-east-1_Example01 --name new --no-secrets: exit 6 without DescribeUserPoolClient UserPoolClient.ClientId
        secret list-remote --json: exit 6 without ListUserPoolClientSecrets ClientSecrets
        secret list-remote --json: exit 6 without ListUserPoolClientSecrets ClientSecrets.0.ClientSecretId
        secret rotate m2m-client --yes: exit 6 without ListUserPoolClientSecrets ClientSecrets
        secret rotate m2m-client --yes: exit 6 without ListUserPoolClientSecrets ClientSecrets.0.ClientSecretId
        secret rotate m2m-client --yes: exit 6 without AddUserPoolClientSecret ClientSecretDescriptor
        secret rotate m2m-client --yes: exit 6 without AddUserPoolClientSecret ClientSecretDescriptor.ClientSecretId
        token user --auth-flow admin --password-stdin --no-cache: exit 6 without AdminInitiateAuth AuthenticationResult
        token user --auth-flow admin --password-stdin --no-cache: exit 6 without AdminInitiateAuth AuthenticationResult.AccessToken
        token user --password-stdin --no-cache: exit 6 without InitiateAuth AuthenticationResult
        token user --password-stdin --no-cache: exit 6 without InitiateAuth AuthenticationResult.AccessToken
        token user --password-stdin --no-cache --mfa-code 913572: exit 6 without InitiateAuth ChallengeName
        token user --password-stdin --no-cache --mfa-code 913572: exit 6 without RespondToAuthChallenge AuthenticationResult
        token user --password-stdin --no-cache --mfa-code 913572: exit 6 without RespondToAuthChallenge AuthenticationResult.AccessToken
        token user --force-refresh --json: exit 6 without GetTokensFromRefreshToken AuthenticationResult.AccessToken
        token exchange --as user --json: exit 6 without InitiateAuth AuthenticationResult
        token exchange --as user --json: exit 6 without InitiateAuth AuthenticationResult.AccessToken
        token m2m -p api --no-cache --client-secret-stdin: exit 6 without GetClientToken ClientAuthenticationResult
        token m2m -p api --no-cache --client-secret-stdin: exit 6 without GetClientToken ClientAuthenticationResult.AccessToken
        token m2m -p stored --no-cache: exit 6 without GetSecretValue SecretString
        aws-credentials --identity-pool-id us-east-1:11111111-2222-3333-4444-555555555555: exit 6 without InitiateAuth AuthenticationResult
        aws-credentials --identity-pool-id us-east-1:11111111-2222-3333-4444-555555555555: exit 6 without InitiateAuth AuthenticationResult.AccessToken
        aws-credentials --identity-pool-id us-east-1:11111111-2222-3333-4444-555555555555: exit 6 without InitiateAuth AuthenticationResult.IdToken
        aws-credentials --identity-pool-id us-east-1:11111111-2222-3333-4444-555555555555: exit 6 without GetId IdentityId
        aws-credentials --identity-pool-id us-east-1:11111111-2222-3333-4444-555555555555: exit 6 without GetCredentialsForIdentity Credentials
        aws-credentials --identity-pool-id us-east-1:11111111-2222-3333-4444-555555555555: exit 6 without GetCredentialsForIdentity Credentials.AccessKeyId
        aws-credentials --identity-pool-id us-east-1:11111111-2222-3333-4444-555555555555: exit 6 without GetCredentialsForIdentity Credentials.SecretKey
        aws-credentials --identity-pool-id us-east-1:11111111-2222-3333-4444-555555555555: exit 6 without GetCredentialsForIdentity Credentials.SessionToken
        aws-credentials --identity-pool-id us-east-1:11111111-2222-3333-4444-555555555555: exit 6 without GetCredentialsForIdentity Credentials.Expiration
        profile import --from ssm /ws/config --name new --no-secrets: exit 6 without GetParameter Parameter
        profile import --from ssm /ws/config --name new --no-secrets: exit 6 without GetParameter Parameter.Value
        ");
    }
}
