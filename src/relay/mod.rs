//! Topics as they are in the cluster -> objects of a dump, without a gap and without anything twice. Nothing more: no window, no
//! join, no state but what is landed.
//!
//! ```text
//! settings.rs  what the client is told, and why       cluster.rs   partitions and their ends; a reader of some
//! chain.rs     what is landed: the truth              pull.rs      the thread that reads
//! identity.rs  whether a topic is still the same      lane.rs over.rs  a partition, and whether it is at its end
//! buffer.rs epoch.rs  records of one partition        land.rs      buffers -> objects, created once
//! treat.rs     records as an audience may see them     letters.rs   those that cannot be made so
//! schemas.rs   Avro schemas beside the dump
//! topic.rs     how far a topic is, and goes           hits.rs      how often what is treated was there
//! manifest.rs told.rs  what a run says of all that    walk.rs      from the first to the last of it
//! lag.rs       how far behind it is
//! tombstone.rs values that a topic is to forget:      cleaning.rs read.rs seek.rs send.rs
//! heard.rs     what the client says by itself         account.rs   what rounds come to, counted as they go
//! login.rs     what we show a cluster               look.rs      whether it lets us in and read, before the night
//! ```
//!
//! The only rdkafka. Never in here: how an event is written (`changes`), and what a treatment does (`privacy`).

mod account;
mod buffer;
mod chain;
mod cleaning;
mod cluster;
mod epoch;
mod fault;
mod heard;
mod hits;
mod identity;
mod lag;
mod land;
mod lane;
mod letters;
mod login;
mod look;
mod manifest;
mod over;
mod pull;
mod read;
mod schemas;
mod seek;
mod send;
mod settings;
mod told;
mod tombstone;
mod topic;
mod treat;
mod walk;

pub use account::{Account, TopicAccount};
pub use cleaning::Cleaning;
pub use cluster::Stretch;
pub use fault::RelayFault;
pub use lag::Lag;
pub use login::{ClientCertificate, Login};
pub use look::look;
pub use pull::Bounds;
pub use schemas::schemas;
pub use seek::{Held, Seen};
pub use send::{Delivered, Sent};
pub use settings::client_id;
pub use told::Told;
pub use tombstone::Burial;
pub use treat::TopicTreatment;
pub use walk::{Asked, Begin, Relay, TopicAsked};
