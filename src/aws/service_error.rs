//! The one table from what AWS and OAuth answer to what cogtok says: the kind, and a hint with the next step.
//!
//! A row is found by the error's code, by the operation or the kind of call where they give a code a meaning of its own, and
//! where it has several by a part of its message. Messages differ between services and emulators and may carry ids, so nothing
//! depends on a whole message.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::credentials::cause::{Cause, NO_CREDENTIALS};
use crate::error::{Error, Kind, chain};
use crate::http::redact::Redactor;
use crate::http::service_text::ServiceText;
use crate::http::status::{unexplained, unknown_code};
use crate::http::transport_error::fault_in;

struct Row {
    /// The code alone, or what it is of before it: operations or kinds of calls, with `|` between several.
    code: &'static str,
    /// A part of the message, in lower case; empty for any.
    says: &'static str,
    kind: Kind,
    /// One a line.
    hint: &'static str,
}

const fn row(code: &'static str, says: &'static str, kind: Kind, hint: &'static str) -> Row {
    Row { code, says, kind, hint }
}

use Kind::{AwsCredentials, Config, Failure, Network, Refused, Usage};

#[rustfmt::skip]
const TABLE: &[Row] = &[
    // Identity pools.
    row("identity NotAuthorizedException", "not from a supported provider", Config, "the identity pool does not know this user pool with this app client: add them to its providers (docs/cognito-setup.md)"),
    row("identity NotAuthorizedException", "issuer doesn't match", Config, "the token is of another user pool than the profile's: check `user_pool_id`"),
    row("identity NotAuthorizedException", "logins don't match", Config, "the identity belongs to another user: clear the cache with `cogtok cache clear{p}`"),
    row("identity NotAuthorizedException", "missing a required claim: aud", Config, "an identity pool takes ID tokens alone"),
    row("identity NotAuthorizedException", "invalid login token", Refused, "the ID token is not accepted any more: sign in again"),
    row("identity InvalidIdentityPoolConfigurationException", "", Config, "the identity pool has no role for signed-in users, or the role does not trust it (docs/cognito-setup.md)"),
    row("identity ResourceConflictException", "", Failure, "the login belongs to another identity already"),
    row("identity ExternalServiceException", "", Network, "the identity pool could not reach the user pool: try again"),
    row("identity NotAuthorizedException", "", Refused, "check that `identity_pool.id` and `user_pool_id` belong together: `cogtok profile show {name}`"),
    row("identity ResourceNotFoundException", "", Config, "there is no such identity pool, or the identity is no more: check `identity_pool.id`, which begins with its Region; `cogtok cache clear{p}` forgets the identity"),
    row("identity InvalidParameterException", "", Config, "check `identity_pool.id`: it is REGION:UUID"),
    row("identity LimitExceededException", "", Network, "a limit of the identity pool's account is reached: wait some minutes and try again"),
    // Signing in.
    row("NotAuthorizedException", "attempts exceeded", Refused, "too many wrong passwords: Cognito locks the user for up to 15 minutes; wait, then try again"),
    row("NotAuthorizedException", "user is disabled", Refused, "an administrator can enable the user: aws cognito-idp admin-enable-user{aws} --user-pool-id {pool} --username {user}"),
    row("NotAuthorizedException", "has expired, it must be reset", Refused, "the temporary password has expired: `cogtok user create EMAIL{p} --if-exists reset` sets a new one"),
    row("NotAuthorizedException", "temporary password has expired", Refused, "the temporary password has expired: `cogtok user create EMAIL{p} --if-exists reset` sets a new one"),
    row("NotAuthorizedException", "secret_hash was not received", Config, "the app client has a secret: `cogtok secret set user-client{p}` stores it"),
    row("NotAuthorizedException", "secret was not received", Config, "the app client has a secret: `cogtok secret set user-client{p}` stores it"),
    row("NotAuthorizedException", "unable to verify secret hash", Refused, "the client secret is not this app client's, or the deleted one of its two\n{secret user-client}"),
    row("NotAuthorizedException", "secrethash does not match", Refused, "the client secret is not this app client's, or the deleted one of its two\n{secret user-client}"),
    row("NotAuthorizedException", "not configured for secret", Config, "the app client has no secret, and one was used\n{no-secret user-client}"),
    row("GetClientToken NotAuthorizedException", "", Refused, "check that client id, client secret and Region belong together; a client may have two secrets, and this may be the one that was deleted\n{secret m2m-client}"),
    row("NotAuthorizedException", "session", Refused, "the sign-in took too long or was answered twice: start again"),
    row("NotAuthorizedException", "incorrect username or password", Refused, "check user name and password, that pool and app client belong together, and this machine's clock\n{secret password}"),
    row("NotAuthorizedException", "", Refused, "check that pool, app client and user belong together: `cogtok profile show {name}`"),
    row("AdminCreateUser|AdminSetUserPassword|AdminAddUserToGroup|AdminGetUser|AdminDeleteUser|ListUsers|DescribeUserPool|DescribeUserPoolClient|ListUserPoolClients NotAuthorizedException", "", Refused, "check that the AWS credentials are of the pool's account: `--aws-profile NAME` uses others"),
    row("GetUser|GlobalSignOut|ConfirmDevice NotAuthorizedException", "", Refused, "the access token is not taken any more: sign in again, `cogtok token user{p} --force-refresh`"),
    row("UserNotFoundException", "", Refused, "check the user name and the pool; `cogtok user create EMAIL{p}` makes a user"),
    row("UserNotConfirmedException", "", Refused, "the user has not been confirmed: aws cognito-idp admin-confirm-sign-up{aws} --user-pool-id {pool} --username {user}"),
    row("PasswordResetRequiredException", "", Refused, "an administrator reset the password: `cogtok user create EMAIL{p} --if-exists reset` sets a new one"),
    row("CodeMismatchException", "", Refused, "the code is wrong: use the newest one, and check the clock of the device that makes it"),
    row("EnableSoftwareTokenMFAException", "", Refused, "the code is not the app's: check that the key was entered whole, and the clock of the device"),
    row("ExpiredCodeException", "", Refused, "the code has expired or was used already: wait for the next one"),
    row("ConfirmDevice InvalidPasswordException", "", Failure, "the pool did not take the password that was made up for this device: sign in again"),
    row("ConfirmDevice UsernameExistsException", "", Failure, "the pool knows a device of that name: sign in again"),
    row("DeviceKeyExistsException", "", Failure, "the pool knows this device already: sign in again"),
    row("InvalidPasswordException", "", Refused, "the pool's password policy asks for more: `--password-stdin` or `--new-password-stdin` takes one that fits ?? the pool's password policy asks for more: `--password-stdin` takes one that fits ?? the pool's password policy asks for more"),
    row("PasswordHistoryPolicyViolationException", "", Refused, "the password was used before: choose another"),
    row("InvalidParameterException", "not configured for secret", Config, "the app client has no secret, and one was used\n{no-secret user-client}"),
    row("InvalidParameterException", "admin_user_password_auth", Config, "the app client does not allow this flow: `cogtok profile set {name} user.auth_flow srp` uses another, or enable ALLOW_ADMIN_USER_PASSWORD_AUTH on the client"),
    row("InvalidParameterException", "user_password_auth", Config, "the app client does not allow this flow: `cogtok profile set {name} user.auth_flow srp` uses the other one, or enable ALLOW_USER_PASSWORD_AUTH on the client"),
    row("InvalidParameterException", "user_srp_auth", Config, "the app client does not allow this flow: `cogtok profile set {name} user.auth_flow password` uses the other one, or enable ALLOW_USER_SRP_AUTH on the client"),
    row("InvalidParameterException", "custom_auth", Config, "the app client does not allow this flow: `cogtok profile set {name} user.auth_flow srp` uses another, or enable ALLOW_CUSTOM_AUTH on the client"),
    row("InvalidParameterException", "user_auth", Config, "the app client does not allow this flow: `cogtok profile set {name} user.auth_flow srp` uses another, or enable ALLOW_USER_AUTH on the client"),
    row("InvalidParameterException", "client_token_auth", Config, "the app client does not allow GetClientToken: it needs ALLOW_CLIENT_TOKEN_AUTH as its only flow, or a token endpoint: `cogtok profile set {name} m2m.token_url URL`"),
    row("InvalidParameterException", "flow not enabled", Config, "the app client does not allow this flow: `cogtok profile set {name} user.auth_flow FLOW` names another"),
    row("InvalidParameterException", "initiate auth method not supported", Config, "the app client does not allow this flow: `cogtok profile set {name} user.auth_flow FLOW` names another"),
    // Making users.
    row("AdminCreateUser UsernameExistsException", "", Failure, "`--if-exists skip` leaves the user alone, `--if-exists reset` gives it a new password ?? choose another name"),
    row("AliasExistsException", "", Failure, "another user has this e-mail address or phone number already"),
    row("AdminCreateUser InvalidParameterException", "username should be", Usage, "the pool's user names are e-mail addresses or phone numbers: give one instead of `--username` ?? the pool's user names are e-mail addresses or phone numbers"),
    row("AdminCreateUser InvalidParameterException", "cannot be of email format", Usage, "the pool's user names are not e-mail addresses: add `--username NAME` ?? the pool's user names are not e-mail addresses"),
    row("AdminCreateUser|AdminSetUserPassword InvalidParameterException", "password", Refused, "the pool's password policy asks for more: `--password-stdin` takes one that fits ?? the pool's password policy asks for more"),
    row("AdminCreateUser|RespondToAuthChallenge|AdminRespondToAuthChallenge InvalidParameterException", "attribute", Usage, "give what the pool asks for with `--attribute NAME=VALUE` ?? check the attributes that the pool asks for"),
    row("ListUsers InvalidParameterException", "userpoolid", Config, "check the pool id and its Region: `cogtok profile show {name}`"),
    row("ListUsers InvalidParameterException", "", Usage, "check `--filter`: one attribute, `=` or `^=`, and a value in double quotes, as in `email ^= \"test-\"`"),
    row("DescribeUserPool|DescribeUserPoolClient|ListUserPoolClients InvalidParameterException", "", Config, "check the pool id, the app client id and the Region: they belong together"),
    row("GetSecretValue InvalidParameterException", "", Usage, "check the secret's name or ARN"),
    row("RevokeToken InvalidParameterException", "", Failure, "check that token and app client belong together"),
    row("InvalidParameterException", "", Failure, "check the profile: `cogtok profile show {name}`"),
    row("CodeDeliveryFailureException", "", Failure, "Cognito could not send the message: leave `--invite` out to send none ?? Cognito could not send the message: check the pool's settings for messages"),
    row("UnsupportedUserStateException", "", Failure, "the user is in a state that does not allow this: `cogtok user create EMAIL{p} --if-exists reset` sets a new password"),
    row("UserLambdaValidationException", "", Refused, "a Lambda trigger of the pool refused it"),
    row("UnexpectedLambdaException", "", Failure, "a Lambda trigger of the pool failed: look at its log"),
    row("InvalidLambdaResponseException", "", Failure, "a Lambda trigger of the pool gave a malformed answer: look at its log"),
    row("InvalidUserPoolConfigurationException", "", Failure, "the pool's MFA or message settings are incomplete"),
    row("InvalidSmsRoleAccessPolicyException", "", Failure, "the pool's SMS role may not send: check its policy"),
    row("InvalidSmsRoleTrustRelationshipException", "", Failure, "Cognito may not use the pool's SMS role: check its trust policy"),
    row("InvalidEmailRoleAccessPolicyException", "", Failure, "the pool may not send through SES: check its policy"),
    row("UserPoolTaggingException", "", Failure, "the tags of the pool are at fault: whoever runs it can mend them"),
    row("ConcurrentModificationException", "", Network, "something else changed the user at the same moment: try again"),
    row("PreconditionNotMetException", "", Failure, "the pool's settings do not allow this"),
    // The pool and the service.
    row("GetSecretValue ResourceNotFoundException", "", Config, "check the secret's name or ARN and its Region (`--region REGION`)"),
    row("AdminAddUserToGroup ResourceNotFoundException", "group", Config, "make the group first: aws cognito-idp create-group{aws} --user-pool-id {pool} --group-name {group}"),
    row("ResourceNotFoundException", "", Config, "check pool id, app client id and Region: they belong together and to one AWS account"),
    row("OperationNotEnabledException", "", Failure, "this Region holds a read-only replica of the pool: use the pool's own Region"),
    row("FeatureUnavailableInTierException", "", Failure, "the pool's feature plan does not include this: it needs Essentials or Plus"),
    row("UnsupportedOperationException", "", Failure, "the app client's settings do not allow this"),
    row("MFAMethodNotFoundException", "", Failure, "the user has no MFA method that the pool allows"),
    row("AssociateSoftwareToken|VerifySoftwareToken SoftwareTokenMFANotFoundException", "", Config, "the pool does not allow authenticator apps (TOTP): whoever runs it turns them on in its MFA settings"),
    row("SoftwareTokenMFANotFoundException", "", Failure, "the user has no authenticator app registered"),
    row("RefreshTokenReuseException", "", Refused, "the session is over: sign in again"),
    row("ForbiddenException", "", Refused, "the pool's firewall (AWS WAF) refused the request"),
    row("TooManyRequestsException", "", Network, "Cognito is throttling: wait a little and try again"),
    row("LimitExceededException", "", Network, "a limit of this user or account is reached: wait some minutes and try again"),
    row("ThrottlingException", "", Network, "AWS is throttling: wait a little and try again"),
    row("InternalErrorException", "", Network, "Cognito failed: try again"),
    row("InternalServiceError", "", Network, "Secrets Manager failed: try again"),
    row("GetClientToken MissingAuthenticationTokenException", "", Config, "this endpoint does not take the call without AWS credentials: is `endpoint_url` right? A machine's token can come from the token endpoint instead: `cogtok profile set {name} m2m.token_url URL`"),
    row("MissingAuthenticationTokenException", "", Config, "this endpoint does not take the call without AWS credentials: is `endpoint_url` right?"),
    row("UnknownOperationException", "", Failure, "this endpoint does not know the operation: is `endpoint_url` right?"),
    // Calls that nothing was signed with.
    row("unsigned AccessDeniedException", "", Refused, "a policy or a firewall of the pool refused the request: whoever runs it knows which"),
    row("unsigned AccessDenied", "", Refused, "a policy or a firewall of the pool refused the request: whoever runs it knows which"),
    row("unsigned UnrecognizedClientException", "", Config, "this endpoint looks for a signature where Cognito takes none: is `endpoint_url` right?"),
    row("unsigned InvalidSignatureException", "", Config, "this endpoint looks for a signature where Cognito takes none: is `endpoint_url` right?"),
    row("unsigned IncompleteSignature", "", Config, "this endpoint looks for a signature where Cognito takes none: is `endpoint_url` right?"),
    row("unsigned MissingAuthenticationToken", "", Config, "this endpoint looks for a signature where Cognito takes none: is `endpoint_url` right?"),
    row("unsigned InvalidClientTokenId", "", Config, "this endpoint looks for a signature where Cognito takes none: is `endpoint_url` right?"),
    row("unsigned ExpiredTokenException", "", Refused, "what was sent has expired: sign in again"),
    // AWS credentials.
    row("AccessDeniedException", "", AwsCredentials, "the AWS credentials do not allow this call: docs/cognito-setup.md lists the actions; `--aws-profile NAME` uses others"),
    row("UnrecognizedClientException", "", AwsCredentials, "AWS does not know these credentials: check them with `aws sts get-caller-identity`"),
    row("InvalidSignatureException", "", AwsCredentials, "check the AWS secret access key and this machine's clock"),
    row("IncompleteSignature", "", AwsCredentials, "check the AWS credentials"),
    row("MissingAuthenticationToken", "", AwsCredentials, "check the AWS credentials"),
    row("InvalidClientTokenId", "", AwsCredentials, "AWS does not know these credentials: check them with `aws sts get-caller-identity`"),
    row("ExpiredTokenException", "", AwsCredentials, "the AWS session has expired: sign in to AWS again (`aws sso login`, of the AWS CLI v2)"),
    row("ExpiredToken", "", AwsCredentials, "the AWS session has expired: sign in to AWS again (`aws sso login`, of the AWS CLI v2)"),
    row("RequestExpired", "", AwsCredentials, "check this machine's clock"),
    row("AccessDenied", "", AwsCredentials, "the AWS credentials do not allow this call: docs/cognito-setup.md lists the actions; `--aws-profile NAME` uses others"),
    row("SignatureDoesNotMatch", "", AwsCredentials, "check the AWS secret access key and this machine's clock"),
    // Parameters and stacks.
    row("ParameterNotFound", "", Config, "check the parameter's name, its Region (`--region REGION`) and the AWS account (`--aws-profile NAME`)"),
    row("ParameterVersionNotFound", "", Config, "the parameter has no such version or label"),
    row("InvalidKeyId", "", AwsCredentials, "the AWS credentials may not use the parameter's KMS key: add kms:Decrypt"),
    row("ValidationError", "does not exist", Config, "check the stack's name, its Region (`--region REGION`) and the AWS account (`--aws-profile NAME`)"),
    row("ValidationException", "", Usage, "check the name: it is not one that the service takes"),
    row("Throttling", "", Network, "AWS is throttling: wait a little and try again"),
    row("InternalServerError", "", Network, "AWS failed: try again"),
    row("InternalServerException", "", Network, "AWS failed: try again"),
    row("InternalFailure", "", Network, "AWS failed: try again"),
    row("ServiceUnavailable", "", Network, "AWS failed: try again"),
    // Secrets Manager.
    row("GetSecretValue InvalidRequestException", "", Config, "the secret may be scheduled for deletion"),
    row("DecryptionFailure", "", AwsCredentials, "the AWS credentials may not use the secret's KMS key: add kms:Decrypt"),
    // Bedrock's models, with an identity pool's credentials.
    row("bedrock AccessDeniedException", "marketplace", Refused, "the account has not subscribed to the model yet: somebody with aws-marketplace:Subscribe asks it once (docs/bedrock.md); it takes up to 15 minutes"),
    row("bedrock AccessDeniedException", "not authorized to perform", AwsCredentials, "the identity pool's role may not do this (docs/bedrock.md lists the actions); the identity pool says which role a user gets"),
    row("bedrock AccessDeniedException", "access to the model", Refused, "the account has no access to the model in this Region: somebody with aws-marketplace:Subscribe asks it once (docs/bedrock.md), or choose another model or Region (`--model-region REGION`) ?? the account has no access to the model in this Region: somebody with aws-marketplace:Subscribe asks it once (docs/bedrock.md)"),
    row("bedrock AccessDeniedException", "", Refused, "the account may not use the model: docs/bedrock.md says what that takes"),
    row("bedrock ResourceNotFoundException", "use case", Refused, "whoever runs the account fills out the form once, in the Bedrock console; it takes about a quarter of an hour"),
    row("bedrock ResourceNotFoundException", "end of its life", Config, "the model is no more: choose a newer one (`aws bedrock list-foundation-models`)"),
    row("bedrock ResourceNotFoundException", "legacy", Config, "the model is being retired: choose a newer one (`aws bedrock list-foundation-models`)"),
    row("bedrock ResourceNotFoundException", "", Config, "check the model id, and that the Region has the model: `--model-region REGION` asks in another (`aws bedrock list-foundation-models --region REGION`)"),
    row("bedrock ValidationException", "on-demand throughput", Config, "the model is reached through an inference profile: put the part of the world before its id, such as `us.`, `eu.` or `global.` (`aws bedrock list-inference-profiles`)"),
    row("bedrock ValidationException", "model identifier", Config, "check the model id, and that the Region has the model: `--model-region REGION` asks in another; an inference profile's id begins with the part of the world it is for (`us.`, `eu.`)"),
    row("bedrock ValidationException", "modelid", Usage, "check the model id: aws bedrock list-foundation-models"),
    row("bedrock ValidationException", "maximum tokens", Usage, "ask for less with `--max-tokens N`"),
    row("bedrock ValidationException", "system", Usage, "the model takes no system text: leave `--system` out"),
    row("bedrock ValidationException", "stream", Usage, "the model does not stream: leave `--stream` out"),
    row("bedrock ValidationException", "", Usage, "the model does not take this request: another model may"),
    row("bedrock ThrottlingException", "per day", Network, "the account's tokens of this day are used up: another model or Region has its own, or ask AWS for more (Service Quotas)"),
    row("bedrock ThrottlingException", "", Network, "Bedrock is throttling the account: wait a little and try again; others of a workshop share its quota"),
    row("bedrock ServiceQuotaExceededException", "", Network, "a quota of the account is used up: see Service Quotas"),
    row("bedrock ServiceUnavailableException", "", Network, "Bedrock is busy: wait a little and try again"),
    row("bedrock InternalServerException", "", Network, "Bedrock failed: try again"),
    row("bedrock ModelNotReadyException", "", Network, "the model is being made ready: try again in a minute"),
    row("bedrock ModelTimeoutException", "", Network, "the model took too long: ask for less with `--max-tokens N`"),
    row("bedrock ModelErrorException", "", Network, "the model failed: try again"),
    row("bedrock ModelStreamErrorException", "", Network, "the model failed in the middle of its answer: try again"),
    row("bedrock ExpiredTokenException", "", AwsCredentials, "the identity pool's credentials are over: `cogtok cache clear{p}` forgets them; then try again"),
    row("bedrock UnrecognizedClientException", "", AwsCredentials, "AWS does not know the identity pool's credentials: `cogtok cache clear{p}` forgets them; then try again"),
    row("bedrock InvalidSignatureException", "", AwsCredentials, "check this machine's clock and what stands between here and AWS: the request came changed, or late"),
    // The settings of Bedrock AgentCore.
    row("agentcore AccessDeniedException", "", AwsCredentials, "the AWS credentials do not allow this call; `--aws-profile NAME` uses others"),
    row("agentcore ResourceNotFoundException", "", Config, "check the ARN, and that the AWS credentials are of its account: `--aws-profile NAME` uses others"),
    row("agentcore ValidationException", "", Config, "check the ARN: AWS does not take its id"),
    // The token endpoint (RFC 6749 section 5.2).
    row("m2m invalid_client", "", Refused, "check that client id, client secret and token URL belong together; a client may have two secrets, and this may be the one that was deleted\n{secret m2m-client}"),
    row("m2m unauthorized_client", "", Config, "the app client does not allow client_credentials: enable it, and AllowedOAuthFlowsUserPoolClient"),
    row("m2m invalid_scope", "", Config, "the app client may not have such a scope: see its AllowedOAuthScopes"),
    row("m2m invalid_grant", "", Refused, "the app client may not have these scopes: see its AllowedOAuthScopes"),
    row("m2m unsupported_grant_type", "", Config, "this endpoint does not know client_credentials: check the token URL"),
    row("m2m invalid_request", "", Failure, "the endpoint did not understand: check the token URL and `m2m.auth_method`"),
    // The same endpoint with what a browser sign-in brought, and the address it came back to (section 4.1.2.1).
    row("code invalid_client", "", Refused, "check that domain and app client belong together; a client with a secret needs it\n{secret user-client}"),
    row("code unauthorized_client", "", Config, "the app client does not allow the code grant: enable it, and AllowedOAuthFlowsUserPoolClient"),
    row("code invalid_grant", "", Refused, "the code was used or has expired: sign in again with `cogtok login{p}`"),
    row("code invalid_scope", "", Config, "the app client may not have such a scope: see its AllowedOAuthScopes"),
    row("code|refresh invalid_request", "", Failure, "check that domain and app client belong together: `cogtok profile show {name}`"),
    row("code|refresh unsupported_grant_type", "", Config, "this endpoint does not know the grant: check `domain`"),
    row("refresh invalid_scope", "", Config, "the app client may not have such a scope any more: sign in again with `cogtok login{p}`"),
    row("refresh invalid_client", "", Refused, "check that domain and app client belong together; a client with a secret needs it\n{secret user-client}"),
    row("refresh invalid_grant", "", Refused, "the session is over: sign in again with `cogtok login{p}`"),
    row("refresh unauthorized_client", "", Config, "the app client does not allow the code grant any more: see its AllowedOAuthFlows"),
    row("authorize access_denied", "", Refused, "nobody signed in, or the provider said no: run `cogtok login{p}` again"),
    row("authorize unauthorized_client", "", Config, "the app client does not allow the code grant: enable it, and AllowedOAuthFlowsUserPoolClient"),
    row("authorize invalid_scope", "", Config, "the app client may not have such a scope: see its AllowedOAuthScopes"),
    row("authorize invalid_request", "invalid_scope", Config, "the app client may not have such a scope: see its AllowedOAuthScopes"),
    row("authorize invalid_request", "", Failure, "check the app client's settings and the options of this call"),
    row("authorize unsupported_response_type", "", Config, "the app client does not allow the code grant: enable it, and AllowedOAuthFlowsUserPoolClient"),
    row("authorize login_required", "", Kind::NeedsHuman, "nobody is signed in to the hosted pages: leave `--prompt none` out"),
    row("authorize interaction_required", "", Kind::NeedsHuman, "the hosted pages have a question: leave `--prompt none` out"),
    row("authorize server_error", "", Network, "Cognito failed: try again"),
    row("authorize temporarily_unavailable", "", Network, "Cognito is busy: wait a little and try again"),
    // Revoking (RFC 7009 section 2.2.1).
    row("revoke invalid_request", "", Config, "the app client does not allow revocation: see its EnableTokenRevocation"),
    row("revoke invalid_client", "", Refused, "the token is another app client's, or the client has a secret\n{secret user-client}"),
    row("revoke unsupported_token_type", "", Usage, "only a refresh token can be revoked; an access or ID token ends with it, or by itself at its `exp`"),
    row("revoke unauthorized_client", "", Config, "the app client does not allow revocation: see its EnableTokenRevocation"),
    row("revoke invalid_grant", "", Refused, "the token is another app client's, or none of this pool"),
    row("UnsupportedTokenTypeException", "", Usage, "only a refresh token can be revoked; an access or ID token ends with it, or by itself at its `exp`"),
    row("UnauthorizedException", "", Refused, "the token is another app client's, or the client has a secret\n{secret user-client}"),
];

/// An answer that says no.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal<'a> {
    /// The HTTP status; none for what came in another way.
    pub status: Option<u16>,
    /// What its codes belong to, where they mean something of their own there: a row with `GRANT CODE` comes before one with the
    /// code alone.
    pub grant: &'a str,
    /// What was asked: the name of an operation of AWS, else words. A row with `OPERATION CODE` comes before all others.
    pub operation: &'a str,
    /// The code that AWS or OAuth gave.
    pub code: &'a str,
    /// What they say about it.
    pub message: &'a str,
}

/// The error for an answer that says no. `redactor` knows the secrets that were sent: a server may echo them.
pub(crate) fn refused(refusal: &Refusal<'_>, redactor: &Redactor) -> Error {
    let Refusal { status, operation, code, message, .. } = *refusal;
    let row = row_of(refusal);
    let text = match message {
        "" => said(code, redactor).to_string(),
        message => format!("{}: {}", said(code, redactor), said(message, redactor)),
    };
    let code = said(code, redactor).to_string();
    if let Some(error) = status.filter(|_| row.is_none()).and_then(|status| unknown_code(operation, status, &text)) {
        return error.with_code(&code);
    }
    let error = Error::new(row.map_or(Kind::Failure, |row| row.kind), format!("{operation} was refused: {text}"))
        .with_code(&code);
    match row {
        Some(row) => row.hint.lines().fold(error, Error::hint),
        None => error.hint("add `-v` for the request id"),
    }
}

/// The operations that carry no signature.
const UNSIGNED: [&str; 12] = [
    "AssociateSoftwareToken",
    "ConfirmDevice",
    "GetClientToken",
    "GetCredentialsForIdentity",
    "GetId",
    "GetTokensFromRefreshToken",
    "GetUser",
    "GlobalSignOut",
    "InitiateAuth",
    "RespondToAuthChallenge",
    "RevokeToken",
    "VerifySoftwareToken",
];

fn row_of(refusal: &Refusal<'_>) -> Option<&'static Row> {
    let Refusal { grant, operation, code, message, .. } = *refusal;
    // `InitiateAuth (REFRESH_TOKEN_AUTH)` is that operation.
    let operation = operation.split(' ').next().unwrap_or_default();
    let signed = if UNSIGNED.contains(&operation) { "unsigned" } else { "" };
    let message = message.to_lowercase();
    let find = |of: &str| {
        TABLE.iter().find(|row| {
            let (is_of, known) = row
                .code
                .split_once(' ')
                .map_or((of.is_empty(), row.code), |(all, known)| (all.split('|').any(|one| one == of), known));
            is_of && known == code && message.contains(row.says)
        })
    };
    [operation, grant, signed].into_iter().filter(|of| !of.is_empty()).find_map(find).or_else(|| find(""))
}

/// Whether the table has a word for it.
pub(crate) fn is_known(refusal: &Refusal<'_>) -> bool {
    row_of(refusal).is_some()
}

/// What to do where a server refuses with this code.
pub fn hint_of(code: &str) -> Option<&'static str> {
    TABLE.iter().find(|row| row.code == code).and_then(|row| row.hint.lines().next())
}

/// Text of a server as it may be shown.
pub(crate) fn said(text: &str, redactor: &Redactor) -> ServiceText {
    ServiceText::new(text, redactor)
}

/// The code of an SDK error's answer, where there was one.
pub(crate) fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> &str {
    error.code().unwrap_or_default()
}

/// The error for a signed call without anything to sign it with. `failure` is what came of looking for it.
pub(crate) fn no_credentials(operation: &str, failure: Option<&(dyn StdError + 'static)>) -> Error {
    let message = format!("{operation} is a signed call, and there are no usable AWS credentials");
    let cause = failure.and_then(|failure| chain(failure).find_map(|error| error.downcast_ref::<Cause>()));
    let Some(cause) = cause else {
        return Error::new(AwsCredentials, message).hint(NO_CREDENTIALS);
    };
    let error = Error::new(AwsCredentials, format!("{message}: {cause}")).because(cause.to_string());
    cause.hints.iter().fold(error, |error, hint| error.hint(hint.clone()))
}

/// The error for what the SDK reports of `operation`.
pub(crate) fn from_sdk<E>(operation: &str, error: SdkError<E, HttpResponse>, redactor: &Redactor) -> Error
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
{
    if let Some(fault) = fault_in(&error) {
        return Error::from(fault.clone()).context(operation);
    }
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    if let Some(code) = error.code() {
        let message = error.message().unwrap_or_default();
        return refused(&Refusal { status, grant: "", operation, code, message }, redactor);
    }
    // The SDK's own patience with a source of credentials ends in an error of no type that can be named.
    let is_slow = |error: &(dyn StdError + 'static)| error.to_string().starts_with("identity resolver timed out");
    if chain(&error).any(|error| error.is::<CredentialsError>() || is_slow(error)) {
        return no_credentials(operation, Some(&error));
    }
    let reason = said(&chain(&error).last().map(ToString::to_string).unwrap_or_default(), redactor);
    let what = |status: u16| {
        let length = error.raw_response().and_then(|answer| answer.body().bytes()).map_or(0, <[u8]>::len);
        format!("HTTP {status}, {length} bytes")
    };
    if let Some(error) = status.and_then(|status| unexplained(operation, status, &what(status))) {
        return error;
    }
    match error {
        SdkError::TimeoutError(_) => Error::network(format!("{operation}: no answer in time")).hint("try again"),
        SdkError::ResponseError(_) | SdkError::ServiceError(_) => {
            Error::network(format!("{operation}: the answer is not one of AWS: {reason}"))
                .hint("check `endpoint_url` and AWS_ENDPOINT_URL")
        }
        _ => Error::network(format!("{operation}: {reason}")),
    }
}

#[cfg(test)]
#[path = "service_error_tests.rs"]
mod tests_of_operations;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_with_several_meanings_is_told_apart_by_its_message() {
        let kind = |code: &str, message: &str| {
            let refusal = Refusal { status: Some(400), grant: "", operation: "InitiateAuth", code, message };
            refused(&refusal, &Redactor::default()).kind()
        };
        assert_eq!(kind("NotAuthorizedException", "Incorrect username or password."), Kind::Refused);
        assert_eq!(
            kind("NotAuthorizedException", "Client x is configured with secret but SECRET_HASH was not received"),
            Kind::Config
        );
        assert_eq!(
            kind("InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled for this client"),
            Kind::Config
        );
        assert_eq!(kind("AccessDeniedException", "anything"), Kind::Refused);
        assert_eq!(kind("NeverHeardOf", ""), Kind::Failure);
    }

    #[test]
    fn a_general_row_never_hides_a_special_one() {
        for (index, row) in TABLE.iter().enumerate() {
            let hidden = TABLE[..index].iter().any(|before| before.code == row.code && row.says.contains(before.says));
            assert!(!hidden, "{} {:?} can't be reached", row.code, row.says);
            assert_eq!(row.says, row.says.to_lowercase());
            assert!(!row.hint.is_empty());
        }
    }

    #[test]
    fn an_echoed_secret_is_not_repeated() {
        let redactor = Redactor::default();
        redactor.hide("id", &crate::secret::Secret::new("hunter2".into()));
        let (operation, message) = ("token endpoint", "hunter2 is \u{1b}[1mwrong");
        let refusal = Refusal { status: Some(400), grant: "", operation, code: "invalid_client", message };
        let error = refused(&refusal, &redactor);
        assert_eq!(error.message(), "token endpoint was refused: invalid_client: [redacted] is \\u{1b}[1mwrong");
    }
}
