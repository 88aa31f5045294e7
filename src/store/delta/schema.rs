//! Columns -> Delta's schema text, with the comments that analysts read.
//!
//! Source: Delta transaction log protocol, "Schema Serialization Format". Every column is nullable: a schema may be relaxed
//! without a new table. Never in here: types that are not published ([`crate::format::parquet_write`] refuses them first).

use arrow::datatypes::{DataType, SchemaRef};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Struct {
    #[serde(rename = "type")]
    kind: &'static str,
    fields: Vec<Field>,
}

#[derive(Serialize)]
struct Field {
    name: String,
    #[serde(rename = "type")]
    data_type: String,
    nullable: bool,
    metadata: BTreeMap<&'static str, String>,
}

/// Delta's schema, as JSON text; `comment` says what analysts are told of a column. `None` when a type has no place in
/// Delta, which names the column.
pub fn schema_text(schema: &SchemaRef, comment: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let field = |field: &arrow::datatypes::FieldRef| {
        let data_type = delta_type(field.data_type()).ok_or_else(|| field.name().clone())?;
        let metadata = comment(field.name()).into_iter().map(|comment| ("comment", comment)).collect();
        Ok(Field { name: field.name().clone(), data_type, nullable: true, metadata })
    };
    let fields = schema.fields().iter().map(field).collect::<Result<Vec<_>, String>>()?;
    serde_json::to_string(&Struct { kind: "struct", fields }).map_err(|_| "the schema".to_owned())
}

fn delta_type(data_type: &DataType) -> Option<String> {
    Some(match data_type {
        DataType::Int16 => "short".into(),
        DataType::Int32 => "integer".into(),
        DataType::Int64 => "long".into(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::Float32 => "float".into(),
        DataType::Float64 => "double".into(),
        DataType::Boolean => "boolean".into(),
        DataType::Utf8View => "string".into(),
        DataType::BinaryView => "binary".into(),
        DataType::Date32 => "date".into(),
        DataType::Timestamp(_, Some(_)) => "timestamp".into(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::{Field, Schema};
    use std::sync::Arc;

    #[test]
    fn writes_columns_with_their_comments() {
        let schema = Arc::new(Schema::new(vec![
            Field::new("cfd_id", DataType::Utf8View, true),
            Field::new("amount", DataType::Decimal128(14, 2), true),
        ]));
        let text = schema_text(&schema, |name| (name == "amount").then(|| "GBP".to_owned()));
        let expected = concat!(
            r#"{"type":"struct","fields":[{"name":"cfd_id","type":"string","nullable":true,"metadata":{}},"#,
            r#"{"name":"amount","type":"decimal(14,2)","nullable":true,"metadata":{"comment":"GBP"}}]}"#
        );
        assert_eq!(text.as_deref(), Ok(expected));
    }

    #[test]
    fn names_the_column_that_has_no_place_in_delta() {
        let schema = Arc::new(Schema::new(vec![Field::new("tags", DataType::new_list(DataType::Utf8, true), true)]));
        assert_eq!(schema_text(&schema, |_| None), Err("tags".to_owned()));
    }
}
