//! The plain copies that a job asks for: begun before they are followed, and what becomes of a night whose copy could not be made.
//!
//! The night is published by then, and stays so. What an earlier run left unfinished comes before the night: one that is refused must not
//! leave in a folder who is no longer in the table. Never in here: how a copy is made (`store`).

use super::Walked;
use super::open::Opened;
use crate::data::Name;
use crate::ending;
use crate::failure::Failure;
use crate::job::{DatasetPlan, Plan};
use crate::store::{self, JobRecord, SecondState};

/// A copy that could not be ended before the night.
pub struct Unfinished {
    /// Its store.
    store: Name,
    /// Its table.
    table: Name,
    /// Why.
    failure: Failure,
}

/// Ends what an earlier run left of the copies of the plan's tables that this job published (`records`), and takes away those that
/// it no longer asks for. Nothing of it stops the night.
pub async fn end(plan: &Plan, opened: &Opened, records: &[JobRecord]) -> Vec<Unfinished> {
    let mut unfinished = Vec::new();
    for (dataset, name) in outputs(plan) {
        // Another job's table is not this one's to see to.
        let mut of = records.iter().flat_map(|record| &record.tables);
        let is_ours = of.any(|table| table.store == *name && table.dataset == dataset.name);
        let Some(store) = opened.stores.get(name).filter(|_| is_ours) else { continue };
        let mut ended = store::plain_wanted(store, &dataset.name, dataset.plain_copy).await;
        if dataset.plain_copy && ended.is_ok() {
            ended = store::plain_ended(store, &dataset.name).await;
        }
        if let Err(error) = ended {
            let failure = Failure::plain_copy(dataset.name.as_str(), name, &error);
            unfinished.push(Unfinished { store: name.clone(), table: dataset.name.clone(), failure });
        }
    }
    unfinished
}

/// Sees to it that every table of the job has a copy, or has none, as the job says. Gives what failed.
pub async fn begin(plan: &Plan, opened: &Opened) -> Vec<Failure> {
    let mut failures = Vec::new();
    for (dataset, name) in outputs(plan) {
        let Some(store) = opened.stores.get(name) else { continue };
        if let Err(error) = store::plain_wanted(store, &dataset.name, dataset.plain_copy).await {
            failures.push(Failure::plain_copy(dataset.name.as_str(), name, &error));
        }
    }
    failures
}

/// What was left before the night is looked at again with every table of `record`.
pub fn again(night: &mut Walked<'_>, record: &JobRecord) {
    let is_of =
        |of: &Unfinished| record.tables.iter().any(|table| table.store == of.store && table.dataset == of.table);
    night.unfinished.retain(|of| !is_of(of));
}

/// Tells of what was left before the night and not looked at since: beside why a night is refused it is the lesser.
pub fn tell(night: &mut Walked<'_>) {
    let told = night.unfinished.drain(..).map(|of| match night.failures.is_empty() {
        true => of.failure,
        false => Failure { ending: ending::PLAIN_PENDING, ..of.failure },
    });
    let told: Vec<_> = told.collect();
    night.failures.extend(told);
}

/// Why a copy is not that of the newest version, where it is not.
pub fn failure(state: &SecondState) -> Option<Failure> {
    state.pending.as_ref().map(|error| Failure::plain_copy(&state.table, &state.store, error))
}

/// Whether a folder that the job asks for no copy in cannot be looked into: rights that were given before there were copies.
pub fn is_unseen(plan: &Plan, state: &SecondState) -> bool {
    let is_it =
        |(dataset, store): &(&DatasetPlan, &Name)| dataset.name.as_str() == state.table && **store == state.store;
    let is_wanted = outputs(plan).find(is_it).is_none_or(|(dataset, _)| dataset.plain_copy);
    !is_wanted && state.is_unseen()
}

fn outputs(plan: &Plan) -> impl Iterator<Item = (&DatasetPlan, &Name)> {
    plan.datasets.iter().flat_map(|dataset| dataset.outputs.iter().map(move |output| (dataset, &output.store)))
}
