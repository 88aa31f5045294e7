//! How nights stand, as `status` tells it from the reports that they left.

use crate::ferry::Ferry;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde_json::{Value, json};

const REPORTS: &str = "target/security/reports/settlements";

/// A ledger of nights made of a real one: of each day back from yesterday, rows and seconds are multiplied by `factor(days back)`, where it
/// gives one; 0 makes a run that found its source away.
pub fn nights(ferry: &Ferry, back: u64, factor: impl Fn(u64) -> Vec<f64>) -> Value {
    let (came, real) = ferry.report(&["jobs/settlements.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let last: NaiveDate = real["period"]["to"].as_str().and_then(|day| day.parse().ok()).expect("a day");
    for days in 1..=back {
        for (attempt, factor) in factor(days).into_iter().enumerate() {
            let day = last - TimeDelta::days(days as i64);
            let begins = (day + TimeDelta::days(1)).and_time(NaiveTime::from_hms_opt(2, 30, 0).expect("a time"));
            let begins: DateTime<Utc> = begins.and_utc() + TimeDelta::minutes(20 * attempt as i64);
            let run = nightferry::world::World::run_id(begins);
            let mut night = real.clone();
            night["run"] = json!(run);
            night["period"] = json!({ "from": day, "to": day });
            night["started_at"] = json!(begins);
            night["page_at"] = json!(format!("security/reports/settlements/{run}.html"));
            let seconds = real["seconds"].as_f64().expect("seconds") * factor.max(0.2);
            night["seconds"] = json!(seconds);
            if factor == 0.0 {
                night["outcome"] = json!("failed");
                night["exit_code"] = json!(70);
                night["datasets"] = json!([]);
                night["problems"] = json!([{ "id": "E-SOURCE-70", "exit_code": 70, "retryable": true, "phase": "open",
                    "message": "source `settlements_db` went away", "safe": "nothing was published", "next": "run again" }]);
            }
            for dataset in night["datasets"].as_array_mut().expect("datasets") {
                let rows = dataset["rows_written"].as_f64().expect("rows") * factor;
                dataset["rows_written"] = json!(rows as u64);
            }
            ferry.write(&format!("{REPORTS}/{run}.json"), night.to_string().as_bytes());
            ferry.write(&format!("{REPORTS}/{run}.html"), b"<!doctype html><title>A night</title>");
        }
    }
    real
}

fn status(ferry: &Ferry) -> (i32, Value) {
    let came = ferry.run(&["status", "jobs/settlements.toml", "--json"]);
    (came.code, serde_json::from_str(&came.out).unwrap_or_else(|_| panic!("{}", came.err)))
}

#[test]
fn a_night_that_is_published_needs_nobody_and_says_what_it_took() {
    let ferry = Ferry::shipped();
    let (came, report) = ferry.report(&["jobs/settlements.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    // What the ledger keeps of a run.
    assert!(report["started_by"].as_str().is_some_and(|by| !by.is_empty()));
    assert!(report["peak_memory_bytes"].as_u64() > Some(1 << 20) && report["cpu_seconds"].as_f64() > Some(0.0));
    let stages = report["seconds_by_stage"].as_object().expect("stages");
    assert_eq!(stages.keys().collect::<Vec<_>>(), ["decide", "extract", "judge", "open", "publish"]);
    let sum: f64 = stages.values().filter_map(Value::as_f64).sum();
    assert!(sum <= report["seconds"].as_f64().expect("seconds") + 0.01, "{report}");
    assert!(report["cost"]["vcpu_seconds"].as_f64() >= Some(60.0) && report["cost"]["usd"].as_f64() > Some(0.0));
    let began = report["started_at"].as_str().and_then(|at| at.parse::<DateTime<Utc>>().ok()).expect("a moment");
    assert!((Utc::now() - began).num_minutes() < 5);
    assert_eq!(report["nightferry"], env!("CARGO_PKG_VERSION"));
    for dataset in report["datasets"].as_array().expect("datasets") {
        assert!(dataset["rows_read"].is_u64() && dataset["reconciliation"]["verdict"].is_string(), "{dataset}");
        for store in dataset["stores"].as_array().expect("stores") {
            assert!(store["version"].is_u64() && store["bytes"].as_u64() > Some(0), "{store}");
            assert!(store["columns"].as_array().expect("columns").iter().all(|column| column["findings"].is_u64()));
        }
    }
    let (code, status) = status(&ferry);
    assert_eq!((code, &status["standing"], &status["missed"]), (0, &json!("published"), &json!([])), "{status}");
    assert_eq!(status["nights"][0]["run"], report["run"]);
    assert_eq!(status["nights"].as_array().map(Vec::len), Some(1));
    assert!(status["next_due"].as_str().and_then(|at| at.parse::<DateTime<Utc>>().ok()) > Some(Utc::now()));
    let told = ferry.run(&["status"]);
    for words in ["settlements · dev", "is published", "next due", "contracts · dev", "no run has left a report"] {
        assert!(told.out.contains(words), "{words}: {}", told.out);
    }
}

#[test]
fn a_run_that_could_not_open_its_source_is_in_the_ledger_too() {
    let ferry = Ferry::shipped();
    std::fs::rename(ferry.path("fixtures/settlements/extract"), ferry.path("away")).expect("moved");
    let came = ferry.run(&["run", "jobs/settlements.toml"]);
    assert_eq!(came.code, 14, "{}", came.err);
    let (code, status) = status(&ferry);
    assert_eq!((code, &status["nights"][0]["problem"]), (1, &json!("E-THERE-14")), "{status}");
    assert!(["failed", "late"].contains(&status["standing"].as_str().expect("a word")), "{status}");
    let page = status["nights"][0]["page"].as_str().expect("a page");
    assert!(ferry.read(&format!("{REPORTS}/{page}")).contains("E-THERE-14"));
    let dry = ferry.run(&["run", "jobs/settlements.toml", "--dry-run"]);
    assert_eq!((dry.code, ferry.files(REPORTS).len()), (14, 2));
    // Mended, it is run again.
    std::fs::rename(ferry.path("away"), ferry.path("fixtures/settlements/extract")).expect("moved");
    assert_eq!(ferry.run(&["run", "jobs/settlements.toml"]).code, 0);
    let (code, status) = self::status(&ferry);
    assert_eq!(
        (code, &status["standing"], &status["figures"]["incidents"]),
        (0, &json!("published"), &json!(1)),
        "{status}"
    );
}

#[test]
fn months_of_nights_say_what_was_late_lost_and_unusual() {
    let ferry = Ferry::shipped();
    // Twenty days ago three attempts failed before the fourth; ten days ago nobody ran it.
    let real = nights(&ferry, 80, |days| match days {
        20 => vec![0.0, 0.0, 0.0, 2.0],
        10 => vec![],
        // The real night, which is the last, has half of what is usual and less.
        _ => vec![2.5],
    });
    let (code, status) = status(&ferry);
    assert_eq!((code, &status["standing"], &status["missed"]), (1, &json!("published"), &json!([])), "{status}");
    let figures = &status["figures"];
    // The real night was run now, which by day is after its deadline.
    let deadline = status["last_due"]["deadline"].as_str().and_then(|at| at.parse::<DateTime<Utc>>().ok());
    let is_late = status["last_due"]["period"] == real["period"] && deadline < Some(Utc::now());
    let late = figures["due"].as_u64().expect("due") - figures["in_time"].as_u64().expect("in time");
    assert_eq!(late, 1 + u64::from(is_late), "{figures}");
    assert_eq!(figures["incidents"].as_u64(), Some(2 + u64::from(is_late)), "{figures}");
    let alarms = status["alarms"].as_array().expect("alarms");
    assert_eq!(alarms.len(), 6, "{alarms:?}");
    assert!(alarms.iter().all(|alarm| alarm["rule"] == "hard" && alarm["direction"] == "low"), "{alarms:?}");
    let series = &status["datasets"][0]["nights"];
    assert_eq!(series.as_array().map(Vec::len), Some(80));
    assert_eq!(series[79]["usual"], json!([26, 34]), "{}", series[79]);
}
