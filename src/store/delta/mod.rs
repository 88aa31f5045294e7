//! The Delta Lake log of one table, reader 1 / writer 2: what Power BI, Fabric, Synapse, Spark, DuckDB and Polars read.
//!
//! ```text
//! action.rs  the lines of a log entry
//! schema.rs  columns -> Delta's schema text
//! stats.rs   what is known of a part -> Delta's statistics text
//! log.rs     the entries of a table -> its state: version, files, owner, transactions
//! listing.rs which entries and checkpoints there are
//! shortened.rs where a log begins that no longer has its first versions, and what was proven of them
//! layout.rs  which files a period takes the place of
//! entry.rs   state + new files -> the exact text of the next entry; pure
//! back.rs    the same for an earlier version's files
//! checkpoint.rs  a state as one file, where readers begin
//! resume.rs  such a file of ours -> the state, for our own
//! ```
//!
//! Written by hand, after reading what `delta_kernel` 0.30 offers. It commits through a `Committer` that may be our own, so
//! the put could be ours; but it makes the actions itself, with a time and a random transaction id of its own, at the moment
//! of the commit. Our commit needs the exact text *before*: the job's record holds the next entry of every table of the night,
//! so that whoever finds the record can write the same bytes, and compare. The default file-system commit has no such
//! comparison after a lost answer. It would also bring a second way to every object store and a tenth more build, for a
//! writer that uses six kinds of action. Whether the log is right is judged by readers that share no code with it.
//!
//! A replay begins at the newest checkpoint, so that what a night reads of a log does not grow with it; whoever proves a table
//! (`upkeep::verify`) reads every entry, and holds the checkpoints against them. Deletion vectors, column mapping and
//! `timestampNtz` need later protocols, which not every one of those readers has.
//!
//! Never in here: when to commit, and in which order.

pub mod action;
pub mod back;
pub mod checkpoint;
pub mod entry;
pub mod layout;
pub mod listing;
pub mod log;
pub mod resume;
pub mod schema;
pub mod shortened;
pub mod stats;
