//! Declared checks by the real binary: each kind holds and breaks, with the counts that SQL gives over the same rows.

use crate::ferry::Ferry;
use crate::readers::python;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The name of a column at its source that would break out of SQL, a path and a line of a log.
const HOSTILE: &str = r#"ma"rk'; drop table x; --/../"#;

const CHECKS: &[(&str, &str)] = &[
    ("unique", r#"unique = ["unit", "day", "period"]"#),
    ("not_null", r#"not_null = ["amount", "unit"]"#),
    ("accepted", r#"accepted = { column = "mark", values = ["a", "b", "it's"] }"#),
    ("range", r#"range = { column = "amount", min = "-5.50", below = "90" }"#),
    ("range_of_days", r#"range = { column = "day", above = "2026-03-28" }"#),
    ("references", r#"references = { columns = "parent", dataset = "other", key = "id" }"#),
    ("rows", r#"rows = { min = 100, max = 900, per = "unit" }"#),
    (
        "balance",
        r#"balance = { sum = "amount", per = ["unit", "day"], equals = [{ dataset = "other", sum = "total" }], within = "0.01" }"#,
    ),
    ("periods_a_day", r#"periods_a_day = { day = "day", period = "period", per = "unit" }"#),
    ("gap_free", r#"gap_free = { day = "day", per = "unit" }"#),
    ("no_overlap", r#"no_overlap = { from = "starts", to = "ends", per = "unit" }"#),
    ("infinite", r#"range = { column = "rate", max = "1.5" }"#),
];

/// A job of two tables in files, `thing` with these checks.
fn ferry(checks: &str, thing: &str, other: &str) -> Ferry {
    let ferry = Ferry::of_one_file("app.thing.csv", thing.as_bytes(), "", checks);
    ferry.write("in/app.other.csv", other.as_bytes());
    let of_other = "[dataset.other]\nfrom = \"app\"\ntable = \"app.other\"\nschema = \"other\"\nto = [\"warehouse\"]\nallow_empty = true\n\n[dataset.thing]\nallow_empty = true\n";
    ferry.edit("jobs/things.toml", "[dataset.thing]\n", of_other);
    let schema = |columns: &str| format!("description = \"Things.\"\nkey = [\"id\"]\n\n[columns]\n{columns}");
    let mark = serde_json::to_string(HOSTILE).expect("a text");
    let things = format!(
        "id = {{ type = \"bigint\", class = \"internal\" }}\n\
         unit = {{ type = \"text\", class = \"open\", nullable = true }}\n\
         day = {{ type = \"date\", class = \"open\", nullable = true }}\n\
         period = {{ type = \"smallint\", class = \"open\", nullable = true }}\n\
         amount = {{ type = \"numeric(10,2)\", class = \"open\", nullable = true }}\n\
         starts = {{ type = \"date\", class = \"open\", nullable = true }}\n\
         ends = {{ type = \"date\", class = \"open\", nullable = true }}\n\
         parent = {{ type = \"integer\", class = \"open\", nullable = true }}\n\
         mark = {{ type = \"text\", class = \"personal\", kind = \"mark\", nullable = true, source = {mark}, treat = {{ restricted = \"label\" }} }}\n\
         rate = {{ type = \"double precision\", class = \"open\", nullable = true }}\n"
    );
    ferry.write("schemas/thing.toml", schema(&things).as_bytes());
    let others = "id = { type = \"bigint\", class = \"internal\" }\n\
         unit = { type = \"text\", class = \"open\", nullable = true }\n\
         day = { type = \"date\", class = \"open\", nullable = true }\n\
         total = { type = \"numeric(12,3)\", class = \"open\", nullable = true }\n";
    ferry.write("schemas/other.toml", schema(others).as_bytes());
    ferry
}

fn check(name: &str, claim: &str, severity: &str) -> String {
    format!("\n[[dataset.thing.check]]\nname = \"{name}\"\n{claim}\nseverity = \"{severity}\"\n")
}

fn head() -> String {
    let mark = HOSTILE.replace('"', "\"\"");
    format!("id,unit,day,period,amount,starts,ends,parent,\"{mark}\",rate\n")
}

/// The same numbers every time, without a pattern (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % most
    }

    /// The text, or NULL once in `often`.
    fn or_null(&mut self, often: u64, text: String) -> String {
        if self.below(often) == 0 { String::new() } else { text }
    }
}

/// Days around both changes of the clocks, nearly all right; NULLs, repeats and strangers everywhere.
fn world() -> (String, String) {
    let (mut dice, mut things, mut others) = (Dice(20_260_329), head(), String::from("id,unit,day,total\n"));
    let (mut id, mut sums) = (0, BTreeMap::<(String, String), i64>::new());
    let days = [
        ("2026-03-28", 48),
        ("2026-03-29", 46),
        ("2026-03-30", 48),
        ("2026-10-24", 48),
        ("2026-10-25", 50),
        ("2026-10-27", 48),
    ];
    for unit in 0..24u64 {
        for (day, periods) in days {
            if dice.below(9) == 0 {
                continue;
            }
            let periods = if dice.below(6) == 0 { 48 } else { periods };
            for period in 1..=periods {
                let period = if dice.below(400) == 0 { 1 + dice.below(50) } else { period };
                let pence = dice.below(11_000) as i64 - 700;
                let start = dice.below(300);
                let date = |days: u64| {
                    let day = chrono::NaiveDate::from_ymd_opt(2024, 1, 1).expect("a day") + chrono::Days::new(days);
                    day.to_string()
                };
                // Of each unit's intervals few are there, so that some do not overlap.
                let (starts, ends) = match dice.below(90) {
                    0 => {
                        let end = (start * 9 + dice.below(9)).saturating_sub(1);
                        (dice.or_null(9, date(start * 9)), dice.or_null(9, date(end)))
                    }
                    _ => (date(9_000 + id * 2), date(9_000 + id * 2)),
                };
                let (unit, day) = (dice.or_null(900, format!("u{unit}")), dice.or_null(900, day.to_owned()));
                let amount = dice.or_null(
                    50,
                    format!("{}{}.{:02}", if pence < 0 { "-" } else { "" }, pence.abs() / 100, pence.abs() % 100),
                );
                if !amount.is_empty() {
                    *sums.entry((unit.clone(), day.clone())).or_default() += pence;
                } else {
                    sums.entry((unit.clone(), day.clone())).or_default();
                }
                let parent = dice.or_null(7, dice_parent(id).to_string());
                let mark = ["a", "b", "it's", "c", "\"a\nb\"", ""][dice.below(200).min(5) as usize];
                let rate = ["0.5", "1.5", "NaN", "Infinity", "-Infinity", "1.6", ""][dice.below(7) as usize];
                let period = dice.or_null(900, period.to_string());
                let _ = writeln!(things, "{id},{unit},{day},{period},{amount},{starts},{ends},{parent},{mark},{rate}");
                id += 1;
            }
        }
    }
    for (place, ((unit, day), pence)) in sums.into_iter().enumerate() {
        let thousandths = match dice.below(12) {
            0 => pence * 10 + 11,
            1 => pence * 10 - 10,
            2 => continue,
            _ => pence * 10,
        };
        let sign = if thousandths < 0 { "-" } else { "" };
        let _ =
            writeln!(others, "{place},{unit},{day},{sign}{}.{:03}", thousandths.abs() / 1000, thousandths.abs() % 1000);
    }
    let _ = writeln!(others, "900,u0,2031-01-01,0");
    (things, others)
}

/// Mostly an id that `other` has.
fn dice_parent(id: u64) -> u64 {
    id * 7919 % 140
}

fn counts(report: &Value) -> BTreeMap<String, u64> {
    let thing = report["datasets"].as_array().expect("datasets").iter().find(|dataset| dataset["name"] == "thing");
    let checks = thing.expect("the dataset")["checks"].as_array().expect("checks");
    let count = |check: &Value| {
        (check["name"].as_str().expect("a name").to_owned(), check["broken"].as_u64().expect("a count"))
    };
    checks.iter().map(count).collect()
}

#[test]
fn every_kind_counts_what_sql_counts_in_any_memory() {
    let (things, others) = world();
    let checks: String = CHECKS.iter().map(|(name, claim)| check(name, claim, "warn")).collect();
    let ferry = ferry(&checks, &things, &others);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/claims.py");
    let truth: BTreeMap<String, u64> =
        serde_json::from_str(&python(&[script, &ferry.path("in").to_string_lossy()])).expect("counts");
    assert!(
        truth.len() == CHECKS.len() && truth.values().all(|count| *count > 0),
        "a claim that holds shows nothing: {truth:?}"
    );
    let (came, roomy) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    assert_eq!(counts(&roomy), truth);
    // Next to nothing in memory, small batches: the same words and the same places.
    let limits = "[limits]\nmemory_max = \"1MiB\"\nbatch_rows_max = 97\nrow_group_rows_max = 400\n\n[secrets]";
    ferry.edit("jobs/environments/dev.toml", "[secrets]", limits);
    let (came, narrow) = ferry.report(&["jobs/things.toml", "--again", "less memory"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let without_place = |report: &Value| {
        let mut checks = report["datasets"][1]["checks"].clone();
        checks.as_array_mut().expect("checks").iter_mut().for_each(|check| check["rows_at"] = Value::Null);
        checks
    };
    assert_eq!(without_place(&narrow), without_place(&roomy));
}

const RIGHT: &str = "0,u,2026-03-28,1,1.00,2026-01-01,2026-01-31,0,a,0.5\n\
    1,u,2026-03-29,2,2.00,2026-02-01,,,b,NaN\n";
const OTHER: &str = "id,unit,day,total\n0,u,2026-03-28,1.000\n1,u,2026-03-29,2\n";

/// A claim that holds of [`RIGHT`], and one that does not, with what is said of it.
const CASES: &[(&str, &str, &str)] = &[
    (r#"unique = "id""#, r#"unique = "unit""#, "1 row at fault, at row 1 of the extract"),
    (r#"not_null = ["id", "unit"]"#, r#"not_null = ["ends", "unit"]"#, "1 row at fault, at row 1 of the extract"),
    (
        r#"accepted = { column = "mark", values = ["a", "b"] }"#,
        r#"accepted = { column = "day", values = ["2026-03-28"] }"#,
        "1 row at fault, at row 1 of the extract",
    ),
    (
        r#"range = { column = "amount", min = "1", max = "2" }"#,
        r#"range = { column = "amount", above = "2" }"#,
        "2 rows at fault, at rows 0, 1 of the extract",
    ),
    (
        r#"references = { columns = ["unit", "day"], dataset = "other" }"#,
        r#"references = { columns = "period", dataset = "other", key = "id" }"#,
        "1 row at fault, at row 1 of the extract",
    ),
    (r#"rows = { min = 2, max = 2 }"#, r#"rows = { max = 1 }"#, "1 group at fault; it has 2"),
    (
        r#"balance = { sum = "amount", per = "day", equals = [{ dataset = "other", sum = "total" }] }"#,
        r#"balance = { sum = "amount", equals = [{ sum = "period" }, { dataset = "other", sum = "id" }] }"#,
        "1 group at fault, at row 0 of the extract",
    ),
    (
        r#"gap_free = { day = "day", per = "unit" }"#,
        r#"gap_free = { day = "starts" }"#,
        "30 days at fault, at row 1 of the extract",
    ),
    (
        r#"no_overlap = { from = "starts", to = "ends" }"#,
        r#"no_overlap = { from = "id", to = "parent", end = "excluded" }"#,
        "1 row at fault, at row 0 of the extract; 1 of them end before they begin",
    ),
];

#[test]
fn a_claim_that_does_not_hold_ends_with_25_and_says_where() {
    for (holds, breaks, told) in CASES {
        let thing = format!("{}{RIGHT}", head());
        let dataset = ferry(&check("it is so", holds, "error"), &thing, OTHER);
        let (came, report) = dataset.report(&["jobs/things.toml"]);
        assert_eq!(came.code, 0, "{holds}: {}", came.err);
        let made = &report["datasets"][1]["checks"][0];
        assert_eq!((&made["holds"], &made["broken"]), (&json!(true), &json!(0)), "{holds}");
        let dataset = ferry(&check("it is so", breaks, "error"), &thing, OTHER);
        let came = dataset.run(&["run", "jobs/things.toml"]);
        assert_eq!(came.code, 25, "{breaks}: {}", came.err);
        assert!(came.err.contains(&format!("the check `it is so` does not hold: {told}")), "{breaks}: {}", came.err);
        assert!(!dataset.is_published("out/warehouse/thing"));
        let warned = ferry(&check("it is so", breaks, "warn"), &thing, OTHER);
        let came = warned.run(&["run", "jobs/things.toml"]);
        assert_eq!(came.code, 0, "{breaks}: {}", came.err);
        assert!(came.out.contains(&format!("check of thing does not hold: it is so ({told})")), "{}", came.out);
    }
}

#[test]
fn a_table_without_rows_breaks_nothing_but_its_number_of_rows() {
    let checks: String =
        CHECKS.iter().filter(|(name, _)| *name != "balance").map(|(name, claim)| check(name, claim, "error")).collect();
    let empty = ferry(&checks, &head(), OTHER);
    let (came, report) = empty.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    assert!(counts(&report).values().all(|count| *count == 0), "{report}");
    let few = ferry(&check("some", "rows = { min = 1 }", "error"), &head(), OTHER);
    assert!(few.run(&["run", "jobs/things.toml"]).err.contains("1 group at fault; it has 0"));
    let alone = ferry(&check("sums", CHECKS[7].1, "error"), &head(), OTHER);
    assert!(alone.run(&["run", "jobs/things.toml"]).err.contains("2 groups at fault; 2 of them on one side only"));
}

#[test]
fn rows_at_fault_go_to_the_restricted_store_as_the_policy_says() {
    let thing = format!("{}{RIGHT}2,u,2026-03-28,1,3.00,,,,secret mark,\n", head());
    let claims = check("days", r#"unique = "day""#, "warn")
        + &check("marks", r#"accepted = { column = "mark", values = ["a", "b"] }"#, "warn");
    let dataset = ferry(&claims, &thing, OTHER);
    let (came, report) = dataset.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let checks = report["datasets"][1]["checks"].as_array().expect("checks");
    let path = checks[0]["rows_at"].as_str().expect("a place");
    assert_eq!(checks[1]["rows_at"], path);
    let file = format!("out/{path}");
    let rows = nightferry::format::parquet_read::open(std::fs::read(dataset.path(&file)).expect("there").into())
        .expect("Parquet");
    let names: Vec<String> = rows.columns.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names[..2], ["broken_row", "broken_check"]);
    let places = (0..names.len()).collect();
    let mut text = String::new();
    for rows in rows.rows(places, 100) {
        let rows = rows.expect("rows");
        let cells = rows.columns().iter().map(|cells| {
            arrow::util::display::ArrayFormatter::try_new(cells.as_ref(), &Default::default()).expect("text")
        });
        let cells: Vec<_> = cells.collect();
        for row in 0..rows.num_rows() {
            let line: Vec<String> = cells.iter().map(|cells| cells.value(row).to_string()).collect();
            let _ = writeln!(text, "{}", line.join("|"));
        }
    }
    let row =
        |check: &str| text.lines().any(|line| line.starts_with(&format!("2|{check}|")) && line.contains("<mark>"));
    assert!(row("days") && row("marks"), "{text}");
    for told in [&text, &came.err, &came.out] {
        assert!(!told.contains("secret mark"), "{told}");
    }
    let (_, report) = dataset.report(&["jobs/things.toml", "--again", "to look", "--dry-run"]);
    assert!(report["datasets"][1]["checks"][0].get("rows_at").is_none(), "{report}");
}

#[test]
fn references_are_looked_up_in_what_another_job_published() {
    let claim = |version: &str| {
        check(
            "known",
            &format!(
                "references = {{ columns = \"parent\", key = \"id\", job = \"others\", dataset = \"other\", store = \"warehouse\"{version} }}"
            ),
            "error",
        )
    };
    let thing = format!("{}{RIGHT}", head()).replace(",0,a,", ",7,a,");
    let project = ferry(&claim(""), &thing, OTHER);
    let job = project.read("jobs/things.toml");
    let (front, of_thing) = job.split_once("[dataset.thing]").expect("two datasets");
    project.write("jobs/others.toml", front.replace("\"things\"", "\"others\"").as_bytes());
    let only = |checks: &str| {
        let of_thing = of_thing.split("\n[[dataset.thing.check]]").next().expect("a dataset");
        let head = front.split("[dataset.other]").next().expect("a head");
        project.write("jobs/things.toml", format!("{head}[dataset.thing]{of_thing}{checks}").as_bytes());
    };
    only(&claim(""));
    let refused = |told: &str| {
        let came = project.run(&["run", "jobs/things.toml"]);
        assert!(came.code == 25 && came.err.contains(told), "{}", came.err);
    };
    refused("job `others` has published no table `other` in store `warehouse` yet");
    assert_eq!(project.run(&["run", "jobs/others.toml"]).code, 0);
    refused("1 row at fault, at row 0 of the extract");
    project.write("in/app.other.csv", format!("{OTHER}7,u,,\n").as_bytes());
    assert_eq!(project.run(&["run", "jobs/others.toml", "--again", "one more"]).code, 0);
    only(&claim(", version = 0"));
    refused("1 row at fault, at row 0 of the extract");
    only(&claim(", version = 9"));
    refused("no table `other` with a version 9");
    only(&claim(""));
    let (came, report) = project.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    assert_eq!(report["datasets"][0]["checks"][0]["looked_up"], "version 1 of `other` in `warehouse`");
}

#[test]
fn the_plan_says_what_is_claimed() {
    let checks: String = CHECKS.iter().map(|(name, claim)| check(name, claim, "warn")).collect();
    let dataset = ferry(&checks, &head(), OTHER);
    let came = dataset.run(&["plan", "jobs/things.toml"]);
    for told in [
        "unique: no two rows have the same unit, day, period",
        "range: amount is >= -5.50 and < 90",
        "balance: the sum of amount = other.total, for each unit, day, within 0.01",
        "periods_a_day: period counts the 46, 48 or 50 half hours of each day, for each unit",
        "references: parent is among id of other",
    ] {
        assert!(came.out.contains(told), "{told}: {}", came.out);
    }
}
