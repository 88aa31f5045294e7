//! The report as a person reads it after the run: one line a table, then what was published, treated, and what it took.

use super::dataset::{DatasetReport, MergeReport, PeriodReport, Proof, ReconciliationReport, StoreState, Verdict};
use super::numbers::{bytes, count, counted};
use super::run::{Outcome, RunReport};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Treatments told by name in a table's line; more are counted.
const TREATED_TOLD_MAX: usize = 3;

/// Periods told by name; more are counted.
const PERIODS_TOLD_MAX: usize = 3;

/// The report as text, ending in a newline. `places` names where each store is, as the environment file writes it.
pub fn terminal(report: &RunReport, places: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{} · {} (Europe/London) · run {} · {}\n",
        report.job,
        days(report),
        report.run.get(..8).unwrap_or(&report.run),
        report.environment
    );
    let lines: Vec<[String; 4]> = report.datasets.iter().map(|dataset| line(report.outcome, dataset)).collect();
    table(&mut out, ["table", "rows", "treated", "against the topic"].map(String::from), &lines);
    for dataset in &report.datasets {
        for check in dataset.checks.iter().filter(|check| !check.holds) {
            let reason = check.because().map(|because| format!(" ({because})")).unwrap_or_default();
            let _ = writeln!(out, "  check of {} {}: {}{reason}", dataset.name, check.standing(), check.name);
        }
    }
    if !report.datasets.is_empty() {
        out.push('\n');
    }
    let mut fact = |name: &str, text: String| {
        let _ = writeln!(out, "  {name:<10} {text}");
    };
    fact(outcome_word(report.outcome), published(report, places));
    if !report.completed.is_empty() {
        fact("completed", format!("what run {} had begun to publish", report.completed.join(", ")));
    }
    for dataset in report.datasets.iter().filter(|dataset| !dataset.periods.is_empty()) {
        fact("periods", format!("{}: {}", dataset.name, periods(dataset)));
    }
    for dataset in &report.datasets {
        for store in &dataset.stores {
            if let Some(merge) = &store.merge {
                fact("merged", format!("{}: {}", dataset.name, merged(dataset, merge)));
            }
        }
    }
    for dataset in &report.datasets {
        for store in &dataset.stores {
            if let Some(plain) = &store.plain {
                fact("copy", format!("{}: {} {}", dataset.name, placed(&plain.at, places), plain.phrase()));
            }
            if let Some(risk) = &store.risk {
                fact("risk", format!("{} for {}: {}", dataset.name, store.audience, risk.phrase()));
            }
            if let Some(cells) = &store.small_cells {
                fact("small", format!("{} for {}: {}", dataset.name, store.audience, cells.phrase()));
            }
        }
    }
    if report.datasets.iter().any(|dataset| !dataset.stores.is_empty()) {
        fact("privacy", privacy(report));
    }
    for dataset in &report.datasets {
        for (column, cells) in &dataset.cells_beyond {
            let what = format!("{} of {}: NULL for {}", column, dataset.name, counted(*cells, "value"));
            fact("beyond", format!("{what} that the declared type cannot hold (beyond)"));
        }
        for (column, passed) in &dataset.reconciliation.tolerated_columns {
            let largest = passed.largest.as_ref().map(|most| format!(", at most {most} apart")).unwrap_or_default();
            let cells = counted(passed.cells, "cell");
            fact("tolerated", format!("{column} of {}: {cells} by {}{largest}", dataset.name, passed.rule));
        }
        if !dataset.reconciliation.treated.is_empty() {
            let columns = dataset.reconciliation.treated.iter().map(|(column, how)| format!("{column} {how}"));
            let columns = columns.collect::<Vec<_>>().join(", ");
            fact("compared", format!("{} as its dump was treated: {columns}", dataset.name));
        }
        for (column, because) in &dataset.reconciliation.not_compared_because {
            fact("untold", format!("{column} of {} was not compared: {because}", dataset.name));
        }
    }
    fact("took", format!("{:.1} s; {}", report.seconds, report.cost.phrase()));
    for dataset in &report.datasets {
        if let Some(quarantine_at) = &dataset.quarantine_at {
            fact("look", format!("{}: the bad rows are in {}", dataset.name, placed(quarantine_at, places)));
        }
        if let Some(rows_at) = &dataset.reconciliation.rows_at {
            fact("look", format!("{}: the differing rows are in {}", dataset.name, placed(rows_at, places)));
        }
        if let Some(rows_at) = dataset.checks.iter().find_map(|check| check.rows_at.as_ref()) {
            fact("look", format!("{}: rows that break its checks are in {}", dataset.name, placed(rows_at, places)));
        }
    }
    if let Some(page_at) = &report.page_at {
        fact("look", format!("{} shows the run in a browser", placed(page_at, places)));
    }
    out
}

/// `<store>/<path>` with the place of the store in front of the path.
pub(super) fn placed(path: &str, places: &BTreeMap<String, String>) -> String {
    match path.split_once('/').and_then(|(store, rest)| Some((places.get(store)?, rest))) {
        Some((place, rest)) => format!("{}/{rest}", place.trim_end_matches('/')),
        None => path.to_owned(),
    }
}

/// The days that a run was for.
pub(super) fn days(report: &RunReport) -> String {
    let day = |date: chrono::NaiveDate| date.format("%-d %b %Y").to_string();
    let (from, to) = (report.period.from, report.period.to);
    if from == to { day(from) } else { format!("{} to {}", day(from), day(to)) }
}

/// The periods that were asked for: by name, or how many from when to when.
fn periods(dataset: &DatasetReport) -> String {
    let told = |period: &PeriodReport| format!("{} ({})", period.period, counted(period.rows, "row"));
    match dataset.periods.as_slice() {
        few if few.len() <= PERIODS_TOLD_MAX => few.iter().map(told).collect::<Vec<_>>().join(", "),
        [first, .., last] => format!("{} of them, {} to {}", dataset.periods.len(), told(first), told(last)),
        _ => String::new(),
    }
}

/// What changed in the table, and what became of the rows that the source no longer has.
fn merged(dataset: &DatasetReport, merge: &MergeReport) -> String {
    let since = match dataset.since {
        Some(since) => format!("changed since {} UTC", since.format("%Y-%m-%d %H:%M:%S")),
        None => "all".into(),
    };
    let deleted = match merge.deleted {
        0 => "none is gone at the source".into(),
        many => format!("{} gone at the source {}", counted(many, "row"), merge.deleted_rows),
    };
    let rows = |many: u64| counted(many, "row");
    format!(
        "{} ({since}), {} replaced, {deleted}; {} in the table",
        rows(dataset.rows_written),
        count(merge.replaced),
        rows(merge.rows)
    )
}

fn line(outcome: Outcome, dataset: &DatasetReport) -> [String; 4] {
    let bad = if dataset.rows_bad > 0 { format!(" (+{} bad)", count(dataset.rows_bad)) } else { String::new() };
    let left_out = match dataset.rows_suppressed {
        0 => String::new(),
        rows => format!(" (-{} left out)", count(rows)),
    };
    [
        dataset.name.clone(),
        format!("{}{bad}{left_out}", count(dataset.rows_written)),
        treated(dataset),
        compared(outcome, &dataset.reconciliation),
    ]
}

/// What was done to the columns, in the first store that is not `restricted`.
fn treated(dataset: &DatasetReport) -> String {
    let Some(store) = dataset.stores.iter().find(|store| store.audience != "restricted") else { return "-".into() };
    let changed: Vec<_> = store.columns.iter().filter(|column| column.treatment != "keep").collect();
    if changed.is_empty() {
        return "-".into();
    }
    let told: Vec<_> = changed
        .iter()
        .take(TREATED_TOLD_MAX)
        .map(|column| match column.treatment.as_str() {
            "drop" => format!("{} dropped", column.name),
            treatment => format!("{} {}", column.name, treatment.split(' ').next().unwrap_or(treatment)),
        })
        .collect();
    let more = changed.len() - told.len();
    let more = if more > 0 { format!(", {more} more") } else { String::new() };
    format!("{}{more}", told.join(", "))
}

fn compared(outcome: Outcome, reconciliation: &ReconciliationReport) -> String {
    let word = match reconciliation.verdict {
        Verdict::Match => "MATCH",
        Verdict::Drift => "DRIFT",
        Verdict::Inconclusive => "INCONCLUSIVE",
        Verdict::Error => "ERROR",
        Verdict::NotCompared => return reconciliation.phrase.clone(),
    };
    let how = match (reconciliation.verdict, reconciliation.proof) {
        (Verdict::Match, Proof::Txid) => "exact, by transaction".into(),
        (Verdict::Match, Proof::CommitLsn) => "by the database's log".into(),
        (Verdict::Match, _) => "within a window of time".into(),
        _ => reconciliation.phrase.clone(),
    };
    let published = match (reconciliation.verdict, outcome) {
        (Verdict::Drift, Outcome::Published | Outcome::SecondPending) => " (published: on_drift)",
        (Verdict::Inconclusive, Outcome::Published | Outcome::SecondPending) => " (published: on_inconclusive)",
        _ => "",
    };
    format!("{word}  {how}{published}")
}

fn table(out: &mut String, head: [String; 4], lines: &[[String; 4]]) {
    if lines.is_empty() {
        return;
    }
    let width = |column: usize| {
        let cells = lines.iter().chain([&head]).map(|line| line[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2)];
    for [name, rows, treated, compared] in std::iter::once(&head).chain(lines) {
        let _ = writeln!(
            out,
            "  {name:<w0$}  {rows:>w1$}   {treated:<w2$}  {compared}",
            w0 = widths[0],
            w1 = widths[1],
            w2 = widths[2]
        );
    }
}

fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Published | Outcome::SecondPending => "published",
        Outcome::AlreadyPublished => "published",
        Outcome::Superseded => "superseded",
        Outcome::DryRun => "dry run",
        Outcome::Refused => "refused",
        Outcome::Failed => "failed",
    }
}

fn published(report: &RunReport, places: &BTreeMap<String, String>) -> String {
    let stores = || report.datasets.iter().flat_map(|dataset| &dataset.stores);
    let tables = stores().filter(|store| store.state != StoreState::Nothing).count() as u64;
    let files: u64 = stores().map(|store| store.files).sum();
    let size: u64 = stores().map(|store| store.bytes).sum();
    let mut names: Vec<&str> = stores().map(|store| places.get(&store.name).unwrap_or(&store.name).as_str()).collect();
    names.dedup();
    names.sort_unstable();
    names.dedup();
    let (tables, files) = (counted(tables, "table"), counted(files, "file"));
    let what = format!("{tables} in {} ({files}, {})", names.join(", "), bytes(size));
    match report.outcome {
        Outcome::Published => format!("{what}; read back: rows and sums agree with the source"),
        Outcome::SecondPending => format!("{what}; the second cloud is behind, the next run carries it over"),
        Outcome::AlreadyPublished => "this period was published before; `--again REASON` publishes it anew".into(),
        Outcome::Superseded => "a later period is published; nothing was written".into(),
        Outcome::DryRun => "all was done but upload and commit".into(),
        Outcome::Refused | Outcome::Failed => match report.problems.first() {
            Some(problem) => format!("{} [{}]; {}", problem.message, problem.id, problem.safe),
            None => "nothing was published".into(),
        },
    }
}

fn privacy(report: &RunReport) -> String {
    let columns = || {
        let stores = report.datasets.iter().flat_map(|dataset| &dataset.stores);
        stores.filter(|store| store.audience != "restricted").flat_map(|store| &store.columns)
    };
    let treated = columns().filter(|column| column.treatment != "keep").count();
    let findings: u64 = columns().map(|column| column.findings).sum();
    let findings = counted(findings, "finding");
    format!("{treated} of {} columns treated, {findings} left in what was written", columns().count())
}
