//! How we show a cluster who we are: not at all, by a password (SCRAM), or by tokens of AWS IAM, as MSK takes them; and by a
//! certificate of our own, alone or beside.
//!
//! Never in here: a secret. What is said of one is where it is found.

use super::environment_file::Reader;
use super::login_spec::ClientSpec;
use super::plan::SecretRef;
use super::secret_file::secret;
use super::tree::Node;

/// How a cluster learns who we are, beside a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KafkaAuth {
    /// It does not.
    None,
    /// By a password that never goes over the line.
    Scram {
        /// How it is hashed.
        hash: ScramHash,
        /// The user.
        user: String,
        /// Where the password is found.
        password: SecretRef,
    },
    /// By tokens of AWS IAM, signed anew before each is over.
    Iam {
        /// The cluster's region.
        region: String,
        /// For how long a token is good.
        token_seconds: u32,
    },
}

/// A hash of SCRAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScramHash {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl KafkaAuth {
    /// The words of an environment.
    pub const WORDS: &'static [&'static str] = &["scram-sha-256", "scram-sha-512", "iam"];

    /// How it is called in a plan.
    pub fn word(&self) -> &'static str {
        match self {
            KafkaAuth::None => "none",
            KafkaAuth::Scram { hash: ScramHash::Sha256, .. } => "scram-sha-256",
            KafkaAuth::Scram { hash: ScramHash::Sha512, .. } => "scram-sha-512",
            KafkaAuth::Iam { .. } => "iam",
        }
    }
}

/// Seconds of a token: AWS takes no longer one.
const TOKEN_SECONDS_MAX: u32 = 900;

impl Reader<'_> {
    /// What a `kafka` table says of its login. `None`: something is wrong, and told.
    pub(super) fn kafka_auth(&mut self, kafka: &Node) -> Option<KafkaAuth> {
        let word = kafka.get("auth").and_then(Node::text);
        let hash = match word {
            Some("scram-sha-256") => Some(ScramHash::Sha256),
            Some("scram-sha-512") => Some(ScramHash::Sha512),
            _ => None,
        };
        let is_iam = word == Some("iam");
        let before = self.problems.len();
        for (key, is_of, whose) in [
            ("user", hash.is_some(), "a login by SCRAM"),
            ("password", hash.is_some(), "a login by SCRAM"),
            ("region", is_iam, "a login by IAM"),
            ("token_seconds", is_iam, "a login by IAM"),
        ] {
            match (kafka.get(key), is_of) {
                (Some(node), false) => {
                    let message = format!("`{key}` is of {whose} alone");
                    self.told("E-ENV-AUTH", node, &message, "`auth` says how we show who we are; or leave it out");
                }
                (None, true) if key != "token_seconds" => {
                    let node = kafka.get("auth").unwrap_or(kafka);
                    self.told("E-ENV-AUTH", node, &format!("{whose} needs `{key}`"), hint(key));
                }
                _ => {}
            }
        }
        let seconds = kafka.get("token_seconds").and_then(Node::whole).and_then(|seconds| u32::try_from(seconds).ok());
        if let Some(node) = kafka.get("token_seconds").filter(|_| seconds.is_none_or(|all| all > TOKEN_SECONDS_MAX)) {
            self.told("E-ENV-AUTH", node, "`token_seconds` is more than AWS takes", "900 at most");
        }
        if let Some(node) = kafka.get("password").filter(|node| matches!(secret(node), Some(SecretRef::TestKey))) {
            self.told("E-ENV-AUTH", node, "`password` is no password", "{ env = \"NAME\" } or { file = \"PATH\" }");
        }
        if self.problems.len() > before {
            return None;
        }
        match hash {
            Some(hash) => {
                let (user, password) = (self.given(kafka, "user")?, secret(kafka.get("password")?)?);
                Some(KafkaAuth::Scram { hash, user, password })
            }
            None if is_iam => {
                let region = self.given(kafka, "region")?;
                Some(KafkaAuth::Iam { region, token_seconds: seconds.unwrap_or(TOKEN_SECONDS_MAX) })
            }
            None => Some(KafkaAuth::None),
        }
    }

    /// The certificate that we show a cluster. The outer `None`: something is wrong, and told.
    pub(super) fn kafka_client(&mut self, kafka: &Node) -> Option<Option<ClientSpec>> {
        let before = self.problems.len();
        let client = self.client(kafka);
        (self.problems.len() == before).then_some(client)
    }
}

fn hint(key: &str) -> &'static str {
    match key {
        "user" => "user = \"nightferry\"",
        "password" => "password = { env = \"NAME\" }: where it is found, never itself",
        _ => "region = \"eu-west-2\": a token is signed for the cluster's own region",
    }
}
