//! What was asked: texts -> [`Job`] -> [`Plan`]. Pure: texts come in through a parameter, nothing is opened.
//!
//! ```text
//! tree.rs              TOML -> values with their places
//! shape.rs             what a file may hold, as data: checks it and makes the JSON Schema
//! files.rs             the three kinds of file, key by key
//! job_file.rs          jobs/<name>.toml
//! rows_file.rs         its rows: table, query, where and parameters
//! write_file.rs        how its tables are written: write and period
//! privacy_file.rs      what the papers say that no tool knows
//! by_audience.rs       what a table of a schema says for each audience:
//! suppress_file.rs     rows that it does not see
//! small_cells_file.rs  groups that are too small for it
//! risk_file.rs         what is asked of the risk that is left
//! merge_file.rs        the same of `merge`
//! reconcile_file.rs    what its rows are compared with
//! topic_file.rs        topics that are landed and compared with nothing
//! check_keys.rs        its checks, key by key
//! check_file.rs        what they claim; check_types.rs of which columns, check_references.rs and check_other.rs of other tables
//! schema_file.rs       schemas/<name>.toml
//! references_file.rs   what its columns point at in others
//! treatment_file.rs    its treatments
//! dump.rs              what an environment declares of a dump
//! environment_file.rs  jobs/environments/<name>.toml
//! secret_file.rs       where a secret is found; azure_login.rs: how Azure is shown who we are
//! login_spec.rs        how a PostgreSQL login is guarded; role_spec.rs: schemas that a role of their own reads
//! lineage_file.rs      where it wants events of lineage
//! message_file.rs      whom it tells
//! bucket_file.rs       by which key and role a bucket is written and asked
//! boundaries.rs        which places may lie where
//! kafka_spec.rs        how a cluster is reached whose topics are landed; kafka_login.rs: how we show it who we are
//! ground.rs            where a location lies
//! load.rs              all three together -> Checked
//! decide.rs            Checked -> Plan
//! write_plan.rs        how a table is written, and what is asked of the source for it
//! prices_file.rs       what things cost there; requests.rs: what is asked of stores, at least
//! told.rs              how patient it is with those it tells, as the plan shows it
//! plan.rs              every path, limit, query and treatment, decided
//! select.rs            the SELECT that a plan shows
//! face.rs              the plan as a person reads it
//! face_json.rs         the plan as JSON
//! ```
//!
//! A fault in a file is a [`Problem`](crate::problem::Problem) with its place; all faults are told at once.

mod azure_login;
mod boundaries;
mod bucket_file;
mod by_audience;
mod check_file;
mod check_keys;
mod check_other;
mod check_references;
mod check_types;
mod decide;
mod dump;
mod environment_file;
mod face;
mod face_json;
mod files;
mod ground;
mod job_file;
mod kafka_login;
mod kafka_spec;
mod lineage_file;
mod load;
mod login_spec;
mod merge_file;
mod message_file;
mod plan;
mod prices_file;
mod privacy_file;
mod reconcile_file;
mod references_file;
mod requests;
mod risk_file;
mod role_spec;
mod rows_file;
mod schema_file;
mod secret_file;
mod select;
mod shape;
mod small_cells_file;
mod suppress_file;
mod told;
mod topic_file;
mod treatment_file;
mod tree;
mod write_file;
mod write_plan;

use crate::problem::Problem;

pub use bucket_file::KmsSpec;
pub use check_types::can_point;
pub use environment_file::Environment;
pub use face::face;
pub use face_json::json;
pub use ground::{is_this_machine, never_asked};
pub use job_file::{Job, RESERVED, VAULT, Written};
pub use kafka_login::{KafkaAuth, ScramHash};
pub use kafka_spec::KafkaSpec;
pub use lineage_file::{LineageHttp, LineageSpec};
pub use load::{Checked, Read, load, load_environment, schema};
pub use login_spec::{Auth, ClientSpec, KnownPower, LoginSpec, Trust, is_loopback};
pub use message_file::{BodyShape, MessageSpec, Road};
pub use plan::*;
pub use privacy_file::PrivacySaid;
pub use requests::requests_at_least;
pub use role_spec::RoleSpec;
pub use rows_file::OF_THE_PERIOD;
pub use secret_file::{AwsSecret, VaultSecret};
pub use shape::bytes;
pub use told::{CONNECT_MAX, EVENT_MAX, PAUSES, TELLING_MAX, TRY_MAX};
pub use write_plan::{MergePlan, PERIODS_MAX, WriteMode};

/// The JSON Schemas (draft 2020-12) of the three kinds of file, by the name that each is written under.
pub fn json_schemas() -> [(&'static str, serde_json::Value); 3] {
    [
        ("job.schema.json", shape::json_schema("a nightferry job", files::JOB)),
        ("schema.schema.json", shape::json_schema("a nightferry schema", files::SCHEMA)),
        ("environment.schema.json", shape::json_schema("a nightferry environment", files::ENVIRONMENT)),
    ]
}

/// Whether a problem is one of the environment or a secret (exit 11) rather than of job and schema (exit 10).
pub fn is_of_environment(problem: &Problem) -> bool {
    problem.id.starts_with("E-ENV-") || problem.place.file.starts_with("jobs/environments/")
}
