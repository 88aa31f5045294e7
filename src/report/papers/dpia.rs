//! The page for a data protection impact assessment: what is processed, column by column, and what people have to judge.

use super::super::numbers::{count, counted};
use super::markdown::{TO_FILL_IN, head, plain, row, said, said_all};
use super::words::is_pseudonym;
use super::{Paper, PaperColumn, PaperDataset, PaperStore};
use std::fmt::Write;

/// The page, as Markdown.
pub fn dpia(paper: &Paper) -> String {
    let mut out = format!("# Personal data in job {}\n\n", plain(&paper.job));
    let _ = writeln!(out, "{} Environment {}, {}.\n", plain(&paper.description), paper.environment, paper.period);
    let _ = writeln!(out, "{}", of_what(paper));
    let _ = writeln!(out, "What no tool knows is marked {TO_FILL_IN}; the job file's `[privacy]` can say it.\n");
    out.push_str("## Why\n\n");
    out.push_str(&head(&["", ""]));
    let owner = said(paper.owner.as_ref(), "who answers for it");
    for (what, told) in [
        ("Controller", said(paper.said.controller.as_ref(), "name and how to reach them")),
        ("Answers for it", owner),
        ("Purposes", said_all(&paper.said.purposes, "what the data is processed for")),
        ("Lawful basis", said(paper.said.basis.as_ref(), "Article 6, and Article 9 where it applies")),
        ("People", said_all(&paper.said.people, "whom the data is about")),
    ] {
        out.push_str(&row(&[what, &told]));
    }
    out.push_str("\n## What becomes of each column\n");
    for dataset in &paper.datasets {
        write_dataset(&mut out, dataset);
    }
    write_rules(&mut out, paper);
    out.push_str("\n## For people to judge\n\n");
    for what in [
        "whether each column is needed for the purposes, and whether less would do",
        "what could happen to the people if what is shown were joined with what somebody knows from elsewhere",
        "whether somebody with a motive and ordinary means could find a person in what is shown, and how that was tried",
        "who was asked: the people or who speaks for them, the data protection officer, security",
        "the decision, by whom and when, and when it is looked at again",
    ] {
        let _ = writeln!(out, "- {TO_FILL_IN}: {what}");
    }
    out
}

fn of_what(paper: &Paper) -> String {
    match &paper.run {
        None => {
            "This is of the job as it is declared; nothing was read. A run leaves the same with what it found.".into()
        }
        Some(run) => {
            let this = format!("This is of run {} ({})", run.run, run.started_at.format("%Y-%m-%d %H:%M UTC"));
            let Some(outcome) = run.outcome else {
                return format!("{this}, as it was about to publish; it did where the table `nightferry_runs` has it.");
            };
            let outcome = serde_json::to_value(outcome).ok();
            let outcome = outcome.as_ref().and_then(|outcome| outcome.as_str()).unwrap_or_default().replace('_', " ");
            format!("{this}, which ended as: {outcome}.")
        }
    }
}

fn write_dataset(out: &mut String, dataset: &PaperDataset) {
    let read = dataset.rows_read.map(|rows| format!(" {} read.", counted(rows, "row"))).unwrap_or_default();
    let (description, source) = (plain(&dataset.description), plain(&dataset.source.name));
    let _ =
        writeln!(out, "\n### {}\n\n{description} From {source} ({}).{read}", plain(&dataset.name), dataset.source.form);
    for store in &dataset.stores {
        write_store(out, store);
    }
    let aside: Vec<&PaperColumn> = dataset.set_aside.iter().filter(|column| column.class.is_personal()).collect();
    if !aside.is_empty() {
        out.push_str("\nRows that are set aside in `restricted` (bad, differing, breaking a check) have of these: ");
        let told = aside.iter().map(|column| format!("`{}` {}", column.name, plain(&column.becomes)));
        let _ = writeln!(out, "{}.", told.collect::<Vec<_>>().join("; "));
    }
}

fn write_store(out: &mut String, store: &PaperStore) {
    let places = store.places.iter().map(|place| {
        let outside = if place.is_outside_aws { ", outside AWS" } else { "" };
        format!("`{}`{outside}", place.url.replace('`', ""))
    });
    let _ = writeln!(out, "\n**For {}**: {}\n", store.audience, places.collect::<Vec<_>>().join(" and "));
    let (told, kept): (Vec<&PaperColumn>, Vec<&PaperColumn>) = store
        .columns
        .iter()
        .partition(|column| column.class.is_personal() || column.treatment != "keep" || stands_out(column));
    if !told.is_empty() {
        out.push_str(&head(&["Column", "Class", "Kind", "What it becomes", "Found in what was written"]));
        for column in told {
            let kind = column.kind.as_deref().map(plain).unwrap_or_default();
            let becomes = plain(&column.becomes);
            out.push_str(&row(&[
                &format!("`{}`", column.name),
                column.class.as_str(),
                &kind,
                &becomes,
                &found(column),
            ]));
        }
    }
    if !kept.is_empty() {
        let names = kept.iter().map(|column| format!("`{}`", column.name)).collect::<Vec<_>>().join(", ");
        let _ = writeln!(out, "\nAs they are, about nobody by their class: {names}.");
    }
    if let Some(rows) = store.rows_written {
        let left_out = store.rows_suppressed.filter(|rows| *rows > 0).map(|rows| format!(", {} left out", count(rows)));
        let _ = writeln!(out, "\n{} written{}.", counted(rows, "row"), left_out.unwrap_or_default());
    }
    for condition in &store.rows_left_out {
        let _ = writeln!(out, "\nRows are left out where {}.", plain(condition));
    }
    if let Some(cells) = &store.small_cells {
        let found = store.small_cells_found.as_ref().map(|found| format!(" Found: {}.", plain(&found.phrase())));
        let _ = writeln!(out, "\nSmall groups: {}.{}", plain(cells), found.unwrap_or_default());
    }
    match &store.risk {
        Some(risk) => drop(writeln!(out, "\nRisk that is left: {}.", plain(&risk.phrase()))),
        None if !store.risk_by.is_empty() => {
            let by = store.risk_by.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let _ = writeln!(out, "\nThe risk that is left is counted by {by}.");
        }
        None => {}
    }
}

fn stands_out(column: &PaperColumn) -> bool {
    let found = column.found.as_ref();
    !column.not_personal.is_empty() || found.is_some_and(|found| found.findings > 0 || found.looks_like.is_some())
}

fn found(column: &PaperColumn) -> String {
    let mut told = Vec::new();
    if let Some(found) = &column.found {
        if found.findings > 0 {
            told.push(format!("{} that look like personal data", counted(found.findings, "cell")));
        }
        if let Some(looks_like) = &found.looks_like {
            told.push(format!("by what it holds {} ({:.0} %)", plain(looks_like.kind), looks_like.share * 100.0));
        }
        told.extend(
            found.replaced.iter().map(|(kind, pieces)| format!("{} of {} replaced", count(*pieces), plain(kind))),
        );
        told.extend(
            found.fields.iter().map(|field| format!("{} in {}", plain(&field.path), counted(field.hits, "place"))),
        );
    }
    told.extend(
        column.not_personal.iter().map(|(kind, why)| format!("known not to be {}: {}", plain(kind), plain(why))),
    );
    match (told.as_slice(), &column.found) {
        ([], Some(_)) => "nothing".into(),
        ([], None) => String::new(),
        (told, _) => told.join("; "),
    }
}

fn write_rules(out: &mut String, paper: &Paper) {
    out.push_str("\n## By which rules\n\n");
    out.push_str(&head(&["Rule", "Version"]));
    out.push_str(&row(&["Recognisers and treatments", &format!("nightferry {}", paper.rules.nightferry)]));
    out.push_str(&row(&["Job file", &format!("sha256 {}", paper.rules.job_sha256)]));
    out.push_str(&row(&["Environment file", &format!("sha256 {}", paper.rules.environment_sha256)]));
    for dataset in &paper.datasets {
        out.push_str(&row(&[&format!("Schema of `{}`", dataset.name), &format!("sha256 {}", dataset.schema_sha256)]));
    }
    if !paper.keyed.is_empty() {
        let keys = format!("{} of {}", paper.rules.keys_version, paper.keyed.join(", "));
        out.push_str(&row(&["Keys of pseudonyms", &plain(&keys)]));
    }
    let columns = || paper.datasets.iter().flat_map(|dataset| &dataset.stores).flat_map(|store| &store.columns);
    if columns().any(|column| is_pseudonym(&column.becomes)) {
        out.push_str(
            "\nWhat is pseudonymised stays personal data: for whoever has the key or the vault, and for whoever can guess values and \
             join them with others.\n",
        );
    }
}
