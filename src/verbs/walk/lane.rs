//! One store's parts of a dataset: filled in the order of the rows; read back, scanned and uploaded beside the next.
//!
//! What is tallied and scanned is what was encoded, decoded again, not what was meant to be.

use crate::data::{Audience, Period, Treatment};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::OutputPlan;
use crate::privacy::{CARD, Recognisers};
use crate::reconcile::Tally;
use crate::store::{Encoded, Part, Parts, Staged, Staging, StoreError};
use crate::world::compute;
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;

/// Full parts that are not in their place yet: the next one fills meanwhile, and no third takes memory.
const PARTS_FULL_MAX: usize = 1;

/// A lane under way.
pub struct Lane {
    parts: Option<Parts>,
    /// The period of the rows that come now.
    period: Option<Period>,
    send: Option<mpsc::Sender<Full>>,
    room: Arc<Semaphore>,
    shipping: JoinHandle<(LaneDone, Result<(), Failure>)>,
    bytes: u64,
}

/// A part on its way, and the room that it takes until it is in its place.
struct Full {
    part: Part,
    period: Option<Period>,
    _room: OwnedSemaphorePermit,
}

/// What a store got.
pub struct LaneDone {
    /// The output it is for.
    pub output: OutputPlan,
    /// The tally of what was read back.
    pub written: Tally,
    /// Column -> cells that looked like personal data.
    pub findings: BTreeMap<String, u64>,
    /// Parts.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The parts in their place, unseen; `None` in a dry run and once they are published.
    pub staged: Option<Staged>,
}

impl Lane {
    /// Starts a lane; without `staging` (a dry run) parts are looked at and let go.
    pub fn start(output: &OutputPlan, parts: Parts, staging: Option<Staging>, recognisers: Arc<Recognisers>) -> Self {
        let (send, receive) = mpsc::channel(PARTS_FULL_MAX);
        let shipping = tokio::spawn(ship(output.clone(), receive, staging, recognisers));
        let room = Arc::new(Semaphore::new(PARTS_FULL_MAX));
        Lane { parts: Some(parts), period: None, send: Some(send), room, shipping, bytes: 0 }
    }

    /// Adds rows; gives the bytes of a part that is full now.
    pub async fn append(&mut self, encoded: Encoded) -> Result<u64, Failure> {
        let Some(parts) = &mut self.parts else { return Ok(0) };
        let full = parts.append(encoded).map_err(|error| Failure::store(&error, Phase::Stage))?;
        match full {
            Some(part) => self.send(part).await,
            None => Ok(0),
        }
    }

    /// What comes next is of `period`, and goes into parts of its own; gives the bytes of the part that this ends.
    pub async fn turn_to(&mut self, period: Option<Period>) -> Result<u64, Failure> {
        let Some(parts) = self.parts.as_mut().filter(|_| self.period != period) else { return Ok(0) };
        let bytes = match parts.cut().map_err(|error| Failure::store(&error, Phase::Stage))? {
            Some(part) => self.send(part).await?,
            None => 0,
        };
        self.period = period;
        Ok(bytes)
    }

    async fn send(&mut self, part: Part) -> Result<u64, Failure> {
        let bytes = part.bytes().len() as u64;
        self.bytes += bytes;
        let gone = || Failure::new(ending::STORE_AWAY, Phase::Stage, "the parts could not be written");
        let Some(send) = &self.send else { return Err(gone()) };
        // A lane that failed has closed its end, and gives its room back.
        let room = Arc::clone(&self.room).acquire_owned().await.map_err(|_| gone())?;
        send.send(Full { part, period: self.period, _room: room }).await.map_err(|_| gone())?;
        Ok(bytes)
    }

    /// Sends the last part and waits until all are in their place.
    pub async fn finish(mut self) -> (LaneDone, Result<(), Failure>) {
        let last =
            self.parts.take().map(Parts::finish).transpose().map_err(|error| Failure::store(&error, Phase::Stage));
        let sent = match last {
            Ok(Some(Some(part))) => self.send(part).await.map(|_| ()),
            Ok(_) => Ok(()),
            Err(failure) => Err(failure),
        };
        self.send = None;
        match self.shipping.await {
            Ok((done, shipped)) => (done, shipped.and(sent)),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
}

async fn ship(
    output: OutputPlan,
    mut parts: mpsc::Receiver<Full>,
    mut staging: Option<Staging>,
    recognisers: Arc<Recognisers>,
) -> (LaneDone, Result<(), Failure>) {
    let mut done =
        LaneDone { output, written: Tally::default(), findings: BTreeMap::new(), files: 0, bytes: 0, staged: None };
    let mut shipped = Ok(());
    while let Some(Full { part, period, _room }) = parts.recv().await {
        shipped = ship_one(part, period, &mut done, staging.as_mut(), &recognisers).await;
        if shipped.is_err() {
            break;
        }
    }
    done.staged = staging.map(Staging::finish);
    (done, shipped)
}

async fn ship_one(
    part: Part,
    period: Option<Period>,
    done: &mut LaneDone,
    staging: Option<&mut Staging>,
    recognisers: &Arc<Recognisers>,
) -> Result<(), Failure> {
    let (output, recognisers) = (done.output.clone(), Arc::clone(recognisers));
    let (part, seen) = compute(move || {
        let seen = look(&part, &output, &recognisers);
        (part, seen)
    })
    .await;
    let (tally, findings) = seen.map_err(|error| Failure::store(&error, Phase::Reconcile))?;
    done.written = std::mem::take(&mut done.written).and(tally);
    done.files += 1;
    done.bytes += part.bytes().len() as u64;
    for ((column, kind), cells) in findings {
        *done.findings.entry(column.clone()).or_default() += cells;
        if done.output.audience != Audience::Restricted {
            let what = format!(
                "`{column}` holds what looks like {kind} (cells: {cells}), and `{}` would see it",
                done.output.audience
            );
            return Err(Failure::new(ending::PERSONAL_DATA, Phase::Stage, what));
        }
    }
    match staging {
        Some(staging) => staging.add_of(&part, period).await.map_err(|error| Failure::store(&error, Phase::Stage)),
        None => Ok(()),
    }
}

type Seen = (Tally, BTreeMap<(String, &'static str), u64>);

/// Reads a part back: its tally, and what looks like personal data in text that anything of a value may have got into.
///
/// Labels are words of the schema, pseudonyms are digits of a hash or a cipher.
fn look(part: &Part, output: &OutputPlan, recognisers: &Recognisers) -> Result<Seen, StoreError> {
    let mut tally = Tally::default();
    let mut findings = BTreeMap::new();
    let kept = || output.columns.iter().filter(|shown| shown.treatment == Treatment::Keep);
    let scanned = || output.columns.iter().filter(|shown| !shown.treatment.leaves_nothing());
    for batch in part.read_back()? {
        let batch: RecordBatch = batch?;
        for shown in scanned() {
            let name = shown.column.name.as_str();
            let found = match batch.column_by_name(name) {
                // Scrubbed text holds nothing of any kind, not only of those that no column may hold.
                Some(cells) if shown.treatment == Treatment::Scrub => recognisers.left(cells.as_string_view(), name),
                Some(cells) if *cells.data_type() == DataType::Utf8View => recognisers.findings(cells.as_string_view()),
                Some(cells) if *cells.data_type() == DataType::Int64 => {
                    BTreeMap::from([(CARD, recognisers.cards(cells.as_primitive::<Int64Type>()))])
                }
                _ => continue,
            };
            for (kind, cells) in found.into_iter().filter(|(_, cells)| *cells > 0) {
                *findings.entry((name.to_owned(), kind)).or_default() += cells;
            }
        }
        tally = tally.and(Tally::of_some(&batch, |name| kept().any(|shown| shown.column.name.as_str() == name)));
    }
    Ok((tally, findings))
}
