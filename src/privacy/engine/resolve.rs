//! Of candidates that overlap the best one.

use super::{Finding, SCORE_MIN, Scored};

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
        for one in group {
            if found[first..].iter().all(|taken| one.end <= taken.start || taken.end <= one.start) {
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
