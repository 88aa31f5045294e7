//! What the sessions of a group have to do, in its order, and how many of them there are.
//!
//! Extracts stand in the order in which they were asked, each for the sessions of one role. The first of these that is free
//! looks at the first of them; then its parts are taken, in order, and when none is left the next extract is looked at. What
//! lies further on is never begun before all that lies before it is taken: so whoever waits for a part waits for a session
//! that is reading it. Every role has a session from the beginning, so that nobody waits for one that cannot come.
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
    /// The place of the role that reads it.
    pub role: usize,
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

/// Which session asks what there is to do.
#[derive(Clone, Copy, Debug)]
pub struct Who {
    /// The place of its role.
    pub role: usize,
    /// Whether it is the first of that role: what is different in every session it reads alone.
    pub is_first: bool,
}

/// The queue of a group.
pub struct Queue {
    state: Mutex<State>,
    wake: Notify,
}

struct State {
    entries: VecDeque<Entry>,
    /// By the places of roles.
    roles: Vec<Sessions>,
    lost: Option<Lost>,
    sessions: Vec<AbortHandle>,
}

/// How many sessions a role has.
struct Sessions {
    /// At most.
    sessions_max: usize,
    /// That read, and that are being opened.
    reading: usize,
    opening: usize,
    /// No more are opened.
    is_complete: bool,
}

enum Entry {
    /// To be looked at.
    Asked(Box<Asked>),
    /// A session of that role looks at it.
    Looking(usize),
    /// Parts from `next` on are to be read, by the role.
    Parts { table: Arc<Table>, role: usize, next: usize, begins: Begins },
}

impl Entry {
    fn role(&self) -> usize {
        match self {
            Entry::Asked(asked) => asked.role,
            Entry::Looking(role) | Entry::Parts { role, .. } => *role,
        }
    }

    /// How many sessions would find something to do in it.
    fn left(&self) -> usize {
        match self {
            Entry::Parts { table, next, .. } => table.division.parts.len() - next,
            Entry::Asked(_) | Entry::Looking(_) => 1,
        }
    }
}

/// Why a group is lost: what was being done, and what was answered.
pub type Lost = (String, Option<Answer>);

impl State {
    /// Whoever waits for what is not begun finds nobody there.
    fn lose(&mut self, why: Option<SourceError>) {
        self.complete();
        self.lost.get_or_insert(match why {
            Some(SourceError::Away { during, answer, .. }) => (during, answer),
            _ => ("keeping the snapshot".into(), None),
        });
        self.entries.clear();
    }

    /// No session is opened any more.
    fn complete(&mut self) {
        self.roles.iter_mut().for_each(|role| role.is_complete = true);
    }
}

impl Queue {
    /// Of roles that may have so many sessions, by their places.
    pub fn new(sessions_max: impl IntoIterator<Item = usize>) -> Self {
        let sessions = |sessions_max| Sessions { sessions_max, reading: 0, opening: 0, is_complete: false };
        let roles = sessions_max.into_iter().map(sessions).collect();
        let state = State { entries: VecDeque::new(), roles, lost: None, sessions: Vec::new() };
        Queue { state: Mutex::new(state), wake: Notify::new() }
    }

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

    /// The next thing to do for a session.
    pub fn take(&self, who: Who) -> Option<Task> {
        let mut state = self.state();
        // What is another role's stays before all that is ours.
        if state.entries.front()?.role() != who.role {
            return None;
        }
        match state.entries.pop_front()? {
            Entry::Parts { table, role, next, begins } if table.division.is_of_one_session && !who.is_first => {
                state.entries.push_front(Entry::Parts { table, role, next, begins });
                None
            }
            Entry::Looking(role) => {
                state.entries.push_front(Entry::Looking(role));
                None
            }
            Entry::Asked(asked) => {
                state.entries.push_front(Entry::Looking(asked.role));
                Some(Task::Look(asked))
            }
            Entry::Parts { table, role, next, begins } => {
                let (hand, handed) = mpsc::unbounded_channel();
                // Under the lock, so that parts are told in the order in which they are taken. Where nobody listens the
                // group is about to end.
                let _ = begins.send(handed);
                let task = Task::Read(Arc::clone(&table), next, hand);
                if next + 1 < table.division.parts.len() {
                    state.entries.push_front(Entry::Parts { table, role, next: next + 1, begins });
                } else {
                    // Others passed it by and sleep; what comes next may be theirs.
                    self.wake.notify_waiters();
                }
                Some(task)
            }
        }
    }

    /// The extract that was looked at cannot be read, or was not to be.
    pub fn looked(&self) {
        self.replace(None);
    }

    /// The extract that was looked at is `table`, to be read by `role`.
    pub fn begin(&self, table: Table, role: usize) -> Begun {
        let (begins, begun) = mpsc::unbounded_channel();
        self.replace(Some(Entry::Parts { table: Arc::new(table), role, next: 0, begins }));
        begun
    }

    fn replace(&self, by: Option<Entry>) {
        let mut state = self.state();
        // It is the first: nothing else moves while somebody looks.
        if let Some(Entry::Looking(_)) = state.entries.front() {
            state.entries.pop_front();
            by.into_iter().for_each(|entry| state.entries.push_front(entry));
        }
        drop(state);
        self.wake.notify_waiters();
    }

    /// The places of the roles of which more sessions would find something to do, each as often as there would be such a
    /// session; they count as being opened.
    pub fn open_more(&self) -> Vec<usize> {
        let mut state = self.state();
        let State { entries, roles, .. } = &mut *state;
        let mut opened = Vec::new();
        for (place, role) in roles.iter_mut().enumerate().filter(|(_, role)| !role.is_complete) {
            let to_do = entries.iter().filter(|entry| entry.role() == place).map(Entry::left);
            let wanted = role.sessions_max.min(to_do.sum());
            let more = wanted.saturating_sub(role.reading + role.opening);
            role.opening += more;
            opened.extend(std::iter::repeat_n(place, more));
        }
        opened
    }

    /// Keeps what ends a session when the group does.
    pub fn keep(&self, session: AbortHandle) {
        self.state().sessions.push(session);
    }

    /// The first session of a role reads.
    pub fn first(&self, role: usize) {
        self.state().roles[role].reading = 1;
    }

    /// A session of a role that was being opened reads.
    pub fn joined(&self, role: usize) {
        let mut state = self.state();
        let role = &mut state.roles[role];
        role.opening -= 1;
        role.reading += 1;
    }

    /// A session of a role could not be opened: those that read go on, and none is asked for a second time.
    pub fn failed(&self, role: usize, why: SourceError) {
        let mut state = self.state();
        let role = &mut state.roles[role];
        role.opening -= 1;
        role.is_complete = true;
        if role.reading == 0 {
            state.lose(Some(why));
        }
    }

    /// A session of a role that read has ended, and the group with it: its locks kept the tables it looked at as the snapshot
    /// shows them. Parts that others are reading they hold themselves; no other is begun.
    pub fn ended(&self, role: usize, why: Option<SourceError>) {
        let mut state = self.state();
        state.roles[role].reading -= 1;
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
            state.complete();
            std::mem::take(&mut state.sessions)
        };
        sessions.iter().for_each(AbortHandle::abort);
    }
}

#[cfg(test)]
mod tests;
