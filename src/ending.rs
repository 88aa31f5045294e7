//! How a run can end badly: one row for each message id, with its exit code, whether a retry may cure it, what is
//! safe and what to do next. Pure; the exit codes are an API (README, "Exit codes").
//!
//! The first digit is the class, so that AWS Batch can match it: 1 usage and configuration, 2 data, 4 stored history,
//! 5 resources, 7 retry.

/// A bad ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Message id.
    pub id: &'static str,
    /// Exit code.
    pub code: u8,
    /// What holds in spite of it.
    pub safe: &'static str,
    /// What a person (or Batch) does next.
    pub next: &'static str,
}

impl Ending {
    /// Whether the same run may succeed later without anyone changing anything.
    pub fn is_retryable(&self) -> bool {
        (70..80).contains(&self.code)
    }

    /// The runbook of `deploy/runbooks` for whoever is woken by it.
    pub fn runbook(&self) -> &'static str {
        match self.code {
            _ if OF_TOMBSTONES.contains(&self.id) => "RB-13",
            12 if self.id == CLOCK.id => "RB-22",
            _ if OF_SECRETS.contains(&self.id) => "RB-25",
            11..=13 => "RB-06",
            20 => "RB-02",
            21 | 24 | 74 => "RB-03",
            22 | 25 => "RB-18",
            23 => "RB-04",
            26 => "RB-11",
            41 | 42 => "RB-10",
            50..=52 => "RB-17",
            70 => "RB-05",
            71 => "RB-07",
            72 => "RB-08",
            73 => "RB-16",
            _ => "RB-01",
        }
    }
}

/// Exit code of a run that went well and found something (`test` failures).
pub const FOUND: u8 = 1;
/// Exit code of wrong usage; clap's own.
pub const USAGE: u8 = 2;
/// Exit code of a panic: a bug of ours; Rust's own.
pub const PANIC: u8 = 101;

/// Endings with a runbook of their own, whatever their code.
const OF_TOMBSTONES: [&str; 5] = ["E-TOMB-2", "E-COMPACT-14", "E-TOMB-14", "E-TOMB-25", "E-TOMB-74"];

/// The same of what lies in a secret manager, or is over.
const OF_SECRETS: [&str; 4] = ["E-SECRET-11", "E-SECRET-12", "E-SECRET-70", "E-SAS-12"];

const UNTOUCHED: &str = "nothing was read or written";
const UNWRITTEN: &str = "both sides are as they were";
const NOTHING_WRITTEN: &str = "nothing was written";
const UNPUBLISHED: &str = "nothing was published";
const PARTS_STAY: &str = "nothing was published; the parts stay under the run id";
/// What holds of a night that may hold what nobody may see.
pub const PARTS_GONE: &str = "nothing was published; the parts were deleted";
/// The same where the store did not let them be deleted.
pub const PARTS_LEFT: &str = "nothing was published, and no reader sees the parts; some could not be deleted";

/// What holds once a night's record stands, however its writing failed.
pub const DECIDED: &str = "the night is decided, and no reader sees half a table; the next run completes it";

/// What holds of a dump whatever ended the relay.
pub const LANDED: &str = "what is landed is whole, and the next run goes on behind it";

/// What holds of tombstones whatever ended the sending of them.
pub const BURIED: &str = "tombstones that a topic has stay, and none of them is sent twice";

/// What holds once every table of the primary is written, however the second cloud failed.
pub const PUBLISHED: &str = "the primary is published";

macro_rules! endings {
    ($($name:ident $id:literal $code:literal $safe:expr, $next:literal;)*) => {
        $(
            #[doc = concat!("`", $id, "`, exit ", $code, ": ", $next)]
            pub const $name: Ending = Ending { id: $id, code: $code, safe: $safe, next: $next };
        )*
        /// Every ending, in the order of the codes.
        pub const ALL: &[Ending] = &[$($name),*];
    };
}

endings! {
    NOT_YET "E-DATE-2" 2 UNTOUCHED, "name a day that has begun; a night of a later day would make every night before it an older one";
    THERE_ALREADY "E-INIT-2" 2 UNTOUCHED, "nothing that is there is written over: move it, choose other tables, or name the job otherwise";
    ARRAY "E-ARRAY-2" 2 UNTOUCHED, "an array job has one child for each job named, or for each period of --from .. --to, and says --array";
    DAYS "E-DAYS-2" 2 UNTOUCHED, "name the first day with --from and the last with --to";
    DIFF_USAGE "E-DIFF-2" 2 UNTOUCHED, "see `nightferry diff --help`";
    TABLE_USAGE "E-TABLE-2" 2 NOTHING_WRITTEN, "see `nightferry table --help`";
    SCAN_USAGE "E-SCAN-2" 2 NOTHING_WRITTEN, "see `nightferry scan --help`";
    NO_RELAY "E-RELAY-2" 2 UNTOUCHED, "this binary was built without the relay: build it with `--features relay`, as the image is";
    BEGUN "E-BEGUN-2" 2 UNTOUCHED, "a chain has one beginning: to begin elsewhere, give the dump another `url`";
    TOMB_USAGE "E-TOMB-2" 2 UNTOUCHED, "see `nightferry relay tombstone --help`";
    JOB_INVALID "E-JOB-10" 10 UNTOUCHED, "mend the places listed, then `nightferry validate`";
    SQL_REFUSED "E-SQL-10" 10 UNPUBLISHED, "mend the query or `where` named, then `nightferry validate --online`";
    FORGETS_NOT "E-FORGET-10" 10 UNPUBLISHED, "write the dataset whole (write = \"replace\" or \"replace_period\"), and give a column of that kind a type of text or whole numbers";
    LAYOUT "E-PERIOD-10" 10 UNPUBLISHED, "publish every period that the table has in one run (--from, --to), with periods that hold its own; or give the dataset another name";
    ENVIRONMENT_INVALID "E-ENV-11" 11 UNTOUCHED, "mend the environment file or set what it refers to";
    SECRET_LACKING "E-SECRET-11" 11 UNPUBLISHED, "mend the reference in the environment, or make, restore or enable the secret in its manager";
    SECRET_REFUSED "E-SECRET-12" 12 UNPUBLISHED, "let the role read that secret and no other: secretsmanager:GetSecretValue, with kms:Decrypt where it has a key of its own; in Azure the role `Key Vault Secrets User`, and a way through the vault's network rules";
    SAS_OVER "E-SAS-12" 12 UNPUBLISHED, "make another shared access signature, put it where `sas` of the place named refers to, then run again";
    REFUSED "E-ACCESS-12" 12 UNPUBLISHED, "check the login, role or key of the place named; too wide is refused as well as too narrow";
    CLOCK "E-CLOCK-12" 12 UNPUBLISHED, "set this machine's clock by NTP: a signature is good for a few minutes around its moment";
    EPOCH "E-EPOCH-12" 12 UNPUBLISHED, "a failover took over: use the environment of the newer epoch, and stop whatever still runs with this one";
    MAY_WRITE "E-ROLE-12" 12 UNPUBLISHED, "use a role that may only read: `nightferry validate --online` prints the SQL that makes one";
    TLS_REFUSED "E-TLS-13" 13 UNPUBLISHED, "check the certificate and the `ca` of the place named; an unchecked connection is never used";
    REDIRECTED "E-REDIRECT-13" 13 UNPUBLISHED, "an address that an answer names is never asked: find out who answered, and give the place its own region or endpoint";
    NOT_THERE "E-THERE-14" 14 UNPUBLISHED, "check the name and the environment";
    SIDE_NOT_THERE "E-SIDE-14" 14 UNWRITTEN, "check the path, the version and the columns named";
    SHORTENED "E-LOG-14" 14 NOTHING_WRITTEN, "`table gc` has shortened the log: name the oldest version that there is, or a later one (`nightferry table versions`)";
    STAMP "E-STAMP-14" 14 UNPUBLISHED, "this store holds another environment's data, or another job's table; check `--env` and the store's url";
    NOT_EXCLUSIVE "E-STORE-14" 14 UNPUBLISHED, "this store lets two writers create one object; use one whose conditional PUT is exclusive";
    NEVER_COMPACTED "E-COMPACT-14" 14 UNTOUCHED, "give the topic `cleanup.policy` with `compact` and a `max.compaction.lag.ms`, then say the same again";
    KEYS_UNKNOWN "E-TOMB-14" 14 BURIED, "the keys have to be those of the topic's records, byte for byte (--hex for bytes that are no text): mend the file; what never was in the topic is left out of it";
    SCHEMA_DRIFT "E-DRIFT-20" 20 PARTS_GONE, "classify the new column or mend the type in the schema file, then run again";
    RECONCILIATION_DRIFT "E-RECON-21" 21 PARTS_STAY, "look at the differing rows in the restricted store; mend the source, or say on_drift = \"publish\"";
    BAD_ROWS "E-ROWS-22" 22 PARTS_STAY, "look at the quarantined rows in the restricted store; mend them at the source, or raise bad_rows_max";
    CORRUPT "E-INPUT-22" 22 PARTS_STAY, "get the object named again from where it was made, or under the name that is read, then run again";
    UNFINISHED "E-EXPORT-22" 22 PARTS_STAY, "wait until the export or dump has ended, or make it again, and bring every object of it along";
    DEAD_LETTERS "E-LETTERS-22" 22 LANDED, "look at the records in the restricted store: classify what is new in the schema file, or raise dead_letters_max where somebody answers for it";
    COMPARISON_ERROR "E-KEY-22" 22 PARTS_STAY, "a key that is NULL or there twice, or an empty side: mend the source, or the key in the schema file";
    SCAN_CORRUPT "E-SCAN-22" 22 NOTHING_WRITTEN, "get the file named again from where it was made";
    SIDE_CORRUPT "E-SIDE-22" 22 UNWRITTEN, "get the file named again from where it was made, or say what its columns are with --schema";
    SIDES_ERROR "E-DIFF-22" 22 UNWRITTEN, "compare by a key that is never NULL and there once on each side; an empty side is fine with --allow-empty";
    PERSONAL_DATA "E-PRIVACY-23" 23 PARTS_GONE, "classify the column in the schema file and say its treatment";
    CLASS_DISAGREES "E-CLASS-23" 23 PARTS_GONE, "classify the column as personal and say its treatment; or, if somebody has looked and knows better, say in the schema file which kind it is not, and why: not_personal = { .. }";
    PATH_LACKING "E-PATH-23" 23 PARTS_GONE, "mend the path in the schema file, or say `optional = true` of a field that every row may lack";
    RISK "E-RISK-23" 23 PARTS_GONE, "treat the columns named more coarsely, leave rows out (suppress_rows, small_cells), or say beyond = \"warn\" where somebody answers for it";
    TREATED_SINCE "E-BACK-23" 23 NOTHING_WRITTEN, "what is treated since is not shown again: publish that day anew (`nightferry run --again`), or go back to a version that was made as today";
    AUDIENCE "E-AUDIENCE-23" 23 PARTS_GONE, "rows made for one audience were offered to another: a bug of ours, please report it";
    INCONCLUSIVE "E-RECON-24" 24 PARTS_STAY, "the comparison cannot be decided, and a retry will not change that; look at the report";
    SIDES_CHANGED "E-DIFF-24" 24 UNWRITTEN, "compare again once nobody writes there";
    CHECK_FAILED "E-CHECK-25" 25 PARTS_STAY, "look at the check named in the report";
    VALUES_ALIVE "E-TOMB-25" 25 BURIED, "values stand behind the tombstones, or have none: find out who still writes them, then send again with --apply";
    STREAM_LOST "E-LOST-26" 26 LANDED, "the records are gone from the cluster: let the connector take a snapshot anew and land it into another folder; then give the topic a longer retention";
    TOPIC_SHORTER "E-TOPIC-26" 26 LANDED, "the topic is another than the one that was landed: find out who made it anew, and land it into another folder";
    TOPIC_ANEW "E-ANEW-26" 26 LANDED, "the topic holds other records than those that were landed: find out who made it anew, or which broker was elected with less, and land it into another folder";
    CHAIN "E-CHAIN-42" 42 LANDED, "the object named is none that the relay wrote there: keep it, find out who did, and take it away";
    READ_BACK "E-READBACK-42" 42 PARTS_STAY, "what was written does not read back as what was extracted: keep the parts and report it";
    CHECKSUM "E-SUM-42" 42 PARTS_STAY, "an object is not what was written; keep it and look at the store's own log";
    COMPARED "E-CLOUDS-41" 41 NOTHING_WRITTEN, "the differences listed are in the cloud named: keep both, find out who wrote there, then bring that side back from the other";
    VERIFIED "E-TABLE-42" 42 NOTHING_WRITTEN, "what is listed is not what was written: keep it, look at the store's own log, and bring it back from the second cloud";
    BEHIND "E-BEHIND-72" 72 NOTHING_WRITTEN, "the next run of the job carries the missing versions to the second cloud";
    PLAIN_PENDING "E-PLAIN-72" 72 "the tables are published, and a plain copy says itself whether it is whole", "Batch retries; the next run of the job, or the same one again, makes the copy";
    DIVERGED "E-CLOUD-41" 41 "the primary's tables are whole", "the second cloud holds other versions than the primary; somebody else wrote there";
    MEMORY "E-MEMORY-50" 50 UNPUBLISHED, "give the task more memory and raise memory_max, or let the query or check named need less of its tables";
    DISK "E-DISK-51" 51 UNPUBLISHED, "give the task more scratch space, or raise `spill_max` as far as there is";
    BYTES_OUT "E-BYTES-52" 52 PARTS_STAY, "find out why so much would leave AWS; where it should, raise bytes_out_max in the environment";
    SECRET_AWAY "E-SECRET-70" 70 UNPUBLISHED, "Batch retries; by hand: run again, and see that the manager may be reached from here: endpoint, network rules, quota";
    SOURCE_AWAY "E-SOURCE-70" 70 UNPUBLISHED, "Batch retries; by hand: run again";
    STORE_AWAY "E-STORE-71" 71 "what is published is whole; the next run completes it or starts afresh", "Batch retries; by hand: run again";
    VAULT_BEHIND "E-VAULT-71" 71 PARTS_STAY, "Batch retries; by hand: run again, and the tokens of the other run are used";
    SECOND_PENDING "E-SECOND-72" 72 "the primary is published", "the next run carries it to the second cloud";
    INTERRUPTED "E-STOP-73" 73 "what is published is whole; the next run completes it or starts afresh", "Batch retries; by hand: run again";
    LIST_NEWER "E-FORGET-73" 73 PARTS_GONE, "Batch retries; by hand: run again, and the people of the newer list are left out";
    VALUES_WAIT "E-TOMB-74" 74 BURIED, "compaction has not come yet: verify again once `max.compaction.lag.ms` is over and something newer was written behind the tombstones, since the last segment of a partition is never compacted";
    IN_FLIGHT "E-WINDOW-74" 74 PARTS_STAY, "rows changed too near to the extract's moment: Batch retries with another; by hand: run again, or carry the extract's transactions along";
    STREAM_BEHIND "E-STREAM-74" 74 PARTS_STAY, "the topic has not come as far as the extract: Batch retries; by hand: run again later";
}

/// Of several endings, the one a job ends with: 26 and every error > 23 > 20 > 22 > 25 > 21 > 24 > 74; 72 only when all is published.
pub fn worst(endings: impl IntoIterator<Item = Ending>) -> Option<Ending> {
    let rank = |ending: &Ending| match ending.code {
        72 => 0,
        74 => 1,
        24 => 2,
        21 => 3,
        25 => 4,
        22 => 5,
        20 => 6,
        23 => 7,
        _ => 8,
    };
    // `max_by_key` keeps the last of equals; the first that happened is the one to tell.
    endings.into_iter().collect::<Vec<_>>().into_iter().rev().max_by_key(rank)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_its_own_and_carries_its_code() {
        for (index, ending) in ALL.iter().enumerate() {
            assert!(ending.id.ends_with(&format!("-{}", ending.code)), "{}", ending.id);
            assert!(ALL[..index].iter().all(|earlier| earlier.id != ending.id), "{}", ending.id);
        }
    }

    #[test]
    fn retries_what_a_retry_may_cure_and_nothing_else() {
        let retryable: Vec<u8> = ALL.iter().filter(|e| e.is_retryable()).map(|e| e.code).collect();
        assert_eq!(retryable, [72, 72, 70, 70, 71, 71, 72, 73, 73, 74, 74, 74]);
    }

    #[test]
    fn no_code_shares_a_prefix_with_137_and_143() {
        // Batch matches exit codes by decimal prefix: `7*` must not catch a kill, and no rule of ours is `1*`.
        assert!(ALL.iter().filter(|e| e.is_retryable()).all(|e| e.code / 10 == 7));
    }

    #[test]
    fn the_worst_ending_wins_in_the_order_that_is_told() {
        let order = [
            SOURCE_AWAY,
            PERSONAL_DATA,
            SCHEMA_DRIFT,
            BAD_ROWS,
            CHECK_FAILED,
            RECONCILIATION_DRIFT,
            INCONCLUSIVE,
            STREAM_BEHIND,
        ];
        for pair in order.windows(2) {
            assert_eq!(worst([pair[1], pair[0]]), Some(pair[0]));
            assert_eq!(worst([pair[0], pair[1]]), Some(pair[0]));
        }
        assert_eq!(worst([SECOND_PENDING, STREAM_BEHIND]), Some(STREAM_BEHIND));
        assert_eq!(worst([BAD_ROWS, CORRUPT]), Some(BAD_ROWS));
        assert_eq!(worst([]), None);
    }
}
