//! `jobs/<name>.toml` -> [`Job`], every fault of the file itself told. What it names is looked up later.

use super::files::JOB;
use super::plan::{OnVerdict, Severity};
use super::privacy_file::{PrivacySaid, read_privacy};
use super::reconcile_file::read_reconcile;
use super::rows_file::{read_parameters, read_rows};
use super::shape::check;
use super::topic_file::{TopicTable, read_topics};
use super::tree::{Entry, Node, Text};
use super::write_file::read_write;
use crate::calendar::{Missed, Timetable};
use crate::data::{Condition, Every, Literal, Name, TableName};
use crate::problem::Problems;
use crate::reconcile::Deleted;
use crate::reconcile::diff::Tolerance;
use chrono::TimeDelta;
use std::ops::Range;

/// What the name of a domain's vault begins with, in the store `restricted`.
pub const VAULT: &str = "token_vault_";

/// Names that no dataset may have, nor any that begins with [`VAULT`]: a store keeps them for tables and folders of its own.
pub const RESERVED: &[&str] =
    &["nightferry_runs", "quarantine", "differences", "breaches", "reports", "papers", "plain"];

/// A job as its file says it.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its name.
    pub name: Name,
    /// What it carries.
    pub description: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// What the papers say that no tool knows.
    pub privacy: PrivacySaid,
    /// When it is due.
    pub schedule: Option<Timetable>,
    /// Its datasets, in the file's order.
    pub datasets: Vec<Dataset>,
    /// Topics that are landed and compared with nothing.
    pub topics: Vec<TopicTable>,
    /// The text it comes from.
    pub text: Text,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Its first byte.
    pub at: usize,
}

/// A dataset as its job says it.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Its name.
    pub name: Name,
    /// Where it stands.
    pub at: usize,
    /// Source of the environment.
    pub from: Placed<Name>,
    /// Table or query file.
    pub rows: DatasetRows,
    /// Values of `where`, by name, and where each name stands.
    pub parameters: Vec<Parameter>,
    /// How the table is written.
    pub write: Written,
    /// Schema.
    pub schema: Placed<Name>,
    /// Stores of the environment.
    pub to: Vec<Placed<Name>>,
    /// Whether its tables get a copy with one object a period.
    pub plain_copy: bool,
    /// More bad rows than this stop the job.
    pub bad_rows_max: u64,
    /// Whether no rows are fine.
    pub allow_empty: bool,
    /// What it is compared with.
    pub reconcile: Option<Reconcile>,
    /// Its checks.
    pub checks: Vec<Check>,
}

/// A check as its job says it. What it claims is looked up in the schemas later (`check_file`).
#[derive(Clone, Debug)]
pub struct Check {
    /// What it claims, in the author's words.
    pub name: String,
    /// What its failure does.
    pub severity: Severity,
    /// The keys of its table.
    pub node: Node,
}

impl Check {
    /// Its SQL, where that is what it claims.
    pub fn sql(&self) -> Option<&str> {
        self.node.get("sql")?.text()
    }
}

/// Table or query file.
#[derive(Clone, Debug)]
pub enum DatasetRows {
    /// A table and a condition.
    Table(TableName, Option<Placed<Condition>>),
    /// A query file.
    Query(Placed<String>),
}

/// A parameter's name and its value; without one where that is a fault.
pub type Parameter = (Placed<String>, Option<Literal>);

/// How a table is written, as its job says it.
#[derive(Clone, Debug)]
pub enum Written {
    /// The whole state, every time.
    Replace,
    /// One period of it at a time.
    ReplacePeriod {
        /// The column that says when a row belongs.
        by: Placed<Name>,
        /// How long a period is.
        every: Every,
    },
    /// What has changed since the last time.
    Merge {
        /// The column that says when a row was last changed.
        watermark: Placed<Name>,
        /// How much further back every extract goes, in seconds.
        lag_seconds: i64,
        /// What a row that the source no longer has does.
        deleted: Deleted,
    },
}

/// What a dataset is compared with, as its job says it.
#[derive(Clone, Debug)]
pub struct Reconcile {
    /// Source of the environment.
    pub against: Placed<Name>,
    /// Topic.
    pub topic: String,
    /// How long a stream that is behind is waited for.
    pub wait: TimeDelta,
    /// How far from the extract's moment nobody can tell by the clock what it shows.
    pub window: TimeDelta,
    /// A topic that shows how far the stream has come.
    pub heartbeat: Option<String>,
    /// What a difference does.
    pub on_drift: OnVerdict,
    /// What an undecidable comparison does.
    pub on_inconclusive: OnVerdict,
    /// Column -> what it may differ by.
    pub tolerate: Vec<(Placed<Name>, Tolerance)>,
}

/// Reads a job. `None` when its shape is wrong; every fault is told either way.
pub fn read(text: Text, problems: &mut Problems) -> Option<Job> {
    let tree = text.tree(problems)?;
    let before = problems.len();
    check(&text, &tree, JOB, "", problems);
    if problems.len() > before {
        return None;
    }
    let schedule = tree.get("schedule").and_then(|node| read_schedule(&text, node, problems));
    let mut datasets = Vec::new();
    for Entry { key, key_span, node } in tree.get("dataset").map(Node::entries).unwrap_or_default() {
        let Ok(name) = Name::new(key) else { continue };
        let is_kept =
            RESERVED.contains(&name.as_str()) || ["_", VAULT].iter().any(|front| name.as_str().starts_with(front));
        if is_kept {
            let message = format!("dataset `{name}` has a name that stores keep for themselves");
            problems.add("E-JOB-RESERVED", text.place(key_span.start), message, None);
        }
        datasets.extend(read_dataset(&text, name, key_span, node, problems));
    }
    if datasets.is_empty() && problems.len() == before {
        problems.add("E-JOB-EMPTY", text.place(0), "the job has no dataset", None);
    }
    let name = Name::new(tree.get("name")?.text()?).ok()?;
    let words = |key: &str| tree.get(key).and_then(Node::text).map(str::to_owned);
    Some(Job {
        name,
        description: words("description").unwrap_or_default(),
        owner: words("owner"),
        privacy: read_privacy(&tree),
        schedule,
        datasets,
        topics: read_topics(&text, &tree, problems),
        text,
    })
}

fn read_schedule(text: &Text, node: &Node, problems: &mut Problems) -> Option<Timetable> {
    let words = |key: &str| node.get(key).and_then(Node::text);
    let at = |key: &str| text.place(node.get(key).map_or(node.span.start, |node| node.span.start));
    let zone = words("time_zone").unwrap_or("Europe/London").parse::<chrono_tz::Tz>();
    if zone.is_err() {
        problems.add(
            "E-JOB-TIME-ZONE",
            at("time_zone"),
            "`time_zone` is no zone of the tz database",
            Some("such as Europe/London".into()),
        );
    }
    let deadline = words("deadline").map(|time| chrono::NaiveTime::parse_from_str(time, "%H:%M"));
    if matches!(deadline, Some(Err(_))) {
        problems.add(
            "E-JOB-DEADLINE",
            at("deadline"),
            "`deadline` is no time of day",
            Some("such as \"06:00\"".into()),
        );
    }
    let missed = words("missed").and_then(Missed::parse).unwrap_or_default();
    let zone_or_utc = zone.unwrap_or(chrono_tz::Tz::UTC);
    let table = Timetable::new(words("cron")?, zone_or_utc, deadline.and_then(Result::ok), missed);
    if table.is_none() {
        let hint =
            "five fields: minute, hour, day of month, month, day of week; \"30 2 * * *\" is every night at 02:30";
        problems.add("E-JOB-CRON", at("cron"), "`cron` is no cron line, or never due", Some(hint.into()));
    }
    table
}

fn read_dataset(
    text: &Text,
    name: Name,
    key_span: &Range<usize>,
    node: &Node,
    problems: &mut Problems,
) -> Option<Dataset> {
    let placed = |key: &str| {
        let node = node.get(key)?;
        Some(Placed { value: Name::new(node.text()?).ok()?, at: node.span.start })
    };
    let store = |item: &Node| Some(Placed { value: Name::new(item.text()?).ok()?, at: item.span.start });
    let to: Vec<_> = node.get("to").map(Node::items).unwrap_or_default().iter().filter_map(store).collect();
    if to.is_empty() {
        let at = text.place(node.get("to").map_or(key_span.start, |node| node.span.start));
        problems.add("E-JOB-TO", at, format!("dataset `{name}` goes to no store"), None);
    }
    for (index, store) in to.iter().enumerate() {
        if to[..index].iter().any(|earlier| earlier.value == store.value) {
            problems.add("E-JOB-TO", text.place(store.at), format!("store `{}` is there twice", store.value), None);
        }
    }
    let rows = read_rows(text, &name, key_span, node, problems);
    let parameters = read_parameters(text, node, problems);
    let write = read_write(text, node, problems);
    let reconcile = node.get("reconcile").and_then(|node| read_reconcile(text, node, problems));
    let check = |node: &Node| {
        let severity = match node.get("severity").and_then(Node::text) {
            Some("warn") => Severity::Warn,
            _ => Severity::Error,
        };
        Some(Check { name: node.get("name")?.text()?.to_owned(), severity, node: node.clone() })
    };
    Some(Dataset {
        at: key_span.start,
        from: placed("from")?,
        rows: rows?,
        parameters,
        write: write?,
        schema: placed("schema")?,
        to,
        plain_copy: node.get("plain_copy").and_then(Node::truth).unwrap_or(false),
        bad_rows_max: node.get("bad_rows_max").and_then(Node::whole).and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
        allow_empty: node.get("allow_empty").and_then(Node::truth).unwrap_or(false),
        reconcile,
        checks: node.get("check").map(Node::items).unwrap_or_default().iter().filter_map(check).collect(),
        name,
    })
}
