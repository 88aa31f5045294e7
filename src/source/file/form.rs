//! What a folder of extracts is - files by the tables' names, an RDS export or a dump - and what each of them answers.
//!
//! Never in here: the answers themselves.

use super::pg_dump::{self, PgDump};
use super::rds_export::{OfItself, RdsExport};
use super::{Files, Part, corrupt, found, named};
use crate::data::drift::FoundColumn;
use crate::data::{Name, Schema, TableName};
use crate::format::ranged::Ranged;
use crate::format::{FormatFault, Opened};
use crate::source::SourceError;
use object_store::ObjectMeta;
use std::sync::Arc;

/// What the environment says of a folder.
#[derive(Clone, Copy, Debug)]
pub enum Layout<'a> {
    /// Files that are named after the tables.
    Named,
    /// An RDS snapshot export; the tables are those of `database`.
    RdsExport {
        /// Database, as the export names its folder.
        database: &'a str,
    },
    /// What `pg_dump -Fd` wrote.
    PgDump {
        /// The zone of the clock where it ran.
        zone: chrono_tz::Tz,
    },
}

/// What is known of a folder that has been looked at.
pub enum Form {
    /// Files that are named after the tables.
    Named,
    /// An RDS snapshot export.
    RdsExport(RdsExport),
    /// What `pg_dump -Fd` wrote.
    PgDump(PgDump),
}

impl Files {
    /// Reads what the folder says of itself, the moment above all.
    pub(super) async fn learn(&mut self, layout: Layout<'_>) -> Result<Form, SourceError> {
        match layout {
            Layout::Named => {
                if let Some(bytes) = self.read_named(named::MOMENT).await? {
                    named::learn(&bytes, &mut self.origin)?;
                }
                Ok(Form::Named)
            }
            Layout::RdsExport { database } => self.learn_export(database).await.map(Form::RdsExport),
            Layout::PgDump { zone } => self.learn_dump(zone).await.map(Form::PgDump),
        }
    }

    async fn learn_export(&mut self, database: &str) -> Result<RdsExport, SourceError> {
        let names = self.objects.iter().map(|(name, _)| name.as_str());
        let of_itself = OfItself::among(self.name.as_str(), names)?;
        let export = self.read_named(&of_itself.export).await?.unwrap_or_default();
        self.origin.extracted_at = of_itself.moment(&export)?;
        let mut infos = Vec::new();
        for name in of_itself.tables {
            let bytes = self.read_named(&name).await?.unwrap_or_default();
            infos.push((name, bytes));
        }
        RdsExport::learn(database, &infos)
    }

    async fn learn_dump(&mut self, zone: chrono_tz::Tz) -> Result<PgDump, SourceError> {
        let Some(contents) = self.read_named(pg_dump::CONTENTS).await? else {
            let why = format!("{}, which pg_dump -Fd writes last, is not there", pg_dump::CONTENTS);
            return Err(SourceError::Unfinished { what: format!("the dump of source `{}`", self.name), why });
        };
        let damaged = |fault: FormatFault| corrupt(pg_dump::CONTENTS, fault);
        let dump = PgDump::learn(&contents).map_err(damaged)?;
        self.origin.extracted_at = dump.began(zone).map_err(damaged)?;
        self.origin.server = dump.server_version().and_then(named::server);
        Ok(dump)
    }
}

impl Form {
    /// The parts of a table, in order, among the `objects` of the folder by their names.
    pub(super) fn parts(
        &self,
        source: &Name,
        table: &TableName,
        objects: &[(String, ObjectMeta)],
    ) -> Result<Vec<Part>, SourceError> {
        match self {
            Form::Named => named::parts(source, table, objects),
            Form::RdsExport(export) => export.parts(table, objects),
            Form::PgDump(dump) => dump.part(table, objects).map(|part| vec![part]),
        }
    }

    /// How many parts are opened before the first row. An export tells the columns of a table once for all of its parts, so
    /// the first shows them; files by other hands may each have their own.
    pub(super) fn parts_with_all_columns(&self) -> usize {
        match self {
            Form::RdsExport(_) => 1,
            Form::Named | Form::PgDump(_) => usize::MAX,
        }
    }

    /// Reads the object `name` of a table as far as its columns.
    pub(super) fn open(
        &self,
        table: &TableName,
        name: &str,
        bytes: Arc<dyn Ranged>,
        schema: &Schema,
    ) -> Result<Opened, SourceError> {
        match self {
            Form::Named | Form::RdsExport(_) => named::open(name, bytes, schema).map_err(|fault| corrupt(name, fault)),
            Form::PgDump(dump) => dump.open(table, name, bytes),
        }
    }

    /// The columns of a table that has no rows.
    pub(super) fn without_rows(&self, table: &TableName) -> Result<Opened, SourceError> {
        match self {
            Form::RdsExport(export) => export.without_rows(table),
            Form::Named | Form::PgDump(_) => {
                Err(SourceError::NotThere { what: format!("any row of the table {table}"), hint: None })
            }
        }
    }

    /// The columns that were found, and which of them cannot be read as declared.
    pub(super) fn found(
        &self,
        table: &TableName,
        opened: &Opened,
        schema: &Schema,
    ) -> Result<Vec<FoundColumn>, SourceError> {
        match self {
            Form::RdsExport(export) => export.found(table, opened, schema),
            Form::Named | Form::PgDump(_) => Ok(opened.columns.iter().map(|(name, _)| found(name)).collect()),
        }
    }

    /// What messages call the object `name` of a table.
    pub(super) fn at(&self, table: &TableName, name: &str) -> String {
        match self {
            Form::Named | Form::RdsExport(_) => name.to_owned(),
            Form::PgDump(_) => pg_dump::at(table, name),
        }
    }

    /// The tables that are there.
    pub(super) fn tables(&self, objects: &[(String, ObjectMeta)]) -> Vec<TableName> {
        match self {
            Form::Named => named::tables(objects),
            Form::RdsExport(export) => export.tables(),
            Form::PgDump(dump) => dump.tables(),
        }
    }
}
