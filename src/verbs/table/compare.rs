//! `nightferry table compare STORE/TABLE`: its two clouds, read as a whole.

use super::open::{failed, named, no_table};
use super::verify::{TOLD_MAX, more, word};
use super::{Place, Told};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::report::{bytes, count};
use crate::store::upkeep::compare::{Compared, compare as hold};
use std::fmt::Write;

pub(super) async fn compare(environment: &str, table: &str) -> Result<Told, Failure> {
    let (store, dataset) = named(table)?;
    let place = Place::look(environment, &store).await?;
    let Some(second) = place.store.second() else {
        let what = format!("store `{store}` has no second cloud to compare with");
        return Err(Failure::new(ending::NOT_THERE, Phase::Open, what));
    };
    let seen = hold(&place.store, second, &place.security, dataset.as_str()).await.map_err(failed)?;
    if seen.versions == 0 && seen.behind.is_empty() && seen.differences.is_empty() {
        return Err(no_table(&store, &dataset));
    }
    let failure = match (seen.differences.len(), seen.behind.len()) {
        (0, 0) if seen.copy_behind => {
            let what = format!("the plain copy of `{dataset}` in the second cloud of store `{store}` is behind");
            Some(Failure::new(ending::BEHIND, Phase::Reconcile, what))
        }
        (0, 0) => None,
        (0, behind) => {
            let what = format!("the second cloud of store `{store}` lacks {} of `{dataset}`", versions(behind));
            Some(Failure::new(ending::BEHIND, Phase::Reconcile, what))
        }
        (found, _) => {
            let what = format!("the clouds of store `{store}` differ in {found} ways in table `{dataset}`");
            Some(Failure::new(ending::COMPARED, Phase::Reconcile, what))
        }
    };
    Ok(Told::new(face(table, &seen), &seen).ending(failure))
}

fn face(table: &str, seen: &Compared) -> String {
    let mut text = format!(
        "{table} · {} in both clouds · {} objects read on both sides ({})\n",
        versions(usize::try_from(seen.versions).unwrap_or(usize::MAX)),
        count(seen.objects),
        bytes(seen.bytes)
    );
    if let (Some(first), Some(last)) = (seen.behind.first(), seen.behind.last()) {
        let _ = writeln!(text, "  the second lacks versions {first} to {last}");
    }
    for one in seen.differences.iter().take(TOLD_MAX) {
        let _ = writeln!(
            text,
            "  version {:>4}  {:<7}  {:<10}  {}",
            one.version,
            word(&one.side),
            word(&one.fault),
            one.object
        );
    }
    let well = "versions, objects, sizes, hashes, rows and columns agree";
    text + &more(seen.differences.len(), if seen.behind.is_empty() { well } else { "what both have agrees" })
}

fn versions(number: usize) -> String {
    format!("{number} version{}", if number == 1 { "" } else { "s" })
}
