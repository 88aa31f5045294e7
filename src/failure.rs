//! Every room's error -> how the run ends.
//!
//! One line for people and machines: id, where, what, what is safe, what next. The texts come from our own errors,
//! which hold names, places and codes; foreign texts never reach this file.

#[cfg(feature = "relay")]
use crate::access::IamFault;
use crate::access::secret::SecretFault;
use crate::access::{AccessError, IdentityFault, ManagerFault};
use crate::data::Name;
use crate::ending::{self, Ending};
use crate::problem::{Problem, Problems};
#[cfg(feature = "relay")]
use crate::relay::RelayFault;
use crate::report::ProblemReport;
use crate::source::SourceError;
use crate::store::StoreError;
use std::fmt;

/// Something that ends a run, or one of several things that do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// How the run ends if this is the worst.
    pub ending: Ending,
    /// The dataset it belongs to.
    pub dataset: Option<Name>,
    /// What was being done.
    pub phase: Phase,
    /// What happened.
    pub what: String,
    /// Faults in the files, printed before the line.
    pub problems: Problems,
}

/// The stations of the walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Reading the job, schema and environment files.
    Files,
    /// Opening sources and stores.
    Open,
    /// Reading rows.
    Extract,
    /// Treating rows for an audience.
    Redact,
    /// Writing parts.
    Stage,
    /// Comparing, reading back, checking.
    Reconcile,
    /// Committing.
    Publish,
    /// Landing topics.
    Land,
}

impl Failure {
    /// A failure with its ending.
    pub fn new(ending: Ending, phase: Phase, what: impl Into<String>) -> Self {
        Failure { ending, dataset: None, phase, what: what.into(), problems: Problems::default() }
    }

    /// Faults in the files.
    pub fn files(problems: Problems, ending: Ending) -> Self {
        let count = problems.len();
        let what = if count == 1 { "1 fault in the files".into() } else { format!("{count} faults in the files") };
        Failure { problems, ..Failure::new(ending, Phase::Files, what) }
    }

    /// What happened, in one line: the first fault in the files with its place, and how many more there are.
    pub fn first_fault(&self) -> String {
        let faults = self.problems.clone().sorted();
        match faults.split_first() {
            None => self.what.clone(),
            // What it says of it may repeat a word of the file, and this goes out of the house.
            Some((Problem { id, place, .. }, rest)) => {
                let more = if rest.is_empty() { String::new() } else { format!(", and {} more", rest.len()) };
                format!("{id} at {}:{}:{}{more}", place.file, place.line, place.column)
            }
        }
    }

    /// The same, as one of `dataset`.
    #[must_use]
    pub fn of(mut self, dataset: &Name) -> Self {
        self.dataset = Some(dataset.clone());
        self
    }

    /// A secret that cannot be had.
    pub fn secret(fault: &SecretFault) -> Self {
        Failure::new(of_secret(fault), Phase::Open, fault.to_string())
    }

    /// A source's error.
    pub fn source(error: &SourceError, phase: Phase) -> Self {
        let ending = match error {
            SourceError::Away { .. } => ending::SOURCE_AWAY,
            SourceError::Refused { tls: true, .. } => ending::TLS_REFUSED,
            SourceError::Refused { .. } => ending::REFUSED,
            SourceError::NoSecret { fault, .. } => of_secret(fault),
            SourceError::SasOver { .. } => ending::SAS_OVER,
            SourceError::Elsewhere { .. } => ending::REDIRECTED,
            SourceError::MayWrite { .. } => ending::MAY_WRITE,
            SourceError::NotThere { .. } => ending::NOT_THERE,
            SourceError::Drift { .. } => ending::SCHEMA_DRIFT,
            // Asked before a night, nothing of it has begun.
            SourceError::Sql { .. } if phase == Phase::Open => ending::JOB_INVALID,
            SourceError::Sql { .. } => ending::SQL_REFUSED,
            SourceError::Memory { .. } => ending::MEMORY,
            SourceError::Scratch(_) => ending::DISK,
            SourceError::Unfinished { .. } => ending::UNFINISHED,
            SourceError::Corrupt { .. } => ending::CORRUPT,
        };
        Failure::new(ending, phase, error.to_string())
    }

    /// A store's error.
    pub fn store(error: &StoreError, phase: Phase) -> Self {
        let ending = match error {
            StoreError::Away { .. } | StoreError::Outrun { .. } => ending::STORE_AWAY,
            // A version that somebody else wrote: the permission to write there is too wide.
            StoreError::Refused { .. } | StoreError::Conflict { .. } => ending::REFUSED,
            StoreError::NoToken { fault, .. } => match fault {
                fault if fault.is_passing() => ending::STORE_AWAY,
                IdentityFault::Clock => ending::CLOCK,
                IdentityFault::Tls => ending::TLS_REFUSED,
                IdentityFault::SasOver => ending::SAS_OVER,
                _ => ending::REFUSED,
            },
            StoreError::NoSecret { fault, .. } => of_secret(fault),
            StoreError::Tls { .. } => ending::TLS_REFUSED,
            StoreError::Elsewhere { .. } => ending::REDIRECTED,
            StoreError::NotThere { .. } => ending::NOT_THERE,
            StoreError::Full { .. } | StoreError::Spilled => ending::DISK,
            StoreError::NotExclusive { .. } => ending::NOT_EXCLUSIVE,
            StoreError::Audience { .. } => ending::AUDIENCE,
            StoreError::Stamp { .. } | StoreError::Owner { .. } => ending::STAMP,
            StoreError::Epoch { .. } => ending::EPOCH,
            StoreError::Diverged { .. } => ending::DIVERGED,
            StoreError::Checksum { .. } | StoreError::Damaged { .. } | StoreError::LedgerBehind { .. } => {
                ending::CHECKSUM
            }
            StoreError::ReadBack { .. } => ending::READ_BACK,
            StoreError::Decided(cause) => Ending { safe: ending::DECIDED, ..Failure::store(cause, phase).ending },
            StoreError::Encode { .. } => ending::JOB_INVALID,
            StoreError::Layout { .. } => ending::LAYOUT,
            StoreError::TreatedSince { .. } => ending::TREATED_SINCE,
            StoreError::Shortened { .. } => ending::SHORTENED,
            StoreError::TooMuchOut { .. } => ending::BYTES_OUT,
        };
        Failure::new(ending, phase, error.to_string())
    }

    /// Why topics were not landed.
    #[cfg(feature = "relay")]
    pub fn relay(fault: &RelayFault) -> Self {
        let ending = match fault {
            RelayFault::Away { .. } => ending::SOURCE_AWAY,
            RelayFault::Refused { .. } => ending::REFUSED,
            RelayFault::Unsigned { fault: IamFault::NoCredentials, .. } => ending::REFUSED,
            RelayFault::Unsigned { fault: IamFault::Away, .. } => ending::SOURCE_AWAY,
            RelayFault::Tls { .. } => ending::TLS_REFUSED,
            RelayFault::NoTopic { .. } => ending::NOT_THERE,
            RelayFault::Client { .. } => ending::ENVIRONMENT_INVALID,
            RelayFault::Lost { .. } => ending::STREAM_LOST,
            RelayFault::Shorter { .. } => ending::TOPIC_SHORTER,
            RelayFault::Anew { .. } => ending::TOPIC_ANEW,
            RelayFault::NeverCompacted { .. } => ending::NEVER_COMPACTED,
            RelayFault::Moved { .. } => ending::SOURCE_AWAY,
            RelayFault::Begun { .. } => ending::BEGUN,
            RelayFault::Damaged { .. } => ending::CHAIN,
            RelayFault::Treatment { .. } => ending::JOB_INVALID,
            RelayFault::Personal { .. } => ending::PERSONAL_DATA,
            RelayFault::Path { .. } => ending::PATH_LACKING,
            RelayFault::DeadLetters { .. } => ending::DEAD_LETTERS,
            RelayFault::Store(error) => Failure::store(error, Phase::Stage).ending,
            RelayFault::Stopped { .. } => ending::INTERRUPTED,
            RelayFault::Ours => {
                Ending { code: ending::PANIC, id: "E-BUG-101", next: "report this line", ..ending::CHAIN }
            }
        };
        Failure::new(Ending { safe: ending::LANDED, ..ending }, Phase::Land, fault.to_string())
    }

    /// Why the plain copy of `table` in store `of` is not that of the newest version, which is published. What passes is told by its own
    /// message; what does not is told as it is everywhere, and what it leaves published.
    pub fn plain_copy(table: &str, of: &Name, error: &StoreError) -> Self {
        let ending = match error.is_passing() {
            true => ending::PLAIN_PENDING,
            false => Ending { safe: ending::PLAIN_PENDING.safe, ..Failure::store(error, Phase::Publish).ending },
        };
        let what = format!("the plain copy of `{table}` in store `{of}` is not that of the newest version: {error}");
        Failure::new(ending, Phase::Publish, what)
    }

    /// A place that could not be opened.
    pub fn access(error: &AccessError) -> Self {
        let ending = match error {
            AccessError::Url { .. } => ending::JOB_INVALID,
            AccessError::Missing { .. } | AccessError::Token { .. } => ending::ENVIRONMENT_INVALID,
            AccessError::Refused { .. } => ending::REFUSED,
            AccessError::Tls { .. } => ending::TLS_REFUSED,
            AccessError::NotThere { .. } | AccessError::NotAFolder { .. } => ending::NOT_THERE,
        };
        Failure::new(ending, Phase::Open, error.to_string())
    }

    /// The report's entry.
    pub fn report(&self) -> ProblemReport {
        ProblemReport {
            id: self.ending.id.into(),
            exit_code: self.ending.code,
            retryable: self.ending.is_retryable(),
            dataset: self.dataset.as_ref().map(Name::to_string),
            phase: self.phase.to_string(),
            message: self.what.clone(),
            safe: self.ending.safe.into(),
            next: self.ending.next.into(),
            runbook: self.ending.runbook(),
        }
    }
}

fn of_secret(fault: &SecretFault) -> Ending {
    let SecretFault::Manager { fault, .. } = fault else { return ending::ENVIRONMENT_INVALID };
    match fault {
        fault if fault.is_passing() => ending::SECRET_AWAY,
        ManagerFault::Clock | ManagerFault::NoToken(IdentityFault::Clock) => ending::CLOCK,
        ManagerFault::Tls | ManagerFault::NoToken(IdentityFault::Tls) => ending::TLS_REFUSED,
        ManagerFault::Elsewhere => ending::REDIRECTED,
        ManagerFault::Surroundings(_)
        | ManagerFault::NotThere
        | ManagerFault::Deleted
        | ManagerFault::Disabled
        | ManagerFault::NotText
        | ManagerFault::NoField
        | ManagerFault::FieldNotThere => ending::SECRET_LACKING,
        _ => ending::SECRET_REFUSED,
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Files => "files",
            Phase::Open => "open",
            Phase::Extract => "extract",
            Phase::Redact => "redact",
            Phase::Stage => "stage",
            Phase::Reconcile => "reconcile",
            Phase::Publish => "publish",
            Phase::Land => "land",
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.report().fmt(f)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_a_store_that_is_away_and_none_that_is_wrong() {
        let store = || "warehouse".to_owned();
        let away = StoreError::Away { store: store(), during: "creating an object", code: Some(503) };
        let stamp = StoreError::Stamp {
            store: store(),
            what: "table `invoice`".into(),
            theirs: "dev".into(),
            ours: "prod".into(),
        };
        let codes = [away, StoreError::NotExclusive { store: store() }, stamp, StoreError::Full { store: store() }]
            .map(|error| Failure::store(&error, Phase::Publish).ending)
            .map(|ending| (ending.code, ending.is_retryable()));
        assert_eq!(codes, [(71, true), (14, false), (14, false), (51, false)]);
    }

    #[test]
    fn never_says_that_nothing_was_published_once_a_night_is_decided() {
        for error in [
            StoreError::Full { store: "warehouse".into() },
            StoreError::Away { store: "warehouse".into(), during: "creating an object", code: Some(503) },
            StoreError::NotThere { store: "warehouse".into(), what: "a manifest".into() },
        ] {
            let before = Failure::store(&error, Phase::Publish);
            let after = Failure::store(&StoreError::Decided(Box::new(error)), Phase::Publish);
            assert_eq!((after.ending.id, after.ending.code), (before.ending.id, before.ending.code));
            assert_eq!((after.ending.safe, &after.what), (ending::DECIDED, &before.what));
        }
    }

    #[test]
    fn is_one_line_that_says_what_where_what_is_safe_and_what_next() {
        let gone = SourceError::Away {
            from: Name::new("settlements_db").expect("a name"),
            during: "reading settlements.invoice".into(),
            answer: Some(crate::source::Answer::SqlState("57P01".into())),
        };
        let line = Failure::source(&gone, Phase::Extract).of(&Name::new("invoice").expect("a name")).to_string();
        assert_eq!(
            line,
            "E-SOURCE-70 dataset=invoice phase=extract what=\"source `settlements_db` went away while reading settlements.invoice (SQLSTATE 57P01)\" \
             safe=\"nothing was published\" retryable=true next=\"Batch retries; by hand: run again\""
        );
    }
}
