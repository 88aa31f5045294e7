//! Groups of few people that an audience does not see, by the real binary. What is expected is counted here from the CSV; what is
//! published is read by DuckDB.

use crate::ferry::Ferry;
use crate::readers::python;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

type Cells = Vec<Option<String>>;

fn rows(ferry: &Ferry) -> Vec<Cells> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/rows.py");
    let seen = python(&[script, "id", ferry.path("out/warehouse/thing").to_str().expect("a path")]);
    let seen: Value = serde_json::from_str(&seen).expect("JSON");
    let cell = |cell: &Value| cell.as_str().map(str::to_owned);
    let rows = seen["rows"].as_array().expect("rows").iter();
    rows.map(|row| row.as_array().expect("cells").iter().map(cell).collect()).collect()
}

/// A world in small pieces, so that rows are put aside and groups lie in many of them.
const LIMITS: &str = "\n[limits]\nbatch_rows_max = 100\nrow_group_rows_max = 300\npart_rows_max = 900\n";

fn add(ferry: &Ferry, file: &str, text: &str) {
    ferry.write(file, format!("{}{text}", ferry.read(file)).as_bytes());
}

#[test]
fn people_of_small_groups_are_left_out_and_so_is_whom_a_total_would_tell() {
    let person = |id: u32| {
        let district = ["ZZ1", "ZZ2", "ZZ3", "ZZ4"][(id % 4) as usize];
        // One group of three in each of two districts, by a year that nobody else has.
        let year = if id <= 12 && id % 4 < 2 { 1901 } else { 1950 + id % 7 };
        (id, district, year)
    };
    let people: Vec<_> = (1..=2_000).map(person).collect();
    let line =
        |(id, district, year): &(u32, &str, u32)| format!("{id},{district} {}AA,{year}-0{}-11\n", id % 10, 1 + id % 9);
    let csv = format!("id,postcode,born_on\n{}", people.iter().map(line).collect::<String>());
    let columns = "postcode = { type = \"text\", class = \"personal\", kind = \"postcode\", treat = { analytics = { generalise = \"district\" } } }\n\
        born_on = { type = \"date\", class = \"personal\", kind = \"date_of_birth\", treat = { analytics = { generalise = \"year\" } } }";
    let ferry = Ferry::of_one_file("app.thing.csv", csv.as_bytes(), columns, "");
    let declared = "[small_cells.analytics]\nby = [\"postcode\", \"born_on\"]\ntotal = [\"postcode\"]\n\n\
        [risk.analytics]\nquasi = [\"postcode\", \"born_on\"]\nk_min = 5\n\n[columns]";
    ferry.edit("schemas/thing.toml", "[columns]", declared);
    add(&ferry, "jobs/environments/dev.toml", LIMITS);
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);

    let mut groups: BTreeMap<(&str, u32), BTreeSet<u32>> = BTreeMap::new();
    for (id, district, year) in &people {
        groups.entry((district, *year)).or_default().insert(*id);
    }
    let small: Vec<&str> = groups.iter().filter(|(_, of)| of.len() < 5).map(|((district, _), _)| *district).collect();
    assert_eq!(small, ["ZZ1", "ZZ2"], "each alone in its district");
    let shown: BTreeSet<u32> =
        rows(&ferry).iter().map(|row| row[0].as_ref().expect("an id").parse().expect("a number")).collect();
    let mut hidden = 0;
    for district in ["ZZ1", "ZZ2", "ZZ3", "ZZ4"] {
        let of: Vec<&BTreeSet<u32>> = groups.iter().filter(|((of, _), _)| *of == district).map(|(_, of)| of).collect();
        let out: Vec<&&BTreeSet<u32>> = of.iter().filter(|of| of.is_disjoint(&shown)).collect();
        assert!(of.iter().all(|of| of.is_disjoint(&shown) || of.is_subset(&shown)), "a group goes as a whole");
        let fewest = of.iter().map(|of| of.len()).filter(|of| *of >= 5).min().expect("groups");
        match small.contains(&district) {
            true => assert_eq!(out.iter().map(|of| of.len()).sum::<usize>(), 3 + fewest, "{district}"),
            false => assert!(out.is_empty(), "{district}"),
        }
        hidden += out.iter().map(|of| of.len()).sum::<usize>();
    }
    let thing = &report["datasets"][0];
    let store = &thing["stores"][0];
    let cells = &store["small_cells"];
    assert_eq!((&cells["small"], &cells["beside"], &cells["rows"]), (&json!(2), &json!(2), &json!(hidden)), "{cells}");
    assert_eq!((&cells["groups"], &cells["open_totals"]), (&json!(groups.len()), &json!(0)), "{cells}");
    assert_eq!(store["rows_suppressed"], json!(hidden));
    let counts =
        ["rows_read", "rows_written", "rows_bad", "rows_suppressed"].map(|name| thing[name].as_u64().expect("a count"));
    assert_eq!(counts[0], counts[1] + counts[2] + counts[3]);
    assert!(store["risk"]["k_min"].as_u64() >= Some(5), "{store}");
    let told = ferry.run(&["run", "jobs/things.toml", "--again", "to see it"]).out;
    assert!(told.contains("2 groups of fewer than 5 of 30, and 2 beside them"), "{told}");
    assert!(
        ferry
            .run(&["plan", "jobs/things.toml"])
            .out
            .contains("small cells: by postcode, born_on groups of fewer than 5")
    );
    let pages = ferry.files("out/security/reports/things");
    let page = pages.iter().find(|file| file.ends_with(".html")).expect("a page");
    assert!(ferry.read(&format!("out/security/reports/things/{page}")).contains("Small groups hidden from"));
}

const COUNTS: &str = "id,day,region,people,amount\n\
    1,2026-11-21,north,3,10.50\n2,2026-11-21,south,9,20.00\n3,2026-11-21,east,7,30.00\n4,2026-11-21,west,0,0.00\n\
    5,2026-11-22,north,8,11.00\n6,2026-11-22,south,9,21.00\n7,2026-11-22,east,7,31.00\n8,2026-11-22,west,6,41.00\n";

fn counts(dataset: &str) -> Ferry {
    let of = |name: &str, declared: &str| {
        format!("{name} = {{ type = \"{declared}\", class = \"open\", treat = {{ public = \"keep\" }} }}\n")
    };
    let columns = [("day", "date"), ("region", "text"), ("people", "integer"), ("amount", "numeric(8,2)")];
    let columns: String = columns.iter().map(|(name, declared)| of(name, declared)).collect();
    let ferry = Ferry::of_one_file("app.thing.csv", COUNTS.as_bytes(), &columns, dataset);
    ferry.edit("jobs/environments/dev.toml", "\"analytics\"", "\"public\"");
    let id = [
        "id = { type = \"bigint\", class = \"internal\" }",
        "id = { type = \"bigint\", class = \"open\", treat = { public = \"keep\" } }",
    ];
    ferry.edit("schemas/thing.toml", id[0], id[1]);
    ferry
}

const TERMS: &str =
    "[small_cells.public]\nby = [\"id\", \"day\", \"region\"]\ncount = \"people\"\ntotal = [\"day\"]\n\n[columns]";

#[test]
fn a_small_count_is_blanked_with_all_that_goes_with_it_and_a_second_one_of_its_total() {
    let ferry = counts("");
    ferry.edit("schemas/thing.toml", "[columns]", TERMS);
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let seen = rows(&ferry);
    for (row, line) in seen.iter().zip(COUNTS.lines().skip(1)) {
        let cells: Vec<Option<String>> = line.split(',').map(|cell| Some(cell.to_owned())).collect();
        let hidden = ["1", "3"].contains(&cells[0].as_deref().expect("an id"));
        assert_eq!(row[..3], cells[..3], "the row itself is there");
        assert_eq!(row[3..], if hidden { [None, None] } else { [cells[3].clone(), cells[4].clone()] });
    }
    assert_eq!(seen.len(), 8);
    let store = &report["datasets"][0]["stores"][0];
    let cells = ["groups", "small", "beside", "rows"].map(|name| store["small_cells"][name].as_u64());
    assert_eq!(cells, [Some(8), Some(1), Some(1), Some(2)]);
    assert_eq!((&store["rows_suppressed"], &store["rows_written"]), (&json!(0), &json!(8)));
    // Neither the table's log nor a manifest knows the smallest number.
    let folder = "out/warehouse/thing";
    let texts = ferry.files(folder).into_iter().filter(|file| !file.ends_with(".parquet"));
    let texts: Vec<String> = texts.map(|file| ferry.read(&format!("{folder}/{file}"))).collect();
    assert!(texts.iter().any(|text| text.contains("people")), "the log tells bounds");
    assert!(!texts.iter().any(|text| text.contains("10.50")), "{texts:?}");
}

#[test]
fn groups_are_those_of_a_period_however_many_are_in_a_run() {
    let by_period = "period = { by = \"day\", every = \"day\" }\n";
    let ferry = counts(by_period);
    ferry.edit("jobs/things.toml", "\"replace\"", "\"replace_period\"");
    ferry.edit("schemas/thing.toml", "key = [\"id\"]", "key = [\"id\", \"day\"]");
    // Without the day in it, both days together would make a group of four.
    ferry.edit("schemas/thing.toml", "[columns]", "[small_cells.public]\nby = [\"region\"]\nunder = 2\n\n[columns]");
    let came = ferry.run(&["run", "jobs/things.toml", "--from", "2026-11-21", "--to", "2026-11-22"]);
    assert!(came.code == 22 && came.endings()[0].contains("leaves every row out"), "{}{}", came.out, came.err);
    ferry.edit("schemas/thing.toml", "under = 2", "count = \"people\"");
    ferry.edit("schemas/thing.toml", "by = [\"region\"]", "by = [\"region\", \"id\", \"day\"]");
    let (came, report) = ferry.report(&["jobs/things.toml", "--from", "2026-11-21", "--to", "2026-11-22"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let together = rows(&ferry);
    let hidden: Vec<&str> =
        together.iter().filter(|row| row[3].is_none()).filter_map(|row| row[0].as_deref()).collect();
    assert_eq!(hidden, ["1", "3"]);
    assert_eq!(report["datasets"][0]["stores"][0]["small_cells"]["groups"], 8);
    let alone = ferry.run(&["run", "jobs/things.toml", "--date", "2026-11-21", "--again", "alone"]);
    assert_eq!(alone.code, 0, "{}", alone.err);
    assert_eq!(rows(&ferry), together, "one period alone is what it was among others");
}
