//! The Avro schemas that lie beside a dump, `<topic>/_schemas/<id>.avsc`, as a night reads them.
//!
//! The relay writes none: they are the registry's, and whoever has it puts them there.

use super::fault::RelayFault;
use crate::access::Folder;
use crate::changes::{AvroSchema, SchemaId, Schemas};
use crate::data::Name;
use crate::store::dump;

/// Schemas of a topic, at most.
const SCHEMAS_MAX: usize = 4_096;

/// The schemas beside the dump of a topic of the source `from`; none where there are none.
pub async fn schemas(folder: &Folder, from: &Name, topic: &str) -> Result<Schemas, RelayFault> {
    let damaged =
        |path: &str, fault: &str| RelayFault::Damaged { from: from.clone(), path: path.into(), fault: fault.into() };
    let below = format!("{topic}/_schemas/");
    let mut schemas = Schemas::default();
    for (path, _) in dump::list(folder, below.trim_end_matches('/')).await? {
        let id = path.strip_prefix(&below).and_then(|name| name.strip_suffix(".avsc")).and_then(SchemaId::parse);
        let id = id.ok_or_else(|| damaged(&path, "is named otherwise than a schema: `_schemas/<id>.avsc`"))?;
        if schemas.0.len() == SCHEMAS_MAX {
            return Err(damaged(&path, "is one of more than 4096 schemas"));
        }
        let text = dump::fetch(folder, &path).await?;
        schemas.0.insert(id, AvroSchema::parse(&text).map_err(|_| damaged(&path, "is no Avro schema"))?);
    }
    Ok(schemas)
}
