//! Of candidates that overlap the best one.

use super::{Finding, SCORE_MIN, Scored};
use std::collections::BTreeMap;

/// Candidates that touch one another, of which each is held against all that were taken: of more, against its neighbours.
const FEW: usize = 32;

/// Moves the best of `scored` to `found`, in the order of the text: the higher score before the longer piece before the earlier row.
pub fn best(scored: &mut Vec<Scored>, found: &mut Vec<Finding>) {
    scored.retain(|one| one.score >= SCORE_MIN && one.start < one.end);
    if scored.len() > 1 {
        // Groups of candidates that touch are judged one by one, so that many findings in one cell cost no square of them.
        scored.sort_unstable_by_key(|one| (one.start, one.end));
    }
    let mut from = 0;
    while from < scored.len() {
        let (mut to, mut end) = (from + 1, scored[from].end);
        while to < scored.len() && scored[to].start < end {
            end = end.max(scored[to].end);
            to += 1;
        }
        let group = &mut scored[from..to];
        group.sort_unstable_by(|one, other| {
            let lengths = (other.end - other.start).cmp(&(one.end - one.start));
            other.score.total_cmp(&one.score).then(lengths).then(one.row.cmp(&other.row))
        });
        let first = found.len();
        let (is_few, mut ends) = (group.len() <= FEW, BTreeMap::new());
        for one in group {
            let is_free = if is_few {
                found[first..].iter().all(|taken| one.end <= taken.start || taken.end <= one.start)
            } else {
                // What is taken overlaps nothing else that is: only the last that begins before this one's end can.
                ends.range(..one.end).next_back().is_none_or(|(_, end)| *end <= one.start)
            };
            if is_free {
                if !is_few {
                    ends.insert(one.start, one.end);
                }
                found.push(Finding {
                    start: one.start,
                    end: one.end,
                    kind: one.kind,
                    score: one.score.clamp(SCORE_MIN, 0.99),
                });
            }
        }
        found[first..].sort_unstable_by_key(|finding| finding.start);
        from = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::recognise::Kind;

    /// The rule, said without regard to what it costs.
    fn plainly(scored: &[Scored]) -> Vec<(usize, usize)> {
        let mut sorted: Vec<&Scored> = scored.iter().filter(|one| one.score >= SCORE_MIN).collect();
        sorted.sort_by(|one, other| {
            let length = |one: &Scored| one.end - one.start;
            other.score.total_cmp(&one.score).then(length(other).cmp(&length(one))).then(one.row.cmp(&other.row))
        });
        let mut taken: Vec<(usize, usize)> = Vec::new();
        for one in sorted {
            if taken.iter().all(|(start, end)| one.end <= *start || *end <= one.start) {
                taken.push((one.start, one.end));
            }
        }
        taken.sort_unstable();
        taken
    }

    fn candidates(count: usize, apart: usize) -> Vec<Scored> {
        let one = |at: usize| {
            let (start, score) = (at * apart, 0.5 + (at * 7919 % 97) as f32 / 300.0);
            Scored { start, end: start + 3 + at * 31 % 23, kind: Kind::Email, score, row: at, is_named: false }
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn takes_the_best_of_few_candidates_and_of_many() {
        for (count, apart) in [(5, 1), (30, 2), (33, 3), (400, 2), (400, 9)] {
            let (mut scored, mut found) = (candidates(count, apart), Vec::new());
            let expected = plainly(&scored);
            best(&mut scored, &mut found);
            let taken: Vec<_> = found.iter().map(|finding| (finding.start, finding.end)).collect();
            assert_eq!(taken, expected, "{count} candidates, {apart} apart");
        }
    }

    #[test]
    fn takes_no_square_of_the_candidates_that_touch_one_another() {
        // Held against one another they would be looked at ten thousand million times.
        let (mut scored, mut found) = (candidates(300_000, 3), Vec::new());
        best(&mut scored, &mut found);
        assert!(found.len() > 30_000);
    }
}
