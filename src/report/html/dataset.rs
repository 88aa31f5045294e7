//! One dataset of a run's page: its verdict and proof, where it differs, what its stream is like, and where to look.

use super::super::dataset::{
    ColumnReport, DatasetReport, DatasetState, ReconciliationReport, RiskReport, SmallCellsReport, StoreReport,
    StoreState, Verdict,
};
use super::super::drift::ComparedColumn;
use super::super::numbers::{bytes, counted};
use super::super::terminal::placed;
use super::chart;
use super::frame::{Markup, Tone};
use super::look::look;
use super::parts::{Head, Kind, number, numbers, proof, table, verdict};
use super::stream::stream;
use crate::job::Severity;
use std::collections::BTreeMap;

/// Columns that are shown, those that differ first.
const COLUMNS_SHOWN_MAX: usize = 24;

/// Whether somebody has to look at a dataset: it is not as it should be, or not all of it came.
pub fn needs_a_look(dataset: &DatasetReport) -> bool {
    let is_quiet = match dataset.reconciliation.verdict {
        Verdict::Match => true,
        Verdict::NotCompared => dataset.state == DatasetState::Judged,
        Verdict::Drift | Verdict::Inconclusive | Verdict::Error => false,
    };
    !is_quiet || dataset.rows_bad > 0 || dataset.checks.iter().any(|check| !check.holds)
}

/// The section of a dataset: all of it where somebody has to look, else what it comes to, and the rest behind a line.
/// `places` names where each store is.
pub fn section(dataset: &DatasetReport, places: &BTreeMap<String, String>) -> Markup {
    let reconciliation = &dataset.reconciliation;
    let (word, tone) = verdict(reconciliation.verdict);
    let is_compared = reconciliation.verdict != Verdict::NotCompared;
    let (is_open, name) = (needs_a_look(dataset), anchor(&dataset.name));
    let details = Markup::new()
        .add(reconciliation.stream.as_ref().map(stream).unwrap_or_default())
        .add(checks(dataset))
        .add(look(dataset, places))
        .add(stores(dataset))
        .add(copies(dataset, places))
        .add(risks(dataset));
    Markup::new()
        .raw("<article id=\"")
        .text(&name)
        .raw("\" aria-labelledby=\"")
        .text(&name)
        .raw("-name\"><header><h3 class=\"name\" id=\"")
        .text(&name)
        .raw("-name\">")
        .text(&dataset.name)
        .raw("</h3>")
        .add(tone.chip(word))
        .raw("</header>\n<p>")
        .text(&sentence(&reconciliation.phrase))
        .raw(" <span class=\"soft\">")
        .raw(proof(reconciliation))
        .raw("</span></p>\n")
        .add(tallies(dataset, is_compared))
        .when(is_compared, || drift(reconciliation))
        .when(is_open, || details.clone())
        .when(!is_open, || {
            let summary = "<details><summary>Stream, checks, lists and stores</summary>\n";
            Markup::new().raw(summary).add(details.clone()).raw("</details>\n")
        })
        .raw("</article>\n")
}

/// The copies with one object a period, and whether each follows its table.
fn copies(dataset: &DatasetReport, places: &BTreeMap<String, String>) -> Markup {
    dataset.stores.iter().filter_map(|store| store.plain.as_ref()).fold(Markup::new(), |all, plain| {
        all.add(
            Markup::new()
                .raw("<p><strong>Plain copy</strong> in ")
                .code(&placed(&plain.at, places))
                .raw(" ")
                .text(&plain.phrase())
                .raw(".</p>\n"),
        )
    })
}

/// How alone people stand in what each store got.
fn risks(dataset: &DatasetReport) -> Markup {
    let told = |what: &str, store: &StoreReport, phrase: Option<String>| match phrase {
        None => Markup::new(),
        Some(phrase) => Markup::new()
            .raw("<p><strong>")
            .text(what)
            .text(&store.audience)
            .raw(":</strong> ")
            .text(&phrase)
            .raw("</p>\n"),
    };
    dataset.stores.iter().fold(Markup::new(), |all, store| {
        all.add(told("Risk that is left for ", store, store.risk.as_ref().map(RiskReport::phrase))).add(told(
            "Small groups hidden from ",
            store,
            store.small_cells.as_ref().map(SmallCellsReport::phrase),
        ))
    })
}

/// What a link in the page goes to.
pub fn anchor(dataset: &str) -> String {
    format!("table-{dataset}")
}

/// A phrase as a sentence.
pub fn sentence(phrase: &str) -> String {
    let mut signs = phrase.chars();
    let front: String = signs.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    format!("{front}{}.", signs.as_str())
}

fn tallies(dataset: &DatasetReport, is_compared: bool) -> Markup {
    let of = &dataset.reconciliation;
    let rows = ("Rows read", dataset.rows_read, false);
    let bad = ("Bad rows", dataset.rows_bad, true);
    if !is_compared && of.duplicates + of.null_keys == 0 {
        let left_out = ("Rows left out", dataset.rows_suppressed, false);
        let left_out = (dataset.rows_suppressed > 0).then_some(left_out);
        let all = [rows, ("Rows written", dataset.rows_written, false), bad].into_iter().chain(left_out);
        return numbers(&all.collect::<Vec<_>>());
    }
    let mut all = vec![
        rows,
        bad,
        ("Keys on both sides", of.compared, false),
        ("Changed", of.changed, true),
        ("Not in the extract", of.missing, true),
        ("Not in the topic", of.extra, true),
        ("Cells not told", of.unknown_cells, true),
    ];
    let seldom = [
        ("Cells tolerated", of.tolerated, false),
        ("Keys undecided", of.undecided, true),
        ("Keys twice", of.duplicates, true),
        ("Keys NULL", of.null_keys, true),
    ];
    all.extend(seldom.into_iter().filter(|(_, number, _)| *number > 0));
    numbers(&all)
}

/// Which columns differ, and over which part of the keys.
fn drift(of: &ReconciliationReport) -> Markup {
    let is_told = |column: &&ComparedColumn| column.different + column.unknown + column.tolerated > 0;
    let mut told: Vec<&ComparedColumn> = of.columns.iter().filter(is_told).collect();
    told.sort_by_key(|column| std::cmp::Reverse((column.different, column.unknown, column.tolerated)));
    let more = told.len().saturating_sub(COLUMNS_SHOWN_MAX);
    let same = of.columns.len() - told.len();
    let rows = told.iter().take(COLUMNS_SHOWN_MAX).map(|column| {
        vec![
            Markup::new().code(&column.name),
            number(column.different),
            number(column.unknown),
            number(column.tolerated),
            number(column.compared),
            chart::bar(column.different, column.compared),
        ]
    });
    let heads = [
        Head { name: "Column", kind: Kind::Text },
        Head { name: "Different", kind: Kind::Number },
        Head { name: "Not told", kind: Kind::Number },
        Head { name: "Tolerated", kind: Kind::Number },
        Head { name: "Compared", kind: Kind::Number },
        Head { name: "Part that differs", kind: Kind::Wide },
    ];
    let caption = match (same, more) {
        (0, 0) => String::new(),
        (same, 0) => format!("{} the same in every cell.", columns_are(same)),
        (same, more) => {
            format!("{} the same in every cell; {} not shown.", columns_are(same), counted(more as u64, "column"))
        }
    };
    let because = of.not_compared_because.iter().map(|(column, because)| {
        Markup::new().raw("<p>").code(column).raw(" was not compared: ").text(because).raw(".</p>\n")
    });
    let tolerated = of.tolerated_columns.iter().map(|(column, passed)| {
        let largest = passed.largest.as_ref().map(|largest| format!(", at most {largest} apart")).unwrap_or_default();
        let words = format!(": {} let pass by {}{largest}.", counted(passed.cells, "cell"), passed.rule);
        Markup::new().raw("<p>").code(column).text(&words).raw("</p>\n")
    });
    let treated = of.treated.iter().map(|(column, how)| {
        let words = format!(" was compared as the topic's dump has it: {how}.");
        Markup::new().raw("<p>").code(column).text(&words).raw("</p>\n")
    });
    Markup::new()
        .when(!told.is_empty(), || {
            Markup::new().raw("<h4>Columns that differ</h4>\n").add(table(Markup::new().text(&caption), &heads, rows))
        })
        .add(spread(of))
        .all(tolerated)
        .all(treated)
        .all(because)
}

fn columns_are(number: usize) -> String {
    if number == 1 { "The other column is".into() } else { format!("The other {number} columns are") }
}

fn spread(of: &ReconciliationReport) -> Markup {
    let Some(spread) = &of.spread else { return Markup::new() };
    let Some(lies) = chart::lies(&spread.differing) else { return Markup::new() };
    let differing: u64 = spread.differing.iter().sum();
    let comma = if lies.contains("of them") { "," } else { "" };
    let words = format!("{}{comma} {lies}{comma}", counted(differing, "row"));
    let label = format!("Rows over the range of {}: what differs lies {lies}", spread.column);
    Markup::new()
        .raw("<h4>Where in the range of <code>")
        .text(&spread.column)
        .raw("</code></h4>\n<figure><figcaption>")
        .text(&words)
        .raw(if differing == 1 { " differs. " } else { " differ. " })
        .raw("<span class=\"soft\">Equal parts from the lowest value to the highest; the values themselves are data and not on this page.</span></figcaption>")
        .add(chart::range("range", &spread.keys, &spread.differing, &label))
        .raw("<div class=\"ends\" aria-hidden=\"true\"><span>lowest</span><span>highest</span></div>")
        .add(chart::key("rows", "rows that differ"))
        .raw("</figure>\n")
}

fn checks(dataset: &DatasetReport) -> Markup {
    let rows = dataset.checks.iter().map(|check| {
        let state = match (check.holds, check.severity) {
            (true, _) => Tone::Match.chip("holds"),
            (false, Severity::Warn) => Tone::Open.chip(&format!("{}: warning", check.standing())),
            (false, _) => Tone::Drift.chip(check.standing()),
        };
        let because = check.because().filter(|_| !check.holds);
        let reason = because.map(|because| Markup::new().raw(" ").text(&because));
        vec![Markup::new().text(&check.name), state.add(reason.unwrap_or_default())]
    });
    let heads = [Head { name: "Check", kind: Kind::Text }, Head { name: "Came to", kind: Kind::Text }];
    Markup::new().when(!dataset.checks.is_empty(), || {
        Markup::new().raw("<h4>Checks</h4>\n").add(table(Markup::new(), &heads, rows))
    })
}

fn stores(dataset: &DatasetReport) -> Markup {
    let one = |store: &StoreReport| {
        let state = match store.state {
            StoreState::Published => Tone::Match.chip("published"),
            StoreState::SecondPending => Tone::Open.chip("second cloud behind"),
            StoreState::Staged => Tone::None.chip("not published"),
            StoreState::Nothing => Tone::None.chip("nothing there"),
        };
        let treated: Vec<_> = store.columns.iter().filter(|column| column.treatment != "keep").collect();
        let findings: u64 = store.columns.iter().map(|column| column.findings).sum();
        let treated = match treated.len() as u64 {
            0 => "none".to_owned(),
            many => format!("{many} of {}: {}", store.columns.len(), told(&treated)),
        };
        vec![
            Markup::new().code(&store.name),
            state,
            store.version.map(number).unwrap_or_default(),
            number(store.files),
            Markup::new().text(&bytes(store.bytes)),
            Markup::new().text(&treated),
            number(findings),
        ]
    };
    let heads = [
        Head { name: "Store", kind: Kind::Text },
        Head { name: "State", kind: Kind::Text },
        Head { name: "Version", kind: Kind::Number },
        Head { name: "Files", kind: Kind::Number },
        Head { name: "Size", kind: Kind::Number },
        Head { name: "Columns treated", kind: Kind::Text },
        Head { name: "Personal data found", kind: Kind::Number },
    ];
    Markup::new().when(!dataset.stores.is_empty(), || {
        Markup::new().raw("<h4>Where it goes, and how its columns are treated</h4>\n").add(table(
            Markup::new(),
            &heads,
            dataset.stores.iter().map(one),
        ))
    })
}

fn told(columns: &[&ColumnReport]) -> String {
    let one = |column: &&ColumnReport| format!("{} {}", column.name, column.treatment);
    columns.iter().map(one).collect::<Vec<_>>().join(", ")
}
