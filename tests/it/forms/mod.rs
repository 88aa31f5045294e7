//! The other forms of extract - pg_dump's folders, COPY text, RDS snapshot exports - against what the server itself prints
//! of `fixtures/forms/tables.sql`.

mod copy;
mod pg_dump;
mod rds_export;

use crate::ferry::{Came, Ferry};
use crate::readers::python;
use crate::services::variable;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A column: its name in the warehouse and at the source, its type, and how the server prints it as `print_rows.py` does.
const COLUMNS: [(&str, &str, &str, &str); 19] = [
    ("id", "id", "bigint", "id::text"),
    ("small", "small", "smallint", "small::text"),
    ("whole", "whole", "integer", "whole::text"),
    ("amount", "amount", "numeric(14,2)", "amount::text"),
    ("wide", "wide", "numeric(38,0)", "wide::text"),
    ("share", "share", "double precision", "share::text"),
    ("rate", "rate", "real", "rate::text"),
    ("holds", "holds", "boolean", "holds::text"),
    ("note", "Note, of \"it\"", "text", "\"Note, of \"\"it\"\"\""),
    ("word", "word", "varchar(40)", "word"),
    ("code", "code", "char(4)", "code::text"),
    ("tag", "tag", "uuid", "tag::text"),
    ("day", "day", "date", "to_char(day, 'YYYY-MM-DD')"),
    ("clock", "clock", "time", "to_char(clock, 'HH24:MI:SS.US')"),
    ("local_at", "local_at", "timestamp", "to_char(local_at, 'YYYY-MM-DD HH24:MI:SS.US')"),
    ("at", "at", "timestamptz", "to_char(at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"),
    ("raw", "raw", "bytea", "encode(raw, 'hex')"),
    ("doc", "doc", "json", "doc::text"),
    ("docb", "docb", "jsonb", "docb::text"),
];

/// A database of this test's own with the tables in it; it goes when this does.
struct Laid {
    database: String,
}

impl Laid {
    fn new() -> Self {
        let laid = Laid { database: format!("forms_{}", uuid::Uuid::now_v7().simple()) };
        client("psql", "postgres").args(["-qc", &format!("create database {}", laid.database)]).succeeds();
        let tables = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/forms/tables.sql");
        laid.client("psql").args(["-qv", "ON_ERROR_STOP=1", "-f"]).arg(tables).succeeds();
        laid
    }

    /// A program of PostgreSQL's, at the database.
    fn client(&self, program: &str) -> Command {
        client(program, &self.database)
    }

    /// What the server answers, a line a row.
    fn psql(&self, sql: &str) -> Vec<String> {
        let out = self.client("psql").args(["-qAtc", sql]).env("PGTZ", "UTC").succeeds();
        out.lines().map(str::to_owned).collect()
    }

    /// The rows of the table with every type, as JSON arrays of the server's texts, ordered by id.
    fn printed(&self) -> Vec<Value> {
        let prints = COLUMNS.map(|(_, _, _, print)| print).join(", ");
        let rows = self.psql(&format!("select json_build_array({prints})::text from app.thing order by id"));
        rows.iter().map(|row| serde_json::from_str(row).expect("JSON")).collect()
    }
}

impl Drop for Laid {
    fn drop(&mut self) {
        let drop = format!("drop database if exists {} with (force)", self.database);
        // Servers live no longer than the tests, so it may fail.
        let _ = client("psql", "postgres").args(["-qc", &drop]).output();
    }
}

/// A program of PostgreSQL's, at a database of the tests' server.
fn client(program: &str, database: &str) -> Command {
    let mut command = Command::new(PathBuf::from(variable("NIGHTFERRY_PG_BIN")).join(program));
    command.env("PGSSLMODE", "verify-full").env("PGSSLROOTCERT", variable("NIGHTFERRY_PG_CA")).env("TZ", "UTC");
    command.args(["-d", &format!("{}/{database}", variable("NIGHTFERRY_PG_ADMIN_URL"))]).stdin(Stdio::null());
    command
}

trait Succeeds {
    /// Its output, once it ended well.
    fn succeeds(&mut self) -> String;
}

impl Succeeds for Command {
    fn succeeds(&mut self) -> String {
        let came = Came::of(&self.output().expect("the program starts"));
        assert_eq!(came.code, 0, "{}", came.err);
        came.out
    }
}

/// A project over a source: `thing` with a column of every type and `nothing`, which has no rows.
fn project(source: &str) -> Ferry {
    let ferry = Ferry::empty();
    let dataset = |name: &str, more: &str| {
        format!(
            "\n[dataset.{name}]\nfrom = \"app\"\ntable = \"app.{name}\"\nschema = \"{name}\"\nto = [\"warehouse\"]\n{more}"
        )
    };
    let head = "name = \"things\"\ndescription = \"Things.\"\nowner = \"Tests\"\n";
    let job = [head, &dataset("thing", ""), &dataset("nothing", "allow_empty = true\n")].concat();
    ferry.write("jobs/things.toml", job.as_bytes());
    let column = |(name, at_source, of, _): (&str, &str, &str, &str)| {
        let nullable = if name == "id" { "" } else { ", nullable = true" };
        format!("{name} = {{ type = \"{of}\", class = \"open\", source = ['{at_source}', \"{name}\"]{nullable} }}\n")
    };
    let schema = |columns: String| format!("description = \"Things.\"\nkey = [\"id\"]\n\n[columns]\n{columns}");
    ferry.write("schemas/thing.toml", schema(COLUMNS.map(column).concat()).as_bytes());
    let of_nothing =
        "id = { type = \"bigint\", class = \"open\" }\nnote = { type = \"text\", class = \"open\", nullable = true }\n";
    ferry.write("schemas/nothing.toml", schema(of_nothing.to_owned()).as_bytes());
    let environment = format!(
        "stamp = \"dev\"\n\n[source.app]\n{source}\n\n\
         [store.warehouse]\nurl = \"out/warehouse\"\naudience = \"analytics\"\n\n\
         [store.restricted]\nurl = \"out/restricted\"\naudience = \"restricted\"\n\n\
         [store.security]\nurl = \"out/security\"\naudience = \"security\"\n\n[secrets]\ntokens = {{ test_key = true }}\n"
    );
    ferry.write("jobs/environments/dev.toml", environment.as_bytes());
    ferry
}

/// Runs the job; gives its report.
fn run(ferry: &Ferry) -> Value {
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    report
}

/// The rows of a published table as another reader sees them, in the columns' order.
fn published(ferry: &Ferry, table: &str, columns: &str) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers/print_rows.py");
    let table = ferry.path(&format!("out/warehouse/{table}"));
    let out = python(&[&script.to_string_lossy(), &table.to_string_lossy(), columns]);
    out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// What was published of both tables is what the server printed.
fn agrees(ferry: &Ferry, printed: &[Value], label: &str) {
    let seen = published(ferry, "thing", &COLUMNS.map(|(name, ..)| name).join(","));
    for (seen, printed) in seen.iter().zip(printed) {
        for (index, (name, ..)) in COLUMNS.iter().enumerate() {
            assert_eq!(seen[index], printed[index], "{label}: {name} of row {}", printed[0]);
        }
    }
    assert_eq!(seen.len(), printed.len(), "{label}");
    assert_eq!(published(ferry, "nothing", "id,note"), Vec::<Value>::new(), "{label}");
}

/// The job ends in one line that starts with `id` and holds `told`; nothing of it is published, and no value is told.
fn refused(ferry: &Ferry, id: &str, told: &str) -> String {
    let came = ferry.run(&["run", "jobs/things.toml"]);
    let line = came.endings().into_iter().find(|line| line.starts_with(id) && line.contains(told)).map(str::to_owned);
    assert!(!came.err.contains("panicked") && !came.err.contains("quoted"), "{}", came.err);
    assert_eq!(came.code.to_string(), id.rsplit('-').next().unwrap_or_default(), "{}", came.err);
    assert!(!ferry.is_published("out/warehouse/thing"), "{id} `{told}`");
    line.unwrap_or_else(|| panic!("{id} `{told}`: {}", came.err))
}

/// Copies a folder of files and folders.
fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_folder(&path, &to);
        } else {
            std::fs::copy(path, to).expect("copied");
        }
    }
}
