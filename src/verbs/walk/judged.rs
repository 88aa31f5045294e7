//! What a night comes to: each dataset's verdict, its checks, and whether what was written is what was read.

use super::Options;
use super::against::against;
use super::crossed::Crossed;
use super::lane::LaneDone;
use super::left::{self, Left};
use super::open::Opened;
use crate::changes::{StreamFacts, untold};
use crate::data::{ColumnType, Treatment};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::{DatasetPlan, OnVerdict, Plan, Severity};
use crate::reconcile::{
    self, CheckFault, CheckOutcome, CheckTable, Counts, Curable, KeyFaults, Outcome, Stream, Tally, UniqueKeys, check,
};
use crate::report::{CheckReport, DatasetState, Proof, ReconciliationReport, StreamReport, Verdict};
use crate::world::{Progress, compute};
use std::collections::BTreeMap;

/// What one dataset comes to.
pub struct Judgement {
    /// The comparison.
    pub report: ReconciliationReport,
    /// The checks.
    pub checks: Vec<CheckReport>,
    /// Of the topic: partition -> first and last position.
    pub offsets: BTreeMap<String, (u64, u64)>,
}

/// Judges every dataset. Every failure is told, not only the first.
pub async fn judge(
    plan: &Plan,
    run: &str,
    crossed: &mut [Crossed],
    opened: &Opened,
    progress: &Progress,
    options: &Options,
) -> (Vec<Judgement>, Vec<Failure>) {
    let (mut judgements, mut failures) = (Vec::new(), Vec::new());
    for (dataset, crossed) in plan.datasets.iter().zip(crossed.iter_mut()) {
        progress.stage(dataset.name.as_str(), "comparing");
        failures.extend(
            crossed
                .lanes
                .iter()
                .enumerate()
                .filter_map(|(place, lane)| read_back(dataset, &expected(crossed, place), lane))
                .map(|f| f.of(&dataset.name)),
        );
        // Where changes are merged there may be none; of the source's own rows there are some.
        let rows_there = crossed.merged.as_ref().map_or(crossed.rows_read, |merged| merged.source_rows);
        if rows_there == 0 && !dataset.allow_empty {
            let empty = Failure::new(
                ending::COMPARISON_ERROR,
                Phase::Extract,
                "the source gave no rows, and `allow_empty` is false",
            );
            failures.push(empty.of(&dataset.name));
        }
        let empty = crossed.periods.iter().filter(|(_, rows)| *rows == 0).map(|(period, _)| period);
        if let Some(period) = empty.clone().next().filter(|_| crossed.rows_read > 0 && !dataset.allow_empty) {
            let what = format!(
                "the source gave no rows of {period}, and `allow_empty` is false (periods without rows: {})",
                empty.count()
            );
            failures.push(Failure::new(ending::COMPARISON_ERROR, Phase::Extract, what).of(&dataset.name));
        }
        let (report, offsets) = match reconciled(dataset, run, crossed, opened, options).await {
            Ok((report, offsets, failure)) => {
                failures.extend(failure.map(|failure| failure.of(&dataset.name)));
                (report, offsets)
            }
            Err(failure) => {
                failures.push(failure.of(&dataset.name));
                (ReconciliationReport::not_compared("could not be compared"), BTreeMap::new())
            }
        };
        judgements.push(Judgement { report, checks: Vec::new(), offsets });
    }
    let tables: Vec<CheckTable<'_>> = crossed
        .iter()
        .filter_map(|crossed| {
            Some(CheckTable {
                name: crossed.name.as_str(),
                schema: crossed.schema.clone(),
                rows: crossed.kept.as_ref()?,
            })
        })
        .collect();
    for (dataset, judgement) in plan.datasets.iter().zip(&mut judgements) {
        for planned in &dataset.checks {
            let (holds, reason) = match check(&tables, &planned.sql, plan.limits.memory_bytes_max) {
                Ok(CheckOutcome::Holds) => (true, None),
                Ok(CheckOutcome::Fails(reason)) => (false, reason.map(str::to_owned)),
                Ok(CheckOutcome::Fault(fault)) => (false, Some(format!("its SQL {fault}"))),
                Err(CheckFault::Memory(no_room)) => {
                    // Whatever it would have come to: it was not made.
                    let what = format!("the check `{}` cannot be made: it {no_room}", planned.name);
                    failures.push(Failure::new(ending::MEMORY, Phase::Reconcile, what).of(&dataset.name));
                    (false, Some(CheckFault::Memory(no_room).to_string()))
                }
                Err(fault @ CheckFault::Scratch(_)) => {
                    let what = format!("the check `{}` cannot be made: {fault}", planned.name);
                    failures.push(Failure::new(ending::DISK, Phase::Reconcile, what).of(&dataset.name));
                    (false, Some(fault.to_string()))
                }
            };
            if !holds && planned.severity == Severity::Error {
                let because = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
                let what = format!("the check `{}` does not hold{because}", planned.name);
                failures.push(Failure::new(ending::CHECK_FAILED, Phase::Reconcile, what).of(&dataset.name));
            }
            judgement.checks.push(CheckReport {
                name: planned.name.clone(),
                holds,
                severity: planned.severity,
                reason,
            });
        }
    }
    (judgements, failures)
}

type Reconciled = (ReconciliationReport, BTreeMap<String, (u64, u64)>, Option<Failure>);

async fn reconciled(
    dataset: &DatasetPlan,
    run: &str,
    crossed: &mut Crossed,
    opened: &Opened,
    options: &Options,
) -> Result<Reconciled, Failure> {
    let (Some(plan), Some(comparison)) = (&dataset.reconcile, crossed.comparison.take()) else {
        let (report, failure) = keys_alone(crossed.unique.take()).await?;
        return Ok((report, BTreeMap::new(), failure));
    };
    let mut inputs = Vec::new();
    let outcome = against(comparison, plan, &crossed.origin, opened, &mut inputs).await?;
    crossed.origin.inputs.extend(inputs);
    let stream = Stream { has_snapshot: crossed.origin.snapshot.is_some(), allow_empty: dataset.allow_empty };
    let judged = reconcile::judge(&outcome.counts, &outcome.facts, stream);
    let change_set = (!options.dry_run).then(|| left::change_set(&outcome.outputs, &judged, dataset));
    let left = match options.dry_run {
        true => Left::default(),
        false => left::left(&outcome.outputs, change_set.as_ref(), dataset, run, opened).await?,
    };
    let failure = refusal(&judged, plan.on_drift, plan.on_inconclusive);
    let report = ReconciliationReport { change_set, ..report(dataset, &outcome, &judged, left) };
    let offsets = outcome.facts.offsets.iter().map(|(partition, range)| (partition.to_string(), *range)).collect();
    Ok((report, offsets, failure))
}

fn not_compared() -> ReconciliationReport {
    ReconciliationReport::not_compared(DatasetState::Judged.phrase())
}

/// Of a dataset that is compared with nothing: whether its keys are whole and there once.
async fn keys_alone(keys: Option<UniqueKeys>) -> Result<(ReconciliationReport, Option<Failure>), Failure> {
    let Some(keys) = keys else { return Ok((not_compared(), None)) };
    let faults = compute(move || keys.finish()).await;
    let faults = faults.map_err(|fault| Failure::new(ending::DISK, Phase::Reconcile, fault.to_string()))?;
    if faults == KeyFaults::default() {
        return Ok((not_compared(), None));
    }
    let KeyFaults { null_keys, duplicates } = faults;
    let counts = Counts { null_keys, duplicates, ..Counts::default() };
    let phrase = reconcile::key_phrase(&counts);
    let failure = Failure::new(ending::COMPARISON_ERROR, Phase::Reconcile, phrase.clone());
    let none = not_compared();
    Ok((ReconciliationReport { verdict: Verdict::Error, phrase, null_keys, duplicates, ..none }, Some(failure)))
}

fn refusal(judged: &reconcile::Judged, on_drift: OnVerdict, on_inconclusive: OnVerdict) -> Option<Failure> {
    let ending = match judged.verdict {
        reconcile::Verdict::Match => return None,
        reconcile::Verdict::Drift if on_drift == OnVerdict::Publish => return None,
        reconcile::Verdict::Drift => ending::RECONCILIATION_DRIFT,
        reconcile::Verdict::Inconclusive(_) if on_inconclusive == OnVerdict::Publish => return None,
        reconcile::Verdict::Inconclusive(Curable::Later) => ending::STREAM_BEHIND,
        reconcile::Verdict::Inconclusive(Curable::Never) => ending::INCONCLUSIVE,
        reconcile::Verdict::Error => ending::COMPARISON_ERROR,
    };
    Some(Failure::new(ending, Phase::Reconcile, judged.phrase.clone()))
}

fn report(dataset: &DatasetPlan, outcome: &Outcome, judged: &reconcile::Judged, left: Left) -> ReconciliationReport {
    let counts = &outcome.counts;
    let untold: BTreeMap<String, String> = dataset
        .schema
        .columns
        .iter()
        .filter(|column| dataset.extract.columns.contains(&column.name))
        .filter_map(|column| Some((column.name.to_string(), untold(column.column_type)?.to_owned())))
        .collect();
    let is_compared = |name: &str| {
        !untold.contains_key(name) && dataset.extract.columns.iter().any(|extracted| extracted.as_str() == name)
    };
    let columns = dataset.schema.columns.iter().map(|column| column.name.to_string());
    ReconciliationReport {
        verdict: match judged.verdict {
            reconcile::Verdict::Match => Verdict::Match,
            reconcile::Verdict::Drift => Verdict::Drift,
            reconcile::Verdict::Inconclusive(_) => Verdict::Inconclusive,
            reconcile::Verdict::Error => Verdict::Error,
        },
        proof: if judged.by_transaction { Proof::Txid } else { Proof::Window },
        phrase: judged.phrase.clone(),
        compared: counts.compared,
        missing: counts.missing,
        extra: counts.extra,
        changed: counts.changed,
        changed_columns: counts.changed_columns.clone(),
        duplicates: counts.duplicates,
        null_keys: counts.null_keys,
        unknown_cells: counts.unknown_cells,
        tolerated: counts.tolerated,
        not_compared: columns.filter(|name| !is_compared(name)).collect(),
        not_compared_because: untold,
        stream: Some(StreamReport { partitions: left::partitions(&outcome.outputs), ..stream(&outcome.facts) }),
        columns: left::columns(&outcome.outputs, dataset),
        spread: left::spread(&outcome.outputs),
        fingerprints: Some(left::fingerprints(&outcome.outputs)),
        change_set: None,
        rows_at: left.rows_at,
        outputs: left.outputs,
    }
}

/// The tally that the parts of an output must have: what was read, and what of the table's files was written again.
fn expected(crossed: &Crossed, output: usize) -> Tally {
    let merged = crossed.merged.as_ref().and_then(|merged| merged.outputs.get(output));
    merged.map_or_else(|| crossed.read.clone(), |merged| crossed.read.clone().and(merged.again.clone()))
}

fn stream(facts: &StreamFacts) -> StreamReport {
    StreamReport {
        events: facts.events,
        later: facts.later,
        by_window: facts.by_window,
        tombstones: facts.tombstones,
        truncates: facts.truncates,
        lacking_offsets: facts.lacking(),
        again: facts.again(),
        untold: facts.untold.iter().map(|(column, untold)| (column.clone(), untold.phrase())).collect(),
        partitions: Vec::new(),
    }
}

/// Holds what was read back from the parts against what the source gave: of kept columns everything, of treated ones rows
/// and NULLs.
fn read_back(dataset: &DatasetPlan, read: &Tally, lane: &LaneDone) -> Option<Failure> {
    let differ = |what: String| {
        let store = &lane.output.store;
        Some(Failure::new(
            ending::READ_BACK,
            Phase::Reconcile,
            format!("{what} in store `{store}` is not what the source gave"),
        ))
    };
    if lane.written.rows != read.rows {
        return differ(format!("the number of rows of `{}`", dataset.name));
    }
    if read.rows == 0 {
        return None;
    }
    for shown in lane.output.columns.iter().filter(|shown| shown.treatment.is_visible()) {
        let name = shown.column.name.as_str();
        let Some(written) = lane.written.column(name) else { return differ(format!("column `{name}`")) };
        let agrees = match (&shown.treatment, read.column(name)) {
            (Treatment::Null, _) => written.nulls == read.rows,
            // A time of day is published as text: its count is compared, its sum cannot be.
            (Treatment::Keep, Some(source)) if shown.column.column_type != ColumnType::Time => written == source,
            (_, Some(source)) => written.nulls == source.nulls,
            (_, None) => false,
        };
        if !agrees {
            return differ(format!("column `{name}`"));
        }
    }
    None
}
