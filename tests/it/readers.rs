//! Tables as other people's readers see them: `deltalake` for the log, DuckDB for the files. Expected values are written
//! down from the formulas, not from what was encoded.

use crate::services::{local, variable};
use arrow::array::*;
use chrono::{DateTime, NaiveDate};
use nightferry::access::Folder;
use nightferry::data::scratch::Allowance;
use nightferry::data::{
    Audience, Beyond, Class, Column, ColumnType, Name, OnNewColumn, Origin, Period, PgSnapshot, Schema, Treatment,
};
use nightferry::job::{Boundary, Location, StoreSpec};
use nightferry::privacy::{ColumnTreatment, Keys, redact};
use nightferry::report::{Proof, Verdict};
use nightferry::store::{
    Decision, Encoder, JobRecord, Night, NightDataset, NightWrite, Outcome, PartLimits, Parts, Staged, Staging, Store,
    Stores, WaitingRoom, decide, publish, settle,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;

const COLUMNS: [(&str, ColumnType, &str, &str); 15] = [
    ("id", ColumnType::Bigint, "long", "BIGINT"),
    ("small", ColumnType::Smallint, "short", "SMALLINT"),
    ("whole", ColumnType::Integer, "integer", "INTEGER"),
    ("amount_gbp", ColumnType::Numeric { precision: 14, scale: 2 }, "decimal(14,2)", "DECIMAL(14,2)"),
    ("wide", ColumnType::Numeric { precision: 38, scale: 6 }, "decimal(38,6)", "DECIMAL(38,6)"),
    ("rate", ColumnType::Real, "float", "FLOAT"),
    ("share", ColumnType::Double, "double", "DOUBLE"),
    ("holds", ColumnType::Boolean, "boolean", "BOOLEAN"),
    ("technology", ColumnType::Text, "string", "VARCHAR"),
    ("note", ColumnType::Varchar(200), "string", "VARCHAR"),
    ("day", ColumnType::Date, "date", "DATE"),
    ("at", ColumnType::Timestamptz, "timestamp", "TIMESTAMP WITH TIME ZONE"),
    ("local", ColumnType::Timestamp, "timestamp", "TIMESTAMP WITH TIME ZONE"),
    ("clock", ColumnType::Time, "string", "VARCHAR"),
    ("raw", ColumnType::Bytea, "binary", "BLOB"),
];

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_every_version_as_it_was_written() {
    let root = tempfile::tempdir().expect("a folder");
    let warehouse = store("warehouse", Audience::Analytics, local(root.path(), "warehouse"), None);
    let security = store("security", Audience::Security, local(root.path(), "security").child("security"), None);
    let nights: [(u32, i64); 3] = [(20, 700), (21, 310), (22, 0)];
    for (day, rows) in nights {
        night(&warehouse, &security, &local(root.path(), "scratch").child("scratch"), day, rows).await;
    }
    let table = root.path().join("store/everything");
    for (version, (_, rows)) in nights.into_iter().enumerate() {
        let seen = read(&table, version, 205);
        let expected: Vec<Value> = (0..rows).map(row).collect();
        for reader in ["deltalake", "duckdb"] {
            let Some(answer) = seen.iter().find(|line| line["reader"] == reader) else {
                assert!(rows == 0 && reader == "duckdb", "{reader} saw nothing of version {version}");
                continue;
            };
            let types = COLUMNS.map(|column| if reader == "deltalake" { column.2 } else { column.3 });
            for (column, expected) in COLUMNS.iter().zip(types) {
                assert_eq!(answer["types"][column.0], expected, "{reader}: type of {}", column.0);
            }
            let rows = answer["rows"].as_array().expect("rows");
            assert_eq!(rows.len(), expected.len(), "{reader}, version {version}");
            for (got, expected) in rows.iter().zip(&expected) {
                assert_eq!(got, expected, "{reader}, version {version}");
            }
            assert_eq!(answer["found"], u64::from(expected.len() > 205), "{reader}: a row found by its id");
        }
        let log = seen.iter().find(|line| line["reader"] == "log").expect("the log");
        assert_eq!(log["version"], version as u64);
        assert_eq!(log["description"], "One column of every type.");
        assert_eq!(log["configuration"]["nightferry.stamp"], "prod");
        assert_eq!(log["transaction"], version as u64);
        assert_eq!(log["history"]["nightferry.verdict"], "MATCH");
        assert_eq!(log["history"]["nightferry.snapshot"], "7:9:8");
        assert_eq!(log["comments"]["amount_gbp"], "The amount_gbp. [GBP]");
    }
    // The small table beside it: one row a night.
    let runs = python(&[
        "-c",
        "import sys, json; from deltalake import DeltaTable; t = DeltaTable(sys.argv[1]).to_pyarrow_table().to_pylist(); \
         print(json.dumps(sorted([r['dataset'], str(r['period_to']), r['verdict'], r['rows']] for r in t)))",
        &root.path().join("store/nightferry_runs").to_string_lossy(),
    ]);
    let expected = json!([
        ["everything", "2026-11-20", "MATCH", 700],
        ["everything", "2026-11-21", "MATCH", 310],
        ["everything", "2026-11-22", "MATCH", 0]
    ]);
    assert_eq!(serde_json::from_str::<Value>(&runs).expect("JSON"), expected);
}

/// One night of a job with one table, `everything`, published as the walk does it; gives back its record.
pub async fn night(warehouse: &Store, security: &Store, scratch: &Folder, day: u32, rows: i64) -> JobRecord {
    let stores = Stores::from([(name("warehouse"), warehouse.clone())]);
    let period = Period::day(NaiveDate::from_ymd_opt(2026, 11, day).expect("a day"));
    let settled = settle(security, &stores, &name("settlements"), "prod").await.expect("settled");
    assert_eq!(decide(&settled.records, &[], period, None), Decision::Publish);
    let run = format!("run-{day}");
    let staged = stage(warehouse, &run, rows, scratch).await;
    let (schema, job) = (schema(), name("settlements"));
    let origin = Origin {
        extracted_at: DateTime::UNIX_EPOCH,
        snapshot: PgSnapshot::parse("7:9:8"),
        inputs: Vec::new(),
        server: None,
        position: None,
    };
    let dataset = NightDataset {
        schema: &schema,
        schema_hash: "5c",
        origin: &origin,
        offsets: BTreeMap::new(),
        verdict: Verdict::Match,
        proof: Proof::Txid,
        write: NightWrite::Replace,
        tables: vec![staged],
    };
    let night = Night {
        job: &job,
        run: &run,
        period,
        stamp: "prod",
        again: None,
        at: DateTime::from_timestamp_millis(1_795_000_000_000 + i64::from(day)).expect("a time"),
        job_hash: "1a",
        environment_hash: "e2",
        suppression_list: None,
        batch: None,
        task: None,
        datasets: vec![dataset],
    };
    match publish(night, &settled, security, &stores).await.expect("published") {
        Outcome::Published(record) => *record,
        Outcome::Lost(_) | Outcome::ListIsNewer(_) => panic!("nobody else is there"),
    }
}

/// A store of an environment.
pub fn store(of: &str, audience: Audience, primary: Folder, second: Option<Folder>) -> Store {
    let spec = StoreSpec {
        name: name(of),
        primary: Location { url: "store".into(), ..Location::default() },
        second: None,
        audience,
        boundary: Boundary::Internal,
        epoch: 0,
    };
    Store::new(&spec, primary, second)
}

/// Three parts and more, of row groups of 100 rows.
async fn stage(warehouse: &Store, run: &str, rows: i64, scratch: &Folder) -> Staged {
    let shown: Vec<ColumnTreatment> =
        schema().columns.into_iter().map(|column| ColumnTreatment { column, treatment: Treatment::Keep }).collect();
    let redacted = |from, to| {
        redact(&batch(from, to), &shown, Audience::Analytics, &name("everything"), &Keys::none()).expect("treated rows")
    };
    let encoder = Encoder::new(&redacted(0, rows.min(100)), &shown, run, Some("7:9:8")).expect("an encoder");
    let mut parts = Parts::new(&encoder, PartLimits { rows_max: 250, bytes_max: 1 << 20 });
    let mut staging = Staging::new(
        warehouse,
        &name("everything"),
        run,
        encoder.schema(),
        &WaitingRoom::new(scratch.clone(), &Allowance::unlimited()),
    );
    for from in (0..rows).step_by(100) {
        let group = encoder
            .encode(&[redacted(from, (from + 60).min(rows)), redacted((from + 60).min(rows), (from + 100).min(rows))]);
        if let Some(part) = parts.append(group.expect("a row group")).expect("appended") {
            staging.add(&part).await.expect("staged");
        }
    }
    if let Some(part) = parts.finish().expect("the last part") {
        assert_eq!(
            part.read_back_in(3, &|_| true)
                .expect("readable")
                .into_iter()
                .flatten()
                .map(|b| b.expect("rows").num_rows() as u64)
                .sum::<u64>(),
            part.rows()
        );
        staging.add(&part).await.expect("staged");
    }
    staging.finish()
}

fn batch(from: i64, to: i64) -> RecordBatch {
    let ids = || from..to;
    let unless = |null: i64| move |id: i64| (id % 7 != null).then_some(id);
    let decimal = |values: Vec<Option<i128>>, precision, scale| -> ArrayRef {
        Arc::new(Decimal128Array::from(values).with_precision_and_scale(precision, scale).expect("a decimal"))
    };
    let text =
        |of: &dyn Fn(i64) -> Option<String>| -> ArrayRef { Arc::new(ids().map(of).collect::<StringViewArray>()) };
    let columns: [ArrayRef; 15] = [
        Arc::new(Int64Array::from_iter_values(ids())),
        Arc::new(Int16Array::from_iter(ids().map(|id| unless(1)(id).map(|id| (id % 50) as i16 - 25)))),
        Arc::new(Int32Array::from_iter(ids().map(|id| unless(2)(id).map(|id| 1_000_000 - id as i32)))),
        decimal(ids().map(|id| unless(3)(id).map(|id| i128::from(id) * 5 - 300)).collect(), 14, 2),
        decimal(
            ids().map(|id| unless(4)(id).map(|id| -i128::from(id) * 1_000_000_000_000_000_000_000)).collect(),
            38,
            6,
        ),
        Arc::new(Float32Array::from_iter(ids().map(|id| unless(5)(id).map(|id| id as f32 / 4.0)))),
        Arc::new(Float64Array::from_iter(ids().map(|id| unless(6)(id).map(|id| id as f64 / 8.0)))),
        Arc::new(BooleanArray::from_iter(ids().map(|id| unless(0)(id).map(|id| id % 2 == 0)))),
        text(&|id| unless(1)(id).map(|id| ["Onshore Wind", "Solar PV", "Bioénergie"][id as usize % 3].to_owned())),
        text(&|id| unless(2)(id).map(|id| format!("\"note\", {id}\n{}", "x".repeat(id as usize % 150)))),
        Arc::new(Date32Array::from_iter(ids().map(|id| unless(3)(id).map(|id| id as i32 - 100)))),
        Arc::new(
            TimestampMicrosecondArray::from_iter(ids().map(|id| unless(4)(id).map(|id| id * 1_800_000_001)))
                .with_timezone("UTC"),
        ),
        Arc::new(TimestampMicrosecondArray::from_iter(ids().map(|id| unless(5)(id).map(|id| id * 3_600_000_000)))),
        Arc::new(Time64MicrosecondArray::from_iter(ids().map(|id| unless(6)(id).map(|id| id * 1_000_001)))),
        Arc::new(BinaryViewArray::from_iter(ids().map(|id| unless(0)(id).map(|id| id.to_be_bytes().to_vec())))),
    ];
    RecordBatch::try_from_iter_with_nullable(
        COLUMNS.iter().map(|column| column.0).zip(columns).map(|(n, v)| (n, v, true)),
    )
    .expect("rows")
}

/// The same row, written down.
fn row(id: i64) -> Value {
    let unless = |null: i64, value: Value| if id % 7 == null { Value::Null } else { value };
    let decimal = |unscaled: i128, scale: usize| {
        let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        format!("{}{whole}.{fraction}", if unscaled < 0 { "-" } else { "" })
    };
    let float = |value: f64| format!("{value:?}");
    let time = |micros: i64| {
        let at = DateTime::from_timestamp_micros(micros).expect("a time");
        at.format("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
    };
    let day = NaiveDate::default() + chrono::TimeDelta::days(id - 100);
    let clock = {
        let micros = id * 1_000_001;
        let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
        format!("{:02}:{:02}:{:02}.{micros:06}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    };
    let hex: String = id.to_be_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let values = [
        json!(id),
        unless(1, json!(id % 50 - 25)),
        unless(2, json!(1_000_000 - id)),
        unless(3, json!(decimal(i128::from(id) * 5 - 300, 2))),
        unless(4, json!(decimal(-i128::from(id) * 1_000_000_000_000_000_000_000, 6))),
        unless(5, json!(float(id as f64 / 4.0))),
        unless(6, json!(float(id as f64 / 8.0))),
        unless(0, json!(id % 2 == 0)),
        unless(1, json!(["Onshore Wind", "Solar PV", "Bioénergie"][id as usize % 3])),
        unless(2, json!(format!("\"note\", {id}\n{}", "x".repeat(id as usize % 150)))),
        unless(3, json!(day.to_string())),
        unless(4, json!(time(id * 1_800_000_001))),
        unless(5, json!(time(id * 3_600_000_000))),
        unless(6, json!(clock)),
        unless(0, json!(hex)),
    ];
    Value::Object(COLUMNS.iter().map(|column| column.0.to_owned()).zip(values).collect::<Map<_, _>>())
}

fn schema() -> Schema {
    let column = |(of, column_type, _, _): &(&str, ColumnType, &str, &str)| Column {
        name: name(of),
        column_type: *column_type,
        class: Class::Open,
        kind: None,
        source: vec![(*of).to_owned()],
        nullable: true,
        beyond: Beyond::Error,
        unit: (*of == "amount_gbp").then(|| "GBP".to_owned()),
        description: Some(format!("The {of}.")),
        references: None,
        treat: BTreeMap::new(),
        not_personal: BTreeMap::new(),
    };
    Schema {
        name: name("everything"),
        description: "One column of every type.".into(),
        key: vec![name("id")],
        on_new_column: OnNewColumn::Stop,
        suppress_rows: Default::default(),
        risk: Default::default(),
        small_cells: Default::default(),
        columns: COLUMNS.iter().map(column).collect(),
    }
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

fn read(table: &std::path::Path, version: usize, id: i64) -> Vec<Value> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/read_table.py");
    let answer = python(&[script, &table.to_string_lossy(), &version.to_string(), &id.to_string()]);
    answer.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// The Python that has the readers, to which a script, or `-c` and its text, is given; it leaves as `leave.py` says.
pub fn interpreter() -> Command {
    let mut python = Command::new(variable("NIGHTFERRY_READERS_PYTHON"));
    python.args(["-B", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/leave.py")]);
    python
}

/// What the readers' Python printed.
pub fn python(arguments: &[&str]) -> String {
    let output = interpreter().args(arguments).output().expect("python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}
