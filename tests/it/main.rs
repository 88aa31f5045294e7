//! One integration-test binary: Polars links slowly, so it is linked once.
#![allow(clippy::expect_used, reason = "a test that cannot be set up has failed, and says where")]

mod postgres;
mod tidy;
