//! SQL over tables in memory.

use super::bridge::{batch, frame};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use polars::prelude::{DataFrame, IntoLazy, LazyFrame, PolarsError};
use polars::sql::SQLContext;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Why SQL gave nothing. The engine's own text stays inside: it may quote a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SqlFault {
    /// It is not SQL that the engine knows.
    #[error("is not SQL that Polars knows")]
    Syntax,
    /// It names a table or column that is not there.
    #[error("names a table or column that is not there")]
    NotThere,
    /// Its types do not go together.
    #[error("compares or computes with types that do not go together")]
    Types,
    /// It is SQL that the engine takes and then gives up on.
    #[error("is more than Polars can do")]
    GaveUp,
    /// It failed while it ran.
    #[error("failed while it ran")]
    Failed,
    /// A column's type cannot be used in SQL.
    #[error("uses a column of a type that SQL over frames does not know")]
    Column,
}

/// A table by its name in the SQL.
pub struct Table<'a> {
    /// Name, as the SQL writes it.
    pub name: &'a str,
    /// Columns.
    pub schema: SchemaRef,
    /// Rows.
    pub batches: &'a [RecordBatch],
}

/// What `query` gives over `tables`, as one batch.
pub fn sql(tables: &[Table<'_>], query: &str) -> Result<RecordBatch, SqlFault> {
    let mut context = SQLContext::new();
    for table in tables {
        let frame = frame(&table.schema, table.batches).map_err(|_| SqlFault::Column)?;
        context.register(table.name, frame.lazy());
    }
    let result = answer(|| context.execute(query).and_then(LazyFrame::collect))?;
    batch(result).map_err(|_| SqlFault::Column)
}

/// Questions that the engine is at work on.
static ASKED: AtomicUsize = AtomicUsize::new(0);

/// Whether the engine is at work on a person's SQL: a panic of its own then is an answer, not a bug of ours to tell.
pub fn is_asked() -> bool {
    ASKED.load(Ordering::SeqCst) > 0
}

/// The engine panics where SQL asks for what it was built without, such as `sum(..) over (order by ..)`.
fn answer(ask: impl FnOnce() -> Result<DataFrame, PolarsError>) -> Result<DataFrame, SqlFault> {
    ASKED.fetch_add(1, Ordering::SeqCst);
    let answered = catch_unwind(AssertUnwindSafe(ask));
    ASKED.fetch_sub(1, Ordering::SeqCst);
    match answered {
        Ok(answer) => answer.map_err(|error| fault(&error)),
        Err(_) => Err(SqlFault::GaveUp),
    }
}

fn fault(error: &PolarsError) -> SqlFault {
    match error {
        PolarsError::SQLSyntax(_) => SqlFault::Syntax,
        PolarsError::ColumnNotFound(_) | PolarsError::SchemaFieldNotFound(_) | PolarsError::StructFieldNotFound(_) => {
            SqlFault::NotThere
        }
        // An unknown table and an unknown function are both "interface" errors.
        PolarsError::SQLInterface(text) if text.contains("was not found") => SqlFault::NotThere,
        PolarsError::SQLInterface(_) => SqlFault::Syntax,
        PolarsError::InvalidOperation(_) | PolarsError::SchemaMismatch(_) => SqlFault::Types,
        PolarsError::Context { error, .. } | PolarsError::ExprContext { error, .. } => fault(error),
        _ => SqlFault::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ColumnType;
    use crate::data::cell::CellBuilder;
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::Decimal128Type;

    fn rows(columns: &[(&str, &str, &[&str])]) -> RecordBatch {
        let columns = columns.iter().map(|(name, column_type, cells)| {
            let mut built = CellBuilder::new(ColumnType::parse(column_type).expect("a type"), cells.len());
            cells.iter().for_each(|cell| built.push_text(cell).expect("a cell"));
            (*name, built.finish(), true)
        });
        RecordBatch::try_from_iter_with_nullable(columns).expect("rows")
    }

    fn ask(query: &str) -> Result<RecordBatch, SqlFault> {
        let payment = rows(&[
            ("cfd_id", "text", &["A", "A", "B"]),
            ("settlement_date", "date", &["2026-11-21", "2026-11-22", "2026-11-22"]),
            ("amount_gbp", "numeric(14,2)", &["1.10", "-2.20", "3.30"]),
        ]);
        let unit = rows(&[("cfd_id", "text", &["A", "B"]), ("capacity_mw", "numeric(12,3)", &["10.000", "20.000"])]);
        let tables = [
            Table { name: "payment", schema: payment.schema(), batches: std::slice::from_ref(&payment) },
            Table { name: "unit", schema: unit.schema(), batches: std::slice::from_ref(&unit) },
        ];
        sql(&tables, query)
    }

    #[test]
    fn joins_groups_and_sums_decimals_exactly() {
        let sums = ask(
            "select p.cfd_id, sum(p.amount_gbp) as total from payment p join unit u on p.cfd_id = u.cfd_id group by p.cfd_id order by p.cfd_id",
        );
        let sums = sums.expect("sums");
        assert_eq!(sums.column(1).as_primitive::<Decimal128Type>().values().to_vec(), [-110, 330]);
    }

    #[test]
    fn answers_a_check_with_a_boolean() {
        let holds = ask("select count(*) = 0 as holds from payment where abs(amount_gbp) > 100").expect("an answer");
        assert!(holds.column(0).as_boolean().value(0));
        let with = ask(
            "with day as (select settlement_date, count(*) as n from payment group by settlement_date) select max(n) <= 2 as holds from day",
        );
        assert!(with.expect("an answer").column(0).as_boolean().value(0));
    }

    #[test]
    fn tells_the_kind_of_fault_and_no_more() {
        assert_eq!(ask("selekt").err(), Some(SqlFault::Syntax));
        assert_eq!(ask("select nothing from payment").err(), Some(SqlFault::NotThere));
        assert_eq!(ask("select * from nowhere").err(), Some(SqlFault::NotThere));
    }

    #[test]
    fn keeps_null_apart_from_empty() {
        let out = ask("select cfd_id from payment where cfd_id = 'none'").expect("no rows");
        assert_eq!((out.num_rows(), out.column(0).len()), (0, 0));
    }
}
