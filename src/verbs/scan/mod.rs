//! `nightferry scan`: every cell looked at; what each column is of, where what is, or a schema to start from.
//!
//! ```text
//! rows.rs     files -> batches of text, whatever they hold      nested.rs   objects and lists -> a column for each path
//! database.rs tables and queries of a source -> the same
//! macie_findings.rs     what Amazon Macie found -> beside our own      macie_identifiers.rs  our recognisers -> what Macie takes
//! types.rs    types of Arrow -> those of a schema file
//! look.rs     batches -> counts and findings, on all cores      told.rs     the result, for people and for programs
//! ```
//!
//! Never in here: a value that was found. A finding is a place and a kind.

mod database;
mod look;
mod macie_findings;
mod macie_identifiers;
mod nested;
mod rows;
mod told;
mod types;

use super::{files, paths};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::privacy::{Engine, Kind};
use crate::world::compute;
pub use database::Database;
use macie_findings::MacieFindings;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What is asked of `scan`.
#[derive(Clone, Debug)]
pub struct ScanRequest {
    /// What is looked at.
    pub of: ScanOf,
    /// What of it is told.
    pub tells: ScanTells,
    /// Kinds that end it with 1, or `any`.
    pub fail_on: Vec<String>,
    /// The result as JSON.
    pub json: bool,
}

/// What is looked at.
#[derive(Clone, Debug)]
pub enum ScanOf {
    /// Nothing: the kinds that there are.
    Kinds,
    /// Nothing: our recognisers, as Macie's API takes them.
    MacieIdentifiers,
    /// Files or a table on this machine.
    Path(String),
    /// A PostgreSQL source of an environment.
    Database(Database),
}

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanTells {
    /// What each column is of.
    Columns,
    /// Every finding.
    Spans,
    /// The columns of a schema file.
    Toml,
    /// Columns beside the findings of Macie's that this file has.
    Macie(PathBuf),
}

/// Scans files or a database for personal data.
pub async fn scan(request: ScanRequest, out: &mut dyn Write) -> u8 {
    let json = request.json;
    match journey(request, out).await {
        Ok(code) => code,
        Err(failure) => files::tell_as(json, &failure, out),
    }
}

async fn journey(request: ScanRequest, out: &mut dyn Write) -> Result<u8, Failure> {
    let ScanRequest { of, tells, fail_on, json } = request;
    let fails_on = fails_on(&fail_on)?;
    let wants_spans = tells == ScanTells::Spans;
    let no_engine = |_| Failure::new(ending::MEMORY, Phase::Open, "the recognisers do not compile");
    let (told, scanned) = match of {
        ScanOf::Kinds => {
            told::kinds(json, out);
            return Ok(0);
        }
        ScanOf::MacieIdentifiers => {
            macie_identifiers::write(out);
            return Ok(0);
        }
        ScanOf::Path(path) => {
            let named = paths::find(&path, ending::SCAN_USAGE).await?;
            let look = move || look::look(&named.files, Engine::shared().map_err(no_engine)?, wants_spans);
            (path, compute(look).await?)
        }
        ScanOf::Database(asked) if tells == ScanTells::Toml && asked.query.is_none() && asked.tables.len() != 1 => {
            let what = "`--toml` proposes the columns of one table: name it by `--table`";
            return Err(Failure::new(ending::SCAN_USAGE, Phase::Open, what));
        }
        ScanOf::Database(asked) => {
            (asked.told(), database::look(&asked, Engine::shared().map_err(no_engine)?, wants_spans).await?)
        }
    };
    match &tells {
        ScanTells::Spans => told::spans(&scanned, json, out),
        ScanTells::Toml => told::toml(&scanned, out),
        ScanTells::Columns => told::columns(&scanned, &told, json, out),
        ScanTells::Macie(file) => macie_findings::tell(&scanned, &findings_of(file)?, json, out),
    }
    told::unread(&scanned);
    let fails = scanned.columns.iter().any(|column| fails_on.iter().any(|kind| column.holds(*kind)));
    Ok(if fails { ending::FOUND } else { 0 })
}

/// Findings of Macie's, from a file.
fn findings_of(file: &Path) -> Result<MacieFindings, Failure> {
    let unreadable = |what: &str| Failure::new(ending::SIDE_NOT_THERE, Phase::Open, what);
    let text = std::fs::read(file).map_err(|_| unreadable("the file of `--macie` is not there, or may not be read"))?;
    macie_findings::read(&text).ok_or_else(|| unreadable("the file of `--macie` has no findings of Macie's"))
}

/// The kinds that end it with 1; `None` among them stands for any.
fn fails_on(names: &[String]) -> Result<Vec<Option<Kind>>, Failure> {
    let kind = |name: &String| match name.as_str() {
        "any" => Ok(None),
        name => Kind::parse(name).map(Some).ok_or_else(|| {
            Failure::new(
                ending::SCAN_USAGE,
                Phase::Open,
                "`--fail-on` takes `any` or kinds that `nightferry scan --kinds` lists",
            )
        }),
    };
    names.iter().map(kind).collect()
}
