//! Why a store did not do what was asked, and how the object store's own errors become ours.
//!
//! Never in here: what an object store's error means (`access::meaning`), and its text.

use crate::access::secret::SecretFault;
use crate::access::{Folder, IdentityFault, Meaning, meaning};
use crate::data::Audience;
use crate::format::parquet_write::WriteFault;

/// Why a store did not do what was asked. Names, places and codes; never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, or kept failing (exit 71).
    #[error("store `{store}` went away while {during}{}", code.map(|c| format!(" (HTTP {c})")).unwrap_or_default())]
    Away {
        /// The store.
        store: String,
        /// What was being done.
        during: &'static str,
        /// HTTP status, where there was an answer.
        code: Option<u16>,
    },
    /// It refused us (exit 12).
    #[error("store `{store}` refused us while {during}")]
    Refused {
        /// The store.
        store: String,
        /// What was being done.
        during: &'static str,
    },
    /// There is no token to show it (exit 12, or what the fault stands for).
    #[error("there is no token for store `{store}`: {fault}")]
    NoToken {
        /// The store.
        store: String,
        /// Why.
        fault: IdentityFault,
    },
    /// The secret that it would be shown cannot be had (exit 11, or what the fault stands for).
    #[error("there is no secret for store `{store}`: {fault}")]
    NoSecret {
        /// The store.
        store: String,
        /// Why.
        fault: SecretFault,
    },
    /// It sends us to another address (exit 13).
    #[error("store `{store}` answers with another address while {during}, and no redirect is followed")]
    Elsewhere {
        /// The store.
        store: String,
        /// What was being done.
        during: &'static str,
    },
    /// Its certificate cannot be trusted (exit 13).
    #[error("the certificate of store `{store}` is not trusted; hint: `ca` names a PEM file to trust")]
    Tls {
        /// The store.
        store: String,
    },
    /// A bucket, container, table or object that should be there is not (exit 14).
    #[error("{what} is not there in store `{store}`")]
    NotThere {
        /// The store.
        store: String,
        /// What is missing.
        what: String,
    },
    /// No space left (exit 51).
    #[error("store `{store}` has no space left")]
    Full {
        /// The store.
        store: String,
    },
    /// The parts that wait for the verdict take more of the disk than they may (exit 51).
    #[error("more than `spill_max` would wait for the verdict on the disk")]
    Spilled,
    /// Two create-only writes of one object both succeeded: no commit is safe there (exit 14).
    #[error("store `{store}` lets two writers create one object")]
    NotExclusive {
        /// The store.
        store: String,
    },
    /// Rows made for one audience were offered to a store of another (exit 23).
    #[error("store `{store}` is for `{wants}`, and the rows are for `{got}`")]
    Audience {
        /// The store.
        store: String,
        /// Its audience.
        wants: Audience,
        /// The rows' audience.
        got: Audience,
    },
    /// The store or table holds another environment's data (exit 14).
    #[error("{what} of store `{store}` belongs to environment `{theirs}`, and this is `{ours}`")]
    Stamp {
        /// The store.
        store: String,
        /// The store itself or one of its tables.
        what: String,
        /// Its stamp.
        theirs: String,
        /// Ours.
        ours: String,
    },
    /// A failover has overtaken this environment (exit 12).
    #[error("store `{store}` is in epoch {newest}, and this environment writes in epoch {ours}")]
    Epoch {
        /// The store.
        store: String,
        /// Its newest epoch.
        newest: u64,
        /// Ours.
        ours: u64,
    },
    /// The table belongs to another job, or to no job of ours (exit 14).
    #[error("table `{table}` of store `{store}` belongs to {theirs}, and this is job `{ours}`")]
    Owner {
        /// The store.
        store: String,
        /// The table.
        table: String,
        /// Its owner, in words.
        theirs: String,
        /// This job.
        ours: String,
    },
    /// The table's files are not such that the night's periods could take the place of theirs (exit 10).
    #[error("table `{table}` of store `{store}` cannot be written by these periods: {fault}")]
    Layout {
        /// The store.
        store: String,
        /// The table.
        table: String,
        /// What is in the way.
        fault: String,
    },
    /// A plain copy would send more out of AWS than the environment lets (exit 52).
    #[error("{bytes} bytes of the plain copy of table `{table}` would leave AWS, where bytes_out_max leaves {left}")]
    TooMuchOut {
        /// The table.
        table: String,
        /// Bytes that would have to be sent.
        bytes: u64,
        /// What is left of the limit.
        left: u64,
    },
    /// A version whose log was shortened (exit 14).
    #[error(
        "version {version} of a table of store `{store}` is no longer in its log, which begins at version {oldest}"
    )]
    Shortened {
        /// The store.
        store: String,
        /// The version that is asked for.
        version: u64,
        /// The oldest that there is.
        oldest: u64,
    },
    /// A version shows what today's job would not show (exit 23).
    #[error("version {version} of table `{table}` in store `{store}` {shows}")]
    TreatedSince {
        /// The store.
        store: String,
        /// The table.
        table: String,
        /// The version.
        version: u64,
        /// What it shows, in words.
        shows: String,
    },
    /// Another writer took a version that a job record had named (exit 12: somebody else may write there).
    #[error("version {version} of table `{table}` in store `{store}` was written by somebody else")]
    Conflict {
        /// The store.
        store: String,
        /// The table.
        table: String,
        /// The version.
        version: u64,
    },
    /// The second cloud holds something else than the primary (exit 41).
    #[error("{what} differs between store `{store}` and its second cloud")]
    Diverged {
        /// The store.
        store: String,
        /// The object.
        what: String,
    },
    /// An object is not what was written (exit 42).
    #[error("{object} of store `{store}` is not what was written: {fault}")]
    Checksum {
        /// The store.
        store: String,
        /// The object.
        object: String,
        /// What is wrong.
        fault: &'static str,
    },
    /// A log, record or manifest that is not in its format (exit 42).
    #[error("{object} of store `{store}` is damaged: {fault}")]
    Damaged {
        /// The store.
        store: String,
        /// The object.
        object: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A table holds a night that the job's records do not tell of: records were lost (exit 42).
    #[error(
        "table `{table}` of store `{store}` holds a later night of job `{job}` than the ledger in the store of audience \
         `security` tells of; hint: bring `_jobs/{job}` back as it was"
    )]
    LedgerBehind {
        /// The store.
        store: String,
        /// The table.
        table: String,
        /// The job.
        job: String,
    },
    /// What failed was the writing of a night whose record stands: it is decided, and the next run completes it.
    #[error("{0}")]
    Decided(Box<StoreError>),
    /// Other runs of this job kept coming first (exit 71).
    #[error("other runs of job `{job}` kept coming first")]
    Outrun {
        /// The job.
        job: String,
    },
    /// Rows could not be encoded (exit 10 for a type that is not published; else a fault of ours).
    #[error("dataset `{dataset}`: {fault}")]
    Encode {
        /// The dataset.
        dataset: String,
        /// Why.
        fault: WriteFault,
    },
    /// What was encoded does not read back (exit 42).
    #[error("a part of dataset `{dataset}` does not read back")]
    ReadBack {
        /// The dataset.
        dataset: String,
    },
}

impl StoreError {
    /// Whether the same call may succeed later without anyone changing anything.
    pub fn is_passing(&self) -> bool {
        match self {
            StoreError::Decided(cause) => cause.is_passing(),
            StoreError::NoToken { fault, .. } => fault.is_passing(),
            StoreError::NoSecret { fault, .. } => fault.is_passing(),
            other => matches!(other, StoreError::Away { .. } | StoreError::Outrun { .. }),
        }
    }
}

/// An object of `folder` that is not in its format, by the name that messages have for it.
pub(super) fn damaged(folder: &Folder, object: impl Into<String>, fault: &'static str) -> StoreError {
    StoreError::Damaged { store: folder.label().to_owned(), object: object.into(), fault }
}

/// Maps an object store's error, met in `folder` while doing `during` with `what`.
pub(super) fn fault(folder: &Folder, during: &'static str, what: &str, error: object_store::Error) -> StoreError {
    let store = folder.label().to_owned();
    match meaning(&error) {
        Meaning::NotThere => StoreError::NotThere { store, what: what.to_owned() },
        Meaning::NotAsNamed(what) => StoreError::NotThere { store, what: what.to_owned() },
        Meaning::Refused => StoreError::Refused { store, during },
        Meaning::NoToken(fault) => StoreError::NoToken { store, fault },
        Meaning::NoSecret(fault) => StoreError::NoSecret { store, fault },
        Meaning::NoCredentials => StoreError::Refused { store, during: "looking for credentials" },
        Meaning::Elsewhere => StoreError::Elsewhere { store, during },
        Meaning::Tls => StoreError::Tls { store },
        Meaning::Full => StoreError::Full { store },
        Meaning::Unable => StoreError::NotExclusive { store },
        Meaning::Away(code) => StoreError::Away { store, during, code },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;
    use object_store::path::Path;
    use std::sync::Arc;

    #[test]
    fn says_what_an_error_means_and_nothing_of_its_text() {
        let folder = Folder::new(Arc::new(InMemory::new()), Path::default(), "warehouse");
        let io = |kind| object_store::Error::Generic {
            store: "LocalFileSystem",
            source: Box::new(std::io::Error::new(kind, "canary@example.org")),
        };
        let status = object_store::Error::Generic {
            store: "S3",
            source: "Server returned non-2xx status code: 503 Service Unavailable: canary@example.org".into(),
        };
        let cases = [
            (io(std::io::ErrorKind::StorageFull), "store `warehouse` has no space left"),
            (io(std::io::ErrorKind::PermissionDenied), "store `warehouse` refused us while writing a part"),
            (io(std::io::ErrorKind::TimedOut), "store `warehouse` went away while writing a part"),
            (status, "store `warehouse` went away while writing a part (HTTP 503)"),
        ];
        for (error, expected) in cases {
            assert_eq!(fault(&folder, "writing a part", "a part", error).to_string(), expected);
        }
    }
}
