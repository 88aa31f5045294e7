//! What a person names -> the files that hold it.
//!
//! ```text
//! a.parquet  a.csv.gz  a.jsonl.zst   that file
//! folder                             every file in it, in the order of their names; `_` and `.` are passed over
//! 'folder/2026-*.csv'                those of the folder whose names fit; `*` and `?` in the last part only
//! table  table@3                     a Delta table: its newest version, or that one
//! ```
//!
//! Never in here: what is in a file.

use crate::access::{self, Purpose};
use crate::ending::{self, Ending};
use crate::failure::{Failure, Phase};
use crate::format::compression::Compression;
use crate::job::Location;
use crate::store::{StoreError, snapshot};
use std::path::{Path, PathBuf};

/// Files of one name, at most: each is kept open, and a process may have about a thousand.
const FILES_MAX: usize = 400;

/// How a file holds rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Columns.
    Parquet,
    /// Text in columns.
    Csv,
    /// An object a line.
    JsonLines,
}

/// A file that was named.
#[derive(Clone, Debug)]
pub struct SideFile {
    /// Where it is.
    pub path: PathBuf,
    /// What messages call it.
    pub name: String,
    /// How it holds rows.
    pub holds: Holds,
    /// How it is packed.
    pub packed: Compression,
}

/// What was named.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its files, in order.
    pub files: Vec<SideFile>,
    /// The version, where it is a table.
    pub version: Option<u64>,
}

/// Finds the files of a name. What cannot be read ends as `usage` says.
pub async fn find(named: &str, usage: Ending) -> Result<Named, Failure> {
    let path = Path::new(named);
    if path.is_file() {
        return Ok(Named { files: vec![file(path, usage)?], version: None });
    }
    let (table, version) = match named.rsplit_once('@') {
        Some((table, version)) if !path.exists() => match version.parse() {
            Ok(version) => (Path::new(table), Some(version)),
            Err(_) => return Err(not_there(format!("`{}` is not there", shown(named)))),
        },
        _ => (path, None),
    };
    if table.join("_delta_log").is_dir() {
        return of_table(table, version, usage).await;
    }
    if version.is_some() {
        let table = shown(&table.to_string_lossy());
        return Err(not_there(format!("`{table}` is no Delta table, which alone has versions")));
    }
    let found = if path.is_dir() { listed(path, None, usage)? } else { listed_by_pattern(named, usage)? };
    let files = found.iter().map(|path| file(path, usage)).collect::<Result<Vec<_>, _>>()?;
    bounded(Named { files, version: None }, usage)
}

async fn of_table(folder: &Path, version: Option<u64>, usage: Ending) -> Result<Named, Failure> {
    let url = folder.to_string_lossy().into_owned();
    let label = shown(&url);
    let location = Location { url, ..Location::default() };
    let here = std::env::current_dir().map_err(|_| not_there("the current folder is not there".into()))?;
    let store = access::open(&location, &here, &label, Purpose::Read).map_err(|error| Failure::access(&error))?;
    let snapshot = snapshot(&store, version).await.map_err(|error| match error {
        StoreError::NotThere { .. } | StoreError::Shortened { .. } => not_there(error.to_string()),
        error => Failure::store(&error, Phase::Open),
    })?;
    let files = snapshot.files.into_iter().map(|name| SideFile {
        path: folder.join(&name),
        name,
        holds: Holds::Parquet,
        packed: Compression::Plain,
    });
    bounded(Named { files: files.collect(), version: Some(snapshot.version) }, usage)
}

fn bounded(named: Named, usage: Ending) -> Result<Named, Failure> {
    if named.files.len() > FILES_MAX {
        let what = format!(
            "{} files are more than the {FILES_MAX} that are read at once; hint: name a part of them",
            named.files.len()
        );
        return Err(Failure::new(usage, Phase::Open, what));
    }
    Ok(named)
}

/// The files of a folder, those whose names fit `pattern`.
fn listed(folder: &Path, pattern: Option<&str>, usage: Ending) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |_| not_there(format!("`{}` cannot be listed", shown(&folder.to_string_lossy())));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(['_', '.']) || pattern.is_some_and(|pattern| !fits(pattern.as_bytes(), name.as_bytes())) {
            continue;
        }
        if entry.path().is_dir() {
            // What is passed over in silence would be missing in the morning.
            let what = format!(
                "`{}` is a folder in a folder; hint: name one folder of files",
                shown(&entry.path().to_string_lossy())
            );
            return Err(Failure::new(usage, Phase::Open, what));
        }
        found.push(entry.path());
    }
    if found.is_empty() {
        return Err(not_there(format!("`{}` holds no file that is asked for", shown(&folder.to_string_lossy()))));
    }
    found.sort();
    Ok(found)
}

fn listed_by_pattern(named: &str, usage: Ending) -> Result<Vec<PathBuf>, Failure> {
    let (folder, pattern) = named.rsplit_once('/').unwrap_or((".", named));
    if !pattern.contains(['*', '?']) || !Path::new(folder).is_dir() {
        return Err(not_there(format!("`{}` is not there", shown(named))));
    }
    listed(Path::new(folder), Some(pattern), usage)
}

/// `*` stands for any part of a name, `?` for one byte of it.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut in_name, mut star) = (0, 0, None);
    while in_name < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, in_name));
                at += 1;
            }
            Some(sign) if *sign == b'?' || *sign == name[in_name] => {
                at += 1;
                in_name += 1;
            }
            // The last star takes one more.
            _ => match &mut star {
                Some((begun, taken)) => {
                    *taken += 1;
                    (at, in_name) = (*begun + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|sign| *sign == b'*')
}

fn file(path: &Path, usage: Ending) -> Result<SideFile, Failure> {
    let name = shown(&path.to_string_lossy());
    let (packed, rest) = Compression::of(&name);
    let holds = match rest.rsplit_once('.').map(|(_, ending)| ending) {
        Some("parquet") => Holds::Parquet,
        Some("csv") => Holds::Csv,
        Some("jsonl") => Holds::JsonLines,
        _ => {
            let what = format!(
                "`{name}` is of no kind that is read; hint: `.parquet`, `.csv` and `.jsonl`, each also as `.gz` or `.zst`"
            );
            return Err(Failure::new(usage, Phase::Open, what));
        }
    };
    Ok(SideFile { path: path.to_path_buf(), name, holds, packed })
}

/// A path as messages repeat it: on one line.
pub fn shown(path: &str) -> String {
    path.chars().map(|sign| if sign.is_control() || sign == '"' { '?' } else { sign }).collect()
}

fn not_there(what: String) -> Failure {
    Failure::new(ending::SIDE_NOT_THERE, Phase::Open, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_which_names_fit() {
        for (pattern, name, expected) in [
            ("*.csv", "a.csv", true),
            ("*.csv", "a.csv.gz", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("?.csv", "a.csv", true),
            ("?.csv", ".csv", false),
            ("*", "", true),
            ("**a", "ba", true),
        ] {
            assert_eq!(fits(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }
}
