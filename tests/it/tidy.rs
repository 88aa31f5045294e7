//! The house, held to its plan by reading the sources as text: imports go down only, one door for each heavy crate,
//! nothing of the world on the pure floors, a `//!` on every file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The floors, top down. Rooms of one floor do not know each other.
const FLOORS: &[&[&str]] = &[
    &["main"],
    &["cli", "schedule"],
    &["verbs"],
    &["world", "failure"],
    &["relay"],
    &["source", "store", "notify"],
    &["access"],
    &["failpoint"],
    &["watch"],
    &["job", "report"],
    &["privacy", "changes", "reconcile", "retain"],
    &["frame", "format"],
    &["calendar", "cost", "ending"],
    &["data"],
    &["problem"],
];

/// Rooms of one floor that may know each other, one way: `(who, whom)`. Each is a pure room that others build on.
const NEIGHBOURS: &[(&str, &str)] = &[
    // A run ends by an ending whatever the world; the world's parts are named in failures.
    ("failure", "world"),
    // The report tells a check's severity in the job's word.
    ("report", "job"),
    // A verb like the others to those who type it.
    ("cli", "schedule"),
    // A comparison reads change events.
    ("reconcile", "changes"),
];

/// Rooms that compute only: what they need of the world comes in as a parameter.
const PURE: &[&str] = &[
    "watch",
    "job",
    "report",
    "privacy",
    "changes",
    "reconcile",
    "retain",
    "frame",
    "format",
    "calendar",
    "cost",
    "ending",
    "data",
    "problem",
];

/// A heavy crate and the files that may name it.
const DOORS: &[(&str, &[&str])] = &[
    ("sqlx", &["src/source/postgres.rs", "src/source/postgres/"]),
    ("polars", &["src/frame/"]),
    ("parquet", &["src/format/"]),
    ("clap", &["src/cli.rs", "src/cli/"]),
    ("indicatif", &["src/world/progress.rs"]),
    ("tokio_cron_scheduler", &["src/schedule/"]),
    ("reqwest", &["src/notify/client.rs", "src/access/straight.rs"]),
    ("rdkafka", &["src/relay/"]),
];

struct Source {
    path: String,
    room: String,
    /// Without comments and without the tests at the foot.
    code: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    walk(&root.join("src"), &mut files);
    files.sort();
    let sources = files.iter().map(|file| {
        let text = std::fs::read_to_string(file).expect("a source file");
        let path = file.strip_prefix(root).expect("a path in the project").to_string_lossy().into_owned();
        let room =
            path.trim_start_matches("src/").split('/').next().expect("a room").trim_end_matches(".rs").to_owned();
        // A folder of tests is tests; elsewhere they stand at the foot of the file.
        let tests = path.contains("/tests/") || path.ends_with("/tests.rs");
        let text_of_code = if tests { "" } else { text.as_str() };
        let code = text_of_code.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
        let code = code.map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n");
        Source { path, room, code, text }
    });
    sources.collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// Rooms that `code` names by `crate::room` (or `nightferry::room` in the door).
fn imports(code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for start in ["crate::", "nightferry::"] {
        for (at, _) in code.match_indices(start) {
            let rest = &code[at + start.len()..];
            if let Some(group) = rest.strip_prefix('{') {
                let group = group.split('}').next().unwrap_or("");
                rooms.extend(group.split(',').filter_map(first_word));
            }
            rooms.extend(first_word(rest));
        }
    }
    rooms
}

fn first_word(text: &str) -> Option<String> {
    let word: String = text.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    (!word.is_empty()).then_some(word)
}

#[test]
fn every_room_has_its_floor_and_imports_go_down_only() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| source.room != "lib") {
        let Some(here) = floor(&source.room) else {
            faults.push(format!("{}: the room `{}` has no floor", source.path, source.room));
            continue;
        };
        for room in imports(&source.code).into_iter().filter(|room| *room != source.room) {
            let allowed = match floor(&room) {
                Some(there) if there == here => NEIGHBOURS.contains(&(source.room.as_str(), room.as_str())),
                Some(there) => there > here,
                None => true,
            };
            if !allowed {
                faults.push(format!("{} imports `{room}`, which is not below it", source.path));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_two_rooms_import_each_other() {
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources() {
        edges.entry(source.room.clone()).or_default().extend(imports(&source.code));
    }
    for (room, below) in &edges {
        for other in below.iter().filter(|other| *other != room) {
            let back = edges.get(other).is_some_and(|rooms| rooms.contains(room));
            assert!(!back, "`{room}` and `{other}` import each other");
        }
    }
}

#[test]
fn no_verb_imports_a_verb() {
    for source in
        sources().iter().filter(|source| source.path.starts_with("src/verbs/") && !source.path.ends_with("/mod.rs"))
    {
        assert!(!source.code.contains("crate::verbs"), "{} imports a verb", source.path);
    }
}

#[test]
fn each_heavy_crate_has_one_door() {
    for source in sources() {
        for (name, doors) in DOORS {
            let named = names_crate(&source.code, name);
            let open = doors.iter().any(|door| source.path.starts_with(door));
            assert!(open || !named, "{} names the crate `{name}`, whose door is {}", source.path, doors.join(", "));
        }
    }
}

fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(&format!("{name}::"))
        .any(|(at, _)| !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == ':'))
}

#[test]
fn only_the_bridge_the_leaders_epoch_and_the_lanes_are_unsafe() {
    for source in sources() {
        let uses = source.code.contains("unsafe ") || source.code.contains("unsafe_code");
        let may = source.path.starts_with("src/frame/")
            || ["src/relay/epoch.rs", "src/privacy/mac/lanes.rs"].contains(&&*source.path);
        assert!(!uses || may, "{} is unsafe", source.path);
    }
}

#[test]
fn the_pure_floors_know_no_clock_no_files_and_do_not_wait() {
    const WORLD: &[&str] = &[
        "async fn",
        ".await",
        "std::fs",
        "std::env",
        "tokio::",
        "Utc::now",
        "SystemTime::now",
        "Instant::now",
        "std::net",
    ];
    for source in sources().iter().filter(|source| PURE.contains(&source.room.as_str())) {
        for word in WORLD {
            assert!(!source.code.contains(word), "{} uses `{word}`", source.path);
        }
    }
}

#[test]
fn every_file_says_what_lives_there() {
    for source in sources() {
        assert!(source.text.starts_with("//! "), "{} does not open with //!", source.path);
    }
}

#[test]
fn nothing_is_left_for_later() {
    for source in sources() {
        for word in ["TODO", "FIXME", "todo!(", "unimplemented!("] {
            assert!(!source.code.contains(word), "{} holds `{word}`", source.path);
        }
    }
}

#[test]
fn no_source_unwraps_outside_tests() {
    for source in sources() {
        for word in [".unwrap()", ".expect("] {
            assert!(!source.code.contains(word), "{} holds `{word}`", source.path);
        }
    }
}
