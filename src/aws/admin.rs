//! Users of a pool: AdminCreateUser, AdminSetUserPassword, AdminAddUserToGroup, AdminGetUser, and the sign-in flows that
//! DescribeUserPoolClient lists.

use std::collections::BTreeMap;
use std::time::Instant;

use aws_credential_types::Credentials;
use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::config::{Builder, Config};
use aws_sdk_cognitoidentityprovider::types::{AttributeType, DeliveryMediumType, MessageActionType, UserType};
use aws_smithy_types::retry::RetryConfig;

use super::answer::{Body, lacks};
use super::connector::{LimitIsLimit, MayPass};
use super::service_error::{code, from_sdk};
use crate::error::{Error, Kind, Result};
use crate::http::client::HttpClient;
use crate::http::retry::RetryPolicy;
use crate::http::status::is_throttled;
use crate::http::transport_error::{TransportError, fault_in};
use crate::secret::Secret;
use crate::settings::aws_services::Service;
use crate::settings::profile::{Profile, aws_origin};
use crate::settings::types::{AuthFlow, ClientId, PoolId, Username};

/// A user as the pool knows it.
#[derive(Debug, Clone)]
pub struct User {
    /// The pool's own name for the user; in pools whose user names are e-mails, the same as `sub`.
    pub username: String,
    /// The `sub` attribute.
    pub sub: Option<String>,
    /// The `email` attribute.
    pub email: Option<String>,
    /// UserStatus, such as `CONFIRMED`; `None` if the answer omits it.
    pub status: Option<String>,
    /// Enabled: whether the user may sign in; `None` if the answer omits it.
    pub is_enabled: Option<bool>,
    /// UserCreateDate, in seconds since the Unix epoch; `None` if the answer omits it.
    pub created_at: Option<i64>,
    /// All attributes by name.
    pub attributes: BTreeMap<String, String>,
    /// UserMFASettingList: the second factors that are set up, such as `SOFTWARE_TOKEN_MFA`; `None` if the answer omits it.
    pub mfa: Option<Vec<String>>,
    /// PreferredMfaSetting.
    pub preferred_mfa: Option<String>,
}

impl User {
    /// Whether an administrator created this user and the user has not signed in since.
    pub fn is_untouched(&self) -> bool {
        self.status.as_deref() == Some("FORCE_CHANGE_PASSWORD")
    }
}

/// The most seconds by which two clocks of one service may differ.
pub const SLACK: i64 = 1;

/// A user to create.
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
    pub(crate) client: Client,
    pub(crate) pool: PoolId,
    pub(crate) wire: HttpClient,
    /// Options of the aws command that ask where this does.
    aws_options: String,
    /// The host that is asked, with its port where one is given.
    host: String,
    /// Whether the caller waits where Cognito is throttling.
    is_paced: bool,
}

/// A user that AdminCreateUser created.
#[derive(Debug)]
pub struct Created {
    /// The user as the pool knows it.
    pub user: User,
    /// Whether Cognito answered. If not, the user was found by a look-up: the password that was sent is theirs unless somebody else created
    /// a user of that name at the same moment.
    pub is_answered: bool,
}

/// Why AdminCreateUser gave no user.
#[derive(Debug)]
pub enum CreateUserError {
    /// Cognito refused: no user was created.
    Refused(Error),
    /// The request may have been carried out although no answer came.
    Unknown(Error),
}

impl Admin {
    /// The API at the profile's endpoint, signed with the profile's AWS credentials.
    ///
    /// # Errors
    /// [`Kind::Config`] when no pool is known.
    pub async fn new(wire: &HttpClient, profile: &Profile) -> Result<Self> {
        Admin::signed(wire, profile, None).await
    }

    /// As [`Admin::new`], with AWS credentials that were found before.
    pub(crate) async fn signed_with(wire: &HttpClient, profile: &Profile, credentials: Credentials) -> Result<Self> {
        Admin::signed(wire, profile, Some(credentials)).await
    }

    async fn signed(wire: &HttpClient, profile: &Profile, credentials: Option<Credentials>) -> Result<Self> {
        let pool = profile.user_pool_id()?.clone();
        let region = super::region(profile).await?;
        let shared = super::signed_config(wire, profile, &region).await?;
        // Set explicitly, so that an unchecked `endpoint_url` in ~/.aws/config has no effect.
        let endpoint = profile
            .endpoint(Service::CognitoIdp)
            .map_or_else(|| aws_origin("cognito-idp", &region), ToString::to_string);
        let host = endpoint.parse::<http::Uri>().ok().and_then(|uri| Some(uri.authority()?.as_str().to_owned()));
        let config = Builder::from(&shared).retry_classifier(MayPass::of(wire)).retry_classifier(LimitIsLimit);
        let mut config = config.endpoint_url(endpoint);
        if let Some(credentials) = credentials {
            config = config.credentials_provider(credentials);
        }
        let aws_options = profile.aws_options();
        let client = Client::from_conf(config.build());
        Ok(Admin { client, pool, wire: wire.clone(), aws_options, host: host.unwrap_or_default(), is_paced: false })
    }

    /// The same API for a caller who paces many calls: throttling and other transient errors are returned at once.
    #[must_use]
    pub fn paced(self) -> Self {
        let config = self.client.config().to_builder().retry_config(RetryConfig::disabled());
        Admin { client: Client::from_conf(config.build()), is_paced: true, ..self }
    }

    /// Stops redacting a user's password from Cognito's answers, once no request that carried it is in flight.
    pub fn reveal(&self, username: &str, password: &Secret) {
        self.wire.redactor().reveal(username, password);
    }

    /// Moves the deadline of the calls that follow.
    pub fn set_deadline(&self, deadline: Instant) {
        self.wire.set_deadline(deadline);
    }

    /// AdminCreateUser. Waits when throttled. After an unknown outcome (no answer, a 5xx) it looks for the user before it sends the request
    /// once more. A user created after `began`, the moment of the first request by the server's clock, counts as created by this call; it
    /// can't rule out that somebody else created it in that time.
    ///
    /// # Errors
    /// [`CreateUserError`]; see the table in [`super::service_error`] for AdminCreateUser, and [`already_exists`].
    pub async fn create(&self, new: &NewUser<'_>, began: Instant) -> Result<Created, CreateUserError> {
        let mut policy = RetryPolicy::of(&self.wire);
        let mut may_be_made = false;
        loop {
            let error = match self.create_once(new).await {
                Ok(user) => return Ok(Created { user, is_answered: true }),
                Err(error) => error,
            };
            // A throttled request was not carried out. For any other request without an answer, the outcome is unknown.
            let is_throttled = is_throttled(&error);
            let is_refused = error.kind() != Kind::Network;
            let is_unsent = error.is_without_credentials() || fault_in(&error).is_some_and(TransportError::is_unsent);
            may_be_made |= !is_refused && !is_throttled && !is_unsent;
            // The search for credentials had tries of its own.
            let is_lasting =
                error.is_without_credentials() || fault_in(&error).is_some_and(|fault| !fault.is_transient());
            let pause = policy.pause(None).filter(|_| !(is_refused || is_lasting || is_throttled && self.is_paced));
            if !may_be_made && pause.is_none() {
                return Err(CreateUserError::Refused(error));
            }
            if may_be_made {
                let began = |admin: &Admin| admin.server_time(began).map(|began| began.div_euclid(1000));
                let age =
                    |user: &User| user.created_at.zip(began(self)).map(|(made, began)| made.saturating_sub(began));
                match self.get(new.username.as_str()).await {
                    Ok(Some(user)) if user.is_untouched() && age(&user).is_some_and(|age| age >= -SLACK) => {
                        return Ok(Created { user, is_answered: false });
                    }
                    Ok(Some(user)) if already_exists(&error) && age(&user).is_some_and(|age| age < -SLACK) => {
                        return Err(CreateUserError::Refused(error));
                    }
                    Ok(_) if pause.is_some() => {}
                    _ => return Err(CreateUserError::Unknown(error)),
                }
            }
            tokio::time::sleep(pause.unwrap_or_default()).await;
        }
    }

    /// What the server's clock showed at `moment`, as [`HttpClient::server_time`] says.
    pub fn server_time(&self, moment: Instant) -> Option<i64> {
        self.wire.server_time(&self.host, moment)
    }

    /// What this machine's clock shows, in milliseconds since the Unix epoch.
    pub fn local_time(&self) -> i64 {
        i64::try_from(self.wire.now()).unwrap_or(i64::MAX)
    }

    /// When the call ends at the latest.
    pub fn deadline(&self) -> Instant {
        self.wire.deadline()
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
        request = if new.invite {
            request.desired_delivery_mediums(DeliveryMediumType::Email)
        } else {
            request.message_action(MessageActionType::Suppress)
        };
        let once = Config::builder().retry_config(RetryConfig::disabled());
        let operation = "AdminCreateUser";
        let answer = request.customize().config_override(once).send().await;
        let answer = answer.map_err(|error| from_sdk(operation, error, self.wire.redactor()))?;
        let user = answer.user.ok_or_else(|| lacks(operation, "User"))?;
        // Whether the new user is enabled does not matter here.
        Self::user_of(user, None).ok_or_else(|| lacks(operation, "Username"))
    }

    /// A user from an answer; `None` without a name. `enabled` comes from the raw answer.
    pub(crate) fn user_of(user: UserType, enabled: Option<bool>) -> Option<User> {
        Some(User {
            is_enabled: enabled,
            attributes: Self::attributes_of(user.attributes()),
            created_at: user.user_create_date.map(|date| date.secs()),
            sub: value_of(user.attributes(), "sub"),
            email: value_of(user.attributes(), "email"),
            status: user.user_status.map(|status| status.as_str().to_owned()),
            username: user.username.filter(|name| !name.is_empty())?,
            mfa: None,
            preferred_mfa: None,
        })
    }

    /// DescribeUserPoolClient: the sign-in flows that the app client allows.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for DescribeUserPoolClient.
    pub async fn allowed_flows(&self, client_id: &ClientId) -> Result<Vec<AuthFlow>> {
        self.app_client(client_id).await.map(|client| client.flows)
    }

    /// AdminSetUserPassword.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for AdminSetUserPassword.
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
    /// See the table in [`super::service_error`] for AdminAddUserToGroup.
    pub async fn add_to_group(&self, username: &str, group: &str) -> Result<()> {
        let request = self.client.admin_add_user_to_group().user_pool_id(self.pool.as_str());
        let answer = request.username(username).group_name(group).send().await;
        answer.map(drop).map_err(|error| {
            let error = from_sdk("AdminAddUserToGroup", error, self.wire.redactor());
            error.fill("aws", self.aws_options.clone()).fill_word("pool", self.pool.as_str()).fill_word("group", group)
        })
    }

    pub(crate) fn attributes_of(attributes: &[AttributeType]) -> BTreeMap<String, String> {
        let pairs = attributes
            .iter()
            .filter_map(|attribute| Some((attribute.name().to_owned(), attribute.value()?.to_owned())));
        pairs.collect()
    }

    /// AdminGetUser; nothing where there is no such user.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for AdminGetUser.
    pub async fn get(&self, username: &str) -> Result<Option<User>> {
        let operation = "AdminGetUser";
        let request = self.client.admin_get_user().user_pool_id(self.pool.as_str()).username(username);
        let body = Body::default();
        match request.customize().interceptor(body.clone()).send().await {
            Ok(user) => {
                let (mfa, preferred_mfa) = (user.user_mfa_setting_list, user.preferred_mfa_setting);
                let user = UserType::builder()
                    .username(user.username)
                    .set_attributes(user.user_attributes)
                    .set_user_create_date(user.user_create_date)
                    .set_user_status(user.user_status)
                    .build();
                let user = Self::user_of(user, body.json()["Enabled"].as_bool());
                let user = user.ok_or_else(|| lacks(operation, "Username"))?;
                Ok(Some(User { mfa, preferred_mfa, ..user }))
            }
            Err(error) if code(&error) == "UserNotFoundException" => Ok(None),
            Err(error) => Err(from_sdk(operation, error, self.wire.redactor())),
        }
    }
}

/// Whether this is AdminCreateUser's error for a user that exists already.
pub fn already_exists(error: &Error) -> bool {
    error.code() == Some("UsernameExistsException")
}

fn attribute(name: &str, value: &str) -> Result<AttributeType> {
    let built = AttributeType::builder().name(name).value(value).build();
    built.map_err(|why| Error::usage(format!("the attribute is malformed: {why}")))
}

pub(crate) fn value_of(attributes: &[AttributeType], name: &str) -> Option<String> {
    attributes.iter().find(|attribute| attribute.name() == name).and_then(|found| found.value().map(str::to_owned))
}
