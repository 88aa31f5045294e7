//! `nightferry table`: a published table between its nights, by the real binary, over folders and over S3 and Azure.

use crate::ferry::{Came, Ferry};
use crate::readers::python;
use crate::services::{BUCKET, CONTAINER, variable};
use serde_json::Value;

const ENVIRONMENT: &str = "jobs/environments/dev.toml";
const JOB: &str = "jobs/things.toml";
/// Where nobody listens.
const NOBODY: &str = "http://127.0.0.1:1";

/// Things, each with an amount, in two folders that stand for two clouds; a night of each of `nights`.
fn published(nights: &[&str]) -> Ferry {
    let ferry = things();
    ferry.edit(ENVIRONMENT, "url = \"out/warehouse\"", "url = \"out/warehouse\"\nsecond = \"out/second\"");
    for (day, rows) in (20..).zip(nights) {
        night(&ferry, day, rows);
    }
    ferry
}

fn things() -> Ferry {
    let amount = "amount = { type = \"integer\", class = \"open\" }";
    Ferry::of_one_file("app.thing.csv", b"id,amount\n1,10\n", amount, "")
}

fn night(ferry: &Ferry, day: u32, rows: &str) {
    ferry.write("in/app.thing.csv", format!("id,amount\n{rows}").as_bytes());
    let came = ferry.run(&["run", JOB, "--date", &format!("2026-11-{day}")]);
    assert_eq!(came.code, 0, "{}", came.err);
}

/// The same in an S3 bucket and an Azure container.
fn in_both_clouds() -> (Ferry, [String; 2]) {
    let ferry = things();
    let own = uuid::Uuid::now_v7();
    let clouds = [format!("s3://{BUCKET}/{own}"), format!("az://{CONTAINER}/{own}")];
    let (s3, azure) = (variable("NIGHTFERRY_S3_ENDPOINT"), variable("NIGHTFERRY_AZURE_ENDPOINT"));
    let store = format!(
        "url = \"{}\"\nregion = \"eu-west-2\"\nendpoint = \"{s3}\"\nsecond = \"{}\"\nsecond_endpoint = \"{azure}\"",
        clouds[0], clouds[1]
    );
    ferry.edit(ENVIRONMENT, "url = \"out/warehouse\"", &store);
    (ferry, clouds)
}

fn table(ferry: &Ferry, line: &str) -> Came {
    ferry.run(&[&["table"], line.split(' ').collect::<Vec<_>>().as_slice()].concat())
}

fn told(ferry: &Ferry, line: &str, code: i32) -> Value {
    let came = table(ferry, &format!("{line} --json"));
    assert_eq!(came.code, code, "{line}: {}{}", came.out, came.err);
    serde_json::from_str(&came.out).unwrap_or_else(|_| panic!("{line}: {}", came.out))
}

/// The verb ends with `ending`, and the line that says so holds `what`.
fn ends(came: &Came, ending: &str, what: &str) {
    assert!(ending.ends_with(&format!("-{}", came.code)), "{} {}", came.code, came.err);
    let line = came.endings().into_iter().find(|line| line.starts_with(ending));
    let line = line.unwrap_or_else(|| panic!("{ending} in {}", came.err));
    assert!(line.contains(what), "{what} in {line}");
}

/// The one part of a night's run, below `out/<cloud>/thing`.
fn part(ferry: &Ferry, cloud: &str, version: usize) -> String {
    let versions = told(ferry, "versions warehouse/thing", 0);
    let run = versions["versions"][version]["run"].as_str().expect("a run").to_owned();
    let files = ferry.files(&format!("out/{cloud}/thing/run={run}"));
    let file = files.iter().find(|file| file.ends_with(".parquet")).expect("a part");
    format!("out/{cloud}/thing/run={run}/{file}")
}

fn flip(ferry: &Ferry, file: &str) {
    let mut bytes = std::fs::read(ferry.path(file)).expect("a file");
    let place = bytes.len() / 2;
    bytes[place] ^= 4;
    ferry.write(file, &bytes);
}

#[test]
fn versions_say_when_by_whom_for_which_days_and_how_many_rows() {
    let ferry = published(&["1,10\n", "1,10\n2,20\n"]);
    let versions = &told(&ferry, "versions warehouse/thing", 0)["versions"];
    assert_eq!(versions.as_array().map(Vec::len), Some(2));
    assert_eq!((&versions[1]["rows"], &versions[1]["files"]), (&2.into(), &1.into()));
    assert_eq!((&versions[1]["period"], &versions[1]["job"]), (&"2026-11-21".into(), &"things".into()));
    let face = table(&ferry, "versions warehouse/thing").out;
    assert!(face.contains("2026-11-20") && face.contains("NOT_COMPARED"), "{face}");
}

#[test]
fn usage_that_makes_no_sense_ends_with_2() {
    let ferry = published(&["1,10\n"]);
    for (line, what) in [
        ("versions thing", "STORE/TABLE"),
        ("verify ../warehouse/thing", "STORE/TABLE"),
        ("versions warehouse/../thing", "STORE/TABLE"),
        ("compare warehouse/_delta_log", "STORE/TABLE"),
        ("gc warehouse/thing --keep-days 6", "`--keep-days` is 7 at least"),
        ("gc warehouse/thing --keep-days 100000000", "`--keep-days` is 36500 at most"),
        ("failover warehouse --epoch 0 --reason x", "`--epoch` is 1 at least"),
    ] {
        ends(&table(&ferry, line), "E-TABLE-2", what);
    }
    for (line, what) in [
        ("versions elsewhere/thing", "there is no store `elsewhere`; hint: `dev` has"),
        ("versions warehouse/unit", "table `unit` has no version in store `warehouse`"),
        ("gc warehouse/unit", "a version of table `unit`"),
        ("compare restricted/thing", "store `restricted` has no second cloud"),
    ] {
        ends(&table(&ferry, line), "E-THERE-14", what);
    }
    assert_eq!(table(&ferry, "rollback warehouse/thing --to 0").code, 2, "nobody goes back without a reason");
}

#[test]
fn an_object_that_is_not_what_was_written_ends_with_42() {
    let ferry = published(&["1,10\n", "1,10\n2,20\n"]);
    let seen = told(&ferry, "verify warehouse/thing", 0);
    assert_eq!((&seen["findings"], &seen["rows"], &seen["objects"]), (&Value::Array(vec![]), &3.into(), &4.into()));
    let part = part(&ferry, "warehouse", 0);
    flip(&ferry, &part);
    let came = table(&ferry, "verify warehouse/thing");
    ends(&came, "E-TABLE-42", "1 object of table `thing` in store `warehouse`");
    let seen = told(&ferry, "verify warehouse/thing", 42);
    assert_eq!((&seen["findings"][0]["fault"], &seen["findings"][0]["version"]), (&"sha256".into(), &0.into()));
    flip(&ferry, &part);
    assert_eq!(table(&ferry, "verify warehouse/thing").code, 0);
    // The log says something else than the job's record: by the same bytes nothing else would show it.
    let entry = "out/warehouse/thing/_delta_log/00000000000000000001.json";
    ferry.edit(entry, "\"nightferry.verdict\":\"NOT_COMPARED\"", "\"nightferry.verdict\":\"MATCH\"");
    let seen = told(&ferry, "verify warehouse/thing", 42);
    assert_eq!(seen["findings"][0]["fault"], "record");
}

#[test]
fn a_night_that_is_decided_and_not_in_the_log_yet_is_nothing_wrong() {
    let ferry = published(&["1,10\n", "1,10\n2,20\n"]);
    // What a kill between the record and the log leaves.
    std::fs::remove_file(ferry.path("out/warehouse/thing/_delta_log/00000000000000000001.json")).expect("removed");
    let seen = told(&ferry, "verify warehouse/thing", 0);
    assert_eq!((&seen["begun"], &seen["versions"], &seen["findings"]), (&1.into(), &1.into(), &Value::Array(vec![])));
    let came = table(&ferry, "verify warehouse/thing");
    assert!(came.out.contains("the next run of its job completes it"), "{}", came.out);
    std::fs::remove_file(ferry.path("out/warehouse/thing/_delta_log/00000000000000000000.json")).expect("removed");
    assert_ne!(table(&ferry, "verify warehouse/thing").code, 0, "the log has lost more than the night that comes next");
}

#[test]
fn clouds_that_differ_end_with_41() {
    let ferry = published(&["1,10\n", "1,10\n2,20\n"]);
    for of in ["warehouse/thing", "warehouse/nightferry_runs"] {
        let seen = told(&ferry, &format!("compare {of}"), 0);
        assert_eq!((&seen["versions"], &seen["differences"]), (&2.into(), &Value::Array(vec![])));
    }
    let part = part(&ferry, "second", 1);
    flip(&ferry, &part);
    ends(&table(&ferry, "compare warehouse/thing"), "E-CLOUDS-41", "the clouds of store `warehouse` differ in 1 ways");
    let seen = told(&ferry, "compare warehouse/thing", 41);
    assert_eq!(
        (&seen["differences"][0]["side"], &seen["differences"][0]["fault"]),
        (&"second".into(), &"sha256".into())
    );
}

#[test]
fn a_second_cloud_that_is_behind_ends_with_72() {
    let ferry = published(&["1,10\n"]);
    let entry = "out/second/thing/_delta_log/00000000000000000000.json";
    std::fs::remove_file(ferry.path(entry)).expect("removed");
    ends(&table(&ferry, "compare warehouse/thing"), "E-BEHIND-72", "lacks 1 version of `thing`");
    night(&ferry, 21, "1,11\n");
    assert_eq!(table(&ferry, "compare warehouse/thing").code, 0, "the next run carried it");
}

#[test]
fn a_version_that_was_gone_back_to_is_read_by_others_and_the_nights_stand() {
    let ferry = published(&["1,10\n", "1,10\n2,20\n", "1,1\n2,2\n3,3\n"]);
    let went = told(&ferry, "rollback warehouse/thing --to 1 --reason wrong", 0);
    assert_eq!((&went["version"], &went["outcome"], &went["back_to"]), (&3.into(), &"published".into(), &1.into()));
    for cloud in ["warehouse", "second"] {
        let path = ferry.path(&format!("out/{cloud}/thing"));
        let seen = python(&[
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/versions.py"),
            &path.to_string_lossy(),
            "amount",
        ]);
        assert_eq!(seen.lines().collect::<Vec<_>>(), ["0 1 10", "1 2 30", "2 3 6", "3 2 30"], "{cloud}");
    }
    for verb in ["verify", "compare"] {
        assert_eq!(table(&ferry, &format!("{verb} warehouse/thing")).code, 0);
    }
    let record = ferry.read("out/security/_jobs/things/00000000000000000003.json");
    assert!(record.contains("\"reason\": \"wrong\"") && record.contains("\"back_to\": 1"), "{record}");
    let (came, report) = ferry.report(&[JOB, "--date", "2026-11-22"]);
    assert_eq!((came.code, &report["outcome"]), (0, &"already_published".into()));
    assert_eq!(told(&ferry, "rollback warehouse/thing --to 1 --reason wrong", 0)["outcome"], "already_published");
    ends(&table(&ferry, "rollback warehouse/thing --to 9 --reason x"), "E-THERE-14", "version 9 of table `thing`");
    let runs = table(&ferry, "rollback warehouse/nightferry_runs --to 0 --reason x");
    ends(&runs, "E-STAMP-14", "nightferry itself, which only adds to it");
    night(&ferry, 23, "7,70\n");
    assert_eq!(told(&ferry, "versions warehouse/thing", 0)["versions"][4]["rows"], 1);
}

#[test]
fn nobody_goes_back_to_what_is_treated_since() {
    let (schema, ferry) = ("schemas/thing.toml", published(&["1,10\n", "1,10\n2,20\n"]));
    let open = ferry.read(schema);
    // It became personal: the nights since leave it out, and the versions before have it.
    ferry.edit(schema, "class = \"open\"", "class = \"personal\"");
    night(&ferry, 22, "1,10\n2,20\n3,30\n");
    let before = ferry.files("out");
    let came = table(&ferry, "rollback warehouse/thing --to 0 --reason wrong");
    ends(&came, "E-BACK-23", "version 0 of table `thing` in store `warehouse` has column `amount`");
    assert_eq!(ferry.files("out"), before, "nothing was written");
    // Another word in the schema, which changes no treatment: every column that the version has is shown today.
    ferry.write(schema, open.replace("Things.", "Things, again.").as_bytes());
    assert_eq!(told(&ferry, "rollback warehouse/thing --to 0 --reason wrong", 0)["version"], 3);
    let left_out = "[suppress_rows]\nanalytics = [{ column = \"amount\", from = \"20\" }]\n\n[columns]";
    ferry.write(schema, open.replace("[columns]", left_out).as_bytes());
    let came = table(&ferry, "rollback warehouse/thing --to 1 --reason wrong");
    ends(&came, "E-BACK-23", "today's leaves rows out or limits the risk");
    let [outside, inside] =
        ["audience = \"analytics\"\nboundary = \"external\"", "audience = \"restricted\"\nboundary = \"internal\""];
    ferry.edit(ENVIRONMENT, outside, inside);
    let came = table(&ferry, "rollback warehouse/thing --to 1 --reason wrong");
    ends(&came, "E-BACK-23", "was made for the audience `analytics`");
    ferry.edit(ENVIRONMENT, inside, outside);
    // A column that is gone from the schema is nobody's to show.
    ferry.write(schema, open.replace("amount", "sum").as_bytes());
    ends(&table(&ferry, "rollback warehouse/thing --to 1 --reason wrong"), "E-BACK-23", "column `amount`");
    ferry
        .write("jobs/things.toml", ferry.read("jobs/things.toml").replace("dataset.thing", "dataset.other").as_bytes());
    let came = table(&ferry, "rollback warehouse/thing --to 1 --reason wrong");
    ends(&came, "E-THERE-14", "job `things` publishes no `thing` to `warehouse` today");
}

#[test]
fn a_failover_takes_one_step_in_clouds_that_are_this_environments() {
    let ferry = published(&["1,10\n"]);
    let far = table(&ferry, "failover warehouse --epoch 2 --reason away --apply");
    ends(&far, "E-TABLE-2", "`--epoch` is 1, the one that comes next");
    let stamp = ferry.read("out/second/_nightferry/stamp.json");
    ferry.write("out/second/_nightferry/stamp.json", stamp.replace("dev", "prod").as_bytes());
    let others = table(&ferry, "failover warehouse --epoch 1 --reason away --apply");
    ends(&others, "E-STAMP-14", "prod");
    std::fs::remove_file(ferry.path("out/second/_nightferry/stamp.json")).expect("removed");
    let empty = table(&ferry, "failover warehouse --epoch 1 --reason away --apply");
    ends(&empty, "E-THERE-14", "the second cloud of store `warehouse` was never written to");
    assert!(
        !ferry.path("out/second/_nightferry/epochs").exists()
            && !ferry.path("out/warehouse/_nightferry/epochs").exists()
    );
}

#[test]
fn nothing_is_collected_that_is_young_and_nothing_is_written_without_apply() {
    let ferry = published(&["1,10\n", "1,10\n2,20\n"]);
    let before = ferry.files("out");
    for line in ["gc warehouse/thing", "gc warehouse/thing --apply", "gc warehouse/thing --keep-days 7 --apply"] {
        let seen = told(&ferry, line, 0);
        assert_eq!(seen["clouds"].as_array().map(Vec::len), Some(2));
        for cloud in seen["clouds"].as_array().expect("clouds") {
            let none = Value::Array(vec![]);
            assert_eq!((&cloud["marked"], &cloud["deleted"]), (&none, &none), "{line}");
        }
    }
    assert_eq!(ferry.files("out"), before);
    // What a killed run left a year ago.
    let orphan = "out/warehouse/thing/run=gone/part-00000-00000000.parquet";
    ferry.write(orphan, b"left behind");
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(365 * 86_400);
    std::fs::File::options().write(true).open(ferry.path(orphan)).expect("it").set_modified(old).expect("aged");
    assert_eq!(told(&ferry, "gc warehouse/thing", 0)["clouds"][0]["marked"][0], orphan["out/warehouse/thing/".len()..]);
    assert_eq!(ferry.files("out").len(), before.len() + 1, "no list was written");
    told(&ferry, "gc warehouse/thing --apply", 0);
    assert_eq!(told(&ferry, "gc warehouse/thing --apply", 0)["clouds"][0]["waiting"], 1);
    assert!(ferry.path(orphan).exists(), "not before a day is over");
}

#[test]
fn whoever_a_failover_has_overtaken_is_refused_with_12() {
    let ferry = published(&["1,10\n"]);
    let dry = told(&ferry, "failover warehouse --epoch 1 --reason away", 0);
    assert_eq!((&dry["applied"], &dry["clouds"][0]["epoch"]), (&false.into(), &0.into()));
    night(&ferry, 21, "1,11\n");
    let raised = told(&ferry, "failover warehouse --epoch 1 --reason away --apply", 0);
    assert_eq!((&raised["clouds"][0]["epoch"], &raised["clouds"][1]["epoch"]), (&1.into(), &1.into()));
    for line in [format!("run {JOB} --date 2026-11-22"), "table rollback warehouse/thing --to 0 --reason x".into()] {
        let came = ferry.run(&line.split(' ').collect::<Vec<_>>());
        ends(&came, "E-EPOCH-12", "store `warehouse` is in epoch 1, and this environment writes in epoch 0");
    }
    ends(&table(&ferry, "gc warehouse/thing --apply"), "E-EPOCH-12", "epoch 1");
    // The other cloud is the first now.
    ferry.edit(
        ENVIRONMENT,
        "url = \"out/warehouse\"\nsecond = \"out/second\"",
        "url = \"out/second\"\nsecond = \"out/warehouse\"\nepoch = 1",
    );
    night(&ferry, 22, "1,12\n2,22\n");
    assert_eq!(told(&ferry, "versions warehouse/thing", 0)["versions"][2]["rows"], 2);
    assert_eq!(table(&ferry, "compare warehouse/thing").code, 0);
    let lower = table(&ferry, "failover warehouse --epoch 1 --reason again --apply");
    assert_eq!(lower.code, 0, "the same epoch twice does no harm: {}", lower.err);
}

#[test]
fn a_failover_needs_the_cloud_that_takes_over_and_not_the_one_that_is_away() {
    let (ferry, _) = in_both_clouds();
    night(&ferry, 20, "1,10\n");
    ferry.edit(ENVIRONMENT, &variable("NIGHTFERRY_S3_ENDPOINT"), NOBODY);
    let came = table(&ferry, "failover warehouse --epoch 1 --reason away --apply");
    ends(&came, "E-BEHIND-72", "a cloud of store `warehouse` does not answer");
    assert!(came.err.contains("the other cloud refuses the old epoch"), "{}", came.err);
    ferry.edit(ENVIRONMENT, NOBODY, &variable("NIGHTFERRY_S3_ENDPOINT"));
    ends(&ferry.run(&["run", JOB, "--date", "2026-11-21"]), "E-EPOCH-12", "epoch 1");
    ferry.edit(ENVIRONMENT, &variable("NIGHTFERRY_AZURE_ENDPOINT"), &format!("{NOBODY}/devstoreaccount1"));
    let came = table(&ferry, "failover warehouse --epoch 2 --reason away --apply");
    assert_eq!(came.code, 71, "{}", came.err);
}

#[test]
fn tables_in_s3_and_azure_are_looked_at_held_against_each_other_and_brought_back() {
    let (ferry, clouds) = in_both_clouds();
    for (day, rows) in [(20, "1,10\n"), (21, "1,10\n2,20\n")] {
        night(&ferry, day, rows);
    }
    for verb in ["verify", "compare", "gc"] {
        let came = table(&ferry, &format!("{verb} warehouse/thing"));
        assert_eq!(came.code, 0, "{verb}: {}", came.err);
    }
    assert_eq!(told(&ferry, "rollback warehouse/thing --to 0 --reason wrong", 0)["version"], 2);
    assert_eq!(told(&ferry, "compare warehouse/thing", 0)["versions"], 3);
    for cloud in clouds {
        let url = format!("{cloud}/thing");
        let seen = python(&[concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/count_rows.py"), &url]);
        assert_eq!(seen.trim(), "2 1", "{url}");
    }
}
