//! [`Checked`] -> [`Plan`]: every path, query, treatment and limit decided.
//!
//! Never in here: faults of the files. What comes in has been found sound.

use super::job_file::{Check, Dataset, DatasetRows, Written};
use super::load::Checked;
use super::plan::*;
use super::schema_file::SchemaFile;
use super::topic_file::plan_topic;
use super::write_plan::{PERIODS_MAX, WriteMode, filter, write};
use crate::data::{Audience, Column, Extract, Name, Period, Rows};
use crate::privacy::{ColumnTreatment, treatment};
use crate::problem::Problems;
use crate::reconcile::claims::Claim;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Checked {
    /// The plan for `period`: every path, query, treatment and limit.
    pub fn plan(&self, period: Period) -> Result<Plan, Problems> {
        let mut problems = Problems::default();
        let sql: Vec<&str> =
            self.job.datasets.iter().flat_map(|dataset| &dataset.checks).filter_map(Check::sql).collect();
        let words: BTreeSet<&str> =
            sql.iter().flat_map(|sql| sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')).collect();
        let mut datasets = Vec::new();
        for dataset in &self.job.datasets {
            let is_too_long = || match &dataset.write {
                Written::Replace | Written::Merge { .. } => None,
                Written::ReplacePeriod { by, every } => every.periods(period, PERIODS_MAX).is_none().then_some(by.at),
            };
            match (self.dataset(dataset, &words, period), is_too_long()) {
                (Some(plan), _) => datasets.push(plan),
                (None, Some(at)) => {
                    let message = format!("{period} has more than {PERIODS_MAX} of its periods");
                    let hint = "name a shorter stretch with --from and --to: a run takes so many at once";
                    problems.add("E-JOB-PERIODS", self.job.text.place(at), message, Some(hint.into()));
                }
                (None, None) => {
                    let place = self.job.text.place(dataset.at);
                    problems.add("E-JOB-SCHEMA", place, format!("dataset `{}` cannot be planned", dataset.name), None);
                }
            }
        }
        let mut topics = Vec::new();
        for table in &self.job.topics {
            match plan_topic(table, &self.schemas, &self.environment, sha256) {
                Some(plan) => topics.push(plan),
                None => {
                    let place = self.job.text.place(table.topic.at);
                    problems.add("E-JOB-SCHEMA", place, format!("topic `{}` cannot be planned", table.name), None);
                }
            }
        }
        let used: BTreeSet<&Name> = datasets
            .iter()
            .flat_map(|dataset| {
                std::iter::once(&dataset.from).chain(dataset.reconcile.iter().map(|reconcile| &reconcile.against))
            })
            .collect();
        let stores: BTreeSet<&str> = datasets
            .iter()
            .flat_map(|dataset| dataset.outputs.iter().map(|output| output.store.as_str()))
            .chain(self.claims.values().flatten().flatten().filter_map(looked_up).map(Name::as_str))
            .chain(["restricted", "security"])
            .collect();
        let plan = Plan {
            job: self.job.name.clone(),
            description: self.job.description.clone(),
            owner: self.job.owner.clone(),
            privacy: self.job.privacy.clone(),
            environment: self.environment.name.clone(),
            stamp: self.environment.stamp.clone(),
            period,
            sources: self.environment.sources.iter().filter(|(name, _)| used.contains(name)).map(cloned).collect(),
            stores: self
                .environment
                .stores
                .iter()
                .filter(|(name, _)| stores.contains(name.as_str()))
                .map(cloned)
                .collect(),
            tokens: self.environment.tokens.clone(),
            tokens_version: self.environment.tokens_version,
            limits: self.environment.limits,
            prices: self.environment.prices.clone(),
            messages: self.environment.messages.clone(),
            lineage: self.environment.lineage.clone(),
            job_hash: sha256(&self.job.text.text),
            environment_hash: sha256(&self.environment.text.text),
            datasets,
            topics,
        };
        problems.or(plan)
    }

    fn dataset(&self, dataset: &Dataset, words: &BTreeSet<&str>, period: Period) -> Option<DatasetPlan> {
        let SchemaFile { schema, text, .. } = self.schemas.get(&dataset.schema.value)?;
        let schema = Arc::new(schema.clone());
        let shown = |audience: Audience| -> Option<Vec<ColumnTreatment>> {
            let shown = |column: &Column| {
                Some(ColumnTreatment { column: column.clone(), treatment: treatment(column, audience).ok()? })
            };
            schema.columns.iter().map(shown).collect()
        };
        let outputs = dataset.to.iter().map(|store| {
            let audience = self.environment.stores.get(&store.value)?.audience;
            let suppress_rows = schema.suppress_rows.get(&audience).cloned().unwrap_or_default();
            let risk = schema.risk.get(&audience).cloned();
            let small_cells = schema.small_cells.get(&audience).cloned();
            let (store, columns) = (store.value.clone(), shown(audience)?);
            Some(OutputPlan { store, audience, columns, suppress_rows, risk, small_cells })
        });
        let outputs: Vec<OutputPlan> = outputs.collect::<Option<_>>()?;
        let tolerated =
            |name: &Name| dataset.reconcile.iter().any(|r| r.tolerate.iter().any(|(column, _)| column.value == *name));
        // Set aside as well: what is shown there is made of the same rows.
        let aside = shown(Audience::Restricted)?;
        let is_subject = |name: &Name| {
            let treated = outputs.iter().flat_map(|output| &output.columns).chain(&aside);
            treated.filter_map(|shown| shown.treatment.subject()).any(|subject| subject == name)
        };
        let is_asked = |name: &Name| {
            outputs.iter().flat_map(|output| &output.suppress_rows).any(|condition| condition.column == *name)
        };
        let is_needed = |name: &Name| {
            let shown = outputs.iter().flat_map(|output| &output.columns);
            schema.is_key(name)
                || matches!(&dataset.write, Written::ReplacePeriod { by, .. } if by.value == *name)
                || matches!(&dataset.write, Written::Merge { watermark, .. } if watermark.value == *name)
                || tolerated(name)
                || words.contains(name.as_str())
                || self.is_claimed(&dataset.name, name)
                || is_subject(name)
                || is_asked(name)
                || shown.filter(|shown| shown.column.name == *name).any(|shown| shown.treatment.needs_values())
        };
        let columns = schema.columns.iter().map(|column| column.name.clone()).filter(is_needed).collect();
        let rows = match &dataset.rows {
            DatasetRows::Table(table, _) => Rows::Table { table: table.clone(), filter: filter(dataset, period)? },
            DatasetRows::Query(file) => {
                Rows::Query { file: file.value.clone(), sql: self.queries.get(&file.value)?.clone() }
            }
        };
        let plain = Extract {
            dataset: dataset.name.clone(),
            rows,
            within: None,
            since: None,
            schema: schema.clone(),
            columns,
            batch_rows_max: self.environment.limits.batch_rows_max,
        };
        let write = write(dataset, period, &schema, &plain)?;
        let first = match &write {
            WriteMode::Replace | WriteMode::Merge(_) => None,
            WriteMode::ReplacePeriod { extracts, .. } => extracts.first().cloned(),
        };
        Some(DatasetPlan {
            name: dataset.name.clone(),
            from: dataset.from.value.clone(),
            extract: first.unwrap_or(plain),
            looked_at: BTreeSet::new(),
            write,
            schema_hash: sha256(&text.text),
            outputs,
            set_aside: aside,
            plain_copy: dataset.plain_copy,
            bad_rows_max: dataset.bad_rows_max,
            allow_empty: dataset.allow_empty,
            reconcile: dataset.reconcile.as_ref().map(|reconcile| ReconcilePlan {
                against: reconcile.against.value.clone(),
                topic: reconcile.topic.clone(),
                wait: reconcile.wait,
                window: reconcile.window,
                heartbeat: reconcile.heartbeat.clone(),
                on_drift: reconcile.on_drift,
                on_inconclusive: reconcile.on_inconclusive,
                tolerate: reconcile.tolerate.iter().map(|(name, rules)| (name.value.clone(), rules.clone())).collect(),
            }),
            checks: self.checks(dataset)?,
            schema,
        })
    }

    fn checks(&self, dataset: &Dataset) -> Option<Vec<CheckPlan>> {
        let claims = self.claims.get(&dataset.name).map(Vec::as_slice).unwrap_or_default();
        let planned = |(place, check): (usize, &Check)| {
            let how = match claims.get(place)? {
                Some(claim) => CheckedBy::Claim(claim.clone()),
                None => CheckedBy::Sql(check.sql()?.to_owned()),
            };
            Some(CheckPlan { name: check.name.clone(), how, severity: check.severity })
        };
        dataset.checks.iter().enumerate().map(planned).collect()
    }

    /// Whether a claim of the job looks at a column of a dataset.
    fn is_claimed(&self, dataset: &Name, column: &Name) -> bool {
        let claims =
            self.claims.iter().flat_map(|(own, claims)| claims.iter().flatten().map(move |claim| (own, claim)));
        let mut sides = claims.flat_map(|(own, claim)| claim.sides(own));
        sides.any(|(of, take)| of == dataset && take.columns().contains(&column))
    }
}

/// The store of the table that a claim looks keys up in, where another job publishes it.
fn looked_up(claim: &Claim) -> Option<&Name> {
    match claim {
        Claim::References(_, of) => of.published.as_ref().map(|published| &published.store),
        _ => None,
    }
}

fn cloned<K: Clone, V: Clone>((name, value): (&K, &V)) -> (K, V) {
    (name.clone(), value.clone())
}

fn sha256(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
