//! What a night comes to: each dataset's verdict, its checks, and whether what was written is what was read.

use super::Options;
use super::against::{Asked, Compared, against};
use super::checked::checked;
use super::crossed::Crossed;
use super::held::Unseen;
use super::lane::LaneDone;
use super::left::{self, Left};
use super::open::Opened;
use crate::changes::{Means, untold};
use crate::data::{ColumnType, Treatment};
use crate::ending::{self, Ending};
use crate::failure::{Failure, Phase};
use crate::job::{DatasetPlan, OnVerdict, OutputPlan, Plan, ReconcilePlan};
use crate::reconcile::{self, CompareFault, Counts, Curable, KeyFaults, Stream, Tally};
use crate::report::{CheckReport, DatasetState, Proof, ReconciliationReport, StreamReport, ToleratedReport, Verdict};
use crate::world::Progress;
use std::collections::BTreeMap;
use std::time::Instant;

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
    let since = Instant::now();
    for (dataset, crossed) in plan.datasets.iter().zip(crossed.iter_mut()) {
        progress.stage(dataset.name.as_str(), "comparing");
        failures.extend(
            crossed
                .lanes
                .iter()
                .enumerate()
                .filter_map(|(place, lane)| read_back(dataset, &expected(crossed, place), &crossed.unseen[place], lane))
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
        let good = crossed.rows_read - crossed.rows_bad;
        if good > 0 && !dataset.allow_empty {
            let forgets = opened.may_hold_forgotten(dataset);
            let outputs = dataset.outputs.iter().zip(&crossed.left_out);
            let emptied = outputs.filter(|(_, left_out)| matches!(left_out, Some((rows, _)) if *rows == good));
            failures.extend(emptied.map(|(output, _)| nothing_left(output, forgets).of(&dataset.name)));
        }
        let empty = crossed.periods.iter().filter(|(_, rows)| *rows == 0).map(|(period, _)| period);
        if let Some(period) = empty.clone().next().filter(|_| crossed.rows_read > 0 && !dataset.allow_empty) {
            let what = format!(
                "the source gave no rows of {period}, and `allow_empty` is false (periods without rows: {})",
                empty.count()
            );
            failures.push(Failure::new(ending::COMPARISON_ERROR, Phase::Extract, what).of(&dataset.name));
        }
        let (report, offsets) = match reconciled((plan, dataset), run, crossed, opened, options, since).await {
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
    let (reports, of_checks) = checked(plan, run, crossed, opened, options).await;
    for (judgement, checks) in judgements.iter_mut().zip(reports) {
        judgement.checks = checks;
    }
    failures.extend(of_checks);
    (judgements, failures)
}

/// No row is left for the audience of a store: not the source or its key is to be mended.
fn nothing_left(output: &OutputPlan, forgets: bool) -> Failure {
    let whys = [
        (!output.suppress_rows.is_empty(), "`suppress_rows`"),
        (output.small_cells.as_ref().is_some_and(|cells| cells.count.is_none()), "`small_cells`"),
        (forgets, "the suppression list"),
    ];
    let whys: Vec<&str> = whys.into_iter().filter(|(is_so, _)| *is_so).map(|(_, why)| why).collect();
    let (store, audience) = (&output.store, output.audience);
    let what = format!(
        "{} leaves every row out of store `{store}` ({audience}), and `allow_empty` is false",
        whys.join(" or ")
    );
    let next = match output.suppress_rows.is_empty() && output.small_cells.is_none() {
        true => "say allow_empty = true, if it may be that nobody is left",
        false => {
            "look whether all these rows are to be left out: mend `suppress_rows` or `small_cells` in the schema file, or say \
             allow_empty = true where a table may have no row"
        }
    };
    Failure::new(Ending { next, ..ending::COMPARISON_ERROR }, Phase::Redact, what)
}

type Reconciled = (ReconciliationReport, BTreeMap<String, (u64, u64)>, Option<Failure>);

async fn reconciled(
    (job, dataset): (&Plan, &DatasetPlan),
    run: &str,
    crossed: &mut Crossed,
    opened: &Opened,
    options: &Options,
    since: Instant,
) -> Result<Reconciled, Failure> {
    let (Some(plan), Some(comparison)) = (&dataset.reconcile, crossed.comparison.take()) else {
        let (report, failure) = keys_alone(crossed.keys.take())?;
        return Ok((report, BTreeMap::new(), failure));
    };
    let has_snapshot = crossed.origin.snapshot.is_some();
    let stream = Stream { has_snapshot, allow_empty: dataset.allow_empty, heartbeat: false, dead_letters: 0 };
    let asked = Asked { plan: job, reconcile: plan, origin: &crossed.origin, stream, since };
    let compared = against(comparison, asked, opened).await?;
    crossed.origin.inputs.extend(compared.inputs.iter().cloned());
    let Compared { outcome, judged, .. } = &compared;
    let change_set = (!options.dry_run).then(|| left::change_set(&compared, dataset, opened));
    let left = match options.dry_run {
        true => Left::default(),
        false => left::left(&outcome.outputs, change_set.as_ref(), dataset, run, opened).await?,
    };
    let failure = refusal(judged, plan.on_drift, plan.on_inconclusive);
    let report = ReconciliationReport { change_set, ..report(dataset, plan, &compared, left) };
    let offsets = outcome.facts.offsets.iter().map(|(partition, range)| (partition.to_string(), *range)).collect();
    Ok((report, offsets, failure))
}

fn not_compared() -> ReconciliationReport {
    ReconciliationReport::not_compared(DatasetState::Judged.phrase())
}

/// Of a dataset that is compared with nothing: whether its keys are whole and there once.
fn keys_alone(
    keys: Option<Result<KeyFaults, CompareFault>>,
) -> Result<(ReconciliationReport, Option<Failure>), Failure> {
    let Some(faults) = keys else { return Ok((not_compared(), None)) };
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
        reconcile::Verdict::Inconclusive(Curable::AtAnotherMoment) => ending::IN_FLIGHT,
        reconcile::Verdict::Inconclusive(Curable::Never) => ending::INCONCLUSIVE,
        reconcile::Verdict::Error => ending::COMPARISON_ERROR,
    };
    Some(Failure::new(ending, Phase::Reconcile, judged.phrase.clone()))
}

fn report(dataset: &DatasetPlan, plan: &ReconcilePlan, compared: &Compared, left: Left) -> ReconciliationReport {
    let Compared { outcome, judged, .. } = compared;
    let counts = &outcome.counts;
    let untold: BTreeMap<String, String> = dataset
        .schema
        .columns
        .iter()
        .filter(|column| dataset.extract.columns.contains(&column.name))
        .filter_map(|column| Some((column.name.to_string(), untold(column.column_type)?.to_owned())))
        .chain(compared.treated.not_compared.clone())
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
        proof: match judged.means {
            Means::Transaction => Proof::Txid,
            Means::Log => Proof::CommitLsn,
            Means::Clock => Proof::Window,
        },
        phrase: judged.phrase.clone(),
        compared: counts.compared,
        missing: counts.missing,
        extra: counts.extra,
        changed: counts.changed,
        changed_columns: counts.changed_columns.clone(),
        duplicates: counts.duplicates,
        null_keys: counts.null_keys,
        unknown_cells: counts.unknown_cells,
        tolerated: counts.tolerated_cells(),
        tolerated_columns: tolerated(plan, counts),
        undecided: counts.undecided(),
        not_compared: columns.filter(|name| !is_compared(name)).collect(),
        not_compared_because: untold,
        treated: compared.treated.columns.clone(),
        stream: Some(StreamReport { partitions: left::partitions(&outcome.outputs), ..stream(compared) }),
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
    if let Some((_, seen)) = crossed.left_out.get(output).and_then(Option::as_ref) {
        return seen.clone();
    }
    let merged = crossed.merged.as_ref().and_then(|merged| merged.outputs.get(output));
    merged.map_or_else(|| crossed.read.clone(), |merged| crossed.read.clone().and(merged.again.clone()))
}

/// What was let pass, of every column that the job lets anything pass in.
fn tolerated(plan: &ReconcilePlan, counts: &Counts) -> BTreeMap<String, ToleratedReport> {
    let told = plan.tolerate.iter().map(|(column, rules)| {
        let passed = counts.tolerated.get(column.as_str()).cloned().unwrap_or_default();
        let report = ToleratedReport { rule: rules.told(), cells: passed.cells, largest: passed.largest() };
        (column.to_string(), report)
    });
    told.collect()
}

fn stream(compared: &Compared) -> StreamReport {
    let (facts, counts) = (&compared.outcome.facts, &compared.outcome.counts);
    StreamReport {
        events: facts.events,
        later: facts.later,
        by_log: facts.by_log,
        by_window: facts.by_window,
        tombstones: facts.tombstones,
        truncates: facts.truncates,
        lacking_offsets: facts.lacking(),
        again: facts.again(),
        replayed: counts.replayed,
        stale_reads: counts.stale,
        heartbeat: compared.heartbeat,
        untold: facts.untold.iter().map(|(column, untold)| (column.clone(), untold.phrase())).collect(),
        partitions: Vec::new(),
    }
}

/// Holds what was read back from the parts against what the source gave: of kept columns everything, of treated ones rows
/// and NULLs. What the audience may not see of small groups goes to what was read back: of both together nothing is lacking.
fn read_back(dataset: &DatasetPlan, read: &Tally, unseen: &Unseen, lane: &LaneDone) -> Option<Failure> {
    let differ = |what: String| {
        let store = &lane.output.store;
        Some(Failure::new(
            ending::READ_BACK,
            Phase::Reconcile,
            format!("{what} in store `{store}` is not what the source gave"),
        ))
    };
    let together = unseen.with(&lane.written);
    if together.rows != read.rows {
        return differ(format!("the number of rows of `{}`", dataset.name));
    }
    if read.rows == 0 {
        return None;
    }
    for shown in lane.output.columns.iter().filter(|shown| shown.treatment.is_visible()) {
        let name = shown.column.name.as_str();
        let Some(written) = together.column(name) else { return differ(format!("column `{name}`")) };
        let nulls = written.nulls.checked_sub(unseen.blanked(name));
        let agrees = match (&shown.treatment, read.column(name)) {
            (Treatment::Null, _) => nulls == Some(read.rows),
            // A time of day is published as text: its count is compared, its sum cannot be.
            (Treatment::Keep, Some(source)) if shown.column.column_type != ColumnType::Time => {
                nulls == Some(source.nulls) && written.total == source.total
            }
            (_, Some(source)) => nulls == Some(source.nulls),
            (_, None) => false,
        };
        if !agrees {
            return differ(format!("column `{name}`"));
        }
    }
    None
}
