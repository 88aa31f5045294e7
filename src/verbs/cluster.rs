//! The cluster of a source -> what it is shown: secrets and certificates, read.

use crate::access::secret;
use crate::data::Name;
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::{KafkaAuth, KafkaSpec, SecretRef};
use crate::relay::{ClientCertificate, Login};
use crate::world::World;
use std::path::Path;

/// Reads what the cluster of source `from` is shown.
pub fn login(from: &Name, kafka: &KafkaSpec, root: &Path) -> Result<Login, Failure> {
    let invalid = |what: String| Failure::new(ending::ENVIRONMENT_INVALID, Phase::Open, what);
    let secret =
        |secret: &SecretRef| secret::text(secret, root, &World::variable).map_err(|fault| invalid(fault.to_string()));
    let password = match &kafka.auth {
        KafkaAuth::Scram { password, .. } => Some(secret(password)?),
        KafkaAuth::Iam { .. } | KafkaAuth::None => None,
    };
    let client = match &kafka.client {
        Some(client) => {
            let certificate = std::fs::read_to_string(root.join(&client.certificate));
            let certificate =
                certificate.map_err(|_| invalid(format!("the `client_cert` of source `{from}` cannot be read")))?;
            Some(ClientCertificate { certificate, key: secret(&client.key)? })
        }
        None => None,
    };
    Ok(Login { ca: kafka.ca.as_ref().map(|ca| root.join(ca)), password, client })
}
