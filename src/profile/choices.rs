//! The words of a profile that are one of a few: each an enum with its spelling.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, printable};

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// Every value, in the order in which they are listed to a user.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The word for it in the configuration and on the command line.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                match text {
                    $($text => Ok($name::$variant),)+
                    _ => Err(Error::usage(format!(
                        concat!("`{}` is not a ", $what, ": use one of {}"),
                        printable(text, 40),
                        [$($text),+].join(", ")
                    ))),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

choice!(
    /// How a user signs in (`AuthFlow` of InitiateAuth).
    AuthFlow, "sign-in flow" {
        /// USER_SRP_AUTH: the password never crosses the wire.
        Srp = "srp",
        /// USER_PASSWORD_AUTH: the password is sent to Cognito.
        Password = "password",
    }
);

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
    /// Which of a user's tokens is meant.
    TokenUse, "token" {
        /// The access token.
        Access = "access",
        /// The ID token.
        Id = "id",
    }
);

choice!(
    /// The kinds of secret that the secret store keeps.
    SecretKind, "kind of secret" {
        /// The secret of the machine-to-machine app client.
        M2mClient = "m2m-client",
        /// The secret of the users' app client.
        UserClient = "user-client",
        /// A user's password.
        Password = "password",
    }
);

choice!(
    /// Where secrets are kept.
    StoreKind, "secret store" {
        /// In the operating system's keyring.
        Keyring = "keyring",
        /// In one file, sealed with age.
        File = "file",
    }
);
