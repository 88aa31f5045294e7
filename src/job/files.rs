//! The three kinds of file, key by key.

use super::azure_login::{CLIENT_ID, CLIENT_SECRET, SAS, TENANT_ID};
use super::check_keys::CHECK;
use super::kafka_login::KafkaAuth;
use super::message_file::BodyShape;
use super::shape::{Key, Shape, optional, required};
use crate::changes::{Cleanup, Decimals, Layout, Payload, Times};

/// Words that `type` may start with are parsed by `ColumnType`; these are the classes, audiences and the like.
const CLASSES: &[&str] = &["open", "internal", "personal", "sensitive"];
const AUDIENCES: &[&str] = &["restricted", "analytics", "security", "public"];

/// `jobs/<name>.toml`
pub const JOB: Shape = Shape::Table(&[
    required("name", Shape::Name, "the job's name: its records and reports are kept under it"),
    required("description", Shape::Text, "what the job carries, in a sentence"),
    optional("owner", Shape::Text, "who answers for it"),
    optional("schedule", Shape::Table(SCHEDULE), "when it is due"),
    optional("privacy", Shape::Table(PRIVACY), "what the papers about personal data say that no tool knows"),
    required("dataset", Shape::Things(&DATASET), "the tables of the job, by name"),
    optional("topic", Shape::Things(&TOPIC), "topics that are landed and compared with nothing, by name"),
]);

const TOPIC: Shape = Shape::Table(&[
    required("from", Shape::Name, "a source of the environment that holds topic dumps"),
    required("topic", Shape::Text, "the topic"),
    required("schema", Shape::Name, "schemas/<name>.toml: what its rows are, and how they are treated"),
    optional("heartbeat", Shape::Text, "a topic beside it that shows how far the stream has come"),
]);

const SCHEDULE: &[Key] = &[
    required("cron", Shape::Text, "five fields: minute, hour, day, month, weekday"),
    optional("time_zone", Shape::Text, "a zone of the tz database [Europe/London]"),
    optional("deadline", Shape::Text, "when it must be done, HH:MM"),
    optional("missed", Shape::Word(&["latest", "each", "none"]), "what becomes of missed runs [latest]"),
];

const PRIVACY: &[Key] = &[
    optional("controller", Shape::Text, "who decides why and how the data is processed, and how to reach them"),
    optional("officer", Shape::Text, "how to reach the data protection officer"),
    optional("purposes", Shape::List(&Shape::Text), "what the data is processed for"),
    optional("basis", Shape::Text, "the lawful basis"),
    optional("people", Shape::List(&Shape::Text), "whom the data is about, by category"),
    optional("recipients", Shape::List(&Shape::Text), "who gets it, by category"),
    optional("transfers", Shape::Text, "countries it goes to, and what safeguards it there"),
    optional("erasure", Shape::Text, "when it is erased"),
    optional("measures", Shape::List(&Shape::Text), "security measures besides those of the tool"),
];

const DATASET: Shape = Shape::Table(&[
    required("from", Shape::Name, "a source of the environment"),
    optional("table", Shape::Text, "schema.table at the source"),
    optional("query", Shape::Path, "a file with the SQL that gives the rows, instead of a table"),
    optional("where", Shape::Text, "a condition in SQL on the table's rows; `$name` stands for a parameter"),
    optional("parameters", Shape::Columns(&Shape::OneOf(PARAMETER)), "values of `where`, by name"),
    required("schema", Shape::Name, "schemas/<name>.toml"),
    required("to", Shape::List(&Shape::Name), "stores of the environment"),
    optional("write", Shape::Word(&["replace", "replace_period", "merge"]), "how the table is written [replace]"),
    optional(
        "period",
        Shape::Table(PERIOD),
        "the stretches of the calendar that `replace_period` writes one at a time",
    ),
    optional("merge", Shape::Table(MERGE), "how `merge` finds what has changed, and what a deleted row does"),
    optional(
        "plain_copy",
        Shape::Truth,
        "whether `plain/<dataset>/` has the table too, one Parquet object a period [false]",
    ),
    optional("bad_rows_max", Shape::Whole, "more bad rows than this stop the job [0]"),
    optional("allow_empty", Shape::Truth, "whether no rows at all is fine [false]"),
    optional("reconcile", Shape::Table(RECONCILE), "what the rows are compared with"),
    optional("check", Shape::List(&Shape::Table(CHECK)), "claims about the rows before treatment, each of one kind"),
]);

const PARAMETER: &[Key] = &[
    optional("date", Shape::Text, "a day: \"2026-11-22\""),
    optional("timestamptz", Shape::Text, "a moment with its offset: \"2026-11-22T00:00:00Z\""),
    optional("bigint", Shape::Text, "a whole number in quotes"),
    optional("numeric", Shape::Text, "a decimal number in quotes"),
    optional("text", Shape::Text, "a text on one line"),
];

const PERIOD: &[Key] = &[
    required("by", Shape::Name, "the column that says when a row belongs: a date or a timestamptz"),
    required(
        "every",
        Shape::Word(&["day", "month", "quarter", "financial_year", "delivery_year"]),
        "how long a period is, in Europe/London",
    ),
];

const MERGE: &[Key] = &[
    required("watermark", Shape::Name, "the column that says when a row was last changed: a timestamptz"),
    required("lag", Shape::Text, "longer than any transaction that writes to the table takes: \"15m\""),
    required("deleted", Shape::Word(&["remove", "keep"]), "what becomes of a row here that the source no longer has"),
];

const RECONCILE: &[Key] = &[
    required("against", Shape::Name, "a source of the environment that holds topic dumps"),
    required("topic", Shape::Text, "the topic of the table's changes"),
    optional("wait", Shape::Text, "how long a stream that is behind is waited for: \"15m\" [not at all]"),
    optional("heartbeat", Shape::Text, "a topic of the same dump that shows how far the stream has come"),
    optional(
        "window",
        Shape::Text,
        "how far from the extract's moment the clock does not tell what it shows, where transactions do not: \"30s\" [0]",
    ),
    optional("on_drift", Shape::Word(&["refuse", "publish"]), "what a difference does [refuse]"),
    optional("on_inconclusive", Shape::Word(&["refuse", "publish"]), "what an undecidable comparison does [refuse]"),
    optional("tolerate", Shape::Columns(&Shape::Table(TOLERANCE)), "differences that count as none, by column"),
];

const TOLERANCE: &[Key] = &[
    optional("abs", Shape::Text, "numbers and floats no further apart than this decimal number in quotes"),
    optional("rel", Shape::Text, "numbers and floats no further apart than this part of the larger, in quotes"),
    optional("ulp", Shape::Whole, "floats no more than so many floats apart"),
    optional("precision", Shape::Word(&["ms", "s"]), "times and moments that are the same once cut off"),
    optional("trim", Shape::Truth, "blanks at the ends of a text"),
    optional("case", Shape::Truth, "upper and lower case"),
    optional("nfc", Shape::Truth, "Unicode's writings of one letter"),
    optional("null_equals", Shape::List(&Shape::AnyText), "texts that stand for NULL"),
    optional("json", Shape::Truth, "the same JSON in any order of fields and writing of numbers"),
];

/// `schemas/<name>.toml`
pub const SCHEMA: Shape = Shape::Table(&[
    required("description", Shape::Text, "what a row is; analysts see it"),
    required("key", Shape::List(&Shape::Name), "the columns that tell one row from another"),
    optional("on_new_column", Shape::Word(&["stop", "withhold"]), "what a column that nobody classified does [stop]"),
    optional(
        "references",
        Shape::List(&Shape::Table(KEY_REFERENCE)),
        "keys of other schemas that several columns together point at; that of one column stands at the column",
    ),
    optional(
        "suppress_rows",
        Shape::Table(SUPPRESS_ROWS),
        "rows that an audience does not see: those of which any of the conditions holds, before treatment",
    ),
    optional("risk", Shape::Table(RISKS), "what is asked of the risk that is left, counted on what was written"),
    optional(
        "small_cells",
        Shape::Table(SMALL_CELLS),
        "groups of so few people that an audience does not see them, nor what would tell them",
    ),
    required("columns", Shape::Columns(&COLUMN), "the columns, one a line"),
]);

const KEY_REFERENCE: &[Key] = &[
    required("columns", Shape::List(&Shape::Name), "the columns that point there, two at least"),
    required("schema", Shape::Name, "the other schema"),
    required("key", Shape::List(&Shape::Name), "its columns, in the order of these"),
];

const SMALL_CELLS: &[Key] = &[
    optional("analytics", Shape::Table(SMALL_CELL), "for analysts"),
    optional("security", Shape::Table(SMALL_CELL), "for reports and audit"),
    optional("public", Shape::Table(SMALL_CELL), "for the website"),
];

const SMALL_CELL: &[Key] = &[
    required("by", Shape::List(&Shape::Name), "rows that share these columns, as the audience sees them, are a group"),
    optional(
        "count",
        Shape::Name,
        "the column that says how many people a row is about; small groups have all columns but `by` NULL [a row is one, and left out]",
    ),
    optional("under", Shape::Count, "groups of fewer people than this are small [5]"),
    optional("total", Shape::List(&Shape::Name), "of `by`, those by which totals are known [the whole table]"),
];

const RISKS: &[Key] = &[
    optional("restricted", Shape::Table(RISK), "for stores that stay in AWS"),
    optional("analytics", Shape::Table(RISK), "for analysts"),
    optional("security", Shape::Table(RISK), "for reports and audit"),
    optional("public", Shape::Table(RISK), "for the website"),
];

const RISK: &[Key] = &[
    required("quasi", Shape::List(&Shape::Name), "columns by which, taken together, a person could be found"),
    optional("sensitive", Shape::Name, "the column that must not follow from them"),
    optional("k_min", Shape::Count, "fewest rows that may share their values [only told]"),
    optional("l_min", Shape::Count, "fewest different values of `sensitive` that such rows may have [only told]"),
    optional(
        "under_5_max",
        Shape::Text,
        "largest share of rows in groups of fewer than 5, such as \"0.01\" [only told]",
    ),
    optional("under_10_max", Shape::Text, "the same of fewer than 10 [only told]"),
    optional("unique_max", Shape::Text, "the same of rows that are alone [only told]"),
    optional("beyond", Shape::Word(&["stop", "warn"]), "what a table does that is beyond one of these [stop]"),
];

const SUPPRESS_ROWS: &[Key] = &[
    optional("analytics", Shape::List(&Shape::Table(ROW_CONDITION)), "for analysts"),
    optional("security", Shape::List(&Shape::Table(ROW_CONDITION)), "for reports and audit"),
    optional("public", Shape::List(&Shape::Table(ROW_CONDITION)), "for the website"),
];

const ROW_CONDITION: &[Key] = &[
    required("column", Shape::Name, "the column; with it exactly one of `is`, `is_not`, `under`, `from` and `null`"),
    optional("path", Shape::AnyText, "the way into its JSON, such as \"consent.given\" [the column's own value]"),
    optional("optional", Shape::Truth, "whether it is fine that no row of a run has the path [false]"),
    optional("is", Shape::List(&Shape::AnyText), "its value is one of these, in quotes"),
    optional("is_not", Shape::List(&Shape::AnyText), "its value is there and none of these"),
    optional("under", Shape::Text, "its value is less or earlier than this"),
    optional("from", Shape::Text, "its value is this, more or later"),
    optional("null", Shape::Truth, "true: it has no value, or is not there"),
];

const COLUMN: Shape = Shape::Table(&[
    required("type", Shape::Text, "a PostgreSQL type, such as numeric(14,2)"),
    required("class", Shape::Word(CLASSES), "how delicate the values are"),
    optional("kind", Shape::Name, "what the values are about, such as email"),
    optional("source", Shape::OneOrMore(&Shape::Text), "the column's names at the source"),
    optional("nullable", Shape::Truth, "whether NULL may occur [false]"),
    optional(
        "beyond",
        Shape::Word(&["error", "null", "text"]),
        "what a value that the type cannot hold does: a bad row, NULL, or the whole column is text [error]",
    ),
    optional("unit", Shape::Text, "the unit of the values"),
    optional("description", Shape::Text, "what the column says; analysts see it"),
    optional("references", Shape::Table(REFERENCE), "the column of another schema that this one points at"),
    optional("treat", Shape::Table(TREAT), "what an audience sees instead of the safe default"),
    optional(
        "not_personal",
        Shape::Columns(&Shape::Text),
        "kinds of personal data that the values only look like, each with why: of open and internal columns",
    ),
    optional("confirmed", Shape::Truth, "false: the class is a guess, and nothing runs until somebody looked [true]"),
]);

const REFERENCE: &[Key] =
    &[required("schema", Shape::Name, "the other schema"), required("column", Shape::Name, "its column")];

const TREATMENT: Shape = Shape::WordOr(
    &["keep", "drop", "null", "label", "scrub"],
    &[
        optional("mask", MASK, "hide all but the end"),
        optional("hmac", Shape::Name, "a pseudonym that joins within this domain"),
        optional(
            "token",
            Shape::Name,
            "a random token that joins within this domain; its vault alone knows whose it is",
        ),
        optional("generalise", GENERALISE, "a coarser value of the same meaning"),
        optional("ff1", Shape::Table(FF1), "other digits or letters of the same form, which the key can undo"),
        optional("fields", Shape::Paths(&Shape::Table(FIELD)), "the only fields of JSON that are seen, by their paths"),
        optional("date_shift", Shape::Table(DATE_SHIFT), "dates moved alike for each person"),
        optional("bucket", Shape::List(&Shape::Text), "the range in words, by the edges given in quotes"),
    ],
);

const MASK: Shape = Shape::Table(&[required(
    "last",
    Shape::Whole,
    "how many letters and digits stay readable at the end: 4, and half of the value, at most",
)]);

const FIELD: &[Key] = &[
    required(
        "treat",
        Shape::WordOr(
            &["keep", "null", "label", "scrub"],
            &[
                optional("mask", MASK, "hide all but the end"),
                optional("hmac", Shape::Name, "a pseudonym that joins within this domain"),
                optional(
                    "token",
                    Shape::Name,
                    "a random token that joins within this domain, whose vault alone knows it",
                ),
                optional("generalise", GENERALISE, "a coarser value of the same meaning"),
                optional("ff1", Shape::Table(FF1), "other digits or letters of the same form, which the key can undo"),
                optional("date_shift", Shape::Table(DATE_SHIFT), "dates moved alike for each person"),
                optional("bucket", Shape::List(&Shape::Text), "the range in words, by numbers or dates in quotes"),
            ],
        ),
        "what is seen of it",
    ),
    optional("kind", Shape::Name, "what it is about, such as email"),
    optional("optional", Shape::Truth, "whether it is fine that no row of a run has it [false]"),
];

const FF1: &[Key] = &[
    required("domain", Shape::Name, "values of one domain join"),
    optional("alphabet", Shape::Word(&["digits", "alphanumeric"]), "what a text is made of [digits]"),
];

const DATE_SHIFT: &[Key] = &[
    required("domain", Shape::Name, "dates of one domain are moved alike"),
    required("subject", Shape::Name, "the column that says whose the row is"),
    required("days", Shape::Count, "furthest, either way: 7 to 3650"),
];

const GENERALISE: Shape = Shape::WordOr(
    &["year", "month", "district"],
    &[required("band", Shape::Count, "the width of a band, in the column's unit; 2 at least where it is personal")],
);

const TREAT: &[Key] = &[
    optional("restricted", TREATMENT, "for stores that stay in AWS"),
    optional("analytics", TREATMENT, "for analysts"),
    optional("security", TREATMENT, "for reports and audit"),
    optional("public", TREATMENT, "for the website"),
];

/// `jobs/environments/<name>.toml`
pub const ENVIRONMENT: Shape = Shape::Table(&[
    required("stamp", Shape::Name, "written into every commit; a store holds the data of one stamp"),
    required("source", Shape::Things(&SOURCE), "where rows come from, by name"),
    required("store", Shape::Things(&STORE), "where they go, by name"),
    optional(
        "secrets",
        Shape::Table(&[
            optional("tokens", Shape::Secret, "the key that pseudonyms are derived from"),
            optional("tokens_version", Shape::Count, "another version gives other pseudonyms for everything [1]"),
        ]),
        "where secrets are found",
    ),
    optional("limits", Shape::Table(LIMITS), "bounds of a run"),
    optional("prices", Shape::Table(PRICES), "what things cost, instead of the table that is built in"),
    optional("lineage", Shape::Table(LINEAGE), "where events of OpenLineage go"),
    optional("message", Shape::Things(&MESSAGE), "whom to tell when a person has something to do, by name"),
]);

const PRICES: &[Key] = &[
    required("as_of", Shape::Text, "of when they are, such as 2026-11; told with every figure"),
    required("vcpu_hour_usd", Shape::Text, "USD for a vCPU for an hour, such as \"0.04656\""),
    required("gb_hour_usd", Shape::Text, "USD for a GB of memory for an hour"),
    required("egress_gb_usd", Shape::Text, "USD for a GB that leaves AWS"),
    optional(
        "put_thousand_usd",
        Shape::Text,
        "USD for a thousand requests to stores that write or list, such as \"0.005\"",
    ),
    optional("get_thousand_usd", Shape::Text, "USD for a thousand requests that read; both or none"),
];

const LINEAGE: &[Key] = &[
    optional("store", Shape::Truth, "whether they are kept in the security store [false]"),
    optional("file", Shape::Given, "a file of this machine that gets a line an event"),
    optional("http", Shape::Table(LINEAGE_HTTP), "a server that takes them"),
];

const LINEAGE_HTTP: &[Key] = &[
    required("url", Shape::Secret, "where its address is found: https://, as far as /api/v1/lineage"),
    optional("api_key", Shape::Secret, "where the key is found that lets in"),
    optional("ca", Shape::Given, "a PEM file with a CA to trust besides the system's"),
];

const MESSAGE: Shape = Shape::OneOf(&[
    optional("webhook", Shape::Table(WEBHOOK), "a POST of JSON over TLS"),
    optional("sns", Shape::Table(SNS), "a topic of Amazon SNS"),
]);

const WEBHOOK: &[Key] = &[
    required("url", Shape::Secret, "where its address is found: https://, which is a secret itself"),
    optional("body", Shape::Word(BodyShape::WORDS), "how the body is written [plain]"),
    optional("key", Shape::Secret, "where the key is found that signs moment and body; a plain body needs it"),
    optional("routing_key", Shape::Secret, "where PagerDuty's own key is found"),
    optional("ca", Shape::Given, "a PEM file with a CA to trust besides the system's"),
];

const SNS: &[Key] = &[
    required("topic", Shape::Given, "the topic's ARN; AWS credentials come from the process's surroundings"),
    optional("endpoint", Shape::Given, "another endpoint than the region's own"),
    optional("ca", Shape::Given, "a PEM file with a CA to trust besides the system's"),
];

const SOURCE: Shape = Shape::OneOf(&[
    optional("postgres", Shape::Table(POSTGRES), "a PostgreSQL database"),
    optional("files", Shape::Table(LOCATION), "a folder of extracts"),
    optional("rds_export", Shape::Table(RDS_EXPORT), "an RDS snapshot export"),
    optional("pg_dump", Shape::Table(PG_DUMP), "a folder that pg_dump --format=directory wrote"),
    optional("dump", Shape::Table(DUMP), "a folder of topic dumps"),
]);

const POSTGRES: &[Key] = &[
    required("host", Shape::Given, "the host, as its certificate names it"),
    optional("port", Shape::GivenWhole, "the port [5432]"),
    required("database", Shape::Given, "the database"),
    required("user", Shape::Given, "a role that may only read"),
    optional("password", Shape::Secret, "where its password is found"),
    optional("ca", Shape::Given, "a PEM file with the CA to trust [the system's]"),
    optional(
        "connections",
        Shape::Count,
        "sessions at the server, at most, of all roles together; they share one snapshot [2, or one a role]",
    ),
    optional("auth", Shape::Word(&["password", "iam"]), "how the role shows who it is [password]"),
    optional("region", Shape::Given, "the database's AWS region, for auth = \"iam\""),
    optional("client_cert", Shape::Given, "a PEM file with the certificate that we show"),
    optional("client_key", Shape::Secret, "where its private key in PEM is found"),
    optional("insecure", Shape::Truth, "speak to the server unchecked: on this machine alone [false]"),
    optional("stall_seconds_max", Shape::Count, "longest silence of a server that has rows to send [60]"),
    optional(
        "powers_known",
        Shape::List(&Shape::Word(&["temporary", "bypassrls"])),
        "powers beyond reading that the role has and somebody answers for",
    ),
    optional(
        "schemas",
        Shape::Paths(&Shape::Table(ROLE)),
        "schemas of the database that a role of their own reads, by their names there; all at one snapshot",
    ),
];

const ROLE: &[Key] = &[
    required("user", Shape::Given, "a role that may only read"),
    optional("password", Shape::Secret, "where its password is found; a file by its absolute path"),
];

const LOCATION: &[Key] = &[
    required("url", Shape::Given, "a local folder, s3://, az:// or abfss://"),
    optional("region", Shape::Given, "the bucket's region"),
    optional("endpoint", Shape::Given, "another endpoint than the provider's own"),
    optional("ca", Shape::Given, "a PEM file with a CA to trust besides the system's"),
    SAS,
    CLIENT_SECRET,
    CLIENT_ID,
    TENANT_ID,
    optional("role", Shape::Given, "the AWS role, by its ARN, that the bucket is asked as from Azure"),
];

const RDS_EXPORT: &[Key] = &[
    required(
        "url",
        Shape::Given,
        "the export's own folder, whose last part is its identifier: local, s3://, az:// or abfss://",
    ),
    required("database", Shape::Given, "the database whose tables are read"),
    optional("region", Shape::Given, "the bucket's region"),
    optional("endpoint", Shape::Given, "another endpoint than the provider's own"),
    optional("ca", Shape::Given, "a PEM file with a CA to trust besides the system's"),
    SAS,
    CLIENT_SECRET,
    CLIENT_ID,
    TENANT_ID,
    optional("role", Shape::Given, "the AWS role, by its ARN, that the bucket is asked as from Azure"),
];

const PG_DUMP: &[Key] = &[
    required("url", Shape::Given, "the folder with toc.dat in it: local, s3://, az:// or abfss://"),
    optional("time_zone", Shape::Text, "the zone of the clock where pg_dump ran, of the tz database [UTC]"),
    optional("region", Shape::Given, "the bucket's region"),
    optional("endpoint", Shape::Given, "another endpoint than the provider's own"),
    optional("ca", Shape::Given, "a PEM file with a CA to trust besides the system's"),
    SAS,
    CLIENT_SECRET,
    CLIENT_ID,
    TENANT_ID,
    optional("role", Shape::Given, "the AWS role, by its ARN, that the bucket is asked as from Azure"),
];

const DUMP: &[Key] = &[
    required("url", Shape::Given, "a local folder, s3://, az:// or abfss://"),
    required("layout", Shape::Word(Layout::WORDS), "how the objects are named, and what a line of them holds"),
    optional("payload", Shape::Word(Payload::WORDS), "what the records' values are [debezium]"),
    optional(
        "decimals",
        Shape::Word(Decimals::WORDS),
        "the connector's decimal.handling.mode, where values do not say it",
    ),
    optional("times", Shape::Word(Times::WORDS), "the connector's time.precision.mode, where values do not say it"),
    optional(
        "placeholder",
        Shape::Text,
        "the connector's unavailable.value.placeholder [__debezium_unavailable_value]",
    ),
    optional(
        "cleanup",
        Shape::Word(Cleanup::WORDS),
        "the topic's cleanup.policy: with `delete` an offset that is not there is drift",
    ),
    optional(
        "kafka",
        Shape::Table(KAFKA),
        "the cluster whose topics `nightferry relay` lands here; of layout `relay` alone",
    ),
    optional("region", Shape::Given, "the bucket's region"),
    optional("endpoint", Shape::Given, "another endpoint than the provider's own"),
    optional("ca", Shape::Given, "a PEM file with a CA to trust besides the system's"),
    SAS,
    CLIENT_SECRET,
    CLIENT_ID,
    TENANT_ID,
    optional(
        "kms_key",
        Shape::Given,
        "the KMS key, by its ARN, that objects of a bucket are written under [the bucket's own]",
    ),
    optional(
        "bucket_key",
        Shape::Truth,
        "whether S3 keeps a key of the bucket's own under it, and asks KMS less [true]",
    ),
    optional("role", Shape::Given, "the AWS role, by its ARN, that the bucket is asked as from Azure"),
];

const KAFKA: &[Key] = &[
    required("brokers", Shape::Given, "some of its brokers: host:port,host:port"),
    optional(
        "audience",
        Shape::Word(AUDIENCES),
        "who may see what is landed: `restricted` keeps values, for others they are treated as in a store [restricted]",
    ),
    optional("ca", Shape::Given, "a PEM file with the CA to trust [the system's]"),
    optional("auth", Shape::Word(KafkaAuth::WORDS), "how we show who we are [by `client_cert`, or not at all]"),
    optional("user", Shape::Given, "the user, for auth = \"scram-sha-..\""),
    optional("password", Shape::Secret, "where its password is found"),
    optional("region", Shape::Given, "the cluster's AWS region, for auth = \"iam\""),
    optional("token_seconds", Shape::Count, "for how long a token of IAM is good [900]"),
    optional("client_cert", Shape::Given, "a PEM file with the certificate that we show"),
    optional("client_key", Shape::Secret, "where its private key in PEM is found"),
    optional("insecure", Shape::Truth, "speak to the cluster without TLS: on this machine alone [false]"),
    optional("stall_seconds_max", Shape::Count, "longest silence of a broker that has records to send [60]"),
    optional(
        "dead_letters_max",
        Shape::Whole,
        "records that cannot be treated and are put aside, at most, in a run [1000]",
    ),
];

const STORE: Shape = Shape::Table(&[
    required("url", Shape::Given, "where the truth is: a local folder, s3://, az:// or abfss://"),
    optional("region", Shape::Given, "the bucket's region"),
    optional("endpoint", Shape::Given, "another endpoint than the provider's own"),
    optional("ca", Shape::Given, "a PEM file with a CA to trust besides the system's"),
    SAS,
    CLIENT_SECRET,
    CLIENT_ID,
    TENANT_ID,
    optional(
        "kms_key",
        Shape::Given,
        "the KMS key, by its ARN, that objects of a bucket are written under [the bucket's own]",
    ),
    optional(
        "bucket_key",
        Shape::Truth,
        "whether S3 keeps a key of the bucket's own under it, and asks KMS less [true]",
    ),
    optional("role", Shape::Given, "the AWS role, by its ARN, that the bucket is asked as from Azure"),
    optional("second", Shape::Given, "the second cloud"),
    optional("second_region", Shape::Given, "its region"),
    optional("second_endpoint", Shape::Given, "its endpoint"),
    optional("second_ca", Shape::Given, "a PEM file with a CA to trust for it"),
    optional("second_sas", Shape::Secret, "where its shared access signature is found"),
    optional("second_client_secret", Shape::Secret, "where the secret of its application is found"),
    optional("second_client_id", Shape::Given, "its application [AZURE_CLIENT_ID]"),
    optional("second_tenant_id", Shape::Given, "the tenant of that [AZURE_TENANT_ID]"),
    optional("second_kms_key", Shape::Given, "its KMS key, where it is a bucket"),
    optional("second_bucket_key", Shape::Truth, "the same of it [true]"),
    optional("second_role", Shape::Given, "its AWS role"),
    required("audience", Shape::Word(AUDIENCES), "who may see what is in it"),
    optional(
        "boundary",
        Shape::Word(&["internal", "external"]),
        "whether it lies outside the body's own accounts, where `restricted` never goes; urls outside AWS get nothing before the verdict, whatever this says",
    ),
    optional("epoch", Shape::Count, "the epoch that is written in, once `table failover` has raised it [0]"),
]);

const LIMITS: &[Key] = &[
    optional("memory_max", Shape::Size, "memory that rows may take at once [half of the container's, or 1GiB]"),
    optional(
        "spill_max",
        Shape::Size,
        "bytes on the disk at once, of what is put aside and of files that wait for the verdict [16GiB]",
    ),
    optional("part_max", Shape::Size, "bytes of a file, after which the next starts [32MiB]"),
    optional("cell_max", Shape::Size, "bytes of one cell [1MiB]"),
    optional("batch_rows_max", Shape::Count, "rows read at once [65536]"),
    optional("row_group_rows_max", Shape::Count, "rows of a Parquet row group [131072]"),
    optional("row_group_max", Shape::Size, "bytes of a row group before it is encoded [32MiB]"),
    optional("part_rows_max", Shape::Count, "rows of a file [8388608]"),
    optional("bytes_out_max", Shape::Size, "bytes of its files that one run may send out of AWS [no limit]"),
];
