//! Nights of the real binary over S3 and Azure that go wrong on the way: each ends as it should, shows nobody half of anything, and
//! the next run has it all.
//!
//! ```text
//! requests.rs every request of a night counted, held against what the servers saw
//! stopped.rs  told to stop while a part is sent
//! server.rs   what stands between, and what it does to whom
//! ```

mod requests;
pub mod server;
mod stopped;

use crate::ferry::{Came, Ferry};
use crate::five::{Befallen, PERSON, rows};
use crate::readers::python;
use crate::services::variable;
use server::{Fault, Script, Server};
use std::io::Write;

const JOB: &str = "jobs/things.toml";
const EXTRACT: &str = "in/app.thing.csv";
const BEFORE: &str = "id,amount\n1,10\n";
const AFTER: &str = "id,amount\n1,10\n2,7020131\n3,7020132\n";
/// What a server says in its errors, and what the rows hold: nobody is to be told.
const UNSAID: [&str; 3] = ["canary@example.org", "7020131", "7020132"];
const ENDPOINTS: [[&str; 2]; 2] =
    [["FAULTY_S3", "NIGHTFERRY_S3_ENDPOINT"], ["FAULTY_AZURE", "NIGHTFERRY_AZURE_ENDPOINT"]];

/// A fault, the requests that it befalls, and how the night may end.
struct Case {
    fault: Fault,
    methods: &'static [&'static str],
    path: &'static str,
    one_in: u64,
    most: u64,
    ends: &'static [&'static str],
}

const WRITES: &[&str] = &["PUT"];
const READS: &[&str] = &["GET"];
const ALL: &[&str] = &["GET", "HEAD", "PUT", "POST", "DELETE"];

/// Befalls one in so many requests, and so many in all, of each cloud.
const fn case(
    fault: Fault,
    methods: &'static [&'static str],
    one_in: u64,
    most: u64,
    ends: &'static [&'static str],
) -> Case {
    Case { fault, methods, path: "", one_in, most, ends }
}

#[test]
fn what_is_stored_and_answered_otherwise_is_published_once() {
    let cases = [
        case(Fault::DoneThen500, WRITES, 2, 12, &[""]),
        case(Fault::DoneThenClosed, WRITES, 2, 6, &[""]),
        Case { path: "_delta_log", ..case(Fault::Conflict, WRITES, 1, 2, &[""]) },
        Case { path: "_delta_log", ..case(Fault::Precondition, WRITES, 1, 2, &[""]) },
        Case { path: "_jobs", ..case(Fault::Conflict, WRITES, 1, 2, &[""]) },
        // Of parts, which are not created by a condition, a server says neither; should it all the same, a retry may cure it.
        case(Fault::Conflict, WRITES, 2, 6, &["", "E-STORE-71", "E-SECOND-72"]),
        case(Fault::Precondition, WRITES, 2, 6, &["", "E-STORE-71", "E-SECOND-72"]),
    ];
    nights(&cases);
}

#[test]
fn a_store_that_is_slow_or_asked_too_much_is_asked_again() {
    let cases = [
        case(Fault::Slow, ALL, 6, 4, &[""]),
        case(Fault::SlowDown, ALL, 2, 12, &[""]),
        case(Fault::TooMany, ALL, 2, 12, &[""]),
    ];
    nights(&cases);
}

#[test]
fn a_store_that_does_nothing_and_says_so_or_closes_is_asked_again() {
    let ends = &["", "E-STORE-71", "E-SECOND-72"];
    nights(&[
        case(Fault::Refused500, ALL, 2, 12, &[""]),
        case(Fault::Closed, ALL, 3, 6, &[""]),
        // There and away again all night.
        case(Fault::Closed, ALL, 2, 60, ends),
        // What says 200 and has stored nothing is found out by who looks.
        case(Fault::ErrorIn200, WRITES, 2, 3, ends),
    ]);
}

#[test]
fn an_answer_that_breaks_off_is_taken_for_none() {
    let ends = &["", "E-STORE-71", "E-SECOND-72"];
    nights(&[
        case(Fault::CutShort, READS, 3, 6, ends),
        case(Fault::TooLong, READS, 3, 6, ends),
        // Whoever believes the length has half of a part: it is read again.
        Case { path: ".parquet", ..case(Fault::TooShort, READS, 1, 2, &[""]) },
        Case { path: ".parquet", ..case(Fault::TooShort, READS, 1, 1_000, &["E-SUM-42"]) },
    ]);
}

#[test]
fn a_part_with_a_bit_flipped_on_the_way_is_never_carried() {
    nights(&[
        // It is read again, three times in all: what was right where it lies is carried.
        Case { path: ".parquet", ..case(Fault::BitFlipped, READS, 1, 1, &[""]) },
        Case { path: ".parquet", ..case(Fault::BitFlipped, READS, 1, 2, &[""]) },
        // Flipped in every read, as where it lies.
        Case { path: ".parquet", ..case(Fault::BitFlipped, READS, 1, 1_000, &["E-SUM-42"]) },
    ]);
}

#[test]
fn credentials_that_expire_in_the_night_end_it_with_12() {
    // At a part, at the record of the job, at the commit of the table.
    for path in [".parquet", "_jobs", "_delta_log"] {
        nights(&[Case { path, ..case(Fault::Expired, WRITES, 1, 100, &["E-ACCESS-12", "E-SECOND-72"]) }]);
    }
}

#[test]
fn a_store_that_falls_silent_after_a_commit_is_looked_at_again() {
    nights(&[Case { path: "_delta_log", ..case(Fault::DoneThenSilent, WRITES, 1, 1, &["", "E-SECOND-72"]) }]);
}

#[test]
fn a_day_without_the_second_cloud_is_caught_up_and_nothing_is_extracted_again() {
    let (ferry, own) = project();
    let there = ENDPOINTS.map(|[_, real]| variable(real));
    // Nobody listens on port 1.
    let away = [there[0].clone(), "http://127.0.0.1:1/devstoreaccount1".to_owned()];
    let mut expected = Vec::new();
    for (day, rows, endpoints, code) in [
        ("2026-11-20", 1, &there, 0),
        ("2026-11-21", 2, &away, 72),
        ("2026-11-22", 3, &away, 72),
        ("2026-11-23", 4, &away, 72),
    ] {
        let text: String = std::iter::once("id,amount\n".to_owned())
            .chain((0..rows).map(|id| format!("{id},{}\n", 100 * rows + id)))
            .collect();
        ferry.write(EXTRACT, extract(&text).as_bytes());
        let came = run(&ferry, day, endpoints);
        assert_eq!(came.code, code, "{day}: {}", came.err);
        if code == 72 {
            assert!(came.endings().iter().any(|line| line.starts_with("E-SECOND-72 ")), "{}", came.err);
        }
        expected.push(text);
    }
    let [first, second] = seen(&own, "thing");
    assert_eq!(
        [&first, &second],
        [&expected[3], &expected[0]],
        "the first goes on, the second shows its last whole night"
    );
    let behind = |endpoints: &[String; 2]| {
        let told = with(&ferry, &["status", JOB, "--json"], endpoints);
        let told: serde_json::Value = serde_json::from_str(&told.out).expect("how nights stand");
        told["second_behind"].as_array().cloned().unwrap_or_default()
    };
    assert_eq!(behind(&away), ["thing in warehouse"]);
    // What was extracted is gone: only the first cloud has it.
    std::fs::remove_file(ferry.path(EXTRACT)).expect("removed");
    let came = run(&ferry, "2026-11-23", &there);
    assert_eq!(came.code, 0, "{}", came.err);
    assert_eq!(seen(&own, "thing"), [expected[3].clone(), expected[3].clone()]);
    assert_eq!(behind(&there), [] as [serde_json::Value; 0]);
    let looked = with(&ferry, &["table", "compare", "warehouse/thing", "--json"], &there);
    assert_eq!(looked.code, 0, "{}{}", looked.out, looked.err);
    let told: serde_json::Value = serde_json::from_str(&looked.out).expect("an answer");
    assert_eq!((&told["versions"], &told["behind"]), (&serde_json::json!(4), &serde_json::json!([])), "{told}");
}

/// Each case: a night that is well, one that it befalls, and the same again.
fn nights(cases: &[Case]) {
    for (nth, case) in cases.iter().enumerate() {
        let (ferry, own) = project();
        let well = run(&ferry, "2026-11-20", &ENDPOINTS.map(|[_, real]| variable(real)));
        assert_eq!(well.code, 0, "{}", well.err);
        ferry.write(EXTRACT, extract(AFTER).as_bytes());

        let servers = ENDPOINTS.map(|[_, real]| {
            let seed = 7 + nth as u64;
            let Case { methods, path, one_in, most, .. } = *case;
            // Each costs the minute and a half after which a request is given up: one cloud shows it.
            let is_spared = case.fault == Fault::DoneThenSilent && real == ENDPOINTS[1][1];
            let most = if is_spared { 0 } else { most };
            let faults = vec![case.fault];
            Server::before(&variable(real), Script { faults, methods, path, one_in, most, seed })
        });
        let endpoints = [0, 1].map(|of: usize| servers[of].endpoint(&variable(ENDPOINTS[of][1])));
        let came = run(&ferry, "2026-11-21", &endpoints);
        let befallen: u64 = servers.iter().flat_map(|server| server.befallen().into_values()).sum();
        let what = format!("{:?} befell {befallen} requests: {}", case.fault, came.err);
        assert!(befallen > 0, "{what}");
        for unsaid in UNSAID {
            assert!(!came.out.contains(unsaid) && !came.err.contains(unsaid), "{unsaid} is told: {what}");
        }
        drop(servers);
        let well = |arguments: &[&str]| with(&ferry, arguments, &ENDPOINTS.map(|[_, real]| variable(real)));
        let befallen_night = Befallen {
            ferry: &ferry,
            before: BEFORE.to_owned(),
            after: AFTER.to_owned(),
            rows_of_runs: 2,
            shown: &|| seen(&own, "thing").into(),
            runs: &|| seen(&own, "nightferry_runs").into(),
            run: &well,
            again: &["run", JOB, "--date", "2026-11-21", "--progress", "none"],
            tables: &["thing"],
        };
        befallen_night.five(&came, case.ends, || {});
        let looked = well(&["table", "compare", "warehouse/thing"]);
        assert_eq!(looked.code, 0, "{what}: {}{}", looked.out, looked.err);
        // By somebody else's reader, where it costs no more than one look a test.
        if nth == 0 {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/count_rows.py");
            for url in [format!("s3://nightferry-warehouse/{own}/w/thing"), format!("az://warehouse/{own}/w/thing")] {
                let told = python(&[script, &url]);
                assert_eq!(told.trim().split(' ').next_back(), Some("3"), "deltalake at {url}: {told}");
            }
        }
        // Past the test harness, which keeps what passing tests print to itself.
        let told = format!("{:?}: {befallen} requests befallen, ended with {}", case.fault, came.code);
        writeln!(std::io::stdout(), "{told}").expect("told");
    }
}

/// A project whose stores are in both clouds, in a place of its own.
fn project() -> (Ferry, String) {
    let columns = "amount = { type = \"integer\", class = \"open\" }\n\
        name = { type = \"text\", class = \"personal\", kind = \"person_name\", treat = { analytics = \"drop\" } }";
    let ferry = Ferry::of_one_file("app.thing.csv", extract(BEFORE).as_bytes(), columns, "");
    let own = uuid::Uuid::now_v7().to_string();
    for (folder, second) in [("warehouse", true), ("restricted", false), ("security", false)] {
        let second = format!("\nsecond = \"az://warehouse/{own}/w\"\nsecond_endpoint = {{ env = \"FAULTY_AZURE\" }}")
            .repeat(usize::from(second));
        let place = if folder == "warehouse" { "w" } else { folder };
        let url = format!(
            "url = \"s3://nightferry-{folder}/{own}/{place}\"\nregion = \"eu-west-2\"\nendpoint = {{ env = \"FAULTY_S3\" }}{second}"
        );
        ferry.edit("jobs/environments/dev.toml", &format!("url = \"out/{folder}\""), &url);
    }
    (ferry, own)
}

fn run(ferry: &Ferry, day: &str, endpoints: &[String; 2]) -> Came {
    with(ferry, &["run", JOB, "--date", day, "--progress", "none"], endpoints)
}

fn with(ferry: &Ferry, arguments: &[&str], endpoints: &[String; 2]) -> Came {
    let mut command = ferry.command(arguments);
    command.envs(ENDPOINTS.iter().zip(endpoints).map(|([name, _], endpoint)| (*name, endpoint)));
    Came::of(&command.env("NIGHTFERRY_LOG", "trace").output().expect("the binary starts"))
}

/// The rows of a table in both clouds, read without the faulty servers.
fn seen(own: &str, table: &str) -> [String; 2] {
    let places = [format!("s3://nightferry-warehouse/{own}/w"), format!("az://warehouse/{own}/w")];
    [0, 1].map(|of: usize| rows(&places[of], Some(&variable(ENDPOINTS[of][1])), table))
}

/// The CSV whose rows a table shows as `shown`: somebody is in every row.
fn extract(shown: &str) -> String {
    let row = |line: &str| format!("{line},{}\n", if line.starts_with("id") { "name" } else { PERSON });
    shown.lines().map(row).collect()
}
