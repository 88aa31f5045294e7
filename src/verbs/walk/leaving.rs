//! What a night would send out of AWS, counted before it is published, and held against the environment's `bytes_out_max`.
//!
//! Parts count once, plain copies with the bytes of the parts that they are made of: those of this night, what stays of a table into which
//! changes are merged, and periods that it did not write whose objects have to be made anew. Before the night nothing is sent but the
//! copies that an earlier one left behind, and after it those that are counted here: each is counted once more when it is made, so
//! that a table which somebody else wrote meanwhile takes no more either (`store::plain`).
//!
//! Never in here: what was sent (`told`).

use super::Walked;
use super::crossed::Crossed;
use super::lane::LaneDone;
use super::open::Opened;
use crate::data::Period;
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::{DatasetPlan, WriteMode};
use crate::store;

/// Why what was staged may not leave AWS: there is more of it than the environment lets.
pub async fn too_much(night: &Walked<'_>, opened: &Opened) -> Option<Failure> {
    let out = opened.out.as_ref()?;
    let (mut parts, mut copies) = (0, 0);
    for (dataset, crossed) in night.plan.datasets.iter().zip(&night.crossed) {
        for (place, lane) in crossed.lanes.iter().enumerate() {
            if !night.plan.leaves_aws(lane.output.store.as_str()) {
                continue;
            }
            parts += lane.bytes;
            if dataset.plain_copy {
                // Of a table into which changes are merged the copy is the whole table, with what stays of it.
                let merged = crossed.merged.as_ref().and_then(|merged| merged.outputs.get(place));
                copies += lane.bytes + merged.map_or(0, |merged| merged.stays_bytes);
                copies += owed(dataset, crossed, lane, opened).await;
            }
        }
    }
    let bytes = out.counted() + parts + copies;
    let what = format!("{bytes} bytes would leave AWS, where bytes_out_max lets {}", out.most());
    let is_within = bytes <= out.most() && out.count(parts);
    (!is_within).then(|| Failure::new(ending::BYTES_OUT, Phase::Publish, what))
}

/// What the copy owes of periods that this night did not write. Where that cannot be asked nothing is sent there now, and whoever makes the
/// copy counts again.
async fn owed(dataset: &DatasetPlan, crossed: &Crossed, lane: &LaneDone, opened: &Opened) -> u64 {
    if !matches!(dataset.write, WriteMode::ReplacePeriod { .. }) {
        return 0;
    }
    let Some(store) = opened.stores.get(&lane.output.store) else { return 0 };
    let periods: Vec<Period> = crossed.periods.iter().map(|(period, _)| *period).collect();
    store::plain_owed(store, &dataset.name, &periods).await.unwrap_or(0)
}
