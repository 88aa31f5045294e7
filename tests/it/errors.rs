//! The canary of errors: a hundred thousand of them and more, made of cells, lines, events, files and secrets that hold a value
//! which must not be told, over every reader there is. Each is said in every way that Rust can say an error, with all that is
//! behind it, and the value is looked for: as it is, in hex, and as the number that it also is.
//!
//! In process, since a process an error would take a day; what the binary says over its channels is at the foot.

use crate::ferry::Ferry;
use arrow::array::{ArrayRef, RecordBatch, StringViewArray};
use bytes::Bytes;
use nightferry::changes::{AsOf, AvroSchema, Block, Layout, Manifest, Object, Payload, Reading, decode};
use nightferry::data::conform::conform;
use nightferry::data::{Audience, Beyond, Class, Column, ColumnType, Literal, Name, Treatment};
use nightferry::format::compression::Compression;
use nightferry::format::{Opened, copy_text, csv, jsonl, parquet_read, pg_toc};
use nightferry::frame::{Table, sql};
use nightferry::job;
use nightferry::privacy::{ColumnTreatment, Keys, TEST_SECRET, redact};
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::sync::Arc;

/// Errors that are made at least.
const EVENTS_MIN: u64 = 100_000;
/// The value: a word that no message has, and a number.
const WORD: &str = "quillbrook";
const NUMBER: &str = "73485920174";

/// What was said so far.
#[derive(Default)]
struct Heard {
    events: u64,
    by: BTreeMap<&'static str, u64>,
}

impl Heard {
    /// An error of `reader`, said in every way.
    fn hear(&mut self, reader: &'static str, error: &(impl Display + Debug + ?Sized)) {
        for said in [format!("{error}"), format!("{error:#}"), format!("{error:?}"), format!("{error:#?}")] {
            self.silent(reader, &said);
        }
        self.events += 1;
        *self.by.entry(reader).or_default() += 1;
    }

    /// The same, and what is behind it.
    fn chain(&mut self, reader: &'static str, error: &(impl Error + 'static)) {
        self.hear(reader, error);
        let mut behind = error.source();
        while let Some(error) = behind {
            self.silent(reader, &format!("{error} {error:?}"));
            behind = error.source();
        }
    }

    fn silent(&self, reader: &str, said: &str) {
        let lower = said.to_ascii_lowercase();
        let hex: String = WORD.bytes().map(|byte| format!("{byte:02x}")).collect();
        // Debug of bytes is a list of numbers.
        let listed = WORD.bytes().take(6).map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ");
        for value in [WORD, NUMBER, hex.as_str(), listed.as_str()] {
            assert!(!lower.contains(value), "{reader} tells a value: {said}");
        }
    }
}

/// Cells that hold the value, in shapes that readers choke on; a number of them to begin with, so that no two are alike.
fn cells(nth: usize) -> Vec<String> {
    let (w, n) = (WORD, NUMBER);
    let long = "x".repeat(nth % 300);
    [
        w.to_owned(),
        format!("{w}@example.org"),
        n.to_owned(),
        format!("{n}{n}{n}{n}"),
        format!("-{n}.{n}e{nth}"),
        format!("{n}-02-30"),
        format!("2026-13-{nth} {w}"),
        format!("2026-02-30T25:61:61+{w}"),
        format!("\\x{w}"),
        format!("\\x6{nth}{n}"),
        format!("{{\"{w}\":\"{n}\""),
        format!("{{\"a\":{{\"{w}\":[{n},{nth}"),
        format!("{{{w}:{n}}}"),
        format!("[1,\"{w}"),
        format!("\"{w}"),
        format!("'{w}'; drop table {w};--{nth}"),
        format!("={w}|{n}"),
        format!("\u{0}{w}\u{0}"),
        format!("{w}\r\n{n}\t{nth}"),
        format!("\u{202e}{w}\u{feff}"),
        format!("{long}{w}{long}"),
        format!("NaN{w}"),
        format!("t{w}"),
        format!("{n}:{w}:{nth}"),
        format!("({w},{n})"),
        format!("AB{n}C {w}"),
    ]
    .to_vec()
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

fn column(of: &str, column_type: ColumnType) -> Column {
    Column {
        name: name(of),
        column_type,
        class: Class::Personal,
        kind: None,
        source: vec![of.to_owned()],
        nullable: false,
        beyond: Beyond::Error,
        unit: None,
        description: None,
        references: None,
        treat: BTreeMap::new(),
        not_personal: BTreeMap::new(),
    }
}

const TYPES: [ColumnType; 14] = [
    ColumnType::Smallint,
    ColumnType::Integer,
    ColumnType::Bigint,
    ColumnType::Numeric { precision: 14, scale: 2 },
    ColumnType::Real,
    ColumnType::Double,
    ColumnType::Boolean,
    ColumnType::Varchar(3),
    ColumnType::Date,
    ColumnType::Time,
    ColumnType::Timestamp,
    ColumnType::Timestamptz,
    ColumnType::Uuid,
    ColumnType::Bytea,
];

fn texts(cells: &[String]) -> ArrayRef {
    Arc::new(StringViewArray::from_iter_values(cells))
}

/// Cells of an extract against every declared type: rows set aside, each with its fault, and columns of another type.
fn conforming(heard: &mut Heard, cells: &[String]) {
    for of in TYPES {
        let column = column("cell", of);
        let raw = RecordBatch::try_from_iter([("cell", texts(cells))]).expect("a batch");
        match conform(&raw, &[&column], 0, Vec::new()) {
            Ok(batch) => batch.bad.iter().for_each(|bad| {
                heard.hear("a bad row", &format!("{} {bad:?}", bad.fault));
            }),
            Err(drift) => heard.chain("a column's type", &drift),
        }
    }
    for (word, cell) in ["date", "timestamptz", "bigint", "numeric", "text"].into_iter().zip(cells) {
        if let Err(fault) = Literal::read(word, cell) {
            heard.hear("a parameter", fault);
        }
    }
}

/// Change events in every payload that is JSON, whole and broken.
fn decoding(heard: &mut Heard, cells: &[String]) {
    let object = Object { partition: 0, first_offset: 0, path: "t/partition=0/t+0+0.json".into() };
    let as_of = AsOf { snapshot: None, position: None, extracted_ms: 1_000, window_ms: 0 };
    let columns = [column("id", ColumnType::Bigint), column("cell", ColumnType::Numeric { precision: 9, scale: 2 })];
    let columns: Vec<&Column> = columns.iter().collect();
    for cell in cells {
        let text = serde_json::to_string(cell).expect("text");
        let lines = [
            format!("{{\"before\":null,\"after\":{{\"id\":{text},\"cell\":1}},\"op\":\"c\"}}"),
            format!("{{\"before\":null,\"after\":{{\"id\":1,\"cell\":{text}}},\"op\":{text}}}"),
            format!("{{\"before\":{{\"cell\":{text}}},\"after\":null,\"op\":\"d\"}}"),
            format!("{{\"after\":{{\"id\":1,\"cell\":{text}}},\"source\":{{\"txId\":{text}}},\"op\":\"u\""),
            format!("{{\"id\":{text},\"cell\":{text},\"__op\":{text}}}"),
            format!("{{\"action\":\"I\",\"columns\":[{{\"name\":\"id\",\"type\":\"bigint\",\"value\":{text}}}]}}"),
            format!("{{\"data\":{{\"id\":{text}}},\"metadata\":{{\"operation\":{text}}}}}"),
            cell.clone(),
        ];
        for payload in [Payload::Debezium, Payload::DebeziumFlat, Payload::Dms, Payload::Wal2json] {
            let reading = Reading { payload, ..Reading::default() };
            for line in &lines {
                let block = Block::whole(&object, Layout::Confluent, line.clone().into());
                if let Err(fault) = decode(&block, &columns, &[0], &as_of, &reading) {
                    heard.chain("an event", &fault);
                }
            }
        }
        if let Err(fault) = AvroSchema::parse(cell.as_bytes()) {
            heard.hear("an Avro schema", &fault);
        }
        for text in [cell.clone(), format!("{{\"manifest\":1,\"partitions\":{{\"0\":{text}}},\"objects\":[]}}")] {
            if let Err(fault) = Manifest::parse(text.as_bytes()) {
                heard.hear("a manifest", &fault);
            }
        }
    }
}

fn rows(heard: &mut Heard, reader: &'static str, opened: Result<Opened, nightferry::format::FormatFault>) {
    let opened = match opened {
        Ok(opened) => opened,
        Err(fault) => return heard.chain(reader, &fault),
    };
    let places = (0..opened.columns.len()).collect();
    for batch in opened.rows(places, 64) {
        if let Err(fault) = batch {
            heard.chain(reader, &fault);
        }
    }
}

/// Files of every form, torn at the cell.
fn reading(heard: &mut Heard, cells: &[String]) {
    let is_header = |names: &[&str]| names.contains(&"id");
    for cell in cells {
        let stream = |text: String| Box::new(std::io::Cursor::new(text.into_bytes())) as copy_text::Text;
        rows(heard, "CSV", csv::open_stream(stream(format!("id,cell\n1,\"{cell}\n2,{cell},{cell}")), &is_header));
        rows(heard, "CSV", csv::open_stream(stream(cell.clone()), &is_header));
        let names = || vec!["id".to_owned(), "cell".to_owned()];
        rows(heard, "COPY text", Ok(copy_text::open(names(), stream(format!("1\t{cell}\n")), copy_text::End::Marked)));
        rows(
            heard,
            "COPY text",
            Ok(copy_text::open(names(), stream(format!("{cell}\n\\.\n")), copy_text::End::Marked)),
        );
        rows(heard, "COPY text", copy_text::open_with_header(stream(format!("{cell}\t{cell}\n")), &is_header));
        for text in [format!("{{\"id\":1,\"cell\":\"{cell}"), format!("{cell}\n"), format!("{{\"{cell}\":}}\n")] {
            for batch in jsonl::rows(text.into(), names(), 64) {
                if let Err(fault) = batch {
                    heard.chain("JSON lines", &fault);
                }
            }
        }
        let bytes = Bytes::from(cell.clone());
        rows(heard, "Parquet", parquet_read::open(bytes.clone()));
        rows(heard, "Parquet", parquet_read::open([b"PAR1", cell.as_bytes(), b"\x40\0\0\0PAR1"].concat().into()));
        if let Err(fault) = pg_toc::read(&[b"PGDMP", cell.as_bytes()].concat()) {
            heard.chain("pg_dump", &fault);
        }
        for packed in ["x.gz", "x.zst", "x.lz4", "x.sz"] {
            let (kind, _) = Compression::of(packed);
            if let Err(fault) = kind.unpack(bytes.clone(), 1 << 20) {
                heard.chain("a packed file", &fault);
            }
        }
    }
}

/// Treatments that do not take such cells, and a person's SQL over them.
fn treating(heard: &mut Heard, cells: &[String]) {
    let keys = Keys::derive(TEST_SECRET, [name("people")]).expect("keys");
    let (dataset, hmac) = (name("thing"), |domain: &str| Treatment::Hmac { domain: name(domain) });
    let rows = RecordBatch::try_from_iter([("cell", texts(cells))]).expect("a batch");
    for of in [ColumnType::Text, ColumnType::Bigint, ColumnType::Date] {
        for treatment in [Treatment::Keep, hmac("people"), hmac("nobody")] {
            let columns = [ColumnTreatment { column: column("cell", of), treatment }];
            if let Err(fault) = redact(&rows, &columns, Audience::Analytics, &dataset, &keys) {
                heard.chain("a treatment", &fault);
            }
        }
    }
    let batches = [rows.clone()];
    for (nth, cell) in cells.iter().enumerate().step_by(5) {
        let quoted = cell.replace('\'', "''");
        for query in [
            "select cast(cell as bigint) from thing".to_owned(),
            format!("select cell + {nth} from thing where cell > '{quoted}'"),
            format!("select {WORD} from thing"),
            format!("select '{quoted} from {WORD}"),
        ] {
            let table = Table { name: "thing", schema: rows.schema(), batches: &batches };
            if let Err(fault) = sql(&[table], &query) {
                heard.chain("SQL", &fault);
            }
        }
    }
}

/// Environments with the value where a secret may stand: a url's login, a key, a password.
fn loading(heard: &mut Heard, nth: usize) {
    let secret = format!("{WORD}{nth}");
    let environment = "stamp = \"dev\"\n\n[source.app]\nfiles = { url = \"in\" }\n\n[store.warehouse]\nurl = \"out\"\naudience = \"analytics\"\n\n[secrets]\ntokens = { test_key = true }\n";
    let login =
        "[source.db]\npostgres = { host = \"h\", port = 1, database = \"d\", user = \"u\", password = SECRET }\n";
    let with = [
        environment.replace("url = \"in\"", &format!("url = \"https://user:{secret}@example.org/in\"")),
        environment.replace("url = \"out\"", &format!("url = \"s3://bucket/x?key={secret}\"")),
        environment.replace("{ test_key = true }", &format!("\"{secret}\"")),
        environment.replace("{ test_key = true }", &format!("{{ key = \"{secret}\" }}")),
        environment.replace("{ test_key = true }", &format!("{{ env = \"{secret}\nX\" }}")),
        format!("{environment}\n{}", login.replace("SECRET", &format!("\"{secret}\""))),
        format!("{environment}\n{}", login.replace("SECRET", &format!("{{ value = \"{secret}\" }}"))),
        format!("{environment}\n[source.db]\npostgres = \"postgres://u:{secret}@h/d\"\n"),
        format!("{environment}\n[secrets.more]\npassword = '{secret}"),
        format!("{environment}\npassword {secret}"),
    ];
    for text in with {
        let read = |file: &str| match file {
            "jobs/environments/dev.toml" => Ok(text.clone()),
            _ => Err("is not there".to_owned()),
        };
        if let Err(problems) = job::load("jobs/things.toml", "dev", &read, &|_| None) {
            for problem in problems.sorted() {
                heard.hear("an environment", &format!("{} {problem:?}", problem.message));
            }
        }
    }
}

#[test]
fn a_hundred_thousand_errors_tell_no_value() {
    let (mut heard, mut nth, began) = (Heard::default(), 0, std::time::Instant::now());
    while heard.events < EVENTS_MIN {
        let cells = cells(nth);
        conforming(&mut heard, &cells);
        decoding(&mut heard, &cells);
        reading(&mut heard, &cells);
        treating(&mut heard, &cells);
        loading(&mut heard, nth);
        nth += 1;
        assert!(nth < 1_000, "{:?}", heard.by);
    }
    println!("{} errors, 0 values, {:.0} s: {:?}", heard.events, began.elapsed().as_secs_f64(), heard.by);
    // Every reader has its part: one that no longer refuses anything is no canary.
    let least = heard.by.iter().min_by_key(|(_, count)| **count).expect("some");
    assert!(heard.by.len() >= 14 && *least.1 >= 20, "{:?}", heard.by);
}

#[test]
fn the_canary_of_errors_sings_when_a_value_is_told() {
    for said in [WORD.to_uppercase(), format!("{:?}", WORD.as_bytes()), format!("cannot read {NUMBER} as a date")] {
        let sings = std::panic::catch_unwind(|| Heard::default().hear("a careless reader", said.as_str()));
        assert!(sings.is_err(), "{said}");
    }
}

/// The channels of a process, with the value in every cell that can go wrong, in a secret and in the environment: what it says on
/// stdout and stderr, as people and as programs read it; its reports and pages; its arguments; its files on the way.
#[test]
fn no_channel_of_the_binary_tells_a_value() {
    let columns = "note = { type = \"integer\", class = \"open\", nullable = true }\nborn = { type = \"date\", class = \"personal\", kind = \"date_of_birth\", nullable = true }";
    let (mut events, mut runs) = (0, 0);
    for (file, header, step) in [("app.thing.csv", "id,note,born\n", 1), ("app.thing.jsonl", "", 3)] {
        for (nth, cell) in cells(7).into_iter().enumerate().step_by(step) {
            let row = match header {
                "" => serde_json::json!({ "id": nth, "note": cell, "born": cell }).to_string(),
                _ => format!("{nth},\"{0}\",\"{0}\"", cell.replace('"', "\"\"")),
            };
            // And once more, cut in the middle.
            let half = row.as_bytes()[..row.len() / 2].to_vec();
            let bytes = [header.as_bytes(), row.as_bytes(), b"\n", &half, b"\n"].concat();
            let ferry = Ferry::of_one_file(file, &bytes, columns, "");
            for more in [["--progress", "json", "--json"].as_slice(), &["--dry-run", "--progress", "log"]] {
                let mut command = ferry.command(&[&["run", "jobs/things.toml", "--date", "2026-11-20"], more].concat());
                std::fs::create_dir_all(ferry.path("scratch")).expect("made");
                command.env("RUST_LOG", "trace").env("NIGHTFERRY_LOG", "trace").env("RUST_BACKTRACE", "full");
                command.env("TMPDIR", ferry.path("scratch")).env("NIGHTFERRY_KEY", WORD);
                command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
                let child = command.spawn().expect("it starts");
                // What `ps` shows; it may be gone already.
                let arguments = std::fs::read(format!("/proc/{}/cmdline", child.id())).unwrap_or_default();
                let output = child.wait_with_output().expect("it ends");
                assert_eq!(output.status.code(), Some(22), "{file} {nth}: {}", String::from_utf8_lossy(&output.stderr));
                let heard = Heard::default();
                for channel in [&output.stdout, &output.stderr, &arguments] {
                    heard.silent("a channel", &String::from_utf8_lossy(channel));
                    events += channel.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
                }
                runs += 1;
            }
            for folder in ["out/security", "out/warehouse", "scratch"] {
                for path in ferry.files(folder) {
                    let heard = Heard::default();
                    let bytes = std::fs::read(ferry.path(&format!("{folder}/{path}"))).expect("a file");
                    heard.silent(folder, &String::from_utf8_lossy(&bytes));
                    events += 1;
                }
            }
            assert_eq!(ferry.files("scratch"), Vec::<String>::new());
        }
    }
    println!("{runs} refused runs, {events} lines and files searched, 0 values");
}
