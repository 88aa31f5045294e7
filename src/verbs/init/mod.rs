//! `nightferry init`: first files. `--schemas` writes the JSON Schemas for editors, `--source` drafts a job and its schemas
//! from a database's catalogue.
//!
//! ```text
//! json_schemas.rs  --schemas
//! source.rs        --source: the catalogue is read, the files are written
//! draft.rs         tables -> the texts of a job and its schemas
//! table.rs         one table -> the text of its schema
//! guess.rs         a column's name and type -> how delicate it may be
//! names.rs         a name at the source -> a name of ours
//! ```

mod draft;
mod guess;
mod json_schemas;
pub(super) mod names;
mod source;
mod table;
#[cfg(test)]
mod tests;

use super::files;
use crate::data::Name;
use crate::source::Wanted;
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;

/// What is asked of `init`.
#[derive(Clone, Debug)]
pub enum InitRequest {
    /// The JSON Schemas.
    Schemas {
        /// The folder that they go to.
        into: PathBuf,
        /// The result as JSON: a list of paths.
        json: bool,
    },
    /// A job over a source's tables.
    Source {
        /// The environment's name.
        environment: String,
        /// The source's name in it.
        source: Name,
        /// The job's name; the source's without one.
        job: Option<Name>,
        /// Which tables.
        wanted: Wanted,
        /// The result as JSON: what was written, and what was left out and why.
        json: bool,
    },
}

/// Writes what was asked for and says where it is.
pub async fn init(request: InitRequest, out: &mut dyn Write) -> u8 {
    let is_json = matches!(request, InitRequest::Schemas { json: true, .. } | InitRequest::Source { json: true, .. });
    let told = match request {
        InitRequest::Schemas { into, json } => json_schemas::write(&into).map(|written| match json {
            true => json!(written).to_string(),
            false => written.join("\n"),
        }),
        InitRequest::Source { environment, source, job, wanted, json } => {
            let drafted = source::write(&environment, &source, job.as_ref(), &wanted).await;
            drafted.map(|draft| match json {
                true => json!({ "written": draft.paths(), "left_out": draft.left_out }).to_string(),
                false => draft.told(),
            })
        }
    };
    match told {
        Err(failure) => files::tell_as(is_json, &failure, out),
        Ok(told) => {
            // A closed pipe is the reader's choice.
            let _ = writeln!(out, "{told}");
            0
        }
    }
}
