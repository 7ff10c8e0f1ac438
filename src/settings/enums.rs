//! Settings with a fixed set of values: each an enum with its spellings.

/// Defines an enum of words, with spellings, a list and a parser. The program's own words use it too.
#[doc(hidden)]
#[macro_export]
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// Every value, in the order in which they are listed to a user.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// Its spelling in the configuration and on the command line.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::error::Error;

            fn from_str(text: &str) -> std::result::Result<Self, $crate::error::Error> {
                match text {
                    $($text => Ok($name::$variant),)+
                    _ => Err($crate::error::Error::usage(format!(
                        concat!("`{}` is not a ", $what, ": use one of {}"),
                        $crate::error::printable(text, 40),
                        [$($text),+].join(", ")
                    ))),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

choice!(
    /// How a user signs in (`AuthFlow` of InitiateAuth).
    #[non_exhaustive]
    AuthFlow, "sign-in flow" {
        /// USER_SRP_AUTH: the password never crosses the wire.
        Srp = "srp",
        /// USER_PASSWORD_AUTH: the password is sent to Cognito.
        Password = "password",
        /// USER_AUTH: the user chooses among the first factors that the pool has.
        UserAuth = "user-auth",
        /// ADMIN_USER_PASSWORD_AUTH: the password is sent with AWS credentials.
        Admin = "admin",
        /// CUSTOM_AUTH: Lambda triggers of the pool decide what is asked.
        Custom = "custom",
    }
);

impl AuthFlow {
    /// The values in an app client's ExplicitAuthFlows that allow it, the current name first.
    #[doc(hidden)]
    pub const fn allowed_as(self) -> &'static [&'static str] {
        match self {
            AuthFlow::Srp => &["ALLOW_USER_SRP_AUTH"],
            AuthFlow::Password => &["ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH"],
            AuthFlow::UserAuth => &["ALLOW_USER_AUTH"],
            AuthFlow::Admin => &["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"],
            AuthFlow::Custom => &["ALLOW_CUSTOM_AUTH", "CUSTOM_AUTH_FLOW_ONLY"],
        }
    }
}

choice!(
    /// A first factor of USER_AUTH (`PREFERRED_CHALLENGE`).
    #[non_exhaustive]
    FirstFactor, "first factor" {
        /// PASSWORD_SRP: the password never crosses the wire.
        PasswordSrp = "password-srp",
        /// PASSWORD: the password is sent to Cognito.
        Password = "password",
        /// EMAIL_OTP: a code by e-mail.
        EmailOtp = "email-otp",
        /// SMS_OTP: a code by text message.
        SmsOtp = "sms-otp",
        /// WEB_AUTHN: a passkey, which a terminal does not have.
        WebAuthn = "web-authn",
    }
);

impl FirstFactor {
    /// The name of its challenge.
    #[doc(hidden)]
    pub const fn challenge(self) -> &'static str {
        match self {
            FirstFactor::PasswordSrp => "PASSWORD_SRP",
            FirstFactor::Password => "PASSWORD",
            FirstFactor::EmailOtp => "EMAIL_OTP",
            FirstFactor::SmsOtp => "SMS_OTP",
            FirstFactor::WebAuthn => "WEB_AUTHN",
        }
    }
}

choice!(
    /// How an OAuth client authenticates (the `token_endpoint_auth_method` of RFC 7591 section 2).
    AuthMethod, "client authentication method" {
        /// HTTP Basic (RFC 6749 section 2.3.1).
        Basic = "client_secret_basic",
        /// In the request body.
        Post = "client_secret_post",
    }
);

choice!(
    /// The API for a machine-to-machine token.
    Transport, "transport" {
        /// The token endpoint where one is known, else the Cognito API.
        Auto = "auto",
        /// The token endpoint of the pool's domain (RFC 6749 section 4.4).
        Endpoint = "endpoint",
        /// GetClientToken of the Cognito API, which needs no domain.
        Api = "api",
    }
);

choice!(
    /// Which of a user's tokens is meant.
    TokenUse, "kind of token" {
        /// The access token.
        Access = "access",
        /// The ID token.
        Id = "id",
    }
);

choice!(
    /// What a token that is exchanged is (RFC 8693 section 3).
    #[non_exhaustive]
    TokenType, "token type" {
        /// An OAuth access token.
        AccessToken = "access_token",
        /// An OpenID Connect ID token.
        IdToken = "id_token",
        /// A SAML 2.0 assertion in Base64.
        Saml2 = "saml2",
    }
);

choice!(
    /// The kinds of secret that the secret store keeps.
    #[non_exhaustive]
    SecretKind, "kind of secret" {
        /// The secret of the machine-to-machine app client.
        M2mClient = "m2m-client",
        /// The secret that takes over from that of the machine-to-machine app client, while it is rotated.
        M2mClientNext = "m2m-client-next",
        /// The secret of the users' app client.
        UserClient = "user-client",
        /// A user's password.
        Password = "password",
        /// The key of a user's authenticator app, in Base32.
        Totp = "totp",
        /// A user's refresh token, which a sign-in leaves.
        RefreshToken = "refresh-token",
        /// The credentials of a user's remembered device, from a sign-in.
        Device = "device",
        /// The key that seals the passwords of a run of new users.
        RunKey = "run-key",
    }
);

impl SecretKind {
    /// The kinds that a person stores; the others come and go with a session or a run.
    #[doc(hidden)]
    pub const STORED_BY_HAND: &'static [SecretKind] =
        &[SecretKind::M2mClient, SecretKind::UserClient, SecretKind::Password, SecretKind::Totp];

    /// Whether a secret of this kind is one user's.
    #[doc(hidden)]
    pub const fn is_of_a_user(self) -> bool {
        !matches!(self, SecretKind::M2mClient | SecretKind::M2mClientNext | SecretKind::UserClient | SecretKind::RunKey)
    }
}

choice!(
    /// The secret store.
    StoreKind, "secret store" {
        /// In the operating system's keyring.
        Keyring = "keyring",
        /// In one file, sealed with age.
        File = "file",
    }
);

choice!(
    /// The owners of a call's token.
    TokenOwner, "token owner" {
        /// The profile's user's.
        User = "user",
        /// The profile's machine-to-machine client's.
        M2m = "m2m",
    }
);

choice!(
    /// The kind of a profile's target.
    TargetKind, "kind of target" {
        /// An API that takes a bearer token.
        Http = "http",
        /// An agent in Bedrock AgentCore Runtime.
        Runtime = "runtime",
        /// A gateway of Bedrock AgentCore, or another MCP server over streamable HTTP.
        Gateway = "gateway",
    }
);
