//! `nightferry status --catalogue FOLDER`: what the jobs publish, for catalogues and for people, from their files alone.

use super::desk::Desk;
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::Plan;
use crate::report::{catalogue, lineage_svg, lineage_text};
use chrono::{DateTime, Utc};
use std::path::Path;

/// Writes `catalogue.jsonld`, `lineage.txt` and `lineage.svg` of all `desks` into `folder`, and gives the text.
pub fn write_catalogue(desks: &[Desk], folder: &Path, now: DateTime<Utc>) -> Result<String, Failure> {
    let plans: Vec<&Plan> = desks.iter().map(|desk| &desk.plan).collect();
    let text = lineage_text(&plans);
    let told = serde_json::to_string_pretty(&catalogue(&plans, now)).unwrap_or_default();
    let writing = std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(folder.join("catalogue.jsonld"), told + "\n"))
        .and_then(|()| std::fs::write(folder.join("lineage.txt"), &text))
        .and_then(|()| std::fs::write(folder.join("lineage.svg"), lineage_svg(&plans)));
    writing.map_err(|_| Failure::new(ending::REFUSED, Phase::Open, "the folder of the catalogue cannot be written"))?;
    Ok(text)
}
