//! What stderr shows while a run works, in each mode, on a terminal and off one.

use crate::ferry::Ferry;
use serde_json::Value;
use std::process::{Command, Stdio};

const RUN: [&str; 2] = ["run", "jobs/settlements.toml"];

/// What a terminal is sent: stderr alone, stdout goes elsewhere.
fn on_a_terminal(ferry: &Ferry, progress: &str, variables: &[(&str, &str)]) -> String {
    let line = format!("{} {} --progress {progress} >out.txt", env!("CARGO_BIN_EXE_nightferry"), RUN.join(" "));
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).current_dir(ferry.root());
    command.env_remove("NO_COLOR").env("TERM", "xterm").envs(variables.iter().copied()).stdin(Stdio::null());
    let came = command.output().expect("script starts");
    assert!(came.status.success());
    String::from_utf8_lossy(&came.stdout).into_owned()
}

#[test]
fn a_terminal_shows_a_bar_for_the_job_and_a_line_for_the_table_in_hand() {
    let ferry = Ferry::shipped();
    let shown = on_a_terminal(&ferry, "auto", &[]);
    assert!(shown.contains("/6 tables"), "{shown}");
    assert!(shown.contains("[="), "{shown}");
    assert!(shown.contains("metered_output") && shown.contains("rows/s"), "{shown}");
    let report = ferry.read("out.txt");
    assert!(report.starts_with("settlements · ") && !report.contains('\u{1b}'), "{report}");
}

#[test]
fn off_a_terminal_there_is_a_plain_line_a_stage() {
    let came = Ferry::shipped().run(&RUN);
    assert!(!came.err.contains('\u{1b}') && !came.out.contains('\u{1b}'), "{}", came.err);
    for stage in ["extracting", "comparing", "publishing"] {
        assert!(came.err.contains(&format!("stage=\"{stage}\"")), "{stage}: {}", came.err);
    }
}

#[test]
fn progress_as_json_is_an_object_a_line_and_none_is_silence() {
    let ferry = Ferry::shipped();
    let mut command = ferry.command(&[&RUN[..], &["--progress", "json"]].concat());
    let came = command.env("NIGHTFERRY_LOG", "error").output().expect("the binary starts");
    let lines = String::from_utf8_lossy(&came.stderr).into_owned();
    let stages: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    assert!(stages.iter().any(|told| told["subject"] == "invoice" && told["stage"] == "extracting"), "{lines}");

    let ferry = Ferry::shipped();
    let mut command = ferry.command(&[&RUN[..], &["--progress", "none"]].concat());
    let came = command.env("NIGHTFERRY_LOG", "error").output().expect("the binary starts");
    assert_eq!(String::from_utf8_lossy(&came.stderr), "");
}

#[test]
fn no_color_takes_the_colours_of_log_lines_away() {
    let coloured = on_a_terminal(&Ferry::shipped(), "log", &[]);
    assert!(coloured.contains("\u{1b}["), "{coloured}");
    let plain = on_a_terminal(&Ferry::shipped(), "log", &[("NO_COLOR", "1")]);
    assert!(plain.contains("extracting") && !plain.contains('\u{1b}'), "{plain}");
}
