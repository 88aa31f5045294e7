//! What looks well and is not ends with 23 before anything leaves: a declared field that no row has, a column whose content is not
//! of its class. And what may look so and is well goes through.

use crate::ferry::{Came, Ferry};
use serde_json::{Value, json};

fn paper(rows: &[&str], fields: &str) -> Ferry {
    let lines: Vec<String> =
        (1..).zip(rows).map(|(id, paper)| format!("{{\"id\":{id},\"paper\":{paper}}}\n")).collect();
    let column = format!(
        "paper = {{ type = \"jsonb\", class = \"personal\", nullable = true, treat = {{ analytics = {{ fields = {{ {fields} }} }} }} }}"
    );
    Ferry::of_one_file("app.thing.jsonl", lines.concat().as_bytes(), &column, "")
}

fn refused(ferry: &Ferry, id: &str, told: &str) -> Came {
    let came = ferry.run(&["run", "jobs/things.toml"]);
    assert_eq!(came.code, 23, "{}{}", came.out, came.err);
    let endings = came.endings();
    assert!(endings[0].starts_with(id) && endings[0].contains(told), "{id} {told}: {endings:?}");
    assert!(!ferry.is_published("out/warehouse/thing"), "nothing is published");
    let files = [ferry.files("out/warehouse"), ferry.files("out/restricted")].concat();
    assert!(!files.iter().any(|file| file.ends_with(".parquet")), "no part stays: {files:?}");
    came
}

fn published(ferry: &Ferry) -> Value {
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}{}", came.out, came.err);
    report
}

const EMAIL: &str = "\"contact.email\" = { treat = \"label\", kind = \"email\" }";

#[test]
fn a_declared_field_that_no_row_has_stops_the_night() {
    // It is called `mail` since yesterday.
    let rows = ["{\"contact\":{\"mail\":\"wren@example.org\"}}", "null", "{\"contact\":{}}"];
    let came = refused(
        &paper(&rows, EMAIL),
        "E-PATH-23",
        "no row has the field `contact.email` that `paper` declares (places looked at: 2)",
    );
    assert!(!came.err.contains("wren") && !came.err.contains("mail\""), "{}", came.err);
    refused(&paper(&["{\"contact\":\"wren@example.org\"}"], EMAIL), "E-PATH-23", "`contact.email`");
}

#[test]
fn a_null_image_an_empty_list_and_a_column_without_values_are_no_miss() {
    published(&paper(&["{\"contact\":null}", "{\"contact\":[]}", "null"], EMAIL));
    published(&paper(&["null", "null"], EMAIL));
    let empty = paper(&[], EMAIL);
    empty.write("in/app.thing.csv", b"id,paper\n");
    std::fs::remove_file(empty.path("in/app.thing.jsonl")).expect("removed");
    empty.edit("jobs/things.toml", "write = \"replace\"", "write = \"replace\"\nallow_empty = true");
    published(&empty);
}

#[test]
fn one_row_that_has_it_is_enough_and_the_report_tells_how_many_lack_it() {
    let rows =
        ["{\"contact\":[{\"email\":\"wren@example.org\"},{\"phone\":\"1\"}]}", "{}", "{\"contact\":{\"email\":null}}"];
    let report = published(&paper(&rows, EMAIL));
    let column = &report["datasets"][0]["stores"][0]["columns"][1];
    let field = json!([{ "path": "contact.email", "treatment": "label", "hits": 2, "lacking": 2 }]);
    assert_eq!(column["fields"], field, "{column}");
    let optional = "\"contact.email\" = { treat = \"label\", optional = true }";
    let report = published(&paper(&["{\"contact\":{}}"], optional));
    assert_eq!(report["datasets"][0]["stores"][0]["columns"][1]["fields"][0]["hits"], 0);
}

/// A column `reference` of so many rows, declared `internal`.
fn references(values: &[String], column: &str) -> Ferry {
    let lines: Vec<String> = (1..).zip(values).map(|(id, value)| format!("{id},{value}\n")).collect();
    let csv = format!("id,reference\n{}", lines.concat());
    Ferry::of_one_file("app.thing.csv", csv.as_bytes(), column, "")
}

const REFERENCE: &str = "reference = { type = \"text\", class = \"internal\" }";

fn people() -> Vec<String> {
    let (forenames, surnames) =
        (["Sarah", "Tobias", "Zoe", "Martin", "Helen"], ["Alder", "Ashdown", "Whitcombe", "Hartley"]);
    (0..60).map(|at| format!("{} {}", forenames[at % 5], surnames[at % 4])).collect()
}

#[test]
fn an_internal_column_that_is_full_of_people_stops_the_night() {
    let came = refused(
        &references(&people(), REFERENCE),
        "E-CLASS-23",
        "`reference` is declared internal and is person_name by what it holds (share of its cells: 100 %), and `analytics` would see it",
    );
    assert!(came.endings()[0].contains("not_personal"), "{}", came.err);
    assert!(!came.err.contains("Alder"), "{}", came.err);
    // NHS numbers of the range for tests: as text, as numbers, and among other values.
    let nhs = (999_100_000u64..).filter_map(|front| {
        let digits = front.to_string();
        let sum: u64 = digits.bytes().zip((2..=10).rev()).map(|(digit, weight)| u64::from(digit - b'0') * weight).sum();
        match 11 - sum % 11 {
            10 => None,
            check => Some(format!("{front}{}", check % 11)),
        }
    });
    let nhs: Vec<String> = nhs.take(60).collect();
    let numbers = REFERENCE.replace("text", "bigint");
    refused(&references(&nhs, &numbers), "E-CLASS-23", "is nhs_number by what it holds");
    let some: Vec<String> =
        nhs.iter().enumerate().map(|(at, nhs)| if at % 5 == 0 { "n/a".into() } else { nhs.clone() }).collect();
    refused(&references(&some, REFERENCE), "E-", "`reference`");
}

#[test]
fn a_column_that_somebody_has_looked_at_goes_through_and_says_so() {
    let known = "reference = { type = \"text\", class = \"internal\", not_personal = { person_name = \"ships of the fleet\" } }";
    let ferry = references(&people(), known);
    let report = published(&ferry);
    let seen = &report["datasets"][0]["stores"][0]["columns"][1]["looks_like"];
    assert_eq!((&seen["kind"], &seen["not_personal"]), (&json!("person_name"), &json!("ships of the fleet")), "{seen}");
    let plan = ferry.run(&["plan", "jobs/things.toml"]).out;
    assert!(plan.contains("known     reference is not person_name: ships of the fleet"), "{plan}");
    // Another kind in the same column, and the same kind in another, stop it as before.
    let mut mixed = people();
    mixed[7] = "wren.alder@example.org".into();
    refused(&references(&mixed, known), "E-PRIVACY-23", "`reference` holds what looks like email");
    let emails: Vec<String> = (0..40).map(|at| format!("desk{at}@example.org")).collect();
    refused(&references(&emails, known), "E-PRIVACY-23", "email");
    let desks = known.replace("person_name = \"ships of the fleet\"", "email = \"desks, not people\"");
    let report = published(&references(&emails, &desks));
    assert_eq!(report["datasets"][0]["stores"][0]["columns"][1]["findings"], 40);
}

#[test]
fn the_restricted_store_takes_what_its_audience_may_see() {
    let ferry = references(&people(), REFERENCE);
    ferry.edit("jobs/things.toml", "to = [\"warehouse\"]", "to = [\"restricted\"]");
    published(&ferry);
}
