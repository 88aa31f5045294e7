//! What is published, from job and schema files, as catalogues read it: DCAT, in JSON-LD.
//!
//! Source: W3C, Data Catalog Vocabulary (DCAT) version 3; columns by CSVW's words; where rows come from by PROV's.
//!
//! Pure. Never in here: how many rows there are, which is a night's, and a value of the data.

use super::openlineage::{delta_word, input_name};
use crate::data::{Audience, Treatment};
use crate::job::{DatasetPlan, OutputPlan, Plan};
use crate::privacy::published_schema;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

/// Every published table of `plans`, jobs of one environment. Tables that are about nobody's eyes but the body's own are in it too: what each
/// is for says `dct:accessRights`.
pub fn catalogue(plans: &[&Plan], at: DateTime<Utc>) -> Value {
    let environment = plans.first().map_or("none", |plan| plan.environment.as_str());
    let datasets: Vec<Value> =
        plans.iter().flat_map(|plan| plan.datasets.iter().map(move |dataset| self::dataset(plan, dataset))).collect();
    json!({
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "foaf": "http://xmlns.com/foaf/0.1/",
            "prov": "http://www.w3.org/ns/prov#",
            "csvw": "http://www.w3.org/ns/csvw#",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@id": format!("urn:nightferry:{environment}"),
        "@type": "dcat:Catalog",
        "dct:title": format!("What nightferry publishes in {environment}"),
        "dct:description": "Made from the job and schema files: the tables as they are treated for each audience.",
        "dct:modified": { "@type": "xsd:dateTime", "@value": at.to_rfc3339_opts(SecondsFormat::Secs, true) },
        "dct:language": "en",
        "dcat:dataset": datasets,
    })
}

fn dataset(plan: &Plan, dataset: &DatasetPlan) -> Value {
    let id = format!("urn:nightferry:{}:{}:{}", plan.environment, plan.job, dataset.name);
    let (namespace, name) = input_name(plan, dataset);
    let distributions: Vec<Value> =
        dataset.outputs.iter().filter_map(|output| distribution(plan, dataset, output, &id)).collect();
    let mut told = json!({
        "@id": id,
        "@type": "dcat:Dataset",
        "dct:identifier": dataset.name.as_str(),
        "dct:title": dataset.name.as_str(),
        "dct:description": dataset.schema.description,
        "dct:isPartOf": plan.description,
        "dcat:keyword": [plan.job.as_str()],
        "prov:wasDerivedFrom": { "@type": "prov:Entity", "dct:identifier": format!("{namespace}/{name}") },
        "dcat:distribution": distributions,
    });
    if let Some(owner) = &plan.owner {
        let agent = json!({ "@type": "foaf:Agent", "foaf:name": owner });
        told["dct:publisher"] = agent.clone();
        told["dcat:contactPoint"] = agent;
    }
    told
}

fn distribution(plan: &Plan, dataset: &DatasetPlan, output: &OutputPlan, id: &str) -> Option<Value> {
    let store = plan.stores.get(&output.store)?;
    let url = |url: &str| json!({ "@type": "xsd:anyURI", "@value": format!("{}/{}", url.trim_end_matches('/'), dataset.name) });
    let published = published_schema(&output.columns);
    let columns = output.columns.iter().filter(|shown| shown.treatment != Treatment::Drop).filter_map(|shown| {
        let (column, treatment) = (&shown.column, &shown.treatment);
        let field = published.field_with_name(column.name.as_str()).ok()?;
        let mut told = json!({
            "csvw:name": column.name.as_str(),
            "csvw:datatype": delta_word(field.data_type()),
            "csvw:required": !column.nullable && matches!(treatment, Treatment::Keep),
            "dct:provenance": treatment.to_string(),
        });
        if let Some(description) = &column.description {
            told["dct:description"] = json!(description);
        }
        Some(told)
    });
    let places: Vec<Value> =
        [Some(&store.primary), store.second.as_ref()].into_iter().flatten().map(|of| url(&of.url)).collect();
    Some(json!({
        "@id": format!("{id}:{}", output.store),
        "@type": "dcat:Distribution",
        "dct:title": format!("{} in {}", dataset.name, output.store),
        "dcat:accessURL": places,
        "dct:format": "Delta Lake (Parquet)",
        "dcat:mediaType": "application/vnd.apache.parquet",
        "dct:accessRights": rights(output.audience),
        "csvw:tableSchema": {
            "csvw:column": columns.collect::<Vec<_>>(),
            "csvw:primaryKey": dataset.schema.key.iter().map(ToString::to_string).collect::<Vec<_>>(),
        },
    }))
}

fn rights(audience: Audience) -> String {
    format!("for the audience `{audience}`")
}
