//! Counts and what the stream showed -> a verdict, its proof, and words for people.
//!
//! A difference that a stream which is behind would explain is no drift. Partitions come on by themselves: a row that
//! differs counts once the partition that its key is in holds something later than the extract, and a row that the topic lacks
//! once every partition does, since it may belong to any of them. One such row is drift, whatever the others may become. A
//! partition in which nothing happens any more passes no moment: what differs there is undecided, and never called drift.

use super::compare::Counts;
use crate::changes::StreamFacts;
use std::fmt::Write;

/// What a comparison came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same.
    Match,
    /// Rows differ.
    Drift,
    /// It cannot be decided; `true` when a retry may cure it.
    Inconclusive(Curable),
    /// It cannot be made.
    Error,
}

/// Whether a retry may cure an undecided comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curable {
    /// The stream is behind; later it may not be.
    Later,
    /// Nothing that time does will tell.
    Never,
}

/// The two facts of the stream that a verdict needs besides the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Whether the extract carries a snapshot.
    pub has_snapshot: bool,
    /// Whether an empty side is fine.
    pub allow_empty: bool,
}

/// A verdict with its proof and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What it came to.
    pub verdict: Verdict,
    /// Whether every event was placed by its transaction.
    pub by_transaction: bool,
    /// In words, such as `1 row differs in amount_gbp`.
    pub phrase: String,
}

/// Judges a comparison.
pub fn judge(counts: &Counts, facts: &StreamFacts, stream: Stream) -> Judged {
    let by_transaction = stream.has_snapshot && facts.by_window == 0;
    let judged = |verdict, phrase: String| Judged { verdict, by_transaction, phrase };
    if counts.null_keys + counts.duplicates > 0 {
        return judged(Verdict::Error, key_phrase(counts));
    }
    if !stream.allow_empty && (counts.extract_rows == 0 || (facts.events == 0 && counts.topic_keys == 0)) {
        let side = if counts.extract_rows == 0 { "the extract has no rows" } else { "the topic has no events" };
        return judged(Verdict::Error, side.into());
    }
    if facts.tables.len() > 1 {
        let phrase = format!("the topic holds changes of {} tables", facts.tables.len());
        return judged(Verdict::Inconclusive(Curable::Never), phrase);
    }
    if facts.truncates > 0 && facts.offsets.len() > 1 {
        let phrase = "the table was emptied, and partitions have no order between them";
        return judged(Verdict::Inconclusive(Curable::Never), phrase.into());
    }
    let differing = counts.missing + counts.extra + counts.changed;
    let all_passed =
        !facts.offsets.is_empty() && facts.offsets.keys().all(|partition| facts.passed.contains(partition));
    let is_proven = (counts.extra > 0 && all_passed)
        || counts.differing_in.keys().any(|partition| facts.passed.contains(partition));
    if differing > 0 && !is_proven && facts.later > 0 {
        let phrase =
            format!("a partition of the topic holds nothing later than the extract ({})", drift_phrase(counts));
        return judged(Verdict::Inconclusive(Curable::Later), phrase);
    }
    if differing > 0 && !is_proven {
        let phrase = format!("the topic holds nothing later than the extract ({})", drift_phrase(counts));
        return judged(Verdict::Inconclusive(Curable::Later), phrase);
    }
    if differing > 0 {
        return judged(Verdict::Drift, drift_phrase(counts));
    }
    if facts.is_every_offset_due && facts.lacking() > 0 {
        let phrase = format!("the topic's dump lacks {}", counted(facts.lacking(), "offset"));
        return judged(Verdict::Drift, phrase);
    }
    if counts.unknown_cells > 0 {
        let because: Vec<String> =
            facts.untold.iter().map(|(column, untold)| format!("{column}: {}", untold.phrase())).collect();
        let because = if because.is_empty() { String::new() } else { format!(" ({})", because.join("; ")) };
        let phrase = format!("the topic does not tell {}{because}", counted(counts.unknown_cells, "cell"));
        return judged(Verdict::Inconclusive(Curable::Never), phrase);
    }
    let tolerated = if counts.tolerated > 0 {
        format!(" ({} within tolerance)", counted(counts.tolerated, "cell"))
    } else {
        String::new()
    };
    judged(Verdict::Match, format!("{} the same{tolerated}", counted(counts.compared, "row")))
}

fn counted(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// What is wrong with the keys, in words.
pub fn key_phrase(counts: &Counts) -> String {
    let mut parts = Vec::new();
    if counts.null_keys > 0 {
        parts.push(format!("{} with a NULL key", counted(counts.null_keys, "row")));
    }
    if counts.duplicates > 0 {
        parts.push(format!("{} with the key of another", counted(counts.duplicates, "row")));
    }
    parts.join(", ")
}

fn drift_phrase(counts: &Counts) -> String {
    let mut parts = Vec::new();
    if counts.changed > 0 {
        let columns = counts.changed_columns.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let verb = if counts.changed == 1 { "differs" } else { "differ" };
        parts.push(format!("{} {verb} in {columns}", counted(counts.changed, "row")));
    }
    let mut one_side = |number: u64, words: &str| {
        if number > 0 {
            let mut part = counted(number, "row");
            let _ = write!(part, " {words}");
            parts.push(part);
        }
    };
    one_side(counts.missing, "missing from the extract");
    one_side(counts.extra, "missing from the topic");
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: Stream = Stream { has_snapshot: true, allow_empty: false };

    fn counts() -> Counts {
        Counts { extract_rows: 10, topic_keys: 10, compared: 10, ..Counts::default() }
    }

    fn facts(later: u64) -> StreamFacts {
        let passed = if later > 0 { [0].into() } else { Default::default() };
        StreamFacts { events: 12, later, passed, offsets: [(0, (0, 11))].into(), ..StreamFacts::default() }
    }

    #[test]
    fn matches_only_what_is_the_same_and_known() {
        assert_eq!(judge(&counts(), &facts(0), STREAM).verdict, Verdict::Match);
        let unknown = Counts { unknown_cells: 1, ..counts() };
        assert_eq!(judge(&unknown, &facts(1), STREAM).verdict, Verdict::Inconclusive(Curable::Never));
    }

    #[test]
    fn calls_no_difference_drift_while_the_stream_may_be_behind() {
        let changed = Counts {
            changed: 1,
            changed_columns: [("amount_gbp".to_owned(), 1)].into(),
            differing_in: [(0, 1)].into(),
            ..counts()
        };
        assert_eq!(judge(&changed, &facts(0), STREAM).verdict, Verdict::Inconclusive(Curable::Later));
        let drift = judge(&changed, &facts(1), STREAM);
        assert_eq!((drift.verdict, drift.phrase.as_str()), (Verdict::Drift, "1 row differs in amount_gbp"));
    }

    #[test]
    fn asks_of_each_partition_whether_it_has_passed_the_extract() {
        let offsets = || [(0, (0, 5)), (1, (0, 5))].into();
        let ahead = StreamFacts { offsets: offsets(), ..facts(1) };
        let both = StreamFacts { passed: [0, 1].into(), ..ahead.clone() };
        let changed = |partition: u32| Counts { changed: 1, differing_in: [(partition, 1)].into(), ..counts() };
        let extra = Counts { extra: 1, ..counts() };
        let behind = Verdict::Inconclusive(Curable::Later);
        for (counts, facts, verdict) in [
            (changed(0), &ahead, Verdict::Drift),
            (changed(1), &ahead, behind),
            (changed(1), &both, Verdict::Drift),
            (Counts { missing: 1, changed: 0, ..changed(1) }, &ahead, behind),
            (extra.clone(), &ahead, behind),
            (extra.clone(), &both, Verdict::Drift),
            (Counts { extra: 1, ..changed(0) }, &ahead, Verdict::Drift),
            (counts(), &ahead, Verdict::Match),
        ] {
            assert_eq!(judge(&counts, facts, STREAM).verdict, verdict, "{counts:?} {facts:?}");
        }
    }

    #[test]
    fn refuses_to_compare_without_keys_or_with_an_empty_side() {
        for counts in [Counts { duplicates: 1, ..counts() }, Counts { null_keys: 2, ..counts() }, Counts::default()] {
            assert_eq!(judge(&counts, &facts(1), STREAM).verdict, Verdict::Error);
        }
        let empty = Stream { allow_empty: true, ..STREAM };
        assert_eq!(judge(&Counts::default(), &StreamFacts::default(), empty).verdict, Verdict::Match);
    }

    #[test]
    fn says_by_which_means_it_knows() {
        assert!(judge(&counts(), &facts(1), STREAM).by_transaction);
        let window = StreamFacts { by_window: 1, ..facts(1) };
        assert!(!judge(&counts(), &window, STREAM).by_transaction);
        assert!(!judge(&counts(), &facts(1), Stream { has_snapshot: false, allow_empty: false }).by_transaction);
    }
}
