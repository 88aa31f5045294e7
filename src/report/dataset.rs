//! What a report says of one dataset. The JSON names are an API, as those of the whole report.

use super::drift::{ChangeSetReport, ComparedColumn, FingerprintReport, OutputReport, PartitionReport, SpreadReport};
use super::numbers::{bytes, counted};
use super::run::seconds_utc;
use crate::data::{Period, PgPosition};
use crate::job::Severity;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeMap;

/// One dataset of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DatasetReport {
    /// Dataset.
    pub name: String,
    /// How far the run came with it.
    pub state: DatasetState,
    /// Rows the source gave.
    pub rows_read: u64,
    /// Rows in the store that gets most: `rows_read - rows_bad - rows_suppressed`.
    pub rows_written: u64,
    /// Rows that no store gets, since its audience does not see them; of each store alone: `stores[].rows_suppressed`.
    pub rows_suppressed: u64,
    /// Rows set aside in quarantine.
    pub rows_bad: u64,
    /// Cells in each store that are NULL because the declared type cannot hold what the source has, by column: those with
    /// `beyond = "null"`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub cells_beyond: BTreeMap<String, u64>,
    /// Since when changed rows were asked for, where they are merged into the tables; absent when all were.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "some_seconds_utc")]
    pub since: Option<DateTime<Utc>>,
    /// Rows that the source gave of each period, where the table is written by periods.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub periods: Vec<PeriodReport>,
    /// Those rows, in the restricted store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quarantine_at: Option<String>,
    /// Columns at the source that nobody classified and that were left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<String>,
    /// The moment the extract shows.
    pub source: Option<SourceReport>,
    /// The comparison.
    pub reconciliation: ReconciliationReport,
    /// The author's checks.
    pub checks: Vec<CheckReport>,
    /// What each store got.
    pub stores: Vec<StoreReport>,
}

fn some_seconds_utc<S: serde::Serializer>(moment: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    match moment {
        Some(moment) => seconds_utc(moment, serializer),
        None => serializer.serialize_none(),
    }
}

/// What merging changed rows into a table did to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MergeReport {
    /// Rows that gave way to changed ones.
    pub replaced: u64,
    /// Rows whose key the source no longer has.
    pub deleted: u64,
    /// What became of those.
    pub deleted_rows: &'static str,
    /// Rows that were written once more because a row of their file gave way.
    pub rewritten: u64,
    /// Rows that the table has then.
    pub rows: u64,
}

/// One period of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PeriodReport {
    /// The period.
    #[serde(flatten)]
    pub period: Period,
    /// Rows the source gave.
    pub rows: u64,
}

/// How far a run came with a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DatasetState {
    /// The run ended before it.
    NotReached,
    /// The run ended while its rows were read.
    Stopped,
    /// All its rows were read; the run ended before they were compared and checked.
    Extracted,
    /// It was compared and checked, as far as its job says so.
    Judged,
}

impl DatasetReport {
    /// Of a dataset of which nothing is known but how far the run came with it.
    pub fn without_rows(name: String, state: DatasetState) -> Self {
        DatasetReport {
            name,
            state,
            rows_read: 0,
            rows_written: 0,
            rows_suppressed: 0,
            rows_bad: 0,
            cells_beyond: BTreeMap::new(),
            since: None,
            periods: Vec::new(),
            quarantine_at: None,
            withheld: Vec::new(),
            source: None,
            reconciliation: ReconciliationReport::not_compared(state.phrase()),
            checks: Vec::new(),
            stores: Vec::new(),
        }
    }
}

impl DatasetState {
    /// What is said of its comparison where there is none.
    pub fn phrase(self) -> &'static str {
        match self {
            DatasetState::NotReached => "not reached",
            DatasetState::Stopped => "stopped while its rows were read",
            DatasetState::Extracted => "extracted; the run ended before it was judged",
            DatasetState::Judged => "not compared",
        }
    }
}

/// The moment an extract shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceReport {
    /// When it was taken, UTC.
    #[serde(serialize_with = "seconds_utc")]
    pub extracted_at: DateTime<Utc>,
    /// PostgreSQL's snapshot, where it is known.
    pub snapshot: Option<String>,
    /// What the source says it is, such as `PostgreSQL 15.18`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Where its log stood, where it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<PgPosition>,
    /// Of the topic: partition -> first and last position read.
    pub offsets: BTreeMap<String, (u64, u64)>,
}

/// What a comparison came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// Every row and column compared is the same.
    Match,
    /// Rows differ.
    Drift,
    /// It cannot be decided.
    Inconclusive,
    /// The comparison cannot be made: a duplicate or NULL key, an empty side.
    Error,
    /// The dataset has no `reconcile`.
    NotCompared,
}

/// How the extract's moment was found in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// By transaction id: exact.
    Txid,
    /// By places in the database's log, all but one transaction proven.
    CommitLsn,
    /// By the clocks of source and stream: a window.
    Window,
    /// There was nothing to compare.
    None,
}

/// A comparison in numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReconciliationReport {
    /// What it came to.
    pub verdict: Verdict,
    /// By which means.
    pub proof: Proof,
    /// In words, such as `1 row differs in amount_gbp`.
    pub phrase: String,
    /// Keys on both sides.
    pub compared: u64,
    /// Keys in the topic that the extract lacks.
    pub missing: u64,
    /// Keys in the extract that the topic lacks.
    pub extra: u64,
    /// Keys on both sides whose values differ.
    pub changed: u64,
    /// Columns that differ -> rows.
    pub changed_columns: BTreeMap<String, u64>,
    /// Rows that share a key with an earlier one.
    pub duplicates: u64,
    /// Rows with a NULL in the key.
    pub null_keys: u64,
    /// Cells the stream does not tell.
    pub unknown_cells: u64,
    /// Cells that differ within their tolerance.
    pub tolerated: u64,
    /// Column -> what was let pass in it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tolerated_columns: BTreeMap<String, ToleratedReport>,
    /// Keys of which nobody can tell what the extract should show: their last event came too near to its moment, or out of order.
    pub undecided: u64,
    /// Columns that were not compared.
    pub not_compared: Vec<String>,
    /// Of those that were extracted, why.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub not_compared_because: BTreeMap<String, String>,
    /// Column -> what was done to it in the dump, and to the extract before the two were compared.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub treated: BTreeMap<String, String>,
    /// What the stream showed of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamReport>,
    /// Every compared column.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ComparedColumn>,
    /// Where in the range of keys rows differ, where the key has a column with an order one can draw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spread: Option<SpreadReport>,
    /// The fingerprint of each side as a whole: two runs with the same key and schema that show the same hold the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprints: Option<FingerprintReport>,
    /// What would bring the topic's state to the extract's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change_set: Option<ChangeSetReport>,
    /// The differing rows, in the restricted store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_at: Option<String>,
    /// What else lies there, by its name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<&'static str, OutputReport>,
}

/// What was let pass in a column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ToleratedReport {
    /// What the job declares, in words; never a text that stands for NULL.
    pub rule: String,
    /// Cells that differ by no more.
    pub cells: u64,
    /// The largest difference among them, as a decimal number; of moments in seconds, and of texts none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest: Option<String>,
}

/// What a stream showed of itself while it was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StreamReport {
    /// Events.
    pub events: u64,
    /// Of those, after the extract's moment.
    pub later: u64,
    /// Of those, placed by the database's log.
    pub by_log: u64,
    /// Of those, placed by a window of time.
    pub by_window: u64,
    /// Records without a value.
    pub tombstones: u64,
    /// Truncations that the extract shows.
    pub truncates: u64,
    /// Offsets that are not there, where records tell them. In a compacted topic that is as it should be.
    pub lacking_offsets: u64,
    /// Records whose offset came before: delivered, or dumped, again.
    pub again: u64,
    /// Events that came again behind newer ones of their key.
    pub replayed: u64,
    /// Rows that a snapshot read before a change of theirs that stands before them.
    pub stale_reads: u64,
    /// Whether a heartbeat shows that the stream has come past the extract.
    pub heartbeat: bool,
    /// Columns that some event did not tell -> why.
    pub untold: BTreeMap<String, &'static str>,
    /// Its partitions, up to 256 of them.
    pub partitions: Vec<PartitionReport>,
}

impl ReconciliationReport {
    /// Of a dataset without `reconcile`, or one that came to no comparison: `phrase` says why.
    pub fn not_compared(phrase: &str) -> Self {
        ReconciliationReport {
            verdict: Verdict::NotCompared,
            proof: Proof::None,
            phrase: phrase.into(),
            compared: 0,
            missing: 0,
            extra: 0,
            changed: 0,
            changed_columns: BTreeMap::new(),
            duplicates: 0,
            null_keys: 0,
            unknown_cells: 0,
            tolerated: 0,
            tolerated_columns: BTreeMap::new(),
            undecided: 0,
            not_compared: Vec::new(),
            not_compared_because: BTreeMap::new(),
            treated: BTreeMap::new(),
            stream: None,
            columns: Vec::new(),
            spread: None,
            fingerprints: None,
            change_set: None,
            rows_at: None,
            outputs: BTreeMap::new(),
        }
    }
}

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckReport {
    /// Its claim.
    pub name: String,
    /// Its kind: the word of the job file.
    pub kind: &'static str,
    /// Whether it holds.
    pub holds: bool,
    /// What its failure does.
    pub severity: Severity,
    /// How often it does not hold; absent of SQL, and where it could not be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<u64>,
    /// What is counted so; absent where nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
    /// Places in the extract, from 0, of the first rows at fault: one for each key, group or gap.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<u64>,
    /// The table of another job that keys were looked up in, and its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looked_up: Option<String>,
    /// Why it does not hold, when it is not simply false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Rows at fault, in the restricted store; column `broken_check` says of which check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_at: Option<String>,
}

/// What is counted of a broken check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// Rows.
    Rows,
    /// Groups of rows.
    Groups,
    /// Days, each of each group.
    Days,
}

impl CheckReport {
    /// How it stands when it does not hold: a claim that has nothing to be held against is neither true nor false.
    pub fn standing(&self) -> &'static str {
        let is_made = self.kind == "sql" || self.broken.is_some();
        if is_made { "does not hold" } else { "was not made" }
    }

    /// Why it does not hold, in a phrase: counts and places, never a value.
    pub fn because(&self) -> Option<String> {
        let noun = match self.counted {
            Some(Counted::Rows) => "row",
            Some(Counted::Groups) => "group",
            Some(Counted::Days) => "day",
            None => return self.reason.clone(),
        };
        let broken = counted(self.broken.unwrap_or(0), noun);
        let places: Vec<String> = self.rows.iter().take(PLACES_TOLD_MAX).map(u64::to_string).collect();
        let more = if self.rows.len() > places.len() { " .." } else { "" };
        let at = match places.as_slice() {
            [] => String::new(),
            [one] => format!(", at row {one} of the extract"),
            many => format!(", at rows {}{more} of the extract", many.join(", ")),
        };
        let reason = self.reason.as_ref().map(|reason| format!("; {reason}")).unwrap_or_default();
        Some(format!("{broken} at fault{at}{reason}"))
    }
}

/// Places told in a phrase.
const PLACES_TOLD_MAX: usize = 3;

/// What one store got of a dataset.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoreReport {
    /// Store.
    pub name: String,
    /// Who may see it.
    pub audience: String,
    /// How far it got.
    pub state: StoreState,
    /// The table's version, once committed.
    pub version: Option<u64>,
    /// Rows that were written.
    pub rows_written: u64,
    /// Rows that its audience does not see.
    pub rows_suppressed: u64,
    /// Parts.
    pub files: u64,
    /// Bytes of the parts.
    pub bytes: u64,
    /// The risk that is left, where the schema asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk: Option<RiskReport>,
    /// Small groups that it does not see, where the schema says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub small_cells: Option<SmallCellsReport>,
    /// What merging did to the table, where changed rows are merged into it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge: Option<MergeReport>,
    /// Its copy with one object a period, where the job asks for one and it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plain: Option<PlainReport>,
    /// Columns of the schema, and what became of each.
    pub columns: Vec<ColumnReport>,
}

/// The risk that is left in what was written: how many rows share the values by which a person could be found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RiskReport {
    /// The columns that rows are found by.
    pub quasi: Vec<String>,
    /// The column that must not follow from them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensitive: Option<String>,
    /// Groups of rows that share their values.
    pub groups: u64,
    /// Rows of the smallest.
    pub k_min: u64,
    /// Share of rows in groups of fewer than 5, from 0 to 1.
    pub under_5: f64,
    /// Share of rows in groups of fewer than 10.
    pub under_10: f64,
    /// Share of rows that are alone.
    pub unique: f64,
    /// Different values of `sensitive` in the group that has fewest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub l_min: Option<u64>,
    /// Where that is beyond what the schema asks for.
    pub beyond: Vec<String>,
}

impl RiskReport {
    /// In a phrase: names of columns, counts and shares.
    pub fn phrase(&self) -> String {
        let of = match (&self.sensitive, self.l_min) {
            (Some(sensitive), Some(l_min)) => format!("; at least {l_min} of {sensitive}"),
            _ => String::new(),
        };
        let share = |share: f64| format!("{:.2} %", share * 100.0);
        let (alone, under_5, under_10) = (share(self.unique), share(self.under_5), share(self.under_10));
        let beyond = match self.beyond.as_slice() {
            [] => String::new(),
            beyond => format!("; beyond what is asked for: {}", beyond.join("; ")),
        };
        format!(
            "by {} at least {} alike{of}; alone {alone}, with fewer than 5 {under_5}, than 10 {under_10}{beyond}",
            self.quasi.join(", "),
            counted(self.k_min, "row")
        )
    }
}

/// Small groups that were not shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SmallCellsReport {
    /// The columns whose values make a group.
    pub by: Vec<String>,
    /// The column that counts its people, where a row is not one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<String>,
    /// Groups of fewer are small.
    pub under: u64,
    /// The columns by which totals are known; none: of the table.
    pub total: Vec<String>,
    /// Groups in all.
    pub groups: u64,
    /// Those that are small.
    pub small: u64,
    /// Those that were hidden with them, since a total would have told them.
    pub beside: u64,
    /// Rows of both: left out, or without what they tell.
    pub rows: u64,
    /// Totals that tell what is hidden all the same: nobody else is in them.
    pub open_totals: u64,
}

impl SmallCellsReport {
    /// In a phrase: names of columns and counts.
    pub fn phrase(&self) -> String {
        let hidden = if self.count.is_some() { "blanked" } else { "left out" };
        let open = match self.open_totals {
            0 => String::new(),
            totals => format!("; of {} nothing else could be hidden: not to be shown either", counted(totals, "total")),
        };
        format!(
            "by {} {} of fewer than {} of {}, and {} beside them: {} {hidden}{open}",
            self.by.join(", "),
            counted(self.small, "group"),
            self.under,
            self.groups,
            self.beside,
            counted(self.rows, "row")
        )
    }
}

/// A copy of a table with one object a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlainReport {
    /// Its folder.
    pub at: String,
    /// Whether it is that of the table's newest version, in both clouds where there are two.
    pub follows: bool,
    /// The version that it has, where it was made.
    pub version: Option<u64>,
    /// Its objects.
    pub objects: u64,
    /// Their rows.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of those that this run wrote, in one cloud.
    pub bytes_written: u64,
}

impl PlainReport {
    /// In a phrase: whether it follows the table, and what it has.
    pub fn phrase(&self) -> String {
        let has = self.version.map(|version| {
            let (objects, rows) = (counted(self.objects, "object"), counted(self.rows, "row"));
            format!("version {version}, {objects}, {rows}, {}", bytes(self.bytes))
        });
        match (self.follows, has) {
            (true, has) => format!("follows the table: {}", has.unwrap_or_default()),
            (false, Some(has)) => format!("does not follow the table in the second cloud yet; in the first {has}"),
            (false, None) => "does not follow the table yet".into(),
        }
    }
}

/// How far a store got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreState {
    /// Its new version is there for every reader.
    Published,
    /// Published in the primary; the second cloud is behind.
    SecondPending,
    /// Parts are there, unseen by readers.
    Staged,
    /// Nothing is there.
    Nothing,
}

/// What became of a column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnReport {
    /// Column.
    pub name: String,
    /// How delicate it is.
    pub class: String,
    /// What was done to it.
    pub treatment: String,
    /// NULLs in what was written.
    pub nulls: u64,
    /// Cells that looked like personal data in what was written.
    pub findings: u64,
    /// What the column is of by what it holds, where it is kept as it is and about nobody by its class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looks_like: Option<LooksLikeReport>,
    /// Of JSON, the declared fields and where they were.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldReport>,
    /// Of free text that was scrubbed, kind -> pieces that were replaced.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub replaced: BTreeMap<&'static str, u64>,
}

/// What a column is of by what it holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LooksLikeReport {
    /// The kind of personal data.
    pub kind: &'static str,
    /// The share of its cells, from 0 to 1.
    pub share: f64,
    /// How sure that is, from 0 to 1.
    pub confidence: f64,
    /// Why it is not personal all the same, in the words of the schema file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_personal: Option<String>,
}

/// A declared field of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldReport {
    /// Its path.
    pub path: String,
    /// What was done to it.
    pub treatment: String,
    /// Places where it was, in the rows that no condition leaves out.
    pub hits: u64,
    /// Places of these where it should have been and was not.
    pub lacking: u64,
}
