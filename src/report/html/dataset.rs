//! One dataset of a run's page: its verdict and proof, where it differs, what its stream is like, and where to look.

use super::super::dataset::{
    ColumnReport, DatasetReport, DatasetState, ReconciliationReport, StoreReport, StoreState, StreamReport, Verdict,
};
use super::super::drift::{ChangeSetState, ComparedColumn, PartitionReport};
use super::super::numbers::{bytes, count, counted};
use super::super::terminal::placed;
use super::chart;
use super::frame::{Markup, Tone};
use super::parts::{Head, Kind, number, numbers, proof, table, verdict};
use std::collections::BTreeMap;

/// Partitions that are shown, those that need a look first.
const PARTITIONS_SHOWN_MAX: usize = 24;
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
        .add(stores(dataset));
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

/// What a link in the page goes to.
pub fn anchor(dataset: &str) -> String {
    format!("table-{dataset}")
}

/// A phrase as a sentence.
fn sentence(phrase: &str) -> String {
    let mut signs = phrase.chars();
    let front: String = signs.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    format!("{front}{}.", signs.as_str())
}

fn tallies(dataset: &DatasetReport, is_compared: bool) -> Markup {
    let of = &dataset.reconciliation;
    let rows = ("Rows read", dataset.rows_read, false);
    let bad = ("Bad rows", dataset.rows_bad, true);
    if !is_compared && of.duplicates + of.null_keys == 0 {
        return numbers(&[rows, ("Rows written", dataset.rows_written, false), bad]);
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
    Markup::new()
        .when(!told.is_empty(), || {
            Markup::new().raw("<h4>Columns that differ</h4>\n").add(table(Markup::new().text(&caption), &heads, rows))
        })
        .add(spread(of))
        .all(because)
}

fn columns_are(number: usize) -> String {
    if number == 1 { "The other column is".into() } else { format!("The other {number} columns are") }
}

fn spread(of: &ReconciliationReport) -> Markup {
    let Some(spread) = &of.spread else { return Markup::new() };
    let Some(lies) = chart::lies(&spread.differing) else { return Markup::new() };
    let differing: u64 = spread.differing.iter().sum();
    let words = format!("{} {lies}", counted(differing, "row"));
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

fn stream(stream: &StreamReport) -> Markup {
    let mut shown: Vec<&PartitionReport> = stream.partitions.iter().collect();
    shown.sort_by_key(|partition| {
        let lacking = partition.lacking_offsets.unwrap_or(0);
        (std::cmp::Reverse(partition.differing), std::cmp::Reverse(lacking), partition.passed, partition.partition)
    });
    let more = shown.len().saturating_sub(PARTITIONS_SHOWN_MAX);
    shown.truncate(PARTITIONS_SHOWN_MAX);
    let heads = [
        Head { name: "Partition", kind: Kind::Text },
        Head { name: "Positions read", kind: Kind::Text },
        Head { name: "Past the extract", kind: Kind::Text },
        Head { name: "Keys", kind: Kind::Number },
        Head { name: "Differ", kind: Kind::Number },
        Head { name: "Lacking", kind: Kind::Number },
        Head { name: "Again", kind: Kind::Number },
        Head { name: "From its first position to its last", kind: Kind::Wide },
    ];
    let optional = |number: Option<u64>| match number {
        Some(number) => Markup::new().text(&count(number)),
        None => Markup::new().raw("<span class=\"soft\">not told</span>"),
    };
    let row = |partition: &&PartitionReport| {
        let (from, to) = partition.positions;
        let lies = chart::lies(&partition.differing_at).unwrap_or_else(|| "nowhere".into());
        let label = format!("Keys of partition {} by their last events: what differs lies {lies}", partition.partition);
        vec![
            Markup::new().text(&partition.partition.to_string()),
            Markup::new().text(&format!("{} to {}", count(from), count(to))),
            Markup::new().add(if partition.passed { Tone::Match.chip("yes") } else { Tone::Open.chip("not yet") }),
            number(partition.keys),
            number(partition.differing),
            optional(partition.lacking_offsets),
            optional(partition.again),
            chart::range("strip", &partition.keys_at, &partition.differing_at, &label),
        ]
    };
    let mut words = format!(
        "{}, of which {} later than the extract{}.",
        counted(stream.events, "event"),
        count(stream.later),
        if stream.by_window > 0 { format!(" and {} placed by clocks", count(stream.by_window)) } else { String::new() }
    );
    for (number, thing) in [(stream.tombstones, "tombstone"), (stream.truncates, "truncation")] {
        if number > 0 {
            words += &format!(" {}.", counted(number, thing));
        }
    }
    if more > 0 {
        words += &format!(" {} more, with less to tell, not shown.", counted(more as u64, "partition"));
    }
    let untold = stream.untold.iter().map(|(column, because)| {
        Markup::new().raw("<p>Some events do not tell ").code(column).raw(": ").text(because).raw(".</p>\n")
    });
    Markup::new()
        .raw("<h4>The stream, by partition</h4>\n")
        .add(table(Markup::new().text(&words), &heads, shown.iter().map(row)))
        .all(untold)
}

fn checks(dataset: &DatasetReport) -> Markup {
    let rows = dataset.checks.iter().map(|check| {
        let state = match (check.holds, check.severity) {
            (true, _) => Tone::Match.chip("holds"),
            (false, crate::job::Severity::Warn) => Tone::Open.chip("does not hold: warning"),
            (false, _) => Tone::Drift.chip("does not hold"),
        };
        let reason = check.reason.as_ref().map(|reason| Markup::new().raw(" ").text(reason));
        vec![Markup::new().text(&check.name), state.add(reason.unwrap_or_default())]
    });
    let heads = [Head { name: "Check", kind: Kind::Text }, Head { name: "Came to", kind: Kind::Text }];
    Markup::new().when(!dataset.checks.is_empty(), || {
        Markup::new().raw("<h4>Checks</h4>\n").add(table(Markup::new(), &heads, rows))
    })
}

/// Where a person who may looks on: lists in the restricted store, and the change set.
fn look(dataset: &DatasetReport, places: &BTreeMap<String, String>) -> Markup {
    let of = &dataset.reconciliation;
    let mut rows = Vec::new();
    // All lists of a run lie in one folder: it is told once.
    let folder = of.outputs.values().find_map(|output| output.at.rsplit_once('/')).map(|(folder, _)| folder);
    let mut row = |what: &'static str, number: Option<(u64, Option<u64>)>, at: &str| {
        let number = number.map_or_else(String::new, |(rows, of)| match of {
            Some(of) => format!("{} of {}", count(rows), count(of)),
            None => count(rows),
        });
        let shown = match folder.and_then(|folder| at.strip_prefix(folder)) {
            Some(file) => file.trim_start_matches('/').to_owned(),
            None => placed(at, places),
        };
        rows.push(vec![Markup::new().raw(what), Markup::new().text(&number), Markup::new().code(&shown)]);
    };
    if let Some(at) = &dataset.quarantine_at {
        row("Bad rows", Some((dataset.rows_bad, None)), at);
    }
    if let Some(at) = &of.rows_at {
        row("Differing rows as they are", None, at);
    }
    let names = [
        ("drift_rows", "Differing keys"),
        ("drift_cells", "Differing cells"),
        ("changeset", "Change set"),
        ("column_stats", "Columns of both sides"),
        ("stream_health", "Partitions of the stream"),
        ("fingerprints", "Fingerprints"),
    ];
    for (list, what) in names {
        if let Some(output) = of.outputs.get(list) {
            row(what, Some((output.rows, output.rows_of)), &output.at);
        }
    }
    let heads = [
        Head { name: "List", kind: Kind::Text },
        Head { name: "Rows", kind: Kind::Number },
        Head { name: "Where", kind: Kind::Text },
    ];
    let change_set = of.change_set.as_ref().map(|change_set| {
        let (word, tone) = match change_set.state {
            ChangeSetState::Proven => ("proven", Tone::Match),
            ChangeSetState::NotNeeded => ("not needed", Tone::None),
            ChangeSetState::Refused => ("refused", Tone::Open),
        };
        let changes = match change_set.state {
            ChangeSetState::Proven => format!("{}. ", counted(change_set.changes, "key")),
            _ => String::new(),
        };
        Markup::new()
            .raw("<p>")
            .add(tone.chip(word))
            .raw(" ")
            .text(&changes)
            .text(&sentence(&change_set.phrase))
            .raw("</p>\n")
    });
    let prints = of.fingerprints.as_ref().map(|prints| {
        let differing = match prints.buckets_differing {
            0 => "both sides are the same".to_owned(),
            many => format!("{} of {} buckets of keys differ", count(many), count(prints.buckets)),
        };
        Markup::new()
            .raw("<p class=\"soft\">Fingerprint of the extract ")
            .code(&prints.extract)
            .raw(", of the topic ")
            .code(&prints.topic)
            .text(&format!(": {differing}."))
            .raw("</p>\n")
    });
    let has_differing = of.missing + of.extra + of.changed + of.unknown_cells > 0;
    let listed = !rows.is_empty();
    let lists = Markup::new().when(listed, || {
        let words = "Columns about people are not readable in the lists; the differing rows and the change set show what the restricted store may hold.";
        let folder = folder.map(|folder| Markup::new().raw(" In ").code(&placed(folder, places)).raw(":"));
        table(Markup::new().raw(words).add(folder.unwrap_or_default()), &heads, rows)
    });
    let lists = lists.add(prints.unwrap_or_default());
    Markup::new()
        .when(has_differing && change_set.is_some(), || {
            let title = "<h4>To bring the topic&#39;s state to the extract&#39;s</h4>\n";
            Markup::new().raw(title).add(change_set.unwrap_or_default())
        })
        .when(listed, || {
            let title =
                if has_differing || dataset.rows_bad > 0 { "<h4>Where to look</h4>\n" } else { "<h4>Lists</h4>\n" };
            Markup::new().raw(title).add(lists)
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
