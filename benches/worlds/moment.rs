//! The transactions of a world's moments, and the snapshot of an extract that stands between the last two.

use super::life::{AFTER, MOMENTS};

/// Milliseconds since 1970 at which the first load committed: 2026-11-22 06:00 UTC.
const LOADED_MS: i64 = 1_795_327_200_000;
/// From one moment to the next.
const STEP_MS: i64 = 14_400_000;
/// How far ahead of a live server the transactions after the extract lie: it must not come to them while it is tested.
const AHEAD: u64 = 1_000_000;

/// Transactions by moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moments {
    shown: [u64; AFTER],
    after: [u64; 4],
}

impl Moments {
    /// Transactions that no server ran. Two of those after the extract were in progress when it was taken.
    pub fn invented() -> Self {
        Moments { shown: [4_800, 4_900, 4_950, 5_002], after: [5_003, 5_007, 5_010, 5_014] }
    }

    /// The snapshot that goes with [`Moments::invented`], as PostgreSQL prints it.
    pub fn invented_snapshot() -> &'static str {
        "5000:5010:5003,5007"
    }

    /// Transactions that a server ran, and some that it is far from.
    pub fn of(shown: [u64; AFTER]) -> Self {
        let ahead = shown[AFTER - 1] + AHEAD;
        Moments { shown, after: [ahead, ahead + 1, ahead + 2, ahead + 3] }
    }

    /// The transactions that the extract shows.
    pub fn shown(&self) -> &[u64] {
        &self.shown
    }

    /// The transaction of an event on row `index`, as Debezium tells it: the lower 32 bits.
    pub fn txid(&self, moment: usize, index: u64) -> u64 {
        let txid = self.shown.get(moment).copied().unwrap_or(self.after[(index % 4) as usize]);
        txid & u64::from(u32::MAX)
    }

    /// When a moment's transaction committed, milliseconds since 1970. The last comes after 2026-11-23 01:00 UTC.
    pub fn committed_ms(&self, moment: usize) -> i64 {
        LOADED_MS + STEP_MS * moment as i64 + if moment == AFTER { STEP_MS } else { 0 }
    }

    /// A place in the WAL: within a topic it grows.
    pub fn lsn(&self, moment: usize, event: u64) -> u64 {
        assert!(moment < MOMENTS);
        ((moment as u64 + 1) << 36) + event * 64
    }
}
