//! The table of another job that a check looks its keys up in: what that job's file and schema say of it.

use super::check_file::Around;
use super::check_types::Told;
use super::schema_file;
use super::shape::{nearest, shown};
use super::tree::{Node, Text};
use crate::data::{Audience, Name, Schema, Treatment};
use crate::privacy::treatment;
use crate::problem::Problems;

/// The schema of a dataset of another job, and the audience of the store that it is read from. Each of `job`, `dataset` and
/// `store` is told where it stands.
pub fn other_job(
    around: &Around<'_>,
    [job, dataset, store]: [&Node; 3],
    told: &mut Vec<Told>,
) -> Option<(Schema, Audience)> {
    let mut fault = |at: &Node, message: String, hint: String| {
        told.push(Told::new(at.span.start, message, hint));
        None
    };
    let (job_name, dataset_name, store_name) = (job.text()?, dataset.text()?, store.text()?);
    if job_name == around.job.name.as_str() {
        return fault(
            job,
            "this is the job itself".into(),
            "a `dataset` of this job needs neither `job` nor `store`".into(),
        );
    }
    let stores: Vec<&str> = around.environment.stores.keys().map(Name::as_str).collect();
    let Some(spec) = around.environment.stores.get(store_name) else {
        return fault(store, format!("unknown store `{}`", shown(store_name)), nearest(store_name, &stores));
    };
    // Faults of its own are told where that job is validated.
    let tree = (around.read)(&format!("jobs/{job_name}.toml")).ok().and_then(|text| {
        let text = Text { file: format!("jobs/{job_name}.toml"), text };
        text.tree(&mut Problems::default())
    });
    let Some(tree) = tree else {
        return fault(
            job,
            format!("there is no job `{}`", shown(job_name)),
            "the name of a file in jobs/, without `.toml`".into(),
        );
    };
    let datasets = tree.get("dataset").map(Node::entries).unwrap_or_default();
    let names: Vec<&str> = datasets.iter().map(|dataset| dataset.key.as_str()).collect();
    let Some(there) = tree.get("dataset").and_then(|datasets| datasets.get(dataset_name)) else {
        let message = format!("job `{}` has no dataset `{}`", shown(job_name), shown(dataset_name));
        return fault(dataset, message, nearest(dataset_name, &names));
    };
    let goes_there =
        there.get("to").map(Node::items).unwrap_or_default().iter().any(|to| to.text() == Some(store_name));
    if !goes_there {
        let message = format!(
            "job `{}` does not publish `{}` in store `{}`",
            shown(job_name),
            shown(dataset_name),
            shown(store_name)
        );
        return fault(store, message, "a store of that dataset's `to`".into());
    }
    let schema = there.get("schema").and_then(Node::text).and_then(|schema| {
        let name = Name::new(schema).ok()?;
        let file = format!("schemas/{name}.toml");
        let text = Text { text: (around.read)(&file).ok()?, file };
        schema_file::read(&name, text, &mut Problems::default())
    });
    match schema {
        Some(file) => Some((file.schema, spec.audience)),
        None => fault(dataset, "its schema cannot be read".into(), "`nightferry validate` tells why".into()),
    }
}

/// Tells columns of a key that the store does not show as they are, or shows as another type.
pub fn are_shown(node: &Node, key: &[Name], schema: &Schema, audience: Audience, told: &mut Vec<Told>) {
    for column in key.iter().filter_map(|name| schema.column(name.as_str())) {
        let is_kept = treatment(column, audience).is_ok_and(|treatment| treatment == Treatment::Keep);
        if !is_kept || column.column_type.published() != column.column_type.arrow() {
            let message =
                format!("column `{}` of schema `{}` is not shown to `{audience}` as it is", column.name, schema.name);
            let at = node.get("key").unwrap_or(node).span.start;
            told.push(Told::new(at, message, "a key is looked up in a table that keeps it".into()));
        }
    }
}
