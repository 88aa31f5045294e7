//! What is done with personal data, as the papers need it: of a job as it is declared, and of a run, once there is one.
//!
//! ```text
//! mod.rs         plan and report -> the paper's values; their JSON names are an API
//! words.rs       what a treatment makes of a value, in a person's words
//! dpia.rs        as a page for a data protection impact assessment
//! article30.rs   as a record of processing (UK GDPR, Article 30(1))
//! markdown.rs    text into Markdown, so that none of it becomes anything else
//! ```
//!
//! What no tool knows comes from the job's `[privacy]`, or is marked to be filled in. Never in here: a value from the data, and a
//! word that says more than was done: what a key or a vault can undo is pseudonymised, and stays personal data.

mod article30;
mod dpia;
mod markdown;
mod words;

use super::dataset::{
    DatasetReport, FieldReport, LooksLikeReport, RiskReport, SmallCellsReport, StoreReport, StoreState,
};
use super::run::{Outcome, RunReport};
use crate::data::{Audience, Class, Name, Period, RowCondition};
use crate::job::{DatasetPlan, Location, OutputPlan, Plan, PrivacySaid, SourceSpec};
use crate::privacy::ColumnTreatment;
pub use article30::article30;
use chrono::{DateTime, Utc};
pub use dpia::dpia;
use serde::Serialize;
use std::collections::BTreeMap;

/// The format of [`Paper`] as JSON: raised when a reader of the one before would misread it.
pub const PAPER_FORMAT: &str = "nightferry.privacy/1";

/// What is done with personal data in one job.
#[derive(Clone, Debug, Serialize)]
pub struct Paper {
    /// [`PAPER_FORMAT`].
    pub format: &'static str,
    /// Job.
    pub job: String,
    /// What it carries.
    pub description: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Environment.
    pub environment: String,
    /// The days it is for.
    pub period: Period,
    /// The run; none of a job that is only planned.
    pub run: Option<PaperRun>,
    /// The rules by which it was treated.
    pub rules: PaperRules,
    /// What a person said of it.
    pub said: PrivacySaid,
    /// Its datasets.
    pub datasets: Vec<PaperDataset>,
    /// Domains whose values and tokens a vault in the store `restricted` has.
    pub vaults: Vec<String>,
    /// Domains of pseudonyms that are made with a key.
    pub keyed: Vec<String>,
}

/// The run that a paper is of.
#[derive(Clone, Debug, Serialize)]
pub struct PaperRun {
    /// Its id.
    pub run: String,
    /// When it began, UTC.
    #[serde(serialize_with = "super::run::seconds_utc")]
    pub started_at: DateTime<Utc>,
    /// How it ended; `None` of one that was about to publish: whether it did, `nightferry_runs` says.
    pub outcome: Option<Outcome>,
}

/// Versions of the rules.
#[derive(Clone, Debug, Serialize)]
pub struct PaperRules {
    /// Version of the binary: of its recognisers and treatments.
    pub nightferry: &'static str,
    /// Version of the keys of pseudonyms.
    pub keys_version: u32,
    /// sha256 of the job file.
    pub job_sha256: String,
    /// sha256 of the environment file.
    pub environment_sha256: String,
}

/// One dataset.
#[derive(Clone, Debug, Serialize)]
pub struct PaperDataset {
    /// Its name.
    pub name: String,
    /// What a row is.
    pub description: String,
    /// Where its rows come from.
    pub source: PaperSource,
    /// sha256 of its schema file: the version of the rules that say what a column is and what becomes of it.
    pub schema_sha256: String,
    /// Rows that were read.
    pub rows_read: Option<u64>,
    /// What each store gets.
    pub stores: Vec<PaperStore>,
    /// Columns of rows that are set aside in the store `restricted`: bad, differing, breaking a check.
    pub set_aside: Vec<PaperColumn>,
}

/// A source, without what opens it.
#[derive(Clone, Debug, Serialize)]
pub struct PaperSource {
    /// Its name in the environment.
    pub name: String,
    /// `postgres`, `files`, `rds_export`, `pg_dump` or `dump`.
    pub form: &'static str,
}

/// What one store gets.
#[derive(Clone, Debug, Serialize)]
pub struct PaperStore {
    /// Store.
    pub name: String,
    /// Who may see it.
    pub audience: Audience,
    /// Where it lies, the second cloud last.
    pub places: Vec<PaperPlace>,
    /// How far it got.
    pub state: Option<StoreState>,
    /// The table's version.
    pub version: Option<u64>,
    /// Rows that were written.
    pub rows_written: Option<u64>,
    /// Rows that were left out.
    pub rows_suppressed: Option<u64>,
    /// Rows that it does not get, as the schema says it.
    pub rows_left_out: Vec<String>,
    /// Small groups that it does not see, as the schema says it.
    pub small_cells: Option<String>,
    /// What of them was not shown.
    pub small_cells_found: Option<SmallCellsReport>,
    /// Columns that the risk is counted by.
    pub risk_by: Vec<Name>,
    /// The risk that is left.
    pub risk: Option<RiskReport>,
    /// Every column.
    pub columns: Vec<PaperColumn>,
}

/// A folder of a store.
#[derive(Clone, Debug, Serialize)]
pub struct PaperPlace {
    /// Its address.
    pub url: String,
    /// The region, where it is told.
    pub region: Option<String>,
    /// Whether that is outside AWS (and outside this machine).
    pub is_outside_aws: bool,
}

/// A column, for one audience.
#[derive(Clone, Debug, Serialize)]
pub struct PaperColumn {
    /// Its name.
    pub name: String,
    /// How delicate it is.
    pub class: Class,
    /// What it is about.
    pub kind: Option<String>,
    /// Kinds that its values look like and are not, with why somebody says so.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub not_personal: BTreeMap<String, String>,
    /// What is done to it, in the words of a schema file.
    pub treatment: String,
    /// What that makes of a value.
    pub becomes: String,
    /// What was found in it.
    pub found: Option<PaperFound>,
}

/// What a run found in a column: counts and kinds.
#[derive(Clone, Debug, Serialize)]
pub struct PaperFound {
    /// Cells of what was written that looked like personal data.
    pub findings: u64,
    /// What it is of by what it holds.
    pub looks_like: Option<LooksLikeReport>,
    /// Fields of JSON.
    pub fields: Vec<FieldReport>,
    /// Of scrubbed text, kind -> pieces that were replaced.
    pub replaced: BTreeMap<&'static str, u64>,
}

impl Paper {
    /// The same of a run that is about to publish: how it ends is not known yet, nor how far it gets.
    pub fn before_its_end(mut self) -> Self {
        if let Some(run) = &mut self.run {
            run.outcome = None;
        }
        for store in self.datasets.iter_mut().flat_map(|dataset| &mut dataset.stores) {
            store.state = None;
        }
        self
    }
}

/// The paper of a job, and of a run of it where there was one.
pub fn paper(plan: &Plan, report: Option<&RunReport>) -> Paper {
    let shown = || {
        let outputs = plan.datasets.iter().flat_map(|dataset| &dataset.outputs).flat_map(|output| &output.columns);
        outputs.chain(plan.datasets.iter().flat_map(|dataset| &dataset.set_aside))
    };
    let domains = |mut domains: Vec<&Name>| {
        domains.sort();
        domains.dedup();
        domains.into_iter().map(ToString::to_string).collect()
    };
    let of = |name: &Name| report?.datasets.iter().find(|dataset| dataset.name == name.as_str());
    Paper {
        format: PAPER_FORMAT,
        job: plan.job.to_string(),
        description: plan.description.clone(),
        owner: plan.owner.clone(),
        environment: plan.environment.to_string(),
        period: plan.period,
        run: report.map(|report| PaperRun {
            run: report.run.clone(),
            started_at: report.started_at,
            outcome: Some(report.outcome),
        }),
        rules: PaperRules {
            nightferry: env!("CARGO_PKG_VERSION"),
            keys_version: plan.tokens_version,
            job_sha256: plan.job_hash.clone(),
            environment_sha256: plan.environment_hash.clone(),
        },
        said: plan.privacy.clone(),
        datasets: plan.datasets.iter().map(|dataset| told_dataset(plan, dataset, of(&dataset.name))).collect(),
        vaults: domains(shown().flat_map(|shown| shown.treatment.vaults()).collect()),
        keyed: domains(shown().flat_map(|shown| shown.treatment.domains()).collect()),
    }
}

fn told_dataset(plan: &Plan, dataset: &DatasetPlan, report: Option<&DatasetReport>) -> PaperDataset {
    let form = match plan.sources.get(&dataset.from) {
        Some(SourceSpec::Postgres(_)) => "postgres",
        Some(SourceSpec::RdsExport { .. }) => "rds_export",
        Some(SourceSpec::PgDump { .. }) => "pg_dump",
        Some(SourceSpec::Dump { .. }) => "dump",
        Some(SourceSpec::Files { .. }) | None => "files",
    };
    let of = |output: &OutputPlan| report?.stores.iter().find(|store| store.name == output.store.as_str());
    PaperDataset {
        name: dataset.name.to_string(),
        description: dataset.schema.description.clone(),
        source: PaperSource { name: dataset.from.to_string(), form },
        schema_sha256: dataset.schema_hash.clone(),
        rows_read: report.map(|report| report.rows_read),
        stores: dataset.outputs.iter().map(|output| told_store(plan, dataset, output, of(output))).collect(),
        set_aside: aside(dataset).map(|shown| told_column(shown, None)).collect(),
    }
}

/// The columns of rows that are set aside: one that no store needs is not even selected.
fn aside(dataset: &DatasetPlan) -> impl Iterator<Item = &ColumnTreatment> {
    dataset.set_aside.iter().filter(|shown| dataset.extract.columns.contains(&shown.column.name))
}

fn told_store(plan: &Plan, dataset: &DatasetPlan, output: &OutputPlan, report: Option<&StoreReport>) -> PaperStore {
    let place = |location: &Location| PaperPlace {
        url: format!("{}/{}", location.url.trim_end_matches('/'), dataset.name),
        region: location.region.clone(),
        is_outside_aws: location.is_outside_aws(),
    };
    let spec = plan.stores.get(&output.store);
    let column = |shown: &ColumnTreatment| {
        let found =
            report.and_then(|report| report.columns.iter().find(|column| column.name == shown.column.name.as_str()));
        let found = found.map(|found| PaperFound {
            findings: found.findings,
            looks_like: found.looks_like.clone(),
            fields: found.fields.clone(),
            replaced: found.replaced.clone(),
        });
        told_column(shown, found)
    };
    PaperStore {
        name: output.store.to_string(),
        audience: output.audience,
        places: spec.iter().flat_map(|spec| std::iter::once(&spec.primary).chain(&spec.second)).map(place).collect(),
        state: report.map(|report| report.state),
        version: report.and_then(|report| report.version),
        rows_written: report.map(|report| report.rows_written),
        rows_suppressed: report.map(|report| report.rows_suppressed),
        rows_left_out: output.suppress_rows.iter().map(RowCondition::to_string).collect(),
        small_cells: output.small_cells.as_ref().map(|cells| cells.phrase()),
        small_cells_found: report.and_then(|report| report.small_cells.clone()),
        risk_by: output.risk.as_ref().map(|risk| risk.quasi.clone()).unwrap_or_default(),
        risk: report.and_then(|report| report.risk.clone()),
        columns: output.columns.iter().map(column).collect(),
    }
}

fn told_column(shown: &ColumnTreatment, found: Option<PaperFound>) -> PaperColumn {
    let ColumnTreatment { column, treatment } = shown;
    PaperColumn {
        name: column.name.to_string(),
        class: column.class,
        kind: column.kind.clone(),
        not_personal: column.not_personal.clone(),
        treatment: treatment.to_string(),
        becomes: words::becomes(treatment),
        found,
    }
}
