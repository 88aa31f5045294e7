//! The page of a run: what it came to, what went wrong and what to do, every table in a line, then one after the other.

use super::super::dataset::{DatasetReport, Verdict};
use super::super::numbers::{count, counted};
use super::super::run::{Outcome, ProblemReport, RunReport};
use super::super::terminal::days;
use super::dataset::{anchor, needs_a_look, section};
use super::frame::{Markup, Page, Tone};
use super::parts::{Head, Kind, number, table, verdict};
use std::collections::BTreeMap;

/// The page, in one text. `places` names where each store is, as the environment file writes it.
pub fn run_page(report: &RunReport, places: &BTreeMap<String, String>) -> String {
    let title = format!("{} {}: {}", report.job, days(report), outcome(report.outcome).0);
    let short = report.run.get(..8).unwrap_or(&report.run);
    let mut facts = vec![
        ("Began", Markup::new().text(&report.started_at.format("%-d %b %Y %H:%M:%S UTC").to_string())),
        ("Took", Markup::new().text(&format!("{:.1} s", report.seconds))),
        ("Cost", Markup::new().text(&report.cost.phrase())),
        ("Environment", Markup::new().text(&report.environment)),
        ("Run", Markup::new().code(&report.run)),
        ("Exit code", Markup::new().text(&report.exit_code.to_string())),
    ];
    facts.extend(report.batch.as_ref().map(|batch| ("Batch job", Markup::new().code(&batch.phrase()))));
    let log = report.task.as_ref().and_then(|task| task.log());
    facts.extend(log.map(|log| ("Log", Markup::new().code(&log))));
    let body = Markup::new()
        .when(!report.problems.is_empty(), || problems(&report.problems))
        .when(!report.datasets.is_empty(), || overview(report))
        .add(sections(report, places));
    Page {
        title: &title,
        kicker: Markup::new().text(&format!("{} · {} (Europe/London) · run {short}", report.job, days(report))),
        heading: Markup::new().text(&heading(report)),
        lead: Markup::new().text(&lead(report)),
        facts,
        body,
        foot: Markup::new()
            .text(&format!("Written by nightferry {}. ", report.nightferry))
            .raw("This page holds names, counts and places, and no value of the data. It loads nothing."),
    }
    .text()
}

/// Every table: those that somebody has to look at first.
fn sections(report: &RunReport, places: &BTreeMap<String, String>) -> Markup {
    let (looked, quiet): (Vec<&DatasetReport>, Vec<&DatasetReport>) =
        report.datasets.iter().partition(|dataset| needs_a_look(dataset));
    let group = |title: &'static str, datasets: Vec<&DatasetReport>| {
        Markup::new().when(!datasets.is_empty(), || {
            Markup::new().raw(title).all(datasets.into_iter().map(|dataset| section(dataset, places)))
        })
    };
    let rest = if looked.is_empty() { "<h2>One by one</h2>\n" } else { "<h2>The others</h2>\n" };
    group("<h2>Needs a look</h2>\n", looked).add(group(rest, quiet))
}

fn outcome(outcome: Outcome) -> (&'static str, Tone) {
    match outcome {
        Outcome::Published => ("published", Tone::Match),
        Outcome::SecondPending => ("published, the second cloud is behind", Tone::Open),
        Outcome::AlreadyPublished => ("already published", Tone::None),
        Outcome::Superseded => ("superseded", Tone::None),
        Outcome::DryRun => ("dry run", Tone::None),
        Outcome::Refused => ("refused", Tone::Drift),
        Outcome::Failed => ("failed", Tone::Error),
    }
}

/// What it came to, for who reads nothing else.
fn heading(report: &RunReport) -> String {
    let verdicts = |verdict: Verdict| {
        report.datasets.iter().filter(|dataset| dataset.reconciliation.verdict == verdict).count() as u64
    };
    let differ = verdicts(Verdict::Drift);
    match report.outcome {
        Outcome::Published | Outcome::SecondPending if differ > 0 => {
            format!(
                "Published; {} differ{} from the topic",
                counted(differ, "table"),
                if differ == 1 { "s" } else { "" }
            )
        }
        Outcome::Published => match verdicts(Verdict::Match) {
            0 => "Published".into(),
            matching => format!(
                "Published; {} agree{} with the topic",
                counted(matching, "table"),
                if matching == 1 { "s" } else { "" }
            ),
        },
        Outcome::SecondPending => "Published; the second cloud is behind".into(),
        Outcome::AlreadyPublished => "This period was published before".into(),
        Outcome::Superseded => "A later period is published; nothing was written".into(),
        Outcome::DryRun => "All was done but upload and commit".into(),
        Outcome::Refused => "Refused: nothing was published".into(),
        Outcome::Failed => match report.problems.first() {
            Some(problem) if !problem.safe.starts_with("nothing") => "The run failed".into(),
            _ => "The run failed; nothing was published".into(),
        },
    }
}

/// The sentence below it: why, or how well.
fn lead(report: &RunReport) -> String {
    if let Some(problem) = report.problems.first() {
        let dataset = problem.dataset.as_ref().map(|dataset| format!("{dataset}: ")).unwrap_or_default();
        return format!("{dataset}{}.", problem.message.trim_end_matches('.'));
    }
    let rows: u64 = report.datasets.iter().map(|dataset| dataset.rows_written).sum();
    let compared: u64 = report.datasets.iter().map(|dataset| dataset.reconciliation.compared).sum();
    let differing: u64 = report
        .datasets
        .iter()
        .map(|dataset| &dataset.reconciliation)
        .map(|of| of.changed + of.missing + of.extra)
        .sum();
    if report.datasets.is_empty() {
        return "No row had to be read.".into();
    }
    let differ = match differing {
        0 => "none differs".to_owned(),
        1 => "1 differs".to_owned(),
        many => format!("{} differ", count(many)),
    };
    format!(
        "{} in {}. {} compared with the topics: {differ}.",
        counted(rows, "row"),
        counted(report.datasets.len() as u64, "table"),
        counted(compared, "key")
    )
}

fn problems(problems: &[ProblemReport]) -> Markup {
    let one = |problem: &ProblemReport| {
        let line = |name: &'static str, text: &str| {
            Markup::new().raw("<dt>").raw(name).raw("</dt><dd>").text(text).raw("</dd>")
        };
        let retry = if problem.retryable { "may cure it" } else { "does not cure it" };
        Markup::new()
            .raw("<section class=\"problem\"><h3>")
            .text(&problem.dataset.as_ref().map(|dataset| format!("{dataset}: ")).unwrap_or_default())
            .text(&problem.message)
            .raw("</h3>\n<dl>")
            .add(line("What is safe", &problem.safe))
            .add(line("What to do", &problem.next))
            .add(line("A retry", retry))
            .add(line("Runbook", problem.runbook))
            .add(line("While", &problem.phase))
            .raw("<dt>Message</dt><dd>")
            .code(&problem.id)
            .text(&format!(" (exit code {})", problem.exit_code))
            .raw("</dd></dl></section>\n")
    };
    Markup::new().raw("<h2>What went wrong</h2>\n").all(problems.iter().map(one))
}

/// Every table in a line.
fn overview(report: &RunReport) -> Markup {
    let heads = [
        Head { name: "Table", kind: Kind::Text },
        Head { name: "Against the topic", kind: Kind::Text },
        Head { name: "What it comes to", kind: Kind::Text },
        Head { name: "Rows", kind: Kind::Number },
        Head { name: "Compared", kind: Kind::Number },
        Head { name: "Differ", kind: Kind::Number },
    ];
    let row = |dataset: &DatasetReport| {
        let of = &dataset.reconciliation;
        let (word, tone) = verdict(of.verdict);
        let link =
            Markup::new().raw("<a href=\"#").text(&anchor(&dataset.name)).raw("\">").text(&dataset.name).raw("</a>");
        let failed = dataset.checks.iter().filter(|check| !check.holds).count() as u64;
        let checks = if failed > 0 { format!("; {} not held", counted(failed, "check")) } else { String::new() };
        vec![
            link,
            tone.chip(word),
            Markup::new().text(&of.phrase).text(&checks),
            number(dataset.rows_written),
            number(of.compared),
            number(of.changed + of.missing + of.extra),
        ]
    };
    // Those that need somebody come first, the others as the job has them.
    let mut datasets: Vec<&DatasetReport> = report.datasets.iter().collect();
    datasets
        .sort_by_key(|dataset| (!needs_a_look(dataset), std::cmp::Reverse(verdict(dataset.reconciliation.verdict).1)));
    Markup::new().raw("<h2>Tables</h2>\n").add(table(Markup::new(), &heads, datasets.into_iter().map(row)))
}
