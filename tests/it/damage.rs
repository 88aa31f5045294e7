//! Bytes that nobody meant: whatever stands in a file, a dump or an answer, it is read or refused, and nothing panics.

use arrow::array::{ArrayRef, RecordBatch, StringViewArray};
use bytes::Bytes;
use nightferry::changes::{AsOf, Block, Cleanup, Layout, Object, Payload, Reading, confluent, decode};
use nightferry::data::conform::conform;
use nightferry::data::{Beyond, Class, Column, ColumnType, Name, PgSnapshot, text};
use nightferry::format::compression::Compression;
use nightferry::format::{FormatFault, Opened, csv, jsonl_blocks};
use nightferry::frame::{Table, sql};
use nightferry::job::load;
use nightferry::privacy::Recognisers;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::Arc;

/// A type of every kind.
const TYPES: [&str; 19] = [
    "smallint",
    "integer",
    "bigint",
    "numeric(8,2)",
    "numeric(38,18)",
    "real",
    "double precision",
    "boolean",
    "text",
    "varchar(4)",
    "char(4)",
    "uuid",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "bytea",
    "json",
    "jsonb",
];

fn column(name: &str, column_type: &str, nullable: bool) -> Column {
    Column {
        name: Name::new(name).expect("a name"),
        column_type: ColumnType::parse(column_type).expect("a type"),
        class: Class::Open,
        kind: None,
        source: vec![name.into()],
        nullable,
        beyond: Beyond::Error,
        unit: None,
        description: None,
        references: None,
        treat: BTreeMap::new(),
        not_personal: BTreeMap::new(),
    }
}

/// Texts that look like values of some type, and texts that do not.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,12}",
        "[-+]?[0-9]{0,40}[.]?[0-9]{0,40}([eE][-+]?[0-9]{1,5})?",
        "[-+]?[0-9]{1,7}-[0-9]{1,2}-[0-9]{1,2}([ T][0-9:.]{0,20}([zZ]|[-+][0-9:]{0,6})?)?( BC)?",
        "[0-9]{1,2}/[0-9]{1,2}/[0-9]{1,6}",
        "[0-9]{1,3}:[0-9]{1,3}(:[0-9]{1,3}([.][0-9]{0,9})?)?",
        "\\\\x[0-9a-fA-Z]{0,12}",
        "[{]?[0-9a-fA-F-]{30,38}[}]?",
        "[tTfFyYnN][a-z]{0,4}|NaN|[-+]?[iI]nf(inity)?|null",
        "\\PC{0,8}\u{0}?\\PC{0,8}",
    ]
}

/// A sound file of a kind with some bytes changed, and cut somewhere.
fn damaged(sound: &[u8]) -> impl Strategy<Value = Vec<u8>> + use<> {
    let sound = sound.to_vec();
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (changes, any::<prop::sample::Index>(), any::<bool>()).prop_map(move |(changes, cut, cuts)| {
        let mut bytes = sound.clone();
        for (at, to) in changes {
            let at = at.index(bytes.len());
            bytes[at] = to;
        }
        bytes.truncate(if cuts { cut.index(bytes.len()) } else { bytes.len() });
        bytes
    })
}

/// Reads every row of an input; gives how many there were.
fn rows(opened: Opened) -> usize {
    let places = (0..opened.columns.len()).collect();
    opened.rows(places, 3).map_while(Result::ok).map(|batch| batch.num_rows()).sum()
}

const CSV: &[u8] =
    b"\xef\xbb\xbfjunk\nid,name,\"the day\"\n1,\"a \"\"b\"\"\",2026-11-22\n,,\n2,\"x\ny\",22/11/2026\r\n";
const JSON_LINES: &[u8] =
    b"{\"id\":1,\"name\":\"a\\u00e9\\n\",\"day\":null}\n\n{\"id\":2.50,\"more\":{\"a\":[1,{}]},\"id\":3}\n";
const EVENTS: &[u8] = br#"{"before":null,"after":{"id":1,"amount":"MDk=","at":1795000000000000,"day":20000,"raw":"AAEC","wide":{"scale":2,"value":"fQ=="}},"source":{"ts_ms":1795000000000,"txId":4000},"op":"c"}
{"schema":{"type":"struct","fields":[{"field":"after","fields":[{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"2"},"field":"amount"}]}]},"payload":{"before":{"id":1},"after":null,"source":{"txId":"4001"},"op":"d"}}
null
{"op":"t","source":{}}
"#;

fn topic_columns() -> Vec<Column> {
    let types = [
        ("id", "bigint"),
        ("amount", "numeric(8,2)"),
        ("at", "timestamptz"),
        ("day", "date"),
        ("raw", "bytea"),
        ("wide", "numeric(38,4)"),
    ];
    types.iter().map(|(name, column_type)| column(name, column_type, true)).collect()
}

/// Lines of every other layout and payload.
const OTHERS: &[u8] = br#"{"topic":"t","partition":1,"offset":7,"ts":1,"key":"{\"id\":1}","payload":"{\"id\":1,\"amount\":\"1.50\",\"__op\":\"u\"}"}
{"key":{"id":1},"value":{"data":{"id":1,"amount":1.5},"metadata":{"record-type":"data","operation":"update","commit-timestamp":"2026-11-22T00:00:00Z"}},"metadata":{"offset":1,"partition":0,"timestamp":2}}
{"id":1}^{"action":"U","xid":571,"columns":[{"name":"id","value":1},{"name":"raw","value":"00ff"}],"identity":[{"name":"id","value":2}]}
{"change":[{"kind":"delete","oldkeys":{"keynames":["id"],"keyvalues":[1]}}]}
{"id":1}^NULL
"#;

const LAYOUTS: [Layout; 5] = [Layout::Confluent, Layout::Kcat, Layout::Lenses, Layout::Aiven, Layout::KeyValue];
const PAYLOADS: [Payload; 6] = [
    Payload::Debezium,
    Payload::DebeziumFlat,
    Payload::Dms,
    Payload::Wal2json,
    Payload::DebeziumAvro,
    Payload::DebeziumFlatAvro,
];

/// Events of a block, read as every layout and payload; the most of them.
fn events(bytes: &[u8], first_offset: u64) -> Option<usize> {
    let all = LAYOUTS.iter().flat_map(|layout| PAYLOADS.map(|payload| (*layout, payload)));
    all.filter_map(|(layout, payload)| events_of(bytes, first_offset, layout, payload)).max()
}

fn events_of(bytes: &[u8], first_offset: u64, layout: Layout, payload: Payload) -> Option<usize> {
    let object = Object { partition: 0, first_offset, path: "t/partition=0/t+0+0.json".into() };
    let columns = topic_columns();
    let as_of = AsOf {
        snapshot: PgSnapshot::parse("5000:5010:5003"),
        position: None,
        extracted_ms: 1_795_000_000_000,
        window_ms: 0,
    };
    let reading = Reading { payload, cleanup: Some(Cleanup::Compact), ..Reading::default() };
    let block = Block::whole(&object, layout, Bytes::copy_from_slice(bytes));
    let changes = decode(&block, &columns.iter().collect::<Vec<_>>(), &[0], &as_of, &reading).ok()?;
    Some(changes.batches.iter().map(RecordBatch::num_rows).sum())
}

fn packed(name: &str, bytes: &[u8]) -> Vec<u8> {
    match name {
        "gzip" => {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            packer.write_all(bytes).expect("packed");
            packer.finish().expect("packed")
        }
        _ => zstd::encode_all(bytes, 3).expect("packed"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn any_text_is_a_value_of_a_type_or_a_bad_row(cells in proptest::collection::vec(proptest::option::of(cell()), 1..8)) {
        let raw: ArrayRef = Arc::new(cells.iter().map(Option::as_deref).collect::<StringViewArray>());
        for column_type in TYPES {
            let column = column("value", column_type, false);
            let rows = RecordBatch::try_from_iter_with_nullable([("value", Arc::clone(&raw), true)]).expect("rows");
            let batch = conform(&rows, &[&column], 7, Vec::new()).expect("text can be read as any type");
            prop_assert_eq!(batch.rows.num_rows() + batch.bad.len(), cells.len());
            prop_assert_eq!(batch.rows.column(0).null_count(), 0);
            for bad in &batch.bad {
                let told = format!("{} {}", bad.column, bad.fault);
                let value = cells[bad.ordinal as usize - 7].as_deref().unwrap_or_default().trim();
                prop_assert!(value.len() < 8 || !told.contains(value), "{told}");
            }
        }
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in cell(), precision in 0u8..=38, scale in 0u8..=38) {
        let _ = (text::decimal(&text, precision, scale), text::date(&text), text::time(&text), text::timestamp(&text));
        let _ = (text::timestamptz(&text), text::uuid(&text), text::bytea(&text), text::boolean(&text));
        let _ = (text::whole::<i64>(&text), text::float::<f64>(&text), text::rfc3339(&text), PgSnapshot::parse(&text));
        let _ = (ColumnType::parse(&text), Name::new(&text), confluent(&text, "t"), confluent(&format!("t/partition=0/t+0+{text}.json"), "t"));
    }

    #[test]
    fn any_csv_is_read_or_refused(bytes in prop_oneof![damaged(CSV), proptest::collection::vec(any::<u8>(), 0..80)]) {
        if let Ok(opened) = csv::open_stream(Box::new(Cursor::new(bytes)), &|names| names.first() == Some(&"id")) {
            prop_assert!(rows(opened) < 80);
        }
    }

    #[test]
    fn any_json_lines_are_read_or_refused(bytes in prop_oneof![damaged(JSON_LINES), proptest::collection::vec(any::<u8>(), 0..80)]) {
        if let Ok(opened) = json_lines(bytes.into()) {
            prop_assert!(rows(opened) < 80);
        }
    }

    #[test]
    fn any_dump_is_read_or_refused(bytes in prop_oneof![damaged(EVENTS), damaged(OTHERS), proptest::collection::vec(any::<u8>(), 0..80)], first in 0..=i64::MAX as u64) {
        prop_assert!(events(&bytes, first).unwrap_or_default() < 80);
    }

    #[test]
    fn any_packed_bytes_are_unpacked_or_refused(
        gzip in damaged(&packed("gzip", EVENTS)), zstd in damaged(&packed("zstd", EVENTS)), any in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        for (compression, sound, bytes) in [
            (Compression::Gzip, packed("gzip", EVENTS), gzip), (Compression::Zstd, packed("zstd", EVENTS), zstd),
            (Compression::Gzip, Vec::new(), any.clone()), (Compression::Zstd, Vec::new(), any),
        ] {
            let whole = compression.unpack(Bytes::from(bytes.clone()), 1 << 20);
            // A pack that was cut short never looks whole.
            let is_cut = bytes.len() < sound.len() && sound.starts_with(&bytes) && !bytes.is_empty();
            prop_assert!(!(is_cut && whole.is_ok()), "{} of {} bytes", bytes.len(), sound.len());
        }
    }

    #[test]
    fn any_text_is_looked_at_for_personal_data(text in prop_oneof![".{0,60}", "[0-9A-Za-z@.+ ()-]{0,60}"]) {
        let column = StringViewArray::from_iter([Some(text.as_str())]);
        let found = Recognisers::new().expect("shapes").findings(&column);
        prop_assert!(found.values().all(|cells| *cells == 1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn any_three_files_are_a_job_or_its_faults(
        job in damaged(&shipped("jobs/contracts.toml")), schema in damaged(&shipped("schemas/contact.toml")),
        environment in damaged(&shipped("jobs/environments/dev.toml")), which in 0..3,
    ) {
        let read = |name: &str| {
            let bytes = match (name, which) {
                ("jobs/contracts.toml", 0) => job.clone(),
                ("schemas/contact.toml", 1) => schema.clone(),
                ("jobs/environments/dev.toml", 2) => environment.clone(),
                _ => std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).map_err(|_| "is not there".to_owned())?,
            };
            String::from_utf8(bytes).map_err(|_| "is not text in UTF-8".to_owned())
        };
        match load("jobs/contracts.toml", "dev", &read, &|_| None) {
            Ok(checked) => {
                let period = nightferry::data::Period::day(chrono::NaiveDate::default());
                checked.plan(period).expect("what is sound can be planned");
            }
            Err(problems) => prop_assert!(!problems.is_empty()),
        }
    }

    #[test]
    fn any_sql_gives_rows_or_a_fault(query in prop_oneof![damaged(SQL.as_bytes()).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()), sql_of_words()]) {
        let ids: ArrayRef = Arc::new(arrow::array::Int64Array::from(vec![1, 2]));
        let names: ArrayRef = Arc::new(StringViewArray::from(vec!["Wren Alder", "x"]));
        let rows = RecordBatch::try_from_iter([("id", ids), ("name", names)]).expect("rows");
        let answer = sql(&[Table { name: "thing", schema: rows.schema(), batches: &[rows] }], &query);
        if let Err(fault) = answer {
            prop_assert!(!fault.to_string().contains("Wren"));
        }
    }
}

const SQL: &str = "with a as (select id, sum(id) over (order by name) as s from thing where name <> 'x' group by id, name having count(*) > 0) select cast(s as bigint) / 0 as holds from a as b left join thing as t on b.id = t.id order by s limit 3";

/// Words of SQL in any order.
fn sql_of_words() -> impl Strategy<Value = String> {
    let words = "select from thing where id name * , ( ) = <> 'x' 1 - / cast as bigint date null and or not in between like case when then else end group by order limit having union all join on left sum count over extract interval array [ ] ; -- distinct exists";
    let words: Vec<&str> = words.split(' ').collect();
    proptest::collection::vec(prop::sample::select(words), 0..14)
        .prop_map(|words| format!("select {}", words.join(" ")))
}

fn shipped(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("a file")
}

#[test]
fn a_dump_of_the_last_offsets_there_can_be_keeps_its_order() {
    assert_eq!(events(EVENTS, i64::MAX as u64), Some(3));
    for offset in ["9223372036854775808", "18446744073709551615", "-1", "+1"] {
        assert_eq!(confluent(&format!("t/partition=0/t+0+{offset}.json"), "t"), None, "{offset}");
    }
}

fn json_lines(bytes: Bytes) -> Result<Opened, FormatFault> {
    jsonl_blocks::open(Box::new(move || Ok(Box::new(Cursor::new(bytes.clone())))))
}

#[test]
fn a_csv_that_ends_inside_quotes_is_damaged() {
    let is_header = |names: &[&str]| names.first() == Some(&"id");
    let torn = csv::open_stream(Box::new(&b"id,name\n1,a\n2,\"Wren Al"[..]), &is_header).expect("a header");
    let read: Vec<_> = torn.rows(vec![0, 1], 10).collect();
    assert!(read.iter().any(Result::is_err), "half a cell was taken for a whole one");
}
