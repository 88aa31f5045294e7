//! How a role of a PostgreSQL source shows who it is, and what is known of it: the part of an environment that guards a login.
//!
//! Never in here: a secret. What is said of one is where it is found.

use super::environment_file::Reader;
use super::plan::SecretRef;
use super::secret_file::secret;
use super::tree::Node;
use core::net::IpAddr;

/// How a login is guarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginSpec {
    /// How the role shows who it is.
    pub auth: Auth,
    /// The certificate that we show, where the server asks for one.
    pub client: Option<ClientSpec>,
    /// Whether the server is verified.
    pub trust: Trust,
    /// Longest silence, in seconds, of a server that has rows to send.
    pub stall_seconds_max: u64,
    /// Powers beyond reading that the role has, and that somebody answers for.
    pub powers_known: Vec<KnownPower>,
}

/// How a role shows who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// By its password, its certificate, or nothing.
    Password,
    /// By a token of AWS IAM, made for each connection.
    Iam {
        /// The database's region.
        region: String,
    },
}

/// A certificate of our own and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSpec {
    /// PEM file with the certificate, and those between it and its authority.
    pub certificate: String,
    /// Its private key in PEM, by reference.
    pub key: SecretRef,
}

/// Whether a server is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// TLS; the certificate's authority and the host's name are checked.
    Verified,
    /// TLS if the server has it, unchecked: for this machine alone.
    Unchecked,
}

/// A power that a role may have all the same, once the environment names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownPower {
    /// Temporary tables, which PostgreSQL gives to everybody.
    Temporary,
    /// Reading past row policies: whole tables cannot be read otherwise where there are any.
    Bypassrls,
}

impl KnownPower {
    /// All of them.
    pub const ALL: [KnownPower; 2] = [KnownPower::Temporary, KnownPower::Bypassrls];

    /// The word in the environment.
    pub fn as_str(self) -> &'static str {
        match self {
            KnownPower::Temporary => "temporary",
            KnownPower::Bypassrls => "bypassrls",
        }
    }
}

/// Longest silence where none is said: TCP's own patience with a line that is cut is a quarter of an hour.
const STALL_SECONDS_MAX: u64 = 60;

impl Default for LoginSpec {
    fn default() -> Self {
        LoginSpec {
            auth: Auth::Password,
            client: None,
            trust: Trust::Verified,
            stall_seconds_max: STALL_SECONDS_MAX,
            powers_known: Vec::new(),
        }
    }
}

/// Whether a host is this machine, by its name alone.
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl Reader<'_> {
    /// What a `postgres` table says of its login.
    pub(super) fn login(&mut self, postgres: &Node, host: &str) -> Option<LoginSpec> {
        let before = self.problems.len();
        let auth = self.auth(postgres);
        let client = self.client(postgres);
        let trust = self.trust(postgres, host);
        let known = postgres.get("powers_known").map(Node::items).unwrap_or_default();
        let known = |power: &KnownPower| known.iter().any(|word| word.text() == Some(power.as_str()));
        let seconds = postgres.get("stall_seconds_max").and_then(Node::whole).and_then(|n| u64::try_from(n).ok());
        (self.problems.len() == before).then_some(LoginSpec {
            auth: auth?,
            client,
            trust,
            stall_seconds_max: seconds.unwrap_or(STALL_SECONDS_MAX),
            powers_known: KnownPower::ALL.into_iter().filter(known).collect(),
        })
    }

    fn auth(&mut self, postgres: &Node) -> Option<Auth> {
        let iam = postgres.get("auth").filter(|auth| auth.text() == Some("iam"));
        let region = postgres.get("region");
        match (iam, region) {
            (None, None) => Some(Auth::Password),
            (None, Some(region)) => {
                let hint = "only a login by IAM (`auth`) needs one";
                self.told("E-ENV-AUTH", region, "`region` says nothing about a login by password", hint);
                None
            }
            (Some(iam), None) => {
                let hint = "region = \"eu-west-2\": a token is signed for the database's own region";
                self.told("E-ENV-AUTH", iam, "a login by IAM needs a `region`", hint);
                None
            }
            (Some(_), Some(_)) => {
                if let Some(password) = postgres.get("password") {
                    let hint = "a token is made for each connection; leave `password` out";
                    self.told("E-ENV-AUTH", password, "a login by IAM takes no `password`", hint);
                }
                Some(Auth::Iam { region: self.given(postgres, "region")? })
            }
        }
    }

    /// The certificate that is shown, with its key.
    pub(super) fn client(&mut self, postgres: &Node) -> Option<ClientSpec> {
        let hint = "a certificate is shown with its private key: client_cert and client_key go together";
        match (postgres.get("client_cert"), postgres.get("client_key")) {
            (None, None) => None,
            (Some(alone), None) => {
                self.told("E-ENV-AUTH", alone, "`client_cert` has no `client_key`", hint);
                None
            }
            (None, Some(alone)) => {
                self.told("E-ENV-AUTH", alone, "`client_key` has no `client_cert`", hint);
                None
            }
            (Some(_), Some(key)) => {
                if matches!(secret(key), Some(SecretRef::TestKey)) {
                    self.told("E-ENV-AUTH", key, "`client_key` is no private key", "{ file = \"PATH\" }");
                }
                Some(ClientSpec { certificate: self.given(postgres, "client_cert")?, key: secret(key)? })
            }
        }
    }

    fn trust(&mut self, postgres: &Node, host: &str) -> Trust {
        let Some(insecure) = postgres.get("insecure").filter(|insecure| insecure.truth() == Some(true)) else {
            return Trust::Verified;
        };
        if !is_loopback(host) {
            let hint = "only localhost, 127.0.0.1 and ::1 may be spoken to unchecked; elsewhere give its `ca`";
            self.told("E-ENV-INSECURE", insecure, "`insecure` is for a database on this machine alone", hint);
        }
        for key in ["ca", "client_cert"] {
            if let Some(node) = postgres.get(key) {
                let message = format!("`{key}` is looked at by nobody where `insecure` is true");
                self.told("E-ENV-INSECURE", node, &message, "leave one of the two out");
            }
        }
        if let Some(auth) = postgres.get("auth").filter(|auth| auth.text() == Some("iam")) {
            self.told("E-ENV-INSECURE", auth, "a login by IAM needs TLS that is checked", "leave `insecure` out");
        }
        Trust::Unchecked
    }

    /// A fault of a login.
    pub(super) fn told(&mut self, id: &'static str, node: &Node, message: &str, hint: &str) {
        self.problems.add(id, self.text.place(node.span.start), message, Some(hint.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_this_machine_by_name_and_nothing_that_only_looks_like_it() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.1", "::1", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in
            ["localhost.example.org", "127.0.0.1.example.org", "db", "10.0.0.1", "::ffff:10.0.0.1", "0.0.0.0", ""]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
