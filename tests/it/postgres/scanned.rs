//! `scan --source`: every cell of a database at one moment, and never a value of it.

use super::town::{Town, run};
use crate::ferry::{Came, Ferry};
use serde_json::Value;

/// Values that must be found, and must not be told.
const VALUES: &[&str] =
    &["wren.alder@example.org", "07700 900461", "QQ 12 34 56 C", "QQ123456C", "Gwen Mercer", "Sarah Whitcombe"];

const TOWN: &str = r#"
    CREATE SCHEMA app; CREATE SCHEMA other;
    CREATE TABLE app."Party" (id bigint PRIMARY KEY, "Full_Name" varchar(80), "E-Mail" text, "NI No" text, born_on date, notes text, tags text[],
        contact jsonb, capacity numeric, whole numeric NOT NULL, tree pg_node_tree);
    INSERT INTO app."Party" SELECT n, (ARRAY['Gwen Mercer', 'Tobias Ashdown', 'Maud Tenterfell'])[1 + n % 3], 'wren.alder' || n || '@example.org', 'QQ123456C',
        '1970-01-01', CASE n WHEN 7 THEN 'call Sarah Whitcombe on 07700 900461' WHEN 8 THEN NULL ELSE 'the unit was out' END, ARRAY['a', 'b'],
        '{"mail": "wren.alder@example.org"}', 49.9, 12, NULL FROM generate_series(1, 40000) n;
    CREATE TABLE app.unit (cfd_id text PRIMARY KEY, unit_name text);
    INSERT INTO app.unit SELECT 'AAA-KES-' || n, 'Kestrel Sands' FROM generate_series(100, 200) n;
    CREATE TABLE other.note (id int PRIMARY KEY, note text); INSERT INTO other.note VALUES (1, 'NI is QQ 12 34 56 C, thanks'), (2, NULL);
    GRANT USAGE ON SCHEMA app, other TO READER; GRANT SELECT ON ALL TABLES IN SCHEMA app, other TO READER"#;

async fn town(database: &str) -> (Town, Ferry) {
    let mut town = Town::lay(database).await;
    let reader = format!("{database}_reader");
    town.unrole(&reader).await;
    run(&mut town.admin, &format!("CREATE ROLE {reader} LOGIN PASSWORD 'kestrel'")).await;
    run(&mut town.admin, &TOWN.replace("READER", &reader)).await;
    (town, super::drafts::project(database))
}

fn scan(ferry: &Ferry, more: &[&str]) -> Came {
    let came = ferry.run(&[&["scan", "--env", "dev", "--source", "town"], more].concat());
    for value in VALUES {
        assert!(!came.out.contains(value) && !came.err.contains(value), "{more:?} tells a value");
    }
    came
}

fn lines(came: &Came) -> Vec<Value> {
    came.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_of_a_database_is_looked_at_and_none_is_told() {
    let (mut town, ferry) = town("scan_town").await;
    let came = scan(&ferry, &["--json"]);
    assert_eq!(came.code, 0, "{}", came.err);
    assert!(came.err.contains("column `app.Party.tree` was not scanned: of type pg_node_tree"), "{}", came.err);
    let told = lines(&came);
    let of = |column: &str| {
        told.iter().find(|told| told["column"] == column).unwrap_or_else(|| panic!("{column}: {told:?}"))
    };
    for (column, kind, cells) in [
        ("app.Party.Full_Name", Some("person_name"), 40_000),
        ("app.Party.E-Mail", Some("email"), 40_000),
        ("app.Party.NI No", Some("nino"), 40_000),
        ("app.Party.born_on", Some("date_of_birth"), 40_000),
        ("app.Party.id", None, 40_000),
        ("app.unit.cfd_id", None, 101),
        ("app.unit.unit_name", None, 101),
    ] {
        assert_eq!((of(column)["kind"].as_str(), of(column)["cells"].as_u64()), (kind, Some(cells)), "{column}");
    }
    // One cell in forty thousand.
    assert_eq!(of("app.Party.notes")["found"]["phone"], 1);
    assert_eq!((&of("app.Party.notes")["nulls"], &of("other.note.note")["found"]["nino"]), (&1.into(), &1.into()));
    assert_eq!(of("app.Party.contact")["found"]["email"], 40_000);

    let spans = lines(&scan(&ferry, &["--table", "other.note", "--spans", "--json"]));
    let expected = serde_json::json!({"row": 0, "column": "note", "start": 6, "end": 19, "kind": "nino", "score": spans[0]["score"]});
    assert_eq!(spans, [expected]);
    let toml = scan(&ferry, &["--table", "Party", "--toml"]);
    assert!(
        toml.out.contains("e_mail = { type = \"text\", class = \"personal\", kind = \"email\", source = \"E-Mail\" }"),
        "{}",
        toml.out
    );
    for (more, code) in [
        (&["--table", "app.unit", "--fail-on", "email,phone,nino"][..], 0),
        (&["--table", "note", "--fail-on", "nino"], 1),
        (&["--fail-on", "phone"], 1),
        (&["--toml"], 2),
        (&["--table", "app.nothing"], 14),
        (&["--query", "nowhere.sql"], 14),
    ] {
        let came = scan(&ferry, more);
        assert_eq!(came.code, code, "{more:?}: {}", came.err);
    }

    ferry.write(
        "some.sql",
        b"SELECT id, upper(\"E-Mail\") AS mail, count(*) OVER () FROM app.\"Party\" WHERE id < 5 -- few\n",
    );
    let told = lines(&scan(&ferry, &["--query", "some.sql", "--json"]));
    let columns: Vec<_> =
        told.iter().map(|told| (told["column"].as_str(), told["kind"].as_str(), &told["cells"])).collect();
    assert_eq!(columns[1], (Some("mail"), Some("email"), &4.into()), "{columns:?}");
    ferry.write("writes.sql", b"DELETE FROM app.\"Party\"");
    assert_ne!(scan(&ferry, &["--query", "writes.sql"]).code, 0);

    // A role that may write is refused, as it is before a night; a table that it may not read is told.
    run(&mut town.admin, "GRANT INSERT ON app.unit TO scan_town_reader").await;
    let refused = scan(&ferry, &["--table", "app.unit"]);
    assert_eq!(refused.code, 12, "{}", refused.err);
    run(&mut town.admin, "REVOKE ALL ON app.unit FROM scan_town_reader").await;
    let refused = scan(&ferry, &["--json"]);
    assert!(refused.code == 12 && refused.err.contains("1 of the tables"), "{}", refused.err);
}
