//! A folder that `pg_dump -Fd` wrote: `toc.dat` and a file of COPY text for each table.
//!
//! ```text
//! toc.dat                          written last: with it there, every file was written to its end
//! 3359.dat[.gz|.lz4|.zst]          the rows of one table, an end mark behind them
//! blobs.toc  blob_16400.dat.gz     large objects: not read
//! ```
//!
//! pg_dump reads every table in one snapshot. The contents tell when it began, by the clock of its machine: the snapshot was
//! taken after that, commonly within seconds, but later where it had to wait (`--serializable-deferrable`) and earlier where
//! it was given one (`--snapshot`). They do not tell which transactions it shows, so a comparison has a window of time only.
//! Whether row security hid rows from the one who dumped, nothing tells either, nor whether tables that inherit from another were left
//! out of the dump. Generated columns are in no dump.
//!
//! Never in here: the format of the two kinds of file.

use super::Part;
use crate::data::TableName;
use crate::format::compression::Compression;
use crate::format::copy_text::{self, End};
use crate::format::pg_toc::{self, DumpedRows, DumpedTable, Toc};
use crate::format::ranged::{From, Ranged};
use crate::format::{DECODED_BYTES_MAX, FormatFault, Opened};
use crate::source::SourceError;
use chrono::{DateTime, Offset, TimeZone, Utc};
use chrono_tz::{OffsetComponents, Tz};
use object_store::ObjectMeta;
use std::sync::Arc;

/// The contents of the folder.
pub const CONTENTS: &str = "toc.dat";

/// What a file may unpack to, as a multiple of its size, where that is more than [`DECODED_BYTES_MAX`].
const DECODED_RATIO_MAX: u64 = 200;

/// The endings of a file's name, by its compression.
const ENDINGS: [(&str, Compression); 4] =
    [("", Compression::Plain), (".gz", Compression::Gzip), (".lz4", Compression::Lz4), (".zst", Compression::Zstd)];

/// A dump.
pub struct PgDump {
    toc: Toc,
}

impl PgDump {
    /// Reads its contents.
    pub fn learn(contents: &[u8]) -> Result<Self, FormatFault> {
        Ok(PgDump { toc: pg_toc::read(contents)? })
    }

    /// When pg_dump began, on a clock of `zone`.
    pub fn began(&self, zone: Tz) -> Result<DateTime<Utc>, FormatFault> {
        let possible = zone.from_local_datetime(&self.toc.began);
        let is_summer = |moment: &DateTime<Tz>| !moment.offset().dst_offset().is_zero();
        let fits = |moment: &DateTime<Tz>| self.toc.is_summer.is_none_or(|told| told == is_summer(moment));
        let mut fitting = [possible.earliest(), possible.latest()].into_iter().flatten().filter(fits);
        let moment = fitting.next().ok_or_else(|| {
            FormatFault::new("was begun by a clock of another zone than `time_zone` of the source says")
        })?;
        Ok(moment.with_timezone(&Utc.fix()).to_utc())
    }

    /// The server's version: its words in front of the first blank.
    pub fn server_version(&self) -> Option<&str> {
        self.toc.server_version.as_deref()?.split(' ').next()
    }

    /// The tables whose rows were dumped.
    pub fn tables(&self) -> Vec<TableName> {
        let is_whole = |table: &&DumpedTable| !matches!(table.rows, DumpedRows::Nowhere | DumpedRows::Divided);
        let dumped = self.toc.tables.iter().filter(is_whole);
        dumped.map(|found| TableName { schema: found.schema.clone(), table: found.table.clone() }).collect()
    }

    /// The file that holds a table, among the `objects` of the folder by their names.
    pub fn part(&self, table: &TableName, objects: &[(String, ObjectMeta)]) -> Result<Part, SourceError> {
        let file = match &self.table(table)?.rows {
            DumpedRows::Copied { file, .. } => file,
            DumpedRows::Divided => {
                let what = format!("all rows of the table {table} in one file");
                let hint =
                    "tables inherit from it, whose rows are in files of their own: take them from the server itself";
                return Err(SourceError::NotThere { what, hint: Some(hint.into()) });
            }
            DumpedRows::Inserted => {
                let what = format!("COPY of the table {table}, which was dumped as INSERT statements,");
                return Err(SourceError::NotThere { what, hint: Some("dump it without --inserts".into()) });
            }
            DumpedRows::Nowhere => {
                let what = format!("any row of the table {table}, of which the dump holds only the definition,");
                let hint = "a partitioned table's rows are in its partitions, each a table of its own";
                return Err(SourceError::NotThere { what, hint: Some(hint.into()) });
            }
        };
        let is_it = |name: &str| ENDINGS.iter().any(|(ending, _)| name.strip_prefix(file.as_str()) == Some(ending));
        let mut found = objects.iter().filter(|(name, _)| is_it(name));
        let unfinished = |why: String| SourceError::Unfinished { what: format!("the dump of table {table}"), why };
        match (found.next(), found.next()) {
            (Some((_, object)), None) => Ok(Part::Object(object.clone())),
            (Some(_), Some(_)) => Err(unfinished(format!("{file} is there in two compressions"))),
            (None, _) => Err(unfinished(format!("{file}, which {CONTENTS} names, is not there"))),
        }
    }

    /// Rows of the file `name` of `table`, unpacked as they are read.
    pub fn open(&self, table: &TableName, name: &str, packed: Arc<dyn Ranged>) -> Result<Opened, SourceError> {
        let DumpedRows::Copied { columns, .. } = &self.table(table)?.rows else {
            return Err(SourceError::NotThere { what: format!("any row of the table {table}"), hint: None });
        };
        let ending = name.rsplit_once(".dat").map_or("", |(_, ending)| ending);
        let compression =
            ENDINGS.iter().find(|(known, _)| *known == ending).map_or(Compression::Plain, |(_, kind)| *kind);
        let bytes_max = DECODED_BYTES_MAX.max(packed.length().saturating_mul(DECODED_RATIO_MAX));
        let text = compression
            .stream(From::new(packed, 0), bytes_max)
            .map_err(|fault| super::corrupt(&at(table, name), fault))?;
        Ok(copy_text::open(columns.clone(), text, End::Marked))
    }

    fn table(&self, table: &TableName) -> Result<&DumpedTable, SourceError> {
        let found = self.toc.tables.iter().find(|found| found.schema == table.schema && found.table == table.table);
        found.ok_or_else(|| {
            let hint = super::told(self.tables().iter());
            SourceError::NotThere { what: format!("the table {table}"), hint: Some(format!("the dump has {hint}")) }
        })
    }
}

/// What messages call a file of a table.
pub fn at(table: &TableName, name: &str) -> String {
    format!("{table} in {name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDateTime;

    fn began(at: &str, is_summer: Option<bool>, zone: Tz) -> Result<String, FormatFault> {
        let began = NaiveDateTime::parse_from_str(at, "%Y-%m-%d %H:%M").expect("a moment");
        let toc = Toc { began, is_summer, server_version: None, tables: Vec::new() };
        PgDump { toc }.began(zone).map(|moment| moment.to_rfc3339())
    }

    #[test]
    fn tells_the_two_half_past_ones_of_an_autumn_night_apart() {
        let london = |is_summer| began("2026-10-25 01:30", is_summer, Tz::Europe__London);
        assert_eq!(london(Some(true)).as_deref(), Ok("2026-10-25T00:30:00+00:00"));
        assert_eq!(london(Some(false)).as_deref(), Ok("2026-10-25T01:30:00+00:00"));
        assert_eq!(london(None).as_deref(), Ok("2026-10-25T00:30:00+00:00"), "the earlier: less is shown for certain");
        assert_eq!(began("2026-07-01 12:00", Some(false), Tz::UTC).as_deref(), Ok("2026-07-01T12:00:00+00:00"));
    }

    #[test]
    fn refuses_a_clock_that_does_not_fit_its_zone() {
        assert!(began("2026-07-01 12:00", Some(true), Tz::UTC).is_err(), "London's summer, told as UTC");
        assert!(began("2026-07-01 12:00", Some(false), Tz::Europe__London).is_err(), "UTC, told as London's");
        assert!(began("2026-03-29 01:30", Some(true), Tz::Europe__London).is_err(), "an hour that there was not");
    }
}
