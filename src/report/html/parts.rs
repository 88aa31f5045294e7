//! Parts that pages share: numbers side by side, tables, verdicts and their proof in words.

use super::super::dataset::{Proof, ReconciliationReport, Verdict};
use super::super::numbers::count;
use super::frame::{Markup, Tone};

/// Numbers side by side: what they are called, how many, and whether a number above zero is bad.
pub fn numbers(of: &[(&'static str, u64, bool)]) -> Markup {
    let one = |(name, number, is_bad): &(&'static str, u64, bool)| {
        let class = match (number, is_bad) {
            (0, _) => "<div class=\"zero\"><dt>",
            (_, true) => "<div class=\"bad\"><dt>",
            (_, false) => "<div><dt>",
        };
        Markup::new().raw(class).raw(name).raw("</dt><dd>").text(&count(*number)).raw("</dd></div>")
    };
    Markup::new().raw("<dl class=\"numbers\">").all(of.iter().map(one)).raw("</dl>\n")
}

/// A column of a table.
#[derive(Clone, Copy)]
pub struct Head {
    /// What it is called.
    pub name: &'static str,
    /// How its cells stand.
    pub kind: Kind,
}

/// How cells stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As text.
    Text,
    /// As numbers, one below the other.
    Number,
    /// As a drawing.
    Wide,
}

impl Kind {
    fn class(self) -> &'static str {
        match self {
            Kind::Text => "",
            Kind::Number => " class=\"n\"",
            Kind::Wide => " class=\"wide\"",
        }
    }
}

/// A table; the first cell of each row is what the row is about. On narrow paper each row becomes a card.
pub fn table(caption: Markup, heads: &[Head], rows: impl IntoIterator<Item = Vec<Markup>>) -> Markup {
    let head = |head: &Head| {
        Markup::new().raw("<th scope=\"col\"").raw(head.kind.class()).raw(">").raw(head.name).raw("</th>")
    };
    let row = |cells: Vec<Markup>| {
        let cells = heads.iter().zip(cells).enumerate().map(|(place, (head, cell))| match place {
            0 => Markup::new().raw("<th scope=\"row\" data-of=\"").raw(head.name).raw("\">").add(cell).raw("</th>"),
            _ => Markup::new()
                .raw("<td")
                .raw(head.kind.class())
                .raw(" data-of=\"")
                .raw(head.name)
                .raw("\">")
                .add(cell)
                .raw("</td>"),
        });
        Markup::new().raw("<tr>").all(cells).raw("</tr>\n")
    };
    Markup::new()
        .raw("<div class=\"scroll\"><table class=\"stack\"><caption>")
        .add(caption)
        .raw("</caption>\n<thead><tr>")
        .all(heads.iter().map(head))
        .raw("</tr></thead>\n<tbody>\n")
        .all(rows.into_iter().map(row))
        .raw("</tbody></table></div>\n")
}

/// A number as a cell.
pub fn number(number: u64) -> Markup {
    Markup::new().text(&count(number))
}

/// The word of a verdict, and what it is to the eye.
pub fn verdict(verdict: Verdict) -> (&'static str, Tone) {
    match verdict {
        Verdict::Match => ("MATCH", Tone::Match),
        Verdict::Drift => ("DRIFT", Tone::Drift),
        Verdict::Inconclusive => ("INCONCLUSIVE", Tone::Open),
        Verdict::Error => ("ERROR", Tone::Error),
        Verdict::NotCompared => ("NOT COMPARED", Tone::None),
    }
}

/// By which means a verdict was reached.
pub fn proof(report: &ReconciliationReport) -> &'static str {
    match (report.verdict, report.proof) {
        (Verdict::NotCompared, _) => "",
        (_, Proof::Txid) => {
            "Exact: every change of the stream was placed before or after the extract by its transaction."
        }
        (_, Proof::CommitLsn) => {
            "By the database's log: every change was placed before or after the extract by where its transaction was committed."
        }
        (_, Proof::Window) => {
            "Within a window of time: some changes of the stream could not be placed by their transaction, only by clocks."
        }
        (_, Proof::None) => "",
    }
}
