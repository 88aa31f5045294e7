//! Rows that waited until their groups were known -> into the store's parts, without what may not be seen.

use super::crossed::Crossed;
use super::lane::Lane;
use crate::data::Treatment;
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::{DatasetPlan, Limits, OutputPlan};
use crate::privacy::{Held, Released, ReleasedRows, SmallCellsFault};
use crate::reconcile::Tally;
use crate::store::{Encoded, Encoder};
use crate::world::compute;
use std::sync::Arc;

/// Writes what was held of every output, once all rows are there that groups are counted in: the dataset's, or those of a period.
pub async fn release(
    dataset: &DatasetPlan,
    limits: &Limits,
    encoders: &[Encoder],
    crossed: &mut Crossed,
    lanes: &mut [Lane],
) -> Result<(), Failure> {
    for (place, lane) in lanes.iter_mut().enumerate() {
        let Some(held) = crossed.held[place].as_mut().map(Held::cut) else { continue };
        let released = Arc::new(compute(move || held.decide()).await.map_err(|fault| not_held(&fault))?);
        let told = crossed.small_cells[place].take().unwrap_or_default();
        crossed.small_cells[place] = Some(told.and(released.told()));
        let mut next = Next { output: dataset.outputs[place].clone(), place: 0, start: 0, is_over: false };
        while !next.is_over {
            let (released, encoder) = (Arc::clone(&released), encoders[place].clone());
            let (rows_max, bytes_max) = (limits.row_group_rows_max, limits.unit_bytes_max());
            let (after, group) = compute(move || {
                let group = next.group(&released, &encoder, rows_max, bytes_max);
                (next, group)
            })
            .await;
            next = after;
            let Some(Group { encoded, unseen, left_out }) = group? else { continue };
            if let Some((rows, _)) = &mut crossed.left_out[place] {
                *rows += left_out;
            }
            crossed.unseen[place] = std::mem::take(&mut crossed.unseen[place]).and(unseen);
            lane.append(encoded).await?;
        }
    }
    Ok(())
}

/// Where the next rows are.
struct Next {
    output: OutputPlan,
    place: usize,
    start: usize,
    is_over: bool,
}

/// What an audience was not shown of rows that waited, as they were treated: what a store's parts show and this must be together what the
/// source gave.
#[derive(Clone, Debug, Default)]
pub struct Unseen {
    /// Rows that were left out, or cells that became NULL.
    cells: Tally,
    /// Rows that are there with NULL in the columns of these cells.
    blanked: u64,
}

impl Unseen {
    fn of(released: &ReleasedRows, is_kept: impl Fn(&str) -> bool) -> Self {
        let cells = Tally::of_some(&released.unseen, is_kept);
        match released.came - released.seen.rows().num_rows() {
            // No row is lacking: those that were taken out are cells.
            0 => Unseen { blanked: cells.rows, cells: Tally { rows: 0, ..cells } },
            _ => Unseen { cells, blanked: 0 },
        }
    }

    fn and(self, more: Unseen) -> Self {
        Unseen { cells: self.cells.and(more.cells), blanked: self.blanked + more.blanked }
    }

    /// What was written with what was taken out of it.
    #[must_use]
    pub fn with(&self, written: &Tally) -> Tally {
        written.clone().and(self.cells.clone())
    }

    /// NULLs of a column that are none of the source's.
    pub fn blanked(&self, column: &str) -> u64 {
        self.cells.column(column).map_or(0, |_| self.blanked)
    }
}

/// A row group, what was taken out of its rows, and how many more there were.
struct Group {
    encoded: Encoded,
    unseen: Unseen,
    left_out: u64,
}

impl Next {
    fn group(
        &mut self,
        released: &Released,
        encoder: &Encoder,
        rows_max: usize,
        bytes_max: u64,
    ) -> Result<Option<Group>, Failure> {
        let (mut treated, mut rows, mut bytes, mut before) = (Vec::new(), 0, 0, 0);
        let mut unseen = Unseen::default();
        let is_kept = |name: &str| {
            let mut kept = self.output.columns.iter().filter(|shown| shown.treatment == Treatment::Keep);
            kept.any(|shown| shown.column.name.as_str() == name)
        };
        while rows < rows_max && bytes < bytes_max {
            let Some(some) = released.rows(self.place, self.start).map_err(|fault| not_held(&fault))? else {
                self.is_over = true;
                break;
            };
            unseen = unseen.and(Unseen::of(&some, is_kept));
            let ReleasedRows { seen, came, .. } = some;
            (self.place, self.start, before) = (self.place + 1, self.start + came, before + came);
            rows += seen.rows().num_rows();
            bytes += seen.rows().get_array_memory_size() as u64;
            treated.push(seen);
        }
        if treated.is_empty() {
            return Ok(None);
        }
        let encoded = encoder.encode(&treated).map_err(|error| Failure::store(&error, Phase::Stage))?;
        Ok(Some(Group { encoded, unseen, left_out: (before - rows) as u64 }))
    }
}

/// Groups could not be counted.
pub fn not_held(fault: &SmallCellsFault) -> Failure {
    let ending = if matches!(fault, SmallCellsFault::Scratch(_)) { ending::DISK } else { ending::JOB_INVALID };
    Failure::new(ending, Phase::Redact, fault.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scratch::MemoryScratch;
    use crate::data::{Audience, Column, ColumnType, Name, SmallCells};
    use crate::format::spill::Aside;
    use crate::privacy::{ColumnTreatment, HeldRows, Keys, redact};
    use arrow::array::{ArrayRef, Int64Array, RecordBatch};

    fn name(name: &str) -> Name {
        Name::new(name).expect("a name")
    }

    /// A day, how many people, and what they were paid.
    type Row = (i64, Option<i64>, Option<i64>);

    fn rows(cells: &[Row]) -> RecordBatch {
        let column =
            |cell: fn(&Row) -> Option<i64>| -> ArrayRef { Arc::new(cells.iter().map(cell).collect::<Int64Array>()) };
        let cells =
            [("day", column(|row| Some(row.0))), ("people", column(|row| row.1)), ("paid", column(|row| row.2))];
        RecordBatch::try_from_iter_with_nullable(cells.map(|(name, cells)| (name, cells, true))).expect("rows")
    }

    /// The tally of what is shown, what was taken out, and rows and people that are hidden.
    fn released(source: &RecordBatch, count: bool) -> (Tally, Unseen) {
        let terms =
            SmallCells { by: vec![name("day")], count: count.then(|| name("people")), under: 5, total: Vec::new() };
        let columns: Vec<ColumnTreatment> = ["day", "people", "paid"]
            .map(|column| ColumnTreatment {
                column: Column::plain(name(column), ColumnType::Bigint),
                treatment: Treatment::Keep,
            })
            .into();
        let mut held = Held::new(&terms, &Aside::new(Arc::new(MemoryScratch::default()), 1 << 20));
        for start in (0..source.num_rows()).step_by(3) {
            let some = source.slice(start, 3.min(source.num_rows() - start));
            let some = redact(&some, &columns, Audience::Public, &name("things"), &Keys::none()).expect("rows");
            held.push(HeldRows::of(some, &terms).expect("groups")).expect("room");
        }
        let released = held.decide().expect("decided");
        let (mut written, mut unseen, mut place, mut start) = (Tally::default(), Unseen::default(), 0, 0);
        while let Some(some) = released.rows(place, start).expect("rows") {
            unseen = unseen.and(Unseen::of(&some, |_| true));
            written = written.and(Tally::of(some.seen.rows()));
            (place, start) = (place + 1, start + some.came);
        }
        (written, unseen)
    }

    #[test]
    fn what_is_shown_and_what_was_taken_out_are_together_what_the_source_gave() {
        let days = [1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3];
        let cells: Vec<_> = days
            .iter()
            .zip(0..)
            .map(|(day, row)| (*day, Some(row % 9 + 1), (row % 4 > 0).then_some(100 * row)))
            .collect();
        let source = rows(&cells);
        for count in [false, true] {
            let (written, unseen) = released(&source, count);
            assert_ne!(written, Tally::of(&source), "something is hidden");
            let (together, read) = (unseen.with(&written), Tally::of(&source));
            assert_eq!(together.rows, read.rows);
            for (column, tally) in &read.columns {
                let found = together.column(column).expect("a column");
                assert_eq!(
                    (found.nulls - unseen.blanked(column), &found.total),
                    (tally.nulls, &tally.total),
                    "{column}"
                );
            }
            // One value that became another on its way, shown or not, is told by the totals.
            for row in 0..cells.len() {
                let mut other = cells.clone();
                other[row].2 = Some(7);
                let (written, unseen) = released(&rows(&other), count);
                let together = unseen.with(&written);
                assert_ne!(
                    together.column("paid").map(|tally| &tally.total),
                    read.column("paid").map(|tally| &tally.total)
                );
            }
        }
    }
}
