//! A judged night -> published, and carried to the second clouds.

use super::decided::{decided, night_write};
use super::open::Opened;
use super::{Options, Walked, fail, forgotten, plain, taken_back};
use crate::ending::{self, Ending};
use crate::failure::{Failure, Phase};
use crate::report::Outcome;
use crate::store::{self, Decision, JobRecord, Night, NightDataset};
use crate::world::World;

/// Publishes the night, or finds that another run did.
pub async fn publish(
    night: &mut Walked<'_>,
    opened: &Opened,
    mut settled: store::Settled,
    world: &World,
    options: &Options,
) -> Outcome {
    let plan = night.plan;
    let mut offered = Some(Night {
        job: &plan.job,
        run: &night.run,
        period: plan.period,
        stamp: &plan.stamp,
        again: options.again.as_deref(),
        at: world.clock.now(),
        job_hash: &plan.job_hash,
        environment_hash: &plan.environment_hash,
        suppression_list: opened.suppression_list,
        batch: options.batch.as_ref(),
        task: options.task.as_ref().map(|task| task.id.as_str()),
        datasets: plan
            .datasets
            .iter()
            .zip(night.crossed.iter_mut().zip(&night.judged))
            .map(|(dataset, (crossed, judgement))| NightDataset {
                schema: &dataset.schema,
                schema_hash: &dataset.schema_hash,
                origin: &crossed.origin,
                offsets: judgement.offsets.clone(),
                verdict: judgement.report.verdict,
                proof: judgement.report.proof,
                write: night_write(dataset, crossed, &opened.keys),
                tables: crossed.lanes.iter_mut().filter_map(|lane| lane.staged.take()).collect(),
            })
            .collect(),
    });
    let published = loop {
        let Some(offer) = offered.take() else {
            break Err(Failure::new(ending::STORE_AWAY, Phase::Publish, "the night was lost"));
        };
        match store::publish(offer, &settled, &opened.security, &opened.stores).await {
            Err(error) => break Err(Failure::store(&error, Phase::Publish)),
            Ok(store::Outcome::Published(record)) => break Ok(Some(*record)),
            Ok(store::Outcome::ListIsNewer(outrun)) => {
                let left = [discard(&outrun).await, taken_back::aside(opened).await].concat();
                taken_back::unfiled(night);
                break Err(taken_back::told(forgotten::outrun(), &left));
            }
            Ok(store::Outcome::Lost(lost)) => {
                // Another run of the job came first: look again at what is published, and whether this night still may be.
                settled = match store::settle(&opened.security, &opened.stores, &plan.job, &plan.stamp).await {
                    Ok(settled) => settled,
                    Err(error) => break Err(Failure::store(&error, Phase::Publish)),
                };
                night.completed.extend(settled.completed.clone());
                let now = world.clock.now();
                let decision = match decided(plan, &settled, opened, options.again.as_deref(), now).await {
                    Ok(decision) => decision,
                    Err(failure) => break Err(failure),
                };
                if decision == Decision::Publish {
                    offered = Some(*lost);
                    continue;
                }
                discard(&lost).await;
                match decision {
                    Decision::Incomplete { lacks } => break Err(incomplete(&lacks)),
                    _ => break Ok(None),
                }
            }
        }
    };
    match published {
        Err(failure) => fail(night, failure),
        Ok(None) => carry(night, opened, settled.records.last(), Outcome::AlreadyPublished).await,
        Ok(Some(record)) => {
            night.record = Some(record.clone());
            carry(night, opened, Some(&record), Outcome::Published).await
        }
    }
}

/// Deletes what was staged of a night that is not published. Gives the places where that could not be done.
async fn discard(night: &Night<'_>) -> Vec<String> {
    taken_back::parts(night.datasets.iter().flat_map(|dataset| &dataset.tables)).await
}

/// The night is published, but not all of it.
pub fn incomplete(lacks: &[String]) -> Failure {
    let next = "publish the period anew with `--again REASON`; were it another job's file, give each job its own name";
    let what = format!("this period was published by the job without {}", lacks.join(", "));
    Failure::new(Ending { next, ..ending::JOB_INVALID }, Phase::Open, what)
}

/// Brings the second clouds up to what is published.
pub async fn carry(night: &mut Walked<'_>, opened: &Opened, record: Option<&JobRecord>, outcome: Outcome) -> Outcome {
    let Some(record) = record else { return outcome };
    let begun = plain::begin(night.plan, opened).await;
    night.failures.extend(begun);
    plain::again(night, record);
    match store::replicate(record, &opened.stores).await {
        Err(error) => {
            let mut failure = Failure::store(&error, Phase::Publish);
            failure.ending.safe = ending::PUBLISHED;
            fail(night, failure)
        }
        Ok(states) => {
            let (mut copies, states): (Vec<_>, Vec<_>) = states.into_iter().partition(|state| state.plain.is_some());
            copies.retain(|state| !plain::is_unseen(night.plan, state));
            night.failures.extend(copies.iter().filter_map(plain::failure));
            night.copies = copies;
            let pending =
                states.iter().find_map(|state| Some((state.table.clone(), state.pending.as_ref()?.to_string())));
            night.second = states;
            match pending {
                None => outcome,
                Some((table, why)) => {
                    let what = format!("the second cloud lacks the newest version of `{table}`: {why}");
                    night.failures.push(Failure::new(ending::SECOND_PENDING, Phase::Publish, what));
                    Outcome::SecondPending
                }
            }
        }
    }
}
