//! What a comparison of two datasets came to, as a person reads it.

use super::diff::{DiffReport, DiffVerdict, RowPlace, SideReport};
use super::numbers::{count, counted};

/// The report as a person reads it.
pub fn diff_terminal(report: &DiffReport) -> String {
    let side = |side: &SideReport| match side.version {
        Some(version) if !side.path.contains('@') => format!("{}@{version}", side.path),
        _ => side.path.clone(),
    };
    let mut lines =
        vec![format!("{} · {} · by {}", side(&report.left), side(&report.right), report.key.join(", ")), String::new()];
    let mut line = |word: &str, text: String| lines.push(format!("  {word:<11}{text}"));
    let rows = format!(
        "{} left, {} right, {} on both sides",
        count(report.left.rows),
        count(report.right.rows),
        count(report.compared)
    );
    line("rows", rows);
    let mut rows = |word: &str, number: u64, first: &[RowPlace], words: &str| {
        if number > 0 {
            line(word, format!("{} {words}{}", count(number), places(first, number)));
        }
    };
    rows("missing", report.missing, &report.first.missing, "on the left alone");
    rows("extra", report.extra, &report.first.extra, "on the right alone");
    rows("duplicates", report.duplicates, &report.first.duplicates, "with the key of another");
    rows("NULL keys", report.null_keys, &report.first.null_keys, "with a NULL in the key");
    if report.changed > 0 {
        let columns = report.columns.iter().filter(|column| column.changed > 0);
        let columns: Vec<_> = columns.map(|column| format!("{} {}", column.name, count(column.changed))).collect();
        line("changed", format!("{}: {}", count(report.changed), columns.join(", ")));
        for row in &report.first.changed {
            let pair = format!("{} row {} is {} row {}", row.left.file, row.left.row, row.right.file, row.right.row);
            line("", format!("{pair}: {}", row.columns.join(", ")));
        }
    }
    for column in report.columns.iter().filter(|column| column.tolerance.is_some()) {
        let tolerance = column.tolerance.clone().unwrap_or_default();
        let largest = column.largest.as_ref().map(|largest| format!(", at most {largest} apart")).unwrap_or_default();
        line("tolerated", format!("{} {} by {tolerance}{largest}", column.name, counted(column.tolerated, "cell")));
    }
    for (side, word) in [(&report.left, "left"), (&report.right, "right")] {
        if !side.only.is_empty() {
            line("columns", format!("on the {word} alone: {}", side.only.join(", ")));
        }
    }
    for column in &report.retyped {
        line("columns", format!("{} is {} left, {} right", column.name, column.left, column.right));
    }
    if !report.not_compared.is_empty() {
        line("ignored", report.not_compared.join(", "));
    }
    if let Some(out) = &report.out {
        line("written", format!("{} in {}: data as it is, for its owner alone", counted(out.rows, "row"), out.path));
    }
    let verdict = match report.verdict {
        DiffVerdict::Match => "MATCH",
        DiffVerdict::Drift => "DRIFT",
        DiffVerdict::Error => "ERROR",
    };
    lines.extend([String::new(), format!("  {verdict}  {}", report.phrase)]);
    lines.join("\n") + "\n"
}

/// `: old.csv rows 1, 5, ..`: a file once, its rows behind it.
fn places(first: &[RowPlace], all: u64) -> String {
    let files = first.chunk_by(|one, two| one.file == two.file).map(|rows| {
        let numbers: Vec<_> = rows.iter().map(|row| row.row.to_string()).collect();
        format!("{} row{} {}", rows[0].file, if rows.len() == 1 { "" } else { "s" }, numbers.join(", "))
    });
    let files: Vec<_> = files.collect();
    let more = if all > first.len() as u64 { ", .." } else { "" };
    format!(": {}{more}", files.join("; "))
}
