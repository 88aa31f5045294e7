//! What is said of faulty files: a folder of `fixtures/problems/` for each case, and the real binary run over it.
//!
//! ```text
//! fixtures/problems/sound/     the project without a fault: every other case stands on it
//! fixtures/problems/<case>/    the files that differ, and expected.txt
//!     job.toml  environment.toml  schemas/*.toml  sql/*.sql
//!     command.txt              what is run, where that is not `validate jobs/job.toml`
//! ```
//!
//! `UPDATE=1` writes what came out; a person reviews the difference. Files that nobody could read in a review are made in here.

use crate::ferry::{Came, Ferry};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The case that every other stands on.
const SOUND: &str = "sound";

/// A case, a file of it, and the bytes it gets.
type Made = (&'static str, &'static str, fn() -> Vec<u8>);

/// Files that are made here.
const MADE: &[Made] = &[
    ("nested-too-deeply", "job.toml", || format!("name = {}", "[".repeat(100_000)).into_bytes()),
    ("dotted-too-deeply", "schemas/thing.toml", || format!("{}b = 1\n", "a.".repeat(100_000)).into_bytes()),
    ("huge", "environment.toml", || "# opensesame\n".repeat(100_000).into_bytes()),
    ("not-utf-8", "schemas/thing.toml", || b"description = \"opensesame \xff\xfe\"\n".to_vec()),
    ("nul-bytes", "job.toml", || b"\x7fELF\x02\x01\x01\0\0\0opensesame\0".to_vec()),
    ("folder-for-a-file", "job.toml/opensesame", Vec::new),
    ("folder-for-a-schema", "schemas/thing.toml/opensesame", Vec::new),
];

/// Ids that no file can bring about, and why they are there all the same.
const UNREACHABLE: &[(&str, &str)] =
    &[("E-JOB-SCHEMA", "a plan is made of files that were found sound: this is the second look, by another road")];

/// Ids whose problems repeat a name of the faulty line, because the reader has to find it elsewhere. The name must be plain.
const NAMES_TOLD: &[&str] = &[
    "E-ENV-READ",
    "E-ENV-VARIABLE",
    "E-FILE-READ",
    "E-JOB-CHECK",
    "E-JOB-COLUMN",
    "E-JOB-MERGE",
    "E-JOB-PERIOD",
    "E-JOB-SOURCE",
    "E-JOB-STORE",
    "E-SCHEMA-KEY",
    "E-SCHEMA-REFERENCE",
    "E-SCHEMA-SUBJECT",
    "E-SCHEMA-SUPPRESS",
];

/// Words of our own language: a type that no file of `sound` declares, a word of a key.
const OWN_WORDS: &[&str] =
    &["null", "json", "jsonb", "smallint", "numeric(5,0)", "composite", "interval", "numeric", "text[]"];

#[test]
fn every_fault_is_told_as_its_snapshot_says() {
    let update = std::env::var("UPDATE").is_ok_and(|update| update == "1");
    let mut differing = Vec::new();
    for case in cases() {
        let said = said(&case);
        let file = folder().join(&case).join("expected.txt");
        if update {
            std::fs::write(&file, &said).expect("written");
        } else if std::fs::read_to_string(&file).unwrap_or_default() != said {
            differing.push(format!("{case}:\n{said}"));
        }
    }
    assert!(differing.is_empty(), "UPDATE=1 writes what came out:\n{}", differing.join("\n"));
}

#[test]
fn every_problem_id_has_a_case_that_shows_it() {
    let shown: BTreeSet<String> = cases().iter().flat_map(|case| ids(&expected(case))).collect();
    let known = ids_of_the_source();
    assert!(known.len() > 35, "{known:?}");
    let unreachable = |id: &str| UNREACHABLE.iter().any(|(unreachable, _)| *unreachable == id);
    let missing: Vec<&String> = known.iter().filter(|id| !shown.contains(*id) && !unreachable(id)).collect();
    assert!(missing.is_empty(), "no folder of fixtures/problems shows {missing:?}");
    let reached: Vec<_> = UNREACHABLE.iter().filter(|(id, _)| shown.contains(*id) || !known.contains(*id)).collect();
    assert!(reached.is_empty(), "these are shown, or are no more: {reached:?}");
}

#[test]
fn no_snapshot_repeats_a_value_of_a_faulty_line() {
    let harmless: BTreeSet<String> = files(SOUND).values().flat_map(|text| literals(text)).collect();
    let mut looked_at = 0;
    for case in cases() {
        let expected = expected(&case);
        // The first line is the command, as a person typed it.
        let answer = expected.split_once('\n').map_or("", |(_, answer)| answer);
        assert!(!answer.contains("opensesame"), "{case} tells the secret:\n{expected}");
        let files = files(&case);
        for problem in problems(&expected) {
            let line = files.get(&problem.file).and_then(|text| text.lines().nth(problem.line - 1));
            let is_own = |literal: &&String| OWN_WORDS.contains(&literal.as_str());
            for literal in literals(line.unwrap_or_default()).difference(&harmless).filter(|literal| !is_own(literal)) {
                looked_at += 1;
                let is_told = problem.told.contains(literal.as_str());
                let may_be = NAMES_TOLD.contains(&problem.id.as_str()) && is_plain(literal);
                assert!(!is_told || may_be, "{case} repeats `{literal}`:\n{expected}");
            }
        }
    }
    assert!(looked_at > 40, "only {looked_at} values were looked for");
}

/// A problem as it was printed.
struct Told {
    file: String,
    line: usize,
    id: String,
    told: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/problems")
}

fn cases() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).expect("a folder");
    let mut cases: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    cases.sort();
    cases
}

fn expected(case: &str) -> String {
    std::fs::read_to_string(folder().join(case).join("expected.txt")).unwrap_or_else(|_| panic!("{case} is expected"))
}

/// Runs a case in a project of its own and writes down what was said.
fn said(case: &str) -> String {
    let ferry = Ferry::empty();
    for case in [SOUND, case] {
        lay(&folder().join(case), &folder().join(case), &ferry);
    }
    for (_, file, bytes) in MADE.iter().filter(|(made, ..)| *made == case) {
        let place = place(file);
        let _ = std::fs::remove_file(ferry.path(place.split_once(".toml/").map_or(&place, |(front, _)| front)));
        let _ = std::fs::remove_file(ferry.path(&format!("{}.toml", place.split(".toml").next().unwrap_or_default())));
        ferry.write(&place, &bytes());
    }
    let command = std::fs::read_to_string(folder().join(case).join("command.txt"));
    let command = command.unwrap_or_else(|_| "validate jobs/job.toml".into());
    let arguments: Vec<&str> = command.split_whitespace().collect();
    // `UPDATE` is for the snapshots, not for `nightferry test`.
    let came = Came::of(&ferry.command(&arguments).output().expect("the binary starts"));
    let said = format!("$ nightferry {}\n{}{}exit {}\n", arguments.join(" "), came.out, came.err, came.code);
    masked(&said, &ferry)
}

/// The one place where what differs from run to run and from machine to machine is hidden.
fn masked(said: &str, ferry: &Ferry) -> String {
    let said = said.replace(&*ferry.root().to_string_lossy(), "<project>");
    let clock = regex::Regex::new(r"\d{4}-\d{2}-\d{2}T[0-9:.]+Z").expect("a pattern");
    let run = regex::Regex::new(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}").expect("a pattern");
    let took = regex::Regex::new(r"(?m)^  took .*$").expect("a pattern");
    let day = regex::Regex::new(r" · \d+ \w+ \d{4} ").expect("a pattern");
    let short = regex::Regex::new(r"run [0-9a-f]{8}").expect("a pattern");
    let said = run.replace_all(&clock.replace_all(&said, "<clock>"), "<run>").into_owned();
    let said = day.replace_all(&short.replace_all(&said, "run <run>"), " · <day> ").into_owned();
    took.replace_all(&said, "  took <time>").into_owned()
}

/// Puts a case's files where a project has them.
fn lay(start: &Path, from: &Path, ferry: &Ferry) {
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            lay(start, &path, ferry);
            continue;
        }
        let name = path.strip_prefix(start).expect("below").to_string_lossy().into_owned();
        if name != "expected.txt" && name != "command.txt" {
            ferry.write(&place(&name), &std::fs::read(&path).expect("a file"));
        }
    }
}

/// Where a case's file stands in the project.
fn place(name: &str) -> String {
    match name.split_once('/') {
        None if name.starts_with("environment.") => name.replace("environment.", "jobs/environments/dev."),
        None => format!("jobs/{name}"),
        Some((folder, _)) if folder.starts_with("job.") || folder == "sql" => format!("jobs/{name}"),
        Some(_) => name.to_owned(),
    }
}

/// A case's texts by their place in the project, the sound ones beneath.
fn files(case: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for case in [SOUND, case] {
        for name in ["job.toml", "environment.toml", "schemas/thing.toml"] {
            if let Ok(text) = std::fs::read_to_string(folder().join(case).join(name)) {
                files.insert(place(name), text);
            }
        }
    }
    files
}

fn literals(text: &str) -> BTreeSet<String> {
    let inside = |line: &str| line.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    text.lines().flat_map(inside).filter(|literal| literal.len() >= 3).collect()
}

fn is_plain(literal: &str) -> bool {
    literal.len() <= 63 && literal.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte))
}

fn problems(expected: &str) -> Vec<Told> {
    let mut problems: Vec<Told> = Vec::new();
    for line in expected.lines() {
        let id = line.rsplit_once("  [").or_else(|| line.rsplit_once(" [")).and_then(|(_, id)| id.strip_suffix(']'));
        match (id, line.split_once("  "), problems.last_mut()) {
            (Some(id), Some((place, told)), _) if id.starts_with("E-") => {
                let mut place = place.rsplitn(3, ':').skip(1);
                let line = place.next().and_then(|line| line.parse().ok()).expect("a line");
                let file = place.next().expect("a file").to_owned();
                problems.push(Told { file, line, id: id.to_owned(), told: told.to_owned() });
            }
            (_, _, Some(problem)) if line.trim_start().starts_with("hint: ") => problem.told.push_str(line),
            _ => {}
        }
    }
    problems
}

fn ids(text: &str) -> Vec<String> {
    let id = regex::Regex::new(r"\bE-(?:ENV|FILE|JOB|SCHEMA)(?:-[A-Z]+)+\b").expect("a pattern");
    id.find_iter(text).map(|id| id.as_str().to_owned()).collect()
}

/// Every id of a problem that the sources can give.
fn ids_of_the_source() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let rooms = ["src/job", "src/verbs"].map(|room| Path::new(env!("CARGO_MANIFEST_DIR")).join(room));
    for file in rooms.iter().flat_map(|room| std::fs::read_dir(room).expect("a folder")) {
        let path = file.expect("an entry").path();
        let text = if path.is_file() { std::fs::read_to_string(path).expect("a source file") } else { String::new() };
        found.extend(ids(text.split("#[cfg(test)]").next().unwrap_or_default()));
    }
    found
}
