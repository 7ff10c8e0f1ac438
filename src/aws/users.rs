//! Existing users: ListUsers, AdminDeleteUser, and the password policy from DescribeUserPool.

use aws_sdk_cognitoidentityprovider::types::UserType;
use serde_json::Value;

use super::admin::{Admin, User};
use super::answer::{Body, lacks};
use super::service_error::from_sdk;
use crate::error::{Advice, AdviceKind, Error, Kind, Result};

/// The most users that ListUsers gives at once.
const PAGE: i32 = 60;

/// A pool's password policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// MinimumLength, in characters.
    pub minimum_length: usize,
    /// RequireUppercase, RequireLowercase, RequireNumbers and RequireSymbols, as the names of the required characters.
    pub classes: Vec<&'static str>,
}

impl std::fmt::Display for PasswordPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "at least {} characters", self.minimum_length)?;
        match self.classes.split_last() {
            None => Ok(()),
            Some((one, [])) => write!(f, " with {one}"),
            Some((last, others)) => write!(f, " with {} and {last}", others.join(", ")),
        }
    }
}

impl Admin {
    /// The users of a page. `body` is the raw answer, which says whether a user is enabled.
    pub(crate) fn users_of(operation: &str, users: Option<Vec<UserType>>, body: &Value) -> Result<Vec<User>> {
        let users = users.ok_or_else(|| lacks(operation, "Users"))?.into_iter().enumerate();
        let user_of = |(at, user)| {
            let enabled = body["Users"][at]["Enabled"].as_bool();
            Admin::user_of(user, enabled).ok_or_else(|| lacks(operation, "Username"))
        };
        users.map(user_of).collect()
    }

    /// ListUsers, page by page until the last or until `limit` users, each given to `take`; says whether there are more. `filter`
    /// is in ListUsers' own words, such as `email ^= "test-"`.
    ///
    /// # Errors
    /// As the table in [`super::service_error`] says for ListUsers; [`Kind::Network`](crate::error::Kind::Network) when the pages
    /// never end; and what `take` fails with.
    pub async fn list(
        &self,
        filter: Option<&str>,
        limit: usize,
        mut take: impl FnMut(User) -> Result<bool>,
    ) -> Result<bool> {
        let operation = "ListUsers";
        let (mut left, mut next) = (limit, None::<String>);
        loop {
            let page = i32::try_from(left).unwrap_or(PAGE).min(PAGE);
            let request = self.client.list_users().user_pool_id(self.pool.as_str()).limit(page);
            let request = request.set_filter(filter.map(str::to_owned)).set_pagination_token(next.clone());
            let body = Body::default();
            let answer = request.customize().interceptor(body.clone()).send().await;
            let answer = answer.map_err(|error| as_asked(filter, from_sdk(operation, error, self.wire.redactor())))?;
            let users = Admin::users_of(operation, answer.users, &body.json())?;
            let is_cut = users.len() > left || (users.len() == left && answer.pagination_token.is_some());
            for user in users.into_iter().take(left) {
                left -= 1;
                if !take(user)? {
                    return Ok(is_cut);
                }
            }
            match answer.pagination_token {
                Some(token) if left > 0 && next.as_ref() == Some(&token) => {
                    return Err(Error::network("ListUsers: the service repeats the same page"));
                }
                Some(token) if left > 0 => next = Some(token),
                _ => return Ok(is_cut),
            }
        }
    }

    /// AdminDeleteUser; returns whether there was such a user.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for AdminDeleteUser.
    pub async fn delete(&self, username: &str) -> Result<bool> {
        let request = self.client.admin_delete_user().user_pool_id(self.pool.as_str()).username(username);
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) if super::service_error::code(&error) == "UserNotFoundException" => Ok(false),
            Err(error) => Err(from_sdk("AdminDeleteUser", error, self.wire.redactor())),
        }
    }

    /// The pool's password policy, by DescribeUserPool.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for DescribeUserPool.
    pub async fn password_policy(&self) -> Result<PasswordPolicy> {
        let request = self.client.describe_user_pool().user_pool_id(self.pool.as_str());
        let operation = "DescribeUserPool";
        let answer = request.send().await.map_err(|error| from_sdk(operation, error, self.wire.redactor()))?;
        let policies = answer.user_pool().and_then(|pool| pool.policies());
        let policy = policies
            .and_then(|policies| policies.password_policy())
            .ok_or_else(|| lacks(operation, "PasswordPolicy"))?;
        let minimum = policy.minimum_length().and_then(|length| usize::try_from(length).ok());
        let classes = [
            (policy.require_uppercase(), "an upper-case letter"),
            (policy.require_lowercase(), "a lower-case letter"),
            (policy.require_numbers(), "a digit"),
            (policy.require_symbols(), "a symbol"),
        ];
        Ok(PasswordPolicy {
            minimum_length: minimum.ok_or_else(|| lacks(operation, "MinimumLength"))?,
            classes: classes.into_iter().filter_map(|(is_required, class)| is_required.then_some(class)).collect(),
        })
    }
}

/// The error of ListUsers as it is for this filter: without one, it is not the filter that AWS refuses.
fn as_asked(filter: Option<&str>, error: Error) -> Error {
    if filter.is_some() || !error.advises(AdviceKind::CheckFilter) {
        return error;
    }
    let about_profile = |advice: Advice| match advice.kind() {
        Some(AdviceKind::CheckFilter) => AdviceKind::CheckProfile.into(),
        _ => advice,
    };
    error.with_kind(Kind::Failure).map_advice(|advice| Some(about_profile(advice)))
}

#[cfg(test)]
mod tests {
    use super::PasswordPolicy;

    #[test]
    fn a_policy_is_a_list_that_a_person_would_say() {
        let all = ["an upper-case letter", "a digit", "a symbol"];
        let said = |count: usize| PasswordPolicy { minimum_length: 8, classes: all[..count].to_vec() }.to_string();
        assert_eq!(said(0), "at least 8 characters");
        assert_eq!(said(1), "at least 8 characters with an upper-case letter");
        assert_eq!(said(2), "at least 8 characters with an upper-case letter and a digit");
        assert_eq!(said(3), "at least 8 characters with an upper-case letter, a digit and a symbol");
    }
}
