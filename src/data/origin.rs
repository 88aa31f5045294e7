//! Where and when an extract was taken.

use chrono::{DateTime, Utc};

/// What is known of the moment an extract shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// When it was taken, by the source's clock where it has one.
    pub extracted_at: DateTime<Utc>,
    /// The transactions it shows; without it a comparison can only use a time window.
    pub snapshot: Option<PgSnapshot>,
    /// Input objects read, with their ETags or sha256: `(key, tag)`; empty for a database.
    pub inputs: Vec<(String, String)>,
    /// What the source says it is, such as `PostgreSQL 15.18`.
    pub server: Option<String>,
    /// Where a PostgreSQL server's log stood, where it says so.
    pub position: Option<PgPosition>,
}

/// Where a PostgreSQL server's write-ahead log stood when a snapshot was taken.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PgPosition {
    /// Where the next record would be written, or on a standby the last that was replayed: `0/16B3748`. What the snapshot
    /// shows lies before it; not everything before it is shown.
    pub lsn: String,
    /// The log's timeline, where the role may ask for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeline: Option<u32>,
    /// The database cluster's system identifier, where the role may ask for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Whether the server is a standby.
    pub standby: bool,
}

impl PgPosition {
    /// The place as a number of bytes.
    pub fn place(&self) -> Option<u64> {
        let (high, low) = self.lsn.split_once('/')?;
        let part = |digits: &str| u64::from_str_radix(digits, 16).ok().filter(|part| *part <= u64::from(u32::MAX));
        Some(part(high)? << 32 | part(low)?)
    }
}

/// A PostgreSQL snapshot, as `pg_current_snapshot()` prints it: `xmin:xmax:xip,xip`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PgSnapshot {
    /// All transactions below it have ended.
    pub xmin: u64,
    /// No transaction from here on had started.
    pub xmax: u64,
    /// Transactions in progress between the two, sorted.
    pub in_progress: Vec<u64>,
}

impl PgSnapshot {
    /// Reads PostgreSQL's own text.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().splitn(3, ':');
        let xmin = parts.next()?.parse().ok()?;
        let xmax = parts.next()?.parse().ok()?;
        let mut in_progress = match parts.next()? {
            "" => Vec::new(),
            list => list.split(',').map(|xid| xid.parse().ok()).collect::<Option<Vec<u64>>>()?,
        };
        in_progress.sort_unstable();
        (xmin <= xmax).then_some(PgSnapshot { xmin, xmax, in_progress })
    }

    /// Whether the work of transaction `xid` is in the extract, if that transaction committed.
    ///
    /// `xid` may be Debezium's 32-bit `source.txId`: it is widened to the epoch nearest to the snapshot's `xmax`
    /// (PostgreSQL never lets two live transactions be more than 2^31 apart).
    pub fn shows(&self, xid: u64) -> bool {
        let xid = if xid <= u64::from(u32::MAX) { self.widen(xid as u32) } else { xid };
        xid < self.xmin || (xid < self.xmax && self.in_progress.binary_search(&xid).is_err())
    }

    /// Whether transaction `xid` had not begun: it is told like that of [`shows`](Self::shows).
    pub fn is_before(&self, xid: u64) -> bool {
        let xid = if xid <= u64::from(u32::MAX) { self.widen(xid as u32) } else { xid };
        xid >= self.xmax
    }

    fn widen(&self, xid: u32) -> u64 {
        let distance = xid.wrapping_sub(self.xmax as u32) as i32;
        self.xmax.saturating_add_signed(i64::from(distance))
    }
}

impl std::fmt::Display for PgSnapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:", self.xmin, self.xmax)?;
        for (index, xid) in self.in_progress.iter().enumerate() {
            write!(f, "{}{xid}", if index > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(text: &str) -> PgSnapshot {
        PgSnapshot::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn shows_what_had_committed_and_nothing_in_progress_or_later() {
        let seen = snapshot("100:110:103,101");
        assert_eq!(
            [99, 100, 101, 103, 109, 110, 111].map(|xid| seen.shows(xid)),
            [true, true, false, false, true, false, false]
        );
        assert_eq!([99, 103, 109, 110, 111].map(|xid| seen.is_before(xid)), [false, false, false, true, true]);
        assert_eq!(seen.to_string(), "100:110:101,103");
    }

    #[test]
    fn widens_a_32_bit_id_to_the_nearest_epoch() {
        let epoch = 1u64 << 32;
        let seen = snapshot(&format!("{}:{}:", epoch + 5, epoch + 5));
        assert!(seen.shows(4));
        assert!(seen.shows(u64::from(u32::MAX)));
        assert!(!seen.shows(6));
    }

    #[test]
    fn reads_a_place_in_the_log() {
        let place = |lsn: &str| PgPosition { lsn: lsn.into(), timeline: None, system: None, standby: false }.place();
        assert_eq!(place("0/16B3748"), Some(0x16B3748));
        assert_eq!(place("1/0"), Some(1 << 32));
        for lsn in ["", "16B3748", "0/100000000", "x/1"] {
            assert_eq!(place(lsn), None, "{lsn}");
        }
    }

    #[test]
    fn refuses_text_that_is_no_snapshot() {
        for text in ["", "1:2", "2:1:", "a:b:", "1:5:x"] {
            assert_eq!(PgSnapshot::parse(text), None, "{text}");
        }
    }
}
