//! Whom an environment wants told is told, by a real HTTP server that checks the signatures: once, with the runbook, and without a secret.

use crate::ferry::Ferry;
use crate::services::variable;
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ENVIRONMENT: &str = "jobs/environments/dev.toml";
const KEY: &str = "a-key-that-signs-messages";
const AWS_SECRET: &str = "sec/ret+of+a+test";
/// Secrets that are in addresses and bodies.
const ADDRESS_SECRET: &str = "T024-an-address-is-a-secret";
const ROUTING_KEY: &str = "r0uting-key-of-a-pager";

/// `tests/readers/take_messages.py`, running.
pub struct Taker {
    child: Child,
    pub port: u16,
    folder: tempfile::TempDir,
}

impl Taker {
    /// Answers with `statuses`, one after the other, the last for ever.
    pub fn start(statuses: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers/take_messages.py");
        let mut command = Command::new(variable("NIGHTFERRY_READERS_PYTHON"));
        command.arg(script).arg(folder.path()).args([KEY, AWS_SECRET]).args(statuses);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("python starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut line).expect("a port");
        Taker { child, port: line.trim().parse().expect("a port"), folder }
    }

    /// What was taken so far, in its order.
    pub fn taken(&self) -> Vec<Value> {
        let read = |number: usize| std::fs::read(self.folder.path().join(format!("{number}.json"))).ok();
        (0..).map_while(read).map(|text| serde_json::from_slice(&text).expect("JSON")).collect()
    }

    /// An environment that tells this server by one webhook with a plain body.
    pub fn plain(&self) -> String {
        "\n[message.on_call]\nwebhook = { url = { env = \"URL\" }, key = { env = \"KEY\" } }\n".into()
    }

    /// The binary in `ferry`, with the secrets in its surroundings.
    pub fn command(&self, ferry: &Ferry, arguments: &[&str]) -> Command {
        let mut command = ferry.command(arguments);
        command.env("URL", format!("http://127.0.0.1:{}/{ADDRESS_SECRET}", self.port));
        command.envs([("KEY", KEY), ("ROUTING", ROUTING_KEY)]);
        command.envs([("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", AWS_SECRET)]);
        command.env("AWS_SESSION_TOKEN", "tok/en+==");
        command
    }

    fn run(&self, ferry: &Ferry) -> crate::ferry::Came {
        let output = self.command(ferry, &["run", "jobs/things.toml", "--date", "2026-11-20"]).output();
        crate::ferry::Came::of(&output.expect("it starts"))
    }
}

impl Drop for Taker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ferry(messages: &str) -> Ferry {
    let ferry = Ferry::of_one_file(
        "app.thing.csv",
        b"id,note\n1,Mrs Ada Kestrel\n",
        "note = { type = \"text\", class = \"personal\", kind = \"person_name\" }",
        "",
    );
    let text = ferry.read(ENVIRONMENT) + messages;
    ferry.write(ENVIRONMENT, text.as_bytes());
    ferry
}

fn lose(ferry: &Ferry) {
    std::fs::rename(ferry.path("in"), ferry.path("away")).expect("moved");
}

fn find(ferry: &Ferry) {
    std::fs::rename(ferry.path("away"), ferry.path("in")).expect("moved");
}

#[test]
fn everybody_is_told_once_in_their_own_shape_with_the_runbook_and_told_when_it_is_mended() {
    let taker = Taker::start(&[]);
    let endpoint = format!("http://127.0.0.1:{}", taker.port);
    let messages = format!(
        "{}[message.chat]\nwebhook = {{ url = {{ env = \"URL\" }}, body = \"slack\", key = {{ env = \"KEY\" }} }}\n\
         [message.cards]\nwebhook = {{ url = {{ env = \"URL\" }}, body = \"teams\", key = {{ env = \"KEY\" }} }}\n\
         [message.pager]\nwebhook = {{ url = {{ env = \"URL\" }}, body = \"pagerduty\", key = {{ env = \"KEY\" }}, routing_key = {{ env = \"ROUTING\" }} }}\n\
         [message.topic]\nsns = {{ topic = \"arn:aws:sns:eu-west-2:111122223333:nights\", endpoint = \"{endpoint}\" }}\n",
        taker.plain()
    );
    let ferry = ferry(&messages);
    lose(&ferry);
    let came = taker.run(&ferry);
    assert_eq!(came.code, 14, "{}", came.err);
    let taken = taker.taken();
    assert_eq!(taken.len(), 5, "{taken:?} {}", came.err);
    for taken in &taken {
        assert_eq!(taken["holds"], true, "{taken}");
        let text = taken.to_string();
        assert!(text.contains("RB-01"), "{text}");
        assert!(text.contains("E-THERE-14") && text.contains("things"), "{text}");
    }
    let body = |of: &dyn Fn(&Value) -> bool| taken.iter().map(|taken| &taken["body"]).find(|body| of(body)).cloned();
    let plain = body(&|body| body["state"] == "wrong").expect("a plain body");
    assert_eq!((&plain["period"]["to"], &plain["causes"][0]["runbook"]), (&json!("2026-11-20"), &json!("RB-01")));
    let page = plain["page_at"].as_str().expect("a page").replace("security/", "out/security/");
    assert!(ferry.read(&page).contains("E-THERE-14"));
    let pager = body(&|body| body["event_action"] == "trigger").expect("an event");
    assert_eq!((&pager["routing_key"], &pager["dedup_key"]), (&json!(ROUTING_KEY), &json!("nightferry/dev/things")));
    assert!(body(&|body| body["blocks"][0]["type"] == "header").is_some());
    assert!(body(&|body| body["attachments"][0]["content"]["type"] == "AdaptiveCard").is_some());
    let topic = taken.iter().find(|taken| taken["form"]["Action"] == "Publish").expect("a topic");
    assert_eq!(topic["form"]["TopicArn"], "arn:aws:sns:eu-west-2:111122223333:nights");
    assert_eq!(topic["form"]["Subject"], "dev things 2026-11-20: E-THERE-14 (RB-01)");
    // The same again is not told again.
    assert_eq!((taker.run(&ferry).code, taker.taken().len()), (14, 5));
    find(&ferry);
    let mended = taker.run(&ferry);
    let taken = taker.taken();
    assert_eq!((mended.code, taken.len()), (0, 10), "{}", mended.err);
    assert!(taken[5..].iter().any(|taken| taken["body"]["event_action"] == "resolve"), "{taken:?}");
    assert!(taken[5..].iter().any(|taken| taken["body"]["state"] == "mended"), "{taken:?}");
    assert_eq!((taker.run(&ferry).code, taker.taken().len()), (0, 10));
    // No secret and no value of the data anywhere but where it belongs.
    let kept = ferry.files("out/security").into_iter().map(|file| ferry.read(&format!("out/security/{file}")));
    let said: String = kept.chain([came.out, came.err, mended.out, mended.err]).collect();
    for secret in [KEY, ADDRESS_SECRET, ROUTING_KEY, AWS_SECRET, "tok/en+==", "Kestrel"] {
        assert!(!said.contains(secret), "{secret}");
    }
    for taken in &taken {
        let mut body = taken["body"].clone();
        body["routing_key"] = Value::Null;
        let text = format!("{body}{}", taken["form"]);
        assert!(
            [KEY, ADDRESS_SECRET, ROUTING_KEY, AWS_SECRET, "Kestrel"].iter().all(|secret| !text.contains(secret)),
            "{text}"
        );
    }
}

#[test]
fn an_end_that_fails_is_tried_again_and_told_and_changes_nothing_of_how_the_run_ends() {
    // Twice away, then there.
    let taker = Taker::start(&["503", "429", "200"]);
    let ferry = ferry(&taker.plain());
    lose(&ferry);
    let came = taker.run(&ferry);
    assert_eq!((came.code, taker.taken().len()), (14, 3), "{}", came.err);
    assert!(taker.taken().iter().all(|taken| taken["holds"] == true));
    assert!(!came.err.contains("could not be told"), "{}", came.err);
    // For ever: it is told, and the next run tries again. What is refused is not tried again, a redirect is not followed.
    for (status, tries) in [("500", 3), ("404", 1), ("302", 1)] {
        let taker = Taker::start(&[status]);
        let ferry = self::ferry(&taker.plain());
        let good = taker.run(&ferry);
        assert_eq!((good.code, taker.taken().len()), (0, 0), "{}", good.err);
        lose(&ferry);
        for run in 1..=2 {
            let came = taker.run(&ferry);
            let taken = taker.taken();
            assert_eq!((came.code, taken.len()), (14, run * tries), "{status}: {}", came.err);
            assert!(taken.iter().all(|taken| taken["path"] != "/elsewhere"), "{taken:?}");
            let told = came.err.lines().find(|line| line.contains("could not be told")).expect("a line");
            assert!(told.contains(status) && told.contains("on_call"), "{told}");
        }
    }
}

#[test]
fn an_address_that_is_none_of_ours_is_not_asked_and_a_fault_in_the_file_is_told_with_its_place() {
    let taker = Taker::start(&[]);
    for url in [
        "http://169.254.169.254/latest/meta-data",
        "https://10.1.2.3/x",
        "ftp://127.0.0.1/x",
        "http://example.org/x",
        "",
    ] {
        let ferry = ferry(&taker.plain());
        lose(&ferry);
        let mut command = taker.command(&ferry, &["run", "jobs/things.toml"]);
        let came = crate::ferry::Came::of(&command.env("URL", url).output().expect("it starts"));
        assert_eq!(came.code, 14, "{}", came.err);
        let told = came.err.lines().find(|line| line.contains("could not be told")).expect("a line");
        assert!(url.is_empty() || !told.contains(url), "{told}");
    }
    assert!(taker.taken().is_empty());
    for (message, words) in [
        ("webhook = { url = { env = \"URL\" } }", "has no `key`"),
        ("webhook = { url = { test_key = true }, body = \"slack\" }", "`test_key` is no secret"),
        ("webhook = { url = { env = \"URL\" }, body = \"pagerduty\" }", "`routing_key` is PagerDuty's"),
        ("webhook = { url = \"https://hooks.example.org/T024\", body = \"slack\" }", "message.x.webhook.url"),
        ("sns = { topic = \"nights\" }", "no ARN"),
        (
            "sns = { topic = \"arn:aws:sns:eu-west-2:111122223333:n\", endpoint = \"http://example.org\" }",
            "not `https://`",
        ),
    ] {
        let ferry = ferry(&format!("\n[message.x]\n{message}\n"));
        let came = ferry.run(&["validate", "jobs/things.toml"]);
        assert!(
            came.code == 11 && (came.err.clone() + &came.out).contains(words),
            "{words}: {} {} {}",
            came.code,
            came.out,
            came.err
        );
        assert!(!came.err.contains("T024") && !came.out.contains("T024"), "{}", came.err);
    }
}

#[test]
fn a_run_that_is_told_to_stop_while_it_tells_somebody_who_does_not_answer_is_out_at_once_with_its_own_code() {
    let taker = Taker::start(&["0"]);
    let ferry = ferry(&taker.plain());
    lose(&ferry);
    let mut command = taker.command(&ferry, &["run", "jobs/things.toml"]);
    let running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let since = Instant::now();
    while taker.taken().is_empty() {
        assert!(since.elapsed() < Duration::from_secs(60), "it tells");
        std::thread::sleep(Duration::from_millis(20));
    }
    let since = Instant::now();
    let status = Command::new("kill").args(["-TERM", &running.id().to_string()]).status().expect("kill");
    assert!(status.success());
    let came = crate::ferry::Came::of(&running.wait_with_output().expect("it ends"));
    assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
    assert_eq!((came.code, came.err.contains("not everybody could be told")), (14, true), "{}", came.err);
}

#[test]
fn a_dry_run_tells_nobody_and_a_night_that_is_killed_is_told_by_its_schedule() {
    let taker = Taker::start(&[]);
    let ferry = ferry(&taker.plain());
    lose(&ferry);
    let dry = taker.command(&ferry, &["run", "jobs/things.toml", "--dry-run"]).output().expect("it starts");
    assert_eq!((dry.status.code(), taker.taken().len()), (Some(14), 0));
    find(&ferry);
    crate::schedule::due_two_hours_ago(&ferry, "jobs/things.toml", "out/security", "things");
    let mut command = taker.command(&ferry, &["schedule", "--once"]);
    // The night's process dies before it leaves its report (the feature `failpoints`).
    let came = crate::ferry::Came::of(
        &command.env("NIGHTFERRY_KILL", "store.put.report:before:1").output().expect("it starts"),
    );
    let taken = taker.taken();
    assert_eq!(came.code, 1, "{} {}", came.out, came.err);
    let killed = taken.iter().find(|taken| taken["body"]["causes"][0]["id"] == "N-KILLED");
    let killed = killed.unwrap_or_else(|| panic!("{taken:?} {}", came.err));
    assert_eq!((&killed["holds"], &killed["body"]["causes"][0]["runbook"]), (&json!(true), &json!("RB-17")));
}

#[test]
fn who_is_killed_before_it_is_noted_who_was_told_tells_it_again_and_behind_that_nobody_twice() {
    for (side, told) in [("before", 2), ("after", 1)] {
        let taker = Taker::start(&[]);
        let ferry = ferry(&taker.plain());
        lose(&ferry);
        let armed = format!("store.put.told:{side}:1");
        let night = || taker.command(&ferry, &["run", "jobs/things.toml", "--date", "2026-11-20"]);
        crate::killed::killed(night(), &armed);
        assert_eq!(taker.taken().len(), 1, "{armed}: it is told before that is noted");
        for _ in 0..2 {
            assert_eq!((taker.run(&ferry).code, taker.taken().len()), (14, told), "{armed}");
        }
        find(&ferry);
        crate::killed::killed(night(), &armed);
        assert_eq!(taker.taken().len(), told + 1, "{armed}: that it is mended, too");
        for _ in 0..2 {
            assert_eq!((taker.run(&ferry).code, taker.taken().len()), (0, 2 * told), "{armed}");
        }
        let states: Vec<Value> = taker.taken().iter().map(|taken| taken["body"]["state"].clone()).collect();
        let expected: Vec<&str> = ["wrong", "mended"].into_iter().flat_map(|state| vec![state; told]).collect();
        assert_eq!(states, expected, "{armed}");
    }
}

/// What is noted to have been told, as if a day had passed since.
fn a_day_later(ferry: &Ferry, path: &str) {
    let mut told: Value = serde_json::from_str(&ferry.read(path)).expect("JSON");
    for known in told["causes"].as_object_mut().expect("causes").values_mut() {
        known["told_at"] = json!(Utc::now() - TimeDelta::hours(25));
    }
    ferry.write(path, told.to_string().as_bytes());
}

#[test]
fn a_job_that_a_schedule_leaves_out_is_told_once_and_again_after_a_day_and_that_it_is_mended() {
    let taker = Taker::start(&[]);
    let ferry = ferry(&taker.plain());
    let good = ferry.read("jobs/things.toml");
    crate::schedule::due_two_hours_ago(&ferry, "jobs/things.toml", "out/security", "things");
    let scheduled = ferry.read("jobs/things.toml");
    // The one job of the project, so that nothing else is to be done; and a word of the file that nobody outside is to read.
    ferry.write("jobs/things.toml", good.replace("owner = ", "wren@example.org = ").as_bytes());
    let once = |taken: usize| {
        let came = taker.command(&ferry, &["schedule", "--once"]).output().expect("it starts");
        let came = crate::ferry::Came::of(&came);
        assert_eq!(taker.taken().len(), taken, "{} {}", came.out, came.err);
        came
    };
    assert_eq!(once(1).code, 10);
    let told = &taker.taken()[0];
    let cause = &told["body"]["causes"][0];
    assert_eq!((&told["holds"], &told["body"]["job"]), (&json!(true), &json!("things")));
    assert_eq!((&cause["id"], &cause["runbook"]), (&json!("N-LEFT"), &json!("RB-01")));
    let what = cause["what"].as_str().expect("words");
    assert!(what.starts_with("no night of the job runs: E-") && what.contains("jobs/things.toml:"), "{what}");
    assert!(!told["body"].to_string().contains("wren@"), "{told}");
    // Again, and by another schedule: they know. After a day they hear it again.
    assert_eq!(once(1).code, 10);
    a_day_later(&ferry, "out/security/_told/things.json");
    assert_eq!(once(2).code, 10);
    // Beside a job that is well, whose night does not wait; where nothing of it is known but that it is no TOML.
    ferry.write("jobs/other.toml", b"name = \"oth");
    ferry.write("jobs/things.toml", scheduled.as_bytes());
    let came = once(4);
    assert_eq!(came.code, 10, "{}", came.err);
    let taken = taker.taken();
    let of = |job: &str| taken[2..].iter().find(|taken| taken["body"]["job"] == job).expect("a message");
    assert_eq!((&of("things")["body"]["state"], &of("other")["body"]["state"]), (&json!("mended"), &json!("wrong")));
}

#[test]
fn a_night_with_unusually_few_rows_is_published_and_told_once_with_its_runbook() {
    let taker = Taker::start(&[]);
    let ferry = Ferry::shipped();
    // Ten weeks had two and a half times as much.
    let real = crate::status::nights(&ferry, 70, |_| vec![2.5]);
    ferry.write(ENVIRONMENT, (ferry.read(ENVIRONMENT) + &taker.plain()).as_bytes());
    let again = |why: &str| {
        let command = ["run", "jobs/settlements.toml", "--again", why];
        crate::ferry::Came::of(&taker.command(&ferry, &command).output().expect("it starts"))
    };
    let came = again("to be told");
    assert_eq!((came.code, taker.taken().len()), (0, 1), "{}", came.err);
    let told = taker.taken().remove(0);
    let causes = told["body"]["causes"].as_array().expect("causes");
    assert_eq!((&told["holds"], &told["body"]["state"]), (&json!(true), &json!("wrong")));
    assert!(causes.iter().all(|cause| cause["id"] == "N-ROWS" && cause["runbook"] == "RB-23"), "{causes:?}");
    let datasets = real["datasets"].as_array().expect("datasets");
    assert_eq!(causes.len(), datasets.len(), "{causes:?}");
    for (cause, dataset) in causes.iter().zip(datasets) {
        // Of the same weekday all nights had the same: 16 % to each side.
        let rows = dataset["rows_written"].as_f64().expect("rows");
        let usual = (rows * 2.5).floor();
        let expected = format!(
            "{rows} rows on {}, where {} to {} are usual",
            real["period"]["to"].as_str().expect("a day"),
            (usual * 0.84).ceil(),
            (usual * 1.16).floor()
        );
        assert_eq!((&cause["dataset"], &cause["what"]), (&dataset["name"], &json!(expected)));
    }
    assert!(came.err.contains("RB-23"), "{}", came.err);
    // One message a day, whatever is run again.
    assert_eq!((again("once more").code, taker.taken().len()), (0, 1));
    a_day_later(&ferry, "target/security/_told/settlements.json");
    assert_eq!((again("a day later").code, taker.taken().len()), (0, 2));
}

#[test]
fn the_plan_says_who_is_told_where_events_go_and_how_long_that_may_take() {
    let taker = Taker::start(&[]);
    let lineage =
        "[lineage]\nstore = true\nhttp = { url = { env = \"URL\" }, api_key = { file = \"/run/secrets/lineage\" } }\n";
    let topic = "[message.topic]\nsns = { topic = \"arn:aws:sns:eu-west-2:111122223333:nights\" }\n";
    let ferry = ferry(&format!("{}{topic}{lineage}", taker.plain()));
    let output = taker.command(&ferry, &["plan", "jobs/things.toml"]).output().expect("it starts");
    let told = crate::ferry::Came::of(&output);
    for words in [
        "on_call   plain webhook, its address in variable URL, signed",
        "topic     arn:aws:sns:eu-west-2:111122223333:nights, signed",
        "3 tries of 8 s at most, all of them within 50 s",
        "store     lineage/things/<run>.start.json and .end.json in security",
        "http      its address in variable URL, let in by the key in file /run/secrets/lineage",
        "3 tries of 8 s at most, each event within 40 s",
    ] {
        assert!(told.out.contains(words), "{words}: {}", told.out);
    }
    let output = taker.command(&ferry, &["plan", "jobs/things.toml", "--json"]).output().expect("it starts");
    let plan: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (&plan["messages"]["to"][0]["at"], &plan["messages"]["limits"]["seconds_max"]),
        (&json!("variable URL"), &json!(50))
    );
    assert_eq!((&plan["lineage"]["http"], &plan["lineage"]["limits"]["tries"]), (&json!("variable URL"), &json!(3)));
    assert!(!format!("{}{plan}", told.out).contains(ADDRESS_SECRET) && taker.taken().is_empty());
    let nobody = Ferry::shipped().run(&["plan", "jobs/settlements.toml"]);
    for words in ["the environment has no [message]", "the environment has no [lineage]"] {
        assert!(nobody.out.contains(words), "{words}: {}", nobody.out);
    }
}
