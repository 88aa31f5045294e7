//! The words everybody uses: names, column types, schemas, audiences, treatments, extract requests and batches.
//!
//! Plain values only. What is done with them lives on the floors above.

mod audience;
mod batch;
pub mod cell;
mod column_type;
pub mod conform;
mod counted;
pub mod drift;
mod extract;
mod filter;
mod literal;
mod name;
mod origin;
mod period;
mod printed;
mod risk;
mod room;
mod row_condition;
mod schema;
pub mod scratch;
pub mod select;
mod small_cells;
pub mod text;
mod treatment;
mod within;

pub use audience::{Audience, Class};
pub use batch::{BadRow, Batch, RowFault};
pub use column_type::ColumnType;
pub use counted::{CountedTexts, packed_texts};
pub use extract::{Extract, Rows, TableName};
pub use filter::{Condition, Filter};
pub use literal::Literal;
pub use name::{NAME_BYTES_MAX, Name, NameFault, beside};
pub use origin::{Origin, PgPosition, PgSnapshot};
pub use period::{Every, Period};
pub use printed::{At, Form, Printed, is_number};
pub use risk::{RiskBeyond, RiskTerms};
pub use room::{NoRoom, Room};
pub use row_condition::{RowCondition, RowTest};
pub use schema::{Beyond, Column, OnNewColumn, Reference, Schema};
pub use small_cells::SmallCells;
pub use treatment::{Alphabet, FieldTreatment, Generalisation, Treatment};
pub use within::{Since, Within};
