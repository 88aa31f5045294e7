//! One run whose every row is an error that holds somebody's value: a hundred thousand of them, and all channels of that run
//! searched. What it says, as people and machines read it; its report, pages and metrics; what `ps` shows of it and of those it started;
//! what lies aside while it runs; and once more where it panics over them.

use crate::befallen::{BEFORE, DEV, EXTRACT, JOB, extract, night, run};
use crate::ferry::{Came, Ferry};
use crate::five::{PERSON, heard_by_nobody};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Rows of which each cannot be what its schema says.
const BAD_ROWS: u64 = 100_000;

/// Bytes of a process, as a text that was said.
fn said(bytes: Vec<u8>) -> Came {
    Came { code: 0, out: String::from_utf8_lossy(&bytes).into_owned(), err: String::new() }
}

/// Starts a run that stops where its first part is written, and waits until it is there.
fn paused(ferry: &Ferry, mut command: Command) -> Child {
    std::fs::create_dir_all(ferry.path("scratch")).expect("made");
    let paused = ferry.path("paused");
    command.env("TMPDIR", ferry.path("scratch"));
    command.env("NIGHTFERRY_PAUSE", format!("store.put.part:after:{}", paused.display()));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let began = Instant::now();
    while !paused.exists() {
        assert!(began.elapsed() < Duration::from_secs(120), "no part was ever written");
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

fn go_on(ferry: &Ferry, child: Child) -> Came {
    std::fs::remove_file(ferry.path("paused")).expect("goes on");
    Came::of(&child.wait_with_output().expect("it ends"))
}

/// What the process has aside: its files have no name, and are looked at where it has them open.
fn aside(ferry: &Ferry, child: &Child) -> Vec<u8> {
    let open = std::fs::read_dir(format!("/proc/{}/fd", child.id())).expect("its files");
    let is_aside = |path: &PathBuf| std::fs::read_link(path).is_ok_and(|file| file.starts_with(ferry.path("scratch")));
    let aside = open.map(|file| file.expect("a file").path()).filter(is_aside);
    aside.flat_map(|path| std::fs::read(path).expect("readable")).collect()
}

/// What `ps` shows of it and of all that it started.
fn shown_by_ps(child: &Child) -> Vec<u8> {
    let id = child.id();
    let threads = std::fs::read_dir(format!("/proc/{id}/task")).expect("its threads");
    let children = threads.map(|thread| thread.expect("a thread").path().join("children"));
    let children = children.filter_map(|file| std::fs::read_to_string(file).ok()).collect::<Vec<_>>().join(" ");
    let ids = children.split_whitespace().map(str::to_owned).chain([id.to_string()]);
    let shown = ids.flat_map(|id| ["cmdline", "comm", "environ"].map(|file| format!("/proc/{id}/{file}")));
    shown.flat_map(|file| std::fs::read(file).unwrap_or_default()).collect()
}

#[test]
fn what_lies_aside_while_a_night_runs_tells_nobody() {
    let ferry = night();
    let check =
        "\n[[dataset.thing.check]]\nname = \"named\"\nsql = \"select min(length(name)) > 3 as holds from thing\"\n";
    ferry.write(JOB, format!("{}{check}", ferry.read(JOB)).as_bytes());
    ferry.edit(DEV, "[secrets]", "[limits]\nmemory_max = \"1MiB\"\n\n[secrets]");
    let many: String = (2..90_000).map(|id| format!("{id},{id}\n")).collect();
    ferry.write(EXTRACT, extract(&format!("{BEFORE}{many}")).as_bytes());
    let child = paused(&ferry, run(&ferry, "2026-11-21"));
    let aside = aside(&ferry, &child);
    assert!(aside.len() > 100_000, "{} bytes lie aside", aside.len());
    heard_by_nobody(&ferry, &said(aside));
    heard_by_nobody(&ferry, &said(shown_by_ps(&child)));
    let came = go_on(&ferry, child);
    // The check's whole table may be more than so little memory takes.
    assert!(matches!(came.code, 0 | 50), "{}", came.err);
    heard_by_nobody(&ferry, &came);
    assert_eq!(ferry.files("scratch"), Vec::<String>::new());
}

#[test]
fn a_hundred_thousand_bad_rows_in_one_run_are_told_on_no_channel() {
    // Each has the person's name where a number should be; one row in ten is well, so that there is a night to publish.
    let cell = |id: u64| if id.is_multiple_of(10) { id.to_string() } else { format!("{PERSON} {id}") };
    let rows: String = (1..=BAD_ROWS * 10 / 9 + 1).map(|id| format!("{id},{PERSON},{}\n", cell(id))).collect();
    for (metrics, allowed, code) in [("emf", 0, 22), ("numbers.prom", 200_000, 0)] {
        let ferry = night();
        ferry.write(EXTRACT, format!("id,name,amount\n{rows}").as_bytes());
        ferry.edit(JOB, "write = \"replace\"", &format!("write = \"replace\"\nbad_rows_max = {allowed}"));
        let words = ["run", JOB, "--date", "2026-11-21", "--progress", "json", "--json", "--metrics", metrics];
        let mut command = ferry.command(&words);
        command.env("NIGHTFERRY_LOG", "trace").env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
        let child = paused(&ferry, command);
        heard_by_nobody(&ferry, &said(shown_by_ps(&child)));
        heard_by_nobody(&ferry, &said(aside(&ferry, &child)));
        let came = go_on(&ferry, child);
        assert_eq!(came.code, code, "{}", came.err);
        let report: serde_json::Value = serde_json::from_str(&came.out).expect("a report");
        assert!(report["datasets"][0]["rows_bad"].as_u64() >= Some(BAD_ROWS), "{report}");
        heard_by_nobody(&ferry, &came);
        // That was every file of the project but its own and the restricted store's: these were among them.
        let files = ferry.files("");
        for ending in [".json", ".html"] {
            let is_one = |file: &&String| file.starts_with("out/security/reports/things/") && file.ends_with(ending);
            assert!(files.iter().any(|file| is_one(&file)), "no report {ending}: {files:?}");
        }
        let is_counted =
            if metrics == "emf" { came.err.contains("{\"_aws\"") } else { files.contains(&metrics.to_owned()) };
        assert!(is_counted, "no metrics: {}", came.err);
        assert_eq!(ferry.files("scratch"), Vec::<String>::new());
        // And where a bug of ours quotes them all.
        ferry.write(EXTRACT, format!("id,name,amount\n{rows}").as_bytes());
        let mut command = ferry.command(&[&words[..], &["--again", "a bug"]].concat());
        command.env("NIGHTFERRY_PANIC", "rows.treated").env("RUST_BACKTRACE", "full").env("NIGHTFERRY_LOG", "trace");
        let came = Came::of(&command.output().expect("the binary starts"));
        assert_eq!(came.code, 101, "{}", came.err);
        heard_by_nobody(&ferry, &came);
    }
}
