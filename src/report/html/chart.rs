//! Drawings: how much of something differs, and over which part of a range it lies. Each is said in words too.

use super::super::numbers::{count, counted};
use super::frame::Markup;

/// Height of a bin at least, of a hundred, where something is in it: one row among a million shows.
const SEEN_MIN: f64 = 9.0;
/// Width of a part of a bar at least, of a thousand.
const PART_MIN: f64 = 6.0;

/// A range in bins, from the lowest: `all` of the things, and those of them that differ.
pub fn range(class: &'static str, all: &[u64], differing: &[u64], label: &str) -> Markup {
    let most = all.iter().chain(differing).copied().max().unwrap_or(0).max(1) as f64;
    let height = |number: u64| match number {
        0 => 0.0,
        number => (number as f64 / most * 100.0).max(SEEN_MIN),
    };
    let bars = all.iter().zip(differing).enumerate().map(|(bin, (all, differing))| {
        let bar = |class: &'static str, height: f64| {
            Markup::new()
                .raw("<rect class=\"")
                .raw(class)
                .raw("\" x=\"")
                .coordinate(bin as f64 + 0.06)
                .raw("\" width=\"0.88\" y=\"")
                .coordinate(100.0 - height)
                .raw("\" height=\"")
                .coordinate(height)
                .raw("\"/>")
        };
        Markup::new()
            .when(*all > 0, || bar("all", height(*all)))
            .when(*differing > 0, || bar("bad-bin", height(*differing)))
    });
    Markup::new()
        .raw("<svg class=\"chart ")
        .raw(class)
        .raw("\" role=\"img\" preserveAspectRatio=\"none\" viewBox=\"0 0 ")
        .coordinate(all.len().max(1) as f64)
        .raw(" 100\" aria-label=\"")
        .text(label)
        .raw("\">")
        .all(bars)
        .raw("<line class=\"axis\" x1=\"0\" y1=\"100\" y2=\"100\" x2=\"")
        .coordinate(all.len().max(1) as f64)
        .raw("\"/></svg>")
}

/// A part of a whole as a bar.
pub fn bar(part: u64, whole: u64) -> Markup {
    let width = match (part, whole) {
        (0, _) | (_, 0) => 0.0,
        (part, whole) => (part as f64 / whole as f64 * 1000.0).clamp(PART_MIN, 1000.0),
    };
    Markup::new()
        .raw("<svg class=\"chart bar\" aria-hidden=\"true\" preserveAspectRatio=\"none\" viewBox=\"0 0 1000 10\"><rect class=\"rail\" width=\"1000\" height=\"10\"/><rect class=\"bad-bin\" height=\"10\" width=\"")
        .coordinate(width)
        .raw("\"/></svg>")
}

/// What the colours of a range mean.
pub fn key(all: &'static str, differing: &'static str) -> Markup {
    Markup::new()
        .raw("<ul class=\"key\"><li><svg viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect class=\"all\" width=\"10\" height=\"10\"/></svg>")
        .raw(all)
        .raw("</li><li><svg viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect class=\"bad-bin\" width=\"10\" height=\"10\"/></svg>")
        .raw(differing)
        .raw("</li></ul>")
}

/// Of things that are not all in one place, the part that has to be in one to be told by it, in a hundred.
const MOST_PERCENT: u64 = 80;

/// Where in a range what differs lies, in words: `between 60 % and 62 % of it`, or `118 of them in its last 5 %`.
pub fn lies(differing: &[u64]) -> Option<String> {
    let first = differing.iter().position(|number| *number > 0)?;
    let last = differing.iter().rposition(|number| *number > 0)?;
    let (from, to) = densest(differing);
    // A place that is a small part of the range, and not where everything is.
    if (from, to) != (first, last) && (to - from + 1) * 4 <= differing.len() {
        let most: u64 = differing[from..=to].iter().sum();
        return Some(format!("{} of them {}", count(most), stretch(from, to, differing.len())));
    }
    if first == 0 && last + 1 == differing.len() {
        let bins = differing.iter().filter(|number| **number > 0).count() as u64;
        return Some(format!("all over it, in {} of its {}", counted(bins, "part"), count(differing.len() as u64)));
    }
    Some(stretch(first, last, differing.len()))
}

/// The shortest stretch of bins that holds most of what differs, the first of several.
fn densest(differing: &[u64]) -> (usize, usize) {
    let all: u64 = differing.iter().sum();
    let (mut best, mut from, mut held) = ((0, differing.len().saturating_sub(1)), 0, 0);
    for (to, number) in differing.iter().enumerate() {
        held += number;
        while (held - differing[from]) * 100 >= all * MOST_PERCENT {
            held -= differing[from];
            from += 1;
        }
        if held * 100 >= all * MOST_PERCENT && to - from < best.1 - best.0 {
            best = (from, to);
        }
    }
    best
}

fn stretch(first: usize, last: usize, bins: usize) -> String {
    let percent = |bin: usize| (bin as f64 / bins as f64 * 100.0).round() as u64;
    match (percent(first), percent(last + 1)) {
        (0, 100) => "all over it".into(),
        (0, to) => format!("in its first {to} %"),
        (from, 100) => format!("in its last {} %", 100 - from),
        (from, to) => format!("between {from} % and {to} % of it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_what_differs_lies() {
        for (differing, words) in [
            (vec![0, 0], None),
            (vec![1, 0, 0, 0], Some("in its first 25 %")),
            (vec![0, 0, 0, 7], Some("in its last 25 %")),
            (vec![0, 1, 1, 0], Some("between 25 % and 75 % of it")),
            (vec![1, 0, 0, 1], Some("all over it, in 2 parts of its 4")),
            (vec![1, 0, 0, 0, 9, 9, 0, 0, 0, 1], Some("18 of them between 40 % and 60 % of it")),
            (vec![0, 0, 5], Some("in its last 33 %")),
            (vec![7], Some("all over it, in 1 part of its 1")),
        ] {
            assert_eq!(lies(&differing).as_deref(), words, "{differing:?}");
        }
    }
}
