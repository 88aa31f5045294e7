//! Faults of the real binary over folders (and S3 where a cloud is away), each followed by the five things of `five`; `faulty`,
//! `nights` and `postgres` hold the same of servers.

use crate::ferry::{Came, Ferry};
use crate::five::{Befallen, PERSON, heard_by_nobody, rows};
use crate::hostile::Mount;
use crate::services::{BUCKET, variable};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub const JOB: &str = "jobs/things.toml";
pub const DEV: &str = "jobs/environments/dev.toml";
pub const EXTRACT: &str = "in/app.thing.csv";
pub const BEFORE: &str = "id,amount\n1,10\n";
const AFTER: &str = "id,amount\n1,10\n2,20\n3,30\n";
const COLUMNS: &str = "name = { type = \"text\", class = \"personal\", kind = \"person_name\", treat = { analytics = \"drop\" } }\n\
    amount = { type = \"integer\", class = \"open\" }";

/// The CSV whose rows a table shows as `shown`.
pub fn extract(shown: &str) -> String {
    let row = |line: &str| {
        let (id, amount) = line.split_once(',').expect("two cells");
        format!("{id},{},{amount}\n", if id == "id" { "name" } else { PERSON })
    };
    shown.lines().map(row).collect()
}

/// Rows whose amounts no encoding makes small, behind those of before.
fn many() -> String {
    let amount = |id: u64| (id + 7).pow(3).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 45;
    let many: String = (2..40_000).map(|id| format!("{id},{}\n", amount(id))).collect();
    format!("{BEFORE}{many}")
}

/// A table that shows one night, and the next one about to begin.
pub fn night() -> Ferry {
    night_after(|_| {})
}

/// The same, of a project that `set_up` changed before its first night.
fn night_after(set_up: impl FnOnce(&Ferry)) -> Ferry {
    let ferry = Ferry::of_one_file("app.thing.csv", extract(BEFORE).as_bytes(), COLUMNS, "");
    set_up(&ferry);
    let came = Came::of(&run(&ferry, "2026-11-20").output().expect("the binary starts"));
    assert_eq!(came.code, 0, "{}", came.err);
    ferry.write(EXTRACT, extract(AFTER).as_bytes());
    ferry
}

pub fn run(ferry: &Ferry, day: &str) -> Command {
    let mut command = ferry.command(&["run", JOB, "--date", day, "--progress", "none", "--json"]);
    command.env("NIGHTFERRY_LOG", "trace");
    command
}

fn tonight(ferry: &Ferry) -> Came {
    Came::of(&run(ferry, "2026-11-21").output().expect("the binary starts"))
}

/// What must hold of such a night, and of the next one after `mend`; `ending` is its message, or none.
fn five(ferry: &Ferry, came: &Came, ending: &str, mend: impl FnOnce(&Ferry)) {
    five_of(ferry, came, &[ending], mend);
}

/// The same, of a night that may end with one of several.
fn five_of(ferry: &Ferry, came: &Came, endings: &[&str], mend: impl FnOnce(&Ferry)) {
    let of = |table: &str| vec![rows(&ferry.path("out/warehouse").to_string_lossy(), None, table)];
    let befallen = Befallen {
        ferry,
        before: BEFORE.to_owned(),
        after: AFTER.to_owned(),
        rows_of_runs: 2,
        shown: &|| of("thing"),
        runs: &|| of("nightferry_runs"),
        run: &|arguments| ferry.run(arguments),
        again: &["run", JOB, "--date", "2026-11-21", "--progress", "none", "--json"],
        tables: &["thing"],
    };
    befallen.five(came, endings, || {
        mend(ferry);
        ferry.write(EXTRACT, extract(AFTER).as_bytes());
    });
}

#[test]
fn killed_at_its_record_and_its_commits_a_night_is_whole_and_silent() {
    for place in ["store.put.part", "store.put.manifest", "store.put.record", "store.put.log", "store.put.runs"] {
        for side in ["before", "after"] {
            let ferry = night();
            let kill = format!("{place}:{side}:1");
            let killed = run(&ferry, "2026-11-21").env("NIGHTFERRY_KILL", &kill).output().expect("the binary starts");
            let came = Came::of(&killed);
            assert_eq!(came.code, -1, "{kill}: {}", came.err);
            five(&ferry, &came, "", |_| {});
        }
    }
}

#[test]
fn told_to_stop_in_any_phase_a_night_ends_with_73_or_to_its_end() {
    for (place, ends) in [
        ("store.list:before", &[73][..]),
        ("store.put.probe:after", &[73]),
        ("store.put.part:before", &[73]),
        ("store.put.part:after", &[73]),
        ("store.put.manifest:before", &[73, 0]),
        ("store.put.record:before", &[73, 0]),
        ("store.put.record:after", &[73, 0]),
        ("store.put.log:before", &[73, 0]),
        ("store.put.runs:after", &[73, 0]),
    ] {
        let ferry = night();
        let paused = ferry.path("paused");
        let pause = format!("{place}:{}", paused.display());
        let mut command = run(&ferry, "2026-11-21");
        let command = command.env("NIGHTFERRY_PAUSE", &pause).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().expect("the binary starts");
        let began = Instant::now();
        while !paused.exists() {
            assert!(began.elapsed() < Duration::from_secs(30), "{place} was never reached");
            std::thread::sleep(Duration::from_millis(2));
        }
        let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill starts");
        assert!(told.success(), "{place}: it is still there");
        std::thread::sleep(Duration::from_millis(50));
        let told_at = Instant::now();
        std::fs::remove_file(&paused).expect("goes on");
        let came = Came::of(&child.wait_with_output().expect("it ends"));
        assert!(told_at.elapsed() < Duration::from_secs(25), "{place}: {:?}", told_at.elapsed());
        assert!(ends.contains(&came.code), "{place}: {}: {}", came.code, came.err);
        five(&ferry, &came, if came.code == 73 { "E-STOP-73" } else { "" }, |_| {});
    }
}

#[test]
fn a_disk_that_is_full_in_the_night_ends_it_with_51() {
    let ferry = Ferry::of_one_file("app.thing.csv", extract(BEFORE).as_bytes(), COLUMNS, "");
    std::fs::create_dir_all(ferry.path("out/warehouse")).expect("made");
    let mounted = Mount::of_kilobytes(&ferry.path("out/warehouse"), 64);
    assert_eq!(run(&ferry, "2026-11-20").output().expect("the binary starts").status.code(), Some(0));
    ferry.write(EXTRACT, extract(&many()).as_bytes());
    five(&ferry, &tonight(&ferry), "E-DISK-51", |_| mounted.grow_to_kilobytes(2_000));
}

#[test]
fn a_second_cloud_that_is_full_ends_a_night_with_72_and_is_caught_up() {
    let ferry = Ferry::of_one_file("app.thing.csv", extract(BEFORE).as_bytes(), COLUMNS, "");
    ferry.edit(DEV, "url = \"out/warehouse\"", "url = \"out/warehouse\"\nsecond = \"out/second\"");
    std::fs::create_dir_all(ferry.path("out/second")).expect("made");
    let mounted = Mount::of_kilobytes(&ferry.path("out/second"), 64);
    assert_eq!(run(&ferry, "2026-11-20").output().expect("the binary starts").status.code(), Some(0));
    let many = many();
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    ferry.write(EXTRACT, extract(&many).as_bytes());
    let came = tonight(&ferry);
    assert_eq!(came.code, 72, "{}", came.err);
    heard_by_nobody(&ferry, &came);
    let of = |cloud: &str| sorted(&rows(&ferry.path(cloud).to_string_lossy(), None, "thing"));
    assert!(of("out/warehouse") == sorted(&many) && of("out/second") == sorted(BEFORE), "one cloud has it, one not");
    mounted.grow_to_kilobytes(2_000);
    let again = tonight(&ferry);
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(of("out/second") == sorted(&many), "the second cloud has it too");
    let looked = ferry.run(&["table", "compare", "warehouse/thing"]);
    assert_eq!(looked.code, 0, "{}{}", looked.out, looked.err);
}

#[test]
fn a_night_that_may_open_too_few_files_publishes_all_or_nothing() {
    // With fewer it cannot begin; with the most it has enough.
    let mut codes = Vec::new();
    for most in 10..26 {
        let ferry = night();
        let command = run(&ferry, "2026-11-21");
        let mut limited = Command::new("bash");
        limited.args(["-c", &format!("ulimit -n {most} && exec \"$0\" \"$@\"")]).arg(command.get_program());
        limited.args(command.get_args()).current_dir(ferry.root()).env("NIGHTFERRY_LOG", "trace");
        let came = Came::of(&limited.output().expect("bash starts"));
        five_of(&ferry, &came, &["", "E-MEMORY-50", "E-DISK-51", "E-STORE-71", "E-SOURCE-70", "E-JOB-10"], |_| {});
        codes.push(came.code);
    }
    assert!(codes.contains(&0) && codes.iter().any(|code| *code != 0), "{codes:?}");
}

#[test]
fn more_than_memory_max_ends_a_night_with_50() {
    let ferry = night();
    ferry.edit(DEV, "[secrets]", "[limits]\nmemory_max = \"128KiB\"\n\n[secrets]");
    ferry.edit(JOB, "write = \"replace\"", "write = \"replace\"\nwhere = \"amount >= 0\"");
    let many: String = (2..20_000).map(|id| format!("{id},{id}\n")).collect();
    ferry.write(EXTRACT, extract(&format!("{BEFORE}{many}")).as_bytes());
    five(&ferry, &tonight(&ferry), "E-MEMORY-50", |ferry| ferry.edit(DEV, "128KiB", "64MiB"));
}

#[test]
fn input_that_is_garbled_anywhere_ends_a_night_with_22() {
    let many: String = (2..2_000).map(|id| format!("{id},{id}\n")).collect();
    let whole = extract(&format!("{BEFORE}{many}"));
    let at = |id: u32, cell: &str| whole.replace(&format!("\n{id},{PERSON},"), &format!("\n{id},{PERSON},{cell}"));
    let bytes = |from: &str, to: &[u8]| {
        let (front, back) = whole.split_once(from).expect("it");
        [front.as_bytes(), to, back.as_bytes()].concat()
    };
    for (ending, garbled) in [
        ("E-ROWS-22", at(1, "x").into_bytes()),
        ("E-ROWS-22", at(1_000, "x").into_bytes()),
        ("E-ROWS-22", at(1_999, "x").into_bytes()),
        ("E-ROWS-22", whole.replace(&format!("{PERSON},"), &format!("{PERSON},x")).into_bytes()),
        ("E-ROWS-22", at(500, "99999999999999999999").into_bytes()),
        ("E-INPUT-22", at(500, "\"").into_bytes()),
        ("E-INPUT-22", at(500, "5,6,7").into_bytes()),
        ("E-INPUT-22", bytes(",500\n", b",\xff\xfe\n")),
        ("E-INPUT-22", bytes(",500\n", b"\n")),
        // Half of a pair that UTF-16 writes, in three bytes that are no UTF-8; a zero byte in a number.
        ("E-INPUT-22", bytes(",500\n", b",\xed\xa0\x80\n")),
        ("E-ROWS-22", bytes(",500\n", b",5\x000\n")),
        ("E-KEY-22", format!("{whole}7,{PERSON},7\n").into_bytes()),
    ] {
        let ferry = night();
        ferry.write(EXTRACT, &garbled);
        five(&ferry, &tonight(&ferry), ending, |_| {});
    }
}

#[test]
fn lines_of_windows_and_a_mark_of_its_byte_order_change_no_row() {
    for written in [extract(AFTER).replace('\n', "\r\n"), format!("\u{feff}{}", extract(AFTER))] {
        let ferry = night();
        ferry.write(EXTRACT, written.as_bytes());
        five(&ferry, &tonight(&ferry), "", |_| {});
    }
}

#[test]
fn the_zone_and_the_words_of_the_machine_change_no_night() {
    let ferry = night();
    for (zone, words) in [("Pacific/Kiritimati", "tr_TR.UTF-8"), ("America/St_Johns", "C"), ("no/such/zone", "de_DE")] {
        let command = &mut run(&ferry, "2026-11-21");
        let came = Came::of(&command.env("TZ", zone).env("LC_ALL", words).output().expect("the binary starts"));
        assert_eq!(came.code, 0, "{zone}: {}", came.err);
        assert!(came.out.contains("\"from\":\"2026-11-21\""), "{zone}: {}", came.out);
        five(&ferry, &came, "", |_| {});
    }
    let ferry = night();
    let came = Came::of(&run(&ferry, "2190-01-01").output().expect("the binary starts"));
    five(&ferry, &came, "E-DATE-2", |_| {});
}

/// Debian's libfaketime: whoever is run with it takes the time that `FAKETIME` says for the machine's.
const OTHER_TIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

#[test]
fn a_clock_that_is_wrong_skips_and_doubles_no_day() {
    assert!(std::path::Path::new(OTHER_TIME).exists(), "tests/services/install installs libfaketime");
    for (shift, ending) in [("-1h", ""), ("+1d", ""), ("-10y", "E-DATE-2")] {
        let ferry = night();
        let came = Came::of(
            &run(&ferry, "2026-11-21")
                .env("LD_PRELOAD", OTHER_TIME)
                .env("FAKETIME", shift)
                .output()
                .expect("the binary starts"),
        );
        // The day is the one that was asked for, by whichever clock.
        assert!(came.code != 0 || came.out.contains("\"from\":\"2026-11-21\""), "{shift}: {}", came.out);
        five(&ferry, &came, ending, |_| {});
    }
}

#[test]
fn of_nights_at_once_one_is_published_and_an_older_day_never_goes_over_it() {
    for _ in 0..6 {
        let ferry = night();
        let start = |day: &str| {
            let mut command = run(&ferry, day);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts")
        };
        let started = [start("2026-11-21"), start("2026-11-21"), start("2026-11-19")];
        let came = started.map(|child| Came::of(&child.wait_with_output().expect("it ends")));
        let outcomes: Vec<String> = came
            .iter()
            .map(|came| {
                assert_eq!(came.code, 0, "{}", came.err);
                let report: serde_json::Value = serde_json::from_str(&came.out).expect("a report");
                report["outcome"].as_str().expect("a word").to_owned()
            })
            .collect();
        let mut of_the_day = outcomes[..2].to_vec();
        of_the_day.sort_unstable();
        assert_eq!(of_the_day, ["already_published", "published"]);
        assert_eq!(outcomes[2], "superseded");
        came.iter().for_each(|came| heard_by_nobody(&ferry, came));
        five(&ferry, &came[0], "", |_| {});
    }
}

#[test]
fn files_of_the_project_that_are_bombs_or_hold_secrets_end_with_10_or_11_at_once() {
    let deep = format!("x = {}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    let keys: String = (0..1_000_000).map(|nth| format!("k{nth} = 1\n")).collect();
    let secret = format!("password = \"{PERSON}\"\n");
    let cases: [(&str, &str, String, &str); 9] = [
        (JOB, "E-JOB-10", deep.clone(), "append"),
        (JOB, "E-JOB-10", "#".repeat(50 << 20), "append"),
        (JOB, "E-JOB-10", keys, "append"),
        (JOB, "E-JOB-10", secret.clone(), "append"),
        (JOB, "E-JOB-10", "name = \"things\"\n".to_owned(), "prepend"),
        ("schemas/thing.toml", "E-JOB-10", deep.clone(), "append"),
        (DEV, "E-ENV-11", deep, "append"),
        (DEV, "E-ENV-11", secret, "append"),
        (JOB, "E-JOB-10", format!("name = '{PERSON}\n"), "prepend"),
    ];
    for (nth, (file, ending, text, place)) in cases.into_iter().enumerate() {
        let ferry = night();
        let well = ferry.read(file);
        let bomb = if place == "append" { format!("{well}\n{text}") } else { format!("{text}{well}") };
        ferry.write(file, bomb.as_bytes());
        let began = Instant::now();
        let came = tonight(&ferry);
        assert!(began.elapsed() < Duration::from_secs(10), "case {nth}: {:?}", began.elapsed());
        let said = format!("{}{}", came.out, came.err).to_lowercase();
        assert!(!said.contains("larkspur"), "case {nth}: {said}");
        ferry.write(file, well.as_bytes());
        five(&ferry, &came, ending, |_| {});
    }
    let ferry = night();
    ferry.edit(DEV, "{ test_key = true }", "{ env = \"NIGHTFERRY_NO_SUCH_KEY\" }");
    ferry.edit("schemas/thing.toml", "analytics = \"drop\"", "analytics = { hmac = \"people\" }");
    five(&ferry, &tonight(&ferry), "E-ENV-11", |ferry| {
        ferry.edit(DEV, "{ env = \"NIGHTFERRY_NO_SUCH_KEY\" }", "{ test_key = true }");
        ferry.edit("schemas/thing.toml", "analytics = { hmac = \"people\" }", "analytics = \"drop\"");
    });
}

#[test]
fn clouds_that_are_away_end_a_night_with_71_or_72() {
    const NOBODY: &str = "http://127.0.0.1:1";
    let there = variable("NIGHTFERRY_S3_ENDPOINT");
    let place = || format!("s3://{BUCKET}/{}", uuid::Uuid::now_v7());
    let second = |ferry: &Ferry| {
        let (from, keys) = ("url = \"out/warehouse\"", "second_region = \"eu-west-2\"\nsecond_endpoint");
        ferry.edit(DEV, from, &format!("{from}\nsecond = \"{}\"\n{keys} = \"{there}\"", place()));
    };
    let security = |ferry: &Ferry| {
        let (from, keys) = ("url = \"out/security\"", "region = \"eu-west-2\"\nendpoint");
        ferry.edit(DEV, from, &format!("url = \"{}\"\n{keys} = \"{there}\"", place()));
    };
    let both = |ferry: &Ferry| {
        security(ferry);
        second(ferry);
    };
    type SetUp<'a> = &'a dyn Fn(&Ferry);
    let cases: [(SetUp<'_>, &str); 3] = [(&second, "E-SECOND-72"), (&security, "E-STORE-71"), (&both, "E-STORE-71")];
    for (set_up, ending) in cases {
        let ferry = night_after(set_up);
        ferry.edit(DEV, &there, NOBODY);
        five(&ferry, &tonight(&ferry), ending, |ferry| ferry.edit(DEV, NOBODY, &there));
    }
}
