//! One dataset: rows -> conformed -> tallied, put aside, redacted and encoded, many at once -> staged, in their order.
//!
//! ```text
//! source -> units of rows -> [ conform, tally, redact, encode ] on every core -> lanes, in the order of the rows
//!                                    bounded: as many units as cores and one, or as fit into memory
//! ```

use super::Options;
use super::crossed::Crossed;
use super::filed::with_reasons;
use super::held::{Unseen, not_held, release};
use super::lane::Lane;
use super::merged::Merging;
use super::open::Opened;
use super::unit::{Done, Made, Terms, Unit, add_told, encoders_for, no_room, work};
use crate::data::{Column, Extract, Name, Treatment};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::format::spill::Spill;
use crate::job::{CheckedBy, DatasetPlan, OutputPlan, Plan, ReconcilePlan, SideOf};
use crate::privacy::{Held, RiskMeter};
use crate::reconcile::claims::{Gathered, Take, Taker};
use crate::reconcile::{Comparison, Tally, UniqueKeys};
use crate::source::Source;
use crate::store::{Encoder, PartLimits, Parts, Staging};
use crate::world::{Progress, TableProgress, compute};
use arrow::datatypes::{Field, Schema, SchemaRef};
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The part of a full file below which one is small.
const SMALL_PART: u64 = 8;

/// Carries one dataset over. Failures bring along what was staged, so that it can be discarded.
pub async fn cross(
    dataset: &DatasetPlan,
    plan: &Plan,
    run: &str,
    opened: &mut Opened,
    progress: &Progress,
    options: &Options,
) -> Result<Crossed, (Vec<Failure>, Option<Crossed>)> {
    let table = progress.table(dataset.name.as_str());
    let columns: Vec<Column> =
        dataset.extract.columns.iter().filter_map(|name| dataset.schema.column(name.as_str()).cloned()).collect();
    let fields = columns.iter().map(|column| Field::new(column.name.as_str(), column.column_type.arrow(), true));
    let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let Opened { sources, stores, keys, forgotten, seal, recognisers, aside, waiting_room, .. } = opened;
    let Some(source) = sources.get_mut(&dataset.from) else {
        let what = format!("source `{}` was not opened", dataset.from);
        return Err((vec![Failure::new(ending::NOT_THERE, Phase::Extract, what)], None));
    };
    let is_checked = plan.datasets.iter().flat_map(|dataset| &dataset.checks).any(|check| match &check.how {
        CheckedBy::Sql(sql) => names(sql, &dataset.name),
        CheckedBy::Claim(_) => false,
    });
    let is_shown = dataset.checks.iter().any(|check| match &check.how {
        CheckedBy::Sql(_) => false,
        CheckedBy::Claim(claim) => claim.needs_all_rows(),
    });
    let (sides, takes): (Vec<SideOf>, Vec<Take>) = plan.takes(&dataset.name).into_iter().unzip();
    let Some(takers) = takes.into_iter().map(|take| Taker::new(take, &columns)).collect() else {
        let what = "a check looks at a column that is not extracted";
        return Err((vec![Failure::new(ending::JOB_INVALID, Phase::Extract, what)], None));
    };
    let comparison = |against: &ReconcilePlan| {
        let whole = Comparison::new(columns.clone(), &dataset.schema.key, &against.tolerate, seal, aside);
        let whole = whole.without(&dataset.looked_at);
        match dataset.write.within() {
            Some(within) => whole.within(within),
            None => whole,
        }
    };
    // The comparison looks at the keys itself.
    let unique: Vec<Column> = match &dataset.reconcile {
        Some(_) => Vec::new(),
        None => dataset.schema.key.iter().filter_map(|key| columns.iter().find(|c| c.name == *key).cloned()).collect(),
    };
    let mut crossed = Crossed {
        name: dataset.name.clone(),
        origin: source.origin().clone(),
        is_whole: false,
        rows_read: 0,
        rows_bad: 0,
        first_bad: None,
        bad: Spill::new(aside),
        quarantine_at: None,
        nulled: BTreeMap::new(),
        withheld: Vec::new(),
        periods: Vec::new(),
        read: Tally::default(),
        kept: (is_checked || is_shown).then(|| Spill::new(aside)),
        gathered: sides.into_iter().map(|side| (side, Gathered::new(aside))).collect(),
        schema: Arc::clone(&schema),
        comparison: dataset.reconcile.as_ref().map(comparison),
        unique: (!unique.is_empty()).then(|| UniqueKeys::new(aside)),
        keys: None,
        merged: None,
        merging: None,
        left_out: dataset.outputs.iter().map(|_| None).collect(),
        unseen: dataset.outputs.iter().map(|_| Unseen::default()).collect(),
        held: dataset.outputs.iter().map(|output| Some(Held::new(output.small_cells.as_ref()?, aside))).collect(),
        small_cells: dataset.outputs.iter().map(|_| None).collect(),
        told: dataset.outputs.iter().map(|_| BTreeMap::new()).collect(),
        lanes: Vec::new(),
    };
    let again = options.again.is_some();
    match Merging::begin(dataset, plan, stores, keys, aside, again).await {
        Ok(merging) => crossed.merging = merging,
        Err(failure) => return Err((vec![failure], None)),
    }
    let since = crossed.merging.as_ref().and_then(Merging::since);
    let asked: Vec<Extract> =
        dataset.extracts().iter().map(|asked| Extract { since: since.clone(), ..asked.clone() }).collect();
    let terms = Arc::new(Terms {
        columns,
        unique,
        are_rows_kept: crossed.comparison.is_some() || crossed.kept.is_some() || crossed.merging.is_some(),
        outputs: dataset.outputs.clone(),
        takers,
        dataset: dataset.name.clone(),
        keys: Arc::clone(keys),
        forgotten: Arc::clone(forgotten),
        cell_bytes_max: plan.limits.cell_bytes_max,
        run: run.to_owned(),
        snapshot: crossed.origin.snapshot.as_ref().map(ToString::to_string),
    });
    let limits = PartLimits { rows_max: plan.limits.part_rows_max as u64, bytes_max: plan.limits.part_bytes_max };
    let start = |encoders: &[Encoder]| -> Vec<Lane> {
        let lane = |(output, encoder): (&OutputPlan, &Encoder)| {
            let store = stores.get(&output.store).filter(|_| !options.dry_run);
            let staging = store.map(|store| Staging::new(store, &dataset.name, run, encoder.schema(), waiting_room));
            let meter = output.risk.as_ref().map(|terms| RiskMeter::new(terms, aside));
            Lane::start(output, Parts::new(encoder, limits), staging, Arc::clone(recognisers), meter)
        };
        dataset.outputs.iter().zip(encoders).map(lane).collect()
    };
    let mut lanes = Vec::new();
    let mut encoders = None;
    let mut extracted = Ok(());
    for (place, extract_of) in asked.iter().enumerate() {
        let asked = Asked { extract: extract_of, is_last: place + 1 == asked.len() };
        extracted = extract(
            source.as_mut(),
            asked,
            dataset,
            plan,
            &terms,
            &schema,
            &start,
            &mut encoders,
            &mut crossed,
            &mut lanes,
            &table,
        )
        .await;
        if extracted.is_err() {
            break;
        }
    }
    let small = plan.limits.part_bytes_max / SMALL_PART;
    if let (Ok(()), Some(merging), Some(encoders)) = (&extracted, crossed.merging.take(), &encoders) {
        match merging.finish(source.as_mut(), dataset, encoders, &mut lanes, small).await {
            Ok(merged) => crossed.merged = Some(merged),
            Err(failure) => extracted = Err(failure),
        }
    }
    // Beside the last parts, which one core looks at.
    let keys = crossed.unique.take().filter(|_| extracted.is_ok()).map(|keys| compute(move || keys.finish()));
    // All of them: a bad row must not hide the personal data that a lane found in the rows before it.
    let mut failures = Vec::new();
    for lane in lanes {
        let (done, finished) = lane.finish().await;
        crossed.lanes.push(done);
        failures.extend(finished.err());
    }
    if let Some(keys) = keys {
        crossed.keys = Some(keys.await);
    }
    // A lane that failed is why the rows could go no further.
    let own = extracted.err().filter(|failure| failures.is_empty() || failure.ending != LANE_GONE);
    failures.extend(own);
    if failures.is_empty() {
        failures.extend(lacking_fields(dataset, &crossed));
    }
    crossed.origin = source.origin().clone();
    crossed.is_whole = failures.is_empty();
    if failures.is_empty() { Ok(crossed) } else { Err((failures, Some(crossed))) }
}

/// How the failure of a row that found its lane gone ends, should the lane's own not be known.
const LANE_GONE: ending::Ending = ending::STORE_AWAY;

/// One of the things that are asked of the source for a dataset.
#[derive(Clone, Copy)]
struct Asked<'a> {
    extract: &'a Extract,
    is_last: bool,
}

#[expect(clippy::too_many_arguments, reason = "the one loop of the walk: everything that a row meets is named here")]
async fn extract(
    source: &mut dyn Source,
    asked: Asked<'_>,
    dataset: &DatasetPlan,
    plan: &Plan,
    terms: &Arc<Terms>,
    schema: &SchemaRef,
    start: &dyn Fn(&[Encoder]) -> Vec<Lane>,
    encoders: &mut Option<Arc<Vec<Encoder>>>,
    crossed: &mut Crossed,
    lanes: &mut Vec<Lane>,
    table: &TableProgress,
) -> Result<(), Failure> {
    let away = |error| Failure::source(&error, Phase::Extract);
    let within = asked.extract.within.clone();
    let period = within.as_ref().map(|within| within.period);
    for lane in lanes.iter_mut() {
        lane.turn_to(period).await?;
    }
    let mut extraction = source.extract(asked.extract).await.map_err(away)?;
    crossed.withheld = std::mem::take(&mut extraction.withheld);
    if let Some(rows) = extraction.rows_expected {
        table.expects(crossed.rows_read + rows);
    }
    let mut running = FuturesOrdered::new();
    let before = crossed.rows_read;
    let (mut unit, mut ordinal, mut ended) = (Unit::default(), before, false);
    let at_once = plan.limits.units_max(rayon::current_num_threads());
    while !ended || !running.is_empty() {
        tokio::select! {
            Some(done) = running.next(), if !running.is_empty() => absorb(done?, dataset, crossed, lanes, table).await?,
            raw = extraction.batches.next(), if !ended && running.len() < at_once => {
                match raw {
                    Some(raw) => unit.push(raw.map_err(away)?),
                    None => ended = true,
                }
                if !(unit.is_full(&plan.limits) || (ended && (unit.rows > 0 || (asked.is_last && encoders.is_none())))) {
                    continue;
                }
                let encoders = match encoders.as_ref() {
                    Some(encoders) => Arc::clone(encoders),
                    None => {
                        // How columns are encoded is chosen once, by the first rows; without rows by their types.
                        let (terms, schema, first) = (Arc::clone(terms), Arc::clone(schema), unit.batches.first().cloned());
                        let made = compute(move || encoders_for(&terms, first, &schema)).await?;
                        *lanes = start(&made);
                        for lane in lanes.iter_mut() {
                            lane.turn_to(period).await?;
                        }
                        Arc::clone(encoders.insert(Arc::new(made)))
                    }
                };
                let (terms, full, first) = (Arc::clone(terms), std::mem::take(&mut unit), ordinal);
                ordinal += full.rows as u64;
                let within = within.clone();
                running.push_back(compute(move || work(&terms, within.as_ref(), &encoders, full, first)));
            }
        }
    }
    if let Some(encoders) = encoders.as_ref() {
        release(dataset, &plan.limits, encoders, crossed, lanes).await?;
    }
    crossed.periods.extend(period.map(|period| (period, crossed.rows_read - before)));
    Ok(())
}

/// Takes a unit that is done, in the order of the rows.
async fn absorb(
    done: Done,
    dataset: &DatasetPlan,
    crossed: &mut Crossed,
    lanes: &mut [Lane],
    table: &TableProgress,
) -> Result<(), Failure> {
    crossed.rows_read += done.rows;
    crossed.read = std::mem::take(&mut crossed.read).and(done.tally);
    for keys in done.keys {
        if let Some(unique) = &mut crossed.unique {
            unique.add(keys).map_err(no_room)?;
        }
    }
    for ((_, gathered), taken) in crossed.gathered.iter_mut().zip(done.taken) {
        taken.into_iter().try_for_each(|taken| gathered.add(taken)).map_err(no_room)?;
    }
    for batch in done.batches {
        crossed.rows_bad += batch.bad.len() as u64;
        for (name, cells) in &batch.nulled {
            *crossed.nulled.entry(name.clone()).or_default() += cells;
        }
        if let Some(first) = batch.bad.first() {
            crossed.first_bad.get_or_insert_with(|| first.clone());
            crossed.bad.push(with_reasons(&batch)?).map_err(|fault| no_room(fault.into()))?;
        }
        if let Some(merging) = &mut crossed.merging {
            merging.add(&batch.rows)?;
        }
        if let Some(comparison) = &mut crossed.comparison {
            comparison.add_extract(&batch).map_err(no_room)?;
        }
        if let Some(kept) = &mut crossed.kept {
            kept.push(batch.rows).map_err(|fault| no_room(fault.into()))?;
        }
    }
    for (told, more) in crossed.told.iter_mut().zip(done.told) {
        add_told(told, more);
    }
    for (all, more) in crossed.left_out.iter_mut().zip(done.left_out) {
        if let Some((rows, tally)) = more {
            let (before, so_far) = all.take().unwrap_or_default();
            *all = Some((before + rows, so_far.and(tally)));
        }
    }
    let mut written = 0;
    for ((lane, made), held) in lanes.iter_mut().zip(done.made).zip(&mut crossed.held) {
        match (made, held) {
            (Made::Encoded(encoded), _) => written += lane.append(encoded).await?,
            (Made::Held(rows), Some(held)) => {
                rows.into_iter().try_for_each(|rows| held.push(rows)).map_err(|fault| not_held(&fault))?;
            }
            (Made::Held(_), None) => {}
        }
    }
    table.add(done.rows, written);
    if crossed.rows_bad > dataset.bad_rows_max {
        return Err(Failure::new(ending::BAD_ROWS, Phase::Extract, bad_rows(dataset, crossed)));
    }
    Ok(())
}

/// Fields of JSON that no row of the run had, also of those that are left out, though they are declared or rows are left out by them: they
/// have another name now, and what stands under that is seen by nobody, or leaves no row out. By what only rows of people have who are to
/// be forgotten none is left out either.
fn lacking_fields(dataset: &DatasetPlan, crossed: &Crossed) -> Vec<Failure> {
    let mut lacking = BTreeMap::new();
    for (output, told) in dataset.outputs.iter().zip(&crossed.told) {
        for shown in &output.columns {
            let Treatment::Fields(fields) = &shown.treatment else { continue };
            let told = told.get(shown.column.name.as_str()).map(|told| told.fields.as_slice()).unwrap_or_default();
            let lacks = fields.iter().zip(told).filter(|(field, told)| !field.optional && told.is_gone());
            let of = |path: &[String]| format!("`{}` that `{}` declares", path.join("."), shown.column.name);
            lacking.extend(lacks.map(|(field, told)| (of(&field.path), told.lacking_anywhere())));
        }
        for condition in output.suppress_rows.iter().filter(|asked| !asked.path.is_empty() && !asked.optional) {
            let told = told.get(&condition.place()).and_then(|told| told.fields.first());
            let (path, column) = (condition.path.join("."), &condition.column);
            let of = format!("`{path}` of `{column}` by which rows are left out");
            lacking.extend(told.filter(|told| told.is_gone()).map(|told| (of, told.lacking_anywhere())));
        }
    }
    let failed = |(field, places): (String, u64)| {
        let what = format!("no row has the field {field} (places looked at: {places})");
        Failure::new(ending::PATH_LACKING, Phase::Redact, what)
    };
    lacking.into_iter().map(failed).collect()
}

/// Where the first bad row is and what is wrong with it, never what is in it.
fn bad_rows(dataset: &DatasetPlan, crossed: &Crossed) -> String {
    let first =
        crossed.first_bad.as_ref().map(|bad| format!("; row {}: `{}` is {}", bad.ordinal, bad.column, bad.fault));
    format!(
        "{} of {} rows are bad, {} are allowed{}",
        crossed.rows_bad,
        crossed.rows_read,
        dataset.bad_rows_max,
        first.unwrap_or_default()
    )
}

/// Whether some SQL mentions a dataset.
fn names(sql: &str, dataset: &Name) -> bool {
    sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == dataset.as_str())
}
