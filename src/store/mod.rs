//! The far bank: parts, commits, ledger, second cloud. Moves bytes and opens none but its own.
//!
//! ```text
//! _nightferry/stamp.json                          whose data this store holds
//! _schedule/<job>/<period>/..                    (security) whose turn a night is
//! _jobs/<job>/<20 digits>.json                    (security) the job's nights: THE commit, created once
//! _nightferry/ledgers/<job>.json                  (security) where a listing of them may begin: a hint
//! reports/<job>/<run>.json                        (security) what every run came to; `.html`: the same as a page
//! papers/<job>/<run>.privacy.json                 (security) what was done with personal data; `.dpia.md`, `.article30.md`
//! <dataset>/run=<run>/part-00000-<8 of sha256>.parquet
//! <dataset>/run=<run>/_manifest.json              files, hashes, origin; created once
//! <dataset>/_gc/<20 digits>-<id>.json             what may go: listed a day before it is deleted
//! <dataset>/_shortened/<20 digits>.json       where its log begins, once `table gc` has shortened it
//! _suppress/<20 digits>.json                     (security) people who are to be forgotten; each version created once
//! _nightferry/epochs/<20 digits>.json             which side of a failover may write
//! plain/<dataset>/_version.json               a copy for tools that take a folder: what it has, and whether it is whole; its objects beside it
//! <dataset>/_delta_log/<20 digits>.json           what readers go by; created once
//! <dataset>/_delta_log/<20 digits>.checkpoint.parquet  what a hundred of them come to; `_last_checkpoint` names the newest
//! token_vault_<domain>/...                        (restricted) whose each token is; has it before any table shows it
//! nightferry_runs/...                             (analytics) one row a table and night
//!
//! settle -> decide -> Encoder, Parts, Staging -> file_paper -> publish -> replicate -> file_report, file_paper
//!
//! absent.rs     the one way to commit: create if absent, then look whose bytes are there
//! place.rs      a store, opened, and its stamp          preflight.rs  is its create-only write exclusive?
//! part.rs       Redacted -> files in memory             staging.rs    files to their last place, unseen
//! night.rs      a judged night -> record -> commits     proposal.rs   one table's next version
//! beginning.rs  where a listing of records may begin
//! ledger.rs     the job's records                       commit.rs     whatever a record names, done by whoever finds it
//! decision.rs   publish, already published, superseded  owner.rs      whose a table is
//! periods.rs    the same for tables that are written by periods
//! delta/        the table's log                         manifest.rs   what a run put into a table
//! runs.rs       nightferry_runs                         replicate.rs  the second cloud
//! plain.rs      a copy of a table, one object a period
//! made.rs       the copy becomes that of the newest version
//! joined.rs     parts -> one object of it               upload.rs     an object that comes a piece at a time
//! out.rs        what copies may send out of AWS
//! over.rs       written over what was seen, and over nothing else
//! carried.rs    what a version names, carried there
//! listed.rs     what lies below a place
//! rows.rs       a table's rows as text                  snapshot.rs   a table's files at a version
//! checkpoint.rs where readers of a long log begin
//! table.rs      a table's files, to be read again where changes are merged into it
//! fence.rs      which side of a failover may write      upkeep/       versions, proofs, going back, letting go
//! suppression.rs people who are to be forgotten: read before a night, and looked at once more before its record
//! vault.rs      the values of a domain and the tokens that stand for them
//! dump.rs       objects of a topic's dump
//! mutant.rs     faults that the simulator plants
//! race.rs       whether a create-only write is exclusive also when several write at once
//! filing.rs     reports, papers and quarantined rows
//! lease.rs      whose turn a night is, among schedules
//! ```
//!
//! Every state between two calls is one of two: before the job's record nothing of the night is published, after it
//! all of it is, because the next run completes what the record names. `tests` below kills it at every call.
//!
//! A local folder is for development: what is committed there survives a kill of the process, not of the machine (nothing
//! is synced). S3 and Azure promise that a write they acknowledged stays.
//!
//! Never in here: rows that are not `Redacted`, and anything of a source.

mod absent;
mod beginning;
mod carried;
mod checkpoint;
mod commit;
mod decision;
mod delta;
pub mod dump;
mod fault;
mod fence;
mod filing;
mod joined;
mod lease;
mod ledger;
mod listed;
mod made;
mod manifest;
mod mutant;
mod night;
mod out;
mod over;
mod owner;
mod part;
mod periods;
mod place;
mod plain;
mod preflight;
mod proposal;
mod race;
mod replicate;
mod rows;
mod runs;
mod snapshot;
mod staging;
mod suppression;
mod table;
#[cfg(test)]
mod tests;
pub mod upkeep;
mod upload;
mod vault;

pub use absent::{Absent, put_if_absent};
pub use commit::{Settled, Stores, complete, settle};
pub use decision::{Decision, decide};
pub use fault::StoreError;
pub use fence::{epoch, raise};
pub use filing::{
    KnownReports, file_paper, file_part, file_report, keep_told, paper_path, report_path, reports, take_back, told,
};
pub use lease::{Claim, Lease, claims, first_seen, is_ours_to_tell};
pub use ledger::{JobRecord, RecordTable, RunRow};
pub use made::owed as plain_owed;
pub use manifest::{Manifest, ManifestFile, ManifestRef};
pub use night::{Merged, Night, NightDataset, NightWrite, Outcome, publish};
pub use out::OutLimit;
pub use part::{Encoded, Encoder, Part, PartColumn, PartLimits, Parts, sha256};
pub use periods::{Asked, Held, decide_periods, held};
pub use place::{Store, is_stamped};
pub use plain::{Followed, PLAIN, ended as plain_ended, wanted as plain_wanted};
pub use preflight::{may_list, preflight};
pub use race::is_exclusive_in_a_race;
pub use replicate::{SecondState, replicate};
pub use rows::rows_of_table;
pub use runs::RUNS;
pub use snapshot::{Snapshot, snapshot};
pub use staging::{Staged, StagedPart, Staging, WaitingRoom};
pub use suppression::{Suppressed, SuppressionList, is_another as is_another_list, suppression_list};
pub use table::Table;
pub use vault::{Appender, NewTokens, VAULT_OWNER, append_tokens, upload_tokens, vault_schema};
