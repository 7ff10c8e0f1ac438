//! The signed part of the Cognito API about groups: ListGroups, CreateGroup, DeleteGroup, ListUsersInGroup,
//! AdminListGroupsForUser, AdminRemoveUserFromGroup.

use aws_sdk_cognitoidentityprovider::types::GroupType;

use super::admin::{Admin, User};
use super::answer::{Body, lacks};
use super::service_error::from_sdk;
use crate::error::{Error, Result};

/// The most groups or users on one page.
const PAGE: i32 = 60;

/// A group of a pool.
#[derive(Debug, Clone)]
pub struct Group {
    /// GroupName.
    pub name: String,
    /// Description; `None` if it is empty.
    pub description: Option<String>,
    /// Precedence: where a user is in several groups, that with the lowest comes first.
    pub precedence: Option<i32>,
    /// RoleArn: the role that an identity pool may give members.
    pub role_arn: Option<String>,
    /// CreationDate, in seconds since the Unix epoch.
    pub created_at: Option<i64>,
}

/// A group to create.
#[derive(Debug, Default)]
pub struct NewGroup<'a> {
    /// GroupName.
    pub name: &'a str,
    /// Description.
    pub description: Option<&'a str>,
    /// Precedence.
    pub precedence: Option<i32>,
    /// RoleArn.
    pub role_arn: Option<&'a str>,
}

impl Admin {
    /// ListGroups, page by page until the last.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for ListGroups; [`Kind::Network`](crate::error::Kind::Network) when the pages never end.
    pub async fn groups(&self) -> Result<Vec<Group>> {
        let operation = "ListGroups";
        let (mut groups, mut next) = (Vec::new(), None::<String>);
        loop {
            let request = self.client.list_groups().user_pool_id(self.pool.as_str()).limit(PAGE);
            let answer = request.set_next_token(next.clone()).send().await;
            let answer = answer.map_err(|error| from_sdk(operation, error, self.wire.redactor()))?;
            for group in answer.groups.ok_or_else(|| lacks(operation, "Groups"))? {
                groups.push(group_of(group).ok_or_else(|| lacks(operation, "GroupName"))?);
            }
            if !turn(operation, &mut next, answer.next_token)? {
                return Ok(groups);
            }
        }
    }

    /// CreateGroup.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for CreateGroup.
    pub async fn create_group(&self, new: &NewGroup<'_>) -> Result<Group> {
        let operation = "CreateGroup";
        let request = self.client.create_group().user_pool_id(self.pool.as_str()).group_name(new.name);
        let request = request.set_description(new.description.map(str::to_owned)).set_precedence(new.precedence);
        let answer = request.set_role_arn(new.role_arn.map(str::to_owned)).send().await;
        let answer = answer.map_err(|error| from_sdk(operation, error, self.wire.redactor()))?;
        answer.group.and_then(group_of).ok_or_else(|| lacks(operation, "Group"))
    }

    /// DeleteGroup. Its users stay.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for DeleteGroup.
    pub async fn delete_group(&self, group: &str) -> Result<()> {
        let request = self.client.delete_group().user_pool_id(self.pool.as_str()).group_name(group);
        request.send().await.map(drop).map_err(|error| from_sdk("DeleteGroup", error, self.wire.redactor()))
    }

    /// ListUsersInGroup, page by page until the last or until `limit` users, each given to `take`; says whether there are more.
    ///
    /// # Errors
    /// As the table in [`super::service_error`] says for ListUsersInGroup; [`Kind::Network`](crate::error::Kind::Network) when
    /// the pages never end; and what `take` fails with.
    pub async fn members(&self, group: &str, limit: usize, mut take: impl FnMut(User) -> Result<bool>) -> Result<bool> {
        let operation = "ListUsersInGroup";
        let (mut left, mut next) = (limit, None::<String>);
        loop {
            let page = i32::try_from(left).unwrap_or(PAGE).min(PAGE);
            let request = self.client.list_users_in_group().user_pool_id(self.pool.as_str()).group_name(group);
            let body = Body::default();
            let request = request.limit(page).set_next_token(next.clone());
            let answer = request.customize().interceptor(body.clone()).send().await;
            let answer = answer.map_err(|error| from_sdk(operation, error, self.wire.redactor()))?;
            let users = Admin::users_of(operation, answer.users, &body.json())?;
            let is_cut = users.len() > left || (users.len() == left && answer.next_token.is_some());
            for user in users.into_iter().take(left) {
                left -= 1;
                if !take(user)? {
                    return Ok(is_cut);
                }
            }
            if left == 0 || !turn(operation, &mut next, answer.next_token)? {
                return Ok(is_cut);
            }
        }
    }

    /// AdminListGroupsForUser, page by page: the names of the user's groups; `None` if an answer omits them.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for AdminListGroupsForUser; [`Kind::Network`](crate::error::Kind::Network) when the pages
    /// never end.
    pub async fn groups_of(&self, username: &str) -> Result<Option<Vec<String>>> {
        let operation = "AdminListGroupsForUser";
        let (mut groups, mut next) = (Vec::new(), None::<String>);
        loop {
            let request = self.client.admin_list_groups_for_user().user_pool_id(self.pool.as_str());
            let answer = request.username(username).limit(PAGE).set_next_token(next.clone()).send().await;
            let answer = answer.map_err(|error| from_sdk(operation, error, self.wire.redactor()))?;
            let Some(page) = answer.groups else { return Ok(None) };
            groups.extend(page.into_iter().filter_map(|group| group.group_name));
            if !turn(operation, &mut next, answer.next_token)? {
                return Ok(Some(groups));
            }
        }
    }

    /// AdminRemoveUserFromGroup.
    ///
    /// # Errors
    /// See the table in [`super::service_error`] for AdminRemoveUserFromGroup.
    pub async fn remove_from_group(&self, username: &str, group: &str) -> Result<()> {
        let request = self.client.admin_remove_user_from_group().user_pool_id(self.pool.as_str());
        let answer = request.username(username).group_name(group).send().await;
        answer.map(drop).map_err(|error| from_sdk("AdminRemoveUserFromGroup", error, self.wire.redactor()))
    }
}

fn group_of(group: GroupType) -> Option<Group> {
    let said = |text: Option<String>| text.filter(|text| !text.is_empty());
    Some(Group {
        name: said(group.group_name)?,
        description: said(group.description),
        precedence: group.precedence,
        role_arn: said(group.role_arn),
        created_at: group.creation_date.map(|date| date.secs()),
    })
}

/// Moves to the page that `token` names; returns whether there is one.
fn turn(operation: &str, next: &mut Option<String>, token: Option<String>) -> Result<bool> {
    if token.is_some() && *next == token {
        return Err(Error::network(format!("{operation}: the service repeats the same page")));
    }
    *next = token;
    Ok(next.is_some())
}
