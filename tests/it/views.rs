//! Views for readers of SQL, made of a published table and parsed by somebody else's T-SQL.

use crate::ferry::Ferry;
use crate::readers::python;
use serde_json::{Value, json};

/// A table of every type, in which the longest text has 20 characters and 21 bytes.
fn published() -> Ferry {
    let columns = [
        ("small", "smallint"),
        ("whole", "integer"),
        ("amount", "numeric(14,2)"),
        ("rate", "real"),
        ("share", "double precision"),
        ("holds", "boolean"),
        ("note", "text"),
        ("code", "varchar(200)"),
        ("never", "text"),
        ("day", "date"),
        ("at", "timestamptz"),
        ("raw", "bytea"),
    ];
    let line =
        |(name, kind): (&str, &str)| format!("{name} = {{ type = \"{kind}\", class = \"open\", nullable = true }}\n");
    let rows = "id,small,whole,amount,rate,share,holds,note,code,never,day,at,raw\n\
        1,1,2,3.50,1.5,2.5,true,a café on the corner,ab,,2026-11-20,2026-11-20 01:00:00+00,\\xdeadbeef\n";
    let ferry = Ferry::of_one_file("app.thing.csv", rows.as_bytes(), &columns.map(line).concat(), "");
    let came = ferry.run(&["run", "jobs/things.toml", "--date", "2026-11-20"]);
    assert_eq!(came.code, 0, "{}", came.err);
    ferry
}

fn parsed(ferry: &Ferry, line: &str, target: &str) -> Value {
    let came = ferry.run(&format!("table ddl warehouse/thing --for {target} {line}").split(' ').collect::<Vec<_>>());
    assert_eq!(came.code, 0, "{}", came.err);
    ferry.write("view.sql", came.out.as_bytes());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/views.py");
    serde_json::from_str(&python(&[script, target, &ferry.path("view.sql").to_string_lossy()])).expect("a view")
}

#[test]
fn a_published_table_has_a_view_with_sized_types_in_synapse_and_in_fabric() {
    let ferry = published();
    // As sqlglot's T-SQL names them: int is its integer, real its float.
    let types = json!({
        "id": "bigint", "small": "smallint", "whole": "integer", "amount": "numeric(14, 2)", "rate": "float", "share": "float",
        "holds": "bit", "note": "varchar(64)", "code": "varchar(16)", "never": "varchar(8000)", "day": "date",
        "at": "datetime2(6)", "raw": "varbinary(16)"
    });
    let utf8 = "Latin1_General_100_BIN2_UTF8";
    let collations = json!({ "note": utf8, "code": utf8, "never": utf8 });
    let synapse = parsed(&ferry, "--at https://lccc.dfs.core.windows.net/warehouse/analytics/", "synapse");
    assert_eq!(synapse["view"], "\"dbo\".\"thing\"");
    assert_eq!(synapse["at"], "https://lccc.dfs.core.windows.net/warehouse/analytics/thing/");
    let fabric = parsed(&ferry, "--at lakehouse --schema reading", "fabric");
    assert_eq!(
        (&fabric["view"], &fabric["at"]),
        (&json!("\"reading\".\"thing\""), &json!("\"lakehouse\".\"dbo\".\"thing\""))
    );
    assert_eq!(fabric["guarded"], json!({ "note": 64, "code": 16, "never": 8000, "raw": 16 }));
    for seen in [synapse, fabric] {
        assert_eq!((&seen["columns"], &seen["collations"]), (&types, &collations));
    }
}

#[test]
fn a_view_follows_the_longest_text_there_is() {
    let ferry = published();
    let long = "x".repeat(9_000);
    ferry.edit("in/app.thing.csv", "a café on the corner", &long);
    let came = ferry.run(&["run", "jobs/things.toml", "--date", "2026-11-21"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let seen = parsed(&ferry, "--at https://lccc.dfs.core.windows.net/warehouse", "synapse");
    assert_eq!(seen["columns"]["note"], "varchar(max)");
}

#[test]
fn a_view_says_where_it_looks_and_never_guesses() {
    let ferry = published();
    for (target, what) in [("synapse", "`--at` says where Synapse finds"), ("fabric", "`--at` names the lakehouse")] {
        let came = ferry.run(&["table", "ddl", "warehouse/thing", "--for", target]);
        assert_eq!(came.code, 2, "{}", came.err);
        assert!(came.err.contains("E-TABLE-2") && came.err.contains(what), "{}", came.err);
    }
    let came = ferry.run(&["table", "ddl", "warehouse/unit", "--for", "fabric", "--at", "lakehouse"]);
    assert_eq!(came.code, 14, "{}", came.err);
}
