//! `[topic.NAME]` of a job: topics that are landed, and that no dataset is compared with.
//!
//! Never in here: what is done with them (`verbs::relay`).

use super::environment_file::Environment;
use super::job_file::{Job, Placed};
use super::plan::{SourceSpec, TopicPlan};
use super::reconcile_file::topic;
use super::schema_file::SchemaFile;
use super::shape::one_of;
use super::tree::{Entry, Node, Text};
use crate::data::Name;
use crate::privacy::{ColumnTreatment, treatment};
use crate::problem::Problems;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A topic as its job says it.
#[derive(Clone, Debug)]
pub struct TopicTable {
    /// Its name in the job.
    pub name: Name,
    /// Source of the environment that holds its dump.
    pub from: Placed<Name>,
    /// The topic.
    pub topic: Placed<String>,
    /// A topic beside it that shows how far the stream has come.
    pub heartbeat: Option<String>,
    /// Schema of its rows.
    pub schema: Placed<Name>,
}

/// Reads the `topic` tables. Every fault is told.
pub fn read_topics(text: &Text, tree: &Node, problems: &mut Problems) -> Vec<TopicTable> {
    let entries = tree.get("topic").map(Node::entries).unwrap_or_default();
    entries.iter().filter_map(|entry| read_topic(text, entry, problems)).collect()
}

fn read_topic(text: &Text, Entry { key, node, .. }: &Entry, problems: &mut Problems) -> Option<TopicTable> {
    let placed = |key: &str| {
        let named = node.get(key)?;
        Some(Placed { value: Name::new(named.text()?).ok()?, at: named.span.start })
    };
    let heartbeat = node.get("heartbeat").and_then(|node| topic(text, node, "heartbeat", problems));
    let of = node.get("topic")?;
    Some(TopicTable {
        name: Name::new(key).ok()?,
        from: placed("from")?,
        topic: Placed { value: topic(text, of, "topic", problems)?, at: of.span.start },
        heartbeat,
        schema: placed("schema")?,
    })
}

/// Tells a source that is none, and a topic that is landed by two tables: its records are treated in one way.
pub fn check_topics(job: &Job, environment: &Environment, problems: &mut Problems) {
    let place = |at: usize| job.text.place(at);
    let mut landed: Vec<(&Name, &str)> = Vec::new();
    for dataset in &job.datasets {
        let compared = dataset.reconcile.iter();
        landed.extend(compared.map(|reconcile| (&reconcile.against.value, reconcile.topic.as_str())));
    }
    for table in &job.topics {
        let (from, topic) = (&table.from, &table.topic);
        match environment.sources.get(&from.value) {
            None => {
                let sources: Vec<&str> = environment.sources.keys().map(Name::as_str).collect();
                let has = one_of(&sources);
                let has = format!("environment `{}` has {}", environment.name, has.trim_start_matches("one of "));
                let message = format!("unknown source `{}`", from.value);
                problems.add("E-JOB-SOURCE", place(from.at), message, Some(has));
            }
            Some(SourceSpec::Dump { .. }) => {}
            Some(_) => {
                let message = format!("source `{}` is no dump of topics", from.value);
                problems.add("E-JOB-SOURCE", place(from.at), message, None);
            }
        }
        if landed.contains(&(&from.value, topic.value.as_str())) {
            let hint = "one schema says how a topic's records are treated";
            problems.add("E-JOB-TOPIC", place(topic.at), "the topic is that of another table", Some(hint.into()));
        }
        landed.push((&from.value, &topic.value));
    }
}

/// A topic, decided; `None` where something of it was found at fault.
pub fn plan_topic(
    table: &TopicTable,
    schemas: &BTreeMap<Name, SchemaFile>,
    environment: &Environment,
    sha256: fn(&str) -> String,
) -> Option<TopicPlan> {
    let SchemaFile { schema, text, .. } = schemas.get(&table.schema.value)?;
    let source = environment.sources.get(&table.from.value)?.clone();
    let SourceSpec::Dump { kafka, .. } = &source else { return None };
    let columns = kafka.as_ref().map_or(Some(Vec::new()), |kafka| {
        let shown = |column: &crate::data::Column| {
            let treatment = treatment(column, kafka.audience).ok()?;
            Some(ColumnTreatment { column: column.clone(), treatment })
        };
        schema.columns.iter().map(shown).collect()
    })?;
    Some(TopicPlan {
        name: table.name.clone(),
        from: table.from.value.clone(),
        topic: table.topic.value.clone(),
        heartbeat: table.heartbeat.clone(),
        schema: Arc::new(schema.clone()),
        schema_hash: sha256(&text.text),
        columns,
        source,
    })
}
