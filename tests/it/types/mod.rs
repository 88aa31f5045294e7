//! Every type of PostgreSQL with nasty values in one table, published, read back by two other readers, and held cell by cell
//! against what psql prints.

mod cases;
mod database;
mod printed;
mod topic;

use crate::ferry::Ferry;
use cases::{CASES, Case};
use database::Database;
use printed::{OF_EXTENSIONS, PRINTED};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;

/// Words of types that are there only inside the server: nobody can make a value of one.
const INTERNAL: &[&str] = &[
    "gtsvector",
    "pg_brin_bloom_summary",
    "pg_brin_minmax_multi_summary",
    "pg_dependencies",
    "pg_mcv_list",
    "pg_ndistinct",
    "pg_node_tree",
];

#[test]
fn every_cell_is_what_psql_prints() {
    let database = Database::lay();
    let columns = columns(&database);
    database.admin(&table(&columns));
    let ferry = project(&columns, &database);
    let (came, report) = ferry.report(&["jobs/nasty.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);

    let printed =
        |(place, case): (usize, &&Case)| format!("(SELECT {} FROM (SELECT c{place} AS v) AS one)", cases::print(case));
    let printed: Vec<_> = columns.iter().enumerate().map(printed).collect();
    let expected = database.printed(&format!("SELECT n, {} FROM nasty ORDER BY n", printed.join(", ")));
    assert_eq!(expected.len(), rows(&columns) + 1);

    for seen in cells(&ferry) {
        let reader = seen["reader"].as_str().unwrap();
        let names: Vec<&str> = seen["types"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names.len(), columns.len() + 1, "{reader}");
        let rows = seen["rows"].as_array().unwrap();
        assert_eq!(rows.len(), expected.len(), "{reader}");
        for (row, expected) in rows.iter().zip(&expected) {
            for (place, cell) in row.as_array().unwrap().iter().enumerate() {
                let case = place.checked_sub(1).map_or("n", |place| columns[place].declared);
                assert!(
                    cell.as_str() == expected[place].as_deref(),
                    "{reader}: {case} (c{}), row {}: {} where psql prints {}",
                    place as i64 - 1,
                    expected[0].as_deref().unwrap(),
                    shortened(cell.as_str()),
                    shortened(expected[place].as_deref())
                );
            }
        }
    }

    // NULLs that were made are told, one by one.
    let dataset = &report["datasets"][0];
    for (place, case) in columns.iter().enumerate() {
        let nulls = expected.iter().filter(|row| row[place + 1].is_none()).count();
        let at_source = rows(&columns) + 1 - case.values.len();
        let told = dataset["cells_beyond"].get(format!("c{place}")).and_then(Value::as_u64).unwrap_or(0);
        assert_eq!(told, (nulls - at_source) as u64, "{}", case.declared);
        assert_eq!(told > 0, case.beyond == "null", "{}", case.declared);
    }
}

#[test]
fn the_readmes_table_says_what_readers_see() {
    let database = Database::lay();
    let columns = columns(&database);
    database.admin(&table(&columns));
    let ferry = project(&columns, &database);
    let came = ferry.run(&["run", "jobs/nasty.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let seen = cells(&ferry).into_iter().find(|seen| seen["reader"] == "deltalake").unwrap();
    let readme = readme();
    for (place, case) in columns.iter().enumerate() {
        let word = if case.beyond == "text" { "beyond" } else { generic(case.declared) };
        let said = readme.get(word).unwrap_or_else(|| panic!("the README's table has no `{word}`"));
        let found = seen["types"][format!("c{place}")].as_str().unwrap();
        let said = said.replace("(p,s)", found.strip_prefix("decimal").unwrap_or_default());
        assert_eq!(found, said, "{}", case.declared);
    }
    for word in readme.keys().filter(|word| *word != "beyond") {
        let is_of_extension = OF_EXTENSIONS.iter().any(|(_, case)| case.declared == word);
        let is_shown = columns.iter().any(|case| generic(case.declared) == word);
        assert!(is_shown || is_of_extension, "`{word}` of the README's table is in no column of the test");
    }
}

#[test]
fn no_type_of_the_server_is_left_out() {
    let database = Database::lay();
    let types = database.printed(
        "SELECT t.typname FROM pg_catalog.pg_type t \
         WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typtype IN ('b', 'r', 'm') \
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_type element WHERE element.typarray = t.oid) ORDER BY 1",
    );
    let in_test = database.printed(&format!(
        "SELECT DISTINCT t.typname FROM (VALUES {}) AS v(word) JOIN pg_catalog.pg_type t ON t.oid = v.word::regtype",
        CASES.iter().chain(PRINTED).map(|case| format!("('{}')", case.at_source)).collect::<Vec<_>>().join(", ")
    ));
    let left_out: Vec<_> = types
        .iter()
        .filter(|row| !in_test.contains(row))
        .map(|row| row[0].as_deref().unwrap())
        .filter(|name| !INTERNAL.contains(name))
        .collect();
    assert!(left_out.is_empty() && types.len() > 60, "{left_out:?}");
}

/// The columns of this server: without those of extensions that it does not have, which is said.
fn columns(database: &Database) -> Vec<&'static Case> {
    let there = database.extensions(&["citext", "hstore", "ltree"]);
    let mut columns: Vec<&Case> = CASES.iter().chain(PRINTED).collect();
    for (extension, case) in OF_EXTENSIONS {
        if there.iter().any(|there| there == extension) {
            columns.push(case);
        } else {
            let what = format!("{} is not looked at: this server has no extension {extension}\n", case.declared);
            std::io::stderr().write_all(what.as_bytes()).expect("said");
        }
    }
    columns
}

fn rows(columns: &[&Case]) -> usize {
    columns.iter().map(|case| case.values.len()).max().unwrap()
}

/// The table: row by row the values of each column, then NULL; one row of nothing but NULL.
fn table(columns: &[&Case]) -> String {
    let declared: Vec<_> =
        columns.iter().enumerate().map(|(place, case)| format!("c{place} {}", case.at_source)).collect();
    let row = |row: usize| {
        let cell = |case: &&Case| match case.values.get(row) {
            Some(value) => format!("({value})::{}", case.at_source),
            None => "NULL".into(),
        };
        format!("INSERT INTO nasty VALUES ({row}, {});", columns.iter().map(cell).collect::<Vec<_>>().join(", "))
    };
    let rows: Vec<_> = (0..=rows(columns)).map(row).collect();
    format!("CREATE TABLE nasty (n int PRIMARY KEY, {});\n{}", declared.join(", "), rows.join("\n"))
}

/// A job that publishes the table to a folder.
fn project(columns: &[&Case], database: &Database) -> Ferry {
    let ferry = Ferry::empty();
    let column = |(place, case): (usize, &&Case)| {
        let beyond = if case.beyond.is_empty() { String::new() } else { format!(", beyond = \"{}\"", case.beyond) };
        format!("c{place} = {{ type = '{}', class = \"open\", nullable = true{beyond} }}\n", case.declared)
    };
    let schema = format!(
        "description = \"Nasty values.\"\nkey = [\"n\"]\n\n[columns]\nn = {{ type = \"integer\", class = \"open\" }}\n{}",
        columns.iter().enumerate().map(column).collect::<String>()
    );
    ferry.write("schemas/nasty.toml", schema.as_bytes());
    ferry.write(
        "jobs/nasty.toml",
        b"name = \"nasty\"\ndescription = \"Nasty values.\"\n\n[dataset.nasty]\nfrom = \"app\"\ntable = \"public.nasty\"\n\
          schema = \"nasty\"\nto = [\"warehouse\"]\n",
    );
    ferry.write("jobs/environments/dev.toml", database.environment().as_bytes());
    ferry
}

/// What each reader sees of the published table.
fn cells(ferry: &Ferry) -> Vec<Value> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/cells.py");
    let told = crate::readers::python(&[script, &ferry.path("out/warehouse/nasty").to_string_lossy()]);
    let seen: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(seen.len(), 2);
    seen
}

/// Declared word -> Delta type, of the README's table of types; `beyond` for a column with `beyond = "text"`.
fn readme() -> BTreeMap<String, String> {
    let text = include_str!("../../../README.md");
    let lines = text.lines().skip_while(|line| !line.starts_with("| PostgreSQL | `type` | Delta |"));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    let mut words = BTreeMap::new();
    for row in rows.filter(|row| !row.starts_with("| a domain ")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let delta = cells[2].trim_matches('`').to_owned();
        let quoted = cells[1].split('`').skip(1).step_by(2);
        words.extend(quoted.map(|word| (word.to_owned(), delta.clone())));
    }
    assert!(words.len() > 60, "{words:?}");
    words
}

/// A declared type as the table writes it.
fn generic(declared: &str) -> &str {
    match declared {
        _ if declared.ends_with("[]") => "integer[]",
        _ if declared.starts_with("numeric(") => "numeric(p,s)",
        _ if declared.starts_with("varchar(") => "varchar(n)",
        _ if declared.starts_with("char(") => "char(n)",
        _ if declared.starts_with("bit") => "bit(n)",
        _ if declared.starts_with("varbit(") => "varbit",
        other => other,
    }
}

fn shortened(cell: Option<&str>) -> String {
    cell.map_or("NULL".into(), |cell| format!("`{}` ({} bytes)", cell.chars().take(60).collect::<String>(), cell.len()))
}
