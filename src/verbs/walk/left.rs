//! What a comparison left behind -> Parquet in the restricted store, and its words in the report.
//!
//! `differences/<dataset>/run=<run>/<list>-00000-<8 of sha256>.parquet`: `part` has the differing rows as the policy shows them, the
//! others are named as in the README. Lists of drift hold no readable value of a column that is about a person.

use super::against::Compared;
use super::filed::{Filing, as_compared, file, shape};
use super::open::Opened;
use crate::data::scratch::ScratchFault;
use crate::data::{Column, ColumnType, Name, Treatment};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::DatasetPlan;
use crate::privacy::ColumnTreatment;
use crate::reconcile::Verdict;
use crate::reconcile::outputs::{CHANGES_MAX, ChangeState, LEDGER_BUCKETS, Listed, Outputs, Spread};
use crate::report::{
    ChangeSetReport, ChangeSetState, ComparedColumn, FingerprintReport, OutputReport, PartitionReport, SpreadReport,
    count,
};
use crate::store::PartLimits;
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, SchemaRef};
use std::collections::BTreeMap;

/// Rows that make a row group of a list.
const GROUP_ROWS: usize = 8_192;

/// Partitions that a report tells of, at most.
const PARTITIONS_TOLD_MAX: usize = 256;

/// Where everything lies.
#[derive(Default)]
pub struct Left {
    /// The differing rows.
    pub rows_at: Option<String>,
    /// The lists beside them.
    pub outputs: BTreeMap<&'static str, OutputReport>,
}

/// Rows on their way to a file.
type Rows<'a> = Box<dyn Iterator<Item = Result<RecordBatch, Failure>> + Send + 'a>;

/// How much of a column a list shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shows {
    /// What the policy shows to `restricted`.
    Policy,
    /// The same, and nothing readable that is about a person.
    NoPerson,
}

/// Files what a comparison left behind; the change set where `change_set` says that there is one. Nothing where people are to be
/// forgotten by a column of the dataset: lists of keys and cells, and pairs of which one side names somebody, do not tell whose they are.
pub async fn left(
    outputs: &Outputs,
    change_set: Option<&ChangeSetReport>,
    dataset: &DatasetPlan,
    run: &str,
    opened: &Opened,
) -> Result<Left, Failure> {
    let mut left = Left::default();
    if opened.may_hold_forgotten(dataset) {
        return Ok(left);
    }
    let filed = async |list: &str, shows: Shows, rows: Rows<'_>| -> Result<Option<String>, Failure> {
        let mut rows = rows.peekable();
        let schema = match rows.peek() {
            Some(Ok(first)) => first.schema(),
            _ => return rows.next().map_or(Ok(None), |failed| failed.map(|_| None)),
        };
        let limits = PartLimits { rows_max: u64::MAX, bytes_max: u64::MAX };
        let filing = Filing { shelf: "differences", list, dataset, run, opened, limits };
        let paths = file(rows, &shown(dataset, &schema, shows)?, &filing).await?;
        Ok(paths.into_iter().next().map(|path| format!("restricted/{path}")))
    };
    left.rows_at = filed("part", Shows::Policy, Box::new(groups(&outputs.differences))).await?;
    let mut lists: Vec<(&'static str, Shows, &Listed)> = vec![
        ("drift_rows", Shows::NoPerson, &outputs.drift_rows),
        ("drift_cells", Shows::NoPerson, &outputs.drift_cells),
    ];
    if change_set.is_some_and(|report| report.state == ChangeSetState::Proven) {
        lists.push(("changeset", Shows::Policy, &outputs.changes.images));
    }
    for (name, shows, list) in lists {
        if let Some(at) = filed(name, shows, Box::new(groups(list))).await? {
            let rows_of = (list.found() > list.rows()).then(|| list.found());
            left.outputs.insert(name, OutputReport { at, rows: list.rows(), rows_of });
        }
    }
    for (name, rows) in [
        ("stream_health", &outputs.stream_health),
        ("column_stats", &outputs.column_stats),
        ("fingerprints", &outputs.fingerprints),
    ] {
        if let Some(at) = filed(name, Shows::NoPerson, Box::new(std::iter::once(Ok(rows.clone())))).await? {
            left.outputs.insert(name, OutputReport { at, rows: rows.num_rows() as u64, rows_of: None });
        }
    }
    Ok(left)
}

/// The rows of a list, as many together as make a row group.
fn groups(list: &Listed) -> impl Iterator<Item = Result<RecordBatch, Failure>> {
    let no_room = |fault: ScratchFault| Failure::new(ending::DISK, Phase::Reconcile, fault.to_string());
    let mut rows = list.iter();
    std::iter::from_fn(move || {
        let (mut waiting, mut count) = (Vec::new(), 0);
        while count < GROUP_ROWS {
            match rows.next() {
                Some(Ok(more)) => {
                    count += more.num_rows();
                    waiting.push(more);
                }
                Some(Err(fault)) => return Some(Err(no_room(fault))),
                None => break,
            }
        }
        let schema = waiting.first().map(RecordBatch::schema)?;
        Some(concat_batches(&schema, &waiting).map_err(|_| shape()))
    })
}

/// How the columns of a list are treated: those of the data as the policy says, ours are kept.
fn shown(dataset: &DatasetPlan, schema: &SchemaRef, shows: Shows) -> Result<Vec<ColumnTreatment>, Failure> {
    let columns = schema.fields().iter().map(|field| {
        let planned = dataset.set_aside.iter().find(|shown| shown.column.name.as_str() == field.name());
        if let Some(planned) = planned {
            let is_readable = planned.column.class.is_personal() && planned.treatment == Treatment::Keep;
            let shown = as_compared(planned.clone(), field.data_type());
            return Some(match shows {
                Shows::NoPerson if is_readable => ColumnTreatment { treatment: Treatment::Null, ..shown },
                _ => shown,
            });
        }
        let column_type = match field.data_type() {
            DataType::Int64 => ColumnType::Bigint,
            DataType::Int32 => ColumnType::Integer,
            DataType::Boolean => ColumnType::Boolean,
            _ => ColumnType::Text,
        };
        let column = Column::plain(Name::new(field.name()).ok()?, column_type);
        Some(ColumnTreatment { column, treatment: Treatment::Keep })
    });
    columns.collect::<Option<_>>().ok_or_else(shape)
}

/// Whether there is a change set, and why not.
pub fn change_set(compared: &Compared, dataset: &DatasetPlan, opened: &Opened) -> ChangeSetReport {
    let Compared { outcome, judged, treated, .. } = compared;
    let outputs = &outcome.outputs;
    let changes = outputs.changes.changes;
    let undecided = outcome.counts.undecided();
    let refused = |phrase: String| ChangeSetReport { state: ChangeSetState::Refused, changes: 0, phrase };
    let hidden = dataset
        .set_aside
        .iter()
        .find(|shown| shown.treatment != Treatment::Keep && dataset.extract.columns.contains(&shown.column.name));
    match (judged.verdict, outputs.changes.state) {
        (Verdict::Inconclusive(_), _) => {
            refused("the comparison is inconclusive: nobody knows what is to be changed".into())
        }
        (Verdict::Error, _) => refused("the comparison cannot be made".into()),
        (_, ChangeState::TooMany) => refused(format!("more than {} keys differ", count(CHANGES_MAX))),
        (_, ChangeState::Unproven) => {
            refused("applied to the topic's state it did not come to the extract's (please report this)".into())
        }
        (Verdict::Match | Verdict::Drift, ChangeState::Proven) if changes == 0 => {
            ChangeSetReport { state: ChangeSetState::NotNeeded, changes, phrase: "no row differs".into() }
        }
        (Verdict::Match | Verdict::Drift, ChangeState::Proven) if opened.may_hold_forgotten(dataset) => {
            refused("people are to be forgotten, and rows of theirs may be among those that differ".into())
        }
        (Verdict::Match | Verdict::Drift, ChangeState::Proven) if !treated.columns.is_empty() => {
            refused("the topic's dump was treated: what it holds is not what the database has".into())
        }
        (Verdict::Match | Verdict::Drift, ChangeState::Proven) => match hidden {
            Some(shown) => refused(format!("the restricted store does not keep `{}` as it is", shown.column.name)),
            None => {
                let undecided = match undecided {
                    0 => String::new(),
                    many => format!("; undecided keys are left alone ({many})"),
                };
                let phrase = format!(
                    "applied to the topic's state, once and twice, it comes to the extract's: MATCH{undecided}"
                );
                ChangeSetReport { state: ChangeSetState::Proven, changes, phrase }
            }
        },
    }
}

/// How the compared columns came out.
pub fn columns(outputs: &Outputs, dataset: &DatasetPlan) -> Vec<ComparedColumn> {
    let names = dataset.extract.columns.iter();
    let all = names.zip(&outputs.columns).filter(|(name, _)| !dataset.schema.is_key(name));
    let told = all.filter(|(_, stats)| stats.compared + stats.unknown > 0).map(|(name, stats)| ComparedColumn {
        name: name.to_string(),
        compared: stats.compared,
        different: stats.different,
        tolerated: stats.tolerated,
        unknown: stats.unknown,
    });
    told.collect()
}

/// The fingerprints of both sides.
pub fn fingerprints(outputs: &Outputs) -> FingerprintReport {
    let [extract, topic] = outputs.prints.clone();
    FingerprintReport { extract, topic, buckets: LEDGER_BUCKETS as u64, buckets_differing: outputs.buckets_differing }
}

/// Where in the range of keys rows differ.
pub fn spread(outputs: &Outputs) -> Option<SpreadReport> {
    let (column, spread) = outputs.spread.as_ref()?;
    let (keys, differing) = apart(spread);
    (!keys.is_empty()).then(|| SpreadReport { column: column.clone(), keys, differing })
}

fn apart(spread: &Spread) -> (Vec<u64>, Vec<u64>) {
    spread.bins().iter().copied().unzip()
}

/// The stream's partitions.
pub fn partitions(outputs: &Outputs) -> Vec<PartitionReport> {
    let told = outputs.partitions.iter().take(PARTITIONS_TOLD_MAX).map(|health| {
        let (keys_at, differing_at) = apart(&health.keys.places);
        PartitionReport {
            partition: health.partition,
            positions: health.range,
            lacking_offsets: health.lacking,
            again: health.again,
            passed: health.is_passed,
            keys: health.keys.keys,
            differing: health.keys.differing,
            keys_at,
            differing_at,
        }
    });
    told.collect()
}
