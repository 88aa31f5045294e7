//! The extract as files, for a world without a server: `<schema>.<table>.csv` and the `extract.json` that tells its moment.

use super::Fault;
use super::moment::Moments;
use super::table::Table;
use std::path::Path;

/// When the extract was taken: after the last moment that it shows.
const EXTRACTED_AT: &str = "2026-11-23T01:00:00Z";

/// Writes what the extract shows of a table.
pub fn write(table: &Table, folder: &Path) -> Result<(), Fault> {
    let doing = format!("write the extract of `{}`", table.sketch.name);
    let path = folder.join(format!("{}.{}.csv", table.definition.schema, table.definition.table));
    let written = rows(table, &path);
    written.map_err(|error| Fault::Io { doing, source: error.into() })
}

/// Writes what moment the files show.
pub fn moment(folder: &Path) -> Result<(), Fault> {
    let snapshot = Moments::invented_snapshot();
    let moment = serde_json::json!({"extracted_at": EXTRACTED_AT, "snapshot": snapshot, "server_version": "15.18"});
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(folder.join("extract.json"), format!("{moment}\n")));
    written.map_err(|source| Fault::Io { doing: "write `extract.json`".into(), source })
}

fn rows(table: &Table, path: &Path) -> Result<(), csv::Error> {
    let mut file = csv::Writer::from_path(path)?;
    file.write_record(table.definition.columns.iter().map(|column| &column.name))?;
    let mut text = String::new();
    for index in 0..table.sketch.rows {
        for cell in table.row(index, 0) {
            text.clear();
            cell.write(&mut text).map_err(std::io::Error::other)?;
            file.write_field(&text)?;
        }
        file.write_record(None::<&[u8]>)?;
    }
    file.flush().map_err(Into::into)
}
