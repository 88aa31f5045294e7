//! What kinds of personal data there are, and how each looks: one table, a row a recogniser.
//!
//! ```text
//! kinds.rs      the kinds, and what others call them    table.rs      the rows: pattern, check, words, examples, source
//! judge.rs      a candidate -> what speaks for it       checks.rs     check digits
//! accounts.rs   the same of sort codes and accounts     modulus.rs    check digits of sort codes and accounts
//! addresses.rs  the same of computers' addresses        marked.rs     what is recognised without a pattern: words, examples, source
//! phones.rs     the same of telephone numbers           dates.rs      days as people write them
//! vehicles.rs   the same of vehicles' marks             areas.rs      postcode areas
//! ```
//!
//! A pattern finds candidates, a check decides; words nearby make up for checks that a kind does not have. Names of people and
//! streets have no pattern: see `names` and `streets`. Never in here: a text as a whole, and the value found.

mod accounts;
mod addresses;
mod areas;
mod checks;
mod dates;
mod judge;
mod kinds;
mod marked;
mod modulus;
mod phones;
mod table;
mod vehicles;

pub use checks::{card as is_card, has_check};
pub use dates::month;
pub use judge::{Candidate, Evidence};
pub use kinds::{KINDS, Kind};
pub use marked::MARKED;
pub use modulus::{Pair, pair};
pub use table::{RECOGNISERS, Recogniser};

/// Words that speak against a number's being about a person where they stand right before it.
pub const CONTRARY: &[&str] = &[
    "start date",
    "starts",
    "starting",
    "expires",
    "expiry",
    "joined",
    "order",
    "invoice",
    "ref",
    "reference",
    "ticket",
    "case",
    "tracking",
    "parcel",
    "asset",
    "serial",
    "part",
    "sku",
    "batch",
    "booking",
    "po",
    "purchase order",
    "job",
    "version",
    "ver",
    "build",
    "release",
    "policy",
    "claim",
    "transaction",
    "txn",
    "unit",
    "company",
    "company number",
    "crn",
    "registered",
    "charity",
    "isbn",
    "ean",
    "barcode",
    "product",
    "item",
    "model",
    "contract",
    "cfd",
    "bmu",
    "bm unit",
    "tender",
    "quote",
    "lot",
    "docket",
    "delivery note",
    "consignment",
    "shipment",
    "article",
    "request",
    "req",
    "incident",
    "bug",
    "issue",
    "commit",
    "hash",
    "checksum",
    "port",
    "error",
    "code",
    "id",
    "event",
    "trace",
    "span",
    "session",
    "receipt",
    "voucher",
    "coupon",
    "warrant",
    "requisition",
    "grn",
    "manifest",
    "stock",
    "spec",
    "drawing",
    "revision",
    "rev",
    "firmware",
    "timestamp",
    "ts",
    "epoch",
    "duration",
    "bytes",
    "size",
    "total",
    "amount",
    "balance",
    "reading",
    "lei",
    "duns",
    "eori",
    "mw",
    "kwh",
    "mwh",
    "gbp",
    "usd",
    "eur",
];
