//! The cluster of a source -> what it is shown: secrets and certificates, read.

use super::walk::read;
use crate::data::Name;
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::{KafkaAuth, KafkaSpec};
use crate::relay::{ClientCertificate, Login};
use std::path::Path;

/// Reads what the cluster of source `from` is shown.
pub async fn login(from: &Name, kafka: &KafkaSpec, root: &Path) -> Result<Login, Failure> {
    let invalid = |what: String| Failure::new(ending::ENVIRONMENT_INVALID, Phase::Open, what);
    let password = match &kafka.auth {
        KafkaAuth::Scram { password, .. } => Some(read(password, root).await?),
        KafkaAuth::Iam { .. } | KafkaAuth::None => None,
    };
    let client = match &kafka.client {
        Some(client) => {
            let certificate = std::fs::read_to_string(root.join(&client.certificate));
            let certificate =
                certificate.map_err(|_| invalid(format!("the `client_cert` of source `{from}` cannot be read")))?;
            Some(ClientCertificate { certificate, key: read(&client.key, root).await? })
        }
        None => None,
    };
    Ok(Login { ca: kafka.ca.as_ref().map(|ca| root.join(ca)), password, client })
}
