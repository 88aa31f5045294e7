//! The author's checks: SQL over the job's datasets that gives one row with a boolean column `holds`.

use crate::format::spill::Spill;
use crate::frame::{SqlFault, Table, sql};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};

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

/// Runs `query` over `tables`.
pub fn check(tables: &[CheckTable<'_>], query: &str) -> Result<CheckOutcome, crate::data::scratch::ScratchFault> {
    let named = |table: &&CheckTable<'_>| {
        query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == table.name)
    };
    let mut rows: Vec<(&str, SchemaRef, Vec<RecordBatch>)> = Vec::new();
    for table in tables.iter().filter(named) {
        rows.push((table.name, table.schema.clone(), table.rows.batches()?));
    }
    let tables: Vec<_> =
        rows.iter().map(|(name, schema, batches)| Table { name, schema: schema.clone(), batches }).collect();
    Ok(match sql(&tables, query) {
        Ok(answer) => read(&answer),
        Err(fault) => CheckOutcome::Fault(fault),
    })
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
