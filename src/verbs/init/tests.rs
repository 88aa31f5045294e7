//! What is drafted reads back as what was found, whatever the names and comments are made of.

use super::draft::draft;
use crate::data::{ColumnType, Name, TableName};
use crate::job::{self, Checked};
use crate::problem::Problems;
use crate::source::{Fit, FoundKey, FoundReference, FoundTable, ReadableColumn, Survey};
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

/// A table of the schema `app` with its key, of columns by their names and types.
fn table(name: &str, columns: &[(&str, &str)], key: &[&str], references: Vec<FoundReference>) -> FoundTable {
    let column = |(name, word): &(&str, &str)| ReadableColumn {
        name: (*name).to_owned(),
        column_type: ColumnType::parse(word).expect("a type"),
        fit: Fit::Same,
        nullable: false,
        comment: None,
    };
    FoundTable {
        name: TableName { schema: "app".into(), table: name.to_owned() },
        comment: None,
        columns: columns.iter().map(column).collect(),
        unreadable: Vec::new(),
        key: FoundKey::Columns(owned(key)),
        references,
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn reference(columns: &[&str], table: &str, to: &[&str]) -> FoundReference {
    let table = TableName { schema: "app".into(), table: table.to_owned() };
    FoundReference { columns: owned(columns), table, to: owned(to) }
}

#[test]
fn a_foreign_key_is_drafted_as_a_reference_and_a_check_of_it() {
    let name = |text: &str| Name::new(text).expect("a name");
    let read = |_: &str| Ok(ENVIRONMENT.to_owned());
    let environment = job::load_environment("dev", &read, &|_| None, &mut Problems::default()).expect("an environment");
    let tables = vec![
        table("unit", &[("unit_id", "bigint")], &["unit_id"], Vec::new()),
        table(
            "Reading",
            &[("CfD_ID", "text"), ("day", "date"), ("unit_id", "integer"), ("took", "interval")],
            &["CfD_ID", "day"],
            vec![reference(&["unit_id"], "unit", &["unit_id"])],
        ),
        table(
            "charge",
            &[("charge_id", "bigint"), ("on_day", "date"), ("cfd", "text"), ("took", "interval")],
            &["charge_id"],
            vec![
                reference(&["on_day", "cfd"], "Reading", &["day", "CfD_ID"]),
                // Two constraints may say the same, and some what no check can look up, or of a table that is not there.
                reference(&["on_day", "cfd"], "Reading", &["day", "CfD_ID"]),
                reference(&["took", "cfd"], "Reading", &["took", "CfD_ID"]),
                reference(&["on_day", "cfd"], "nowhere", &["day", "CfD_ID"]),
            ],
        ),
    ];
    let survey = Survey { tables, forbidden: 0 };
    let mut drafted = draft(&name("nightly"), &name("town"), &environment, &survey).expect("a draft");
    let text = |path: &str| drafted.files.iter().find(|(file, _)| file == path).map(|(_, text)| text.as_str());
    let charge = text("schemas/charge.toml").expect("a schema");
    let told = "references = [\n    { columns = [\"on_day\", \"cfd\"], schema = \"reading\", key = [\"day\", \"cfd_id\"] },\n]\n\n[columns]\n";
    assert!(charge.contains(told) && charge.contains("# a foreign key that no check can look up"), "{charge}");
    let reading = text("schemas/reading.toml").expect("a schema");
    assert!(reading.contains("references = { schema = \"unit\", column = \"unit_id\" }"), "{reading}");
    for (_, text) in &mut drafted.files {
        *text = text.replace(", confirmed = false }", " }");
    }
    let checked = loaded(&drafted.files).unwrap_or_else(|problems| panic!("{problems}\n{:?}", drafted.files));
    let claimed = |dataset: &str| -> Vec<String> {
        checked.claims[&name(dataset)].iter().flatten().map(|claim| claim.to_string()).collect()
    };
    assert_eq!(claimed("charge"), ["on_day, cfd is among day, cfd_id of reading"]);
    assert_eq!(claimed("reading"), ["unit_id is among unit_id of unit"]);
    assert!(claimed("unit").is_empty());
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
