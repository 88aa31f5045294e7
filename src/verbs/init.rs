//! `nightferry init --schemas`: the JSON Schemas of the three kinds of file, for editors.

use super::files;
use crate::cli::InitArgs;
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job;
use std::io::Write;

/// Writes the JSON Schemas and says where they are.
pub fn init(args: &InitArgs, out: &mut dyn Write) -> u8 {
    let refused = |_| Failure::new(ending::REFUSED, Phase::Files, "the folder cannot be written");
    let mut written = || -> Result<(), Failure> {
        std::fs::create_dir_all(&args.into).map_err(refused)?;
        for (name, schema) in job::json_schemas() {
            let path = args.into.join(name);
            std::fs::write(&path, format!("{schema:#}\n")).map_err(refused)?;
            let _ = writeln!(out, "{}", path.display());
        }
        Ok(())
    };
    written().map_or_else(|failure| files::tell(&failure), |()| 0)
}
