//! Personal data: what may be seen by whom, and the one way to make rows that may be written.
//!
//! ```text
//! policy.rs     class x audience x declared treatment -> treatment, or a refusal
//! keys.rs       one secret -> a key for each domain of pseudonyms
//! mac.rs        a key and a text -> a tag that nobody else can make
//! canonical.rs  one writing for each value, so that pseudonyms join
//! treat.rs      one column, one treatment -> what the audience sees; ff1.rs, shift.rs, bucket.rs, fields.rs what is longer; written.rs dates and numbers in JSON
//! vault.rs      a domain's values and their random tokens
//! risk.rs       how alone somebody stands in what was written
//! suppress.rs   rows that an audience does not see
//! forgotten.rs  rows about people who are to be forgotten
//! small_cells.rs groups of too few people, and those that would tell them; totals.rs what a known total tells
//! told.rs       what treating a column told of it
//! redact.rs     rows + treatments -> Redacted, the only thing a store takes
//! recognise/    every kind's shape, check, words and examples: one table
//! names/        names of people and streets, by lists
//! engine/       a cell -> what in it is about a person
//! columns/      a column -> what it is of
//! scrub.rs      free text -> the same with every finding replaced by its label
//! class.rs      does what a column holds agree with its class?
//! detect.rs     what looks like personal data in a text that nobody declared as such
//! ```
//!
//! Pure and parallel: keys and treatments come in as parameters, nothing is read or written.

mod bucket;
mod canonical;
mod class;
mod columns;
mod detect;
mod engine;
mod ff1;
mod fields;
mod forgotten;
mod keys;
mod mac;
mod names;
mod policy;
mod recognise;
mod redact;
mod risk;
mod scrub;
mod shift;
mod small_cells;
mod suppress;
mod told;
mod totals;
mod treat;
mod vault;
mod written;

pub use bucket::{ascend, ascend_in_json};
pub use class::{Content, Disagreement, is_kind};
pub use columns::{CellKind, CellTold, ColumnTally, ColumnVerdict, Memo, Span, verdict};
pub use detect::{CARD, Cards, Recognisers};
pub use engine::{Engine, Finding, Header, NotMade, Work};
pub use fields::readable;
pub use forgotten::{Forgotten, NotLookedAt};
pub use keys::{Keys, SECRET_BYTES_MIN, SecretTooShort, TEST_SECRET};
pub use policy::{PolicyFault, treatment};
pub use recognise::{KINDS, Kind, MARKED, RECOGNISERS, Recogniser};
pub use redact::{ColumnTreatment, RedactFault, Redacted, again, published_schema, redact};
pub use risk::{Risk, RiskFault, RiskMeter, RiskRows};
pub use small_cells::{Held, HeldRows, Released, ReleasedRows, SmallCellsFault, SmallCellsTold};
pub use suppress::{condition_refusal, suppressed, unseen_fields};
pub use told::{FieldTold, Told};
pub use treat::{TreatmentFault, published_type};
pub use vault::{Minted, Randomness, TwoTokens, Vault, VaultFault};
