//! Which environment of a source a name is of: one's pool is nothing for another's client.

use crate::oauth::client_bundle::candidates::Candidate;
use crate::oauth::client_bundle::name_normalization::{group, is_environment};

/// The environments of the names that a chosen value has, and those of the values that it was preferred to.
#[derive(Debug)]
pub(super) struct Environment {
    own: Vec<Vec<String>>,
    rivals: Vec<Vec<String>>,
}

/// How a name relates to an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is of that environment.
    Own,
    /// Its name says nothing of it.
    Shared,
    /// It is of another one.
    Foreign,
}

impl Environment {
    /// The environment of `taken`, and those of the `others`.
    pub(super) fn of(taken: &Candidate, others: &[Candidate]) -> Self {
        let own: Vec<Vec<String>> = taken.names().map(|name| group(name)).collect();
        let rivals = others.iter().flat_map(Candidate::names).map(|name| group(name));
        Environment { rivals: rivals.filter(|rival| !rival.is_empty() && !own.contains(rival)).collect(), own }
    }

    /// Whether there are values of other environments for the same key.
    pub(super) fn has_rivals(&self) -> bool {
        !self.rivals.is_empty()
    }

    pub(super) fn standing(&self, name: &str) -> Standing {
        let name = group(name);
        let in_common = |group: &Vec<String>| group.iter().filter(|word| name.contains(word)).count();
        let most = |groups: &[Vec<String>]| groups.iter().map(in_common).max().unwrap_or_default();
        let (own, rivals) = (most(&self.own), most(&self.rivals));
        let is_another = self.own.iter().all(|own| are_two_environments(own, &name));
        match () {
            () if is_another || (rivals > own && !self.own.contains(&name)) => Standing::Foreign,
            () if own > rivals || (own > 0 && self.own.contains(&name)) => Standing::Own,
            () => Standing::Shared,
        }
    }
}

/// Whether both name an environment, and not the same.
fn are_two_environments(one: &[String], other: &[String]) -> bool {
    let environments = |group: &[String]| group.iter().filter(|word| is_environment(word)).cloned().collect::<Vec<_>>();
    let (one, other) = (environments(one), environments(other));
    !one.is_empty() && !other.is_empty() && one.iter().all(|word| !other.contains(word))
}

/// Whether each of two names has words that the other lacks, as where two environments have names that cogtok does not know.
pub(super) fn are_unlike(one: &str, other: &str) -> bool {
    let (one, other) = (group(one), group(other));
    let lacks = |one: &[String], other: &[String]| one.iter().any(|word| !other.contains(word));
    lacks(&one, &other) && lacks(&other, &one)
}

/// The first two of these names that belong to different environments.
pub(super) fn mixed<'a>(names: &[&'a str]) -> Option<[&'a str; 2]> {
    let of_another = |one: &'a str| {
        let other = names.iter().find(|other| are_two_environments(&group(one), &group(other)))?;
        Some([one, *other])
    };
    names.iter().find_map(|one| of_another(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(names: &[&str]) -> Candidate {
        let mut names = names.iter().map(|name| (*name).to_owned());
        Candidate { values: Vec::new(), origin: names.next().unwrap(), also: names.collect(), rank: 0 }
    }

    #[test]
    fn a_name_is_of_the_environment_that_it_has_most_in_common_with() {
        use Standing::{Foreign, Own, Shared};
        for (taken, others, name, standing) in [
            (&["DEV_POOL_ID"][..], &[][..], "DEV_CLIENT_ID", Own),
            (&["DEV_POOL_ID"], &[], "CLIENT_ID_DEV", Own),
            (&["DEV_POOL_ID"], &[], "dev.client_id", Own),
            (&["DEV_POOL_ID"], &[], "PROD_CLIENT_ID", Foreign),
            (&["DEV_POOL_ID"], &[], "AppProdClientId", Foreign),
            (&["dev1.pool_id"], &[], "dev2.client_id", Foreign),
            (&["DEV_POOL_ID"], &[], "CLIENT_ID", Shared),
            (&["DEV_POOL_ID"], &[], "AGENT_CLIENT_ID", Shared),
            (&["POOL_ID"], &[], "DEV_CLIENT_ID", Shared),
            (&["POOL_ID"], &["DEV_POOL_ID"], "DEV_CLIENT_ID", Foreign),
            (&["RUNTIME_POOL_ID"], &["IDENTITY_POOL_ID"], "IDENTITY_CLIENT_ID", Foreign),
            (&["RUNTIME_POOL_ID"], &["IDENTITY_POOL_ID"], "RUNTIME_CLIENT_ID", Own),
            (&["RUNTIME_POOL_ID"], &["IDENTITY_POOL_ID"], "OTHER_CLIENT_ID", Shared),
            (&["RUNTIME_EXTRA_URL"], &["IDENTITY_EXTRA_URL"], "RUNTIME_CLIENT_ID", Own),
            (&["RUNTIME_EXTRA_URL"], &["IDENTITY_EXTRA_URL"], "IDENTITY_CLIENT_ID", Foreign),
            (&["ClassBlueOne"], &["ClassRedOne"], "ClassClientId", Shared),
            (&["ClassPoolId"], &["ClassRedPoolId"], "ClassClientId", Own),
            (&["ClassPoolId"], &["ClassRedPoolId"], "ClassRedClientId", Foreign),
            (&["DEV_POOL_ID", "PROD_POOL_ID"], &[], "PROD_CLIENT_ID", Own),
            (&["DEV_POOL_ID", "PROD_POOL_ID"], &[], "QA_CLIENT_ID", Foreign),
            (&["the pool id"], &["DEV_POOL_ID"], "app client dev", Shared),
        ] {
            let others: Vec<Candidate> = others.iter().map(|name| value(&[name])).collect();
            assert_eq!(Environment::of(&value(taken), &others).standing(name), standing, "{taken:?} {name}");
        }
        assert!(are_unlike("RUNTIME_CLIENT_ID", "IDENTITY_CLIENT_SECRET") && are_unlike("EuProdPool", "UsProdClient"));
        for (one, other) in [("WorkshopPoolId", "WorkshopAgentClientId"), ("POOL_ID", "AGENT_CLIENT_ID")] {
            assert!(!are_unlike(one, other) && !are_unlike(other, one), "{one} {other}");
        }
        assert_eq!(mixed(&["client_id", "dev.token_url", "prod.scopes"]), Some(["dev.token_url", "prod.scopes"]));
        assert_eq!(mixed(&["client_id", "dev.token_url", "runtime.scopes"]), None);
    }
}
