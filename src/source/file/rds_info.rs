//! What an RDS snapshot export says of itself: `export_info_<id>.json` and `export_tables_info_<id>_from_<n>_to_<m>.json`.
//!
//! Source: AWS, "Exporting DB snapshot data to Amazon S3 for Amazon RDS", which does not describe the two files; their keys
//! are those that public readers of real exports use.
//!
//! Never in here: the objects themselves, and a text of these files in an error: only words that are known are repeated.

use chrono::{DateTime, Utc};
use serde::Deserialize;

/// How an export that came to its end is called.
const COMPLETE: &str = "COMPLETE";

/// The other words for how an export stands.
const KNOWN: [&str; 6] = ["STARTING", "IN_PROGRESS", "CANCELING", "CANCELED", "CANCELLED", "FAILED"];

/// `export_info_<id>.json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportInfo {
    status: Option<String>,
    snapshot_time: Option<String>,
    export_task_identifier: Option<String>,
}

/// `export_tables_info_<id>_from_<n>_to_<m>.json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TablesInfo {
    /// One for each table, and for each database that something was to be said of.
    pub per_table_status: Vec<TableInfo>,
}

/// What is said of a table.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TableInfo {
    /// `database.schema.table`.
    pub target: String,
    status: Option<String>,
    warning_message: Option<serde_json::Value>,
    #[serde(rename = "sizeGB")]
    size_gb: Option<f64>,
    schema_metadata: Option<SchemaMetadata>,
    table_statistics: Option<TableStatistics>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SchemaMetadata {
    #[serde(default)]
    original_type_mappings: Vec<OriginalColumn>,
}

/// A column at the source.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OriginalColumn {
    /// Its name.
    pub column_name: String,
    /// Its type in the words of `information_schema.columns`.
    pub original_type: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TableStatistics {
    partitioning_info: Option<PartitioningInfo>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PartitioningInfo {
    number_of_partitions: Option<u64>,
    number_of_completed_partitions: Option<u64>,
}

impl ExportInfo {
    /// The moment of the snapshot, where the export of the task `id` came to its end; else why not.
    pub fn moment(&self, id: &str) -> Result<DateTime<Utc>, String> {
        if self.export_task_identifier.as_deref().is_some_and(|told| told != id) {
            return Err("it tells of another export than its name does".into());
        }
        complete(self.status.as_deref())?;
        let moment = self.snapshot_time.as_deref().and_then(|time| DateTime::parse_from_rfc3339(time).ok());
        Ok(moment.ok_or("its `snapshotTime` is no moment in RFC 3339")?.to_utc())
    }
}

impl TableInfo {
    /// Whether all of the table was exported; else why not.
    pub fn complete(&self) -> Result<(), String> {
        complete(self.status.as_deref())?;
        let is_said = |warning: &serde_json::Value| !warning.is_null() && warning.as_str() != Some("");
        if self.warning_message.as_ref().is_some_and(is_said) {
            return Err("it was exported with a warning; hint: the export's `warningMessage` says which".into());
        }
        let parts = self.table_statistics.as_ref().and_then(|statistics| statistics.partitioning_info.as_ref());
        match parts.and_then(|parts| Some((parts.number_of_completed_partitions?, parts.number_of_partitions?))) {
            Some((done, all)) if done != all => Err(format!("{done} of its {all} partitions were exported")),
            _ => Ok(()),
        }
    }

    /// Whether the export says that there is something in the table.
    pub fn holds_something(&self) -> bool {
        self.size_gb.is_some_and(|size| size > 0.0)
    }

    /// Its columns at the source.
    pub fn columns(&self) -> &[OriginalColumn] {
        self.schema_metadata.as_ref().map_or(&[], |metadata| &metadata.original_type_mappings)
    }
}

fn complete(status: Option<&str>) -> Result<(), String> {
    match status {
        Some(COMPLETE) => Ok(()),
        Some(other) => match KNOWN.iter().find(|known| **known == other) {
            Some(known) => Err(format!("its status is {known}")),
            None => Err("its status is not COMPLETE".into()),
        },
        None => Err("it does not tell its status".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(more: &str) -> Result<(), String> {
        let info: TablesInfo =
            serde_json::from_str(&format!("{{\"perTableStatus\":[{{\"target\":\"a.b.c\"{more}}}]}}")).expect("sound");
        info.per_table_status[0].complete()
    }

    #[test]
    fn takes_the_moment_of_an_export_that_ended_and_no_other() {
        let moment = |text: &str| {
            let info: ExportInfo = serde_json::from_str(text).expect("sound");
            info.moment("e1").map(|moment| moment.to_rfc3339())
        };
        let ended = r#"{"exportTaskIdentifier":"e1","status":"COMPLETE","snapshotTime":"2026-11-23T01:00:00.163+00:00","percentProgress":100}"#;
        assert_eq!(moment(ended).as_deref(), Ok("2026-11-23T01:00:00.163+00:00"));
        for (from, to, why) in [
            ("COMPLETE", "IN_PROGRESS", "its status is IN_PROGRESS"),
            ("COMPLETE", "FAILED", "its status is FAILED"),
            ("COMPLETE", "07700 900123", "its status is not COMPLETE"),
            ("\"status\"", "\"statu\"", "it does not tell its status"),
            ("e1", "e2", "it tells of another export than its name does"),
            ("2026-11-23", "yesterday", "its `snapshotTime` is no moment in RFC 3339"),
        ] {
            assert_eq!(moment(&ended.replace(from, to)), Err(why.to_owned()));
        }
    }

    #[test]
    fn takes_a_table_that_was_exported_whole() {
        let statistics = |done| {
            format!(
                r#","status":"COMPLETE","sizeGB":0.1,"tableStatistics":{{"partitioningInfo":{{"numberOfPartitions":3,"numberOfCompletedPartitions":{done}}}}}"#
            )
        };
        assert_eq!(table(&statistics(3)), Ok(()));
        assert_eq!(table(&statistics(2)), Err("2 of its 3 partitions were exported".into()));
        assert_eq!(table(r#","status":"COMPLETE","warningMessage":null"#), Ok(()));
        let warned = table(r#","status":"COMPLETE","warningMessage":"rows of ada@example.org were skipped""#);
        assert!(warned.is_err_and(|why| why.starts_with("it was exported with a warning") && !why.contains("ada")));
        assert_eq!(table(""), Err("it does not tell its status".into()));
    }
}
