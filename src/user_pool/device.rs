//! Remembered devices: ConfirmDevice makes this machine one, and DEVICE_SRP_AUTH proves that it is.

use aws_sdk_cognitoidentityprovider::types::DeviceSecretVerifierConfigType;
use serde::{Deserialize, Serialize};

use crate::aws::service_error::from_sdk;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::user_pool::cognito_idp::Idp;
use crate::user_pool::srp;

/// The most characters of a DeviceName here.
const LONGEST_NAME: usize = 60;

/// NewDeviceMetadata of a sign-in: the pool tracks devices, and this one is new to it.
#[derive(Debug, Clone)]
pub struct NewDevice {
    /// DeviceKey.
    pub key: String,
    /// DeviceGroupKey.
    pub group_key: String,
}

/// A device that the pool knows, and what it proves itself with.
#[derive(Debug, Clone)]
pub struct Device {
    /// DeviceKey.
    pub key: String,
    /// DeviceGroupKey.
    pub group_key: String,
    /// Its generated password.
    pub password: Secret,
}

#[derive(Serialize, Deserialize)]
struct RememberedDevice {
    key: String,
    group_key: String,
    password: String,
}

impl Device {
    /// All of it as one secret, for the secret store.
    ///
    /// # Errors
    /// [`Kind::Failure`](crate::error::Kind::Failure), which JSON of three texts never gives.
    pub fn to_secret(&self) -> Result<Secret> {
        let password = self.password.expose().to_owned();
        let kept = RememberedDevice { key: self.key.clone(), group_key: self.group_key.clone(), password };
        let text = serde_json::to_string(&kept);
        text.map(Secret::new).map_err(|why| Error::new(crate::error::Kind::Failure, why.to_string()))
    }

    /// Restores a device from [`Device::to_secret`]; `None` for anything else.
    pub fn from_secret(secret: &Secret) -> Option<Self> {
        let kept: RememberedDevice = serde_json::from_str(secret.expose()).ok()?;
        Some(Device { key: kept.key, group_key: kept.group_key, password: Secret::new(kept.password) })
    }
}

impl Idp {
    /// ConfirmDevice: sets a generated password for a new device, so that the pool remembers it. Without it, such a pool's refresh token
    /// does not work.
    ///
    /// # Errors
    /// See the table in [`crate::aws::service_error`] for ConfirmDevice.
    pub async fn confirm_device(&self, access_token: &Secret, new: &NewDevice, name: &str) -> Result<Device> {
        let password = srp::device_password()?;
        let verifier = srp::device_verifier(&new.group_key, &new.key, &password)?;
        self.wire.redactor().hide("", &password);
        let config = DeviceSecretVerifierConfigType::builder()
            .password_verifier(verifier.password_verifier)
            .salt(verifier.salt)
            .build();
        let request = self
            .client
            .confirm_device()
            .access_token(access_token.expose())
            .device_key(&new.key)
            .device_name(name.chars().take(LONGEST_NAME).collect::<String>())
            .device_secret_verifier_config(config);
        request.send().await.map_err(|error| from_sdk("ConfirmDevice", error, self.wire.redactor()))?;
        Ok(Device { key: new.key.clone(), group_key: new.group_key.clone(), password })
    }
}
