# shellcheck shell=bash disable=SC2034,SC2154
# Part of tests/live/run: what cogtok is for, told once. Each step must succeed.

# eventually NAME COMMAND…: as step, for what AWS needs some minutes to know everywhere: a new domain, a new role.
eventually() {
    local name=$1 try
    shift
    for try in 1 2 3 4 5 6 7 8 9 10 11 12; do
        if "$@" >"$work/out" 2>"$work/err"; then
            saw "$name" "ok$( ((try == 1)) || echo ", at try $try, ten seconds apart")"
            return
        fi
        # On a local Cognito nothing comes of waiting.
        [[ -z $endpoint ]] || break
        sleep 10
    done
    saw "$name" "FAILED: $(grep -m1 '^error' "$work/err" || tail -1 "$work/err")"
    failed=1
}
# as_user: the AWS CLI with the user's credentials and nothing else.
as_user() {
    local given
    given=$(cogtok aws-credentials -p live) || return
    # Not through env: its arguments are on the process list.
    (
        unset AWS_PROFILE
        AWS_ACCESS_KEY_ID=$(jq -r .AccessKeyId <<<"$given")
        AWS_SECRET_ACCESS_KEY=$(jq -r .SecretAccessKey <<<"$given")
        AWS_SESSION_TOKEN=$(jq -r .SessionToken <<<"$given")
        export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
        "$@"
    )
}
with_password() { cogtok "$@" --password-stdin <<<"$password"; }

echo
echo "The story:"
step "profile import" cogtok profile import "$pool" --name live --region "$region"
cogtok -q profile set live identity_pool.id "$identity_pool"
# secret CLIENT: its secret.
secret() {
    jq -n --arg pool "$pool" --arg client "$1" '{UserPoolId: $pool, ClientId: $client}' |
        idp describe-user-pool-client | jq -r .UserPoolClient.ClientSecret
}
if [[ -n $endpoint ]]; then
    # The domain of a local Cognito is none that can be reached.
    cogtok -q profile set live m2m.token_url "$token_url"
    secret "$machine" | cogtok -q secret set m2m-client -p live
fi

step "user create" cogtok user create -p live --json
username=$(jq -r .email "$work/out")
password=$(jq -r .password "$work/out")
[[ $username == *@* ]] || exit 1
cogtok -q profile set live user.username "$username"
step "token user (SRP)" with_password token user -p live --no-cache
step "token user (password)" with_password token user -p live --no-cache --auth-flow password
step "token user, kept" with_password token user -p live
step "token user --force-refresh" cogtok token user -p live --force-refresh
step "token verify" cogtok token verify -p live
step "token verify --remote" cogtok token verify -p live --remote
step "token check --for identity-pool" cogtok token check -p live --for identity-pool --token id
eventually "token m2m (a new domain)" cogtok token m2m -p live
step "token verify --as m2m" cogtok token verify -p live --as m2m --scope api/read
# as_direct: with the client of GetClientToken and its secret.
as_direct() { COGTOK_M2M_CLIENT_ID=$direct COGTOK_M2M_CLIENT_SECRET=$(<"$work/secret") "$@"; }
# The newest of the flows; a Region may not know it.
if direct=$(client direct '{"GenerateSecret": true, "ExplicitAuthFlows": ["ALLOW_CLIENT_TOKEN_AUTH"],
    "AllowedOAuthScopes": ["api/read"]}'); then
    secret "$direct" >"$work/secret"
    step "token m2m --transport api (GetClientToken)" \
        as_direct cogtok token m2m -p live --transport api --no-cache
else
    saw "token m2m --transport api (GetClientToken)" "not tried: no client with ALLOW_CLIENT_TOKEN_AUTH could be made"
fi
eventually "aws-credentials (a new role)" cogtok aws-credentials -p live
step "sts get-caller-identity as the user" as_user aws sts get-caller-identity
if [[ -n $model ]]; then
    eventually "call model $model" cogtok call model "$model" 'Say hello' --max-tokens 20 -p live
    step "call model --stream" cogtok call model "$model" 'Say hello' --stream --max-tokens 20 -p live
fi
