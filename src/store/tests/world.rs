//! A job of two tables, its stores in one memory, one night of it as the walk does it, and what readers see.

use super::faulty::{Faults, Faulty};
use crate::access::Folder;
use crate::data::scratch::Allowance;
use crate::data::{Audience, Beyond, Class, Column, ColumnType, Name, OnNewColumn, Origin, Period, Schema, Treatment};
use crate::format::parquet_back::read_back;
use crate::job::{Boundary, Location, StoreSpec};
use crate::privacy::{ColumnTreatment, Keys, Redacted, redact};
use crate::report::{Proof, Verdict};
use crate::store::delta::action::decode_path;
use crate::store::delta::log::replay;
use crate::store::upkeep::rollback::Today;
use crate::store::*;
use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringViewArray};
use arrow::datatypes::{Int64Type, SchemaRef};
use bytes::Bytes;
use chrono::{DateTime, NaiveDate};
use futures::TryStreamExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

pub struct World {
    pub memory: Arc<InMemory>,
    pub faulty: Faults,
    pub job: Name,
    stamp: String,
    warehouse_url: &'static str,
    /// The epoch, and whether the second cloud has become the first.
    epoch: (u64, bool),
    /// Parts of each table.
    parts: usize,
    /// Whether the warehouse has a second cloud.
    has_second: bool,
    /// What may wait for the verdict.
    pub spill: Arc<Allowance>,
    lost: AtomicUsize,
}

/// How a night ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    Published,
    SecondPending,
    Decided(Decision),
    /// Somebody is to be forgotten since it began.
    ListIsNewer,
}

/// What readers see, of `invoice` and `unit`.
#[derive(Debug, PartialEq)]
pub struct Seen {
    /// Versions of each table, and of `nightferry_runs`.
    pub versions: [usize; 3],
    /// Rows of each table.
    pub rows: [usize; 2],
    /// Rows of `nightferry_runs`.
    pub runs: Vec<String>,
    /// Every object that a log of the primary names, and the logs.
    pub primary: BTreeMap<String, Bytes>,
    /// The same of the second cloud.
    pub second: BTreeMap<String, Bytes>,
}

const DATASETS: [&str; 2] = ["invoice", "unit"];

impl World {
    pub fn new() -> Self {
        World {
            memory: Arc::new(InMemory::new()),
            faulty: Faults::default(),
            job: name("settlements"),
            stamp: "prod".into(),
            warehouse_url: "s3://x/y",
            epoch: (0, false),
            parts: 2,
            has_second: true,
            spill: Allowance::unlimited(),
            lost: AtomicUsize::new(0),
        }
    }

    /// A world of these objects.
    pub fn over(memory: Arc<InMemory>) -> Self {
        World { memory, ..World::new() }
    }

    /// Another process in the same world: what befalls it befalls nobody else. Its tables have `parts` parts each.
    pub fn process(memory: &Arc<InMemory>, parts: usize, has_second: bool) -> Self {
        World { parts, has_second, ..World::over(memory.clone()) }
    }

    /// A world whose warehouse lies outside AWS, whatever the environment says of it.
    pub fn waiting() -> Self {
        World { warehouse_url: "az://x/y", ..World::new() }
    }

    pub fn with_stamp(&self, stamp: &str) -> Self {
        World { memory: self.memory.clone(), stamp: stamp.into(), job: name("other"), ..World::new() }
    }

    pub fn with_job(&self, job: &str) -> Self {
        World { memory: self.memory.clone(), job: name(job), ..World::new() }
    }

    pub fn has_second(&self) -> bool {
        self.has_second
    }

    pub fn lost(&self) -> usize {
        self.lost.load(Ordering::SeqCst)
    }

    pub fn second_away(&self, away: bool) {
        self.faulty.away_below(away.then_some("azure"));
    }

    fn folder(&self, prefix: &str, label: &str) -> Folder {
        let store = Faulty { inner: self.memory.clone(), faults: self.faulty.clone() };
        Folder::new(Arc::new(store), Path::from(prefix), label)
    }

    pub fn primary_folder(&self) -> Folder {
        self.folder("s3", "warehouse")
    }

    pub fn second_folder(&self) -> Folder {
        self.folder("azure", "warehouse (second)")
    }

    fn store(&self, of: &str, audience: Audience, primary: Folder, second: Option<Folder>) -> Store {
        let url = if of == "warehouse" { self.warehouse_url } else { "s3://x/y" };
        let spec = StoreSpec {
            name: name(of),
            primary: Location { url: url.into(), ..Location::default() },
            second: None,
            audience,
            boundary: Boundary::Internal,
            epoch: if of == "warehouse" { self.epoch.0 } else { 0 },
        };
        Store::new(&spec, primary, second)
    }

    pub fn warehouse(&self) -> Store {
        let (first, second) = match self.epoch.1 {
            false => (self.primary_folder(), self.second_folder()),
            true => (self.second_folder(), self.primary_folder()),
        };
        self.store("warehouse", Audience::Analytics, first, self.has_second.then_some(second))
    }

    /// The same world for whoever has the environment of after a failover.
    pub fn failed_over(&self, epoch: u64) -> Self {
        World { memory: self.memory.clone(), faulty: self.faulty.clone(), epoch: (epoch, true), ..World::new() }
    }

    pub fn stores(&self) -> Stores {
        Stores::from([(name("warehouse"), self.warehouse())])
    }

    pub fn security(&self) -> Store {
        self.store("security", Audience::Security, self.folder("security", "security"), None)
    }

    pub fn staging(&self, dataset: &str, run: &str, schema: &SchemaRef) -> Staging {
        let waiting = WaitingRoom::new(self.folder("scratch", "scratch"), &self.spill);
        Staging::new(&self.warehouse(), &name(dataset), run, schema, &waiting)
    }

    /// Both tables, `rows` rows in `invoice` and twice as many in `unit`, two parts each.
    pub async fn stage(&self, run: &str, rows: i64) -> Result<Vec<Staged>, StoreError> {
        let mut tables = Vec::new();
        for (dataset, rows) in DATASETS.iter().zip([rows, 2 * rows]) {
            let parts = match self.parts {
                1 => vec![made(dataset, rows)?],
                _ => vec![made(dataset, 1)?, made(dataset, rows - 1)?],
            };
            let mut staging = self.staging(dataset, run, parts[0].schema());
            for part in &parts {
                staging.add(part).await?;
            }
            tables.push(staging.finish());
        }
        Ok(tables)
    }

    /// Forgets somebody, as an erasure does: the next version of the list; then the next number of the job's ledger, for itself.
    pub async fn forget(&self, number: u64) -> Result<(), StoreError> {
        let (security, stores) = (self.security(), self.stores());
        let list = SuppressionList {
            format: 1,
            number,
            stamp: self.stamp.clone(),
            key: "0".repeat(16),
            made_at: DateTime::UNIX_EPOCH,
            people: Vec::new(),
        };
        let key = security.primary().at(&format!("_suppress/{number:020}.json"));
        put_if_absent(security.primary(), &key, serde_json::to_vec(&list).expect("JSON").into(), "test").await?;
        loop {
            let settled = settle(&security, &stores, &self.job, &self.stamp).await?;
            let record = JobRecord {
                format: 1,
                number: settled.next,
                job: self.job.clone(),
                run: format!("erasure-{number}"),
                period: Period::day(NaiveDate::from_ymd_opt(2026, 11, 1).expect("a day")),
                stamp: self.stamp.clone(),
                reason: Some("a case".into()),
                published_at: DateTime::UNIX_EPOCH,
                inputs: BTreeMap::new(),
                back_to: Some(0),
                batch: None,
                task: None,
                tables: Vec::new(),
            };
            if ledger::write(&security, &record).await? == ledger::Written::Ours {
                return Ok(());
            }
        }
    }

    pub async fn night(&self, run: &str, day: u32, rows: i64) -> Result<Ended, StoreError> {
        self.walk(run, day, rows, None, None).await
    }

    pub async fn night_again(&self, run: &str, day: u32, rows: i64, why: &str) -> Result<Ended, StoreError> {
        self.walk(run, day, rows, Some(why), None).await
    }

    fn tables(&self) -> Vec<(Name, Name)> {
        DATASETS.iter().map(|dataset| (name("warehouse"), name(dataset))).collect()
    }

    /// A night that read this version of the list before it extracted.
    pub async fn night_by(&self, run: &str, day: u32, rows: i64, list: Option<u64>) -> Result<Ended, StoreError> {
        self.walk(run, day, rows, None, Some(list)).await
    }

    async fn walk(
        &self,
        run: &str,
        day: u32,
        rows: i64,
        again: Option<&str>,
        list: Option<Option<u64>>,
    ) -> Result<Ended, StoreError> {
        let (security, stores) = (self.security(), self.stores());
        let period = Period::day(NaiveDate::from_ymd_opt(2026, 11, day).expect("a day"));
        let mut settled = settle(&security, &stores, &self.job, &self.stamp).await?;
        let mut decision = decide(&settled.records, &self.tables(), period, again);
        if decision != Decision::Publish {
            let newest = settled.records.last().expect("a record that decided");
            replicate(newest, &stores).await?;
            return Ok(Ended::Decided(decision));
        }
        let list = match list {
            Some(read) => read,
            None => suppression_list(&security, &self.stamp).await?.map(|list| list.number),
        };
        let staged = self.stage(run, rows).await?;
        let (schema, origin) = (schema(), origin());
        let mut night =
            Night { suppression_list: list, ..self.described(run, period, again, &schema, &origin, staged) };
        while decision == Decision::Publish {
            match publish(night, &settled, &security, &stores).await? {
                Outcome::Published(record) => {
                    let states = replicate(&record, &stores).await?;
                    file_report(&security, &report_path(&self.job, run, "json"), Bytes::from_static(b"{}\n")).await?;
                    let behind = states.iter().any(|state| state.pending.is_some());
                    return Ok(if behind { Ended::SecondPending } else { Ended::Published });
                }
                Outcome::ListIsNewer(outrun) => {
                    for table in outrun.datasets.iter().flat_map(|dataset| &dataset.tables) {
                        table.discard().await?;
                    }
                    return Ok(Ended::ListIsNewer);
                }
                Outcome::Lost(same) => {
                    night = *same;
                    self.lost.fetch_add(1, Ordering::SeqCst);
                    settled = settle(&security, &stores, &self.job, &self.stamp).await?;
                    decision = decide(&settled.records, &self.tables(), period, again);
                }
            }
        }
        for table in night.datasets.iter().flat_map(|dataset| &dataset.tables) {
            table.discard().await?;
        }
        Ok(Ended::Decided(decision))
    }

    fn described<'a>(
        &'a self,
        run: &'a str,
        period: Period,
        again: Option<&'a str>,
        schema: &'a Schema,
        origin: &'a Origin,
        staged: Vec<Staged>,
    ) -> Night<'a> {
        let dataset = |table: Staged| NightDataset {
            schema,
            schema_hash: "5c",
            origin,
            offsets: BTreeMap::from([("0".into(), (0, 9))]),
            verdict: Verdict::Match,
            proof: Proof::Txid,
            write: NightWrite::Replace,
            tables: vec![table],
        };
        Night {
            job: &self.job,
            run,
            period,
            stamp: &self.stamp,
            again,
            at: DateTime::from_timestamp_millis(1_795_000_000_000 + i64::from(run.as_bytes()[4])).expect("a time"),
            job_hash: "1a",
            environment_hash: "e2",
            suppression_list: None,
            batch: None,
            task: None,
            datasets: staged.into_iter().map(dataset).collect(),
        }
    }

    /// The table as its job has always treated it.
    pub fn today() -> Today {
        let schema_hash = "5c".to_owned();
        Today { audience: Audience::Analytics, schema_hash, kept: BTreeSet::new(), holds_rows_back: false }
    }

    /// What readers see, through stores that behave.
    pub async fn seen(&self) -> Seen {
        let calm = World { memory: self.memory.clone(), ..World::new() };
        let (primary, second) = (calm.primary_folder(), calm.second_folder());
        let mut seen = Seen {
            versions: [0, 0, 0],
            rows: [0, 0],
            runs: Vec::new(),
            primary: BTreeMap::new(),
            second: BTreeMap::new(),
        };
        for (index, dataset) in DATASETS.iter().enumerate() {
            let state = replay(&primary.child(dataset)).await.expect("a log");
            seen.versions[index] = state.next_version() as usize;
            for batch in calm.rows(&primary.child(dataset), &public_schema()).await {
                seen.rows[index] += batch.num_rows();
            }
        }
        seen.versions[2] = replay(&primary.child(RUNS)).await.expect("a log").next_version() as usize;
        seen.runs = calm.runs(&primary.child(RUNS)).await;
        for table in ["invoice", "unit", RUNS] {
            calm.named(&primary, table, &mut seen.primary).await;
            calm.named(&second, table, &mut seen.second).await;
        }
        seen
    }

    /// Rows of the files that the newest versions of both tables have, of which all are there.
    pub async fn seen_rows(&self) -> [usize; 2] {
        let mut rows = [0, 0];
        for (index, dataset) in DATASETS.iter().enumerate() {
            for batch in self.rows(&self.primary_folder().child(dataset), &public_schema()).await {
                rows[index] += batch.num_rows();
            }
        }
        rows
    }

    /// Rows of both tables in the cloud that was the second.
    pub async fn seen_first_azure(&self) -> [usize; 2] {
        let mut rows = [0, 0];
        for (index, dataset) in DATASETS.iter().enumerate() {
            for batch in self.rows(&self.second_folder().child(dataset), &public_schema()).await {
                rows[index] += batch.num_rows();
            }
        }
        rows
    }

    async fn rows(&self, table: &Folder, schema: &SchemaRef) -> Vec<RecordBatch> {
        let state = replay(table).await.expect("a log");
        let mut batches = Vec::new();
        for path in state.files.keys() {
            let path = decode_path(path).expect("a path");
            let bytes = self.memory.get(&table.at(&path)).await.expect("a file").bytes().await.expect("bytes");
            batches.extend(read_back(bytes, schema.clone()).expect("readable").map(|batch| batch.expect("rows")));
        }
        batches
    }

    async fn runs(&self, table: &Folder) -> Vec<String> {
        let state = replay(table).await.expect("a log");
        let mut lines = Vec::new();
        for path in state.files.keys() {
            let bytes = self.memory.get(&table.at(path)).await.expect("a file").bytes().await.expect("bytes");
            let schema = crate::privacy::published_schema(&super::super::runs::columns());
            for batch in read_back(bytes, schema).expect("readable") {
                let batch = batch.expect("rows");
                let text = |column| batch.column_by_name(column).expect("a column").as_string_view().clone();
                let rows = batch.column_by_name("rows").expect("a column").as_primitive::<Int64Type>().clone();
                let (datasets, runs) = (text("dataset"), text("run"));
                lines.extend(
                    (0..batch.num_rows())
                        .map(|row| format!("{} {} {}", datasets.value(row), runs.value(row), rows.value(row))),
                );
            }
        }
        lines.sort();
        lines
    }

    /// The log of `table` and every file that is part of it, by path under `root`.
    async fn named(&self, root: &Folder, table: &str, into: &mut BTreeMap<String, Bytes>) {
        let folder = root.child(table);
        let listed: Vec<_> = self.memory.list(Some(&folder.at("_delta_log"))).try_collect().await.expect("a list");
        let state = replay(&folder).await.expect("a log");
        let files = state.files.keys().map(|path| folder.at(&decode_path(path).expect("a path")));
        for path in listed.into_iter().map(|meta| meta.location).chain(files) {
            let bytes = self.memory.get(&path).await.expect("an object").bytes().await.expect("bytes");
            into.insert(root.relative(&path).expect("below"), bytes);
        }
    }
}

/// The same part as ever of so many rows: made once, since the simulator needs it a hundred thousand times.
fn made(dataset: &str, rows: i64) -> Result<Part, StoreError> {
    static MADE: Mutex<BTreeMap<(String, i64), Part>> = Mutex::new(BTreeMap::new());
    let key = (dataset.to_owned(), rows);
    if let Some(part) = MADE.lock().expect("parts").get(&key) {
        return Ok(part.clone());
    }
    let part = part(dataset, rows, Audience::Analytics)?;
    MADE.lock().expect("parts").insert(key, part.clone());
    Ok(part)
}

/// A part of `rows` rows.
pub fn part(dataset: &str, rows: i64, audience: Audience) -> Result<Part, StoreError> {
    let rows = redacted(dataset, rows, audience);
    let columns = columns(audience);
    let encoder = Encoder::new(&rows, &columns, "run", Some("7:9:"))?;
    let mut parts = Parts::new(&encoder, PartLimits { rows_max: 1_000, bytes_max: 1 << 20 });
    parts.append(encoder.encode(&[rows])?)?;
    Ok(parts.finish()?.expect("a part"))
}

fn redacted(dataset: &str, rows: i64, audience: Audience) -> Redacted {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
    let emails = (0..rows).map(|id| format!("wren{id}@example.org")).map(Some);
    let emails: ArrayRef = Arc::new(emails.collect::<StringViewArray>());
    let batch = RecordBatch::try_from_iter([("id", ids), ("email", emails)]).expect("rows");
    redact(&batch, &columns(audience), audience, &name(dataset), &Keys::none()).expect("redacted rows")
}

pub fn columns(audience: Audience) -> Vec<ColumnTreatment> {
    let treat = |column: &Column| match (audience, column.class) {
        (Audience::Restricted, _) | (_, Class::Open) => Treatment::Keep,
        _ => Treatment::Drop,
    };
    schema().columns.into_iter().map(|column| ColumnTreatment { treatment: treat(&column), column }).collect()
}

pub fn public_schema() -> SchemaRef {
    crate::privacy::published_schema(&columns(Audience::Analytics))
}

fn schema() -> Schema {
    let column = |of: &str, column_type, class| Column {
        name: name(of),
        column_type,
        class,
        kind: None,
        source: vec![of.into()],
        nullable: true,
        beyond: Beyond::Error,
        unit: None,
        description: Some(format!("The {of}.")),
        references: None,
        treat: BTreeMap::new(),
        not_personal: BTreeMap::new(),
    };
    Schema {
        name: name("invoice"),
        description: "Invoices.".into(),
        key: vec![name("id")],
        on_new_column: OnNewColumn::Stop,
        suppress_rows: Default::default(),
        risk: Default::default(),
        small_cells: Default::default(),
        columns: vec![
            column("id", ColumnType::Bigint, Class::Open),
            column("email", ColumnType::Text, Class::Personal),
        ],
    }
}

fn origin() -> Origin {
    let inputs = vec![("ada.lovelace/extract.csv".into(), "tag".into())];
    Origin { extracted_at: DateTime::UNIX_EPOCH, snapshot: None, inputs, server: None, position: None }
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}
