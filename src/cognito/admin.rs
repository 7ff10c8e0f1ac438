//! The signed part of the Cognito API that makes users (AdminCreateUser, AdminSetUserPassword, AdminAddUserToGroup,
//! AdminGetUser) and says how they may sign in (DescribeUserPoolClient).

use std::collections::BTreeMap;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::config::{Builder, Config};
use aws_sdk_cognitoidentityprovider::types::{AttributeType, DeliveryMediumType, MessageActionType};
use aws_smithy_types::retry::RetryConfig;

use super::error::{code, from_sdk};
use super::http::Wire;
use super::status::{MayPass, is_throttled};
use crate::error::{Error, Kind, Result};
use crate::profile::services::Service;
use crate::profile::words::{AuthFlow, ClientId, PoolId, Username};
use crate::profile::{Profile, aws_origin};
use crate::secret::Secret;

/// A user as the pool knows it.
#[derive(Debug, Clone)]
pub struct User {
    /// The pool's own name for the user; in pools whose user names are e-mails, the same as `sub`.
    pub username: String,
    /// The `sub` attribute.
    pub sub: Option<String>,
    /// The `email` attribute.
    pub email: Option<String>,
    /// UserStatus, such as `CONFIRMED`.
    pub status: String,
    /// Whether the user may sign in.
    pub is_enabled: bool,
    /// UserCreateDate, in seconds since the Unix epoch.
    pub created_at: i64,
    /// All attributes by name.
    pub attributes: BTreeMap<String, String>,
}

impl User {
    /// Whether this is a user whom AdminCreateUser made no earlier than `since`, in seconds since the Unix epoch by the
    /// server's clock, and who has not signed in.
    pub fn is_new_since(&self, since: i64) -> bool {
        self.status == "FORCE_CHANGE_PASSWORD" && self.created_at >= since
    }
}

/// A user to be made.
#[derive(Debug)]
pub struct NewUser<'a> {
    /// The user name or, in pools that sign in by e-mail, the address.
    pub username: &'a Username,
    /// The password to begin with, temporary until it is set as permanent.
    pub password: &'a Secret,
    /// Attributes by name.
    pub attributes: &'a BTreeMap<String, String>,
    /// Whether Cognito sends its invitation by e-mail.
    pub invite: bool,
}

/// The administrators' API of one pool.
#[derive(Debug)]
pub struct Admin {
    pub(super) client: Client,
    pub(super) pool: PoolId,
    pub(super) wire: Wire,
    /// Options of the aws command that ask where this does.
    aws_options: String,
}

/// Why AdminCreateUser gave no user.
#[derive(Debug)]
pub enum NotCreated {
    /// Cognito refused: no user was made.
    Refused(Error),
    /// A request may have been carried out without an answer.
    Unknown(Error),
}

impl Admin {
    /// The API at the profile's endpoint, signed with the profile's AWS credentials.
    ///
    /// # Errors
    /// [`Kind::Config`] when no pool is known.
    pub async fn new(wire: &Wire, profile: &Profile) -> Result<Self> {
        Admin::signed(wire, profile, None).await
    }

    /// As [`Admin::new`], with AWS credentials that were found before.
    pub(super) async fn signed_with(wire: &Wire, profile: &Profile, credentials: Credentials) -> Result<Self> {
        Admin::signed(wire, profile, Some(credentials)).await
    }

    async fn signed(wire: &Wire, profile: &Profile, credentials: Option<Credentials>) -> Result<Self> {
        let pool = profile.user_pool_id()?.clone();
        let region = super::region(profile).await?;
        let shared = super::signed_config(wire, profile, &region).await?;
        // Always said, so that an `endpoint_url` of ~/.aws/config, which nothing here has checked, counts for nothing.
        let endpoint = profile
            .endpoint(Service::CognitoIdp)
            .map_or_else(|| aws_origin("cognito-idp", &region), ToString::to_string);
        let mut config = Builder::from(&shared).retry_classifier(MayPass).endpoint_url(endpoint);
        if let Some(credentials) = credentials {
            config = config.credentials_provider(credentials);
        }
        let aws_options = profile.aws_options();
        Ok(Admin { client: Client::from_conf(config.build()), pool, wire: wire.clone(), aws_options })
    }

    /// AdminCreateUser. Throttling is waited out; after an unknown outcome (no answer, a 5xx) it looks whether the user is
    /// there before it asks once more. A user who is new since `begun_at`, in seconds since the Unix epoch by this
    /// machine's clock, is the one just made then.
    ///
    /// # Errors
    /// [`NotCreated`], as the table in [`super::error`] says for AdminCreateUser; see [`already_exists`].
    pub async fn create(&self, new: &NewUser<'_>, begun_at: i64) -> Result<User, NotCreated> {
        let mut pause = Duration::from_millis(300);
        let mut may_be_made = false;
        let mut tries = 1;
        loop {
            let error = match self.create_once(new).await {
                Ok(user) => return Ok(user),
                Err(error) => error,
            };
            // A throttled request was not carried out; that of any other answerless one is not known.
            let is_throttled = is_throttled(&error);
            let is_refused = error.kind() != Kind::Network;
            may_be_made |= !is_refused && !is_throttled;
            if !may_be_made && (is_refused || tries == super::MAX_TRIES) {
                return Err(NotCreated::Refused(error));
            }
            if may_be_made {
                match self.get(new.username.as_str()).await {
                    Ok(Some(user)) if self.is_new(&user, begun_at) => return Ok(user),
                    Ok(Some(_)) if already_exists(&error) => return Err(NotCreated::Refused(error)),
                    Ok(_) if !is_refused && tries < super::MAX_TRIES => {}
                    _ => return Err(NotCreated::Unknown(error)),
                }
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            tries += 1;
        }
    }

    /// Whether `user` was made no earlier than `begun_at`, in seconds since the Unix epoch by this machine's clock: the
    /// server's Date header tells how far the two clocks are apart, to the second.
    pub fn is_new(&self, user: &User, begun_at: i64) -> bool {
        user.is_new_since(begun_at.saturating_add(self.wire.clock_offset()).saturating_sub(2))
    }

    async fn create_once(&self, new: &NewUser<'_>) -> Result<User> {
        self.wire.redactor().hide(new.username.as_str(), new.password);
        let mut request = self
            .client
            .admin_create_user()
            .user_pool_id(self.pool.as_str())
            .username(new.username.as_str())
            .temporary_password(new.password.expose());
        for (name, value) in new.attributes {
            request = request.user_attributes(attribute(name, value)?);
        }
        request = match new.invite {
            true => request.desired_delivery_mediums(DeliveryMediumType::Email),
            false => request.message_action(MessageActionType::Suppress),
        };
        let once = Config::builder().retry_config(RetryConfig::disabled());
        let answer = request
            .customize()
            .config_override(once)
            .send()
            .await
            .map_err(|error| from_sdk("AdminCreateUser", error, self.wire.redactor()))?;
        let user = answer.user.ok_or_else(|| Error::network("AdminCreateUser: the answer has no user"))?;
        Ok(User {
            is_enabled: user.enabled,
            attributes: Self::attributes_of(user.attributes()),
            created_at: user.user_create_date.map_or(0, |date| date.secs()),
            username: user.username.clone().unwrap_or_else(|| new.username.as_str().to_owned()),
            sub: value_of(user.attributes(), "sub"),
            email: value_of(user.attributes(), "email"),
            status: user.user_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        })
    }

    /// DescribeUserPoolClient: the sign-in flows that the app client allows.
    ///
    /// # Errors
    /// As the table in [`super::error`] says for DescribeUserPoolClient.
    pub async fn allowed_flows(&self, client_id: &ClientId) -> Result<Vec<AuthFlow>> {
        self.app_client(client_id).await.map(|client| client.flows)
    }

    /// AdminSetUserPassword.
    ///
    /// # Errors
    /// As the table in [`super::error`] says for AdminSetUserPassword.
    pub async fn set_password(&self, username: &str, password: &Secret, permanent: bool) -> Result<()> {
        self.wire.redactor().hide(username, password);
        let request = self
            .client
            .admin_set_user_password()
            .user_pool_id(self.pool.as_str())
            .username(username)
            .password(password.expose())
            .permanent(permanent);
        request.send().await.map(drop).map_err(|error| from_sdk("AdminSetUserPassword", error, self.wire.redactor()))
    }

    /// AdminAddUserToGroup.
    ///
    /// # Errors
    /// As the table in [`super::error`] says for AdminAddUserToGroup.
    pub async fn add_to_group(&self, username: &str, group: &str) -> Result<()> {
        let request = self.client.admin_add_user_to_group().user_pool_id(self.pool.as_str());
        let answer = request.username(username).group_name(group).send().await;
        answer.map(drop).map_err(|error| {
            let error = from_sdk("AdminAddUserToGroup", error, self.wire.redactor());
            error.fill("aws", &self.aws_options).fill_word("pool", self.pool.as_str()).fill_word("group", group)
        })
    }

    pub(super) fn attributes_of(attributes: &[AttributeType]) -> BTreeMap<String, String> {
        let pairs = attributes
            .iter()
            .filter_map(|attribute| Some((attribute.name().to_owned(), attribute.value()?.to_owned())));
        pairs.collect()
    }

    /// AdminGetUser; nothing where there is no such user.
    ///
    /// # Errors
    /// As the table in [`super::error`] says for AdminGetUser.
    pub async fn get(&self, username: &str) -> Result<Option<User>> {
        let request = self.client.admin_get_user().user_pool_id(self.pool.as_str()).username(username);
        match request.send().await {
            Ok(user) => Ok(Some(User {
                is_enabled: user.enabled,
                attributes: Self::attributes_of(user.user_attributes()),
                created_at: user.user_create_date.map_or(0, |date| date.secs()),
                username: user.username.clone(),
                sub: value_of(user.user_attributes(), "sub"),
                email: value_of(user.user_attributes(), "email"),
                status: user.user_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
            })),
            Err(error) if code(&error) == "UserNotFoundException" => Ok(None),
            Err(error) => Err(from_sdk("AdminGetUser", error, self.wire.redactor())),
        }
    }
}

/// Whether this is AdminCreateUser's answer for a user that is there already.
pub fn already_exists(error: &Error) -> bool {
    error.code() == Some("UsernameExistsException")
}

fn attribute(name: &str, value: &str) -> Result<AttributeType> {
    let built = AttributeType::builder().name(name).value(value).build();
    built.map_err(|why| Error::usage(format!("the attribute is malformed: {why}")))
}

pub(super) fn value_of(attributes: &[AttributeType], name: &str) -> Option<String> {
    attributes.iter().find(|attribute| attribute.name() == name).and_then(|found| found.value().map(str::to_owned))
}
