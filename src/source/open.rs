//! A source of the plan -> [`Source`]. What it needs besides its description comes in resolved.

use super::{Files, Layout, Login, PostgresSource, Source, SourceError};
use crate::access::Folder;
use crate::data::Name;
use crate::format::spill::Aside;
use crate::job::{Limits, PostgresSpec};

/// The part of a run's memory that the whole tables of one query may take: rows put aside and rows under way need theirs.
const TABLES_PART: u64 = 2;

/// How a source is reached, everything at hand.
pub enum Reached<'a> {
    /// A PostgreSQL database.
    Postgres(&'a PostgresSpec, Login),
    /// A folder of extracts, and how it is laid out.
    Files(Folder, Layout<'a>),
}

/// Opens one consistent view of a source; files that are being read are put aside in `aside`.
pub async fn open(
    name: &Name,
    reached: Reached<'_>,
    limits: &Limits,
    aside: &Aside,
) -> Result<Box<dyn Source>, SourceError> {
    Ok(match reached {
        Reached::Postgres(spec, login) => Box::new(PostgresSource::open(name, spec, &login, limits).await?),
        Reached::Files(folder, layout) => {
            Box::new(Files::open(name, folder, layout, limits.memory_bytes_max / TABLES_PART, aside).await?)
        }
    })
}
