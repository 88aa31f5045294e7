//! A dump whose rows were treated before they were landed: the extract is treated the same way, and then compared.
//!
//! What was dropped cannot be compared; nor what was made with a key that this environment does not have, or otherwise from one
//! run of the relay to the next. Each such column is told with its reason. A key that is not told so leaves nothing to compare by.

use super::open::Opened;
use crate::changes::{Manifests, Treated, untold};
use crate::data::{Audience, Column, ColumnType, Name, Treatment};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::{Plan, ReconcilePlan};
use crate::privacy::{ColumnTreatment, Keys, published_type, redact};
use crate::reconcile::Comparison;
use crate::world::compute;
use arrow::array::{ArrayRef, RecordBatch, new_empty_array};
use arrow::compute::cast;
use std::collections::BTreeMap;

/// What a treated dump means for a comparison.
#[derive(Clone, Debug, Default)]
pub struct TreatedDump {
    /// Column -> what was done to it there, and to the extract before they were compared.
    pub columns: BTreeMap<String, String>,
    /// Column -> why it is not compared.
    pub not_compared: BTreeMap<String, String>,
}

/// What becomes of a column.
enum Fate {
    Kept,
    Treated(Treatment),
    NotCompared(String),
}

/// The comparison with a dump that `manifests` describe.
pub async fn treated(
    comparison: Comparison,
    manifests: &Manifests,
    plan: &Plan,
    reconcile: &ReconcilePlan,
    opened: &Opened,
) -> Result<(Comparison, TreatedDump), Failure> {
    let columns: Vec<Column> = comparison.columns().into_iter().cloned().collect();
    let keys = keys(manifests, plan, opened).await?;
    let fate_at = |place: usize| fate(place, &columns, comparison.key().contains(&place), manifests, &keys);
    let fates: Vec<Fate> = (0..columns.len()).map(fate_at).collect();
    if fates.iter().all(|fate| matches!(fate, Fate::Kept)) {
        return Ok((comparison, TreatedDump::default()));
    }
    let mut dump = TreatedDump::default();
    let mut told = Vec::new();
    for (place, (column, fate)) in columns.iter().zip(&fates).enumerate() {
        let name = column.name.to_string();
        told.push(!matches!(fate, Fate::NotCompared(_)));
        match fate {
            Fate::Kept => {}
            Fate::Treated(treatment) => drop(dump.columns.insert(name, treatment.to_string())),
            Fate::NotCompared(because) if comparison.key().contains(&place) => {
                let what = format!("the dump of {} does not tell the key `{name}`: {because}", reconcile.topic);
                return Err(Failure::new(ending::COMPARISON_ERROR, Phase::Reconcile, what));
            }
            Fate::NotCompared(because) => drop(dump.not_compared.insert(name, because.clone())),
        }
    }
    let as_treated: Vec<Column> = columns.iter().zip(&fates).map(|(column, fate)| made(column, fate)).collect();
    let aside = opened.aside.clone();
    let no_room =
        |fault: crate::reconcile::CompareFault| Failure::new(ending::DISK, Phase::Reconcile, fault.to_string());
    let comparison = compute(move || {
        let treat = |place: usize, cells: &[ArrayRef]| match &fates[place] {
            Fate::Treated(treatment) => {
                let treated = as_in_the_dump(cells, &columns, place, treatment, &keys)?;
                cast(&treated, &as_treated[place].column_type.arrow()).ok()
            }
            Fate::Kept | Fate::NotCompared(_) => cells.get(place).cloned(),
        };
        comparison.treated(as_treated.clone(), told, &treat, &aside)
    });
    Ok((comparison.await.map_err(no_room)?, dump))
}

/// The keys of the domains that the dump's pseudonyms are of; none where the environment has none.
async fn keys(manifests: &Manifests, plan: &Plan, opened: &Opened) -> Result<Keys, Failure> {
    let domains = manifests.treated.values().flat_map(|treated| match treated {
        Treated::As(treatment, _) => treatment.domains(),
        Treated::InTwoWays => Vec::new(),
    });
    let domains: Vec<Name> = domains.cloned().collect();
    if plan.tokens.is_none() { Ok(Keys::none()) } else { opened.keys_of(plan, domains).await }
}

fn fate(place: usize, columns: &[Column], is_key: bool, manifests: &Manifests, keys: &Keys) -> Fate {
    let column = &columns[place];
    let names = || column.source.iter().map(String::as_str).chain([column.name.as_str()]);
    let is_within =
        |field: &String| names().any(|name| field.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')));
    if manifests.treated.keys().any(is_within) {
        return Fate::NotCompared("a part of it was treated in the dump".into());
    }
    let not_compared = |because: &str| Fate::NotCompared(because.into());
    match names().find_map(|name| manifests.treated.get(name)) {
        // What no topic tells is not compared, whatever was done to it.
        _ if untold(column.column_type).is_some() => Fate::Kept,
        None | Some(Treated::As(Treatment::Keep, _)) => Fate::Kept,
        Some(Treated::InTwoWays) => not_compared("the runs that landed the dump treated it in two ways"),
        Some(Treated::As(Treatment::Drop, _)) => not_compared("the dump does not hold it (drop)"),
        Some(Treated::As(Treatment::Null, _)) => not_compared("the dump has NULL for all of it (null)"),
        Some(Treated::As(treatment, key)) if !is_key_known(treatment, key.as_ref(), keys) => {
            not_compared(match treatment {
                Treatment::DateShift { .. } => {
                    "its dates in the dump were moved by a key that this environment does not have"
                }
                _ => "its pseudonyms in the dump are of a key that this environment does not have",
            })
        }
        // A key is looked up where nothing else of its row is at hand.
        Some(Treated::As(treatment, _)) if is_key && treatment.subject().is_some() => {
            not_compared("its dates in the dump were moved by the row's own number of days")
        }
        Some(Treated::As(treatment, _)) => {
            let none: Vec<ArrayRef> =
                columns.iter().map(|column| new_empty_array(&column.column_type.arrow())).collect();
            match as_in_the_dump(&none, columns, place, treatment, keys) {
                Some(_) => Fate::Treated(treatment.clone()),
                None => not_compared("its type takes no treatment such as the dump's"),
            }
        }
    }
}

/// Whether this environment has the key that a treatment was done with, where one is needed.
fn is_key_known(treatment: &Treatment, key: Option<&String>, keys: &Keys) -> bool {
    treatment.domains().iter().all(|domain| key.is_some() && keys.check(domain).as_ref() == key)
}

/// The cells of a column as the dump has them, by the one maker of treated rows. They stay inside, to be compared.
fn as_in_the_dump(
    cells: &[ArrayRef],
    columns: &[Column],
    place: usize,
    treatment: &Treatment,
    keys: &Keys,
) -> Option<ArrayRef> {
    let column = &columns[place];
    let of = |column: &Column, treatment: &Treatment| ColumnTreatment {
        column: column.clone(),
        treatment: treatment.clone(),
    };
    let mut shown = vec![of(column, treatment)];
    let mut with = vec![(column.name.as_str(), cells.get(place)?.clone(), true)];
    if let Some(subject) = treatment.subject().filter(|subject| **subject != column.name) {
        let at = columns.iter().position(|column| column.name == *subject)?;
        shown.push(of(&columns[at], &Treatment::Keep));
        with.push((subject.as_str(), cells.get(at)?.clone(), true));
    }
    let rows = RecordBatch::try_from_iter_with_nullable(with).ok()?;
    let redacted = redact(&rows, &shown, Audience::Restricted, &column.name, keys).ok()?;
    redacted.rows().columns().first().cloned()
}

/// The column as it is once treated.
fn made(column: &Column, fate: &Fate) -> Column {
    let Fate::Treated(treatment) = fate else { return column.clone() };
    let is_text = published_type(column, treatment) != column.column_type.published() || column.column_type.is_text();
    let column_type = if is_text { ColumnType::Text } else { column.column_type };
    Column { column_type, ..column.clone() }
}
