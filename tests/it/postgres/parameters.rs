//! Values that a `where` is given: whatever is in them, they stay values.

use super::bench::{Bench, read, source};
use arrow::array::{Array, AsArray};
use nightferry::data::{Condition, Extract, Literal, Rows, TableName};

/// Texts that mean something to whoever reads them as SQL.
const HOSTILE: &[&str] = &[
    "'",
    "''",
    "\\",
    "\\'",
    "\\\\'",
    "'; drop table it_values.t; --",
    "' or true --",
    "\\' or true --",
    "x' || (select 'y') || '",
    "E'\\x27'",
    "U&'\\0027'",
    "$$ or true $$",
    "$x",
    "$1",
    "$tag$ $tag$",
    "/* ' */ or true",
    "-- '",
    "%' or '1' = '1",
    "\"; select 1; \"",
    "ends in a backslash \\",
    "\u{2019} or \u{ff07} or \u{02bc}",
    "\u{bf27} \u{5c27} 表 ソ",
    "NULL",
    "",
    " ",
];

fn filtered(condition: &str, x: &Literal) -> Rows {
    let table = TableName { schema: "it_values".into(), table: "t".into() };
    Rows::Table { table, filter: Condition::read(condition).bind(|asked| (asked == "x").then(|| x.clone())) }
}

#[tokio::test]
async fn a_text_that_would_be_sql_finds_itself_and_nothing_else() {
    let mut bench = Bench::lay("it_values", "CREATE TABLE t (id int, word text)").await;
    for (id, word) in HOSTILE.iter().enumerate() {
        let insert = sqlx::query("INSERT INTO it_values.t VALUES ($1, $2)").bind(id as i32).bind(*word);
        insert.execute(&mut bench.admin).await.expect("a row");
    }
    let extract = bench.table("t", &[("id", "integer"), ("word", "text")]);
    let mut source = source().await;
    for (id, word) in HOSTILE.iter().enumerate() {
        let x = Literal::read("text", word).expect("a text");
        for condition in
            ["word = $x", "(word = $x) and '$x' <> \"word\" -- $x", "length(word) = length($x) and word=$x"]
        {
            let asked = Extract { rows: filtered(condition, &x), ..extract.clone() };
            let found = read(&mut source, &asked).await.unwrap_or_else(|error| panic!("{word}: {error}"));
            let ids: Vec<i32> = found
                .iter()
                .flat_map(|batch| batch.rows.column(0).as_primitive::<arrow::datatypes::Int32Type>().values().to_vec())
                .collect();
            // The one that says the parameter's own name is shut out by the second condition, as it should be.
            let expected = if *word == "$x" && condition.starts_with('(') { vec![] } else { vec![id as i32] };
            assert_eq!(ids, expected, "{word} by {condition}");
        }
    }
    assert_eq!(bench.printed("SELECT count(*)::text FROM it_values.t").await, [Some(HOSTILE.len().to_string())]);
}

#[tokio::test]
async fn a_value_is_of_its_type_whatever_the_session_is_set_to() {
    let mut bench = Bench::lay(
        "it_typed",
        "CREATE TABLE t (at timestamptz, day date, n bigint, amount numeric);
         INSERT INTO t VALUES ('2026-03-29 00:00Z', '2026-03-04', -5, -0.010), ('2026-03-29 01:00Z', '2026-04-03', 5, 0.010)",
    )
    .await;
    let columns = [("at", "timestamptz"), ("day", "date"), ("n", "bigint"), ("amount", "numeric(6,3)")];
    let extract = bench.table("t", &columns);
    for (word, text, condition) in [
        ("timestamptz", "2026-03-29T00:00:00Z", "at = $x"),
        ("date", "2026-03-04", "day = $x"),
        ("bigint", "-5", "n = 0 + $x"),
        ("bigint", "-5", "0 -$x = 5 and n<0"),
        ("numeric", "-0.01", "amount = $x"),
    ] {
        let x = Literal::read(word, text).expect(word);
        let filter = Condition::read(condition).bind(|_| Some(x.clone()));
        let table = TableName { schema: "it_typed".into(), table: "t".into() };
        let mut source = source().await;
        let asked = Extract { rows: Rows::Table { table, filter }, ..extract.clone() };
        let found = read(&mut source, &asked).await.unwrap_or_else(|error| panic!("{condition}: {error}"));
        assert_eq!(found.iter().map(|batch| batch.rows.num_rows()).sum::<usize>(), 1, "{condition}");
        assert!(found[0].rows.column(2).is_valid(0));
    }
    // The server itself, asked for each constant under settings that read loose writings otherwise.
    for settings in [
        "SET datestyle = 'SQL, DMY'; SET timezone = 'Asia/Tokyo'; SET standard_conforming_strings = off; SET backslash_quote = on",
        "SET datestyle = 'German'; SET timezone = 'UTC'; SET escape_string_warning = off; SET standard_conforming_strings = off",
        "SET datestyle = 'Postgres, MDY'; SET intervalstyle = 'sql_standard'; SET standard_conforming_strings = on",
    ] {
        bench.run(settings).await;
        for (word, text, proof) in [
            ("date", "2026-03-04", "to_char({}, 'YYYY-MM-DD')"),
            ("timestamptz", "2026-03-29T00:00:00.000001Z", "(extract(epoch from {}) * 1000000)::bigint::text"),
            ("numeric", "-0.010", "{}::text"),
            ("bigint", "-9223372036854775808", "{}::text"),
            ("text", "it's \\' 100% \\", "{}"),
        ] {
            let constant = Literal::read(word, text).expect(word).postgres();
            let said = bench.printed(&format!("SELECT {}", proof.replace("{}", &constant))).await;
            let expected = if word == "timestamptz" { "1774742400000001" } else { text };
            assert_eq!(said, [Some(expected.to_owned())], "{constant} under {settings}");
        }
    }
}
