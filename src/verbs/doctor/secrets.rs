//! Keys and secrets that an environment refers to: whether each is there, text, and its owner's alone, or can be read from its manager. What
//! they hold is not looked at but for the length of the key of tokens, and the end of a shared access signature. A database's are looked at
//! with the database (`jobs`), a place's in Azure with the place; a cluster's are here.

use super::found::Found;
use crate::access::sas::over_at;
use crate::access::secret::{self, SecretFault};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::{AzureLogin, Environment, KafkaAuth, KafkaSpec, Location, Road, SecretRef, SourceSpec};
use crate::privacy::Keys;
use crate::report::doctor::{KEY, SAS, SECRET};
use crate::world::World;
use chrono::TimeDelta;
use secrecy::ExposeSecret;
use std::path::Path;

/// How long before a signature is over somebody is told.
const OVER_SOON: TimeDelta = TimeDelta::days(7);

/// Looks every secret up.
pub async fn look(environment: &Environment, world: &World, found: &mut Found) {
    let root = world.project.root();
    if let Some(tokens) = &environment.tokens {
        let place = "the key of tokens";
        match secret::key(tokens, root, &World::variable).await {
            Err(fault) => lacking(place, &fault, found),
            Ok(key) => {
                if let Err(fault) = Keys::derive_version(key.expose_secret(), environment.tokens_version, []) {
                    found.advice(KEY, place, fault.to_string());
                }
            }
        }
        found.checked(place, &[READABLE, "length"]);
    }
    for (name, spec) in &environment.sources {
        if let SourceSpec::Dump { kafka: Some(kafka), .. } = spec {
            cluster(&format!("the cluster of source `{name}`"), kafka, root, found).await;
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
        text(secret, &place, root, found).await;
        found.checked(&place, &[READABLE]);
    }
    signatures(environment, world, found).await;
}

const READABLE: &str = "readable, and by its owner alone";

async fn text(secret: &SecretRef, place: &str, root: &Path, found: &mut Found) {
    if let Err(fault) = secret::text(secret, root, &World::variable).await {
        lacking(place, &fault, found);
    }
}

/// What a manager does not give is told as it would end a night.
fn lacking(place: &str, fault: &SecretFault, found: &mut Found) {
    match fault {
        SecretFault::Manager { .. } => found.failure(place, &Failure::secret(fault)),
        here => found.advice(SECRET, place, here.to_string()),
    }
}

/// Signatures by which places in Azure are reached, that are over soon. One that is over, or cannot be read, is told with its place.
async fn signatures(environment: &Environment, world: &World, found: &mut Found) {
    let stores = environment.stores.iter().flat_map(|(name, spec)| {
        let second = spec.second.as_ref().map(|second| (format!("store `{name}`, second cloud"), second));
        std::iter::once((format!("store `{name}`"), &spec.primary)).chain(second)
    });
    let sources = environment.sources.iter();
    let sources = sources.filter_map(|(name, spec)| Some((format!("source `{name}`"), location(spec)?)));
    for (place, location) in stores.chain(sources) {
        let Some(AzureLogin::Sas(sas)) = &location.azure else { continue };
        let Ok(signature) = secret::text(sas, world.project.root(), &World::variable).await else { continue };
        let now = world.clock.now();
        if let Some(over_at) = over_at(&signature).filter(|at| *at > now && *at - now < OVER_SOON) {
            let at = over_at.format("%Y-%m-%d %H:%M UTC");
            found.advice(SAS, &place, format!("the shared access signature of {place} is over at {at}"));
        }
        found.checked(&place, &["when its signature is over"]);
    }
}

fn location(source: &SourceSpec) -> Option<&Location> {
    match source {
        SourceSpec::Postgres(_) => None,
        SourceSpec::Files { url }
        | SourceSpec::RdsExport { url, .. }
        | SourceSpec::PgDump { url, .. }
        | SourceSpec::Dump { url, .. } => Some(url),
    }
}

/// What a cluster is shown: the password, the certificate with its key, and the authorities by which it is known.
async fn cluster(place: &str, kafka: &KafkaSpec, root: &Path, found: &mut Found) {
    let password = match &kafka.auth {
        KafkaAuth::Scram { password, .. } => Some(password),
        KafkaAuth::Iam { .. } | KafkaAuth::None => None,
    };
    for secret in password.into_iter().chain(kafka.client.as_ref().map(|client| &client.key)) {
        text(secret, place, root, found).await;
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
