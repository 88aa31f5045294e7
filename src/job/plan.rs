//! The plan of a run: every decision made, nothing touched yet.

use super::bucket_file::KmsSpec;
use super::kafka_spec::KafkaSpec;
use super::lineage_file::LineageSpec;
use super::login_spec::LoginSpec;
use super::message_file::MessageSpec;
use super::privacy_file::PrivacySaid;
use super::role_spec::RoleSpec;
use super::write_plan::WriteMode;
use crate::changes::{Layout, Reading};
use crate::cost::Prices;
use crate::data::{Audience, Extract, Name, Period, RiskTerms, RowCondition, Schema, SmallCells};
use crate::privacy::ColumnTreatment;
use crate::reconcile::claims::{Claim, Take};
use crate::reconcile::diff::Tolerance;
use chrono::TimeDelta;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A job in one environment for one period, decided.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The job's name.
    pub job: Name,
    /// What it is for.
    pub description: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// What the papers say that no tool knows.
    pub privacy: PrivacySaid,
    /// Environment, such as `dev`.
    pub environment: Name,
    /// Written into every commit; a store with commits of another stamp refuses.
    pub stamp: String,
    /// The days the run is for.
    pub period: Period,
    /// Datasets in the job's order.
    pub datasets: Vec<DatasetPlan>,
    /// Topics that are landed and compared with nothing, in the job's order.
    pub topics: Vec<TopicPlan>,
    /// Sources the datasets name, as the environment describes them.
    pub sources: BTreeMap<Name, SourceSpec>,
    /// Stores the datasets name, with `restricted` and `security`.
    pub stores: BTreeMap<Name, StoreSpec>,
    /// Where the key of `hmac` comes from; `None` when the environment has none.
    pub tokens: Option<SecretRef>,
    /// The version of the keys that are derived from it.
    pub tokens_version: u32,
    /// Limits of the run.
    pub limits: Limits,
    /// What things cost.
    pub prices: Prices,
    /// Whom to tell when a person has something to do.
    pub messages: Vec<MessageSpec>,
    /// Where events of lineage go.
    pub lineage: LineageSpec,
    /// sha256 of the job file, hex.
    pub job_hash: String,
    /// sha256 of the environment file, hex.
    pub environment_hash: String,
}

impl Plan {
    /// Whether what is written to `store` leaves AWS: itself, or for its second cloud.
    pub fn leaves_aws(&self, store: &str) -> bool {
        let of = |spec: &StoreSpec| spec.primary.is_outside_aws() || spec.second.is_some();
        self.stores.values().find(|spec| spec.name.as_str() == store).is_some_and(of)
    }

    /// Where each store is, as the environment file writes it.
    pub fn places(&self) -> BTreeMap<String, String> {
        self.stores.iter().map(|(name, store)| (name.to_string(), store.primary.url.clone())).collect()
    }
}

/// One dataset of a job, decided.
#[derive(Clone, Debug)]
pub struct DatasetPlan {
    /// The dataset: its folder in every store.
    pub name: Name,
    /// Source of the environment.
    pub from: Name,
    /// What is asked of the source; of several periods, for the first.
    pub extract: Extract,
    /// How its tables are written.
    pub write: WriteMode,
    /// Columns that are extracted to know whose rows they are, and for nothing else.
    pub looked_at: BTreeSet<Name>,
    /// The dataset's schema (the same as `extract.schema`).
    pub schema: Arc<Schema>,
    /// sha256 of the schema file, hex.
    pub schema_hash: String,
    /// One for each store of `to`.
    pub outputs: Vec<OutputPlan>,
    /// Treatment of every column in what is set aside in the restricted store: differing rows and bad rows.
    pub set_aside: Vec<ColumnTreatment>,
    /// Whether its tables get a copy with one object a period.
    pub plain_copy: bool,
    /// More bad rows than this stop the job.
    pub bad_rows_max: u64,
    /// Whether no rows at all is fine.
    pub allow_empty: bool,
    /// What it is compared with; `None` is NOT_COMPARED.
    pub reconcile: Option<ReconcilePlan>,
    /// The author's checks, run over the job's datasets before treatment.
    pub checks: Vec<CheckPlan>,
}

/// A topic that is landed and compared with nothing, decided.
#[derive(Clone, Debug)]
pub struct TopicPlan {
    /// Its name in the job.
    pub name: Name,
    /// Source of the environment that holds its dump.
    pub from: Name,
    /// The topic.
    pub topic: String,
    /// A topic beside it that shows how far the stream has come.
    pub heartbeat: Option<String>,
    /// The schema of its rows.
    pub schema: Arc<Schema>,
    /// sha256 of the schema file, hex.
    pub schema_hash: String,
    /// Treatment of every column for the audience of the dump; none where nothing lands it.
    pub columns: Vec<ColumnTreatment>,
    /// The source, as the environment describes it. No night opens it.
    pub source: SourceSpec,
}

/// What one store gets of a dataset.
#[derive(Clone, Debug)]
pub struct OutputPlan {
    /// Store of the environment.
    pub store: Name,
    /// Its audience.
    pub audience: Audience,
    /// Treatment of every column of the schema, in schema order, dropped ones too.
    pub columns: Vec<ColumnTreatment>,
    /// Rows that it does not get: those of which any of these holds.
    pub suppress_rows: Vec<RowCondition>,
    /// What is asked of the risk that is left.
    pub risk: Option<RiskTerms>,
    /// Groups that it does not see.
    pub small_cells: Option<SmallCells>,
}

impl OutputPlan {
    /// Whether the store may get fewer rows than the source has, or less of them than its columns say.
    pub fn leaves_rows_out(&self) -> bool {
        !self.suppress_rows.is_empty() || self.small_cells.is_some()
    }
}

/// What a dataset is compared with.
#[derive(Clone, Debug)]
pub struct ReconcilePlan {
    /// Source of the environment that holds the topic dump.
    pub against: Name,
    /// Topic.
    pub topic: String,
    /// What differences do.
    pub on_drift: OnVerdict,
    /// What an undecidable comparison does.
    pub on_inconclusive: OnVerdict,
    /// How long a stream that is behind is waited for, from when the job's rows are there; zero: not at all.
    pub wait: TimeDelta,
    /// How far from the extract's moment, either way, nobody can tell by the clock what it shows.
    pub window: TimeDelta,
    /// A topic of the same dump that shows how far the stream has come.
    pub heartbeat: Option<String>,
    /// Column -> what it may differ by.
    pub tolerate: BTreeMap<Name, Tolerance>,
}

/// What a verdict other than MATCH does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnVerdict {
    /// Nothing of the job is published.
    #[default]
    Refuse,
    /// Published all the same; the report says so.
    Publish,
}

impl OnVerdict {
    /// The word in the job file.
    pub fn as_str(self) -> &'static str {
        match self {
            OnVerdict::Refuse => "refuse",
            OnVerdict::Publish => "publish",
        }
    }
}

/// A check.
#[derive(Clone, Debug)]
pub struct CheckPlan {
    /// What it claims, in the author's words.
    pub name: String,
    /// How that is found out.
    pub how: CheckedBy,
    /// What its failure does.
    pub severity: Severity,
}

/// How a check is made.
#[derive(Clone, Debug)]
pub enum CheckedBy {
    /// SQL over this job's datasets by name, that gives one row with a boolean column `holds`.
    Sql(String),
    /// A claim that is looked at while rows come.
    Claim(Claim),
}

/// A side of a claim: the place of its dataset in the plan, of the check there, and of the side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SideOf {
    /// The dataset that has the check.
    pub dataset: usize,
    /// The check.
    pub check: usize,
    /// The side.
    pub side: usize,
}

impl Plan {
    /// What the checks of the job need of a dataset's rows.
    pub fn takes(&self, of: &Name) -> Vec<(SideOf, Take)> {
        let mut takes = Vec::new();
        for (dataset, owner) in self.datasets.iter().enumerate() {
            for (check, planned) in owner.checks.iter().enumerate() {
                let CheckedBy::Claim(claim) = &planned.how else { continue };
                let sides = claim.sides(&owner.name).into_iter().enumerate().filter(|(_, (name, _))| *name == of);
                takes.extend(sides.map(|(side, (_, take))| (SideOf { dataset, check, side }, take)));
            }
        }
        takes
    }
}

/// How bad a failed check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing of the job is published (exit 25).
    #[default]
    Error,
    /// The report says so.
    Warn,
}

/// A source, as the environment describes it.
#[derive(Clone, Debug)]
pub enum SourceSpec {
    /// A PostgreSQL database.
    Postgres(PostgresSpec),
    /// Extracts that somebody else made.
    Files {
        /// Folder.
        url: Location,
    },
    /// An RDS snapshot export.
    RdsExport {
        /// Folder of the export: its last part is the export's identifier.
        url: Location,
        /// Database whose tables are read.
        database: String,
    },
    /// A folder that `pg_dump -Fd` wrote.
    PgDump {
        /// Folder.
        url: Location,
        /// Zone of the clock where pg_dump ran.
        time_zone: chrono_tz::Tz,
    },
    /// Dumps of Kafka topics.
    Dump {
        /// Folder that holds a folder a topic.
        url: Location,
        /// How objects are named.
        layout: Layout,
        /// How values are read.
        reading: Reading,
        /// The cluster whose topics the relay lands there.
        kafka: Option<Box<KafkaSpec>>,
    },
}

/// How a PostgreSQL database is reached.
#[derive(Clone, Debug)]
pub struct PostgresSpec {
    /// Host name, checked against the certificate.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Database.
    pub database: String,
    /// Role.
    pub user: String,
    /// Password, by reference.
    pub password: Option<SecretRef>,
    /// PEM file with the CA to trust; the system's roots without it.
    pub ca: Option<String>,
    /// Sessions at the server at once, at most, the one that exports the snapshot included: of all roles together.
    pub connections: u32,
    /// How the login is guarded.
    pub login: LoginSpec,
    /// Schemas of the database that a role of their own reads, by their names there.
    pub schemas: BTreeMap<String, RoleSpec>,
}

/// A folder in some store: its URL and what its provider needs to know.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Location {
    /// `target/warehouse` (a local folder), `s3://bucket/prefix`, `az://container/prefix`, `abfss://container@account.dfs.core.windows.net/prefix`.
    pub url: String,
    /// Region of an S3 bucket.
    pub region: Option<String>,
    /// Another endpoint than the provider's own.
    pub endpoint: Option<String>,
    /// PEM file with a CA to trust besides the system's.
    pub ca: Option<String>,
    /// How Azure is shown who we are; without it as the surroundings say.
    pub azure: Option<AzureLogin>,
    /// The key of KMS that objects of a bucket are written under; as the bucket itself says without it.
    pub kms: Option<KmsSpec>,
    /// The role of AWS that a bucket is asked as by whoever comes from Azure, by its ARN.
    pub role: Option<String>,
}

/// How Azure is shown who we are, by a secret that is referred to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AzureLogin {
    /// By a shared access signature.
    Sas(SecretRef),
    /// By the secret of an application.
    Client {
        /// Where it is found.
        secret: SecretRef,
        /// The application; without it `AZURE_CLIENT_ID`.
        client: Option<String>,
        /// Its tenant; without it `AZURE_TENANT_ID`.
        tenant: Option<String>,
    },
}

impl AzureLogin {
    /// Where its secret is found.
    pub fn secret(&self) -> &SecretRef {
        match self {
            AzureLogin::Sas(secret) | AzureLogin::Client { secret, .. } => secret,
        }
    }
}

/// A store, as the environment describes it.
#[derive(Clone, Debug)]
pub struct StoreSpec {
    /// Its name in the environment.
    pub name: Name,
    /// Where the truth of each table is.
    pub primary: Location,
    /// The second cloud.
    pub second: Option<Location>,
    /// Who may see what is in it.
    pub audience: Audience,
    /// Whether it lies outside the body's AWS accounts.
    pub boundary: Boundary,
    /// The epoch that is written in: raised by a failover, so that whoever still has the environment of before is refused.
    pub epoch: u64,
}

/// Which side of the border a store is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Boundary {
    /// Inside: near store.
    #[default]
    Internal,
    /// Outside: nothing of audience `restricted` goes there. (What no url outside AWS gets before the job's verdict depends
    /// on the url alone.)
    External,
}

/// Where a secret is found. The secret itself is never in a file of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretRef {
    /// An environment variable.
    Env(String),
    /// A file readable by its owner alone.
    File(String),
    /// A secret of AWS Secrets Manager.
    Aws {
        /// Its ARN, or its name.
        secret: String,
        /// The text of its JSON that is meant; without it the whole secret.
        field: Option<String>,
    },
    /// A secret of Azure Key Vault.
    KeyVault {
        /// `https://<vault>.vault.azure.net/secrets/<name>`.
        url: String,
        /// As of the other.
        field: Option<String>,
    },
    /// The fixed key of the environment `dev`: for invented people only.
    TestKey,
}

/// Bounds of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Arrow bytes held at once, at most (exit 50).
    pub memory_bytes_max: u64,
    /// Rows a batch.
    pub batch_rows_max: usize,
    /// Rows a Parquet row group.
    pub row_group_rows_max: usize,
    /// Arrow bytes a row group, after which the next one starts.
    pub row_group_bytes_max: u64,
    /// Rows a part.
    pub part_rows_max: usize,
    /// Encoded bytes a part, after which the next one starts.
    pub part_bytes_max: u64,
    /// Bytes of one cell.
    pub cell_bytes_max: usize,
    /// Bytes that lie on the disk at once, of what is put aside and of parts that wait for the verdict (exit 51).
    pub spill_bytes_max: u64,
    /// Bytes that one run may send out of AWS (exit 52); `None` is as many as there are.
    pub bytes_out_max: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory_bytes_max: MEMORY_BYTES_MAX,
            batch_rows_max: 65_536,
            row_group_rows_max: 131_072,
            row_group_bytes_max: 32 << 20,
            part_rows_max: 8_388_608,
            part_bytes_max: 32 << 20,
            cell_bytes_max: 1 << 20,
            spill_bytes_max: SPILL_BYTES_MAX,
            bytes_out_max: None,
        }
    }
}

/// Of a run that nobody and nothing limits.
const MEMORY_BYTES_MAX: u64 = 1 << 30;
/// What Fargate's 20 GB hold beside the image.
const SPILL_BYTES_MAX: u64 = 16 << 30;
/// The part of a container's memory that rows may take: the rest is for parts under way, buffers and the program.
const CONTAINER_PART: u64 = 2;
/// The part of a run's memory that one row group may take before it is encoded, and the part that those under way may.
const ROW_GROUP_PART: u64 = 16;
const ROW_GROUPS_PART: u64 = 4;

impl Limits {
    /// With the memory that a container of `container_bytes` leaves to rows.
    pub fn within(self, container_bytes: u64) -> Self {
        Limits { memory_bytes_max: container_bytes / CONTAINER_PART, ..self }
    }

    /// Arrow bytes that end a row group. Where parts are cut depends on nothing but the environment's own words as long as
    /// there are 512 MiB for rows: the same rows give the same files on a larger machine.
    pub fn unit_bytes_max(&self) -> u64 {
        self.row_group_bytes_max.min(self.memory_bytes_max / ROW_GROUP_PART)
    }

    /// Row groups that may be under way at once for `threads`: one each and one that fills, as far as memory goes.
    pub fn units_max(&self, threads: usize) -> usize {
        let fit = self.memory_bytes_max / ROW_GROUPS_PART / self.unit_bytes_max().max(1);
        usize::try_from(fit).unwrap_or(usize::MAX).clamp(2, threads.max(1) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_row_groups_alike_whatever_the_machine_and_takes_fewer_at_once_where_memory_is_short() {
        let standard = Limits::default();
        for (container_gib, units) in [(1, 4), (2, 8), (8, 17), (64, 17)] {
            let limits = standard.within(container_gib << 30);
            assert_eq!((limits.unit_bytes_max(), limits.units_max(16)), (32 << 20, units), "{container_gib} GiB");
        }
        let small = standard.within(64 << 20);
        assert_eq!((small.unit_bytes_max(), small.units_max(16)), (2 << 20, 4));
        assert_eq!(standard.units_max(2), 3);
    }
}
