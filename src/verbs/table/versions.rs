//! `nightferry table versions STORE/TABLE`: what there is, newest last.

use super::open::{failed, named, no_table};
use super::{Place, Told};
use crate::failure::Failure;
use crate::report::count;
use crate::store::upkeep::history::{Version, history};
use std::fmt::Write;

pub(super) async fn versions(environment: &str, table: &str) -> Result<Told, Failure> {
    let (store, dataset) = named(table)?;
    let place = Place::look(environment, &store).await?;
    let versions = history(&place.store.primary().child(dataset.as_str())).await.map_err(failed)?;
    if versions.is_empty() {
        return Err(no_table(&store, &dataset));
    }
    let value = serde_json::json!({ "table": table, "versions": versions });
    Ok(Told::new(face(table, &versions), &value))
}

fn face(table: &str, versions: &[Version]) -> String {
    let mut text = format!("{table} · {}\n\n", counted(versions.len(), "version"));
    let _ = writeln!(
        text,
        "  {:>7}  {:<19}  {:>13}  {:>6}  {:<22}  {:<13}  run",
        "version", "committed, UTC", "rows", "files", "for", "verdict"
    );
    for version in versions {
        let told = |of: &Option<String>| of.clone().unwrap_or_else(|| "-".into());
        let back = version.back_to.map_or_else(String::new, |to| format!("  (back to {to})"));
        let _ = writeln!(
            text,
            "  {:>7}  {:<19}  {:>13}  {:>6}  {:<22}  {:<13}  {}{back}",
            version.version,
            version.committed_at.format("%Y-%m-%d %H:%M:%S"),
            count(version.rows),
            version.files,
            told(&version.period),
            told(&version.verdict),
            told(&version.run),
        );
    }
    if let Some(first) = versions.first().filter(|first| first.version > 0) {
        let _ = writeln!(
            text,
            "\n  `table gc` has shortened the log: version {} is the oldest that there is",
            first.version
        );
    }
    text
}

fn counted(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}
