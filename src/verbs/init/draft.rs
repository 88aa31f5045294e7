//! Tables of a catalogue -> the texts of a job and its schemas.
//!
//! Pure: what is there already, and writing, is `source.rs`.

use super::names::{snake, unique};
use super::table::{ForeignKey, Named, Tokens, list, named, plain, text};
use crate::data::{Audience, NAME_BYTES_MAX, Name, TableName};
use crate::job::{Environment, RESERVED};
use crate::source::{FoundTable, Survey};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Files that do not exist yet.
pub struct Draft {
    /// Path in the project and text; the job first.
    pub files: Vec<(String, String)>,
    /// Tables that no job can carry as they are, and why.
    pub left_out: Vec<String>,
}

impl Draft {
    /// Where the files go.
    pub fn paths(&self) -> Vec<&str> {
        self.files.iter().map(|(path, _)| path.as_str()).collect()
    }

    /// What a person is told.
    pub fn told(&self) -> String {
        let mut out = self.paths().join("\n");
        for left_out in &self.left_out {
            let _ = write!(out, "\nleft out: {left_out}");
        }
        out.push_str(
            "\nnext: look at every class and take `confirmed = false` out, then `nightferry validate --online`",
        );
        out
    }
}

/// Drafts a job over the tables of `survey`; `None` where none can be carried.
pub fn draft(job: &Name, source: &Name, environment: &Environment, survey: &Survey) -> Option<Draft> {
    let tokens = if environment.tokens.is_some() { Tokens::Keyed } else { Tokens::None };
    let (audience, stores) = stores(environment);
    let mut left_out = Vec::new();
    let mut taken = BTreeSet::new();
    let mut carried: Vec<Named<'_>> = Vec::new();
    for table in &survey.tables {
        let mut leave_out = |why: &str| left_out.push(format!("{}: {why}", plain(&table.name.to_string())));
        if table.columns.is_empty() {
            leave_out("it has no column that can be read");
            continue;
        }
        let Some(named) = dataset(table, &taken).and_then(|name| named(table, name)) else {
            leave_out("no name can be found for it");
            continue;
        };
        if named.key().is_empty() {
            leave_out("it has no key, and no column that is never NULL");
        } else if audience == Audience::Analytics && !named.shows_something(tokens) {
            leave_out("every column looks personal, so that analysts would see nothing of it");
        } else {
            taken.insert(named.name.to_string());
            carried.push(named);
        }
    }
    if survey.forbidden > 0 {
        left_out.push(format!("{} tables that the role may not read", survey.forbidden));
    }
    if carried.is_empty() {
        return None;
    }
    let drafted: BTreeMap<&TableName, &Named<'_>> = carried.iter().map(|named| (&named.table.name, named)).collect();
    let mut out = head(job, source, &left_out);
    for named in &carried {
        out.push_str(&dataset_table(named, source, &stores));
        named.foreign_keys(&drafted).iter().for_each(|foreign| out.push_str(&check(&named.name, foreign)));
    }
    let mut files = vec![(format!("jobs/{job}.toml"), out)];
    for named in &carried {
        files.push((format!("schemas/{}.toml", named.name), named.schema(source, &drafted, tokens)));
        if !is_nameable(&named.table.name) {
            files.push((query_file(&named.name), query(named.table)));
        }
    }
    Some(Draft { files, left_out })
}

/// The stores that a first job goes to: those for analysts; without one, the one that stays inside.
fn stores(environment: &Environment) -> (Audience, Vec<&Name>) {
    let of = |audience: Audience| {
        let stores = environment.stores.values().filter(move |store| store.audience == audience);
        stores.map(|store| &store.name).collect::<Vec<_>>()
    };
    match of(Audience::Analytics) {
        none if none.is_empty() => (Audience::Restricted, of(Audience::Restricted)),
        analytics => (Audience::Analytics, analytics),
    }
}

/// The dataset's name: the table's, with its schema's before it where that is somebody else's.
fn dataset(table: &FoundTable, taken: &BTreeSet<String>) -> Option<Name> {
    let TableName { schema, table } = &table.name;
    let mut taken: BTreeSet<String> = taken.iter().cloned().chain(RESERVED.iter().map(|name| (*name).into())).collect();
    let short = snake(table, NAME_BYTES_MAX);
    let name = if taken.contains(&short) { snake(&format!("{schema}_{table}"), NAME_BYTES_MAX) } else { short };
    unique(&name, NAME_BYTES_MAX, &mut taken)
}

fn head(job: &Name, source: &Name, left_out: &[String]) -> String {
    let mut out = format!("# Drafted from the catalogue of source `{source}`.\n");
    for left_out in left_out {
        let _ = writeln!(out, "# left out: {left_out}");
    }
    let _ = writeln!(out, "name = \"{job}\"\ndescription = \"Tables of {source}.\"");
    out
}

fn dataset_table(Named { table, name, .. }: &Named<'_>, source: &Name, stores: &[&Name]) -> String {
    let to = stores.iter().map(|store| format!("\"{store}\"")).collect::<Vec<_>>().join(", ");
    let rows = match is_nameable(&table.name) {
        true => format!("table = {}", text(&table.name.to_string())),
        false => format!("query = \"{}\"", query_file(name)),
    };
    format!("\n[dataset.{name}]\nfrom = \"{source}\"\n{rows}\nschema = \"{name}\"\nto = [{to}]\n")
}

/// The check that a foreign key holds in what is read; nothing where no check can look it up. Its key is the schema's `references`.
fn check(dataset: &Name, foreign: &ForeignKey) -> String {
    let ForeignKey { columns, to, is_checkable, .. } = foreign;
    if !is_checkable {
        return String::new();
    }
    let words = columns.iter().map(Name::as_str).collect::<Vec<_>>().join(", ");
    let columns = list(columns);
    format!(
        "\n[[dataset.{dataset}.check]]\nname = \"every {words} is in {to}\"\nreferences = {{ columns = {columns}, dataset = \"{to}\" }}\n"
    )
}

/// Whether a job's `table` can name it: what has a dot, a slash or a quote in it takes a query.
fn is_nameable(name: &TableName) -> bool {
    [&name.schema, &name.table].iter().all(|part| !part.contains(['.', '/', '\\', '"']))
}

fn query_file(dataset: &Name) -> String {
    format!("jobs/sql/{dataset}.sql")
}

fn query(table: &FoundTable) -> String {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let columns = table.columns.iter().map(|column| quoted(&column.name)).collect::<Vec<_>>().join(",\n    ");
    format!("select\n    {columns}\nfrom {}.{}\n", quoted(&table.name.schema), quoted(&table.name.table))
}
