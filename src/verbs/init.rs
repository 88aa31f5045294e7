//! `nightferry init --schemas`: the JSON Schemas of the three kinds of file, for editors.

use super::files;
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job;
use std::io::Write;
use std::path::Path;

/// Writes the JSON Schemas to the folder `into` and says where they are.
pub fn init(into: &Path, out: &mut dyn Write) -> u8 {
    let refused = |_| Failure::new(ending::REFUSED, Phase::Files, "the folder cannot be written");
    let mut written = || -> Result<(), Failure> {
        std::fs::create_dir_all(into).map_err(refused)?;
        for (name, schema) in job::json_schemas() {
            let path = into.join(name);
            std::fs::write(&path, format!("{schema:#}\n")).map_err(refused)?;
            let _ = writeln!(out, "{}", path.display());
        }
        Ok(())
    };
    written().map_or_else(|failure| files::tell(&failure), |()| 0)
}
