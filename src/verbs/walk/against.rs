//! A dataset against its topic: the dump's objects decoded on every core, then both sides compared.

use super::open::Opened;
use crate::changes::{AsOf, Changes, Object, decode};
use crate::data::{Column, Origin};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::{DumpLayout, ReconcilePlan};
use crate::reconcile::{CompareFault, Comparison, Outcome};
use crate::source::{SourceError, Topic, unpack};
use crate::world::compute;
use bytes::Bytes;
use futures::{StreamExt, stream};
use std::sync::Arc;

/// Reads the topic and compares. Adds the dump's objects to `inputs`.
pub async fn against(
    mut comparison: Comparison,
    reconcile: &ReconcilePlan,
    origin: &Origin,
    opened: &Opened,
    inputs: &mut Vec<(String, String)>,
) -> Result<Outcome, Failure> {
    let away = |error: SourceError| Failure::source(&error, Phase::Reconcile);
    let not_opened =
        || Failure::new(ending::NOT_THERE, Phase::Reconcile, format!("source `{}` was not opened", reconcile.against));
    let folder = opened.dumps.get(&reconcile.against).ok_or_else(not_opened)?;
    let topic = Topic::open(&reconcile.against, folder, DumpLayout::Confluent, &reconcile.topic).await.map_err(away)?;
    let columns: Arc<Vec<Column>> = Arc::new(comparison.columns().into_iter().cloned().collect());
    let (key, as_of) = (Arc::<[usize]>::from(comparison.key()), Arc::new(AsOf::from(origin)));
    {
        let decoded = stream::iter(topic.objects()).map(|object| {
            let (columns, key, as_of, topic) = (Arc::clone(&columns), Arc::clone(&key), Arc::clone(&as_of), &topic);
            async move {
                let (packed, tag) = topic.read(object).await?;
                let task = object.clone();
                let changes = compute(move || changes(&task, packed, &columns, &key, &as_of)).await?;
                Ok::<_, SourceError>((object.path.clone(), tag, changes))
            }
        });
        let mut decoded = std::pin::pin!(decoded.buffered(rayon::current_num_threads()));
        while let Some(next) = decoded.next().await {
            let (path, tag, changes) = next.map_err(away)?;
            inputs.push((path, tag));
            comparison.add_changes(&changes).map_err(no_room)?;
        }
    }
    compute(move || comparison.finish()).await.map_err(no_room)
}

fn changes(
    object: &Object,
    packed: Bytes,
    columns: &[Column],
    key: &[usize],
    as_of: &AsOf,
) -> Result<Changes, SourceError> {
    let bytes = unpack(object, packed)?;
    let columns: Vec<&Column> = columns.iter().collect();
    decode(object, &bytes, &columns, key, as_of).map_err(|fault| SourceError::Corrupt {
        object: object.path.clone(),
        fault: fault.to_string(),
        row: None,
    })
}

fn no_room(fault: CompareFault) -> Failure {
    Failure::new(ending::DISK, Phase::Reconcile, fault.to_string())
}
