//! The modules of arrow that `src/privacy` names.

/// Arrays, and what builds them.
pub mod array {
    pub use arrow_array::builder::*;
    pub use arrow_array::cast::AsArray;
    pub use arrow_array::*;
}

/// Functions over arrays.
pub mod compute {
    pub use arrow_select::concat::concat;
}
