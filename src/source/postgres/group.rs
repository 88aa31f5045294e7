//! The sessions that read one moment, and the parts of tables that they take one after the other.
//!
//! ```text
//! ask(extract) -> queue: extracts in order, each with its parts in order
//!                   |  the first session that is free looks at the extract (table.rs), then all take its parts
//!                   v
//! session 1 (exporter)   part 0    part 3 ...            a session that finds no part left goes on to the next extract
//! session 2              part 1    part 2    ...
//!                   v
//! handed on in the order of extracts and parts (handing.rs)
//! ```
//!
//! The exporter reads as well, so `connections` is the number of sessions at the server: a group with one session reads
//! with it alone. Where schemas have roles of their own (roles.rs), the first session of each comes in before anything is read,
//! and imports the snapshot: it is looked at what the role may do, and no later table is refused after hours. The others are
//! opened once there is something for them to do; where the server has no room for them, the group goes on with those it has.
//!
//! A session that was there and ends takes the group with it, the exporter or another: it held locks, and a table that nobody
//! has locked may be emptied or rewritten in a way that our snapshot does not show. What is not begun then ends in an error.
//! Its end may be known late: so each session takes the locks of a table for itself before its first part of it, and looks.
//! A group never comes back: another one has another moment, and everything is read anew.
//!
//! Never in here: SQL, and a second moment.

use super::exporter::{self, Moment};
use super::fault::{During, fault};
use super::patience::{Waits, connect_patiently};
use super::powers;
use super::pulse::{Pulse, answered, answered_within};
use super::queue::{Asked, Queue, Started, Task, Who};
use super::reader::{Ahead, Handed, Reader};
use super::roles::{Role, Roles};
use super::table::{Table, what};
use crate::data::{Extract, Name};
use crate::job::Limits;
use crate::source::SourceError;
use sqlx::PgConnection;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// How often a session that has nothing to do says a word. With the half of a stall that its answer may take it is known within a
/// minute that a line is cut.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// What is done before a role reads anything.
const LOOKING: &str = "looking at the role";
/// What a session does that holds its snapshot and reads nothing.
const KEEPING: &str = "keeping the snapshot";

/// Decoded bytes of one session that may wait for their turn: some parts' worth.
const AHEAD_BYTES_MAX: u64 = 32 << 20;
/// The part of a run's memory that all sessions' may take.
const AHEAD_PART: u64 = 8;

/// Bytes of COPY in a batch, and the part of a run's memory that one may take: wide rows end a batch before `batch_rows_max`
/// does. With 512 MiB for rows and more a batch is the same on every machine.
const BATCH_BYTES_MAX: u64 = 16 << 20;
const BATCH_PART: u64 = 32;

/// The part of a run's memory that the batches may take which sessions have in hand: there are no more of them than that allows.
const IN_HAND_PART: u64 = 4;

/// What answers once an extract was looked at.
pub type Answered = oneshot::Receiver<Result<Started, SourceError>>;

/// The sessions of one moment. They end when it is dropped.
pub struct Group {
    shared: Arc<Shared>,
}

struct Shared {
    from: Name,
    roles: Arc<Roles>,
    moment: Moment,
    cell_bytes_max: usize,
    batch_bytes_max: usize,
    ahead_bytes_max: u32,
    queue: Queue,
}

impl Group {
    /// Opens the first session, which fixes the moment and exports it, and the first of each other role, which imports it.
    pub async fn open(from: &Name, roles: &Arc<Roles>, limits: &Limits, waits: Waits) -> Result<Self, SourceError> {
        let Role { spec, login, .. } = roles.own();
        let (mut exporter, moment) = exporter::open(from, spec, login, waits).await?;
        answered(from, LOOKING, powers::refuse(from, spec, &mut exporter)).await?;
        let mut first = vec![exporter];
        for role in roles.others() {
            let mut connection = import(from, role, &moment, waits).await?;
            answered(from, LOOKING, powers::refuse(from, &role.spec, &mut connection)).await?;
            first.push(connection);
        }
        let batch_bytes_max = (limits.memory_bytes_max / BATCH_PART).min(BATCH_BYTES_MAX);
        let fit = limits.memory_bytes_max / IN_HAND_PART / batch_bytes_max.max(1) / roles.all().count() as u64;
        let fit = usize::try_from(fit).unwrap_or(usize::MAX).max(1);
        let sessions_max: Vec<usize> = roles.all().map(|role| role.sessions_max.min(fit)).collect();
        let ahead = limits.memory_bytes_max / AHEAD_PART / sessions_max.iter().sum::<usize>() as u64;
        let shared = Arc::new(Shared {
            from: from.clone(),
            roles: Arc::clone(roles),
            moment,
            cell_bytes_max: limits.cell_bytes_max,
            batch_bytes_max: usize::try_from(batch_bytes_max).unwrap_or(usize::MAX),
            ahead_bytes_max: u32::try_from(ahead.min(AHEAD_BYTES_MAX)).unwrap_or(u32::MAX),
            queue: Queue::new(sessions_max),
        });
        for (role, connection) in first.into_iter().enumerate() {
            let who = Who { role, is_first: true };
            shared.queue.first(role);
            shared.queue.keep(tokio::spawn(session(Arc::clone(&shared), connection, who)).abort_handle());
        }
        Ok(Group { shared })
    }

    /// The moment.
    pub fn moment(&self) -> &Moment {
        &self.shared.moment
    }

    /// Asks for an extract, after all that was asked before.
    pub fn ask(&self, extract: &Extract, is_to_be_read: bool) -> Answered {
        let (answer, answered) = oneshot::channel();
        let role = self.shared.roles.of_rows(&extract.rows);
        self.shared.queue.push(Asked { extract: extract.clone(), role, is_to_be_read, answer });
        answered
    }

    /// What is told where the group is lost.
    pub fn lost(&self, what: &str) -> SourceError {
        let (during, answer) = self.shared.queue.lost().unwrap_or_else(|| (format!("reading {what}"), None));
        SourceError::Away { from: self.shared.from.clone(), during, answer }
    }

    /// Ends its sessions.
    pub fn end(&self) {
        self.shared.queue.close();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

/// Opens the sessions that would find something to do.
fn grow(shared: &Arc<Shared>) {
    for role in shared.queue.open_more() {
        shared.queue.keep(tokio::spawn(joined(Arc::clone(shared), role)).abort_handle());
    }
}

/// Another session of the role at that place: imports the snapshot, then reads.
async fn joined(shared: Arc<Shared>, role: usize) {
    match import(&shared.from, shared.roles.at(role), &shared.moment, Waits::ForRoom).await {
        Ok(connection) => {
            shared.queue.joined(role);
            session(shared, connection, Who { role, is_first: false }).await;
        }
        Err(error) => {
            tracing::warn!(source = %shared.from, "one session fewer reads: {error}");
            shared.queue.failed(role, error);
        }
    }
}

/// A session of `role` that shows `moment`. A snapshot is the database's, whichever role exported it.
async fn import(from: &Name, role: &Role, moment: &Moment, waits: Waits) -> Result<PgConnection, SourceError> {
    let mut connection = connect_patiently(from, &role.spec, &role.login, waits).await?;
    let imported = async {
        let imported = exporter::import(&mut connection, moment).await;
        imported.map_err(|error| fault(from, &error, During::Beginning))
    };
    answered(from, "taking the snapshot", imported).await?;
    Ok(connection)
}

/// A session's life: one thing after the other, and a word now and then while there is nothing.
async fn session(shared: Arc<Shared>, mut connection: PgConnection, who: Who) {
    let mut leaving = Leaving { shared: Arc::clone(&shared), role: who.role, why: None };
    let ahead = Ahead::new(shared.ahead_bytes_max);
    // The table that it read last.
    let mut held: Option<Arc<Table>> = None;
    let pulse = async {
        let Role { spec, login, .. } = shared.roles.at(who.role);
        let pulse = Pulse::of(&shared.from, spec, login, &mut connection).await;
        pulse.map_err(|error| fault(&shared.from, &error, During::Waiting))
    };
    let pulse = match answered(&shared.from, KEEPING, pulse).await {
        Ok(pulse) => pulse,
        Err(error) => {
            leaving.why = Some(error);
            return;
        }
    };
    loop {
        let task = match next(&shared, &mut connection, who).await {
            Ok(task) => task,
            Err(error) => {
                tracing::warn!(source = %shared.from, "a session that waited is gone: {error}");
                leaving.why = Some(error);
                return;
            }
        };
        let goes_on = match task {
            Task::Look(asked) => look(&shared, &mut connection, *asked).await,
            Task::Read(table, place, hand) => {
                if !held.as_ref().is_some_and(|held| Arc::ptr_eq(held, &table)) {
                    let during = format!("looking at {}", table.what);
                    let hold = table.hold(&shared.from, &mut connection);
                    if let Err(error) = answered(&shared.from, &during, hold).await {
                        let _ = hand.send(Handed::Fault(error));
                        return;
                    }
                    held = Some(Arc::clone(&table));
                }
                let part = table.division.parts.get(place).cloned().unwrap_or_default();
                let reader = Reader {
                    from: &shared.from,
                    pulse: &pulse,
                    cell_bytes_max: shared.cell_bytes_max,
                    batch_bytes_max: shared.batch_bytes_max,
                    ahead: &ahead,
                };
                reader.read(&mut connection, &table, &part, &hand).await
            }
        };
        if !goes_on {
            return;
        }
    }
}

/// Counts a session out, however it ends.
struct Leaving {
    shared: Arc<Shared>,
    role: usize,
    why: Option<SourceError>,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.shared.queue.ended(self.role, self.why.take());
    }
}

async fn next(shared: &Shared, connection: &mut PgConnection, who: Who) -> Result<Task, SourceError> {
    loop {
        let mut woken = std::pin::pin!(shared.queue.woken());
        woken.as_mut().enable();
        if let Some(task) = shared.queue.take(who) {
            return Ok(task);
        }
        if tokio::time::timeout(KEEP_ALIVE, woken).await.is_err() {
            let alive = async {
                let alive = exporter::keep_alive(connection).await;
                alive.map_err(|error| fault(&shared.from, &error, During::Waiting))
            };
            let within = Duration::from_secs(shared.roles.own().spec.login.stall_seconds_max) / 2;
            answered_within(&shared.from, KEEPING, within, alive).await?;
        }
    }
}

/// Looks at an extract. Whether the session can go on.
async fn look(shared: &Arc<Shared>, connection: &mut PgConnection, asked: Asked) -> bool {
    let Asked { extract, role, is_to_be_read, answer } = asked;
    let looked = async {
        let looked = marked(shared, connection, &extract, is_to_be_read).await;
        // A refusal ends the transaction, and the moment with it, unless it is undone.
        let is_sound = match &looked {
            Ok(_) => exporter::keep(connection).await.is_ok(),
            Err(_) => exporter::undo(connection).await.is_ok(),
        };
        Ok::<_, SourceError>((looked, is_sound))
    };
    let during = format!("looking at {}", what(&extract.rows));
    let (looked, is_sound) = match answered(&shared.from, &during, looked).await {
        Ok(looked) => looked,
        // There is nobody who would undo it.
        Err(late) => (Err(late), false),
    };
    let started = looked.map(|mut table| {
        let (withheld, parts) = (std::mem::take(&mut table.withheld), table.division.parts.len());
        let rows_expected = table.rows_expected;
        let begun = is_to_be_read.then(|| shared.queue.begin(table, role));
        Started { withheld, rows_expected, parts, begun }
    });
    if !matches!(&started, Ok(Started { begun: Some(_), .. })) {
        shared.queue.looked();
    }
    // Nobody waits for it where the group is about to end.
    let _ = answer.send(started);
    grow(shared);
    is_sound
}

/// Looks at an extract behind a mark, to come back to if it is refused.
async fn marked(
    shared: &Shared,
    connection: &mut PgConnection,
    extract: &Extract,
    is_to_be_read: bool,
) -> Result<Table, SourceError> {
    let marked = exporter::mark(connection).await;
    marked.map_err(|error| fault(&shared.from, &error, During::Waiting))?;
    let mut table = Table::ready(&shared.from, connection, extract, shared.cell_bytes_max).await?;
    if is_to_be_read {
        table.divide(&shared.from, connection, &shared.moment).await?;
    }
    Ok(table)
}
