//! Who reads what: the role that the source names, and those of schemas that have their own.
//!
//! ```text
//! the source's own     takes the snapshot; reads queries, and the tables of every schema that `schemas` does not name
//! one of `schemas`     imports the snapshot; reads the tables of its schemas
//! ```
//!
//! A session is of one role as long as it lives. The sessions of all roles together are `connections`, at least one each.
//!
//! Never in here: a session.

use super::login::Login;
use crate::access::secret;
use crate::data::{Name, Rows};
use crate::job::{PostgresSpec, RoleSpec, SecretRef};
use crate::source::SourceError;
use std::collections::BTreeMap;
use std::path::Path;

/// The place of the role that the source names.
pub const OWN: usize = 0;

/// A role that reads.
#[derive(Clone, Debug)]
pub struct Role {
    /// The source as it is reached by this role.
    pub spec: PostgresSpec,
    /// What its login needs.
    pub login: Login,
    /// Its sessions at the server at once, at most.
    pub sessions_max: usize,
}

/// The roles of a source, by their places.
#[derive(Clone, Debug)]
pub struct Roles {
    own: Role,
    others: Vec<Role>,
    /// The place of each schema's role, where that is not the source's own.
    of_schemas: BTreeMap<String, usize>,
}

impl Roles {
    /// Reads the passwords of the roles that `schemas` names; `login` is that of the source's own.
    ///
    /// Errors: [`SourceError::NoSecret`].
    pub async fn of(from: &Name, spec: &PostgresSpec, login: &Login) -> Result<Self, SourceError> {
        let known = spec.roles();
        let sessions_max = |place: usize| share(spec.connections as usize, known.len(), place);
        let mut others = Vec::new();
        for (place, role) in known.iter().enumerate().skip(1) {
            let login = login_of(from, role.password.as_ref(), login).await?;
            let (user, password) = (role.user.clone(), role.password.clone());
            let spec = PostgresSpec { user, password, ..spec.clone() };
            others.push(Role { spec, login, sessions_max: sessions_max(place) });
        }
        let place = |role: &RoleSpec| known.iter().position(|known| known == role);
        let of_schemas = spec.schemas.iter().filter_map(|(schema, role)| Some((schema.clone(), place(role)?)));
        Ok(Roles {
            own: Role { spec: spec.clone(), login: login.clone(), sessions_max: sessions_max(OWN) },
            others,
            of_schemas: of_schemas.collect(),
        })
    }

    /// The role that the source names.
    pub fn own(&self) -> &Role {
        &self.own
    }

    /// Those of schemas; the first has place 1.
    pub fn others(&self) -> &[Role] {
        &self.others
    }

    /// All of them, by their places.
    pub fn all(&self) -> impl Iterator<Item = &Role> {
        std::iter::once(&self.own).chain(&self.others)
    }

    /// The role of that place.
    pub fn at(&self, place: usize) -> &Role {
        place.checked_sub(1).and_then(|place| self.others.get(place)).unwrap_or(&self.own)
    }

    /// The place of the role that reads the tables of a schema.
    pub fn of_schema(&self, schema: &str) -> usize {
        self.of_schemas.get(schema).copied().unwrap_or(OWN)
    }

    /// The place of the role that reads `rows`. A query may read any schema: it is the source's own that runs it.
    pub fn of_rows(&self, rows: &Rows) -> usize {
        match rows {
            Rows::Table { table, .. } => self.of_schema(&table.schema),
            Rows::Query { .. } => OWN,
        }
    }
}

/// How many of `connections` the role of a place may have, of so many roles: they share alike, the first ones what is left over.
fn share(connections: usize, roles: usize, place: usize) -> usize {
    let roles = roles.max(1);
    (connections / roles + usize::from(place < connections % roles)).max(1)
}

/// What the login of a schema's role needs: its password is its own, all else is the source's.
async fn login_of(from: &Name, password: Option<&SecretRef>, own: &Login) -> Result<Login, SourceError> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let found = match password {
        Some(at) => {
            let found = secret::text(at, Path::new(""), &variable).await;
            Some(found.map_err(|fault| SourceError::NoSecret { from: from.clone(), fault })?)
        }
        None => None,
    };
    // A variable of ours is nobody's to change.
    let may_change = |at: &&SecretRef| matches!(at, SecretRef::File(_)) || at.is_managed();
    Ok(Login { password: found, password_at: password.filter(may_change).cloned(), ..own.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_sessions_are_shared_out_and_no_role_goes_without() {
        for (connections, roles, expected) in [
            (2, 1, vec![2]),
            (2, 2, vec![1, 1]),
            (5, 2, vec![3, 2]),
            (8, 3, vec![3, 3, 2]),
            // The files' check refuses this; each role has a session all the same.
            (1, 2, vec![1, 1]),
        ] {
            let shares: Vec<usize> = (0..roles).map(|place| share(connections, roles, place)).collect();
            assert_eq!(shares, expected, "{connections} of {roles}");
        }
    }
}
