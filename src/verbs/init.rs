//! `nightferry init --schemas`: the JSON Schemas of the three kinds of file, for editors.

use super::files;
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job;
use std::io::Write;
use std::path::PathBuf;

/// What is asked of `init`.
#[derive(Clone, Debug)]
pub struct InitRequest {
    /// The folder that the JSON Schemas go to.
    pub into: PathBuf,
    /// The result as JSON: a list of paths.
    pub json: bool,
}

/// Writes the JSON Schemas and says where they are.
pub fn init(request: &InitRequest, out: &mut dyn Write) -> u8 {
    let refused = |_| Failure::new(ending::REFUSED, Phase::Files, "the folder cannot be written");
    let write = || -> Result<Vec<String>, Failure> {
        std::fs::create_dir_all(&request.into).map_err(refused)?;
        let write = |(name, schema)| {
            let path = request.into.join::<&str>(name);
            std::fs::write(&path, format!("{schema:#}\n")).map_err(refused)?;
            Ok(path.display().to_string())
        };
        job::json_schemas().into_iter().map(write).collect()
    };
    match write() {
        Err(failure) => files::tell_as(request.json, &failure, out),
        Ok(written) => {
            let _ = match request.json {
                true => writeln!(out, "{}", serde_json::json!(written)),
                false => writeln!(out, "{}", written.join("\n")),
            };
            0
        }
    }
}
