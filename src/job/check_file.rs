//! A check as its job says it -> what is claimed, with every column and value looked up in the schemas.
//!
//! One reading for two uses: `validate` tells its faults, each where it stands, and `plan` takes what it claims.
//!
//! Never in here: which types a claim takes (`check_types`), and references (`check_references`).

use super::check_types::{Told, comparable, dated, end_of, keyed, ranged, summed, whole};
use super::job_file::{Check, Dataset, Job};
use super::load::Read;
use super::schema_file::SchemaFile;
use super::shape::{nearest, one_of};
use super::tree::Node;
use crate::data::cell::CellBuilder;
use crate::data::{Column, Name, Schema};
use crate::job::environment_file::Environment;
use crate::reconcile::claims::{Bound, Claim, End, Sum};
use std::collections::BTreeMap;

/// The kinds of check, in the words of a job file.
const KINDS: &[&str] = &[
    "unique",
    "not_null",
    "accepted",
    "range",
    "references",
    "rows",
    "balance",
    "periods_a_day",
    "gap_free",
    "no_overlap",
    "sql",
];

/// What a check is read against.
pub struct Around<'a> {
    pub job: &'a Job,
    pub dataset: &'a Dataset,
    pub schemas: &'a BTreeMap<Name, SchemaFile>,
    pub environment: &'a Environment,
    pub read: Read<'a>,
}

/// What a check claims; `None` of one in SQL. Every fault is told.
pub fn claim(check: &Check, around: &Around<'_>) -> Result<Option<Claim>, Vec<Told>> {
    let mut told = Vec::new();
    let kinds: Vec<&str> = KINDS.iter().copied().filter(|kind| check.node.get(kind).is_some()).collect();
    let [kind] = kinds.as_slice() else {
        let what = if kinds.is_empty() { "claims nothing" } else { "claims more than one thing" };
        return Err(vec![Told::new(
            check.node.span.start,
            format!("the check {what}"),
            format!("exactly {}", one_of(KINDS)),
        )]);
    };
    let Some(node) = check.node.get(kind).filter(|_| *kind != "sql") else { return Ok(None) };
    // A schema that has faults of its own is told where they are.
    let Some(schema) = around.schema(&around.dataset.schema.value) else { return Ok(None) };
    let mut reader = Reader { around, schema, told: &mut told };
    let claim = reader.claim(kind, node);
    match claim {
        Some(claim) if told.is_empty() => Ok(Some(claim)),
        _ => Err(told),
    }
}

impl<'a> Around<'a> {
    pub(super) fn schema(&self, name: &Name) -> Option<&'a Schema> {
        self.schemas.get(name).map(|file| &file.schema)
    }

    /// A dataset of the job.
    fn dataset(&self, name: &str) -> Option<&'a Dataset> {
        self.job.datasets.iter().find(|dataset| dataset.name.as_str() == name)
    }
}

pub(super) struct Reader<'a, 'b> {
    pub(super) around: &'b Around<'a>,
    pub(super) schema: &'b Schema,
    pub(super) told: &'b mut Vec<Told>,
}

impl<'a> Reader<'a, '_> {
    fn claim(&mut self, kind: &str, node: &Node) -> Option<Claim> {
        match kind {
            "unique" => Some(Claim::Unique(self.keys(node)?)),
            "not_null" => Some(Claim::NotNull(self.columns(node)?)),
            "accepted" => self.accepted(node),
            "range" => self.range(node),
            "references" => self.references(node),
            "rows" => self.rows(node),
            "balance" => self.balance(node),
            "periods_a_day" => Some(Claim::PeriodsADay {
                day: self.one(node.get("day")?, dated)?,
                period: self.one(node.get("period")?, whole)?,
                half_hours: if node.get("length").and_then(Node::text) == Some("1h") { 2 } else { 1 },
                per: self.per(node)?,
            }),
            "gap_free" => Some(Claim::GapFree { day: self.one(node.get("day")?, dated)?, per: self.per(node)? }),
            _ => self.no_overlap(node),
        }
    }

    fn accepted(&mut self, node: &Node) -> Option<Claim> {
        let (column, values) = (self.one(node.get("column")?, keyed)?, node.get("values")?);
        if values.items().is_empty() {
            self.fault(values, "no value is accepted".into(), "at least one, in quotes");
        }
        let of = self.schema.column(column.as_str())?.clone();
        values.items().iter().for_each(|value| self.is_value(value, &of));
        let values = values.items().iter().filter_map(Node::text).map(str::to_owned).collect();
        Some(Claim::Accepted(column, values))
    }

    fn range(&mut self, node: &Node) -> Option<Claim> {
        let column = self.one(node.get("column")?, ranged)?;
        let of = self.schema.column(column.as_str())?.clone();
        let words = [("min", Bound::Min), ("max", Bound::Max), ("above", Bound::Above), ("below", Bound::Below)];
        let mut bounds = Vec::new();
        for (word, bound) in words {
            let Some(value) = node.get(word) else { continue };
            self.is_value(value, &of);
            bounds.push((bound, value.text()?.to_owned()));
        }
        let has = |bound: Bound| bounds.iter().any(|(there, _)| *there == bound);
        if bounds.is_empty() || (has(Bound::Min) && has(Bound::Above)) || (has(Bound::Max) && has(Bound::Below)) {
            self.fault(node, "the range has no bound, or two at one end".into(), "`min` or `above`, `max` or `below`");
        }
        Some(Claim::Range(column, bounds))
    }

    fn rows(&mut self, node: &Node) -> Option<Claim> {
        let count = |word: &str| node.get(word).and_then(Node::whole).and_then(|count| u64::try_from(count).ok());
        let (min, max) = (count("min"), count("max"));
        if (min.is_none() && max.is_none()) || min.zip(max).is_some_and(|(min, max)| min > max) {
            self.fault(node, "the bounds allow no number of rows, or every number".into(), "`min`, `max` or both");
        }
        Some(Claim::Rows { min, max, per: self.per(node)? })
    }

    fn no_overlap(&mut self, node: &Node) -> Option<Claim> {
        let (begins, ends) = (node.get("from")?, node.get("to")?);
        let (from, to) = (self.one(begins, end_of)?, self.one(ends, end_of)?);
        let type_of = |name: &Name| self.schema.column(name.as_str()).map(|column| column.column_type);
        if !type_of(&from).zip(type_of(&to)).is_some_and(|(from, to)| comparable(from, to)) {
            self.fault(ends, "an interval ends by another type than it begins".into(), "two columns of one type");
        }
        let end = if node.get("end").and_then(Node::text) == Some("excluded") { End::Excluded } else { End::Included };
        Some(Claim::NoOverlap { from, to, end, per: self.per(node)? })
    }

    fn balance(&mut self, node: &Node) -> Option<Claim> {
        let own = &self.around.dataset.name;
        let one = Sum { dataset: own.clone(), column: self.one(node.get("sum")?, summed)?, per: self.per(node)? };
        if let Some(within) = node.get("within")
            && !crate::data::text::decimal(within.text()?, 38, 18).is_ok_and(|within| within >= 0)
        {
            self.fault(within, "`within` is no decimal number from 0".into(), "in quotes, such as \"0.01\"");
        }
        let equals = node.get("equals")?;
        if equals.items().is_empty() {
            self.fault(equals, "the sum equals nothing".into(), "such as [{ dataset = \"..\", sum = \"..\" }]");
        }
        let others = equals.items().iter().map(|node| self.other_sum(node, &one)).collect::<Option<_>>()?;
        Some(Claim::Balance { one, others, within: node.get("within").and_then(Node::text).map(str::to_owned) })
    }

    /// A sum elsewhere, whose groups are those of `one`.
    fn other_sum(&mut self, node: &Node, one: &Sum) -> Option<Sum> {
        let dataset = match node.get("dataset") {
            Some(named) => self.of_the_job(named)?,
            None => self.around.dataset,
        };
        let around = self.around;
        let schema = around.schema(&dataset.schema.value)?;
        let mut there = Reader { around, schema, told: self.told };
        let column = there.one(node.get("sum")?, summed)?;
        let per = match node.get("per") {
            Some(per) => there.keys(per)?,
            None => one.per.iter().map(|name| there.known(node, name.as_str())).collect::<Option<_>>()?,
        };
        self.fit(node.get("per").unwrap_or(node), &one.per, schema, &per);
        Some(Sum { dataset: dataset.name.clone(), column, per })
    }

    /// Tells columns that are not as many as those of the other side, or of other types.
    pub(super) fn fit(&mut self, at: &Node, ours: &[Name], schema: &Schema, theirs: &[Name]) {
        if ours.len() != theirs.len() {
            self.fault(at, "the two sides have not as many columns".into(), "one for each, in their order");
            return;
        }
        for (one, other) in ours.iter().zip(theirs) {
            let (Some(one), Some(other)) = (self.schema.column(one.as_str()), schema.column(other.as_str())) else {
                continue;
            };
            if !comparable(one.column_type, other.column_type) {
                let what = format!(
                    "column `{}` is {}, and `{}` of `{}` is {}",
                    one.name, one.column_type, other.name, schema.name, other.column_type
                );
                self.fault(at, what, "both sides have one kind of type");
            }
        }
    }

    /// A dataset of this job by its name.
    pub(super) fn of_the_job(&mut self, node: &Node) -> Option<&'a Dataset> {
        let name = node.text()?;
        let found = self.around.dataset(name);
        if found.is_none() {
            let names: Vec<&str> = self.around.job.datasets.iter().map(|dataset| dataset.name.as_str()).collect();
            let hint = nearest(name, &names);
            self.fault(node, format!("unknown dataset `{}`", super::shape::shown(name)), &hint);
        }
        found
    }

    /// The columns that make a group.
    fn per(&mut self, node: &Node) -> Option<Vec<Name>> {
        node.get("per").map_or(Some(Vec::new()), |per| self.keys(per))
    }

    /// One or more columns that rows can be told apart by.
    pub(super) fn keys(&mut self, node: &Node) -> Option<Vec<Name>> {
        self.all(node, keyed)
    }

    /// One or more columns of any type.
    fn columns(&mut self, node: &Node) -> Option<Vec<Name>> {
        self.all(node, |_| Ok(()))
    }

    fn all(&mut self, node: &Node, fits: fn(&Column) -> Result<(), &'static str>) -> Option<Vec<Name>> {
        let items = if node.text().is_some() { std::slice::from_ref(node) } else { node.items() };
        if items.is_empty() {
            self.fault(node, "no column is named".into(), "at least one");
        }
        let mut names: Vec<Name> = Vec::new();
        for item in items {
            let Some(name) = self.one(item, fits) else { continue };
            if names.contains(&name) {
                self.fault(item, format!("column `{name}` is there twice"), "each once");
            }
            names.push(name);
        }
        (names.len() == items.len() && !items.is_empty()).then_some(names)
    }

    /// A column that the claim takes.
    fn one(&mut self, node: &Node, fits: fn(&Column) -> Result<(), &'static str>) -> Option<Name> {
        let name = self.known(node, node.text()?)?;
        let column = self.schema.column(name.as_str())?;
        if let Err(takes) = fits(column) {
            self.fault(
                node,
                format!("column `{name}` is {}, which this check does not take", column.column_type),
                takes,
            );
            return None;
        }
        Some(name)
    }

    /// A column of the schema.
    pub(super) fn known(&mut self, node: &Node, name: &str) -> Option<Name> {
        if let Some(column) = self.schema.column(name) {
            return Some(column.name.clone());
        }
        let names: Vec<&str> = self.schema.columns.iter().map(|column| column.name.as_str()).collect();
        let message = format!("unknown column `{}` of schema `{}`", super::shape::shown(name), self.schema.name);
        self.told.push(Told { id: "E-JOB-COLUMN", at: node.span.start, message, hint: nearest(name, &names) });
        None
    }

    /// Tells a text that is no value of the column's type, without a word of it.
    fn is_value(&mut self, node: &Node, column: &Column) {
        let Some(text) = node.text() else { return };
        if CellBuilder::new(column.column_type, 1).push_text(text).is_err() {
            let what = format!("this is no value of column `{}`, which is {}", column.name, column.column_type);
            self.fault(node, what, "as PostgreSQL writes it, in quotes");
        }
    }

    pub(super) fn fault(&mut self, node: &Node, message: String, hint: &str) {
        self.told.push(Told::new(node.span.start, message, hint.into()));
    }
}
