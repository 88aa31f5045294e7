//! What was published, as DuckDB finds it in the files, against what SQL finds at the source. Neither is our own code.

use crate::readers::python;
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use std::collections::BTreeMap;
use std::path::Path;

/// count, min, max and sum of a column, as text.
pub type Facts = [Option<String>; 4];

/// A published table, as DuckDB sees its files through the log that `deltalake` reads.
#[derive(PartialEq)]
pub struct Published {
    pub version: u64,
    pub rows: u64,
    pub files: u64,
    pub row_groups_max: u64,
    pub columns: BTreeMap<String, Facts>,
}

/// Tables at `s3://` or `az://`, in their order.
pub fn published(urls: &[String]) -> Vec<Published> {
    let mut arguments = vec![concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/column_facts.py")];
    arguments.extend(urls.iter().map(String::as_str));
    let seen = python(&arguments);
    let seen: Vec<Published> = seen.lines().map(|line| table(&serde_json::from_str(line).expect("JSON"))).collect();
    assert_eq!(seen.len(), urls.len());
    seen
}

fn table(seen: &Value) -> Published {
    let number = |key: &str| seen[key].as_u64().expect("a number");
    let facts = |column: &Value| ["count", "min", "max", "sum"].map(|fact| column[fact].as_str().map(str::to_owned));
    let columns = seen["columns"].as_object().expect("columns");
    Published {
        version: number("version"),
        rows: number("rows"),
        files: number("files"),
        row_groups_max: number("row_groups_max"),
        columns: columns.iter().map(|(name, column)| (name.clone(), facts(column))).collect(),
    }
}

/// A dataset's rows at the source, as its job and schema files describe them.
pub struct AtSource {
    from: String,
    columns: BTreeMap<String, (String, String)>,
}

impl AtSource {
    /// Reads the files as TOML, and the source's spelling of each column from its catalogue.
    pub async fn of(project: &Path, job: &str, dataset: &str, database: &mut PgConnection) -> Self {
        let job: toml::Table = read(&project.join(job));
        let dataset = &job["dataset"][dataset];
        let text = |key: &str| dataset.get(key).map(|value| value.as_str().expect("text").to_owned());
        let from = match (text("table"), text("query")) {
            (Some(table), _) => {
                format!("(select * from {table} where {}) as q", text("where").unwrap_or("true".into()))
            }
            (None, Some(query)) => {
                let sql = std::fs::read_to_string(project.join(query)).expect("a query");
                format!("({sql}) as q")
            }
            _ => panic!("a dataset has a table or a query"),
        };
        let there = one(database, &format!("select * from {from} limit 1")).await;
        let there: Vec<&str> = there.columns().iter().map(sqlx::Column::name).collect();
        let schema: toml::Table = read(&project.join(format!("schemas/{}.toml", text("schema").expect("a schema"))));
        let columns = schema["columns"].as_table().expect("columns").iter().map(|(name, column)| {
            let spellings: Vec<&str> = match column.get("source") {
                Some(toml::Value::Array(many)) => many.iter().filter_map(toml::Value::as_str).collect(),
                Some(one) => one.as_str().into_iter().collect(),
                None => Vec::new(),
            };
            let is_it = |found: &&&str| **found == name || spellings.contains(*found);
            let found = there.iter().find(is_it).unwrap_or_else(|| panic!("no column {name}"));
            let kind = column["type"].as_str().expect("a type").to_owned();
            (name.clone(), (format!("\"{found}\""), kind))
        });
        AtSource { from, columns: columns.collect() }
    }

    pub async fn rows(&self, database: &mut PgConnection) -> u64 {
        let count: i64 = one(database, &format!("select count(*) from {}", self.from)).await.get(0);
        count as u64
    }

    /// The schema's columns.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.keys().map(String::as_str)
    }

    /// What SQL says of a column.
    pub async fn facts(&self, column: &str, database: &mut PgConnection) -> Facts {
        let (name, kind) = &self.columns[column];
        let (value, sum) = facts(name, kind);
        let sql = format!(
            "select count({name})::text, min({value})::text, max({value})::text, sum({sum})::text from {}",
            self.from
        );
        let row = one(database, &sql).await;
        [0, 1, 2, 3].map(|place| row.get(place))
    }

    /// The same of a column of floats, which everybody writes a little differently: as numbers.
    pub fn is_float(&self, column: &str) -> bool {
        matches!(self.columns[column].1.as_str(), "real" | "double precision")
    }
}

/// (value, number to be summed) of a column as SQL.
fn facts(name: &str, kind: &str) -> (String, String) {
    match kind.split('(').next().unwrap_or_default() {
        "smallint" | "integer" | "bigint" | "numeric" => (name.into(), name.into()),
        "real" | "double precision" => (name.into(), format!("{name}::text::numeric(38, 18)")),
        "boolean" => (format!("{name}::int"), format!("{name}::int")),
        "date" => (name.into(), format!("({name} - date '1970-01-01')")),
        "timestamp" | "timestamptz" => {
            let micros = format!("(extract(epoch from {name}) * 1000000)::bigint");
            (micros.clone(), micros)
        }
        "time" => text(format!("to_char({name}, 'HH24:MI:SS.US')")),
        "bytea" => (format!("encode({name}, 'hex') collate \"C\""), format!("octet_length({name})")),
        _ => text(format!("{name}::text")),
    }
}

fn text(value: String) -> (String, String) {
    let bytes = format!("octet_length({value})");
    (format!("({value} collate \"C\")"), bytes)
}

async fn one(database: &mut PgConnection, sql: &str) -> sqlx::postgres::PgRow {
    let mut rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .fetch_all(database)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.pop().expect("a row")
}

fn read(path: &Path) -> toml::Table {
    std::fs::read_to_string(path).expect("a file").parse().expect("TOML")
}
