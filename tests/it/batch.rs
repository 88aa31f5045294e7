//! On AWS Batch: what its variables and the task metadata of ECS tell is in the run's report, its page and the ledger; a child of an
//! array job does its part and no other.

use crate::ferry::{Came, Ferry};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const TASK: &str = "9c1e7f0a4b5d4c0d8e2f1a3b5c7d9e0f";

/// Somebody who answers as the task metadata endpoint does: of a path, a status and a body. Gives the address that ECS would.
fn told(answers: impl Fn(&str) -> Option<(u16, String)> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for client in listener.incoming().map_while(Result::ok) {
            let mut line = String::new();
            let mut reader = BufReader::new(client);
            let _ = reader.read_line(&mut line);
            let mut client = reader.into_inner();
            match answers(line.split(' ').nth(1).unwrap_or_default()) {
                Some((status, body)) => {
                    let head = format!("HTTP/1.1 {status} As\r\nLocation: http://127.0.0.1:{port}/v4/a\r\n");
                    let length = format!("Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
                    let _ = client.write_all((head + &length).as_bytes());
                }
                None => silent.push(client),
            }
        }
    });
    format!("http://127.0.0.1:{port}/v4/{TASK}-1")
}

/// As the Developer Guide shows it, of a task on Fargate.
fn of_fargate(path: &str) -> Option<(u16, String)> {
    let arn = format!("arn:aws:ecs:eu-west-2:111122223333:task/AWSBatch-lccc/{TASK}");
    let body = match path.ends_with("/task") {
        true => json!({
            "Cluster": "arn:aws:ecs:eu-west-2:111122223333:cluster/AWSBatch-lccc", "TaskARN": arn, "Family": "lccc-settlements",
            "Revision": "7", "DesiredStatus": "RUNNING", "KnownStatus": "RUNNING", "Limits": { "CPU": 1.0, "Memory": 2048 },
            "AvailabilityZone": "eu-west-2b", "LaunchType": "FARGATE", "Containers": [], "EphemeralStorageMetrics": { "Utilized": 261, "Reserved": 20496 },
            "ClockDrift": { "ClockErrorBound": 0.54, "ReferenceTimestamp": "2026-11-23T02:29:58Z", "ClockSynchronizationStatus": "SYNCHRONIZED" },
        }),
        false => json!({
            "DockerId": format!("{TASK}-1"), "Name": "nightferry", "Image": "111122223333.dkr.ecr.eu-west-2.amazonaws.com/lccc@sha256:ab",
            "ImageID": "sha256:25f3695bedfb454a50f12d127839a68ad3caf91e451c1da073db34c542c4d2cb", "Labels": { "somebody": "opensesame" },
            "Limits": { "CPU": 2 }, "LogDriver": "awslogs",
            "LogOptions": { "awslogs-group": "/nightferry/prod", "awslogs-region": "eu-west-2", "awslogs-stream": "settlements/nightferry/9c1e" },
        }),
    };
    Some((200, body.to_string()))
}

fn things() -> Ferry {
    Ferry::of_one_file("app.thing.csv", b"id,amount\n1,10\n", "amount = { type = \"integer\", class = \"open\" }", "")
}

/// Things by their days, ten of them.
fn by_day() -> Ferry {
    let rows: String = (1..=10).map(|day| format!("{day},2026-03-{day:02},{}\n", day * 10)).collect();
    let columns = "day = { type = \"date\", class = \"open\" }\namount = { type = \"integer\", class = \"open\" }";
    let period = "period = { by = \"day\", every = \"day\" }\n";
    let ferry = Ferry::of_one_file("app.thing.csv", format!("id,day,amount\n{rows}").as_bytes(), columns, period);
    ferry.edit("schemas/thing.toml", "key = [\"id\"]", "key = [\"id\", \"day\"]");
    ferry.edit("jobs/things.toml", "write = \"replace\"", "write = \"replace_period\"");
    ferry
}

/// The variables of a child.
fn child(command: &mut Command, index: usize, size: usize) {
    command.env("AWS_BATCH_JOB_ID", format!("3f0c9a4e:{index}")).env("AWS_BATCH_JOB_ATTEMPT", "1");
    command.env("AWS_BATCH_JOB_ARRAY_INDEX", index.to_string()).env("AWS_BATCH_JOB_ARRAY_SIZE", size.to_string());
}

fn came(command: &mut Command) -> Came {
    Came::of(&command.output().expect("the binary starts"))
}

/// The reports in the store `security`, by the day they are for.
fn reports(ferry: &Ferry, job: &str) -> BTreeMap<String, Value> {
    let folder = format!("out/security/reports/{job}");
    let files = ferry.files(&folder).into_iter().filter(|file| file.ends_with(".json"));
    let read =
        files.map(|file| serde_json::from_str::<Value>(&ferry.read(&format!("{folder}/{file}"))).expect("a report"));
    read.map(|report| (report["period"]["from"].as_str().expect("a day").to_owned(), report)).collect()
}

#[test]
fn the_report_its_page_and_the_ledger_say_which_job_and_task_it_was() {
    let ferry = things();
    let mut command = ferry.command(&["run", "jobs/things.toml", "--date", "2026-03-29", "--json"]);
    command.env("ECS_CONTAINER_METADATA_URI_V4", told(of_fargate));
    command
        .env("AWS_BATCH_JOB_ID", "3f0c9a4e")
        .env("AWS_BATCH_JOB_ATTEMPT", "2")
        .env("AWS_BATCH_CE_NAME", "lccc-fargate");
    let came = came(&mut command);
    assert_eq!(came.code, 0, "{}", came.err);
    let shown: Value = serde_json::from_str(&came.out).expect("a report");
    let filed = &reports(&ferry, "things")["2026-03-29"];
    for report in [&shown, filed] {
        assert_eq!(report["batch"], json!({ "job": "3f0c9a4e", "attempt": 2, "compute_environment": "lccc-fargate" }));
        assert_eq!(
            report["task"],
            json!({
                "id": TASK, "cluster": "AWSBatch-lccc", "definition": "lccc-settlements:7", "zone": "eu-west-2b",
                "launch_type": "FARGATE", "vcpu": 1.0, "memory_mib": 2048, "clock": "SYNCHRONIZED",
                "image": "sha256:25f3695bedfb454a50f12d127839a68ad3caf91e451c1da073db34c542c4d2cb",
                "log_group": "/nightferry/prod", "log_stream": "settlements/nightferry/9c1e",
            })
        );
        assert!(report["run"].as_str().expect("a run").ends_with("-2"), "the attempt is part of the run's id");
        assert_eq!(report["started_by"], "aws_batch:3f0c9a4e");
    }
    assert!(!came.out.contains("opensesame"), "of labels nothing is told");
    // And in the night's own record, which is its commit.
    let record = format!("out/security/_jobs/things/{:020}.json", 0);
    let record: Value = serde_json::from_str(&ferry.read(&record)).expect("a record");
    assert_eq!((&record["batch"], &record["task"]), (&filed["batch"], &json!(TASK)));
    let page = shown["page_at"].as_str().expect("a page").replace("security/", "out/security/");
    let page = ferry.read(&page);
    assert!(page.contains("3f0c9a4e, attempt 2") && page.contains("/nightferry/prod settlements/nightferry/9c1e"));
    let status: Value = serde_json::from_str(&ferry.run(&["status", "--json"]).out).expect("a status");
    let night = status.pointer("/nights/0").or(status.pointer("/0/nights/0")).expect("a night");
    assert_eq!(
        (&night["batch"]["attempt"], &night["log"]),
        (&json!(2), &json!("/nightferry/prod settlements/nightferry/9c1e"))
    );
}

#[test]
fn a_night_goes_well_whatever_is_told_of_its_task() {
    let long = "x".repeat(300 << 10);
    let wide = json!({ "TaskARN": "a/b\u{1b}[2J", "Limits": { "CPU": -1, "Memory": 1 } }).to_string();
    let ports = |status: u16, body: &str| {
        let body = body.to_owned();
        told(move |_| Some((status, body.clone())))
    };
    let cases = [
        ("garbage", ports(200, "<html>opensesame")),
        ("an empty object", ports(200, "{}")),
        ("words that move a cursor", ports(200, &wide)),
        ("more than anybody tells", ports(200, &long)),
        ("an error", ports(500, "opensesame")),
        ("a redirect", ports(302, "")),
        ("silence", told(|_| None)),
        ("nobody", "http://127.0.0.1:9/v4/a".into()),
        ("somebody else", "http://169.254.169.254/latest/meta-data".into()),
        ("no address", "opensesame".into()),
    ];
    for (case, uri) in cases {
        let ferry = things();
        let since = Instant::now();
        let mut command = ferry.command(&["run", "jobs/things.toml", "--json"]);
        let came = came(command.env("ECS_CONTAINER_METADATA_URI_V4", uri));
        assert_eq!(came.code, 0, "{case}: {}", came.err);
        assert!(since.elapsed() < Duration::from_secs(10), "{case} took {:?}", since.elapsed());
        let report: Value = serde_json::from_str(&came.out).expect("a report");
        assert_eq!((report.get("task"), &report["outcome"]), (None, &json!("published")), "{case}");
        assert!(!came.err.contains("opensesame") && !came.err.contains('\u{1b}'), "{case}: {}", came.err);
        assert!(came.err.contains("task") || came.err.contains("ECS_CONTAINER"), "{case} is told: {}", came.err);
    }
}

#[test]
fn children_of_an_array_job_do_one_period_each_all_at_once_and_each_once() {
    let ferry = by_day();
    let days = ["--from", "2026-03-02", "--to", "2026-03-09"];
    let children = |size: usize| {
        let started = (0..size).map(|index| {
            let mut command =
                ferry.command(&[&["run", "jobs/things.toml", "--array", "--progress", "none"][..], &days].concat());
            child(&mut command, index, size);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts")
        });
        let started: Vec<_> = started.collect();
        started.into_iter().map(|child| Came::of(&child.wait_with_output().expect("it ends"))).collect::<Vec<_>>()
    };
    // As many children as there are periods, or none does anything.
    for size in [7, 9] {
        for came in children(size) {
            assert_eq!(came.code, 2, "{}", came.err);
            assert!(came.endings()[0].starts_with("E-ARRAY-2 ") && came.err.contains("size=8"), "{}", came.err);
        }
    }
    assert!(!ferry.path("out").exists(), "nothing is made");
    for came in children(8) {
        assert_eq!(came.code, 0, "{}", came.err);
    }
    let reports = reports(&ferry, "things");
    assert_eq!(reports.len(), 8);
    for (index, (day, report)) in reports.iter().enumerate() {
        assert_eq!((day.as_str(), &report["outcome"]), (&*format!("2026-03-{:02}", index + 2), &json!("published")));
        assert_eq!((&report["batch"]["array_index"], &report["batch"]["array_size"]), (&json!(index), &json!(8)));
        assert_eq!(report["datasets"][0]["rows_written"], 1, "{day}");
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/rows.py");
    let table = ferry.path("out/warehouse/thing").to_string_lossy().into_owned();
    let seen = || crate::readers::python(&[script, "day", &table]);
    let first = seen();
    let shown: Value = serde_json::from_str(first.lines().next().expect("a table")).expect("JSON");
    let days: Vec<&str> =
        shown["rows"].as_array().expect("rows").iter().map(|row| row[1].as_str().expect("a day")).collect();
    assert_eq!(days, (2..=9).map(|day| format!("2026-03-{day:02}")).collect::<Vec<_>>());
    let records = ferry.files("out/security/_jobs/things");
    let told = records.iter().map(|file| {
        let record: Value =
            serde_json::from_str(&ferry.read(&format!("out/security/_jobs/things/{file}"))).expect("JSON");
        let (index, day) =
            (record["batch"]["array_index"].as_u64(), record["period"]["from"].as_str().map(str::to_owned));
        assert!(record["batch"]["job"].as_str().is_some_and(|job| job.starts_with("3f0c9a4e:")), "{record}");
        (index.expect("a child"), day.expect("a day"))
    });
    let expected = (0..8).map(|index| (index, format!("2026-03-{:02}", index + 2)));
    assert_eq!(told.collect::<BTreeMap<_, _>>(), expected.collect());
    // Batch tries a child again: it is there already.
    assert!(children(8).iter().all(|came| came.code == 0));
    assert_eq!(seen(), first);
}

#[test]
fn children_of_an_array_job_do_one_job_each_and_never_the_datasets_of_one() {
    let ferry = things();
    let job = ferry.read("jobs/things.toml");
    let other = job.replace("name = \"things\"", "name = \"others\"").replace("[dataset.thing]", "[dataset.other]");
    ferry.write("jobs/others.toml", other.as_bytes());
    let both = ["run", "jobs/things.toml", "jobs/others.toml"];
    let day = ["--date", "2026-03-29"];
    std::os::unix::fs::symlink(ferry.path("jobs/things.toml"), ferry.path("jobs/again.toml")).expect("linked");
    let run = |arguments: &[&str], of: Option<(usize, usize)>| {
        let mut command = ferry.command(&[arguments, &day].concat());
        if let Some((index, size)) = of {
            child(&mut command, index, size);
        }
        came(&mut command)
    };
    for (arguments, of, said) in [
        (&both[..], None, "a run is of one job"),
        (&[&both[..], &["--array"]].concat(), None, "this is none"),
        (&both[..], Some((0, 2)), "without --array"),
        (&both[..2], Some((0, 2)), "without --array"),
        (&[&both[..], &["--array"]].concat(), Some((0, 3)), "2 jobs and 3 children"),
        (&[&both[..], &["jobs/things.toml", "--array"]].concat(), Some((0, 3)), "named twice"),
        // However it is spelled, and by a link.
        (&[&both[..2], &["./jobs/things.toml", "--array"]].concat(), Some((0, 2)), "named twice"),
        (&[&both[..2], &["jobs/../jobs/things.toml", "--array"]].concat(), Some((1, 2)), "named twice"),
        (&[&both[..2], &["jobs/again.toml", "--array"]].concat(), Some((1, 2)), "named twice"),
        // A table that is written as a whole has one state: there is nothing to divide.
        (&[&both[..2], &["--array"]].concat(), Some((0, 2)), "not written by periods"),
    ] {
        let refused = run(arguments, of);
        assert_eq!(refused.code, 2, "{said}: {}", refused.err);
        assert!(
            refused.endings()[0].starts_with("E-ARRAY-2 ") && refused.err.contains(said),
            "{said}: {}",
            refused.err
        );
    }
    assert!(!ferry.path("out").exists(), "nothing is made");
    let second = run(&[&both[..], &["--array"]].concat(), Some((1, 2)));
    assert_eq!(second.code, 0, "{}", second.err);
    assert!(ferry.is_published("out/warehouse/other") && !ferry.is_published("out/warehouse/thing"));
    let first = run(&[&both[..], &["--array"]].concat(), Some((0, 2)));
    assert_eq!(first.code, 0, "{}", first.err);
    assert!(ferry.is_published("out/warehouse/thing"));
    assert_eq!((reports(&ferry, "things").len(), reports(&ferry, "others").len()), (1, 1));
}
