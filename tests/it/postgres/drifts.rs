//! Eight ways in which a table changes under a job - a column is added, dropped, renamed, widened, narrowed, may be NULL, has a new
//! label, stands elsewhere - each of an open, an internal and a personal column: by the real binary, over a night that went well
//! before. What is published then is read by DuckDB.

use super::bench::Bench;
use crate::ferry::Ferry;
use crate::readers::python;
use crate::services::variable;
use serde_json::{Value, json};

/// A table whose column `c` is of a class; `type` and value as the schema and the server have them before.
struct Night {
    ferry: Ferry,
    bench: Bench,
    is_personal: bool,
}

/// What comes of a change.
enum Comes {
    /// Published, with these texts in `c` by `id`; a personal column shows its label.
    Well(&'static [&'static str]),
    /// Ended by this id, and nothing else published than before.
    Ended(&'static str, i32, String),
}

impl Night {
    async fn before(name: &str, class: &str, declared: &str, server: &str, value: &str) -> Self {
        let schema = format!("it_drifts_{name}_{class}");
        let role = variable("NIGHTFERRY_PG_USER");
        let sql = format!(
            "{server_types} CREATE TABLE thing (id bigint PRIMARY KEY, c {server} NOT NULL, d int NOT NULL);
             INSERT INTO thing VALUES (1, '{value}', 7); GRANT USAGE ON SCHEMA {schema} TO \"{role}\";
             GRANT SELECT ON thing TO \"{role}\"",
            server_types = if server == "mood" { "CREATE TYPE mood AS ENUM ('12', '13');" } else { "" }
        );
        let bench = Bench::lay(&schema, &sql).await;
        let is_personal = class == "personal";
        let treat = if is_personal { ", kind = \"account\", treat = { analytics = \"label\" }" } else { "" };
        let columns = format!(
            "c = {{ type = \"{declared}\", class = \"{class}\"{treat} }}\nd = {{ type = \"integer\", class = \"open\" }}"
        );
        let ferry = Ferry::of_one_file("unused.csv", b"", &columns, "");
        ferry.edit("jobs/things.toml", "app.thing", &format!("{schema}.thing"));
        let postgres = "[source.app.postgres]\nhost = { env = \"NIGHTFERRY_PG_HOST\" }\nport = { env = \"NIGHTFERRY_PG_PORT\" }\n\
            database = \"postgres\"\npowers_known = [\"temporary\"]\nuser = { env = \"NIGHTFERRY_PG_USER\" }\n\
            password = { env = \"NIGHTFERRY_PG_PASSWORD\" }\nca = { env = \"NIGHTFERRY_PG_CA\" }\n";
        ferry.edit("jobs/environments/dev.toml", "[source.app]\nfiles = { url = \"in\" }\n", postgres);
        let night = Night { ferry, bench, is_personal };
        let (came, _) = night.ferry.report(&["jobs/things.toml"]);
        assert_eq!(came.code, 0, "{}", came.err);
        night
    }

    /// The table changes, and the next night comes.
    async fn then(mut self, change: &str, comes: Comes) {
        self.bench.run(change).await;
        let came = self.ferry.run(&["run", "jobs/things.toml", "--again", "the next night"]);
        let versions = self.ferry.files("out/warehouse/thing/_delta_log").len();
        match comes {
            Comes::Well(values) => {
                assert_eq!(came.code, 0, "{}", came.err);
                let table = self.ferry.path("out/warehouse/thing");
                let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/rows.py");
                let seen = python(&[script, "id", table.to_str().expect("a path")]);
                let seen: Value = serde_json::from_str(&seen).expect("JSON");
                let shown = |value| if self.is_personal { "<account>" } else { value };
                let row = |(id, value): (i32, &&'static str)| json!([id.to_string(), shown(*value), "7"]);
                assert_eq!(seen["rows"], Value::Array((1..).zip(values).map(row).collect()), "{seen}");
                assert_eq!(versions, 2);
            }
            Comes::Ended(id, code, what) => {
                assert_eq!(came.code, code, "{}{}", came.out, came.err);
                let endings = came.endings();
                assert!(endings[0].starts_with(id) && endings[0].contains(&what), "{what}: {endings:?}");
                assert_eq!(versions, 1, "the table is as it was");
            }
        }
        let schema = self.bench.schema.clone();
        self.bench.run(&format!("DROP SCHEMA {schema} CASCADE")).await;
    }
}

fn drift(what: impl Into<String>) -> Comes {
    Comes::Ended("E-DRIFT-20", 20, what.into())
}

async fn added(class: &str) {
    // A column beside one of that class: whatever it is, nobody has said so.
    let night = Night::before("added", class, "text", "text", "12").await;
    night.then("ALTER TABLE thing ADD nickname text", drift("nobody classified `nickname`")).await;
    let night = Night::before("withheld", class, "text", "text", "12").await;
    night.ferry.edit("schemas/thing.toml", "key = [\"id\"]", "key = [\"id\"]\non_new_column = \"withhold\"");
    night.then("ALTER TABLE thing ADD nickname text DEFAULT 'Wren'", Comes::Well(&["12"])).await;
}

async fn dropped(class: &str) {
    let night = Night::before("dropped", class, "text", "text", "12").await;
    night.then("ALTER TABLE thing DROP c", drift("`c` not there")).await;
}

async fn renamed(class: &str) {
    let night = Night::before("renamed", class, "text", "text", "12").await;
    night.then("ALTER TABLE thing RENAME c TO c_new", drift("nobody classified `c_new`; `c` not there")).await;
}

async fn widened(class: &str) {
    for (place, (declared, server, wider)) in [
        ("integer", "integer", "bigint"),
        ("varchar(20)", "character varying(20)", "character varying(40)"),
        ("varchar(20)", "character varying(20)", "text"),
        ("varchar(20)", "character varying(20)", "integer"),
    ]
    .into_iter()
    .enumerate()
    {
        let night = Night::before(&format!("widened_{place}"), class, declared, server, "12").await;
        let change = format!("ALTER TABLE thing ALTER c TYPE {wider} USING c::{wider}");
        night.then(&change, drift(format!("`c` is {wider}, the schema says {declared}"))).await;
    }
}

async fn narrowed(class: &str) {
    // What the column holds now the declared type holds too: nothing is lost, and nothing is to be done.
    let night = Night::before("narrowed", class, "bigint", "bigint", "12").await;
    night.then("ALTER TABLE thing ALTER c TYPE integer", Comes::Well(&["12"])).await;
    let night = Night::before("narrowed_text", class, "varchar(20)", "character varying(20)", "12").await;
    night.then("ALTER TABLE thing ALTER c TYPE varchar(9)", Comes::Well(&["12"])).await;
}

async fn nulled(class: &str) {
    // That it may be NULL changes no row; a NULL that is there makes a bad one.
    let night = Night::before("may_be_null", class, "text", "text", "12").await;
    night.then("ALTER TABLE thing ALTER c DROP NOT NULL", Comes::Well(&["12"])).await;
    let night = Night::before("null", class, "text", "text", "12").await;
    let change = "ALTER TABLE thing ALTER c DROP NOT NULL; INSERT INTO thing VALUES (2, NULL, 7)";
    let bad = "1 of 2 rows are bad, 0 are allowed; row 1: `c` is NULL";
    night.then(change, Comes::Ended("E-ROWS-22", 22, bad.into())).await;
}

async fn relabelled(class: &str) {
    // A label is a value like any other; another type in its place is another type.
    let night = Night::before("labels", class, "enum", "mood", "12").await;
    let change = "ALTER TYPE mood ADD VALUE '14'; COMMIT; INSERT INTO thing VALUES (2, '14', 7)";
    night.then(change, Comes::Well(&["12", "14"])).await;
    let night = Night::before("no_labels", class, "enum", "mood", "12").await;
    let change = "ALTER TABLE thing ALTER c TYPE text USING c::text";
    night.then(change, drift("`c` is text, the schema says enum")).await;
}

async fn reordered(class: &str) {
    let night = Night::before("reordered", class, "text", "text", "12").await;
    let role = variable("NIGHTFERRY_PG_USER");
    let change = format!(
        "CREATE TABLE other (d int NOT NULL, c text NOT NULL, id bigint PRIMARY KEY); INSERT INTO other SELECT d, c, id FROM thing;
         DROP TABLE thing; ALTER TABLE other RENAME TO thing; GRANT SELECT ON thing TO \"{role}\""
    );
    night.then(&change, Comes::Well(&["12"])).await;
}

macro_rules! drifts {
    ($($name:ident $act:ident $class:literal;)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                $act($class).await;
            }
        )*
    };
}

drifts! {
    a_column_that_is_new_beside_an_open_one_stops_the_night_or_is_withheld added "open";
    a_column_that_is_new_beside_an_internal_one_stops_the_night_or_is_withheld added "internal";
    a_column_that_is_new_beside_a_personal_one_stops_the_night_or_is_withheld added "personal";
    an_open_column_that_is_dropped_stops_the_night dropped "open";
    an_internal_column_that_is_dropped_stops_the_night dropped "internal";
    a_personal_column_that_is_dropped_stops_the_night dropped "personal";
    an_open_column_that_is_renamed_stops_the_night renamed "open";
    an_internal_column_that_is_renamed_stops_the_night renamed "internal";
    a_personal_column_that_is_renamed_stops_the_night renamed "personal";
    an_open_column_that_is_widened_stops_the_night widened "open";
    an_internal_column_that_is_widened_stops_the_night widened "internal";
    a_personal_column_that_is_widened_stops_the_night widened "personal";
    an_open_column_that_is_narrowed_goes_on narrowed "open";
    an_internal_column_that_is_narrowed_goes_on narrowed "internal";
    a_personal_column_that_is_narrowed_goes_on narrowed "personal";
    an_open_column_that_may_be_null_goes_on_until_a_row_is nulled "open";
    an_internal_column_that_may_be_null_goes_on_until_a_row_is nulled "internal";
    a_personal_column_that_may_be_null_goes_on_until_a_row_is nulled "personal";
    an_open_column_with_a_new_label_goes_on_and_of_another_type_does_not relabelled "open";
    an_internal_column_with_a_new_label_goes_on_and_of_another_type_does_not relabelled "internal";
    a_personal_column_with_a_new_label_goes_on_and_of_another_type_does_not relabelled "personal";
    an_open_column_that_stands_elsewhere_goes_on reordered "open";
    an_internal_column_that_stands_elsewhere_goes_on reordered "internal";
    a_personal_column_that_stands_elsewhere_goes_on reordered "personal";
}
