//! What the schema blocks of a topic say of its columns.

use super::avro;
use super::debezium::{self, FieldHint};
use super::form::{Form, described};
use crate::data::{Column, ColumnType};
use std::collections::HashMap;
use std::sync::Arc;

/// The forms that the last schema block gives the columns: a topic repeats the same one with every event.
pub struct SchemaBlocks {
    /// For each column its names, the best first, and its type.
    columns: Vec<(Vec<String>, ColumnType)>,
    pub text: String,
    /// The last Avro schema.
    id: Option<avro::SchemaId>,
    forms: Arc<[Form]>,
}

impl SchemaBlocks {
    pub fn new(columns: &[&Column]) -> Self {
        let names = |column: &&Column| {
            let names = column.source.iter().cloned().chain([column.name.to_string()]);
            (names.collect(), column.column_type)
        };
        SchemaBlocks {
            columns: columns.iter().map(names).collect(),
            text: String::new(),
            id: None,
            forms: Arc::default(),
        }
    }

    /// The forms.
    pub fn forms(&mut self, block: &str) -> Arc<[Form]> {
        if block != self.text {
            self.forms = self.described(&debezium::hints(block));
            self.text = block.to_owned();
        }
        Arc::clone(&self.forms)
    }

    /// The forms by the Avro schema of that id.
    pub fn of_schema(&mut self, id: avro::SchemaId, schemas: &avro::Schemas) -> Arc<[Form]> {
        if self.id != Some(id) {
            self.forms = self.described(&schemas.hints(id));
            self.id = Some(id);
        }
        Arc::clone(&self.forms)
    }

    fn described(&self, hints: &HashMap<String, FieldHint>) -> Arc<[Form]> {
        let form = |(names, column_type): &(Vec<String>, ColumnType)| {
            let hint = names.iter().find_map(|name| hints.get(name));
            hint.map_or(Form::Open, |hint| described(hint, *column_type))
        };
        self.columns.iter().map(form).collect()
    }
}
