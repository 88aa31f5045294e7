//! The page of a comparison of two datasets.

use super::super::diff::{DiffColumn, DiffReport, DiffVerdict, RowPlace, SideReport};
use super::super::numbers::{count, counted};
use super::chart;
use super::frame::{Markup, Page, Tone};
use super::parts::{Head, Kind, number, numbers, table};

/// The page, in one text.
pub fn diff_page(report: &DiffReport) -> String {
    let (word, tone) = match report.verdict {
        DiffVerdict::Match => ("MATCH", Tone::Match),
        DiffVerdict::Drift => ("DRIFT", Tone::Drift),
        DiffVerdict::Error => ("ERROR", Tone::Error),
    };
    let heading = match report.verdict {
        DiffVerdict::Match => "The two are the same",
        DiffVerdict::Drift => "The two differ",
        DiffVerdict::Error => "The two cannot be compared",
    };
    let facts = vec![
        ("Left", Markup::new().code(&side(&report.left))),
        ("Right", Markup::new().code(&side(&report.right))),
        ("Key", Markup::new().code(&report.key.join(", "))),
        ("Exit code", Markup::new().text(&report.exit_code.to_string())),
    ];
    let tallies = numbers(&[
        ("Rows left", report.left.rows, false),
        ("Rows right", report.right.rows, false),
        ("Keys on both sides", report.compared, false),
        ("Changed", report.changed, true),
        ("On the left alone", report.missing, true),
        ("On the right alone", report.extra, true),
        ("Keys twice", report.duplicates, true),
        ("Keys NULL", report.null_keys, true),
    ]);
    let title = format!("{word}: {} and {}", side(&report.left), side(&report.right));
    Page {
        title: &title,
        kicker: Markup::new().text("nightferry diff"),
        heading: Markup::new().text(heading),
        lead: Markup::new().add(tone.chip(word)).raw(" ").text(&report.phrase).raw("."),
        facts,
        body: Markup::new()
            .raw("<h2>Rows</h2>\n")
            .add(tallies)
            .add(columns(report))
            .add(shape(report))
            .add(first(report))
            .add(out(report)),
        foot: Markup::new()
            .text(&format!("Written by nightferry {}. ", env!("CARGO_PKG_VERSION")))
            .raw("This page holds names, counts and places, and no value of the data. It loads nothing."),
    }
    .text()
}

fn side(side: &SideReport) -> String {
    match side.version {
        Some(version) if !side.path.contains('@') => format!("{}@{version}", side.path),
        _ => side.path.clone(),
    }
}

fn columns(report: &DiffReport) -> Markup {
    let mut told: Vec<&DiffColumn> =
        report.columns.iter().filter(|column| column.changed > 0 || column.tolerance.is_some()).collect();
    told.sort_by_key(|column| std::cmp::Reverse((column.changed, column.tolerated)));
    let same = report.columns.len() - told.len();
    let heads = [
        Head { name: "Column", kind: Kind::Text },
        Head { name: "Different", kind: Kind::Number },
        Head { name: "Tolerated", kind: Kind::Number },
        Head { name: "By", kind: Kind::Text },
        Head { name: "At most apart", kind: Kind::Number },
        Head { name: "Part that differs", kind: Kind::Wide },
    ];
    let row = |column: &DiffColumn| {
        vec![
            Markup::new().code(&column.name),
            number(column.changed),
            number(column.tolerated),
            Markup::new().text(column.tolerance.as_deref().unwrap_or_default()),
            Markup::new().text(column.largest.as_deref().unwrap_or_default()),
            chart::bar(column.changed, report.compared),
        ]
    };
    let caption = match same {
        0 => String::new(),
        1 => "The other column is the same in every cell.".into(),
        many => format!("The other {many} columns are the same in every cell."),
    };
    Markup::new().when(!told.is_empty(), || {
        Markup::new().raw("<h2>Columns</h2>\n").add(table(
            Markup::new().text(&caption),
            &heads,
            told.into_iter().map(row),
        ))
    })
}

/// Columns that are not on both sides alike.
fn shape(report: &DiffReport) -> Markup {
    let list = |words: &'static str, names: &[String]| {
        let names = names.iter().map(|name| Markup::new().raw(" ").code(name));
        Markup::new().raw("<p>").raw(words).all(names).raw("</p>\n")
    };
    let retyped = report.retyped.iter().map(|column| {
        Markup::new()
            .raw("<p>")
            .code(&column.name)
            .text(&format!(" is {} on the left and {} on the right.", column.left, column.right))
            .raw("</p>\n")
    });
    let is_any = !report.retyped.is_empty()
        || [&report.left.only, &report.right.only, &report.not_compared].iter().any(|names| !names.is_empty());
    Markup::new().when(is_any, || {
        Markup::new()
            .raw("<h2>Columns that were not compared</h2>\n")
            .when(!report.left.only.is_empty(), || list("On the left alone:", &report.left.only))
            .when(!report.right.only.is_empty(), || list("On the right alone:", &report.right.only))
            .all(retyped)
            .when(!report.not_compared.is_empty(), || list("Left out by choice:", &report.not_compared))
    })
}

/// Where the first of the differing rows stand.
fn first(report: &DiffReport) -> Markup {
    let place = |row: &RowPlace| Markup::new().code(&row.file).text(&format!(" row {}", count(row.row)));
    let alone = |kind: &'static str, rows: &[RowPlace]| -> Vec<Vec<Markup>> {
        let row = |row: &RowPlace| vec![Markup::new().raw(kind), place(row), Markup::new()];
        rows.iter().map(row).collect()
    };
    let changed = report.first.changed.iter().map(|row| {
        let both = place(&row.left).raw(" is ").add(place(&row.right));
        vec![Markup::new().raw("changed"), both, Markup::new().text(&row.columns.join(", "))]
    });
    let mut rows = alone("on the left alone", &report.first.missing);
    rows.extend(alone("on the right alone", &report.first.extra));
    rows.extend(changed);
    rows.extend(alone("key of another", &report.first.duplicates));
    rows.extend(alone("NULL in the key", &report.first.null_keys));
    let heads = [
        Head { name: "What", kind: Kind::Text },
        Head { name: "Where", kind: Kind::Text },
        Head { name: "Columns", kind: Kind::Text },
    ];
    Markup::new().when(!rows.is_empty(), || {
        Markup::new().raw("<h2>The first of them</h2>\n").add(table(
            Markup::new().raw("Up to five of each kind; rows are counted from 0."),
            &heads,
            rows,
        ))
    })
}

fn out(report: &DiffReport) -> Markup {
    let Some(out) = &report.out else { return Markup::new() };
    Markup::new()
        .raw("<h2>Where to look</h2>\n<p>")
        .text(&format!("{} in ", counted(out.rows, "row")))
        .code(&out.path)
        .raw(": data as it is, for its owner alone.</p>\n")
}
