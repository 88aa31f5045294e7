//! Nights that begin by themselves: when, once, and what becomes of them when somebody is stopped.

use crate::ferry::{Came, Ferry};
use crate::readers::python;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use nightferry::calendar::{Missed, Timetable};
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const SECURITY: &str = "target/security";

#[test]
fn ten_years_of_nights_are_due_where_zoneinfo_has_them() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers/due_instants.py");
    let script = script.to_string_lossy().into_owned();
    let (first, last) = ("2026-01-01", "2035-12-31");
    let mut compared = 0;
    for (zone, time) in [
        ("Europe/London", "01:30"),
        ("Europe/London", "02:30"),
        ("Europe/London", "00:59"),
        ("Europe/London", "02:00"),
        ("America/New_York", "02:30"),
        ("America/New_York", "01:15"),
        ("Australia/Lord_Howe", "02:15"),
        ("Africa/Cairo", "00:10"),
    ] {
        let told = python(&[&script, zone, time, first, last]);
        let theirs: Vec<DateTime<Utc>> = told.lines().map(|at| at.parse().expect("an instant")).collect();
        let wall = NaiveTime::parse_from_str(time, "%H:%M").expect("a time");
        let cron = wall.format("%-M %-H * * *").to_string();
        let zone_of = zone.parse().expect("a zone");
        let table = Timetable::new(&cron, zone_of, None, Missed::Latest).expect("a timetable");
        let ours: Vec<_> = table
            .between(theirs[0] - TimeDelta::seconds(1), *theirs.last().expect("a day"), usize::MAX)
            .iter()
            .map(|due| due.at)
            .collect();
        assert_eq!(ours, theirs, "{zone} {time}");
        compared += ours.len();
        // A local day each.
        let days: Vec<NaiveDate> = ours.iter().map(|at| at.with_timezone(&zone_of).date_naive()).collect();
        assert!(days.windows(2).all(|pair| pair[1] == pair[0].succ_opt().expect("a day")), "{zone} {time}");
    }
    println!("{compared} instants are the same");
    assert_eq!(compared, 8 * 3652);
}

/// A project whose job was due last night and every night of the month, and was not run; nothing is due during a test.
fn overdue(missed: &str) -> Ferry {
    let ferry = Ferry::shipped();
    let missed = format!("missed = \"{missed}\"");
    ferry.edit("jobs/settlements.toml", "missed = \"latest\"", &missed);
    let hour = (Utc::now() - TimeDelta::hours(2)).format("cron = \"%-M %-H * * *\"\ntime_zone = \"UTC\"").to_string();
    ferry.edit("jobs/settlements.toml", "cron = \"30 2 * * *\"\ntime_zone = \"Europe/London\"", &hour);
    let since = serde_json::json!({ "since": Utc::now() - TimeDelta::hours(3) });
    ferry.write(&format!("{SECURITY}/_schedule/settlements/since.json"), since.to_string().as_bytes());
    ferry
}

/// Makes a job without a schedule one that was due two hours ago, and was not run.
pub fn due_two_hours_ago(ferry: &Ferry, file: &str, security: &str, job: &str) {
    let hour = (Utc::now() - TimeDelta::hours(2)).format("cron = \"%-M %-H * * *\"\ntime_zone = \"UTC\"").to_string();
    ferry.edit(file, "owner = \"Tests\"\n", &format!("owner = \"Tests\"\n\n[schedule]\n{hour}\n"));
    let since = serde_json::json!({ "since": Utc::now() - TimeDelta::hours(3) });
    ferry.write(&format!("{security}/_schedule/{job}/since.json"), since.to_string().as_bytes());
}

struct Scheduled(Child);

impl Scheduled {
    fn start(ferry: &Ferry, lease: &str) -> Self {
        let mut command = ferry.command(&["schedule", "jobs/settlements.toml", "--lease", lease]);
        Scheduled(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts"))
    }

    fn signal(&self, signal: &str) {
        kill(signal, self.0.id());
    }

    /// Processes that it started.
    fn children(&self) -> Vec<u32> {
        let (pid, mut all) = (self.0.id(), Vec::new());
        for task in std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
            let told = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            all.extend(told.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        }
        all
    }

    fn end(self) -> (Came, Duration) {
        let since = Instant::now();
        self.signal("TERM");
        let output = self.0.wait_with_output().expect("it ends");
        (Came::of(&output), since.elapsed())
    }
}

fn kill(signal: &str, pid: u32) {
    let status = Command::new("kill").args([format!("-{signal}"), pid.to_string()]).status().expect("kill");
    assert!(status.success(), "{signal} {pid}");
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < Duration::from_secs(120), "{what} within two minutes");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn reports(ferry: &Ferry) -> Vec<Value> {
    let folder = format!("{SECURITY}/reports/settlements");
    let files = ferry.files(&folder).into_iter().filter(|file| file.ends_with(".json"));
    files.map(|file| serde_json::from_str(&ferry.read(&format!("{folder}/{file}"))).expect("a report")).collect()
}

fn claims(ferry: &Ferry) -> Vec<String> {
    let files = ferry.files(&format!("{SECURITY}/_schedule/settlements"));
    let is_claim = |file: &String| file.split('/').nth(1).is_some_and(|file| file.len() == "00000.json".len());
    files.into_iter().filter(is_claim).collect()
}

fn records(ferry: &Ferry) -> usize {
    ferry.files(&format!("{SECURITY}/_jobs/settlements")).len()
}

#[test]
fn two_schedules_run_a_missed_night_once_and_say_who_did() {
    let ferry = overdue("latest");
    let both = [Scheduled::start(&ferry, "30s"), Scheduled::start(&ferry, "30s")];
    until("a report", || !reports(&ferry).is_empty());
    until("the turn given back", || {
        ferry.files(&format!("{SECURITY}/_schedule/settlements")).iter().any(|file| {
            file.ends_with(".until.json")
                && ferry.read(&format!("{SECURITY}/_schedule/settlements/{file}")).contains("\"exit_code\":0")
        })
    });
    std::thread::sleep(Duration::from_secs(2));
    for schedule in both {
        let (came, took) = schedule.end();
        assert_eq!(came.code, 0, "{}", came.err);
        assert!(took < Duration::from_secs(5) && came.err.contains("health"), "{took:?} {}", came.err);
    }
    let reports = reports(&ferry);
    assert_eq!((reports.len(), records(&ferry)), (1, 1));
    assert_eq!((&reports[0]["outcome"], &reports[0]["started_by"]), (&"published".into(), &"schedule".into()));
}

#[test]
fn a_night_that_nobody_watched_is_left_out_where_missed_ones_are_not_wanted() {
    let ferry = overdue("none");
    let schedule = Scheduled::start(&ferry, "30s");
    std::thread::sleep(Duration::from_secs(4));
    let (came, _) = schedule.end();
    assert_eq!((came.code, reports(&ferry).len(), claims(&ferry).len()), (0, 0, 0), "{}", came.err);
}

#[test]
fn the_night_of_a_schedule_that_is_stopped_longer_than_its_lease_is_another_s() {
    let ferry = overdue("latest");
    let first = Scheduled::start(&ferry, "3s");
    until("a night", || !first.children().is_empty() && !claims(&ferry).is_empty());
    let stopped: Vec<u32> = first.children();
    first.signal("STOP");
    stopped.iter().for_each(|pid| kill("STOP", *pid));
    assert!(reports(&ferry).is_empty(), "it was stopped in time");
    let second = Scheduled::start(&ferry, "3s");
    until("the other's report", || reports(&ferry).iter().any(|report| report["exit_code"] == 0));
    first.signal("CONT");
    stopped.iter().for_each(|pid| kill("CONT", *pid));
    // The first finds out, and its night ends: told to stop, or because all is published.
    until("the first's night over", || first.children().is_empty());
    let (came, _) = second.end();
    assert_eq!(came.code, 0, "{}", came.err);
    let (came, _) = first.end();
    assert_eq!(came.code, 0, "{}", came.err);
    assert_eq!((records(&ferry), claims(&ferry).len()), (1, 2));
    assert!(ferry.is_published("target/warehouse/invoice"));
    assert!(!ferry.path("target/warehouse/invoice/_delta_log/00000000000000000001.json").exists());
}

#[test]
fn a_schedule_that_is_told_to_stop_at_any_moment_is_out_in_time_and_the_next_run_completes_the_night() {
    let soak = std::env::var_os("NIGHTFERRY_SOAK").is_some();
    let mut longest = Duration::ZERO;
    let mut codes = Vec::new();
    for round in 0..if soak { 50 } else { 5 } {
        let ferry = overdue("latest");
        let schedule = Scheduled::start(&ferry, "30s");
        until("a night", || !claims(&ferry).is_empty());
        // Spread over a night, which takes some seconds in a debug build.
        let nanos = Utc::now().timestamp_subsec_nanos() % 1000;
        std::thread::sleep(Duration::from_millis(u64::from(nanos) * if soak { 3 } else { 6 }));
        let (came, took) = schedule.end();
        longest = longest.max(took);
        codes.push((nanos, came.code));
        assert!(took < Duration::from_secs(25), "round {round}: {took:?}");
        assert!([0, 73].contains(&came.code), "round {round}: {} {}", came.code, came.err);
        // The night's own day, which between midnight and two is not yet that of a run by hand.
        let day = claims(&ferry)[0].split('/').next().expect("days").to_owned();
        let next = ferry.run(&["run", "jobs/settlements.toml", "--date", &day]);
        assert_eq!((next.code, records(&ferry)), (0, 1), "round {round}: {}", next.err);
        assert!(!ferry.path("target/warehouse/invoice/_delta_log/00000000000000000001.json").exists());
    }
    println!("out within {longest:?}; moment and code of each: {codes:?}");
}

#[test]
fn a_job_without_a_schedule_is_refused_by_name_and_left_out_otherwise() {
    let ferry = Ferry::of_one_file("app.thing.jsonl", b"{\"id\":1}\n", "", "");
    let named = ferry.run(&["schedule", "jobs/things.toml"]);
    assert_eq!((named.code, named.endings()[0].contains("has no [schedule]")), (10, true), "{}", named.err);
    let all = ferry.run(&["schedule"]);
    assert_eq!((all.code, all.endings()[0].contains("no job has a [schedule]")), (10, true), "{}", all.err);
    for lease in ["1s", "61m", "2h", "1d"] {
        let wrong = ferry.run(&["schedule", "--lease", lease]);
        assert_eq!((wrong.code, wrong.err.contains("from 2s to 1h")), (2, true), "{}", wrong.err);
    }
}

#[test]
fn what_is_due_is_run_once_by_a_trigger_outside_and_a_failed_night_is_told_by_the_code() {
    let ferry = overdue("latest");
    std::fs::rename(ferry.path("fixtures/settlements/extract"), ferry.path("away")).expect("moved");
    let once = ["schedule", "jobs/settlements.toml", "--once"];
    let came = ferry.run(&once);
    assert_eq!(
        (came.code, came.out.contains("1 nights run, 1 of them failed")),
        (1, true),
        "{} {}",
        came.out,
        came.err
    );
    assert_eq!(reports(&ferry)[0]["problems"][0]["id"], "E-THERE-14");
    std::fs::rename(ferry.path("away"), ferry.path("fixtures/settlements/extract")).expect("moved");
    // No retry cures a 14: it is a person's, who runs it by hand. Until then whoever asks is told.
    let came = ferry.run(&once);
    assert_eq!((came.code, came.out.contains("0 nights run")), (1, true), "{} {}", came.out, came.err);
    assert!(came.out.contains("settlements 20") && came.out.contains("is not published"), "{}", came.out);
    let day = claims(&ferry)[0].split('/').next().expect("days").to_owned();
    assert_eq!((ferry.run(&["run", "jobs/settlements.toml", "--date", &day]).code, records(&ferry)), (0, 1));
    let came = ferry.run(&once);
    assert_eq!((came.code, came.out.contains("0 nights run")), (0, true), "{} {}", came.out, came.err);
}

#[test]
fn a_job_whose_file_is_not_valid_is_told_and_the_others_nights_do_not_wait_for_it() {
    let ferry = overdue("latest");
    ferry.write("jobs/broken.toml", b"name = \"broken\"\n");
    ferry.write("jobs/torn.toml", b"name = \"to");
    let came = ferry.run(&["schedule", "--once"]);
    assert_eq!((came.code, reports(&ferry).len()), (10, 1), "{} {}", came.out, came.err);
    for words in ["jobs/broken.toml:1:1", "jobs/torn.toml:1:", "E-JOB-10"] {
        assert!(came.err.contains(words), "{words}: {}", came.err);
    }
    let told = ferry.run(&["status"]);
    assert_eq!(told.code, 10, "{}", told.err);
    assert!(told.out.contains("settlements · dev") && told.out.contains("contracts · dev"), "{}", told.out);
    assert!(told.err.contains("jobs/broken.toml:1:1"), "{}", told.err);
    // An environment that is not valid is wrong for all of them, and told once.
    ferry.edit("jobs/environments/dev.toml", "stamp = \"dev\"", "stamp = 1");
    for file in ["jobs/broken.toml", "jobs/torn.toml"] {
        std::fs::remove_file(ferry.path(file)).expect("removed");
    }
    for verb in [["status"].as_slice(), &["schedule", "--once"]] {
        let told = ferry.run(verb);
        assert_eq!((told.code, told.err.matches("dev.toml:").count()), (11, 1), "{}", told.err);
    }
}

#[test]
fn a_ledger_that_cannot_be_asked_is_no_night_that_failed() {
    let ferry = overdue("latest");
    let folder = ferry.path(&format!("{SECURITY}/_schedule"));
    std::fs::remove_dir_all(&folder).expect("removed");
    std::fs::write(&folder, "a file where a folder has to be").expect("written");
    let came = ferry.run(&["schedule", "jobs/settlements.toml", "--once"]);
    assert!(came.out.contains("0 nights run, 0 of them failed"), "{} {}", came.out, came.err);
    assert!(came.code >= 10 && came.endings().len() == 1, "{} {}", came.code, came.err);
    assert!(came.err.contains("the ledger cannot be asked"), "{}", came.err);
}

#[test]
fn a_deadline_is_told_when_it_passes_though_another_job_s_night_goes_on() {
    let ferry = overdue("latest");
    // The other job is an hour late, and has not come to its turn, or could not do anything with it.
    let hour = (Utc::now() - TimeDelta::hours(2)).format("cron = \"%-M %-H * * *\"\ntime_zone = \"UTC\"").to_string();
    ferry.edit("jobs/contracts.toml", "cron = \"0 3 * * *\"\ntime_zone = \"Europe/London\"", &hour);
    let deadline = (Utc::now() - TimeDelta::hours(1)).format("deadline = \"%H:%M\"").to_string();
    ferry.edit("jobs/contracts.toml", "deadline = \"06:00\"", &deadline);
    let since = serde_json::json!({ "since": Utc::now() - TimeDelta::hours(3) });
    ferry.write(&format!("{SECURITY}/_schedule/contracts/since.json"), since.to_string().as_bytes());
    std::fs::rename(ferry.path("fixtures/contracts/extract"), ferry.path("away")).expect("moved");
    let mut command = ferry.command(&["schedule", "--lease", "30s"]);
    let schedule = Scheduled(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts"));
    until("the night of settlements", || !schedule.children().is_empty() && !claims(&ferry).is_empty());
    let stopped = schedule.children();
    stopped.iter().for_each(|pid| kill("STOP", *pid));
    until("the other's deadline told", || {
        let told = ferry.files(&format!("{SECURITY}/_schedule/contracts"));
        told.iter().any(|file| file.ends_with("told-late.json"))
    });
    assert!(reports(&ferry).is_empty(), "the night goes on");
    stopped.iter().for_each(|pid| kill("CONT", *pid));
    let (came, _) = schedule.end();
    let told = came.err.lines().filter(|line| line.contains("not published by its deadline"));
    assert_eq!(told.filter(|line| line.contains("contracts")).count(), 1, "{}", came.err);
}
