# shellcheck shell=bash disable=SC2154
# Part of tests/live/run: what AWS's documents leave open. Nothing here can fail; what was seen is what counts.
set +e
echo
echo "Points:"

# outcome: `taken`, or the refusal that `call` printed.
outcome() { if "$@" >"$work/said"; then echo taken; else short <"$work/said"; fi; }
# password_auth CLIENT USER PASSWORD: InitiateAuth.
password_auth() {
    jq -n --arg client "$1" --arg user "$2" --arg password "$3" \
        '{ClientId: $client, AuthFlow: "USER_PASSWORD_AUTH", AuthParameters: {USERNAME: $user, PASSWORD: $password}}' |
        idp initiate-auth
}
get_user() { jq -n --arg token "$1" '{AccessToken: $token}' | idp get-user; }
rotate() { jq -n --arg client "$rotating" --arg token "$1" '{ClientId: $client, RefreshToken: $token}' | idp get-tokens-from-refresh-token; }
# asked CLIENT SECRET SCOPE: what the token endpoint says, with its status. The secret is not on the process list.
asked() {
    local status
    status=$(curl -sS -o "$work/body" -w '%{http_code}' -K - "$token_url" <<<"user = \"$1:$2\"
data = \"grant_type=client_credentials\"
data-urlencode = \"scope=$3\"")
    printf 'HTTP %s %s' "$status" "$(jq -c 'if .access_token then {scope, expires_in} else . end' "$work/body" 2>/dev/null || short <"$work/body")"
}
# granted: the scopes in the token of the last answer.
granted() {
    [[ $(jq -r '.access_token // empty' "$work/body") ]] || { echo nothing; return; }
    jq -r .access_token "$work/body" | cogtok -q token inspect - --claim scope
}
totp() {
    python3 -c 'import base64, hmac, struct, sys, time
key = base64.b32decode(sys.stdin.read().strip())
mac = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), "sha1")
at = mac[-1] & 15
print("%06d" % ((struct.unpack(">I", mac[at:at + 4])[0] & 0x7fffffff) % 10**6), end="")'
}

machine_secret=$(secret "$machine")
saw "invalid_client: a wrong secret" "$(asked "$machine" wrong api/read)"
saw "invalid_client: an unknown client" "$(asked 1example23456789abcdefghij wrong api/read)"
saw "invalid_scope: one that the client may not have" "$(asked "$machine" "$machine_secret" api/write)"
saw "invalid_scope: one that is not" "$(asked "$machine" "$machine_secret" api/nosuch)"
asked "$machine" "$machine_secret" 'api/read api/write' >"$work/said"
saw "invalid_scope: one that it may have beside one" "$(cat "$work/said"), granted: $(granted)"

saw "AdminAddUserToGroup: no such group" "$(outcome idp admin-add-user-to-group < <(
    jq -n --arg pool "$pool" --arg user "$username" '{UserPoolId: $pool, Username: $user, GroupName: "nosuch"}'))"

# Rotation: what a second use of a refresh token ends.
rotating=$(client rotating '{"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
    "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}}')
password_auth "$rotating" "$username" "$password" >"$work/one"
password_auth "$rotating" "$username" "$password" >"$work/other"
of() { jq -r ".AuthenticationResult.$1 // empty" "$2" 2>/dev/null; }
first=$(of RefreshToken "$work/one")
rotate "$first" >"$work/two"
if [[ -n $(of RefreshToken "$work/two") ]]; then
    saw "rotation: the first use" "taken, and a new refresh token given"
elif [[ -n $(of AccessToken "$work/two") ]]; then
    saw "rotation: the first use" "taken, and no new refresh token given"
else
    saw "rotation: the first use" "$(short <"$work/two")"
fi
saw "rotation: the second use, 0 s of grace" "$(outcome rotate "$first")"
saw "rotation, after reuse: the new refresh token" "$(outcome rotate "$(of RefreshToken "$work/two")")"
saw "rotation, after reuse: the old access token" "$(outcome get_user "$(of AccessToken "$work/one")")"
saw "rotation, after reuse: the new access token" "$(outcome get_user "$(of AccessToken "$work/two")")"
saw "rotation, after reuse: another sign-in's refresh token" "$(outcome rotate "$(of RefreshToken "$work/other")")"

# A wrong code, and the right one in the same session.
password_auth "$web" "$username" "$password" >"$work/one"
access=$(of AccessToken "$work/one")
key=$(jq -n --arg token "$access" '{AccessToken: $token}' | idp associate-software-token | jq -r .SecretCode)
code=$(totp <<<"$key")
jq -n --arg token "$access" --arg code "$code" '{AccessToken: $token, UserCode: $code}' | idp verify-software-token >"$work/said"
saw "VerifySoftwareToken" "$(jq -r '.Status // "?"' "$work/said" 2>/dev/null || short <"$work/said")"
prefer() {
    jq -n --arg pool "$pool" --arg user "$username" --argjson is "$1" \
        '{UserPoolId: $pool, Username: $user, SoftwareTokenMfaSettings: {Enabled: $is, PreferredMfa: $is}}' |
        idp admin-set-user-mfa-preference >/dev/null
}
answer() {
    jq -n --arg client "$web" --arg session "$1" --arg user "$username" --arg code "$2" \
        '{ClientId: $client, Session: $session, ChallengeName: "SOFTWARE_TOKEN_MFA",
        ChallengeResponses: {USERNAME: $user, SOFTWARE_TOKEN_MFA_CODE: $code}}' | idp respond-to-auth-challenge
}
prefer true
password_auth "$web" "$username" "$password" >"$work/challenge"
session=$(jq -r '.Session // empty' "$work/challenge")
wrong=$((10#$code < 500000 ? 999999 : 111111))
saw "CodeMismatch: a wrong code" "$(outcome answer "$session" "$wrong")"
# A code that was used already proves nothing: the next one.
while [[ $(totp <<<"$key") == "$code" ]]; do sleep 1; done
saw "CodeMismatch: the right code in the same session" "$(outcome answer "$session" "$(totp <<<"$key")")"
prefer false
saw "SELECT_MFA_TYPE: EMAIL_MFA or EMAIL_OTP" "not tried: e-mail codes need an SES identity"

# SRP: how far the clock may be off. The lockout begins at the fifth wrong password, so each way ends at its first refusal.
if command -v faketime >/dev/null; then
    for way in + -; do
        for minutes in 2 5 15 60; do
            if faketime -f "$way${minutes}m" cogtok -q token user -p live --no-cache --password-stdin \
                <<<"$password" >"$work/out" 2>"$work/err"; then
                saw "SRP with a clock $way$minutes min off" taken
            else
                saw "SRP with a clock $way$minutes min off" "$(grep -m1 '^error' "$work/err" | short)"
                break
            fi
        done
    done
else
    saw "SRP with a clock that is off" "not tried: faketime is missing (apt-get install faketime)"
fi

# A new password: what of the old session.
password_auth "$web" "$username" "$password" >"$work/one"
jq -n --arg pool "$pool" --arg user "$username" --arg password "New-$password" \
    '{UserPoolId: $pool, Username: $user, Password: $password, Permanent: true}' | idp admin-set-user-password >/dev/null
password=New-$password
saw "after AdminSetUserPassword: the access token" "$(outcome get_user "$(of AccessToken "$work/one")")"
renew() {
    jq -n --arg client "$web" --arg token "$1" \
        '{ClientId: $client, AuthFlow: "REFRESH_TOKEN_AUTH", AuthParameters: {REFRESH_TOKEN: $token}}' | idp initiate-auth
}
saw "after AdminSetUserPassword: the refresh token" "$(outcome renew "$(of RefreshToken "$work/one")")"

# Token exchange: what GetDerivedToken says and gives. exchanged OPTION…: the new token's claims that are of interest, or the refusal.
exchanged() {
    if cogtok -q token exchange -p live --subject-token - --no-cache "$@" <"$work/subject" >"$work/derived" 2>"$work/err"; then
        cogtok -q token inspect - --json <"$work/derived" |
            jq -c '.claims | {sub, client_id, aud, scope, token_use, act, life: (.exp - .iat)}' | short
    else
        grep -m1 '^error' "$work/err" | short
    fi
}
exchanger=$(client exchanger '{"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_TOKEN_EXCHANGE_IMPERSONATION",
    "ALLOW_TOKEN_EXCHANGE_DELEGATION"]}' 2>"$work/err" || true)
if [[ -n $exchanger ]]; then
    password_auth "$exchanger" "$username" "$password" >"$work/one"
    of AccessToken "$work/one" >"$work/subject"
    saw "exchange: by a client without the flow" "$(exchanged --client user)"
    of_exchanger() { COGTOK_CLIENT_ID=$exchanger exchanged --client user "$@"; }
    saw "exchange: an access token, impersonation" "$(of_exchanger)"
    saw "exchange: with an actor" "$(of_exchanger --actor live)"
    saw "exchange: --resource api" "$(of_exchanger --resource api)"
    saw "exchange: --audience billing" "$(of_exchanger --audience billing)"
    saw "exchange: --scope that the subject lacks" "$(of_exchanger --scope api/read)"
    saw "exchange: for an ID token" "$(of_exchanger --requested-token-type id_token)"
    of IdToken "$work/one" >"$work/subject"
    saw "exchange: an ID token" "$(of_exchanger)"
    of AccessToken "$work/one" >"$work/subject"
    jq -n --arg token "$(of AccessToken "$work/one")" '{AccessToken: $token}' | idp global-sign-out >/dev/null
    saw "exchange: after GlobalSignOut" "$(of_exchanger)"
    echo not.a.token >"$work/subject"
    saw "exchange: what is no token" "$(of_exchanger)"
    saw "exchange: client_credentials and exchange on one client" "$(outcome client both '{"GenerateSecret": true,
        "AllowedOAuthFlows": ["client_credentials"], "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthScopes": ["api/read"],
        "ExplicitAuthFlows": ["ALLOW_TOKEN_EXCHANGE_DELEGATION"]}')"
else
    saw "exchange: a client with ALLOW_TOKEN_EXCHANGE_*" "$(short <"$work/err")"
fi

# The updated issuer, last: it changes the pool.
issuer_at() {
    local url=https://$1.$region.amazonaws.com/$pool
    [[ -z $endpoint ]] || url=$endpoint/$pool
    curl -sS -m 10 "$url/.well-known/openid-configuration" 2>&1 | jq -r '.issuer // .' 2>/dev/null | short
}
# gateway_says URL: `taken`, or the refusal of a new token.
gateway_says() {
    if cogtok -q call gateway "$1" tools -p live --as m2m --force-refresh >/dev/null 2>"$work/err"; then
        echo taken
    else
        grep -m1 '^error' "$work/err" | short
    fi
}
issuers() {
    saw "$1: discovery at cognito-idp" "$(issuer_at cognito-idp)"
    saw "$1: discovery at issuer-cognito-idp" "$(issuer_at issuer-cognito-idp)"
    password_auth "$web" "$username" "$password" >"$work/one"
    of IdToken "$work/one" >"$work/id"
    saw "$1: iss of a token" "$(cogtok -q token inspect - --claim iss <"$work/id" | short)"
    saw "$1: GetId with that token" "$(outcome call cognito-identity get-id < <(
        jq -n --arg pool "$identity_pool" --arg provider "cognito-idp.$region.amazonaws.com/$pool" --rawfile token "$work/id" \
            '{IdentityPoolId: $pool, Logins: {($provider): ($token | rtrimstr("\n"))}}'))"
    [[ -z ${gateway_url:-} ]] || saw "$1: the gateway, with the machine's token" \
        "$(gateway_says "$gateway_url")"
}
issuers "ORIGINAL issuer"
changed=$(outcome idp update-user-pool < <(
    jq -n --arg pool "$pool" '{UserPoolId: $pool, MfaConfiguration: "OPTIONAL", IssuerConfiguration: {Type: "UPDATED"}}'))
saw "UpdateUserPool with IssuerConfiguration UPDATED" "$changed"
[[ $changed != taken ]] || issuers "UPDATED issuer"
step "logout" cogtok logout -p live
set -e
