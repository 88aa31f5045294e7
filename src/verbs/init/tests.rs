//! What is drafted reads back as what was found, whatever the names and comments are made of.

use super::draft::draft;
use crate::data::{ColumnType, Name, TableName};
use crate::job::{self, Checked};
use crate::problem::Problems;
use crate::source::{Fit, FoundKey, FoundTable, ReadableColumn, Survey};
use proptest::prelude::*;
use std::collections::BTreeMap;

const ENVIRONMENT: &str = "stamp = \"dev\"\n\n[source.town]\n\
    postgres = { host = \"localhost\", database = \"town\", user = \"reader\" }\n\n\
    [store.warehouse]\nurl = \"out/warehouse\"\naudience = \"analytics\"\n\n\
    [store.restricted]\nurl = \"out/restricted\"\naudience = \"restricted\"\n\n\
    [store.security]\nurl = \"out/security\"\naudience = \"security\"\n\n[secrets]\ntokens = { test_key = true }\n";

const TYPES: &[&str] =
    &["integer", "text", "numeric(14,2)", "timestamptz", "uuid", "varchar(40)", "interval", "integer[]", "enum"];

/// The words of a catalogue: quotes, comments, brackets, line ends, other alphabets.
fn words() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_]{1,12}", "[A-Za-z \"'#=\\[\\]{}.\\\\$äß€-]{1,20}", "\\PC{1,12}"]
        .prop_filter("a name", |name| !name.trim().is_empty())
}

fn comment() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("[a-z \"'#\\\\\n\t{}=äß€]{0,30}")
}

fn tables() -> impl Strategy<Value = Vec<FoundTable>> {
    let column = (words(), 0..TYPES.len(), any::<bool>(), comment());
    let table = ((words(), words()), comment(), proptest::collection::vec(column, 0..6));
    proptest::collection::vec(table, 1..4).prop_map(|tables| tables.into_iter().map(found).collect())
}

type Drawn = ((String, String), Option<String>, Vec<(String, usize, bool, Option<String>)>);

fn found(((schema, table), comment, columns): Drawn) -> FoundTable {
    let read = |word: &str| ColumnType::parse(word).expect("a type");
    // A key that nobody takes for personal, so that each table is drafted.
    let column = |name: String, word, nullable, comment| ReadableColumn {
        name,
        column_type: read(word),
        fit: Fit::Same,
        nullable,
        comment,
    };
    let mut drawn: BTreeMap<String, ReadableColumn> = BTreeMap::new();
    for (name, place, nullable, comment) in columns {
        drawn.insert(name.clone(), column(name, TYPES[place], nullable, comment));
    }
    drawn.insert("unit_id".into(), column("unit_id".into(), "bigint", false, None));
    FoundTable {
        name: TableName { schema, table },
        comment,
        columns: drawn.into_values().collect(),
        unreadable: Vec::new(),
        key: FoundKey::Columns(vec!["unit_id".into()]),
        references: Vec::new(),
    }
}

fn loaded(files: &[(String, String)]) -> Result<Checked, Problems> {
    let texts: BTreeMap<&str, &str> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let read = |path: &str| match (path, texts.get(path)) {
        ("jobs/environments/dev.toml", _) => Ok(ENVIRONMENT.to_owned()),
        (_, Some(text)) => Ok((*text).to_owned()),
        _ => Err("is not there".to_owned()),
    };
    job::load("jobs/nightly.toml", "dev", &read, &|_| None)
}

proptest! {
    #[test]
    fn a_draft_reads_back_as_what_was_found(tables in tables()) {
        let name = |text: &str| Name::new(text).expect("a name");
        let read = |_: &str| Ok(ENVIRONMENT.to_owned());
        let environment = job::load_environment("dev", &read, &|_| None, &mut Problems::default()).expect("an environment");
        let survey = Survey { tables, forbidden: 0 };
        let Some(mut drafted) = draft(&name("nightly"), &name("town"), &environment, &survey) else { return Ok(()) };

        // Nothing is wrong with it but that nobody looked.
        let problems = loaded(&drafted.files).expect_err("guesses").sorted();
        prop_assert!(problems.iter().all(|problem| problem.id == "E-SCHEMA-UNCONFIRMED"), "{problems:?}");
        for (_, text) in &mut drafted.files {
            *text = text.replace(", confirmed = false }", " }");
        }
        let checked = match loaded(&drafted.files) {
            Ok(checked) => checked,
            Err(problems) => return Err(TestCaseError::fail(format!("{problems}\n{:?}", drafted.files))),
        };
        prop_assert_eq!(checked.job.datasets.len() + drafted.left_out.len(), survey.tables.len());
        let drafts: Vec<_> = checked.schemas.values().map(|file| &file.schema).collect();
        for table in &survey.tables {
            let is_it = |columns: &[crate::data::Column]| {
                columns.len() == table.columns.len()
                    && columns.iter().zip(&table.columns).all(|(read, found)| {
                        (read.is_spelt(&found.name) || read.name.as_str() == found.name)
                            && read.column_type == found.column_type
                            && read.nullable == found.nullable
                    })
            };
            let is_left_out = drafted.left_out.iter().any(|told| !told.is_empty());
            prop_assert!(is_left_out || drafts.iter().any(|schema| is_it(&schema.columns)), "{:?} in {:?}", table, drafted.files);
        }
        for schema in drafts {
            prop_assert_eq!(schema.key.iter().map(Name::as_str).collect::<Vec<_>>(), ["unit_id"]);
        }
    }
}
