//! A dataset against its topic: the dump's blocks decoded on every core, in order, then both sides compared.

use super::open::Opened;
use crate::changes::{AsOf, Block, Changes, Reading, decode};
use crate::data::{Column, Origin};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::ReconcilePlan;
use crate::reconcile::{CompareFault, Comparison, Outcome};
use crate::source::{Poured, SourceError, Topic};
use crate::world::compute;
use futures::StreamExt;
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
    let dump = opened.dumps.get(&reconcile.against).ok_or_else(not_opened)?;
    let topic = Topic::open(&reconcile.against, &dump.folder, dump.layout, &reconcile.topic).await.map_err(away)?;
    topic.check_tombstones(dump.reading.payload).map_err(away)?;
    let reading = Arc::new(Reading { schemas: topic.avro(), ..dump.reading.clone() });
    let columns: Arc<Vec<Column>> = Arc::new(comparison.columns().into_iter().cloned().collect());
    let (key, as_of) = (Arc::<[usize]>::from(comparison.key()), Arc::new(AsOf::from(origin)));
    let decoded = topic.pour().map(|poured| {
        let (columns, key, as_of) = (Arc::clone(&columns), Arc::clone(&key), Arc::clone(&as_of));
        let reading = Arc::clone(&reading);
        async move {
            match poured? {
                Poured::Ended(path, tag) => Ok(Next::Input(path, tag)),
                Poured::Block(path, block) => {
                    compute(move || changes(path, &block, &columns, &key, &as_of, &reading)).await
                }
            }
        }
    });
    let mut decoded = decoded.buffered(rayon::current_num_threads());
    while let Some(next) = decoded.next().await {
        match next.map_err(away)? {
            Next::Input(path, tag) => inputs.push((path, tag)),
            Next::Changes(changes) => comparison.add_changes(&changes).map_err(no_room)?,
        }
    }
    drop(decoded);
    compute(move || comparison.finish()).await.map_err(no_room)
}

/// What comes next out of a dump, in order.
enum Next {
    Changes(Changes),
    Input(String, String),
}

fn changes(
    object: String,
    block: &Block,
    columns: &[Column],
    key: &[usize],
    as_of: &AsOf,
    reading: &Reading,
) -> Result<Next, SourceError> {
    let columns: Vec<&Column> = columns.iter().collect();
    let decoded = decode(block, &columns, key, as_of, reading);
    decoded.map(Next::Changes).map_err(|fault| SourceError::Corrupt { object, fault: fault.to_string(), row: None })
}

fn no_room(fault: CompareFault) -> Failure {
    Failure::new(ending::DISK, Phase::Reconcile, fault.to_string())
}
