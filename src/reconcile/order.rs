//! In which order a key's events happened, where the topic tells them otherwise.
//!
//! In a partition events stand in the order in which they were delivered: mostly that in which they happened, but a connector
//! that begins again delivers a stretch once more, and a snapshot that goes on beside the changes may deliver a row as it was. A
//! row is locked by whoever changes it, so the places of its own changes in the database's log never fall; those of different
//! rows do all the time. What falls is therefore no change, unless the log itself began anew, which a connector answers by
//! reading the whole table.

use crate::changes::About;

/// What is to be done with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is the next.
    Next,
    /// It was there before.
    Replayed,
    /// It is a row as it was before the last change.
    Stale,
    /// It came before what another partition tells.
    Older,
    /// It stands before the last change, and nobody knows why.
    Unexplained,
}

/// The places in the log of a key's events so far.
#[derive(Debug, Default)]
pub struct Order {
    top: Option<u64>,
    /// Those before it, sorted: whatever is less than the largest is not added.
    seen: Vec<u64>,
}

impl Order {
    /// What is to be done with the next event. `is_same_partition`: it stands in the partition of the one before.
    pub fn turn(&mut self, lsn: Option<u64>, about: About, is_same_partition: bool) -> Turn {
        let Some(lsn) = lsn else { return Turn::Next };
        if self.top.is_some_and(|top| lsn < top) {
            return match () {
                () if is_same_partition && about.has(About::READ_BESIDE) => Turn::Stale,
                () if is_same_partition && self.seen.binary_search(&lsn).is_ok() => Turn::Replayed,
                // The log began anew.
                () if is_same_partition && about.has(About::READ) => {
                    (self.top, self.seen) = (Some(lsn), Vec::new());
                    Turn::Next
                }
                () if is_same_partition || about.has(About::READ) => Turn::Unexplained,
                () => Turn::Older,
            };
        }
        if let Some(top) = self.top.replace(lsn)
            && top != lsn
        {
            self.seen.push(top);
        }
        Turn::Next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_came_again_from_what_came_anew() {
        let (change, read, beside) = (About::default(), About::READ, About::READ_BESIDE);
        let mut order = Order::default();
        for (lsn, about, is_same, turn) in [
            (Some(10), change, true, Turn::Next),
            (Some(20), change, true, Turn::Next),
            (None, change, true, Turn::Next),
            (Some(10), change, true, Turn::Replayed),
            (Some(20), change, true, Turn::Next),
            (Some(15), beside, true, Turn::Stale),
            (Some(15), change, false, Turn::Older),
            (Some(15), change, true, Turn::Unexplained),
            // A row that a snapshot read, delivered again; and one of a log that began anew.
            (Some(10), read, true, Turn::Replayed),
            (Some(5), read, false, Turn::Unexplained),
            (Some(5), read, true, Turn::Next),
            (Some(10), change, true, Turn::Next),
            (Some(20), change, true, Turn::Next),
        ] {
            assert_eq!(order.turn(lsn, about, is_same), turn, "{lsn:?} {about:?}");
        }
    }
}
