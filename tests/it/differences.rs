//! `nightferry diff` as people and CI meet it: what is right is written down in `fixtures/differences/cases.jsonl`, or counted
//! by DuckDB's full outer join over the same files and by `deltalake` over the same versions.

use crate::ferry::{Came, Ferry};
use crate::readers::python;
use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, new_empty_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int64Type, Schema, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

/// A value that no message may hold.
const CANARY: &str = "wren.alder@example.org";

/// Runs `diff` for JSON; every answer is one line.
fn diff(ferry: &Ferry, line: &str) -> (Came, Value) {
    let words: Vec<&str> = ["diff"].into_iter().chain(line.split(' ')).chain(["--json"]).collect();
    let came = ferry.run(&words);
    assert_eq!(came.out.lines().count(), 1, "{line}: {}{}", came.out, came.err);
    let told = serde_json::from_str(&came.out).expect("JSON");
    (came, told)
}

fn parquet(batch: &RecordBatch) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), None).expect("a writer");
    writer.write(batch).expect("written");
    writer.close().expect("closed");
    file
}

/// An Arrow type by the word of the cases.
fn arrow_type(word: &str) -> DataType {
    let unit = |word: &str| match word {
        "s" => TimeUnit::Second,
        "ms" => TimeUnit::Millisecond,
        "us" => TimeUnit::Microsecond,
        _ => TimeUnit::Nanosecond,
    };
    match word.split_once(' ') {
        Some(("timestamp", size)) => DataType::Timestamp(unit(size), None),
        Some(("timestamptz", size)) => DataType::Timestamp(unit(size), Some("+00:00".into())),
        Some(("time", "ms")) => DataType::Time32(TimeUnit::Millisecond),
        Some(("time", size)) => DataType::Time64(unit(size)),
        _ => match word {
            "double" => DataType::Float64,
            word => nightferry::data::ColumnType::parse(word).expect("a type").arrow(),
        },
    }
}

/// A side of a case: its rows of text, read as the types say.
fn side(types: &serde_json::Map<String, Value>, which: usize, rows: &Value) -> Vec<u8> {
    let rows = rows.as_array().expect("rows");
    let there = types.iter().filter_map(|(name, types)| Some((name, types[which].as_str()?)));
    let columns: Vec<(&String, ArrayRef)> = there
        .enumerate()
        .map(|(place, (name, word))| {
            let texts: StringArray = rows.iter().map(|row| row[place].as_str()).collect();
            let texts: ArrayRef = Arc::new(texts);
            let cells = if rows.is_empty() {
                new_empty_array(&arrow_type(word))
            } else {
                cast(&texts, &arrow_type(word)).expect("cells")
            };
            assert_eq!(cells.null_count(), texts.null_count(), "{name}: every cell is of its type");
            (name, cells)
        })
        .collect();
    let fields: Vec<Field> =
        columns.iter().map(|(name, cells)| Field::new(*name, cells.data_type().clone(), true)).collect();
    let cells = columns.into_iter().map(|(_, cells)| cells).collect();
    parquet(&RecordBatch::try_new(Arc::new(Schema::new(fields)), cells).expect("rows"))
}

#[test]
fn every_case_comes_to_what_is_right() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/differences/cases.jsonl");
    let text = std::fs::read_to_string(path).expect("cases");
    let cases: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("a case")).collect();
    assert!(cases.len() > 60, "{}", cases.len());
    let ferry = Ferry::empty();
    for case in &cases {
        let (name, types) = (&case["case"], case["types"].as_object().expect("types"));
        for (which, file) in ["left", "right"].into_iter().enumerate() {
            ferry.write(&format!("{file}.parquet"), &side(types, which, &case[file]));
        }
        let words = |value: &Value| {
            let words = value.as_array().expect("a list").iter().map(|word| word.as_str().expect("a word").to_owned());
            words.collect::<Vec<_>>()
        };
        let key = words(&case["key"]).join(",");
        let mut arguments = vec!["diff", "left.parquet", "right.parquet", "--json", "--key", &key];
        let flags = words(&case["flags"]);
        arguments.extend(flags.iter().map(String::as_str));
        let came = ferry.run(&arguments);
        let told: Value = serde_json::from_str(&came.out).unwrap_or_else(|_| panic!("{name}: {}", came.err));
        let expect = &case["expect"];
        let or_none = |field: &str| expect.get(field).cloned().unwrap_or(json!(0));
        assert_eq!(
            (came.code, &told["verdict"]),
            (expect["code"].as_i64().expect("a code") as i32, &expect["verdict"]),
            "{name}: {}",
            came.out
        );
        assert_eq!(came.code, told["exit_code"].as_i64().expect("a code") as i32, "{name}");
        for field in ["missing", "extra", "changed", "duplicates", "null_keys", "tolerated"] {
            assert_eq!(told[field], or_none(field), "{name}: {field} in {}", came.out);
        }
        let list = |field: &str| expect.get(field).cloned().unwrap_or(json!([]));
        let named = |of: &Value, is_it: &dyn Fn(&Value) -> bool| -> Value {
            of.as_array()
                .expect("a list")
                .iter()
                .filter(|column| is_it(column))
                .map(|column| column["name"].clone())
                .collect()
        };
        assert_eq!(named(&told["columns"], &|column| column["changed"] != 0), list("differing"), "{name}");
        assert_eq!(named(&told["retyped"], &|_| true), list("retyped"), "{name}");
        assert_eq!(
            (&told["right"]["only"], &told["not_compared"]),
            (&list("only_right"), &list("not_compared")),
            "{name}"
        );
        let largest =
            told["columns"].as_array().and_then(|columns| columns.iter().find(|column| column["tolerated"] != 0));
        assert_eq!(
            largest.map_or(&Value::Null, |column| &column["largest"]),
            &expect.get("largest").cloned().unwrap_or_default(),
            "{name}"
        );
        assert_eq!(came.endings().len(), usize::from(came.code == 22), "{name}: {}", came.err);
    }
}

/// What DuckDB or `deltalake` says.
fn truth(arguments: &[&str]) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/differences.py");
    serde_json::from_str(&python(&[&[script][..], arguments].concat())).expect("one JSON object")
}

/// The counts of a report, as the other road has them.
fn counts(told: &Value, columns: &Value) -> Value {
    let mut counts = serde_json::Map::new();
    for field in ["compared", "missing", "extra", "changed", "duplicates", "null_keys"] {
        counts.insert(field.into(), told[field].clone());
    }
    let changed: BTreeMap<String, Value> = told["columns"]
        .as_array()
        .expect("columns")
        .iter()
        .map(|column| (column["name"].as_str().expect("a name").to_owned(), column["changed"].clone()))
        .filter(|(name, _)| columns.get(name).is_some())
        .collect();
    counts.insert("columns".into(), json!(changed));
    Value::Object(counts)
}

const THING: &str = "description = \"Things.\"\nkey = [\"id\", \"part\"]\n\n[columns]\n\
    id = { type = \"bigint\", class = \"internal\" }\npart = { type = \"text\", class = \"internal\" }\n\
    amount = { type = \"numeric(18,2)\", class = \"open\" }\nrate = { type = \"double precision\", class = \"open\" }\n\
    note = { type = \"text\", class = \"open\" }\nmoment = { type = \"timestamptz\", class = \"open\" }\n\
    day = { type = \"date\", class = \"open\" }\nholds = { type = \"boolean\", class = \"open\" }\n";

#[test]
fn counts_what_a_full_outer_join_counts_in_every_format() {
    for (seed, code) in [("2", 1), ("7", 22)] {
        let ferry = Ferry::empty();
        ferry.write("schemas/thing.toml", THING.as_bytes());
        let root = ferry.root().to_string_lossy().into_owned();
        let expected = truth(&["make", &root, seed, "9000"]);
        assert!(expected["changed"].as_u64() > Some(100) && expected["missing"].as_u64() > Some(50), "{expected}");
        for line in [
            "left.parquet right.parquet --key id,part",
            "left.parquet right.parquet --key id,part --memory-max 64KiB",
            "left right --key part,id",
            "left/*.parquet right.parquet --schema schemas/thing.toml",
            "left.csv right.csv --schema schemas/thing.toml",
            "left.csv right --schema schemas/thing.toml --memory-max 64KiB",
        ] {
            let (came, told) = diff(&ferry, line);
            assert_eq!(came.code, code, "{line}: {}", came.err);
            assert_eq!(counts(&told, &expected["columns"]), expected, "{line}");
        }
        // JSON has no NaN, so `rate` is on no side that is JSON; whole numbers, decimals and truth values have their own types.
        for line in [
            "left.jsonl right.jsonl --key id,part",
            "left.jsonl right.csv --schema schemas/thing.toml --columns amount,note,moment,day,holds",
        ] {
            let (came, told) = diff(&ferry, line);
            assert_eq!(came.code, code, "{line}: {}", came.err);
            let mut without = expected["columns"].clone();
            without.as_object_mut().expect("columns").remove("rate");
            let mut these = expected.clone();
            (these["columns"], these["changed"]) = (without.clone(), told["changed"].clone());
            assert_eq!(counts(&told, &without), these, "{line}");
            assert!(told["changed"].as_u64() < expected["changed"].as_u64(), "{line}");
        }
        let (_, whole) = diff(&ferry, "left.csv right.csv --schema schemas/thing.toml");
        let (_, swapped) = diff(&ferry, "right.csv left.csv --schema schemas/thing.toml");
        assert_eq!((&whole["missing"], &whole["extra"]), (&swapped["extra"], &swapped["missing"]));
        assert_eq!(whole["columns"], swapped["columns"]);
    }
}

#[test]
fn compares_a_table_at_two_versions_as_deltalake_reads_them() {
    let columns = "amount = { type = \"numeric(14,2)\", class = \"open\", nullable = true }\nnote = { type = \"text\", class = \"open\", nullable = true }";
    let rows = |from: u32, shift: u32| -> String {
        let row = |id: u32| {
            format!(
                "{id},{}.50,{}\n",
                id % 90 + u32::from(id.is_multiple_of(shift)),
                if id.is_multiple_of(7) { "" } else { "x" }
            )
        };
        std::iter::once("id,amount,note\n".to_owned()).chain((from..from + 3_000).map(row)).collect()
    };
    let ferry = Ferry::of_one_file("app.thing.csv", rows(0, 10_007).as_bytes(), columns, "");
    assert_eq!(ferry.run(&["run", "jobs/things.toml"]).code, 0);
    ferry.write("in/app.thing.csv", rows(11, 101).as_bytes());
    let again = ferry.run(&["run", "jobs/things.toml", "--again", "a corrected source"]);
    assert_eq!(again.code, 0, "{}", again.err);
    let table = ferry.path("out/warehouse/thing");
    let expected = truth(&["table", &table.to_string_lossy(), "0", "1", "id"]);
    assert_eq!((&expected["missing"], &expected["extra"]), (&json!(11), &json!(11)), "{expected}");
    for line in
        ["out/warehouse/thing@0 out/warehouse/thing@1 --key id", "out/warehouse/thing@0 out/warehouse/thing --key id"]
    {
        let (came, told) = diff(&ferry, line);
        assert_eq!(came.code, 1, "{}", came.err);
        assert_eq!(counts(&told, &expected["columns"]), expected);
        assert_eq!((&told["left"]["version"], &told["right"]["version"]), (&json!(0), &json!(1)));
    }
    let (same, told) = diff(&ferry, "out/warehouse/thing@1 out/warehouse/thing --key id");
    assert_eq!((same.code, &told["compared"]), (0, &json!(3_000)));
    let (gone, told) = diff(&ferry, "out/warehouse/thing@0 out/warehouse/thing@2 --key id");
    assert_eq!((gone.code, &told["problems"][0]["id"]), (14, &json!("E-SIDE-14")), "{}", gone.err);
}

/// Two sides of text: ids with names, of which one holds the canary.
fn named(left: &str, right: &str) -> Ferry {
    let ferry = Ferry::empty();
    ferry.write("left.csv", format!("id,name,amount\n{left}").as_bytes());
    ferry.write("right.csv", format!("id,name,amount\n{right}").as_bytes());
    ferry
}

#[test]
fn tells_places_and_never_values() {
    let ferry = named(&format!("k-{CANARY},{CANARY},1\nb,x,2\nc,z,3\n"), &format!("c,{CANARY},3\nd,y,1\nb,x,2\n"));
    let came = ferry.run(&["diff", "left.csv", "right.csv", "--key", "id"]);
    assert_eq!((came.code, came.err.as_str()), (1, ""), "{}", came.err);
    let expected = "left.csv · right.csv · by id\n\n\
        \x20 rows       3 left, 3 right, 2 on both sides\n\
        \x20 missing    1 on the left alone: left.csv row 0\n\
        \x20 extra      1 on the right alone: right.csv row 1\n\
        \x20 changed    1: name 1\n\
        \x20            left.csv row 2 is right.csv row 0: name\n\n\
        \x20 DRIFT  1 row differs, 1 row on the left alone, 1 row on the right alone\n";
    assert_eq!(came.out, expected);
    let (json, told) = diff(&ferry, "left.csv right.csv --key id");
    assert!(!json.out.contains(CANARY), "{}", json.out);
    assert_eq!(
        told["first"]["changed"][0],
        json!({"left": {"file": "left.csv", "row": 2}, "right": {"file": "right.csv", "row": 0}, "columns": ["name"]})
    );
}

#[test]
fn writes_the_differing_rows_for_their_owner_alone_and_only_where_somebody_says() {
    let ferry = named("a,x,1\nb,x,2\nc,z,3\n", "c,w,3\nd,y,1\nb,x,2\n");
    let before = ferry.files("");
    assert_eq!(diff(&ferry, "left.csv right.csv --key id").0.code, 1);
    assert_eq!(ferry.files(""), before);
    let (came, told) = diff(&ferry, "left.csv right.csv --key id --out rows.parquet");
    assert_eq!((came.code, &told["out"]), (1, &json!({"path": "rows.parquet", "rows": 4})));
    let file = ferry.path("rows.parquet");
    assert_eq!(std::fs::metadata(&file).expect("the file").permissions().mode() & 0o777, 0o600);
    let bytes = bytes::Bytes::from(std::fs::read(&file).expect("the file"));
    let batches = ParquetRecordBatchReaderBuilder::try_new(bytes).expect("Parquet").build().expect("rows");
    let batches: Vec<RecordBatch> = batches.collect::<Result<_, _>>().expect("rows");
    let text = |row: usize, column: &str| {
        let cells = cast(batches[0].column_by_name(column).expect("a column"), &DataType::Utf8).expect("text");
        cells.as_string::<i32>().value(row).to_owned()
    };
    let rows: Vec<String> = (0..batches[0].num_rows())
        .map(|row| ["side", "id", "name", "differs", "file"].map(|column| text(row, column)).join(" "))
        .collect();
    let expected =
        ["missing a x  left.csv", "left c z name left.csv", "right c w name right.csv", "extra d y  right.csv"];
    assert_eq!(rows, expected);
    let places = batches[0].column_by_name("row").expect("a column").as_primitive::<Int64Type>().values().to_vec();
    assert_eq!(places, [0, 2, 0, 1]);
    // It is somebody's now; and where nothing differs there is none.
    let (taken, told) = diff(&ferry, "left.csv right.csv --key id --out rows.parquet");
    assert_eq!((taken.code, &told["problems"][0]["id"]), (2, &json!("E-DIFF-2")));
    let (same, told) = diff(&ferry, "left.csv left.csv --key id --out none.parquet");
    assert_eq!((same.code, &told["out"]), (0, &Value::Null));
    assert!(!ferry.path("none.parquet").exists());
}

/// One line that names what is wrong, with `id` and its code, and no value.
fn refused(ferry: &Ferry, line: &str, id: &str, told: &str) {
    let (came, json) = diff(ferry, line);
    let code: i32 = id.rsplit('-').next().and_then(|code| code.parse().ok()).expect("a code");
    assert_eq!(came.code, code, "{line}: {}{}", came.out, came.err);
    assert_eq!(came.endings().len(), 1, "{line}: {}", came.err);
    assert!(came.endings()[0].starts_with(id) && came.err.contains(told), "{line}: {told} in {}", came.err);
    assert!(!came.err.contains(CANARY) && !came.out.contains(CANARY), "{line}: {}", came.err);
    assert_eq!(json["exit_code"], code);
}

#[test]
fn a_path_or_column_that_is_not_there_ends_with_14() {
    let ferry = named("a,x,1\n", "a,x,1\n");
    for (line, told) in [
        ("left.csv nowhere.csv --key id", "`nowhere.csv` is not there"),
        ("left.csv nowhere@3 --key id", "`nowhere` is no Delta table"),
        ("left.csv no*.csv --key id", "holds no file that is asked for"),
        ("left.csv right.csv --key nosuch", "has no header with the key columns"),
        ("left.csv right.csv --key id --ignore nosuch", "neither side has a column `nosuch`"),
        ("left.csv right.csv --key id --schema nosuch.toml", "`nosuch.toml` is not there"),
    ] {
        refused(&ferry, line, "E-SIDE-14", told);
    }
    let whole = RecordBatch::try_from_iter([("id", Arc::new(StringArray::from(vec!["a"])) as ArrayRef)]).expect("rows");
    ferry.write("ids.parquet", &parquet(&whole));
    refused(&ferry, "ids.parquet ids.parquet --key nosuch", "E-SIDE-14", "the left side has no column `nosuch`");
}

#[test]
fn input_that_is_torn_or_not_what_it_is_said_to_be_ends_with_22() {
    let ferry = named("a,x,1\n", &format!("a,{CANARY},1\nb,\"{CANARY},2\n"));
    refused(&ferry, "left.csv right.csv --key id", "E-SIDE-22", "`right.csv` ends inside quotes (row 1)");
    let ids =
        RecordBatch::try_from_iter([("id", Arc::new(StringArray::from(vec![CANARY; 100])) as ArrayRef)]).expect("rows");
    let whole = parquet(&ids);
    ferry.write("torn.parquet", &whole[..whole.len() - 20]);
    refused(&ferry, "torn.parquet left.csv --key id", "E-SIDE-22", "`torn.parquet` is not whole Parquet");
    ferry.write("half.jsonl", format!("{{\"id\":\"a\"}}\n{{\"id\":\"{CANARY}").as_bytes());
    refused(&ferry, "left.csv half.jsonl --key id", "E-SIDE-22", "`half.jsonl` ends inside a line");
    ferry.write("unended.jsonl", b"{\"id\":\"a\"}\n{\"id\":\"b\"}");
    refused(&ferry, "left.csv unended.jsonl --key id", "E-SIDE-22", "`unended.jsonl` ends inside a line");
    ferry.write("mixed.jsonl", b"{\"id\":\"a\",\"v\":1}\n{\"id\":\"b\",\"v\":\"1\"}\n");
    refused(&ferry, "mixed.jsonl mixed.jsonl --key id", "E-SIDE-22", "holds in `v` values of several types");
    ferry.write("left.csv.gz", &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1]);
    refused(
        &ferry,
        "left.csv.gz left.csv --key id",
        "E-SIDE-22",
        "`left.csv.gz` cannot be read or unpacked to its end",
    );
    ferry.write("schemas/thing.toml", THING.replace(", \"part\"", "").replace("part", "name").as_bytes());
    ferry.write("typed.csv", format!("id,name,amount\n1,x,1.00\n2,x,{CANARY}\n").as_bytes());
    refused(
        &ferry,
        "typed.csv typed.csv --schema schemas/thing.toml",
        "E-SIDE-22",
        "holds in `amount` not a value of the declared type (row 1)",
    );
}

#[test]
fn keys_that_tell_no_row_from_another_end_with_22() {
    let ferry = named(&format!("{CANARY},x,1\n{CANARY},y,1\n"), "a,x,1\n");
    refused(&ferry, "left.csv right.csv --key id", "E-DIFF-22", "1 row with the key of another");
    ferry.write("empty.csv", b"id,name,amount\n");
    refused(&ferry, "left.csv empty.csv --key name", "E-DIFF-22", "the right side has no rows");
    ferry.write("empty.jsonl", b"");
    refused(&ferry, "empty.jsonl left.csv --key name", "E-DIFF-22", "the left side has no rows");
    let (came, told) = diff(&ferry, "empty.jsonl left.csv --key name --allow-empty");
    assert_eq!((came.code, &told["extra"]), (1, &json!(2)), "{}", came.err);
    ferry.write("numbers.jsonl", b"{\"id\":1}\n");
    refused(
        &ferry,
        "numbers.jsonl right.csv --key id",
        "E-DIFF-22",
        "key column `id` is bigint on the left side and text on the right",
    );
}

#[test]
fn usage_that_makes_no_sense_ends_with_2() {
    let ferry = named("a,x,1\n", "a,x,1\n");
    ferry.write("notes.txt", b"");
    ferry.write("folder/below/left.csv", b"id\n");
    for (line, told) in [
        ("left.csv right.csv", "no key"),
        ("left.csv right.csv --key id --memory-max 1KiB", "`--memory-max` is a size"),
        ("left.csv right.csv --key id --tolerate name", "`--tolerate` is column=rule"),
        ("left.csv right.csv --key id --tolerate name=about:1", "for `name` is none of `abs:`"),
        ("left.csv right.csv --key id --tolerate name=abs:x", "has no number of 0 or more"),
        ("left.csv right.csv --key id --tolerate name=abs:1", "such a rule is for values of another type"),
        ("left.csv right.csv --key id --tolerate id=trim", "a key is the same or it is another"),
        ("left.csv right.csv --key id --ignore name --tolerate name=trim", "it is not compared"),
        ("left.csv notes.txt --key id", "`notes.txt` is of no kind that is read"),
        ("left.csv folder --key id", "is a folder in a folder"),
    ] {
        refused(&ferry, line, "E-DIFF-2", told);
    }
}

#[test]
fn a_side_that_changes_meanwhile_ends_with_24() {
    let rows: String = (0..20_000).map(|id| format!("{id},x,1\n")).collect();
    let ferry = named(&rows, &rows);
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let file = std::fs::File::options().write(true).open(ferry.path("right.csv")).expect("the file");
            let mut moment = SystemTime::UNIX_EPOCH;
            while !is_done.load(Ordering::Relaxed) {
                moment += Duration::from_secs(1);
                file.set_modified(moment).expect("touched");
            }
        });
        let (came, told) = diff(&ferry, "left.csv right.csv --key id");
        is_done.store(true, Ordering::Relaxed);
        assert_eq!((came.code, &told["problems"][0]["id"]), (24, &json!("E-DIFF-24")), "{}", came.err);
    });
    assert_eq!(diff(&ferry, "left.csv right.csv --key id").0.code, 0);
}
