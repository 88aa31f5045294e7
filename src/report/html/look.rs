//! Where a person who may looks on: the lists in the restricted store, and the change set.

use super::super::dataset::DatasetReport;
use super::super::drift::ChangeSetState;
use super::super::numbers::{count, counted};
use super::super::terminal::placed;
use super::dataset::sentence;
use super::frame::{Markup, Tone};
use super::parts::{Head, Kind, table};
use std::collections::BTreeMap;

/// Where a person who may looks on: lists in the restricted store, and the change set.
pub fn look(dataset: &DatasetReport, places: &BTreeMap<String, String>) -> Markup {
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
    if let Some(at) = dataset.checks.iter().find_map(|check| check.rows_at.as_ref()) {
        row("Rows at fault in checks", None, at);
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
