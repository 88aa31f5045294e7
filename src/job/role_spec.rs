//! Schemas of a PostgreSQL database that a role of their own reads, as an environment says it.
//!
//! Never in here: a secret. What is said of one is where it is found.

use super::environment_file::Reader;
use super::login_spec::Auth;
use super::plan::{PostgresSpec, SecretRef};
use super::secret_file::secret;
use super::tree::{Entry, Node};
use std::collections::BTreeMap;
use std::path::Path;

/// Sessions at the server where nothing is said.
const CONNECTIONS: u32 = 2;

/// A role, and where its password is found. All else that its login takes is what the source says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleSpec {
    /// Role.
    pub user: String,
    /// Password, by reference; a file by its absolute path.
    pub password: Option<SecretRef>,
}

impl PostgresSpec {
    /// The roles that read it, each once: its own first.
    pub fn roles(&self) -> Vec<RoleSpec> {
        let mut roles = vec![RoleSpec { user: self.user.clone(), password: self.password.clone() }];
        for role in self.schemas.values() {
            if !roles.contains(role) {
                roles.push(role.clone());
            }
        }
        roles
    }
}

impl Reader<'_> {
    /// What a `postgres` table says of schemas that a role of their own reads.
    pub(super) fn schemas(&mut self, postgres: &Node, auth: &Auth) -> Option<BTreeMap<String, RoleSpec>> {
        let before = self.problems.len();
        let mut schemas = BTreeMap::new();
        for Entry { key, node, .. } in postgres.get("schemas").map(Node::entries).unwrap_or_default() {
            if let Some(password) = node.get("password") {
                self.check_password(password, auth);
            }
            if let Some(user) = self.given(node, "user") {
                schemas.insert(key.clone(), RoleSpec { user, password: node.get("password").and_then(secret) });
            }
        }
        (self.problems.len() == before).then_some(schemas)
    }

    fn check_password(&mut self, password: &Node, auth: &Auth) {
        if matches!(auth, Auth::Iam { .. }) {
            let hint = "a token is made for each connection; leave `password` out";
            self.told("E-ENV-AUTH", password, "a login by IAM takes no `password`", hint);
        }
        let is_found = match secret(password) {
            Some(SecretRef::File(path)) => Path::new(&path).is_absolute(),
            _ => true,
        };
        if !is_found {
            let hint =
                "such as { file = \"/run/secrets/NAME\" }: it is read where the role logs in, which knows no project";
            self.told("E-ENV-AUTH", password, "the file of a schema's `password` has no absolute path", hint);
        }
    }

    /// How many sessions there may be, of so many roles.
    pub(super) fn connections(&mut self, postgres: &Node, roles: usize) -> Option<u32> {
        let roles = u32::try_from(roles).unwrap_or(u32::MAX);
        let Some(node) = postgres.get("connections") else { return Some(CONNECTIONS.max(roles)) };
        let said = node.whole().and_then(|said| u32::try_from(said).ok()).unwrap_or(CONNECTIONS);
        if said < roles {
            let hint = format!("{roles} at least: a session of each holds the snapshot");
            self.told("E-ENV-AUTH", node, "`connections` are fewer than the roles that read", &hint);
            return None;
        }
        Some(said)
    }
}

#[cfg(test)]
mod tests {
    use crate::job::{PostgresSpec, SecretRef, SourceSpec, load_environment};
    use crate::problem::Problems;

    /// The source of an environment with `keys` in its `postgres` table; else what is wrong with it.
    fn read(keys: &str) -> Result<PostgresSpec, String> {
        let text = format!(
            "stamp = \"dev\"\n\n[store.warehouse]\nurl = \"out/warehouse\"\naudience = \"analytics\"\n\n\
             [store.restricted]\nurl = \"out/restricted\"\naudience = \"restricted\"\n\n\
             [store.security]\nurl = \"out/security\"\naudience = \"security\"\n\n\
             [source.town.postgres]\nhost = \"localhost\"\ndatabase = \"town\"\nuser = \"reader\"\n{keys}\n"
        );
        let mut problems = Problems::default();
        let read = |_: &str| Ok(text.clone());
        let environment = load_environment("dev", &read, &|_| None, &mut problems);
        match environment.as_ref().and_then(|environment| environment.sources.values().next()) {
            Some(SourceSpec::Postgres(spec)) => Ok(spec.clone()),
            _ => Err(problems.to_string()),
        }
    }

    #[test]
    fn reads_the_roles_of_schemas_each_once_and_gives_each_a_session() {
        let spec = read(
            "[source.town.postgres.schemas]\ncontracts = { user = \"contracts_reader\", password = { env = \"CONTRACTS\" } }\n\
             \"Old Contracts\" = { user = \"contracts_reader\", password = { env = \"CONTRACTS\" } }\n\
             people = { user = \"people_reader\", password = { file = \"/run/secrets/people\" } }\nhere = { user = \"reader\" }",
        );
        let spec = spec.expect("a source");
        let users: Vec<String> = spec.roles().into_iter().map(|role| role.user).collect();
        assert_eq!(users, ["reader", "contracts_reader", "people_reader"]);
        assert_eq!((spec.connections, spec.schemas.len()), (3, 4));
        assert_eq!(spec.schemas["people"].password, Some(SecretRef::File("/run/secrets/people".into())));
        assert_eq!(read("").expect("a source").connections, 2);
    }

    #[test]
    fn refuses_what_no_login_of_a_schema_can_use() {
        for (keys, said) in [
            ("schemas = { a = { user = \"b\", password = { file = \"secrets/b\" } } }", "has no absolute path"),
            (
                "auth = \"iam\"\nregion = \"eu-west-2\"\nschemas = { a = { user = \"b\", password = { env = \"B\" } } }",
                "a login by IAM takes no `password`",
            ),
            ("connections = 1\nschemas = { a = { user = \"b\" } }", "`connections` are fewer than the roles that read"),
            ("schemas = { a = { user = { env = \"NOBODY\" } } }", "the environment variable `NOBODY` is not set"),
            ("schemas = { a = { password = { env = \"B\" } } }", "`source.town.postgres.schemas.a.user` is missing"),
        ] {
            let told = read(keys).expect_err("a fault");
            assert!(told.contains(said), "{keys}: {told}");
        }
    }
}
