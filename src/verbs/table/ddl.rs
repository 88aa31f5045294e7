//! `nightferry table ddl STORE/TABLE --for synapse|fabric`: the view by which readers of SQL see a table with types of a size.

use super::open::{failed, named, no_table, usage};
use super::{Place, Told};
use crate::failure::Failure;
use crate::report::{DdlColumn, DdlFor, DdlView, ddl as statement, sql_type};
use crate::store::upkeep::columns::columns;
use serde_json::json;

pub(super) async fn ddl(
    environment: &str,
    table: &str,
    target: DdlFor,
    at: Option<&str>,
    schema: &str,
) -> Result<Told, Failure> {
    let (store, dataset) = named(table)?;
    let place = Place::look(environment, &store).await?;
    let folder = match at {
        Some(at) => at.to_owned(),
        None if target == DdlFor::Fabric => {
            return Err(usage("`--at` names the lakehouse that has a shortcut to the table"));
        }
        None => place.urls.iter().find_map(|url| https(url)).ok_or_else(|| {
            usage("`--at` says where Synapse finds the store's tables, since no url of it is abfss://, such as https://ACCOUNT.dfs.core.windows.net/CONTAINER")
        })?,
    };
    let found = columns(&place.store.primary().child(dataset.as_str())).await.map_err(failed)?;
    let (version, columns) = found.ok_or_else(|| no_table(&store, &dataset))?;
    let columns: Vec<DdlColumn> = columns
        .into_iter()
        .map(|of| DdlColumn { name: of.name, delta_type: of.delta_type, bytes_max: of.bytes_max })
        .collect();
    let view = DdlView { schema, table: dataset.as_str(), at: &folder };
    let text = statement(target, view, &columns)
        .map_err(|column| usage(&format!("column `{column}` is of a type that no view can show")))?;
    let types = columns.iter().map(|of| json!({ "name": of.name, "type": sql_type(of), "bytes_max": of.bytes_max }));
    let value = json!({ "table": table, "version": version, "columns": types.collect::<Vec<_>>(), "sql": text });
    Ok(Told::new(text, &value))
}

/// The url by which Synapse reads what `abfss://container@account.dfs.core.windows.net/path` names.
fn https(url: &str) -> Option<String> {
    let (container, rest) = url.strip_prefix("abfss://")?.split_once('@')?;
    let (account, path) = rest.split_once('/').unwrap_or((rest, ""));
    Some(format!("https://{account}/{container}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::https;

    #[test]
    fn the_second_cloud_is_where_synapse_looks() {
        let url = "abfss://warehouse@lcccdata.dfs.core.windows.net/analytics";
        assert_eq!(https(url).as_deref(), Some("https://lcccdata.dfs.core.windows.net/warehouse/analytics"));
        assert_eq!(https("s3://bucket/analytics"), None);
    }
}
