//! A unit of rows, as many as make a row group: conformed, tallied, treated and encoded. On the CPU pool, many at once; pure.
//!
//! Never in here: the order of units, and where what comes out goes.

use super::held::not_held;
use crate::data::conform::{conform, oversized};
use crate::data::{Batch, Column, Name, Treatment, Within};
use crate::ending;
use crate::failpoint;
use crate::failure::{Failure, Phase};
use crate::job::{Limits, OutputPlan};
use crate::privacy::{Forgotten, HeldRows, Keys, RedactFault, Redacted, Told, redact, suppressed, unseen_fields};
use crate::reconcile::claims::{Taken, Taker};
use crate::reconcile::{self, CompareFault, Tally};
use crate::source::RawBatch;
use crate::store::{Encoded, Encoder};
use arrow::array::{BooleanArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What every unit of a dataset's rows needs.
pub struct Terms {
    pub columns: Vec<Column>,
    /// Columns of the key, where nothing but the key is looked at.
    pub unique: Vec<Column>,
    /// Whether rows before treatment are looked at once more: by a comparison or a check.
    pub are_rows_kept: bool,
    pub outputs: Vec<OutputPlan>,
    /// What the job's checks need of the rows.
    pub takers: Vec<Taker>,
    pub dataset: Name,
    pub keys: Arc<Keys>,
    /// People whose rows no store gets.
    pub forgotten: Arc<Forgotten>,
    /// Bytes of a cell, at most.
    pub cell_bytes_max: usize,
    pub run: String,
    pub snapshot: Option<String>,
}

impl Terms {
    /// Whether a store may get fewer rows than the source has.
    fn leaves_rows_out(&self, output: &OutputPlan) -> bool {
        output.leaves_rows_out() || self.forgotten.columns(&self.columns).next().is_some()
    }

    /// Which rows are of people who are to be forgotten; `None` where none is.
    fn theirs(&self, rows: &RecordBatch) -> Result<Option<BooleanBuffer>, Failure> {
        let theirs = self.forgotten.found(rows, &self.columns);
        theirs.map_err(|fault| Failure::new(ending::FORGETS_NOT, Phase::Redact, fault.to_string()))
    }

    /// Whether a store gets the column as it is: then what it gets is held against the source, value by value.
    fn is_kept(&self, name: &str) -> bool {
        let shown = self.outputs.iter().flat_map(|output| &output.columns);
        shown.filter(|shown| shown.treatment == Treatment::Keep).any(|shown| shown.column.name.as_str() == name)
    }
}

/// A unit of rows, done.
pub struct Done {
    pub batches: Vec<Batch>,
    pub tally: Tally,
    pub keys: Vec<reconcile::Keys>,
    /// For each taker, what it took of each batch.
    pub taken: Vec<Vec<Taken>>,
    pub made: Vec<Made>,
    /// For each output, column -> what treating it told, and where its fields are in rows that are left out; and path by which rows are left
    /// out -> whether it was there, in any row but theirs who are to be forgotten.
    pub told: Vec<BTreeMap<String, Told>>,
    /// For each output that does not get all rows, how many it does not get, and the tally of the others before treatment: those that it gets, and of
    /// those that wait until small groups are known all.
    pub left_out: Vec<Option<(u64, Tally)>>,
    pub rows: u64,
}

/// What is made of a unit for an output.
pub enum Made {
    /// A row group.
    Encoded(Encoded),
    /// Rows that wait until their groups are known.
    Held(Vec<HeldRows>),
}

/// Rows that make a row group.
#[derive(Default)]
pub struct Unit {
    pub batches: Vec<RawBatch>,
    pub rows: usize,
    pub bytes: u64,
}

impl Unit {
    /// Adds a batch.
    pub fn push(&mut self, raw: RawBatch) {
        self.rows += raw.rows.num_rows();
        self.bytes += raw.rows.get_array_memory_size() as u64;
        self.batches.push(raw);
    }

    /// Whether the next batch might be one too many.
    pub fn is_full(&self, limits: &Limits) -> bool {
        self.rows + limits.batch_rows_max > limits.row_group_rows_max || self.bytes >= limits.unit_bytes_max()
    }
}

/// Conforms, tallies, redacts and encodes a unit of rows. On the CPU pool.
pub fn work(
    terms: &Terms,
    within: Option<&Within>,
    encoders: &[Encoder],
    unit: Unit,
    first_ordinal: u64,
) -> Result<Done, Failure> {
    let (tally, rows) = (Tally::default(), unit.rows as u64);
    let taken = terms.takers.iter().map(|_| Vec::new()).collect();
    let told = terms.outputs.iter().map(|_| BTreeMap::new()).collect();
    let left_out = terms.outputs.iter().map(|output| terms.leaves_rows_out(output).then(Default::default)).collect();
    let (batches, keys, made) = (Vec::new(), Vec::new(), Vec::new());
    let mut done = Done { batches, tally, keys, taken, made, told, left_out, rows };
    let mut treated: Vec<Vec<Redacted>> = terms.outputs.iter().map(|_| Vec::new()).collect();
    let mut ordinal = first_ordinal;
    for raw in unit.batches {
        let rows = raw.rows.num_rows() as u64;
        let mut batch = conformed(terms, raw, ordinal)?;
        for (taker, taken) in terms.takers.iter().zip(&mut done.taken) {
            taken.push(taker.of(&batch, ordinal).map_err(no_room)?);
        }
        ordinal += rows;
        if let Some(within) = within {
            of_period(within, &batch.rows)?;
        }
        done.tally = std::mem::take(&mut done.tally).and(Tally::of_some(&batch.rows, |name| terms.is_kept(name)));
        if !terms.unique.is_empty() {
            done.keys.push(reconcile::Keys::of(&terms.unique, &batch.rows).map_err(no_room)?);
        }
        let theirs = terms.theirs(&batch.rows)?;
        let outputs = terms.outputs.iter().zip(&mut treated).zip(&mut done.told).zip(&mut done.left_out);
        for (((output, treated), told), left_out) in outputs {
            let (seen, asked) = seen_by(output, &batch.rows, theirs.as_ref())?;
            add_told(told, asked);
            if let Some((rows, tally)) = left_out {
                *rows += (batch.rows.num_rows() - seen.num_rows()) as u64;
                *tally = std::mem::take(tally).and(Tally::of_some(&seen, |name| terms.is_kept(name)));
            }
            let rows = redacted(terms, output, &seen)?;
            add_told(told, rows.told().clone());
            treated.push(rows);
        }
        if !terms.are_rows_kept {
            // Nobody needs what was treated any more, and several units wait for their turn.
            batch.rows = RecordBatch::new_empty(batch.rows.schema());
        }
        done.batches.push(batch);
    }
    for ((output, encoder), treated) in terms.outputs.iter().zip(encoders).zip(treated) {
        done.made.push(match &output.small_cells {
            None => Made::Encoded(encoder.encode(&treated).map_err(|error| Failure::store(&error, Phase::Stage))?),
            Some(cells) => {
                let held = treated.into_iter().map(|rows| HeldRows::of(rows, cells));
                Made::Held(held.collect::<Result<_, _>>().map_err(|fault| not_held(&fault))?)
            }
        });
    }
    Ok(done)
}

/// The rows that an audience sees of these, of which some may be `theirs` who are to be forgotten. With it what looking for them told: of
/// fields in the rows that are left out; and of paths by which rows are left out in all but theirs, since a path that has another name in
/// every other row leaves none of these out.
fn seen_by(
    output: &OutputPlan,
    rows: &RecordBatch,
    theirs: Option<&BooleanBuffer>,
) -> Result<(RecordBatch, BTreeMap<String, Told>), Failure> {
    let fault = |fault: String| Failure::new(ending::JOB_INVALID, Phase::Redact, fault);
    let without = |rows: &RecordBatch, left_out: &BooleanBuffer| -> Result<_, Failure> {
        let mask = BooleanArray::new(left_out.clone(), None);
        let unseen = unseen_fields(rows, &output.columns, &mask).map_err(|found| fault(found.to_string()))?;
        let seen = filter_record_batch(rows, &BooleanArray::new(!left_out, None));
        Ok((seen.map_err(|_| fault("rows that are left out do not fit the others".into()))?, unseen))
    };
    let (mut seen, mut told) = (rows.clone(), BTreeMap::new());
    if let Some(theirs) = theirs {
        (seen, told) = without(rows, theirs)?;
    }
    let (asked, of_paths) =
        suppressed(&seen, &output.columns, &output.suppress_rows).map_err(|found| fault(found.to_string()))?;
    add_told(&mut told, of_paths);
    if asked.true_count() > 0 {
        let (others, unseen) = without(&seen, asked.values())?;
        add_told(&mut told, unseen);
        seen = others;
    }
    Ok((seen, told))
}

/// Adds what more rows told.
pub fn add_told(all: &mut BTreeMap<String, Told>, more: BTreeMap<String, Told>) {
    for (column, told) in more {
        let before = all.remove(&column).unwrap_or_default();
        all.insert(column, before.and(told));
    }
}

/// Whatever the source was asked: a row of another period would be in the table twice.
fn of_period(within: &Within, rows: &RecordBatch) -> Result<(), Failure> {
    match rows.column_by_name(within.by.as_str()) {
        Some(cells) if within.holds(cells) => Ok(()),
        _ => {
            let what = format!("the source gave rows that are not of the period {} by `{}`", within.period, within.by);
            Err(Failure::new(ending::CORRUPT, Phase::Extract, what))
        }
    }
}

fn conformed(terms: &Terms, raw: RawBatch, ordinal: u64) -> Result<Batch, Failure> {
    let columns: Vec<&Column> = terms.columns.iter().collect();
    let mut faults = raw.faults;
    faults.extend(oversized(&raw.rows, terms.cell_bytes_max));
    conform(&raw.rows, &columns, ordinal, faults)
        .map_err(|drift| Failure::new(ending::SCHEMA_DRIFT, Phase::Extract, drift.to_string()))
}

fn redacted(terms: &Terms, output: &OutputPlan, rows: &RecordBatch) -> Result<Redacted, Failure> {
    failpoint::holding("rows.treated", || format!("{rows:?}"));
    redact(rows, &output.columns, output.audience, &terms.dataset, &terms.keys).map_err(|fault| {
        let ending = match fault {
            RedactFault::PersonalKept { .. } => ending::PERSONAL_DATA,
            RedactFault::VaultFull(_) => ending::MEMORY,
            _ => ending::JOB_INVALID,
        };
        Failure::new(ending, Phase::Redact, fault.to_string())
    })
}

/// An encoder for each output.
pub fn encoders_for(terms: &Terms, first: Option<RawBatch>, schema: &SchemaRef) -> Result<Vec<Encoder>, Failure> {
    let rows = match first {
        Some(raw) => conformed(terms, raw, 0)?.rows,
        None => RecordBatch::new_empty(Arc::clone(schema)),
    };
    let theirs = terms.theirs(&rows)?;
    let encoder = |output: &OutputPlan| {
        let first = redacted(terms, output, &seen_by(output, &rows, theirs.as_ref())?.0)?;
        Encoder::new(&first, &output.columns, &terms.run, terms.snapshot.as_deref())
            .map_err(|error| Failure::store(&error, Phase::Stage))
    };
    terms.outputs.iter().map(encoder).collect()
}

/// Putting aside failed: there is no scratch space left.
pub fn no_room(fault: CompareFault) -> Failure {
    Failure::new(ending::DISK, Phase::Extract, fault.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Audience, ColumnType, FieldTreatment, RowCondition, RowTest};
    use crate::privacy::ColumnTreatment;
    use arrow::array::{ArrayRef, StringViewArray};

    fn name(name: &str) -> Name {
        Name::new(name).expect("a name")
    }

    fn path(path: &str) -> Vec<String> {
        path.split('.').map(str::to_owned).collect()
    }

    /// Rows of one JSON column, of which analysts see `mail` unless `open` is false.
    fn seen(cells: &[Option<&str>], theirs: Option<&BooleanBuffer>) -> (usize, BTreeMap<String, Told>) {
        let mail = FieldTreatment { path: path("mail"), kind: None, treatment: Treatment::Label, optional: false };
        let output = OutputPlan {
            store: name("warehouse"),
            audience: Audience::Analytics,
            columns: vec![ColumnTreatment {
                column: Column::plain(name("details"), ColumnType::Jsonb),
                treatment: Treatment::Fields(vec![mail]),
            }],
            suppress_rows: vec![RowCondition {
                column: name("details"),
                path: path("open"),
                optional: false,
                test: RowTest::Is(vec!["false".into()]),
            }],
            risk: None,
            small_cells: None,
        };
        let cells: ArrayRef = Arc::new(StringViewArray::from(cells.to_vec()));
        let rows = RecordBatch::try_from_iter([("details", cells)]).expect("rows");
        let (seen, told) = seen_by(&output, &rows, theirs).expect("rows");
        (seen.num_rows(), told)
    }

    #[test]
    fn a_field_of_a_row_that_is_left_out_is_there_and_is_not_told_as_shown() {
        let cells = [Some(r#"{"open":false,"mail":"wren@example.org"}"#), Some(r#"{"open":true}"#), None];
        let (rows, told) = seen(&cells, None);
        assert_eq!(rows, 2);
        let mail = told["details"].fields[0];
        assert_eq!((mail.hits, mail.unseen_hits, mail.is_gone()), (0, 1, false));
        let open = told["details.open"].fields[0];
        assert_eq!((open.hits, open.lacking), (2, 0));
    }

    #[test]
    fn a_row_of_people_who_are_to_be_forgotten_has_a_field_and_no_path_by_which_others_are_left_out() {
        let cells = [Some(r#"{"open":true,"mail":"wren@example.org"}"#), Some("{}")];
        let theirs = BooleanBuffer::from(vec![true, false]);
        let (rows, told) = seen(&cells, Some(&theirs));
        assert_eq!(rows, 1);
        let (mail, open) = (told["details"].fields[0], told["details.open"].fields[0]);
        assert_eq!((mail.unseen_hits, mail.is_gone(), open.hits, open.is_gone()), (1, false, 0, true));
    }

    #[test]
    fn where_no_row_is_left_out_nothing_is_counted_twice() {
        let (rows, told) = seen(&[Some(r#"{"open":true}"#), Some("null")], None);
        assert_eq!((rows, told.keys().map(String::as_str).collect::<Vec<_>>()), (2, vec!["details.open"]));
    }
}
