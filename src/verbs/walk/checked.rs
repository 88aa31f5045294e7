//! What the checks of a night come to: claims by what was gathered while rows came, SQL over rows that were put aside.
//!
//! Never in here: what a claim is (`reconcile::claims`), and the keys of another job's table (`looked_up`).

use super::Options;
use super::crossed::Crossed;
use super::filed::breaches;
use super::looked_up::{LookedUp, looked_up};
use super::open::Opened;
use crate::data::{NoRoom, beside};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::{CheckPlan, CheckedBy, DatasetPlan, Plan, Severity, SideOf};
use crate::reconcile::claims::{Broken, Claim, ClaimFault, Gathered, Of, settle};
use crate::reconcile::{CheckFault, CheckOutcome, CheckTable, check};
use crate::report::{CheckReport, Counted};
use crate::world::compute;
use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringViewArray, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::Int64Type;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Places of rows that a report tells of one check.
const PLACES_TOLD_MAX: usize = 10;

/// Makes every check. Every failure is told, not only the first.
pub async fn checked(
    plan: &Plan,
    run: &str,
    crossed: &mut [Crossed],
    opened: &Opened,
    options: &Options,
) -> (Vec<Vec<CheckReport>>, Vec<Failure>) {
    let mut gathered: BTreeMap<SideOf, Gathered> =
        crossed.iter_mut().flat_map(|crossed| std::mem::take(&mut crossed.gathered)).collect();
    let (mut reports, mut failures) = (Vec::new(), Vec::new());
    for (place, dataset) in plan.datasets.iter().enumerate() {
        let (mut of_dataset, mut rows) = (Vec::new(), Vec::new());
        for (check, planned) in dataset.checks.iter().enumerate() {
            let made = match &planned.how {
                CheckedBy::Sql(sql) => by_sql(plan, crossed, sql),
                CheckedBy::Claim(claim) => {
                    let mut sides = Vec::new();
                    while let Some(side) = gathered.remove(&SideOf { dataset: place, check, side: sides.len() }) {
                        sides.push(side);
                    }
                    by_claim(plan, dataset, claim, sides, opened).await
                }
            };
            let made = match made {
                Ok(made) => made,
                Err(failure) => {
                    // Whatever it would have come to: it was not made, and that is how the run ends.
                    of_dataset.push(report(planned, &Made::by_reason(false, Some(failure.what.clone()))));
                    let what = format!("the check `{}` cannot be made: {}", planned.name, failure.what);
                    failures.push(Failure { what, ..failure }.of(&dataset.name));
                    continue;
                }
            };
            let mut told = report(planned, &made);
            if !made.holds && planned.severity == Severity::Error {
                let because = told.because().map(|because| format!(": {because}")).unwrap_or_default();
                let what = format!("the check `{}` {}{because}", planned.name, told.standing());
                failures.push(Failure::new(ending::CHECK_FAILED, Phase::Reconcile, what).of(&dataset.name));
            }
            if let (Some(broken), Some(crossed)) = (made.broken, crossed.get(place)) {
                match shown(&planned.name, broken, dataset, crossed) {
                    Ok(found) => {
                        told.rows_at = (!found.is_empty()).then(String::new);
                        rows.extend(found);
                    }
                    Err(failure) => failures.push(failure.of(&dataset.name)),
                }
            }
            of_dataset.push(told);
        }
        let filed = if options.dry_run { Ok(None) } else { breaches(&rows, dataset, run, opened).await };
        let path = filed.unwrap_or_else(|failure| {
            failures.push(failure.of(&dataset.name));
            None
        });
        for report in &mut of_dataset {
            report.rows_at = report.rows_at.take().and(path.as_ref()).map(|path| format!("restricted/{path}"));
        }
        reports.push(of_dataset);
    }
    (reports, failures)
}

/// A check, made.
struct Made {
    holds: bool,
    reason: Option<String>,
    looked_up: Option<String>,
    broken: Option<Broken>,
}

impl Made {
    fn by_reason(holds: bool, reason: Option<String>) -> Self {
        Made { holds, reason, looked_up: None, broken: None }
    }
}

fn by_sql(plan: &Plan, crossed: &[Crossed], sql: &str) -> Result<Made, Failure> {
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
    match check(&tables, sql, plan.limits.memory_bytes_max) {
        Ok(CheckOutcome::Holds) => Ok(Made::by_reason(true, None)),
        Ok(CheckOutcome::Fails(reason)) => Ok(Made::by_reason(false, reason.map(str::to_owned))),
        Ok(CheckOutcome::Fault(fault)) => Ok(Made::by_reason(false, Some(format!("its SQL {fault}")))),
        Err(CheckFault::Memory(no_room)) => Err(no_memory(&no_room)),
        Err(CheckFault::Scratch(fault)) => Err(no_disk(&fault)),
    }
}

fn no_memory(no_room: &NoRoom) -> Failure {
    Failure::new(ending::MEMORY, Phase::Reconcile, format!("it {no_room}"))
}

fn no_disk(fault: &dyn std::fmt::Display) -> Failure {
    Failure::new(ending::DISK, Phase::Reconcile, fault.to_string())
}

async fn by_claim(
    plan: &Plan,
    dataset: &DatasetPlan,
    claim: &Claim,
    mut sides: Vec<Gathered>,
    opened: &Opened,
) -> Result<Made, Failure> {
    if sides.len() != claim.sides(&dataset.name).len() {
        // Nothing is held against a side that is not there: that would be agreed with.
        return Err(Failure::new(ending::COMPARISON_ERROR, Phase::Reconcile, "the rows of one side are lacking"));
    }
    let mut version = None;
    if let Claim::References(columns, of) = claim
        && let Some(by) = &of.published
    {
        match looked_up(plan, dataset, columns, of, by, opened).await? {
            LookedUp::Keys(keys, found) => {
                sides.push(keys);
                version = Some(format!("version {found} of `{}` in `{}`", of.dataset, by.store));
            }
            LookedUp::Not(reason) => return Ok(Made::by_reason(false, Some(reason))),
        }
    }
    let (claim, bytes_max) = (claim.clone(), plan.limits.memory_bytes_max);
    let broken = compute(move || settle(&claim, sides, bytes_max)).await.map_err(|fault| match fault {
        ClaimFault::Memory(no_room) => no_memory(&no_room),
        ClaimFault::Aside(fault) => no_disk(&fault),
    })?;
    Ok(Made { holds: broken.count == 0, reason: broken.reason.clone(), looked_up: version, broken: Some(broken) })
}

fn report(planned: &CheckPlan, made: &Made) -> CheckReport {
    let at_fault = made.broken.as_ref().filter(|broken| broken.count > 0);
    let counted = |broken: &Broken| match broken.of {
        Of::Rows => Counted::Rows,
        Of::Groups => Counted::Groups,
        Of::Days => Counted::Days,
    };
    let places = at_fault.map(|broken| broken.places.as_slice()).unwrap_or_default();
    CheckReport {
        name: planned.name.clone(),
        kind: match &planned.how {
            CheckedBy::Sql(_) => "sql",
            CheckedBy::Claim(claim) => claim.kind(),
        },
        holds: made.holds,
        severity: planned.severity,
        broken: made.broken.as_ref().map(|broken| broken.count),
        counted: at_fault.map(counted),
        rows: places.iter().copied().take(PLACES_TOLD_MAX).collect(),
        looked_up: made.looked_up.clone(),
        reason: made.reason.clone(),
        rows_at: None,
    }
}

/// The rows of a broken claim that a person may look at: their place in the extract and the check beside their columns.
fn shown(check: &str, broken: Broken, dataset: &DatasetPlan, crossed: &Crossed) -> Result<Vec<RecordBatch>, Failure> {
    let Broken { places, rows, .. } = broken;
    let rows = if rows.is_empty() && !places.is_empty() { at(crossed, &places)? } else { rows };
    let shape = || Failure::new(ending::COMPARISON_ERROR, Phase::Reconcile, "rows of a check do not fit together");
    let named = |name: &str| beside(name, |name| dataset.schema.column(name).is_some());
    let mut places = places.into_iter();
    let with_reason = |rows: RecordBatch| {
        let here: Vec<i64> = places.by_ref().take(rows.num_rows()).map(|place| place as i64).collect();
        let about: [(&str, ArrayRef); 2] = [
            ("broken_row", Arc::new(Int64Array::from(here))),
            ("broken_check", Arc::new(StringViewArray::from_iter_values((0..rows.num_rows()).map(|_| check)))),
        ];
        let about = about.into_iter().map(|(name, cells)| (named(name), cells));
        let schema = rows.schema();
        let cells = schema.fields().iter().map(|field| field.name().clone()).zip(rows.columns().iter().cloned());
        RecordBatch::try_from_iter_with_nullable(about.chain(cells).map(|(name, cells)| (name, cells, true)))
            .map_err(|_| shape())
    };
    rows.into_iter().map(with_reason).collect()
}

/// The rows at `places` of the extract, in order.
fn at(crossed: &Crossed, places: &[u64]) -> Result<Vec<RecordBatch>, Failure> {
    let Some(kept) = &crossed.kept else { return Ok(Vec::new()) };
    let mut bad = Vec::new();
    for rows in crossed.bad.iter() {
        let rows = rows.map_err(|fault| no_disk(&fault))?;
        bad.extend(rows.column(0).as_primitive::<Int64Type>().values().iter().map(|place| *place as u64));
    }
    // The good rows were kept without the bad ones among them.
    let among_good = |place: u64| place - bad.partition_point(|bad| *bad < place) as u64;
    let mut wanted = places.iter().map(|place| among_good(*place)).peekable();
    let (mut found, mut before) = (Vec::new(), 0);
    for rows in kept.iter() {
        if wanted.peek().is_none() {
            break;
        }
        let rows = rows.map_err(|fault| no_disk(&fault))?;
        let after = before + rows.num_rows() as u64;
        let mut here = Vec::new();
        while let Some(place) = wanted.next_if(|place| *place < after) {
            here.push((place - before) as u32);
        }
        if !here.is_empty() {
            let taken = take_record_batch(&rows, &UInt32Array::from(here));
            found.push(taken.map_err(|_| no_disk(&"its rows do not fit together"))?);
        }
        before = after;
    }
    Ok(found)
}
