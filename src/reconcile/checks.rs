//! The author's checks: SQL over the job's datasets that gives one row with a boolean column `holds`.

use crate::data::scratch::ScratchFault;
use crate::data::{NoRoom, Room};
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
    let named = |table: &&CheckTable<'_>| {
        query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == table.name)
    };
    let mut room = Room::new(bytes_max);
    let mut rows: Vec<(&str, SchemaRef, Vec<RecordBatch>)> = Vec::new();
    for table in tables.iter().filter(named) {
        let mut batches = Vec::new();
        for batch in table.rows.iter() {
            let batch = batch?;
            room.take(&batch)?;
            batches.push(batch);
        }
        rows.push((table.name, table.schema.clone(), batches));
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
