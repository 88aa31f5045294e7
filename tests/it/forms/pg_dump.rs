//! Folders that real versions of pg_dump wrote.

use super::{Laid, Succeeds, agrees, copy_folder, project, published, refused, run};
use crate::ferry::Ferry;
use nightferry::format::pg_toc::{DumpedRows, read};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const SOURCE: &str = "pg_dump = { url = \"in\" }";

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/forms").join(name)
}

/// A project over a dump of the test's own database, by the server's own pg_dump.
fn dumped(laid: &Laid, options: &[&str]) -> Ferry {
    let ferry = project(SOURCE);
    laid.client("pg_dump").args(["-Fd", "-f"]).arg(ferry.path("in")).args(options).succeeds();
    ferry
}

/// A project over what pg_dump 16.2 wrote, not packed, with the file of `app.thing`.
fn plain() -> (Ferry, String) {
    let ferry = project(SOURCE);
    copy_folder(&fixture("pg_dump_16"), &ferry.path("in"));
    let file = file_of(&ferry, "thing");
    (ferry, format!("in/{file}"))
}

fn file_of(ferry: &Ferry, table: &str) -> String {
    let toc = read(&std::fs::read(ferry.path("in/toc.dat")).expect("contents")).expect("sound");
    let found = toc.tables.into_iter().find(|found| found.table == table).expect("it is there");
    let DumpedRows::Copied { file, .. } = found.rows else { panic!("no file") };
    file
}

#[test]
fn every_version_of_pg_dump_gives_what_the_server_holds() {
    let laid = Laid::new();
    let printed = laid.printed();
    assert_eq!(printed.len(), 5);
    for options in [&["-Z", "6"][..], &["-Z", "0"]] {
        let ferry = dumped(&laid, options);
        run(&ferry);
        agrees(&ferry, &printed, &options.join(" "));
    }
    // 15.18 with gzip on a clock of London, 16.2 not packed, 17.10 with zstd and with LZ4, 18.6 with gzip and statistics.
    for name in ["pg_dump_15", "pg_dump_16", "pg_dump_17", "pg_dump_17_lz4", "pg_dump_18"] {
        let ferry = project(SOURCE);
        copy_folder(&fixture(name), &ferry.path("in"));
        run(&ferry);
        agrees(&ferry, &printed, name);
    }
}

#[test]
fn the_contents_are_those_that_pg_restore_lists() {
    let laid = Laid::new();
    let ferry = dumped(&laid, &[]);
    let toc = read(&std::fs::read(ferry.path("in/toc.dat")).expect("contents")).expect("sound");
    let ours: BTreeSet<String> = toc
        .tables
        .iter()
        .filter_map(|table| match &table.rows {
            DumpedRows::Copied { file, .. } => Some(format!("{file} {} {}", table.schema, table.table)),
            _ => None,
        })
        .collect();
    let list = Command::new(Path::new(&crate::services::variable("NIGHTFERRY_PG_BIN")).join("pg_restore"))
        .arg("-l")
        .arg(ferry.path("in"))
        .env("TZ", "UTC")
        .succeeds();
    // `3360; 0 16400 TABLE DATA app empty owner`
    let theirs: BTreeSet<String> = list
        .lines()
        .filter_map(|line| {
            let (id, rest) = line.split_once(';')?;
            let names: Vec<&str> = rest.split_once("TABLE DATA ")?.1.split(' ').collect();
            Some(format!("{id}.dat {} {}", names[0], names[1]))
        })
        .collect();
    assert_eq!(ours, theirs);
    assert_eq!(ours.len(), 4);
    let report = run(&ferry);
    let source = &report["datasets"][0]["source"];
    let began = list.lines().find_map(|line| line.strip_prefix("; Archive created at ")).expect("a moment");
    let told = source["extracted_at"].as_str().expect("a moment").replace('T', " ").replace('Z', " UTC");
    assert_eq!(told.replace("+00:00", " UTC"), began);
    assert_eq!(source["snapshot"], Value::Null, "no dump tells its transactions");
    let version = &laid.psql("show server_version")[0];
    assert_eq!(toc.server_version.as_ref(), Some(version));
}

#[test]
fn a_table_whose_rows_are_in_its_heirs_too_is_refused_and_others_are_read() {
    let laid = Laid::new();
    laid.psql(
        "create table app.old (id bigint, note text); create table app.heir () inherits (app.old);
         create table app.bare (); create table app.made (one int generated always as (1) stored);
         insert into app.old values (1, 'a'); insert into app.heir values (2, 'b')",
    );
    let ferry = dumped(&laid, &["-Z", "0"]);
    let toc = read(&std::fs::read(ferry.path("in/toc.dat")).expect("contents")).expect("sound");
    let rows = |table: &str| toc.tables.iter().find(|found| found.table == table).map(|found| &found.rows);
    assert_eq!(rows("old"), Some(&DumpedRows::Divided));
    assert!(matches!(rows("heir"), Some(DumpedRows::Copied { columns, .. }) if columns == &["id", "note"]));
    for table in ["bare", "made"] {
        assert!(matches!(rows(table), Some(DumpedRows::Copied { columns, .. }) if columns.is_empty()), "{table}");
    }
    run(&ferry);
    agrees(&ferry, &laid.printed(), "beside heirs");
    ferry.edit("jobs/things.toml", "table = \"app.nothing\"", "table = \"app.heir\"");
    assert_eq!(ferry.run(&["run", "jobs/things.toml", "--again", "of an heir"]).code, 0);
    assert_eq!(published(&ferry, "nothing", "id,note"), [json!(["2", "b"])]);
    ferry.edit("jobs/things.toml", "table = \"app.heir\"", "table = \"app.old\"");
    let came = ferry.run(&["run", "jobs/things.toml", "--again", "of its parent"]);
    assert_eq!(came.code, 14, "{}", came.err);
    assert!(
        came.err.contains("all rows of the table app.old in one file") && came.err.contains("inherit"),
        "{}",
        came.err
    );
}

#[test]
fn the_moment_is_told_by_the_clock_of_the_zone_that_the_source_names() {
    let ferry = project("pg_dump = { url = \"in\", time_zone = \"America/New_York\" }");
    copy_folder(&fixture("pg_dump_17"), &ferry.path("in"));
    let elsewhere = run(&ferry)["datasets"][0]["source"]["extracted_at"].clone();
    let ferry = project(SOURCE);
    copy_folder(&fixture("pg_dump_17"), &ferry.path("in"));
    let utc = run(&ferry)["datasets"][0]["source"]["extracted_at"].clone();
    let moment = |text: &Value| chrono::DateTime::parse_from_rfc3339(text.as_str().expect("a text")).expect("a moment");
    assert_eq!((moment(&elsewhere) - moment(&utc)).num_hours(), 5, "25 November");
}

#[test]
fn sql_takes_partitions_together() {
    let laid = Laid::new();
    let ferry = dumped(&laid, &[]);
    let query = "select id, day, mwh from app.reading_21 union all select id, day, mwh from app.reading_22";
    ferry.write("jobs/sql/readings.sql", query.as_bytes());
    ferry.edit("jobs/things.toml", "table = \"app.thing\"", "query = \"jobs/sql/readings.sql\"");
    let columns = "id = { type = \"bigint\", class = \"open\" }\nday = { type = \"date\", class = \"open\" }\nmwh = { type = \"numeric(12,3)\", class = \"open\" }\n";
    let schema = format!("description = \"Things.\"\nkey = [\"id\"]\n\n[columns]\n{columns}");
    ferry.write("schemas/thing.toml", schema.as_bytes());
    run(&ferry);
    let seen = published(&ferry, "thing", "id,day,mwh");
    let rows = laid.psql("select json_build_array(id::text, day::text, mwh::text)::text from app.reading order by id");
    let printed: Vec<Value> = rows.iter().map(|row| serde_json::from_str(row).expect("JSON")).collect();
    assert_eq!(seen, printed);
    assert_eq!(seen.len(), 2);
}

#[test]
fn says_which_file_is_read() {
    let ferry = project(SOURCE);
    let plan = ferry.run(&["plan", "jobs/things.toml"]);
    assert_eq!(plan.code, 0, "{}", plan.err);
    for line in
        ["from      app (pg_dump's folder in, clock of UTC)", "read      the file that in/toc.dat names for app.thing"]
    {
        assert!(plan.out.contains(line), "{line}: {}", plan.out);
    }
    let plan = ferry.run(&["plan", "jobs/things.toml", "--json"]);
    let plan: Value = serde_json::from_str(&plan.out).expect("JSON");
    assert_eq!(plan["datasets"][0]["read"], "the file that in/toc.dat names for app.thing");
}

#[test]
fn refuses_a_dump_that_is_not_whole() {
    let (ferry, _) = plain();
    std::fs::remove_file(ferry.path("in/toc.dat")).expect("removed");
    refused(&ferry, "E-EXPORT-22", "toc.dat, which pg_dump -Fd writes last, is not there");

    let (ferry, file) = plain();
    std::fs::remove_file(ferry.path(&file)).expect("removed");
    refused(&ferry, "E-EXPORT-22", "the dump of table app.thing is not complete");

    let (ferry, file) = plain();
    std::fs::copy(ferry.path(&file), ferry.path(&format!("{file}.gz"))).expect("copied");
    refused(&ferry, "E-EXPORT-22", "is there in two compressions");

    // Cut behind a whole row: only the end mark shows it.
    let (ferry, file) = plain();
    let text = ferry.read(&file);
    let row = text.find('\n').expect("a row") + 1;
    ferry.write(&file, &text.as_bytes()[..row]);
    refused(&ferry, "E-INPUT-22", "ends before its end mark at row 1");

    let (ferry, file) = plain();
    ferry.write(&file, &text.as_bytes()[..row - 3]);
    refused(&ferry, "E-INPUT-22", "ends inside a row at row 0");

    for name in ["pg_dump_15", "pg_dump_17", "pg_dump_17_lz4"] {
        let ferry = project(SOURCE);
        copy_folder(&fixture(name), &ferry.path("in"));
        let file = file_of(&ferry, "thing");
        let packed = ferry.files("in").into_iter().find(|name| name.starts_with(&file)).expect("a file");
        let bytes = std::fs::read(ferry.path("in").join(&packed)).expect("a file");
        ferry.write(&format!("in/{packed}"), &bytes[..bytes.len() / 2]);
        refused(&ferry, "E-INPUT-22", &format!("app.thing in {packed} is damaged"));
    }
}

#[test]
fn refuses_contents_that_are_damaged_or_of_something_else() {
    let laid = Laid::new();
    let (ferry, _) = plain();
    let toc = std::fs::read(ferry.path("in/toc.dat")).expect("contents");
    ferry.write("in/toc.dat", &toc[..toc.len() / 2]);
    refused(&ferry, "E-INPUT-22", "toc.dat is damaged: ends inside an entry");

    let latin = dumped(&laid, &["-E", "LATIN1", "-t", "app.nothing"]);
    refused(&latin, "E-INPUT-22", "toc.dat is damaged: is of a dump in another encoding than UTF8");

    let archive = project(SOURCE);
    std::fs::create_dir(archive.path("in")).expect("made");
    laid.client("pg_dump").args(["-Fc", "-f"]).arg(archive.path("in/toc.dat")).succeeds();
    refused(&archive, "E-INPUT-22", "is of an archive in one file; hint: pg_dump --format=directory");

    let inserts = dumped(&laid, &["--inserts"]);
    refused(&inserts, "E-THERE-14", "was dumped as INSERT statements, is not there; dump it without --inserts");

    let other_clock = project("pg_dump = { url = \"in\", time_zone = \"Australia/Sydney\" }");
    copy_folder(&fixture("pg_dump_17"), &other_clock.path("in"));
    refused(&other_clock, "E-INPUT-22", "was begun by a clock of another zone than `time_zone` of the source says");
}

#[test]
fn refuses_rows_that_are_not_the_tables() {
    let (ferry, file) = plain();
    let text = ferry.read(&file);
    ferry.write(&file, text.replacen('\t', "", 1).as_bytes());
    refused(&ferry, "E-INPUT-22", "is damaged: has 18 cells where there are 19 columns at row 0");

    let (ferry, file) = plain();
    let mut bytes = text.clone().into_bytes();
    let end = bytes.len() - 8;
    bytes[end] = 0xff;
    ferry.write(&file, &bytes);
    refused(&ferry, "E-INPUT-22", "app.thing in");

    let (ferry, file) = plain();
    ferry.write(&file, &(0..=255).cycle().take(100_000).collect::<Vec<u8>>());
    refused(&ferry, "E-INPUT-22", "app.thing in");
}

#[test]
fn refuses_a_table_whose_rows_were_not_dumped() {
    let laid = Laid::new();
    let ferry = dumped(&laid, &["--exclude-table-data=app.thing"]);
    refused(&ferry, "E-THERE-14", "any row of the table app.thing, of which the dump holds only the definition,");
    let ferry = dumped(&laid, &["-T", "app.thing"]);
    refused(&ferry, "E-THERE-14", "the dump has app.nothing, app.reading_21, app.reading_22");
    let ferry = dumped(&laid, &[]);
    ferry.edit("jobs/things.toml", "table = \"app.thing\"", "table = \"app.reading\"");
    refused(&ferry, "E-THERE-14", "a partitioned table's rows are in its partitions");
}

#[test]
fn refuses_a_column_that_nobody_classified() {
    let (ferry, _) = plain();
    let schema = ferry.read("schemas/thing.toml");
    let without: Vec<&str> = schema.lines().filter(|line| !line.starts_with("raw = ")).collect();
    ferry.write("schemas/thing.toml", without.join("\n").as_bytes());
    refused(&ferry, "E-DRIFT-20", "nobody classified `raw`");
    assert_eq!(json!([]), json!(ferry.files("out/warehouse")), "no part stays");
}
