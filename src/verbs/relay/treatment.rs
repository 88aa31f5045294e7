//! What is done to the records of a topic, by the schemas of the datasets that are compared with it, or of its own table; or why
//! nothing can be.

use super::super::walk;
use super::{Failure, Name, Plan, Reading};
use crate::changes::Payload;
use crate::data::{Audience, OnNewColumn, Schema, Treatment};
use crate::ending;
use crate::failure::Phase;
use crate::privacy::{self, ColumnTreatment, Keys};
use crate::relay::TopicTreatment;
use std::path::Path;
use std::sync::Arc;

/// What is done to a topic's records for `audience`; none where they are landed as they are. A heartbeat has no columns.
pub(super) async fn treatment(
    plan: &Plan,
    from: &Name,
    topic: &str,
    audience: Audience,
    reading: &Reading,
    root: &Path,
) -> Result<Option<Arc<TopicTreatment>>, Failure> {
    let invalid = |what: String| Failure::new(ending::JOB_INVALID, Phase::Open, what);
    let mut all = of(plan, from, topic);
    let Some(Of { name, schema, hash }) = all.next() else {
        if audience == Audience::Restricted {
            return Ok(None);
        }
        let made = TopicTreatment::new(from, Vec::new(), audience, true, reading, Arc::new(Keys::none()));
        return made.map(|made| Some(Arc::new(made))).map_err(|fault| Failure::relay(&fault));
    };
    let shown = schema.columns.iter().map(|column| {
        let treatment = privacy::treatment(column, audience);
        let treatment = treatment.map_err(|fault| invalid(format!("column `{}` {fault}", column.name)))?;
        Ok(ColumnTreatment { column: column.clone(), treatment })
    });
    let shown = shown.collect::<Result<Vec<_>, Failure>>()?;
    if audience == Audience::Restricted && shown.iter().all(|shown| shown.treatment == Treatment::Keep) {
        return Ok(None);
    }
    let refused = if all.any(|other| other.hash != hash) {
        Some("is that of datasets of several schemas")
    } else if matches!(reading.payload, Payload::Dms | Payload::Wal2json) {
        Some("holds values of another payload than Debezium's")
    } else if shown.iter().any(|shown| !shown.treatment.vaults().is_empty()) {
        Some("has a column with the treatment `token`, which a night alone gives")
    } else if schema.suppress_rows.contains_key(&audience)
        || schema.small_cells.contains_key(&audience)
        || schema.risk.contains_key(&audience)
    {
        Some("has rows that are left out, or weighed, for which a whole table is needed")
    } else {
        None
    };
    if let Some(because) = refused {
        let hint = "hint: land it for `restricted`, and let the night treat it";
        return Err(invalid(format!("topic `{topic}` cannot be landed for `{audience}`: it {because}; {hint}")));
    }
    let domains = shown.iter().flat_map(|shown| shown.treatment.domains()).cloned().collect();
    let keys = Arc::new(walk::keys_of(plan, root, domains).await?);
    let leaves_new_out = schema.on_new_column == OnNewColumn::Withhold;
    let made = TopicTreatment::new(name, shown, audience, leaves_new_out, reading, keys);
    made.map(|made| Some(Arc::new(made))).map_err(|fault| Failure::relay(&fault))
}

/// A schema of a topic's rows, and whose it is.
struct Of<'a> {
    name: &'a Name,
    schema: &'a Schema,
    hash: &'a str,
}

/// The schemas of a topic: those of the datasets that are compared with it, and its own table's.
fn of<'a>(plan: &'a Plan, from: &'a Name, topic: &'a str) -> impl Iterator<Item = Of<'a>> {
    let compared = plan.datasets.iter().filter(move |dataset| {
        dataset.reconcile.as_ref().is_some_and(|reconcile| reconcile.against == *from && reconcile.topic == topic)
    });
    let compared = compared.map(|of| Of { name: &of.name, schema: &of.schema, hash: &of.schema_hash });
    let own = plan.topics.iter().filter(move |table| table.from == *from && table.topic == topic);
    compared.chain(own.map(|of| Of { name: &of.name, schema: &of.schema, hash: &of.schema_hash }))
}
