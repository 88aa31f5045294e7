//! `toc.dat`, the contents of a folder that `pg_dump -Fd` wrote -> which tables it holds, with which columns, in which files.
//!
//! ```text
//! "PGDMP"  version 1.14.x (pg_dump 12-15) 1.15 (16) 1.16 (17, 18)  bytes of an int  bytes of an offset  format 3
//! 1.14: int, the level of compression      from 1.15: byte, its method
//! seconds minutes hours day month-1 year-1900 is_summer    the clock of pg_dump's machine, when it began; no zone
//! text database   text server version   text pg_dump version   int entries
//! an entry: int id  int has_data  text catalogue  text oid  text tag  text kind  int section  text definition  text drop
//!           text copy  text schema  text tablespace  text access method  [1.16: int kind of relation]  text owner
//!           text oids  texts it depends on, then a NULL  text file
//! int: a byte for the sign, then the number, lowest byte first      text: int length (-1: NULL), then bytes
//! ```
//!
//! Source: `src/bin/pg_dump/pg_backup_archiver.c` (ReadHead, ReadToc) and `pg_backup_directory.c` of PostgreSQL 15 and 17. The
//! folder carries the format number of a tar archive, with which its contents are interchangeable.
//!
//! Every length is held against the bytes that are there, and nothing is reserved by a number that the file claims. Never in
//! here: the files it names, and any of its texts in an error.

use super::FormatFault;
use chrono::{NaiveDate, NaiveDateTime};
use std::collections::{BTreeMap, BTreeSet};

const SIGNATURE: &[u8] = b"PGDMP";
const MAJOR: u8 = 1;
/// pg_dump 12 to 18.
const MINORS: std::ops::RangeInclusive<u8> = 14..=16;
/// From here on the method of compression stands where its level stood.
const MINOR_WITH_METHOD: u8 = 15;
/// From here on an entry tells the kind of its relation.
const MINOR_WITH_RELATION: u8 = 16;
const FORMAT_OF_A_FOLDER: u8 = 3;
/// Behind the columns of a table that inherits.
const INHERITS: &str = "\nINHERITS (";
const UTF8: &str = "SET client_encoding = 'UTF8';";

/// What a dump's folder holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toc {
    /// When pg_dump began, by the clock of its machine; of which zone that was, nothing tells.
    pub began: NaiveDateTime,
    /// Whether that clock showed summer time; `None` where the machine did not know.
    pub is_summer: Option<bool>,
    /// The server's own words for its version.
    pub server_version: Option<String>,
    /// Tables, by their names.
    pub tables: Vec<DumpedTable>,
}

/// A table of a dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DumpedTable {
    /// PostgreSQL schema.
    pub schema: String,
    /// Table.
    pub table: String,
    /// Where its rows are.
    pub rows: DumpedRows,
}

/// Where a table's rows are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DumpedRows {
    /// In a file of COPY text.
    Copied {
        /// Its columns, in the order of their cells.
        columns: Vec<String>,
        /// The file without the ending of its compression: `3359.dat`.
        file: String,
    },
    /// In such a file those of its own, and others in those of the tables that inherit from it.
    Divided,
    /// In a file of INSERT statements.
    Inserted,
    /// Nowhere: the table alone was dumped, as a partitioned one is, or one whose data was left out.
    Nowhere,
}

/// Reads the contents of a dump.
pub fn read(bytes: &[u8]) -> Result<Toc, FormatFault> {
    let mut toc = Reader { rest: bytes, int_bytes: 4 };
    let minor = head(&mut toc)?;
    let (began, is_summer) = moment(&mut toc)?;
    toc.text()?;
    let server_version = toc.text()?.map(|version| utf8(version)).transpose()?.map(str::to_owned);
    toc.text()?;
    let (mut tables, mut parents, mut is_utf8) = (BTreeMap::new(), BTreeSet::new(), false);
    for _ in 0..toc.int()? {
        let entry = Entry::read(&mut toc, minor)?;
        match entry.kind {
            b"ENCODING" if utf8(entry.definition)?.trim() != UTF8 => {
                return Err(FormatFault::new(
                    "is of a dump in another encoding than UTF8; hint: pg_dump --encoding=UTF8",
                ));
            }
            b"ENCODING" => is_utf8 = true,
            // Beside what it inherits from, the table itself tells nothing that its data has not told.
            b"TABLE" => {
                parents.extend(parents_of(utf8(entry.definition)?));
                tables.entry(entry.name()?).or_insert(DumpedRows::Nowhere);
            }
            b"TABLE DATA" => {
                tables.insert(entry.name()?, entry.rows()?);
            }
            _ => {}
        }
    }
    if !toc.rest.is_empty() {
        return Err(FormatFault::new("goes on behind its last entry"));
    }
    if !is_utf8 {
        return Err(FormatFault::new("does not say its encoding"));
    }
    let tables = tables.into_iter().map(|(name, rows)| {
        let rows = if parents.contains(&name) { DumpedRows::Divided } else { rows };
        DumpedTable { schema: name.0, table: name.1, rows }
    });
    Ok(Toc { began, is_summer, server_version, tables: tables.collect() })
}

/// The tables that a `CREATE TABLE` inherits from, each with its schema. A text in it that looks like that names some as well: they are
/// then refused where they need not be.
fn parents_of(definition: &str) -> Vec<(String, String)> {
    let mut parents = Vec::new();
    for list in definition.split(INHERITS).skip(1) {
        let mut rest = Some(list);
        while let Some((schema, behind)) = rest.and_then(identifier) {
            let Some((table, behind)) = behind.strip_prefix('.').and_then(identifier) else { break };
            parents.push((schema, table));
            rest = behind.strip_prefix(", ");
        }
    }
    parents
}

/// The head up to the moment; gives the minor version.
fn head(toc: &mut Reader<'_>) -> Result<u8, FormatFault> {
    if toc.take(SIGNATURE.len())? != SIGNATURE {
        return Err(FormatFault::new("is no table of contents of pg_dump"));
    }
    let [major, minor, _, int_bytes, _, format] =
        [toc.byte()?, toc.byte()?, toc.byte()?, toc.byte()?, toc.byte()?, toc.byte()?];
    if major != MAJOR || !MINORS.contains(&minor) {
        let told = format!("is of version {major}.{minor}, where 1.14 to 1.16 (pg_dump 12 to 18) are read");
        return Err(FormatFault::new(told));
    }
    if format != FORMAT_OF_A_FOLDER {
        return Err(FormatFault::new("is of an archive in one file; hint: pg_dump --format=directory"));
    }
    if !(1..=8).contains(&int_bytes) {
        return Err(FormatFault::new("has whole numbers of a size that there is not"));
    }
    toc.int_bytes = usize::from(int_bytes);
    if minor >= MINOR_WITH_METHOD {
        toc.byte()?;
    } else {
        toc.int()?;
    }
    Ok(minor)
}

fn moment(toc: &mut Reader<'_>) -> Result<(NaiveDateTime, Option<bool>), FormatFault> {
    let [second, minute, hour, day, month, year, is_summer] =
        [toc.int()?, toc.int()?, toc.int()?, toc.int()?, toc.int()?, toc.int()?, toc.int()?];
    let part = |number: i64| u32::try_from(number).ok();
    let began = (|| {
        let day = NaiveDate::from_ymd_opt(
            i32::try_from(year.checked_add(1900)?).ok()?,
            part(month.checked_add(1)?)?,
            part(day)?,
        )?;
        day.and_hms_opt(part(hour)?, part(minute)?, part(second)?)
    })();
    let began = began.ok_or_else(|| FormatFault::new("was begun at a moment that there is not"))?;
    Ok((began, (is_summer >= 0).then_some(is_summer > 0)))
}

/// What is looked at of an entry.
struct Entry<'a> {
    id: i64,
    tag: &'a [u8],
    kind: &'a [u8],
    definition: &'a [u8],
    copy: Option<&'a [u8]>,
    schema: &'a [u8],
    file: &'a [u8],
}

impl<'a> Entry<'a> {
    fn read(toc: &mut Reader<'a>, minor: u8) -> Result<Self, FormatFault> {
        let id = toc.int()?;
        let _has_data = toc.int()?;
        let (_catalogue, _oid) = (toc.text()?, toc.text()?);
        let (tag, kind) = (toc.text()?.unwrap_or_default(), toc.text()?.unwrap_or_default());
        let _section = toc.int()?;
        let definition = toc.text()?.unwrap_or_default();
        let _drop = toc.text()?;
        let copy = toc.text()?.filter(|copy| !copy.is_empty());
        let schema = toc.text()?.unwrap_or_default();
        let (_tablespace, _access_method) = (toc.text()?, toc.text()?);
        if minor >= MINOR_WITH_RELATION {
            toc.int()?;
        }
        let (_owner, _oids) = (toc.text()?, toc.text()?);
        while toc.text()?.is_some() {}
        let file = toc.text()?.unwrap_or_default();
        Ok(Entry { id, tag, kind, definition, copy, schema, file })
    }

    /// Schema and table.
    fn name(&self) -> Result<(String, String), FormatFault> {
        Ok((utf8(self.schema)?.to_owned(), utf8(self.tag)?.to_owned()))
    }

    fn rows(&self) -> Result<DumpedRows, FormatFault> {
        let file = format!("{}.dat", self.id);
        // pg_dump names the file by the entry's number; a name that says otherwise might lead anywhere.
        if self.file != file.as_bytes() {
            return Err(FormatFault::new("names a file otherwise than pg_dump does"));
        }
        let Some(copy) = self.copy else { return Ok(DumpedRows::Inserted) };
        let columns = columns(utf8(copy)?);
        let columns = columns.ok_or_else(|| FormatFault::new("holds a COPY that does not list its columns"))?;
        Ok(DumpedRows::Copied { columns, file })
    }
}

/// The columns of `COPY schema.table (a, "B, c") FROM stdin;`; of a table without any, or with generated ones alone, nothing stands there.
fn columns(copy: &str) -> Option<Vec<String>> {
    let mut rest = copy.trim_end().strip_prefix("COPY ")?.strip_suffix(" FROM stdin;")?;
    (_, rest) = identifier(rest)?;
    (_, rest) = identifier(rest.strip_prefix('.')?)?;
    let mut columns = Vec::new();
    if rest == " " {
        return Some(columns);
    }
    rest = rest.strip_prefix(" (")?.strip_suffix(')')?;
    loop {
        let (column, behind) = identifier(rest)?;
        columns.push(column);
        if behind.is_empty() {
            return Some(columns);
        }
        rest = behind.strip_prefix(", ")?;
    }
}

/// An identifier as PostgreSQL quotes it, and what stands behind it.
fn identifier(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '$')).unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_owned(), &text[end..]));
    };
    let mut name = String::new();
    let mut rest = quoted;
    loop {
        let (part, behind) = rest.split_once('"')?;
        name.push_str(part);
        let Some(more) = behind.strip_prefix('"') else { return Some((name, behind)) };
        name.push('"');
        rest = more;
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, FormatFault> {
    std::str::from_utf8(bytes).map_err(|_| FormatFault::new("holds a name that is no text in UTF-8"))
}

struct Reader<'a> {
    rest: &'a [u8],
    int_bytes: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], FormatFault> {
        let (taken, rest) =
            self.rest.split_at_checked(length).ok_or_else(|| FormatFault::new("ends inside an entry"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, FormatFault> {
        Ok(self.take(1)?.first().copied().unwrap_or_default())
    }

    fn int(&mut self) -> Result<i64, FormatFault> {
        let is_negative = self.byte()? != 0;
        let number = self.take(self.int_bytes)?.iter().rev().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        let number = i64::try_from(number).map_err(|_| FormatFault::new("holds a number that is too large"))?;
        Ok(if is_negative { -number } else { number })
    }

    fn text(&mut self) -> Result<Option<&'a [u8]>, FormatFault> {
        match usize::try_from(self.int()?) {
            Ok(length) => self.take(length).map(Some),
            Err(_) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `pg_dump -Fd` of PostgreSQL 15.18, 16.2, 17.10 and 18.6 (`--statistics`), each of the database that `fixtures/forms/tables.sql` makes.
    const TOC_1_14: &[u8] = include_bytes!("../../fixtures/forms/pg_dump_15/toc.dat");
    const TOC_1_15: &[u8] = include_bytes!("../../fixtures/forms/pg_dump_16/toc.dat");
    const TOC_1_16: &[u8] = include_bytes!("../../fixtures/forms/pg_dump_17/toc.dat");
    const TOC_OF_18: &[u8] = include_bytes!("../../fixtures/forms/pg_dump_18/toc.dat");

    #[test]
    fn reads_what_four_versions_of_pg_dump_wrote() {
        for (toc, first) in [(TOC_1_14, 3369), (TOC_1_15, 3369), (TOC_1_16, 3369), (TOC_OF_18, 3379)] {
            let toc = read(toc).expect("a toc");
            assert!(toc.server_version.is_some_and(|server| server.starts_with("15.18")));
            let rows = |schema: &str, table: &str| {
                let found = toc.tables.iter().filter(|found| found.schema == schema && found.table == table);
                found.map(|found| found.rows.clone()).collect::<Vec<_>>()
            };
            let columns = ["id", "day", "mwh"].map(str::to_owned).to_vec();
            let copied = |columns, id: u32| vec![DumpedRows::Copied { columns, file: format!("{id}.dat") }];
            assert_eq!(rows("app", "reading"), [DumpedRows::Nowhere]);
            assert_eq!(rows("app", "reading_21"), copied(columns, first + 2));
            assert_eq!(rows("app", "nothing"), copied(vec!["id".into(), "note".into()], first + 1));
            assert!(
                matches!(&rows("app", "thing")[..], [DumpedRows::Copied { columns, .. }] if columns[8] == "Note, of \"it\"")
            );
            assert_eq!(toc.tables.len(), 5);
        }
        let began = read(TOC_1_14).expect("a toc");
        assert_eq!((began.began.date().to_string().as_str(), began.is_summer), ("2026-11-25", Some(false)));
    }

    #[test]
    fn splits_the_columns_of_a_copy() {
        let names = |copy| columns(copy).map(|columns| columns.join("|"));
        assert_eq!(names("COPY app.thing (id, \"B, \"\"c\", t$1) FROM stdin;\n").as_deref(), Some("id|B, \"c|t$1"));
        assert_eq!(names("COPY \"App.x\".\"th ing\" (\"(\", \")\") FROM stdin;\n").as_deref(), Some("(|)"));
        assert_eq!(columns("COPY app.bare  FROM stdin;\n"), Some(Vec::new()), "without a column that is dumped");
        for copy in [
            "",
            "COPY app.thing FROM stdin;",
            "COPY app.thing () FROM stdin;",
            "COPY app.thing (a, ) FROM stdin;",
            "COPY app.thing (a b) FROM stdin;",
            "COPY app.thing (\"a) FROM stdin;",
            "COPY app.thing (a) FROM stdin WITH (FREEZE);",
            "COPY app (a) FROM stdin;",
        ] {
            assert_eq!(columns(copy), None, "{copy}");
        }
    }

    #[test]
    fn knows_whom_a_table_inherits_from() {
        let parents = |definition| -> Vec<String> {
            parents_of(definition).into_iter().map(|(schema, table)| format!("{schema}|{table}")).collect()
        };
        assert_eq!(parents("CREATE TABLE app.one (\n    n integer\n);\n"), [""; 0]);
        let heir = "CREATE TABLE app.heir (\n    m integer DEFAULT 1\n)\nINHERITS (app.old, \"App\".\"o, ld\")\nWITH (fillfactor='70');\n";
        assert_eq!(parents(heir), ["app|old", "App|o, ld"]);
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        let changed = |at: usize, to: u8| {
            let mut toc = TOC_1_14.to_vec();
            toc[at] = to;
            read(&toc).err().map(|fault| fault.fault).unwrap_or_default()
        };
        assert_eq!(changed(0, b'X'), "is no table of contents of pg_dump");
        assert!(changed(6, 13).starts_with("is of version 1.13,"));
        assert!(changed(5, 2).starts_with("is of version 2.14,"));
        assert!(changed(10, 1).starts_with("is of an archive in one file"));
        assert_eq!(changed(8, 9), "has whole numbers of a size that there is not");
    }

    #[test]
    fn refuses_another_encoding_and_a_file_that_leads_elsewhere() {
        let replaced = |from: &[u8], to: &[u8]| {
            assert_eq!(from.len(), to.len());
            let mut toc = TOC_1_16.to_vec();
            let at = toc.windows(from.len()).rposition(|part| part == from).expect("it is there");
            toc[at..at + to.len()].copy_from_slice(to);
            read(&toc).err().map(|fault| fault.fault).unwrap_or_default()
        };
        assert!(
            replaced(b"client_encoding = 'UTF8'", b"client_encoding = 'BIG5'")
                .starts_with("is of a dump in another encoding than UTF8")
        );
        assert!(replaced(b"ENCODING\x00", b"ENCODINX\x00").starts_with("does not say its encoding"));
        let tables = read(TOC_1_16).expect("a toc").tables;
        let file = tables.iter().find_map(|table| match &table.rows {
            DumpedRows::Copied { file, .. } => Some(file.clone()),
            _ => None,
        });
        let file = file.expect("a file");
        let elsewhere = format!("../{}", &file[3..]);
        assert_eq!(replaced(file.as_bytes(), elsewhere.as_bytes()), "names a file otherwise than pg_dump does");
    }

    #[test]
    fn refuses_a_toc_wherever_it_is_cut() {
        for toc in [TOC_1_14, TOC_1_15, TOC_1_16, TOC_OF_18] {
            assert!(read(toc).is_ok());
            for cut in 0..toc.len() {
                assert!(read(&toc[..cut]).is_err(), "{cut}");
            }
            assert!(read(&[toc, b"x"].concat()).is_err());
        }
    }

    proptest! {
        #[test]
        fn reads_or_refuses_any_damage(at in any::<prop::sample::Index>(), to: u8, more in any::<prop::sample::Index>(), too: u8) {
            for sound in [TOC_1_14, TOC_1_15, TOC_1_16] {
                let mut toc = sound.to_vec();
                let (at, more) = (at.index(toc.len()), more.index(toc.len()));
                (toc[at], toc[more]) = (to, too);
                if let Ok(toc) = read(&toc) {
                    let is_plain = |table: &DumpedTable| match &table.rows {
                        DumpedRows::Copied { file, .. } => !file.contains('/'),
                        _ => true,
                    };
                    prop_assert!(toc.tables.iter().all(is_plain));
                }
            }
        }

        #[test]
        fn reads_or_refuses_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&[SIGNATURE, &[1, 16, 0, 4, 8, 3, 0], &bytes].concat());
        }
    }
}
