//! People who are to be forgotten, by the real binary: their rows are in no store, whatever column would have told of them, and a list
//! that is newer than a night stops it. The list is made by `tests/readers/forget.py`, which shares no code with ours.

use crate::ferry::{Came, Ferry};
use crate::readers::python;
use serde_json::{Value, json};

pub const SECRET: &str = "nightferry-test-key-not-a-secret";
const COLUMNS: &str = "mail = { type = \"text\", class = \"personal\", kind = \"email\", nullable = true, treat = { analytics = \"drop\" } }\n\
    amount = { type = \"integer\", class = \"open\" }";
/// The second row is bad, the third is of nobody who is known.
const ROWS: &str = "id,mail,amount\n1,Wren.Alder@Example.org ,10\n2,wren.alder@example.org,many\n3,rook@example.org,30\n4,,40\n5,WREN.ALDER@example.org,50\n";
const PEOPLE: [&str; 2] = ["email", "wren.alder@example.org"];
const JOB: [&str; 2] = ["run", "jobs/things.toml"];

fn project() -> Ferry {
    Ferry::of_one_file("app.thing.csv", ROWS.as_bytes(), COLUMNS, "bad_rows_max = 1\n")
}

/// Puts a version of the list into a project's security store.
pub fn forget(ferry: &Ferry, secret: &str, number: u64, stamp: &str, people: &[&str]) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/forget.py");
    let number_of = number.to_string();
    let list = python(&[&[script, secret, &number_of, stamp], people].concat());
    ferry.write(&format!("out/security/_suppress/{number:020}.json"), list.as_bytes());
}

fn ids(ferry: &Ferry, table: &str) -> Vec<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/rows.py");
    let seen = python(&[script, "id", ferry.path(table).to_str().expect("a path")]);
    let seen: Value = serde_json::from_str(&seen).expect("JSON");
    seen["rows"].as_array().expect("rows").iter().map(|row| row[0].as_str().expect("an id").to_owned()).collect()
}

fn manifests(ferry: &Ferry) -> Vec<Value> {
    let files = ferry.files("out/warehouse/thing");
    let manifests = files.iter().filter(|file| file.ends_with("_manifest.json"));
    manifests
        .map(|file| serde_json::from_str(&ferry.read(&format!("out/warehouse/thing/{file}"))).expect("JSON"))
        .collect()
}

fn ends(came: &Came, ending: &str, what: &str) {
    assert!(came.endings()[0].starts_with(ending) && came.endings()[0].contains(what), "{what}: {}", came.err);
    assert_eq!(came.code.to_string(), ending.rsplit('-').next().expect("a code"), "{}", came.err);
    let said = format!("{}{}", came.out, came.err).to_lowercase();
    assert!(!said.contains("wren") && !said.contains("rook"), "{said}");
}

#[test]
fn rows_of_people_who_are_to_be_forgotten_are_in_no_store() {
    let ferry = project();
    ferry.edit("jobs/things.toml", "[\"warehouse\"]", "[\"warehouse\", \"restricted\"]");
    forget(&ferry, SECRET, 0, "dev", &[]);
    forget(&ferry, SECRET, 1, "dev", &PEOPLE);
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    for store in ["warehouse", "restricted"] {
        assert_eq!(ids(&ferry, &format!("out/{store}/thing")), ["3", "4"], "{store}");
    }
    let thing = &report["datasets"][0];
    let counts = ["rows_read", "rows_written", "rows_bad", "rows_suppressed"].map(|name| thing[name].as_u64());
    assert_eq!(counts, [Some(5), Some(2), Some(1), Some(2)]);
    let numbers: Vec<_> = manifests(&ferry).iter().map(|manifest| manifest["suppression_list"].clone()).collect();
    assert_eq!(numbers, [json!(1)]);
    // The bad row is theirs as well: nobody may look at it.
    let aside: Vec<_> =
        ferry.files("out/restricted/quarantine").into_iter().filter(|file| file.ends_with("parquet")).collect();
    assert_eq!(aside, Vec::<String>::new());
}

#[test]
fn a_field_of_json_that_only_a_row_of_theirs_has_is_there() {
    let columns = "mail = { type = \"text\", class = \"personal\", kind = \"email\", treat = { analytics = \"drop\" } }\n\
        details = { type = \"jsonb\", class = \"personal\", treat = { analytics = { fields = { phone = { treat = \"label\" } } } } }";
    let rows = "{\"id\":1,\"mail\":\"wren.alder@example.org\",\"details\":{\"phone\":\"07700 900461\",\"consent\":true}}\n\
        {\"id\":2,\"mail\":\"rook@example.org\",\"details\":{}}\n";
    let ferry = Ferry::of_one_file("app.thing.jsonl", rows.as_bytes(), columns, "");
    forget(&ferry, SECRET, 0, "dev", &PEOPLE);
    let came = ferry.run(&JOB);
    assert_eq!(came.code, 0, "{}", came.err);
    assert_eq!(ids(&ferry, "out/warehouse/thing"), ["2"]);
}

#[test]
fn a_path_that_only_a_row_of_theirs_has_leaves_no_other_out_and_the_night_stops() {
    let columns = "mail = { type = \"text\", class = \"personal\", kind = \"email\", treat = { analytics = \"drop\" } }\n\
        details = { type = \"jsonb\", class = \"personal\", treat = { analytics = \"drop\" } }";
    // The source has renamed it, but for an old row.
    let rows = "{\"id\":1,\"mail\":\"wren.alder@example.org\",\"details\":{\"consent\":true}}\n\
        {\"id\":2,\"mail\":\"rook@example.org\",\"details\":{\"agreed\":false}}\n";
    let ferry = Ferry::of_one_file("app.thing.jsonl", rows.as_bytes(), columns, "");
    let suppress =
        "[suppress_rows]\nanalytics = [{ column = \"details\", path = \"consent\", is = [\"false\"] }]\n\n[columns]";
    ferry.edit("schemas/thing.toml", "[columns]", suppress);
    forget(&ferry, SECRET, 0, "dev", &PEOPLE);
    let came = ferry.run(&JOB);
    ends(&came, "E-PATH-23", "`consent` of `details` by which rows are left out");
    assert!(!ferry.is_published("out/warehouse/thing"));
}

#[test]
fn where_all_rows_are_theirs_the_list_is_named_and_not_the_source() {
    let row = "id,mail,amount\n1,wren.alder@example.org,10\n";
    let ferry = Ferry::of_one_file("app.thing.csv", row.as_bytes(), COLUMNS, "");
    forget(&ferry, SECRET, 0, "dev", &PEOPLE);
    let came = ferry.run(&JOB);
    ends(&came, "E-KEY-22", "the suppression list leaves every row out of store `warehouse` (analytics)");
    assert!(!came.err.contains("mend the source"), "{}", came.err);
}

#[test]
fn a_list_without_the_person_changes_no_row() {
    let ferry = project();
    forget(&ferry, SECRET, 0, "dev", &["email", "somebody.else@example.org", "login", PEOPLE[1]]);
    assert_eq!(ferry.run(&JOB).code, 0);
    assert_eq!(ids(&ferry, "out/warehouse/thing"), ["1", "3", "4", "5"]);
}

/// Runs the night, which waits at `place` until `meanwhile` is done.
fn while_it_waits(ferry: &Ferry, place: &str, meanwhile: impl FnOnce()) -> Came {
    let paused = ferry.path("paused");
    let mut command = ferry.command(&JOB);
    let child = command.env("NIGHTFERRY_PAUSE", format!("{place}:{}", paused.display()));
    let child =
        child.stderr(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().expect("starts");
    let began = std::time::Instant::now();
    while !paused.exists() {
        assert!(began.elapsed().as_secs() < 30, "the night never came to {place}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    meanwhile();
    std::fs::remove_file(&paused).expect("goes on");
    Came::of(&child.wait_with_output().expect("ends"))
}

/// Files of rows in a store.
fn rows_in(ferry: &Ferry, store: &str) -> Vec<String> {
    let files = ferry.files(&format!("out/{store}"));
    files.into_iter().filter(|file| file.ends_with("parquet")).map(|file| format!("out/{store}/{file}")).collect()
}

#[test]
fn a_list_that_comes_between_the_extract_and_the_record_ends_the_night_with_73() {
    let ferry = project();
    forget(&ferry, SECRET, 0, "dev", &[]);
    // The bad row is filed by now, by a list that names nobody.
    let came = while_it_waits(&ferry, "store.put.filed:after", || {
        assert_eq!((rows_in(&ferry, "warehouse").len(), rows_in(&ferry, "restricted").len()), (1, 1));
        forget(&ferry, SECRET, 1, "dev", &PEOPLE);
    });
    ends(&came, "E-FORGET-73", "newer suppression list");
    let told = came.endings()[0].to_owned();
    assert!(told.contains("retryable=true") && told.contains("the parts were deleted"), "{}", came.err);
    assert!(!ferry.is_published("out/warehouse/thing"));
    assert_eq!(rows_in(&ferry, "warehouse"), Vec::<String>::new(), "what was staged is gone");
    assert_eq!(rows_in(&ferry, "restricted"), Vec::<String>::new(), "and what was put aside");
    let reports = ferry.files("out/security/reports");
    let report = reports.iter().find(|file| file.ends_with(".json")).expect("a report");
    let report: Value = serde_json::from_str(&ferry.read(&format!("out/security/reports/{report}"))).expect("JSON");
    assert_eq!(report["datasets"][0]["quarantine_at"], Value::Null, "the report leads nobody there");
    assert_eq!(ferry.run(&JOB).code, 0);
    assert_eq!(ids(&ferry, "out/warehouse/thing"), ["3", "4"]);
}

#[test]
fn what_a_newer_list_outran_and_cannot_be_deleted_is_told() {
    let ferry = project();
    forget(&ferry, SECRET, 0, "dev", &[]);
    let came = while_it_waits(&ferry, "store.put.manifest:after", || {
        // A folder in its place is what a local store does not delete.
        let file = rows_in(&ferry, "restricted").remove(0);
        std::fs::remove_file(ferry.path(&file)).expect("removed");
        ferry.write(&format!("{file}/in-the-way"), b"");
        forget(&ferry, SECRET, 1, "dev", &PEOPLE);
    });
    ends(&came, "E-FORGET-73", "could not be deleted, and are to be by hand: `quarantine/thing/run=");
    let told = came.endings()[0].to_owned();
    assert!(told.contains("some could not be deleted") && !told.contains("were deleted"), "{}", came.err);
    assert_eq!(rows_in(&ferry, "warehouse"), Vec::<String>::new(), "what could be deleted is");
}

#[test]
fn a_list_that_could_not_be_gone_by_stops_the_night() {
    let list = |ferry: &Ferry, edit: &dyn Fn(String) -> String| {
        let path = "out/security/_suppress/00000000000000000000.json";
        forget(ferry, SECRET, 0, "dev", &PEOPLE);
        let edited = edit(ferry.read(path));
        ferry.write(path, edited.as_bytes());
    };
    let ferry = project();
    forget(&ferry, "another-secret-of-thirty-two-bytes", 0, "dev", &PEOPLE);
    ends(&ferry.run(&JOB), "E-ENV-11", "another `tokens` secret");
    forget(&ferry, SECRET, 0, "prod", &PEOPLE);
    ends(&ferry.run(&JOB), "E-STAMP-14", "the suppression list");
    list(&ferry, &|text| text.replace("\"ground\"", "\"unless\": \"x\", \"ground\""));
    ends(&ferry.run(&JOB), "E-SUM-42", "it is no suppression list");
    list(&ferry, &|text| text.replace("\"number\": 0", "\"number\": 7"));
    ends(&ferry.run(&JOB), "E-SUM-42", "another version");
    list(&ferry, &|text| text.replacen("\"hmac\": \"", "\"hmac\": \"zz", 1));
    ends(&ferry.run(&JOB), "E-SUM-42", "64 hex digits");
    assert!(!ferry.is_published("out/warehouse/thing"));
    list(&ferry, &|text| text);
    assert_eq!(ferry.run(&JOB).code, 0);
}

#[test]
fn a_list_that_vanished_or_came_back_older_brings_nobody_back() {
    let ferry = project();
    let run = |day: &str| ferry.run(&[JOB[0], JOB[1], "--date", day]);
    forget(&ferry, SECRET, 0, "dev", &[]);
    forget(&ferry, SECRET, 1, "dev", &PEOPLE);
    assert_eq!(run("2026-11-20").code, 0);
    let lists = [0, 1].map(|number: u64| ferry.path(&format!("out/security/_suppress/{number:020}.json")));
    let newest = std::fs::read(&lists[1]).expect("a list");
    for list in lists.iter().rev() {
        std::fs::remove_file(list).expect("gone");
        ends(&run("2026-11-21"), "E-SUM-42", "older than the one that a table went by");
        assert_eq!(ids(&ferry, "out/warehouse/thing"), ["3", "4"]);
    }
    std::fs::write(&lists[1], newest).expect("back");
    assert_eq!(run("2026-11-21").code, 0);
    assert_eq!(ids(&ferry, "out/warehouse/thing"), ["3", "4"]);
}

#[test]
fn what_cannot_leave_rows_out_is_refused_once_somebody_is_to_be_forgotten() {
    let ferry = project();
    forget(&ferry, SECRET, 0, "dev", &PEOPLE);
    ferry.edit("schemas/thing.toml", "amount = {", "seen = { type = \"timestamptz\", class = \"open\" }\namount = {");
    ferry.write("in/app.thing.csv", b"id,mail,seen,amount\n1,wren.alder@example.org,2026-11-20T00:00:00Z,10\n");
    ferry.edit("jobs/things.toml", "bad_rows_max = 1\n", "");
    ferry.edit(
        "jobs/things.toml",
        "write = \"replace\"",
        "write = \"merge\"\nmerge = { watermark = \"seen\", lag = \"1h\", deleted = \"remove\" }",
    );
    ends(&ferry.run(&JOB), "E-FORGET-10", "dataset=thing");
    assert!(!ferry.is_published("out/warehouse/thing"));
}

#[test]
fn nobody_goes_back_to_a_version_from_before_the_list() {
    let ferry = project();
    let run = |day: &str| ferry.run(&[JOB[0], JOB[1], "--date", day]).code;
    assert_eq!((run("2026-11-20"), run("2026-11-21")), (0, 0));
    let back = |to: &str| ferry.run(&["table", "rollback", "warehouse/thing", "--to", to, "--reason", "a test"]);
    assert_eq!(back("0").code, 0);
    forget(&ferry, SECRET, 0, "dev", &PEOPLE);
    assert_eq!(run("2026-11-22"), 0);
    ends(&back("1"), "E-BACK-23", "made before the newest suppression list");
    assert_eq!(ids(&ferry, "out/warehouse/thing"), ["3", "4"]);
}
