//! Why topics were not landed. Names, places and counts; never a value, and never the text of another's error.

use crate::access::IamFault;
use crate::changes::BadManifest;
use crate::data::Name;
use crate::store::StoreError;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// Why topics were not landed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RelayFault {
    /// No broker answers, or a partition stays without one (exit 70).
    #[error("the cluster of source `{from}` went away while {during}{}", code(*answer))]
    Away {
        /// The source.
        from: Name,
        /// What was being done.
        during: String,
        /// What the client says of it.
        answer: Option<RDKafkaErrorCode>,
    },
    /// It refused us (exit 12).
    #[error("the cluster of source `{from}` refused us while {during}{}", code(Some(*answer)))]
    Refused {
        /// The source.
        from: Name,
        /// What was being done.
        during: String,
        /// What it said.
        answer: RDKafkaErrorCode,
    },
    /// There are no credentials that sign a token (exit 12), or whoever hands them out is away (exit 70).
    #[error("no token for the cluster of source `{from}` could be signed: {}", unsigned(*fault))]
    Unsigned {
        /// The source.
        from: Name,
        /// Why.
        fault: IamFault,
    },
    /// Its certificate cannot be trusted (exit 13).
    #[error("the certificate of the cluster of source `{from}` is not trusted; hint: `ca` names a PEM file to trust")]
    Tls {
        /// The source.
        from: Name,
    },
    /// It has no such topic (exit 14).
    #[error("the cluster of source `{from}` has no topic `{topic}`")]
    NoTopic {
        /// The source.
        from: Name,
        /// The topic.
        topic: String,
    },
    /// The client does not take its settings (exit 11).
    #[error(
        "the client for the cluster of source `{from}` cannot be made; hint: look at `ca`, `client_cert` and `client_key`"
    )]
    Client {
        /// The source.
        from: Name,
    },
    /// Records went before they were landed (exit 26).
    #[error(
        "partition {partition} of topic `{topic}` no longer holds {offsets} offsets from {next} on, which were not landed"
    )]
    Lost {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// The first of them.
        next: i64,
        /// How many.
        offsets: i64,
    },
    /// The topic ends before what was landed of it (exit 26).
    #[error(
        "partition {partition} of topic `{topic}` ends at offset {end}, and {next} was to be read next: it is another \
         topic of that name, or one that lost its end"
    )]
    Shorter {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// Where the dump goes on.
        next: i64,
        /// Where the topic ends.
        end: i64,
    },
    /// It holds another record than the one that was landed (exit 26).
    #[error(
        "partition {partition} of topic `{topic}` has another record at offset {offset} than the one that was landed: it \
         is another topic of that name, or one whose end was written anew"
    )]
    Anew {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// Where.
        offset: i64,
    },
    /// No tombstone would ever erase anything there (exit 14).
    #[error("topic `{topic}` is never compacted: {why}")]
    NeverCompacted {
        /// The topic.
        topic: String,
        /// Why.
        why: &'static str,
    },
    /// Records went while the topic was read for something else than landing (exit 70).
    #[error("partition {partition} of topic `{topic}` began anew at offset {low} while it was read")]
    Moved {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// Where it begins now.
        low: i64,
    },
    /// It was to begin somewhere, and has begun (exit 2).
    #[error("topic `{topic}` is landed already, and is gone on with where that ends")]
    Begun {
        /// The topic.
        topic: String,
    },
    /// An object of the chain, or a manifest, is not what a relay writes (exit 42).
    #[error("`{path}` of source `{from}` {fault}")]
    Damaged {
        /// The source.
        from: Name,
        /// The object.
        path: String,
        /// What is wrong with it.
        fault: String,
    },
    /// A treatment does not fit what came (exit 10).
    #[error("dataset `{dataset}`: {fault}")]
    Treatment {
        /// The dataset.
        dataset: Name,
        /// Why.
        fault: String,
    },
    /// What is landed as it came looks like personal data (exit 23).
    #[error("column `{column}` of dataset `{dataset}` is landed as it comes and has `{kind}` in {cells} cells")]
    Personal {
        /// The dataset.
        dataset: Name,
        /// The column.
        column: String,
        /// What it looks like.
        kind: &'static str,
        /// Where.
        cells: u64,
    },
    /// A declared path that no row of the run had (exit 23).
    #[error("`{path}` is declared to be treated and is in no row of topic `{topic}`")]
    Path {
        /// The topic.
        topic: String,
        /// The path.
        path: String,
    },
    /// Too many records cannot be treated (exit 22).
    #[error("{count} records of topic `{topic}` cannot be treated, and {max} may; they are in `{path}` and beside it")]
    DeadLetters {
        /// The topic.
        topic: String,
        /// Where the last of them are, in the store of audience `restricted`.
        path: String,
        /// How many.
        count: u64,
        /// How many may.
        max: u64,
    },
    /// The dump's place (its own exit codes).
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Told to stop (exit 73).
    #[error("told to stop; {landed} of {partitions} partitions were read as far as they went")]
    Stopped {
        /// Partitions that are done.
        landed: usize,
        /// All of them.
        partitions: usize,
    },
    /// A fault of ours (exit 101).
    #[error("the relay lost one of its own parts")]
    Ours,
}

fn unsigned(fault: IamFault) -> &'static str {
    match fault {
        IamFault::NoCredentials => "AWS credentials are lacking, or were refused",
        IamFault::Away => "whoever hands out AWS credentials does not answer",
    }
}

fn code(answer: Option<RDKafkaErrorCode>) -> String {
    answer.map(|answer| format!(" ({answer:?})")).unwrap_or_default()
}

impl RelayFault {
    /// Whether the same may go well later without anyone changing anything.
    pub fn is_passing(&self) -> bool {
        match self {
            RelayFault::Away { .. } | RelayFault::Unsigned { fault: IamFault::Away, .. } => true,
            RelayFault::Store(error) => error.is_passing(),
            _ => false,
        }
    }

    /// Whether we are not let in, or do not trust who would let us.
    pub(super) fn is_refusal(&self) -> bool {
        match self {
            RelayFault::Refused { .. } | RelayFault::Tls { .. } => true,
            RelayFault::Unsigned { fault, .. } => *fault == IamFault::NoCredentials,
            _ => false,
        }
    }

    /// A manifest that cannot be followed.
    pub(super) fn manifest(from: &Name, path: &str, bad: &BadManifest) -> Self {
        RelayFault::Damaged { from: from.clone(), path: path.to_owned(), fault: bad.to_string() }
    }
}

/// What an error of the client is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// It may pass by itself: the client goes on trying.
    Passing,
    /// We may not.
    Refused,
    /// TLS failed.
    Tls,
    /// There is no such topic or partition.
    NotThere,
    /// The offset is none of the partition's.
    OutOfRange,
    /// Records came that cannot be read, and the client goes on behind them, or asks for them for ever.
    Harmed,
}

/// What the client says.
pub(super) fn answer(error: &KafkaError) -> Option<RDKafkaErrorCode> {
    error.rdkafka_error_code()
}

/// What a code means.
pub(super) fn meant(code: RDKafkaErrorCode) -> Meant {
    use RDKafkaErrorCode as Code;
    match code {
        Code::TopicAuthorizationFailed
        | Code::GroupAuthorizationFailed
        | Code::ClusterAuthorizationFailed
        | Code::SaslAuthenticationFailed
        | Code::Authentication => Meant::Refused,
        Code::SSL => Meant::Tls,
        Code::UnknownTopic | Code::UnknownPartition | Code::UnknownTopicOrPartition => Meant::NotThere,
        // A leader that has less than the one before says so, or the client sees it by the leader's epoch.
        Code::AutoOffsetReset | Code::OffsetOutOfRange | Code::LogTruncation => Meant::OutOfRange,
        Code::BadMessage | Code::BadCompression | Code::InvalidMessage | Code::NotImplemented => Meant::Harmed,
        _ => Meant::Passing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_client_cannot_read_ends_a_run_and_what_it_waits_for_does_not() {
        use RDKafkaErrorCode as Code;
        for code in [Code::BadMessage, Code::BadCompression, Code::NotImplemented, Code::InvalidMessage] {
            assert_eq!(meant(code), Meant::Harmed, "{code:?}");
        }
        for code in
            [Code::BrokerTransportFailure, Code::LeaderNotAvailable, Code::AllBrokersDown, Code::RequestTimedOut]
        {
            assert_eq!(meant(code), Meant::Passing, "{code:?}");
        }
    }
}
