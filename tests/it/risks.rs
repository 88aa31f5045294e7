//! The risk that is left in what was written, by the real binary, against what DuckDB counts in the table.

use crate::ferry::Ferry;
use crate::readers::python;
use serde_json::Value;

const COLUMNS: &str = "postcode = { type = \"text\", class = \"personal\", kind = \"postcode\", nullable = true, treat = { analytics = { generalise = \"district\" } } }\n\
    born_on = { type = \"date\", class = \"personal\", kind = \"date_of_birth\", treat = { analytics = { generalise = \"year\" } } }\n\
    tariff = { type = \"text\", class = \"internal\", nullable = true }";

/// So many people of a few districts and years, some of them alone.
fn project(people: u32, risk: &str) -> Ferry {
    let person = |id: u32| {
        let (area, year) =
            (["ZZ1", "ZZ2", "ZZ3"][(id % 3) as usize], 1950 + id % 7 + 13 * u32::from(id.is_multiple_of(97)));
        let postcode = if id.is_multiple_of(41) { String::new() } else { format!("{area} {}AA", id % 10) };
        let tariff = ["day", "night", ""][(id % 5 % 3) as usize];
        format!("{id},{postcode},{year}-0{}-11,{tariff}\n", 1 + id % 9)
    };
    let csv = format!("id,postcode,born_on,tariff\n{}", (1..=people).map(person).collect::<String>());
    let ferry = Ferry::of_one_file("app.thing.csv", csv.as_bytes(), COLUMNS, "");
    let terms =
        format!("[risk.analytics]\nquasi = [\"postcode\", \"born_on\"]\nsensitive = \"tariff\"\n{risk}\n[columns]");
    ferry.edit("schemas/thing.toml", "[columns]", &terms);
    ferry
}

fn counted(ferry: &Ferry) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/risk.py");
    let table = ferry.path("out/warehouse/thing");
    let seen = python(&[script, table.to_str().expect("a path"), "postcode, born_on", "tariff"]);
    serde_json::from_str(&seen).expect("JSON")
}

#[test]
fn the_risk_is_what_duckdb_counts_in_what_was_written() {
    let ferry = project(3_000, "");
    let limits = "\n[limits]\nbatch_rows_max = 500\nrow_group_rows_max = 500\npart_rows_max = 1000\n";
    ferry.write(
        "jobs/environments/dev.toml",
        format!("{}{limits}", ferry.read("jobs/environments/dev.toml")).as_bytes(),
    );
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let risk = &report["datasets"][0]["stores"][0]["risk"];
    let expected = counted(&ferry);
    for name in ["groups", "k_min", "under_5", "under_10", "unique", "l_min"] {
        assert_eq!(risk[name].as_f64(), expected[name].as_f64(), "{name}: {risk}, DuckDB: {expected}");
    }
    assert!(expected["under_10"].as_f64() > Some(0.0) && expected["k_min"].as_f64() < Some(10.0), "{expected}");
    let told = ferry.run(&["run", "jobs/things.toml", "--again", "to see it"]).out;
    assert!(told.contains("thing for analytics: by postcode, born_on at least"), "{told}");
    assert!(ferry.run(&["plan", "jobs/things.toml"]).out.contains("risk counted of tariff by: postcode, born_on"));
    let pages = ferry.files("out/security/reports/things");
    let page = pages.iter().find(|file| file.ends_with(".html")).expect("a page");
    assert!(ferry.read(&format!("out/security/reports/things/{page}")).contains("Risk that is left for"));
}

#[test]
fn people_who_stand_out_stop_the_night_unless_somebody_answers_for_it() {
    let ferry = project(300, "k_min = 5\nunique_max = \"0\"\n");
    let came = ferry.run(&["run", "jobs/things.toml"]);
    assert_eq!(came.code, 23, "{}{}", came.out, came.err);
    let ending = came.endings()[0];
    assert!(ending.starts_with("E-RISK-23") && ending.contains("5 is the least"), "{ending}");
    assert!(!ferry.files("out/warehouse").iter().any(|file| file.ends_with(".parquet")), "no part stays");
    ferry.edit("schemas/thing.toml", "k_min = 5", "k_min = 5\nbeyond = \"warn\"");
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let beyond = &report["datasets"][0]["stores"][0]["risk"]["beyond"];
    assert!(beyond[0].as_str().is_some_and(|told| told.ends_with("5 is the least")), "{beyond}");
    // Coarse enough, nobody stands out.
    let ferry = project(300, "k_min = 5\nl_min = 2\nunder_5_max = \"0\"\n");
    ferry.edit("schemas/thing.toml", "quasi = [\"postcode\", \"born_on\"]", "quasi = [\"id\"]");
    assert_eq!(ferry.run(&["run", "jobs/things.toml"]).code, 23, "a key tells everybody");
    ferry.edit("schemas/thing.toml", "quasi = [\"id\"]", "quasi = [\"postcode\"]");
    let came = ferry.run(&["run", "jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
}
