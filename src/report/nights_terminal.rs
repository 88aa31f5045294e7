//! The nights of a job as a person reads them on a terminal.

use super::nights::{NightReport, NightsReport};
use super::numbers::{bytes, count, counted};
use chrono::{DateTime, Utc};
use std::fmt::Write;

/// Runs told, the newest.
const RUNS_TOLD_MAX: usize = 7;

/// The nights as text, ending in a newline.
pub fn nights_terminal(report: &NightsReport) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{} · {} · {}\n", report.job, report.environment, report.sentence());
    let mut fact = |name: &str, text: String| {
        let _ = writeln!(out, "  {name:<11} {text}");
    };
    if let Some(due) = &report.last_due {
        let by = due.deadline.map(|deadline| format!(", by {}", minute(deadline))).unwrap_or_default();
        let published = due.published_at.map(|at| format!("; published {}", minute(at))).unwrap_or_default();
        fact("last due", format!("{}{by}{published}", minute(due.at)));
    }
    if let Some(next) = report.next_due {
        fact("next due", minute(next));
    }
    for period in &report.missed {
        fact("missed", period.to_string());
    }
    if !report.second_behind.is_empty() {
        fact("behind", format!("the second cloud lacks {}", report.second_behind.join(", ")));
    }
    for alarm in &report.alarms {
        let [low, high] = alarm.usual.map(count);
        let rows = counted(alarm.rows, "row");
        fact(
            "unusual",
            format!("{}: {rows} of {}, usual are {low} to {high} ({})", alarm.dataset, alarm.day, alarm.rule),
        );
    }
    // Where somebody who was woken looks first.
    let failed = report.nights.last().filter(|night| night.problem.is_some());
    if let Some(log) = failed.and_then(|night| night.log.as_ref()) {
        fact("log", log.clone());
    }
    fact("in time", in_time(report));
    if let Some(seconds) = report.figures.mttr_seconds {
        let incidents = counted(report.figures.incidents, "incident");
        fact("mended", format!("{incidents}, mended within {} on average", span(seconds)));
    }
    let _ = writeln!(
        out,
        "\n  {:<23}  {:<21}  {:<18}  {:>9}  {:>12}  {:>6}  run",
        "days", "began (UTC)", "came to", "took", "rows", "differ"
    );
    for NightReport { run, period, started_at, exit_code, problem, seconds, rows, drift, .. } in
        report.nights.iter().rev().take(RUNS_TOLD_MAX)
    {
        let came = problem.clone().unwrap_or_else(|| format!("exit {exit_code}"));
        let began = started_at.format("%-d %b %Y %H:%M").to_string();
        let (period, rows, drift) = (period.to_string(), count(*rows), count(*drift));
        let _ = writeln!(
            out,
            "  {period:<23}  {began:<21}  {came:<18}  {seconds:>7.1} s  {rows:>12}  {drift:>6}  {}",
            run.get(..8).unwrap_or(run)
        );
    }
    if report.nights.is_empty() {
        let _ = writeln!(out, "  no run has left a report");
    } else if let Some(peak) = report.nights.iter().filter_map(|night| night.peak_memory_bytes).max() {
        let usd: f64 = report.nights.iter().map(|night| night.usd).sum();
        let runs = counted(report.nights.len() as u64, "run");
        let requests = match report.nights.iter().map(|night| night.requests).fold(0, u64::saturating_add) {
            0 => String::new(),
            all => format!(", with {} to stores", counted(all, "request")),
        };
        let _ = writeln!(out, "\n  {runs} in all, about {usd:.4} USD{requests}; at most {} of memory", bytes(peak));
    }
    out
}

/// How many nights were in time, in words.
pub fn in_time(report: &NightsReport) -> String {
    let figures = &report.figures;
    match (figures.availability, figures.availability_between) {
        (Some(part), Some([low, high])) => format!(
            "{} of {} ({:.1} %; with 95 % between {:.1} % and {:.1} %)",
            figures.in_time,
            counted(figures.due, "night"),
            part * 100.0,
            low * 100.0,
            high * 100.0
        ),
        _ => "no night whose deadline is past".into(),
    }
}

/// A length of time in its largest two units.
pub fn span(seconds: i64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// A moment to the minute.
pub fn minute(at: DateTime<Utc>) -> String {
    at.format("%-d %b %Y %H:%M UTC").to_string()
}
