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
//! # Why every image is made into cells
//!
//! Of a key the newest image counts, and older ones for what it leaves out; so images that a later one covers could be passed over,
//! either by reading objects newest first, or within a block once its keys are known. Neither is done. Measured over a million events
//! of `benches/compact.py` (instructions of the whole run): making cells takes 15 %, putting events into buckets 4 %; the rest of
//! decoding is to find where values end, which a passed image needs too.
//!
//! * Within a block: where a row's updates come in bursts (`--bursts`), 59 % of the cells besides the key are told again behind, else
//!   0.1 %. Had 60 % of events no cells to make, and were it free to know which, decoding would take 8 % less and the run 4 %.
//! * Newest first, at its best (80 % of events, all of whose keys have a whole image at the end): decoding 11 % less, the run 6 %. The
//!   set of two million keys to know which takes 4 % of a run of ten million events (0.9 s of 21).
//!
//! And it would not be free of loss. What a report says of cells that cannot be read, and in which form a column is written, comes of
//! every value of a block, so each would be read all the same, and only not kept. Which event of a key counts is settled by the places
//! in the log of all of them (what was delivered again stands behind what is newer), so the newest by its offset may be none.
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
pub use avro::{BadSchema, Printed, Schema as AvroSchema, SchemaId, Schemas, printed};
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
