//! The rooms of `src/privacy` that treat a column, by their path.

#[path = "../../../src/privacy/bucket.rs"]
mod bucket;
#[path = "../../../src/privacy/canonical.rs"]
mod canonical;
#[path = "../../../src/privacy/columns/mod.rs"]
mod columns;
#[path = "../../../src/privacy/engine/mod.rs"]
mod engine;
#[path = "../../../src/privacy/ff1.rs"]
mod ff1;
#[path = "../../../src/privacy/fields.rs"]
mod fields;
#[path = "../../../src/privacy/keys.rs"]
mod keys;
#[path = "../../../src/privacy/mac.rs"]
mod mac;
#[path = "../../../src/privacy/names/mod.rs"]
mod names;
#[path = "../../../src/privacy/recognise/mod.rs"]
mod recognise;
#[path = "../../../src/privacy/scrub.rs"]
mod scrub;
#[path = "../../../src/privacy/shift.rs"]
mod shift;
#[path = "../../../src/privacy/told.rs"]
mod told;
#[path = "../../../src/privacy/treat.rs"]
mod treat;
#[path = "../../../src/privacy/vault.rs"]
mod vault;
#[path = "../../../src/privacy/written.rs"]
mod written;

pub use keys::{Keys, TEST_SECRET};
pub use shift::Subject;
pub use told::Told;
pub use treat::{published_type, treat};
pub use vault::Vault;
