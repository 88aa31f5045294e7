//! The record of processing activities: the fields of Article 30(1) of the UK GDPR, (a) to (g), in its order.

use super::markdown::{TO_FILL_IN, head, plain, row, said, said_all};
use super::{Paper, PaperColumn};
use std::collections::{BTreeMap, BTreeSet};

/// The record, as Markdown.
pub fn article30(paper: &Paper) -> String {
    let mut out = format!("# Record of processing: job {}\n\n", plain(&paper.job));
    let of = match &paper.run {
        Some(run) => {
            let did = if run.outcome.is_some() { "did" } else { "was about to do" };
            format!("as run {} {did} it on {}", run.run, run.started_at.format("%Y-%m-%d"))
        }
        None => "as it is declared".into(),
    };
    out.push_str(&format!(
        "Environment {}, {of}. nightferry {}, job file sha256 {}. ",
        paper.environment, paper.rules.nightferry, paper.rules.job_sha256
    ));
    out.push_str(&format!("What no tool knows is marked {TO_FILL_IN}; the job file's `[privacy]` can say it.\n\n"));
    out.push_str(&head(&["Article 30(1)", "", ""]));
    let said_of = &paper.said;
    let controller = said(said_of.controller.as_ref(), "name and contact details, also of joint controllers");
    let purposes = said_all(&said_of.purposes, "what the data is processed for");
    for [letter, what, told] in [
        ["(a)", "Controller", &controller],
        ["(a)", "Data protection officer", &said(said_of.officer.as_ref(), "contact details")],
        ["(b)", "Purposes", &format!("{purposes}. The job: {}", plain(&paper.description))],
        ["", "Lawful basis", &said(said_of.basis.as_ref(), "not asked for by Article 30, and good to have here")],
        ["(c)", "Categories of people", &said_all(&said_of.people, "whom the data is about")],
        ["(c)", "Categories of personal data", &categories(paper)],
        ["(d)", "Recipients", &recipients(paper)],
        ["(e)", "Transfers", &transfers(paper)],
        ["(f)", "Time limits for erasure", &erasure(paper)],
        ["(g)", "Security measures", &measures(paper)],
    ] {
        out.push_str(&row(&[letter, what, told]));
    }
    out
}

fn personal(paper: &Paper) -> impl Iterator<Item = (&str, &PaperColumn)> {
    paper.datasets.iter().flat_map(|dataset| {
        let columns = dataset.set_aside.iter().filter(|column| column.class.is_personal());
        columns.map(move |column| (dataset.name.as_str(), column))
    })
}

/// What is selected about people, by kind: the columns that are personal or sensitive.
fn categories(paper: &Paper) -> String {
    let mut kinds: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (dataset, column) in personal(paper) {
        let kind = column.kind.clone().unwrap_or_else(|| "of no declared kind".into());
        kinds.entry(kind).or_default().insert(format!("`{dataset}.{}` ({})", column.name, column.class));
    }
    if kinds.is_empty() {
        return "no column that is selected is declared as personal".into();
    }
    let told = kinds
        .into_iter()
        .map(|(kind, columns)| format!("{}: {}", plain(&kind), columns.into_iter().collect::<Vec<_>>().join(", ")));
    told.collect::<Vec<_>>().join("; ")
}

/// Who gets what: each store, its audience, and what of the personal columns it shows.
fn recipients(paper: &Paper) -> String {
    let mut stores: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    for dataset in &paper.datasets {
        for store in &dataset.stores {
            let shown = stores.entry((store.name.as_str(), store.audience.as_str())).or_default();
            let columns =
                store.columns.iter().filter(|column| column.class.is_personal() && column.treatment != "drop");
            shown
                .extend(columns.map(|column| format!("`{}.{}` {}", dataset.name, column.name, plain(&column.becomes))));
        }
    }
    stores.entry(("restricted", "restricted")).or_default().insert("rows that are set aside".into());
    let told = stores.into_iter().map(|((store, audience), shown)| {
        let shown = match shown.len() {
            0 => "no personal column".into(),
            _ => shown.into_iter().collect::<Vec<_>>().join(", "),
        };
        format!("store `{store}` for {audience}: {shown}")
    });
    let told = told.collect::<Vec<_>>().join("; ");
    format!("{}. {told}", said_all(&paper.said.recipients, "the people, bodies and processors behind each store"))
}

/// Where it goes outside AWS; in which country that is, an address does not say.
fn transfers(paper: &Paper) -> String {
    let mut places = BTreeSet::new();
    for place in paper.datasets.iter().flat_map(|dataset| &dataset.stores).flat_map(|store| &store.places) {
        let region = place.region.as_deref().map(|region| format!(", region {}", plain(region))).unwrap_or_default();
        let place_of = if place.is_outside_aws { "outside AWS" } else { "in AWS or on this machine" };
        places.insert(format!("`{}` ({place_of}{region})", place.url.replace(['`', '|'], "")));
    }
    let places = places.into_iter().collect::<Vec<_>>().join("; ");
    format!(
        "{}. Places: {places}",
        said(paper.said.transfers.as_ref(), "in which countries these places are, and what safeguards what goes there")
    )
}

fn erasure(paper: &Paper) -> String {
    let said = said(
        paper.said.erasure.as_ref(),
        "when each category is erased, also in `restricted`, vaults, back-ups and the source",
    );
    format!(
        "{said}. What the tool does by itself: nothing is erased by time; a version of a table stays until `table gc` lets it go, 7 days \
         after it was replaced at the earliest"
    )
}

fn measures(paper: &Paper) -> String {
    let mut known = vec![
        "every column has a class, and one that nobody classified is not shown",
        "each audience gets columns as the schema treats them for it, and personal ones never as they are but in `restricted`",
        "what is written is read back and scanned before it leaves AWS, and a finding ends the night",
        "rows that wait on the disk are encrypted with a key that dies with the run",
        "no message, log or report holds a value of the data",
    ];
    if paper.datasets.iter().any(|dataset| dataset.source.form == "postgres") {
        known.push("databases are read by roles that may only read");
    }
    if !paper.keyed.is_empty() {
        known.push("personal data is pseudonymised with keys that are kept apart from it");
    }
    if !paper.vaults.is_empty() {
        known.push("values behind tokens lie in `restricted` alone, in one cloud");
    }
    let more = said_all(
        &paper.said.measures,
        "who may open each store, encryption at rest, back-ups, logging of access, training, what is done after a breach",
    );
    format!("{}. Besides: {more}", known.join("; "))
}
