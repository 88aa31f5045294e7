//! Job, schemas and environment together -> [`Checked`]: whatever one names is looked up in the others.

use super::check_file::{Around, claim};
use super::check_types::Told;
use super::environment_file::{self, Environment, Variable};
use super::job_file::{self, Dataset, DatasetRows, Job};
use super::merge_file::{check_merge, check_merged};
use super::plan::SourceSpec;
use super::references_file::check_references;
use super::rows_file::check_parameters;
use super::schema_file::{self, SchemaFile};
use super::shape::{nearest, one_of};
use super::topic_file::check_topics;
use super::tree::{Entry, Node, Text};
use super::write_file::check_write;
use crate::changes::untold;
use crate::data::{Audience, Column, ColumnType, Condition, Form, Name, Schema};
use crate::privacy::treatment;
use crate::problem::{Place, Problems, shown_path};
use crate::reconcile::claims::Claim;
use crate::reconcile::diff::{Tolerance, kind};
use std::collections::{BTreeMap, BTreeSet};

/// Reads a text of the project by its name; the fault as a phrase, such as `is not there`.
pub type Read<'a> = &'a dyn Fn(&str) -> Result<String, String>;

/// A job whose files are right, each by itself and together.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The job.
    pub job: Job,
    /// Its schemas by name.
    pub schemas: BTreeMap<Name, SchemaFile>,
    /// The environment.
    pub environment: Environment,
    /// Query files by name.
    pub queries: BTreeMap<String, String>,
    /// What the checks of each dataset claim, in their order; `None` of one in SQL.
    pub claims: BTreeMap<Name, Vec<Option<Claim>>>,
}

impl Checked {
    /// In a container of `container_bytes`, where the environment does not say how much memory rows may take.
    pub fn within(mut self, container_bytes: u64) -> Self {
        if !self.environment.is_memory_declared {
            self.environment.limits = self.environment.limits.within(container_bytes);
        }
        self
    }
}

/// Reads the job file `file`, its schemas and query files and the environment, and tells every fault of all of them.
pub fn load(file: &str, environment: &str, read: Read<'_>, variable: Variable<'_>) -> Result<Checked, Problems> {
    let mut problems = Problems::default();
    let job = text(file, read, None, &mut problems);
    let named = job.as_ref().map(schemas_named).unwrap_or_default();
    let job = job.and_then(|text| job_file::read(text, &mut problems));
    let environment = load_environment(environment, read, variable, &mut problems);
    let mut schemas = BTreeMap::new();
    for (name, place) in named {
        schemas.entry(name.clone()).or_insert_with(|| {
            let schema = text(&format!("schemas/{name}.toml"), read, Some(place), &mut problems)?;
            schema_file::read(&name, schema, &mut problems)
        });
    }
    let mut queries = BTreeMap::new();
    for (job, dataset) in job.iter().flat_map(|job| job.datasets.iter().map(move |dataset| (job, dataset))) {
        if let DatasetRows::Query(file) = &dataset.rows
            && let Some(query) = text(&file.value, read, Some(job.text.place(file.at)), &mut problems)
        {
            if Condition::read(&query.text).closes_others() {
                let message = "the query closes a bracket that it has not opened".to_owned();
                problems.add("E-JOB-ROWS", query.place(0), message, None);
            }
            queries.insert(file.value.clone(), query.text);
        }
    }
    if let (Some(job), Some(environment)) = (&job, &environment) {
        for dataset in &job.datasets {
            let schema = schemas.get(&dataset.schema.value).and_then(Option::as_ref);
            check_dataset(job, dataset, schema, environment, &mut problems);
        }
        check_topics(job, environment, &mut problems);
    }
    let read_schemas: BTreeMap<_, _> = schemas.into_iter().filter_map(|(name, schema)| Some((name, schema?))).collect();
    let claims = match (&job, &environment) {
        (Some(job), Some(environment)) => claims(job, &read_schemas, environment, read, &mut problems),
        _ => BTreeMap::new(),
    };
    check_references(&read_schemas, read, &mut problems);
    check_confirmed(&read_schemas, &mut problems);
    match (job, environment) {
        (Some(job), Some(environment)) => {
            problems.or(Checked { job, schemas: read_schemas, environment, queries, claims })
        }
        _ => Err(problems),
    }
}

/// What the checks of a job claim.
fn claims(
    job: &Job,
    schemas: &BTreeMap<Name, SchemaFile>,
    environment: &Environment,
    read: Read<'_>,
    problems: &mut Problems,
) -> BTreeMap<Name, Vec<Option<Claim>>> {
    let mut claims = BTreeMap::new();
    for dataset in &job.datasets {
        let around = Around { job, dataset, schemas, environment, read };
        let of_dataset: &mut Vec<Option<Claim>> = claims.entry(dataset.name.clone()).or_default();
        for check in &dataset.checks {
            match claim(check, &around) {
                Ok(claim) => {
                    claim.iter().for_each(|claim| check_merged(job, dataset, check, claim, problems));
                    of_dataset.push(claim);
                }
                Err(told) => told.into_iter().for_each(|Told { id, at, message, hint }| {
                    problems.add(id, job.text.place(at), message, Some(hint));
                }),
            }
        }
    }
    claims
}

/// The schemas that a job names, and where; of a job with faults too, so that all are told at once.
fn schemas_named(job: &Text) -> Vec<(Name, Place)> {
    let tree = job.tree(&mut Problems::default());
    let entries = |key| tree.as_ref().and_then(|tree| tree.get(key)).map(Node::entries).unwrap_or_default();
    let schema = |table: &Entry| {
        let schema = table.node.get("schema")?;
        Some((Name::new(schema.text()?).ok()?, job.place(schema.span.start)))
    };
    entries("dataset").iter().chain(entries("topic")).filter_map(schema).collect()
}

/// Reads the environment `name` alone.
pub fn load_environment(
    name: &str,
    read: Read<'_>,
    variable: Variable<'_>,
    problems: &mut Problems,
) -> Option<Environment> {
    let Ok(name) = Name::new(name) else {
        let hint = "the name of a file in jobs/environments, without `.toml`";
        problems.add("E-ENV-NAME", Place::start("--env"), "the environment's name is no name", Some(hint.into()));
        return None;
    };
    let path = format!("jobs/environments/{name}.toml");
    let text = text(&path, read, None, problems)?;
    environment_file::read(&name, text, variable, problems)
}

/// A text of the project. A file that is named somewhere is told at that place.
pub(super) fn text(file: &str, read: Read<'_>, named: Option<Place>, problems: &mut Problems) -> Option<Text> {
    match read(file) {
        Ok(text) => Some(Text { file: file.to_owned(), text }),
        Err(fault) => {
            let place = named.unwrap_or_else(|| Place::start(file));
            let id = if file.starts_with("jobs/environments/") { "E-ENV-READ" } else { "E-FILE-READ" };
            problems.add(id, place, format!("`{}` {fault}", shown_path(file)), None);
            None
        }
    }
}

fn check_dataset(
    job: &Job,
    dataset: &Dataset,
    schema: Option<&SchemaFile>,
    environment: &Environment,
    problems: &mut Problems,
) {
    let sources: Vec<&str> = environment.sources.keys().map(Name::as_str).collect();
    let stores: Vec<&str> = environment.stores.keys().map(Name::as_str).collect();
    let there_are = |names: &[&str]| {
        format!("environment `{}` has {}", environment.name, one_of(names).trim_start_matches("one of "))
    };
    let place = |at: usize| job.text.place(at);
    match environment.sources.get(&dataset.from.value) {
        None => {
            let message = format!("unknown source `{}`", dataset.from.value);
            problems.add("E-JOB-SOURCE", place(dataset.from.at), message, Some(there_are(&sources)));
        }
        Some(SourceSpec::Dump { .. }) => {
            let message = format!("source `{}` is a dump of topics, not of tables", dataset.from.value);
            problems.add("E-JOB-SOURCE", place(dataset.from.at), message, None);
        }
        Some(_) => {}
    }
    for store in &dataset.to {
        if !environment.stores.contains_key(&store.value) {
            let message = format!("unknown store `{}`", store.value);
            problems.add("E-JOB-STORE", place(store.at), message, Some(there_are(&stores)));
        }
    }
    if let Some(reconcile) = &dataset.reconcile {
        let against = &reconcile.against;
        match environment.sources.get(&against.value) {
            None => {
                let message = format!("unknown source `{}`", against.value);
                problems.add("E-JOB-SOURCE", place(against.at), message, Some(there_are(&sources)));
            }
            Some(SourceSpec::Dump { .. }) => {}
            Some(_) => {
                let message = format!("source `{}` is no dump of topics", against.value);
                problems.add("E-JOB-SOURCE", place(against.at), message, None);
            }
        }
    }
    check_parameters(&job.text, dataset, problems);
    let Some(SchemaFile { schema, text, columns: places, .. }) = schema else { return };
    check_write(&job.text, dataset, schema, problems);
    check_merge(job, dataset, schema, environment, problems);
    let columns: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
    if let Some(reconcile) = &dataset.reconcile {
        let keys = schema.key.iter().filter_map(|key| schema.column(key.as_str()));
        for (key, because) in keys.filter_map(|key| Some((key, unfit_as_key(key.column_type)?))) {
            let message = format!("key column `{}` is {}: {because}", key.name, key.column_type);
            let hint = "leave `reconcile` out, or take another key";
            problems.add("E-JOB-UNTOLD", place(reconcile.against.at), message, Some(hint.into()));
        }
    }
    for (name, tolerance) in dataset.reconcile.iter().flat_map(|reconcile| &reconcile.tolerate) {
        let Some(column) = schema.column(name.value.as_str()) else {
            let message = format!("unknown column `{}`", name.value);
            problems.add("E-JOB-COLUMN", place(name.at), message, Some(nearest(name.value.as_str(), &columns)));
            continue;
        };
        if let Some(hint) = untolerable(schema, column, tolerance) {
            let message = format!("column `{}` is {}, and takes no such tolerance", name.value, column.column_type);
            problems.add("E-JOB-TOLERATE", place(name.at), message, Some(hint.into()));
        }
    }
    let audiences =
        dataset.to.iter().filter_map(|store| environment.stores.get(&store.value)).map(|store| store.audience);
    let audiences: BTreeSet<Audience> = audiences.collect();
    // Rows that are set aside are treated for `restricted`, whatever the stores of `to` are for.
    for audience in audiences.iter().copied().chain([Audience::Restricted]).collect::<BTreeSet<_>>() {
        let hashed = schema
            .columns
            .iter()
            .find(|column| column.treat.get(&audience).is_some_and(|treat| !treat.domains().is_empty()));
        if let (Some(column), None) = (hashed, &environment.tokens) {
            let at = text.place(places.get(&column.name).copied().unwrap_or(0));
            let message =
                format!("column `{}` is pseudonymised, and environment `{}` has no key", column.name, environment.name);
            problems.add("E-ENV-TOKENS", at, message, Some("[secrets] tokens = { env = \"NAME\" }".into()));
        }
    }
    for audience in audiences {
        let shown = schema
            .columns
            .iter()
            .any(|column| treatment(column, audience).is_ok_and(|treatment| treatment.is_visible()));
        if !shown {
            let message = format!("`{}` shows nothing of dataset `{}`", audience, dataset.name);
            let hint = "give the columns that it may see a `treat`, or leave the store out of `to`";
            problems.add("E-JOB-NOTHING", place(dataset.at), message, Some(hint.into()));
        }
    }
}

/// Why rows cannot be found in a topic by a key of that type.
fn unfit_as_key(column_type: ColumnType) -> Option<&'static str> {
    let may_vary = matches!(column_type, ColumnType::Printed(printed) if printed.form() == Form::Varied);
    untold(column_type).or(may_vary.then_some("equal keys may be written in two ways"))
}

/// A class that a machine guessed is no decision about people's data.
fn check_confirmed(schemas: &BTreeMap<Name, SchemaFile>, problems: &mut Problems) {
    for SchemaFile { schema, text, unconfirmed, .. } in schemas.values() {
        for (name, at) in unconfirmed {
            let Some(column) = schema.column(name.as_str()) else { continue };
            let message = format!("the class `{}` of column `{name}` is a guess", column.class);
            let hint = "look at what the column holds, mend the class, then take `confirmed = false` out";
            problems.add("E-SCHEMA-UNCONFIRMED", text.place(*at), message, Some(hint.into()));
        }
    }
}

/// Why a column cannot differ by that much and be the same.
fn untolerable(schema: &Schema, column: &Column, tolerance: &Tolerance) -> Option<&'static str> {
    if schema.is_key(&column.name) {
        return Some("a key is the same or it is another");
    }
    if untold(column.column_type).is_some() {
        return Some("a topic does not tell it");
    }
    let fits = kind(&column.column_type.arrow()).is_some_and(|kind| tolerance.fits(kind));
    (!fits).then_some("abs and rel are for numbers, ulp for floats, precision for moments, the others for text")
}

/// A schema by itself: the text of the file `file`, which tells people where its faults are.
pub fn schema(file: &str, text: String) -> Result<Schema, Problems> {
    let mut problems = Problems::default();
    let stem = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".toml");
    let name = Name::new(stem).ok();
    if name.is_none() {
        let hint = Some("schemas/<name>.toml, a name of small letters, digits and `_`".to_owned());
        problems.add("E-FILE-READ", Place::start(file), "has a name that no schema has", hint);
    }
    let read = name.and_then(|name| schema_file::read(&name, Text { file: file.into(), text }, &mut problems));
    match read {
        Some(read) if problems.is_empty() => Ok(read.schema),
        _ => Err(problems),
    }
}
