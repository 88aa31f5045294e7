//! The plain copy of a table, held against what it says of itself, and against the version that the table has.
//!
//! A copy that says that it is not whole, or of an earlier version, is behind, and nothing wrong: whoever comes next makes it. Of one
//! that says that it is whole every object is read. Objects are named from the store's folder: `plain/<dataset>/all.parquet`.
//!
//! Never in here: mending.

use super::compare::Side;
use super::objects::look as look_at;
use super::verify::{Fault, Finding};
use crate::access::Folder;
use crate::format::parquet_alike::have_same_rows;
use crate::store::absent::get;
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

/// The copies of both clouds, held against each other.
#[derive(Debug, Default)]
pub(super) struct CopiesCompared {
    /// Whether the first's is that of the newest version, and the second's is not.
    pub(super) is_behind: bool,
    /// What is wrong, and where.
    pub(super) findings: Vec<(Side, Finding)>,
}

/// Looks at the copies of `dataset` in both clouds, each against what it says of itself, and one against the other.
pub(super) async fn compare(
    [first, second]: [&Folder; 2],
    dataset: &str,
    (newest, live): (u64, &BTreeSet<String>),
) -> Result<CopiesCompared, StoreError> {
    let (one, wrong_one) = look(first, dataset, (newest, live)).await?;
    let (two, wrong_two) = look(second, dataset, (newest, live)).await?;
    let is_current = |copy: &Option<CopySeen>| copy.as_ref().is_some_and(|copy| copy.current);
    let mut compared = CopiesCompared { is_behind: is_current(&one) && !is_current(&two), findings: Vec::new() };
    for (side, wrong) in [(Side::First, wrong_one), (Side::Second, wrong_two)] {
        compared.findings.extend(wrong.into_iter().map(|finding| (side, finding)));
    }
    if let (Some(one), Some(two)) = (one.filter(|one| one.current), two.filter(|two| two.current))
        && !is_same([first, second], dataset, [&one.said, &two.said]).await?
    {
        let object = format!("{PLAIN}/{dataset}");
        compared.findings.push((Side::Both, Finding { version: newest, object, fault: Fault::Sha256 }));
    }
    Ok(compared)
}

/// Whether two copies hold the same. Each object is what its own copy says of it, or that is told already; two versions of nightferry
/// may write the same rows in other bytes, and then the rows decide.
async fn is_same(clouds: [&Folder; 2], dataset: &str, [one, two]: [&[PlainObject]; 2]) -> Result<bool, StoreError> {
    let [first, second] = clouds.map(|cloud| folder(cloud, dataset));
    for (one, two) in one.iter().zip(two) {
        if (&one.path, one.period, one.rows, &one.parts) != (&two.path, two.period, two.rows, &two.parts) {
            return Ok(false);
        }
        if one.sha256 == two.sha256 {
            continue;
        }
        let (Some(here), Some(there)) =
            (get(&first, &first.at(&one.path)).await?, get(&second, &second.at(&two.path)).await?)
        else {
            return Ok(false);
        };
        if !have_same_rows(here, there) {
            return Ok(false);
        }
    }
    Ok(one.len() == two.len())
}
