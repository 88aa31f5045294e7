//! The modules of arrow that the rooms under test name.

/// Arrays, and what builds them.
pub mod array {
    pub use arrow_array::builder::*;
    pub use arrow_array::cast::AsArray;
    pub use arrow_array::*;
}

/// Memory of arrays.
pub mod buffer {
    pub use arrow_buffer::buffer::*;
}

/// Functions over arrays.
pub mod compute {
    pub use arrow_arith::boolean::*;
    pub use arrow_cast::cast::cast;
    pub use arrow_select::concat::concat;
    pub use arrow_select::filter::filter_record_batch;
    pub use arrow_select::nullif::nullif;
    pub use arrow_select::take::take;

    /// Functions that compare.
    pub mod kernels {
        pub use arrow_ord::cmp;
    }
}

/// Types of arrays.
pub mod datatypes {
    pub use arrow_array::types::*;
    pub use arrow_array::{ArrowNativeTypeOp, ArrowPrimitiveType};
    pub use arrow_schema::*;
}

/// What goes wrong.
pub mod error {
    pub use arrow_schema::ArrowError;
}

/// Bits, and values as text.
pub mod util {
    pub use arrow_buffer::bit_util;
    pub use arrow_cast::display;
}
