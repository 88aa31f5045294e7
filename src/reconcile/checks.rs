//! The author's checks: SQL over the job's datasets that gives one row with a boolean column `holds`.

use crate::data::scratch::ScratchFault;
use crate::data::{NoRoom, Room};
use crate::format::spill::Spill;
use crate::frame::{SqlFault, Table, sql};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use std::sync::Arc;

/// A dataset that checks may name.
pub struct CheckTable<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its columns.
    pub schema: SchemaRef,
    /// Its rows, before treatment.
    pub rows: &'a Spill,
}

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckOutcome {
    /// The claim is true.
    Holds,
    /// It is not; and why, when it is not simply false.
    Fails(Option<&'static str>),
    /// The SQL could not be run.
    Fault(SqlFault),
}

/// Why a check could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckFault {
    /// Rows that were put aside cannot be had again.
    #[error(transparent)]
    Scratch(#[from] ScratchFault),
    /// The datasets that it names do not fit in memory.
    #[error("its SQL {0}")]
    Memory(#[from] NoRoom),
}

/// Runs `query` over those of `tables` that it names, whose rows may take `bytes_max` bytes.
pub fn check(tables: &[CheckTable<'_>], query: &str, bytes_max: u64) -> Result<CheckOutcome, CheckFault> {
    let named = |table: &&CheckTable<'_>| words(query).any(|word| word == table.name);
    let mut room = Room::new(bytes_max);
    let mut rows: Vec<(&str, SchemaRef, Vec<RecordBatch>)> = Vec::new();
    for table in tables.iter().filter(named) {
        let columns = mentioned(query, &table.schema);
        let schema = table.schema.project(&columns).map_err(|_| ScratchFault("read again"))?;
        let mut batches = Vec::new();
        for batch in table.rows.iter_of(&columns) {
            let batch = batch?;
            room.take(&batch)?;
            batches.push(batch);
        }
        rows.push((table.name, Arc::new(schema), batches));
    }
    let tables: Vec<_> =
        rows.iter().map(|(name, schema, batches)| Table { name, schema: schema.clone(), batches }).collect();
    Ok(match sql(&tables, query) {
        Ok(answer) => read(&answer),
        Err(fault) => CheckOutcome::Fault(fault),
    })
}

fn words(query: &str) -> impl Iterator<Item = &str> {
    query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// The columns of a table that `query` may ask for, by place: those whose names are in it, or all where it may ask for a column without
/// its name. One at least, which rows can be counted by.
fn mentioned(query: &str, schema: &Schema) -> Vec<usize> {
    if may_ask_without_a_name(query) {
        return (0..schema.fields().len()).collect();
    }
    let is_named = |name: &str| words(query).any(|word| word.eq_ignore_ascii_case(name));
    let named: Vec<usize> = (0..schema.fields().len()).filter(|place| is_named(schema.field(*place).name())).collect();
    if named.is_empty() { vec![0] } else { named }
}

/// Words by which columns are asked for without their names, or whole rows are held against one another.
const OF_WHOLE_ROWS: [&str; 8] = ["columns", "except", "intersect", "minus", "name", "natural", "table", "union"];

/// Whether `query` may ask for a column that it does not name. Where that is not plain at once, it may.
fn may_ask_without_a_name(query: &str) -> bool {
    // In a comment a word is none, a pattern in quotes may stand for many columns, and so may a name that is written otherwise.
    if ["--", "/*", "\\", "^", "\"*", "*\""].iter().any(|mark| query.contains(mark)) {
        return true;
    }
    if words(query).any(|word| OF_WHOLE_ROWS.iter().any(|known| word.eq_ignore_ascii_case(known))) {
        return true;
    }
    let pairs = || words(query).zip(words(query).skip(1));
    let is_on = |(one, other): (&str, &str)| one.eq_ignore_ascii_case("distinct") && other.eq_ignore_ascii_case("on");
    if pairs().any(is_on) || begins_with_from(query) {
        return true;
    }
    query.match_indices('*').any(|(at, _)| {
        let before = query[..at].trim_end();
        if let Some(called) = before.strip_suffix('(') {
            // `count(*)`; another function of a star is none that we know.
            return !ends_with_word(called, "count");
        }
        let multiplies = before.ends_with(|c: char| c.is_ascii_alphanumeric() || "_)\"".contains(c));
        let is_listed = ["select", "distinct", "all"].iter().any(|word| ends_with_word(before, word));
        !multiplies || is_listed
    })
}

/// Whether a query, or one within it, has its `from` first: it gives every column.
fn begins_with_from(query: &str) -> bool {
    let of = |part: &str| {
        words(part).next().is_some_and(|word| word.eq_ignore_ascii_case("from") && part.trim_start().starts_with(word))
    };
    of(query) || query.match_indices('(').any(|(at, _)| of(&query[at + 1..]))
}

fn ends_with_word(text: &str, word: &str) -> bool {
    words(text.trim_end()).last().is_some_and(|last| last.eq_ignore_ascii_case(word) && text.trim_end().ends_with(last))
}

fn read(answer: &RecordBatch) -> CheckOutcome {
    let Some(holds) = answer.column_by_name("holds") else {
        return CheckOutcome::Fails(Some("it gives no column `holds`"));
    };
    if *holds.data_type() != DataType::Boolean {
        return CheckOutcome::Fails(Some("`holds` is no truth value"));
    }
    match holds.len() {
        1 if holds.is_null(0) => CheckOutcome::Fails(Some("`holds` is NULL")),
        1 if holds.as_boolean().value(0) => CheckOutcome::Holds,
        1 => CheckOutcome::Fails(None),
        0 => CheckOutcome::Fails(Some("it gives no row")),
        _ => CheckOutcome::Fails(Some("it gives more than one row")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scratch::MemoryScratch;
    use crate::format::spill::Aside;
    use arrow::array::Int64Array;
    use arrow::datatypes::Field;

    fn asked(query: &str) -> Vec<String> {
        let columns = ["id", "amount", "rate", "note"].map(|name| Field::new(name, DataType::Int64, true));
        let schema = Schema::new(columns.to_vec());
        mentioned(query, &schema).into_iter().map(|place| schema.field(place).name().clone()).collect()
    }

    #[test]
    fn a_query_gets_the_columns_that_it_names() {
        assert_eq!(asked("select count(*) = 0 as holds from t where amount * 2 > t.\"rate\""), ["amount", "rate"]);
        assert_eq!(asked("select sum(AMOUNT)*sum(rate) > 1 as holds from t"), ["amount", "rate"]);
        assert_eq!(asked("select COUNT ( * ) > 3 as holds from t"), ["id"]);
    }

    #[test]
    fn a_query_that_may_ask_for_a_column_without_its_name_gets_them_all() {
        for query in [
            "select count(*) = 0 as holds from (select * from t) as all_of_it",
            "select count(*) = 0 as holds from (select distinct * from t) as u",
            "select count(*) = 0 as holds from (select id, * from t) as u",
            "select count(*) = 0 as holds from (select t.* from t) as u",
            "select count(*) = 0 as holds from t natural join u",
            "select count(*) = 0 as holds from (select columns('a.*') from t) as u",
            "select max(*) as holds from t",
            "select count(*) = 0 /* of them */ as holds from t",
            "select count(*) = 0 as holds from (from t except from u) as d",
            "select count(*) = 0 as holds from (table t except table u) as d",
            "select count(*) = 0 as holds from (select id from t union select id from u) as d",
            "select count(*) = 0 as holds from (FROM t) as d",
            "from t",
            "select count(*) = 0 as holds from (select distinct on (id) * from t) as d",
            "select -- whole rows\n * from t",
            "select \"*\" from t",
            "select \"^am.+$\" from t",
        ] {
            assert_eq!(asked(query).len(), 4, "{query}");
        }
    }

    #[test]
    fn tables_that_differ_in_a_column_that_nobody_names_are_never_taken_for_the_same() {
        let table = |amounts: [i64; 2]| {
            let (ids, amounts) = (Int64Array::from(vec![1, 2]), Int64Array::from(amounts.to_vec()));
            RecordBatch::try_from_iter([("id", Arc::new(ids) as _), ("amount", Arc::new(amounts) as _)]).expect("rows")
        };
        let (one, other) = (table([10, 20]), table([10, 21]));
        let spilled = |rows: &RecordBatch| {
            let mut spill = Spill::new(&Aside::new(Arc::new(MemoryScratch::default()), 0));
            spill.push(rows.clone()).expect("room");
            spill
        };
        let (one_rows, other_rows) = (spilled(&one), spilled(&other));
        let tables = [
            CheckTable { name: "a", schema: one.schema(), rows: &one_rows },
            CheckTable { name: "b", schema: other.schema(), rows: &other_rows },
        ];
        let differing = [
            "(select * from a except select * from b)",
            "(select a.* from a except select b.* from b)",
            "(from a except from b)",
            "(table a except table b)",
            "(select distinct on (id) * from a except select distinct on (id) * from b)",
            "(select /* all */ * from a except select * from b)",
            "(select \"*\" from a except select \"*\" from b)",
            "(select \"^.+$\" from a except select \"^.+$\" from b)",
        ];
        let mut answered = 0;
        for rows in differing {
            let query = format!("select count(*) = 0 as holds from {rows} as d");
            let outcome = check(&tables, &query, 1 << 20).expect("room");
            assert_ne!(outcome, CheckOutcome::Holds, "{query}");
            answered += usize::from(outcome == CheckOutcome::Fails(None));
        }
        assert!(answered >= 4, "Polars answers {answered} of {}", differing.len());
        let named = "select count(*) = 1 as holds from a join b on a.id = b.id where a.amount <> b.amount";
        assert_eq!(check(&tables, named, 1 << 20), Ok(CheckOutcome::Holds));
    }
}
