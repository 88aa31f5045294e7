//! Flags of `table` and its verbs.
//!
//! Never in here: what they do.

use super::Common;
use crate::report::DdlFor;
use crate::verbs::{TableRequest, TableWhat};
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand, ValueEnum};

/// What can be done with a published table.
#[derive(Debug, Subcommand)]
pub enum TableVerb {
    /// List its versions: when, by which run, for which days, how many rows.
    #[command(
        after_help = "Examples:\n  nightferry table versions warehouse/invoice\n  nightferry table versions warehouse/nightferry_runs --json"
    )]
    Versions(TableArgs),
    /// Read every object and hold it against its manifest and the job's records (42).
    #[command(
        after_help = "Examples:\n  nightferry table verify warehouse/invoice\n  nightferry table verify public/cfd_unit --json"
    )]
    Verify(TableArgs),
    /// Read both clouds and hold one against the other (41; 72 where the second is behind).
    #[command(
        after_help = "Examples:\n  nightferry table compare warehouse/invoice\n  nightferry table compare warehouse/nightferry_runs --json"
    )]
    Compare(TableArgs),
    /// Make an earlier version the next one, and record why.
    #[command(
        after_help = "Examples:\n  nightferry table rollback warehouse/invoice --to 0 --reason \"a wrong price list\"\n  nightferry table rollback warehouse/invoice --to 0 --reason \"a wrong price list\" --json"
    )]
    Rollback {
        /// STORE/TABLE
        table: String,
        /// The version whose rows it gets.
        #[arg(long, value_name = "N")]
        to: u64,
        /// Why, for the job's record.
        #[arg(long, value_name = "REASON", value_parser = NonEmptyStringValueParser::new())]
        reason: String,
        #[command(flatten)]
        #[expect(missing_docs, reason = "shown as its own flags")]
        common: Common,
    },
    /// Print the view by which Synapse or Fabric shows it, with types of a size.
    #[command(
        after_help = "Examples:\n  nightferry table ddl warehouse/invoice --for synapse --at https://acc.dfs.core.windows.net/wh\n  nightferry table ddl warehouse/invoice --for fabric --at lakehouse"
    )]
    Ddl {
        /// STORE/TABLE
        table: String,
        /// Who reads it.
        #[arg(long = "for", value_name = "READER", value_enum)]
        target: Reader,
        /// Synapse: the url of the folder that holds the tables [that of the environment]. Fabric: the lakehouse.
        #[arg(long, value_name = "WHERE", value_parser = NonEmptyStringValueParser::new())]
        at: Option<String>,
        /// The schema that the view is made in.
        #[arg(long, value_name = "NAME", default_value = "dbo", value_parser = NonEmptyStringValueParser::new())]
        schema: String,
        #[command(flatten)]
        #[expect(missing_docs, reason = "shown as its own flags")]
        common: Common,
    },
    /// Take away what no version in retention names, listed a day before; shorten the log. Dry unless --apply.
    #[command(
        after_help = "Examples:\n  nightferry table gc warehouse/invoice\n  nightferry table gc warehouse/invoice --keep-days 7 --apply"
    )]
    Gc {
        /// STORE/TABLE
        table: String,
        /// Days that a version stays readable after another took its place; 7 at least.
        #[arg(long, value_name = "DAYS", default_value_t = 30)]
        keep_days: u32,
        /// Write the list, delete what has been on one for a day, and shorten the log.
        #[arg(long)]
        apply: bool,
        #[command(flatten)]
        #[expect(missing_docs, reason = "shown as its own flags")]
        common: Common,
    },
    /// Let the other cloud take over: writers of an older epoch are refused. Dry unless --apply.
    #[command(
        after_help = "Examples:\n  nightferry table failover warehouse --epoch 1 --reason \"the first is away\"\n  nightferry table failover warehouse --epoch 1 --reason \"the first is away\" --json"
    )]
    Failover {
        /// The store.
        store: String,
        /// The epoch that begins.
        #[arg(long, value_name = "N")]
        epoch: u64,
        /// Why, for whoever finds it.
        #[arg(long, value_name = "REASON", value_parser = NonEmptyStringValueParser::new())]
        reason: String,
        /// Raise it.
        #[arg(long)]
        apply: bool,
        #[command(flatten)]
        #[expect(missing_docs, reason = "shown as its own flags")]
        common: Common,
    },
}

/// Who reads SQL.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Reader {
    /// Synapse's serverless SQL pool.
    Synapse,
    /// A warehouse of Fabric, over a lakehouse with a shortcut to the table.
    Fabric,
}

/// A table of a store.
#[derive(Clone, Debug, Args)]
pub struct TableArgs {
    /// STORE/TABLE
    pub table: String,
    #[command(flatten)]
    #[expect(missing_docs, reason = "shown as its own flags")]
    pub common: Common,
}

impl From<TableVerb> for TableRequest {
    fn from(verb: TableVerb) -> Self {
        let (what, Common { environment, json }) = match verb {
            TableVerb::Versions(TableArgs { table, common }) => (TableWhat::Versions(table), common),
            TableVerb::Verify(TableArgs { table, common }) => (TableWhat::Verify(table), common),
            TableVerb::Compare(TableArgs { table, common }) => (TableWhat::Compare(table), common),
            TableVerb::Rollback { table, to, reason, common } => (TableWhat::Rollback { table, to, reason }, common),
            TableVerb::Ddl { table, target, at, schema, common } => {
                let target = match target {
                    Reader::Synapse => DdlFor::Synapse,
                    Reader::Fabric => DdlFor::Fabric,
                };
                (TableWhat::Ddl { table, target, at, schema }, common)
            }
            TableVerb::Gc { table, keep_days, apply, common } => (TableWhat::Gc { table, keep_days, apply }, common),
            TableVerb::Failover { store, epoch, reason, apply, common } => {
                (TableWhat::Failover { store, epoch, reason, apply }, common)
            }
        };
        TableRequest { what, environment, json }
    }
}
