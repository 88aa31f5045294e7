//! Names of objects -> what they are to a table.
//!
//! ```text
//! app.thing.csv  app.thing.jsonl.gz        the table's one file
//! app.thing/a.parquet  app.thing/b.parquet files of the table's folder, in the order of their names
//! app.thing/_SUCCESS  app.thing/.crc       passed over, as are objects that stand for a folder and hold no byte
//! app.thing.CSV  app.thing.more.csv        the table's, and of no name that is read: refused
//! app.thing/a.csv.bz2  app.thing/b/c.csv   likewise, for what is passed over in silence is missing in the morning
//! app.thing_two.csv  app.thin.csv          other tables'
//! ```
//!
//! Neither part of a table's name holds a dot, so whatever follows the name and a dot can be no other table's.

use crate::data::TableName;
use crate::format::compression::Compression;

/// What is read of a table, for messages.
pub const READ: &str = "hint: `.csv`, `.jsonl`, `.copy` and `.parquet` are read, each also as `.gz` or `.zst`, in `<table>.<kind>` or in the folder `<table>/`; in there, names that start with `_` or `.` are passed over";

/// The formats that a table's files may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Columns.
    Parquet,
    /// Text in columns.
    Csv,
    /// An object a line.
    JsonLines,
    /// PostgreSQL's COPY text, its columns' names in the first line.
    Copy,
}

impl Kind {
    /// By the name's endings.
    pub fn of(path: &str) -> Option<(Kind, Compression)> {
        let (compression, rest) = Compression::of(path);
        Some((Kind::named(rest.rsplit_once('.')?.1)?, compression))
    }

    fn named(word: &str) -> Option<Kind> {
        Some(match word {
            "parquet" => Kind::Parquet,
            "csv" => Kind::Csv,
            "jsonl" => Kind::JsonLines,
            "copy" => Kind::Copy,
            _ => return None,
        })
    }
}

/// What an object is to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nothing.
    Elsewhere,
    /// Its one file.
    Alone,
    /// A file of its folder.
    InFolder,
    /// Nothing that holds rows.
    PassedOver,
    /// It is the table's and is not read: why.
    Unread(&'static str),
}

/// What the object `path` of `size` bytes is to `table`.
pub fn place(path: &str, size: u64, table: &TableName) -> Place {
    let Some(rest) = path.strip_prefix(&table.to_string()) else { return Place::Elsewhere };
    if let Some(kind) = rest.strip_prefix('.') {
        return match Kind::named(Compression::of(kind).1) {
            Some(_) => Place::Alone,
            None => Place::Unread("is named after the table, and not `<table>.<kind>`"),
        };
    }
    match rest.strip_prefix('/') {
        None if !rest.is_empty() => Place::Elsewhere,
        // What a store lists for an empty folder.
        _ if size == 0 && Kind::of(path).is_none() => Place::PassedOver,
        Some(file) if file.contains('/') => Place::Unread("lies in a folder of the table's folder"),
        Some(file) if file.starts_with(['_', '.']) => Place::PassedOver,
        Some(_) if Kind::of(path).is_some() => Place::InFolder,
        _ => Place::Unread("is of no kind that is read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_tables_objects_from_other_tables_and_passes_none_over() {
        let table = TableName { schema: "app".into(), table: "thing".into() };
        let unread = |path| matches!(place(path, 1, &table), Place::Unread(_));
        for path in ["app.thing.csv", "app.thing.jsonl.gz", "app.thing.parquet.zst"] {
            assert_eq!(place(path, 1, &table), Place::Alone, "{path}");
        }
        for path in ["app.thing/a.csv", "app.thing/a.more.jsonl.zst", "app.thing/part-0.parquet"] {
            assert_eq!(place(path, 1, &table), Place::InFolder, "{path}");
        }
        for path in ["app.thing/_SUCCESS", "app.thing/.a.csv.crc", "app.thing/_a.csv"] {
            assert_eq!(place(path, 1, &table), Place::PassedOver, "{path}");
        }
        for path in [
            "app.thing",
            "app.thing.CSV",
            "app.thing.csv.bz2",
            "app.thing.ndjson",
            "app.thing.more.csv",
            "app.thing.csv.csv",
            "app.thing/year=2026/b.csv",
            "app.thing/_delta_log/0.json",
            "app.thing/c.CSV",
            "app.thing/d.csv.bz2",
            "app.thing/e.ndjson",
            "app.thing/f",
        ] {
            assert!(unread(path), "{path}");
        }
        for path in [
            "app.thing_two.csv",
            "app.thingé.csv",
            "app.thing2/a.csv",
            "app.thin.csv",
            "extract.json",
            "old/app.thing.csv",
        ] {
            assert_eq!(place(path, 1, &table), Place::Elsewhere, "{path}");
        }
        for path in ["app.thing", "app.thing/", "app.thing/year=2026"] {
            assert_eq!(place(path, 0, &table), Place::PassedOver, "{path}");
        }
    }
}
