//! The kinds of advice.

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident,)+) => {
        /// What to do about an error. Kinds may be added.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum AdviceKind { $($(#[$doc])* $kind),+ }

        impl AdviceKind {
            /// All of them.
            pub const ALL: &[AdviceKind] = &[$(AdviceKind::$kind),+];
        }
    };
}

kinds! {
    /// Allow ALLOW_ADMIN_USER_PASSWORD_AUTH on the app client, or use another flow.
    AllowAdminPasswordFlow,
    /// Allow ALLOW_USER_AUTH on the app client, or use another flow.
    AllowChoiceFlow,
    /// Make ALLOW_CLIENT_TOKEN_AUTH the app client's only flow, or name a token endpoint.
    AllowClientTokenFlow,
    /// Allow ALLOW_CUSTOM_AUTH on the app client, or use another flow.
    AllowCustomFlow,
    /// Allow more time to open the file.
    AllowLongerOpening,
    /// Try again, or allow more time.
    AllowLongerTimeout,
    /// Allow the password in clear, as the preferred challenge.
    AllowPasswordFactor,
    /// Allow ALLOW_USER_PASSWORD_AUTH on the app client, or use the other flow.
    AllowPasswordFlow,
    /// Allow the password in clear, as the flow.
    AllowPasswordInClear,
    /// The hosted pages have a question: let them ask.
    AllowQuestions,
    /// Nobody is signed in to the hosted pages: allow them to ask.
    AllowSignInPage,
    /// Allow the app client to exchange tokens.
    AllowTokenExchange,
    /// Allow ALLOW_USER_SRP_AUTH on the app client, or use the other flow.
    AllowSrpFlow,
    /// Ask the firewall's or proxy's operator, with the request id.
    AskFirewall,
    /// Ask the firewall's operator to let the request pass, which only a browser can do now.
    AskFirewallForException,
    /// Ask for fewer tokens.
    AskForFewerTokens,
    /// Ask for the scope, which the app client must be allowed.
    AskForScopes,
    /// Ask for the scope that it wants.
    AskForWantedScope,
    /// Bedrock may not be in this Region: ask in another.
    AskOtherModelRegion,
    /// The model took too long: ask for fewer tokens.
    AskSlowModelForLess,
    /// Give the profile's `key` another value.
    ChangeKey,
    /// Check SSL_CERT_FILE and SSL_CERT_DIR, or name others.
    CheckAuthorities,
    /// Check that the configuration is that of the service.
    CheckConsumer,
    /// Check the domain.
    CheckDomain,
    /// Check that domain and app client belong together.
    CheckDomainAndClient,
    /// Check that domain, pool and app client belong together.
    CheckDomainPoolAndClient,
    /// Check the endpoint, or get the machine's token from a token endpoint.
    CheckEndpointOrNameTokenUrl,
    /// Check the filter: one attribute, `=` or `^=`, and a value.
    CheckFilter,
    /// Check that identity pool and user pool belong together.
    CheckIdentityPoolAndUserPool,
    /// Check the identity pool's id, or clear the cache: the identity may be no more.
    CheckIdentityPoolOrForgetIdentity,
    /// Check the pool's id, its Region and what names its keys.
    CheckKeySetSource,
    /// Correct the machine's client secret.
    CheckM2mClientSecret,
    /// Check the model id, and that the Region has the model.
    CheckModelAndRegion,
    /// Check the model id, the Region, and where the inference profile is for.
    CheckModelId,
    /// Check the user name and the pool, or make the user.
    CheckOrCreateUser,
    /// Check the parameter's name, its Region and the AWS account.
    CheckParameter,
    /// Correct the password.
    CheckPassword,
    /// Check the path: there is nothing at this address, or it got no token.
    CheckPath,
    /// Check the pool id and its Region.
    CheckPoolAndRegion,
    /// Check that pool, app client and user belong together.
    CheckPoolClientAndUser,
    /// The token is of another pool: check the pool, or name the issuer.
    CheckPoolOrNameIssuer,
    /// Check the profile.
    CheckProfile,
    /// Recipients are X25519 public keys.
    CheckRecipient,
    /// Check address, method and data.
    CheckRequest,
    /// Check the runtime's ARN, its Region and the endpoint.
    CheckRuntime,
    /// Check the secret's name or ARN and its Region.
    CheckSecretArn,
    /// Check the stack's name, its Region and the AWS account.
    CheckStack,
    /// Correct the client secret that users sign in with.
    CheckUserClientSecret,
    /// Choose the profile that is used where none is named.
    ChooseDefaultProfile,
    /// Choose a password that fits the pool's policy.
    ChooseFittingPassword,
    /// Choose a password that satisfies the pool's policy, for the user being created or changed.
    ChooseFittingPasswordForUser,
    /// Choose the access token or the ID token.
    ChooseTokenUse,
    /// Compare the token with what the API takes.
    CompareWithApi,
    /// Compare all claims with the authorizer's configuration.
    CompareWithAuthorizer,
    /// Confirm the user.
    ConfirmUser,
    /// Make the first profile.
    CreateFirstProfile,
    /// Make the group first.
    CreateGroup,
    /// Make a profile with this domain.
    CreateProfileForDomain,
    /// Make a profile for the secret's app client.
    CreateProfileForSecret,
    /// The store of secrets is full: delete some.
    DeleteSecrets,
    /// The model does not stream: ask for the whole answer.
    DoNotStream,
    /// Mend the configuration.
    EditConfiguration,
    /// An administrator can enable the user.
    EnableUser,
    /// Wait and try again, or end the process `pid`, which is in the way.
    EndProcess,
    /// Fetch the keys once, or read them from a file.
    FetchKeysOnce,
    /// The identity belongs to another user: clear the cache.
    ForgetIdentity,
    /// Get the access token, a user's or a machine's.
    GetAccessToken,
    /// An ID token has no scope: get the access token.
    GetAccessTokenWithScope,
    /// Get the ID token.
    GetIdToken,
    /// Send a new token.
    GetNewToken,
    /// Get a token with this `scope`.
    GetTokenWithScope,
    /// Give the attributes that the pool asks for.
    GiveAttributes,
    /// Look at the token's content.
    InspectToken,
    /// There are no certificate authorities: install or name some.
    InstallAuthorities,
    /// The group does not exist: list the groups.
    ListGroups,
    /// Look up the request id.
    LookUpRequestId,
    /// Name a file with an identity, or make one.
    MakeIdentity,
    /// The token is for a resource: name it.
    NameAudience,
    /// The server's certificate is not trusted: name the certificate authorities.
    NameCaBundle,
    /// Name the app client that is meant, or check that of the profile.
    NameClient,
    /// End the program that has the port, or name another port.
    NameOtherPort,
    /// Name the Region, or the user pool, which begins with it.
    NameRegionOrPool,
    /// Name the Region, or the domain's whole address.
    NameRegionOrWholeDomain,
    /// Add a target of this name.
    NameTarget,
    /// The pool's user names are not e-mail addresses: give one.
    NameUser,
    /// The pool's user names are e-mail addresses or phone numbers: give one.
    NameUserByAddress,
    /// Name the user who signed in.
    NameWhoSignedIn,
    /// Somebody with AWS credentials can provide the output of this command.
    ObtainAuthorizer,
    /// The AWS credentials lack an action: somebody who has it can provide the output of this command.
    ObtainAuthorizerByAction,
    /// The token is for no resource: name none.
    OmitAudience,
    /// Send no client secret where users sign in.
    OmitUserClientSecret,
    /// The identity pool's credentials are over: clear the cache and try again.
    RenewPoolCredentials,
    /// The token has expired: get a new one.
    RenewToken,
    /// The access token is not taken any more: sign in again.
    RenewUserToken,
    /// AWS does not know the identity pool's credentials: clear the cache and try again.
    ReplacePoolCredentials,
    /// Get a new token, a user's or a machine's.
    ReplaceToken,
    /// Try again later, or send the request id to the service's operator.
    ReportRequestId,
    /// The temporary password has expired: an administrator sets a new one.
    ResetExpiredPassword,
    /// Have another code sent for a forgotten password.
    SendPasswordCode,
    /// Have another code sent to confirm the sign-up.
    SendSignUpCode,
    /// An administrator reset the password: one sets a new one.
    ResetPassword,
    /// The user exists already: its owner can sign in, or reset the password.
    ResetOwnPassword,
    /// The user's state does not allow this: set a new password.
    ResetUserState,
    /// Send the access token.
    SendAccessToken,
    /// The API may accept ID tokens: send that one.
    SendIdToken,
    /// Cognito could not send the message: send none.
    SendNoInvitation,
    /// The model takes no system text: send none.
    SendNoSystemText,
    /// Send the client secret in the header (client_secret_basic).
    SendSecretInHeader,
    /// Give the profile its domain.
    SetDomain,
    /// Set the profile's `key`, or use the option for it.
    SetKey,
    /// Give the profile's `key` a value, or set its `variable`.
    SetKeyOrVariable,
    /// An administrator sets a new password for the user.
    SetNewPassword,
    /// Give the target at this `key` a URL.
    SetTargetUrl,
    /// The session has expired: sign in again.
    SignInAgain,
    /// The token does not count any more: sign in again.
    SignInAgainAfterRevocation,
    /// The code was used or has expired: sign in again.
    SignInAgainForCode,
    /// The app client may not have such a scope any more: sign in again.
    SignInAgainForScopes,
    /// Let the hosted pages ask again who signs in.
    SignInAsUser,
    /// Sign in each time instead of refreshing.
    SignInEachTime,
    /// Sign in with the browser for scopes of one's own.
    SignInForScopes,
    /// The API requires scopes that a sign-in with user name and password does not give.
    SignInForWantedScopes,
    /// Nobody signed in, or the provider refused: sign in again.
    SignInOnceMore,
    /// Sign in to AWS, set the variables of its keys, or name a profile of ~/.aws.
    SignInToAws,
    /// Sign in with the browser.
    SignInWithBrowser,
    /// Sign in without listening for the browser.
    SignInWithoutListening,
    /// Leave the existing user unchanged, or give it a new password.
    SkipOrResetExistingUser,
    /// The sign-in took too long or was answered twice: start again.
    StartSignInAgain,
    /// Store the secret of this `kind`.
    StoreSecret,
    /// Store the secret of this `kind` for this `user`.
    StoreSecretOfUser,
    /// The app client has a secret: store it.
    StoreUserClientSecret,
    /// Ask for access to the model, or choose another model or Region.
    SubscribeOrChooseModel,
    /// Supply the client secret without a keyring.
    SupplyClientSecret,
    /// Supply the MFA code without a keyring.
    SupplyMfaCode,
    /// Supply the password without a keyring.
    SupplyPassword,
    /// Supply the secret of the users' app client without a keyring.
    SupplyUserClientSecret,
    /// The service failed: try again later, and note the request id.
    TryFailedServiceLater,
    /// Try again later, and note the request id.
    TryLaterWithRequestId,
    /// Use a flow that the app client allows.
    UseAllowedFlow,
    /// Use the keys that are cached.
    UseCachedKeys,
    /// Check the ARN, and use AWS credentials of its account.
    UseCredentialsOfArn,
    /// Use AWS credentials of the pool's account.
    UseCredentialsOfPoolAccount,
    /// Keep secrets in an encrypted file.
    UseEncryptedFile,
    /// Use the identity that exists.
    UseExistingIdentity,
    /// Use the identity that the file was sealed for.
    UseIdentityOfRecipient,
    /// Use the address that the redirect leads to.
    UseMovedAddress,
    /// Use AWS credentials that allow the call.
    UseOtherCredentials,
    /// Use AWS credentials that allow the call: the documentation lists the actions.
    UsePermittedCredentials,
    /// Use a user without this challenge.
    UseUserWithoutChallenge,
    /// Verify without asking Cognito, or verify the access token.
    VerifyLocallyOrAccessToken,
    /// Add user pool and app client to the identity pool's providers.
    AddToProviders,
    /// Give the identity pool a role for signed-in users.
    AddPoolRole,
    /// Ask somebody with permission to subscribe the account to the model.
    SubscribeToModel,
    /// Permit the action to the identity pool's role.
    PermitPoolRole,
    /// Let the account use the model.
    PermitModel,
}
