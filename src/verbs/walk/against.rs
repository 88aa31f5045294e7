//! A dataset against its topic: the dump's blocks decoded on every core, in order, then both sides compared.
//!
//! A stream that is behind is waited for where the job says so: the dump is listed again and what is new in it read, with growing
//! pauses, until the comparison is decided or the time is over. Told to stop, the run is dropped between two of these steps.

use super::open::{Dump, Opened};
use super::treated::{TreatedDump, treated};
use crate::access::backoff;
use crate::changes::{AsOf, Block, Changes, Manifests, Object, Reading, Treated, decode, passes};
use crate::data::{Column, Origin};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::{Plan, ReconcilePlan};
use crate::reconcile::{self, CompareFault, Comparison, Curable, Judged, Outcome, Stream, Verdict};
use crate::source::{Poured, SourceError, Topic};
use crate::world::compute;
use futures::StreamExt;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The first pause before the dump is listed again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// What a comparison came to.
pub struct Compared {
    /// In numbers.
    pub outcome: Outcome,
    /// In a word.
    pub judged: Judged,
    /// Whether a heartbeat shows that the stream has come past the extract.
    pub heartbeat: bool,
    /// The dump's objects, each with its tag.
    pub inputs: Vec<(String, String)>,
    /// What was done to the dump's rows before they were landed.
    pub treated: TreatedDump,
}

/// What is compared with what.
pub struct Asked<'a> {
    /// The job.
    pub plan: &'a Plan,
    /// The comparison that it asks for.
    pub reconcile: &'a ReconcilePlan,
    /// The extract's moment.
    pub origin: &'a Origin,
    /// What a verdict needs besides.
    pub stream: Stream,
    /// When the job's rows were all there.
    pub since: Instant,
}

/// Reads the topic and compares; waits for it as long as the plan says.
pub async fn against(comparison: Comparison, asked: Asked<'_>, opened: &Opened) -> Result<Compared, Failure> {
    let Asked { reconcile, origin, since, .. } = asked;
    let not_opened =
        || Failure::new(ending::NOT_THERE, Phase::Reconcile, format!("source `{}` was not opened", reconcile.against));
    let dump = opened.dumps.get(&reconcile.against).ok_or_else(not_opened)?;
    let as_of = Arc::new(AsOf::from(origin).within(reconcile.window));
    let mut reader = Reader {
        plan: asked.plan,
        dump,
        reconcile,
        opened,
        as_of,
        stream: asked.stream,
        read: HashMap::new(),
        inputs: Vec::new(),
        treatments: None,
        treated: TreatedDump::default(),
    };
    let wait = reconcile.wait.to_std().unwrap_or_default();
    let (comparison, _) = reader.read_on(comparison).await?;
    if wait.is_zero() {
        let outcome = compute(move || comparison.finish()).await.map_err(no_room)?;
        return Ok(reader.compared(outcome));
    }
    let (mut comparison, mut outcome) = so_far(comparison).await?;
    let mut tried = 0;
    loop {
        let judged = reconcile::judge(&outcome.counts, &outcome.facts, reader.stream);
        let left = wait.saturating_sub(since.elapsed());
        if judged.verdict != Verdict::Inconclusive(Curable::Later) || left.is_zero() {
            return Ok(reader.compared(outcome));
        }
        tried += 1;
        tracing::info!(topic = reconcile.topic, left_seconds = left.as_secs(), "waiting for the stream");
        tokio::time::sleep(backoff::pause(PAUSES.0, PAUSES.1, tried).min(left)).await;
        let is_more;
        (comparison, is_more) = reader.read_on(comparison).await?;
        if is_more {
            (comparison, outcome) = so_far(comparison).await?;
        }
    }
}

/// Compares what there is, and gives the comparison back: more may come.
async fn so_far(mut comparison: Comparison) -> Result<(Comparison, Outcome), Failure> {
    let (comparison, outcome) = compute(move || {
        let outcome = comparison.so_far();
        (comparison, outcome)
    })
    .await;
    Ok((comparison, outcome.map_err(no_room)?))
}

/// A topic's dump being read.
struct Reader<'a> {
    plan: &'a Plan,
    dump: &'a Dump,
    reconcile: &'a ReconcilePlan,
    opened: &'a Opened,
    as_of: Arc<AsOf>,
    stream: Stream,
    read: HashMap<String, Object>,
    inputs: Vec<(String, String)>,
    /// What the dump's manifests said of treatments when it was listed first.
    treatments: Option<BTreeMap<String, Treated>>,
    treated: TreatedDump,
}

impl Reader<'_> {
    async fn open(&self, topic: &str) -> Result<Topic, SourceError> {
        Topic::open(&self.reconcile.against, &self.dump.folder, self.dump.layout, topic).await
    }

    /// Whether the heartbeat shows that the stream has come past the extract.
    async fn beats(&self) -> Result<bool, Failure> {
        let Some(heartbeat) = &self.reconcile.heartbeat else { return Ok(false) };
        let topic = match self.open(heartbeat).await {
            // It may be there later.
            Err(SourceError::NotThere { .. }) => return Ok(false),
            opened => opened.map_err(away)?.newest(),
        };
        let reading = Reading { schemas: topic.avro(), ..self.dump.reading.clone() };
        let mut poured = topic.pour();
        let mut beats = false;
        while let Some(next) = poured.next().await {
            if let Poured::Block(object, block) = next.map_err(away)? {
                let passes = passes(&block, &self.as_of, &reading);
                beats |= passes.map_err(|fault| away(corrupt(object, fault.to_string())))?;
            }
        }
        Ok(beats)
    }

    /// Reads what the dump holds and was not read before; whether that is anything.
    async fn read_on(&mut self, comparison: Comparison) -> Result<(Comparison, bool), Failure> {
        // First the heartbeat: what it proves had been dumped is in the list that follows.
        let beats = self.stream.heartbeat || self.beats().await?;
        let topic = self.open(&self.reconcile.topic).await.map_err(away)?;
        topic.check_tombstones(self.dump.reading.payload).map_err(away)?;
        let topic = topic.beyond(&self.read).map_err(away)?;
        let none = Manifests { is_read_to_its_end: true, ..Manifests::default() };
        let landed = topic.landed().unwrap_or(&none);
        self.stream.dead_letters = landed.dead_letters;
        self.stream.heartbeat = beats && landed.is_read_to_its_end;
        let mut comparison = self.as_landed(comparison, landed).await?;
        let reading = Arc::new(Reading { schemas: topic.avro(), ..self.dump.reading.clone() });
        let columns: Arc<Vec<Column>> = Arc::new(comparison.columns().into_iter().cloned().collect());
        let (key, as_of) = (Arc::<[usize]>::from(comparison.key()), Arc::clone(&self.as_of));
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
                Next::Input(path, tag) => self.inputs.push((path, tag)),
                Next::Changes(changes) => comparison.add_changes(&changes).map_err(no_room)?,
            }
        }
        drop(decoded);
        self.read.extend(topic.objects().iter().map(|object| (object.path.clone(), object.clone())));
        Ok((comparison, !topic.objects().is_empty()))
    }

    /// The comparison with rows that were treated as the dump's manifests say, which they say once and for all.
    async fn as_landed(&mut self, comparison: Comparison, landed: &Manifests) -> Result<Comparison, Failure> {
        match &self.treatments {
            Some(before) if *before == landed.treated => Ok(comparison),
            Some(_) => {
                let fault = "was landed with another treatment while it was read".to_owned();
                Err(away(corrupt(self.reconcile.topic.clone(), fault)))
            }
            None => {
                let (comparison, dump) = treated(comparison, landed, self.plan, self.reconcile, self.opened).await?;
                self.treatments = Some(landed.treated.clone());
                self.treated = dump;
                Ok(comparison)
            }
        }
    }

    fn compared(self, outcome: Outcome) -> Compared {
        let judged = reconcile::judge(&outcome.counts, &outcome.facts, self.stream);
        let Reader { stream: Stream { heartbeat, .. }, inputs, treated, .. } = self;
        Compared { outcome, judged, heartbeat, inputs, treated }
    }
}

/// What comes next out of a dump, in order.
enum Next {
    Changes(Box<Changes>),
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
    decoded.map(|changes| Next::Changes(Box::new(changes))).map_err(|fault| corrupt(object, fault.to_string()))
}

fn corrupt(object: String, fault: String) -> SourceError {
    SourceError::Corrupt { object, fault, row: None }
}

fn away(error: SourceError) -> Failure {
    Failure::source(&error, Phase::Reconcile)
}

fn no_room(fault: CompareFault) -> Failure {
    Failure::new(ending::DISK, Phase::Reconcile, fault.to_string())
}
