//! The plain copy of a table, held against what it says of itself, and against the version that the table has.
//!
//! A copy that says that it is not whole, or of an earlier version, is behind, and nothing wrong: whoever comes next makes it. Of one
//! that says that it is whole every object is read. Objects are named from the store's folder: `plain/<dataset>/all.parquet`.
//!
//! Never in here: mending.

use super::objects::look as look_at;
use super::verify::{Fault, Finding};
use crate::access::Folder;
use crate::store::fault::StoreError;
use crate::store::plain::{PLAIN, PlainObject, folder, objects, said};
use serde::Serialize;
use std::collections::BTreeSet;

/// A plain copy, looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CopySeen {
    /// Whether it is whole, and of the table's newest version.
    pub current: bool,
    /// The version that it has, or is to have.
    pub version: Option<u64>,
    /// Its objects that were read.
    pub objects: u64,
    /// Their rows.
    pub rows: u64,
    /// What it says of them.
    #[serde(skip)]
    pub(super) said: Vec<PlainObject>,
}

/// Looks at the copy of `dataset` in a cloud whose newest version is `newest` and has the files `live` (as in `add`); `None` where
/// there is no copy. Every finding is of that version.
pub(super) async fn look(
    store: &Folder,
    dataset: &str,
    (newest, live): (u64, &BTreeSet<String>),
) -> Result<(Option<CopySeen>, Vec<Finding>), StoreError> {
    let plain = folder(store, dataset);
    let (copy, there) = (said(&plain).await?, objects(&plain).await?);
    let mut findings = Vec::new();
    let mut wrong = |path: &str, fault| {
        findings.push(Finding { version: newest, object: format!("{PLAIN}/{dataset}/{path}"), fault });
    };
    let Some(copy) = copy else {
        // Nobody says of what version these are, nor will anybody take them away.
        there.keys().for_each(|path| wrong(path, Fault::Surplus));
        return Ok((None, findings));
    };
    let mut seen = CopySeen { current: copy.whole && copy.version == Some(newest), ..CopySeen::default() };
    seen.version = copy.version;
    if !seen.current {
        return Ok((Some(seen), findings));
    }
    for path in there.keys().filter(|path| copy.objects.iter().all(|object| object.path != **path)) {
        wrong(path, Fault::Surplus);
    }
    let parts: BTreeSet<String> = copy.objects.iter().flat_map(|object| object.parts.clone()).collect();
    if parts != *live {
        wrong("_version.json", Fault::NotInManifest);
    }
    for object in &copy.objects {
        let fault = match look_at(&plain, &object.path).await? {
            None => Some(Fault::Missing),
            Some(found) if found.bytes != object.bytes => Some(Fault::Size),
            Some(found) if found.sha256 != object.sha256 => Some(Fault::Sha256),
            Some(found) => match found.footer {
                None => Some(Fault::Unreadable),
                Some(footer) if footer.rows != object.rows => Some(Fault::Rows),
                Some(_) => None,
            },
        };
        if let Some(fault) = fault {
            wrong(&object.path, fault);
        }
        seen.objects += 1;
        seen.rows = seen.rows.saturating_add(object.rows);
    }
    seen.said = copy.objects;
    Ok((Some(seen), findings))
}
