//! `nightferry init --schemas`: the JSON Schemas of the three kinds of file, for editors.

use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job;
use std::path::Path;

/// Writes the JSON Schemas; gives where they are.
pub fn write(into: &Path) -> Result<Vec<String>, Failure> {
    let refused = |_| Failure::new(ending::REFUSED, Phase::Files, "the folder cannot be written");
    std::fs::create_dir_all(into).map_err(refused)?;
    let write = |(name, schema)| {
        let path = into.join::<&str>(name);
        std::fs::write(&path, format!("{schema:#}\n")).map_err(refused)?;
        Ok(path.display().to_string())
    };
    job::json_schemas().into_iter().map(write).collect()
}
