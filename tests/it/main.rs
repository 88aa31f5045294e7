//! One integration-test binary: Polars links slowly, so it is linked once.

mod tidy;
