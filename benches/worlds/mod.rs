//! Invented worlds of any size: the tables of `fixtures/*/tables.sql` full of rows, and the topics that match them.
//!
//! ```text
//! random.rs              seed, subject, index -> draws
//! people.rs unit.rs day.rs     who and what there is, what is generated and paid
//! settlements.rs contracts.rs  index, version -> a row of each table
//! life.rs                index -> its version at each moment
//! table.rs               index, moment -> what changes           definition.rs  columns, from tables.sql
//! difference.rs          rows in which the topic is to differ
//! postgres.rs files.rs   the tables: into a server, or as an extract in files
//! topic.rs partition.rs event.rs moment.rs   the topics, with the transactions of the tables
//! ```
//!
//! A row is a function of the seed, the number of rows asked for, its table and its index, so nothing is kept in memory but
//! a few hundred units and days, and the same seed gives the same bytes everywhere. Used by `benches/generate.rs` and by the
//! tests. Never in here: a real person, the machine's clock or randomness.

mod cell;
mod contracts;
mod day;
mod definition;
mod difference;
mod event;
mod files;
mod life;
mod moment;
mod partition;
mod people;
mod postgres;
mod random;
mod settlements;
mod table;
mod topic;
mod unit;

use difference::{DifferencesMade, Planted};
use moment::Moments;
use partition::Packing;
use sqlx::postgres::PgConnectOptions;
use std::collections::BTreeMap;
use std::path::Path;
use table::Table;
use topic::TopicMade;

/// Rows of the largest table, at least: fewer do not make the three kinds of settlement day.
pub const ROWS_MIN: u64 = 100;

/// One of the two worlds. Its schema, its topics' server and, if nobody says otherwise, its database bear its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// Units, half hours, prices, payments, invoices.
    Settlements,
    /// Companies, contracts, people, accounts, milestones.
    Contracts,
}

/// What a world is to be like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The same seed gives the same world.
    pub seed: u64,
    /// Rows of the largest table: `metered_output` (rounded up to whole days of a unit), `contact`.
    pub rows: u64,
    /// Differences between a table and its topic.
    pub differences: u64,
    /// The table that differs; `difference_payment` and `contact` if nobody says otherwise.
    pub differing: Option<String>,
    /// A table whose topic is not written.
    pub untold: Option<String>,
    /// Whether its tables are not logged, and without a publication, and its topics packed as zstd alone.
    pub is_large: bool,
}

/// A world that can be made.
pub struct World {
    name: Name,
    tables: Vec<Table>,
    differing: Option<(String, Planted)>,
    untold: Option<String>,
    packing: Packing,
    is_logged: bool,
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Made {
    /// Transactions that the extract shows.
    pub transactions: Vec<u64>,
    /// Table -> what it became.
    pub tables: BTreeMap<String, TableMade>,
    /// What a comparison has to find.
    pub differences: Option<DifferencesMade>,
}

/// What a table became.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TableMade {
    /// Rows that the extract shows.
    pub rows: u64,
    /// Its topic, where one was written.
    #[serde(flatten)]
    pub topic: Option<TopicMade>,
}

/// Why a world could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// `tables.sql` and a table's rows have different ideas.
    #[error("`tables.sql` does not define `{what}` as a world needs it")]
    Definition {
        /// Table or column.
        what: String,
    },
    /// A size that no world has.
    #[error("a world has at least {ROWS_MIN} rows")]
    TooSmall,
    /// No such table.
    #[error("the world has no table `{0}`")]
    NoTable(String),
    /// More differences than rows to have them.
    #[error("`{table}` is too small for {count} differences")]
    TooManyDifferences {
        /// The table.
        table: &'static str,
        /// Differences asked for.
        count: u64,
    },
    /// A value beyond what its text can hold.
    #[error("a value cannot be written")]
    Unwritable,
    /// A file.
    #[error("failed to {doing}: {source}")]
    Io {
        /// What was being done.
        doing: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The server. What it says may be shown: nothing in a world is anybody's.
    #[error("failed to {doing}: {source}")]
    Database {
        /// What was being done.
        doing: String,
        /// Why not.
        source: sqlx::Error,
    },
}

impl Name {
    /// Both.
    pub const ALL: [Name; 2] = [Name::Settlements, Name::Contracts];

    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Name::Settlements => "settlements",
            Name::Contracts => "contracts",
        }
    }

    fn sql(self) -> &'static str {
        match self {
            Name::Settlements => include_str!("../../fixtures/settlements/tables.sql"),
            Name::Contracts => include_str!("../../fixtures/contracts/tables.sql"),
        }
    }
}

impl World {
    /// Decides everything about a world; makes nothing.
    pub fn new(name: Name, settings: &Settings) -> Result<Self, Fault> {
        if settings.rows < ROWS_MIN {
            return Err(Fault::TooSmall);
        }
        let (sketches, usual) = match name {
            Name::Settlements => (settlements::sketches(settings.seed, settings.rows), "difference_payment"),
            Name::Contracts => (contracts::sketches(settings.seed, settings.rows), "contact"),
        };
        let tables = sketches.into_iter().map(|sketch| Table::new(sketch, name.sql(), settings.seed));
        let mut world = World {
            name,
            tables: tables.collect::<Result<_, _>>()?,
            differing: None,
            untold: None,
            packing: if settings.is_large { Packing::Zstd } else { Packing::InTurn },
            is_logged: !settings.is_large,
        };
        if let Some(untold) = &settings.untold {
            world.untold = Some(world.table(untold)?.sketch.name.to_owned());
        }
        if settings.differences > 0 {
            let table = world.table(settings.differing.as_deref().unwrap_or(usual))?;
            world.differing = Some((table.sketch.name.to_owned(), Planted::new(table, settings.differences)?));
        }
        Ok(world)
    }

    /// Which world it is.
    pub fn name(&self) -> Name {
        self.name
    }

    /// Loads the tables into a database of the server that `admin` may administer, and writes the matching topics below
    /// `topics`. The world's schema and publication in that database are dropped first.
    pub async fn load(&self, admin: &PgConnectOptions, database: &str, topics: Option<&Path>) -> Result<Made, Fault> {
        let moments = postgres::load(self, admin, database, &|_| true).await?;
        self.made(&moments, topics, &|_| true)
    }

    /// Loads one table alone.
    pub async fn load_table(&self, admin: &PgConnectOptions, database: &str, table: &str) -> Result<Made, Fault> {
        let wanted = self.table(table)?.sketch.name;
        let is_wanted = |table: &Table| table.sketch.name == wanted;
        let moments = postgres::load(self, admin, database, &is_wanted).await?;
        self.made(&moments, None, &is_wanted)
    }

    /// Writes the tables as an extract in files, and the matching topics.
    pub fn write(&self, files: Option<&Path>, topics: Option<&Path>) -> Result<Made, Fault> {
        if let Some(folder) = files {
            files::moment(folder)?;
            self.tables.iter().try_for_each(|table| files::write(table, folder))?;
        }
        self.made(&Moments::invented(), topics, &|_| true)
    }

    fn table(&self, name: &str) -> Result<&Table, Fault> {
        let found = self.tables.iter().find(|table| table.sketch.name == name);
        found.ok_or_else(|| Fault::NoTable(name.to_owned()))
    }

    fn made(&self, moments: &Moments, topics: Option<&Path>, is_made: &dyn Fn(&Table) -> bool) -> Result<Made, Fault> {
        let mut made = Made { transactions: moments.shown().to_vec(), tables: BTreeMap::new(), differences: None };
        for table in self.tables.iter().filter(|table| is_made(table)) {
            let planted = self.differing.as_ref().filter(|(name, _)| name == table.sketch.name);
            let planted = planted.map(|(_, planted)| planted.clone()).unwrap_or_default();
            let told = topics.filter(|_| self.untold.as_deref() != Some(table.sketch.name));
            let topic = told.map(|folder| topic::write(table, &planted, moments, folder, self.packing)).transpose()?;
            let rows = table.sketch.rows;
            made.tables.insert(table.sketch.name.to_owned(), TableMade { rows, topic });
            if topics.is_some() && planted != Planted::default() {
                made.differences = Some(planted.made(table));
            }
        }
        Ok(made)
    }
}
