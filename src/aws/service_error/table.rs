//! The rows of the table. One is found by the error's code; by the operation or kind of call, where these give a code a
//! meaning of its own; and by a part of the message, where a code has several meanings. Messages differ between services and emulators and
//! may contain ids, so nothing depends on a whole message.

use crate::error::AdviceKind::*;
use crate::error::Kind::{AwsCredentials, Config, Failure, Network, Refused, Usage};
use crate::error::{Advice, AdviceKind, Kind};

/// What one answer means.
pub(super) struct Row {
    /// The code, or `OPERATIONS CODE` with `|` between several operations or kinds of calls.
    pub code: &'static str,
    /// A part of the message, in lower case; empty for any.
    pub says: &'static str,
    pub kind: Kind,
    /// The meaning of the code, or what to do about it in the library's terms; empty for neither.
    words: &'static str,
    /// What to do.
    advice: Option<AdviceKind>,
}

const fn row(code: &'static str, says: &'static str, kind: Kind, words: &'static str) -> Row {
    Row { code, says, kind, words, advice: None }
}

const fn advise(code: &'static str, says: &'static str, kind: Kind, advice: AdviceKind) -> Row {
    Row { code, says, kind, words: "", advice: Some(advice) }
}

impl Row {
    const fn and(self, advice: AdviceKind) -> Self {
        Row { advice: Some(advice), ..self }
    }

    pub fn advice(&self) -> impl Iterator<Item = Advice> {
        let words = Some(self.words).filter(|words| !words.is_empty()).map(Advice::from);
        words.into_iter().chain(self.advice.map(Advice::from))
    }
}

#[rustfmt::skip]
pub(super) const TABLE: &[Row] = &[
    // Identity pools.
    advise("identity NotAuthorizedException", "not from a supported provider", Config, AddToProviders),
    row("identity NotAuthorizedException", "issuer doesn't match", Config, "the token is from another user pool than the profile's: check `user_pool_id`"),
    advise("identity NotAuthorizedException", "logins don't match", Config, ForgetIdentity),
    row("identity NotAuthorizedException", "missing a required claim: aud", Config, "an identity pool accepts only ID tokens"),
    row("identity NotAuthorizedException", "invalid login token", Refused, "the ID token is no longer accepted: sign in again"),
    advise("identity InvalidIdentityPoolConfigurationException", "", Config, AddPoolRole),
    row("identity ResourceConflictException", "", Failure, "the sign-in already belongs to another identity"),
    row("identity ExternalServiceException", "", Network, "the identity pool could not reach the user pool: try again"),
    advise("identity NotAuthorizedException", "", Refused, CheckIdentityPoolAndUserPool),
    advise("identity ResourceNotFoundException", "", Config, CheckIdentityPoolOrForgetIdentity),
    row("identity InvalidParameterException", "", Config, "check `identity_pool.id`: it looks like REGION:UUID"),
    row("identity LimitExceededException", "", Network, "the identity pool's account has reached a limit: wait a few minutes and try again"),
    // Signing in.
    row("NotAuthorizedException", "attempts exceeded", Refused, "too many wrong passwords: Cognito locks the user for up to 15 minutes; wait, then try again"),
    advise("NotAuthorizedException", "user is disabled", Refused, EnableUser),
    advise("NotAuthorizedException", "has expired, it must be reset", Refused, ResetExpiredPassword),
    advise("NotAuthorizedException", "temporary password has expired", Refused, ResetExpiredPassword),
    advise("NotAuthorizedException", "secret_hash was not received", Config, StoreUserClientSecret),
    advise("NotAuthorizedException", "secret was not received", Config, StoreUserClientSecret),
    row("NotAuthorizedException", "unable to verify secret hash", Refused, "the client secret is not this app client's, or is the one of its two that was deleted").and(CheckUserClientSecret),
    row("NotAuthorizedException", "secrethash does not match", Refused, "the client secret is not this app client's, or is the one of its two that was deleted").and(CheckUserClientSecret),
    row("NotAuthorizedException", "not configured for secret", Config, "the app client has no secret, but one was sent").and(OmitUserClientSecret),
    row("GetClientToken NotAuthorizedException", "", Refused, "check that client id, client secret and Region belong together; a client may have two secrets, and this may be the one that was deleted").and(CheckM2mClientSecret),
    row("GetDerivedToken NotAuthorizedException", "secret", Refused, "check that client id, client secret and Region belong together"),
    row("GetDerivedToken NotAuthorizedException", "", Refused, "a token that you exchange or act with may have expired, or may be another pool's").and(AllowTokenExchange),
    row("GetDerivedToken InvalidParameterException", "", Config, "check the audience or resource and the scopes: the pool and the app client must know them").and(AllowTokenExchange),
    row("GetDerivedToken UserNotFoundException", "", Refused, "the pool no longer has the user of the token that you exchange"),
    advise("NotAuthorizedException", "session", Refused, StartSignInAgain),
    row("NotAuthorizedException", "incorrect username or password", Refused, "check the user name and the password; if both are right, check that the pool and the app client belong together, and this machine's clock").and(CheckPassword),
    advise("NotAuthorizedException", "", Refused, CheckPoolClientAndUser),
    advise("AdminCreateUser|AdminSetUserPassword|AdminAddUserToGroup|AdminGetUser|AdminDeleteUser|ListUsers|DescribeUserPool|DescribeUserPoolClient|ListUserPoolClients NotAuthorizedException", "", Refused, UseCredentialsOfPoolAccount),
    row("AdminConfirmSignUp NotAuthorizedException", "", Refused, "only a user who signed up and is unconfirmed can be confirmed").and(UseCredentialsOfPoolAccount),
    advise("AdminEnableUser|AdminDisableUser|AdminUserGlobalSignOut|AdminSetUserMFAPreference|AdminDeleteSoftwareToken NotAuthorizedException", "", Refused, UseCredentialsOfPoolAccount),
    advise("ListGroups|CreateGroup|DeleteGroup|ListUsersInGroup|AdminListGroupsForUser|AdminRemoveUserFromGroup|ListUserPoolClientSecrets|AddUserPoolClientSecret|DeleteUserPoolClientSecret NotAuthorizedException", "", Refused, UseCredentialsOfPoolAccount),
    advise("GetUser|GlobalSignOut|ConfirmDevice NotAuthorizedException", "", Refused, RenewUserToken),
    row("GetTokensFromRefreshToken|InitiateAuth NotAuthorizedException", "refresh token auth flow", Config, "the app client does not allow refresh tokens: enable ALLOW_REFRESH_TOKEN_AUTH or refresh token rotation on it"),
    row("GetTokensFromRefreshToken|InitiateAuth InvalidParameterException", "refresh token auth flow", Config, "the app client does not allow refresh tokens: enable ALLOW_REFRESH_TOKEN_AUTH or refresh token rotation on it"),
    row("GetTokensFromRefreshToken|InitiateAuth InvalidParameterException", "refresh_token_auth", Config, "the app client does not allow refresh tokens: enable ALLOW_REFRESH_TOKEN_AUTH or refresh token rotation on it"),
    // Self-service: a user's own account.
    row("SignUp NotAuthorizedException", "", Refused, "the pool does not let people sign up, or its app client does not: an administrator creates users"),
    advise("SignUp UsernameExistsException", "", Failure, ResetOwnPassword),
    row("ConfirmSignUp NotAuthorizedException", "", Refused, "the user is confirmed already, or was disabled"),
    row("ForgotPassword NotAuthorizedException", "", Refused, "the user is in a state in which only an administrator can set a new password"),
    row("ChangePassword NotAuthorizedException", "incorrect", Refused, "the current password is wrong"),
    advise("ChangePassword NotAuthorizedException", "", Refused, RenewUserToken),
    row("ConfirmForgotPassword|ConfirmSignUp CodeMismatchException", "", Refused, "the code is wrong: use that of the newest message"),
    row("ConfirmForgotPassword|ConfirmSignUp ExpiredCodeException", "", Refused, "the code has expired, or there is none for this user: have another one sent"),
    // Users, codes and passwords.
    advise("UserNotFoundException", "", Refused, CheckOrCreateUser),
    advise("UserNotConfirmedException", "", Refused, ConfirmUser),
    advise("PasswordResetRequiredException", "", Refused, ResetPassword),
    row("CodeMismatchException", "", Refused, "the code is wrong: use the newest one, and check the clock of the device that makes it"),
    row("EnableSoftwareTokenMFAException", "", Refused, "the code is not the app's: check that you entered the whole key, and the clock of the device"),
    row("ExpiredCodeException", "", Refused, "the code has expired or was used already: wait for the next one"),
    row("ConfirmDevice InvalidPasswordException", "", Failure, "the pool refused the password that cogtok made for this device: sign in again"),
    row("ConfirmDevice UsernameExistsException", "", Failure, "the pool already has a device of that name: sign in again"),
    row("DeviceKeyExistsException", "", Failure, "the pool already knows this device: sign in again"),
    advise("InvalidPasswordException", "", Refused, ChooseFittingPassword),
    row("PasswordHistoryPolicyViolationException", "", Refused, "the password was used before: choose another"),
    row("InvalidParameterException", "not configured for secret", Config, "the app client has no secret, but one was sent").and(OmitUserClientSecret),
    advise("InvalidParameterException", "admin_user_password_auth", Config, AllowAdminPasswordFlow),
    advise("InvalidParameterException", "user_password_auth", Config, AllowPasswordFlow),
    advise("InvalidParameterException", "user_srp_auth", Config, AllowSrpFlow),
    advise("InvalidParameterException", "custom_auth", Config, AllowCustomFlow),
    advise("InvalidParameterException", "user_auth", Config, AllowChoiceFlow),
    advise("InvalidParameterException", "client_token_auth", Config, AllowClientTokenFlow),
    advise("InvalidParameterException", "flow not enabled", Config, UseAllowedFlow),
    advise("InvalidParameterException", "initiate auth method not supported", Config, UseAllowedFlow),
    // Creating users.
    advise("AdminCreateUser UsernameExistsException", "", Failure, SkipOrResetExistingUser),
    row("AliasExistsException", "", Failure, "another user already has this e-mail address or phone number"),
    advise("AdminCreateUser InvalidParameterException", "username should be", Usage, NameUserByAddress),
    advise("AdminCreateUser InvalidParameterException", "cannot be of email format", Usage, NameUser),
    advise("AdminCreateUser|AdminSetUserPassword InvalidParameterException", "password", Refused, ChooseFittingPasswordForUser),
    advise("AdminCreateUser|RespondToAuthChallenge|AdminRespondToAuthChallenge InvalidParameterException", "attribute", Usage, GiveAttributes),
    advise("ListUsers InvalidParameterException", "userpoolid", Config, CheckPoolAndRegion),
    advise("ListUsers InvalidParameterException", "", Usage, CheckFilter),
    row("DescribeUserPool|DescribeUserPoolClient|ListUserPoolClients InvalidParameterException", "", Config, "check the pool id, the app client id and the Region: they belong together"),
    row("GetSecretValue InvalidParameterException", "", Usage, "check the secret's name or ARN"),
    row("RevokeToken InvalidParameterException", "", Failure, "check that token and app client belong together"),
    advise("InvalidParameterException", "", Failure, CheckProfile),
    advise("CodeDeliveryFailureException", "", Failure, SendNoInvitation),
    advise("UnsupportedUserStateException", "", Failure, ResetUserState),
    row("UserLambdaValidationException", "", Refused, "a Lambda trigger of the pool refused it"),
    row("UnexpectedLambdaException", "", Failure, "a Lambda trigger of the pool failed: see its log"),
    row("InvalidLambdaResponseException", "", Failure, "a Lambda trigger of the pool gave a malformed answer: see its log"),
    row("InvalidUserPoolConfigurationException", "", Failure, "the pool's MFA or message settings are incomplete"),
    row("InvalidSmsRoleAccessPolicyException", "", Failure, "the pool's SMS role is not allowed to send: check its policy"),
    row("InvalidSmsRoleTrustRelationshipException", "", Failure, "Cognito is not allowed to use the pool's SMS role: check its trust policy"),
    row("InvalidEmailRoleAccessPolicyException", "", Failure, "the pool is not allowed to send through SES: check its policy"),
    row("UserPoolTaggingException", "", Failure, "the pool's tags are invalid: its administrator can fix them"),
    row("ConcurrentModificationException", "", Network, "something else changed the user at the same moment: try again"),
    row("PreconditionNotMetException", "", Failure, "the pool's settings do not allow this"),
    // The pool and the service.
    advise("GetSecretValue ResourceNotFoundException", "", Config, CheckSecretArn),
    advise("AdminAddUserToGroup ResourceNotFoundException", "group", Config, CreateGroup),
    advise("DeleteGroup|ListUsersInGroup|AdminRemoveUserFromGroup ResourceNotFoundException", "group", Failure, ListGroups),
    row("GroupExistsException", "", Failure, "the pool has a group of this name already"),
    row("ResourceNotFoundException", "", Config, "check pool id, app client id and Region: they belong together and to one AWS account"),
    row("OperationNotEnabledException", "", Failure, "this Region holds a read-only replica of the pool: use the pool's own Region"),
    row("FeatureUnavailableInTierException", "", Failure, "the pool's feature plan does not include this: it needs Essentials or Plus"),
    row("UnsupportedOperationException", "", Failure, "the app client's settings do not allow this"),
    row("MFAMethodNotFoundException", "", Failure, "the user has no MFA method that the pool allows"),
    row("AssociateSoftwareToken|VerifySoftwareToken SoftwareTokenMFANotFoundException", "", Config, "the pool does not allow authenticator apps (TOTP): its administrator can turn them on in the MFA settings"),
    row("SoftwareTokenMFANotFoundException", "", Failure, "the user has no authenticator app registered"),
    row("RefreshTokenReuseException", "", Refused, "the session has expired: sign in again"),
    row("ForbiddenException", "", Refused, "the pool's firewall (AWS WAF) refused the request"),
    row("AddUserPoolClientSecret LimitExceededException", "", Failure, "an app client has two secrets at most, and this one has them"),
    row("TooManyRequestsException", "", Network, "Cognito is throttling: wait a little and try again"),
    row("LimitExceededException", "", Network, "this user or account has reached a limit: wait a few minutes and try again"),
    row("ThrottlingException", "", Network, "AWS is throttling: wait a little and try again"),
    row("RequestTimeoutException", "", Network, "the request reached AWS too slowly: check the network, and try again"),
    row("RequestTimeout", "", Network, "the request reached AWS too slowly: check the network, and try again"),
    row("InternalErrorException", "", Network, "Cognito failed: try again"),
    row("InternalServiceError", "", Network, "Secrets Manager failed: try again"),
    advise("GetClientToken MissingAuthenticationTokenException", "", Config, CheckEndpointOrNameTokenUrl),
    row("MissingAuthenticationTokenException", "", Config, "this endpoint does not accept the call without AWS credentials: is `endpoint_url` right?"),
    row("UnknownOperationException", "", Failure, "this endpoint does not support the operation: is `endpoint_url` right?"),
    // Unsigned calls.
    row("unsigned AccessDeniedException", "", Refused, "a policy or a firewall of the pool refused the request: its administrator knows which"),
    row("unsigned AccessDenied", "", Refused, "a policy or a firewall of the pool refused the request: its administrator knows which"),
    row("unsigned UnrecognizedClientException", "", Config, "this endpoint expects a signature, and Cognito expects none: is `endpoint_url` right?"),
    row("unsigned InvalidSignatureException", "", Config, "this endpoint expects a signature, and Cognito expects none: is `endpoint_url` right?"),
    row("unsigned IncompleteSignature", "", Config, "this endpoint expects a signature, and Cognito expects none: is `endpoint_url` right?"),
    row("unsigned MissingAuthenticationToken", "", Config, "this endpoint expects a signature, and Cognito expects none: is `endpoint_url` right?"),
    row("unsigned InvalidClientTokenId", "", Config, "this endpoint expects a signature, and Cognito expects none: is `endpoint_url` right?"),
    row("unsigned ExpiredTokenException", "", Refused, "what was sent has expired: sign in again"),
    // AWS credentials.
    advise("AccessDeniedException", "", AwsCredentials, UsePermittedCredentials),
    row("UnrecognizedClientException", "", AwsCredentials, "AWS does not know these credentials: check them with `aws sts get-caller-identity`"),
    row("InvalidSignatureException", "", AwsCredentials, "check the AWS secret access key and this machine's clock"),
    row("IncompleteSignature", "", AwsCredentials, "check the AWS credentials"),
    row("MissingAuthenticationToken", "", AwsCredentials, "check the AWS credentials"),
    row("InvalidClientTokenId", "", AwsCredentials, "AWS does not know these credentials: check them with `aws sts get-caller-identity`"),
    row("ExpiredTokenException", "", AwsCredentials, "the AWS session has expired: sign in to AWS again (`aws sso login`, of the AWS CLI v2)"),
    row("ExpiredToken", "", AwsCredentials, "the AWS session has expired: sign in to AWS again (`aws sso login`, of the AWS CLI v2)"),
    row("RequestExpired", "", AwsCredentials, "check this machine's clock"),
    advise("AccessDenied", "", AwsCredentials, UsePermittedCredentials),
    row("SignatureDoesNotMatch", "", AwsCredentials, "check the AWS secret access key and this machine's clock"),
    // Parameters and stacks.
    advise("ParameterNotFound", "", Config, CheckParameter),
    row("ParameterVersionNotFound", "", Config, "the parameter has no such version or label"),
    row("InvalidKeyId", "", AwsCredentials, "the AWS credentials may not use the parameter's KMS key: add kms:Decrypt"),
    advise("ValidationError", "does not exist", Config, CheckStack),
    row("ValidationException", "", Usage, "check the name: the service does not accept it"),
    row("Throttling", "", Network, "AWS is throttling: wait a little and try again"),
    row("InternalServerError", "", Network, "AWS failed: try again"),
    row("InternalServerException", "", Network, "AWS failed: try again"),
    row("InternalFailure", "", Network, "AWS failed: try again"),
    row("ServiceUnavailable", "", Network, "AWS failed: try again"),
    // Secrets Manager.
    row("GetSecretValue InvalidRequestException", "", Config, "the secret may be scheduled for deletion"),
    row("DecryptionFailure", "", AwsCredentials, "the AWS credentials may not use the secret's KMS key: add kms:Decrypt"),
    // Bedrock's models, with an identity pool's credentials.
    advise("bedrock AccessDeniedException", "marketplace", Refused, SubscribeToModel),
    advise("bedrock AccessDeniedException", "not authorized to perform", AwsCredentials, PermitPoolRole),
    advise("bedrock AccessDeniedException", "access to the model", Refused, SubscribeOrChooseModel),
    advise("bedrock AccessDeniedException", "", Refused, PermitModel),
    row("bedrock ResourceNotFoundException", "use case", Refused, "someone with access to the account fills in the form once, in the Bedrock console; it takes about 15 minutes"),
    row("bedrock ResourceNotFoundException", "end of its life", Config, "the model was retired: choose a newer one (`aws bedrock list-foundation-models`)"),
    row("bedrock ResourceNotFoundException", "legacy", Config, "the model is being retired: choose a newer one (`aws bedrock list-foundation-models`)"),
    advise("bedrock ResourceNotFoundException", "", Config, CheckModelAndRegion),
    row("bedrock ValidationException", "on-demand throughput", Config, "the model is reached through an inference profile: add the prefix of its area to the id, such as `us.`, `eu.` or `global.` (`aws bedrock list-inference-profiles`)"),
    advise("bedrock ValidationException", "model identifier", Config, CheckModelId),
    row("bedrock ValidationException", "modelid", Usage, "check the model id: aws bedrock list-foundation-models"),
    advise("bedrock ValidationException", "maximum tokens", Usage, AskForFewerTokens),
    advise("bedrock ValidationException", "system", Usage, SendNoSystemText),
    advise("bedrock ValidationException", "stream", Usage, DoNotStream),
    row("bedrock ValidationException", "", Usage, "the model does not support this request: try another model"),
    row("bedrock ThrottlingException", "per day", Network, "the account has used all its tokens of today: another model or Region has its own, or ask AWS for more (Service Quotas)"),
    row("bedrock ThrottlingException", "", Network, "Bedrock is throttling the account: wait a little and try again; everyone in a workshop shares its quota"),
    row("bedrock ServiceQuotaExceededException", "", Network, "the account has used up a quota: see Service Quotas"),
    row("bedrock ServiceUnavailableException", "", Network, "Bedrock is busy: wait a little and try again"),
    row("bedrock InternalServerException", "", Network, "Bedrock failed: try again"),
    row("bedrock ModelNotReadyException", "", Network, "the model is still loading: try again in a minute"),
    advise("bedrock ModelTimeoutException", "", Network, AskSlowModelForLess),
    row("bedrock ModelErrorException", "", Network, "the model failed: try again"),
    row("bedrock ModelStreamErrorException", "", Network, "the model failed in the middle of its answer: try again"),
    advise("bedrock ExpiredTokenException", "", AwsCredentials, RenewPoolCredentials),
    advise("bedrock UnrecognizedClientException", "", AwsCredentials, ReplacePoolCredentials),
    row("bedrock InvalidSignatureException", "", AwsCredentials, "check this machine's clock, and any proxy: the request arrived changed, or late"),
    // The settings of Bedrock AgentCore.
    advise("agentcore AccessDeniedException", "", AwsCredentials, UseOtherCredentials),
    advise("agentcore ResourceNotFoundException", "", Config, UseCredentialsOfArn),
    row("agentcore ValidationException", "", Config, "check the ARN: AWS does not accept its id"),
    // The token endpoint (RFC 6749 section 5.2).
    row("m2m invalid_client", "", Refused, "check that client id, client secret and token URL belong together; a client may have two secrets, and this may be the one that was deleted").and(CheckM2mClientSecret),
    row("m2m unauthorized_client", "", Config, "the app client does not allow client_credentials: enable it, and AllowedOAuthFlowsUserPoolClient"),
    row("m2m invalid_scope", "", Config, "the app client does not allow this scope: see its AllowedOAuthScopes"),
    row("m2m invalid_grant", "", Refused, "the app client does not allow these scopes: see its AllowedOAuthScopes"),
    row("m2m unsupported_grant_type", "", Config, "this endpoint does not support client_credentials: check the token URL"),
    row("m2m invalid_request", "", Failure, "the endpoint did not understand the request: check the token URL and `m2m.auth_method`"),
    row("m2m server_error", "", Network, "Cognito failed: try again"),
    row("m2m temporarily_unavailable", "", Network, "Cognito is busy: wait a little and try again"),
    // The token endpoint with an authorization code, and the error at the redirect URI (section 4.1.2.1).
    row("code invalid_client", "", Refused, "check that domain and app client belong together; a client with a secret needs it").and(CheckUserClientSecret),
    row("code unauthorized_client", "", Config, "the app client does not allow the code grant: enable it, and AllowedOAuthFlowsUserPoolClient"),
    advise("code invalid_grant", "", Refused, SignInAgainForCode),
    row("code invalid_scope", "", Config, "the app client does not allow this scope: see its AllowedOAuthScopes"),
    advise("code|refresh invalid_request", "", Failure, CheckDomainAndClient),
    row("code|refresh unsupported_grant_type", "", Config, "this endpoint does not support the grant: check `domain`"),
    advise("refresh invalid_scope", "", Config, SignInAgainForScopes),
    row("refresh invalid_client", "", Refused, "check that domain and app client belong together; a client with a secret needs it").and(CheckUserClientSecret),
    advise("refresh invalid_grant", "", Refused, SignInAgain),
    row("refresh unauthorized_client", "", Config, "the app client no longer allows the code grant: see its AllowedOAuthFlows"),
    advise("authorize access_denied", "", Refused, SignInOnceMore),
    row("authorize unauthorized_client", "", Config, "the app client does not allow the code grant: enable it, and AllowedOAuthFlowsUserPoolClient"),
    row("authorize invalid_scope", "", Config, "the app client does not allow this scope: see its AllowedOAuthScopes"),
    row("authorize invalid_request", "invalid_scope", Config, "the app client does not allow this scope: see its AllowedOAuthScopes"),
    row("authorize invalid_request", "", Failure, "check the app client's settings and the options of this call"),
    row("authorize unsupported_response_type", "", Config, "the app client does not allow the code grant: enable it, and AllowedOAuthFlowsUserPoolClient"),
    advise("authorize login_required", "", Kind::NeedsHuman, AllowSignInPage),
    advise("authorize interaction_required", "", Kind::NeedsHuman, AllowQuestions),
    row("code|refresh|authorize server_error", "", Network, "Cognito failed: try again"),
    row("code|refresh|authorize temporarily_unavailable", "", Network, "Cognito is busy: wait a little and try again"),
    // Revoking (RFC 7009 section 2.2.1).
    row("revoke invalid_request", "", Config, "the app client does not allow revocation: see its EnableTokenRevocation"),
    row("revoke invalid_client", "", Refused, "the token belongs to another app client, or the client has a secret").and(CheckUserClientSecret),
    row("revoke unsupported_token_type", "", Usage, "only a refresh token can be revoked; an access or ID token ends with it, or at its `exp`"),
    row("revoke unauthorized_client", "", Config, "the app client does not allow revocation: see its EnableTokenRevocation"),
    row("revoke invalid_grant", "", Refused, "the token belongs to another app client or another pool"),
    row("revoke server_error", "", Network, "Cognito failed: try again"),
    row("revoke temporarily_unavailable", "", Network, "Cognito is busy: wait a little and try again"),
    row("UnsupportedTokenTypeException", "", Usage, "only a refresh token can be revoked; an access or ID token ends with it, or at its `exp`"),
    row("UnauthorizedException", "", Refused, "the token belongs to another app client, or the client has a secret").and(CheckUserClientSecret),
];
