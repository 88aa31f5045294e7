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
    let mut schemas = Schemas::default();
    for (id, path) in listed(folder, from, topic).await? {
        let text = dump::fetch(folder, &path).await?;
        schemas.0.insert(id, AvroSchema::parse(&text).map_err(|_| damaged(from, &path, "is no Avro schema"))?);
    }
    Ok(schemas)
}

/// The same where another lies there than those that are `known`. What an id stands for never changes.
pub async fn newer(folder: &Folder, from: &Name, topic: &str, known: &Schemas) -> Result<Option<Schemas>, RelayFault> {
    let has_new = listed(folder, from, topic).await?.iter().any(|(id, _)| !known.0.contains_key(id));
    if has_new { schemas(folder, from, topic).await.map(Some) } else { Ok(None) }
}

/// Their ids and paths.
async fn listed(folder: &Folder, from: &Name, topic: &str) -> Result<Vec<(SchemaId, String)>, RelayFault> {
    let below = format!("{topic}/_schemas/");
    let mut listed = Vec::new();
    for (path, _) in dump::list(folder, below.trim_end_matches('/')).await? {
        let id = path.strip_prefix(&below).and_then(|name| name.strip_suffix(".avsc")).and_then(SchemaId::parse);
        let id = id.ok_or_else(|| damaged(from, &path, "is named otherwise than a schema: `_schemas/<id>.avsc`"))?;
        if listed.len() == SCHEMAS_MAX {
            return Err(damaged(from, &path, "is one of more than 4096 schemas"));
        }
        listed.push((id, path));
    }
    Ok(listed)
}

fn damaged(from: &Name, path: &str, fault: &str) -> RelayFault {
    RelayFault::Damaged { from: from.clone(), path: path.into(), fault: fault.into() }
}
