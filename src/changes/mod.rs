//! Change events -> the latest state of each key.
//!
//! ```text
//! layout/      an object's name -> topic partition, first offset, packing; one file or row a layout
//! manifest.rs  what the relay says of the objects that it landed
//! block.rs     an object's bytes as they arrive -> blocks of whole lines
//! record.rs    a block -> records: key, value, offset, time, as far as the layout keeps them
//! dms_rows.rs  the same of rows that AWS DMS wrote
//! debezium.rs flat.rs avro/ dms.rs wal2json.rs
//!              a value -> an event and the cells of its row
//! alike.rs     events that are read along the one before them
//! event.rs     what an event does, and what it says of its transaction
//! as_of.rs     whether an extract shows it
//! scan.rs      JSON without a tree           value.rs   what stands in a cell, whatever its encoding
//! form.rs      how a column is written: as the schema block says, as declared, or as can only be meant
//! cell.rs      a value -> a cell of the declared type, or UNKNOWN and why
//! printed.rs   the same for types that are carried as PostgreSQL's text
//! moment.rs    a moment as connectors print it
//! reading.rs   what the environment declares of all this
//! fault.rs     why a line cannot be taken for what happened to a row
//! images.rs    events that are landed with other cells than they came with; images/write.rs writes them
//! heartbeat.rs whether a stream has come past the extract where nothing happens
//! facts.rs log.rs  what the stream shows of itself and of the database's log meanwhile
//! blocks.rs    what schema blocks say of the columns
//! building.rs  events -> batches
//! tells.rs     what each of them tells of its cells, in a column
//! decode.rs    a block -> Changes: typed columns, and what each row knows
//! ```
//!
//! Pure. Never in here: where the bytes come from, and a value in an error.

mod alike;
mod as_of;
mod avro;
mod block;
mod blocks;
mod building;
mod cell;
mod debezium;
mod decode;
mod dms;
mod dms_rows;
mod event;
mod facts;
mod fault;
mod flat;
mod form;
mod heartbeat;
mod images;
mod layout;
mod log;
mod manifest;
mod moment;
mod printed;
mod reading;
mod record;
mod scan;
mod tells;
mod value;
mod wal2json;

pub use as_of::{AsOf, Means, Placed};
pub use avro::{BadSchema, Schema as AvroSchema, SchemaId, Schemas};
pub use block::{Block, Cutter, KeyLines, LongLine};
pub use building::{ABOUT, About, LSN, OP, PARTITION, POSITION, TELLS, schema};
pub use cell::Untold;
pub use decode::{Changes, Op, decode};
pub use facts::{Run, StreamFacts};
pub use fault::{Because, DecodeFault};
pub use form::{Decimals, Times};
pub use heartbeat::passes;
pub use images::{ImageTerms, Images, LandedAs, NotLanded};
pub use layout::{Held, Layout, Object, confluent, is_load};
pub use log::LogFacts;
pub use manifest::{BadManifest, Manifest, Manifests, Named, Treated, treatment_text};
pub use printed::untold;
pub use reading::{Cleanup, Payload, Reading};
pub use record::{COLUMNS as RECORD_COLUMNS, HEADERS as RECORD_HEADERS};
pub use tells::{Tells, TellsColumn};
