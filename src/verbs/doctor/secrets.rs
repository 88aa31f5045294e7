//! Keys and secrets that an environment refers to: whether each is there, text, and its owner's alone. What they hold is not looked at
//! but for the length of the key of tokens. A database's are looked at with the database (`jobs`).

use super::found::Found;
use crate::access::secret;
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::{Environment, KafkaAuth, KafkaSpec, Road, SecretRef, SourceSpec};
use crate::privacy::Keys;
use crate::report::doctor::{KEY, SECRET};
use crate::world::World;
use secrecy::ExposeSecret;
use std::path::Path;

/// Looks every secret up.
pub fn look(environment: &Environment, root: &Path, found: &mut Found) {
    if let Some(tokens) = &environment.tokens {
        let place = "the key of tokens";
        match secret::key(tokens, root, &World::variable) {
            Err(fault) => found.advice(SECRET, place, fault.to_string()),
            Ok(key) => {
                if let Err(fault) = Keys::derive_version(key.expose_secret(), environment.tokens_version, []) {
                    found.advice(KEY, place, fault.to_string());
                }
            }
        }
        found.checked(place, &["readable by its owner alone", "length"]);
    }
    for (name, spec) in &environment.sources {
        if let SourceSpec::Dump { kafka: Some(kafka), .. } = spec {
            cluster(&format!("the cluster of source `{name}`"), kafka, root, found);
        }
    }
    let of_lineage = environment.lineage.http.iter().flat_map(|http| std::iter::once(&http.url).chain(&http.api_key));
    let others = environment.messages.iter().flat_map(|message| match &message.road {
        Road::Webhook { url, key, routing_key, .. } => {
            let name = format!("message `{}`", message.name);
            std::iter::once(url).chain(key).chain(routing_key).map(|secret| (name.clone(), secret)).collect()
        }
        Road::Sns { .. } => Vec::<(String, &SecretRef)>::new(),
    });
    for (place, secret) in others.chain(of_lineage.map(|secret| ("lineage".to_owned(), secret))) {
        if let Err(fault) = secret::text(secret, root, &World::variable) {
            found.advice(SECRET, &place, fault.to_string());
        }
        found.checked(&place, &["readable by its owner alone"]);
    }
}

/// What a cluster is shown: the password, the certificate with its key, and the authorities by which it is known.
fn cluster(place: &str, kafka: &KafkaSpec, root: &Path, found: &mut Found) {
    let password = match &kafka.auth {
        KafkaAuth::Scram { password, .. } => Some(password),
        KafkaAuth::Iam { .. } | KafkaAuth::None => None,
    };
    for secret in password.into_iter().chain(kafka.client.as_ref().map(|client| &client.key)) {
        if let Err(fault) = secret::text(secret, root, &World::variable) {
            found.advice(SECRET, place, fault.to_string());
        }
    }
    let certificate = kafka.client.as_ref().map(|client| ("client_cert", &client.certificate));
    for (key, path) in certificate.into_iter().chain(kafka.ca.as_ref().map(|ca| ("ca", ca))) {
        if std::fs::read_to_string(root.join(path)).is_err() {
            let what = format!("the `{key}` of {place} cannot be read");
            found.failure(place, &Failure::new(ending::ENVIRONMENT_INVALID, Phase::Open, what));
        }
    }
    found.checked(place, &["password, key and certificate as files and variables"]);
}
