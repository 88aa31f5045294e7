//! A walked night -> its report. Names, counts and places; no value.

use super::crossed::Crossed;
use super::judged::Judgement;
use super::lane::LaneDone;
use super::{Options, Walked};
use crate::access::second_place;
use crate::cost::{self, Prices, Requests};
use crate::data::{FieldTreatment, Treatment};
use crate::ending;
use crate::failure::Failure;
use crate::job::{DatasetPlan, Location, Plan, WriteMode};
use crate::privacy::{ColumnTreatment, FieldTold, SmallCellsTold, Told};
use crate::reconcile::Deleted;
use crate::report::{
    ColumnReport, CostReport, DatasetReport, DatasetState, FieldReport, LooksLikeReport, MergeReport, Outcome,
    PeriodReport, PlainReport, ReconciliationReport, RequestsReport, RiskReport, RunReport, SmallCellsReport,
    SourceReport, StoreReport, StoreState,
};
use crate::store::{Followed, PLAIN, SecondState};
use crate::world::{Usage, World};
use std::collections::BTreeMap;
use std::time::Duration;

/// The report of a night that ended in `outcome`.
pub fn told(night: &Walked<'_>, outcome: Outcome, options: &Options, took: Duration) -> RunReport {
    let plan = night.plan;
    let worst = ending::worst(night.failures.iter().map(|failure| failure.ending));
    let mut failures: Vec<&Failure> = night.failures.iter().collect();
    // The one that decides stands first.
    failures.sort_by_key(|failure| Some(failure.ending) != worst);
    // A night that needed no rows came to no dataset, and that is well.
    let is_over = matches!(outcome, Outcome::Refused | Outcome::Failed);
    let told = |(place, dataset): (usize, &DatasetPlan)| match night.crossed.get(place) {
        Some(crossed) => Some(told_dataset(night, outcome, dataset, crossed, night.judged.get(place))),
        None => is_over.then(|| match place < night.begun {
            true => DatasetReport::without_rows(dataset.name.to_string(), DatasetState::Stopped),
            false => DatasetReport::without_rows(dataset.name.to_string(), DatasetState::NotReached),
        }),
    };
    let datasets: Vec<DatasetReport> = plan.datasets.iter().enumerate().filter_map(told).collect();
    let requests = night.meters.read();
    let bytes_out = bytes_out(plan, &datasets, &requests);
    let usage = Usage::now();
    RunReport {
        run: night.run.clone(),
        job: plan.job.to_string(),
        environment: plan.environment.to_string(),
        outcome,
        exit_code: worst.map_or(0, |ending| ending.code),
        nightferry: env!("CARGO_PKG_VERSION"),
        period: plan.period,
        started_at: night.started,
        seconds: rounded(took.as_secs_f64()),
        seconds_by_stage: night.stages.iter().map(|(stage, seconds)| (*stage, rounded(*seconds))).collect(),
        started_by: World::started_by(),
        batch: options.batch.clone(),
        task: options.task.clone(),
        cpu_seconds: usage.map(|usage| rounded(usage.cpu_seconds)),
        peak_memory_bytes: usage.map(|usage| usage.peak_memory_bytes),
        again: options.again.clone(),
        completed: night.completed.clone(),
        page_at: None,
        datasets,
        problems: failures.iter().map(|failure| failure.report()).collect(),
        cost: CostReport {
            usd: dollars(
                cost::usd(&plan.prices, cost::REFERENCE, took, bytes_out.values().sum())
                    + requests.values().map(|of| of.usd(&plan.prices)).sum::<f64>(),
            ),
            basis: plan.prices.basis.to_string(),
            vcpu_seconds: rounded(cost::billed_seconds(took) * cost::REFERENCE.vcpu),
            gb_seconds: rounded(cost::billed_seconds(took) * cost::REFERENCE.memory_gb),
            bytes_out,
            requests: requests.into_iter().map(|(place, of)| (place, told_requests(&of, &plan.prices))).collect(),
        },
    }
}

/// Bytes that left AWS, by store: those that were sent where that was counted, else those of the files.
fn bytes_out(plan: &Plan, datasets: &[DatasetReport], requests: &BTreeMap<String, Requests>) -> BTreeMap<String, u64> {
    let mut out: BTreeMap<String, u64> = BTreeMap::new();
    for store in datasets.iter().flat_map(|dataset| &dataset.stores).filter(|store| plan.leaves_aws(&store.name)) {
        let copied = store.plain.as_ref().map_or(0, |plain| plain.bytes_written);
        *out.entry(store.name.clone()).or_default() += store.bytes + copied;
    }
    for (name, spec) in &plan.stores {
        let primary = (name.to_string(), Some(&spec.primary));
        let places = [primary, (second_place(name.as_str()), spec.second.as_ref())];
        let outside = places.iter().filter(|(_, location)| location.is_some_and(Location::is_outside_aws));
        let counted: Vec<u64> = outside.filter_map(|(place, _)| Some(requests.get(place)?.bytes_sent)).collect();
        if !counted.is_empty() {
            out.insert(name.to_string(), counted.iter().sum());
        }
    }
    out
}

fn told_requests(of: &Requests, prices: &Prices) -> RequestsReport {
    let Requests { puts, lists, gets, deletes, bytes_sent } = *of;
    RequestsReport { puts, lists, gets, deletes, bytes_sent, usd: dollars(of.usd(prices)) }
}

/// Dollars to the millionth.
fn dollars(usd: f64) -> f64 {
    (usd * 1e6).round() / 1e6
}

/// Seconds to the millisecond.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

fn told_dataset(
    night: &Walked<'_>,
    outcome: Outcome,
    dataset: &DatasetPlan,
    crossed: &Crossed,
    judgement: Option<&Judgement>,
) -> DatasetReport {
    let state = match judgement {
        Some(_) => DatasetState::Judged,
        None if crossed.is_whole => DatasetState::Extracted,
        None => DatasetState::Stopped,
    };
    let not_compared = || ReconciliationReport::not_compared(state.phrase());
    let rows_suppressed = (0..crossed.lanes.len()).map(|place| left_out(crossed, place)).min().unwrap_or(0);
    DatasetReport {
        name: dataset.name.to_string(),
        state,
        rows_read: crossed.rows_read,
        rows_written: crossed.rows_read - crossed.rows_bad - rows_suppressed,
        rows_suppressed,
        rows_bad: crossed.rows_bad,
        cells_beyond: crossed.nulled.iter().map(|(name, cells)| (name.to_string(), *cells)).collect(),
        since: crossed.merged.as_ref().and_then(|merged| merged.since),
        periods: crossed.periods.iter().map(|(period, rows)| PeriodReport { period: *period, rows: *rows }).collect(),
        quarantine_at: crossed.quarantine_at.clone(),
        withheld: crossed.withheld.clone(),
        source: Some(SourceReport {
            extracted_at: crossed.origin.extracted_at,
            snapshot: crossed.origin.snapshot.as_ref().map(ToString::to_string),
            server: crossed.origin.server.clone(),
            position: crossed.origin.position.clone(),
            offsets: judgement.map(|judgement| judgement.offsets.clone()).unwrap_or_default(),
        }),
        reconciliation: judgement.map_or_else(not_compared, |judgement| judgement.report.clone()),
        checks: judgement.map(|judgement| judgement.checks.clone()).unwrap_or_default(),
        stores: crossed
            .lanes
            .iter()
            .enumerate()
            .map(|(place, lane)| StoreReport {
                merge: told_merge(dataset, crossed, place),
                rows_suppressed: left_out(crossed, place),
                small_cells: told_small_cells(lane, crossed.small_cells.get(place).copied().flatten()),
                ..told_store(night, outcome, dataset, lane, crossed.told.get(place))
            })
            .collect(),
    }
}

/// Rows that an output's audience does not see.
fn left_out(crossed: &Crossed, output: usize) -> u64 {
    crossed.left_out.get(output).and_then(Option::as_ref).map_or(0, |(rows, _)| *rows)
}

/// What merging did to the table of an output.
fn told_merge(dataset: &DatasetPlan, crossed: &Crossed, output: usize) -> Option<MergeReport> {
    let WriteMode::Merge(plan) = &dataset.write else { return None };
    let of = crossed.merged.as_ref()?.outputs.get(output)?;
    Some(MergeReport {
        replaced: of.replaced,
        deleted: of.deleted,
        deleted_rows: match plan.deleted {
            Deleted::Remove => "removed",
            Deleted::Keep => "kept",
        },
        rewritten: of.again.rows,
        rows: of.merged.rows,
    })
}

fn told_store(
    night: &Walked<'_>,
    outcome: Outcome,
    dataset: &DatasetPlan,
    lane: &LaneDone,
    told: Option<&BTreeMap<String, Told>>,
) -> StoreReport {
    let committed = night.record.iter().flat_map(|record| &record.tables);
    let version = committed
        .filter(|table| table.store == lane.output.store && table.dataset == dataset.name)
        .map(|table| table.version)
        .next();
    let spec = night.plan.stores.get(&lane.output.store);
    // A run that was told to stop does not know how far the second cloud is.
    let is_unknown = outcome == Outcome::SecondPending && night.second.is_empty();
    let behind = (is_unknown && spec.is_some_and(|spec| spec.second.is_some()))
        || night.second.iter().any(|state| {
            state.store == lane.output.store && state.table == dataset.name.as_str() && state.pending.is_some()
        });
    let is_discarded =
        |failure: &Failure| matches!(failure.ending.code, 20 | 23) || failure.ending.id == ending::LIST_NEWER.id;
    let is_left = night.failures.iter().any(|failure| failure.ending.safe == ending::PARTS_LEFT);
    let discarded = night.failures.iter().any(is_discarded) && !is_left;
    let state = match (version, behind) {
        (Some(_), true) => StoreState::SecondPending,
        (Some(_), false) => StoreState::Published,
        (None, _) if outcome == Outcome::DryRun || discarded => StoreState::Nothing,
        (None, _) => StoreState::Staged,
    };
    let of = |shown: &ColumnTreatment| told.and_then(|told| told.get(shown.column.name.as_str()));
    let columns = lane.output.columns.iter().map(|shown| told_column(lane, shown, of(shown)));
    StoreReport {
        name: lane.output.store.to_string(),
        audience: lane.output.audience.to_string(),
        state,
        version,
        rows_written: lane.written.rows,
        rows_suppressed: 0,
        files: lane.files,
        bytes: lane.bytes,
        merge: None,
        plain: told_plain(night, dataset, lane),
        risk: told_risk(lane),
        small_cells: None,
        columns: columns.collect(),
    }
}

fn told_plain(night: &Walked<'_>, dataset: &DatasetPlan, lane: &LaneDone) -> Option<PlainReport> {
    let is_it = |state: &&SecondState| state.store == lane.output.store && state.table == dataset.name.as_str();
    let state = night.copies.iter().find(is_it).filter(|_| dataset.plain_copy)?;
    let followed = state.plain.clone().flatten();
    let of = |number: fn(&Followed) -> u64| followed.as_ref().map_or(0, number);
    Some(PlainReport {
        at: format!("{}/{PLAIN}/{}", lane.output.store, dataset.name),
        follows: state.pending.is_none() && followed.is_some(),
        version: followed.as_ref().map(|followed| followed.version),
        objects: of(|followed| followed.objects as u64),
        rows: of(|followed| followed.rows),
        bytes: of(|followed| followed.bytes),
        bytes_written: of(|followed| followed.bytes_written),
    })
}

fn told_risk(lane: &LaneDone) -> Option<RiskReport> {
    let (terms, risk) = lane.output.risk.as_ref().zip(lane.risk)?;
    let share = |rows: u64| (risk.share(rows) * 1e6).round() / 1e6;
    Some(RiskReport {
        quasi: terms.quasi.iter().map(ToString::to_string).collect(),
        sensitive: terms.sensitive.as_ref().map(ToString::to_string),
        groups: risk.groups,
        k_min: risk.k_min,
        under_5: share(risk.under_5),
        under_10: share(risk.under_10),
        unique: share(risk.unique),
        l_min: risk.l_min,
        beyond: risk.beyond(terms),
    })
}

fn told_small_cells(lane: &LaneDone, told: Option<SmallCellsTold>) -> Option<SmallCellsReport> {
    let (terms, told) = lane.output.small_cells.as_ref().zip(told)?;
    Some(SmallCellsReport {
        by: terms.by.iter().map(ToString::to_string).collect(),
        count: terms.count.as_ref().map(ToString::to_string),
        under: terms.under,
        total: terms.total.iter().map(ToString::to_string).collect(),
        groups: told.groups,
        small: told.small,
        beside: told.beside,
        rows: told.rows,
        open_totals: told.open_totals,
    })
}

fn told_column(lane: &LaneDone, shown: &ColumnTreatment, told: Option<&Told>) -> ColumnReport {
    let ColumnTreatment { column, treatment } = shown;
    let name = column.name.as_str();
    let fields = match treatment {
        Treatment::Fields(fields) => fields.as_slice(),
        _ => &[],
    };
    let field = |(field, told): (&FieldTreatment, &FieldTold)| FieldReport {
        path: field.path.join("."),
        treatment: field.treatment.to_string(),
        hits: told.hits,
        lacking: told.lacking,
    };
    let rounded = |share: f64| (share * 1000.0).round() / 1000.0;
    ColumnReport {
        name: name.to_owned(),
        class: column.class.to_string(),
        treatment: treatment.to_string(),
        nulls: match treatment {
            Treatment::Drop => 0,
            _ => lane.written.column(name).map_or(0, |tally| tally.nulls),
        },
        findings: lane.findings.get(name).copied().unwrap_or(0),
        looks_like: lane.content(shown).map(|found| LooksLikeReport {
            kind: found.kind,
            share: rounded(found.share),
            confidence: rounded(found.confidence),
            not_personal: column.not_personal.get(found.kind).cloned(),
        }),
        fields: told.map(|told| fields.iter().zip(&told.fields).map(field).collect()).unwrap_or_default(),
        replaced: told.map(|told| told.replaced.clone()).unwrap_or_default(),
    }
}
