//! The command line as people meet it: help that fits a screen, examples that run as they stand, completions, `--json`.

use crate::ferry::{Came, Ferry};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Lines of a terminal that nobody has made larger, less the prompt.
const SCREEN_LINES: usize = 40;

/// Runs a line as a shell would, the binary on its path.
fn typed(ferry: &Ferry, line: &str) -> Came {
    let folder = Path::new(env!("CARGO_BIN_EXE_nightferry")).parent().expect("a folder");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").expect("a path"));
    let output = Command::new("bash").args(["-c", line]).current_dir(ferry.root()).env("PATH", path).output();
    Came::of(&output.expect("bash starts"))
}

/// The verbs that `--help` lists.
fn verbs() -> Vec<String> {
    let help = Ferry::empty().run(&["--help"]).out;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    listed.filter_map(|line| Some(line.split_whitespace().next()?.to_owned())).collect()
}

#[test]
fn help_fits_a_screen_and_its_two_examples_run_as_they_stand() {
    let ferry = Ferry::shipped();
    let help = ferry.run(&["--help"]);
    assert_eq!(help.code, 0);
    assert!(help.out.lines().count() <= SCREEN_LINES, "{}", help.out);
    let verbs = verbs();
    assert!(
        ["run", "plan", "validate", "test", "init"].iter().all(|verb| verbs.iter().any(|v| v == verb)),
        "{verbs:?}"
    );
    for verb in verbs {
        let help = ferry.run(&[&verb, "--help"]);
        assert_eq!(help.code, 0, "{verb}: {}", help.err);
        assert!(help.out.lines().count() <= SCREEN_LINES, "{} lines:\n{}", help.out.lines().count(), help.out);
        assert!(help.out.lines().all(|line| line.chars().count() <= 100), "{}", help.out);
        let examples = help.out.split_once("\nExamples:\n").expect("examples").1;
        let examples: Vec<&str> = examples.lines().map(str::trim).collect();
        assert_eq!(examples.len(), 2, "{}", help.out);
        for example in examples {
            assert!(example.contains(&format!("nightferry {verb}")), "{example}");
            let came = typed(&ferry, example);
            assert_eq!(came.code, 0, "{example}:\n{}{}", came.out, came.err);
            assert!(!came.out.is_empty(), "{example} says nothing");
        }
    }
}

#[test]
fn help_of_what_a_table_needs_fits_a_screen_and_its_examples_run() {
    let ferry = Ferry::shipped();
    ferry.edit(
        "jobs/environments/dev.toml",
        "url = \"target/warehouse\"",
        "url = \"target/warehouse\"\nsecond = \"target/second\"",
    );
    assert_eq!(ferry.run(&["run", "jobs/settlements.toml"]).code, 0);
    for verb in ["versions", "verify", "compare", "rollback", "gc", "failover", "ddl"] {
        let help = ferry.run(&["table", verb, "--help"]).out;
        assert!(help.lines().count() <= SCREEN_LINES && help.lines().all(|line| line.chars().count() <= 100), "{help}");
        let examples: Vec<&str> =
            help.split_once("\nExamples:\n").expect("examples").1.lines().map(str::trim).collect();
        assert_eq!(examples.len(), 2, "{help}");
        for example in examples {
            assert!(example.starts_with(&format!("nightferry table {verb}")), "{example}");
            let came = typed(&ferry, example);
            assert_eq!(came.code, 0, "{example}:\n{}{}", came.out, came.err);
            assert!(!came.out.is_empty(), "{example} says nothing");
        }
    }
}

#[test]
fn what_is_asked_as_json_is_json_a_line() {
    let ferry = Ferry::shipped();
    for (line, lines) in [
        ("validate --json", 1),
        ("plan jobs/contracts.toml --json", 1),
        ("test --json", 2),
        ("run jobs/contracts.toml --json", 1),
        ("run jobs/contracts.toml --dry-run --json", 1),
        ("init --schemas --json", 1),
    ] {
        let came = ferry.run(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(came.code, 0, "{line}: {}", came.err);
        assert_eq!(came.out.lines().count(), lines, "{line}: {}", came.out);
        for answer in came.out.lines() {
            serde_json::from_str::<Value>(answer).unwrap_or_else(|_| panic!("{line}: {answer}"));
        }
    }
}

#[test]
fn what_goes_wrong_is_json_too_where_json_is_asked_for() {
    let ferry = Ferry::shipped();
    ferry.edit("jobs/contracts.toml", "from = \"contracts_db\"", "from = \"contract_db\"");
    for verb in ["run", "plan", "test", "validate"] {
        let came = ferry.run(&[verb, "jobs/contracts.toml", "--json"]);
        assert_eq!((came.code, came.out.lines().count()), (10, 1), "{verb}: {}", came.out);
        let told: Value = serde_json::from_str(&came.out).expect("JSON");
        if verb != "validate" {
            assert_eq!((&told["outcome"], &told["exit_code"]), (&"failed".into(), &10.into()), "{verb}");
        }
        let problems = if verb == "validate" { &told } else { &told["problems"] };
        let first = &problems[0];
        assert_eq!((&first["id"], &first["file"]), (&"E-JOB-SOURCE".into(), &"jobs/contracts.toml".into()), "{verb}");
        for field in ["line", "column", "message", "hint", "exit_code", "retryable", "phase", "safe", "next"] {
            assert!(!first[field].is_null(), "{verb}: {field} in {first}");
        }
        assert!(came.err.contains("[E-JOB-SOURCE]"), "people read it on stderr: {}", came.err);
    }
    for (line, code, id) in [
        ("run jobs/settlements.toml --date 2199-12-31 --json", 2, "E-DATE-2"),
        ("validate jobs/settlements.toml --env nowhere --json", 11, "E-ENV-READ"),
    ] {
        let came = ferry.run(&line.split(' ').collect::<Vec<_>>());
        assert!(came.code == code && came.out.contains(id), "{line}: {} {}", came.code, came.out);
    }
    std::fs::remove_dir_all(ferry.path("fixtures/settlements/prices")).expect("removed");
    let came = ferry.run(&["validate", "jobs/settlements.toml", "--online", "--json"]);
    let told: Value = serde_json::from_str(&came.out).expect("JSON");
    assert_eq!((came.code, &told[0]["exit_code"]), (14, &14.into()), "{}", came.out);
}

#[test]
fn completions_know_every_verb_and_bash_takes_them() {
    let ferry = Ferry::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let came = ferry.run(&["completions", shell]);
        assert_eq!(came.code, 0, "{}", came.err);
        assert!(verbs().iter().all(|verb| came.out.contains(verb.as_str())), "{shell} lacks a verb");
        assert!(came.out.contains("dry-run"), "{shell} lacks a flag");
    }
    let taken = typed(&ferry, "eval \"$(nightferry completions bash)\" && complete -p nightferry");
    assert_eq!(taken.code, 0, "{}", taken.err);
}

#[test]
fn a_folder_without_jobs_is_not_all_well() {
    let ferry = Ferry::empty();
    for verb in ["validate", "test"] {
        let came = ferry.run(&[verb]);
        assert_eq!((came.code, came.out.as_str()), (14, ""), "{}", came.err);
        assert!(came.err.contains("there is no job file in `jobs`"), "{}", came.err);
    }
}

#[test]
fn a_pipe_that_is_closed_early_is_no_failure() {
    let came = typed(&Ferry::shipped(), "set -o pipefail; nightferry plan jobs/settlements.toml | head -n 1");
    assert_eq!((came.code, came.err.as_str()), (0, ""), "{}", came.out);
}

#[test]
fn the_man_page_has_a_section_for_every_verb() {
    let ferry = Ferry::empty();
    let page = ferry.run(&["completions", "man"]).out;
    assert!(page.contains(".TH nightferry 1"), "{page}");
    for verb in verbs() {
        assert!(page.contains(&format!(".SH {}\n", verb.to_uppercase())), "{verb} in {page}");
    }
    assert!(page.contains("dry\\-run"), "{page}");
}
