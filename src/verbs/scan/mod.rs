//! `nightferry scan PATH`: every cell looked at; what each column is of, where what is, or a schema to start from.
//!
//! ```text
//! rows.rs     files -> batches of text, whatever they hold      nested.rs   objects and lists -> a column for each path
//! look.rs     batches -> counts and findings, on all cores      told.rs     the result, for people and for programs
//! ```
//!
//! Never in here: a value that was found. A finding is a place and a kind.

mod look;
mod nested;
mod rows;
mod told;

use super::{files, paths};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::privacy::{Engine, Kind};
use crate::world::compute;
use std::io::Write;

/// What is asked of `scan`.
#[derive(Clone, Debug)]
pub struct ScanRequest {
    /// What is wanted, and of what.
    pub what: ScanWhat,
    /// Kinds that end it with 1, or `any`.
    pub fail_on: Vec<String>,
    /// The result as JSON.
    pub json: bool,
}

/// What is wanted.
#[derive(Clone, Debug)]
pub enum ScanWhat {
    /// The kinds that there are.
    Kinds,
    /// What each column is of.
    Columns(String),
    /// Every finding.
    Spans(String),
    /// The columns of a schema file.
    Toml(String),
}

/// Scans files for personal data.
pub async fn scan(request: ScanRequest, out: &mut dyn Write) -> u8 {
    let json = request.json;
    match journey(request, out).await {
        Ok(code) => code,
        Err(failure) => files::tell_as(json, &failure, out),
    }
}

async fn journey(request: ScanRequest, out: &mut dyn Write) -> Result<u8, Failure> {
    let (path, wants_spans) = match &request.what {
        ScanWhat::Kinds => {
            told::kinds(request.json, out);
            return Ok(0);
        }
        ScanWhat::Spans(path) => (path.clone(), true),
        ScanWhat::Columns(path) | ScanWhat::Toml(path) => (path.clone(), false),
    };
    let fails_on = fails_on(&request.fail_on)?;
    let named = paths::find(&path, ending::SCAN_USAGE).await?;
    let scanned = compute(move || {
        let no_engine = |_| Failure::new(ending::MEMORY, Phase::Open, "the recognisers do not compile");
        let engine = Engine::shared().map_err(no_engine)?;
        look::look(&named.files, engine, wants_spans)
    });
    let scanned = scanned.await?;
    match request.what {
        ScanWhat::Spans(_) => told::spans(&scanned, request.json, out),
        ScanWhat::Toml(_) => told::toml(&scanned, out),
        _ => told::columns(&scanned, &path, request.json, out),
    }
    let fails = scanned.columns.iter().any(|column| fails_on.iter().any(|kind| column.holds(*kind)));
    Ok(if fails { ending::FOUND } else { 0 })
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
