//! `nightferry table verify STORE/TABLE`: every object read, and held against what was written.

use super::open::{failed, named, no_table};
use super::{Place, Told};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::report::{bytes, count};
use crate::store::upkeep::verify::{Verified, verify as look};
use std::fmt::Write;

/// Findings told one by one to people, at most; `--json` has them all.
pub(super) const TOLD_MAX: usize = 20;

pub(super) async fn verify(environment: &str, table: &str) -> Result<Told, Failure> {
    let (store, dataset) = named(table)?;
    let place = Place::look(environment, &store).await?;
    let seen = look(&place.store, &place.security, dataset.as_str()).await.map_err(failed)?;
    if seen.versions == 0 {
        return Err(no_table(&store, &dataset));
    }
    let found = seen.findings.len();
    let what = format!("{} of table `{dataset}` in store `{store}` differ from what was written", objects(found));
    let failure = (found > 0).then(|| Failure::new(ending::VERIFIED, Phase::Reconcile, what));
    Ok(Told::new(face(table, &seen), &seen).ending(failure))
}

fn face(table: &str, seen: &Verified) -> String {
    let mut text = format!(
        "{table} · {} versions · {} objects read ({}), {} rows · {} collected\n",
        seen.versions,
        count(seen.objects),
        bytes(seen.bytes),
        count(seen.rows),
        count(seen.collected)
    );
    if seen.begins > 0 {
        let _ = writeln!(text, "  the log was shortened: it is proven from version {} on", seen.begins);
    }
    if seen.begun > 0 {
        text += "  a night was decided and is not in the log yet: the next run of its job completes it\n";
    }
    match &seen.plain {
        Some(plain) if plain.current => {
            let _ = writeln!(
                text,
                "  its plain copy is whole: {}, {} rows",
                objects(plain.objects as usize),
                count(plain.rows)
            );
        }
        Some(_) => text += "  its plain copy is not that of the newest version: the next run of its job makes it\n",
        None => {}
    }
    for finding in seen.findings.iter().take(TOLD_MAX) {
        let _ = writeln!(text, "  version {:>4}  {:<15}  {}", finding.version, word(&finding.fault), finding.object);
    }
    text + &more(seen.findings.len(), "every object is what was written")
}

/// The last line: that all is well, or how much is not shown.
pub(super) fn more(found: usize, well: &str) -> String {
    match found.checked_sub(TOLD_MAX) {
        _ if found == 0 => format!("  {well}\n"),
        Some(left) if left > 0 => format!("  and {left} more; --json has them all\n"),
        _ => String::new(),
    }
}

/// The word that JSON has for it.
pub(super) fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

pub(super) fn objects(number: usize) -> String {
    format!("{number} object{}", if number == 1 { "" } else { "s" })
}
