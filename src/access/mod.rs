//! How we get in: a place of the environment -> a [`Folder`] in some object store; a secret's name -> the secret.
//!
//! ```text
//! address.rs    a url -> what it names
//! location.rs   what it names -> dyn ObjectStore + prefix; azure.rs: Azure's; the only object_store builders
//! straight.rs   how requests are sent: to no address that an answer leads to
//! folder.rs     a folder in some store, and the paths under it
//! meter.rs      what was asked of a place, request by request
//! meaning.rs    an object store's error -> what it means, on either bank
//! backoff.rs    how long to wait before another try
//! iam.rs        a login to a database that AWS credentials sign; msk.rs: one to a cluster of Kafka; sigv4.rs: how they sign anything
//! secret.rs     where a secret is found -> its bytes; manager.rs: of a secret manager, secrets_manager.rs and key_vault.rs
//! sas.rs        a shared access signature by reference; client_secret.rs: a token for an application's secret
//! bucket.rs     who may look into a bucket, and what its rules cost; lifecycle.rs: those rules
//! entra.rs      tokens of Entra's: Azure from AWS without a secret; sts.rs: a token that AWS signs; identity.rs: why there is none
//! role.rs       AWS from Azure without a secret; workload.rs: a token that Azure signs
//! container.rs  credentials of the role that a container runs as
//! renewed.rs    what is good for a while, and asked for again before its end
//! task.rs       what ECS tells of the task that this is
//! ```
//!
//! Never in here: what is written or read there. Never in a url: a key, a token or a password; a provider's own come from the
//! process's surroundings (`AWS_*`, `AZURE_*`, the task's role), as its tools expect them.

mod address;
mod azure;
pub mod backoff;
pub mod bucket;
mod client_secret;
mod container;
mod entra;
mod folder;
pub mod iam;
mod identity;
mod key_vault;
mod lifecycle;
mod location;
mod manager;
mod meaning;
mod meter;
pub mod msk;
mod renewed;
mod role;
pub mod sas;
pub mod secret;
mod secrets_manager;
pub mod sigv4;
mod straight;
mod sts;
pub mod task;
mod workload;

pub use folder::Folder;
pub use iam::Signed;
pub use identity::IdentityFault;
pub use lifecycle::{Early, LifecycleRule};
pub use location::{AccessError, Purpose, ground, open, open_metered};
pub use manager::ManagerFault;
pub use meaning::{Meaning, meaning};
pub use meter::{Meter, Meters, second_place};
pub use sigv4::IamFault;
