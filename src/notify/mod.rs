//! Telling others: what a message, or an event, comes to on its way out of the house.
//!
//! ```text
//! address.rs   a webhook's address -> one that may be spoken to, or none
//! client.rs    one POST, within bounds and tried again: the only reqwest
//! webhook.rs   a message -> a body by its shape, signed
//! sns.rs       a message -> a topic of Amazon SNS
//! events.rs    an event of lineage -> a server that takes OpenLineage
//! ```
//!
//! Nobody waits for whoever is told: every try and all of them together have a bound, and what does not come through is told in the log.
//!
//! Never in here: what there is to tell (`report`, `watch`), and an address or a key in a fault.

mod address;
mod client;
mod events;
mod sns;
mod webhook;

use crate::access::IamFault;
use crate::access::secret::SecretFault;
use crate::job::{MessageSpec, Road};
use crate::report::Message;
use chrono::{DateTime, Utc};
use std::path::Path;

pub use events::send_event;
pub use webhook::signature;

/// What sending needs of the world.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The project's folder, where relative paths of secrets begin.
    pub project: &'a Path,
    /// Looks a variable of the environment up.
    pub variable: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// Now.
    pub now: DateTime<Utc>,
}

/// Why somebody was not told. Names and codes only: an address is a secret, and an answer may quote what was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotifyFault {
    /// A secret cannot be had.
    #[error("{0}")]
    Secret(#[from] SecretFault),
    /// The address is not one that may be spoken to.
    #[error("its address {0}")]
    Address(&'static str),
    /// A certificate of an authority cannot be used.
    #[error("its `ca` file {0}")]
    Ca(&'static str),
    /// AWS credentials.
    #[error("{}", match .0 { IamFault::NoCredentials => "there are no AWS credentials, or they were refused", IamFault::Away => "AWS credentials cannot be asked for" })]
    Credentials(IamFault),
    /// It cannot be reached, or does not answer in time.
    #[error("it does not answer")]
    Away,
    /// It answers something else than that it took it.
    #[error("it answers {0}")]
    Answered(u16),
}

/// Sends `message` to `spec`, and tries again a few times: half a minute at most.
pub async fn send(spec: &MessageSpec, message: &Message, around: Surroundings<'_>) -> Result<(), NotifyFault> {
    match &spec.road {
        Road::Webhook { .. } => webhook::send(&spec.road, message, around).await,
        Road::Sns { topic, region, endpoint, ca } => {
            let of = sns::Topic { arn: topic, region, endpoint: endpoint.as_deref(), ca: ca.as_deref() };
            sns::send(of, message, around).await
        }
    }
}
