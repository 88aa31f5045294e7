//! The canary: after every verb, over people who were invented for it, nothing that was said or written holds a value of
//! theirs, but in the restricted store. `tests/readers/canary.py` knows the values and searches, by a road of its own.

use crate::ferry::{Came, Ferry};
use crate::readers::python;
use serde_json::Value;

/// What was said and what was written, to be searched: never the project's own files, and not the restricted store.
const SEARCHED: [&str; 5] = ["said", "target/warehouse", "target/public", "target/security", "target/json-schemas"];

/// Runs the binary at its most talkative and keeps what it says. Gives the exit code.
fn say(ferry: &Ferry, line: &str) -> i32 {
    say_with(ferry, line, &[])
}

fn say_with(ferry: &Ferry, line: &str, variables: &[(&str, &str)]) -> i32 {
    let mut command = ferry.command(&line.split(' ').collect::<Vec<_>>());
    std::fs::create_dir_all(ferry.path("scratch")).expect("made");
    let came = command
        .envs(variables.iter().copied())
        .env("NIGHTFERRY_LOG", "trace")
        .env("RUST_LOG", "trace")
        .env("TMPDIR", ferry.path("scratch"));
    let came = Came::of(&came.env("RUST_BACKTRACE", "full").output().expect("the binary starts"));
    let number = ferry.files("said").len();
    ferry.write(&format!("said/{number}"), format!("{line}\n{}\n{}", came.out, came.err).as_bytes());
    came.code
}

/// Searches folders of a project for its people.
fn search(ferry: &Ferry, folders: &[&str]) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/canary.py");
    let root = ferry.root().to_string_lossy().into_owned();
    let folders: Vec<String> = folders.iter().map(|folder| format!("{root}/{folder}")).collect();
    let arguments: Vec<&str> = [script, &root].into_iter().chain(folders.iter().map(String::as_str)).collect();
    serde_json::from_str(&python(&arguments)).expect("an answer")
}

fn found<'a>(ferry: &Ferry, answer: &'a Value, folder: &str) -> &'a Vec<Value> {
    let folder = ferry.path(folder).to_string_lossy().into_owned();
    answer["folders"][&folder]["found"].as_array().expect("a list")
}

/// Nobody is found in what was said or published, and hundreds of values were looked for in it.
fn nobody_is_found(ferry: &Ferry) {
    let answer = search(ferry, &SEARCHED);
    for folder in SEARCHED {
        assert!(found(ferry, &answer, folder).is_empty(), "{folder}: {answer:#}");
    }
    assert!(answer["values"].as_u64() > Some(250), "{answer:#}");
    assert!(answer["skipped"].as_u64() < Some(40), "{answer:#}");
    assert_eq!(answer["unseen"], serde_json::json!([]), "every column of people has values");
    assert_eq!(ferry.files("scratch"), Vec::<String>::new(), "scratch space is left as it was found");
}

#[test]
fn the_canary_sings_where_the_values_are() {
    let ferry = Ferry::shipped();
    ferry.edit("jobs/contracts.toml", "to = [\"warehouse\"]", "to = [\"warehouse\", \"restricted\"]");
    assert_eq!(say(&ferry, "run jobs/contracts.toml"), 0);
    let answer = search(&ferry, &["target/restricted", "target/warehouse", "fixtures/contracts/extract"]);
    assert!(found(&ferry, &answer, "target/warehouse").is_empty(), "{answer:#}");
    let columns = |folder: &str| {
        let found = found(&ferry, &answer, folder).iter();
        found.filter_map(|found| found[1].as_str()).map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
    };
    for folder in ["target/restricted", "fixtures/contracts/extract"] {
        for column in ["contact.full_name", "contact.born_on", "contact.postcode", "signatory.signature"] {
            assert!(columns(folder).contains(column), "{column} in {folder}: {answer:#}");
        }
    }
}

#[test]
fn the_canary_sings_where_a_value_is_in_another_writing() {
    let ferry = Ferry::shipped();
    let script = r#"
import base64, hashlib, pathlib, sys, duckdb
name = duckdb.sql(f"select full_name from read_parquet('{sys.argv[1]}/fixtures/contracts/extract/contracts.contact.parquet') where length(full_name) > 9 limit 1").fetchall()[0][0].encode()
for how, text in {"hex": name.hex(), "base64": base64.b64encode(name).decode(), "reversed": name[::-1].decode(), "hash": hashlib.sha256(name).hexdigest(),
        "hash64": base64.b64encode(hashlib.md5(name).digest()).decode()}.items():
    folder = pathlib.Path(sys.argv[1]) / "planted" / how
    folder.mkdir(parents=True)
    (folder / "text").write_text(f"before {text} behind")
"#;
    python(&["-c", script, &ferry.root().to_string_lossy()]);
    let ways = ["hex", "base64", "reversed", "hash", "hash64"];
    let folders = ways.map(|how| format!("planted/{how}"));
    let answer = search(&ferry, &folders.each_ref().map(String::as_str));
    assert!(answer["disguised"].as_u64() > Some(1_000), "{answer:#}");
    for (how, folder) in ways.iter().zip(&folders) {
        let expected = format!("contact.full_name ({how})");
        assert!(found(&ferry, &answer, folder).iter().any(|found| found[1] == expected.as_str()), "{how}: {answer:#}");
    }
}

#[test]
fn no_verb_says_or_publishes_a_value_of_a_person() {
    let ferry = Ferry::shipped();
    for job in ["jobs/settlements.toml", "jobs/contracts.toml"] {
        for (verb, more) in [
            ("validate", ""),
            ("validate", " --json"),
            ("validate", " --online"),
            ("plan", ""),
            ("plan", " --json"),
            ("run", " --dry-run"),
            ("run", " --date 2026-11-22"),
            ("run", " --date 2026-11-22 --again corrected --progress json --json"),
            ("test", " --json"),
        ] {
            assert_eq!(say(&ferry, &format!("{verb} {job}{more}")), 0, "{verb} {job}{more}");
        }
    }
    assert_eq!(say(&ferry, "init --schemas"), 0);
    assert_eq!(say(&ferry, "completions man"), 0);
    assert!(ferry.is_published("target/warehouse/contact") && ferry.is_published("target/public/cfd_unit"));
    nobody_is_found(&ferry);
}

#[test]
fn a_panic_whose_text_is_the_rows_in_hand_says_none_of_them() {
    let ferry = Ferry::shipped();
    for line in ["run jobs/contracts.toml", "run jobs/contracts.toml --json --progress json"] {
        // The failpoint panics with every row of a batch as its text, on a thread of the pool; the panic is carried on to the door.
        let code = say_with(&ferry, line, &[("NIGHTFERRY_PANIC", "rows.treated")]);
        let last = ferry.read(&format!("said/{}", ferry.files("said").len() - 1));
        assert_eq!(code, 101, "{line} (is the feature `failpoints` on?): {last}");
        assert!(last.contains("E-BUG-101 ") && last.contains("src/failpoint.rs:"), "{last}");
        assert!(!last.contains("RecordBatch"), "the text of the panic is told: {last}");
    }
    assert!(!ferry.is_published("target/warehouse/contact"), "nothing is published");
    for folder in ["target/warehouse", "target/public", "target/security", "target/json-schemas"] {
        ferry.write(&format!("{folder}/none"), b"");
    }
    nobody_is_found(&ferry);
    assert_eq!(say(&ferry, "run jobs/contracts.toml"), 0, "the next run is well");
}

#[test]
fn no_run_that_is_refused_says_or_leaves_a_value_of_a_person() {
    let ferry = Ferry::shipped();
    let signatory = "fixtures/contracts/extract/contracts.signatory.jsonl";
    let lines = ferry.read(signatory);
    let (first, rest) = lines.split_once('\n').expect("lines");
    let contact = "fixtures/contracts/extract/contracts.contact.parquet";
    let parquet = std::fs::read(ferry.path(contact)).expect("a file");
    let topic = "fixtures/contracts/topics/contracts.contracts.bank_account/partition=0/contracts.contracts.bank_account+0+0000000000.json";
    let events = ferry.read(topic);
    let schema = ferry.read("schemas/signatory.toml");
    let job = ferry.read("jobs/contracts.toml");
    let cast = "[[dataset.signatory.check]]\nname = \"a cast\"\nsql = \"select cast(full_name as bigint) > 0 as holds from signatory\"\n";
    let without = |text: &str, line: &str| text.lines().filter(|l| !l.starts_with(line)).collect::<Vec<_>>().join("\n");
    let cases: [(&str, i32, String); 13] = [
        // A date of birth that is a name: a bad row.
        (signatory, 22, lines.replace("\"1960-12-31\"", "\"Maud Tenterfell\"")),
        // A key that is there twice, a line that was cut, one that is no JSON, a value that differs from the topic.
        (signatory, 22, format!("{first}\n{lines}")),
        (signatory, 22, lines[..lines.len() - 150].to_owned()),
        (signatory, 22, format!("{first}\n{}\n{rest}", first.replace(':', "="))),
        (signatory, 21, lines.replacen("ailsa.fenwicke@example.org", "fenwicke.ailsa@example.org", 1)),
        // Columns that nobody classified, that are gone, of another type, that are kept by mistake.
        ("schemas/signatory.toml", 20, without(&schema, "email ")),
        ("schemas/signatory.toml", 20, format!("{schema}nickname = {{ type = \"text\", class = \"personal\", treat = {{ analytics = \"label\" }} }}\n")),
        ("schemas/signatory.toml", 22, schema.replacen("\"text\", class = \"personal\", source = \"Full_Name\"", "\"bigint\", class = \"personal\", source = \"Full_Name\"", 1)),
        ("schemas/signatory.toml", 23, schema.replacen("class = \"personal\", source = \"Email\", kind = \"email\", treat = { analytics = { hmac = \"people\" } }", "class = \"open\", source = \"Email\"", 1)),
        // SQL whose engine quotes what it chokes on.
        ("jobs/contracts.toml", 25, format!("{job}\n{cast}")),
        ("jobs/contracts.toml", 10, job.replacen("table = \"contracts.signatory\"", "table = \"contracts.signatory\"\nwhere = 'cast(\"Full_Name\" as bigint) > 0'", 1)),
        // Topics.
        (topic, 22, events[..events.len() - 100].to_owned()),
        (topic, 22, events.replacen("\"Account_Name\":", "\"Account_Name\" ", 1)),
    ];
    for (number, (file, code, damaged)) in cases.into_iter().enumerate() {
        let whole = std::fs::read(ferry.path(file)).expect("a file");
        assert_ne!(whole, damaged.as_bytes(), "case {number} changes nothing");
        ferry.write(file, damaged.as_bytes());
        for more in ["", " --dry-run --json"] {
            let came = say(&ferry, &format!("run jobs/contracts.toml{more}"));
            let last = ferry.read(&format!("said/{}", ferry.files("said").len() - 1));
            assert_eq!(came, code, "case {number}{more}: {last}");
        }
        ferry.write(file, &whole);
    }
    ferry.write(contact, &parquet[..parquet.len() / 2]);
    assert_eq!(say(&ferry, "run jobs/contracts.toml"), 22);
    // Any byte of a file may be wrong.
    for at in (0..parquet.len()).step_by(parquet.len() / 15) {
        let mut flipped = parquet.clone();
        flipped[at] ^= 0x55;
        ferry.write(contact, &flipped);
        let code = say(&ferry, "run jobs/contracts.toml --dry-run --json");
        let last = ferry.read(&format!("said/{}", ferry.files("said").len() - 1));
        assert!([0, 20, 21, 22, 23].contains(&code), "byte {at}, exit {code}: {last}");
    }
    ferry.write(contact, &parquet);
    // What was refused is not to be seen, but what was set aside lies in the restricted store.
    ferry.write("target/public/none", b"");
    ferry.write("target/json-schemas/none", b"");
    assert!(!ferry.is_published("target/warehouse/signatory"));
    nobody_is_found(&ferry);
    let answer = search(&ferry, &["target/restricted"]);
    assert!(!found(&ferry, &answer, "target/restricted").is_empty(), "bad rows are kept for a person: {answer:#}");
}
