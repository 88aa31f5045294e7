//! The drill: at night the source goes away; it is tried again; somebody is told, with the runbook; they type what it says, and it is
//! mended. How long that took is what the ledger says.

use super::bench::Bench;
use super::nights;
use crate::ferry::{Came, Ferry};
use crate::messages::Taker;
use crate::runbooks::{commands, runbooks};
use crate::schedule::due_two_hours_ago;
use crate::services::variable;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use std::net::{TcpListener, TcpStream};

/// A place in front of the database, where nobody answers until it is opened.
struct Gate(u16);

impl Gate {
    fn closed() -> Self {
        // Free now; nobody listens there once this is dropped.
        Gate(TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port())
    }

    fn open(&self) {
        let listener = TcpListener::bind(("127.0.0.1", self.0)).expect("the port is still free");
        let port: u16 = variable("NIGHTFERRY_PG_PORT").parse().expect("a port");
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let Ok(far) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                let (near_too, far_too) = (near.try_clone().expect("a stream"), far.try_clone().expect("a stream"));
                std::thread::spawn(move || pass(near, far));
                std::thread::spawn(move || pass(far_too, near_too));
            }
        });
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(std::net::Shutdown::Write);
}

fn came(taker: &Taker, ferry: &Ferry, words: &[&str]) -> Came {
    Came::of(&taker.command(ferry, words).output().expect("it starts"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_goes_away_at_night_is_mended_by_what_the_runbook_says_and_the_ledger_knows_how_long_it_took() {
    let table = |name: &str| {
        format!(
            "CREATE TABLE {name} (id bigint PRIMARY KEY, amount integer, note text, name text); INSERT INTO {name} SELECT n, n, 'x', 'Quenby Larkspur-Ott' FROM generate_series(1, 50) n;"
        )
    };
    let schema = "drill";
    let grants =
        "GRANT USAGE ON SCHEMA drill TO nightferry_ro; GRANT SELECT ON ALL TABLES IN SCHEMA drill TO nightferry_ro;";
    let _bench = Bench::lay(schema, &format!("{} {} {grants}", table("here"), table("there"))).await;
    let gate = Gate::closed();
    let ferry = nights::ferry(schema, &[("port", &gate.0.to_string())]);
    let taker = Taker::start(&[]);
    let environment = "jobs/environments/dev.toml";
    ferry.write(environment, (ferry.read(environment) + &taker.plain()).as_bytes());
    due_two_hours_ago(&ferry, "jobs/things.toml", "out/security", "things");

    // The night: the source is away, nobody is woken yet.
    let began = Utc::now();
    let once = ["schedule", "jobs/things.toml", "--once"];
    let first = came(&taker, &ferry, &once);
    assert_eq!(first.code, 1, "{} {}", first.out, first.err);
    assert!(first.err.contains("exit_code=70") && taker.taken().is_empty(), "{}", first.err);
    let first_failed = ended(&reports(&ferry)[0]);
    // It is tried again after a pause, which passes quicker here: the claim says that it ended an hour ago.
    let claim =
        ferry.files("out/security/_schedule/things").into_iter().find(|file| file.ends_with("00000.until.json"));
    let claim = format!("out/security/_schedule/things/{}", claim.expect("a claim"));
    let mut text: Value = serde_json::from_str(&ferry.read(&claim)).expect("JSON");
    text["until"] = serde_json::json!(Utc::now() - TimeDelta::hours(1));
    ferry.write(&claim, text.to_string().as_bytes());
    let second = came(&taker, &ferry, &once);
    assert_eq!((second.code, reports(&ferry).len()), (1, 2), "{} {}", second.out, second.err);

    // Somebody is told.
    let taken = taker.taken();
    assert_eq!((taken.len(), &taken[0]["holds"]), (1, &Value::Bool(true)), "{taken:?}");
    let told = &taken[0]["body"]["causes"][0];
    assert_eq!((told["id"].as_str(), told["runbook"].as_str()), (Some("E-SOURCE-70"), Some("RB-05")), "{told}");
    let day = taken[0]["body"]["period"]["to"].as_str().expect("a day").to_owned();

    // They find the source down, bring it back, and type what the runbook says.
    let runbook = runbooks().remove("RB-05").expect("the runbook");
    let words = |line: &str| {
        let line =
            line.replace("settlements.toml", "things.toml").replace("--env prod", "--env dev").replace("$DAY", &day);
        line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    let lines = commands(&runbook);
    assert_eq!(lines.len(), 3, "{lines:?}");
    let typed = |line: &str| came(&taker, &ferry, &words(line).iter().map(String::as_str).collect::<Vec<_>>());
    let status = typed(&lines[0]);
    assert!(status.code == 1 && status.out.contains("E-SOURCE-70"), "{} {}", status.out, status.err);
    assert_eq!(typed(&lines[1]).code, 70, "it is still away");
    gate.open();
    assert_eq!(typed(&lines[1]).code, 0, "it answers");
    let run = typed(&lines[2]);
    assert_eq!(run.code, 0, "{}", run.err);
    let last = reports(&ferry).into_iter().find(|report| report["exit_code"] == 0).expect("a good run");

    // Green: the status, the schedule, and whoever was told.
    assert_eq!(came(&taker, &ferry, &once).code, 0);
    let status = came(&taker, &ferry, &["status", "jobs/things.toml", "--json"]);
    let status: Value = serde_json::from_str(&status.out).expect("JSON");
    assert_eq!(status["standing"], "published", "{status}");
    let taken = taker.taken();
    assert_eq!((taken.len(), &taken[1]["body"]["state"]), (2, &"mended".into()), "{taken:?}");

    // One incident, from the end of the first run that failed to the end of the one that did not.
    let figures = &status["figures"];
    assert_eq!(figures["incidents"], 1, "{figures}");
    let lasted = ended(&last) - first_failed;
    let mttr = figures["mttr_seconds"].as_i64().expect("a time");
    assert!((mttr - lasted.num_seconds()).abs() <= 1, "{mttr} and {lasted}");
    assert!(mttr <= (Utc::now() - began).num_seconds() + 1, "{mttr}");
    println!("mended in {mttr} s, by three commands");
}

fn reports(ferry: &Ferry) -> Vec<Value> {
    let files = ferry.files("out/security/reports/things").into_iter().filter(|file| file.ends_with(".json"));
    files
        .map(|file| {
            serde_json::from_str(&ferry.read(&format!("out/security/reports/things/{file}"))).expect("a report")
        })
        .collect()
}

fn ended(report: &Value) -> DateTime<Utc> {
    let began: DateTime<Utc> = report["started_at"].as_str().and_then(|at| at.parse().ok()).expect("a moment");
    began + TimeDelta::milliseconds((report["seconds"].as_f64().expect("seconds") * 1000.0) as i64)
}
