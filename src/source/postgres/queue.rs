//! What the sessions of a group have to do, in its order, and how many of them there are.
//!
//! Extracts stand in the order in which they were asked. The first session that is free looks at the first of them; then
//! its parts are taken, in order, and when none is left the next extract is looked at. What lies further on is never begun
//! before all that lies before it is taken: so whoever waits for a part waits for a session that is reading it.
//!
//! Never in here: a connection.

use super::reader::Handed;
use super::table::Table;
use crate::data::Extract;
use crate::source::{Answer, SourceError};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::AbortHandle;

/// What a table's parts hand on: part by part, each as soon as it is begun.
pub type Begun = mpsc::UnboundedReceiver<mpsc::UnboundedReceiver<Handed>>;

type Begins = mpsc::UnboundedSender<mpsc::UnboundedReceiver<Handed>>;

/// An extract that was looked at.
pub struct Started {
    /// Columns that are left out.
    pub withheld: Vec<String>,
    /// How many rows the server expects.
    pub rows_expected: Option<u64>,
    /// How many parts there are.
    pub parts: usize,
    /// They; none where it was only to be looked at.
    pub begun: Option<Begun>,
}

/// An extract that was asked for.
pub struct Asked {
    /// What.
    pub extract: Extract,
    /// Whether its rows are wanted.
    pub is_to_be_read: bool,
    /// Who waits.
    pub answer: oneshot::Sender<Result<Started, SourceError>>,
}

/// One thing for a session to do.
pub enum Task {
    /// Look at an extract, and tell the queue what came of it.
    Look(Box<Asked>),
    /// Read the part of that number and hand it on.
    Read(Arc<Table>, usize, mpsc::UnboundedSender<Handed>),
}

/// The queue of a group.
#[derive(Default)]
pub struct Queue {
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Default)]
struct State {
    entries: VecDeque<Entry>,
    /// Sessions that read, and that are being opened.
    reading: usize,
    opening: usize,
    /// No more are opened.
    is_complete: bool,
    lost: Option<Lost>,
    sessions: Vec<AbortHandle>,
}

enum Entry {
    /// To be looked at.
    Asked(Box<Asked>),
    /// Somebody looks at it.
    Looking,
    /// Parts from `next` on are to be read.
    Parts { table: Arc<Table>, next: usize, begins: Begins },
}

/// Why a group is lost: what was being done, and what was answered.
pub type Lost = (String, Option<Answer>);

impl State {
    /// Whoever waits for what is not begun finds nobody there.
    fn lose(&mut self, why: Option<SourceError>) {
        self.is_complete = true;
        self.lost.get_or_insert(match why {
            Some(SourceError::Away { during, answer, .. }) => (during, answer),
            _ => ("keeping the snapshot".into(), None),
        });
        self.entries.clear();
    }
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an extract behind all others. Where the group is lost, nobody answers.
    pub fn push(&self, asked: Asked) {
        let mut state = self.state();
        if state.lost.is_none() {
            state.entries.push_back(Entry::Asked(Box::new(asked)));
        }
        drop(state);
        self.wake.notify_waiters();
    }

    /// Resolves once there may be something to do, from when it is enabled.
    pub fn woken(&self) -> Notified<'_> {
        self.wake.notified()
    }

    /// The next thing to do for the first session, or for another.
    pub fn take(&self, is_first: bool) -> Option<Task> {
        let mut state = self.state();
        match state.entries.pop_front()? {
            Entry::Parts { table, next, begins } if table.division.is_of_one_session && !is_first => {
                state.entries.push_front(Entry::Parts { table, next, begins });
                None
            }
            Entry::Looking => {
                state.entries.push_front(Entry::Looking);
                None
            }
            Entry::Asked(asked) => {
                state.entries.push_front(Entry::Looking);
                Some(Task::Look(asked))
            }
            Entry::Parts { table, next, begins } => {
                let (hand, handed) = mpsc::unbounded_channel();
                // Under the lock, so that parts are told in the order in which they are taken. Where nobody listens the
                // group is about to end.
                let _ = begins.send(handed);
                if table.division.is_of_one_session {
                    // Others passed it by and sleep.
                    self.wake.notify_waiters();
                }
                let task = Task::Read(Arc::clone(&table), next, hand);
                if next + 1 < table.division.parts.len() {
                    state.entries.push_front(Entry::Parts { table, next: next + 1, begins });
                }
                Some(task)
            }
        }
    }

    /// The extract that was looked at cannot be read, or was not to be.
    pub fn looked(&self) {
        self.replace(None);
    }

    /// The extract that was looked at is `table`, to be read.
    pub fn begin(&self, table: Table) -> Begun {
        let (begins, begun) = mpsc::unbounded_channel();
        self.replace(Some(Entry::Parts { table: Arc::new(table), next: 0, begins }));
        begun
    }

    fn replace(&self, by: Option<Entry>) {
        let mut state = self.state();
        // It is the first: nothing else moves while somebody looks.
        if let Some(Entry::Looking) = state.entries.front() {
            state.entries.pop_front();
            by.into_iter().for_each(|entry| state.entries.push_front(entry));
        }
        drop(state);
        self.wake.notify_waiters();
    }

    /// How many more sessions would find something to do, of `sessions_max`; they count as being opened.
    pub fn open_more(&self, sessions_max: usize) -> usize {
        let mut state = self.state();
        if state.is_complete {
            return 0;
        }
        let to_do = state.entries.iter().map(|entry| match entry {
            Entry::Parts { table, next, .. } => table.division.parts.len() - next,
            Entry::Asked(_) | Entry::Looking => 1,
        });
        let wanted = sessions_max.min(to_do.sum());
        let more = wanted.saturating_sub(state.reading + state.opening);
        state.opening += more;
        more
    }

    /// Keeps what ends a session when the group does.
    pub fn keep(&self, session: AbortHandle) {
        self.state().sessions.push(session);
    }

    /// The first session reads.
    pub fn first(&self) {
        self.state().reading = 1;
    }

    /// A session that was being opened reads.
    pub fn joined(&self) {
        let mut state = self.state();
        state.opening -= 1;
        state.reading += 1;
    }

    /// A session could not be opened: those that read go on, and none is asked for a second time.
    pub fn failed(&self, why: SourceError) {
        let mut state = self.state();
        state.opening -= 1;
        state.is_complete = true;
        if state.reading == 0 {
            state.lose(Some(why));
        }
    }

    /// A session that read has ended, and the group with it: its locks kept the tables it looked at as the snapshot shows
    /// them. Parts that others are reading they hold themselves; no other is begun.
    pub fn ended(&self, why: Option<SourceError>) {
        let mut state = self.state();
        state.reading -= 1;
        state.lose(why);
    }

    /// Why nothing more is read.
    pub fn lost(&self) -> Option<Lost> {
        self.state().lost.clone()
    }

    /// Ends every session.
    pub fn close(&self) {
        let sessions = {
            let mut state = self.state();
            state.is_complete = true;
            std::mem::take(&mut state.sessions)
        };
        sessions.iter().for_each(AbortHandle::abort);
    }
}

#[cfg(test)]
mod tests;
