//! Random tokens and their vault, by the real binary: one token a value, wherever it is shown, and every token that is shown in the
//! vault, also when a run is killed at any moment or two run at once. Tables and vault are read by DuckDB.

use crate::ferry::{Came, Ferry};
use crate::readers::python;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const COLUMNS: &str = "email = { type = \"text\", class = \"personal\", kind = \"email\", nullable = true, treat = { analytics = { token = \"people\" } } }\n\
    pet = { type = \"text\", class = \"personal\", nullable = true, treat = { analytics = { token = \"pets\" } } }";

fn project(csv: &str) -> Ferry {
    let ferry = Ferry::of_one_file("app.thing.csv", csv.as_bytes(), COLUMNS, "");
    let job = ferry.read("jobs/things.toml");
    // The same table as another job's.
    let other = job.replace("name = \"things\"", "name = \"others\"").replace("[dataset.thing]", "[dataset.other]");
    ferry.write("jobs/others.toml", other.as_bytes());
    ferry
}

/// The rows of a table as DuckDB sees them, each cell as text.
fn rows(ferry: &Ferry, table: &str, by: &str) -> Vec<BTreeMap<String, String>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/rows.py");
    let seen = python(&[script, by, ferry.path(table).to_str().expect("a path")]);
    let seen: Value = serde_json::from_str(&seen).expect("JSON");
    let names: Vec<String> = serde_json::from_value(seen["columns"].clone()).expect("names");
    let cells = |row: &Value| {
        row.as_array().expect("a row").iter().map(|cell| cell.as_str().unwrap_or("NULL").to_owned()).collect::<Vec<_>>()
    };
    let rows = seen["rows"].as_array().expect("rows").iter();
    rows.map(|row| names.iter().cloned().zip(cells(row)).collect()).collect()
}

/// Value -> token of a vault, which has each value once.
fn vault(ferry: &Ferry, domain: &str) -> BTreeMap<String, String> {
    let rows = rows(ferry, &format!("out/restricted/token_vault_{domain}"), "run");
    let all: BTreeMap<String, String> = rows.iter().map(|row| (row["value"].clone(), row["token"].clone())).collect();
    assert_eq!(all.len(), rows.len(), "each value has one token");
    let tokens: BTreeSet<&String> = all.values().collect();
    assert_eq!(tokens.len(), all.len(), "each token is of one value");
    all
}

fn ran(ferry: &Ferry, arguments: &[&str]) -> Came {
    let came = ferry.run(&[&["run"], arguments].concat());
    assert_eq!(came.code, 0, "{}{}", came.out, came.err);
    came
}

#[test]
fn a_value_has_one_token_in_every_table_job_and_night_of_its_domain_and_its_vault_has_it() {
    let ferry = project("id,email,pet\n1,wren@example.org,Rex\n2, WREN@Example.org,wren@example.org\n3,,Rex\n");
    ran(&ferry, &["jobs/things.toml"]);
    let things = rows(&ferry, "out/warehouse/thing", "id");
    let (people, pets) = (vault(&ferry, "people"), vault(&ferry, "pets"));
    assert_eq!(people.keys().collect::<Vec<_>>(), ["wren@example.org"]);
    assert_eq!(pets.keys().collect::<Vec<_>>(), ["Rex", "wren@example.org"]);
    let wren = &people["wren@example.org"];
    assert!(wren.len() == 32 && wren.bytes().all(|digit| digit.is_ascii_hexdigit()), "{wren}");
    assert_eq!((&things[0]["email"], &things[1]["email"], things[2]["email"].as_str()), (wren, wren, "NULL"));
    assert_eq!((&things[0]["pet"], &things[2]["pet"]), (&pets["Rex"], &pets["Rex"]));
    // The same text is somebody else in another domain.
    assert_eq!(&things[1]["pet"], &pets["wren@example.org"]);
    assert_ne!(&pets["wren@example.org"], wren);
    // Another job, and the next night, which brings somebody new.
    ferry.write("in/app.thing.csv", b"id,email,pet\n1,tobias@example.org,Rex\n2,wren@example.org,\n");
    ran(&ferry, &["jobs/others.toml"]);
    ran(&ferry, &["jobs/things.toml", "--again", "the next night"]);
    let after = vault(&ferry, "people");
    assert_eq!((after.len(), &after["wren@example.org"]), (2, wren));
    for table in ["thing", "other"] {
        let rows = rows(&ferry, &format!("out/warehouse/{table}"), "id");
        assert_eq!((&rows[0]["email"], &rows[1]["email"]), (&after["tobias@example.org"], wren), "{table}");
    }
    let plan = ferry.run(&["plan", "jobs/things.toml"]).out;
    assert!(plan.contains("token_vault_people  in restricted"), "{plan}");
    for file in ferry.files("out").iter().filter(|file| !file.starts_with("restricted/token_vault_")) {
        let bytes = std::fs::read(ferry.path(&format!("out/{file}"))).expect("a file");
        assert!(!String::from_utf8_lossy(&bytes).to_lowercase().contains("wren@"), "{file}");
    }
    // Nor does the vault's own log tell a value or a token.
    for file in ferry.files("out/restricted/token_vault_people/_delta_log") {
        let log = ferry.read(&format!("out/restricted/token_vault_people/_delta_log/{file}"));
        assert!(!log.contains("wren") && !log.contains(wren.as_str()), "{log}");
    }
}

/// Fields of JSON share the vault with columns: one value, one token, and its writing counts as little there.
#[test]
fn a_field_of_json_has_the_token_that_a_column_has() {
    let csv = "id,email,pet,evidence\n\
        1,wren@example.org,Rex,\"{\"\"who\"\":[{\"\"email\"\":\"\"WREN@example.org\"\",\"\"age\"\":41},{\"\"email\"\":null}],\"\"case\"\":7}\"\n\
        2,,,\"{\"\"who\"\":[{\"\"email\"\":\"\"tobias@example.org\"\"}],\"\"case\"\":\"\"7\"\"}\"\n";
    let ferry = project(csv);
    let fields = "fields = { \"who.email\" = { treat = { token = \"people\" }, kind = \"email\" }, \"case\" = { treat = { token = \"cases\" } } }";
    let evidence =
        format!("\nevidence = {{ type = \"json\", class = \"personal\", treat = {{ analytics = {{ {fields} }} }} }}\n");
    ferry.write("schemas/thing.toml", format!("{}{evidence}", ferry.read("schemas/thing.toml")).as_bytes());
    ran(&ferry, &["jobs/things.toml"]);
    let (people, cases) = (vault(&ferry, "people"), vault(&ferry, "cases"));
    assert_eq!(people.keys().collect::<Vec<_>>(), ["tobias@example.org", "wren@example.org"]);
    assert_eq!(cases.keys().collect::<Vec<_>>(), ["7"], "a number and its text are one value");
    let things = rows(&ferry, "out/warehouse/thing", "id");
    let evidence = |row: usize| serde_json::from_str::<Value>(&things[row]["evidence"]).expect("JSON");
    let (wren, tobias, case) = (&people["wren@example.org"], &people["tobias@example.org"], &cases["7"]);
    assert_eq!(&things[0]["email"], wren);
    assert_eq!(evidence(0), serde_json::json!({ "who": [{ "email": wren }, { "email": null }], "case": case }));
    assert_eq!(evidence(1), serde_json::json!({ "who": [{ "email": tobias }], "case": case }));
    let plan = ferry.run(&["plan", "jobs/things.toml"]).out;
    assert!(plan.contains("token_vault_cases  in restricted"), "{plan}");
    let paper = ferry.run(&["plan", "jobs/things.toml", "--papers", "dpia"]).out;
    assert!(paper.contains("case pseudonymised: a random token, whose value the vault of cases has"), "{paper}");
    // Where there is no room for the tokens of a field, the night says so, as it does of a column.
    let many: String = (1..=3_000)
        .map(|id| {
            format!("{id},,,\"{{\"\"who\"\":{{\"\"email\"\":\"\"person{id}@example.org\"\"}},\"\"case\"\":1}}\"\n")
        })
        .collect();
    ferry.write("in/app.thing.csv", format!("id,email,pet,evidence\n{many}").as_bytes());
    let environment = ferry.read("jobs/environments/dev.toml");
    ferry.write("jobs/environments/dev.toml", format!("{environment}\n[limits]\nmemory_max = \"1MiB\"\nbatch_rows_max = 500\nrow_group_rows_max = 500\npart_rows_max = 1000\n").as_bytes());
    let came = ferry.run(&["run", "jobs/things.toml", "--again", "too many"]);
    assert!(came.code == 50 && came.err.contains("need more memory"), "{}", came.err);
}

#[test]
fn a_dry_run_and_a_refused_night_leave_no_vault() {
    let ferry = project("id,email,pet\n1,wren@example.org,Rex\n1,tobias@example.org,Rex\n");
    assert_eq!(ferry.run(&["run", "jobs/things.toml"]).code, 22, "a key is there twice");
    ferry.write("in/app.thing.csv", b"id,email,pet\n1,wren@example.org,Rex\n");
    ran(&ferry, &["jobs/things.toml", "--dry-run"]);
    assert_eq!(ferry.files("out/restricted"), Vec::<String>::new());
}

/// Every token that the tables show is that of its value in the vault.
fn holds(ferry: &Ferry, tables: &[&str], value_of: &dyn Fn(&str) -> String) {
    let people = vault(ferry, "people");
    for table in tables {
        for row in rows(ferry, &format!("out/warehouse/{table}"), "id") {
            assert_eq!(people.get(&value_of(&row["id"])), Some(&row["email"]), "{table}, row {}", row["id"]);
        }
    }
}

#[test]
fn a_run_that_is_killed_at_any_moment_leaves_no_token_that_the_vault_has_not() {
    let emails = |id: &str| format!("person{id}@example.org");
    let lines = |to: u32| (1..=to).map(|id| format!("{id},{},\n", emails(&id.to_string()))).collect::<String>();
    for place in ["store.put.vault_part", "store.put.vault", "store.put.record", "store.put.log"] {
        for when in ["before", "after"] {
            let ferry = project(&format!("id,email,pet\n{}", lines(2)));
            ran(&ferry, &["jobs/things.toml"]);
            ferry.write("in/app.thing.csv", format!("id,email,pet\n{}", lines(4)).as_bytes());
            let mut command = ferry.command(&["run", "jobs/things.toml", "--again", "somebody new"]);
            let killed = command.env("NIGHTFERRY_KILL", format!("{place}:{when}:1")).output().expect("it starts");
            assert_eq!(killed.status.signal(), Some(9), "{place}:{when} is reached");
            // Whatever a reader sees now, the vault has.
            holds(&ferry, &["thing"], &emails);
            let before = vault(&ferry, "people");
            ran(&ferry, &["jobs/things.toml", "--again", "once more"]);
            holds(&ferry, &["thing"], &emails);
            let after = vault(&ferry, "people");
            assert_eq!(after.len(), 4, "{place}:{when}");
            assert!(before.iter().all(|(value, token)| after.get(value) == Some(token)), "{place}:{when}");
        }
    }
}

#[test]
fn a_first_night_that_is_killed_between_its_vaults_loses_no_token_and_gives_none_twice() {
    let domains = ["people", "pets"];
    for armed in [
        "store.put.vault_part:after:1",
        "store.put.vault:after:1",
        "store.put.vault_part:before:2",
        "store.put.vault:before:2",
        "store.put.vault:after:2",
    ] {
        let ferry = project("id,email,pet\n1,wren@example.org,Rex\n2,tobias@example.org,Mog\n3,WREN@example.org,Rex\n");
        crate::killed::killed(ferry.command(&["run", "jobs/things.toml"]), armed);
        assert!(!ferry.is_published("out/warehouse/thing"), "{armed}: no reader sees a token yet");
        let is_there = |domain: &str| ferry.is_published(&format!("out/restricted/token_vault_{domain}"));
        let given = domains.map(|domain| if is_there(domain) { vault(&ferry, domain) } else { BTreeMap::new() });
        ran(&ferry, &["jobs/things.toml"]);
        let [people, pets] = domains.map(|domain| vault(&ferry, domain));
        assert_eq!((people.len(), pets.len()), (2, 2), "{armed}");
        for (given, now) in given.iter().zip([&people, &pets]) {
            assert!(given.iter().all(|(value, token)| now.get(value) == Some(token)), "{armed}: given before");
        }
        let things = rows(&ferry, "out/warehouse/thing", "id");
        let shown: Vec<[&String; 2]> = things.iter().map(|row| [&row["email"], &row["pet"]]).collect();
        let (wren, tobias) = (&people["wren@example.org"], &people["tobias@example.org"]);
        assert_eq!(shown, [[wren, &pets["Rex"]], [tobias, &pets["Mog"]], [wren, &pets["Rex"]]], "{armed}");
    }
}

#[test]
fn of_two_runs_at_once_that_give_one_value_two_tokens_one_ends_and_takes_the_others_next_time() {
    let emails = |id: &str| format!("person{id}@example.org");
    let lines: String = (1..=4_000).map(|id| format!("{id},{},\n", emails(&id.to_string()))).collect();
    let ferry = project(&format!("id,email,pet\n{lines}"));
    let limits = "\n[limits]\nbatch_rows_max = 100\nrow_group_rows_max = 100\npart_rows_max = 100\n";
    let environment = ferry.read("jobs/environments/dev.toml");
    ferry.write("jobs/environments/dev.toml", format!("{environment}{limits}").as_bytes());
    let slow = ferry.command(&["run", "jobs/things.toml"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let slow = slow.expect("it starts");
    let since = Instant::now();
    while !ferry.files("out/warehouse/thing").iter().any(|file| file.ends_with(".parquet")) {
        assert!(since.elapsed() < Duration::from_secs(120), "a part comes");
        std::thread::sleep(Duration::from_millis(1));
    }
    let signal = |name: &str| {
        let sent = Command::new("kill").args([name, &slow.id().to_string()]).status().expect("sent");
        assert!(sent.success(), "{name}");
    };
    signal("-STOP");
    // It has given tokens by now. The other job gives its own to the same people, and is published.
    ran(&ferry, &["jobs/others.toml"]);
    signal("-CONT");
    let ended = Came::of(&slow.wait_with_output().expect("an end"));
    assert_eq!(ended.code, 71, "{}", ended.err);
    assert!(ended.endings()[0].starts_with("E-VAULT-71"), "{}", ended.err);
    assert!(!ferry.is_published("out/warehouse/thing"));
    holds(&ferry, &["other"], &emails);
    ran(&ferry, &["jobs/things.toml"]);
    holds(&ferry, &["thing", "other"], &emails);
    assert_eq!(vault(&ferry, "people").len(), 4_000);
}
