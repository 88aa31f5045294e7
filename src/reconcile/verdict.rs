//! Counts and what the stream showed -> a verdict, its proof, and words for people.
//!
//! A difference that a stream which is behind would explain is no drift. Partitions come on by themselves: a row that
//! differs counts once the partition that its key is in holds something later than the extract, and a row that the topic lacks
//! once every partition does, since it may belong to any of them. One such row is drift, whatever the others may become. A
//! partition in which nothing happens any more passes no moment: what differs there is undecided, and never called drift.

use super::compare::Counts;
use crate::changes::{Means, StreamFacts};
use std::fmt::Write;

/// What a comparison came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same.
    Match,
    /// Rows differ.
    Drift,
    /// It cannot be decided.
    Inconclusive(Curable),
    /// It cannot be made.
    Error,
}

/// Whether a retry may cure an undecided comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curable {
    /// The stream is behind; later it may not be.
    Later,
    /// Rows changed too near to the extract's moment; around another moment others do, or none.
    AtAnotherMoment,
    /// Nothing that time does will tell.
    Never,
}

/// What a verdict needs besides the counts and what the stream shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Whether the extract carries a snapshot.
    pub has_snapshot: bool,
    /// Whether an empty side is fine.
    pub allow_empty: bool,
    /// Whether a heartbeat shows that the stream has come past the extract, in partitions too where nothing happens.
    pub heartbeat: bool,
    /// Records of the stream that could not be landed where they belong.
    pub dead_letters: u64,
}

/// A verdict with its proof and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What it came to.
    pub verdict: Verdict,
    /// How it is known of every event on which side of the extract's moment it is.
    pub means: Means,
    /// In words, such as `1 row differs in amount_gbp`.
    pub phrase: String,
}

/// Judges a comparison.
pub fn judge(counts: &Counts, facts: &StreamFacts, stream: Stream) -> Judged {
    let means = means(facts, stream);
    let judged = |verdict, phrase: String| Judged { verdict, means, phrase };
    if counts.null_keys + counts.duplicates > 0 {
        return judged(Verdict::Error, key_phrase(counts));
    }
    if !stream.allow_empty && counts.extract_rows == 0 {
        return judged(Verdict::Error, "the extract has no rows".into());
    }
    if !stream.allow_empty && facts.events == 0 && counts.topic_keys == 0 {
        // Where nothing shows that the stream came past the extract, what it should hold may still come.
        return match stream.heartbeat {
            true => judged(Verdict::Error, "the topic has no events".into()),
            false => judged(Verdict::Inconclusive(Curable::Later), "the topic has no events yet".into()),
        };
    }
    if facts.tables.len() > 1 {
        let phrase = format!("the topic holds changes of {} tables", facts.tables.len());
        return judged(Verdict::Inconclusive(Curable::Never), phrase);
    }
    if facts.truncates_in_flight > 0 {
        let phrase = "the table was emptied so near to the extract's moment that nobody can tell on which side";
        return judged(Verdict::Inconclusive(Curable::AtAnotherMoment), phrase.into());
    }
    if facts.truncates > 0 && facts.offsets.len() > 1 && facts.emptied_across().is_none() {
        let phrase = "the table was emptied, and partitions have no order between them";
        return judged(Verdict::Inconclusive(Curable::Never), phrase.into());
    }
    if means == Means::Log && facts.log.begins_anew() {
        let phrase = "the database's log began anew, and its places before and behind are not to be compared";
        return judged(Verdict::Inconclusive(Curable::Never), phrase.into());
    }
    let differing = counts.missing + counts.extra + counts.changed;
    if differing > 0 && stream.dead_letters > 0 {
        let letters = counted(stream.dead_letters, "record");
        let verb = if stream.dead_letters == 1 { "is" } else { "are" };
        let phrase = format!("{letters} of the topic {verb} not in the dump ({})", drift_phrase(counts));
        return judged(Verdict::Inconclusive(Curable::Never), phrase);
    }
    let has_passed = |partition: &u32| stream.heartbeat || facts.passed.contains(partition);
    let all_passed = !facts.offsets.is_empty() && facts.offsets.keys().all(has_passed);
    let is_proven = (counts.extra > 0 && all_passed) || counts.differing_in.keys().any(has_passed);
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
    if counts.out_of_order > 0 {
        let rows = counted(counts.out_of_order, "row");
        let phrase = format!("the places in the log that events of {rows} tell fall, and nothing says why");
        return judged(Verdict::Inconclusive(Curable::Never), phrase);
    }
    if counts.read_later > 0 {
        let rows = counted(counts.read_later, "row");
        let phrase =
            format!("of {rows} the topic tells only that a snapshot of the connector read them after the extract");
        return judged(Verdict::Inconclusive(Curable::AtAnotherMoment), phrase);
    }
    if counts.in_flight > 0 {
        let rows = counted(counts.in_flight, "row");
        let phrase = format!("{rows} changed so near to the extract's moment that nobody can tell on which side");
        return judged(Verdict::Inconclusive(Curable::AtAnotherMoment), phrase);
    }
    if counts.unknown_cells > 0 {
        let because: Vec<String> =
            facts.untold.iter().map(|(column, untold)| format!("{column}: {}", untold.phrase())).collect();
        let because = if because.is_empty() { String::new() } else { format!(" ({})", because.join("; ")) };
        let phrase = format!("the topic does not tell {}{because}", counted(counts.unknown_cells, "cell"));
        return judged(Verdict::Inconclusive(Curable::Never), phrase);
    }
    let tolerated = match counts.tolerated_cells() {
        0 => String::new(),
        cells => format!(" ({} within tolerance)", counted(cells, "cell")),
    };
    judged(Verdict::Match, format!("{} the same{tolerated}", counted(counts.compared, "row")))
}

/// The least that any event was placed by.
fn means(facts: &StreamFacts, stream: Stream) -> Means {
    match () {
        () if facts.by_window > 0 => Means::Clock,
        () if facts.by_log > 0 => Means::Log,
        () if stream.has_snapshot => Means::Transaction,
        () => Means::Clock,
    }
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

    const STREAM: Stream = Stream { has_snapshot: true, allow_empty: false, heartbeat: false, dead_letters: 0 };

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
    fn takes_a_heartbeat_for_what_no_event_of_a_quiet_partition_tells() {
        let quiet = StreamFacts { offsets: [(0, (0, 5)), (1, (0, 5))].into(), ..facts(0) };
        let changed = Counts { changed: 1, differing_in: [(1, 1)].into(), ..counts() };
        let extra = Counts { extra: 1, ..counts() };
        let beats = Stream { heartbeat: true, ..STREAM };
        for counts in [changed, extra] {
            assert_eq!(judge(&counts, &quiet, STREAM).verdict, Verdict::Inconclusive(Curable::Later));
            assert_eq!(judge(&counts, &quiet, beats).verdict, Verdict::Drift);
        }
        let nothing = Counts { extract_rows: 3, extra: 3, ..Counts::default() };
        let none = StreamFacts::default();
        assert_eq!(judge(&nothing, &none, STREAM).verdict, Verdict::Inconclusive(Curable::Later));
        assert_eq!(judge(&nothing, &none, beats).verdict, Verdict::Error);
    }

    #[test]
    fn says_what_nobody_can_tell_and_drift_first() {
        let near = Counts { in_flight: 2, ..counts() };
        let judged = judge(&near, &facts(1), STREAM);
        assert_eq!(judged.verdict, Verdict::Inconclusive(Curable::AtAnotherMoment));
        assert!(judged.phrase.starts_with("2 rows changed so near"), "{}", judged.phrase);
        let read = judge(&Counts { read_later: 1, ..counts() }, &facts(1), STREAM);
        assert_eq!(read.verdict, Verdict::Inconclusive(Curable::AtAnotherMoment));
        let falls = Counts { out_of_order: 1, ..counts() };
        assert_eq!(judge(&falls, &facts(1), STREAM).verdict, Verdict::Inconclusive(Curable::Never));
        let drift = Counts { changed: 1, differing_in: [(0, 1)].into(), ..near };
        assert_eq!(judge(&drift, &facts(1), STREAM).verdict, Verdict::Drift);
        let changed = Counts { changed: 1, differing_in: [(0, 1)].into(), ..counts() };
        let letters = Stream { dead_letters: 1, ..STREAM };
        assert_eq!(judge(&changed, &facts(1), letters).verdict, Verdict::Inconclusive(Curable::Never));
        assert_eq!(judge(&counts(), &facts(1), letters).verdict, Verdict::Match);
        let emptied = StreamFacts { truncates: 1, truncates_in_flight: 1, ..facts(1) };
        assert_eq!(judge(&counts(), &emptied, STREAM).verdict, Verdict::Inconclusive(Curable::AtAnotherMoment));
    }

    #[test]
    fn says_by_which_means_it_knows() {
        let means = |facts: &StreamFacts, stream| judge(&counts(), facts, stream).means;
        assert_eq!(means(&facts(1), STREAM), Means::Transaction);
        assert_eq!(means(&StreamFacts { by_log: 1, ..facts(1) }, STREAM), Means::Log);
        assert_eq!(means(&StreamFacts { by_window: 1, by_log: 1, ..facts(1) }, STREAM), Means::Clock);
        assert_eq!(means(&facts(1), Stream { has_snapshot: false, ..STREAM }), Means::Clock);
    }
}
