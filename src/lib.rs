//! nightferry carries the day's data across at night.
