//! Whether a partition was read as far as it went at the start of a run.
//!
//! A broker's word for that is not enough: a new leader may know of less than the one before, for a while or for ever, and says that
//! there is no more where it knows of no more. So the end is believed where a record stands at it, or where the client itself has
//! read on to it, over what transactions and compaction left there.

/// How far a partition is read.
#[derive(Clone, Copy, Debug)]
pub struct Over {
    end: i64,
    /// Whether the last thing that came was the word that there is no more.
    is_last: bool,
}

impl Over {
    /// Not read yet; over at `end`, which it never is before.
    pub fn at(end: i64) -> Self {
        Over { end, is_last: false }
    }

    /// The offset at which it is over.
    pub fn end(&self) -> i64 {
        self.end
    }

    /// A record came, and what was said before it was said too early; whether it is over with it. `next`: the offset behind it.
    pub fn record(&mut self, next: i64) -> bool {
        self.is_last = false;
        next >= self.end
    }

    /// It was said that there is no more.
    pub fn no_more(&mut self) {
        self.is_last = true;
    }

    /// Whether it is over where nothing more came: `read` is the offset up to which the client had read on when it last found no
    /// more, as it was before we looked whether anything came.
    pub fn is_over(&self, read: Option<i64>) -> bool {
        self.is_last && read.is_some_and(|read| read >= self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leader_that_says_too_early_that_there_is_no_more_is_not_believed() {
        let mut over = Over::at(100);
        assert!(!over.record(50));
        // A leader with less was elected.
        over.no_more();
        assert!(!over.is_over(Some(50)) && !over.is_over(None));
        // It is caught up, or another is: the rest comes, and nothing of it was left out.
        assert!(!over.record(51));
        assert!(!over.is_over(Some(100)), "records may still stand before the word");
        assert!(over.record(100));
    }

    #[test]
    fn marks_of_transactions_before_the_end_are_read_over() {
        let mut over = Over::at(9);
        assert!(!over.record(6));
        assert!(!over.is_over(Some(9)));
        over.no_more();
        assert!(over.is_over(Some(9)) && over.is_over(Some(12)));
        // Nothing but marks from the beginning on.
        let mut marks = Over::at(4);
        marks.no_more();
        assert!(!marks.is_over(Some(3)) && marks.is_over(Some(4)));
    }
}
