//! An RDS snapshot export: a database's tables as Parquet, laid out by AWS.
//!
//! ```text
//! <export>/export_info_<export>.json                              how it ended; when the snapshot was taken
//! <export>/export_tables_info_<export>_from_<n>_to_<m>.json       of each table: how it ended, the columns' types
//! <export>/<database>/<schema>.<table>/1/part-00000-<uuid>.gz.parquet   its rows (rds_layout.rs)
//! <export>/<database>/<schema>.<table>/1/_SUCCESS                       behind the last part of each folder
//! ```
//!
//! All tables show the moment of the snapshot, `snapshotTime`; which transactions that are is not told, so a comparison has a
//! window of time only. A table is read when the export, the table and each of its folders say that they are complete.
//!
//! Source: AWS, "File naming conventions for exports to Amazon S3 for Amazon RDS". Never in here: what becomes of the types
//! (rds_types.rs), and which keys the JSON has (rds_info.rs).

use super::rds_info::{ExportInfo, OriginalColumn, TableInfo, TablesInfo};
use super::rds_layout::{Fault, parts};
use super::rds_types::unreadable;
use super::{Part, found};
use crate::data::drift::FoundColumn;
use crate::data::{Schema, TableName};
use crate::format::{FormatFault, Opened};
use crate::source::SourceError;
use arrow::datatypes::DataType;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use object_store::ObjectMeta;
use std::collections::BTreeMap;

/// How the names of the two kinds of file start.
const EXPORT_INFO: &str = "export_info_";
const TABLES_INFO: &str = "export_tables_info_";

/// How a table's parts are named, for messages.
const NAMED: &str = "hint: an export holds `<n>/part-<n>-<uuid>.gz.parquet` and `<n>/_SUCCESS`";

/// An export.
pub struct RdsExport {
    database: String,
    /// What is said of each table, by `database.schema.table`.
    tables: BTreeMap<String, TableInfo>,
}

/// The files in which an export speaks of itself, among the names in its folder.
pub struct OfItself {
    /// `export_info_<id>.json`.
    pub export: String,
    /// `export_tables_info_<id>_from_<n>_to_<m>.json`.
    pub tables: Vec<String>,
}

impl OfItself {
    /// Finds them.
    pub fn among<'a>(source: &str, names: impl Iterator<Item = &'a str>) -> Result<Self, SourceError> {
        let names: Vec<&str> = names.filter(|name| !name.contains('/') && name.ends_with(".json")).collect();
        let of = |start: &'static str| {
            names.iter().filter(move |name| name.starts_with(start)).map(|name| (*name).to_owned())
        };
        let unfinished =
            |why: &str| SourceError::Unfinished { what: format!("the export of source `{source}`"), why: why.into() };
        let mut exports = of(EXPORT_INFO);
        let export = exports.next().ok_or_else(|| {
            unfinished("its export_info_<export>.json is not there; hint: `url` ends in the export's identifier")
        })?;
        if exports.next().is_some() {
            return Err(unfinished("two exports lie in its folder"));
        }
        let mut tables: Vec<String> = of(TABLES_INFO).collect();
        tables.sort_unstable();
        if tables.is_empty() {
            return Err(unfinished("its export_tables_info_<export>_from_<n>_to_<m>.json is not there"));
        }
        Ok(OfItself { export, tables })
    }

    /// The moment of the snapshot, where the export ended well.
    pub fn moment(&self, bytes: &[u8]) -> Result<DateTime<Utc>, SourceError> {
        let info: ExportInfo = json(&self.export, bytes)?;
        let id = self.export.trim_start_matches(EXPORT_INFO).trim_end_matches(".json");
        info.moment(id).map_err(|why| SourceError::Unfinished { what: format!("the export of {}", self.export), why })
    }
}

impl RdsExport {
    /// An export's tables of one database, from the files that speak of them.
    pub fn learn(database: &str, infos: &[(String, Bytes)]) -> Result<Self, SourceError> {
        let mut tables = BTreeMap::new();
        for (name, bytes) in infos {
            let info: TablesInfo = json(name, bytes)?;
            for table in info.per_table_status {
                if tables.insert(table.target.clone(), table).is_some() {
                    let fault = "tells of a table that was told of before";
                    return Err(super::corrupt(name, FormatFault::new(fault)));
                }
            }
        }
        Ok(RdsExport { database: database.to_owned(), tables })
    }

    /// The tables of the database.
    pub fn tables(&self) -> Vec<TableName> {
        let front = format!("{}.", self.database);
        let of_ours = self.tables.keys().filter_map(|target| target.strip_prefix(&front)?.split_once('.'));
        of_ours.map(|(schema, table)| TableName { schema: schema.into(), table: table.into() }).collect()
    }

    /// The parts of a table, among the `objects` of the folder by their names; refused unless all is said to be there.
    pub fn parts(&self, table: &TableName, objects: &[(String, ObjectMeta)]) -> Result<Vec<Part>, SourceError> {
        let info = self.table(table)?;
        let unfinished = |why: String| SourceError::Unfinished { what: format!("the export of table {table}"), why };
        info.complete().map_err(unfinished)?;
        let folder = self.folder(table);
        let below: Vec<(&str, u64, &ObjectMeta)> = objects
            .iter()
            .filter_map(|(name, object)| Some((name.strip_prefix(&folder)?.strip_prefix('/')?, object.size, object)))
            .collect();
        let named: Vec<(&str, u64)> = below.iter().map(|(name, size, _)| (*name, *size)).collect();
        let order = parts(&named).map_err(|fault| match fault {
            Fault::Missing(why) => unfinished(why),
            Fault::Unknown(index) => {
                let path = named.get(index).map_or_else(String::new, |(name, _)| format!("{folder}/{name}"));
                let fault = format!("is named otherwise than an RDS export names its files; {NAMED}");
                super::corrupt(&path, FormatFault::new(fault))
            }
        })?;
        if order.is_empty() && info.holds_something() {
            return Err(unfinished("it is said to hold data, and no part of it is there".into()));
        }
        let found = order.iter().filter_map(|index| below.get(*index)).map(|(_, _, object)| (*object).clone());
        let found: Vec<Part> = found.map(Part::Object).collect();
        Ok(if found.is_empty() { vec![Part::WithoutRows] } else { found })
    }

    /// A table that was exported without rows: its columns are told all the same.
    pub fn without_rows(&self, table: &TableName) -> Result<Opened, SourceError> {
        let columns = self.table(table)?.columns().iter().map(|column| (column.column_name.clone(), DataType::Null));
        Ok(Opened::new(columns.collect(), |_, _| Box::new(std::iter::empty())))
    }

    /// The columns of a part, and which of them cannot be read as declared.
    pub fn found(&self, table: &TableName, opened: &Opened, schema: &Schema) -> Result<Vec<FoundColumn>, SourceError> {
        let info = self.table(table)?;
        let columns = opened.columns.iter().map(|(name, kind)| {
            let mut column = found(name);
            let original = info.columns().iter().find(|column| column.column_name == *name);
            let original = original.map(|OriginalColumn { original_type, .. }| original_type.as_str());
            let declared = schema.columns.iter().find(|known| known.is_spelt(name) || known.name.as_str() == name);
            column.unreadable = declared.and_then(|declared| unreadable(original, kind, declared.column_type));
            column
        });
        Ok(columns.collect())
    }

    /// What is told of a table. Names that AWS writes alike cannot be told apart.
    fn table(&self, table: &TableName) -> Result<&TableInfo, SourceError> {
        let target = format!("{}.{table}", self.database);
        let folder = as_path(&target);
        let alike = self.tables.keys().filter(|other| as_path(other) == folder).count();
        match self.tables.get(&target) {
            Some(info) if alike == 1 => Ok(info),
            Some(_) => Err(SourceError::Unfinished {
                what: format!("the export of table {table}"),
                why: "it shares its folder with another table, whose name AWS writes alike".into(),
            }),
            None => {
                let hint = super::told(self.tables().iter());
                let hint = format!("the export tells of {hint} in database `{}`", self.database);
                Err(SourceError::NotThere { what: format!("the table {table}"), hint: Some(hint) })
            }
        }
    }

    /// The folder of a table.
    fn folder(&self, table: &TableName) -> String {
        as_path(&format!("{}/{table}", self.database))
    }
}

/// A name as AWS writes it into a path.
fn as_path(name: &str) -> String {
    name.replace(['\\', '`', '"', ' '], "_")
}

fn json<T: serde::de::DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, SourceError> {
    let fault = || FormatFault::new("is not the JSON object that an export writes");
    serde_json::from_slice(bytes).map_err(|_| super::corrupt(name, fault()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &str = r#"{"perTableStatus":[{"target":"forms","warningMessage":"x"},
        {"target":"forms.app.thing","status":"COMPLETE","sizeGB":0.1,"schemaMetadata":{"originalTypeMappings":[
            {"columnName":"id","originalType":"bigint","expectedExportedType":"int64","originalCharMaxLength":0}]}},
        {"target":"forms.app.two words","status":"COMPLETE"},{"target":"forms.app.two_words","status":"COMPLETE"}]}"#;

    fn learn(text: &str) -> Result<RdsExport, SourceError> {
        RdsExport::learn("forms", &[("export_tables_info_e1_from_1_to_4.json".into(), Bytes::from(text.to_owned()))])
    }

    fn parts_of(table: &str, names: &[&str]) -> Result<usize, String> {
        let object = |name: &&str| {
            let location = object_store::path::Path::from(*name);
            let size = u64::from(!name.ends_with("_SUCCESS"));
            ((*name).to_owned(), ObjectMeta { location, last_modified: Utc::now(), size, e_tag: None, version: None })
        };
        let objects: Vec<_> = names.iter().map(object).collect();
        let table = TableName { schema: "app".into(), table: table.into() };
        let parts = learn(TABLES).expect("sound").parts(&table, &objects).map_err(|error| error.to_string())?;
        Ok(parts.iter().filter(|part| matches!(part, Part::Object(_))).count())
    }

    #[test]
    fn finds_a_tables_parts_in_its_own_folder_and_no_other() {
        let names = [
            "forms/app.thing/1/_SUCCESS",
            "forms/app.thing/1/part-00000-a.gz.parquet",
            "forms/app.thing2/1/_SUCCESS",
            "forms/app.thing2/1/part-00000-b.gz.parquet",
            "other/app.thing/1/part-00000-c.gz.parquet",
        ];
        assert_eq!(parts_of("thing", &names), Ok(1));
        let said = parts_of("thing", &names[..1]);
        assert_eq!(
            said,
            Err("the export of table app.thing is not complete: it is said to hold data, and no part of it is there"
                .into())
        );
    }

    #[test]
    fn says_which_tables_there_are_and_which_names_are_alike() {
        let refused = parts_of("gone", &[]).expect_err("refused");
        assert_eq!(
            refused,
            "the table app.gone is not there; the export tells of app.thing, app.two words, app.two_words in database `forms`"
        );
        assert!(parts_of("two words", &[]).is_err_and(|said| said.contains("shares its folder with another table")));
    }

    #[test]
    fn refuses_what_speaks_of_two_exports_or_of_none() {
        let among = |names: &[&str]| OfItself::among("app", names.iter().copied()).map_err(|error| error.to_string());
        let sound = ["export_info_e1.json", "export_tables_info_e1_from_1_to_4.json", "forms/export_info_e2.json"];
        assert!(among(&sound).is_ok_and(|found| found.tables.len() == 1));
        assert!(among(&sound[1..]).is_err_and(|said| said.contains("export_info_<export>.json is not there")));
        assert!(among(&sound[..1]).is_err_and(|said| said.contains("export_tables_info")));
        assert!(among(&["export_info_e1.json", "export_info_e2.json"]).is_err_and(|said| said.contains("two exports")));
        assert!(learn(&TABLES.replace("two_words", "two words")).is_err());
        for text in ["", "[]", "{", "{\"perTableStatus\":{}}", "{\"perTableStatus\":[{}]}"] {
            assert!(learn(text).is_err(), "{text}");
        }
    }
}
