//! nightferry carries the day's data across at night: out of PostgreSQL and Kafka topic dumps, through a quiet middle that
//! treats personal data and compares the two, into Delta tables on S3 and Azure. This page is for those who work on it; the
//! README is for those who use it.
//!
//! Goals, the earlier wins: safe for people's data; correct; clear; fast.
//!
//! # The walk of `run`
//!
//! ```text
//! jobs/settlements.toml -> job::load -> Checked | every fault at once, each with its place
//!                       -> plan       every path, query, treatment and limit decided; `plan` prints it and stops
//!                       -> source     rows at one moment: RawBatch
//!   conform                           -> Batch: the schema's types; rows that do not fit are set aside
//!   privacy::redact                   -> Redacted: the only thing that can be written, for one audience
//!   store: encode, stage              -> parts in their last place, unseen; read back and scanned before they are sent
//!   changes, reconcile                -> the topic's latest states as of the extract's transactions; verdict and proof
//!   every dataset fit to be published?
//!       yes -> store::publish         one record `_jobs/<job>/<n>.json`: THE commit; then each table's log entry; then the
//!                                     second cloud. Killed anywhere, the next run completes what the record names.
//!       no  -> nothing of the job     the exit code says why
//! ```
//!
//! # Floors
//!
//! A room imports from lower floors only; `tests/it/tidy.rs` reads the sources and holds this house to it.
//!
//! ```text
//! main      the door                          cli       verbs and flags: the only clap
//! schedule  nights that are due, each in a process of its own: the only tokio-cron-scheduler
//! verbs     one journey a file                world     stores, CPU pool, clock, scratch     failure   errors -> endings
//! relay     topics landed as dumps, and nothing more: the only rdkafka (feature `relay`)
//! source    NEAR BANK: the only sqlx          store     FAR BANK: parts, commits, ledger, second cloud
//! notify    telling others, by reqwest (as `access` asks stores)
//! access    keys, TLS, URL -> object store    job       what was asked: text -> plan; pure   report    what happened; pure
//! failpoint where tests kill the process
//! watch     what many nights come to: due, late, unlike the others; pure
//! privacy   policy, treatments, last scan     changes   events -> typed changes              reconcile compare, tally, verdict
//! frame     the only Polars                   format    the only parquet: bytes <-> batches
//! calendar  settlement days                   cost      what a run costs                     ending    every bad ending
//! data      the words everybody uses          problem   a fault in a text that a person wrote
//! ```
//!
//! Pure rooms know no clock, no files and no `async`; what they need of the world comes in as a parameter. `source` and
//! `store` never meet.
//!
//! # What always holds
//!
//! * Only [`privacy::Redacted`] can be written, and one function makes it (a second one takes rows of a published file once
//!   more, a third takes small groups out of what the first made, and nothing else); a store refuses what was made for another audience.
//! * The job is the unit: one refused dataset publishes none.
//! * Every conditional PUT ends with a GET and a comparison of bytes; nothing else is believed.
//! * No message, log or report holds a value of the data or a secret: foreign errors are mapped at the border and dropped.
//! * What is counted and scanned is what was encoded, decoded again.
//! * Everything has a bound: rows in a batch, batches in flight, bytes of a cell, retries, findings told.

pub mod access;
pub mod calendar;
pub mod changes;
pub mod cli;
pub mod cost;
pub mod data;
pub mod ending;
pub mod failpoint;
pub mod failure;
pub mod format;
pub mod frame;
pub mod job;
pub mod notify;
pub mod privacy;
pub mod problem;
pub mod reconcile;
#[cfg(feature = "relay")]
pub mod relay;
pub mod report;
pub mod schedule;
pub mod source;
pub mod store;
pub mod verbs;
pub mod watch;
pub mod world;
