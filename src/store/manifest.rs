//! What one run put into one table: every file with its size and SHA-256, and where its rows come from.
//!
//! Created once, beside the parts, before anything names it; the log entry and the job's record carry its SHA-256. Each
//! manifest carries the SHA-256 of the one before it, so none can be exchanged unnoticed. Names, hashes and positions only.

use super::absent::{Absent, put_if_absent};
use super::fault::{StoreError, damaged};
use super::part::sha256;
use crate::access::Folder;
use crate::data::{Audience, Name, Period, PgPosition};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Manifests of one run and table: one more each time another run came first.
const ATTEMPTS_MAX: u32 = 8;

/// What one run put into one table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this format: 1.
    pub format: u32,
    /// The table.
    pub dataset: Name,
    /// The store, by its name in the environment.
    pub store: Name,
    /// Who may see it.
    pub audience: Audience,
    /// The environment's stamp.
    pub stamp: String,
    /// The job.
    pub job: Name,
    /// The run.
    pub run: String,
    /// The days it is for.
    pub period: Period,
    /// The files, in the order of the rows.
    pub files: Vec<ManifestFile>,
    /// Rows of all files.
    pub rows: u64,
    /// Delta's schema.
    pub schema: serde_json::Value,
    /// When the source was read.
    pub extracted_at: DateTime<Utc>,
    /// PostgreSQL's snapshot, where it is known.
    pub snapshot: Option<String>,
    /// What the source says it is, such as `PostgreSQL 15.18`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Where its log stood, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<PgPosition>,
    /// Of the topic: partition -> first and last position read.
    pub offsets: BTreeMap<String, (u64, u64)>,
    /// Input objects and their tags; for an audience that may not see the source, the names' SHA-256.
    pub inputs: Vec<(String, String)>,
    /// Of the comparison.
    pub verdict: String,
    /// How the extract's moment was found in the stream.
    pub proof: String,
    /// SHA-256 of the job file.
    pub job_hash: String,
    /// SHA-256 of the schema file.
    pub schema_hash: String,
    /// SHA-256 of the environment file.
    pub environment_hash: String,
    /// Version of the list of people who are to be forgotten, whose rows it lacks; `None` where there was no list.
    pub suppression_list: Option<u64>,
    /// SHA-256 of the manifest before this one.
    pub previous_manifest_sha256: Option<String>,
    /// Version of nightferry.
    pub nightferry: String,
}

impl Manifest {
    /// Its files by path: a night of many periods has thousands, and each is asked for.
    pub(super) fn by_path(&self) -> BTreeMap<&str, &ManifestFile> {
        self.files.iter().map(|file| (file.path.as_str(), file)).collect()
    }
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// Path under the table's folder.
    pub path: String,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256, hex.
    pub sha256: String,
    /// The period whose rows it holds, where the table is written by periods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
}

/// A manifest that is in its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ManifestRef {
    /// Path under the table's folder.
    pub path: String,
    /// SHA-256, hex.
    pub sha256: String,
}

/// Creates `manifest` in the table's folder: `run=<run>/_manifest.json`, or `_manifest-2.json` when this run had already
/// written one and then lost its turn to another run (the manifest before it is no longer the same).
pub(super) async fn create(table: &Folder, manifest: &Manifest) -> Result<ManifestRef, StoreError> {
    let mut text = serde_json::to_vec_pretty(manifest)
        .map_err(|_| damaged(table, "a manifest", "it cannot be written as JSON"))?;
    text.push(b'\n');
    let (text, sha256) = (Bytes::from(text.clone()), sha256(&text));
    for attempt in 1..=ATTEMPTS_MAX {
        let nth = if attempt == 1 { String::new() } else { format!("-{attempt}") };
        let path = format!("run={}/_manifest{nth}.json", manifest.run);
        match put_if_absent(table, &table.at(&path), text.clone(), "store.put.manifest").await? {
            Absent::Created | Absent::Mine => return Ok(ManifestRef { path, sha256 }),
            Absent::Other(_) => {}
        }
    }
    Err(StoreError::Outrun { job: manifest.job.to_string() })
}
