//! Rows that an audience does not see, by the real binary: they are left out after the comparison and the checks, and counted. What
//! is expected is what the CSV says; what is published is read by DuckDB.

use crate::ferry::Ferry;
use crate::readers::python;
use serde_json::{Value, json};

const ROWS: &str = "id,status,age,team\n1,open,17,7\n2,draft,40,7\n3,,30,8\n4,open,18,\n5,sealed,12,7\n6,open,x,7\n";

const COLUMNS: &str = "status = { type = \"text\", class = \"open\", nullable = true }\n\
    age = { type = \"integer\", class = \"personal\", treat = { analytics = \"drop\" } }\n\
    team = { type = \"integer\", class = \"internal\", nullable = true }";

const SUPPRESS: &str = "[suppress_rows]\nanalytics = [{ column = \"status\", is = [\"draft\", \"sealed\"] }, { column = \"age\", under = \"18\" }]\n\n[columns]";

fn project(suppress: &str) -> Ferry {
    let ferry = Ferry::of_one_file("app.thing.csv", ROWS.as_bytes(), COLUMNS, "bad_rows_max = 1\n");
    ferry.edit("schemas/thing.toml", "[columns]", suppress);
    ferry
}

fn ids(ferry: &Ferry, table: &str) -> Vec<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/rows.py");
    let seen = python(&[script, "id", ferry.path(table).to_str().expect("a path")]);
    let seen: Value = serde_json::from_str(&seen).expect("JSON");
    seen["rows"].as_array().expect("rows").iter().map(|row| row[0].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn rows_that_an_audience_does_not_see_are_left_out_and_counted() {
    let ferry = project(SUPPRESS);
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    // By a column that the audience does not see either; NULL is nothing that was asked for.
    assert_eq!(ids(&ferry, "out/warehouse/thing"), ["3", "4"]);
    let thing = &report["datasets"][0];
    let counts = ["rows_read", "rows_written", "rows_bad", "rows_suppressed"].map(|name| thing[name].as_u64());
    assert_eq!(counts, [Some(6), Some(2), Some(1), Some(3)]);
    let store = &thing["stores"][0];
    assert_eq!((&store["rows_written"], &store["rows_suppressed"]), (&json!(2), &json!(3)));
    let told = ferry.run(&["run", "jobs/things.toml", "--again", "to see it"]).out;
    assert!(told.contains("2 (+1 bad) (-3 left out)"), "{told}");
    let plan = ferry.run(&["plan", "jobs/things.toml"]).out;
    assert!(plan.contains("rows left out: status is draft or sealed"), "{plan}");
    assert!(plan.contains("rows left out: age is under 18"), "{plan}");
}

#[test]
fn another_audience_sees_them_and_checks_are_of_all_rows() {
    let ferry = project(SUPPRESS);
    ferry.edit("jobs/things.toml", "[\"warehouse\"]", "[\"warehouse\", \"restricted\"]");
    let check =
        "\n[[dataset.thing.check]]\nname = \"five are there\"\nsql = \"select count(*) = 5 as holds from thing\"\n";
    ferry.write("jobs/things.toml", format!("{}{check}", ferry.read("jobs/things.toml")).as_bytes());
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    assert_eq!(ids(&ferry, "out/warehouse/thing"), ["3", "4"]);
    assert_eq!(ids(&ferry, "out/restricted/thing"), ["1", "2", "3", "4", "5"]);
    let thing = &report["datasets"][0];
    assert_eq!((&thing["rows_written"], &thing["rows_suppressed"]), (&json!(5), &json!(0)));
    let stores: Vec<_> =
        thing["stores"].as_array().expect("stores").iter().map(|store| store["rows_suppressed"].as_u64()).collect();
    assert_eq!(stores, [Some(3), Some(0)]);
}

#[test]
fn a_table_of_which_all_rows_are_left_out_is_published_where_it_may_be_empty() {
    let ferry = project("[suppress_rows]\nanalytics = [{ column = \"age\", from = \"0\" }]\n\n[columns]");
    let (came, _) = ferry.report(&["jobs/things.toml"]);
    let ending = came.endings()[0];
    let what = "`suppress_rows` leaves every row out of store `warehouse` (analytics), and `allow_empty` is false";
    assert!(came.code == 22 && ending.starts_with("E-KEY-22") && ending.contains(what), "{}", came.err);
    // The source is as it should be, and so is its key.
    assert!(ending.contains("allow_empty = true") && !ending.contains("mend the source"), "{ending}");
    ferry.edit("jobs/things.toml", "schema = \"thing\"", "schema = \"thing\"\nallow_empty = true");
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    assert_eq!(ids(&ferry, "out/warehouse/thing"), Vec::<String>::new());
    assert_eq!(report["datasets"][0]["rows_suppressed"], 5);
}

#[test]
fn the_comparison_is_of_all_rows() {
    let ferry = Ferry::of_one_file("app.thing.csv", ROWS.replace("6,open,x,7\n", "").as_bytes(), COLUMNS, "");
    ferry.edit("schemas/thing.toml", "[columns]", SUPPRESS);
    let line = |transaction: u32, cells: &[&str]| {
        let text = |cell: &str| if cell.is_empty() { Value::Null } else { json!(cell) };
        let number = |cell: &str| cell.parse::<i64>().map_or(Value::Null, |number| json!(number));
        let row = json!({ "id": number(cells[0]), "status": text(cells[1]), "age": number(cells[2]), "team": number(cells[3]) });
        format!("{}\n", json!({ "before": null, "after": row, "op": "c", "source": { "txId": transaction } }))
    };
    let rows: Vec<Vec<&str>> = ROWS.lines().skip(1).take(5).map(|row| row.split(',').collect()).collect();
    let told: String = (4001..).zip(&rows).map(|(transaction, row)| line(transaction, row)).collect();
    let told = told + &line(6000, &rows[2]);
    ferry.write("in/topics/app.app.thing/partition=0/app.app.thing+0+0000000000.json", told.as_bytes());
    ferry.write("in/extract.json", br#"{"extracted_at":"2026-11-23T01:00:00Z","snapshot":"5000:5010:"}"#);
    ferry.edit(
        "jobs/environments/dev.toml",
        "[store.warehouse]",
        "[source.topics]\ndump = { url = \"in/topics\", layout = \"confluent\" }\n\n[store.warehouse]",
    );
    let reconcile = "\n[dataset.thing.reconcile]\nagainst = \"topics\"\ntopic = \"app.app.thing\"\n";
    ferry.write("jobs/things.toml", format!("{}{reconcile}", ferry.read("jobs/things.toml")).as_bytes());
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let compared = &report["datasets"][0]["reconciliation"];
    assert_eq!((&compared["verdict"], &compared["compared"]), (&json!("MATCH"), &json!(5)), "{compared}");
    assert_eq!(ids(&ferry, "out/warehouse/thing"), ["3", "4"]);
}

/// Things with such details, of which those without consent, and those of the young, are left out.
fn detailed(details: &[&str]) -> Ferry {
    let lines: Vec<String> =
        (1..).zip(details).map(|(id, details)| format!("{{\"id\":{id},\"details\":{details}}}\n")).collect();
    let column = "details = { type = \"jsonb\", class = \"sensitive\", nullable = true }";
    let ferry = Ferry::of_one_file("app.thing.jsonl", lines.concat().as_bytes(), column, "");
    let suppress = "[suppress_rows]\nanalytics = [{ column = \"details\", path = \"consent.given\", is = [\"false\"] }, { column = \"details\", path = \"person.age\", under = \"18\" }]\n\n[columns]";
    ferry.edit("schemas/thing.toml", "[columns]", suppress);
    ferry
}

#[test]
fn rows_are_left_out_by_what_is_inside_json_that_the_audience_does_not_see() {
    let ferry = detailed(&[
        "{\"consent\":{\"given\":true},\"person\":{\"age\":40}}",
        "{\"consent\":{\"given\":false},\"person\":{\"age\":40}}",
        "{\"consent\":{\"given\":true},\"person\":[{\"age\":40},{\"age\":17.5}]}",
        "{\"person\":{\"age\":\"about 40\"}}",
        "{}",
        "null",
    ]);
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    // Nobody knows of the fourth.
    assert_eq!(ids(&ferry, "out/warehouse/thing"), ["1", "5", "6"]);
    let thing = &report["datasets"][0];
    assert_eq!((&thing["rows_written"], &thing["rows_suppressed"]), (&json!(3), &json!(3)));
    let plan = ferry.run(&["plan", "jobs/things.toml"]).out;
    assert!(plan.contains("rows left out: details.consent.given is false"), "{plan}");
}

#[test]
fn a_path_by_which_rows_are_left_out_and_that_no_row_has_stops_the_night() {
    let ferry = detailed(&[
        "{\"consent\":{\"granted\":false},\"person\":{\"age\":40}}",
        "{\"consent\":{\"granted\":true},\"person\":{\"age\":50}}",
        "null",
    ]);
    let came = ferry.run(&["run", "jobs/things.toml"]);
    let ending = came.endings()[0];
    assert!(came.code == 23 && ending.starts_with("E-PATH-23"), "{}", came.err);
    let what = "no row has the field `consent.given` of `details` by which rows are left out (places looked at: 2)";
    assert!(ending.contains(what), "{ending}");
    assert!(!ferry.is_published("out/warehouse/thing"), "nothing is published");
    ferry.edit("schemas/thing.toml", "is = [", "optional = true, is = [");
    assert_eq!(ferry.run(&["run", "jobs/things.toml"]).code, 0, "a run may lack it");
    assert_eq!(ids(&ferry, "out/warehouse/thing"), ["1", "2", "3"]);
    let ferry = detailed(&["null", "{\"consent\":null,\"person\":[]}"]);
    assert_eq!(ferry.run(&["run", "jobs/things.toml"]).code, 0, "where there is nothing, nothing has another name");
    assert_eq!(ids(&ferry, "out/warehouse/thing"), ["1", "2"]);
}

/// The same, of which analysts see an address and nothing else.
fn addressed(details: &[&str]) -> Ferry {
    let ferry = detailed(details);
    let address = "nullable = true, treat = { analytics = { fields = { \"contact.email\" = { treat = \"label\", kind = \"email\" } } } } }";
    ferry.edit("schemas/thing.toml", "nullable = true }", address);
    ferry
}

#[test]
fn a_field_that_only_rows_have_that_are_left_out_is_there() {
    let details = [
        "{\"consent\":{\"given\":true},\"person\":{\"age\":40},\"contact\":{}}",
        "{\"consent\":{\"given\":false},\"person\":{\"age\":40},\"contact\":{\"email\":\"wren@example.org\"}}",
    ];
    let ferry = addressed(&details);
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    assert_eq!(ids(&ferry, "out/warehouse/thing"), ["1"]);
    // The report is of what the store got.
    let fields = json!([{ "path": "contact.email", "treatment": "label", "hits": 0, "lacking": 1 }]);
    assert_eq!(report["datasets"][0]["stores"][0]["columns"][1]["fields"], fields);
    // It has another name in every row, whoever sees that.
    let renamed = details.map(|details| details.replace("\"email\"", "\"mail\""));
    let ferry = addressed(&renamed.each_ref().map(String::as_str));
    let came = ferry.run(&["run", "jobs/things.toml"]);
    let ending = came.endings()[0];
    let what = "no row has the field `contact.email` that `details` declares (places looked at: 2)";
    assert!(came.code == 23 && ending.starts_with("E-PATH-23") && ending.contains(what), "{}", came.err);
    assert!(!came.err.contains("wren"), "{}", came.err);
}

#[test]
fn the_plan_shows_a_condition_on_its_line_and_that_a_run_may_lack_its_path() {
    let ferry = project(
        "[suppress_rows]\nanalytics = [{ column = \"status\", is = [\"dr\\u001b[2Jaft\\nsealed\"] }]\n\n[columns]",
    );
    let plan = ferry.run(&["plan", "jobs/things.toml"]).out;
    assert!(plan.contains("rows left out: status is dr\\u{1b}[2Jaft\\nsealed\n"), "{plan}");
    assert!(!plan.contains('\u{1b}'), "{plan:?}");
    let ferry = addressed(&[]);
    ferry.edit("schemas/thing.toml", "path = \"consent.given\"", "path = \"consent.given\", optional = true");
    ferry.edit("schemas/thing.toml", "kind = \"email\"", "kind = \"email\", optional = true");
    let told = "details.consent.given is false (optional: a run may lack the path)";
    let plan = ferry.run(&["plan", "jobs/things.toml"]).out;
    assert!(plan.contains(&format!("rows left out: {told}\n")), "{plan}");
    assert!(plan.contains("rows left out: details.person.age is under 18\n"), "{plan}");
    assert!(plan.contains("fields (contact.email label) (optional: a run may lack contact.email)\n"), "{plan}");
    let plan = ferry.run(&["plan", "jobs/things.toml", "--json"]).out;
    let plan: Value = serde_json::from_str(&plan).expect("JSON");
    assert_eq!(plan["datasets"][0]["to"][0]["suppress_rows"][0], told);
    let dpia = ferry.run(&["plan", "jobs/things.toml", "--papers", "dpia"]).out;
    assert!(dpia.contains(&format!("Rows are left out where {told}.")), "{dpia}");
    let field = "contact.email replaced by the name of its kind (optional: a run may lack it)";
    assert!(dpia.contains(field), "{dpia}");
    let paper = ferry.run(&["plan", "jobs/things.toml", "--papers", "json"]).out;
    let paper: Value = serde_json::from_str(&paper).expect("JSON");
    assert_eq!(paper["datasets"][0]["stores"][0]["rows_left_out"][0], told);
}
