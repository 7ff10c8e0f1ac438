# shellcheck shell=bash disable=SC2034,SC2154
# Part of tests/live/run: makes the pool and all that belongs to it.

echo
echo "Making:"
pool=$(jq -n --arg name "$run" '{PoolName: $name, UsernameAttributes: ["email"], UserPoolTags: {"cogtok-live": $name},
    AdminCreateUserConfig: {AllowAdminCreateUserOnly: true}, Policies: {PasswordPolicy: {MinimumLength: 8}}}' | idp create-user-pool | jq -r .UserPool.Id)
makes "user pool $pool" "aws cognito-idp delete-user-pool --user-pool-id $pool"
echo "  user pool $pool"
jq -n --arg pool "$pool" '{UserPoolId: $pool, Identifier: "api", Name: "api", Scopes: [
    {ScopeName: "read", ScopeDescription: "read"}, {ScopeName: "write", ScopeDescription: "write"}]}' |
    idp create-resource-server >/dev/null
jq -n --arg pool "$pool" '{UserPoolId: $pool, MfaConfiguration: "OPTIONAL", SoftwareTokenMfaConfiguration: {Enabled: true}}' |
    idp set-user-pool-mfa-config >/dev/null

# client NAME SETTINGS: an app client; its id.
client() {
    jq -n --arg pool "$pool" --arg name "$1" --argjson more "$2" '{UserPoolId: $pool, ClientName: $name} + $more' |
        idp create-user-pool-client | jq -r .UserPoolClient.ClientId
}
web=$(client web '{"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    "PreventUserExistenceErrors": "ENABLED"}')
machine=$(client m2m '{"GenerateSecret": true, "AllowedOAuthFlows": ["client_credentials"],
    "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthScopes": ["api/read"]}')
echo "  clients $web $machine"

makes "domain $run" "aws cognito-idp delete-user-pool-domain --user-pool-id $pool --domain $run"
jq -n --arg pool "$pool" --arg domain "$run" '{UserPoolId: $pool, Domain: $domain}' | idp create-user-pool-domain >/dev/null
domain=https://$run.auth.$region.amazoncognito.com
token_url=$domain/oauth2/token
[[ -z $endpoint ]] || token_url=$endpoint/oauth2/token
echo "  domain $domain"

identity_pool=$(jq -n --arg name "$run" --arg provider "cognito-idp.$region.amazonaws.com/$pool" --arg web "$web" \
    '{IdentityPoolName: $name, AllowUnauthenticatedIdentities: false, IdentityPoolTags: {"cogtok-live": $name},
    CognitoIdentityProviders: [{ProviderName: $provider, ClientId: $web}]}' |
    call cognito-identity create-identity-pool | jq -r .IdentityPoolId)
makes "identity pool $identity_pool" "aws cognito-identity delete-identity-pool --identity-pool-id $identity_pool"
echo "  identity pool $identity_pool"

makes "role $run" "aws iam delete-role --role-name $run"
role=$(jq -n --arg name "$run" --arg pool "$identity_pool" '{RoleName: $name, Tags: [{Key: "cogtok-live", Value: $name}],
    AssumeRolePolicyDocument: ({Version: "2012-10-17", Statement: [{Effect: "Allow",
        Principal: {Federated: "cognito-identity.amazonaws.com"}, Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {StringEquals: {"cognito-identity.amazonaws.com:aud": $pool},
            "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}}}]} | tojson)}' |
    call iam create-role | jq -r .Role.Arn)
makes "policy of role $run" "aws iam delete-role-policy --role-name $run --policy-name bedrock"
jq -n --arg name "$run" '{RoleName: $name, PolicyName: "bedrock", PolicyDocument: ({Version: "2012-10-17", Statement: [
    {Effect: "Allow", Action: ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"], Resource: "*"}]} | tojson)}' |
    call iam put-role-policy >/dev/null
jq -n --arg pool "$identity_pool" --arg role "$role" '{IdentityPoolId: $pool, Roles: {authenticated: $role}}' |
    call cognito-identity set-identity-pool-roles >/dev/null
echo "  role $role"
