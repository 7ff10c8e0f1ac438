# shellcheck shell=bash disable=SC2154
# Part of tests/live/run: a Bedrock AgentCore gateway that takes the machine's tokens. AgentCore is not in every Region.

echo
echo "The gateway:"
makes "role $run-gateway" "aws iam delete-role --role-name $run-gateway"
gateway_role=$(jq -n --arg name "$run-gateway" --arg run "$run" '{RoleName: $name, Tags: [{Key: "cogtok-live", Value: $run}],
    AssumeRolePolicyDocument: ({Version: "2012-10-17", Statement: [{Effect: "Allow",
        Principal: {Service: "bedrock-agentcore.amazonaws.com"}, Action: "sts:AssumeRole"}]} | tojson)}' |
    call iam create-role | jq -r .Role.Arn)
agentcore() { call bedrock-agentcore-control "$1"; }
# made_gateway: its id is in the file `gateway`. A new role is not known everywhere at once.
made_gateway() {
    jq -n --arg name "$run" --arg role "$gateway_role" --arg client "$machine" --arg url "$discovery_url" \
        '{name: $name, roleArn: $role, protocolType: "MCP", authorizerType: "CUSTOM_JWT", tags: {"cogtok-live": $name},
        authorizerConfiguration: {customJWTAuthorizer: {discoveryUrl: $url, allowedClients: [$client]}}}' |
        agentcore create-gateway >"$work/gateway" || { sed 's/^/error: /' "$work/gateway" >&2; return 1; }
}
gateway_state() { jq -n --arg id "$gateway" '{gatewayIdentifier: $id}' | agentcore get-gateway | jq -r .status; }
is_gateway_ready() { [[ $(gateway_state) == READY ]] || { echo "error: the gateway is $(gateway_state)" >&2; return 1; }; }
# of_web: with a token of the other client, which this authorizer does not take.
of_web() {
    local code=0
    cogtok call gateway "$gateway_url" tools -p live --as user || code=$?
    ((code == 4))
}

discovery_url=https://cognito-idp.$region.amazonaws.com/$pool/.well-known/openid-configuration
eventually "create-gateway (a new role)" made_gateway
gateway=$(jq -r '.gatewayId // empty' "$work/gateway" 2>/dev/null || true)
if [[ -n $gateway ]]; then
    makes "gateway $gateway" "aws bedrock-agentcore-control delete-gateway --gateway-identifier $gateway"
    gateway_url=$(jq -r .gatewayUrl "$work/gateway")
    gateway_arn=$(jq -r .gatewayArn "$work/gateway")
    eventually "the gateway is ready" is_gateway_ready
    eventually "call gateway URL tools, as the machine" cogtok call gateway "$gateway_url" tools -p live --as m2m
    step "call gateway ARN tools, as the machine" cogtok call gateway "$gateway_arn" tools -p live --as m2m
    step "token check --for agentcore-gateway --arn" \
        cogtok token check -p live --as m2m --for agentcore-gateway --arn "$gateway_arn"
    step "call gateway, as the user: refused" of_web
    saw "what it says to a token of another client" "$(grep -m1 '^error' "$work/err" | short)"
fi
