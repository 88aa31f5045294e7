//! Rows that waited until their groups were known -> into the store's parts, without what may not be seen.

use super::crossed::Crossed;
use super::lane::Lane;
use crate::data::Treatment;
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::{DatasetPlan, Limits, OutputPlan};
use crate::privacy::{Held, Released, SmallCellsFault};
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
            let Some(Group { encoded, tally, left_out }) = group? else { continue };
            let (rows, all) = crossed.left_out[place].take().unwrap_or_default();
            crossed.left_out[place] = Some((rows + left_out, all.and(tally)));
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

/// A row group, the tally of its rows, and how many more there were.
struct Group {
    encoded: Encoded,
    tally: Tally,
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
        let mut tally = Tally::default();
        let is_kept = |name: &str| {
            let mut kept = self.output.columns.iter().filter(|shown| shown.treatment == Treatment::Keep);
            kept.any(|shown| shown.column.name.as_str() == name)
        };
        while rows < rows_max && bytes < bytes_max {
            let Some((seen, all)) = released.rows(self.place, self.start).map_err(|fault| not_held(&fault))? else {
                self.is_over = true;
                break;
            };
            (self.place, self.start, before) = (self.place + 1, self.start + all, before + all);
            rows += seen.rows().num_rows();
            bytes += seen.rows().get_array_memory_size() as u64;
            tally = tally.and(Tally::of_some(seen.rows(), is_kept));
            treated.push(seen);
        }
        if treated.is_empty() {
            return Ok(None);
        }
        let encoded = encoder.encode(&treated).map_err(|error| Failure::store(&error, Phase::Stage))?;
        Ok(Some(Group { encoded, tally, left_out: (before - rows) as u64 }))
    }
}

/// Groups could not be counted.
pub fn not_held(fault: &SmallCellsFault) -> Failure {
    let ending = if matches!(fault, SmallCellsFault::Scratch(_)) { ending::DISK } else { ending::JOB_INVALID };
    Failure::new(ending, Phase::Redact, fault.to_string())
}
