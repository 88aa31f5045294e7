//! Whether an extract shows what an event tells.
//!
//! By transaction that is certain: the extract names those it shows. By the log it is known of all events but those of one
//! transaction: PostgreSQL's connector says with each event where the commit before its own lies, so a commit that lies before
//! the extract's position is proven by what follows it, and what lies behind that position had not committed. The rest is a
//! matter of two clocks, and of the window around the extract's moment that somebody declared for them.
//! Source: Debezium documentation, PostgreSQL connector, `source.sequence`.

use super::event::{Snapshot, Source};
use crate::data::{Origin, PgSnapshot};

/// The moment that events are compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct AsOf {
    /// The extract's transactions.
    pub snapshot: Option<PgSnapshot>,
    /// Where the database's log stood when the extract had its snapshot.
    pub position: Option<u64>,
    /// The extract's time, milliseconds since 1970.
    pub extracted_ms: i64,
    /// How far from it, either way, nobody can tell by the clock.
    pub window_ms: i64,
}

/// Where an event stands to the extract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// The extract shows it.
    Shown,
    /// Nobody can tell.
    InFlight,
    /// It came after.
    Later,
}

/// How that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// By its transaction.
    Transaction,
    /// By places in the log. Holds for all events but those behind the last commit that is proven.
    Log,
    /// By clocks.
    Clock,
}

impl From<&Origin> for AsOf {
    fn from(origin: &Origin) -> Self {
        AsOf {
            snapshot: origin.snapshot.clone(),
            position: origin.position.as_ref().and_then(|position| position.place()),
            extracted_ms: origin.extracted_at.timestamp_millis(),
            window_ms: 0,
        }
    }
}

impl AsOf {
    /// The same, with a window around the extract's moment.
    #[must_use]
    pub fn within(self, window: chrono::Duration) -> Self {
        AsOf { window_ms: window.num_milliseconds(), ..self }
    }

    /// Where an event stands, and how that is known. What tells nothing of its moment counts as shown.
    pub fn place(&self, source: &Source) -> (Placed, Means) {
        if let (Some(snapshot), Some(txid)) = (&self.snapshot, source.txid) {
            let placed = if snapshot.shows(txid) { Placed::Shown } else { Placed::Later };
            return (placed, Means::Transaction);
        }
        if let Some(placed) = self.position.and_then(|position| by_log(position, source)) {
            return (placed, Means::Log);
        }
        let Some(committed_ms) = source.committed_ms else { return (Placed::Shown, Means::Clock) };
        (self.by_clock(committed_ms), Means::Clock)
    }

    /// Whether all that the extract shows lies before a later event of that transaction. One that was in progress may have written
    /// its commit to the log before others that the extract shows: only one that had not begun comes behind them all.
    pub fn is_past(&self, txid: Option<u64>) -> bool {
        match (&self.snapshot, txid) {
            (Some(snapshot), Some(txid)) => snapshot.is_before(txid),
            _ => true,
        }
    }

    /// Where a moment stands.
    pub fn by_clock(&self, ms: i64) -> Placed {
        if ms <= self.extracted_ms.saturating_sub(self.window_ms) {
            Placed::Shown
        } else if ms <= self.extracted_ms.saturating_add(self.window_ms) {
            Placed::InFlight
        } else {
            Placed::Later
        }
    }
}

fn by_log(position: u64, source: &Source) -> Option<Placed> {
    if source.lsn.is_some_and(|lsn| lsn > position) || source.last_commit.is_some_and(|commit| commit >= position) {
        return Some(Placed::Later);
    }
    // A row that a snapshot read had committed where the snapshot stood.
    let is_read = source.snapshot != Snapshot::No && source.lsn.is_some_and(|lsn| lsn < position);
    (is_read || source.last_commit.is_some()).then_some(Placed::Shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AS_OF: AsOf = AsOf { snapshot: None, position: Some(1_000), extracted_ms: 50_000, window_ms: 2_000 };

    #[test]
    fn goes_by_the_best_that_both_sides_tell() {
        let source = |lsn, last_commit, committed_ms| Source { lsn, last_commit, committed_ms, ..Source::default() };
        for (source, placed, means) in [
            (source(Some(1_001), None, Some(1)), Placed::Later, Means::Log),
            (source(Some(900), Some(1_000), Some(1)), Placed::Later, Means::Log),
            (source(Some(900), Some(999), Some(90_000)), Placed::Shown, Means::Log),
            // A change's own place says nothing of when it was committed.
            (source(Some(900), None, Some(48_000)), Placed::Shown, Means::Clock),
            (source(Some(900), None, Some(48_001)), Placed::InFlight, Means::Clock),
            (source(None, None, Some(52_000)), Placed::InFlight, Means::Clock),
            (source(None, None, Some(52_001)), Placed::Later, Means::Clock),
            (source(None, None, None), Placed::Shown, Means::Clock),
        ] {
            assert_eq!(AS_OF.place(&source), (placed, means), "{source:?}");
        }
        let read = Source { lsn: Some(900), snapshot: Snapshot::Whole, ..Source::default() };
        assert_eq!(AS_OF.place(&read), (Placed::Shown, Means::Log));
        let by_transaction = AsOf { snapshot: PgSnapshot::parse("700:701:"), ..AS_OF };
        let later = Source { txid: Some(701), ..source(Some(900), Some(800), Some(1)) };
        assert_eq!(by_transaction.place(&later), (Placed::Later, Means::Transaction));
    }
}
