//! The plain copies that a job asks for: begun before they are followed, and what becomes of a night whose copy could not be made.
//!
//! The night is published by then, and stays so. Never in here: how a copy is made (`store`).

use super::open::Opened;
use crate::data::Name;
use crate::ending::{self, Ending};
use crate::failure::{Failure, Phase};
use crate::job::Plan;
use crate::store::{self, SecondState, StoreError};

/// Sees to it that every table of the job has a copy, or has none, as the job says. Gives what failed.
pub async fn begin(plan: &Plan, opened: &Opened) -> Vec<Failure> {
    let mut failures = Vec::new();
    for dataset in &plan.datasets {
        for output in &dataset.outputs {
            let Some(store) = opened.stores.get(&output.store) else { continue };
            if let Err(error) = store::plain_wanted(store, &dataset.name, dataset.plain_copy).await {
                failures.push(failed(dataset.name.as_str(), &output.store, &error));
            }
        }
    }
    failures
}

/// Why a copy is not that of the newest version, where it is not.
pub fn failure(state: &SecondState) -> Option<Failure> {
    state.pending.as_ref().map(|error| failed(&state.table, &state.store, error))
}

/// What passes is told by its own message; what does not is told as it is everywhere, and what it leaves published.
fn failed(dataset: &str, store: &Name, error: &StoreError) -> Failure {
    let ending = match error.is_passing() {
        true => ending::PLAIN_PENDING,
        false => Ending { safe: ending::PLAIN_PENDING.safe, ..Failure::store(error, Phase::Publish).ending },
    };
    let what = format!("the plain copy of `{dataset}` in store `{store}` is not that of the newest version: {error}");
    Failure::new(ending, Phase::Publish, what)
}
