//! Files of an extract that are larger than the memory of the run: none of them lies in it whole.

use crate::ferry::{Came, Ferry};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use std::process::Command;
use std::sync::Arc;

const ROWS: i64 = 300;
/// Bytes of a cell that nobody asks for, and that no file format makes smaller.
const UNWANTED: usize = 600_000;
/// What the run may hold of rows. What lies between two threads, and what the allocator keeps for later, comes on top of it:
/// more on a machine that is busy, and never near the 172 MiB of a file.
const MEMORY_MAX_MIB: u64 = 64;
const IN_BETWEEN_MIB: u64 = 48;

/// Starts what it is given, and ends its errors with the largest memory that took, in KiB.
const MEASURED: &str = "import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)";

/// A run of the job over a file, and the MiB it took.
fn run(file: &str, bytes: &[u8]) -> (Came, u64) {
    let unwanted = "name = { type = \"text\", class = \"open\" }\nunwanted = { type = \"text\", class = \"internal\", treat = { analytics = \"drop\" } }";
    let ferry = Ferry::of_one_file(file, bytes, unwanted, "");
    ferry.write(
        "jobs/environments/dev.toml",
        format!("{}\n[limits]\nmemory_max = \"{MEMORY_MAX_MIB}MiB\"\n", ferry.read("jobs/environments/dev.toml"))
            .as_bytes(),
    );
    let mut command = Command::new("python3");
    command.args(["-c", MEASURED, env!("CARGO_BIN_EXE_nightferry"), "run", "jobs/things.toml", "--json"]);
    let came = Came::of(&command.current_dir(ferry.root()).output().expect("it starts"));
    let kib = came.err.lines().last().and_then(|line| line.parse::<u64>().ok()).expect("a number");
    (came, kib >> 10)
}

fn noise() -> String {
    (0..UNWANTED).map(|at| (b'a' + ((at * at * 31 + (at >> 7) * 17) % 26) as u8) as char).collect()
}

fn text(head: &str, line: impl Fn(i64, &str) -> String) -> Vec<u8> {
    let noise = noise();
    let lines = (0..ROWS).map(|row| line(row, &noise));
    std::iter::once(head.to_owned()).chain(lines).collect::<String>().into_bytes()
}

fn parquet() -> Vec<u8> {
    let properties =
        WriterProperties::builder().set_compression(Compression::UNCOMPRESSED).set_dictionary_enabled(false);
    let (noise, mut writer) = (noise(), None);
    for row in 0..ROWS {
        let id: ArrayRef = Arc::new(Int64Array::from(vec![row]));
        let [name, unwanted]: [ArrayRef; 2] =
            [format!("n{row}"), noise.clone()].map(|text| Arc::new(StringArray::from(vec![text])) as ArrayRef);
        let batch = RecordBatch::try_from_iter([("id", id), ("name", name), ("unwanted", unwanted)]).expect("a row");
        let writer = writer.get_or_insert_with(|| {
            ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties.clone().build())).expect("a writer")
        });
        writer.write(&batch).expect("written");
    }
    writer.expect("rows").into_inner().expect("closed")
}

#[test]
fn a_file_of_180_mb_is_read_in_the_memory_of_a_small_one() {
    let files: [(&str, Vec<u8>); 4] = [
        ("app.thing.csv", text("id,name,unwanted\n", |row, noise| format!("{row},n{row},{noise}\n"))),
        (
            "app.thing.jsonl",
            text("", |row, noise| format!("{{\"id\":{row},\"unwanted\":\"{noise}\",\"name\":\"n{row}\"}}\n")),
        ),
        ("app.thing.copy", text("id\tname\tunwanted\n", |row, noise| format!("{row}\tn{row}\t{noise}\n"))),
        ("app.thing.parquet", parquet()),
    ];
    let (came, small) = run("app.thing.csv", b"id,name,unwanted\n1,n1,x\n");
    assert_eq!(came.code, 0, "{}", came.err);
    for (file, bytes) in files {
        assert!(bytes.len() > 180_000_000, "{file}");
        let (came, large) = run(file, &bytes);
        assert_eq!(came.code, 0, "{file}: {}", came.err);
        let report: serde_json::Value = serde_json::from_str(&came.out).expect("a report");
        assert_eq!(report["datasets"][0]["rows_written"], ROWS, "{file}");
        assert!(large < small + MEMORY_MAX_MIB + IN_BETWEEN_MIB, "{file}: {large} MiB, and {small} MiB for one row");
    }
}
