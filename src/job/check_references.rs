//! A check's `references` -> which columns point at which key: of this job, or of a table that another job publishes.

use super::check_file::Reader;
use super::check_other::{are_shown, other_job};
use super::tree::Node;
use crate::data::{Name, Schema};
use crate::reconcile::claims::{Claim, PublishedBy, Referenced};

impl Reader<'_, '_> {
    pub(super) fn references(&mut self, node: &Node) -> Option<Claim> {
        let pointing = node.get("columns")?;
        let columns = self.keys(pointing)?;
        // What the schema says, where the check does not.
        let declared = self.declared(&columns);
        let around = self.around;
        if let Some(job) = node.get("job") {
            let (Some(dataset), Some(store)) = (node.get("dataset"), node.get("store")) else {
                self.fault(job, "the table of another job is found by its `dataset` and `store`".into(), "name both");
                return None;
            };
            let job_name = Name::new(job.text()?).ok()?;
            let (dataset_name, store_name) = (Name::new(dataset.text()?).ok()?, Name::new(store.text()?).ok()?);
            let (schema, audience) = other_job(around, [job, dataset, store], self.told)?;
            let key = self.key_of(node, &columns, &schema)?;
            self.fit(node.get("key").unwrap_or(pointing), &columns, &schema, &key);
            are_shown(node, &key, &schema, audience, self.told);
            let version = node.get("version").and_then(Node::whole).and_then(|version| u64::try_from(version).ok());
            let published = Some(PublishedBy { job: job_name, store: store_name, version });
            return Some(Claim::References(columns, Referenced { dataset: dataset_name, key, published }));
        }
        if let Some(alone) = node.get("store").or(node.get("version")) {
            self.fault(
                alone,
                "`store` and `version` are of a table that another job publishes".into(),
                "name its `job`",
            );
        }
        let dataset = match node.get("dataset") {
            Some(named) => self.of_the_job(named)?,
            None => {
                let of = declared
                    .iter()
                    .find_map(|(schema, _)| around.job.datasets.iter().find(|dataset| dataset.schema.value == *schema));
                let Some(of) = of else {
                    let hint = "name its `dataset`, or say `references` in the schema of the column";
                    self.fault(pointing, "no dataset of this job has the key that this points at".into(), hint);
                    return None;
                };
                of
            }
        };
        let schema = around.schema(&dataset.schema.value)?;
        let declared = declared.into_iter().find(|(schema, _)| *schema == dataset.schema.value);
        let key = match (node.get("key"), declared) {
            (None, Some((_, key))) => key,
            _ => self.key_of(node, &columns, schema)?,
        };
        self.fit(node.get("key").unwrap_or(pointing), &columns, schema, &key);
        Some(Claim::References(columns, Referenced { dataset: dataset.name.clone(), key, published: None }))
    }

    /// The schemas that the dataset's own says these columns point at, each with the key there.
    fn declared(&self, columns: &[Name]) -> Vec<(Name, Vec<Name>)> {
        let Some(own) = self.around.schemas.get(&self.around.dataset.schema.value) else { return Vec::new() };
        if let [one] = columns {
            let reference = own.schema.column(one.as_str()).and_then(|column| column.references.as_ref());
            return reference.map(|of| (of.schema.clone(), vec![of.column.clone()])).into_iter().collect();
        }
        own.references.iter().filter_map(|of| Some((of.schema.clone(), of.key_of(columns)?))).collect()
    }

    /// The key of another dataset: as it is named, or the columns of the same names.
    fn key_of(&mut self, node: &Node, columns: &[Name], schema: &Schema) -> Option<Vec<Name>> {
        let mut there = Reader { around: self.around, schema, told: self.told };
        match node.get("key") {
            Some(key) => there.keys(key),
            None => columns.iter().map(|name| there.known(node.get("columns")?, name.as_str())).collect(),
        }
    }
}
