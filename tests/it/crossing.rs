//! The two shipped jobs in `dev`: files in, folders out, no server.

use crate::ferry::Ferry;
use crate::readers::python;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

const SETTLEMENTS: &str = "jobs/settlements.toml";

fn dataset<'a>(report: &'a Value, name: &str) -> &'a Value {
    let datasets = report["datasets"].as_array().expect("datasets");
    datasets.iter().find(|dataset| dataset["name"] == name).unwrap_or_else(|| panic!("no dataset {name}"))
}

#[test]
fn the_first_command_of_the_readme_publishes_and_finds_the_one_difference() {
    let ferry = Ferry::shipped();
    let came = ferry.run(&["run", SETTLEMENTS, "--date", "2026-11-22"]);
    assert_eq!(came.code, 0, "{}", came.err);
    assert_eq!(came.out.matches("DRIFT").count(), 1, "{}", came.out);
    assert!(came.out.contains("DRIFT  1 row differs in amount_gbp (published: on_drift)"), "{}", came.out);
    assert_eq!(came.out.matches("MATCH  exact, by transaction").count(), 4, "{}", came.out);
    assert!(came.out.contains("published  7 tables in target/public, target/warehouse"), "{}", came.out);
    assert!(ferry.is_published("target/warehouse/invoice"));
    let place = came.out.lines().find_map(|line| line.split("the differing rows are in ").nth(1)).expect("a place");
    assert!(ferry.path(place).is_file(), "{place} is where the report says");
}

#[test]
fn the_same_night_again_is_already_published_and_an_older_one_superseded() {
    let ferry = Ferry::shipped();
    let outcome = |arguments: &[&str]| {
        let (came, report) = ferry.report(&[&[SETTLEMENTS], arguments].concat());
        assert_eq!(came.code, 0, "{}", came.err);
        report["outcome"].as_str().expect("a word").to_owned()
    };
    assert_eq!(outcome(&["--date", "2026-11-22"]), "published");
    let before = ferry.files("target");
    assert_eq!(outcome(&["--date", "2026-11-22"]), "already_published");
    assert_eq!(outcome(&["--date", "2026-11-20"]), "superseded");
    let tables = |files: &[String]| files.iter().filter(|file| !file.contains("reports/")).cloned().collect::<Vec<_>>();
    assert_eq!(tables(&before), tables(&ferry.files("target")), "nothing but reports is new");

    assert_eq!(outcome(&["--date", "2026-11-22", "--again", "a corrected source"]), "published");
    let record = ferry.read("target/security/_jobs/settlements/00000000000000000001.json");
    assert!(record.contains("\"reason\": \"a corrected source\""), "{record}");
    assert!(ferry.path("target/warehouse/invoice/_delta_log/00000000000000000001.json").exists());
    assert!(!ferry.path("target/warehouse/invoice/_delta_log/00000000000000000002.json").exists());
}

#[test]
fn a_day_that_has_not_begun_is_refused() {
    let ferry = Ferry::shipped();
    let came = ferry.run(&["run", SETTLEMENTS, "--date", "2199-12-31"]);
    assert_eq!(came.code, 2, "{}", came.err);
    assert!(came.endings()[0].starts_with("E-DATE-2"), "{}", came.err);
    assert!(ferry.files("target").is_empty());
}

#[test]
fn a_dry_run_does_everything_but_upload_and_commit() {
    let ferry = Ferry::shipped();
    let (came, report) = ferry.report(&[SETTLEMENTS, "--dry-run"]);
    assert_eq!(came.code, 0, "{}", came.err);
    assert_eq!(report["outcome"], "dry_run");
    assert_eq!(dataset(&report, "difference_payment")["reconciliation"]["verdict"], "DRIFT");
    assert_eq!(dataset(&report, "metered_output")["rows_written"], 1152);
    assert_eq!(ferry.files("target"), Vec::<String>::new());
}

#[test]
fn a_report_lies_in_the_security_store_and_says_what_was_printed() {
    let ferry = Ferry::shipped();
    let (_, printed) = ferry.report(&["jobs/contracts.toml"]);
    let files = ferry.files("target/security");
    let filed: Vec<&String> = files.iter().filter(|file| file.starts_with("reports/contracts/")).collect();
    // The report, and beside it the page that shows the same.
    let [page, report] = filed.as_slice() else { panic!("{files:?}") };
    assert_eq!(page.strip_suffix("html"), report.strip_suffix("json"));
    assert_eq!(printed["page_at"], format!("security/{page}"));
    let filed: Value = serde_json::from_str(&ferry.read(&format!("target/security/{report}"))).expect("JSON");
    assert_eq!(filed, printed);
    assert_eq!(dataset(&printed, "contact")["stores"][0]["columns"][3]["treatment"], "drop");
}

#[test]
fn every_job_gives_what_its_fixture_expects_and_a_changed_expectation_is_found() {
    let ferry = Ferry::shipped();
    let came = ferry.run(&["test"]);
    assert_eq!(
        (came.code, came.out.as_str()),
        (0, "contracts  as expected\nsettlements  as expected\n"),
        "{}",
        came.err
    );
    ferry.edit("fixtures/settlements/expected/warehouse.invoice.csv", "425.88", "425.89");
    let came = ferry.run(&["test", SETTLEMENTS]);
    assert_eq!(came.code, 1, "{}", came.err);
    assert!(came.out.contains("settlements  differs in warehouse.invoice.csv"), "{}", came.out);
    let update = ferry.command(&["test", SETTLEMENTS]).env("UPDATE", "1").output().expect("run");
    assert!(update.status.success());
    assert_eq!(ferry.run(&["test", SETTLEMENTS]).code, 0, "UPDATE=1 wrote what came out");
}

#[test]
fn a_night_that_a_dataset_ends_says_how_far_every_other_came() {
    let ferry = Ferry::shipped();
    ferry.edit("jobs/settlements.toml", "table = \"settlements.reference_price\"", "table = \"settlements.nothing\"");
    let (came, report) = ferry.report(&[SETTLEMENTS]);
    assert_eq!(came.code, 14, "{}", came.err);
    let datasets = report["datasets"].as_array().expect("datasets");
    let states: Vec<&str> = datasets.iter().map(|dataset| dataset["state"].as_str().expect("a state")).collect();
    assert_eq!(states, ["extracted", "extracted", "extracted", "stopped", "not_reached", "not_reached"]);
    let last = datasets.last().expect("a dataset");
    assert_eq!((&last["rows_read"], &last["reconciliation"]["verdict"]), (&0.into(), &"NOT_COMPARED".into()));
    let came = ferry.run(&["run", SETTLEMENTS]);
    assert!(came.out.contains("extracted; the run ended before it was judged"), "{}", came.out);
    assert!(came.out.contains("not reached") && !came.out.contains("not compared"), "{}", came.out);
}

#[test]
fn a_plan_touches_nothing_and_names_every_select_path_treatment_and_limit() {
    let ferry = Ferry::shipped();
    std::fs::remove_dir_all(ferry.path("fixtures")).expect("removed");
    let came = ferry.run(&["plan", "jobs/contracts.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    for told in [
        "FROM \"contracts\".\"contact\"",
        "target/warehouse/contact  for analytics",
        "email                            personal   hmac (people)",
        "refuses   more than 0 bad rows",
        "65536 a batch",
    ] {
        assert!(came.out.contains(told), "{told} in {}", came.out);
    }
    let select = came.out.lines().find(|line| line.contains("\"contracts\".\"contact\"")).expect("a SELECT");
    assert!(!select.contains("Notes"), "no store needs it: {select}");
    for job in ["contracts", "settlements"] {
        let file = format!("jobs/{job}.toml");
        let (text, json) = (ferry.run(&["plan", &file]).out, ferry.run(&["plan", &file, "--json"]).out);
        everything_is_planned(&ferry, job, &text, &serde_json::from_str(&json).expect("JSON"));
    }
    let text = ferry.run(&["plan", SETTLEMENTS]).out;
    let query = "SELECT \"settlement_date\", \"cfd_id\", \"run_type\"";
    assert!(text.contains(query), "names as the query gives them: {text}");
    assert!(text.contains("            where \"Latest_Flag\" = true\n            ) AS q"), "{text}");
    assert!(ferry.files("target").is_empty());
}

/// Holds a plan, as text and as JSON, against the files it was made of.
fn everything_is_planned(ferry: &Ferry, name: &str, text: &str, plan: &Value) {
    let job: toml::Table = ferry.read(&format!("jobs/{name}.toml")).parse().expect("TOML");
    let told = |what: &str| assert!(text.contains(what), "{what} in {text}");
    for (store, holds) in
        [("restricted", "bad rows, differing rows, rows that break a check"), ("security", "the job's nights, reports")]
    {
        assert_eq!(plan[store]["url"], format!("target/{store}"));
        told(&format!("target/{store}  for {store}: {holds}"));
    }
    for (dataset, asked) in job["dataset"].as_table().expect("datasets").iter() {
        let planned = plan["datasets"].as_array().expect("datasets").iter().find(|planned| planned["name"] == *dataset);
        let planned = planned.unwrap_or_else(|| panic!("no {dataset}"));
        assert_eq!(planned["on_new_column"], "stop");
        told("(on_new_column): stop");
        for output in planned["to"].as_array().expect("stores") {
            let kept =
                output["columns"].as_array().expect("columns").iter().filter(|column| column["treatment"] == "keep");
            let kept: Vec<&str> = kept.filter_map(|column| column["name"].as_str()).collect();
            told(&format!("kept: {}\n", kept.join(", ")));
        }
        assert_eq!(planned["set_aside"][0]["treatment"], "keep");
        if let Some(reconcile) = asked.get("reconcile") {
            let word = |key: &str| reconcile.get(key).and_then(|word| word.as_str()).unwrap_or("refuse").to_owned();
            let (drift, inconclusive) = (word("on_drift"), word("on_inconclusive"));
            let url = format!("fixtures/{name}/topics");
            let against = &planned["against"];
            assert_eq!(
                (&against["on_drift"], &against["on_inconclusive"]),
                (&drift.clone().into(), &inconclusive.clone().into())
            );
            assert_eq!(against["url"], url);
            told(&format!("{} of {name}_topics (dumps in {url})", word("topic")));
            told(&format!("on_drift: {drift}, on_inconclusive: {inconclusive}"));
        }
        let checks = asked.get("check").and_then(|checks| checks.as_array());
        for (place, check) in checks.iter().flat_map(|checks| checks.iter()).enumerate() {
            let planned = &planned["checks"][place];
            match check.get("sql").map(|sql| sql.as_str().expect("SQL")) {
                Some(sql) => {
                    assert_eq!((&planned["kind"], &planned["sql"]), (&"sql".into(), &sql.into()));
                    sql.trim().lines().for_each(&told);
                }
                None => {
                    let kind = planned["kind"].as_str().expect("a kind");
                    assert!(check.get(kind).is_some(), "{check} is planned as {kind}");
                    told(&format!("{kind}: {}", planned["claim"].as_str().expect("a claim")));
                }
            }
        }
        let query = asked.get("query").and_then(|file| file.as_str()).map(|file| ferry.read(file)).unwrap_or_default();
        query.lines().for_each(&told);
        assert!(planned["select"].as_str().expect("SQL").contains(query.trim_end()));
    }
}

#[test]
fn a_run_removes_the_scratch_space_of_runs_that_were_killed_and_of_no_other() {
    let ferry = Ferry::shipped();
    for left in ["killed", "running"] {
        ferry.write(&format!("scratch/nightferry-{left}/lock"), b"");
        ferry.write(&format!("scratch/nightferry-{left}/parts/part"), b"rows");
    }
    let running = std::fs::File::open(ferry.path("scratch/nightferry-running/lock")).expect("a lock");
    running.lock().expect("held");
    let came = ferry.command(&["run", "jobs/contracts.toml"]).env("TMPDIR", ferry.path("scratch")).output();
    assert!(came.expect("run").status.success());
    assert_eq!(ferry.files("scratch"), ["nightferry-running/lock", "nightferry-running/parts/part"]);
}

#[test]
fn a_run_that_is_told_to_stop_ends_with_73_and_publishes_nothing() {
    let rows: String = (0..1_000_000).map(|id| format!("{id},{}\n", id % 977)).collect();
    let amount = "amount = { type = \"integer\", class = \"open\" }";
    let ferry = Ferry::of_one_file("app.thing.csv", format!("id,amount\n{rows}").as_bytes(), amount, "");
    let mut command = ferry.command(&["run", "jobs/things.toml", "--progress", "log", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    let mut told = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    while !line.contains("extracting") {
        line.clear();
        assert!(told.read_line(&mut line).expect("text") > 0, "the run ended before it began to extract");
    }
    let stopped = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill starts");
    assert!(stopped.success(), "the run was still there");
    let mut rest = String::new();
    told.read_to_string(&mut rest).expect("text");
    assert_eq!(child.wait().expect("ended").code(), Some(73), "{rest}");
    assert!(rest.contains("E-STOP-73"), "{rest}");
    assert!(!ferry.is_published("out/warehouse/thing"));
    let mut out = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut out).expect("text");
    let report: Value = serde_json::from_str(&out).expect("a report");
    assert_eq!((&report["outcome"], &report["exit_code"]), (&"failed".into(), &73.into()), "{out}");
    assert_eq!(
        (&report["problems"][0]["id"], &report["datasets"][0]["state"]),
        (&"E-STOP-73".into(), &"stopped".into())
    );
    let filed = ferry.read(&format!("out/security/reports/things/{}.json", report["run"].as_str().expect("a run")));
    assert_eq!(serde_json::from_str::<Value>(&filed).expect("JSON"), report);
}

#[test]
fn editors_accept_what_is_shipped_and_refuse_what_validate_refuses() {
    let ferry = Ferry::shipped();
    assert_eq!(ferry.run(&["init", "--schemas", "--into", "json"]).code, 0);
    let mut faulty = Vec::new();
    for (case, file, to) in [
        ("unknown-key", "job.toml", "jobs/a.toml"),
        ("missing-key", "job.toml", "jobs/b.toml"),
        ("wrong-type", "job.toml", "jobs/c.toml"),
        ("unknown-key-in-schema", "schemas/thing.toml", "schemas/a.toml"),
        ("unknown-key-in-environment", "environment.toml", "jobs/environments/a.toml"),
    ] {
        let text = std::fs::read(format!("{}/fixtures/problems/{case}/{file}", env!("CARGO_MANIFEST_DIR")));
        ferry.write(to, &text.expect("a case"));
        faulty.push(to);
    }
    let files = ["jobs", "schemas", "jobs/environments"].map(|folder| {
        let files =
            std::fs::read_dir(ferry.path(folder)).expect("a folder").map(|entry| entry.expect("an entry").path());
        files.filter(|file| file.extension().is_some_and(|end| end == "toml")).collect::<Vec<_>>()
    });
    let files: Vec<String> = files.concat().iter().map(|file| file.to_string_lossy().into_owned()).collect();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/editor.py").to_owned();
    let arguments = [vec![script, ferry.path("json").to_string_lossy().into_owned()], files].concat();
    let refused = python(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let mut refused: Vec<&str> = refused.lines().filter_map(|path| path.strip_prefix(ferry.root().to_str()?)).collect();
    refused.sort_unstable();
    faulty.sort_unstable();
    assert_eq!(refused, faulty.iter().map(|file| format!("/{file}")).collect::<Vec<_>>());
}
