//! Flags of the verb below `relay`.
//!
//! Never in here: what they do.

use super::Common;
use crate::verbs::{TombstoneHow, TombstoneRequest};
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What the relay does besides landing.
#[derive(Debug, Subcommand)]
pub enum RelayVerb {
    /// Let a topic forget keys: tombstones for those that are alive. Dry unless --apply.
    #[command(
        after_help = "From a cluster:\n  nightferry relay tombstone jobs/contracts.toml --topic pg.contracts.contact --keys keys.txt\n  nightferry relay tombstone jobs/contracts.toml --topic pg.contracts.contact --keys keys.txt --verify"
    )]
    Tombstone(TombstoneArgs),
}

/// Flags of `relay tombstone`.
#[derive(Debug, Args)]
pub struct TombstoneArgs {
    /// The job file.
    pub job: PathBuf,
    /// The topic: one that the job lands.
    #[arg(long, value_name = "TOPIC", value_parser = NonEmptyStringValueParser::new())]
    pub topic: String,
    /// A file with the keys, a line each, byte for byte as their records have them.
    #[arg(long, value_name = "FILE")]
    pub keys: PathBuf,
    /// The keys are written in hex: for those that are no text.
    #[arg(long)]
    pub hex: bool,
    /// Send tombstones, and leave a receipt.
    #[arg(long, requires = "reason", conflicts_with = "verify")]
    pub apply: bool,
    /// With --apply: why, for the receipt.
    #[arg(long, value_name = "REASON", requires = "apply", value_parser = NonEmptyStringValueParser::new())]
    pub reason: Option<String>,
    /// Read the topic again and attest that no value is left (74 where compaction is awaited, 25 where
    /// one has no tombstone), and leave a receipt.
    #[arg(long)]
    pub verify: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "shown as its own flags")]
    pub common: Common,
}

impl From<TombstoneArgs> for TombstoneRequest {
    fn from(args: TombstoneArgs) -> Self {
        let TombstoneArgs { job, topic, keys, hex, reason, verify, common: Common { environment, json }, .. } = args;
        let how = match reason {
            Some(reason) => TombstoneHow::Apply { reason },
            None if verify => TombstoneHow::Verify,
            None => TombstoneHow::Look,
        };
        TombstoneRequest { job, environment, topic, keys, hex, how, json }
    }
}
